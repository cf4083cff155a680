"""What an import says afterwards: counts, and each row that could not be taken at its word."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from portvakt.core.directory_diff import Brake


class Kind(StrEnum):
    """What becomes of the work mobile of a row. Each row is counted once."""

    SMS_READY = "sms_ready"
    SHARED_MOBILE = "shared_mobile"
    LANDLINE_ONLY = "landline_only"
    BAD_NUMBER = "bad_number"
    FOREIGN_MOBILE = "foreign_mobile"
    NO_NUMBER = "no_number"


@dataclass(frozen=True, slots=True, order=True)
class RowReport:
    """One row, the field that is wrong there, and why. Never what stood there."""

    row: int
    field: str
    reason: str


@dataclass(slots=True)
class Report:
    """The outcome of a run. `brake` is set where it stopped before anything was changed."""

    kinds: Counter[Kind] = field(default_factory=Counter)
    people: int = 0
    left: int = 0
    protected: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    disabled: int = 0
    refused: int = 0
    """Rows that were left out; the people behind them stay as they are stored."""
    kept: int = 0
    """People who are not in the source and stay, because a row in it cannot be tied to anybody."""
    last_administrator: int = 0
    """Administrators who have left and stay, because nobody else is one (A087)."""
    rows: list[RowReport] = field(default_factory=list)
    brake: Brake | None = None

    def counts(self) -> dict[str, int]:
        """Give every count by the name that reports use."""
        return {
            **{kind.value: self.kinds[kind] for kind in Kind},
            "left": self.left,
            "protected": self.protected,
            "people": self.people,
            "created": self.created,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "disabled": self.disabled,
            "refused": self.refused,
            "kept": self.kept,
            "last_administrator": self.last_administrator,
        }
