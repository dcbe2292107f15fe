# make app     set everything up and open the application
# make class   the same for everybody in the room: https, the address and a QR code
# make class-pack    a folder that installs and runs without any network
# make test    set everything up and run the tests, the linters and the import contract
# make reproduce     the tables of the papers (reproduce-gpu: on a GPU)
# make gpu-check     what needs a GPU; skipped where there is none
# make test-heavy    full sizes, long clips and small trainings: an hour or so
# make fuzz-short    1,000 hostile inputs (python -m benchmarks.fuzz: 12,000)
# make load          thirty students for five minutes (load-short: six for half a minute, without time limits)
# make audit         known holes in the packages that are installed, by PyPI's advisory service
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
PORT ?= 8501
# A new requirements file means a new stamp, hence a new install; an old stamp means nothing to do.
APP_STAMP := $(VENV)/.app-$(shell cat requirements.txt | cksum | cut -d' ' -f1)
DEV_STAMP := $(VENV)/.dev-$(shell cat requirements.txt requirements-dev.txt | cksum | cut -d' ' -f1)

.PHONY: app class class-pack test test-heavy browser-test fuzz-short load load-short audit ci lint format corpus reproduce reproduce-gpu gpu-check faults clean
.DEFAULT_GOAL := app

app: $(APP_STAMP)
	$(BIN)/python -m streamlit run .streamlit/serve.py --server.port $(PORT)

class: $(APP_STAMP)
	PYTHONPATH=. $(BIN)/python .streamlit/in_class.py --port $(PORT) $(if $(ADDRESS),--host $(ADDRESS))

# A folder that installs and runs with no network on a computer like this one; PACK=FOLDER says where.
PACK ?= class-pack
class-pack: $(APP_STAMP)
	PYTHONPATH=. $(BIN)/python .streamlit/class_pack.py --to $(PACK) $(if $(YES),--yes)

test: $(DEV_STAMP) lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests -m "not browser and not heavy" -n 2 --dist worksteal

test-heavy: $(DEV_STAMP)
	$(BIN)/python -m pytest tests -m heavy

browser-test: $(DEV_STAMP)
	$(BIN)/python -m pytest tests/browser -m "browser and not heavy"

fuzz-short: $(DEV_STAMP)
	$(BIN)/python -m benchmarks.fuzz --sounds 800 --files 200 --kept /dev/null

load: $(DEV_STAMP)
	$(BIN)/python -m benchmarks.load --write results/load.md

load-short: $(DEV_STAMP)
	$(BIN)/python -m benchmarks.load --smoke

audit: $(DEV_STAMP)
	$(BIN)/python .ci/audit

ci: test fuzz-short load-short browser-test

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

# What needs a GPU, in under eight minutes; says so where there is none.  Writes results/gpu-check.json.
gpu-check: $(APP_STAMP)
	$(BIN)/python -m benchmarks.gpu_check

# What becomes of runs when things go wrong: kills, full disks, restarts.  Half an hour, as root.
faults: $(DEV_STAMP)
	$(BIN)/python -m benchmarks.faults > results/faults.md

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
