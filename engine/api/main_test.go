package api

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) {
	if os.Getenv(asCurl) != "" {
		os.Exit(beCurl())
	}
	goleak.VerifyTestMain(m)
}
