# Needs Rust, Python 3 (with venv) and a C compiler; everything else is put into .local/ and target/.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

FUNCTIONS := webhook consumer poller

# make run, make demo: the CRM of the deals, dynamics or salesforce
CRM ?= dynamics

# make simulate: how many seeds; CI runs these, a release deserves 100000
SEEDS ?= 2000

# make package: the processor to build for
ARCH ?= arm64
TRIPLE_arm64 := aarch64-unknown-linux-gnu
TRIPLE_x86_64 := x86_64-unknown-linux-gnu
TRIPLE := $(TRIPLE_$(ARCH))

# make watch: the running local stack
ENDPOINT ?= http://127.0.0.1:4566
STACK ?= cosell-sync

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: venv binaries ## Start everything on this machine: local AWS, the simulators, the functions (CRM)
	@exec target/debug/local-stack run --crm $(CRM)

.PHONY: demo
demo: venv binaries ## The same, then play a deal through it and check both sides (CRM)
	@exec target/debug/local-stack demo --crm $(CRM)

.PHONY: watch
watch: venv package-venv ## Rebuild the functions of a running `make run` on every save (ENDPOINT, STACK)
	@PATH="$(CURDIR)/.local/package/bin:$$PATH" AWS_ENDPOINT_URL=$(ENDPOINT) exec .local/venv/bin/python -B infra/local/watch.py $(STACK)

.PHONY: test
test: lint binaries ## Everything that must hold: lint, then all tests
	cargo test --workspace --exclude cosell-simulation
	cargo test --release --package cosell-simulation
	@$(MAKE) simulate

# Optimised: a seed takes milliseconds instead of tenths of a second.
.PHONY: simulate
simulate: ## Run seeded storms over the sync (SEEDS) and show a failing one's shortest history
	cargo run --release --package cosell-simulation -- --seeds $(SEEDS)

# Python 3.11 or newer; the clients and a Node for them are installed into .local/fidelity.
.PHONY: fidelity
fidelity: ## Run third-party clients (jsforce, sf, Microsoft's ...) against the simulated CRMs
	cargo build --package cosell-simulators
	@tests/fidelity/install.sh .local/fidelity
	@.local/fidelity/venv/bin/python -B tests/fidelity/run.py target/debug/cosell-simulators .local/fidelity

.PHONY: lint
lint: venv ## Format, clippy, template, dependencies, words; changes nothing
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --package webhook -- -D warnings # alone, as it is packaged
	.local/venv/bin/cfn-lint --template infra/template.yaml
	@tree="$$(cargo tree --package webhook --edges normal --prefix none)"; if grep '^aws-sdk-dynamodb ' <<< "$$tree"; then \
	    echo "The webhook links DynamoDB: it must stay small and hold no permission but sending to the queue." >&2; exit 1; fi
	@tree="$$(cargo tree --package webhook --package consumer --package poller --edges normal --prefix none)"; if grep -E '^(cosell-mapping-check|toml) ' <<< "$$tree"; then \
	    echo "A function links the checks of the mapping: the build makes them." >&2; exit 1; fi
	@if cargo deny --version >/dev/null 2>&1; then cargo deny check bans licenses sources; \
	    else echo "skipped: cargo deny is not installed (cargo install cargo-deny --locked)"; fi
	@cd infra/lint && ../../.local/venv/bin/python -B -m unittest --quiet words_test modules_test
	@.local/venv/bin/python -B infra/lint/modules.py
	@.local/venv/bin/python -B infra/lint/words.py

.PHONY: fmt
fmt: ## Format the code
	cargo fmt --all

# The webhook is built alone: in one build with the others it would be compiled with their features (DynamoDB among them).
# The second pass only writes the zips; nothing is compiled twice.
.PHONY: package
package: package-venv ## Build the functions for AWS into target/lambda (ARCH=arm64 or x86_64)
	@if [ -z "$(TRIPLE)" ]; then echo "ARCH=$(ARCH) is not one of arm64, x86_64" >&2; exit 1; fi
	@if ! [ -d "$$(rustc --print target-libdir --target $(TRIPLE))" ]; then \
	    echo "Rust's standard library for $(TRIPLE) is missing: rustup target add $(TRIPLE)" >&2; exit 1; fi
	@export PATH="$(CURDIR)/.local/package/bin:$$PATH"; \
	build() { echo "cargo lambda build $$*"; cargo lambda build --release --target $(TRIPLE) "$$@"; }; \
	for packages in "webhook" "consumer --package poller"; do \
	    build --lambda-dir target/lambda --package $$packages; \
	    build --lambda-dir target/lambda-zip-$(ARCH) --output-format zip --package $$packages; \
	done
	@for name in $(FUNCTIONS); do \
	    printf '%s\t%s bytes\n' "target/lambda-zip-$(ARCH)/$$name/bootstrap.zip" "$$(wc -c < "target/lambda-zip-$(ARCH)/$$name/bootstrap.zip")"; done
	@echo "target/lambda is ready for infra/template.yaml with Architecture=$(ARCH)"

.PHONY: clean-local
clean-local: ## Forget the local stack: its state and its Python packages
	rm -rf .local

.PHONY: binaries
binaries:
	cargo build $(addprefix --package ,$(FUNCTIONS) cosell cosell-simulators cosell-tests)

.PHONY: venv
venv:
	@infra/local/venv.sh .local/venv infra/local/requirements.txt

.PHONY: package-venv
package-venv:
	@infra/local/venv.sh .local/package infra/local/requirements-package.txt
