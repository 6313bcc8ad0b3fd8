package api

import (
	"context"
	"io"
	"net/http"
)

// Contact is somebody in the address book, with MicroSIP's fields.
type Contact struct {
	Name      string `json:"name" maxLength:"1024"`
	Number    string `json:"number" minLength:"1" maxLength:"1024" doc:"Or SIP URI"`
	FirstName string `json:"firstname,omitempty" maxLength:"1024"`
	LastName  string `json:"lastname,omitempty" maxLength:"1024"`
	Phone     string `json:"phone,omitempty" maxLength:"1024"`
	Mobile    string `json:"mobile,omitempty" maxLength:"1024"`
	Email     string `json:"email,omitempty" maxLength:"1024"`
	Address   string `json:"address,omitempty" maxLength:"1024"`
	City      string `json:"city,omitempty" maxLength:"1024"`
	State     string `json:"state,omitempty" maxLength:"1024"`
	Zip       string `json:"zip,omitempty" maxLength:"1024"`
	Comment   string `json:"comment,omitempty" maxLength:"1024"`
	ID        string `json:"id,omitempty" maxLength:"1024"`
	Info      string `json:"info,omitempty" maxLength:"1024"`
	Presence  bool   `json:"presence,omitempty" doc:"To be watched"`
	Starred   bool   `json:"starred,omitempty"`
	Directory bool   `json:"directory,omitempty" doc:"From a users directory: it is not written to the file"`
}

func (s *Server) contactRoutes() {
	const tag = "contacts"
	type query struct {
		Format string `query:"format" enum:"json,csv" doc:"csv is MicroSIP's table; so is Accept: text/csv"`
		Accept string `header:"Accept" hidden:"true"`
	}
	handleTable(s, route{
		method: "GET", path: "/v1/contacts", id: "contacts", tag: tag, scope: ScopeRead, summary: "The address book",
	}, func(_ context.Context, in *query) ([]Contact, func(io.Writer) error, error) {
		if wantsCSV(in.Format, in.Accept) {
			return nil, s.phone.WriteContacts, nil
		}
		return s.phone.Contacts(), nil, nil
	})
	handle(s, route{
		method: "PUT", path: "/v1/contacts", id: "set-contacts", tag: tag, scope: ScopeAdmin,
		summary: "Replace the address book", description: "Contacts of a users directory stay. The answer is the new address book.",
	}, func(ctx context.Context, in *struct{ Body []Contact }) (*list[Contact], error) {
		if err := s.phone.SetContacts(ctx, in.Body); err != nil {
			return nil, err
		}
		return listOf(s.phone.Contacts()), nil
	})
}

// Contacts returns the address book.
func (c *Client) Contacts(ctx context.Context) ([]Contact, error) {
	return do[[]Contact](ctx, c, http.MethodGet, "/v1/contacts", nil)
}

// SetContacts replaces the address book and returns it.
func (c *Client) SetContacts(ctx context.Context, contacts []Contact) ([]Contact, error) {
	if contacts == nil {
		contacts = []Contact{}
	}
	return do[[]Contact](ctx, c, http.MethodPut, "/v1/contacts", contacts)
}
