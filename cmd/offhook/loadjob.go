package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/load"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/runner"
	"github.com/offhook-voip/offhook/engine/scenario"
	"github.com/offhook-voip/offhook/pjsua"
)

// loadJob is what a load does again and again.
type loadJob struct {
	run   load.Job
	calls int // that one has at a time, at most
	close func() error
}

// newDialJob is a call: dial, wait for the answer, listen, hang up. The account is registered
// first.
func newDialJob(ctx context.Context, eng *engine.Engine, o *loadOptions) (*loadJob, error) {
	acc, ok := eng.Account(o.account)
	if !ok {
		return nil, &engine.UnknownAccountError{Number: o.account}
	}
	registered, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	if err := acc.WaitRegistered(registered); err != nil {
		if registered.Err() != nil && ctx.Err() == nil {
			err = fmt.Errorf("%s did not answer within %v", acc.Info().Server, o.timeout)
		}
		return nil, err
	}
	number := o.account
	if number == 0 {
		number = engine.LocalAccount
	}
	d := &dialJob{eng: eng, request: engine.DialRequest{Account: number, URI: o.to}, hold: o.hold, timeout: o.timeout}
	return &loadJob{run: d.run, calls: 1, close: func() error { return nil }}, nil
}

type dialJob struct {
	eng     *engine.Engine
	request engine.DialRequest
	hold    time.Duration
	timeout time.Duration
}

func (d *dialJob) run(ctx context.Context, _ int) (out load.Outcome) {
	ring, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	began := time.Now()
	call, err := d.eng.Dial(ring, d.request)
	if err != nil {
		out.Failure, out.Here = err.Error(), true
		if ring.Err() != nil {
			out.Failure = fmt.Sprintf("could not be dialled within %v", d.timeout)
		}
		return out
	}
	defer func() {
		if err := hangUpNow(call); err != nil && out.Failure == "" {
			out.Failure = err.Error()
		}
		if stats, err := call.Stats(context.Background()); err == nil && out.Setup > 0 {
			d.judge(&out, call.Info(), stats)
		}
	}()
	err = call.Wait(ring, engine.StateConfirmed)
	var refused *pjsua.CallError
	switch {
	case err == nil:
	case errors.As(err, &refused):
		out.Code, out.Failure = int(refused.Code), fmt.Sprintf("%d %s", refused.Code, printable(refused.Reason))
		return out
	case ctx.Err() != nil:
		out.Failure = "interrupted"
		return out
	default:
		out.Failure = fmt.Sprintf("not answered within %v", d.timeout)
		return out
	}
	answered := call.Info().Answered
	out.Setup = max(answered.Sub(began), time.Nanosecond)
	timer := time.NewTimer(time.Until(answered.Add(d.hold)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-call.Done():
		out.Failure = fmt.Sprintf("the far end hung up before %v were over", d.hold)
	}
	return out
}

// Of a call that was shorter than mediaTime no audio is expected.
const (
	mediaTime = time.Second
	frameTime = 20 * time.Millisecond
)

// judge looks at the figures of a call that has ended.
func (d *dialJob) judge(out *load.Outcome, info engine.CallInfo, stats engine.CallStats) {
	out.Duration = info.Ended.Sub(info.Answered)
	out.MOSRX, out.MOSTX = stats.RX.MOS, stats.TX.MOS
	if out.Duration >= mediaTime && stats.RX.Packets == 0 && out.Failure == "" {
		out.Failure = "answered, but no RTP came"
	}
	out.LostFrames = notSent(out.Duration, stats.TX.Packets)
}

// notSent is how many frames the machine was too slow to send. A call sends one each 20 ms
// from the answer on; one that sends fewer than seven in ten has packets of another length,
// 30 ms or more, or was held, which says nothing.
func notSent(d time.Duration, packets uint64) uint64 {
	due := uint64(d / frameTime)
	if d < mediaTime || packets >= due || packets*10 < due*7 {
		return 0
	}
	// The first and the last ones may be on either side of the answer and of the hang-up.
	if missing := due - packets; missing*50 > due && missing > 10 {
		return missing
	}
	return 0
}

// hangUpNow ends a call if it is not over, and waits until it is.
func hangUpNow(call *engine.Call) error {
	ctx, cancel := context.WithTimeout(context.Background(), hangupTime)
	defer cancel()
	err := call.Hangup(ctx, 0, "")
	if err == nil {
		err = call.Wait(ctx, engine.StateDisconnected)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the call did not end within %v of the hang-up", hangupTime)
	}
	return err
}

// newScenarioJob is a scenario after the other, in turn.
func newScenarioJob(ctx context.Context, eng *engine.Engine, opts runner.Options, instances []scenario.Instance) (*loadJob, error) {
	r, err := runner.New(ctx, eng, opts)
	if err != nil {
		return nil, err
	}
	job := &loadJob{}
	// A session of each that does nothing keeps the actors registered from one to the next.
	var held []*runner.Session
	job.close = func() error {
		for _, s := range held {
			s.Close(context.Background())
		}
		return r.Close()
	}
	for _, in := range instances {
		job.calls = max(job.calls, len(in.Scenario.Actors))
		s, err := r.NewSession(ctx, in, "")
		if err != nil {
			return nil, errors.Join(err, job.close())
		}
		held = append(held, s)
	}
	job.run = func(ctx context.Context, n int) load.Outcome {
		return outcomeOfScenario(r.RunOne(ctx, instances[n%len(instances)]))
	}
	return job, nil
}

// outcomeOfScenario is what a load counts of a scenario: the setup and the length of the
// first call that was answered, the worst MOS, the frames that its calls did not send, and how
// long steps with a name took.
func outcomeOfScenario(res report.Scenario) load.Outcome {
	out := load.Outcome{}
	worse := func(have *float64, mos float64) {
		if mos > 0 && (*have == 0 || mos < *have) {
			*have = mos
		}
	}
	for _, c := range res.Calls {
		worse(&out.MOSRX, c.RX.MOS)
		worse(&out.MOSTX, c.TX.MOS)
		if c.Answered > 0 && c.Ended > 0 && !c.Held {
			out.LostFrames += notSent((c.Ended - c.Answered).Duration(), c.TX.Packets)
		}
		if c.Role == "UAC" && c.Answered > 0 && out.Setup == 0 {
			out.Setup = (c.Answered - c.Start).Duration()
			if c.Ended > 0 {
				out.Duration = (c.Ended - c.Answered).Duration()
			}
		}
	}
	for _, st := range res.Steps {
		if st.Name != "" && st.Outcome == report.Passed {
			if out.Latencies == nil {
				out.Latencies = make(map[string]time.Duration)
			}
			out.Latencies[st.Name] = max(out.Latencies[st.Name], st.Duration.Duration())
		}
	}
	if res.Outcome == report.Passed {
		return out
	}
	out.Failure = res.Message
	// A message has what was measured in it; the step is the same for the same reason.
	for _, st := range res.Steps {
		if st.Outcome == report.Failed || st.Outcome == report.Errored {
			out.Failure = fmt.Sprintf("%s:%d: %s", st.File, st.Line, st.Text)
			if st.Call >= 0 && st.Call < len(res.Calls) {
				if c := res.Calls[st.Call]; c.Code >= 300 && c.Answered == 0 {
					out.Code = c.Code
					out.Failure += fmt.Sprintf(": %d %s", c.Code, c.Reason)
				}
			}
			if st.Action != "parallel" && st.Action != "repeat" && st.Action != "call" {
				break // else the step in it says more
			}
		}
	}
	if out.Failure == "" {
		out.Failure = string(res.Outcome)
	}
	return out
}
