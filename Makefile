# make app     set everything up and open the application
# make test    set everything up and run the tests, the linters and the import contract
# make reproduce     the tables of the papers (reproduce-gpu: on a GPU)
# make test-heavy    full sizes, long clips and small trainings: an hour or so
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
PORT ?= 8501
# A new requirements file means a new stamp, hence a new install; an old stamp means nothing to do.
APP_STAMP := $(VENV)/.app-$(shell cat requirements.txt | cksum | cut -d' ' -f1)
DEV_STAMP := $(VENV)/.dev-$(shell cat requirements.txt requirements-dev.txt | cksum | cut -d' ' -f1)

.PHONY: app test test-heavy browser-test ci lint format corpus reproduce reproduce-gpu clean
.DEFAULT_GOAL := app

app: $(APP_STAMP)
	$(BIN)/python -m streamlit run app.py --server.port $(PORT)

test: $(DEV_STAMP) lint
	$(BIN)/python -m pytest tests -m "not browser and not heavy"

test-heavy: $(DEV_STAMP)
	$(BIN)/python -m pytest tests -m heavy

browser-test: $(DEV_STAMP)
	$(BIN)/python -m pytest tests/browser -m browser

ci: test browser-test

lint: $(DEV_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV_STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The tables of the papers on the corpora below SER_DATA; stops and goes on, see `python -m ser_core reproduce --help`.
reproduce: $(APP_STAMP)
	$(BIN)/python -m ser_core reproduce --tier 2

# The same with the papers' own numbers on a GPU, in slices of nine minutes: call it until it says that none is left.
reproduce-gpu: $(APP_STAMP)
	$(BIN)/python -m ser_core reproduce --tier 2 --device cuda --jobs 6 --budget 540

# Speak the synthetic corpus again (needs espeakng-loader, a development dependency).
corpus: $(DEV_STAMP)
	$(BIN)/python -m ser_core.corpora.synthesis ser_core/corpora/synthetic_data

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "python3 -m venv failed: on Debian or Ubuntu install python3-venv"; exit 1; }

$(APP_STAMP): | $(BIN)/python
	@echo "Installing (about 6 GB, once; torch is the large part) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@rm -f $(VENV)/.app-* && touch $@

$(DEV_STAMP): $(APP_STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@rm -f $(VENV)/.dev-* && touch $@

clean:
	rm -rf $(VENV)
