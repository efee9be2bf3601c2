# Two commands matter: `make build` and `make test`. Both set up what they need.
.PHONY: build test test-unit test-clients clients lint ui serve docs clean setup bench bench-breaks bench-faults lock
.DEFAULT_GOAL := build

PYTHON ?= python3
BIN := .venv/bin
export GX_ANALYTICS_ENABLED := false

build: .venv/run
	$(BIN)/meraukla build

# The clients are tested by themselves, because each of them is an environment to install.
test: .venv/dev lint
	$(BIN)/pytest --ignore tests/clients

test-unit: .venv/dev
	$(BIN)/pytest tests/unit

test-clients: .venv/dev clients
	$(BIN)/pytest tests/clients

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy bench
	$(BIN)/sqlfluff lint --processes 2 --config dbt_project/.sqlfluff dbt_project/models dbt_project/tests
	$(BIN)/sqlfluff lint --config expectations/.sqlfluff expectations/rules

ui: .venv/run
	$(BIN)/meraukla ui

# As it is left on a server: deploy/, docs/operations.md.
serve: .venv/run
	$(BIN)/meraukla serve

docs: .venv/run
	$(BIN)/meraukla build
	$(BIN)/meraukla docs

bench: .venv/dev
	$(BIN)/python bench/overhead.py

bench-breaks: .venv/dev
	$(BIN)/python bench/break_detection.py

bench-faults: .venv/dev
	$(BIN)/python bench/faults.py

clean:
	rm -rf data/build data/cache data/dashboards data/published data/dagster data/docs data/logs dbt_project/target dbt_project/logs logs

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

# Each client of the published file has an environment of its own, made again whenever its lock file changes. pip of the
# development environment installs into it, so it needs none itself.
CLIENTS := tests/clients/environments
CLIENT_LOCKS := $(wildcard $(CLIENTS)/*.lock)
clients: $(CLIENT_LOCKS:$(CLIENTS)/%.lock=.venv-clients/%/made) .venv-clients/node/made

.venv-clients/%/made: $(CLIENTS)/%.lock | .venv/dev
	rm -rf $(@D)
	$(PYTHON) -m venv --without-pip $(@D)
	$(BIN)/python -m pip --python $(@D)/bin/python install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

.venv-clients/node/made: $(CLIENTS)/node/package.json $(CLIENTS)/node/package-lock.json
	@command -v npm > /dev/null || { echo "Node.js with npm is needed. On Debian: apt-get install nodejs npm"; exit 1; }
	rm -rf $(@D)
	mkdir -p $(@D)
	cp $^ $(@D)
	npm --prefix $(@D) ci --silent --no-audit --no-fund
	touch $@

# Names, versions and hashes only: which index they come from is each machine's own affair.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate --no-strip-extras
lock: .venv/dev
	$(LOCK) pyproject.toml --output-file requirements.lock
	$(LOCK) pyproject.toml --extra dev --output-file requirements-dev.lock
	for client in $(CLIENT_LOCKS:%.lock=%); do $(LOCK) $$client.in --output-file $$client.lock || exit 1; done
	npm --prefix $(CLIENTS)/node install --package-lock-only --omit-lockfile-registry-resolved --silent --no-audit --no-fund
