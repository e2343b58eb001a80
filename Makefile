# What there is to do here. `make help` lists it; the work is done by scripts/.
.DEFAULT_GOAL := help
.PHONY: help run test build format generate release-contract certs bench bench-check bench-plots
.PHONY: fuzz test-asan test-tsan docs clean setup
SHELL := /bin/bash

help: ## Show this list
	@echo 'user-service: a user directory over gRPC, on Postgres.'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1 \t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 26
	@echo
	@echo 'Missing Debian packages are installed by apt-get; it is said which.'
	@echo 'README.md says more.'

# At a terminal the script is a job of its own, so that ctrl-C reaches it and not make, and a clean stop is a success.
run: ## Build, start a private Postgres if DATABASE_URL is unset, migrate, serve
	@if [ -t 0 ]; then bash -mc 'scripts/run.sh; exit $$?'; else exec scripts/run.sh; fi

test: ## Run every check: format, contract, generated code, Swift tests, foreign clients
	@scripts/test.sh

build: ## Build the release binary of user-service
	@scripts/setup.sh build
	@scripts/build.sh user-service

generate: ## Write the Swift code of Protos/
	@scripts/setup.sh build generate
	@scripts/generate.sh

format: ## Format the Swift code as .swift-format says; `make test` fails on what is not
	@scripts/format.sh

release-contract: ## At a release, write down what later versions of Protos/users must not break
	@scripts/setup.sh test
	@scripts/contract.sh --release

certs: ## Make certificates for development, in .local/certs
	@scripts/setup.sh certs
	@scripts/certs.sh

bench: ## Measure beside nghttpd, gRPC C++, grpcio, grpc-swift-2, pgbench (SECTIONS='sum user')
	@scripts/bench.sh $(SECTIONS)

bench-plots: ## Measure how cost grows, and draw it to docs/plots
	@scripts/bench-plots.sh $(SECTIONS)

bench-check: ## Hold instructions and allocations a call to Benchmarks/thresholds.txt
	@scripts/bench-check.sh $(UPDATE)

setup: ## Only install what Debian packages are missing
	@scripts/setup.sh

fuzz: ## Fuzz the codecs for a minute each (FUZZ_SECONDS=60)
	@scripts/setup.sh build
	@scripts/fuzz.sh

test-asan: ## Run the Swift tests under the address sanitizer, and C with traps for undefined behaviour
	@scripts/setup.sh build database test
	@scripts/sanitize.sh address

test-tsan: ## Run the Swift tests under the thread sanitizer
	@scripts/setup.sh build database test
	@scripts/sanitize.sh thread

docs: ## Build ProtoWire's documentation from its comments, to .local/docs
	@scripts/setup.sh build
	@scripts/docs.sh

clean: ## Delete what was built, and the test database; `make run` keeps its data
	@scripts/clean.sh
