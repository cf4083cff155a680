"""SQL written once for both databases, made ready for each driver at import.

The text is what SQLite 3.35 and PostgreSQL share: upserts, RETURNING, common table expressions.
Values are named, `:name`, and travel beside the text, never in it. Where the dialects differ there
is a seam:

`{among:name}`         after a column: it is one of the strings of a JSON array given as :name
`{items:name}`         the same strings, one row each, in a column `value`
`{records:name a TEXT, b BIGINT}`  the objects of a JSON array given as :name, as a table `name`
`{each:a TEXT, b BIGINT, 'x', b}`  after INSERT INTO: the rows given to `Run.each`, here with two
                       columns, and what else stands in each; without other values. On SQLite one
                       row at a time, which spares it JSON and a way back from the middle of many
`{json_list:column}`   one JSON array of the column's values, `[]` where there are none
`{larger:a,b}`         the larger of two values, neither of them NULL
`{has_table:name}`     whether there is such a table
`{random}`             32 characters that the database draws: never the same twice
`{locked_free}`        keeps the rows read until the act ends, and passes over those that another
                       act keeps (SQLite has one writer, and so needs nothing)
`{held}`               keeps the rows read as they are until the act ends, for who would change them
`{bytes:name}`         the bytes given as :name, in a SELECT, where PostgreSQL takes them for text
RETURNING names columns and computes nothing: SQLite 3.40 answers `RETURNING a IS NOT NULL` with
true where `a` has just become NULL.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

Value = str | int | bytes | None
_Seam = Callable[[str], str]


def _larger(function: str) -> _Seam:
    return lambda names: f"{function}({names})"


def _records_in_sqlite(shape: str) -> str:
    name, columns = shape.split(maxsplit=1)
    listed = ", ".join(f"json_extract(value, '$.{word}') AS {word}" for word in _items(columns))
    return f"(SELECT {listed} FROM json_each(:{name})) AS {name}"  # noqa: S608 - words of ours


def _items_in_postgresql(name: str) -> str:
    return f"SELECT jsonb_array_elements_text(CAST(:{name} AS jsonb)) AS value"


def _records_in_postgresql(shape: str) -> str:
    name, columns = shape.split(maxsplit=1)
    return f"json_to_recordset(CAST(:{name} AS json)) AS {name}({columns})"


def _each_in_sqlite(shape: str) -> str:
    numbers = {name: f"?{number}" for number, name in enumerate(_columns(shape), 1)}
    return f"VALUES ({', '.join(numbers.get(item, item) for item in _items(shape))})"


def _each_in_postgresql(shape: str) -> str:
    columns = _columns(shape)
    arrays = ", ".join(f"CAST(${at} AS {kind}[])" for at, kind in enumerate(columns.values(), 1))
    listed = ", ".join(_items(shape))
    return f"SELECT {listed} FROM unnest({arrays}) AS given({', '.join(columns)})"  # noqa: S608 - words of ours


def _items(shape: str) -> list[str]:
    """Read what stands in a row of `a TEXT, 'x', a`: names and literals."""
    return [item.split()[0] for item in shape.split(",")]


def _columns(shape: str) -> dict[str, str]:
    """Read the columns of `a TEXT, 'x', a` and their types."""
    words = [item.split() for item in shape.split(",")]
    return {item[0]: item[1] for item in words if len(item) > 1}


_SQLITE: Final[Mapping[str, _Seam]] = {
    "each": _each_in_sqlite,
    "items": lambda name: f"SELECT value FROM json_each(:{name})",  # noqa: S608 - a name of ours
    "among": lambda name: f"IN (SELECT value FROM json_each(:{name}))",  # noqa: S608 - a name of ours
    "records": _records_in_sqlite,
    "json_list": lambda column: f"json_group_array({column})",
    "larger": _larger("MAX"),
    "has_table": lambda name: f"EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '{name}')",  # noqa: S608 - a name of ours
    "random": lambda _: "lower(hex(randomblob(16)))",
    "locked_free": lambda _: "",
    "held": lambda _: "",
    "bytes": lambda name: f":{name}",
}
_POSTGRESQL: Final[Mapping[str, _Seam]] = {
    "each": _each_in_postgresql,
    "items": _items_in_postgresql,
    # An array, and not a join: whatever the planner believes, it is looked up in an index.
    "among": lambda name: f"= ANY (ARRAY({_items_in_postgresql(name)}))",
    "records": _records_in_postgresql,
    "json_list": lambda column: f"CAST(COALESCE(json_agg({column}), '[]') AS TEXT)",
    "larger": _larger("GREATEST"),
    "has_table": lambda name: f"to_regclass('{name}') IS NOT NULL",
    "random": lambda _: "replace(CAST(gen_random_uuid() AS TEXT), '-', '')",
    "locked_free": lambda _: "FOR UPDATE SKIP LOCKED",
    "held": lambda _: "FOR SHARE",
    "bytes": lambda name: f"CAST(:{name} AS BYTEA)",
}
_SEAM: Final = re.compile(r"\{(\w+)(?::([^}]*))?\}")
_PART: Final = re.compile(r"\{(\w+)\}")
_EACH: Final = re.compile(r"\{each:([^}]*)\}")
_PIECE: Final = re.compile(r"'(?:[^']|'')*'|--[^\n]*|(?<![:\w]):([a-z]\w*)|\s+")
_CHANGES: Final = re.compile(
    r"\b(?:INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|UPDATE\s+\w+ AS)"
)


class Statement:
    """One statement in both dialects; written at module level, so compiled once.

    `names` are its values in the order of the `$n` in `postgresql`; `changes` tells whether it
    writes, which an act that only reads may not. `columns` are those of `{each:…}`, in the order
    in which `Run.each` wants them; none where there is no such seam.
    """

    __slots__ = ("changes", "columns", "names", "postgresql", "sqlite")

    def __init__(self, text: str, **parts: str) -> None:
        """Compile `text`; `{name}` in it, or in a part, is replaced by the part of that name."""
        for _ in parts:  # a part may hold another, so at most as many rounds as there are parts
            text = _PART.sub(lambda found: parts.get(found[1], found[0]), text)
        self.changes: Final = _CHANGES.search(text) is not None
        self.sqlite: Final = _PIECE.sub(_tidy, _seams(text, _SQLITE)).strip()
        names: list[str] = []

        def number(found: re.Match[str]) -> str:
            name = found[1]
            if name is None:
                return _tidy(found)
            if name not in names:
                names.append(name)
            return f"${names.index(name) + 1}"

        self.postgresql: Final = _PIECE.sub(number, _seams(text, _POSTGRESQL)).strip()
        self.names: Final = tuple(names)
        shape = _EACH.search(text)
        self.columns: Final = () if shape is None else tuple(_columns(shape[1]))
        if names and self.columns:
            message = f"{self} has rows and other values: write those into the rows"
            raise ValueError(message)

    def __repr__(self) -> str:
        return f"Statement({self.sqlite[:60]!r}…)"


def _seams(text: str, dialect: Mapping[str, _Seam]) -> str:
    return _SEAM.sub(lambda found: dialect[found[1]]((found[2] or "").strip()), text)


def _tidy(found: re.Match[str]) -> str:
    piece = found[0]
    return " " if piece.isspace() or piece.startswith("--") else piece
