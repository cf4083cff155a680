"""What happened after a backup, and must be done again once it is restored (F66)."""

from dataclasses import replace
from pathlib import Path

import pytest

from portvakt.core.events import (
    AccountFrozen,
    AccountThawed,
    Event,
    PasswordChanged,
    PasswordNotChanged,
    PasswordPutAside,
    PasswordReset,
    SealingKeyMade,
    SealingKeyRetired,
    SigningKeyRetired,
)
from portvakt.core.ids import AuthenticatorId
from portvakt.records import Unit
from tests import make
from tests.cli.box import START, Box
from tests.cli.copies import live, settle_in


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    return Box.make(tmp_path, database_url)


SINCE: tuple[tuple[Event, bool], ...] = (
    (AccountFrozen(at=START, change="x", since=START, put_aside=(), sessions=1), True),
    (PasswordReset(at=START, goal="new_password", methods=(), sessions=1), True),
    (PasswordChanged(at=START, sessions=1), True),
    (PasswordPutAside(at=START, authenticator_id=AuthenticatorId("p"), sessions=1), True),
    (SealingKeyRetired(at=START, key="k2"), True),
    (SigningKeyRetired(at=START, kid="s1"), True),
    (AccountThawed(at=START, by="self"), False),
    (PasswordNotChanged(at=START, why="weak"), False),
    (SealingKeyMade(at=START, key="k3"), False),
)


def test_f66_whatever_a_restore_takes_back_is_listed(box: Box, tmp_path: Path) -> None:
    """A freeze that is lifted, a password that works again, a key that is believed again."""
    live(box, settle_in)
    box.good("backup", tmp_path / "b")
    box.move(hours=1)

    async def act(unit: Unit) -> None:
        for event, _ in SINCE:
            await unit.audit.write(replace(event, at=box.now, account_id=make.ANNA))

    box.do(act)
    answer = box.good("restore", tmp_path / "b", "--replace")
    for event, listed in SINCE:
        assert (event.name in answer.out) is listed, event.name
