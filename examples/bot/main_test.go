package main

import (
	"testing"
	"testing/synctest"

	"github.com/offhook-voip/offhook/engine/bot/bottest"
)

func TestWelcome(t *testing.T) {
	t.Chdir(t.TempDir()) // where there is no welcome.wav
	synctest.Test(t, func(t *testing.T) {
		caller := bottest.Call(t, welcome, bottest.Options{})
		caller.ExpectSaid("a program answers")
		if err := caller.ExpectEnd(); err != nil {
			t.Error(err)
		}
	})
}
