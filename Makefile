# make book · test · browser · notebooks · class · clean
# Every recipe is a line or two that you can also type yourself.

PYTHON ?= python3
# For a graded course: make book TOC=_toc_without_solutions.yml
TOC ?= _toc.yml
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

.PHONY: book test browser notebooks class clean

book: .venv/installed
	$(BIN)/jupyter-book build . --toc $(TOC) -W --keep-going

test: .venv/installed-test
	$(BIN)/pytest tests -n auto --dist loadfile
	$(BIN)/pytest chapters --nbval -n auto --dist loadfile

browser: book .venv/installed-browser
	$(BIN)/pytest tests/browser -n auto

notebooks: .venv/installed-test
	$(BIN)/python tools/execute_notebooks.py
	$(BIN)/python tools/make_exercises.py

class: .venv/installed
	$(BIN)/python tools/make_class.py
	$(BIN)/jupyter lab --notebook-dir class START.ipynb

clean:
	rm -rf .venv _build

.venv/installed: $(REQUIREMENTS) pyproject.toml
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(REQUIREMENTS)
	touch $@

.venv/installed-test: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	touch $@

.venv/installed-browser: .venv/installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[browser]'
	touch $@
