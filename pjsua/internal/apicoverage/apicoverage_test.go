package main

import (
	"encoding/json"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func notesOf(t *testing.T, text string) ([]*note, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "names.txt")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return readNotes(name)
}

func TestNotes(t *testing.T) {
	notes, err := notesOf(t, "# none\n\npjsua_x = A, B.C # why\npjsua_vid_* - video\npjsua_y - superseded by pjsua_x\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(notes) != 3 || !slices.Equal(notes[0].goNames, []string{"A", "B.C"}) || notes[1].reason != "video" ||
		notes[2].reason != "superseded" || notes[2].by != "pjsua_x" || notes[2].line != 5 {
		t.Errorf("%+v", notes)
	}
	for text, want := range map[string]string{
		"pjsua_x":                     "names.txt:1: want",
		"pjsua_x - too hard":          "not one of the reasons",
		"pjsua_x - superseded":        "by what",
		"pjsua_x - video by pjsua_y":  "by what",
		"pjsua_x : Y":                 "neither",
		"pjsua_[ - video":             "syntax error",
		"# all well\npjsua_y == Open": "names.txt:2",
	} {
		if _, err := notesOf(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// The committed notes and names of pjsua2 can be read.
func TestCommittedFiles(t *testing.T) {
	t.Chdir("../../..")
	if _, err := readNotes(notesFile); err != nil {
		t.Error(err)
	}
	names, err := readPJSUA2(pjsua2File)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"pjsua_call_hangup": "Call::hangup", "pjsua_callback.on_dtmf_event": "Call::onDtmfDigit, Call::onDtmfEvent",
		"pjsua_acc_config.reg_timeout": "AccountRegConfig::timeoutSec",
	} {
		if got := strings.Join(names[name], ", "); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// fake is a coverage of three rows whose Go package exports Open and Config.
func fake() (*coverage, *csource) {
	g := &gosource{pkg: types.NewPackage("pjsua", "pjsua"), docs: map[string]string{"Open": "", "Config": "", "Config.ID": ""}}
	return &coverage{g: g, rows: []*row{
			{name: "pjsua_a", table: "Base", called: true, goNames: []string{"Open"}},
			{name: "pjsua_b", table: "Base", called: true},
			{name: "pjsua_config.id", table: "pjsua_config"},
		}}, &csource{
			refs: map[string]bool{"pjsua_a": true}, fields: map[string]bool{"pjsua_config.id": true},
		}
}

func TestUntrueNotesAreErrors(t *testing.T) {
	for text, want := range map[string]string{
		"pjsua_config.id = Config.ID":                          "",
		"pjsua_b - superseded by pjsua_a":                      "",
		"pjsua_b - superseded by Config":                       "",
		"pjsua_b = Open":                                       "our code does not refer to pjsua_b",
		"pjsua_config.id = Config.Name":                        "package pjsua has no Config.Name",
		"pjsua_c - video":                                      "pjsua.h has no pjsua_c",
		"pjsua_a - video":                                      "yet called by Open",
		"pjsua_b - superseded by pjsua_c":                      "neither in pjsua.h nor in package pjsua",
		"pjsua_b - video\npjsua_a - superseded by pjsua_b":     "itself left out: video",
		"pjsua_b - superseded by time.NoSuchThing":             "neither in pjsua.h",
		"pjsua_config.id - C memory management\npjsua_* - AVI": "pjsua_a is AVI and yet called by Open",
	} {
		notes, err := notesOf(t, text)
		if err != nil {
			t.Fatal(err)
		}
		cov, c := fake()
		err = cov.apply(notes, c)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestMissingRowsAreCountedAndNamed(t *testing.T) {
	cov, _ := fake()
	var out strings.Builder
	cov.printMissing(&out)
	if got := out.String(); got != "Base\n  pjsua_b\npjsua_config\n  pjsua_config.id\n" {
		t.Errorf("%q", got)
	}
	if got := string(cov.markdown()); !strings.Contains(got, "| together | 3 | 1 |  | 2 |") ||
		!strings.Contains(got, "| `pjsua_b` | **missing** |") || !strings.Contains(got, "| `pjsua_a` | `Open` |") {
		t.Error(got)
	}
}

func TestNearestGoField(t *testing.T) {
	all := links{}
	all.add("s.direct", "Config.A", direct)
	all.add("s.direct", "Config.B", byCondition)
	all.add("s.count", "s.direct", direct)
	all.add("s.cond", "Config.B", byCondition)
	all.add("s.lonely", "s.other", direct)
	for f, want := range map[string]string{"s.direct": "Config.A", "s.count": "Config.A", "s.cond": "Config.B", "s.lonely": ""} {
		if got := strings.Join(goFields(all, f), ","); got != want {
			t.Errorf("%s: %q, want %q", f, got, want)
		}
	}
	if got := shorten([]string{"T.D", "T.C", "T.B", "T.A", "S.A"}); !slices.Equal(got, []string{"S.A", "T"}) {
		t.Error(got)
	}
}

func TestAreas(t *testing.T) {
	for name, want := range map[string]string{
		"pjsua_create": "Base", "pjsua_transport_lis_start": "SIP transports", "pjsua_acc_add": "Accounts",
		"pjsua_turn_config_dup": "Accounts", "pjsua_call_vid_strm_op_param_default": "Calls", "pjsua_im_send": "Presence and IM",
		"pjsua_media_config_default": "Audio", "pjsua_set_ec": "Audio", "pjsua_vid_win_rotate": "Video", "pjsua_enum_calls": "Calls",
	} {
		if got := area(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestMangledNames(t *testing.T) {
	for mangled, want := range map[string]string{
		"_ZN2pj4Call6hangupERKNS_11CallOpParamE": "Call::hangup", "_ZNK2pj4Call7getInfoEv": "Call::getInfo",
		"_ZN2pj5BuddyD1Ev": "Buddy::~Buddy", "_ZN2pj9LogConfigC2Ev": "LogConfig::LogConfig", "main": "", "_ZN99x": "",
	} {
		if got := method(mangled); got != want {
			t.Errorf("%s: %q, want %q", mangled, got, want)
		}
	}
}

// A hand-made tree: cfg->cb.on_x = handler; handler calls push(OH_X); ev->a = ci->b.
const dump = `{"kind":"TranslationUnitDecl","inner":[
 {"kind":"FunctionDecl","name":"handler","storageClass":"static","inner":[{"kind":"CompoundStmt","inner":[
  {"kind":"CallExpr","inner":[{"kind":"ImplicitCastExpr","inner":[{"kind":"DeclRefExpr","referencedDecl":{"kind":"FunctionDecl","name":"push"}}]},
   {"kind":"DeclRefExpr","referencedDecl":{"kind":"EnumConstantDecl","name":"OH_X"}}]},
  {"kind":"BinaryOperator","opcode":"=","inner":[
   {"kind":"MemberExpr","name":"a","inner":[{"kind":"DeclRefExpr","type":{"qualType":"oh_event *"}}]},
   {"kind":"MemberExpr","name":"b","inner":[{"kind":"DeclRefExpr","type":{"qualType":"const struct pjsua_call_info *"}}]}]}]}]},
 {"kind":"FunctionDecl","name":"wire","inner":[{"kind":"CompoundStmt","inner":[
  {"kind":"BinaryOperator","opcode":"=","inner":[
   {"kind":"MemberExpr","name":"on_x","inner":[{"kind":"MemberExpr","name":"cb","type":{"qualType":"pjsua_callback"},"inner":[
     {"kind":"DeclRefExpr","type":{"qualType":"pjsua_config *"}}]}]},
   {"kind":"ImplicitCastExpr","inner":[{"kind":"DeclRefExpr","referencedDecl":{"kind":"FunctionDecl","name":"handler"}}]}]}]}]},
 {"kind":"FunctionDecl","name":"push","inner":[{"kind":"CompoundStmt","inner":[
  {"kind":"CallExpr","inner":[{"kind":"DeclRefExpr","referencedDecl":{"kind":"FunctionDecl","name":"pjsua_get_state"}}]}]}]}]}`

func TestReadingC(t *testing.T) {
	var tu node
	if err := json.Unmarshal([]byte(dump), &tu); err != nil {
		t.Fatal(err)
	}
	s := &csource{
		funcs: map[string]*cfunc{}, refs: map[string]bool{}, fields: map[string]bool{},
		flows: map[[2]string]bool{}, handlers: map[string][]string{},
	}
	s.unit("x.c", &tu)
	if got := s.handlers["on_x"]; !slices.Equal(got, []string{"x.c:handler"}) {
		t.Errorf("handlers %q", got)
	}
	calls, enums := s.closure("x.c", "handler")
	if d, ok := calls["pjsua_get_state"]; !ok || d != 2 || !enums["OH_X"] {
		t.Errorf("calls %v, enums %v", calls, enums)
	}
	if !s.flows[[2]string{"oh_event.a", "pjsua_call_info.b"}] || !s.fields["pjsua_callback.on_x"] || !s.fields["pjsua_config.cb"] {
		t.Errorf("flows %v, fields %v", s.flows, s.fields)
	}
}
