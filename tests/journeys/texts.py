"""Texts in every stage that a page can tell of."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from portvakt.core.text_fates import Stage, TextFate, stage_of
from portvakt.proving.texts_told import TextShown, TextTold, told_of_text
from tests.make import NOW

_QUEUED: Final = TextFate(
    id="m1",
    asked_at=NOW,
    state="waiting",
    under_way=False,
    maybe_sent=0,
    tries=0,
    done_at=None,
    named=True,
    receipt_state=None,
    receipt_at=None,
)
_SENT: Final = replace(_QUEUED, state="handed_over", tries=1, maybe_sent=1, done_at=NOW)
FATES: Final = {
    Stage.QUEUED: _QUEUED,
    Stage.DELAYED: replace(_QUEUED, tries=1),
    Stage.UNSURE: replace(_QUEUED, tries=1, maybe_sent=1),
    Stage.SENT: _SENT,
    Stage.UNCONFIRMED: _SENT,
    Stage.DELIVERED: replace(
        _SENT, receipt_state="delivered", receipt_at=NOW + timedelta(seconds=2)
    ),
    Stage.UNDELIVERED: replace(
        _SENT, receipt_state="failed", receipt_at=NOW + timedelta(seconds=2)
    ),
    Stage.FAILED: replace(_QUEUED, state="dropped", tries=1, done_at=NOW),
    Stage.UNKNOWN: replace(_QUEUED, state="dropped", tries=2, maybe_sent=2, done_at=NOW),
}
STAGES: Final = tuple(FATES)


def text_told(stage: str) -> TextTold:
    """Return what a page tells of a text that is at `stage`."""
    fate = FATES[Stage(stage)]
    at = NOW + timedelta(seconds=12 if stage == Stage.UNCONFIRMED else 3)
    assert stage_of(fate, at) == stage
    told: TextTold | None = told_of_text(TextShown(fate, "••• 05"), at)
    assert told is not None
    return told
