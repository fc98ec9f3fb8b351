# `make demo` and `make test` work on a fresh clone with Python >= 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test test-fast style types bench clean

demo: $(STAMP)  ## Run an example headless and write a strip of its pictures
	$(BIN)/python -m examples.strip examples/brightness strip.png --set brightness=0.4 --set colour=ember

test: $(STAMP) style types  ## Everything but what needs a GPU
	$(BIN)/python -m pytest -m "not gpu"

test-fast: $(STAMP)  ## What needs neither Ray nor a network nor a browser
	$(BIN)/python -m pytest -m "not (ray or webrtc or clients or gpu)" -q

style: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

bench: $(STAMP)  ## The project's own measurements, in minutes
	$(BIN)/python -m benchmarks.engine

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(STAMP): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable ".[dev]"
	touch $(STAMP)
