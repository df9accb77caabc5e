.DEFAULT_GOAL := help
.PHONY: help setup run check test lint up clean

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv with everything in requirements.txt

# uv resolves and installs in seconds; without --compile-bytecode every process would compile all modules again.
$(READY): requirements.txt constraints.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not on the PATH: install Python 3.11, or say make PYTHON=…"; exit 1; }
	@test -x $(BIN)/uv || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --constraint constraints.txt uv; }
	@echo "Installing what requirements.txt names …"
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --constraint constraints.txt --requirement requirements.txt
	@touch $@

run: $(READY) ## Run the daily DAG once and print the verdict; START=2026-10-01 END=2026-10-31 back-fills
	@$(BIN)/python -m cursor_usage.console run --start "$(START)" --end "$(END)"

check: $(READY) ## Verify the key: what each endpoint answers, loading nothing
	@$(BIN)/python -m cursor_usage.console check

up: $(READY) ## Airflow standalone with its UI on http://localhost:8080
	@$(BIN)/python -m cursor_usage.console up

lint: $(READY) ## Ruff, mypy, sqlfluff, import rules: they judge, they do not repair
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy plugins tests dags
	@$(BIN)/lint-imports
	@$(BIN)/sqlfluff lint dbt_project

test: $(READY) lint ## Every check and test
	@$(BIN)/pytest -n auto --dist loadfile

clean: ## Remove .venv and Airflow's home; data stay
	rm -rf $(VENV) .airflow
