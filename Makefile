# make book · test · browser · notebooks · class · clean
# Every recipe is a line or two that you can also type yourself.

PYTHON ?= python3
# For a graded course: make book TOC=_toc_without_solutions.yml
TOC ?= _toc.yml
# The book shows the outputs stored in the notebooks, and executes what is newer than its outputs.
# To execute every one: make book EXECUTE=all; with GALAXY10_FILE that is so.
EXECUTE ?=
book: export BOOK_EXECUTE := $(EXECUTE)
# requirements.lock names the exact versions of a run that passed.
REQUIREMENTS ?= requirements.txt
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif

# Notebooks run in their own folders: a relative path has to hold there too.
ifdef GALAXY10_FILE
export GALAXY10_FILE := $(shell $(PYTHON) -c 'import os; print(os.path.abspath(os.environ["GALAXY10_FILE"]))')
endif

# Matrices as small as the chapters' gain little from threads, and much is lost when two programs
# fight for the same cores. Set it yourself to use more.
book test notebooks: export OMP_NUM_THREADS ?= 1

.PHONY: environment book test browser notebooks class clean

environment: .venv/$(REQUIREMENTS).installed

book: environment
	$(BIN)/jupyter-book build . --toc $(TOC) -W --keep-going

test: environment .venv/test.installed
	$(BIN)/pytest tests -n auto --dist loadfile
	$(BIN)/pytest chapters --nbval -n auto --dist loadfile

browser: book .venv/browser.installed
	$(BIN)/pytest tests/browser -n auto

notebooks: environment .venv/test.installed
	$(BIN)/python tools/execute_notebooks.py
	$(BIN)/python tools/make_exercises.py

class: environment
	$(BIN)/python tools/make_class.py
	$(BIN)/jupyter lab --notebook-dir class START.ipynb

clean:
	rm -rf .venv _build

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Another list of requirements takes the place of the one installed before: no other stamp stays.
.venv/$(REQUIREMENTS).installed: $(REQUIREMENTS) pyproject.toml
	test -d .venv || $(PYTHON) -m venv .venv
	@echo "Installing about 135 packages into .venv (0.9 GB, one to three minutes) ..."
	rm -f .venv/*.installed
	$(PIP) -r $(REQUIREMENTS)
	touch $@

.venv/test.installed: .venv/$(REQUIREMENTS).installed
	@echo "Installing what the tests need ..."
	$(PIP) -e '.[test]'
	touch $@

.venv/browser.installed: .venv/test.installed
	@echo "Installing what drives the browser ..."
	$(PIP) -e '.[browser]'
	touch $@
