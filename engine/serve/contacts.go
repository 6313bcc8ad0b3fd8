package serve

import (
	"context"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/api"
)

func (p *softphone) Contacts() []api.Contact {
	var list []api.Contact
	for _, c := range p.e.Contacts() {
		list = append(list, api.Contact(c))
	}
	return list
}

func (p *softphone) SetContacts(_ context.Context, contacts []api.Contact) error {
	var list []engine.Contact
	for _, c := range contacts {
		if !c.Directory {
			list = append(list, engine.Contact(c))
		}
	}
	return explain(p.e.SetContacts(list))
}
