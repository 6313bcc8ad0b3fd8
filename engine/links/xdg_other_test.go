//go:build !windows

package links

import (
	"os"
	"path/filepath"
	"testing"
)

func TestXDGIsRestored(t *testing.T) {
	none := "tel installed ; sip installed ; sips installed ; callto installed "
	for name, test := range map[string]struct{ before, installed, uninstalled string }{
		"no file": {"", none, "tel removed ; sip removed ; sips removed ; callto removed "},
		"another section": {"[Added Associations]\nx-scheme-handler/tel=a.desktop;\n", none,
			"tel removed ; sip removed ; sips removed ; callto removed "},
		"others": {"# mine\n[Default Applications]\ntext/html=b.desktop\nx-scheme-handler/tel=a.desktop;b.desktop;\n\n[Removed Associations]\n",
			"tel installed a.desktop; sip installed ; sips installed ; callto installed ",
			"tel restored a.desktop; sip removed ; sips removed ; callto removed "},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			x := xdg{filepath.Join(dir, "data", desktopFile), filepath.Join(dir, "config", "mimeapps.list")}
			if test.before != "" {
				if err := write(x.associations, test.before); err != nil {
					t.Fatal(err)
				}
			}
			want(t, "installed", must(t)(x.install(abs)), test.installed)
			once, _ := read(x.associations)
			want(t, "installed again", must(t)(x.install(abs)), "tel unchanged ; sip unchanged ; sips unchanged ; callto unchanged ")
			again, _ := read(x.associations)
			want(t, "the file, installed again", again, once)
			want(t, "uninstalled", must(t)(x.uninstall()), test.uninstalled)
			after, _ := read(x.associations)
			want(t, "the file in the end", after, test.before)
			if _, err := os.Stat(x.application); !os.IsNotExist(err) {
				t.Errorf("the application is left: %v", err)
			}
			want(t, "uninstalled again", must(t)(x.uninstall()), "tel absent ; sip absent ; sips absent ; callto absent ")
		})
	}
}

func TestXDGLeavesLaterProgramsAlone(t *testing.T) {
	text, _ := associate("", true)
	text = text[:len(text)-1] + "later.desktop;\n"
	text, results := associate(text, false)
	want(t, "uninstalled", states(results), "tel restored later.desktop; sip removed ; sips removed ; callto removed ")
	want(t, "the file", text, "[Default Applications]\nx-scheme-handler/tel=later.desktop;\n")

	text, results = associate("[Default Applications]\nx-scheme-handler/sip=later.desktop;offhook-links.desktop", false)
	want(t, "uninstalled", states(results), "tel absent ; sip left later.desktop; sips absent ; callto absent ")
	want(t, "the file", text, "[Default Applications]\nx-scheme-handler/sip=later.desktop;\n")
}

func TestDesktopEntry(t *testing.T) {
	got := desktopEntry(Program{`/opt/a b/off"hook`, "/etc/100%u`$x\\.ini"})
	want(t, "the entry", got, "[Desktop Entry]\nType=Application\nName=Offhook\nComment=Headless SIP softphone\nNoDisplay=true\nTerminal=false\n"+
		`Exec="/opt/a b/off\\"hook" microsip -c "/etc/100%%u\\`+"`"+`\\$x\\\\.ini" -- %u`+"\n"+
		"MimeType=x-scheme-handler/tel;x-scheme-handler/sip;x-scheme-handler/sips;x-scheme-handler/callto;\n")
}
