# Every target works on a fresh clone: the first one makes .venv and installs what is pinned.

STAGE    ?= dev
ARCH     ?= x86_64
FUNCTION ?= on_image_push
NOTIFY   ?=
PYTHON   ?= python3

VENV := .venv
BIN  := $(VENV)/bin
SBOM := out/.sbom
DOCS := out/.docs
.DEFAULT_GOAL := help
.PHONY: help demo local bench bench-scale bench-lambda price test test-all reliability coverage check format package sbom docs picture deploy logs clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  STAGE=dev|staging|prod chooses the environment, ARCH=x86_64|arm64 Lambda's processor."
	@echo "  NOTIFY=team@example.com, at the first deploy, is told of every deployment by e-mail."

demo: package ## the main job, told as it happens, on the embedded AWS
	@$(BIN)/python -m demo

local: package ## keep the embedded AWS running for the aws CLI and any SDK
	@$(BIN)/python -m demo.local

bench: $(VENV)/installed ## Slipway beside other tools on one simulated ECS, ten minutes: out/bench.md
	@$(BIN)/python -m bench

bench-scale: $(VENV)/installed ## 500 services, 1,000 pushes, 100,000 records, under ECS' rates: out/scale.md
	@$(BIN)/python -m bench.scale

bench-lambda: $(VENV)/installed ## what each function costs as Lambda runs it, five minutes: out/bench-lambda.md
	@$(BIN)/python -m bench.lambda_

price: $(VENV)/installed ## what a deployment and an idle month cost, from what was measured: out/price.md
	@$(BIN)/python -m bench.price

test: $(VENV)/installed ## all tests but the slow ones
	@$(BIN)/pytest -q -n auto -m "not slow"

test-all: $(VENV)/installed ## every test
	@$(BIN)/pytest -q -n auto

reliability: $(VENV)/installed ## every crash point and three long runs: out/reliability.md
	@$(BIN)/python -m tests.reliability

coverage: $(VENV)/installed ## branch coverage of decide, flow and model; fails below the gate in pyproject.toml
	@$(BIN)/pytest -q -n auto -m "not slow" -p no:randomly --hypothesis-seed=0 tests/decide tests/flow tests/model --cov

check: package ## ruff, mypy, import-linter, workflows, scripts, credentials, the package's budget
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/check-jsonschema -q --builtin-schema vendor.github-workflows .github/workflows/*.yml docs/examples/*.yml
	@$(BIN)/check-jsonschema -q --builtin-schema vendor.github-actions .github/actions/*/action.yml
	@$(BIN)/check-jsonschema -q --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(BIN)/check-jsonschema -q --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[!c]*.yml
	@$(BIN)/check-jsonschema -q --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@$(BIN)/zizmor --offline --quiet --no-progress --persona=auditor .github docs/examples/*.yml
	@$(BIN)/shellcheck --external-sources .ci/run .ci/release .ci/publish .github/scripts/*.sh .github/actions/*/*.sh
	@$(BIN)/python .ci/credentials.py
	@$(BIN)/python -m cli.package.budget $(STAGE)

format: $(VENV)/installed ## let ruff format and mend what it can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

package: $(VENV)/installed ## out/STAGE/sam.json and deployment.zip, linted; needs no AWS account
	@$(BIN)/python -m cli.package $(STAGE) --arch $(ARCH)

sbom: $(SBOM)/installed ## out/sbom.cdx.json: the libraries in the package, as CycloneDX; needs no AWS account
	@{ cat requirements.txt; grep '^chalice==' requirements-dev.txt; } | $(SBOM)/bin/python -W ignore -m cyclonedx_py \
	  requirements - --pyproject pyproject.toml --output-reproducible --of JSON -o out/sbom.cdx.json

docs: $(DOCS)/installed ## out/site: these pages as a site that fetches nothing from elsewhere; a dead link fails
	@PATH="$(CURDIR)/$(DOCS)/bin:$$PATH" $(DOCS)/bin/python .ci/site.py

picture: package ## docs/pictures/demo.svg: the demo's terminal, recorded while it runs
	@$(BIN)/python -m demo.picture

deploy: package ## package, then create or update the stack slipway-STAGE; needs AWS credentials
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m cli.deploy $(STAGE) $(if $(NOTIFY),--set NotifyEmail=$(NOTIFY))

logs: $(VENV)/installed ## follow the log of one function: FUNCTION=watch
	@$(BIN)/python -m cli.logs $(STAGE) $(FUNCTION)

clean: ## remove what was made
	rm -rf out .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/installed: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Slipway needs Python 3.11 or newer; this is %s. Next: make PYTHON=python3.13" % sys.version.split()[0])'
	@echo "Installing what requirements-dev.txt pins into $(VENV) (about a minute, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(SBOM)/installed: requirements-release.txt
	@$(PYTHON) -m venv $(SBOM)
	@$(SBOM)/bin/pip install --quiet --disable-pip-version-check -r requirements-release.txt
	@touch $@

$(DOCS)/installed: requirements-docs.txt
	@$(PYTHON) -m venv $(DOCS)
	@$(DOCS)/bin/pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	@touch $@
