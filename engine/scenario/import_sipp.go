package scenario

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/offhook-voip/offhook/pjsua/secret"
)

// ImportSIPpCSV makes a scenario of a file of values of SIPp's (-inf): its rows, an actor who is the
// user of each, and the first steps. What SIPp did with the values stands in its XML, which is not
// read: it speaks of messages, a scenario of calls. A scenario can also name such a file in `rows`.
func ImportSIPpCSV(r io.Reader) (*Scenario, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("scenario: SIPp: %w", err)
	}
	if len(data) > maxFileSize {
		return nil, fmt.Errorf("scenario: SIPp: the file is larger than %d bytes", maxFileSize)
	}
	t, err := parseTable(string(data), "")
	switch {
	case err != nil:
		return nil, fmt.Errorf("scenario: SIPp: %w", err)
	case t.order == "":
		return nil, errors.New("scenario: SIPp: the first line is none of SEQUENTIAL, RANDOM and USER")
	case len(t.records) == 0:
		return nil, errors.New("scenario: SIPp: there are no rows")
	}
	s := &Scenario{
		Comment:   "Imported from a file of values of SIPp. The steps that its XML had are to be written.",
		Variables: Pairs{{"server", "127.0.0.1"}},
		Rows:      &Rows{},
	}
	if t.order == Random {
		s.Comment += "\nThe order was RANDOM; here a row is run once, one after the other."
	}
	credentials := false
	for _, record := range t.records {
		var values Pairs
		for i, field := range record {
			if user, password, ok := authentication(field); ok && !slices.ContainsFunc(values, func(p Pair) bool { return p.Name == "username" }) {
				credentials = true
				values = append(values, Pair{"username", Literal(user)}, Pair{"password", Literal(password)})
				continue
			}
			values = append(values, Pair{fmt.Sprintf("field%d", i), Literal(field)})
		}
		s.Rows.List = append(s.Rows.List, values)
	}
	actor := Actor{Name: "caller", Domain: "${server}", Username: "${field0}"} // there is one without credentials
	if credentials {
		no := false
		actor = Actor{Name: "caller", Server: "${server}", Username: "${username}", Password: secret.New("${password}"), Register: &no}
		s.Secrets = []string{"password"}
		s.Steps = append(s.Steps, Step{Action: &Register{}})
	}
	s.Actors = []Actor{actor}
	names := s.Rows.names()
	for i, row := range s.Rows.List { // lines may be shorter than others
		for _, name := range names {
			if _, ok := row.Get(name); !ok {
				s.Rows.List[i] = append(s.Rows.List[i], Pair{Name: name})
			}
		}
	}
	for _, callee := range []string{"field1", "field0", "field2"} { // field0 is often the user
		if slices.Contains(names, callee) && !(credentials && callee == "field1" && slices.Contains(names, "field0")) {
			s.Steps = append(s.Steps,
				Step{Action: &Dial{To: "sip:${" + callee + "}@${server}"}}, Step{Action: &ExpectAnswer{}}, Step{Action: &Hangup{}})
			break
		}
	}
	if len(s.Steps) == 0 {
		s.Steps = []Step{{Action: &Log{Text: "the steps are to be written"}}}
	}
	return s, nil
}

var authenticationField = regexp.MustCompile(`^\s*\[authentication((?:\s+\w+=\S+)*)\s*\]\s*$`)

// authentication reads SIPp's [authentication username=joe password=schmo].
func authentication(field string) (user, password string, ok bool) {
	m := authenticationField.FindStringSubmatch(field)
	if m == nil {
		return "", "", false
	}
	for _, word := range strings.Fields(m[1]) {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "username":
			user = value
		case "password":
			password = value
		}
	}
	return user, password, true
}
