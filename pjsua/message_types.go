package pjsua

import (
	"fmt"
	"mime"
	"strings"
)

func (d MsgData) empty() bool {
	return d.TargetURI == "" && d.LocalURI == "" && d.ContactURI == "" && len(d.Headers) == 0 &&
		d.ContentType == "" && d.MultipartType == "" && len(d.Parts) == 0
}

// mediaType splits "application/sdp".
func mediaType(text string) (typ, subtype string, err error) {
	if full, _, e := mime.ParseMediaType(text); e == nil {
		if typ, subtype, ok := strings.Cut(full, "/"); ok {
			return typ, subtype, nil
		}
	}
	return "", "", fmt.Errorf("pjsua: %q is not a media type", text)
}
