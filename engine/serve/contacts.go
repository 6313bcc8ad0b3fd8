package serve

import (
	"context"
	"io"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/engine/contacts"
)

func (p *softphone) Contacts() []api.Contact {
	var list []api.Contact
	for _, c := range p.e.Contacts() {
		list = append(list, api.Contact(c))
	}
	return list
}

func (p *softphone) WriteContacts(w io.Writer) error { return contacts.WriteCSV(w, p.e.Contacts()) }

func (p *softphone) SetContacts(_ context.Context, all []api.Contact) error {
	var list []engine.Contact
	for _, c := range all {
		if !c.Directory {
			list = append(list, engine.Contact(c))
		}
	}
	return explain(p.e.SetContacts(list))
}
