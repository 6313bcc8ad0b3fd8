package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/webhook"
)

// webhookStopTime is what the receivers may add to the engine's end; what they have not
// taken then waits for the next start.
const webhookStopTime = 300 * time.Millisecond

// quietEvents are posted only when webhookEvents names them: there are many of them.
var quietEvents = []string{"DTMFReceived", "DTMFSent", "CallMediaChanged", "TransportChanged", "LevelsChanged", "BuddyChanged"}

// webhooks posts events to the URLs of the configuration.
type webhooks struct {
	e         *Engine
	run       string           // tells the events of two runs apart
	settings  *config.Settings // that the endpoints belong to
	endpoints map[string]*webhook.Endpoint
}

func newWebhooks(e *Engine) *webhooks {
	return &webhooks{
		e: e, run: fmt.Sprintf("%x", time.Now().UnixNano()), endpoints: make(map[string]*webhook.Endpoint),
	}
}

// follow opens and closes endpoints as the configuration changes.
func (w *webhooks) follow() error {
	s := w.e.settings()
	before := w.settings
	if s == before {
		return nil
	}
	w.settings = s
	if before != nil && slices.Equal(before.Webhook, s.Webhook) && before.WebhookSecret == s.WebhookSecret &&
		before.WebhookSpool == s.WebhookSpool && before.WebhookSpoolLimit == s.WebhookSpoolLimit {
		return nil
	}
	w.stop()
	for _, url := range s.Webhook {
		if w.endpoints[url] != nil {
			continue
		}
		endpoint, err := webhook.Open(webhook.Options{
			URL: url, Secret: s.WebhookSecret.Reveal(), Dir: s.WebhookSpool, Limit: int64(s.WebhookSpoolLimit) << 20,
			Changed: w.changed, Logger: w.e.log.Named("webhook"),
		})
		if err != nil {
			return fmt.Errorf("engine: webhookSpool: %w", err)
		}
		w.endpoints[url] = endpoint
	}
	return nil
}

func (w *webhooks) changed(s webhook.Status) {
	w.e.report(func() Event {
		return WebhookChanged{
			EventHeader: w.e.header("WebhookChanged", time.Now(), 0, 0),
			URL:         s.URL, Up: s.Up, Waiting: s.Waiting, Dropped: s.Dropped, Reason: s.Reason,
		}
	})
}

func (w *webhooks) take(ev Event) {
	if err := w.follow(); err != nil {
		w.e.fileFailed("webhookSpool", w.settings.WebhookSpool, err)
	}
	h := ev.Header()
	if !posted(w.settings.WebhookEvents, h.Type) || len(w.endpoints) == 0 {
		return
	}
	body, err := json.Marshal(ev)
	if err != nil {
		w.e.log.Error("an event has no JSON", "type", h.Type, "error", err)
		return
	}
	for _, endpoint := range w.endpoints {
		// What finds no room is counted and reported by the endpoint.
		_ = endpoint.Post(h.Type, fmt.Sprintf("%s_%d", w.run, h.Seq), body)
	}
}

// posted says whether events of a type are to be posted.
func posted(types []string, name string) bool {
	switch {
	case name == "WebhookChanged":
		return false // or one that fails would have the next one to post
	case len(types) > 0:
		return slices.Contains(types, name)
	}
	return !slices.Contains(quietEvents, name)
}

// stop closes the endpoints, side by side.
func (w *webhooks) stop() {
	var closing sync.WaitGroup
	for url, endpoint := range w.endpoints {
		closing.Go(func() { endpoint.Close(webhookStopTime) })
		delete(w.endpoints, url)
	}
	closing.Wait()
}
