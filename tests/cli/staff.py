"""Small exports of an HR system, written as real ones are."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

HEADERS = (
    "Anställningsnummer",
    "Förnamn",
    "Efternamn",
    "Användarnamn",
    "E-post",
    "Titel",
    "Enhet",
    "Tjänstemobil",
    "Telefon",
    "Chef",
    "Slutdatum",
    "Skyddad identitet",
    "Grupper",
)


@dataclass(frozen=True)
class Row:
    """One employee; only what a test is about needs to be said."""

    number: str = "000017"
    given: str = "Anna"
    family: str = "Berg"
    user: str = "anna.berg"
    mail: str | None = None
    title: str = "Sjuksköterska"
    unit: str = "Akutmottagningen"
    mobile: str = ""
    phone: str = "026-15 40 00"
    manager: str = ""
    left: str = ""
    protected: str = "N"
    groups: str = "alla"

    @property
    def cells(self) -> list[str]:
        mail = f"{self.user}@region.example" if self.mail is None else self.mail
        return [
            self.number,
            self.given,
            self.family,
            self.user,
            mail,
            self.title,
            self.unit,
            self.mobile,
            self.phone,
            self.manager,
            self.left,
            self.protected,
            self.groups,
        ]


def crowd(count: int, start: int = 1000) -> list[Row]:
    """Many people who differ."""
    return [
        Row(number=f"{number:06}", user=f"user{number}", given="Kim", family=f"Nr {number}")
        for number in range(start, start + count)
    ]


def text(rows: Sequence[Row], *, delimiter: str = ";", headers: Sequence[str] = HEADERS) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(headers)
    writer.writerows(row.cells for row in rows)
    return out.getvalue()


def export(*rows: Row) -> bytes:
    """UTF-8 with a byte-order mark, as spreadsheets write it."""
    return text(rows).encode("utf-8-sig")
