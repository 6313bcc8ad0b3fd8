# Offhook. The verbs are those of build.ps1; what they do is in the scripts they call.
# `make help` lists them.

PJSIP := third_party/pjsip/build.sh
VERSION = $(shell git describe --tags --always --dirty 2>/dev/null)
ENV   := eval "$$($(PJSIP) --print-env)" &&

.DEFAULT_GOAL := help
.PHONY: help deps build windows demo test test-debug soak race lint api-coverage env clean distclean

help:       ## list the verbs
	@sed -n 's/^\([a-z-]*\): *## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 16

deps:       ## build PJSIP, installing the system packages that it needs
	@$(PJSIP)

build:      ## leave the program at bin/offhook
ifeq ($(OS),Windows_NT)
build: windows
else
build: deps
	@$(ENV) go build -trimpath -ldflags '-X main.version=$(or $(VERSION),devel)' -o bin/offhook ./cmd/offhook
endif

windows:    ## leave the program for Windows at bin/offhook.exe, also on Debian
	@$(PJSIP) --target windows-amd64
	@cmd/offhook/windows/resources.sh $(or $(VERSION),devel)
	@eval "$$($(PJSIP) --target windows-amd64 --print-env)" && \
		go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(or $(VERSION),devel)' -o bin/offhook.exe ./cmd/offhook

demo:       ## everything up to and including `offhook demo`
demo: build
	@bin/offhook demo

test:       ## everything up to and including all tests, those against real PBXs included
	@test/run.sh

test-debug: ## the binding's tests with PJSIP's assertions on, under AddressSanitizer
	@test/debug.sh

soak:       ## random commands for a long time: SEQUENCES=200000 SEED=1
	@test/soak.sh

race:       ## the tests of the Go packages under the race detector
race: deps
	@$(ENV) go test -race ./...

lint:       ## gofmt, go vet, staticcheck; cbridge with all warnings as errors
lint: deps
	@test/lint.sh

api-coverage: ## what of pjsua.h package pjsua covers: docs/api-coverage.md
api-coverage: deps
	@$(ENV) go run ./pjsua/internal/apicoverage

env:        ## print what plain go commands and editors need: eval "$(make env)"
	@$(PJSIP) >&2 && $(PJSIP) --print-env

clean:      ## remove what build left in this clone
	@rm -rf bin

distclean:  ## remove PJSIP's build too
distclean: clean
	@$(PJSIP) --clean
