# Everything runs in .venv, with the services from wheels; `make help` lists what there is.

PYTHON ?= python3.11
PORT ?= 8000
BIN := .venv/bin
READY := .venv/ready
REQUIREMENTS := config/requirements/development.txt

# What the settings insist on, for commands that look at the code and reach no service.
UNUSED := SECRET_KEY=unused DATABASE_URL=postgresql:///unused REDIS_URL=unix:///unused \
	FFMPEG_BINARY=/unused FFPROBE_BINARY=/unused

export INPUT

.DEFAULT_GOAL := help
.PHONY: help demo run test check openapi bench chaos ladders browser clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): $(REQUIREMENTS)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(REQUIREMENTS)
	@touch $@

demo: $(READY) ## one real job, from a clip to a ladder that plays (INPUT=file-or-URL, DATA=folder)
	@$(BIN)/python -m config.embedded demo --input "$$INPUT" --data "$(or $(DATA),.run/demo)"

run: $(READY) ## the whole stack in the foreground, until Ctrl-C (PORT=8000, DATA=.run)
	@$(BIN)/python -m config.embedded run --port "$(PORT)" --data "$(or $(DATA),.run)"

test: $(READY) ## all tests, against the real services
	$(BIN)/python -m pytest -n auto

check: $(READY) ## lint, format, types, layers, migrations, the OpenAPI file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(UNUSED) $(BIN)/mypy .
	$(BIN)/lint-imports
	$(UNUSED) $(BIN)/python manage.py check
	$(UNUSED) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(UNUSED) $(BIN)/python manage.py spectacular --fail-on-warn --validate | diff -u docs/openapi.yaml -

openapi: $(READY) ## write docs/openapi.yaml anew
	$(UNUSED) $(BIN)/python manage.py spectacular --fail-on-warn --validate --file docs/openapi.yaml

chaos: $(READY) ## break the running stack in every known way while jobs run, and count what is lost (minutes)
	$(BIN)/python -m tests.chaos

bench: $(READY) ## measure against the bare tools, side by side (minutes)
	$(BIN)/python -m tests.bench

ladders: $(READY) ## every preset on every film as real jobs, pictures and manifests looked at (minutes; goes on where it was)
	$(BIN)/python -m tests.ladders

browser: $(READY) ## all that Chromium has an opinion on (minutes)
	$(BIN)/python -m pytest -m browser

clean: ## remove data, demo output and caches; the virtual environment stays
	rm -rf .run .cache demo-output .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
