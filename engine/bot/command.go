package bot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// How long a program may take that speaks or listens, and what is kept of what it prints.
const (
	commandTimeout = 60 * time.Second
	commandOutput  = 64 << 20
	commandErrors  = 300
)

// run runs a program and returns its standard output. Neither its arguments nor its input
// are in errors, since they may be what a caller said.
func run(ctx context.Context, what string, args, env []string, input string) ([]byte, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("bot: %s: no command", what)
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.WaitDelay = time.Second
	if len(env) > 0 {
		cmd.Env = append(os.Environ(), env...)
	}
	cmd.Stdin = strings.NewReader(input)
	out, errs := &limited{limit: commandOutput}, &limited{limit: commandErrors}
	cmd.Stdout, cmd.Stderr = out, errs
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("bot: %s: %s: %w", what, args[0], ctx.Err())
	case err != nil:
		text := strings.TrimSpace(errs.String())
		if text != "" {
			text = ": " + text
		}
		return nil, fmt.Errorf("bot: %s: %s: %w%s", what, args[0], err, text)
	case out.over:
		return nil, fmt.Errorf("bot: %s: %s: more than %d bytes of output", what, args[0], commandOutput)
	}
	return out.Bytes(), nil
}

func missingProgram(err error) bool { return errors.Is(err, exec.ErrNotFound) }

// limited keeps the beginning of what is written.
type limited struct {
	bytes.Buffer
	limit int
	over  bool
}

func (l *limited) Write(p []byte) (int, error) {
	room := max(0, l.limit-l.Len())
	if len(p) > room {
		l.over = true
	}
	l.Buffer.Write(p[:min(len(p), room)])
	return len(p), nil
}
