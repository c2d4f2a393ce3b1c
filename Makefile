# Every target has a line of help: `make` prints them.
.DEFAULT_GOAL := help
.PHONY: help packages build demo demo/page test test/pgbouncer test/faults test/phones test/fuzz test/api test/planner lint format phone-metadata clean

help: ## Print this list
	@grep -hE '^[a-z/-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

packages: ## Install the Debian packages that are missing (or print the command, when not root)
	@.ci/packages

build: packages ## Build the release program: .build/release/relevo
	swift build -c release --product relevo

demo: packages ## Carry a fleet of 24 numbers through the whole job against the sandbox, and print a summary
	@Sources/relevo/Example/demo.sh

demo/page: ## Serve the page of the last demo until Ctrl-C
	@Sources/relevo/Example/demo.sh --page

test: packages ## Run every test on a throw-away PostgreSQL
	@.ci/test

test/pgbouncer: ## Run the tests with their connections through PgBouncer in transaction mode
	@.ci/packages pgbouncer
	@.ci/pgbouncer

test/faults: packages ## Kill, stop and cut off processes at every crash point, in under 20 minutes
	@.ci/faults

test/phones: packages ## Compare the number engine with libphonenumber on more than a million inputs
	@.ci/phones

test/fuzz: packages ## Read arbitrary bytes as numbers for ten minutes
	@.ci/fuzz

test/api: packages ## Fuzz the API by its OpenAPI document for two minutes
	@.ci/api

test/planner: packages ## Compare the planner with exact optima, its bounds with its plans, and plans with their re-plans
	@.ci/planner

lint: ## Check the formatting
	swift format lint --strict --parallel --recursive Package.swift Sources Tests

format: ## Format the sources
	swift format --in-place --parallel --recursive Package.swift Sources Tests

phone-metadata: ## Renew the number plans from the PyPI package `phonenumbers`, and say what changed by region
	@test -x .build/python/bin/python || python3 -m venv .build/python
	@.build/python/bin/pip install --quiet --disable-pip-version-check --upgrade phonenumbers
	.build/python/bin/python -B Sources/PhoneNumbers/Metadata/generate.py
	.build/python/bin/python -B Tests/PhoneNumbersTests/differential.py Tests/PhoneNumbersTests/Fixtures/sample.tsv 6000 1

clean: ## Remove what was built and the data of the demo
	rm -rf .build .relevo
