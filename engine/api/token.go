package api

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Scope is what a token allows. Each one includes those before it.
type Scope int

// The scopes.
const (
	ScopeNone  Scope = iota
	ScopeRead        // look at everything, recordings included
	ScopeCall        // make, take and change calls; send messages; upload prompts
	ScopeAdmin       // change accounts, reload, stop, MicroSIP's command line
)

func (s Scope) String() string {
	switch s {
	case ScopeRead:
		return "read"
	case ScopeCall:
		return "call"
	case ScopeAdmin:
		return "admin"
	}
	return "none"
}

func parseScope(word string) (Scope, bool) {
	for s := ScopeRead; s <= ScopeAdmin; s++ {
		if s.String() == word {
			return s, true
		}
	}
	return ScopeNone, false
}

// Tokens are the bearer tokens that a TCP listener takes. Only their SHA-256 is kept.
type Tokens struct{ list []token }

type token struct {
	name  string // for logs
	scope Scope
	sum   [sha256.Size]byte
}

// minToken is the least length of a token: 128 bits in base 64.
const minToken = 22

// ParseTokens reads a token file: one token in a line as "name scope token", where
// scope is read, call or admin; empty lines and those that begin with # are skipped.
// Errors name the line and never what is in it.
func ParseTokens(text []byte) (*Tokens, error) {
	t := &Tokens{}
	var errs []error
	names := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 3 {
			errs = append(errs, fmt.Errorf("line %d: not of the form: name scope token", n))
			continue
		}
		scope, ok := parseScope(fields[1])
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("line %d: the scope must be read, call or admin", n))
		case len(fields[2]) < minToken:
			errs = append(errs, fmt.Errorf("line %d: a token has at least %d characters", n, minToken))
		case names[fields[0]]:
			errs = append(errs, fmt.Errorf("line %d: another token has this name", n))
		default:
			names[fields[0]] = true
			t.list = append(t.list, token{fields[0], scope, sha256.Sum256([]byte(fields[2]))})
		}
	}
	if err := lines.Err(); err != nil {
		errs = append(errs, err)
	}
	if len(errs) == 0 && len(t.list) == 0 {
		errs = append(errs, errors.New("no token in it"))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return t, nil
}

// LoadTokens reads a token file, which nobody but its owner may be able to read. One
// that does not exist is made, with one token of each scope.
func LoadTokens(path string) (*Tokens, error) {
	text, err := readPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeTokens(path)
	}
	if err != nil {
		return nil, fmt.Errorf("api: token file: %w", err)
	}
	t, err := ParseTokens(text)
	if err != nil {
		return nil, fmt.Errorf("api: token file %s: %w", path, err)
	}
	return t, nil
}

func readPrivate(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := checkPrivate(info); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	const largest = 1 << 20
	if info.Size() > largest {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, largest)
	}
	text := make([]byte, info.Size())
	n, err := f.Read(text)
	if n < len(text) && err == nil {
		err = errors.New("it changes while it is read")
	}
	if len(text) == 0 {
		err = nil // an empty file ends at once
	}
	return text[:n], err
}

func makeTokens(path string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("# Tokens of Offhook's API: name scope token, with the scope read, call or admin.\n")
	for s := ScopeRead; s <= ScopeAdmin; s++ {
		fmt.Fprintf(&b, "%s %s %s\n", s, s, rand.Text()) // 130 bits
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(b.Bytes())
	return b.Bytes(), errors.Join(err, f.Close())
}

// find returns the token of that text. It compares with all of them, in a time that
// depends on neither.
func (t *Tokens) find(text string) (found token, ok bool) {
	if t == nil || text == "" {
		return token{}, false
	}
	sum := sha256.Sum256([]byte(text))
	for _, have := range t.list {
		if subtle.ConstantTimeCompare(sum[:], have.sum[:]) == 1 {
			found, ok = have, true
		}
	}
	return found, ok
}

// ReadToken reads a token for a [Client] from a file: one that has nothing else in it, or
// a token file, of which it takes the first token of the widest scope.
func ReadToken(path string) (string, error) {
	text, err := readPrivate(path)
	if err != nil {
		return "", fmt.Errorf("api: %w", err)
	}
	best, widest := "", ScopeNone
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || strings.HasPrefix(fields[0], "#"):
		case len(fields) == 1 && best == "":
			best = fields[0]
		case len(fields) == 3:
			if scope, ok := parseScope(fields[1]); ok && scope > widest {
				best, widest = fields[2], scope
			}
		}
	}
	if best == "" {
		return "", fmt.Errorf("api: %s: no token in it", path)
	}
	return best, nil
}
