# Every command of this project. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

# Python 3.11, 3.12 or 3.13; another one on PATH is taken when this one is not.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
TYPED := dispatch solvers roadnets scenarios benchmarks examples tools

# Options of `make demo`; ARGS is handed on as it is (also by bench and test).
PLACE ?=
# A bundle brings the sample city's network; elsewhere the demo makes its own.
NETWORK ?= $(if $(PLACE),,$(if $(wildcard wheels/PYTHONS),$(wildcard sample.net)))
ARGS ?=

##@ Use

.PHONY: demo
demo: $(VENV)/.runtime ## Run the demo; PLACE="a city", NETWORK=file.net, ARGS="..." change it
	@$(PY) -m dispatch demo $(if $(PLACE),--place "$(PLACE)") $(if $(NETWORK),--network "$(NETWORK)") $(ARGS)

.PHONY: venv
venv: $(VENV)/.dev ## Create or refresh .venv with everything that development needs

##@ Develop

.PHONY: test
test: $(VENV)/.dev ## Run the tests but the slow ones; ARGS="tests/roadnets -x" narrows them
	@$(PY) -m pytest -m "not slow" $(ARGS)

.PHONY: test-slow
test-slow: $(VENV)/.dev ## Run the slow tests: long fault loops, every byte, whole countries
	@$(PY) -m pytest -m slow $(ARGS)

.PHONY: check
check: $(VENV)/.dev ## Lint, format, types, import contracts, protos: all of them, then fail if one did
	@$(MAKE) --keep-going lint format-check types imports proto-lint proto-check

.PHONY: lint format-check types imports proto-lint proto-check
lint: $(VENV)/.dev
	@echo "== ruff check"; $(BIN)/ruff check .
format-check: $(VENV)/.dev
	@echo "== ruff format"; $(BIN)/ruff format --check .
types: $(VENV)/.dev
	@echo "== mypy"; $(BIN)/mypy $(wildcard $(TYPED))
imports: $(VENV)/.dev
	@echo "== import contracts"; $(BIN)/lint-imports --no-cache --no-logo
proto-lint: $(VENV)/.dev
	@echo "== buf lint"; $(PY) tools/proto.py --lint
proto-check: $(VENV)/.dev
	@echo "== generated code"; $(PY) tools/proto.py --check

.PHONY: format
format: $(VENV)/.dev ## Format the code and repair what ruff can repair
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format .

.PHONY: proto
proto: $(VENV)/.dev ## Generate dispatch/v1 from proto/
	@$(PY) tools/proto.py

.PHONY: bench
bench: $(VENV)/.dev ## Run the benchmarks; ARGS="..." is handed to them
	@if [[ -f benchmarks/__main__.py ]]; then $(PY) -m benchmarks $(ARGS); \
	else shopt -s nullglob; for file in benchmarks/[a-z]*.py; do [[ $$file == *_server.py ]] && continue; \
	echo "== $$file"; $(PY) -m "benchmarks.$$(basename "$$file" .py)" $(ARGS); done; fi

##@ Release

# One resolve for everything: the runtime lock takes its versions from the larger one, so that
# no later install can pull a protobuf that ortools does not load. UPGRADE=1 takes newer releases.
UV_COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-header --no-emit-index-url --no-emit-find-links --quiet
UPGRADE ?=

.PHONY: lock
lock: $(VENV)/.dev ## Rebuild both lock files from pyproject.toml; UPGRADE=1 takes newer releases
	@$(UV_COMPILE) --extra dev $(if $(UPGRADE),--upgrade) -o requirements-dev.lock
	@$(UV_COMPILE) --constraint requirements-dev.lock $(if $(UPGRADE),--upgrade) -o requirements.lock
	@git --no-pager diff --stat -- 'requirements*.lock'

# For other Pythons than .venv's: make bundle PYTHONS="3.11 3.12 3.13"
PYTHONS ?=

.PHONY: bundle
bundle: $(VENV)/.runtime ## Build dist/citydispatch-bundle-*.tar.gz, which runs without a network
	@$(PY) tools/bundle.py $(PYTHONS)

.PHONY: test-bundle
test-bundle: bundle ## Unpack the bundle elsewhere and run its demo with the network cut
	@tests/test_bundle.sh

.PHONY: clean
clean: ## Remove what was built and cached; .venv stays
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis ./*.egg-info
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

.PHONY: clean-venv
clean-venv: ## Remove .venv
	@rm -rf $(VENV)

.PHONY: help
help: ## List the commands
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { print "\n" substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

need_python = command -v "$(PYTHON)" >/dev/null || { echo \
	"$(PYTHON) is not there. Install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=/path/to/python3.12"; exit 1; }

# One environment, two stamps: a demo needs the runtime lock only, development the larger one.
$(VENV)/.runtime: requirements.lock
	@$(need_python); "$(PYTHON)" tools/venv.py runtime
$(VENV)/.dev: requirements.lock requirements-dev.lock
	@$(need_python); "$(PYTHON)" tools/venv.py dev
