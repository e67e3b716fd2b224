# What a developer runs. `make help` lists it.
PYTHON ?= python3
# Extra words for the installation of torch, for example an index of builds without CUDA.
TORCH_FLAGS ?=

BIN := .venv/bin
STAMP := .venv/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: help setup demo test check format docs site constraints

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 18

setup: $(STAMP) ## make the environment in .venv

# torch comes first so that its build is the one chosen by TORCH_FLAGS. python-elf is the reference of one metric;
# its evaluation module needs bioimage-cpp alone, so what else its metadata asks for stays out.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else \
	  f"Tunebook needs Python 3.11 or newer; got {sys.version.split()[0]}. Name another: make setup PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) $(TORCH_FLAGS) torch
	$(PIP) -e '.[dev]'
	$(PIP) --no-deps python-elf
	@touch $@

demo: setup ## run the quickstart book and say where its page is
	$(BIN)/tunebook simulate cells --out examples/quickstart/cells --seed 1 --kinds membrane --train 48 --val 16 --test 12
	$(BIN)/tunebook run examples/quickstart

test: setup ## run the tests and show their coverage
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --cov --cov-report=term

check: setup ## format, lint, imports, types, tests: what must pass before a change is merged
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(MAKE) --no-print-directory test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m docs tests/docs

format: setup ## rewrite the code in the house's format, and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## write what is generated in ARCHITECTURE.md and docs anew
	$(BIN)/python scripts/architecture.py
	$(BIN)/python scripts/counts.py
	$(BIN)/python scripts/fields.py
	$(BIN)/python scripts/reference.py

site: setup ## build the documentation as a site in site/; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

constraints: setup ## pin the versions that are installed
	$(BIN)/python scripts/constraints.py > constraints.new
	mv constraints.new constraints.txt
