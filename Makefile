# Anxin. `make help` lists what there is to do. What is built is rebuilt only when its sources change.
SHELL := bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?= python3
STEP := scripts/step.sh
STARTED := $(shell date +%s)
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export SOLCX_BINARY_PATH := $(CURDIR)/.solcx
export PYTHON

SOLIDITY := $(shell find contracts -name '*.sol')
BACKEND := $(shell find backend -name '*.py')
PAGES := $(shell find web -type f -not -path 'web/dist/*' -not -path '*/node_modules/*' -not -name api.gen.ts)
ABI := $(addprefix backend/anxin/chain/abi/,$(addsuffix .json,RoleManager WageToken WorkerRegistry WageEscrow WageEscrowFactory \
	BankPayout EvidenceAnchor))

# ---------------------------------------------------------------- for people

.PHONY: help setup demo test lint chaos coverage invariants contract-twilio slither bench bench-gas bench-payroll bench-import bench-demo bench-chain lock clean
help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

setup: ## Install and build everything (about a minute the first time, nothing the second)
	@$(MAKE) --no-print-directory --silent -j2 built

demo: setup ## See a wage paid: one month of one site, then the pages stay up (ONCE=1: end after the story)
	@.venv/bin/anxin demo $(if $(ONCE),--once)
	@echo "make demo took $$(($$(date +%s) - $(STARTED))) s" >&2

test: setup ## Every check and every test
	@scripts/get_browser.sh
	@$(MAKE) --no-print-directory --silent lint
	@npm run --silent test
	@.venv/bin/python scripts/run_tests.py

lint: setup ## Style, types, layers, contract sizes and storage layout
	ruff check --output-format concise backend scripts tests
	mypy
	lint-imports
	npm run --silent lint:sol
	.venv/bin/python scripts/contract_facts.py
	npm run --silent check

chaos: setup ## Thousands of confirmations on real parts, all of which fail (build/chaos.json; SEED=1 WORDS=2048; about 7 minutes)
	@SEED=$(SEED) WORDS=$(WORDS) .venv/bin/python -m tests.chaos.run

coverage: setup ## Which branches of the contracts the tests take (build/coverage.json)
	@.venv/bin/python scripts/contract_coverage.py

invariants: setup ## The seven invariants over random sequences of every call, and what was reached (DEEP=1: the long run)
	@.venv/bin/python tests/invariants/run.py $(if $(DEEP),--deep)

contract-twilio: setup tests/twilio/node_modules/installed ## Our SMS client and stand-in against Twilio's own OpenAPI document
	@.venv/bin/python -m pytest tests/twilio -q -p no:pytest-brownie

slither: setup .tools/slither/installed ## Static analysis of the contracts
	@.venv/bin/python scripts/run_slither.py

bench: setup bench-gas bench-payroll bench-import bench-demo bench-chain ## Every bench below, one after the other

bench-demo: setup ## How long the demo takes: first start on an empty state folder, and a warm second one
	@.venv/bin/python scripts/bench_demo.py

bench-gas: setup ## What a wage costs in gas, against contracts/gas-snapshot.json (build/bench-gas.json)
	@.venv/bin/python scripts/bench_gas.py --check

bench-payroll: setup ## A month of 100,000 workers from files, against merely reading them (build/bench-payroll.json)
	@.venv/bin/python scripts/bench_payroll.py

bench-import: setup ## 100,000 punches into PostgreSQL, against COPY alone (build/bench-import.json)
	@.venv/bin/python scripts/bench_import.py

bench-chain: setup ## Confirmations accepted, relayed and indexed, against pgbench, anvil and curl (build/bench-chain.json)
	@.venv/bin/python scripts/bench_chain.py

lock: .tools/bin/uv ## Refresh requirements.lock after a change in pyproject.toml
	.tools/bin/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --upgrade -q -o requirements.lock

clean: ## Stop the embedded servers and remove all that was installed, built or stored
	@if [ -x .venv/bin/anxin ] && [ -d .anxin ]; then .venv/bin/python -m anxin.core.embedded remove .anxin; fi
	@rm -rf .anxin .venv .tools .solcx node_modules build reports interfaces web/dist web/node_modules web/shared/api.gen.ts
	@rm -rf tests/twilio/node_modules backend/anxin/chain/abi/*.json .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# ---------------------------------------------------------------- what is built from what

.PHONY: built
built: .venv/installed $(ABI) web/dist/built

.tools/bin/uv:
	@scripts/check_machine.sh disk && scripts/check_machine.sh python && scripts/check_machine.sh node
	@$(STEP) "Installer" sh -c '$(PYTHON) -m venv .tools && .tools/bin/pip install --quiet uv'

.tools/slither/installed: | .tools/bin/uv
	@$(STEP) "Slither" sh -c '.tools/bin/uv venv --quiet --clear --python "$$(command -v $(PYTHON))" .tools/slither \
	  && .tools/bin/uv pip install --quiet --python .tools/slither/bin/python slither-analyzer==0.11.6'
	@touch $@

.venv/installed: requirements.lock pyproject.toml | .tools/bin/uv
	@scripts/check_machine.sh disk
	@$(STEP) "Python packages" sh -c '{ [ -x .venv/bin/python ] || .tools/bin/uv venv --quiet --python "$$(command -v $(PYTHON))" .venv; } \
	  && .tools/bin/uv pip sync --require-hashes requirements.lock && .tools/bin/uv pip install --no-deps -e .'
	@touch $@

node_modules/installed: package-lock.json package.json
	@scripts/check_machine.sh disk && scripts/check_machine.sh node
	@$(STEP) "Node packages" npm ci
	@touch $@

tests/twilio/node_modules/installed: tests/twilio/package-lock.json tests/twilio/package.json
	@$(STEP) "Prism and Twilio's document" npm ci --prefix tests/twilio
	@touch $@

.solcx/installed: package.json scripts/setup_solc.py scripts/solc-npm.cjs .venv/installed node_modules/installed
	@$(STEP) "Solidity compiler" .venv/bin/python scripts/setup_solc.py
	@touch $@

build/contracts.built: $(SOLIDITY) brownie-config.yaml .solcx/installed
	@$(STEP) "Contracts" .venv/bin/brownie compile $(if $(filter brownie-config.yaml .solcx/installed,$?),--all)
	@touch $@

$(ABI) &: build/contracts.built scripts/export_abi.py
	@$(STEP) "ABIs" .venv/bin/python scripts/export_abi.py

# Written anew whenever the backend changes, but replaced only when it says something else: the pages are built from it.
build/openapi.checked: $(BACKEND) .venv/installed
	@mkdir -p build
	@$(STEP) "API description" sh -c '.venv/bin/anxin openapi > build/openapi.new && \
	  { cmp -s build/openapi.new build/openapi.json || cp build/openapi.new build/openapi.json; }'
	@touch $@

build/openapi.json: build/openapi.checked ;

web/shared/api.gen.ts: build/openapi.json node_modules/installed
	@$(STEP) "API client" npm run client
	@touch $@

web/dist/built: $(PAGES) web/shared/api.gen.ts node_modules/installed
	@$(STEP) "Web pages" npm run build
	@touch $@
