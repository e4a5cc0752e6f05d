# Plimsoll. `make` alone says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO_DENY := 0.20.2
CARGO_MACHETE := 0.9.2
# The last is where Debian puts servers, and not where it looks for everybody's commands.
export PATH := $(CURDIR)/.tools/bin:$(PATH):/usr/sbin
# Property tests try the same cases each time, so that what passed passes again; another number tries others.
export PROPTEST_RNG_SEED ?= 1

# A line that says which step runs.
say = printf '\n==> %s\n'

.PHONY: help run test check bench size packages components crates tools mongod prometheus smtp browser schemas shells clean-tools

help: ## Says what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: packages ## Builds Plimsoll and runs all of it on the embedded store
	@$(say) 'building (the first time takes some minutes) and starting'
	@cargo run --release --locked

test: check mongod prometheus smtp browser schemas shells ## Everything a change must pass: check, then unit, property, contract and black-box tests
	@$(say) 'building the server and the tests'
	@cargo build --locked --workspace --bins
	@cargo test --locked --workspace --no-run
	@$(say) 'testing'
	@cargo test --locked --workspace --no-fail-fast

check: packages components crates tools ## Format, lints, documentation, licences, bans, unused dependencies
	@$(say) 'format'
	@cargo fmt --all -- --check
	@$(say) 'licences, bans and sources'
	@cargo deny --offline --locked --workspace --log-level error check --hide-inclusion-graph bans licenses sources
	@$(say) 'unused dependencies'
	@cargo machete --skip-target-dir
	@$(say) 'lints'
	@cargo clippy --locked --workspace --all-targets -- -D warnings
	@$(say) 'documentation'
	@RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --document-private-items

bench: packages mongod prometheus ## Prints every figure of the README, with its limit beside it
	@scripts/need.sh wrk:wrk taskset:util-linux nginx:nginx node:nodejs prometheus-alertmanager:prometheus-alertmanager
	@$(say) 'building and measuring (optimised; keep the machine quiet)'
	@cargo run --release --locked --package plimsoll-benches

size: ## Lists Rust files of more than 300 lines and functions of more than 40
	@scripts/size.sh

clean-tools: ## Removes what `make test` installed into .tools
	@rm -rf .tools

# --- What the targets above stand on. Each looks first and installs only what is missing.

packages: # the C compiler and make are for SQLite, ring and jemalloc
	@scripts/need.sh cc:gcc make:make

components:
	@cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
	@cargo clippy --version >/dev/null 2>&1 || rustup component add clippy

crates: # cargo-deny reads the manifests of every platform's crates, and a build fetches only this one's
	@cargo metadata --locked --offline --format-version 1 >/dev/null 2>&1 || { $(say) 'fetching crates'; cargo fetch --locked; }

tools:
	@scripts/cargo-tool.sh cargo-machete $(CARGO_MACHETE)
	@scripts/cargo-tool.sh cargo-deny $(CARGO_DENY) --no-default-features

mongod:
	@scripts/mongod.sh

prometheus: # both programs and promtool; the services that the packages may start are not used
	@scripts/need.sh prometheus:prometheus prometheus-alertmanager:prometheus-alertmanager

smtp:
	@scripts/smtp.sh

shells: # what reads the manual page and the completions
	@scripts/need.sh mandoc:mandoc zsh:zsh fish:fish

browser: # Chromium, Node and the Sentry SDKs
	@scripts/browser.sh

schemas: browser # what checks infrastructure/: kubectl, Docker Compose, hadolint, Caddy, schemas; some of it runs on the browser's Node
	@scripts/schemas.sh
