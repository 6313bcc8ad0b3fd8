// Package dsp measures recorded audio and makes tones: it answers "what was
// heard, when, how loud, how clean" about a recording, so that a test of a
// telephone call can check the audio that arrived and not only that a file
// exists. It is pure Go and knows nothing of calls.
//
//	rec, err := dsp.ReadWAV("call.wav")
//	for _, s := range dsp.Segments(rec.Channel(0), rec.Rate) {
//		fmt.Println(s) // 0.300s-2.100s 440.0 Hz -19.0 dBov ...
//	}
//
// # Levels
//
// Every level is in dBov, the unit of ITU-T G.100.1 and of the audio level
// header extensions of RFC 6464 and RFC 6465: root mean square relative to the
// overload point, which is a full-scale square wave. A full-scale sine is
// therefore -3.01 dBov ([FullScaleSine]). A sine of 0 dBm0 through G.711 is
// -6.15 dBov with A-law and -6.18 dBov with mu-law. As in those RFCs nothing is
// lower than -127 dBov ([MinLevel]), which stands for digital silence, so every
// level is a finite number and survives JSON.
//
// # Samples
//
// Samples are 16-bit linear PCM. A []int16 is always one channel; [Audio] holds
// interleaved channels and [Audio.Channel] takes one out.
//
// # WAV files
//
// They are read and written by package wav. Transforms and windows are gonum's.
//
// All functions may be called concurrently; none keeps state or modifies its
// input. A [DTMFDetector] and a [PromptMatcher] keep state, since they hear a call while it lasts.
package dsp
