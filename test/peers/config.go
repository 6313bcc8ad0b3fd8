//go:build linux

package peers

import (
	"bytes"
	"embed"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
)

// configs holds the configuration files of every peer, one folder for each; the scenarios of SIPp too.
//
//go:embed asterisk/*.tmpl baresip/*.tmpl coturn/*.tmpl kamailio/*.tmpl pulse/*.tmpl sipp/*.tmpl
var configs embed.FS

// writeConfigs fills in the templates of folder with data and writes them to dir, each without the suffix .tmpl.
func writeConfigs(tb testing.TB, folder, dir string, data any) {
	tb.Helper()
	for _, t := range templates(tb, folder).Templates() {
		writeConfig(tb, t, filepath.Join(dir, strings.TrimSuffix(t.Name(), ".tmpl")), data)
	}
}

// templates parses a folder of templates, which may use each other's definitions.
func templates(tb testing.TB, folder string) *template.Template {
	tb.Helper()
	t, err := template.New(folder).Option("missingkey=error").ParseFS(configs, folder+"/*.tmpl")
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// writeConfig fills in one template and writes it to file.
func writeConfig(tb testing.TB, t *template.Template, file string, data any) {
	tb.Helper()
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// runDir makes a short folder for one peer below the test's temporary directory: the path of a Unix socket in it
// may have 107 bytes.
func runDir(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	if len(dir) > 90 {
		tb.Fatalf("the temporary directory %s is too long for a Unix socket: set TMPDIR to a shorter one", dir)
	}
	return dir
}
