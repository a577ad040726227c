# Coverslip. "make" says what there is.
SHELL := /bin/bash
CACHE := $(or $(COVERSLIP_CACHE),$(HOME)/.cache/coverslip)
TAGS  := -tags migrated_fynedo
STACK := packaging/stack
LINT  := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
export COVERSLIP_CACHE := $(CACHE)
export PATH := $(PATH):/usr/local/go/bin

.PHONY: help build run test test-fast test-long fuzz wander gallery race lint fmt bench golden model-report clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: ## the two programs, into build/
	@$(STACK)/system-packages build
	changed=$$(go run ./packaging/fyne build/fyne) && go build $(TAGS) -modfile "$$changed" -o build/ ./cmd/coverslip ./cmd/coverslipctl

run: build ## open the program on its sample bench; without a display, do its job and leave pictures in build/run/
	@$(STACK)/onnxruntime-fetch >/dev/null
	@packaging/run/run

test: ## everything: lint, unit, contracts, golden pictures, a real window, the real servers
	@packaging/run/test

test-fast: ## all that needs no server and no window
	LANG=en_US.UTF-8 go test -timeout 30m $(TAGS) ./...

test-long: ## what takes an hour: all of the matrices, broken files and large data; logs in build/long/
	@packaging/run/long

fuzz: ## each fuzz target for FUZZTIME=10m, one after the other; logs in build/fuzz/
	@packaging/run/fuzz $(or $(FUZZTIME),10m)

wander: ## the window driven at random for MINUTES=30, then so under the race detector; in build/wander/
	@packaging/stack/system-packages build window
	@packaging/stack/onnxruntime-fetch >/dev/null
	packaging/run/wander $(or $(MINUTES),30) build/wander/plain
	COVERSLIP_RACE=1 packaging/run/wander $(or $(MINUTES),30) build/wander/race

gallery: build ## screens at the least and the largest size, scale 1 and 2, dark and light, to look at; in build/gallery/
	@packaging/stack/system-packages window
	@packaging/stack/onnxruntime-fetch >/dev/null
	@packaging/run/gallery build/gallery

race: ## the same under the race detector, shuffled
	LANG=en_US.UTF-8 go test -timeout 30m $(TAGS) -race -shuffle=on ./core/...

lint: ## what the reviewer would say
	$(LINT) run --build-tags migrated_fynedo ./...

fmt: ## gofumpt and import groups
	$(LINT) fmt ./...

bench: build ## the peers' table: each figure beside the real peer, as a ratio
	@packaging/run/bench

model-report: build ## accuracy of the bundled model on the images that took no part in its making
	@$(STACK)/onnxruntime-fetch >/dev/null
	@build/coverslipctl model-report

golden: ## take the pictures of the last failed run as the new masters; look at them first
	@find . -path '*/testdata/failed/*' -type f | while read -r f; do d=$${f%/failed/*}; mv -v "$$f" "$$d/$${f##*/failed/}"; done

clean: ## what was built and run here; the cache stays
	rm -rf build
