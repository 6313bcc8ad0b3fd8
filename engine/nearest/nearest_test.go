package nearest

import "testing"

func TestDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"username", "username", 0}, {"usrname", "username", 1},
		{"usernmae", "username", 1}, {"ca", "abc", 3}, {"proxy", "proxies", 3},
	}
	for _, tt := range tests {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestWord(t *testing.T) {
	words := []string{"within", "wait", "file"}
	tests := []struct{ word, nearest, near string }{
		{"witin", "within", "within"}, {"WIAT", "wait", "wait"}, {"fiel", "file", "file"}, {"loudness", "file", ""}, {"", "wait", ""},
	}
	for _, tt := range tests {
		if got := Word(tt.word, words); got != tt.nearest {
			t.Errorf("Word(%q) = %q, want %q", tt.word, got, tt.nearest)
		}
		if got := Near(tt.word, words); got != tt.near {
			t.Errorf("Near(%q) = %q, want %q", tt.word, got, tt.near)
		}
	}
	if Word("x", nil) != "" || Near("x", nil) != "" {
		t.Error("a word of none")
	}
}
