# Every target that says `## what it does` is listed by a plain `make`.

PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help install test check format docs readme guides bench reference reproduce measure coverage clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## make .venv and install the checkout, with all that the targets below need
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[test,check,benchmark,docs]'

test: ## run the tests
	$(BIN)/python -m pytest -q

check: ## lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: ## format the code and sort its imports
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format .

docs: ## build the documentation site into build/docs
	$(BIN)/python -m sphinx --jobs auto --fail-on-warning --keep-going --quiet docs build/docs

readme: ## rewrite the README's first screen and its picture of the house
	$(BIN)/python validation/readme.py

guides: ## rewrite the outputs shown in the guides
	$(BIN)/python validation/guides.py

bench: ## time the engine and the command's start
	$(BIN)/python -m pytest benchmarks -q --numprocesses=0

reference: ## remake tests/reference (needs R with metafor, metadat, lme4 and clubSandwich)
	Rscript validation/datasets.R
	Rscript validation/pooled.R
	Rscript validation/tau2_ci.R
	Rscript validation/glmm.R
	Rscript validation/betabinomial.R
	Rscript validation/options.R
	Rscript validation/regression.R
	Rscript validation/influence.R
	Rscript validation/small_studies.R
	Rscript validation/two_arms.R
	Rscript validation/multilevel.R
	Rscript validation/scores.R
	$(BIN)/python validation/bayes_reference.py
	$(BIN)/python validation/citations.py

reproduce: ## run reproduce.R of fifty analyses and keep what R prints (three minutes; needs R with metafor and lme4)
	$(BIN)/python validation/reproduce.py

measure: ## measure audit, overlap and killed writers anew (ten minutes)
	$(BIN)/python validation/audit.py
	$(BIN)/python validation/overlap.py
	$(BIN)/python validation/killing.py > validation/killing.md

coverage: ## remake the tables and the plot of the coverage simulation from its results
	$(BIN)/python validation/coverage/summarise.py

clean: ## remove what building and testing leave behind
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks .coverage
	find . -name __pycache__ -not -path './.venv/*' -type d -prune -exec rm -rf {} +
