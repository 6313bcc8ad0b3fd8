package dsp

import "github.com/offhook-voip/offhook/pjsua/wav"

// ReadWAV reads a WAV file whole into memory, of any format that [wav.Read] takes and
// with its errors. A file that ends early is not an error: Audio.Unfinished is set.
func ReadWAV(path string) (*Audio, error) {
	a, err := wav.Read(path)
	if err != nil {
		return nil, err
	}
	return &Audio{Rate: a.Info.Rate, Channels: a.Info.Channels, Samples: a.Samples, Unfinished: a.Info.Unfinished}, nil
}

// WriteWAV writes a recording as 16-bit linear PCM, replacing the file if it is
// there. What a full disk leaves of it, ReadWAV still reads.
func WriteWAV(path string, a *Audio) error {
	return wav.Write(path, a.Rate, a.Channels, a.Samples)
}
