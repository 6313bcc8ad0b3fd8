package links

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

const (
	classes      = `Software\Classes\`
	ownKey       = `Software\Offhook`
	capabilities = ownKey + `\Capabilities`
	journalKey   = ownKey + `\Handlers`
	applications = `Software\RegisteredApplications`
	choices      = `Software\Microsoft\Windows\Shell\Associations\UrlAssociations\`
	// class is the ProgID that Windows' settings choose.
	class = "Offhook.Link"
	name  = "Offhook"
)

// hive is the user's part of the registry. The name "" is a key's default value.
type hive interface {
	// get returns errNoText for a value that is no text.
	get(key, name string) (text, error)
	// set makes the key where there is none. An absent text removes the value.
	set(key, name string, t text) error
	has(key string) (bool, error)
	// removeEmpty removes a key without values and keys, if there is one.
	removeEmpty(key string) error
}

// text is a value of the registry.
type text struct {
	Text   string `json:"text,omitempty"`
	Expand bool   `json:"expand,omitempty"` // REG_EXPAND_SZ, with %variables%
	Absent bool   `json:"absent,omitempty"` // there is no such value
}

var errNoText = errors.New("links: a value of the registry is no text, and could not be put back")

// value is a value with its place.
type value struct {
	Key  string `json:"key"`
	Name string `json:"name"`
	text
}

// journal is what Uninstall needs to know of a scheme.
type journal struct {
	// Command is the one that was written. While it is there, the scheme is Offhook's.
	Command string `json:"command"`
	// Before are the values that were there, or were not, and Keys those keys that were.
	Before []value  `json:"before"`
	Keys   []string `json:"keys"`
}

// windowsCommand is the command of the registry; Windows puts the link in the place of %1.
func windowsCommand(p Program) string {
	return fmt.Sprintf(`"%s" microsip -c "%s" -- "%%1"`, p.Path, p.Config)
}

func commandKey(class string) string { return classes + class + `\shell\open\command` }

// schemeKeys are the keys that a scheme needs, the deepest first.
func schemeKeys(scheme string) []string {
	key := classes + scheme
	return []string{key + `\shell\open\command`, key + `\shell\open`, key + `\shell`, key}
}

// schemeValues are what makes a key of Software\Classes a handler of links.
func schemeValues(key, title, command string) []value {
	return []value{
		{classes + key, "", text{Text: title}},
		{classes + key, "URL Protocol", text{}},
		{commandKey(key), "", text{Text: command}},
		{commandKey(key), "DelegateExecute", text{Absent: true}}, // would win over the command
	}
}

// registration is what has Windows list the program among those that can be chosen.
func registration(p Program) []value {
	list := schemeValues(class, "Offhook: call", windowsCommand(p))
	list = append(list,
		value{classes + class + `\DefaultIcon`, "", text{Text: fmt.Sprintf(`"%s",0`, p.Path)}},
		value{capabilities, "ApplicationName", text{Text: name}},
		value{capabilities, "ApplicationDescription", text{Text: "Headless SIP softphone"}},
		value{capabilities, "ApplicationIcon", text{Text: fmt.Sprintf(`"%s",0`, p.Path)}})
	for _, scheme := range Schemes {
		list = append(list, value{capabilities + `\URLAssociations`, scheme, text{Text: class}})
	}
	return append(list, value{applications, name, text{Text: capabilities}})
}

// registrationKeys are removed where they are empty, in this order. RegisteredApplications is
// Windows' own.
var registrationKeys = append(schemeKeys(class)[:3],
	classes+class+`\DefaultIcon`, classes+class, capabilities+`\URLAssociations`, capabilities, journalKey, ownKey)

// installInto does Install's work.
func installInto(h hive, p Program) ([]Result, error) {
	if err := p.check(`%"`); err != nil {
		return nil, err
	}
	for _, v := range registration(p) {
		if err := h.set(v.Key, v.Name, v.text); err != nil {
			return nil, err
		}
	}
	var results []Result
	for _, scheme := range Schemes {
		r, err := installScheme(h, scheme, windowsCommand(p))
		if err != nil {
			return results, fmt.Errorf("%w (%s:)", err, scheme)
		}
		results = append(results, r)
	}
	return results, nil
}

func installScheme(h hive, scheme, command string) (Result, error) {
	result := Result{Scheme: scheme, State: Installed}
	if chosen, err := h.get(choices+scheme+`\UserChoice`, "ProgId"); err == nil && chosen.Text != class {
		result.Chosen = chosen.Text
	}
	wanted := schemeValues(scheme, "URL:"+scheme, command)
	before := journal{Command: command}
	for _, v := range wanted {
		was, err := h.get(v.Key, v.Name)
		if err != nil {
			return result, err
		}
		before.Before = append(before.Before, value{v.Key, v.Name, was})
	}
	for _, key := range schemeKeys(scheme) {
		there, err := h.has(key)
		if err != nil {
			return result, err
		}
		if there {
			before.Keys = append(before.Keys, key)
		}
	}
	there := before.Before[2].text
	old, known, err := readJournal(h, scheme)
	switch {
	case err != nil:
		return result, err
	case known && there.Text == old.Command:
		// Offhook's own, perhaps with another configuration: what was before it stays known.
		before.Before, before.Keys = old.Before, old.Keys
	case there.Text == command:
		// Offhook's own, and nobody knows what was before.
		for i := range before.Before {
			before.Before[i].text = text{Absent: true}
		}
		before.Keys = nil
	default:
		result.Command = there.Text
	}
	if there.Text == command {
		result.State = Unchanged
	}
	// Before the values, so that they can be taken back whenever this ends.
	if err := writeJournal(h, scheme, &before); err != nil {
		return result, err
	}
	for _, v := range wanted {
		if err := h.set(v.Key, v.Name, v.text); err != nil {
			return result, err
		}
	}
	return result, nil
}

// uninstallFrom does Uninstall's work.
func uninstallFrom(h hive) ([]Result, error) {
	var results []Result
	for _, scheme := range Schemes {
		r, err := uninstallScheme(h, scheme)
		if err != nil {
			return results, fmt.Errorf("%w (%s:)", err, scheme)
		}
		results = append(results, r)
	}
	for _, v := range registration(Program{}) {
		if err := h.set(v.Key, v.Name, text{Absent: true}); err != nil {
			return results, err
		}
	}
	for _, key := range registrationKeys {
		if err := h.removeEmpty(key); err != nil {
			return results, err
		}
	}
	return results, nil
}

func uninstallScheme(h hive, scheme string) (Result, error) {
	result := Result{Scheme: scheme, State: Absent}
	j, known, err := readJournal(h, scheme)
	if err != nil || !known {
		return result, err
	}
	there, err := h.get(commandKey(scheme), "")
	if err != nil && !errors.Is(err, errNoText) {
		return result, err
	}
	if err != nil || there.Text != j.Command {
		result.State, result.Command = Left, there.Text
		return result, writeJournal(h, scheme, nil)
	}
	result.State = Removed
	for _, v := range j.Before {
		if err := h.set(v.Key, v.Name, v.text); err != nil {
			return result, err
		}
		if v.Key == commandKey(scheme) && v.Name == "" && !v.Absent {
			result.State, result.Command = Restored, v.Text
		}
	}
	for _, key := range schemeKeys(scheme) {
		if slices.Contains(j.Keys, key) {
			continue
		}
		if err := h.removeEmpty(key); err != nil {
			return result, err
		}
	}
	return result, writeJournal(h, scheme, nil)
}

// readJournal returns what was noted of a scheme, if anything was. What cannot be read is
// nothing: nobody but this package writes it.
func readJournal(h hive, scheme string) (journal, bool, error) {
	t, err := h.get(journalKey, scheme)
	if err != nil || t.Absent {
		return journal{}, false, err
	}
	var j journal
	if json.Unmarshal([]byte(t.Text), &j) != nil || j.Command == "" {
		return journal{}, false, nil
	}
	for _, v := range j.Before {
		// What is put back is what was taken.
		if !slices.Contains(schemeKeys(scheme), v.Key) {
			return journal{}, false, nil
		}
	}
	return j, true, nil
}

// writeJournal notes j, or removes the note where j is nil.
func writeJournal(h hive, scheme string, j *journal) error {
	if j == nil {
		return h.set(journalKey, scheme, text{Absent: true})
	}
	data, err := json.Marshal(j)
	if err != nil {
		return err
	}
	return h.set(journalKey, scheme, text{Text: string(data)})
}
