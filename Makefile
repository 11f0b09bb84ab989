# Everything lives in .venv at the repository's root. `make demo` and `make test` need no more
# than Python >= 3.11 and a package index.

PYTHON ?= python3
VENV := .venv
VENV_MIN := .venv-min
# Processes that run tests.
JOBS ?= auto
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt
# Folder of the real data sets (utd_mhad, openpack_sample, ...); empty means embedded data only.
DATA ?=
# Anything: the long demo, with more people, activities, labels and epochs.
FULL ?=
# Anything: small versions of the benchmarks.
QUICK ?=
OUT ?= demo_output

ifneq ($(strip $(DATA)),)
export M3N_SKLEARN_DATA := $(abspath $(DATA))
endif
# One thread per process: parallel work is split over processes, and results do not depend on it.
export OMP_NUM_THREADS ?= 1
# One of scikit-learn's estimator checks needs it before scipy is imported.
export SCIPY_ARRAY_API := 1

.PHONY: demo test test-fast test-min fuzz lint docs bench bench-simulation bench-learning \
  bench-arena bench-speed clean
.DEFAULT_GOAL := demo

$(BIN)/python:
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing m3n-sklearn and its dependencies into $(VENV). PyTorch is a large download ..."
	@$(PIP) --editable ".[demo,bench]"
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing m3n-sklearn and the tools of its developers into $(VENV) ..."
	@$(PIP) --editable ".[dev,docs,bench]"
	@touch $@

# aeon asks for older numba and pandas than ours, but works with these.
$(VENV)/.baselines: $(VENV)/.dev
	$(PIP) --no-deps aeon
	$(PIP) deprecated
	@touch $@

# About three minutes on two quiet cores, six with DATA=..., and much longer with FULL=1.
demo: $(VENV)/.demo
	@$(BIN)/python examples/run_demo.py --out $(OUT) $(if $(DATA),--data $(DATA)) $(if $(FULL),--full)

# All tests, in as many processes as there are cores, with coverage; ARGS chooses a part, without it.
test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(or $(ARGS),--cov --cov-fail-under=95)

# While you work: tests that take longer than a second are left out.
test-fast: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not slow" $(or $(ARGS),tests)

# N damaged files of each format: what is not read or refused by a clear error is kept in
# fuzz_failures. ONLY="bvh amass" chooses formats, START the first case.
fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.fuzz --count $(or $(N),1000) --start $(or $(START),0) \
	  $(if $(ONLY),--only $(ONLY))

# The oldest versions that pyproject.toml allows, torch excepted, in an environment of their own.
test-min: $(VENV_MIN)/.ready
	$(VENV_MIN)/bin/python -m pytest -n $(JOBS) --dist worksteal $(or $(ARGS),tests)

$(VENV_MIN)/.ready: pyproject.toml constraints.txt tests/lower_bounds.py
	$(PYTHON) -m venv $(VENV_MIN)
	(grep '^torch==' constraints.txt; $(PYTHON) tests/lower_bounds.py) > $(VENV_MIN)/constraints.txt
	$(VENV_MIN)/bin/python -m pip install --disable-pip-version-check \
	  --constraint $(VENV_MIN)/constraints.txt --editable ".[dev]"
	@touch $@

# The last line holds the import rules: which room may import which.
lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_imports.py

docs: $(VENV)/.dev
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

bench: bench-simulation bench-learning bench-arena bench-speed

bench-simulation: $(VENV)/.dev
	$(BIN)/python -m benchmarks.simulation $(if $(QUICK),--quick)

# Finished rows are kept in benchmarks/results: a run that was stopped goes on where it was.
# ONLY="utd-indomain smartwatch" and METHODS="frozen minirocket" choose a part; PUBLISHED=1 runs only
# rows that the published scores do not have. ENCODERS="mine=folder" adds pretrained encoders of yours.
bench-learning: $(VENV)/.baselines
	$(BIN)/python -m benchmarks.learning $(if $(QUICK),--quick) $(if $(PUBLISHED),--published) \
	  $(if $(ONLY),--only $(ONLY)) $(if $(METHODS),--methods $(METHODS)) \
	  $(if $(ENCODERS),--encoder $(ENCODERS))

bench-arena: $(VENV)/.baselines
	$(BIN)/python -m benchmarks.arena $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

bench-speed: $(VENV)/.baselines
	$(BIN)/python -m benchmarks.learning_speed $(if $(QUICK),--quick)

clean:
	rm -rf $(VENV) $(VENV_MIN) docs/_build docs/auto_examples docs/api demo_output
