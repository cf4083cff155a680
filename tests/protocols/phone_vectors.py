"""The test vectors of docs/developers/phone-protocol.md, as they stand on the page."""

import json
import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "developers" / "phone-protocol.md"
ORIGIN = "https://auth.region.example"
HOST = "auth.region.example"
SIGNED = ("`pair` by the long code", "`fetch`", "`answer`", "`screen_lock`", "`stream`")
"""The chapters that hold a JWS."""


def vectors() -> dict[str, list[Any]]:
    """Return the JSON of each chapter of *Test vectors*, in order, by the chapter's title."""
    section = PAGE.read_text(encoding="utf-8").partition("\n## Test vectors\n")[2]
    chapters = re.split(r"^### ", section, flags=re.MULTILINE)[1:]
    return {
        chapter.partition("\n")[0].partition(",")[0]: [
            json.loads(block)
            for block in re.findall(r"^```json\n(.*?)^```", chapter, re.MULTILINE | re.DOTALL)
        ]
        for chapter in chapters
    }


VECTORS = vectors()
KEYS = VECTORS["Keys"][0]
REQUEST = VECTORS["A request"][0]
ASSERTION = VECTORS["The assertion beside that `answer`"][0]
ATTESTATION = VECTORS["The attestation beside that `screen_lock`"][0]
PAIRED = VECTORS["`pair` by the long code"][1]


def public(name: str) -> dict[str, Any]:
    """Return the public part of a key."""
    return {part: KEYS[name][part] for part in ("kty", "crv", "x", "y")}


def compact(chapter: str) -> str:
    """Return the whole JWS of a chapter."""
    vector = VECTORS[chapter][0]
    return f"{vector['signing_input']}.{vector['signature']}"
