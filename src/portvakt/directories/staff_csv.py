"""People from a file that the HR system exports: CSV as it really looks.

Encoding and delimiter are found out, headers are known in several spellings and in any order, and
nothing in the file is trusted: a row that does not hold is named and left out, a file that is not
what it says is refused whole. Reads line by line, so that its memory does not grow with the file.
"""

import codecs
import csv
import io
import itertools
import re
import stat
import unicodedata
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import msgspec

from portvakt.directories import (
    Field,
    PersonSeen,
    RowDoubtful,
    RowRefused,
    Seen,
    UnusableSourceError,
)

MAX_BYTES = 100_000_000
"""Seven times a file of 100,000 people. What is larger is not a staff list."""
MAX_CELL = 10_000
"""Characters in one field; a longer one is a quote that nobody closed."""
_CHUNK = 1 << 16
_DELIMITERS = ";,\t|"
_MULTIPLE = re.compile(r"[,;|]")

HEADERS: Mapping[Field, str] = {
    Field.EXTERNAL_ID: "anställningsnummer anställningsnr anstnr anställningsid employeenumber"
    " employeeid employeeno externalid",
    Field.USER_NAME: "användarnamn användare användarid konto kontonamn inloggningsnamn username"
    " userid uid login samaccountname",
    Field.EMAIL: "epost epostadress mejl mejladress mail mailadress email emailaddress",
    Field.GIVEN_NAME: "förnamn tilltalsnamn givenname firstname",
    Field.FAMILY_NAME: "efternamn familyname lastname surname sn",
    Field.TITLE: "titel befattning yrke title jobtitle",
    Field.UNIT: "enhet avdelning arbetsplats organisationsenhet unit department departmentname",
    Field.WORK_MOBILE: "tjänstemobil tjänstemobilnummer mobil mobilnummer mobiltelefon"
    " mobiltelefonnummer arbetsmobil workmobile mobile mobilephone mobilenumber",
    Field.MANAGER: "chef närmastechef chefsanställningsnummer manager manageremployeenumber",
    Field.START_DATE: "startdatum anställningsdatum anställdfrån börjar startdate hiredate",
    Field.END_DATE: "slutdatum avgångsdatum anställdtill slutar enddate terminationdate",
    Field.PROTECTED: "skyddadidentitet skyddadepersonuppgifter skyddad sekretessmarkering"
    " protected protectedidentity",
    Field.GROUPS: "grupper grupp behörighetsgrupper groups memberof",
}
"""Headers as people write them, without spaces, hyphens and capitals."""

_KNOWN = {spelling: field for field, line in HEADERS.items() for spelling in line.split()}
_NEEDED = (Field.EXTERNAL_ID, Field.GIVEN_NAME, Field.FAMILY_NAME)
_IDENTIFIERS = frozenset({Field.USER_NAME, Field.EMAIL})  # one of them is enough
_YES = frozenset({"j", "ja", "y", "yes", "1", "x", "true", "sant"})
_NO = frozenset({"", "n", "nej", "no", "0", "false", "falskt"})
_DATES = ("%Y-%m-%d", "%Y%m%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # Cc, Zl, Zp and Cs


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`file`: the export. `encoding` and `delimiter` are found out where they are not given."""

    file: str
    encoding: str | None = None
    delimiter: str | None = None

    def open(self) -> "StaffCsv":
        """Look at the file. Raises `UnusableSourceError`."""
        return StaffCsv(Path(self.file), self.encoding, self.delimiter)


class StaffCsv:
    """One file, which may be read several times and must stay the same meanwhile."""

    name = "hr"

    def __init__(self, path: Path, encoding: str | None, delimiter: str | None) -> None:
        self._path = path
        self._reading: BinaryIO | None = None
        try:
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                raise UnusableSourceError(f"{path} is not a file")
            if found.st_size > MAX_BYTES:
                raise UnusableSourceError(f"{path} is larger than {MAX_BYTES // 1_000_000} MB")
            self.size = found.st_size
            self._changed = found.st_mtime_ns
            self._encoding = encoding or _encoding_of(path)
            self._delimiter = delimiter or _delimiter_of(path, self._encoding)
        except OSError as error:
            raise UnusableSourceError(f"{path} cannot be read: {error.strerror}") from error
        except LookupError:
            raise UnusableSourceError(f"there is no encoding “{encoding}”") from None

    @property
    def position(self) -> int:
        """Bytes read so far."""
        reading = self._reading
        return 0 if reading is None or reading.closed else reading.tell()

    @property
    def fields(self) -> frozenset[Field]:
        """The columns the file has. Raises `UnusableSourceError`."""
        return frozenset(self._columns.places)

    @cached_property
    def _columns(self) -> "_Columns":
        with closing(self._rows()) as rows:
            number_and_header = next(rows, None)
        if number_and_header is None or isinstance(number_and_header[1], csv.Error):
            raise UnusableSourceError(f"{self._path} has no header in its first row")
        return _columns_of(number_and_header[1])

    def people(self) -> Iterator[Seen]:
        """Read every row after the header. Raises `UnusableSourceError`."""
        columns = self._columns
        with closing(self._rows()) as rows:
            for number, cells in itertools.islice(rows, 1, None):
                if isinstance(cells, csv.Error):
                    yield RowRefused(number, "", "malformed", None)
                elif any(cells):
                    yield from _read_row(number, cells, columns)
        if self._path.stat().st_mtime_ns != self._changed:
            raise UnusableSourceError(f"{self._path} was changed while it was read")

    def _rows(self) -> Generator[tuple[int, list[str] | csv.Error], None, None]:
        """Give each row with its number, or what is wrong with it."""
        csv.field_size_limit(MAX_CELL)
        with (
            self._path.open("rb") as raw,
            io.TextIOWrapper(raw, self._encoding, newline="") as text,
        ):
            self._reading = raw
            reader = csv.reader(text, delimiter=self._delimiter, strict=True)
            for number in itertools.count(1):
                try:
                    yield number, next(reader)
                except StopIteration:
                    return
                except UnicodeError:
                    raise UnusableSourceError(f"{self._path} is not {self._encoding}") from None
                except csv.Error as error:
                    if any(words in str(error) for words in _ENDLESS):
                        raise UnusableSourceError(
                            f"{self._path}: row {number}: a quotation mark is never closed, or a "
                            f"field is longer than {MAX_CELL} characters"
                        ) from None
                    yield number, error


_ENDLESS = ("field larger", "unexpected end")


def _encoding_of(path: Path) -> str:
    """Find the encoding: a byte-order mark tells, else strict UTF-8, else Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as raw:
        start = raw.read(_CHUNK)
        if start.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        try:
            while start:
                decoder.decode(start)
                start = raw.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _delimiter_of(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        first = text.readline(_CHUNK)
    return max(_DELIMITERS, key=first.count)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where each field stands in a row of `width` cells."""

    places: Mapping[Field, int]
    width: int


def _columns_of(header: list[str]) -> _Columns:
    places: dict[Field, int] = {}
    for place, title in enumerate(header):
        folded = unicodedata.normalize("NFC", title).casefold()
        field = _KNOWN.get(re.sub(r"[\s_./()-]", "", folded))
        if field is None:
            continue
        if field in places:
            first = header[places[field]].strip()
            raise UnusableSourceError(f"“{first}” and “{title.strip()}” mean the same")
        places[field] = place
    missing = [field.value for field in _NEEDED if field not in places]
    if not _IDENTIFIERS & places.keys():
        missing.append("user_name or email")
    if missing:
        raise UnusableSourceError(
            f"the first row names no column for {', '.join(missing)}; it names "
            + ", ".join(f"“{title.strip()[:40]}”" for title in header[:20])
        )
    return _Columns(places, len(header))


class _BadCellError(ValueError):
    """One cell that the whole row must be refused for: `field` and `reason`."""

    def __init__(self, field: Field, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def _read_row(number: int, cells: list[str], columns: _Columns) -> Iterator[Seen]:
    """Give the person in a row and what is doubtful there, or why the row is refused."""
    row = _Row(cells, columns.places)
    external_id = None
    try:
        external_id = row.text(Field.EXTERNAL_ID) or None
        if len(cells) != columns.width:
            yield RowRefused(number, "", "ragged", external_id)
            return
        if external_id is None:
            yield RowRefused(number, Field.EXTERNAL_ID, "missing", None)
            return
        protected = row.truth(Field.PROTECTED)
        if protected is None and Field.PROTECTED in columns.places:
            # Whoever wrote something there meant something: protect, and say so.
            protected = True
            yield RowDoubtful(number, Field.PROTECTED, "not_yes_or_no")
        yield PersonSeen(
            row=number,
            external_id=external_id,
            user_name=row.text(Field.USER_NAME),
            email=row.text(Field.EMAIL),
            given_name=row.text(Field.GIVEN_NAME),
            family_name=row.text(Field.FAMILY_NAME),
            title=row.known(Field.TITLE),
            unit=row.known(Field.UNIT),
            work_mobile=row.known(Field.WORK_MOBILE),
            manager=row.known(Field.MANAGER),
            start_date=row.date(Field.START_DATE),
            end_date=row.date(Field.END_DATE),
            protected=protected,
            groups=row.words(Field.GROUPS),
        )
    except _BadCellError as bad:
        yield RowRefused(number, bad.field, bad.reason, external_id)


@dataclass(frozen=True, slots=True)
class _Row:
    """The cells of one row, by field."""

    cells: list[str]
    places: Mapping[Field, int]

    def text(self, field: Field) -> str:
        """Return a cell in NFC without blanks around it. Control characters refuse the row."""
        place = self.places.get(field)
        if place is None or place >= len(self.cells):
            return ""
        cell = self.cells[place].strip()
        if cell.isascii() and cell.isprintable():
            return cell
        if _UNSEEN.search(cell):
            raise _BadCellError(field, "control_character")
        return unicodedata.normalize("NFC", cell)

    def known(self, field: Field) -> str | None:
        """Return a cell, or None where the file has no such column."""
        return self.text(field) if field in self.places else None

    def words(self, field: Field) -> tuple[str, ...] | None:
        """Return the words of a cell, in order and once each."""
        text = self.known(field)
        if text is None:
            return None
        parts = (part.strip() for part in _MULTIPLE.split(text))
        return tuple(dict.fromkeys(part for part in parts if part))

    def truth(self, field: Field) -> bool | None:
        """Return yes or no, or None for anything else."""
        text = self.text(field).casefold()
        return True if text in _YES else False if text in _NO else None

    def date(self, field: Field) -> date | None:
        """Return a date, or None where the cell is empty. A date nobody can read refuses."""
        text = self.text(field)
        if not text:
            return None
        for pattern in _DATES:
            try:
                return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a calendar day
            except ValueError:
                continue
        raise _BadCellError(field, "not_a_date")
