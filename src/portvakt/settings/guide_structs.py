"""`[guide]` of the settings; see `structs.py`."""

import msgspec


class Guide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The illustrated guide, which `portvakt guide` makes: [how](guide.md)."""

    folder: str | None = None
    """Where made guides lie, one folder a language. Without it `/guide` is not there, and no page
    leads to it."""
    groups: tuple[str, ...] = ()
    """Groups (their ids in the state file) of the people whom it is for: it follows the rules that
    hold for somebody in all of them."""
    number: str = ""
    """Its number as a controlled document, on the title page."""
    version: str = "1"
    """Its version, beside the number."""
    owner: str = ""
    """Who answers for it. Without one: the organisation's name."""
