package serve

import (
	"context"
	"io"
	"strconv"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/engine/calllog"
)

func (p *softphone) CallLog(ctx context.Context, q api.LogQuery) ([]api.LogEntry, error) {
	entries, err := p.entries(ctx, q)
	if err != nil {
		return nil, err
	}
	list := make([]api.LogEntry, 0, len(entries))
	for _, e := range entries {
		list = append(list, api.LogEntry{
			ID: e.ID, SIPCallID: e.SIPCallID, Number: e.Number, Name: e.Name, Type: e.Type.String(), Time: e.Time.UTC(), DurationS: e.DurationS,
			Info: e.Info, Account: e.Account, Remote: e.Remote, Local: e.Local, Domain: e.Domain, Diversion: e.Diversion,
			Code: e.Code, Reason: e.Reason, Codec: e.Codec, RXLost: e.RXLost, TXLost: e.TXLost,
			Ringing: utc(e.Ringing), Answered: utc(e.Answered), Ended: utc(e.Ended), Recordings: e.Recordings,
		})
	}
	return list, nil
}

func (p *softphone) WriteCallLog(ctx context.Context, w io.Writer, q api.LogQuery) error {
	entries, err := p.entries(ctx, q)
	if err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		e.Time, e.Ringing, e.Answered, e.Ended = e.Time.UTC(), utc(e.Ringing), utc(e.Answered), utc(e.Ended)
	}
	return calllog.WriteCSV(w, entries)
}

func (p *softphone) entries(ctx context.Context, q api.LogQuery) ([]calllog.Entry, error) {
	query := engine.LogQuery{Last: q.Last, Before: q.Before, Number: q.Number, Since: q.Since, Until: q.Until}
	if q.Account != "" {
		number, err := strconv.Atoi(q.Account)
		if err != nil {
			return nil, badRequest([]api.Fault{{Location: "query.account", Message: "is no number"}})
		}
		query.Account = &number
	}
	if q.Type != "" {
		var typ calllog.Type
		if err := typ.UnmarshalText([]byte(q.Type)); err != nil {
			return nil, badRequest([]api.Fault{{Location: "query.type", Message: err.Error()}})
		}
		query.Type = &typ
	}
	entries, err := p.e.CallLog(ctx, query)
	if err != nil {
		return nil, explain(err)
	}
	return entries, nil
}
