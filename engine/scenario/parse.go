package scenario

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
)

// Options are what Parse and Load may be told.
type Options struct {
	// Env looks an environment variable up; os.LookupEnv unless it is said.
	Env func(name string) (string, bool)
	// Variables have these values, whatever the scenario says. One that it does not declare is a
	// mistake.
	Variables map[string]string
	// NoFiles is that files are not looked at, other scenarios and rows included, so that the
	// form alone is checked.
	NoFiles bool

	calling []string // the scenarios that are being read, the outermost first
}

// Load reads a scenario and all that it names.
func Load(path string, opts Options) (*Scenario, error) {
	opts.setDefaults()
	data, err := readFile(path)
	if err != nil {
		return nil, Problems{{Position: Position{File: path}, Message: fileError(err)}}
	}
	return Parse(path, data, opts)
}

func (o *Options) setDefaults() {
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
}

// readFile reads a file that is no larger than a scenario may be.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.New("it is a folder")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err == nil && len(data) > maxFileSize {
		err = fmt.Errorf("it is larger than %d bytes", maxFileSize)
	}
	return data, err
}

// fileError says why a file cannot be read, without its name.
func fileError(err error) string {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "the file does not exist"
	case errors.As(err, &path):
		return path.Err.Error()
	}
	return err.Error()
}

// override gives variables other values than the scenario says.
func (s *Scenario) override(values map[string]string, report func(Problem)) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		i := slices.IndexFunc(s.Variables, func(p Pair) bool { return p.Name == name })
		if i < 0 {
			names := make([]string, len(s.Variables))
			for i, v := range s.Variables {
				names[i] = v.Name
			}
			report(Problem{
				Position: Position{File: s.File}, Message: "the scenario has no variable " + name, Nearest: near(name, names), Allowed: names,
			})
			continue
		}
		s.Variables[i].Value = Literal(values[name])
	}
}

// Parse reads a scenario whose file has that name, by which the others that it names are found.
// The error is Problems, of this file and of those that it calls. The scenario is returned beside
// an error too, as far as it could be read, for those who show it.
func Parse(file string, data []byte, opts Options) (*Scenario, error) {
	opts.setDefaults()
	var problems Problems
	report := func(p Problem) { problems = append(problems, p) }
	root := parseYAML(file, data, report)
	if root == nil {
		if len(problems) == 0 {
			report(Problem{Position: Position{File: file, Line: 1, Column: 1}, Message: "the scenario is empty"})
		}
		return nil, problems
	}
	if root.kind != mapNode {
		report(Problem{Position: root.pos, Message: "a scenario is a map, and here stands " + root.describe(), Allowed: keysOf(reflect.TypeFor[Scenario]())})
		return nil, problems
	}
	d := decoder{report: report}
	s := d.scenario(root)
	s.File, s.env = file, opts.Env
	s.override(opts.Variables, report)
	if abs, err := filepath.Abs(file); err == nil {
		opts.calling = append(opts.calling[:len(opts.calling):len(opts.calling)], abs)
	}
	problems = append(problems, s.check(opts)...)
	return s, s.split(problems)
}
