# Everything a contributor or a user needs: make run, make test. `make help` lists all targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 2

.PHONY: help setup run test check format bench console docs clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## create .venv and install everything into it

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $(STAMP)

run: setup ## run the emulator on 127.0.0.1:4598 with its data in ./data
	$(BIN)/custom-labels serve --data-dir data

test: setup ## run all tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

check: setup ## lint and type-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup ## format and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## write the documents that are generated from the code
	$(BIN)/python -m emulator.settings > docs/settings.md
	$(BIN)/python -m emulator.operations.parity > docs/parity.md

bench: setup ## print the figures of docs/benchmarks.md
	$(BIN)/python -m benchmarks

console: ## build the web console
	@echo "The web console is not part of this release; /console shows a short page instead."

clean: ## remove what setup made
	rm -rf $(VENV)
