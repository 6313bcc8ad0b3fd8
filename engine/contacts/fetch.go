package contacts

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Request is what a users directory is asked with.
type Request struct {
	URL      string // with MicroSIP's words in braces, and %s for username, password and server in turn
	Label    string
	Server   string
	Domain   string
	Username string
	Password string
	Version  string
	Sequence int // how often it was asked before
	Time     time.Time
}

// NeedsAccount says whether the URL has a word that only an account can fill.
func NeedsAccount(address string) bool {
	for _, word := range []string{"%s", "{label}", "{server}", "{domain}", "{username}", "{password}", "{md5_password}"} {
		if strings.Contains(address, word) {
			return true
		}
	}
	return false
}

// address fills in the words.
func (r Request) address() (string, error) {
	sum := md5.Sum([]byte(r.Password))
	values := []string{
		"{time}", strconv.FormatInt(r.Time.Unix(), 10), "{version}", url.QueryEscape(r.Version),
		"{label}", url.QueryEscape(r.Label), "{server}", url.QueryEscape(r.Server), "{domain}", url.QueryEscape(r.Domain),
		"{username}", url.QueryEscape(r.Username), "{password}", url.QueryEscape(r.Password), "{md5_password}", hex.EncodeToString(sum[:]),
	}
	// %s is replaced first: a value may hold one.
	text := r.URL
	for _, v := range []string{r.Username, r.Password, r.Server} {
		before, after, ok := strings.Cut(text, "%s")
		if !ok {
			break
		}
		text = before + "\x00" + url.QueryEscape(v) + "\x00" + after
	}
	parts := strings.Split(text, "\x00") // those at odd places are values
	for i := 0; i < len(parts); i += 2 {
		parts[i] = strings.NewReplacer(values...).Replace(parts[i])
	}
	text = strings.Join(parts, "")
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", errors.New("contacts: not an http or https URL") // it may hold a password
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += "sequence=" + strconv.Itoa(r.Sequence)
	return u.String(), nil
}

// The bounds of a time that a Cache-Control header gives.
const (
	minRefresh = time.Minute
	maxRefresh = 24 * time.Hour
)

// Fetch asks a directory. Refresh is the document's, else that of the answer's
// Cache-Control within a minute and a day, else 0. Its errors hold no part of the URL.
func Fetch(ctx context.Context, client *http.Client, r Request) (Document, error) {
	address, err := r.address()
	if err != nil {
		return Document{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Document{}, errors.New("contacts: not an http or https URL")
	}
	request.Header.Set("User-Agent", "Offhook")
	request.Header.Set("Accept", "application/json, text/xml, application/xml, text/csv")
	response, err := client.Do(request)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return Document{}, fmt.Errorf("contacts: users directory: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return Document{}, fmt.Errorf("contacts: the users directory answered with %d", response.StatusCode)
	}
	data, err := readAll(response.Body)
	if err != nil {
		return Document{}, fmt.Errorf("contacts: users directory: %w", err)
	}
	doc, err := Parse(response.Header.Get("Content-Type"), data)
	if err != nil {
		return Document{}, err
	}
	if doc.Refresh == 0 {
		doc.Refresh = maxAge(response.Header.Get("Cache-Control"))
	}
	for i := range doc.Contacts {
		doc.Contacts[i].Directory = true
	}
	return doc, nil
}

func maxAge(header string) time.Duration {
	for part := range strings.SplitSeq(header, ",") {
		if value, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(part)), "max-age="); ok {
			if d := seconds(value); d > 0 {
				return min(max(d, minRefresh), maxRefresh)
			}
		}
	}
	return 0
}
