# `make` lists what there is. Everything lives in .venv; deleting it is always safe.

PORT   ?= 8080
PYTEST ?=
# So many tests at once: most of them wait for a state most of the time.
WORKERS ?= 4
VENV   := .venv
BIN    := $(VENV)/bin
SOURCES := bot core tests benchmarks

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_NO_PROGRESS := 1
export UV_HTTP_TIMEOUT := 30
# The tests start hundreds of programs; each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install run test core lint types arrows bench docs lock clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

install: $(BIN)/afterword ## Make .venv with the afterword command in it
	@echo "Ready: $(BIN)/afterword --help"

run: $(BIN)/afterword ## Try it in the browser (PORT=8080); needs no account and no network
	@$(BIN)/afterword demo --port $(PORT)

test: lint types arrows ## Every check that a change must pass (WORKERS=4 tests at once)
	$(BIN)/pytest --numprocesses $(WORKERS) $(PYTEST)

core: $(VENV)/.dev ## Only the tests of the domain
	$(BIN)/pytest tests/core $(PYTEST)

lint: $(VENV)/.dev ## Style
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.dev ## Types, strictly
	$(BIN)/mypy

arrows: $(VENV)/.dev ## Who may import whom (pyproject.toml, [tool.importlinter])
	$(BIN)/lint-imports

bench: $(VENV)/.dev ## Speed and memory, beside a floor that was measured in the same run
	$(BIN)/python -m benchmarks

docs: $(VENV)/.dev ## What the documentation says, tried
	$(BIN)/pytest tests/docs $(PYTEST)

# `make lock UPGRADE=--upgrade` takes the newest versions.
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links
lock: $(VENV)/.uv ## Write down every version again, after a change in pyproject.toml
	$(COMPILE) pyproject.toml --group build --group dev --output-file requirements-dev.lock
	$(COMPILE) pyproject.toml --group build --constraint requirements-dev.lock --output-file requirements.lock
	$(COMPILE) --group installer --output-file requirements-uv.lock

clean: ## Delete .venv and all caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find $(SOURCES) -name __pycache__ -prune -exec rm -rf {} +

# ---------------------------------------------------------------- how .venv is made
# Each step leaves a file behind, so that the next time it is skipped unless what it was made from has changed.

WRONG_PYTHON := Afterword needs Python 3.11 or newer. Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11
NO_VENV := This Python cannot make a virtual environment. On Debian and Ubuntu: sudo apt-get install python3-venv

$(VENV)/.made:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && found="$$python" && break; \
	done; \
	[ -n "$$found" ] || { echo "$(WRONG_PYTHON)" >&2; exit 1; }; \
	echo "Making $(VENV) (once; about a minute) …"; \
	"$$found" -m venv $(VENV) && $(BIN)/python -m pip --version >/dev/null || \
	  { rm -rf $(VENV); echo "$(NO_VENV)" >&2; exit 1; }
	@touch $@

# uv is quick, but knows nothing of pip's settings: where those name an index of their own, or uv cannot be had, pip does it.
$(VENV)/.uv: $(VENV)/.made requirements-uv.lock
	@$(BIN)/pip config list | grep -q '[.]index-url=' || $(BIN)/pip install --quiet --require-hashes -r requirements-uv.lock || \
	  echo "uv cannot be installed here; pip does the work, a little slower."
	@touch $@

install_from = if [ -x $(BIN)/uv ] && $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1); then :; \
	else $(BIN)/pip install --quiet --require-hashes -r $(1); fi

$(VENV)/.runtime: $(VENV)/.uv requirements.lock
	@$(call install_from,requirements.lock)
	@touch $@

$(BIN)/afterword: $(VENV)/.runtime pyproject.toml
	@$(BIN)/pip install --quiet --no-index --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(BIN)/afterword requirements-dev.lock
	@$(call install_from,requirements-dev.lock)
	@touch $@
