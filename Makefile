# Everything a contributor or a user needs: make run, make test. `make help` lists all targets.
# The first Python on the path that is new enough; `make PYTHON=/path/to/python3.12 run` chooses another.
PYTHON ?= $(shell for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$candidate && break; done)
VENV := .venv
BIN := $(VENV)/bin
# What is installed: what running needs, and all that developing needs besides.
RUNTIME := $(VENV)/.runtime
STAMP := $(VENV)/.installed
WEB_CHECKED := web/node_modules/.cache/checked
# Test processes; each starts an emulator of its own, which trains with two threads. Those of `make test` wait so often, for
# processes and states, that three are a quarter quicker on two cores; browsers hardly wait.
TEST_WORKERS := $(or $(WORKERS),3)
WORKERS ?= 2
# Without its bytecode Python compiles some thousand files at each of the many hundred starts of the tests: half of their time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test browser pictures check site format bench bench-compare console docs build clean chaos fuzz soak lowest contract postgresql

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## create .venv and install everything into it

# Python compiles what it imports at the first start: a third of what compiling everything takes.
$(RUNTIME): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 setup" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --prefer-binary --no-compile --editable .
	@touch $(RUNTIME)

# Groups of dependencies are read by pip 25.1 and later.
$(STAMP): $(RUNTIME)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --prefer-binary --editable . --group dev
	@touch $(STAMP)

run: $(RUNTIME) ## run the emulator on 127.0.0.1:4598 with its data in ./data; the console's page is built beside it, once
	@$(BIN)/python -m emulator.console.building --quiet &
	@$(BIN)/custom-labels serve --data-dir data

test: setup ## run all tests but those of make contract and make browser
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist worksteal -m "not contract" --ignore tests/browser

# WRITE=1 writes what ran into the table of docs/clients.md.
contract: setup ## try the clients of others, Terraform and the image, each where it can be installed (WRITE=1)
	@mkdir -p .venv-contract
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m contract -rs --junit-xml .venv-contract/report.xml
	$(BIN)/python -m support.client_table .venv-contract/report.xml $(if $(WRITE),--write)

browser: setup console ## run only the tests of the console, in Chromium and Firefox
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests/browser

# Kills of one run, and the seed of its moments.
KILLS ?= 300
SEED ?= 0

chaos: setup ## kill an emulator again and again, and see that nothing acknowledged is lost (KILLS=300 SEED=0 DATABASE=postgresql TRAININGS=dask)
	nice -n 10 $(BIN)/python -m tests.faults.$(if $(filter dask,$(TRAININGS)),dask_chaos,$(if $(filter postgresql,$(DATABASE)),database_chaos,chaos)) --kills $(KILLS) --seed $(SEED)

pictures: setup console ## take the pictures of docs/console.md
	$(BIN)/python -m support.console_pictures docs/console

lowest: ## run all tests with the lowest versions of the dependencies, in an environment of its own
	WORKERS=$(WORKERS) PYTHON=$(PYTHON) .ci/lowest

postgresql: setup ## run the tests of storage, operations and jobs over PostgreSQL
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests/storage tests/operations tests/jobs --database postgresql

# Hours of one soak, and its calls a second.
HOURS ?= 0.5
RATE ?= 20

soak: setup ## RATE=20 calls a second for HOURS=0.5: memory, descriptors, threads and disk stay flat
	$(BIN)/python -m benchmarks.soak --hours $(HOURS) --rate $(RATE)

# Inputs of each of the twelve parsers.
RUNS ?= 100000

fuzz: setup ## try hostile inputs on the twelve parsers, guided by coverage where atheris can be installed (RUNS=100000)
	-$(BIN)/python -m pip install --quiet --group fuzz
	nice -n 10 $(BIN)/python -m tests.fuzz.run all --runs $(RUNS)

check: setup ## lint and type-check; the page as well where Node and its packages are
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/deptry .
	$(BIN)/python -m support.dead_code
	@$(MAKE) --no-print-directory site
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(WEB_CHECKED); fi

# The page is checked again when one of its files changed, where npm is on the path.
$(WEB_CHECKED): $(shell find web -path web/node_modules -prune -o -type f -print)
	cd web && { test -d node_modules || npm ci --silent; } && npm run --silent check
	@mkdir -p $(@D) && touch $@

site: setup ## build the documentation as a site into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs --quiet build --strict

format: setup ## format and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## write the documents that are generated from the code
	$(BIN)/python -m emulator.settings > docs/settings.md
	$(BIN)/python -m emulator.documents.parity > docs/parity.md
	$(BIN)/python -m emulator.documents.permissions > docs/permissions.md
	$(BIN)/python -m emulator.documents.errors > docs/errors.md
	$(BIN)/python -m emulator.documents.rules > docs/rules.md
	$(BIN)/python -m emulator.documents.shapes > emulator/domain/shapes.py
	$(BIN)/python -m emulator.documents.console_api > web/openapi.json
	@if test -d web/node_modules; then cd web && npm run --silent generate; fi

# Rounds of a table: the sides take turns in each.
ROUNDS ?= 5

bench: setup ## print one table: each figure, moto's beside it, what nobody gets below, the ratios (ROUNDS=5)
	$(BIN)/python -m benchmarks.table --rounds $(ROUNDS)

bench-compare: setup ## measure commit BASE and this checkout in turns; fails where more than a tenth is lost (BASE=main ROUNDS=5 PARTS="starts calls")
	$(BIN)/python -m benchmarks.table --rounds $(ROUNDS) --base $(or $(BASE),main) $(if $(PARTS),--parts $(PARTS))

console: $(RUNTIME) ## build the console's page; Node 20.19 or newer is taken from the path, else from PyPI
	@$(BIN)/python -m emulator.console.building

build: setup console ## build the console's page, then the wheel and the source archive into dist/
	$(BIN)/python -m build
	$(BIN)/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --output-file dist/custom-labels-emulator.cdx.json

clean: ## remove what setup and build made (never ./data)
	rm -rf $(VENV) .venv-* dist
