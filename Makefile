# Every target sets up what it needs; nothing here wants root except the optional apt step of `make test`.
PYTHON ?= python3
BIN := .venv/bin
DEMO_BIN := .venv-demo/bin
DEMO_FLAGS ?=

.DEFAULT_GOAL := help
.PHONY: help env demo demo-check check test bench lock clean system-packages

help: ## say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

env: .venv/.complete ## the development environment in .venv, and nothing else

.venv/.complete: locks/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Lamplight needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11 $@" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r locks/dev.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv-demo/.complete: locks/demo.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Lamplight needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11 demo" >&2; exit 2; }
	@echo "Making the demo's environment in .venv-demo (once; about half a minute) ..."
	@$(PYTHON) -m venv .venv-demo
	@$(DEMO_BIN)/pip install -q --disable-pip-version-check --require-hashes -r locks/demo.txt
	@$(DEMO_BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

lock: .venv/.complete ## resolve the locks anew (needs uv on PATH)
	for profile in gateway cloud demo dev; do \
	  uv pip compile -q pyproject.toml locks/build.in --extra $$profile --generate-hashes --universal --no-header --no-annotate --python-version 3.11 -o locks/$$profile.txt || exit 1; \
	done

clean: ## remove environments and caches
	rm -rf .venv .venv-demo .mypy_cache .ruff_cache .pytest_cache .coverage* .hypothesis
