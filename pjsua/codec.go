package pjsua

import (
	"fmt"
	"strings"
)

// codecOrder gives every codec of all a priority: those that ids name falling ones
// from 254, the others 0. An id names every codec that begins with it, any case.
func codecOrder(all []Codec, ids []string) (map[string]int, error) {
	order := make(map[string]int, len(all))
	for _, c := range all {
		order[c.ID] = 0
	}
	for i, id := range ids {
		found := false
		for _, c := range all {
			if len(c.ID) >= len(id) && strings.EqualFold(c.ID[:len(id)], id) {
				found = true
				if order[c.ID] == 0 {
					order[c.ID] = 254 - min(i, 253)
				}
			}
		}
		if id == "" || !found {
			return nil, fmt.Errorf("pjsua: no codec %q; there are %s", id, codecList(all))
		}
	}
	return order, nil
}

func codecList(all []Codec) string {
	ids := make([]string, len(all))
	for i, c := range all {
		ids[i] = c.ID
	}
	return strings.Join(ids, ", ")
}
