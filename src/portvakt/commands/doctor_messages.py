"""`portvakt doctor messages --to NUMBER`: sends a real text and follows it to the receipt.

It is put in the outbox like any other, so the whole way is looked at: the background work, the
gateways in their order, the operator, and the way back of its receipt.
"""

import asyncio
from argparse import Namespace
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from portvakt.commands.opening import Opened, in_records
from portvakt.commands.shell import CommandError, Shell, print_json
from portvakt.core.secret import Secret
from portvakt.core.text_fates import FINAL, Stage, TextFate, stage_of
from portvakt.crypto.randomness import SystemRandom
from portvakt.phone_numbers import NotUsable, partly_hidden, usable_for_text
from portvakt.records import Message
from portvakt.settings import Settings
from portvakt.sms import to_body
from portvakt.texts import Texts

PURPOSE: Final = "test"
LIVES: Final = timedelta(minutes=5)
"""How long it is tried, as a code is."""
_LOOK: Final = 0.25
"""Seconds between two looks; a text takes seconds."""
_NOBODY: Final = 10.0
"""Seconds after which a text that nobody has tried means that nothing works in the background."""

_SAID: Final = {
    Stage.QUEUED: "waits to be handed over",
    Stage.DELAYED: "not taken so far, tried again",
    Stage.UNSURE: "no usable answer, tried once more under the same key",
    Stage.SENT: "taken by {gateway}",
    Stage.UNCONFIRMED: "no receipt yet",
    Stage.DELIVERED: "delivered, says the operator",
    Stage.UNDELIVERED: "not delivered, says the operator",
    Stage.FAILED: "given up: surely not sent",
    Stage.UNKNOWN: "given up: nobody can say whether it was sent",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that became of it, so many seconds after it was asked for."""

    stage: str
    seconds: float
    gateway: str
    why: str


def run(args: Namespace, shell: Shell) -> int:
    """Send it and follow it; 0 where it arrived, or was taken by a gateway without receipts."""
    settings = shell.settings()
    number = _number(args.to, settings)
    steps = in_records(shell, lambda opened: _followed(opened, args, number))
    last = Stage(steps[-1].stage)
    if args.json:
        to = partly_hidden(number)
        print_json({"ok": last in _WELL, "to": to, "steps": [asdict(each) for each in steps]})
    return 0 if last in _WELL else 1


_WELL: Final = frozenset({Stage.DELIVERED, Stage.SENT})


def _number(written: str, settings: Settings) -> str:
    """Read a number as registration does. Raises `CommandError` for one that gets no text."""
    if not settings.sms:
        raise CommandError("the settings have no [[sms]]")
    prefixes = tuple(sorted({each for block in settings.sms for each in block.allowed_prefixes}))
    read = usable_for_text(written, prefixes, settings.organisation.country)
    if isinstance(read, NotUsable):
        raise CommandError(f"no text goes to that number: {read.reason.value.replace('_', ' ')}")
    return read.number


async def _followed(opened: Opened, args: Namespace, number: str) -> list[Step]:
    shell, settings = opened.shell, opened.settings
    id_ = SystemRandom().id()
    asked = shell.clock()
    words = Texts.load().say("sv", "sms.test", organisation=settings.organisation.name)
    body = opened.sealer().seal(to_body(Secret(words)), table="outbox", column="body", row=id_)
    message = Message(
        id=id_,
        channel="sms",
        to=number,
        body=body,
        purpose=PURPOSE,
        account_id=None,
        created_at=asked,
        not_after=asked + LIVES,
        idempotency_key=id_,
    )
    await opened.records.write(lambda unit: unit.outbox.put(message))
    steps: list[Step] = []
    clock = asyncio.get_running_loop().time
    began = clock()
    while True:
        step, fate = await _look(opened, id_, asked)
        if not steps or steps[-1].stage != step.stage:
            steps.append(step)
            if not args.json:
                _print(step)
        stage, passed = Stage(step.stage), clock() - began
        if stage in FINAL or (stage is Stage.SENT and not fate.named) or passed >= args.wait:
            return steps
        if not fate.tries and passed >= _NOBODY:
            raise CommandError(
                "nobody has tried to send it: is `portvakt work` running, and does it reach the "
                "database?"
            )
        await asyncio.sleep(_LOOK)


async def _look(opened: Opened, id_: str, asked: datetime) -> tuple[Step, TextFate]:
    now = opened.shell.clock()
    logged = await opened.records.read(lambda unit: unit.message_log.one(id_))
    if logged is None:
        raise CommandError("somebody has removed it from the outbox")
    fate = logged.fate
    stage = stage_of(fate, now)
    at = {Stage.SENT: fate.done_at, Stage.DELIVERED: fate.receipt_at}.get(stage) or now
    seconds = round((at - asked).total_seconds(), 1)
    return Step(stage.value, seconds, logged.gateway or "", logged.why), fate


def _print(step: Step) -> None:
    said = _SAID[Stage(step.stage)].format(gateway=step.gateway)
    why = f" ({step.why})" if step.why else ""
    print(f"{step.seconds:6.1f} s  {said}{why}", flush=True)
