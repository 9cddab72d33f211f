# make book · pdf · test · browser · notebooks · class · handout · clean
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
# What is installed, and a .venv that cannot serve, is tools/environment.py's affair.
ENVIRONMENT = $(PYTHON) tools/environment.py --requirements $(REQUIREMENTS)
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif

# Notebooks run in their own folders: a relative path has to hold there too, whether the variable
# comes from the shell or is an argument of make's.
absolute = $(shell $(PYTHON) -c 'import os, sys; print(os.path.abspath(os.path.expanduser(sys.argv[1])))' '$(subst ','\'',$(1))')
ifdef GALAXY10_FILE
override GALAXY10_FILE := $(call absolute,$(GALAXY10_FILE))
export GALAXY10_FILE
endif
ifdef GALAXY10_CACHE
override GALAXY10_CACHE := $(call absolute,$(GALAXY10_CACHE))
export GALAXY10_CACHE
endif

# Matrices as small as the chapters' gain little from threads, and much is lost when two programs
# fight for the same cores. Set it yourself to use more.
book test notebooks: export OMP_NUM_THREADS ?= 1

# A page must not depend on its author's own settings of Python, Matplotlib, IPython and Jupyter.
book pdf test browser notebooks: export MPLCONFIGDIR := $(CURDIR)/.venv/settings/matplotlib
book test browser notebooks: export IPYTHONDIR := $(CURDIR)/.venv/settings/ipython
book test browser notebooks: export JUPYTER_CONFIG_DIR := $(CURDIR)/.venv/settings/jupyter
book test browser notebooks: export PYTHONUTF8 := 1
unexport JPY_SESSION_NAME MPLBACKEND PYTHONPATH PYTHONSTARTUP PYTHONWARNINGS PYTHONOPTIMIZE

.PHONY: environment book pdf test browser notebooks class handout clean

environment:
	$(ENVIRONMENT) book

book:
	$(ENVIRONMENT) book
	$(BIN)/python -c "import sys, galaxy_lib; sys.tracebacklimit = 0; print('Galaxies:', galaxy_lib.dataset_path())"
	$(BIN)/jupyter-book build . --toc $(TOC) -W --keep-going

# One page: make pdf PAGE=chapters/03_batching
pdf: book
	$(ENVIRONMENT) browser
	$(BIN)/python tools/make_pdf.py $(PAGE)

test:
	$(ENVIRONMENT) test
	$(BIN)/python -m pytest tests -n auto --dist loadfile
	$(BIN)/python -m pytest chapters --nbval -n auto --dist loadfile

browser: book
	$(ENVIRONMENT) browser
	$(BIN)/python -m pytest tests/browser -n auto

notebooks:
	$(ENVIRONMENT) test
	$(BIN)/python tools/execute_notebooks.py
	$(BIN)/python tools/make_exercises.py

class:
	$(PYTHON) tools/start.py

# A folder and a zip for a class, without solutions: _build/galaxies.zip.
handout:
	$(ENVIRONMENT) class
	$(BIN)/python tools/handout.py

clean:
	rm -rf .venv _build
