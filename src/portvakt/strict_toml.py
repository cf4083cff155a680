"""TOML read strictly: every problem at once, each with its line.

`tomllib` says nothing of where a value stood, and msgspec stops at the first mistake. An
administrator who is told of one typo per attempt gives up, so this module walks a document beside
the structs that describe it and collects. It knows nothing of what the settings mean.
"""

import difflib
import re
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as File
from types import UnionType
from typing import Any, Literal, TypeVar

import msgspec

from portvakt.toml_places import Locator, Path

S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, for the person who wrote the file."""

    where: str
    line: int | None
    text: str
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        """Say it in one line: `line 4: server.listen: …`."""
        parts = [f"line {self.line}" if self.line else "", self.where, self.text]
        return ": ".join(part for part in parts if part)


def dotted(path: Path) -> str:
    """Write a path as people do: `people[3].email`, the first element being 1."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f"{'.' if text else ''}{step}"
    return text


@dataclass(slots=True)
class Problems:
    """Collects what is wrong with one document and knows on which line each thing stood.

    `names` renames what did not come from the document, such as an environment variable.
    """

    text: str = ""
    names: dict[Path, str] = field(default_factory=dict)
    found: list[Problem] = field(default_factory=list)
    _lines: Mapping[Path, int] | None = None
    _broken: set[Path] = field(default_factory=set)
    _settled: set[Path] = field(default_factory=set)

    def settle(self) -> None:
        """Begin a new stage: what is found from now on inside something broken is not news."""
        self._settled = set(self._broken)

    def add(self, path: Path, text: str, level: Literal["error", "warning"] = "error") -> None:
        """Note a problem at a path; the line is that of the nearest thing that has one."""
        if any(path[:length] in self._settled for length in range(len(path) + 1)):
            return
        if level == "error":
            self._broken.add(path)
        if self._lines is None:  # only who errs pays for finding the lines
            self._lines = dict(Locator(self.text).locate())
        line, name = None, None
        for length in range(len(path), 0, -1):
            if name is None:
                name = self.names.get(path[:length])
            if line is None:
                line = self._lines.get(path[:length])
        where = dotted(path) if name is None else name
        self.found.append(Problem(where, None if name else line, text, level))

    def warn(self, path: Path, text: str) -> None:
        """Note something that is allowed and unwise."""
        self.add(path, text, "warning")

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What stops the start, in the order of the lines."""
        return tuple(p for p in self.in_order() if p.level == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What does not stop the start, in the order of the lines."""
        return tuple(p for p in self.in_order() if p.level == "warning")

    def in_order(self) -> list[Problem]:
        """Everything found, by line; what has no line comes last."""
        return sorted(self.found, key=lambda p: (p.line is None, p.line or 0))


class BrokenDocumentError(ValueError):
    """A document that cannot be used; `problems` says everything that is wrong with it."""

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        """Take the file's name and what is wrong."""
        super().__init__(f"{source}: {problems[0]}" if problems else source)
        self.source = source
        self.problems = problems


def read(source: File, limit: int) -> tuple[dict[str, Any], Problems]:
    """Read and parse a file of at most `limit` bytes.

    What cannot be read, is too large or is not UTF-8 is a problem without a line.
    """
    try:
        with source.open("rb") as file:
            raw = file.read(limit + 1)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        said = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        said = "is not UTF-8"
    else:
        if len(raw) <= limit:
            return parse(text)
        said = f"is larger than {limit // 1_000_000} MB, so it is some other file"
    return {}, Problems(found=[Problem("", None, said)])


def parse(text: str) -> tuple[dict[str, Any], Problems]:
    """Parse TOML and find out on which line everything stands.

    A syntax error is a problem like any other, and gives an empty table beside it.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = re.search(r"\(at line (\d+)", str(error))
        line = int(match.group(1)) if match else text.count("\n") + 1
        said = re.sub(r" \(at .*", "", str(error))
        return {}, Problems(found=[Problem("", line, f"this is not TOML: {said}")])
    return table, Problems(text)


def fill(kind: type[S], table: Mapping[str, Any], problems: Problems, path: Path = ()) -> S | None:
    """Make a struct from a table, noting every unknown key, missing key and wrong type.

    What is wrong or missing gets its default or an empty stand-in, so that the rest can be judged
    in the same go; a caller uses the struct only where `problems` has no errors. A struct may
    refuse what it is made of with ValueError("field: why"), which is a problem like any other;
    then there is None.
    """
    before = len(problems.found)
    known = {item.encode_name: item for item in msgspec.structs.fields(kind)}
    hints = typing.get_type_hints(kind, include_extras=True)
    for key in table:
        if key not in known:
            problems.add((*path, key), f"unknown key{did_you_mean(key, known)}")
    values: dict[str, Any] = {}
    for name, item in known.items():
        value: Any = _WRONG
        if name in table:
            value = _value(hints[item.name], table[name], problems, (*path, name))
        elif item.required:
            problems.add((*path, name), "is missing")
        if value is not _WRONG:
            values[item.name] = value
        elif item.required:
            values[item.name] = _stand_in(hints[item.name])
    try:
        return kind(**values)
    except ValueError as error:
        if len(problems.found) == before:
            found = re.match(r"(\w+)(: )?", str(error))
            inside = (*path, found[1]) if found and found[1] in known else path
            said = str(error)[found.end() :] if found and found[2] else str(error)
            problems.add(inside, said if inside != path else str(error))
        return None


_WRONG: Any = object()


def _stand_in(kind: Any) -> Any:
    """Return something harmless of a kind."""
    if typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) in {UnionType, typing.Union}:
        return _stand_in(typing.get_args(kind)[0])
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return fill(kind, {}, Problems())
    return {str: "", int: 1, float: 1.0, bool: False}.get(kind)


def did_you_mean(word: str, known: typing.Iterable[str]) -> str:
    """Suggest the nearest known word, or list what there is; starts with «; » or « »."""
    choices = sorted(known)
    near = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    if near:
        return f"; did you mean “{near[0]}”?"
    return f"; known are {', '.join(choices)}" if choices else ""


def _value(kind: Any, value: Any, problems: Problems, path: Path) -> Any:
    """Convert one value, going into structs and arrays of structs."""
    if typing.get_origin(kind) in {UnionType, typing.Union}:
        return _union(kind, value, problems, path)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if not isinstance(value, Mapping):
            problems.add(path, f"expected a table, got {_said(value)}")
            return _WRONG
        return fill(kind, value, problems, path) or _WRONG
    if typing.get_origin(kind) is tuple and typing.get_args(kind)[-1] is Ellipsis:
        return _array(kind, value, problems, path)
    return _leaf(kind, value, problems, path)


def _union(kind: Any, value: Any, problems: Problems, path: Path) -> Any:
    """Convert to the one struct of a union where the value is a table, else let msgspec choose."""
    structs = [
        part
        for part in typing.get_args(kind)
        if isinstance(part, type) and issubclass(part, msgspec.Struct)
    ]
    if isinstance(value, Mapping) and len(structs) == 1:
        return fill(structs[0], value, problems, path) or _WRONG
    return _leaf(kind, value, problems, path)


def _array(kind: Any, value: Any, problems: Problems, path: Path) -> Any:
    if not isinstance(value, list):
        problems.add(path, f"expected an array, got {_said(value)}")
        return _WRONG
    inner = typing.get_args(kind)[0]
    made = (_value(inner, each, problems, (*path, at)) for at, each in enumerate(value))
    return tuple(_stand_in(inner) if each is _WRONG else each for each in made)


def _leaf(kind: Any, value: Any, problems: Problems, path: Path) -> Any:
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        problems.add(path, _plain(str(error)))
        return _WRONG


_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "an array",
    "object": "a table",
    "null": "nothing",
}


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "an array"
    return _WORDS.get(type(value).__name__, type(value).__name__)


def _plain(message: str) -> str:
    """Turn msgspec's words into plain ones, without repeating the value (it may be a secret)."""
    message = re.sub(r" - at `.*", "", message)
    if message.startswith("Invalid enum value"):
        return "is not one of the values allowed here"
    if "matching regex" in message:
        return "is not written as it must be here"
    message = re.sub(
        r"`([a-z |]+)`",
        lambda m: " or ".join(_WORDS.get(w, w) for w in m[1].split(" | ")),
        message,
    )
    return message[:1].lower() + message[1:]
