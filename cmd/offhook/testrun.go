package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/runner"
	"github.com/offhook-voip/offhook/engine/scenario"
	"github.com/offhook-voip/offhook/engine/tempdir"
)

// The exit codes of test.
const (
	exitFailed = 1 // a scenario has not passed
	exitNotRun = 2 // something could not run
)

// testOptions are the flags of test.
type testOptions struct {
	jobs     int
	retries  int
	failFast bool
	seed     int64
	tags     []string
	skipTags []string
	vars     []string
	list     bool
	verbose  bool
	json     bool

	speech speechFlags

	report   string // a folder
	junit    string // files
	jsonl    string
	html     string
	markdown string
}

func newTest(args []string) *cobra.Command {
	o := &testOptions{}
	cmd := &cobra.Command{
		Use:   "test FILE... [flags]",
		Short: "Run scenarios that test an IVR",
		Long: `Test runs scenarios: YAML files that say who calls whom, what is to be heard, and what is
done then. docs/scenarios.md has the language, and offhook test check tells what is wrong
with a file without calling anybody. A folder stands for the files in it whose names end in
.yaml or .yml, but for those that begin with an underscore, which others call.

Actors are accounts of the configuration (account: 2), accounts of their own, or plain
endpoints without a registrar.

--report leaves everything in a folder: index.html, a page that needs no network; junit.xml,
results.jsonl, summary.md; and a folder for each scenario with the recordings of its calls
and a pcap of their SIP and RTP.

What say says is spoken by espeak-ng, another program (--voice-command) or a service with
OpenAI's protocol (--voice-url, its key in OFFHOOK_VOICE_KEY); what expect-text hears is
understood by a program (--recogniser-command) or such a service (--recogniser-url, its key
in OFFHOOK_RECOGNISER_KEY).

Exit codes: 0 all have passed; 1 some have failed; 2 some could not run, or nothing did:
a mistake in a file, a registrar that refuses, bad usage.`,
		Example: `  offhook test smoke.yaml
  offhook test scenarios/ -j 4 --tag smoke --report out
  offhook test ivr.yaml --var pbx=sip:500@pbx.example.com --junit junit.xml --retries 1`,
		Args: cobra.ArbitraryArgs,
	}
	f := cmd.Flags()
	f.IntVarP(&o.jobs, "jobs", "j", 1, "how many scenarios run at once")
	f.IntVar(&o.retries, "retries", 0, "how often one that has not passed is run again")
	f.BoolVar(&o.failFast, "fail-fast", false, "begin no other scenario when one has not passed")
	f.Int64Var(&o.seed, "seed", 0, "`number` that decides what is chosen at random (default another one each time; it is printed)")
	f.StringSliceVar(&o.tags, "tag", nil, "run scenarios with this `tag` only, and steps that have it; may be given several times")
	f.StringSliceVar(&o.skipTags, "skip-tag", nil, "run no scenarios with this `tag`")
	f.StringArrayVar(&o.vars, "var", nil, "give a variable of the scenarios a value: `name=value`")
	f.BoolVar(&o.list, "list", false, "print what would be run, and call nobody")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "print each step")
	f.BoolVar(&o.json, "json", false, "print lines of JSON, as in results.jsonl")
	f.StringVar(&o.report, "report", "", "`folder` for everything; it is made if need be")
	f.StringVar(&o.html, "html", "", "`file` for the HTML page")
	f.StringVar(&o.junit, "junit", "", "`file` for JUnit XML")
	f.StringVar(&o.jsonl, "jsonl", "", "`file` for lines of JSON")
	f.StringVar(&o.markdown, "markdown", "", "`file` for a summary in Markdown")
	o.speech.add(f)
	s := addSettings(cmd, args, "bind-address", "source-port", "log-level")
	cmd.AddCommand(newTestCheck(), newTestImport(), newTestRecord(args))
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		err := o.run(cmd, s, files)
		var exit *exitError
		if err != nil && !errors.As(err, &exit) {
			return &exitError{code: exitNotRun, err: err}
		}
		return err
	}
	return cmd
}

func (o *testOptions) run(cmd *cobra.Command, s *settings, files []string) error {
	switch {
	case len(files) == 0:
		return fmt.Errorf("test takes the scenarios, files or folders; see %s --help", cmd.CommandPath())
	case o.jobs < 1:
		return errors.New("--jobs must be 1 or more")
	case o.retries < 0:
		return errors.New("--retries must not be below 0")
	}
	instances, err := o.load(cmd.ErrOrStderr(), files)
	if err != nil {
		return err
	}
	if len(instances) == 0 {
		return errors.New("no scenario has these tags")
	}
	if o.list {
		for _, in := range instances {
			fmt.Fprintln(cmd.OutOrStdout(), in.Vars().Redact(in.Name()))
		}
		return nil
	}
	cfg, err := s.load()
	if err != nil {
		return err
	}
	opts := runner.Options{
		Voice: o.speech.voices(), Recogniser: o.speech.recogniser(),
		Accounts: runner.Prepare(cfg), Jobs: o.jobs, Retries: o.retries, FailFast: o.failFast, Seed: o.seed, Tags: o.tags,
	}
	if opts.Seed == 0 {
		opts.Seed = rand.Int64N(1 << 31)
	}
	level := cfg.Settings.LogLevel
	if level == "info" {
		level = "warn" // the report says what the info lines would
	}
	opts.Log = newLogger(level, os.Stderr)
	if o.report != "" {
		if err := os.MkdirAll(o.report, 0o777); err != nil {
			return err
		}
		opts.Folder = o.report
	} else if o.html != "" {
		// The page has the audio in it.
		if opts.Folder, err = os.MkdirTemp("", "offhook-test-"); err != nil {
			return err
		}
		defer tempdir.Remove(opts.Folder)
	}
	eng, err := engine.New(cfg, opts.Log)
	if err != nil {
		return err
	}
	ctx, stop := untilSignal(cmd.Context())
	defer stop()
	run, err := o.drive(ctx, cmd.OutOrStdout(), eng, opts, instances)
	if err != nil {
		return err
	}
	run.Command = cmd.CommandPath() + " " + strings.Join(files, " ")
	if err := o.write(cmd.ErrOrStderr(), run, opts.Folder); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	switch run.Outcome() {
	case report.Passed:
		return nil
	case report.Failed:
		return &exitError{code: exitFailed}
	}
	return &exitError{code: exitNotRun}
}

// drive starts the engine and runs the scenarios.
func (o *testOptions) drive(ctx context.Context, out io.Writer, eng *engine.Engine, opts runner.Options, instances []scenario.Instance) (run *report.Run, err error) {
	err = withEngine(eng, func() error {
		p, err := newTestPrinter(out, o, instances)
		if err != nil {
			return err
		}
		opts.Progress = p.take
		r, err := runner.New(ctx, eng, opts)
		if err != nil {
			return err
		}
		run = r.Run(ctx, instances)
		run.Name, run.Version = "Offhook test", offhookVersion()
		return errors.Join(p.finish(run), r.Close())
	})
	return run, err
}

// load reads all scenarios, and prints all mistakes.
func (o *testOptions) load(stderr io.Writer, names []string) ([]scenario.Instance, error) {
	files, err := scenarioFiles(names)
	if err != nil {
		return nil, err
	}
	values, err := o.values()
	if err != nil {
		return nil, err
	}
	var list []scenario.Instance
	mistakes := 0
	for _, file := range files {
		sc, err := scenario.Load(file, scenario.Options{Variables: values})
		var found []scenario.Instance
		if err == nil {
			found, err = sc.Expand()
		}
		var problems scenario.Problems
		switch {
		case errors.As(err, &problems):
			for _, p := range problems {
				fmt.Fprintln(stderr, p.Error())
			}
			mistakes += len(problems)
		case err != nil:
			return nil, err
		}
		for _, in := range found {
			if o.chosen(in.Scenario.Tags) {
				list = append(list, in)
			}
		}
	}
	if mistakes > 0 {
		return nil, fmt.Errorf("the scenarios have %s", count(mistakes, "mistake"))
	}
	return list, nil
}

func (o *testOptions) chosen(tags []string) bool {
	has := func(list []string) bool {
		return slices.ContainsFunc(list, func(tag string) bool { return slices.Contains(tags, tag) })
	}
	return (len(o.tags) == 0 || has(o.tags)) && !has(o.skipTags)
}

// values are those of --var.
func (o *testOptions) values() (map[string]string, error) {
	values := map[string]string{}
	for _, v := range o.vars {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--var %s: it has to be name=value", v)
		}
		values[name] = value
	}
	return values, nil
}

// scenarioFiles are the files that names stand for: themselves, or those of a folder.
func scenarioFiles(names []string) ([]string, error) {
	var files []string
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, name)
			continue
		}
		entries, err := os.ReadDir(name)
		if err != nil {
			return nil, err
		}
		before := len(files)
		for _, e := range entries {
			ext := strings.ToLower(filepath.Ext(e.Name()))
			if !e.IsDir() && (ext == ".yaml" || ext == ".yml") && !strings.HasPrefix(e.Name(), "_") {
				files = append(files, filepath.Join(name, e.Name()))
			}
		}
		if len(files) == before {
			return nil, fmt.Errorf("%s: no file in it ends in .yaml or .yml", name)
		}
	}
	return files, nil
}

// write writes the reports that were asked for.
func (o *testOptions) write(stderr io.Writer, run *report.Run, folder string) error {
	html := func(w io.Writer) error { return report.WriteHTML(w, run, report.HTMLOptions{Folder: folder}) }
	junit := func(w io.Writer) error { return report.WriteJUnit(w, run, o.report) }
	lines := func(w io.Writer) error { return report.WriteJSONLines(w, run) }
	markdown := func(w io.Writer) error { return report.WriteMarkdown(w, run) }
	var errs []error
	if o.report != "" {
		errs = append(errs,
			writeReport(filepath.Join(o.report, "index.html"), html),
			writeReport(filepath.Join(o.report, "junit.xml"), func(w io.Writer) error { return report.WriteJUnit(w, run, "") }),
			writeReport(filepath.Join(o.report, "results.jsonl"), lines),
			writeReport(filepath.Join(o.report, "summary.md"), markdown))
	}
	for _, f := range []struct {
		path  string
		write func(io.Writer) error
	}{{o.html, html}, {o.junit, junit}, {o.jsonl, lines}, {o.markdown, markdown}} {
		if f.path != "" {
			errs = append(errs, writeReport(f.path, f.write))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if o.report != "" && !o.json {
		fmt.Fprintf(stderr, "report: %s\n", filepath.Join(o.report, "index.html"))
	}
	return nil
}

// writeReport writes a file whole, or leaves the one that was there.
func writeReport(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".offhook-*")
	if err != nil {
		return err
	}
	err = write(f)
	if e := f.Chmod(0o644); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // what went wrong is told
	}
	return err
}
