package pjsua

import (
	"fmt"
	"time"
)

// DialOptions are the choices of [Account.Dial]; the zero value is an ordinary
// audio call.
type DialOptions struct {
	Setting CallSetting
	Msg     MsgData // of the INVITE
	// Policy of the call, in force before the INVITE goes out; nil: the account's.
	Policy *Policy
}

// AnswerOptions are the choices of [Call.Answer].
type AnswerOptions struct {
	Reason  string // replaces the code's own phrase; empty keeps it
	Setting CallSetting
	// OwnCodecOrder takes the codec that comes first in our own order of those that the INVITE
	// offers, not in the caller's. It stays so for offers that come later in the call
	// (pjmedia_sdp_neg_set_prefer_remote_codec_order).
	OwnCodecOrder bool
	// Msg is of the response. PJSIP makes each response to an INVITE from the one before:
	// header fields of a 180 are in the 183 and in the final response too.
	Msg MsgData
}

// HangupOptions are the choices of [Call.Hangup].
type HangupOptions struct {
	// Code refuses an incoming call that was not answered; 0 means 603. For a call
	// that is up a code other than 0 goes, with Reason, into the Reason header of the
	// BYE (RFC 3326).
	Code   SIPCode
	Reason string  // replaces the code's own phrase; empty keeps it
	Msg    MsgData // of the BYE, CANCEL or response
}

func (o HangupOptions) validate() error {
	if o.Code != 0 && (o.Code < 200 || o.Code > 699) {
		return fmt.Errorf("pjsua: hangup: %d is no final response code", int(o.Code))
	}
	return nil
}

// HoldOptions are the choices of [Call.Hold].
type HoldOptions struct {
	Flags CallFlag // CallUpdateContact, CallUpdateVia, CallUpdateTarget
	Msg   MsgData  // of the re-INVITE
}

// ReinviteOptions are the choices of [Call.Reinvite] and [Call.Resume].
type ReinviteOptions struct {
	Setting CallSetting
	Msg     MsgData // of the re-INVITE
}

// CallFlag is a set of pjsua_call_flag.
type CallFlag uint

// The flags of a call.
const (
	CallUnhold               CallFlag = 1   // re-INVITE, UPDATE: take the far end off hold
	CallUpdateContact        CallFlag = 2   // take over the account's Contact (IP change)
	CallIncludeDisabledMedia CallFlag = 4   // offer disabled media with port 0
	CallNoSDPOffer           CallFlag = 8   // send no SDP: the far end offers (RFC 3261 section 13.2.1)
	CallReinitMedia          CallFlag = 16  // make the media and its transport anew
	CallUpdateVia            CallFlag = 32  // take over the account's Via (IP change)
	CallUpdateTarget         CallFlag = 64  // send to MsgData.TargetURI from now on
	CallNoMediaSync          CallFlag = 256 // do not synchronise streams with each other
)

// CallSetting says which media a call has (pjsua_call_setting). The zero value is one
// audio stream in both directions.
type CallSetting struct {
	Flags CallFlag
	// Audio is the number of audio streams: 0 means 1, below 0 none.
	Audio int
	// Text is the number of real-time text streams (RFC 4103); 0 means none.
	Text int
	// Dirs are the directions of the streams, audio first, as far as they are to be
	// other than both; PJSUA_CALL_SET_MEDIA_DIR is set when there are any.
	Dirs []MediaDir
	// CallID is the Call-ID of a new outgoing call, which must be unique; empty: PJSIP
	// makes one.
	CallID string
}

// Header is a SIP header field.
type Header struct{ Name, Value string }

// MsgData is what the program adds to a SIP message that pjsua sends
// (pjsua_msg_data). The zero value adds nothing.
type MsgData struct {
	// TargetURI is the request URI, where that is to be another than the To URI.
	TargetURI string
	// LocalURI replaces the account's From URI in a request that begins a dialog.
	LocalURI string
	// ContactURI replaces the account's Contact in the INVITE of [Account.Dial].
	ContactURI string
	Headers    []Header // added in this order
	// ContentType ("text/plain") and Body are the body; where the message has one
	// already, as an INVITE has its SDP, they are ignored: use Parts.
	ContentType string
	Body        []byte
	// MultipartType is the type of the whole when there are Parts; empty means
	// multipart/mixed.
	MultipartType string
	// Parts come before the message's own body in a multipart body (RFC 5621).
	Parts []BodyPart
}

// BodyPart is one part of a multipart body.
type BodyPart struct {
	Headers     []Header
	ContentType string
	Body        []byte
}

// DTMFOptions are the choices of [Call.SendDTMF] (pjsua_call_send_dtmf_param).
type DTMFOptions struct {
	Method   DTMFMethod
	Duration time.Duration // of each digit; 0 means PJSIP's, 160 ms
}
