# make demo: the whole experiment on the embedded model.  make test: the tests.  Both set up first.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# One thread a test: torch processes that share cores spin against each other.
export TOKENIZERS_PARALLELISM = false

.PHONY: setup demo test check clean

setup: $(VENV)/.done

# torch first and by its exact version: on machines without CUDA an open range would bring GPU wheels.
$(VENV)/.done: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	DS_BUILD_OPS=0 $(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/rlrecall study configs/tiny.yaml

test: setup
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadfile

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
