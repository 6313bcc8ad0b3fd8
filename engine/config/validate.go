package config

import (
	"fmt"
	"slices"
	"strings"
)

// Validate reports everything that is wrong with a configuration that was not
// loaded or was changed since, as [Errors] without files and lines.
func (c *Config) Validate() error {
	var problems Errors
	check := func(section string, pairs []pair) {
		for _, p := range pairs {
			if _, err := p.key.normalize(p.value); err != nil {
				problems = append(problems, Problem{Section: section, Key: p.key.Name, Message: err.Error()})
			}
		}
	}
	check("Settings", settingPairs(&c.Settings))
	for _, conflict := range c.Settings.conflicts() {
		problems = append(problems, Problem{Section: "Settings", Key: conflict.key, Message: conflict.message})
	}
	for i, acc := range c.Accounts {
		section := fmt.Sprintf("Account%d", acc.Number)
		bad := func(key, message string) {
			problems = append(problems, Problem{Section: section, Key: key, Message: message})
		}
		check(section, accountPairs(&acc))
		if _, err := passwordKey.normalize(acc.Password.Reveal()); err != nil {
			bad("password", err.Error())
		}
		if _, err := passwordKey.normalize(acc.TURNPassword.Reveal()); err != nil {
			bad("turnPassword", err.Error())
		}
		if slices.ContainsFunc(c.Accounts[:i], func(o Account) bool { return o.Number == acc.Number }) {
			bad("", "the number is used twice")
		}
		switch {
		case acc.Number < 0 || acc.Number > maxAccount:
			bad("", fmt.Sprintf("the number is outside 0 to %d", maxAccount))
		case acc.Number == 0 && acc.Server != "":
			bad("server", "the local account does not register, it has no server")
		case acc.Number > 0 && acc.Domain == "":
			bad("domain", "an account needs a domain")
		}
	}
	for i, rule := range c.Rules {
		check("Rule."+rule.Name, rulePairs(&rule))
		for key, message := range rule.mistakes() {
			problems = append(problems, Problem{Section: "Rule." + rule.Name, Key: key, Message: message})
		}
		if slices.ContainsFunc(c.Rules[:i], func(o Rule) bool { return strings.EqualFold(o.Name, rule.Name) }) {
			problems = append(problems, Problem{Section: "Rule." + rule.Name, Message: "the name is used twice"})
		}
	}
	if problems == nil {
		return nil
	}
	return problems
}

var passwordKey, _ = lookup(AccountScope, "password")

// conflict says that one setting does not go together with another.
type conflict struct{ key, with, message string }

func (s *Settings) conflicts() []conflict {
	var list []conflict
	switch low, high := s.RTPPortMin, s.RTPPortMax; {
	case low == 0 && high > 0:
		list = append(list, conflict{"rtpPortMax", "rtpPortMin", "rtpPortMax needs rtpPortMin"})
	case low > high && high > 0:
		list = append(list, conflict{"rtpPortMax", "rtpPortMin",
			fmt.Sprintf("the first RTP port %d is above the last one %d", low, high)})
	}
	if s.TLSCertFile != "" && s.TLSKeyFile == "" {
		list = append(list, conflict{"tlsCertFile", "tlsKeyFile", "tlsCertFile needs tlsKeyFile"})
	}
	if s.TLSKeyFile != "" && s.TLSCertFile == "" {
		list = append(list, conflict{"tlsKeyFile", "tlsCertFile", "tlsKeyFile needs tlsCertFile"})
	}
	return list
}
