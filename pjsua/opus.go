//go:build cgo

package pjsua

/*
#cgo pkg-config: opus
#include <opus.h>

// opus_encoder_ctl takes variable arguments, which cgo cannot call.
static int set_bitrate(OpusEncoder *e, opus_int32 rate) { return opus_encoder_ctl(e, OPUS_SET_BITRATE(rate)); }
static int get_lookahead(OpusEncoder *e, opus_int32 *n) { return opus_encoder_ctl(e, OPUS_GET_LOOKAHEAD(n)); }
*/
import "C"

import (
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4/pkg/media/oggwriter"
)

// opusFile encodes to Opus (RFC 6716) in Ogg (RFC 7845) with libopus, which PJSIP's
// codec is too. Every packet of 20 ms is a page of its own and in the file at once.
type opusFile struct {
	enc      *C.OpusEncoder // in mem, which has no pointers
	mem      []byte
	ogg      *oggwriter.Writer
	track    *oggwriter.Track
	channels int
	frame    int     // samples of all channels in a packet
	buf      []int16 // less than a packet
	packet   []byte
	tail     int // samples of all channels to add so that the last ones are decoded
}

const (
	opusRate = 48000
	// opusPreSkip is how many samples at 48 kHz a player leaves out at the beginning, as
	// oggwriter's header says (RFC 7845 section 4.2).
	opusPreSkip = 3840
	opusPacket  = 1275 * 3 // more than the longest packet
)

// newOpusFile begins a file; bitrate 0 is 32000 for each channel, at which the two
// sides of a stereo file stay apart.
func newOpusFile(f *os.File, rate, channels, bitrate int) (*opusFile, error) {
	if bitrate == 0 {
		bitrate = 32000 * channels
	}
	mem := make([]byte, C.opus_encoder_get_size(C.int(channels)))
	o := &opusFile{
		enc: (*C.OpusEncoder)(unsafe.Pointer(&mem[0])), mem: mem, channels: channels,
		frame: rate / 50 * channels, packet: make([]byte, opusPacket),
	}
	var lookahead C.opus_int32
	err := opusError(C.opus_encoder_init(o.enc, C.opus_int32(rate), C.int(channels), C.OPUS_APPLICATION_AUDIO))
	if err == nil {
		err = opusError(C.set_bitrate(o.enc, C.opus_int32(bitrate)))
	}
	if err == nil {
		err = opusError(C.get_lookahead(o.enc, &lookahead))
	}
	if err != nil {
		return nil, err
	}
	// The decoded audio comes lookahead later; the rest of what is left out is silence.
	o.tail = int(lookahead) * channels
	o.buf = make([]int16, (opusPreSkip*rate/opusRate-int(lookahead))*channels)
	if o.ogg, err = oggwriter.NewWriter(unclosed{f}, oggwriter.WithSeekableOutput(f), oggwriter.WithVendor("libopus"),
		oggwriter.WithSampleRate(uint32(rate)), oggwriter.WithChannelCount(uint16(channels))); err != nil {
		return nil, err
	}
	if o.track, err = o.ogg.NewTrack(0); err != nil {
		return nil, err
	}
	return o, o.Write(nil)
}

// unclosed keeps the oggwriter from closing the file, which it would do to what can be
// closed.
type unclosed struct{ io.Writer }

func opusError(code C.int) error {
	if code == C.OPUS_OK {
		return nil
	}
	return errors.New("libopus: " + C.GoString(C.opus_strerror(code)))
}

func (o *opusFile) Write(samples []int16) error {
	o.buf = append(o.buf, samples...)
	for len(o.buf) >= o.frame {
		n := C.opus_encode(o.enc, (*C.opus_int16)(&o.buf[0]), C.int(o.frame/o.channels),
			(*C.uchar)(&o.packet[0]), C.opus_int32(len(o.packet)))
		if n < 0 {
			return opusError(C.int(n))
		}
		o.buf = o.buf[:copy(o.buf, o.buf[o.frame:])]
		if err := o.track.WriteRTP(&rtp.Packet{Payload: o.packet[:n]}); err != nil {
			return fmt.Errorf("write Ogg: %w", err)
		}
	}
	return nil
}

// Flush has nothing to do: pages are complete.
func (o *opusFile) Flush() error { return nil }

// Close encodes what is left, with silence to the end of the packet, and marks the last
// page.
func (o *opusFile) Close() error {
	n := o.tail
	if over := (len(o.buf) + n) % o.frame; over > 0 {
		n += o.frame - over
	}
	if err := o.Write(make([]int16, n)); err != nil {
		return err
	}
	return o.ogg.Close()
}
