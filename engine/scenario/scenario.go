package scenario

import (
	"path/filepath"
	"time"

	"github.com/offhook-voip/offhook/pjsua/secret"
)

// The times of a scenario that says none.
const (
	DefaultTimeout     = 5 * time.Minute
	DefaultStepTimeout = 30 * time.Second
)

// Scenario is a file: a test, or what other tests call. The zero value of a field is "not
// said". A program may make one without a file; [Scenario.Check] checks it then.
type Scenario struct {
	// Name is what reports call it; the file's name without its ending where there is none.
	Name string `yaml:"name"`
	// Description is for people.
	Description string `yaml:"description"`
	// Tags choose what is run.
	Tags []string `yaml:"tags"`
	// Timeout bounds a run, but for its `finally`: 5 minutes unless it is said.
	Timeout time.Duration `yaml:"timeout"`
	// StepTimeout bounds each step that has no time of its own: 30 s unless it is said.
	StepTimeout time.Duration `yaml:"step-timeout"`
	// Retries is how often a run that failed is done again.
	Retries int `yaml:"retries"`
	// Secrets are the names of variables whose values never come into reports and logs. Those
	// that are put into passwords need not be named.
	Secrets []string `yaml:"secrets"`
	// Variables are values with names, for ${name}. They may contain variables.
	Variables Pairs `yaml:"variables"`
	// Rows are a run each: a CSV file, or a list of maps of variables.
	Rows *Rows `yaml:"rows"`
	// Matrix is a run for each combination of values.
	Matrix Matrix `yaml:"matrix"`
	// Impairment is what the media of all actors suffer.
	Impairment []Impairment `yaml:"impairment"`
	// Actors are those who call and are called, by their names.
	Actors []Actor `yaml:"actors"`
	// Steps are done in order, until one fails.
	Steps []Step `yaml:"steps"`
	// Finally is done after the steps, also when one failed, each of them whatever became of
	// the others. Calls that are left are hung up after it.
	Finally []Step `yaml:"finally"`

	// Comment is written above the scenario; that of a file is not read.
	Comment string `yaml:"-"`
	// File is where the scenario was read, empty where it was not.
	File string `yaml:"-"`
	// Warnings are what is probably not meant; they stop nothing.
	Warnings Problems `yaml:"-"`

	src    source
	env    func(string) (string, bool)
	hidden map[string]bool // secretNames of the scenario that this is an instance of
}

// Title is the name of the scenario, or that of its file.
func (s *Scenario) Title() string {
	if s.Name != "" || s.File == "" {
		return s.Name
	}
	base := filepath.Base(s.File)
	return base[:len(base)-len(filepath.Ext(base))]
}

// Path finds a file that the scenario names: relative to the scenario's own folder.
func (s *Scenario) Path(name string) string {
	if name == "" || filepath.IsAbs(name) || s.File == "" {
		return name
	}
	return filepath.Join(filepath.Dir(s.File), filepath.FromSlash(name))
}

// Actor returns the actor with that name.
func (s *Scenario) Actor(name string) (*Actor, bool) {
	for i := range s.Actors {
		if s.Actors[i].Name == name {
			return &s.Actors[i], true
		}
	}
	return nil, false
}

// Actor is somebody who calls and is called: an account of the configuration, or an account of
// its own. With neither account nor server it is a plain endpoint without registration.
type Actor struct {
	// Name is the key under `actors`.
	Name string `yaml:"-"`
	// Account is the number of an account of the INI file. The fields below it that are said
	// win over the account's.
	Account int `yaml:"account"`
	// Server is the registrar, host or host:port.
	Server string `yaml:"server"`
	// Domain is the host of the address of record; the server unless it is said.
	Domain string `yaml:"domain"`
	// Proxy are outbound proxies, in order.
	Proxy []string `yaml:"proxy"`
	// Username is the user of the address of record.
	Username string `yaml:"username"`
	// AuthID is the user of digest authentication; the username unless it is said.
	AuthID string `yaml:"auth-id"`
	// Password is that of digest authentication. A variable that stands in it is a secret.
	Password secret.Text `yaml:"password"`
	// DisplayName is shown to who is called.
	DisplayName string `yaml:"display-name"`
	// Transport carries SIP.
	Transport Transport `yaml:"transport"`
	// Codecs are those that are offered and taken, in order, as PCMU or opus/48000/2.
	Codecs []string `yaml:"codecs"`
	// SRTP says whether media is encrypted.
	SRTP SRTP `yaml:"srtp"`
	// Register says whether the actor registers before the first step: it does where it has a
	// server and a username, unless this is false.
	Register *bool `yaml:"register"`
	// AcceptTransfers lets the far end transfer this actor's calls.
	AcceptTransfers bool `yaml:"accept-transfers"`
	// Impairment is what this actor's media suffer, instead of what the scenario says.
	Impairment []Impairment `yaml:"impairment"`

	// Comment is written above the actor.
	Comment string `yaml:"-"`
	// Pos is where the actor stands.
	Pos Position `yaml:"-"`

	src source
}

// Registers reports whether the actor registers by itself before the first step. One with an
// account of the INI file does as that says, unless Register says something.
func (a *Actor) Registers() bool {
	if a.Register != nil {
		return *a.Register
	}
	return a.Server != "" && a.Username != ""
}

// URIVariable is the name of the variable whose value is the URI that others call to reach the
// actor: NAME-uri. It has one as soon as the scenario runs.
func (a *Actor) URIVariable() string { return a.Name + "-uri" }

// Impairment is what RTP packets suffer in a direction.
type Impairment struct {
	// Loss is how many packets are lost, at random.
	Loss Percent `yaml:"loss"`
	// Delay holds up each packet.
	Delay time.Duration `yaml:"delay"`
	// Jitter holds up each packet by a random time up to this, besides.
	Jitter time.Duration `yaml:"jitter"`
	// Reorder is how many packets come after the next one.
	Reorder Percent `yaml:"reorder"`
	// Duplicate is how many packets come twice.
	Duplicate Percent `yaml:"duplicate"`
	// Direction is that of the packets; both unless it is said.
	Direction Direction `yaml:"direction"`
}

// Rows are sets of values of variables, each of which is a run.
type Rows struct {
	// File is a CSV: with a first line of names and commas, or SIPp's form, whose first line is
	// SEQUENTIAL, RANDOM or USER, whose fields are parted by semicolons and named field0, field1...
	File string `yaml:"file,short"`
	// Columns are the names of the fields, for files that do not name them.
	Columns []string `yaml:"columns"`
	// Separator parts the fields: a comma, or a semicolon in SIPp's form, unless it is said.
	Separator string `yaml:"separator"`
	// Order is that in which rows are run: as SIPp's file says, else one after the other.
	Order RowOrder `yaml:"order"`
	// List are the rows, where no file has them.
	List []Pairs `yaml:"-"`

	read []Pairs // of the file
}

// Matrix is a product: a run for each combination of the values of its axes.
type Matrix struct {
	// Axes are the variables.
	Axes []Axis
	// Exclude are combinations that are left out: those which have all the values of one of
	// these.
	Exclude []Pairs
}

// Axis is a variable of a matrix with its values.
type Axis struct {
	Name   string
	Values []string
}

// Step is one thing that is done or expected.
type Step struct {
	// Action is what is done.
	Action Action `yaml:"-"`
	// Actor is who does it. It may be left out where there is one actor only.
	Actor string `yaml:"actor"`
	// Line is the name of one of the actor's calls, for an actor with several: the one that this
	// step begins or is about. Without it a step is about the actor's newest call that has not
	// ended.
	Line string `yaml:"line"`
	// Name is what reports call the step.
	Name string `yaml:"name"`
	// Timeout bounds the step, and is its `within` where it says none.
	Timeout time.Duration `yaml:"timeout"`
	// Tags choose the step: with tags it is left out of a run whose tags have none of them.
	Tags []string `yaml:"tags"`
	// If leaves the step out unless it holds.
	If Condition `yaml:"if"`

	// Comment is written above the step.
	Comment string `yaml:"-"`
	// Pos is where the step stands.
	Pos Position `yaml:"-"`

	src       source // of the step itself
	actionSrc source
}

// Position is a place in a file.
type Position struct {
	File string `json:"file,omitempty"`
	// Line and Column count from 1, columns in characters; 0 is unknown.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
}
