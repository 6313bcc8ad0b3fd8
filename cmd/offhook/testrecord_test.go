package main

import (
	"reflect"
	"testing"
	"time"
)

func TestParseKeys(t *testing.T) {
	got, err := parseKeys("4s 1 250ms 22# h")
	want := []keyStep{{pause: 4 * time.Second}, {digits: "1"}, {pause: 250 * time.Millisecond}, {digits: "22#"}, {hangup: true}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"x", "-4s", "1 hang"} {
		if list, err := parseKeys(bad); err == nil {
			t.Errorf("%q is %+v", bad, list)
		}
	}
}
