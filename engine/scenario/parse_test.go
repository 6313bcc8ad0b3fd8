package scenario

import "testing"

func TestParse(t *testing.T) {
	s, err := Parse("a.yaml", []byte(`
name: greeting
timeout: 60s
variables: {pbx: 127.0.0.1, least: 70}
actors:
  caller: {server: "${pbx}", username: 1001, password: "${env:PW}"}
steps:
  - dial: sip:500@${pbx}
  - expect-ringing: 2s
  - expect-prompt: {file: welcome.wav, likeness: "${least}", within: 4s}
  - send-dtmf: 12#
  - wait: 1s..3s
  - parallel:
    - - play: a.wav
    - - expect-dtmf: 012
  - hangup
`), Options{NoFiles: true, Env: func(name string) (string, bool) { return "secret", name == "PW" }})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Expand()
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	step, err := s.Steps[2].Expand(list[0].Vars())
	if err != nil || step.Action.(*ExpectPrompt).Likeness != 70 {
		t.Errorf("%+v, %v", step.Action, err)
	}
}

func TestParseProblems(t *testing.T) {
	_, err := Parse("a.yaml", []byte(`
nam: greeting
timeout: 60
actors:
  caller: {sever: a, transport: udb}
steps:
  - dail: sip:500
  - dial: {to: sip:500, wait: ringin}
    witin: 5s
  - expect-prompt: w.wav
    within: 5s
  - expect-code: 4x
  - hangup: {cod: 3}
    dial: 4
`), Options{NoFiles: true})
	t.Log("\n", err)
}
