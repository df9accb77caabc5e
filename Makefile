.DEFAULT_GOAL := help
.PHONY: help setup run check verify test docs lint up replay prune screenshots bench soak clean

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv with everything in requirements.txt

# uv resolves and installs in seconds; without --compile-bytecode every process would compile all modules again.
$(READY): requirements.txt constraints.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not on the PATH: install Python 3.11, or run make PYTHON=…"; exit 1; }
	@test -x $(BIN)/uv || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --constraint constraints.txt uv; }
	@echo "Installing what requirements.txt names …"
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --constraint constraints.txt --requirement requirements.txt
	@rm -rf plugins/*.egg-info  # of an earlier version: Airflow would find each plugin twice
	@touch $@

run: $(READY) ## Run the daily DAG once and print the verdict; START=2026-10-01 END=2026-10-31 back-fills
	@$(BIN)/python -m cursor_usage.console run --start "$(START)" --end "$(END)"

check: $(READY) ## Verify the key: what each endpoint answers, loading nothing
	@$(BIN)/python -m cursor_usage.console check

verify: $(READY) ## Compare what the dashboard shows now: ON_DEMAND= INCLUDED= USAGE_VALUE= SEATS= REQUESTS= (TEAM=)
	@$(BIN)/python -m cursor_usage.console verify --on-demand '$(value ON_DEMAND)' --included '$(value INCLUDED)' \
		--usage-value '$(value USAGE_VALUE)' --seats '$(value SEATS)' --requests '$(value REQUESTS)' --team '$(value TEAM)'

up: $(READY) ## Airflow standalone with its UI on http://localhost:8080
	@$(BIN)/python -m cursor_usage.console up

replay: $(READY) ## Rebuild the warehouse and what is published from landing alone, without the API
	@$(BIN)/python -m cursor_usage.console replay

prune: $(READY) ## Free landing of superseded records older than KEEP_DAYS=90; DRY_RUN=1 only says what would go
	@$(BIN)/python -m cursor_usage.console prune --keep-days "$(or $(KEEP_DAYS),90)" $(if $(DRY_RUN),--dry-run)

docs: $(READY) ## Write docs/marts.md and, of the built warehouse, dbt's pages and column lineage (data directory, docs/dbt)
	@$(BIN)/python -m cursor_usage.console docs

lint: $(READY) ## Ruff, mypy, sqlfluff, import rules: they judge, they do not repair
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy plugins tests dags benchmarks
	@$(BIN)/lint-imports
	@$(BIN)/sqlfluff lint dbt_project

test: $(READY) lint ## Every check and test
	@$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder --ignore tests/e2e
	@$(BIN)/pytest tests/e2e  # one Airflow for all of them, and no neighbours to wait for

screenshots: $(READY) ## Take the pictures in docs/images again, from a running Airflow with a made-up company
	@$(BIN)/python -m tests.e2e.screenshots

bench: $(READY) ## Measure speed, memory and size, half an hour to an hour; writes benchmarks/README.md
	@$(BIN)/python -m benchmarks

soak: $(READY) ## Kill and fail the pipeline at random for MINUTES=10; SEED= repeats a failure
	@$(BIN)/python -m tests.faults.soak --minutes "$(or $(MINUTES),10)" $(if $(SEED),--seed "$(SEED)")

clean: ## Remove .venv and Airflow's homes, with connections typed into make up's UI; data stay
	rm -rf $(VENV) .airflow
