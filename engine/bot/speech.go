package bot

import "github.com/offhook-voip/offhook/engine/dsp"

// speechTrack says where the far end speaks. Positions are samples.
type speechTrack struct {
	detector *dsp.ActivityDetector
	heard    uint64
	active   bool
	onset    uint64 // where the speech that is active, or was last, begins
	last     uint64 // where speech was last
	count    uint64 // of onsets
}

func newSpeechTrack(rate int, opts dsp.ActivityOptions) (*speechTrack, error) {
	d, err := dsp.NewActivityDetector(rate, opts)
	return &speechTrack{detector: d}, err
}

// hear takes in samples and says whether speech has begun in them.
func (s *speechTrack) hear(samples []int16) (began bool) {
	s.heard += uint64(len(samples))
	for _, a := range s.detector.Hear(samples) {
		switch {
		case a.Sounds != dsp.Speech:
		case a.Length == 0:
			s.active, s.onset = true, uint64(a.Start)
			s.count++
			began = true
		default:
			s.active, s.last = false, uint64(a.Start+a.Length)
		}
	}
	if s.active {
		s.last = s.heard
	}
	return began
}
