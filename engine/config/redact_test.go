package config

import (
	"strings"
	"testing"
)

func TestRedactURL(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "",
		"https://a.example/b":                 "https://a.example/b",
		"https://a.example?":                  "https://a.example?",
		"https://u:p@a:1/b@c":                 "https://***@a:1/b@c",
		"https://u@p@a/":                      "https://***@a/",
		"https://a/?t=1&u=2":                  "https://a/?t=***&u=***",
		"https://a/?t=1=2&u=":                 "https://a/?t=***&u=",
		"https://a/?t&&":                      "https://a/?***&&",
		"https://a?u=x@y#z":                   "https://a?u=***#***",
		"https://a/?u={username}&p=%s&q={PW}": "https://a/?u={username}&p=%s&q=***",
		"u:p@a/?t=1":                          "***@a/?t=***",
	} {
		if got := redactURL(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// What is printed of a configuration holds no secret of a URL, in either form, and can be read
// again.
func TestURLsAreRedacted(t *testing.T) {
	text := "[Settings]\nwebhook = https://user:hunter2@a.example/b https://c.example/d?token=hunter2\n" +
		"usersDirectory = https://e.example/?u={username}&key=hunter2\n"
	r := Check(Source{Path: "offhook.ini", Data: []byte(text)})
	if len(r.Errors) != 0 || !strings.Contains(r.Config.Settings.Webhook[1], "hunter2") {
		t.Fatalf("%v, %q", r.Errors, r.Config.Settings.Webhook)
	}
	var ini strings.Builder
	if err := r.Config.WriteResolved(&ini); err != nil {
		t.Fatal(err)
	}
	js, err := r.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{ini.String(), string(js)} {
		for _, want := range []string{"https://***@a.example/b", "https://c.example/d?token=***", "https://e.example/?u={username}"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s is not in %s", want, got)
			}
		}
		if strings.Contains(got, "hunter2") {
			t.Errorf("a secret is in %s", got)
		}
	}
	if again := Check(Source{Path: "offhook.ini", Data: []byte(ini.String())}); len(again.Errors) != 0 {
		t.Errorf("%v", again.Errors)
	}
}
