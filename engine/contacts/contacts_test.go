package contacts

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

func full() Contact {
	return Contact{
		Name: `Ann "A" <b> & c`, Number: "+49 30/1-2", FirstName: "Ann", LastName: "B", Phone: "1", Mobile: "2", Email: "a@b", Address: "Street 1",
		City: "Berlin", State: "BE", Zip: "10115", Comment: "x, y; z", ID: "7", Info: "i", Presence: true, Starred: true, Directory: true,
	}
}

func TestRoundTrip(t *testing.T) {
	list := []Contact{full(), {Name: "Zoë", Number: "sip:zoe@x"}}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"XML": func(b *bytes.Buffer) error { return WriteXML(b, list) },
		"CSV": func(b *bytes.Buffer) error { return WriteCSV(b, list) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		got, err := Read(&b)
		if err != nil || !reflect.DeepEqual(got, list) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := Read(strings.NewReader("")); err != nil || got != nil {
		t.Errorf("an empty file: %v, %v", got, err)
	}
}

func TestColumns(t *testing.T) {
	var b bytes.Buffer
	if err := WriteCSV(&b, nil); err != nil {
		t.Fatal(err)
	}
	want := "Name,Number,First Name,Last Name,Phone Number,Mobile Number,E-mail Address,Address,City,State,Postal Code,Comment,Id,Info,Presence,Directory,Starred\n"
	if b.String() != want {
		t.Errorf("header %s", b.String())
	}
}

func TestParse(t *testing.T) {
	ann, bob := Contact{Name: "Ann", Number: "1"}, Contact{Name: "Bob", Number: "2"}
	both := []Contact{ann, bob}
	for name, c := range map[string]struct {
		contentType, text string
		want              Document
	}{
		"CSV":                {"text/csv", "Number,Name,Else\n1,Ann,x\n2,Bob\n,,\n", Document{Contacts: both}},
		"CSV, semicolons":    {"", "\ufeffname;NUMBER\r\nAnn;1\r\nBob;2\r\n", Document{Contacts: both}},
		"CSV, tabs":          {"", "Name\tNumber\nAnn\t1\nBob\t2", Document{Contacts: both}},
		"JSON array":         {"", `[{"name":"Ann","number":1},{"Name":"Bob","number":"2","x":{}}]`, Document{Contacts: both}},
		"JSON object":        {"", `{"refresh":60,"silent":true,"items":[{"name":"Ann","number":"1"}],"presence":[{"number":"2","status":"ring","info":"x"},{}]}`, Document{Contacts: both[:1], Refresh: time.Minute, Silent: true, Presence: []Presence{{"2", "ring", "x"}}}},
		"JSON, text":         {"", `{"refresh":"60","silent":"1","items":[]}`, Document{Refresh: time.Minute, Silent: true}},
		"JSON, long number":  {"", `[{"number":123456789012345678901234567890}]`, Document{Contacts: []Contact{{Number: "123456789012345678901234567890"}}}},
		"XML":                {"", `<?xml version="1.0"?><contacts refresh="90" silent="1"><contact name="Ann" number="1"/><contact/><contact name="Bob" number="2"/></contacts>`, Document{Contacts: both, Refresh: 90 * time.Second, Silent: true}},
		"Yealink":            {"", `<YealinkIPPhoneBook><Title>x</Title><Menu Name="All"><Unit Name="Ann" Phone1="1" Phone2="3" Phone3="4" default_photo="x"/></Menu></YealinkIPPhoneBook>`, Document{Contacts: []Contact{{Name: "Ann", Number: "1", Phone: "3", Mobile: "4"}}}},
		"entries":            {"", `<list><entry><name>Ann</name><extension>1</extension></entry><entry name="Bob" extension="2"/></list>`, Document{Contacts: both}},
		"DirectoryEntry":     {"", `<CiscoIPPhoneDirectory><DirectoryEntry><Name>Ann</Name><Telephone>1</Telephone><Telephone>5</Telephone></DirectoryEntry></CiscoIPPhoneDirectory>`, Document{Contacts: []Contact{{Name: "Ann", Number: "1", Phone: "5"}}}},
		"ISO 8859-1":         {"", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><contacts><contact name=\"Zo\xeb\" number=\"1\"/></contacts>", Document{Contacts: []Contact{{Name: "Zoë", Number: "1"}}}},
		"control characters": {"", `[{"name":"A\u0000\nn\u001bn","number":"1\r\n2"}]`, Document{Contacts: []Contact{{Name: "A nn", Number: "1  2"}}}},
	} {
		got, err := Parse(c.contentType, []byte(c.text))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v\nwant %+v", name, got, err, c.want)
		}
	}
}

func TestParseMistakes(t *testing.T) {
	for name, text := range map[string]string{
		"empty": " ", "no header": "a,b\n1,2", "JSON": `{"items":`, "no contacts": `"x"`, "XML": "<contacts><contact", "depth": strings.Repeat("<a>", 1000),
		"entity": `<!DOCTYPE x [<!ENTITY a "b">]><contacts><contact name="&a;"/></contacts>`, "charset": `<?xml version="1.0" encoding="utf-7"?><a/>`,
		"large": strings.Repeat("x", MaxSize+1), "many": "[" + strings.Repeat(`{"number":"1"},`, MaxContacts+1) + "{}]",
	} {
		if doc, err := Parse("", []byte(text)); err == nil {
			t.Errorf("%s: %d contacts and no error", name, len(doc.Contacts))
		}
	}
}

func TestFetch(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.URL.String())
		w.Header().Set("Cache-Control", "private, max-age=5")
		if r.URL.Path == "/none" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Write([]byte(`[{"name":"Ann","number":"1"}]`))
	}))
	defer server.Close()
	r := Request{
		URL: server.URL + "/d?u=%s&p=%s&s=%s&t={time}&v={version}&l={label}&x={username}&m={md5_password}", Label: "a b", Server: "pbx", Domain: "d",
		Username: "{time}", Password: "%s&", Version: "1", Sequence: 3, Time: time.Unix(17, 0),
	}
	doc, err := Fetch(t.Context(), server.Client(), r)
	if err != nil || len(doc.Contacts) != 1 || !doc.Contacts[0].Directory || doc.Refresh != time.Minute {
		t.Errorf("%+v, %v", doc, err)
	}
	want := "/d?u=%7Btime%7D&p=%25s%26&s=pbx&t=17&v=1&l=a+b&x=%7Btime%7D&m=d7ec936dbdd45e74f7bb6830195f3c27&sequence=3"
	if len(got) != 1 || got[0] != want {
		t.Errorf("asked for %q\nwant      %q", got, want)
	}
	r.URL = server.URL + "/none?token=hunter2"
	if _, err := Fetch(t.Context(), server.Client(), r); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "404") {
		t.Errorf("error %v", err)
	}
	server.Close()
	if _, err := Fetch(t.Context(), server.Client(), r); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v", err)
	}
	for _, bad := range []string{"", "ftp://x/", "file:///etc/passwd", "http://"} {
		r.URL = bad
		if _, err := Fetch(t.Context(), server.Client(), r); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestNeedsAccount(t *testing.T) {
	if !NeedsAccount("http://x/{username}") || !NeedsAccount("http://x/%s") || NeedsAccount("http://x/?t={time}") {
		t.Error("NeedsAccount is wrong")
	}
}

// Whatever is read can be written and read again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"Name,Number\na,1", `[{"name":"a"}]`, `{"items":[{"number":1}],"refresh":5}`, `<contacts><contact name="a"/></contacts>`,
		`<YealinkIPPhoneBook><Menu><Unit Name="a" Phone1="1"/></Menu></YealinkIPPhoneBook>`, `<e><entry><name>a</name><extension>1</extension></entry></e>`, "\ufeff<", "\"", "a;b\n\";",
	} {
		f.Add("", []byte(seed))
		f.Add("text/csv", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, contentType string, data []byte) {
		doc, err := Parse(contentType, data)
		if err != nil {
			return
		}
		for _, write := range []func(*bytes.Buffer) error{
			func(b *bytes.Buffer) error { return WriteXML(b, doc.Contacts) },
			func(b *bytes.Buffer) error { return WriteCSV(b, doc.Contacts) },
		} {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			again, err := Read(&b)
			if err != nil || len(again) != len(doc.Contacts) {
				t.Fatalf("%d contacts, read again %d, %v", len(doc.Contacts), len(again), err)
			}
			for i := range again {
				if again[i] != doc.Contacts[i] {
					t.Fatalf("%+v became %+v", doc.Contacts[i], again[i])
				}
			}
		}
	})
}
