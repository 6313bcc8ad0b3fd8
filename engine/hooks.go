package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
)

const (
	maxHooks     = 1000 // that wait; a further one is reported and dropped
	hooksAtOnce  = 16
	hookStopTime = 500 * time.Millisecond // what hooks may add to the engine's end
)

// hookOf returns the key and the command of the hook for a moment.
func hookOf(s *config.Settings, name string) (key, command string) {
	switch name {
	case momentOutgoing:
		return "cmdOutgoingCall", s.CmdOutgoingCall
	case momentIncoming:
		return "cmdIncomingCall", s.CmdIncomingCall
	case momentRing:
		return "cmdCallRing", s.CmdCallRing
	case momentAnswer:
		return "cmdCallAnswer", s.CmdCallAnswer
	case momentAnswerVideo:
		return "cmdCallAnswerVideo", s.CmdCallAnswerVideo
	case momentStart:
		return "cmdCallStart", s.CmdCallStart
	case momentBusy:
		return "cmdCallBusy", s.CmdCallBusy
	case momentEnd:
		return "cmdCallEnd", s.CmdCallEnd
	case momentHold:
		return "cmdCallHold", s.CmdCallHold
	case momentResume:
		return "cmdCallResume", s.CmdCallResume
	case momentTransfer:
		return "cmdCallTransfer", s.CmdCallTransfer
	case momentDTMF:
		return "cmdDTMF", s.CmdDTMF
	case momentRegistration:
		return "cmdRegistration", s.CmdRegistration
	case momentRecording:
		return "cmdRecording", s.CmdRecording
	case momentMessage:
		return "cmdMessage", s.CmdMessage
	case momentMWI:
		return "cmdMWI", s.CmdMWI
	}
	return "", ""
}

// hookMoments are the moments that have a hook.
var hookMoments = []string{
	momentOutgoing, momentIncoming, momentRing, momentAnswer, momentAnswerVideo, momentStart, momentBusy, momentEnd,
	momentHold, momentResume, momentTransfer, momentDTMF, momentRegistration, momentRecording, momentMessage, momentMWI,
}

func anyHook(cfg *config.Config) bool {
	for _, r := range cfg.Rules {
		if r.Action == config.RuleHook {
			return true
		}
	}
	for _, name := range hookMoments {
		if _, command := hookOf(&cfg.Settings, name); command != "" {
			return true
		}
	}
	return false
}

// hooks runs the commands of the configuration. Those of one call run one after the
// other, so that they end in the order of what they report; those of different calls
// side by side. Nothing waits for them, but a call whose decision hookWait holds back.
type hooks struct {
	e     *Engine
	slots chan struct{}

	mu      sync.Mutex
	queues  map[string][]hookJob // by call or account; the first is running
	waiting int
	closed  bool
	running sync.WaitGroup
}

type hookJob struct {
	key     string // of the configuration, or Rule.name
	args    []string
	env     []string
	limit   time.Duration
	head    EventHeader
	release bool // a call waits for it
}

func newHooks(e *Engine) *hooks {
	return &hooks{e: e, slots: make(chan struct{}, hooksAtOnce), queues: make(map[string][]hookJob)}
}

// take starts the hook of a moment, if it has one.
func (h *hooks) take(m moment) {
	s := h.e.settings()
	key, command := hookOf(s, m.name)
	if m.name == momentRule {
		key, command = "Rule."+m.call.rule, m.call.command
	}
	if command == "" {
		return
	}
	head := m.event.Header()
	release := m.name == momentIncoming
	if release {
		defer func() {
			if release {
				h.e.releaseGate(head.Call)
			}
		}()
	}
	account := h.e.accountConfig(head.Account)
	if s.Dialect != config.Strict || m.name == momentOutgoing {
		// What is put in has neither spaces nor quotes, so it cannot become two arguments.
		command = substitute(command, m.substitutions(account, s))
	}
	args := hookArguments(command, m.parameter(), s.Dialect)
	if args == nil {
		return
	}
	queue := fmt.Sprintf("account %d", head.Account)
	if head.Call != 0 {
		queue = fmt.Sprintf("call %d", head.Call)
	}
	job := hookJob{
		key: key, args: args, limit: s.HookTimeLimit, head: head, release: release,
		env: append(hookEnvironment(os.Environ(), h.e.secrets()), m.variables(key, account)...),
	}
	if h.enqueue(queue, job) {
		release = false
	}
}

// enqueue returns false when the queue is full.
func (h *hooks) enqueue(queue string, job hookJob) bool {
	h.mu.Lock()
	if h.closed || h.waiting >= maxHooks {
		h.mu.Unlock()
		h.e.hookFailed(job, fmt.Sprintf("not run: %d hooks wait already", maxHooks))
		return false
	}
	h.waiting++
	h.queues[queue] = append(h.queues[queue], job)
	first := len(h.queues[queue]) == 1
	if first {
		h.running.Add(1)
	}
	h.mu.Unlock()
	if first {
		go h.serve(queue)
	}
	return true
}

// serve runs the hooks of one queue until it is empty.
func (h *hooks) serve(queue string) {
	defer h.running.Done()
	for {
		h.mu.Lock()
		if len(h.queues[queue]) == 0 {
			delete(h.queues, queue)
			h.mu.Unlock()
			return
		}
		job := h.queues[queue][0]
		h.mu.Unlock()

		h.slots <- struct{}{}
		h.mu.Lock()
		h.waiting--
		h.mu.Unlock()
		err := runHook(job)
		<-h.slots
		if job.release {
			h.e.releaseGate(job.head.Call)
		}
		if err != nil {
			h.e.hookFailed(job, err.Error())
		}
		h.mu.Lock()
		h.queues[queue] = h.queues[queue][1:]
		h.mu.Unlock()
	}
}

// stop waits a moment for what is under way. What runs longer goes on without the
// engine.
func (h *hooks) stop() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	if !waitFor(&h.running, hookStopTime) {
		h.mu.Lock()
		waiting := h.waiting
		h.mu.Unlock()
		h.e.log.Warn("hooks run longer than the engine", "waiting", waiting)
	}
}

// runHook runs a command to its end, or to its time limit, when it and the processes
// that it started are killed.
func runHook(job hookJob) error {
	ctx := context.Background()
	if job.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, job.limit)
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, job.args[0], job.args[1:]...)
	cmd.Env = job.env
	ownGroup(cmd)
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("killed after %v (hookTimeLimit)", job.limit)
	case errors.As(err, &exit):
		return errors.New(exit.Error()) // its text is the exit status
	}
	return fmt.Errorf("cannot be started: %w", plainError(err))
}

// plainError takes the command off an error: it may hold a password that was asked
// for.
func plainError(err error) error {
	var notFound *exec.Error
	if errors.As(err, &notFound) {
		return notFound.Err
	}
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func (e *Engine) hookFailed(job hookJob, reason string) {
	e.log.Warn("hook failed", "hook", job.key, "call", job.head.Call, "reason", reason)
	e.report(func() Event {
		return HookFailed{
			EventHeader: e.header("HookFailed", time.Now(), job.head.Account, job.head.Call),
			Hook:        job.key, Reason: reason,
		}
	})
}

// report publishes an event of the engine's own, unless it has stopped. make is called
// with Engine.mu held.
func (e *Engine) report(event func() Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state == starting || e.state == running || e.state == stopping {
		e.bus.publish(event())
	}
}

// accountConfig returns the configuration of an account, nil when there is none.
func (e *Engine) accountConfig(number int) *config.Account {
	if a, ok := e.Account(number); ok {
		return a.cfg()
	}
	return nil
}

// secrets are the passwords of all accounts.
func (e *Engine) secrets() []string {
	list := []string{e.settings().WebhookSecret.Reveal()}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range e.accounts {
		list = append(list, a.cfg().Password.Reveal(), a.cfg().TURNPassword.Reveal())
	}
	return list
}

// parameter is MicroSIP's: the user part of the far end, and where there is none
// nothing, but its domain for cmdCallBusy and cmdCallEnd. Of what is about no call it
// is what changed.
func (m *moment) parameter() string {
	switch {
	case m.call.user == "" && (m.name == momentBusy || m.name == momentEnd):
		return m.call.domain
	case m.name == momentRegistration, m.name == momentMWI:
		return strconv.Itoa(m.event.Header().Account)
	}
	return m.call.user
}

// HookVariables returns the names of the environment variables that hooks have, so
// that they are not taken for keys where a hook starts offhook.
func HookVariables() []string {
	m := moment{event: EngineStarted{}}
	var names []string
	for _, v := range m.variables("", nil) {
		name, _, _ := strings.Cut(v, "=")
		names = append(names, name)
	}
	return names
}

// variables are the facts of a moment for a program.
func (m *moment) variables(key string, account *config.Account) []string {
	f, head := &m.call, m.event.Header()
	var list []string
	set := func(name, value string) {
		list = append(list, "OFFHOOK_"+name+"="+strings.ReplaceAll(value, "\x00", ""))
	}
	number := func(name string, n int64) {
		if n == 0 {
			set(name, "")
			return
		}
		set(name, strconv.FormatInt(n, 10))
	}
	at := func(name string, t time.Time) {
		if t.IsZero() {
			set(name, "")
			return
		}
		set(name, t.UTC().Format(time.RFC3339Nano))
	}
	set("HOOK", key)
	set("HOOK_MOMENT", m.name)
	at("HOOK_TIME", head.Time)
	set("HOOK_ACCOUNT", strconv.Itoa(head.Account))
	label, user := "", ""
	if account != nil {
		label, user = account.Label, account.Username
	}
	set("HOOK_ACCOUNT_LABEL", label)
	set("HOOK_ACCOUNT_USER", user)

	number("CALL_ID", int64(f.call))
	set("CALL_SIP_ID", f.sipCallID)
	direction := ""
	if f.call != 0 {
		direction = f.direction()
	}
	set("CALL_DIRECTION", direction)
	set("CALL_REMOTE", f.remote)
	set("CALL_LOCAL", f.local)
	set("CALL_NUMBER", f.user)
	set("CALL_DOMAIN", f.domain)
	set("CALL_NAME", f.name)
	set("CALL_DIVERSION", f.diversion)
	set("CALL_SOURCE", f.source)
	number("CALL_CODE", int64(f.code))
	set("CALL_REASON", f.reason)
	at("CALL_STARTED", f.started)
	at("CALL_RINGING", f.ringing)
	at("CALL_ANSWERED", f.answered)
	at("CALL_ENDED", f.ended)
	duration := ""
	if f.call != 0 {
		duration = strconv.FormatInt(int64(f.duration(head.Time).Seconds()), 10)
	}
	set("CALL_DURATION", duration)
	set("CALL_HELD_BY", f.held)
	set("CALL_CODEC", f.codec)
	set("CALL_RULE", f.rule)
	set("CALL_RECORDINGS", strings.Join(f.files, "\n"))

	// What the event itself says.
	var digit, target, path, code, reason, registered, text, contentType, newMessages, oldMessages string
	switch ev := m.event.(type) {
	case DTMFReceived:
		digit = ev.Digit
	case TransferRequested:
		target, code = ev.Target, strconv.Itoa(ev.Code)
	case RecordingEnded:
		path = ev.Path
	case MessageReceived:
		text, contentType = ev.Text, ev.ContentType
	case MWIChanged:
		newMessages, oldMessages = strconv.Itoa(ev.New), strconv.Itoa(ev.Old)
	case RegistrationChanged:
		code, reason = strconv.Itoa(ev.Code), ev.Reason
		registered = "0"
		if ev.Registered {
			registered = "1"
		}
	}
	set("HOOK_DIGIT", digit)
	set("HOOK_TARGET", target)
	set("HOOK_PATH", path)
	set("HOOK_CODE", code)
	set("HOOK_REASON", reason)
	set("HOOK_REGISTERED", registered)
	set("HOOK_TEXT", text)
	set("HOOK_CONTENT_TYPE", contentType)
	set("HOOK_NEW_MESSAGES", newMessages)
	set("HOOK_OLD_MESSAGES", oldMessages)
	return list
}

// hookEnvironment is the engine's own environment without what configures it, in which
// passwords can be. What names the running engine stays.
func hookEnvironment(environ, secrets []string) []string {
	var list []string
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "OFFHOOK_") && name != "OFFHOOK_CONFIG" && name != "OFFHOOK_SOCKET" {
			continue
		}
		secret := false
		for _, s := range secrets {
			secret = secret || s != "" && value == s
		}
		if !secret {
			list = append(list, v)
		}
	}
	return list
}

// gateLocked holds the decision about an incoming call back until its hook has ended,
// where the configuration asks for MicroSIP's wait.
func (e *Engine) gateLocked(c *Call) {
	s := e.settings()
	c.gated = s.HookWait > 0 && s.CmdIncomingCall != ""
}

func (e *Engine) releaseGate(id CallID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.calls[id]; c != nil && c.gated {
		c.gated = false
		c.wakeWorker()
	}
}
