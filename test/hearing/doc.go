// Package hearing measures what package dsp hears of espeak-ng's voices, of recordings of a
// person and of tones, through calls with each codec and loss. It has tests only, with the build tag integration:
//
//	test/peers/install.sh
//	go test -tags integration ./test/hearing          # -update writes the tables of docs/hearing.md
package hearing
