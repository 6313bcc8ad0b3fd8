package api

import (
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// tableAnswer is a list, in JSON, or as CSV.
type tableAnswer struct {
	ContentType string `header:"Content-Type"`
	Body        any
}

// wantsCSV says whether a table is asked for, by the query or, where that says nothing, by
// Accept. Who takes JSON too gets that.
func wantsCSV(format, accept string) bool {
	return format == "csv" || format == "" && strings.Contains(accept, "text/csv") && !strings.Contains(accept, "application/json")
}

// handleTable adds a request whose answer is a list of T that can be had as CSV. fn returns
// the list, or what writes it.
func handleTable[T, I any](s *Server, rt route, fn func(context.Context, *I) ([]T, func(io.Writer) error, error)) {
	op := rt.operation()
	op.Responses = map[string]*huma.Response{"200": {Content: map[string]*huma.MediaType{
		"application/json": {Schema: s.schemaOf([]T{})},
		"text/csv":         {Schema: &huma.Schema{Type: huma.TypeString}},
	}}}
	register(s, op, func(ctx context.Context, in *I) (*tableAnswer, error) {
		items, write, err := fn(ctx, in)
		if err != nil {
			return nil, err
		}
		if write == nil {
			return &tableAnswer{Body: listOf(items).Body}, nil
		}
		var b bytes.Buffer
		err = write(&b)
		return &tableAnswer{"text/csv; charset=utf-8", b.Bytes()}, err
	})
}
