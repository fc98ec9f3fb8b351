# `make demo` and `make test` work on a fresh clone with Python >= 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test test-fast style types bench bench-full fastrtc docs clean

demo: $(STAMP)  ## Serve an example and print its URL
	$(BIN)/reactor-actors serve examples/brightness --host 127.0.0.1

test: $(STAMP) style types  ## Everything but what needs a GPU
	$(BIN)/python -m pytest -m "not gpu"

test-fast: $(STAMP)  ## What needs neither Ray nor a network nor a browser
	$(BIN)/python -m pytest -m "not (ray or webrtc or clients or gpu)" -q

style: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

bench: $(STAMP)  ## The project's own measurements, in minutes, and the budgets
	$(BIN)/python -m benchmarks --plots docs/plots

bench-full: $(STAMP) build/fastrtc/.installed  ## All of them, for longer, with a peer
	$(BIN)/python -m benchmarks --full --plots docs/plots

fastrtc: build/fastrtc/.installed  ## A peer to be measured beside, in an environment of its own

build/fastrtc/.installed:
	$(PYTHON) -m venv build/fastrtc
	build/fastrtc/bin/pip install --quiet --upgrade pip
	build/fastrtc/bin/pip install --quiet fastrtc
	touch $@

docs: $(STAMP)  ## Write docs/reference.md anew
	$(BIN)/python -m docs.reference

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(STAMP): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable ".[dev]"
	touch $(STAMP)
