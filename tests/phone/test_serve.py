"""`portvakt phone` against `portvakt serve`: they meet on a port, and nowhere else."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import ApprovalId, AuthenticatorId, PairingId
from portvakt.core.phones import Pairing
from portvakt.core.push_approval import (
    LIVES,
    PAIRING_LIVES,
    Approval,
    ApprovalState,
    Context,
    shown_of,
)
from portvakt.crypto.pairing_codes import PairingCode, PairingCodes, draw_pairing_code
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import read_master_keys
from portvakt.records import Unit
from tests import make
from tests.bad_days.processes import free_port
from tests.cli.box import Answer, Box
from tests.cli.test_serve import answer
from tests.phone.test_command import Terminal
from tests.world import _stored as stored

RANDOM = SystemRandom()
SETTINGS = """
public_url = "{origin}"
database_url = "{url}"
[keys]
master_file = "{folder}/master.key"
[organisation]
name = "Region Exempel"
"""


@dataclass
class Served:
    """A service in a process of its own, whose records a test can reach, and Anna's account."""

    box: Box
    origin: str

    def begin(self) -> str:
        """Do what the page does that shows a QR code; return what the QR code holds."""
        return f"{self.origin}/authenticator/#pair={self._pairing().long}"

    def short(self) -> str:
        """The same for somebody who types."""
        return self._pairing().short

    def _pairing(self) -> PairingCode:
        code, now = draw_pairing_code(RANDOM), datetime.now(UTC)
        hashes = PairingCodes(read_master_keys(self.box.key))
        pairing = Pairing(
            id=PairingId(RANDOM.id()),
            account_id=make.ANNA,
            session_id=None,
            old_phone=None,
            code_hash=hashes.long_hash(code.long),
            short_hash=hashes.short_hash(make.ANNA, code.short),
            created_at=now,
            expires_at=now + PAIRING_LIVES,
        )
        self.box.do(lambda unit: unit.pairings.start(pairing))
        return code

    def bind(self, phone: str) -> None:
        """Do what the page does when the test request was approved."""
        id_, now = AuthenticatorId(phone), datetime.now(UTC)

        async def act(unit: Unit) -> None:
            push = make.bound(AuthenticatorType.PUSH, id=id_, account_id=make.ANNA, label="Telefon")
            await unit.authenticators.bind(replace(push, created_at=now))
            await unit.phones.activate(id_, now)

        self.box.do(act)

    def request(self, number: str, *, lock: bool = False, only: str | None = None) -> ApprovalId:
        """Do what a sign-in does that asks for the phone."""
        id_, now = ApprovalId(RANDOM.id()), datetime.now(UTC)
        context = Context(
            account="anna.berg@region.example",
            purpose="sign_in" if only is None else "test",
            app="Lön & tid",
            network="",
            address="203.0.113.7",
            browser="Chrome, Windows",
            known_browser=True,
            quiet=False,
            at=now,
            session=RANDOM.bytes(32),
            digits=len(number),
            lock=lock,
        )
        approval = Approval(
            id=id_,
            account_id=make.ANNA,
            flow=RANDOM.id(),
            browser=RANDOM.bytes(32),
            purpose=context.purpose,
            app=context.app,
            number=number,
            digits=context.digits,
            lock=lock,
            quiet=False,
            known_browser=True,
            shown=shown_of(id_, context),
            state=ApprovalState.WAITING,
            phone_id=None if only is None else AuthenticatorId(only),
            created_at=now,
            expires_at=now + LIVES,
        )
        self.box.do(lambda unit: unit.approvals.start(approval))
        return id_

    def became(self, id_: ApprovalId) -> ApprovalState:
        """Read where a request has come."""
        found = self.box.do(lambda unit: unit.approvals.load(id_))
        assert found is not None
        return found.state


@pytest.fixture(scope="module")
def serve(
    tmp_path_factory: pytest.TempPathFactory, migrated_file: Path
) -> Iterator[Callable[[], Served]]:
    """One service for all stories here; each begins with an account without phones."""
    folder = tmp_path_factory.mktemp("serve")
    database = folder / "portvakt.db"
    database.write_bytes(migrated_file.read_bytes())
    port = free_port()
    origin = f"http://localhost:{port}"
    box = Box.make(folder, f"sqlite:///{database}")
    box.config.write_text(SETTINGS.format(origin=origin, url=box.url, folder=folder))
    command = [sys.executable, "-m", "portvakt", "serve", "--listen", f"127.0.0.1:{port}"]
    environ = os.environ | {"PORTVAKT_CONFIG": str(box.config)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    served = Served(box, origin)

    def empty() -> Served:
        async def act(unit: Unit) -> None:
            await unit.people.upsert_many([stored(make.account())])
            for phone in await unit.phones.of(make.ANNA):
                await unit.phones.remove(phone.id, make.ANNA)
            await unit.approvals.deny_all(make.ANNA, datetime.now(UTC))

        box.now = datetime.now(UTC)
        box.do(act)
        return served

    try:
        answer(f"http://127.0.0.1:{port}/readyz")
        yield empty
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


class RealTerminal(Terminal):
    """A terminal with the time on the wall, perhaps some way off."""

    def __init__(self, file: Path, off: timedelta = timedelta(0)) -> None:
        self.file = file
        self.off = off

    def run(self, *words: str) -> Answer:
        self.at = datetime.now(UTC) + self.off
        return super().run(*words)


@pytest.fixture
def terminal(tmp_path: Path) -> RealTerminal:
    return RealTerminal(tmp_path / "phone.json")


def paired(served: Served, terminal: RealTerminal) -> str:
    """Pair and bind a phone; return its id."""
    phone: str = terminal.good("pair", served.begin(), "--json").json["phone"]
    served.bind(phone)
    return phone


def test_a_phone_is_paired_and_answers_its_test(
    serve: Callable[[], Served], terminal: RealTerminal
) -> None:
    served = serve()
    said = terminal.good("pair", served.begin(), "--json").json
    assert (said["state"], said["account"]["organisation"]) == ("proving", "Region Exempel")
    test = served.request("42", only=said["phone"])
    assert "Test this phone\n" in terminal.good("list").out
    assert terminal.good("approve", "42").out == "approved\n"
    assert served.became(test) is ApprovalState.APPROVED


def test_a_short_code_and_the_account_pair_too(
    serve: Callable[[], Served], terminal: RealTerminal
) -> None:
    served = serve()
    typed = served.short()
    words = ["--account", "anna.berg", "--url", served.origin]
    wrong = ("A" if typed[0] != "A" else "B") + typed[1:]
    assert terminal.bad("pair", wrong, *words) == "there is no such pairing code"
    terminal.good("pair", f"{typed[:4].lower()}-{typed[4:]}", *words)


def test_a040_a_code_pairs_one_phone(
    serve: Callable[[], Served], terminal: RealTerminal, tmp_path: Path
) -> None:
    address = serve().begin()
    terminal.good("pair", address)
    second = RealTerminal(tmp_path / "second.json")
    assert "used already" in second.bad("pair", address)
    assert not second.file.exists()


def test_approving_denying_and_wrong_numbers(
    serve: Callable[[], Served], terminal: RealTerminal
) -> None:
    served = serve()
    paired(served, terminal)
    right = served.request("42")
    said = terminal.good("list").out
    assert "Sign in to Lön & tid\n" in said
    assert "Chrome, Windows, used before\n" in said
    terminal.good("approve", "42")
    wrong = served.request("42")
    assert "not the number" in terminal.bad("approve", "41")
    denied = served.request("42")
    terminal.good("deny")
    assert [served.became(each) for each in (right, wrong, denied)] == [
        ApprovalState.APPROVED,
        ApprovalState.WRONG_NUMBER,
        ApprovalState.DENIED,
    ]
    assert "no request waits" in terminal.bad("approve", "42")


def test_not_me_ends_both_and_locks(serve: Callable[[], Served], terminal: RealTerminal) -> None:
    served = serve()
    paired(served, terminal)
    both = [served.request("11"), served.request("22")]
    terminal.good("not-me", "--lock", "--request", both[0])
    assert {served.became(each) for each in both} == {ApprovalState.DENIED}


def test_a038_sign_in_without_a_password_takes_number_and_screen_lock(
    serve: Callable[[], Served], terminal: RealTerminal
) -> None:
    served = serve()
    paired(served, terminal)
    assert terminal.good("enable-sign-in", "--json").json["sign_in"] is True
    asked = served.request("123456", lock=True)
    assert "and the screen lock" in terminal.good("list").out
    terminal.good("approve", "123456")
    assert served.became(asked) is ApprovalState.APPROVED
    assert terminal.good("disable-sign-in", "--json").json["sign_in"] is False
    assert terminal.good("enable-sign-in", "--json").json["sign_in"] is True


def test_the_new_phone_takes_over_and_the_old_one_is_dead(
    serve: Callable[[], Served], terminal: RealTerminal, tmp_path: Path
) -> None:
    served = serve()
    paired(served, terminal)
    terminal.good("rename", "Annas")
    new = RealTerminal(tmp_path / "new.json")
    said = new.good("pair", terminal.good("transfer").out.strip(), "--json").json
    assert (said["state"], said["name"], said["sign_in"]) == ("active", "Annas", False)
    asked = served.request("42")
    assert terminal.bad("approve", "42") == "this phone was removed: pair it again"
    new.good("approve", "42")
    assert served.became(asked) is ApprovalState.APPROVED


def test_a_phone_that_was_removed_in_the_middle_of_a_request_is_dead(
    serve: Callable[[], Served], terminal: RealTerminal
) -> None:
    served = serve()
    phone = paired(served, terminal)
    served.request("42")
    terminal.good("list")
    served.box.do(lambda unit: unit.phones.remove(AuthenticatorId(phone), make.ANNA))
    assert terminal.bad("approve", "42") == "this phone was removed: pair it again"
    assert terminal.good("remove").out == "it was removed already\n"


def test_a_phone_removes_itself(serve: Callable[[], Served], terminal: RealTerminal) -> None:
    served = serve()
    paired(served, terminal)
    assert terminal.good("remove").out == "removed\n"
    assert served.box.do(lambda unit: unit.phones.of(make.ANNA)) == []


def test_a_clock_an_hour_wrong_is_no_obstacle(
    serve: Callable[[], Served], terminal: RealTerminal
) -> None:
    served = serve()
    terminal.off = -timedelta(hours=1)
    terminal.good("pair", served.begin())
    assert abs(json.loads(terminal.file.read_text())["clock_offset"] - 3_600_000) < 60_000
    terminal.good("list")


def test_what_comes_is_told_to_whoever_watches(
    serve: Callable[[], Served], terminal: RealTerminal
) -> None:
    served = serve()
    paired(served, terminal)
    first = served.request("11")
    command = [sys.executable, "-m", "portvakt", "phone", "watch", "--json"]
    environ = os.environ | {"PORTVAKT_PHONE": str(terminal.file)}
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert waiting(process) == [first]
            second = served.request("22")
            terminal.good("deny", "--request", first)
            while (told := waiting(process)) != [second]:
                assert first in told
            terminal.good("remove")
            assert process.wait(20) == 1
        finally:
            process.kill()
        assert process.stderr is not None
        assert process.stderr.read() == "portvakt phone: this phone was removed: pair it again\n"


def waiting(process: "subprocess.Popen[str]") -> list[str]:
    """Read the next line of `watch --json`: the ids of what waits."""
    assert process.stdout is not None
    return [each["request"] for each in json.loads(process.stdout.readline())["requests"]]
