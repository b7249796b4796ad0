# One setting for every build keeps the build cache warm; the program needs no C.
export CGO_ENABLED := 0
export GOFLAGS := -trimpath -tags=nomsgpack
# Where .ci/node puts one, when the machine's is too old.
export PATH := $(CURDIR)/build/node/node_modules/.bin:$(PATH)

GOLANGCI_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.9.0
CYCLONEDX_VERSION := v1.10.0
# How much make fuzz gives to each target: so many inputs (1000000x) or so long (5m).
FUZZTIME := 1000000x
TOOLS := $(CURDIR)/bin/tools
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := -s -w -X github.com/backupman/backupman/cli.version=$(VERSION)

.DEFAULT_GOAL := help
.PHONY: help run build test check lint fmt generate css verify race e2e bench fuzz vuln sbom clean

help: ## List what make can do
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: bin/backupman ## Back a sample database up, prove it and open the dashboard; needs only Go
	bin/backupman demo

build: bin/backupman ## Build bin/backupman

.PHONY: bin/backupman
bin/backupman:
	go build -ldflags '$(LDFLAGS)' -o $@ .

test: node_modules/.package-lock.json ## Install what is missing and run every test against real servers
	.ci/deps
	BACKUPMAN_MYSQL_ROOT="$$(.ci/mysql)" BACKUPMAN_VERSITYGW="$$(.ci/versitygw)" BACKUPMAN_TEST_SERVERS=require go test -timeout 60m ./...
	.ci/as-ordinary-user

check: verify lint ## What a commit must pass: generated code, formatting, lint
	go build ./...

lint: $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION) ## Check the code, and which room may import which
	$< run ./...

$(TOOLS)/golangci-lint-$(GOLANGCI_VERSION):
	GOBIN=$(TOOLS) GOFLAGS= go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv $(TOOLS)/golangci-lint $@

fmt: ## Format Go and templ files
	go fmt ./...
	go tool templ fmt views

generate: css ## Make the committed files anew: templ's Go code and the style sheet
	go tool templ generate -path views -log-level warn

css: node node_modules/.package-lock.json ## Make the committed style sheet anew, with a Node that is installed when it is missing
	npm run --silent css

.PHONY: node
node:
	@.ci/node

node_modules/.package-lock.json: package.json package-lock.json | node
	npm ci --silent --no-audit --no-fund

verify: generate ## Fail when a committed generated file is not what its source makes
	@git diff --exit-code --stat -- views static || { echo 'Generated files are not up to date: commit what "make generate" made.'; exit 1; }
	@unformatted=$$(git ls-files '*.go' | grep -v _templ.go | xargs gofmt -l); test -z "$$unformatted" || { echo "Not formatted, run make fmt: $$unformatted"; exit 1; }

race: ## Run the services' tests under the race detector; needs a C compiler
	CGO_ENABLED=1 go test -race -timeout 20m ./services/... ./web/... ./cli/...

e2e: node_modules/.package-lock.json ## Run only the tests of the whole program, browser included
	.ci/deps
	BACKUPMAN_VERSITYGW="$$(.ci/versitygw)" BACKUPMAN_TEST_SERVERS=require go test -count=1 -timeout 60m ./e2e/...

bench: build ## Measure a 1 GiB backup against the stock pipeline, and the list of 100,000 backups
	.ci/deps
	BACKUPMAN_VERSITYGW="$$(.ci/versitygw)" BACKUPMAN_TEST_SERVERS=require go test -run '^$$' -bench . -benchtime 1x -timeout 40m ./e2e/bench

fuzz: ## Give each fuzz target a million inputs, or FUZZTIME=5m
	@set -e; for file in $$(git grep -l '^func Fuzz' -- '*_test.go'); do \
	  for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(.*/\1/p' "$$file"); do \
	    echo "$$name of $$(dirname "$$file")"; \
	    go test "./$$(dirname "$$file")" -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x -parallel 2; \
	  done; \
	done

vuln: $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION) ## Look for known vulnerabilities in what the program uses
	@status=0; told=$$($< -tags nomsgpack ./... 2>&1) || status=$$?; printf '%s\n' "$$told"; \
	case "$$status $$told" in \
	  "1 "*"fetching vulnerabilities"*) echo 'NOT CHECKED: the database of vulnerabilities cannot be reached from here. Try again where https://vuln.go.dev is.' ;; \
	  *) exit $$status ;; \
	esac

$(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION):
	GOBIN=$(TOOLS) GOFLAGS= go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	mv $(TOOLS)/govulncheck $@

# It reads what is in the program, and looks up licences among the modules that are here.
sbom: build $(TOOLS)/cyclonedx-gomod-$(CYCLONEDX_VERSION) ## List every module in bin/backupman, with its licence, in build/backupman.cdx.json
	@mkdir -p build
	GOPROXY=off GOFLAGS= $(TOOLS)/cyclonedx-gomod-$(CYCLONEDX_VERSION) bin -json -licenses -std -noserial -version '$(VERSION)' -output build/backupman.cdx.json bin/backupman

$(TOOLS)/cyclonedx-gomod-$(CYCLONEDX_VERSION):
	GOBIN=$(TOOLS) GOFLAGS= go install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX_VERSION)
	mv $(TOOLS)/cyclonedx-gomod $@

clean: ## Remove what was built
	rm -rf bin build
