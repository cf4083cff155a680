"""Every page of the product with something in it; each journey's `samples.py` adds its own.

A sample is a page as it might be shown, under a name that says what is special about it. The first
part of the name is the journey. What must hold for every page is asked of these.
"""

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from functools import cache

import portvakt
from portvakt.web.responses import Page
from tests.guards.tree import TOP


@cache
def samples() -> dict[str, Page]:
    """Every sample by its name, such as `sign_in-code-wrong`."""
    found: dict[str, Page] = {}
    for file in sorted(TOP.glob("tests/*/samples.py")) + sorted(TOP.glob("tests/*/*/samples.py")):
        folder = file.parent
        if folder.name == "pages":
            continue
        name = ".".join(file.relative_to(TOP).with_suffix("").parts)
        for sample, page in importlib.import_module(name).SAMPLES.items():
            found[f"{folder.name}-{sample}"] = page
    return found


@cache
def page_types() -> tuple[type[Page], ...]:
    """Every kind of page that the product has."""
    for module in pkgutil.walk_packages(portvakt.__path__, "portvakt."):
        if module.name.endswith("pages") and ".demo." not in module.name:
            importlib.import_module(module.name)
    kinds = sorted(set(_below(Page)), key=lambda kind: (kind.__module__, kind.__name__))
    return tuple(kind for kind in kinds if kind.__module__.startswith("portvakt."))


def _below(kind: type[Page]) -> Iterator[type[Page]]:
    for each in kind.__subclasses__():
        # A dataclass with slots is a copy of the class that was written, which lives on unseen.
        seen = getattr(sys.modules[each.__module__], each.__name__, None) is each
        if seen and "template" in vars(each):
            yield each
        yield from _below(each)
