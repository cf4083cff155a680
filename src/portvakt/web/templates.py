"""Jinja, set up so that mistakes are loud: everything escaped, nothing undefined, no bare ids.

There is one environment per language, which lets `t()` and the date filters be plain globals that
imported macros see too. The compiled code is shared, so a template is compiled once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from portvakt.texts import LANGUAGES, Texts
from portvakt.web import words

PACKAGE = Path(__file__).parent.parent
"""Templates are named by their path under the package: `journeys/sign_in/password.html`."""


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence with something in it: a message id and the values of its placeholders.

    A `datetime` is shown as the time of day; anything else as `str` shows it.
    """

    id: str
    values: Mapping[str, object] = field(default_factory=dict)


class _SharedCode(BytecodeCache):
    """Keeps compiled templates in memory, for the environments of all languages."""

    def __init__(self) -> None:
        self._code: dict[str, Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.code


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
        static: Callable[[str], str],
        draw: Callable[[str], Markup],
        folders: Sequence[Path] = (PACKAGE,),
    ) -> None:
        code = _SharedCode()
        self._environments = {
            language: _environment(language, texts, code, folders) for language in LANGUAGES
        }
        for environment in self._environments.values():
            environment.globals.update(site=site, static=static, draw=draw)

    def render(self, language: str, template: str, values: Mapping[str, Any]) -> str:
        """Return the page; raises where the template names something that does not exist."""
        return self._environments[language].get_template(template).render(values)


def _environment(
    language: str, texts: Texts, code: BytecodeCache, folders: Sequence[Path]
) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=code,
    )

    def t(message: str | Message, **values: object) -> str:
        if isinstance(message, Message):
            values = {**message.values, **values}
            message = message.id
        said = {
            name: words.clock(value) if isinstance(value, datetime) else value
            for name, value in values.items()
        }
        return texts.say(language, message, **said)

    environment.globals.update(t=t, language=language)
    environment.filters.update(
        clock=words.clock,
        dialled=words.dialled,
        day=lambda at: words.day(at, language),
        moment=lambda at: words.moment(at, language),
    )
    return environment
