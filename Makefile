# make book   set everything up, run every chapter, build the site: _build/html/index.html
# make test   set up what is missing, run the tests
# make serve  show the site at http://127.0.0.1:8000
# make bench  measure speed beside peers
# make lint   check style and types, write the notebooks' pairs
# make lock   resolve constraints.txt again
# make clean  delete everything that was made, the environment included

VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2
MIN_COVERAGE ?= 95
# The first Python on the path that is 3.11, 3.12 or 3.13.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e

.PHONY: book test serve bench lint lock clean
.DELETE_ON_ERROR:

book: $(VENV)/book.done
	$(BIN)/companion run --all --jobs $(JOBS)
	$(BIN)/python book/_make

test: $(VENV)/test.done
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered --cov-fail-under=$(MIN_COVERAGE)

serve: book
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html 8000

bench: $(VENV)/bench.done
	for file in benchmarks/bench_*.py; do $(BIN)/python $$file || exit 1; done

lint: $(VENV)/test.done
	$(BIN)/companion pairs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# An unconstrained range of another package pulls a CUDA build of torch, of several gigabytes.
lock: $(VENV)/book.done
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra book --extra test --universal --quiet \
		--custom-compile-command 'make lock' --output-file constraints.txt
	# What only a CUDA build of torch asks for is left out: that build fixes its own versions.
	awk '/^(nvidia|cuda|triton)/ {skip = 1; next} skip && /^ / {next} {skip = 0; print}' constraints.txt > constraints.part
	mv constraints.part constraints.txt

clean:
	rm -rf $(VENV) _build book/_generated book/notebooks book/api book/data.md book/results.md book/status.md

$(VENV)/bin/python:
	@test -n '$(PYTHON)' || { echo 'error: Python 3.11, 3.12 or 3.13 is needed; install one, or name it: make PYTHON=/path/to/python' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "error: $(PYTHON) cannot make environments; on Debian and Ubuntu run: sudo apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/book.done: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) '.[book]'
	touch $@

# The peers that benchmarks run beside; one of them is large.
$(VENV)/bench.done: pyproject.toml constraints.txt $(VENV)/test.done
	$(INSTALL) '.[book,test,bench]'
	touch $@

$(VENV)/test.done: pyproject.toml constraints.txt $(VENV)/book.done
	$(INSTALL) '.[book,test]'
	touch $@
