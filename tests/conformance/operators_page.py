"""The `[[sms]]` blocks of docs/operators/text-messages.md, with files and places of a test."""

import re
import tomllib
from pathlib import Path
from typing import Any

from portvakt import plugins
from portvakt.settings.structs import Sms

PAGE = Path(__file__).parents[2] / "docs" / "operators" / "text-messages.md"
SECRET = "s3cret_of_at_least-16"
_OURS = (set(Sms.__struct_fields__) | {"name"}) - {"options"}


def blocks() -> dict[str, dict[str, Any]]:
    """Every `[[sms]]` of the page, by its name."""
    found = re.findall(
        r"^```toml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    tables = [block for text in found for block in tomllib.loads(text).get("sms", ())]
    return {block["name"]: block for block in tables}


def config(name: str, folder: Path, **changed: Any) -> Any:
    """Fill a block's adapter as it stands, but for `changed`; each secret is its file's name."""
    block = blocks()[name]
    options = {key: value for key, value in block.items() if key not in _OURS} | changed
    return plugins.fill("portvakt.sms", block["gateway"], _with_secrets(options, folder))


def secret_in(file: str) -> str:
    """What stands in a file that a block names."""
    return f"{file.removeprefix('secrets/')}-{SECRET}"


def _with_secrets(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    made = {}
    for key, value in table.items():
        if key in {"secret", "password"}:
            place = folder / Path(value["file"]).name
            place.write_text(secret_in(value["file"]) + "\n", encoding="utf-8")
            made[key] = {"file": str(place)}
        else:
            made[key] = _with_secrets(value, folder) if isinstance(value, dict) else value
    return made
