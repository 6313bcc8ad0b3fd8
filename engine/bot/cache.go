package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// Cache is a voice that keeps what another one has said in a folder, which several
// processes may share. A file is complete or is not there.
type Cache struct {
	voice Voice
	dir   string
	limit int64

	flights singleflight.Group
	mu      sync.Mutex
	added   int64 // bytes since the folder was measured, -1 when it never was
}

// defaultCacheSize is about two and a half hours at 16 kHz.
const defaultCacheSize = 256 << 20

// NewCache returns a voice that keeps what v says in dir, which is made when it is needed,
// up to limit bytes; 0 is 256 MB. What was not used for longest goes first.
func NewCache(v Voice, dir string, limit int64) *Cache {
	if limit <= 0 {
		limit = defaultCacheSize
	}
	return &Cache{voice: v, dir: dir, limit: limit, added: -1}
}

// defaultVoice is espeak-ng, with a cache where the system has a place for one.
var defaultVoice = sync.OnceValue(func() Voice {
	dir, err := os.UserCacheDir()
	if err != nil {
		return Espeak{}
	}
	return NewCache(Espeak{}, filepath.Join(dir, "offhook", "speech"), 0)
})

// ID implements [Voice].
func (c *Cache) ID() string { return c.voice.ID() }

// Speak implements [Voice]. The audio has the rate that was asked for, and one channel. A
// folder that cannot be written costs time and is no error.
func (c *Cache) Speak(ctx context.Context, text string, opts SpeakOptions) (*dsp.Audio, error) {
	key, err := json.Marshal([]any{1, c.voice.ID(), text, opts.Language, opts.Rate})
	if err != nil {
		return nil, fmt.Errorf("bot: voice: %w", err)
	}
	sum := sha256.Sum256(key)
	name := hex.EncodeToString(sum[:])
	path := filepath.Join(c.dir, name[:2], name+".wav")
	if a := c.read(path); a != nil {
		return a, nil
	}
	// Who asks for the same meanwhile waits; it goes on when the one who asked first hangs up.
	done := c.flights.DoChan(name, func() (any, error) {
		a, err := c.voice.Speak(context.WithoutCancel(ctx), text, opts)
		if err != nil {
			return nil, err
		}
		if opts.Rate > 0 {
			a = &dsp.Audio{Rate: opts.Rate, Channels: 1, Samples: monoAt(a, opts.Rate)}
		}
		c.write(path, a)
		return a, nil
	})
	select {
	case r := <-done:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*dsp.Audio), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// read returns nil when the file is not there, or is none of ours.
func (c *Cache) read(path string) *dsp.Audio {
	a, err := dsp.ReadWAV(path)
	if err != nil || a.Unfinished {
		return nil
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // which goes first when there is no room
	return a
}

func (c *Cache) write(path string, a *dsp.Audio) {
	b, err := wav.Encode(a.Rate, a.Channels, a.Samples)
	if err != nil || int64(len(b)) > c.limit || os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return
	}
	_, err = f.Write(b)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.added >= 0 {
		c.added += int64(len(b))
	}
	if c.added < 0 || c.added > c.limit/8 {
		c.shrink()
		c.added = 0
	}
}

// staleFile is how old a file is that a process which was killed has not finished.
const staleFile = time.Hour

// shrink removes what was not used for longest until there is room for another eighth. What
// another process removes or uses at the same time does no harm.
func (c *Cache) shrink() {
	type entry struct {
		path string
		size int64
		used time.Time
	}
	var entries []entry
	var total int64
	_ = filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		info, err := d.Info()
		switch {
		case err != nil:
		case filepath.Ext(path) == ".wav":
			entries = append(entries, entry{path, info.Size(), info.ModTime()})
			total += info.Size()
		case time.Since(info.ModTime()) > staleFile:
			_ = os.Remove(path)
		}
		return nil
	})
	slices.SortFunc(entries, func(a, b entry) int { return a.used.Compare(b.used) })
	for _, e := range entries {
		if total <= c.limit-c.limit/8 {
			return
		}
		if os.Remove(e.path) == nil {
			total -= e.size
		}
	}
}
