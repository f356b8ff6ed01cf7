# What one needs to try, change and check Peerline. `make` alone lists it. Works with GNU make 3.81 (macOS) as well.
#
# Two stamps keep every second call quick: one inside .venv (the lock is installed), one inside .agents (the agents are).
# What installing has to say goes to standard error and nothing here reads standard input: both belong to `make run`.

PYTHON ?= python3
AGENTS ?= yes
WORKERS ?= 2
# Tests wait half of their time.
TESTERS ?= 4
AGENT_TESTERS ?= 3  # the real agents start many processes of their own

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# The versions that the tests' knowledge of these programs is about; one of them changes, and the stamp is another.
CLAUDE_CODE := @anthropic-ai/claude-code@2.1.329
CODEX := @openai/codex@0.169.0
GEMINI := @google/gemini-cli@0.61.0
OPENCODE := opencode-ai@1.18.33
AGENT_SET := $(CLAUDE_CODE) $(CODEX) $(GEMINI) $(OPENCODE)
AGENT_PROGRAMS := claude codex gemini opencode
empty :=
AGENTS_READY := .agents/.installed-$(subst $(empty) $(empty),-,$(notdir $(AGENT_SET)))
LOCKING := build/locking
BENCHING := build/benching

# The lock names versions and hashes; where they come from is whatever pip is configured to use on the machine.
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help run test thorough rigs lint types agents tests-wanted lock bench mutants

help:
	@echo 'make run     practice mode: a daemon, two scripted agents and a chat; needs python3 (3.11 or newer) and git'
	@echo 'make test    ruff, mypy and every test'
	@echo 'make thorough  every step of what make test tries in part: some minutes more'
	@echo 'make rigs    the tests that take minutes: hundreds of deliveries into faulty terminals'
	@echo 'make mutants break one line of the product at a time, and see that the tests named for it notice'
	@echo 'make lint    ruff alone            make types   mypy alone'
	@echo 'make agents  the real coding agents the tests can drive, into .agents/ (needs npm)'
	@echo 'make lock    write requirements.lock anew'
	@echo 'make bench   measure the promises against an installed wheel'

run: $(INSTALLED)
	@exec $(BIN)/peerline practice

# Tests run even when ruff or mypy complain, so that one look shows everything, and their summary stands last.
test: $(INSTALLED) tests-wanted
	@untidy=0; \
	$(MAKE) --no-print-directory lint || untidy=1; \
	$(MAKE) --no-print-directory types || untidy=1; \
	[ $$untidy = 0 ] || echo '>>> ruff or mypy complained (above), so this run counts as failed; the tests run all the same' >&2; \
	$(BIN)/python -m pytest -n $(TESTERS) --dist worksteal && exit $$untidy

# The same ways, every step of them. Real agents that share two cores may starve each other beyond any patience.
thorough: $(INSTALLED) tests-wanted
	@$(BIN)/python -m pytest -m thorough -n $(AGENT_TESTERS) --dist worksteal || { \
	  [ $$? = 1 ] && echo '>>> what failed beside others is tried once more, alone' >&2 && \
	  $(BIN)/python -m pytest -m thorough --last-failed --last-failed-no-failures none; }

# What they count and measure is printed, so that a run can be compared with another.
rigs: $(INSTALLED)
	@$(BIN)/python -m pytest -m rig -rP

# In copies of the tree, never in the tree itself.
mutants: $(INSTALLED)
	@WORKERS=$(WORKERS) $(BIN)/python -m tests.mutants.run

lint: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(INSTALLED)
	@$(BIN)/mypy

agents: $(AGENTS_READY)

# Without these two the tests that need them are skipped and say so; with PEERLINE_REQUIRE_AGENTS=1 missing is failing.
tests-wanted:
	@command -v tmux >/dev/null || { \
	  echo 'peerline: tmux is not installed: tests that type into a terminal cannot run' >&2; \
	  [ "$${PEERLINE_REQUIRE_AGENTS:-0}" != 1 ]; }
	@if [ "$${PEERLINE_REQUIRE_AGENTS:-0}" = 1 ]; then $(MAKE) --no-print-directory agents; \
	elif [ "$(AGENTS)" != yes ]; then echo 'peerline: AGENTS=$(AGENTS): tests with real agents use what is there' >&2; \
	else $(MAKE) --no-print-directory agents || echo 'peerline: going on with the real agents that are there; the tests of others are skipped' >&2; fi

$(INSTALLED): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
	  echo 'peerline: no $(PYTHON) found; install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "peerline: needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -V 2>&1); name another: make PYTHON=python3.12" >&2; exit 1; }
	@[ ! -x $(BIN)/python ] || $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'peerline: .venv does not work or is older than Python 3.11; remove it and call again' >&2; exit 1; }
	@[ -x $(BIN)/python ] || { echo 'peerline: making .venv …' >&2; $(PYTHON) -m venv $(VENV) </dev/null; } || { \
	  echo 'peerline: python could not make .venv (on Debian and Ubuntu: apt install python3-venv)' >&2; exit 1; }
	@echo 'peerline: installing what requirements.lock names (once, about a minute) …' >&2
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements.lock </dev/null >&2
	@$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation -e . </dev/null >&2
	@touch $@

# A program that is tried out writes into its home, and OpenCode is tried out while npm installs it: none of it into ours.
$(AGENTS_READY):
	@command -v npm >/dev/null || { \
	  echo 'peerline: npm is not installed, so the real agents cannot be (Node.js 20 or newer brings it)' >&2; exit 1; }
	@node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' || { \
	  echo "peerline: Gemini CLI needs Node.js 20 or newer, and node is $$(node -v)" >&2; exit 1; }
	@echo 'peerline: installing $(AGENT_SET) into .agents (once, one to two minutes, 1.2 GB) …' >&2
	@mkdir -p .agents && rm -f .agents/.installed-*
	@tried=$$(mktemp -d "$$PWD/.agents/tried.XXXXXX") && trap 'rm -rf "$$tried"' EXIT && \
	for each in CONFIG DATA STATE CACHE; do export "XDG_$${each}_HOME=$$tried"; done && \
	{ npm install --prefix .agents --save-exact --no-audit --no-fund --loglevel=error $(AGENT_SET) </dev/null >&2 || { \
	  echo 'peerline: npm could not install the agents; what it said stands above' >&2; exit 1; }; } && \
	for each in $(AGENT_PROGRAMS); do \
	  said=$$(HOME=$$tried .agents/node_modules/.bin/$$each --version </dev/null) || { \
	    echo "peerline: $$each is installed but does not start" >&2; exit 1; }; \
	  echo "peerline: $$each $$said" >&2; \
	done
	@touch $@

# Made with the oldest Python we support: what only newer ones leave out is then in it. Extra indexes and folders of this
# machine are switched off, or their files' hashes would end up in the lock; a line with an address never may.
lock:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo 'peerline: the lock is made with Python 3.11, the oldest we support: make lock PYTHON=python3.11' >&2; exit 1; }
	@[ -x $(LOCKING)/bin/pip-compile ] || { $(PYTHON) -m venv $(LOCKING) && $(LOCKING)/bin/python $(PIP_INSTALL) 'pip-tools>=7.5,<8'; }
	@env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE=/dev/null CUSTOM_COMPILE_COMMAND='make lock' \
	  $(LOCKING)/bin/pip-compile --quiet --no-config --upgrade --strip-extras --extra dev --all-build-deps \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --output-file build/requirements.lock pyproject.toml
	@grep -v '://' build/requirements.lock > requirements.lock

# Against the wheel, not the tree: a promise about an installed program is measured on an installed program.
bench: requirements.lock
	@rm -rf $(BENCHING) && $(PYTHON) -m venv $(BENCHING)
	@$(BENCHING)/bin/python $(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(BENCHING)/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir $(BENCHING)/wheel .
	@$(BENCHING)/bin/python $(PIP_INSTALL) --no-deps $(BENCHING)/wheel/*.whl
	@rm -rf build/bench; kept=0; for promise in bench/*.py; do \
	  echo "== $$promise"; PEERLINE_BENCH_INTO=build/bench $(BENCHING)/bin/python "$$promise" || kept=1; done; \
	  PYTHONPATH=bench $(BENCHING)/bin/python -m stand.results build/bench bench/results.md; exit $$kept
