# Everything a user needs, from a fresh clone with git, make and python3 >= 3.11. `make help` lists it.

PYTHON ?= python3
SOURCE ?=
RUN    ?=
RECIPE ?=
SET    ?=
PARAMS ?=
FROM   ?=

VENV := .venv
BIN  := $(VENV)/bin
READY := $(VENV)/.ready

# Byte-code makes imports faster: an environment that switches it off must not switch it off here. matplotlib makes its
# list of fonts once, and mutters while it does: better now than in the first notebook.
install = PYTHONDONTWRITEBYTECODE= PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install -qq

.DEFAULT_GOAL := help
.PHONY: help env report test lab lint format lock sample gallery clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make report SOURCE=path/to/shop.xlsx RUN=spring RECIPE=baseline SET=\"k=3 seed=1\" PARAMS=file.yaml FROM=04"

env: $(READY) ## make .venv from requirements.lock, if it is missing or outdated

# The lock decides what is inside: when it changes, the environment is made anew.
$(VENV)/.locked: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "seglib needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Making $(VENV) from requirements.lock ..."
	@$(PYTHON) -m venv --clear $(VENV) || \
		{ echo "This Python cannot make environments; on Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@$(install) --require-hashes --requirement requirements.lock
	@touch $@

$(READY): $(VENV)/.locked pyproject.toml
	@$(install) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q $(VENV)/lib >/dev/null || true
	@$(BIN)/python -c 'import matplotlib.font_manager' 2>/dev/null
	@touch $@

report: $(READY) ## run the six notebooks and print the path of the report (SOURCE, RUN, RECIPE, SET, PARAMS, FROM)
	@$(BIN)/python -m seglib run $(if $(SOURCE),--source "$(SOURCE)") $(if $(RUN),--run "$(RUN)") \
		$(if $(RECIPE),--recipe "$(RECIPE)") $(foreach s,$(SET),--set "$(s)") \
		$(if $(PARAMS),--params "$(PARAMS)") $(if $(FROM),--from "$(FROM)")

test: $(READY) ## run all tests, and the notebooks under nbval
	@$(BIN)/python -m pytest

lab: $(READY) ## open JupyterLab in the folder of the notebooks
	@$(BIN)/python -m jupyterlab --notebook-dir=notebooks

lint: $(READY) ## check style, formatting, and that notebooks hold no output
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/nbstripout --verify --keep-id notebooks/*.ipynb

format: $(READY) ## apply the style, and strip the notebooks
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .
	@$(BIN)/nbstripout --keep-id notebooks/*.ipynb

lock: $(READY) ## bring requirements.lock up to date with pyproject.toml (needs the network)
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--quiet --no-header --upgrade --output-file requirements.lock

sample: $(READY) ## make data/sample again, from its seed
	@$(BIN)/python -m seglib sample --out data/sample/shop.xlsx

gallery: $(READY) ## take the pictures of the README from two runs of the sample
	@$(BIN)/python -m seglib run
	@$(BIN)/python -m seglib run --run sample-baseline --recipe baseline
	@$(BIN)/python docs/gallery.py

clean: ## remove the environment, all runs and caches
	rm -rf $(VENV) .building data/processed reports/*/ .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
