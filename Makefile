# Two commands matter: `make build` and `make test`. Both set up what they need.
.PHONY: build test test-unit lint ui docs clean setup bench bench-breaks lock
.DEFAULT_GOAL := build

PYTHON ?= python3
BIN := .venv/bin
export GX_ANALYTICS_ENABLED := false

build: .venv/run
	$(BIN)/meraukla build

test: .venv/dev lint
	$(BIN)/pytest

test-unit: .venv/dev
	$(BIN)/pytest tests/unit

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy bench
	$(BIN)/sqlfluff lint --processes 2 --config dbt_project/.sqlfluff dbt_project/models dbt_project/tests
	$(BIN)/sqlfluff lint --config expectations/.sqlfluff expectations/rules

ui: .venv/run
	$(BIN)/meraukla ui

docs: .venv/run
	$(BIN)/meraukla build
	$(BIN)/meraukla docs

bench: .venv/dev
	$(BIN)/python bench/overhead.py

bench-breaks: .venv/dev
	$(BIN)/python bench/break_detection.py

clean:
	rm -rf data/build data/published data/dagster data/docs dbt_project/target dbt_project/logs logs

setup: .venv/dev

# The environment is made once and again whenever its lock file changes.
.venv/run: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/meraukla prepare
	touch $@

.venv/dev: requirements-dev.lock .venv/run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

# Names, versions and hashes only: which index they come from is each machine's own affair.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate --no-strip-extras pyproject.toml
lock: .venv/dev
	$(LOCK) --output-file requirements.lock
	$(LOCK) --extra dev --output-file requirements-dev.lock
