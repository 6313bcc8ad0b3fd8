package serve

import (
	"context"

	"github.com/offhook-voip/offhook/engine/api"
)

func (p *softphone) Command(ctx context.Context, line string) (api.CommandResult, error) {
	res, err := p.e.Command(ctx, line, p.opts.Stop)
	if err != nil {
		return api.CommandResult{}, explain(err)
	}
	out := api.CommandResult{Command: res.Command, Waiting: res.Waiting}
	for _, id := range res.Calls {
		out.Calls = append(out.Calls, api.CallID(id))
	}
	return out, nil
}
