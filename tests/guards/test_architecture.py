"""The import contracts hold, and a contract that is broken is noticed."""

import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.guards.tree import PACKAGE, TOP, imported, module_name, python_files, shown

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    path = str(folder / "src")
    return subprocess.run(
        [LINT_IMPORTS, "--no-logo", "--no-cache", "--config", folder / ".importlinter"],
        cwd=folder / "src",
        env={**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_import_contracts_hold() -> None:
    answer = lint_imports(TOP)
    assert answer.returncode == 0, answer.stdout


PLANTED = {
    "core/planted.py": ("import os", "The core imports no framework"),
    "crypto/planted.py": ("import portvakt.web.planted", "Arrows point down"),
    "web/planted.py": ("", ""),
    "journeys/planted_a/__init__.py": ("import portvakt.journeys.planted_b", "A journey never"),
    "journeys/planted_b/__init__.py": ("", ""),
    "journeys/planted_b/flow.py": ("import starlette", "Only portvakt.web, routes and the roots"),
    "methods/planted_a.py": ("import portvakt.methods.planted_b", "An adapter never imports"),
    "methods/planted_b.py": ("import portvakt.records.planted", "A method returns what must be"),
    "phone/planted.py": ("import portvakt.core.planted", "The phone knows the protocol's page"),
    "records/planted.py": ("", ""),
    "sms/planted.py": ("import sqlite3", "Journeys, methods and roots use records"),
    "planted_above.py": ("import portvakt.planted_below", "No cycles between siblings"),
    "planted_below.py": ("import portvakt.planted_above", "No cycles between siblings"),
    "worker.py": ("import portvakt.sms.planted", "Adapters are opened by name"),
    "wire/planted.py": ("import ldap", "Only portvakt.wire.ldap_connection imports"),
    "wire/planted_too.py": ("import gssapi", "Only portvakt.wire.kerberos imports"),
}


def test_planted_violations_are_caught(tmp_path: Path) -> None:
    """Every contract is broken once, in a copy, so that none of them is asleep."""
    copy = tmp_path / "src" / "portvakt"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TOP / ".importlinter", tmp_path)
    for name, (line, _) in PLANTED.items():
        file = copy / name
        file.parent.mkdir(parents=True, exist_ok=True)
        for folder in file.parents:
            if folder == copy:
                break
            (folder / "__init__.py").touch()
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        file.write_text(f"{before}\n{line}\n", encoding="utf-8")
    said = lint_imports(tmp_path)
    assert said.returncode == 1, said.stdout + said.stderr
    ending = re.compile(r" BROKEN( \(\d+ ignored imports?\))?\s*$")
    broken = [line for line in said.stdout.splitlines() if ending.search(line)]
    for _, contract in PLANTED.values():
        assert any(contract in line for line in broken), (contract, said.stdout)
    contracts = re.findall(r"^name = (.+)$", (TOP / ".importlinter").read_text(), re.MULTILINE)
    assert len(broken) == len(contracts), said.stdout


STANDARD_FOR_CORE = {
    "abc",
    "base64",
    "collections",
    "collections.abc",
    "dataclasses",
    "datetime",
    "enum",
    "functools",
    "hashlib",
    "hmac",
    "ipaddress",
    "itertools",
    "json",
    "math",
    "operator",
    "re",
    "string",
    "struct",
    "types",
    "typing",
    "unicodedata",
    "urllib.parse",
    "zlib",
    "zoneinfo",
    "__future__",
}


def test_the_core_imports_an_allow_list_of_standard_modules() -> None:
    """The contract names what is forbidden; this names what is allowed, which is the stronger."""
    strangers = [
        f"{shown(path)} imports {name}"
        for path in python_files("src/portvakt/core")
        for name, _ in imported(path)
        if name not in STANDARD_FOR_CORE and not name.startswith("portvakt.core")
    ]
    assert not strangers


OWNERS = {
    "httpx": ("demo.*", "phone.*", "commands.phone"),
    "httpcore": ("wire.http",),
    "asyncpg": ("records.*",),
    "sqlite3": ("records.*",),
    "sqlalchemy": ("records.schema*", "records.migrate", "records.migrations.*"),
    "alembic": ("records.schema*", "records.migrate", "records.migrations.*"),
    "starlette": (
        "app",
        "phone_service",
        "web.*",
        "proving.*",
        "journeys.*routes",
        "journeys.open_app.oidc.answers",
        "journeys.open_app.oidc.other_origins",
        "journeys.approve_push.files",
        "journeys.approve_push.live",
        "journeys.my_apps.door",
        "demo.*",
        "guide.serving",
    ),
    "uvicorn": ("app", "web.server", "commands.*", "demo.*", "guide.serving"),
    "jinja2": ("web.*", "demo.*", "mail_page", "recipes"),
    "nacl": ("crypto.*",),
    "cryptography": (
        "crypto.*",
        "phone.*",
    ),
    "joserfc": ("crypto.*", "demo.shop"),
    "webauthn": ("crypto.key_attestation", "crypto.screen_lock", "methods.passkey"),
    "prometheus_client": ("metrics",),
    "secrets": ("crypto.*", "demo.*", "phone.*"),
    "random": (),
    "aiosmtplib": ("mail.smtp",),
    "smtplib": (),
    "requests": (),
    "urllib.request": (),
    "http.client": (),
    "pickle": (),
    "phonenumbers": ("phone_numbers",),
    "pskc": ("token_files.key_container",),
    "defusedxml": ("token_files.key_container",),
    "playwright": ("guide.*",),
    "PIL": ("guide.*",),
    "weasyprint": ("guide.pdf",),
    "zxcvbn": ("common_passwords.guessing",),
}
"""Who may import what: patterns of module names under `portvakt`."""


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_is_imported_by_its_owner_only(library: str) -> None:
    strangers = [
        f"{shown(path)} imports {name}"
        for path in python_files("src")
        for name, _ in imported(path)
        if (name == library or name.startswith(f"{library}."))
        and not any(fnmatch(module_name(path), f"portvakt.{own}") for own in OWNERS[library])
    ]
    assert not strangers


def test_the_schema_and_its_tools_are_never_imported_when_a_module_is() -> None:
    """SQLAlchemy costs half a second, which every command would pay."""
    apart = ("portvakt.records.schema", "portvakt.records.migrations")
    early = [
        f"{shown(path)} imports {name}"
        for path in python_files("src")
        if not module_name(path).startswith(apart)
        for name, at_import in imported(path)
        if at_import and name.startswith(("sqlalchemy", "alembic", *apart))
    ]
    assert not early


def is_within(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


@pytest.mark.parametrize("module", ["portvakt.demo.shop", "portvakt.phone"])
def test_the_opposite_parties_import_nothing_of_ours(module: str) -> None:
    """A client that shares code with the server proves nothing about the protocol."""
    ours = [
        f"{shown(path)} imports {name}"
        for path in python_files("src")
        if is_within(module_name(path), module)
        for name, _ in imported(path)
        if name.startswith("portvakt") and not is_within(name, module)
    ]
    assert not ours


def test_no_test_uses_mocks() -> None:
    mocks = [
        f"{shown(path)} imports {name}"
        for path in python_files("tests", "bench")
        for name, _ in imported(path)
        if name.startswith(("unittest.mock", "mock", "pytest_mock"))
    ]
    assert not mocks
