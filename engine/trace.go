package engine

import (
	"context"

	"github.com/offhook-voip/offhook/pjsua"
)

// Trace hands out every SIP message that is sent or received from now on, those of
// registrations too, until it is closed or the engine stops. Digests and SRTP keys are ***
// unless opts asks for them. See [pjsua.Endpoint.Trace].
func (e *Engine) Trace(ctx context.Context, opts pjsua.TraceOptions) (Trace, error) {
	phone, err := e.runningPhone()
	if err != nil {
		return nil, err
	}
	return phone.Trace(ctx, opts)
}

// TraceRTP hands out the RTP and RTCP packets of the calls that begin from now on, in the
// clear also where SRTP encrypts them, until it is closed or the engine stops. See
// [pjsua.Endpoint.TraceRTP].
func (e *Engine) TraceRTP(ctx context.Context, opts pjsua.RTPTraceOptions) (RTPTrace, error) {
	phone, err := e.runningPhone()
	if err != nil {
		return nil, err
	}
	return phone.TraceRTP(ctx, opts)
}
