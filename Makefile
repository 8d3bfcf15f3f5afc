# What this repository can do: `make` lists it. Only git, make and python3 (3.11 or newer) are needed.
PYTHON ?= python3
VENV := .venv/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test lint format bench lock clean

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## Make or renew .venv with the locked dependencies (run and test begin with it)
	@$(PYTHON) -m dev.setup

run: setup ## Run the whole federation here, with simulated hubs; Ctrl-C ends it
	@$(VENV)/python -m dev.run

test: setup ## Run all tests (ARGS="-k words" for some)
	@$(VENV)/python -m dev.test $(ARGS)

lint: setup ## Check style, types and who may import whom
	$(VENV)/ruff check
	$(VENV)/ruff format --check
	$(VENV)/mypy
	$(VENV)/lint-imports

format: setup ## Rewrite the code in the one style
	$(VENV)/ruff check --fix-only
	$(VENV)/ruff format

bench: setup ## Measure the redirector beside nginx and others (ARGS="--help")
	$(VENV)/python -m bench $(ARGS)

LOCK := $(VENV)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
lock: setup ## Renew requirements/*.lock within the ranges of pyproject.toml
	$(LOCK) pyproject.toml --output-file requirements/base.lock $(ARGS)
	$(LOCK) pyproject.toml --group dev --constraint requirements/base.lock --output-file requirements/dev.lock $(ARGS)
	echo uv | $(LOCK) - --constraint requirements/dev.lock --no-annotate --output-file requirements/uv.lock

clean: ## Remove what can be made again; never the data in .local
	rm -rf .venv staticfiles test-results .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
