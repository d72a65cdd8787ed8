# The commands of the project. `make demo` and `make test` need nothing but Python 3.11 or later and make.
.DEFAULT_GOAL := help
.PHONY: help setup setup-java requirements demo docs test test-corpus setup-browser test-page screenshots test-faults test-spark test-databricks test-engines smoke-databricks bench mutants mutation-tool catalogue lint clean

PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
READY := .venv/.ready

help: ## Show the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(READY) ## Install everything into .venv

$(READY): pyproject.toml uv.lock packages.yml tools/install_dbt_packages.py $(shell find offline -type f)
	@$(PYTHON) -c 'import sys; sys.exit((3, 11) > sys.version_info or sys.version_info >= (3, 14))' \
		|| { echo "Python 3.11, 3.12 or 3.13 is needed; say which one with: make PYTHON=python3.11 setup"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	VIRTUAL_ENV= UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --frozen --inexact --quiet --compile-bytecode
	$(BIN)/python tools/install_dbt_packages.py
	@touch $@

demo: $(READY) ## Run the three sample batches through the whole pipeline
	@# Else the engine would go on without its tables.
	@[ ! -d .ecomm/demo/warehouse ] || $(BIN)/python -m ingest engine stop --warehouse .ecomm/demo/warehouse > /dev/null
	@rm -rf .ecomm/demo && mkdir -p .ecomm/demo && cp -R data/sample .ecomm/demo/feeds
	$(BIN)/python -m ingest run --root .ecomm/demo/feeds --warehouse .ecomm/demo/warehouse
	$(BIN)/python -m ingest report --warehouse .ecomm/demo/warehouse --html .ecomm/demo/report.html
	@echo "The sample's data are bad on purpose, hence validation FAIL: the page shows what was found."
	@echo "Open it in a browser. The tables are in .ecomm/demo/warehouse; README.md, \"Try it\", shows how to look at them."

docs: $(READY) ## Make the dbt docs, all columns described, no unit tests in the graph; then: dbt docs serve
	$(BIN)/dbt docs generate --quiet
	$(BIN)/python tools/dbt_docs.py target

test: $(READY) ## Run all tests
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

test-faults: $(READY) ## Kill runs at every step, fill disks, play long and random histories
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile tests/faults

# Pollock, as its authors publish it: folders csv/ and clean/.
CORPUS ?= ../shared/corpora/pollock.tar.xz

test-corpus: $(READY) ## Read a public corpus of broken CSV files: CORPUS=folder or archive
	$(BIN)/python tests/corpora/judge.py $(CORPUS)

setup-browser: $(READY)
	@VIRTUAL_ENV= UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --frozen --inexact --quiet --group browser

test-page: setup-browser ## Look at the report page in the machine's Chromium or Chrome
	$(BIN)/python -m pytest tests/page

screenshots: setup-browser ## Renew the pictures of the report page in docs/, after make demo
	PYTHONPATH=tests $(BIN)/python -m page.screenshots .ecomm/demo/report.html docs

setup-java: $(READY) ## Install a Java for Apache Spark, where the machine has none
	@$(BIN)/python -c 'import sys; from ingest.engines.java import machine_java; sys.exit(machine_java() is None)' \
		|| VIRTUAL_ENV= UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --frozen --inexact --quiet --group java

test-spark: setup-java ## Run the project on Apache Spark and compare
	$(BIN)/python -m pytest tests/spark

test-databricks: setup-java ## Run the project through the real dbt-databricks, on an offline SQL endpoint
	$(BIN)/python -m pytest tests/databricks_endpoint

test-engines: setup-java ## Both of these on one Spark, which then warms up once
	$(BIN)/python -m pytest tests/spark tests/databricks_endpoint

smoke-databricks: $(READY) ## Send a sample batch through a deployed bundle: TARGET=dev or staging
	$(BIN)/python tools/smoke_databricks.py --target $(or $(TARGET),dev)

bench: setup-java ## Measure beside others, and renew benchmarks/RESULTS.md (BENCH="--rounds 1 --days 60", or "--only reading")
	VIRTUAL_ENV= UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --frozen --inexact --quiet --group bench
	$(BIN)/python -m benchmarks $(BENCH)

requirements: $(READY) ## Pin for Databricks what uv.lock pins
	$(BIN)/uv export --frozen --no-default-groups --group dbt --no-emit-project --no-hashes --no-annotate --no-header --output-file resources/requirements.txt --quiet

mutants: $(READY) ## Take guards away one at a time, and see tests miss them (ONLY=name)
	$(BIN)/python tools/mutants.py --why $(ONLY)

mutation-tool: $(READY) ## Change ingest/ token by token, and see unit tests miss it (ONLY="ingest.files*")
	VIRTUAL_ENV= UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --frozen --inexact --quiet --group mutation
	$(BIN)/mutmut run $(if $(ONLY),"$(ONLY)")
	$(BIN)/mutmut results

# dbt compiles the project for Databricks without a connection, so that the SQL stays portable.
OFFLINE_DATABRICKS := ECOMM_TARGET=databricks DATABRICKS_HOST=localhost DATABRICKS_HTTP_PATH=/ DATABRICKS_TOKEN=none
COMPILED := target/lint/compiled/ecomm_pipeline

catalogue: $(READY) ## Renew docs/tables.md and docs/rules.md from what the project declares
	$(OFFLINE_DATABRICKS) $(BIN)/dbt parse --quiet --no-partial-parse --target-path target/lint
	$(BIN)/python tools/catalogue.py target/lint

lint: $(READY) ## Check style, types, SQL, descriptions, dependencies; look for secrets
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@# A parse of before may lack what YAML files say by now.
	@rm -rf target/lint
	$(OFFLINE_DATABRICKS) $(BIN)/dbt compile --quiet --no-introspect --no-populate-cache --target-path target/lint
	$(BIN)/python tools/lint_sql.py
	@# What people read when a model fails: literals make long lines there, and dbt strips the last newline.
	$(BIN)/sqlfluff lint --templater raw --exclude-rules LT05,LT12,RF05,ST06 \
		$(COMPILED)/models/*/*.sql $(COMPILED)/models/staging/*/*.sql $(COMPILED)/tests/cross_table/*.sql
	$(BIN)/python tools/docs_coverage.py target/lint
	$(BIN)/python tools/catalogue.py --check target/lint
	$(BIN)/dbt-bouncer run
	$(BIN)/python tools/audit_dependencies.py
	@# Checksums look like secrets: those of the sample's files, and those of the lock.
	git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --exclude-files '^(uv[.]lock|data/sample/triggers/)'

clean: ## Remove what the commands made, .venv included
	rm -rf .venv .ecomm target logs mutants dbt_packages .pytest_cache .mypy_cache .ruff_cache
