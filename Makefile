# `make help` lists what there is. `train` and `test` work alone on a fresh machine: they make .venv first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests that want a machine that does nothing else.
BY_THE_CLOCK := tests/slurm tests/faults/test_kill.py tests/view/test_in_window.py tests/test_speed.py

# Else every program would compile the package anew, and every run of the tests their asserts.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup train test test-all check docs bench

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(VENV)/.installed ## make .venv with the pinned dependencies

# torch comes first and alone: asked for by its exact version it is the CPU build where the index offers one. Nothing is
# compiled but what is imported, and when it is: most of what is installed never is.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mousearm needs Python 3.11 or newer; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt hatchling torch
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[dev]'
	@touch $@

# OpenSim is large, and nothing but the slow tests needs it.
$(VENV)/.opensim: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[opensim]'
	@touch $@

train: setup ## train the torque arm on the shipped reach and show the result
	$(BIN)/python run.py

test: setup ## fast tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-all: $(VENV)/.opensim ## fast and slow tests, with OpenSim as a reference
	$(BIN)/python -m pytest -m '' -n 2 --dist loadfile $(BY_THE_CLOCK:%=--ignore %)
	$(BIN)/python -m pytest -m '' $(BY_THE_CLOCK)

check: setup docs ## style, floors, types and documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/pyright

# Not --quiet: warnings that are not printed are no errors to it.
docs: setup ## build the documentation into site/, every warning an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

bench: setup ## speed against the bare simulator and the stock update
	$(BIN)/python scripts/benchmark.py
