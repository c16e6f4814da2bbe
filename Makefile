# Every target works on a fresh clone: the first one makes .venv and installs what is pinned.

STAGE    ?= dev
ARCH     ?= x86_64
FUNCTION ?= on_image_push
NOTIFY   ?=
DASHBOARD ?=
PYTHON   ?= python3

VENV := .venv
BIN  := $(VENV)/bin
SBOM := out/.sbom
DOCS := out/.docs
EYES := out/.eyes
LOCK := out/.lock
DEPLOY := out/.deploy
LOCKS := requirements.txt requirements-dev.txt requirements-docs.txt requirements-release.txt requirements-lock.txt \
         requirements-deploy.txt requirements-eyes.txt
.DEFAULT_GOAL := help
.PHONY: help demo local bench bench-scale bench-dashboard bench-lambda price test test-all reliability coverage check eyes format lock licences package sbom docs picture screenshots deploy deploy-packaged logs clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  STAGE=dev|staging|prod is the environment, ARCH=x86_64|arm64 the processor."
	@echo "  V=1: make package tells all that it checked, and which policies cover *."
	@echo "  NOTIFY=team@example.com, at the first deploy, gets e-mail of each deployment."
	@echo "  DASHBOARD=yes, at any deploy, makes a dashboard in CloudWatch; DASHBOARD=no removes it."

demo: package ## the main job, told as it happens, on the embedded AWS
	@$(BIN)/python -m demo

local: package ## keep the embedded AWS running for the aws CLI and any SDK
	@$(BIN)/python -m demo local

bench: $(VENV)/installed ## beside other tools, on a simulated ECS: out/bench.md
	@$(BIN)/python -m bench

bench-scale: $(VENV)/installed ## 500 services, 1,000 pushes, 100,000 records: out/scale.md
	@$(BIN)/python -m bench.scale
	@$(BIN)/python -m bench.board

bench-dashboard: $(VENV)/installed ## a click, with 500 services and 100,000 records: out/dashboard.md
	@$(BIN)/python -m bench.dashboard

bench-lambda: $(VENV)/installed ## what each function costs on Lambda: out/bench-lambda.md
	@$(BIN)/python -m bench.lambda_

price: $(VENV)/installed ## what a deployment and an idle month cost: out/price.md
	@$(BIN)/python -m bench.price

test: $(VENV)/installed ## all tests but the slow ones
	@$(BIN)/pytest -q -n auto -m "not slow"

test-all: $(VENV)/installed ## every test
	@$(BIN)/pytest -q -n auto

reliability: $(VENV)/installed ## every crash point and three long runs: out/reliability.md
	@$(BIN)/python -m tests.reliability

coverage: $(VENV)/installed ## branch coverage of the core; fails below the gate
	@$(BIN)/pytest -q -n auto -m "not slow" -p no:randomly --hypothesis-seed=0 \
	  tests/decide tests/definition tests/events tests/explain tests/flow tests/model tests/verdict --cov

check: package ## linters, types, imports, workflows, the package's budget
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
	@$(BIN)/shellcheck --external-sources .ci/run .ci/release .ci/publish .ci/package .ci/deploy .github/scripts/*.sh .github/actions/*/*.sh
	@$(BIN)/python .ci/credentials.py
	@$(BIN)/python -m cli.package.budget $(STAGE)

eyes: package $(EYES)/installed ## what programs of others find: checkov, cloudsplaining, bandit, and more
	@$(BIN)/python -m cli.package.expansion out/$(STAGE)/sam.json > out/$(STAGE)/expanded.json
	@$(EYES)/bin/python .ci/eyes.py out/$(STAGE)/expanded.json

format: $(VENV)/installed ## let ruff format and mend what it can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(LOCK)/installed ## write requirements*.txt anew from requirements*.in, with the hashes
	@set -e; for pinned in $(LOCKS); do $(LOCK)/bin/uv pip compile --quiet --universal \
	  --python-version 3.11 --generate-hashes --output-file $$pinned $${pinned%.txt}.in; done

package: $(VENV)/installed ## out/STAGE/sam.json and deployment.zip; needs no AWS account
	@$(BIN)/python -m cli.package $(STAGE) --arch $(ARCH) $(if $(V),--verbose)

licences: $(VENV)/installed ## docs/licences.md: the licences of the libraries in the package
	@$(BIN)/python -m cli.package.licences

sbom: $(SBOM)/installed ## out/sbom.cdx.json: the libraries in the package, with hashes (CycloneDX)
	@{ cat requirements.txt; sed -n '/^chalice==/,/# via/p' requirements-dev.txt; } | $(SBOM)/bin/python -W ignore -m cyclonedx_py \
	  requirements - --pyproject pyproject.toml --output-reproducible --of JSON -o out/sbom.cdx.json

docs: $(DOCS)/installed ## out/site: the pages as a site; a dead link is an error
	@PATH="$(CURDIR)/$(DOCS)/bin:$$PATH" $(DOCS)/bin/python .ci/site.py

picture: package ## docs/pictures/demo.svg: the recorded terminal of the demo
	@$(BIN)/python -m demo picture

screenshots: $(VENV)/installed ## docs/pictures/dashboard-*.png; needs Debian's package chromium
	@$(BIN)/python -m demo screenshots

deploy: package ## package, then create or update the stack slipway-STAGE
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m cli.stack $(STAGE) $(if $(NOTIFY),--set NotifyEmail=$(NOTIFY)) $(if $(DASHBOARD),--set Dashboard=$(DASHBOARD))

deploy-packaged: $(DEPLOY)/installed ## what `make deploy` does, with the package that is in out/STAGE
	@PATH="$(CURDIR)/$(DEPLOY)/bin:$$PATH" $(DEPLOY)/bin/python -m cli.stack $(STAGE)

logs: $(VENV)/installed ## follow the log of one function: FUNCTION=watch
	@$(BIN)/python -m cli logs --stage $(STAGE) --function $(FUNCTION)

clean: ## remove what was made
	rm -rf out .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/installed: requirements-dev.txt
	@$(PYTHON) cli/install.py $(VENV) requirements-dev.txt
	@touch $@

$(SBOM)/installed: requirements-release.txt
	@$(PYTHON) cli/install.py $(SBOM) requirements-release.txt
	@touch $@

$(DOCS)/installed: requirements-docs.txt
	@$(PYTHON) cli/install.py $(DOCS) requirements-docs.txt
	@touch $@

$(EYES)/installed: requirements-eyes.txt
	@$(PYTHON) cli/install.py $(EYES) requirements-eyes.txt
	@touch $@

$(LOCK)/installed: requirements-lock.txt
	@$(PYTHON) cli/install.py $(LOCK) requirements-lock.txt
	@touch $@

$(DEPLOY)/installed: requirements-deploy.txt
	@$(PYTHON) cli/install.py $(DEPLOY) requirements-deploy.txt
	@touch $@
