"""An installation to run commands in: a folder with settings, a key and a database, and a clock."""

import asyncio
import contextlib
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from portvakt.cli import main
from portvakt.core.ids import AccountId
from portvakt.crypto.passwords import PasswordHasher
from portvakt.crypto.sealing import Sealer, make_master_key_file, read_master_keys
from portvakt.records import Records, Standing, StoredEvent, Unit, open_records
from portvakt.records.outbox import Message

T = TypeVar("T")
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SETTINGS = """
public_url = "http://localhost:8000"
database_url = "{url}"
[keys]
master_file = "{folder}/master.key"
"""


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Box:
    """Runs commands, and looks at what they did."""

    folder: Path
    url: str
    now: datetime = START
    environ: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, url: str, more: str = "") -> "Box":
        box = cls(folder, url)
        make_master_key_file(box.key)
        box.config.write_text(SETTINGS.format(url=url, folder=folder) + more, encoding="utf-8")
        return box

    @property
    def config(self) -> Path:
        return self.folder / "portvakt.toml"

    @property
    def key(self) -> Path:
        return self.folder / "master.key"

    def run(self, *words: object) -> Answer:
        """Run a command; whatever it ends with."""
        out, err = io.StringIO(), io.StringIO()
        argv = [str(word) for word in words]
        environ = {"PORTVAKT_CONFIG": str(self.config)} | self.environ
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(argv, clock=lambda: self.now, environ=environ)
        return Answer(status, out.getvalue(), err.getvalue())

    def good(self, *words: object) -> Answer:
        """Run a command that must succeed."""
        answer = self.run(*words)
        assert answer.status == 0, answer.err + answer.out
        return answer

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)

    def do(self, act: Callable[[Unit], Awaitable[T]]) -> T:
        """Run an act on the records."""

        async def work() -> T:
            records: Records = await open_records(self.url, clock=lambda: self.now)
            try:
                return await records.write(act)  # type: ignore[arg-type]  # a coroutine function
            finally:
                await records.close()

        return asyncio.run(work())

    def person(self, external_id: str, source: str = "hr") -> Standing:
        """Read a person as stored."""

        async def act(unit: Unit) -> Standing | None:
            account_id = await unit.people.by_external_id(source, external_id)
            return None if account_id is None else await unit.people.load(account_id)

        found = self.do(act)
        assert found is not None, f"{source} has no {external_id}"
        return found

    def events(self, account_id: AccountId | None = None) -> list[StoredEvent]:
        """Read the trail, newest first."""

        async def act(unit: Unit) -> list[StoredEvent]:
            if account_id is not None:
                return await unit.audit.of_account(account_id, 1000)
            return await unit.audit.latest(100_000)

        return self.do(act)

    def outbox(self) -> list[tuple[str, str, str]]:
        """Take everything that waits to be sent: channel, recipient, body."""
        sealer = Sealer(read_master_keys(self.key))

        async def act(unit: Unit) -> list[Message]:
            found: list[Message] = []
            for channel in ("mail", "sms"):
                found += await unit.outbox.claim(channel, self.now, 1000, timedelta(minutes=1))
            return found

        return [
            (
                each.channel,
                each.to,
                sealer.open(each.body, table="outbox", column="body", row=each.id).decode(),
            )
            for each in self.do(act)
        ]

    def password_hash(self, password: str) -> str:
        from portvakt.core.secret import Secret  # noqa: PLC0415 - one caller

        async def work() -> str:
            hasher = PasswordHasher(threads=1)
            try:
                return await hasher.hash(Secret(password))
            finally:
                hasher.close()

        return asyncio.run(work())
