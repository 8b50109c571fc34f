# Everything a user needs, from a fresh clone with git, make and python3 >= 3.11. `make help` lists it.

PYTHON ?= python3
SOURCE ?=
RUN    ?=
RECIPE ?=
MAPPING ?=
ENGINE ?=
SET    ?=
PARAMS ?=
FROM   ?=

VENV := .venv
BIN  := $(VENV)/bin
READY := $(VENV)/.ready

# The extras of pyproject.toml: each has a lock of its own, and is added to the environment when it is needed.
EXTRAS := completejourney spark bench browser site

# pip installs uv, and uv the rest: it downloads and compiles many packages beside each other. Where it finds no way to
# them, such as a mirror that only pip was told of, pip installs them too. Byte-code makes imports faster: an environment
# that switches it off must not switch it off here.
by_pip  = PYTHONDONTWRITEBYTECODE= PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install -qq
by_uv   = $(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode
install = { $(by_uv) $(1) 2>$(VENV)/uv.log || $(by_pip) $(1); }

# What git sees of a notebook: its cells, no outputs, and nothing of the front end that saved it.
LANGUAGE_KEYS := codemirror_mode file_extension mimetype nbconvert_exporter pygments_lexer version
EXTRA_KEYS := $(LANGUAGE_KEYS:%=metadata.language_info.%) metadata.papermill cell.metadata.papermill
STRIP := $(BIN)/nbstripout --keep-id --extra-keys '$(EXTRA_KEYS)'

.DEFAULT_GOAL := help
.PHONY: help env filter report check test test-all browser lab lint format lock sample course course-site gallery architecture dictionary bench million spark-demo clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make report SOURCE=path/to/shop.xlsx RUN=spring RECIPE=baseline SET=\"k=3 seed=1\" PARAMS=file.yaml FROM=04"
	@echo "  make report SOURCE=data/sample/invoices.csv MAPPING=params/mappings/invoices.yaml RUN=invoices"
	@echo "  make report SOURCE=completejourney RUN=cj"
	@echo "  make report PARAMS=params/markets.yaml           one report an entry, and a page that compares them"
	@echo "  make report ENGINE=spark RUN=by-spark"

env: $(READY) filter ## make .venv from requirements.lock, if it is missing or outdated

# The lock decides what is inside: when it changes, the environment is made anew.
$(VENV)/.locked: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "seglib needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Making $(VENV) from requirements.lock ..."
	@$(PYTHON) -m venv --clear $(VENV) || \
		{ echo "This Python cannot make environments; on Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@awk '/^[^ ]/ { is_uv = /^uv==/ } is_uv' requirements.lock > $(VENV)/uv.lock
	@$(by_pip) --require-hashes --requirement $(VENV)/uv.lock
	@$(call install,--require-hashes --requirement requirements.lock)
	@touch $@

# matplotlib makes its list of fonts once, and mutters while it does: better now than in the first notebook.
$(READY): $(VENV)/.locked pyproject.toml
	@$(call install,--no-deps --no-build-isolation --editable .)
	@$(BIN)/python -c 'import matplotlib.font_manager' 2>/dev/null
	@touch $@

# .gitattributes names this filter; a copy of the project that is no clone needs none. Where only outputs have changed,
# git is asked to note the new size of the file, because `git status` lists a file of another size unseen.
filter: ## keep outputs of notebooks out of what git sees
	@! git rev-parse --git-dir >/dev/null 2>&1 || { git config filter.notebooks.clean "$(STRIP)" && \
		for file in $$(git ls-files '*.ipynb'); do ! git diff --quiet -- $$file || git update-index -- $$file; done; }

# `make extra-completejourney` adds that one by itself; what else it needs is in the environment already.
$(EXTRAS:%=$(VENV)/.extra-%): $(VENV)/.extra-%: requirements-%.lock $(VENV)/.locked | $(READY)
	@echo "Adding $* from $< ..."
	@$(call install,--no-deps --require-hashes --requirement $<)
	@touch $@

.PHONY: $(EXTRAS:%=extra-%)
$(EXTRAS:%=extra-%): extra-%: $(VENV)/.extra-%

# Where the source is the data set of an extra, or the engine needs one, the extra comes first.
report: $(patsubst %,$(VENV)/.extra-%,$(filter $(SOURCE) $(ENGINE),$(EXTRAS)))
report: $(READY) ## run the six notebooks and print the path of the report (SOURCE, RUN, ...)
	@$(BIN)/python -m seglib run $(if $(SOURCE),--source "$(SOURCE)") $(if $(RUN),--run "$(RUN)") \
		$(if $(RECIPE),--recipe "$(RECIPE)") $(foreach s,$(SET),--set "$(s)") \
		$(if $(MAPPING),--mapping "$(MAPPING)") $(if $(ENGINE),--engine "$(ENGINE)") \
		$(if $(PARAMS),--params "$(PARAMS)") $(if $(FROM),--from "$(FROM)")

check: $(patsubst %,$(VENV)/.extra-%,$(filter $(SOURCE),$(EXTRAS)))
check: $(READY) ## hold a source against the contract, and list every problem (SOURCE, MAPPING)
	@$(BIN)/python -m seglib check $(if $(SOURCE),--source "$(SOURCE)") $(if $(MAPPING),--mapping "$(MAPPING)")

test: $(READY) ## run the tests that answer soon: units, one whole run, and the six notebooks under nbval
	@$(BIN)/python -m pytest -n 2 -m "not slow"

test-all: $(READY) ## run all tests: also runs of all kinds, faults, exercises, lessons, and notebooks as they are
	@$(BIN)/python -m pytest -n 2

# A few packages of npm, as package-lock.json has them; nothing else is downloaded, and no script of theirs runs.
JUDGES := tests/browser/node_modules/.ready
SHIM   := docs/course_site/node_modules/.ready

$(JUDGES) $(SHIM): %/node_modules/.ready: %/package-lock.json
	@command -v npm >/dev/null || { echo "This needs npm; on Debian or Ubuntu: apt install npm"; exit 1; }
	@cd $* && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

browser: $(VENV)/.extra-browser $(VENV)/.extra-site $(JUDGES) $(SHIM)
browser: $(READY) ## look at all report pages and the course site in Chromium (needs chromium, java and npm)
	@SEGLIB_BROWSER=1 $(BIN)/python -m pytest tests/browser

lab: $(READY) filter ## open JupyterLab on a page that lists the notebooks and the runs
	@$(BIN)/python -m nbconvert --to notebook --execute --inplace --log-level ERROR welcome.ipynb
	@$(MAKE) --no-print-directory filter
	@$(BIN)/python -m jupyterlab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/welcome.ipynb \
		--FileContentsManager.post_save_hook=seglib.lab.after_save

lint: $(READY) ## check style, formatting, and that notebooks hold no output
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(STRIP) --verify welcome.ipynb notebooks/*.ipynb notebooks/lessons/*.ipynb

format: $(READY) ## apply the style, and strip the notebooks
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .
	@for file in welcome.ipynb notebooks/*.ipynb notebooks/lessons/*.ipynb; do $(STRIP) < $$file > $$file.part && mv $$file.part $$file; done

compile = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --upgrade

# The lock of an extra fits requirements.lock and holds only what that one lacks.
lock: $(READY) ## bring all locks up to date with pyproject.toml (needs the network)
	@$(compile) --group dev --quiet --output-file requirements.lock
	@for extra in $(EXTRAS); do \
		$(compile) --extra $$extra --constraint requirements.lock \
			$$(sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package \1/p' requirements.lock) \
			--quiet --output-file $(VENV)/extra.lock && \
		sed '/^$$/,$$d' $(VENV)/extra.lock > requirements-$$extra.lock || exit 1; \
	done

sample: $(READY) ## make data/sample again, from its seed
	@$(BIN)/python -m seglib sample --out data/sample/shop.xlsx --campaign lift=0.08,salt=sample
	@$(BIN)/python -m seglib sample --out data/sample/invoices.csv --customers 500 --transactions 2500
	@$(BIN)/python -m seglib sample --out data/sample/survey.csv --kind survey --customers 200

course: $(READY) ## write what a class gets: lessons without solutions, data, shops (OUT, STUDENTS=class.csv, FOR=nbgrader)
	@$(BIN)/python -m seglib course --out "$(or $(OUT),course)" $(if $(STUDENTS),--students "$(STUDENTS)") $(if $(FOR),--for "$(FOR)")

course-site: $(VENV)/.extra-site $(SHIM) $(READY) ## make a site on which lessons L0 to L3 run without installing (OUT)
	@$(BIN)/python docs/course_site/build.py --out "$(or $(OUT),course-site)"

gallery: $(VENV)/.extra-browser $(READY) ## take the pictures of the README from two runs of the sample (needs chromium)
	@$(BIN)/python -m seglib run
	@$(BIN)/python -m seglib run --run sample-baseline --recipe baseline
	@$(BIN)/python docs/gallery.py

architecture: $(READY) ## draw the packages and their arrows into ARCHITECTURE.md
	@$(BIN)/python docs/architecture.py

dictionary: $(READY) ## write the generated parts of the documents: data dictionary, contents of METHODS, table of the study
	@for script in dictionary contents study; do $(BIN)/python docs/$$script.py || exit 1; done

bench: $(VENV)/.extra-bench $(READY) ## measure contract, features, sweep and scoring on large shops (some minutes)
	@$(BIN)/python benchmarks/contract.py
	@$(BIN)/python benchmarks/features.py
	@$(BIN)/python benchmarks/sweep.py
	@$(BIN)/python benchmarks/scoring.py

million: $(READY) ## run the six notebooks on 1,000,000 generated customers with 20,000,000 transactions
	@$(BIN)/python benchmarks/million.py

CUSTOMERS ?= 1000000

spark-demo: $(VENV)/.extra-spark $(READY) ## segment and score 1,000,000 customers on local Spark (CUSTOMERS)
	@$(BIN)/python benchmarks/spark_demo.py --customers $(CUSTOMERS)

R_PACKAGES := r-base-core r-cran-cluster r-cran-fpc
r_is_here = Rscript -e 'quit(status = !all(c("cluster", "fpc") %in% rownames(installed.packages())))' >/dev/null 2>&1

.PHONY: bench-r
bench-r: $(READY) # measure the comparison with shops without segments beside R, which it installs when run as root
	@$(r_is_here) || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; } || \
		{ echo "This needs R with two packages; on Debian or Ubuntu: apt-get install $(R_PACKAGES)"; exit 1; }
	@$(r_is_here) || { apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $(R_PACKAGES); }
	@$(BIN)/python benchmarks/structure.py

clean: ## remove the environment, all runs and caches
	rm -rf $(VENV) .building data/processed reports/*/ reports/*.html reports/*.json .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
