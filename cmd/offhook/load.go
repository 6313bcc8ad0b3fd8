package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/load"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/runner"
	"github.com/offhook-voip/offhook/engine/scenario"
	"github.com/offhook-voip/offhook/pjsua"
)

// loadOptions are the flags of load.
type loadOptions struct {
	to      string
	account int // noAccount where it was not given
	hold    time.Duration
	timeout time.Duration
	vars    []string

	rate       string
	ramp       time.Duration
	duration   time.Duration
	calls      int
	maxRunning int
	poisson    bool
	seed       int64
	drain      time.Duration

	stop    []string
	require []string
	window  time.Duration

	report  string
	metrics string
	json    bool
}

func newLoad(args []string) *cobra.Command {
	o := &loadOptions{}
	cmd := &cobra.Command{
		Use:   "load (FILE... | --to URI) [flags]",
		Short: "Make many calls at a rate, and judge them",
		Long: `Load runs scenarios, those of offhook test, or with --to plain calls, at a rate. When a call
is due does not depend on those before it, and times count from when it was due: a PBX that
becomes slow is called as often as before. docs/load.md says how to read the result.

--rate is calls per second: 10, or phases with their times, 1..50@1m,50@5m for a ramp and five
minutes at its end, 10@1m,20@1m for steps; 600/m and 3600/h are rates too.

Rules are conditions: failures > 5%, mos-p5 < 3.6, setup-p95 < 500ms; capped, mos-rx, mos-tx,
late, duration and the names of scenarios' steps can be measured too, as -mean, -min, -max or
a percentile. --stop ends the run when one is true of the calls that ended in the last
--window; --require has to be true of the whole run. Without any, no call may fail.

A call that is due when --max-running calls are running is not begun, and counted. At the
end, and at the first Ctrl-C, calls that run may go on for --drain, and are hung up then.

The result says when this machine was the limit, and not what was tested.

Exit codes: 0 passed; 1 a stop rule was true, or a required one was not; 2 nothing could be
run: bad usage, no registration, no call that came to its end.`,
		Example: `  offhook load --to sip:600@pbx.example.com --rate 10 --duration 5m --for 10s --report out
  offhook load smoke.yaml --rate 1..20@2m,20@10m --poisson --stop 'failures > 10%'
  offhook load ivr.yaml --calls 500 --require 'setup-p95 < 300ms' --require 'mos-p5 > 4'`,
		Args: cobra.ArbitraryArgs,
	}
	f := cmd.Flags()
	f.StringVar(&o.to, "to", "", "`URI` that is called, in place of scenarios")
	f.IntVar(&o.account, "account", noAccount, "`number` of the account that calls with --to, 0 is the local account (default the first)")
	f.DurationVar(&o.hold, "for", 5*time.Second, "hang up a call of --to so long after the answer")
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "give up a call of --to that is not answered within this; a registration has the same time")
	f.StringArrayVar(&o.vars, "var", nil, "give a variable of the scenarios a value: `name=value`")
	f.StringVar(&o.rate, "rate", "1", "calls per second, or `phases`")
	f.DurationVar(&o.ramp, "ramp", 0, "go from 0 to the first rate in this time, before its phase")
	f.DurationVar(&o.duration, "duration", 0, "how long the last phase lasts, where it has no time (default until --calls or Ctrl-C)")
	f.IntVar(&o.calls, "calls", 0, "end when so many calls were due (default as the phases say)")
	f.IntVar(&o.maxRunning, "max-running", 0, "most `calls` at a time (default what this machine has room for)")
	f.BoolVar(&o.poisson, "poisson", false, "have calls come at random as those of many callers do, not evenly")
	f.Int64Var(&o.seed, "seed", 0, "`number` that decides what is at random (default another one each time; it is printed)")
	f.DurationVar(&o.drain, "drain", 30*time.Second, "how long calls may go on at the end, before they are hung up")
	f.StringArrayVar(&o.stop, "stop", nil, "`rule` that ends the run; may be given several times")
	f.StringArrayVar(&o.require, "require", nil, "`rule` that the whole run has to keep (default failures <= 0%); may be given several times")
	f.DurationVar(&o.window, "window", 10*time.Second, "how long ago calls may have ended that --stop is about")
	f.StringVar(&o.report, "report", "", "`folder` for load.html, load.json and the log; it is made if need be")
	f.StringVar(&o.metrics, "metrics", "", "`host:port` where Prometheus can read /metrics, without a token")
	f.BoolVar(&o.json, "json", false, "print a line of JSON for each second and one for the result")
	f.Lookup("account").DefValue = "0" // not printed: its usage says what it is
	s := addSettings(cmd, args, "bind-address", "source-port", "log-level")
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

// check reads what the flags say of the load.
func (o *loadOptions) check(files []string) (cfg load.Config, err error) {
	switch {
	case (o.to == "") == (len(files) == 0):
		return cfg, errors.New("load takes scenarios, or --to with whom to call")
	case o.hold <= 0 || o.timeout <= 0:
		return cfg, errors.New("--for and --timeout must be positive, such as 10s")
	case o.ramp < 0 || o.duration < 0 || o.drain < 0 || o.window <= 0:
		return cfg, errors.New("--ramp, --duration and --drain must not be below 0, and --window must be above")
	case o.calls < 0 || o.maxRunning < 0:
		return cfg, errors.New("--calls and --max-running must not be below 0")
	case o.account < noAccount || o.account != noAccount && o.to == "":
		return cfg, errors.New("--account is a number from 0, and goes with --to; actors of scenarios have an account of their own")
	}
	if cfg.Plan.Phases, err = load.ParsePhases(o.rate); err != nil {
		return cfg, fmt.Errorf("--rate: %w", err)
	}
	if o.ramp > 0 {
		up := load.Phase{From: 0, To: cfg.Plan.Phases[0].From, For: o.ramp}
		cfg.Plan.Phases = append([]load.Phase{up}, cfg.Plan.Phases...)
	}
	if last := &cfg.Plan.Phases[len(cfg.Plan.Phases)-1]; last.For == 0 {
		last.For = o.duration
	} else if o.duration > 0 {
		return cfg, errors.New("--duration is that of a last phase without a time, and all of --rate have one")
	}
	if o.seed == 0 {
		o.seed = rand.Int64N(1 << 31)
	}
	cfg.Plan.Poisson, cfg.Plan.Seed = o.poisson, o.seed
	if err := cfg.Plan.Validate(); err != nil {
		return cfg, fmt.Errorf("--rate: %w", err)
	}
	if len(o.stop) == 0 && len(o.require) == 0 {
		o.require = []string{"failures <= 0%"}
	}
	for _, list := range []struct {
		flag  string
		texts []string
		rules *[]load.Rule
	}{{"--stop", o.stop, &cfg.Stop}, {"--require", o.require, &cfg.Require}} {
		for _, text := range list.texts {
			rule, err := load.ParseRule(text)
			if err != nil {
				return cfg, fmt.Errorf("%s: %w", list.flag, err)
			}
			*list.rules = append(*list.rules, rule)
		}
	}
	cfg.MaxJobs, cfg.Window, cfg.Drain = o.calls, o.window, o.drain
	if o.drain == 0 {
		cfg.Drain = -1
	}
	return cfg, nil
}

func (o *loadOptions) run(cmd *cobra.Command, s *settings, files []string) error {
	cfg, err := o.check(files)
	if err != nil {
		return err
	}
	var instances []scenario.Instance
	if o.to == "" {
		if instances, err = (&testOptions{vars: o.vars}).load(cmd.ErrOrStderr(), files); err != nil {
			return err
		}
	}
	conf, err := s.load()
	if err != nil {
		return err
	}
	level := conf.Settings.LogLevel
	if level == "info" {
		level = "warn" // the result counts what the info lines would say
	}
	logs := os.Stderr
	if o.report != "" {
		if err := os.MkdirAll(o.report, 0o777); err != nil {
			return err
		}
		file, err := os.Create(filepath.Join(o.report, "offhook.log"))
		if err != nil {
			return err
		}
		defer file.Close() // what cannot be written is only missing in it
		logs = file
	}
	log := newLogger(level, logs)
	accounts := runner.Prepare(conf)
	conf.Settings.QualityInterval = 0 // each call's figures at its end are enough
	if o.to != "" {
		// As call does it: the account that calls, and no other.
		conf.Accounts = accounts
		one := &callOptions{uri: o.to, account: o.account}
		if conf, err = one.narrow(conf); err != nil {
			return err
		}
		o.account = one.account
	}
	eng, err := engine.New(conf, log)
	if err != nil {
		return err
	}
	ctx, stop := untilSignal(cmd.Context())
	defer stop()
	result, err := o.drive(ctx, cmd, eng, cfg, conf, func(ctx context.Context) (*loadJob, error) {
		if o.to != "" {
			return newDialJob(ctx, eng, o)
		}
		return newScenarioJob(ctx, eng, runner.Options{Accounts: accounts, Seed: o.seed, Log: log}, instances)
	})
	if err != nil {
		return err
	}
	return o.conclude(cmd, result, files)
}

// drive starts the engine and runs the load. What makes calls is made when the engine runs.
func (o *loadOptions) drive(ctx context.Context, cmd *cobra.Command, eng *engine.Engine, cfg load.Config, conf *config.Config,
	prepare func(context.Context) (*loadJob, error)) (result *report.LoadRun, err error) {
	err = withEngine(eng, func() error {
		job, err := prepare(ctx)
		if err == nil {
			result, err = o.generate(ctx, cmd, cfg, conf, job)
			err = errors.Join(err, job.close())
		}
		return err
	})
	return result, err
}

// generate runs the load.
func (o *loadOptions) generate(ctx context.Context, cmd *cobra.Command, cfg load.Config, conf *config.Config, job *loadJob) (*report.LoadRun, error) {
	cfg.Job, cfg.Room = job.run, roomFor(conf, job.calls)
	if conf.Settings.VAD { // silence is not sent: packets that are missing say nothing
		cfg.Job = func(ctx context.Context, n int) load.Outcome {
			out := job.run(ctx, n)
			out.LostFrames = 0
			return out
		}
	}
	cfg.MaxRunning = o.maxRunning
	if cfg.MaxRunning == 0 {
		cfg.MaxRunning = cfg.Room
	}
	p := newLoadPrinter(cmd.OutOrStdout(), o.json)
	cfg.Progress = p.take
	l, err := load.New(cfg)
	if err != nil {
		return nil, err
	}
	stopServing, at, err := serveMetrics(o.metrics, l)
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	defer stopServing()
	if at != "" && !o.json {
		fmt.Fprintf(cmd.ErrOrStderr(), "metrics: http://%s/metrics\n", at)
	}
	p.begin(cfg)
	result := l.Run(ctx)
	p.end()
	return result, nil
}

// roomFor is how many jobs of so many calls this machine has room for.
func roomFor(conf *config.Config, calls int) int {
	limits := pjsua.Limits()
	// Of handles and files a call has one for RTP and one for RTCP; 64 are for all else.
	room := min(limits.Calls, (limits.Handles-64)/2)
	if files := fileLimit(); files > 0 {
		room = min(room, (files-64)/2)
	}
	if set := conf.Settings; set.RTPPortMax > 0 {
		room = min(room, (set.RTPPortMax-set.RTPPortMin+1)/2)
	}
	if set := conf.Settings; set.MaxCalls > 0 {
		room = min(room, set.MaxCalls)
	}
	return max(room/max(calls, 1), 0)
}

// serveMetrics lets Prometheus read the figures of a load at an address, if there is one, and
// says where that is.
func serveMetrics(addr string, l *load.Runner) (stop func(), at string, err error) {
	if addr == "" {
		return func() {}, "", nil
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(l.Collectors()...)
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, "", err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(listener) // until it is closed
	}()
	return func() {
		_ = srv.Close()
		<-done
	}, listener.Addr().String(), nil
}

// conclude prints and writes the result, and returns the exit code.
func (o *loadOptions) conclude(cmd *cobra.Command, run *report.LoadRun, files []string) error {
	run.Name, run.Version = "Load", offhookVersion()
	run.Host, _ = os.Hostname()
	run.Command = cmd.CommandPath() + " " + strings.Join(files, " ")
	if o.to != "" {
		run.Name = "Load of " + o.to
		run.Command = cmd.CommandPath() + " --to " + o.to
	} else if len(files) == 1 {
		run.Name = "Load of " + filepath.Base(files[0])
	}
	run.Command += " --rate " + o.rate
	out := cmd.OutOrStdout()
	var err error
	if o.json {
		err = writeJSON(out, struct {
			Type string `json:"type"`
			*report.LoadRun
		}{"LoadRun", run})
	} else {
		err = printLoad(out, run)
	}
	if err == nil && o.report != "" {
		err = errors.Join(
			writeReport(filepath.Join(o.report, "load.json"), func(w io.Writer) error { return report.WriteLoadJSON(w, run) }),
			writeReport(filepath.Join(o.report, "load.html"), func(w io.Writer) error { return report.WriteLoadHTML(w, run) }))
		if err == nil && !o.json {
			fmt.Fprintf(cmd.ErrOrStderr(), "report: %s\n", filepath.Join(o.report, "load.html"))
		}
	}
	if err != nil {
		return err
	}
	switch run.Outcome {
	case report.Passed:
		return nil
	case report.Failed:
		return &exitError{code: exitFailed}
	}
	return &exitError{code: exitNotRun}
}
