package pjsua

import (
	"errors"
	"time"

	"github.com/offhook-voip/offhook/pjsua/wav"
)

// ErrPlayerGone is returned by commands on a player that was closed.
var ErrPlayerGone = errors.New("pjsua: the player was closed")

// PlayerOptions are the choices of [Endpoint.NewPlayer], [Endpoint.NewPlayerFrom] and
// [Endpoint.NewPlaylist].
type PlayerOptions struct {
	// Loop plays again and again, without a gap; otherwise [PlayerFinished] follows the
	// end and silence follows that.
	Loop bool
	// Paused waits for [Player.Resume].
	Paused bool
}

// PlayerInfo describes what a player plays (pjmedia_wav_player_info).
type PlayerInfo struct {
	// Files are the formats and sizes of the files, more than one for a playlist.
	Files    []wav.Info
	Duration time.Duration // of all of them
	// InMemory says that the whole audio is held as 16-bit samples at the bridge's rate;
	// otherwise PJSIP reads the file while it plays.
	InMemory bool
}
