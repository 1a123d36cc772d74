# Every target sets up what it needs; nothing here wants root except the optional apt step of `make test`.
PYTHON ?= python3
BIN := .venv/bin
DEMO_BIN := .venv-demo/bin
DEMO_FLAGS ?=
PIP := pip install -qq --disable-pip-version-check --require-hashes -r locks/uv.txt
UV_PIP := uv pip install -q --no-deps
LOCK := $(BIN)/uv pip compile -q --generate-hashes --universal --no-header --no-annotate --python-version 3.11
# Stories start programs by the dozen: each module is compiled once.
unexport PYTHONDONTWRITEBYTECODE

# What is compiled when it is first wanted, if ever; pytest compiles hypothesis in a form of its own.
HARDLY_IMPORTED := /(pip|setuptools|pkg_resources|mypyc?|pygments|mssql|mysql|oracle|postgresql|orm|testing|async_api|hypothesis|typer|websockets|tests|contrib)/
OURS := wire runtime gateway cloud simulators
REACHED := .reached
PARTS := storm integration-cloud chaos integration-gateway integration-simulators unit-cloud unit-edge month browser properties rest

# The tests make thousands of folders for a moment: in memory where there is room and programs may run, for no disk is
# quicker or wears less.
TMPDIR ?= $(shell grep ' /dev/shm .*rw' /proc/mounts | grep -qv noexec && [ "$$(df --output=avail -k /dev/shm | tail -1)" -gt 1000000 ] && echo /dev/shm || echo /tmp)

.DEFAULT_GOAL := help
.PHONY: help env demo demo-check check test bench soak lock clean system-packages style types warm-up $(PARTS)

help: ## say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

env: .venv/.complete ## the development environment in .venv, and nothing else

.venv/.complete: locks/uv.txt locks/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Lamplight needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11 $@" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/$(PIP)
	$(BIN)/$(UV_PIP) --python $(BIN)/python --require-hashes -r locks/dev.txt
	$(BIN)/$(UV_PIP) --python $(BIN)/python --no-build-isolation -e .
	@$(BIN)/python -m compileall -qq -j 0 -x '$(HARDLY_IMPORTED)' .venv/lib $(OURS)
	@touch $@

.venv-demo/.complete: locks/uv.txt locks/demo.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Lamplight needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11 demo" >&2; exit 2; }
	@echo "Making the demo's environment in .venv-demo (once; some seconds) ..."
	@$(PYTHON) -m venv .venv-demo
	@$(DEMO_BIN)/$(PIP)
	@$(DEMO_BIN)/$(UV_PIP) --python $(DEMO_BIN)/python --compile-bytecode --require-hashes -r locks/demo.txt
	@$(DEMO_BIN)/$(UV_PIP) --python $(DEMO_BIN)/python --no-build-isolation -e .
	@$(DEMO_BIN)/python -m compileall -qq -j 0 $(OURS)
	@touch $@

demo: .venv-demo/.complete ## play a winter month and a storm night, live, with a page to watch (FROM=load.csv for a real home's load)
	@$(DEMO_BIN)/lamplight-sim scenario street $(if $(FROM),--from $(FROM)) $(DEMO_FLAGS)

demo-check: .venv-demo/.complete ## play it without a page and say whether exactly the expected messages arrived
	@$(DEMO_BIN)/lamplight-sim scenario street --check $(if $(FROM),--from $(FROM)) $(DEMO_FLAGS)

check test: export TMPDIR := $(TMPDIR)

check: .venv/.complete ## style, types, import rules, unit and property tests
	@$(MAKE) --no-print-directory -j 4 -Otarget TRIES='--hypothesis-profile quick' unit-cloud unit-edge properties types style

test: ## everything: check, integration, interop, scenarios, browser, docs
	@$(MAKE) --no-print-directory -j 2 .venv/.complete system-packages
	@rm -rf $(REACHED) && mkdir $(REACHED)
	@$(MAKE) --no-print-directory -j 5 -k -Otarget UNIT_TESTS='tests.measured run $(REACHED)/$$@.json' types $(PARTS) style
	@$(BIN)/python -m tests.measured report $(REACHED)/*.json

# What `make test` runs side by side, the longest first; while a story waits, the others work, and stand back when it goes
# on. Each is a process of its own, so that no test is collected twice.
STANDS_BACK := nice -n 10
UNIT_TESTS = pytest $(TRIES)
storm month:
	@$(BIN)/python -m pytest tests/scenarios/test_$@_story.py

browser chaos:
	@$(BIN)/python -m pytest tests/$@

properties:
	@$(STANDS_BACK) $(BIN)/python -m pytest $(TRIES) tests/$@

$(filter integration-%,$(PARTS)): integration-%:
	@$(BIN)/python -m pytest tests/integration/$*

unit-cloud: # the longest of them, and so the first
	@nice -n 5 $(BIN)/python -m $(UNIT_TESTS) tests/unit/cloud cloud

unit-edge:
	@$(STANDS_BACK) $(BIN)/python -m $(UNIT_TESTS) tests/unit --ignore tests/unit/cloud $(filter-out cloud,$(OURS))

rest:
	@$(STANDS_BACK) $(BIN)/python -m pytest tests --ignore tests/unit $(patsubst %,--ignore tests/%,scenarios integration browser chaos properties)

$(PARTS): warm-up

warm-up: .venv/.complete
	@$(BIN)/python -m pytest -qq tests/warm_up.py

style: .venv/.complete
	@$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q . && $(BIN)/lint-imports --no-logo

types: .venv/.complete
	@$(STANDS_BACK) $(BIN)/mypy

bench: .venv/.complete ## each benchmark's short profile
	@for name in wire forgery frames captures reading faults footprint crash delivery broker_loss locate catchup bus verdicts anomalies nab bills backlog powercut append ingest; do $(BIN)/python -m benchmarks.$$name || exit 1; done

soak: .venv/.complete ## the long profiles: every property on 500 examples, nights with kills and losses on both brokers (hours)
	@$(BIN)/python -m pytest tests/unit tests/properties tests/integration -m hypothesis --hypothesis-profile soak --timeout 0
	@for name in crash delivery broker_loss verdicts locate powercut; do $(BIN)/python -m benchmarks.$$name --full || exit 1; done

# The browser tests need a browser, the broker tests a broker, the power cuts a compiler, the tests of keys in hardware an
# emulated TPM and a token (3 MB). apt is used only where it may be; a whole Chromium does, and takes twice as long.
system-packages:
	@missing=""; \
	PATH="$$PATH:/usr/sbin" command -v mosquitto >/dev/null || missing="$$missing mosquitto"; \
	command -v cc >/dev/null || missing="$$missing gcc libc6-dev"; \
	command -v swtpm >/dev/null || missing="$$missing swtpm"; \
	command -v tpm2_sign >/dev/null || missing="$$missing tpm2-tools"; \
	command -v softhsm2-util >/dev/null || missing="$$missing softhsm2"; \
	command -v chromium-headless-shell >/dev/null || missing="$$missing chromium-headless-shell"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then sudo=""; elif sudo -n true 2>/dev/null; then sudo="sudo -n"; \
	elif [ "$$missing" = " chromium-headless-shell" ] && command -v chromium >/dev/null; then exit 0; \
	else echo "The tests need:$$missing. Install them once: sudo apt install$$missing" >&2; exit 2; fi; \
	echo "Installing for the tests:$$missing"; \
	install() { DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends "$$@" >/dev/null; }; \
	$$sudo apt-get update -qq; install $$missing || install $${missing%-headless-shell}

lock: .venv/.complete ## resolve the locks anew
	for profile in gateway cloud demo dev; do \
	  $(LOCK) pyproject.toml locks/build.in --extra $$profile -o locks/$$profile.txt || exit 1; \
	done
	echo uv | $(LOCK) - -o locks/uv.txt

clean: ## remove environments and caches
	rm -rf .venv .venv-demo .mypy_cache .ruff_cache .pytest_cache $(REACHED) .hypothesis
