# Two commands do everything on a machine with Python 3.11 or later (with venv) and make:
#   make demo   sets up .venv, checks and corrects a file, shows the findings and the difference
#   make test   sets up .venv, runs every check

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
COVERAGE_FLOOR := 96

.PHONY: demo test lint bench lock clean

demo: $(STAMP)
	@echo '$$ facet check fixtures/837p/demo.837'
	@$(BIN)/facet check fixtures/837p/demo.837; test $$? -eq 1
	@echo '$$ facet fix --diff fixtures/837p/demo.837'
	@$(BIN)/facet fix --diff fixtures/837p/demo.837; test $$? -le 1

test: $(STAMP) lint
	$(BIN)/facet tables check
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal \
		--cov --cov-branch --cov-report=term --cov-fail-under=$(COVERAGE_FLOOR)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python benchmarks/run.py

# Writes requirements.lock anew from pyproject.toml, with hashes; needs uv.
UV ?= uv
lock:
	$(UV) pip compile pyproject.toml --extra dev --generate-hashes --universal --python-version 3.11 \
		--no-emit-index-url --no-strip-extras --custom-compile-command 'make lock' --quiet \
		--output-file requirements.lock

clean:
	rm -rf $(VENV) .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# The lock is installed by hash, the project beside it without its dependencies.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'facet needs Python 3.11 or later: make PYTHON=python3.11 ...' >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation --editable .
	@touch $@
