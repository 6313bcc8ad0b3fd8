package pjsua

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"slices"
	"strings"
)

// BuddyStatus is whether somebody is there (pjsua_buddy_status).
type BuddyStatus int

// What is known of a buddy.
const (
	BuddyUnknown BuddyStatus = iota // no subscription, or nothing said
	BuddyOnline
	BuddyOffline
)

func (s BuddyStatus) String() string {
	return enumString(int(s), "BuddyStatus", "unknown", "online", "offline")
}

// Activity is what somebody does, as far as pjsua can say it (pjrpid_activity).
type Activity int

// The activities. Others than these are in the note.
const (
	ActivityUnknown Activity = iota
	ActivityAway
	ActivityBusy
)

func (a Activity) String() string { return enumString(int(a), "Activity", "unknown", "away", "busy") }

// Presence is what a PIDF document says (RFC 3863), with the person of RFC 4480. All of
// it is the other side's claim, of any length and with any characters.
type Presence struct {
	Status     BuddyStatus // of the first tuple
	StatusText string      // the note, or else "Online" or "Offline"; empty when unknown
	Activity   Activity
	Activities []string // all of them by the names of RFC 4480, such as "on-the-phone"
	Note       string   // of the person, or of the first tuple that has one
	Person     string   // the person's id
	Tuples     []PresenceTuple
}

// PresenceTuple is one way to reach somebody.
type PresenceTuple struct {
	ID        string
	Open      bool // he can be reached
	Contact   string
	Note      string
	Timestamp string // as it was written
}

type pidf struct {
	XMLName xml.Name
	Tuples  []struct {
		ID     string `xml:"id,attr"`
		Status struct {
			Basic string `xml:"basic"`
		} `xml:"status"`
		Contact   string   `xml:"contact"`
		Notes     []string `xml:"note"`
		Timestamp string   `xml:"timestamp"`
	} `xml:"tuple"`
	Person *struct {
		ID         string `xml:"id,attr"`
		Activities struct {
			Notes []string `xml:"note"`
			List  []struct {
				XMLName xml.Name
			} `xml:",any"`
		} `xml:"activities"`
		Notes []string `xml:"note"`
	} `xml:"person"`
	Notes []string `xml:"note"`
	// Of the older application/xpidf+xml.
	Atoms []struct {
		ID        string `xml:"id,attr"`
		Addresses []struct {
			URI    string `xml:"uri,attr"`
			Status struct {
				Status string `xml:"status,attr"`
			} `xml:"status"`
		} `xml:"address"`
	} `xml:"atom"`
}

// ParsePresence reads the body of a NOTIFY about presence: application/pidf+xml,
// application/xpidf+xml, or several parts one of which is one of these.
func ParsePresence(contentType string, body []byte) (Presence, error) {
	var doc pidf
	err := parseXML(&doc, "presence", contentType, body, "application/pidf+xml", "application/xpidf+xml")
	if err != nil {
		return Presence{}, err
	}
	var p Presence
	for _, t := range doc.Tuples {
		p.Tuples = append(p.Tuples, PresenceTuple{
			ID: t.ID, Open: strings.EqualFold(strings.TrimSpace(t.Status.Basic), "open"),
			Contact: strings.TrimSpace(t.Contact), Note: first(t.Notes), Timestamp: strings.TrimSpace(t.Timestamp),
		})
	}
	for _, atom := range doc.Atoms {
		for _, a := range atom.Addresses {
			p.Tuples = append(p.Tuples, PresenceTuple{ID: atom.ID, Open: strings.EqualFold(a.Status.Status, "open"), Contact: a.URI})
		}
	}
	if doc.Person != nil {
		p.Person = doc.Person.ID
		p.Note = first(doc.Person.Activities.Notes, doc.Person.Notes)
		for _, a := range doc.Person.Activities.List {
			p.Activities = append(p.Activities, a.XMLName.Local)
		}
	}
	for _, a := range p.Activities {
		switch {
		case a == "busy":
			p.Activity = ActivityBusy
		case a == "away" && p.Activity == ActivityUnknown:
			p.Activity = ActivityAway
		}
	}
	for _, t := range p.Tuples {
		if p.Note == "" {
			p.Note = t.Note
		}
	}
	if p.Note == "" {
		p.Note = first(doc.Notes)
	}
	if len(p.Tuples) > 0 {
		p.Status, p.StatusText = BuddyOffline, "Offline"
		if p.Tuples[0].Open {
			p.Status, p.StatusText = BuddyOnline, "Online"
		}
		if p.Note != "" {
			p.StatusText = p.Note
		}
	}
	return p, nil
}

// first returns the first text that is not blank.
func first(lists ...[]string) string {
	for _, list := range lists {
		for _, s := range list {
			if s = strings.TrimSpace(s); s != "" {
				return s
			}
		}
	}
	return ""
}

// parseXML reads a document with this root element, which is body or one part of it.
func parseXML(doc any, root, contentType string, body []byte, want ...string) error {
	typ, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fmt.Errorf("pjsua: %q is not a media type", contentType)
	}
	if strings.HasPrefix(typ, "multipart/") {
		parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if err != nil {
				return fmt.Errorf("pjsua: no part of the body is %s", want[0])
			}
			if typ, _, err = mime.ParseMediaType(part.Header.Get("Content-Type")); err == nil && slices.Contains(want, typ) {
				if body, err = io.ReadAll(part); err != nil {
					return fmt.Errorf("pjsua: %s: %w", typ, err)
				}
				break
			}
		}
	}
	if !slices.Contains(want, typ) {
		return fmt.Errorf("pjsua: the body is %q, not %s", typ, want[0])
	}
	dec := xml.NewDecoder(bytes.NewReader(body))
	dec.Strict = false
	// What says to be US-ASCII or the like is UTF-8 as long as it is.
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for {
		tok, err := dec.Token()
		if err != nil {
			return fmt.Errorf("pjsua: %s: %w", typ, err)
		}
		if start, ok := tok.(xml.StartElement); ok {
			if start.Name.Local != root {
				return fmt.Errorf("pjsua: %s: the document is a %q, not a %q", typ, start.Name.Local, root)
			}
			if err := dec.DecodeElement(doc, &start); err != nil {
				return fmt.Errorf("pjsua: %s: %w", typ, err)
			}
			return nil
		}
	}
}
