# The two commands of the README are `make demo` and `make test`; each does its own set-up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
NODE_PARTS := contracts/node_modules/.ready tests/node/node_modules/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format bench faults contracts slither clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("SkillTrace needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

# npm brings the Solidity compiler, OpenZeppelin, anvil and the foreign verifiers. A machine without it can still run
# the demo; tests that need a part say so, and fail instead when TRACE_STRICT=1.
%/node_modules/.ready: %/package.json %/package-lock.json
	@if command -v npm >/dev/null; then cd $* && npm ci --silent --no-fund --no-audit && touch node_modules/.ready; \
	else echo "npm not found: tests that need $*/node_modules will be reported as missing"; fi

setup: $(VENV)/.ready ## virtual environment with pinned versions

demo: setup ## the main job end to end; DETACH=1 stops everything at the end
	$(BIN)/python -m demo $(if $(DETACH),--detach)

test: setup $(NODE_PARTS) ## every test; TRACE_STRICT=1 lets no part be missing
	$(BIN)/python -m pytest -n 2 --dist worksteal $(if $(COVERAGE),--cov --cov-report=term:skip-covered) $(TESTS)

lint: setup ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## sort imports, format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup $(NODE_PARTS) ## benchmarks; FULL=1 for the large sizes
	$(BIN)/python -m benchmarks $(if $(FULL),--full)

faults: setup $(NODE_PARTS) ## kill real processes, cut real connections, and count what was lost
	$(BIN)/python -m tests.faults --cycles $(or $(CYCLES),50)
	$(BIN)/python -m pytest tests -m faults --ignore=tests/faults -p no:xdist -q

contracts: setup contracts/node_modules/.ready ## compile the contracts into contracts/artifacts
	$(BIN)/python -m contracts.build

# In an environment of its own, for it wants older libraries than ours.
SLITHER_VERSION := 0.11.6
ifndef SLITHER_VENV
slither: export SLITHER_VENV := $(CURDIR)/.tools/slither
slither: .tools/slither/.ready-$(SLITHER_VERSION)
endif
slither: contracts/node_modules/.ready ## static analysis of the contracts; SLITHER_VENV=DIR has slither already
	contracts/slither.sh

.tools/slither/.ready-$(SLITHER_VERSION):
	rm -rf .tools/slither
	$(PYTHON) -m venv .tools/slither
	.tools/slither/bin/pip install --quiet --disable-pip-version-check slither-analyzer==$(SLITHER_VERSION)
	@touch $@

clean: ## remove what the other targets made
	rm -rf $(VENV) .tools var contracts/node_modules tests/node/node_modules
