"""Write the pages of docs/operators that are made from the code, or say which are out of date.

tools/docs_tables.py writes them; with --check it only compares (exit 1 if they differ).
"""

import argparse
import ast
import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct

from portvakt.cli import COMMANDS
from portvakt.core.event import personal_fields
from portvakt.core.events import EVENTS
from portvakt.core.ids import ClientId
from portvakt.core.relying_parties import RelyingParty
from portvakt.plugins import SecretRef, names
from portvakt.recipes import NOTE, PRODUCTS, Part, Side, addresses, paste

TOP = Path(__file__).resolve().parent.parent
SOURCE = TOP / "src"
PAGES = TOP / "docs" / "operators"
MADE = "<!-- Made by tools/docs_tables.py. Change the code it is made from. -->\n"


@dataclass(frozen=True)
class Key:
    """One setting: its name, what may stand there, what stands there otherwise, and why."""

    name: str
    kind: str
    default: str
    text: str


PACKAGE = "portvakt.settings"


def structs(module: str) -> dict[str, ast.ClassDef]:
    """Return the classes of a module, as written."""
    path = SOURCE / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def keys(struct: ast.ClassDef) -> Iterator[Key]:
    """Yield the fields of a struct with the docstring under each."""
    for at, node in enumerate(struct.body):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        after = struct.body[at + 1] if at + 1 < len(struct.body) else None
        text = ""
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            text = " ".join(str(after.value.value).split())
        yield Key(node.target.id, kind_of(ast.unparse(node.annotation)), default_of(node), text)


KINDS = {
    "str": "text",
    "str | None": "text",
    "int": "number",
    "int | None": "number",
    "bool": "true or false",
    "Count": "number, 1 or more",
    "Percent": "number, to 100",
    "Span": "time such as `15m`, `2h`",
    "Mapping": "table of texts",
    "Receipts | None": "table, see below",
    "Seconds": "number, 1 to 300",
    "Patience": "number, 1 to 5",
    "Octet | None": "number, to 255",
    "Days": "number, 1 to 90",
    "Length": "number, 8 to 64",
    "tuple[str, ...]": "list of texts",
    "tuple[int, ...]": "list of numbers",
    "dict[str, str]": "table of texts",
    "dict[str, Count]": "table of numbers",
    "TextWords": "table of texts: `sign_in`, `methods`, `bind`, `reset`",
    "SecretRef | None": '`{ file = "…" }` or `{ env = "…" }`',
    "SecretRef": '`{ file = "…" }` or `{ env = "…" }`',
}


def kind_of(annotation: str) -> str:
    """Say in words what a type lets through."""
    literal = re.fullmatch(r"Literal\[(.+)\]", annotation)
    if literal is not None:
        return ", ".join(f"`{word}`" for word in re.findall(r"'([^']+)'", literal[1]))
    pattern = re.match(r"Annotated\[str, msgspec\.Meta\(pattern='([^']+)'\)\]", annotation)
    if pattern is None:
        return KINDS.get(annotation, annotation)
    # as people know it; the whole text is meant, without a line's end behind it
    known = pattern[1].replace(r"\\A", "^").replace(r"\\Z", "$")
    return f"text like `{known}`"


def default_of(node: ast.AnnAssign) -> str:
    """Say what stands there where nothing is written."""
    if node.value is None:
        return "must be set"
    try:
        value = ast.literal_eval(node.value)
    except ValueError:
        return ""
    if value is None or value in ("", (), [], {}):
        return ""
    listed = list(value) if isinstance(value, tuple) else value
    return f"`{str(listed).lower() if isinstance(listed, bool) else listed}`".replace("'", '"')


def table(found: list[Key]) -> list[str]:
    """Return a table of settings; without the column of words where no field has any."""
    explained = any(key.text for key in found)
    head = ["key", "is", "default", "for"][: 4 if explained else 3]
    rows = [[f"`{key.name}`", key.kind, key.default, key.text][: len(head)] for key in found]
    return markdown(head, rows)


def markdown(head: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows
    ]


def settings_page() -> str:
    """Return docs/operators/settings.md."""
    parts = ("structs", "kerberos_structs", "guide_structs")
    found = {name: each for part in parts for name, each in structs(f"{PACKAGE}.{part}").items()}
    whole = found["Settings"]
    sections = {
        node.target.id: re.findall(r"[A-Z]\w+", ast.unparse(node.annotation))
        for node in whole.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    top = [key for key in keys(whole) if not any(name in found for name in sections[key.name])]
    lines = [MADE, "# Settings", "", *SETTINGS_INTRO, "", *table(top)]
    for name, kinds in sections.items():
        struct = next((found[kind] for kind in kinds if kind in found), None)
        if struct is None:
            continue
        title = f"[[{name}]]" if name in ("sms", "directories") else f"[{name}]"
        about = ast.get_docstring(struct) or ""
        own = [key for key in keys(struct) if key.name != "options"]
        lines += ["", f"## `{title}`", "", about, "", *table(own)]
        if name in ("sms", "mail", "wake", "directories"):
            lines += adapters(f"portvakt.{name}")
    return "\n".join(lines) + "\n"


SETTINGS_INTRO = [
    "Portvakt reads one file, `portvakt.toml`:",
    "`--config FILE`, else `PORTVAKT_CONFIG`, else the one in the current folder.",
    "An unknown key, a wrong type or a contradiction stops the start, with every problem listed",
    "and its line; `portvakt check-config` says the same without starting anything.",
    "",
    "Every key can come from the environment instead, as `PORTVAKT_SECTION__KEY`, and then wins.",
    "A secret is a file or a variable, never a value.",
]


NOT_SET = ("staff_csv",)
"""Adapters that a command opens, and no settings."""


def adapters(package: str) -> list[str]:
    """Describe each adapter of a package by the words at the top of its module and its keys."""
    lines = []
    by = "kind" if package == "portvakt.directories" else "gateway"
    for name in names(package):
        if name in NOT_SET:
            continue
        module = importlib.import_module(f"{package}.{name}")
        about = (module.__doc__ or "").strip()
        config = structs(f"{package}.{name}")["Config"]
        meant = " ".join((ast.get_docstring(config) or "").split())
        lines += ["", f'### `{by} = "{name}"`', "", *fenced(about), "", meant, ""]
        lines += table(list(keys(config)))
        lines += parts_of(module, config)
    return lines


def parts_of(module: ModuleType, config: ast.ClassDef) -> list[str]:
    """Describe the tables inside an adapter's own, wherever their structs are written."""
    lines = []
    for key in config.body:
        if not isinstance(key, ast.AnnAssign) or not isinstance(key.target, ast.Name):
            continue
        part = getattr(module, ast.unparse(key.annotation).removesuffix(" | None"), None)
        if isinstance(part, type) and issubclass(part, Struct) and part is not SecretRef:
            struct = structs(part.__module__)[part.__name__]
            meant = " ".join((ast.get_docstring(struct) or "").split())
            lines += ["", f"`{key.target.id}`: {meant}", "", *table(list(keys(struct)))]
    return lines


def fenced(text: str) -> list[str]:
    """Turn indented parts of a docstring into blocks that Markdown shows as they are."""
    lines: list[str] = []
    for part in re.split(r"\n\n(?=    )|(?<=\n)\n(?=\S)", text):
        if part.startswith("    "):
            block = [line.removeprefix("    ") for line in part.rstrip().splitlines()]
            lines += ["```", *block, "```", ""]
        else:
            lines += [*part.rstrip().splitlines(), ""]
    return lines[:-1]


def commands_page() -> str:
    """Return docs/operators/commands.md."""
    lines = [MADE, "# Commands", "", *COMMANDS_INTRO]
    lines += markdown(
        ["command", "does"], [[f"[`{n}`](#{n})", text] for n, (_, text) in COMMANDS.items()]
    )
    for name, (module, text) in COMMANDS.items():
        lines += ["", f"## {name}", "", f"{text[0].upper()}{text[1:]}.", ""]
        parser, example = _parser(name, module)
        rows = [[f"`{words}`", meaning] for words, meaning in _arguments(parser)]
        lines += [*markdown(["argument", "means"], rows), ""] if rows else []
        lines += ["```sh", example, "```"]
    return "\n".join(lines) + "\n"


COMMANDS_INTRO = [
    "Each has `--help`, and all but `phone` have `--config FILE` (else `PORTVAKT_CONFIG`, else",
    "`./portvakt.toml`).",
    "They exit with 0, with 1 where something failed, which is said in one line, and with 2 where",
    "they were called wrongly. What takes longer than two seconds shows how far it has come.",
    "",
]


def _parser(name: str, module: str) -> tuple[argparse.ArgumentParser, str]:
    if name == "demo":
        demo = importlib.import_module("portvakt.demo.run")
        return demo.parser(), "portvakt demo --port 8000 --data demo-data"
    command = importlib.import_module(f"portvakt.commands.{module}")
    parser = argparse.ArgumentParser(prog=f"portvakt {name}")
    command.arguments(parser)
    return parser, command.EXAMPLE


def _arguments(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    """Yield each argument as it is typed, and what it means."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other list of them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for choice, below in action.choices.items():
                yield choice, " ".join((below.description or "").split())
                yield from _arguments(below)
        elif "--help" not in action.option_strings and action.help != argparse.SUPPRESS:
            value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
            shown = action.option_strings[-1:] or [""]
            words = f"{shown[0]} {value}".strip() if action.nargs != 0 else shown[0]
            yield (
                words,
                " ".join((action.help or "").split()).replace("%(default)s", str(action.default)),
            )


def events_page() -> str:
    """Return docs/operators/events.md."""
    common = {"at", "account_id", "actor", "request_id", "address"}
    rows = []
    for name, kind in sorted(EVENTS.items()):
        own = [field.name for field in fields(kind) if field.name not in common]
        about = " ".join((kind.__doc__ or "").split())
        personal = personal_fields(kind)
        shown = ", ".join(f"`{field}`" + ("*" if field in personal else "") for field in own)
        rows.append([f"`{name}`", about, shown])
    return (
        "\n".join(
            [MADE, "# Events", "", *EVENTS_INTRO, *markdown(["event", "when", "tells"], rows)]
        )
        + "\n"
    )


EVENTS_INTRO = [
    "What happens is written as an event in the transaction of what it tells.",
    "Each has `at`, `account_id`, `actor`, `request_id` and `address`.",
    "Events never hold a secret, a code or a whole phone number.",
    "A field with * says something about a person.",
    "",
]


def recipes_page() -> str:
    """Return docs/operators/recipes.md: what `portvakt app add` prints, for each product."""
    lines = [MADE, "# Recipes for apps", "", *RECIPES_INTRO]
    for kind, product in PRODUCTS.items():
        command, parts = _recipe(kind)
        lines += ["", f"## {product.name}", "", "```sh", command, "```"]
        if not product.callbacks:  # its settings are long, and have a page of their own
            lines += ["", *RECIPE_ELSEWHERE]
            continue
        for part in parts:
            head = [] if part.where == NOTE else [f"{part.where}:", ""]
            lines += ["", *head, f"```{part.language or 'text'}", part.text, "```"]
    return "\n".join(lines) + "\n"


RECIPES_INTRO = [
    "`portvakt app add` makes an app's entry and its secret, and prints what stands here, with",
    "your own addresses in it. [Connect an app](connect-an-app.md) tells what it all means.",
    "",
    "In these, Portvakt is `https://id.region.example`, and what is random is in capitals.",
]


RECIPE_ELSEWHERE = [
    "It prints [this file](examples/forward-auth/nginx.conf) with your own names in it.",
    "[Forward-auth](forward-auth.md) tells the rest, and how Apache, Traefik and Caddy do it.",
]


def _recipe(kind: str) -> tuple[str, tuple[Part, ...]]:
    name = {"generic": "app", "nginx": "wiki"}.get(kind, kind)
    url, issuer = f"https://{name}.region.example", "https://id.region.example"
    told: dict[str, Any] = {"redirect_uris": (), **addresses(PRODUCTS[kind], url, issuer)}
    app = RelyingParty(client_id=ClientId(name), client_name=PRODUCTS[kind].name, **told)
    shown = "THE-SECRET"
    side = Side(issuer=issuer, organisation="Region Exempel", secret=shown, drawn="64-HEX-DIGITS")
    words = f"portvakt app add {name} --for {kind} --url {url} --group alla"
    return words, paste(kind, app, side)


MADE_PAGES = {
    "settings": settings_page,
    "commands": commands_page,
    "events": events_page,
    "recipes": recipes_page,
}


def main() -> int:
    """Write the pages, or with --check say which of them are out of date."""
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        print("usage: tools/docs_tables.py [--check]", file=sys.stderr)
        return 2
    stale = []
    for name, make in MADE_PAGES.items():
        file, text = PAGES / f"{name}.md", make()
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            stale.append(file.relative_to(TOP).as_posix())
            if not check:
                file.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name}: {'out of date' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
