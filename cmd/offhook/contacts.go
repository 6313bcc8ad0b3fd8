package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/engine/contacts"
)

func newContacts() *cobra.Command {
	var asCSV, asXML, replace bool
	var file string
	cmd := &cobra.Command{
		Use:   "contacts [flags]",
		Short: "Print or change the address book of a running engine",
		Long: `Contacts prints the address book of a running engine: the contacts of the configuration's
file and those of its users directory.

--import FILE adds the contacts of a file, MicroSIP's Contacts.xml, CSV or JSON; one with
the number of another takes its place. With --replace they are all there is.

--json prints one object: {"contacts":[…]}, each as GET /v1/contacts of the API answers.
--csv and --xml print MicroSIP's formats.

` + remoteCodes,
		Example: `  offhook contacts
  offhook contacts --xml > Contacts.xml
  offhook contacts --import colleagues.csv`,
		Args: takesNothing,
	}
	f := cmd.Flags()
	f.BoolVar(&asCSV, "csv", false, "print CSV")
	f.BoolVar(&asXML, "xml", false, "print XML as MicroSIP's Contacts.xml")
	f.StringVar(&file, "import", "", "`file` with contacts to add")
	f.BoolVar(&replace, "replace", false, "with --import: drop the contacts that are there")
	r := addRemote(cmd)
	cmd.MarkFlagsMutuallyExclusive("csv", "xml", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if replace && file == "" {
			return errors.New("--replace needs --import")
		}
		var fresh []api.Contact
		if file != "" {
			var err error
			if fresh, err = readContacts(file); err != nil {
				return err
			}
		}
		return r.command(cmd, func(ctx context.Context, c *api.Client) (result, error) {
			list, err := c.Contacts(ctx)
			if err == nil && file != "" {
				if replace {
					list = nil
				}
				list, err = c.SetContacts(ctx, merged(list, fresh))
			}
			res := result{map[string]any{"contacts": list}, func(w io.Writer) error { return printContacts(w, list) }}
			switch {
			case asCSV:
				res.text = func(w io.Writer) error { return contacts.WriteCSV(w, plain(list)) }
			case asXML:
				res.text = func(w io.Writer) error { return contacts.WriteXML(w, plain(list)) }
			}
			return res, err
		})
	}
	return cmd
}

func readContacts(path string) ([]api.Contact, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := contacts.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	fresh := make([]api.Contact, 0, len(list))
	for _, c := range list {
		c.Directory = false
		fresh = append(fresh, api.Contact(c))
	}
	return fresh, nil
}

// merged puts fresh into list, in the place of those with the same number.
func merged(list, fresh []api.Contact) []api.Contact {
	list = slices.Clone(list)
	at := make(map[string]int)
	for i, c := range list {
		if !c.Directory {
			at[c.Number] = i
		}
	}
	for _, c := range fresh {
		if i, ok := at[c.Number]; ok {
			list[i] = c
			continue
		}
		at[c.Number] = len(list)
		list = append(list, c)
	}
	return list
}

func plain(list []api.Contact) []contacts.Contact {
	all := make([]contacts.Contact, 0, len(list))
	for _, c := range list {
		all = append(all, contacts.Contact(c))
	}
	return all
}

func printContacts(w io.Writer, list []api.Contact) error {
	if len(list) == 0 {
		return oneLine("no contacts")(w)
	}
	t := newTable(w, "")
	t.row("NAME", "NUMBER", "FROM")
	for _, c := range list {
		from := "file"
		if c.Directory {
			from = "directory"
		}
		t.row(printable(c.Name), printable(c.Number), from)
	}
	return t.flush()
}
