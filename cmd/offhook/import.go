package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/contacts"
	"github.com/offhook-voip/offhook/engine/migrate"
	"github.com/offhook-voip/offhook/pjsua"
)

// imported is what import microsip --json prints.
type imported struct {
	From       string         `json:"from"`
	Encoding   string         `json:"encoding"`
	Config     string         `json:"config"`
	Contacts   string         `json:"contacts,omitempty"` // the file that was written
	People     int            `json:"people"`             // in that file
	Accounts   []int          `json:"accounts"`
	NoPassword []int          `json:"no_password"` // accounts whose password has to be written
	Notes      []migrate.Note `json:"notes"`
}

func newImport() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "import",
		Short:   "Make a configuration of another program's",
		Long:    "Import has a verb for each program whose configuration can be taken over.",
		Example: "  offhook import microsip",
		Args:    takesNothing,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newImportMicroSIP())
	return cmd
}

func newImportMicroSIP() *cobra.Command {
	var asJSON, force, plain bool
	var output string
	var codePage int
	cmd := &cobra.Command{
		Use:   "microsip [FILE | FOLDER] [flags]",
		Short: "Make a configuration of MicroSIP's",
		Long: `Microsip reads the INI file and Contacts.xml of a MicroSIP, and writes a configuration of
Offhook and a file of its contacts beside it. Without an argument they are those in
%APPDATA%\MicroSIP; FOLDER is another one, such as a portable MicroSIP's, FILE an INI file. It
changes nothing of MicroSIP's.

It tells of every key what became of it: taken, changed or dropped, and why. MicroSIP encrypts
passwords with a key that is compiled into it, so these have to be written anew; the file that
was written says where. Plain ones are taken, and none is printed.

--json prints one object: {"from":…,"encoding":…,"config":…,"contacts":…,"people":12,
"accounts":[1],"no_password":[1],"notes":[{"section":…,"key":…,"what":"taken","why":…}]}.

Exit codes: 0, also where something was dropped; 1 bad usage, or nothing was written.`,
		Example: `  offhook import microsip
  offhook import microsip D:\MicroSIP --output sales.ini
  offhook import microsip microsip.ini --code-page 1250 --force`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("microsip takes one FILE or FOLDER, and got %q too", args[1])
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", defaultFile, "INI `file` to write")
	f.BoolVar(&force, "force", false, "replace files that exist")
	f.BoolVar(&plain, "plain-passwords", false, "take passwords for plain that look encrypted")
	f.IntVar(&codePage, "code-page", 0, "Windows' `number` of the encoding of an INI file that is not Unicode (default the system's, else 1252)")
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		files, err := migrate.Find(strings.Join(args, ""))
		if err != nil {
			return err
		}
		src := migrate.Source{
			CodePage: codePage, PlainPasswords: plain, Windows: runtime.GOOS == "windows",
			Codecs: codecIDs(cmd.Context()), Target: output,
		}
		out, people, err := convert(files, src)
		if err != nil {
			return err
		}
		if err := save(files, out, people, force); err != nil {
			return err
		}
		if asJSON {
			return writeJSON(cmd.OutOrStdout(), out.imported)
		}
		return printImport(cmd.OutOrStdout(), files, out.imported)
	}
	return cmd
}

// codecIDs is nil where they cannot be had, such as in a program without PJSIP.
func codecIDs(ctx context.Context) []string {
	var ids []string
	_ = withEndpoint(func(ep *pjsua.Endpoint) error {
		codecs, err := ep.Codecs(ctx)
		for _, c := range codecs {
			ids = append(ids, c.ID)
		}
		return err
	})
	return ids
}

// conversion is what is to be written, and to be told of it.
type conversion struct {
	imported
	text []byte
}

// convert reads the files and makes what is written of them. Contacts that cannot be read are told
// in a note.
func convert(files migrate.Files, src migrate.Source) (conversion, []byte, error) {
	var err error
	if src.INI, err = migrate.ReadINI(files.INI); err != nil {
		return conversion{}, nil, err
	}
	list, contactsErr := readPeople(files.Contacts)
	if len(list) > 0 {
		target, err := filepath.Abs(src.Target)
		if err != nil {
			return conversion{}, nil, err
		}
		src.Contacts = strings.TrimSuffix(target, filepath.Ext(target)) + "-contacts.xml"
	}
	res, err := migrate.Convert(src)
	if err != nil {
		return conversion{}, nil, fmt.Errorf("%s: %w", files.INI, err)
	}
	out := conversion{imported{
		From: files.INI, Encoding: res.Encoding, Config: src.Target, Contacts: src.Contacts, People: len(list),
		Accounts: append([]int{}, res.Accounts...), NoPassword: append([]int{}, res.NoPassword...), Notes: res.Notes,
	}, res.Config}
	if contactsErr != nil {
		out.Notes = append(out.Notes, migrate.Note{Section: filepath.Base(files.Contacts), What: migrate.Dropped, Why: contactsErr.Error()})
	}
	var people bytes.Buffer
	err = contacts.WriteXML(&people, list)
	return out, people.Bytes(), err
}

// readPeople reads Contacts.xml without those of a users directory, which the engine asks itself.
func readPeople(path string) ([]contacts.Contact, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := contacts.Read(f)
	return slices.DeleteFunc(list, func(c contacts.Contact) bool { return c.Directory }), err
}

// save writes both files, or none where one of them is in the way.
func save(files migrate.Files, out conversion, people []byte, force bool) error {
	for _, path := range []string{out.Config, out.Contacts} {
		if path == "" {
			continue
		}
		at, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, source := range []string{files.INI, files.Contacts} {
			if from, err := os.Stat(source); err == nil && os.SameFile(at, from) {
				return fmt.Errorf("%s is MicroSIP's own file: choose another --output", path)
			}
		}
		if !force {
			return fmt.Errorf("%s exists: --force replaces it, --output chooses another", path)
		}
	}
	if out.Contacts != "" {
		if err := config.ReplaceFile(out.Contacts, people, 0o600, true); err != nil {
			return err
		}
	}
	return config.ReplaceFile(out.Config, out.text, 0o600, true)
}

func printImport(w io.Writer, files migrate.Files, out imported) error {
	var b strings.Builder
	fmt.Fprintf(&b, "read %s, %s\n", files.INI, out.Encoding)
	var sections []string
	for _, n := range out.Notes {
		if !slices.Contains(sections, n.Section) {
			sections = append(sections, n.Section)
		}
	}
	for _, section := range sections {
		fmt.Fprintf(&b, "[%s]\n", printable(section))
		var taken []string
		var whys []migrate.Note // one for each thing that is said
		keys := map[migrate.Note][]string{}
		for _, n := range out.Notes {
			if n.Section != section {
				continue
			}
			key := printable(n.Key)
			if n.What == migrate.Taken {
				taken = append(taken, key)
				continue
			}
			n.Key = ""
			if keys[n] == nil {
				whys = append(whys, n)
			}
			keys[n] = append(keys[n], key)
		}
		list := func(title string, keys []string) {
			fmt.Fprintf(&b, "  %s\n", title)
			if text := strings.Join(keys, ", "); text != "" { // not of a section
				fmt.Fprintln(&b, wrap(text, "      ", helpWidth))
			}
		}
		if len(taken) > 0 {
			list("taken", taken)
		}
		for _, n := range whys {
			list(fmt.Sprintf("%s: %s", n.What, printable(n.Why)), keys[n])
		}
	}
	if out.Contacts != "" {
		fmt.Fprintf(&b, "wrote %s, with %s\n", out.Contacts, count(out.People, "contact"))
	}
	fmt.Fprintf(&b, "wrote %s, with %s\n", out.Config, count(len(out.Accounts), "account"))
	if len(out.Accounts) > 1 {
		fmt.Fprint(&b, "All of them register; MicroSIP registers one at a time.\n")
	}
	for _, n := range out.NoPassword {
		fmt.Fprintf(&b, "Account %d has no password: write one below [Account%d] in %s\n", n, n, out.Config)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
