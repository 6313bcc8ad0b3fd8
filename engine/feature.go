package engine

import (
	"context"
	"errors"
	"fmt"
)

// Redial calls whom [Engine.Dial] called last, or what [Engine.SetLastNumber] says.
func (e *Engine) Redial(ctx context.Context) (*Call, error) {
	e.mu.Lock()
	number := e.lastNumber
	e.mu.Unlock()
	if number == "" {
		return nil, errors.New("engine: nobody was called yet")
	}
	return e.Dial(ctx, DialRequest{URI: number})
}

// LastNumber returns whom [Engine.Redial] calls, empty when there is nobody.
func (e *Engine) LastNumber() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.lastNumber
}

// SetLastNumber sets whom [Engine.Redial] calls.
func (e *Engine) SetLastNumber(number string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lastNumber = number
}

// Pickup takes the call that rings at ext by calling featureCodeCP and ext.
func (e *Engine) Pickup(ctx context.Context, ext string) (*Call, error) {
	s := e.settings()
	switch {
	case !s.EnableFeatureCodeCP || s.FeatureCodeCP == "":
		return nil, errors.New("engine: call pickup is off: enableFeatureCodeCP, featureCodeCP")
	case ext == "":
		return nil, errors.New("engine: pickup of which extension?")
	}
	return e.Dial(ctx, DialRequest{URI: s.FeatureCodeCP + userOf(ext)})
}

// Park transfers the call to featureCodePark and slot, where it waits to be retrieved.
// With an empty slot the PBX chooses one.
func (e *Engine) Park(ctx context.Context, call *Call, slot string) (*Transfer, error) {
	code := e.settings().FeatureCodePark
	if code+slot == "" {
		return nil, errors.New("engine: parking needs featureCodePark or a slot")
	}
	return call.Transfer(ctx, code+slot)
}

// Retrieve calls featureCodeRetrieve and slot, to get the call that is parked there.
func (e *Engine) Retrieve(ctx context.Context, slot string) (*Call, error) {
	if slot == "" {
		return nil, errors.New("engine: retrieve from which slot?")
	}
	return e.Dial(ctx, DialRequest{URI: e.settings().FeatureCodeRetrieve + slot})
}

// Voicemail calls the voice mail of an account, by it. account is as
// [DialRequest.Account].
func (e *Engine) Voicemail(ctx context.Context, account int) (*Call, error) {
	acc, err := e.dialAccount(account)
	if err != nil {
		return nil, err
	}
	if acc.cfg().VoicemailNumber == "" {
		return nil, fmt.Errorf("engine: account %d has no voicemailNumber", acc.cfg().Number)
	}
	number := acc.cfg().Number
	if acc.cfg().Local() {
		number = LocalAccount
	}
	return e.Dial(ctx, DialRequest{Account: number, URI: acc.cfg().VoicemailNumber})
}
