# Everything a developer or an operator of one machine runs. `make` alone lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test lint types sure bench migration translations requirements clean install install-dev chromium

FIND_PYTHON = for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done
PYTHON ?= $(shell $(FIND_PYTHON))
PY := .venv/bin/python
PATHS := portal tests migrations bench scripts wsgi.py
ARGS ?=

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

install:
	@test -n "$(PYTHON)" || { echo "需要 Python 3.11 或更高版本。Python 3.11 or later is needed." >&2; exit 1; }
	@$(PYTHON) scripts/install.py run

install-dev:
	@test -n "$(PYTHON)" || { echo "需要 Python 3.11 或更高版本。Python 3.11 or later is needed." >&2; exit 1; }
	@$(PYTHON) scripts/install.py dev

run: install  ## install, start everything and print the address (PORT=8000 HOST=127.0.0.1)
	@PORT="$(PORT)" HOST="$(HOST)" exec $(PY) -m portal.launch

test: install-dev chromium  ## all tests, on real services (ARGS="-k name" for some)
	$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: install-dev  ## format, style and import contracts
	$(PY) -m ruff format --check $(wildcard $(PATHS))
	$(PY) -m ruff check $(wildcard $(PATHS))
	.venv/bin/lint-imports --no-logo

types: install-dev  ## static types
	$(PY) -m pyright

sure: lint types test  ## all of the above: run it before a commit

bench: install-dev  ## measure what the program is for
	@for file in bench/*.py; do echo "== $$file"; $(PY) -m bench.$$(basename $$file .py) || exit 1; done

migration: install  ## write a migration from the models (m="what it does")
	@test -n "$(m)" || { echo 'make migration m="what it does"' >&2; exit 1; }
	$(PY) -m flask --app wsgi db upgrade
	$(PY) -m flask --app wsgi db migrate -m "$(m)"

# The words that mark a sentence: ours, and the errors whose first argument is one.
MARKS = -k N_ -k _l -k lazy -k lazy_in:1c,2 \
  -k Invalid -k NotFound -k NotAllowed -k Conflict

translations: install-dev  ## collect the Chinese sentences; then write the English ones that are missing
	$(PY) -m babel.messages.frontend -q extract -F babel.cfg $(MARKS) --add-location=file --omit-header \
	  -o .make/messages.pot .
	$(PY) -m babel.messages.frontend -q update -N -w 100 --ignore-obsolete \
	  --ignore-pot-creation-date -l en -d translations -i .make/messages.pot

requirements:  ## compile requirements*.txt from *.in (needs uv)
	for name in requirements requirements-local requirements-dev; do \
	  uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    $$name.in -o $$name.txt || exit 1; done

chromium:
	@$(PY) scripts/chromium.py

clean:  ## remove what was installed and built; the data in instance/ stays
	rm -rf .venv .make node_modules static/vendor .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find translations -name '*.mo' -delete 2>/dev/null || true
