SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
# More than there are processors: the deployed stages, and retries of scripted faults, are mostly waited for.
PYTEST := $(BIN)/python -m pytest --numprocesses=6
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Debian and Ubuntu keep what makes an environment apart from Python.
CHECK_VENV := import importlib.util, sys; sys.exit(None if importlib.util.find_spec("ensurepip") else \
  "This Python cannot make environments. On Debian or Ubuntu: sudo apt install python%d.%d-venv" % sys.version_info[:2])
# Without kept bytecode, importing the CDK alone takes 7 s.
unexport PYTHONDONTWRITEBYTECODE

help: ## Say what each target does
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

run: setup ## Run it all here: prints the link to tap, shows feedback as it arrives; Ctrl-C stops it (PORT=8040)
	@exec $(BIN)/python -m local.run $(if $(PORT),--port $(PORT))

test: lint ## Lint, check types and run every test
	@exec $(PYTEST)

check: lint ## Lint, check types and run the tests that need no other program
	@exec $(PYTEST) --quiet -m "not moto" $(addprefix --ignore=tests/,end_to_end browser infra faults)

lint: setup
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy .

deploy: setup ## Deploy to the AWS account and region of your credentials (STAGE=<name>; else prod; MEND=1 brings back what was removed by hand)
# What an earlier stack of the stage left is taken up again: tables, keys and buckets. CloudFormation compares templates; to
# look at what is really there, it must be asked.
	@node_modules/.bin/cdk deploy $(if $(MEND),--revert-drift,--import-existing-resources) --context stage=$(or $(STAGE),prod)

setup: $(VENV)/ready node_modules/ready ## Install everything into this folder

$(VENV)/ready: requirements/dev.txt requirements/uv.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Earshot needs Python 3.11 or newer; this is %d.%d. Try: make PYTHON=python3.13" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@echo "Setting up Python packages in .venv (a minute the first time) ..."
# An interrupted set-up may lack pip, or have half of a package that counts as there: it is begun anew.
	@{ test ! -e $(VENV)/unfinished && $(BIN)/python -m pip --version; } >/dev/null 2>&1 || \
	  { $(PYTHON) -c '$(CHECK_VENV)' && $(PYTHON) -m venv --clear $(VENV); }
	@touch $(VENV)/unfinished
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --require-hashes requirements/dev.txt
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .
	@mv $(VENV)/unfinished $@

node_modules/ready: package.json package-lock.json $(VENV)/ready
	@echo "Setting up the CDK command line in node_modules ..."
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

faults: $(VENV)/ready ## Run the fault models with 1,000 seeds, and 10,000 events beside sick targets
	@SEEDS=$(or $(SEEDS),1000) EVENTS=$(or $(EVENTS),10000) $(BIN)/pytest -q $(addprefix tests/faults/,test_faults.py test_cases.py test_sick_targets.py)

contract: $(VENV)/ready ## Write the events' schemas and page again from their classes
	@$(BIN)/python -m events

bench: setup ## Measure what is promised: CPU, requests, bytes, the deployed stage (ONLY=capture)
	@EARSHOT_CONFIG=tests/earshot.toml $(BIN)/python -m bench $(ONLY)

lock: ## Lock the dependencies again, with versions and hashes
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --output-file requirements/functions.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml --output-file requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements/runtime.in --output-file requirements/runtime.txt
	@echo 'uv==0.13.9' | $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --output-file requirements/uv.txt -
	@npm install --package-lock-only --no-audit --no-fund

.PHONY: help run test check lint deploy setup faults contract bench lock
