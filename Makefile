# Each target works alone on a machine that has make and Python 3.11 or newer; what else it needs it
# installs: Python packages from the hashed lock files into .venv, system packages by apt.

VENV  := .venv
BIN   := $(VENV)/bin
SUDO  := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
APT   := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0
NODE  := tests/interop/node
SAY   := @printf '── %s\n'

BUILT   := $(VENV)/.built
RUNTIME := $(VENV)/.runtime
DEV     := $(VENV)/.dev
PEERS   := $(NODE)/node_modules/.package-lock.json

# Tests that start other programs run one at a time, the rest two at a time.
ALONE    := $(wildcard tests/fault tests/interop)
TOGETHER := $(filter-out $(ALONE),$(patsubst %/,%,$(wildcard tests/*/)))

.DEFAULT_GOAL := help
.PHONY: help demo install test lint bench prove docs generate generate-check lock clean postgres apt-%
.DELETE_ON_ERROR:

help:
	@echo 'make demo      a CSMS and three stations in this terminal, cars charging'
	@echo 'make install   the product into .venv'
	@echo 'make test      everything a change must pass'
	@echo 'make lint      its fast half: ruff, pyright, generated files in step'
	@echo 'make bench     how fast it is: a table, and JSON'
	@echo 'make prove     the evidence at length: laws, faults, foreign clients'
	@echo 'make docs      print the generated parts of the documentation'
	@echo 'make generate  message types and schemas from the published ones'
	@echo 'make lock      new versions into requirements/*.txt'
	@echo 'make clean     remove what these made'

demo: $(RUNTIME)
	@$(BIN)/amperanto demo

install: $(RUNTIME)
	$(SAY) 'installed: $(BIN)/amperanto --help'

test: lint $(PEERS) postgres
	$(SAY) 'tests, two at a time'
	@$(BIN)/pytest -q -n 2 --dist loadfile $(TOGETHER)
ifneq ($(ALONE),)
	$(SAY) 'tests that start other programs'
	@$(BIN)/pytest -q $(ALONE)
endif

lint: $(DEV) generate-check
	$(SAY) 'ruff'
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	$(SAY) 'pyright'
	@$(BIN)/pyright --warnings

bench: $(DEV)
	@$(BIN)/python -m benchmarks

prove: $(DEV) $(PEERS) postgres
	@$(BIN)/pytest -v --hypothesis-profile=thorough $(wildcard tests/laws tests/contract tests/conformance tests/interop tests/fault)
	$(SAY) 'a day of 500 stations, three times'
	@AMPERANTO_DAY_STATIONS=500 AMPERANTO_DAY_SEEDS=1,2,3 $(BIN)/pytest -v tests/day

docs: $(DEV)
	@$(BIN)/python tools/print_docs.py
	@$(BIN)/python tools/print_standard.py

generate: $(DEV)
	@$(BIN)/python tools/generate_ocpp.py

generate-check: $(DEV)
	$(SAY) 'generated files in step'
	@$(BIN)/python tools/generate_ocpp.py --check

COMPILE = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command 'make lock'
lock: $(BUILT)
	@$(COMPILE) --group tools -o requirements/tools.txt
	@$(COMPILE) pyproject.toml -c requirements/tools.txt -o requirements/runtime.txt
	@$(COMPILE) pyproject.toml --extra cluster --group tools --group dev \
	  -c requirements/tools.txt -c requirements/runtime.txt -o requirements/dev.txt
	@if grep -nE '(index-url|find-links)' requirements/*.txt; then echo 'an address is in a lock file'; exit 1; fi

clean:
	rm -rf $(VENV) $(NODE)/node_modules dist .pytest_cache .ruff_cache .hypothesis .coverage
	find src tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# ── what stands in .venv ─────────────────────────────────────────────────────────────────────────────
# uv is quick, but knows no pip.conf: where packages come from a place only pip was told of, pip does it.
define put
$(BIN)/uv pip install --quiet --python $(BIN)/python $(1) || $(BIN)/python -m pip install --quiet $(1)
endef

$(BUILT): requirements/tools.txt
	@for p in python3.11 python3 python3.12 python3.13 python3.14; do \
	  "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; p=; \
	done; \
	if [ -z "$$p" ]; then echo 'Python 3.11 or newer is needed: apt-get install python3'; exit 1; fi; \
	if ! "$$p" -c 'import ensurepip, venv' 2>/dev/null; then $(MAKE) --no-print-directory apt-python3-venv; fi; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  echo "── Python environment in $(VENV)"; rm -rf $(VENV); "$$p" -m venv $(VENV); \
	fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(RUNTIME): $(BUILT) requirements/runtime.txt pyproject.toml
	$(SAY) 'installing Amperanto'
	@$(call put,--require-hashes -r requirements/runtime.txt)
	@$(call put,--no-deps --no-build-isolation --editable .)
	@touch $@

$(DEV): $(RUNTIME) requirements/dev.txt
	$(SAY) 'installing what the tests need'
	@$(call put,--require-hashes -r requirements/dev.txt)
	@touch $@

$(PEERS): $(NODE)/package-lock.json | $(DEV)
	$(SAY) 'installing the stations of other authors'
	@cd $(NODE) && PATH="$(abspath $(BIN)):$$PATH" npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

# ── what the system must have ────────────────────────────────────────────────────────────────────────
postgres:
	@command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 \
	  || $(MAKE) --no-print-directory apt-postgresql

apt-%:
	$(SAY) 'apt-get install $*'
	@command -v apt-get >/dev/null || { echo 'please install $* by hand, then run make again'; exit 1; }
	@said=$$({ $(APT) update && $(APT) install -y --no-install-recommends $*; } 2>&1) \
	  || { echo "$$said"; exit 1; }
