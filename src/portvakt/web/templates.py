"""Jinja, set up so that mistakes are loud: everything escaped, nothing undefined, no bare ids.

There is one environment per language, so `t()` and the date filters are plain globals that imported
macros see too, and what a message says is part of the compiled page.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import CodeType
from typing import Any, ClassVar, Final, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes
from jinja2.bccache import Bucket, BytecodeCache
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from portvakt.texts import LANGUAGES, Texts
from portvakt.web import words

PACKAGE = Path(__file__).parent.parent
"""Templates are named by their path under the package: `journeys/sign_in/password.html`."""


class Assets(Protocol):
    """Tells the addresses of static files."""

    def url(self, name: str) -> str:
        """Return the address of a file; `KeyError` if there is none."""

    def mark(self) -> bytes:
        """Return what changes whenever an address does."""


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence with something in it: a message id and the values of its placeholders.

    A `datetime` is shown as the time of day; anything else as `str` shows it.
    """

    id: str
    values: Mapping[str, object] = field(default_factory=dict)


class _Foreseen(NodeTransformer):
    """Replaces calls whose answer is known when a template is compiled by the answer.

    Most of a page is `t("…")` and `static("…")` with nothing in them that changes, and a third of
    the time of a page would go into asking again. What is missing is found here, too.
    """

    def __init__(self, known: Mapping[str, Callable[..., str]]) -> None:
        self._known = known

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 (the visitor's own naming)
        self.generic_visit(node)
        asked, given = node.node, [each for each in node.args if isinstance(each, nodes.Const)]
        if (
            not isinstance(asked, nodes.Name)
            or asked.name not in self._known
            or len(given) != len(node.args)
            or node.kwargs
            or node.dyn_args is not None
            or node.dyn_kwargs is not None
        ):
            return node
        answer = self._known[asked.name](*(each.value for each in given))
        return nodes.Const(answer, lineno=node.lineno, environment=node.environment)


class _Compiled(BytecodeCache):
    """Keeps compiled templates while the process lives: an app that is built anew compiles none.

    `mark` changes with all that is foreseen in a compiled template and is not in its source.
    """

    kept: ClassVar[dict[tuple[bytes, str, str], CodeType]] = {}
    MOST: Final = 2048

    def __init__(self, mark: bytes) -> None:
        self._mark = mark

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what was compiled of this very source, if anything."""
        bucket.code = self.kept.get((self._mark, bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        if len(self.kept) >= self.MOST:
            self.kept.clear()
        if bucket.code is not None:
            self.kept[self._mark, bucket.key, bucket.checksum] = bucket.code


class _Environment(Environment):
    """Jinja's environment with one pass more over each template before it is compiled."""

    known: Mapping[str, Callable[..., str]]

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        parsed: nodes.Template = _Foreseen(self.known).visit(super()._parse(source, name, filename))
        return parsed


class Templates:
    """Renders pages, in either language, with what every page may use.

    Templates have `t(message, **values)`, `static(name)`, `draw(name)` for a pictogram, `site`, and
    the filters `clock`, `day` and `moment`.
    """

    def __init__(
        self,
        texts: Texts,
        *,
        site: object,
        assets: Assets,
        draw: Callable[[str], Markup],
        folders: Sequence[Path] = (PACKAGE,),
    ) -> None:
        self._environments = {
            language: _environment(language, texts, folders, assets=assets, draw=draw)
            for language in LANGUAGES
        }
        for environment in self._environments.values():
            environment.globals["site"] = site

    def render(self, language: str, template: str, values: Mapping[str, Any]) -> str:
        """Return the page; raises where the template names something that does not exist."""
        return self._environments[language].get_template(template).render(values)


def _environment(
    language: str,
    texts: Texts,
    folders: Sequence[Path],
    *,
    assets: Assets,
    draw: Callable[[str], Markup],
) -> Environment:
    def t(message: str | Message, **values: object) -> str:
        if isinstance(message, Message):
            values = {**message.values, **values}
            message = message.id
        said = {
            name: words.clock(value) if isinstance(value, datetime) else value
            for name, value in values.items()
        }
        return texts.say(language, message, **said)

    environment = _Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=_Compiled(texts.mark(language) + assets.mark()),
    )
    environment.known = {"t": t, "static": assets.url, "draw": draw}
    environment.globals.update(environment.known, language=language)
    environment.filters.update(
        clock=words.clock,
        dialled=words.dialled,
        day=lambda at: words.day(at, language),
        moment=lambda at: words.moment(at, language),
    )
    return environment
