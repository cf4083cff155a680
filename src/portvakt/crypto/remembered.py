"""What was found in sealed texts that are brought many times in a row.

To open one costs as much as reading the database does. Only what the envelope says is remembered,
never whether it still counts: that is for the caller to find out each time.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final, Generic, TypeVar

from portvakt.crypto.sealing import Sealer

T = TypeVar("T")
MOST: Final = 1024


class Remembered(Generic[T]):
    """Knows texts by their hash, for as long as the master keys stay what they are."""

    def __init__(self, sealer: Sealer) -> None:
        """Remember what `sealer` opened, in this process."""
        self._sealer = sealer
        self._keys = sealer.state()
        self._known: dict[bytes, T] = {}

    def of(self, text: str, opened: Callable[[], T | None]) -> T | None:
        """Return what `opened` made of the text when it was first brought.

        None, where nothing could be made of it, is not remembered. What else decides about what is
        found, such as the place that it was sealed for, stands in the text.
        """
        keys = self._sealer.state()
        if keys is not self._keys:
            self._keys, self._known = keys, {}
        named = sha256(text.encode("utf-8", "surrogatepass")).digest()
        found = self._known.get(named)
        if found is None and (found := opened()) is not None:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[named] = found
        return found
