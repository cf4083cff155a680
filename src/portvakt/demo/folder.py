"""The demo's folder: what lies in it, and how the product is brought to know the region.

Everything goes the product's ordinary ways: settings in a file, `portvakt migrate`, `portvakt
apply`, `portvakt grant-role`. Only the mark in the database is the demo's own.
"""

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import tomli_w

from portvakt.core.secret import Secret
from portvakt.crypto.passwords import PasswordHasher
from portvakt.demo import region
from portvakt.demo.apps import ICONS
from portvakt.demo.guide import without_ours
from portvakt.demo.region import Addresses, Shown
from portvakt.records.unit import Unit, open_records

HEAD = "# Written by `portvakt demo` at each start. Changes here are lost.\n"
MARK = "demo"
"""The name under which a database says that the demo made it; `serve` refuses such a one."""

Clock = Callable[[], datetime]


class DemoError(Exception):
    """The demo cannot start; the message is the one line that says why."""


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder with everything the demo keeps."""

    path: Path

    @property
    def settings(self) -> Path:
        """The product's settings."""
        return self.path / "portvakt.toml"

    @property
    def state(self) -> Path:
        """What `apply` reads."""
        return self.path / "region.toml"

    @property
    def facts(self) -> Path:
        """What programs read about this run."""
        return self.path / "demo.json"

    @property
    def guide(self) -> Path:
        """Where the illustrated guide is, once it is made."""
        return self.path / "guide"

    @property
    def database(self) -> Path:
        """Where the people are."""
        return self.path / "portvakt.db"

    def claim(self) -> None:
        """Make the folder, and keep it until this process ends.

        Raises `DemoError` where another demo has it, or where it holds somebody else's files.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemoError(f"another demo is using {self.path}; choose --data DIR") from error
        for file in (self.settings, self.state):
            if file.exists() and not file.read_text(encoding="utf-8").startswith(HEAD):
                raise DemoError(f"{file} was not written by the demo; choose --data DIR")

    def write_settings(self, table: Mapping[str, Any]) -> None:
        """Write `portvakt.toml`."""
        _write(self.settings, HEAD + tomli_w.dumps(table))

    def build(self, clock: Clock, *, shop: str) -> tuple[Shown, ...]:
        """Bring the database to the region as `region.toml` describes it; return its people."""
        url = f"sqlite:///{self.database}"
        if self.database.exists() and not asyncio.run(_has_mark(url, clock)):
            raise DemoError(f"{self.database} was not made by the demo; choose --data DIR")
        self._portvakt("migrate")
        asyncio.run(_set_mark(url, clock))
        passwords, hashes = asyncio.run(self._passwords())
        state = region.state(shop=shop, hashes=hashes, today=clock().date())
        shutil.copytree(ICONS, self.path / "icons", dirs_exist_ok=True)
        _write(self.state, HEAD + tomli_w.dumps(state))
        self._portvakt("apply", str(self.state))
        for person in region.PEOPLE:
            if person.role is not None:
                self._portvakt("grant-role", person.user_name, person.role)
        return tuple(region.shown(person, passwords[person.user_name]) for person in region.PEOPLE)

    def write_facts(self, addresses: Addresses, people: tuple[Shown, ...]) -> None:
        """Write `demo.json`."""
        told = {"guide": addresses.guide, "people": [asdict(person) for person in people]}
        facts = asdict(addresses) | told
        _write(self.facts, json.dumps(facts, ensure_ascii=False, indent=2) + "\n")

    async def _passwords(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return passwords and their hashes by user name: those of the last run, or new ones."""
        passwords = region.known_passwords(self.facts)
        hashes = region.known_hashes(self.state)
        hasher = PasswordHasher()
        try:
            for person in region.PEOPLE:
                name = person.user_name
                if name not in passwords or name not in hashes:
                    passwords[name] = region.new_password()
                    hashes[name] = await hasher.hash(Secret(passwords[name]))
        finally:
            hasher.close()
        return passwords, hashes

    def _portvakt(self, *words: str) -> None:
        """Run one of the product's commands, with these settings and no others."""
        command = [sys.executable, "-m", "portvakt", *words, "--config", str(self.settings)]
        done = subprocess.run(  # noqa: S603 - our own program with our own words
            command, env=without_ours(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise DemoError(f"portvakt {words[0]}: {(done.stderr or done.stdout).strip()}")


async def _has_mark(url: str, clock: Clock) -> bool:
    records = await open_records(url, clock=clock)
    try:

        async def act(unit: Unit) -> bool:
            return await unit.meta.get(MARK) is not None

        return await records.read(act)
    finally:
        await records.close()


async def _set_mark(url: str, clock: Clock) -> None:
    records = await open_records(url, clock=clock)
    try:

        async def act(unit: Unit) -> None:
            await unit.meta.set(MARK, "1")

        await records.write(act)
    finally:
        await records.close()


def _write(file: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)
