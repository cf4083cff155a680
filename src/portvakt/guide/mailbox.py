"""The mailbox of the stage: every text and letter that was sent on it, and nothing else."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portvakt.guide.errors import GuideError
from portvakt.guide.stage_settings import LETTERS, TEXTS

_CODE = re.compile(r"\b(\d{6})\b")
_LINK = re.compile(r"https?://\S+")
_SECONDS = 10.0
_MOMENT = 0.05


@dataclass(slots=True)
class Mailbox:
    """What lies in a folder of the stage, newest last. A text is read once, as people do."""

    folder: Path
    _read: Counter[str] = field(default_factory=Counter)

    def texts(self, number: str) -> list[str]:
        """Return every text to a number (E.164)."""
        return [each["text"] for each in self._lines(TEXTS) if each["to"] == number]

    def letters(self, address: str) -> list[str]:
        """Return every letter to an address."""
        return [each["text"] for each in self._lines(LETTERS) if each["to"] == address]

    async def code(self, number: str) -> str:
        """Return the code in the next text to a number that was not read yet.

        Raises `GuideError` where none comes.
        """
        text = await self._next(TEXTS, number)
        found = _CODE.search(text)
        if found is None:
            raise GuideError(f"the text to {number} has no code: {text!r}")
        return found[1]

    async def link(self, address: str) -> str:
        """Return the last address that stands in the next letter to somebody.

        Raises `GuideError` where no letter comes, or none is in it.
        """
        found: list[str] = _LINK.findall(await self._next(LETTERS, address))
        if not found:
            raise GuideError(f"the letter to {address} leads nowhere")
        return found[-1].rstrip(".")

    async def _next(self, file: str, to: str) -> str:
        loop = asyncio.get_running_loop()
        ends = loop.time() + _SECONDS
        while (
            len(found := [each for each in self._lines(file) if each["to"] == to]) <= self._read[to]
        ):
            if loop.time() > ends:
                raise GuideError(f"nothing was sent to {to}")
            await asyncio.sleep(_MOMENT)
        self._read[to] = len(found)
        return found[-1]["text"]

    def _lines(self, name: str) -> list[Mapping[str, str]]:
        file = self.folder / name
        if not file.exists():
            return []
        whole, _, _ = file.read_text(encoding="utf-8").rpartition("\n")  # the rest is on its way
        return [json.loads(line) for line in whole.splitlines()]
