"""A value that refuses to be shown."""

import hmac
from typing import Never, final


@final
class Secret:
    """Wraps a password, code or key so that it must be opened by name to be used.

    It cannot be logged, formatted, pickled, hashed or written as JSON by accident, and two
    of them are compared in constant time.
    """

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment]  # typeshed lacks the spelling the data model asks for

    def __init__(self, value: str) -> None:
        self._value = value

    def open(self) -> str:
        """Return what is inside. The only way to it."""
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # surrogatepass: a value that cannot be written as UTF-8 is still compared, not a crash
        ours = self._value.encode("utf-8", "surrogatepass")
        theirs = other._value.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(ours, theirs)

    def __repr__(self) -> str:
        return "Secret(…)"

    def __str__(self) -> str:
        return "Secret(…)"

    def __format__(self, spec: str) -> str:
        return "Secret(…)"

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError("a Secret is not pickled or copied")
