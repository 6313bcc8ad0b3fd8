package report

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"math"
	"path"
	"path/filepath"
	"sync"
	"time"
)

// The page's parts. A page of a run and a page of load share all but their bodies.
var (
	//go:embed page/*.html
	pageFiles embed.FS
	//go:embed page/style.css
	pageStyle string
	//go:embed page/page.js
	pageScript string
)

// pages are read when the first page is written: a program that writes none, as most runs of
// offhook, has 0.3 MB for something else.
var pages = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(pageFuncs).ParseFS(pageFiles, "page/*.html"))
})

var pageFuncs = template.FuncMap{
	"duration":  duration,
	"seconds":   seconds,
	"symbol":    symbol,
	"utc":       func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	"mos":       mosText,
	"one":       oneDecimal,
	"count":     count,
	"count64":   func(n uint64, noun string) string { return count(int(n), noun) },
	"mebibytes": func(n uint64) uint64 { return n >> 20 },
	"link":      func(p string) string { return escapePath(filepath.ToSlash(p)) },
	"base":      func(p string) string { return path.Base(filepath.ToSlash(p)) },
}

// HTMLOptions says how WriteHTML writes a page.
type HTMLOptions struct {
	// Folder is what the run's paths are relative to: where the page will lie. Empty means
	// the current directory.
	Folder string
	// MaxAudio is how many bytes of audio are put into the page; 0 means 32 MiB, below 0
	// none. What does not fit is linked: that of scenarios which passed first.
	MaxAudio int64
}

const maxAudio = 32 << 20

// head is what every page begins with.
type head struct {
	Title  string
	Policy string
	Style  template.CSS
	Script template.JS
}

// newHead allows the page its own script and style and the audio in it or beside it, and
// nothing else: it asks no network.
func newHead(title string) head {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return head{
		Title: title, Style: template.CSS(pageStyle), Script: template.JS(pageScript),
		Policy: "default-src 'none'; script-src " + hash(pageScript) + "; style-src " + hash(pageStyle) +
			"; style-src-attr 'unsafe-inline'; media-src data: file: 'self'; base-uri 'none'; form-action 'none'",
	}
}

// WriteHTML writes r as one HTML page that needs nothing beside it: the scenarios with
// their steps, the audio of their calls drawn and to be played, their SIP messages, and
// the quality of RTP. Without a script it shows the same, less conveniently.
//
// Audio that cannot be read is named in the page and is no error.
func WriteHTML(w io.Writer, r *Run, o HTMLOptions) error {
	return writePage(w, "run", newRunView(r, o))
}

// writePage buffers, since a template writes a few bytes at a time.
func writePage(w io.Writer, name string, view any) error {
	b := bufio.NewWriterSize(w, 1<<16)
	err := pages().ExecuteTemplate(b, name, view)
	if err == nil {
		err = b.Flush()
	}
	if err != nil {
		return fmt.Errorf("report: html: %w", err)
	}
	return nil
}

func oneDecimal(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	return fmt.Sprintf("%.1f", v)
}

// mosText is a MOS, or a dash where it is not known.
func mosText(v float64) string {
	if v == 0 || math.IsNaN(v) {
		return "–"
	}
	return fmt.Sprintf("%.2f", v)
}

// count is a number with its noun: "1 step", "3 steps".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
