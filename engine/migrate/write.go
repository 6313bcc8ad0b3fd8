package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/offhook-voip/offhook/engine/config"
)

const (
	head = "; Made of MicroSIP's configuration by offhook import microsip.\n"
	// wanted stands in the place of a password.
	wanted = "; The password could not be taken. Write one of\n" +
		";   password = the text, or ${VARIABLE} for an environment variable\n" +
		";   password_file = path of a file that holds it\n"
)

// write makes the text, and drops what would be a mistake in it.
func (c *converter) write() error {
	for {
		text, err := c.text()
		if err != nil {
			return err
		}
		problems := config.Check(config.Source{Path: c.src.Target, Data: text}).Errors
		before := len(c.entries)
		for _, p := range problems {
			c.dropAll(func(e entry) bool {
				return strings.EqualFold(e.section, p.Section) && strings.EqualFold(e.key, p.Key)
			}, p.Message)
		}
		switch {
		case len(problems) == 0:
			c.res.Config = c.comment(text)
			return nil
		case len(c.entries) == before:
			return fmt.Errorf("migrate: %w", problems)
		}
	}
}

// text writes the entries by sections: the settings, then the accounts by number.
func (c *converter) text() ([]byte, error) {
	slices.SortStableFunc(c.entries, func(a, b entry) int { return a.number - b.number })
	var out *config.File
	for {
		var err error
		if out, err = config.ParseFile(c.src.Target, []byte(head)); err != nil {
			return nil, err
		}
		failed := false
		for i, e := range c.entries {
			if err := out.Set(e.section, e.key, e.value); err != nil {
				c.refuse(i, err)
				failed = true
				break
			}
		}
		if !failed {
			break
		}
	}
	if c.src.Contacts != "" {
		if err := out.Set("Settings", "contacts", c.src.Contacts); err != nil {
			return nil, err
		}
	}
	for _, e := range c.dialed {
		// A number that no line can hold is one that nobody can have dialled.
		_ = out.Set("Dialed", e.Key, e.Value)
	}
	return out.Bytes(), nil
}

// refuse drops an entry that the configuration does not take.
func (c *converter) refuse(i int, err error) {
	why := err.Error()
	if p, ok := err.(config.Problem); ok {
		why = p.Message
	}
	c.drop(c.entries[i].note, why)
	c.entries = slices.Delete(c.entries, i, i+1)
}

// comment says in the text where a password is wanted, and notes it in the result.
func (c *converter) comment(text []byte) []byte {
	s := string(text)
	for _, n := range c.res.Accounts {
		user, _ := c.get(n, "username")
		if _, has := c.get(n, "password"); has || user == "" {
			continue
		}
		c.res.NoPassword = append(c.res.NoPassword, n)
		section := fmt.Sprintf("[Account%d]\n", n)
		s = strings.Replace(s, section, section+wanted, 1)
	}
	return []byte(s)
}
