# Everything that is done with this repository. `make help` names the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules

# The version is given below; a checkout that belongs to another user must build, too.
export GOFLAGS += -buildvcs=false

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# Named, not ./...: some npm packages carry Go files.
GO_PACKAGES := ./cmd/... ./internal/... ./test/...
# SQLite, which is C translated to Go, is not ours to search for races, and takes several times as long when it is. Only its own package is left out: it
# has no generic code that others would share, and no locks. Vetting is left to `make lint`.
GO_RACE     := -race -gcflags='modernc.org/sqlite/lib=-race=false'
REPORTS     := .build/reports
WEB_MODULES := web/node_modules/.package-lock.json
E2E_MODULES := e2e/node_modules/.package-lock.json
WEB_DIST    := internal/webui/dist/index.html
WEB_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)
NPM_CI      := npm ci --no-audit --no-fund --loglevel=error

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

## Building

.PHONY: run
run: build ## build everything and start the demo: the product, a WeChat simulator, seed data
	bin/zhisu demo

.PHONY: build
build: prerequisites-build $(WEB_DIST) ## bin/zhisu, one static binary with the web interface inside
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/zhisu ./cmd/zhisu

.PHONY: web
web: $(WEB_DIST) ## the web interface, as the binary embeds it

$(WEB_DIST): $(WEB_SOURCES) $(WEB_MODULES)
	cd web && npm run build
	mkdir -p $(@D)
	find $(@D) -mindepth 1 -not -name .gitkeep -delete
	cp -R web/dist/. $(@D)/
	rm -r $(@D)/.vite
	find $(@D)/assets -type f -size +1k \( -name '*.js' -o -name '*.css' -o -name '*.svg' \) -exec gzip -9n {} +
	touch $@

$(WEB_MODULES): web/package.json web/package-lock.json | prerequisites-build
	cd web && $(NPM_CI)
	touch $@

$(E2E_MODULES): e2e/package.json e2e/package-lock.json | prerequisites-build
	cd e2e && $(NPM_CI)
	touch $@

# The scripts take a fraction of a second when nothing is missing, so they run each time instead of leaving a stamp.
.PHONY: prerequisites-build prerequisites-test
prerequisites-build:
	@scripts/prerequisites build
prerequisites-test:
	@scripts/prerequisites test

## Tests

.PHONY: test
test: prerequisites-test build test-go test-web fuzz e2e ## every test: Go on both databases, web, fuzzing, browser

.PHONY: test-go
test-go: prerequisites-test $(WEB_DIST) ## Go tests with the race detector, on SQLite and PostgreSQL
	scripts/with-postgres --no-fsync go test $(GO_RACE) -vet=off -timeout 10m -json $(GO_PACKAGES) | scripts/no-skips go

.PHONY: test-web
test-web: $(WEB_MODULES) ## unit tests of the web interface
	mkdir -p $(REPORTS)
	cd web && npx vitest run --reporter=default --reporter=json --outputFile.json=../$(REPORTS)/vitest.json
	scripts/no-skips vitest $(REPORTS)/vitest.json

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (10000x)
	scripts/fuzz

.PHONY: e2e
e2e: prerequisites-test build bin/tools/mailpit $(E2E_MODULES) ## the real binary in a real browser, with a real mail server
	mkdir -p $(REPORTS)
	rm -f $(REPORTS)/playwright.json
	scripts/with-postgres --no-fsync npm --prefix e2e test || { scripts/no-skips playwright $(REPORTS)/playwright.json; exit 1; }
	scripts/no-skips playwright $(REPORTS)/playwright.json

.PHONY: bench
bench: prerequisites-test build ## measure the promised figures and print them
	scripts/with-postgres go run ./test/bench -binary bin/zhisu

# A demo of its own, on ports of its own, ended by its id.
.PHONY: screenshots
screenshots: prerequisites-test build $(E2E_MODULES) ## take the README's pictures anew, in docs/img
	mkdir -p .build
	: > .build/demo.json
	ZHISU_LISTEN=127.0.0.1:18080 ZHISU_ADMIN_LISTEN= ZHISU_SIMULATOR_LISTEN=127.0.0.1:18081 bin/zhisu demo > .build/demo.json 2> .build/demo.log & \
	demo=$$!; trap 'kill $$demo' EXIT; \
	for _ in {1..100}; do [[ -s .build/demo.json ]] && break; sleep 0.2; done; \
	cd e2e && node screenshots.mjs ../docs/img zh-CN < ../.build/demo.json

## Looking after the code

.PHONY: lint
lint: bin/tools/golangci-lint $(WEB_MODULES) $(E2E_MODULES) ## golangci-lint with the import table, eslint, type checks
	bin/tools/golangci-lint run $(GO_PACKAGES)
	cd web && npm run lint
	cd e2e && npm run lint

.PHONY: fmt
fmt: bin/tools/gofumpt ## format the Go code
	bin/tools/gofumpt -l -w cmd internal test

# Development tools are built from the versions pinned in tools/go.mod.
bin/tools/mailpit: TOOL := github.com/axllent/mailpit
bin/tools/gofumpt: TOOL := mvdan.cc/gofumpt
bin/tools/golangci-lint: TOOL := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
bin/tools/%: tools/go.mod tools/go.sum | prerequisites-build
	@echo "building $(@F), once for each version"
	cd tools && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o ../$@ $(TOOL)
	touch $@

.PHONY: clean
clean: ## remove all that was built or downloaded here
	rm -rf bin .build web/dist web/node_modules e2e/node_modules e2e/test-results e2e/playwright-report
	find internal/webui/dist -mindepth 1 -not -name .gitkeep -delete
