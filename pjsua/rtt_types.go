package pjsua

import "unicode/utf8"

// TextOptions are the choices of [Call.SendText] (pjsua_call_send_text_param).
type TextOptions struct {
	// Media is the m= line of the text stream in the SDP, counted from 1; 0: the first
	// text stream that sends.
	Media int
}

// TextReceived reports a block of real-time text (T.140, RFC 4103): pjsua's
// on_call_rx_text. Blocks come in order, about three times a second while somebody types,
// and cut words anywhere.
type TextReceived struct {
	EventHeader
	Call CallID
	// Text is byte for byte what came: UTF-8 with the control codes of T.140, such as
	// U+2028 for a new line and backspace, unless the sender is wrong.
	Text     string
	Sequence int // of its RTP packet
	// Lost is how many packets before it are missing whose text the packets after them did
	// not repeat either; RFC 4103 section 5.3 marks the place with U+FFFD.
	Lost      int
	Timestamp uint32 // in ms of the sender's clock
}

// textBlock is how many bytes PJSIP takes for certain in one packet, with those that it
// repeats: a packet that grows past its 64 bytes would stop the stream for good.
const textBlock = 18

// textBlocks cuts text into pieces of at most textBlock bytes and whole characters.
func textBlocks(text string) []string {
	var blocks []string
	for text != "" {
		n := min(textBlock, len(text))
		for n < len(text) && !utf8.RuneStart(text[n]) {
			n--
		}
		blocks = append(blocks, text[:n])
		text = text[n:]
	}
	return blocks
}
