# Two commands do everything: `make demo` and `make test`. Needs Python 3.11+, pip and (for the kernels) gcc and Python.h.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
UV_VERSION := 0.13.9
UV := .boot/venv/bin/uv
PIP := $(UV) pip install -q --python .venv/bin/python
MEMBERS := contract packs models edge_agent dashboards simulator cloud
EDITABLE := $(foreach member,$(MEMBERS),-e ./$(member))

.PHONY: help setup setup-dev kernels demo test test-twins test-twins-all test-long interop fuzz chaos chaos-summary soak pictures other-pythons lint types imports edge-slice bench bench-quick bench-check docs assets system-packages clean

help: ## what each target does
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 18

$(UV):
	$(PYTHON) -m venv .boot/venv
	.boot/venv/bin/pip install -q --disable-pip-version-check uv==$(UV_VERSION)

.venv/bin/python: | $(UV)
	$(UV) venv -q --python $(PYTHON) .venv

.venv/.run: requirements/cloud.txt requirements/edge.txt requirements/build.txt $(foreach m,$(MEMBERS),$(m)/pyproject.toml) $(wildcard $(foreach m,contract/ovoo_contract models/ovoo_models edge_agent/ovoo_edge edge_agent/ovoo_edge/*,$(m)/_*.pyx $(m)/_*.pxd $(m)/_*.pxi $(m)/_*.h) contract/setup.py models/setup.py edge_agent/setup.py) | .venv/bin/python
	$(PIP) --require-hashes -r requirements/cloud.txt -r requirements/edge.txt -r requirements/build.txt
	$(PIP) --no-deps --no-build-isolation $(EDITABLE)
	.venv/bin/python -m compileall -q -j 2 .venv/lib/python3.*/site-packages >/dev/null || true
	@.venv/bin/python scripts/kernels
	touch $@

.venv/.dev: requirements/dev.txt .venv/.run
	$(PIP) --require-hashes -r requirements/dev.txt
	touch $@

.venv-broker/.done: requirements/broker.txt | $(UV)
	$(UV) venv -q --python $(PYTHON) .venv-broker
	$(UV) pip install -q --python .venv-broker/bin/python --require-hashes -r requirements/broker.txt
	touch $@

cloud/ovoo_cloud/assets/.done: scripts/assets .venv/.run
	.venv/bin/python scripts/assets
	touch $@

assets: cloud/ovoo_cloud/assets/.done ## console and report assets (htmx, ECharts, fonts)

setup: .venv/.run assets ## the product: every member, compiled, with its assets

setup-dev: setup .venv/.dev

kernels: ## builds the compiled kernels again, after a compiler was installed
	rm -f .venv/.run
	$(MAKE) setup

demo: setup .venv-broker/.done ## three plants, gateways, a centre and its cases; ONCE=1 runs headless to the verified reports
	.venv/bin/python -m scripts.demo $(if $(ONCE),--once,) $(DEMO)

pictures: setup-dev ## pictures of docs/ from a demo that runs or has ended
	.venv/bin/python -m scripts.doc_pages.pictures $(PICTURES)

system-packages:
	scripts/system-packages

test: setup-dev .venv-broker/.done system-packages ## installs what tests need and runs them all
	.venv/bin/python -m tests.servers.interop.build node_opcua
	.venv/bin/python scripts/tests $(PYTEST)

test-twins: setup-dev ## contract, models and edge with the compiled kernels switched off
	OVOO_PURE_PYTHON=1 .venv/bin/python -m pytest tests/contract tests/models tests/edge_agent -m "not server and not system" $(PYTEST)

test-twins-all: setup-dev .venv-broker/.done system-packages ## the whole suite with the compiled kernels switched off
	OVOO_PURE_PYTHON=1 .venv/bin/python -m pytest $(PYTEST)

test-long: setup-dev .venv-broker/.done system-packages ## the tests that take minutes
	.venv/bin/python -m pytest --with long -m long $(PYTEST)

interop: setup-dev system-packages ## OPC UA servers of other languages; needs their toolchains
	.venv/bin/python -m tests.servers.interop.build
	.venv/bin/python -m pytest --with interop -m interop $(PYTEST)

fuzz: setup-dev ## every route by every role, consent "own" and "required"; EXAMPLES=100 SEED=1 FUZZ='-k "own and cases"'
	OVOO_FUZZ_EXAMPLES=$(or $(EXAMPLES),100) OVOO_FUZZ_SEED=$(or $(SEED),1) .venv/bin/python -m pytest --with long tests/cloud/api/test_fuzzing.py tests/cloud/api/test_uploads_under_fire.py $(FUZZ)

chaos: setup-dev .venv-broker/.done system-packages ## drawn faults against the whole line; FAULTS=1000 SEED=1 goes on where it ended
	.venv/bin/python -m tests.system.chaos run --faults $(or $(FAULTS),50) --seed $(or $(SEED),1) $(CHAOS)

chaos-summary: setup-dev ## adds the committed rounds of make chaos up
	.venv/bin/python -m tests.system.chaos summary

soak: setup-dev .venv-broker/.done system-packages ## a day's samples in a quarter of an hour; memory and handles stay flat
	.venv/bin/python -m tests.system.chaos.soak --hours $(or $(HOURS),24) $(SOAK)

OTHER_PYTHONS ?= python3.12 python3.13

other-pythons: setup-dev ## environments of the other supported Pythons; tests compare the reports that each of them renders
	set -e; for python in $(OTHER_PYTHONS); do \
	  name=.venv-py$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	  $(UV) venv -q --clear --python $$python $$name; \
	  $(UV) pip install -q --python $$name/bin/python --require-hashes -r requirements/cloud.txt; \
	done
	.venv/bin/python -m pytest tests/cloud/reports/test_same_bytes.py $(PYTEST)

lint: setup-dev ## ruff
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: setup-dev ## mypy --strict on the parts, their tests, benchmarks and scripts
	.venv/bin/mypy $(foreach m,contract/ovoo_contract packs/ovoo_packs models/ovoo_models edge_agent/ovoo_edge cloud/ovoo_cloud dashboards/ovoo_dashboards simulator/ovoo_simulator,$(m)) tests benchmarks scripts

imports: setup-dev ## one-way imports
	.venv/bin/lint-imports

edge-slice: setup ## installs only the gateway's members and states their size
	scripts/edge-slice

bench: setup-dev ## full benchmarks; results are committed
	for name in wire_size opcua_decode opcua_ingest mqtt_ingest processing footprint subscribe recovery spool spool_tuning versus_thingsboard real_input pipeline anomaly_speed accuracy simulator_faults energy_speed energy_cases honesty reconciliation tariff energy_faults centre_scale; do .venv/bin/python benchmarks/$$name.py --save; done

bench-quick: setup-dev ## what CI runs
	set -e; for name in wire_size opcua_decode real_input pipeline anomaly_speed energy_speed; do .venv/bin/python benchmarks/$$name.py --quick --no-peers; done

bench-check: ## which committed results were measured before the last change of what they measure
	$(PYTHON) scripts/bench-check

docs: setup-dev ## regenerates the generated pages
	.venv/bin/python scripts/docs

clean: ## removes everything that setup and demo made
	rm -rf .venv .venv-broker .boot demo-state demo-out cloud/ovoo_cloud/assets
	find . -name '*.so' -o -name '*.egg-info' -o -name __pycache__ -o -name build | grep -v node_modules | xargs rm -rf
