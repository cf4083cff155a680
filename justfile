set shell := ["bash", "-euo", "pipefail", "-c"]

# what there is
default:
    @just --list --unsorted

# virtual environment with everything for development, and what the tests start
setup:
    . tools/setup.sh && set_up_python dev && set_up_servers

# the product with a small fictional region
demo *args:
    ./demo {{args}}

# everything a change must pass, fastest first
check: lint types architecture

lint:
    .venv/bin/ruff format --check .
    .venv/bin/ruff check .

types:
    .venv/bin/mypy

architecture:
    .venv/bin/lint-imports --no-logo

# quick tests: no network, no servers, well under a minute
test *args:
    .venv/bin/pytest -m "not slow and not browser" {{args}}

# all tests: PostgreSQL and Chromium are started by the tests themselves
test-all *args:
    .venv/bin/pytest {{args}}

# the long stories in Chromium
browser *args:
    .venv/bin/pytest tests/browser {{args}}

# one picture of every page: both languages, light and dark, three widths
pictures *args:
    .venv/bin/pytest -q tests/browser/test_looks.py {{args}}
    @echo build/contact-sheet.jpg

# rewrite formatting and fixable lints (then read the diff)
fix:
    .venv/bin/ruff format .
    .venv/bin/ruff check --fix .

# start a decision record: just adr "Why Starlette"
adr title:
    .venv/bin/python tools/new_adr.py "{{title}}"

# lock the Python dependencies again, with hashes and without addresses (needs uv)
lock:
    cd requirements && for f in runtime guide dev; do \
      uv pip compile -q --generate-hashes --no-emit-index-url --no-header $f.in -o $f.txt; done
    cd tests/servers/jupyterhub && \
      uv pip compile -q --generate-hashes --no-emit-index-url --no-header requirements.in -o requirements.txt

# build the authenticator app into the package (needs Node)
app:
    cd frontend && npm ci && npm test && npm run build

# tables in docs/operators, from the code
docs:
    .venv/bin/python tools/docs_tables.py
