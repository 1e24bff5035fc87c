# make help says what there is.

.DEFAULT_GOAL := help
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c

# The linter is built from source when it is first used, in some minutes.
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# What builds a release, from source when it is first used; the first time takes many minutes.
GORELEASER := github.com/goreleaser/goreleaser/v2@v2.15.1
SYFT := github.com/anchore/syft/cmd/syft@v1.57.1

# Browsers are never downloaded: the tests use the one of the system.
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1

# More flags for the command that run or load starts.
ARGS ?=
# make traffic: the gateway that gets it. make load: gateways of your own; without
# it Redis and three gateways are started. loadtest/README.md has the rest.
TARGET ?=
SCENARIO ?= smoke
PROFILE ?=
# make bench: which benchmarks, for how long each, and how often.
BENCH ?= .
BENCHTIME ?= 1s
COUNT ?= 1
# make bench-eta: a log of contacts to replay as well.
TRACE ?=

# make faults: one row of the matrix, and the seed to repeat it with; 0 takes one
# from the clock and prints it. With MINUTES, random faults for that long instead.
CASE ?=
SEED ?= 0
MINUTES ?=
space := $(subst ,, )

PAGES := client-js/dist/visitor.html
PACKAGES := client-js/node_modules/.package-lock.json

.PHONY: help run test lint bench bench-peers bench-eta bench-offer browsers fallback faults faults-routing upgrade drill load build release-snapshot try-package generate clean client-deps client

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(PAGES) ## Start a gateway with the demo site and simulated people (ARGS="--listen 127.0.0.1:9000")
	go run ./cmd/nextup serve --demo $(ARGS)

test: ## Install what is missing where allowed, then run every test
	@scripts/test

lint: $(PACKAGES) ## Check style and the import arrows (the first time takes some minutes)
	go run $(GOLANGCI_LINT) run
	cd loadtest && go run $(GOLANGCI_LINT) run
	cd deploy && go run $(GOLANGCI_LINT) run
	cd bench && go run $(GOLANGCI_LINT) run
	cd client-js && npm run lint

bench: ## Measure (BENCH=regexp BENCHTIME=1s COUNT=1)
	go test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -count $(COUNT) -benchmem \
		$$(go list -f '{{.Dir}}' ./... | while read -r d; do grep -qs '^func Benchmark' "$$d"/*_test.go && echo "$$d" || true; done)

bench-peers: ## Measure the edge beside its peers into docs/performance.md, some 40 minutes (ARGS="-rows idle,chat -repeats 5"; with -before COMMIT beside an earlier nextup)
	cd bench && go run . run -out ../docs/performance.md $(ARGS)

bench-eta: ## Measure the wait estimator against its gates, into docs/estimates.md (TRACE=file.csv.gz)
	go run ./internal/etabench --out docs/estimates.md $(if $(TRACE),--trace $(TRACE))

faults: export NEXTUP_FAULTS_NO_SOCKET = $(NO_SOCKET)
faults: ## Every fault under load, some 25 minutes (CASE=name SEED=n reruns one, MINUTES=60 does random ones, NO_SOCKET=2 puts half of the people on the fallback)
ifdef MINUTES
	NEXTUP_FAULTS_MINUTES=$(MINUTES) NEXTUP_FAULTS_REPORT=$(CURDIR)/faults-report.txt \
		go test ./test/faults -count 1 -v -timeout 24h -run TestLongRun -seed $(SEED)
else
	$(if $(CASE),,NEXTUP_FAULTS=planted go test ./test/faults -count 1 -v -timeout 20m -run TestTheChecker)
	NEXTUP_FAULTS=long go test ./test/faults -count 1 -v -timeout 90m -run 'TestMatrix$(if $(CASE),/^$(subst $(space),_,$(CASE))$$)' -seed $(SEED)
endif

fallback: ## PEOPLE (5,000) by sockets and then by the fallback on three gateways: nothing lost or left, and what a person costs, some 10 minutes
	NEXTUP_FALLBACK=$(or $(PEOPLE),5000) go test ./test/faults -count 1 -v -timeout 40m -run TestTheFallbackBesideSockets

upgrade: ## From the last release to this one and back under load, and the wire both ways, some minutes (SEED=n)
	go test ./test/release -count 1 -v
	NEXTUP_FAULTS=long go test ./test/faults -count 1 -v -timeout 20m -run 'TestMatrix/^a_rolling_upgrade' -seed $(SEED)

bench-offer: ## From a close on one gateway to the next offer, decided on another, with 1,000 and 100,000 waiting
	go test ./test/faults/routing -run '^$$' -bench FreeAgentToOffer -benchtime 1x -v -timeout 30m

faults-routing: ## Routing on four gateways that are killed in turn, 3,000 tickets, some minutes (SEED=n)
	NEXTUP_FAULTS_ROUTING=long NEXTUP_FAULTS_SEED=$(SEED) go test ./test/faults/routing -count 1 -v -timeout 20m -run TestRouting

browsers: client ## One journey over every network, and axe in every state, in Chromium, Firefox and WebKit, some minutes
	cd client-js && NEXTUP_BUILT=1 NEXTUP_MATRIX=all npx playwright test matrix.spec.ts axe-engines.spec.ts

drill: ## Break an installation in each way that the alerts know of, in a real Prometheus, some 15 minutes (CASE=name)
	@for p in prometheus haproxy redis-server; do command -v $$p >/dev/null || { echo "make drill needs $$p: apt-get install --no-install-recommends prometheus haproxy redis-server"; exit 1; }; done
	cd deploy && NEXTUP_REQUIRE_REDIS=1 go test -tags drill ./drill -count 1 -v -parallel 4 -timeout 60m $(if $(CASE),-run 'TestDrill/^$(subst $(space),_,$(CASE))$$')

load: ## One scenario of the load suite, judged (SCENARIO=peak_hour PROFILE=laptop, TARGET=http://host:port TOKEN_KEY=id:secret SITE=load YES_THIS_SITE=load)
	@cd loadtest && SCENARIO='$(SCENARIO)' PROFILE='$(PROFILE)' TARGET='$(TARGET)' go run .

traffic: ## Send visitors and agents to a running gateway (TARGET=http://127.0.0.1:8080 ARGS="--visitors 200 --agents 20")
	go run ./cmd/nextup traffic --target $(or $(TARGET),http://127.0.0.1:8080) $(ARGS)

build: $(PAGES) ## Build bin/nextup with the pages inside
	go build -trimpath -o bin/nextup ./cmd/nextup

release-snapshot: ## Build archives, checksums, SBOMs, the Debian package and the chart into dist/, published nowhere (many minutes the first time)
	mkdir -p bin/tools
	GOBIN=$(CURDIR)/bin/tools go install $(SYFT)
	GOBIN=$(CURDIR)/bin/tools go install $(GORELEASER)
	PATH="$(CURDIR)/bin/tools:$$PATH" goreleaser release --snapshot --clean
	cp bin/chart/*.tgz dist/

try-package: ## Install the Debian package of dist/ under a systemd of its own, start, reload, rotate, upgrade, remove and purge it (root; DEB=path)
	deploy/debian/try $(or $(DEB),$(wildcard dist/*_linux_amd64.deb))

generate: ## Write the TypeScript types of the protocol from the Go ones
	go generate ./gateway/protocol

clean: ## Remove what was built
	rm -rf bin dist client-js/lib client-js/test-results client-js/playwright-report examples/node_modules
	find client-js/dist -mindepth 1 ! -name 'PLACEHOLDER.*' -delete

client-deps: $(PACKAGES)
client: $(PAGES)

$(PACKAGES): client-js/package.json client-js/package-lock.json
	cd client-js && npm ci --no-audit --no-fund
	touch $@

$(PAGES): $(PACKAGES) $(shell find client-js/src client-js/*.html client-js/*.json client-js/*.ts -type f 2>/dev/null)
	cd client-js && npm run build
	touch $@
