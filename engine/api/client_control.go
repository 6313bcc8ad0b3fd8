package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// Mute mutes one direction of a call: "in", what the far end hears, or "out".
func (c *Client) Mute(ctx context.Context, call CallID, direction string) (Call, error) {
	return command(ctx, c, call, "mute", DirectionRequest{direction})
}

// Unmute ends Mute.
func (c *Client) Unmute(ctx context.Context, call CallID, direction string) (Call, error) {
	return command(ctx, c, call, "unmute", DirectionRequest{direction})
}

// MuteAll mutes one direction of all calls, those to come too: MicroSIP's button.
func (c *Client) MuteAll(ctx context.Context, direction string) (Levels, error) {
	return do[Levels](ctx, c, http.MethodPost, "/v1/mute", DirectionRequest{direction})
}

// UnmuteAll ends MuteAll; a call that was muted by itself stays so.
func (c *Client) UnmuteAll(ctx context.Context, direction string) (Levels, error) {
	return do[Levels](ctx, c, http.MethodPost, "/v1/unmute", DirectionRequest{direction})
}

// Levels returns what is muted and how loud for all calls.
func (c *Client) Levels(ctx context.Context) (Levels, error) {
	return do[Levels](ctx, c, http.MethodGet, "/v1/levels", nil)
}

// SetVolumes sets the volumes of all calls.
func (c *Client) SetVolumes(ctx context.Context, req VolumesRequest) (Levels, error) {
	return do[Levels](ctx, c, http.MethodPut, "/v1/volumes", req)
}

// Volume sets the volume of one direction of a call.
func (c *Client) Volume(ctx context.Context, call CallID, req VolumeRequest) (Call, error) {
	return command(ctx, c, call, "volume", req)
}

// Select makes a call the one that commands with the CallID 0 are for.
func (c *Client) Select(ctx context.Context, call CallID) (Call, error) {
	return command(ctx, c, call, "select", nil)
}

// Forward sends an incoming call on to somebody else.
func (c *Client) Forward(ctx context.Context, call CallID, target string) (Call, error) {
	return command(ctx, c, call, "forward", TargetRequest{target})
}

// Transfer transfers a call.
func (c *Client) Transfer(ctx context.Context, call CallID, req TransferRequest) (Call, error) {
	return command(ctx, c, call, "transfer", req)
}

// Consult begins an attended transfer, and returns the call to the target; Transfer of
// the first call to it is the second step.
func (c *Client) Consult(ctx context.Context, call CallID, target string) (Call, error) {
	return command(ctx, c, call, "consult", TargetRequest{target})
}

// Park parks a call by the configured code; with an empty slot the PBX chooses one.
func (c *Client) Park(ctx context.Context, call CallID, slot string) (Call, error) {
	return command(ctx, c, call, "park", SlotRequest{slot})
}

// Retrieve gets a parked call, by the configured code.
func (c *Client) Retrieve(ctx context.Context, slot string) (Call, error) {
	return do[Call](ctx, c, http.MethodPost, "/v1/retrieve", SlotRequest{slot})
}

// Pickup takes a call that rings somewhere else, by the configured code.
func (c *Client) Pickup(ctx context.Context, extension string) (Call, error) {
	return do[Call](ctx, c, http.MethodPost, "/v1/pickup", PickupRequest{extension})
}

// Redial calls whom was called last.
func (c *Client) Redial(ctx context.Context) (Call, error) {
	return do[Call](ctx, c, http.MethodPost, "/v1/redial", nil)
}

// Voicemail calls the voice mail of an account; nil is the first that is registered.
func (c *Client) Voicemail(ctx context.Context, account *int) (Call, error) {
	return do[Call](ctx, c, http.MethodPost, "/v1/voicemail", VoicemailRequest{account})
}

// HangupThose ends all calls of a kind, "all", "incoming" or "calling" as MicroSIP has
// them, and says how many.
func (c *Client) HangupThose(ctx context.Context, which string) (int, error) {
	out, err := do[HangupAnswer](ctx, c, http.MethodPost, "/v1/hangup", HangupRequest{which})
	return out.Calls, err
}

// Conferences returns the conferences that are mixed by the engine.
func (c *Client) Conferences(ctx context.Context) ([]Conference, error) {
	return do[[]Conference](ctx, c, http.MethodGet, "/v1/conferences", nil)
}

// Conference brings calls into one conference, all that are answered where none is named.
func (c *Client) Conference(ctx context.Context, calls ...CallID) (Conference, error) {
	return do[Conference](ctx, c, http.MethodPost, "/v1/conferences", ConferenceRequest{calls})
}

// Separate takes a call out of its conference and puts it on hold.
func (c *Client) Separate(ctx context.Context, call CallID) (Call, error) {
	return command(ctx, c, call, "separate", nil)
}

// SendMessage sends a text message. It returns when it is on its way.
func (c *Client) SendMessage(ctx context.Context, req MessageRequest) (Message, error) {
	return do[Message](ctx, c, http.MethodPost, "/v1/messages", req)
}

// Buddies returns what is known of everybody who is watched.
func (c *Client) Buddies(ctx context.Context) ([]Buddy, error) {
	return do[[]Buddy](ctx, c, http.MethodGet, "/v1/buddies", nil)
}

// Watch begins to watch somebody.
func (c *Client) Watch(ctx context.Context, req WatchRequest) (Buddy, error) {
	return do[Buddy](ctx, c, http.MethodPost, "/v1/buddies", req)
}

// Unwatch ends Watch.
func (c *Client) Unwatch(ctx context.Context, uri string) error {
	_, err := do[struct{}](ctx, c, http.MethodDelete, "/v1/buddies?uri="+url.QueryEscape(uri), nil)
	return err
}

// Publish says how things are here, on all accounts.
func (c *Client) Publish(ctx context.Context, req PresenceRequest) error {
	_, err := do[struct{}](ctx, c, http.MethodPut, "/v1/presence", req)
	return err
}

// AddAccount adds an account and registers it.
func (c *Client) AddAccount(ctx context.Context, req AccountRequest) (Account, error) {
	return do[Account](ctx, c, http.MethodPost, "/v1/accounts", req)
}

// UpdateAccount gives an account another configuration.
func (c *Client) UpdateAccount(ctx context.Context, account int, req AccountRequest) (Account, error) {
	return do[Account](ctx, c, http.MethodPut, fmt.Sprintf("/v1/accounts/%d", account), req)
}

// RemoveAccount unregisters an account and removes it.
func (c *Client) RemoveAccount(ctx context.Context, account int) error {
	_, err := do[struct{}](ctx, c, http.MethodDelete, fmt.Sprintf("/v1/accounts/%d", account), nil)
	return err
}
