from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment
from markupsafe import Markup

from portvakt.texts import LANGUAGES, Texts
from portvakt.web.assets import Assets
from portvakt.web.templates import Templates, _Compiled

PAGE = '<p class="{{ static("ours.css") }}">{{ t("page.said") }}, {{ site }}, {{ given }}</p>'


@pytest.fixture(autouse=True)
def nothing_compiled() -> Iterator[None]:
    before = dict(_Compiled.kept)
    _Compiled.kept.clear()
    yield
    _Compiled.kept.clear()
    _Compiled.kept.update(before)


def app(folder: Path, *, said: str = "Hej", css: bytes = b"a", site: str = "här") -> Templates:
    (folder / "page.html").write_text(PAGE, encoding="utf-8")
    texts = Texts({language: {"page.said": said} for language in LANGUAGES})
    assets = Assets({"ours.css": css})
    return Templates(texts, site=site, assets=assets, draw=Markup, folders=(folder,))


def shown(templates: Templates) -> str:
    return templates.render("sv", "page.html", {"given": "<b>"})


def test_an_app_that_is_built_anew_compiles_no_page_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = shown(app(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(Environment, "compile", None)
        assert shown(app(tmp_path)) == first
        assert "där" in shown(app(tmp_path, site="där")), "its own surroundings, all the same"


def test_a_page_with_another_text_file_or_source_is_another_page(tmp_path: Path) -> None:
    first = shown(app(tmp_path))
    assert "Hallå" in shown(app(tmp_path, said="Hallå"))
    assert shown(app(tmp_path, css=b"b")) != first
    templates = app(tmp_path)
    (tmp_path / "page.html").write_text("{{ given }}", encoding="utf-8")
    assert shown(templates) == "&lt;b&gt;"


def test_there_is_an_end_to_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Compiled, "MOST", 3)
    for number in range(9):
        shown(app(tmp_path, said=str(number)))
        assert len(_Compiled.kept) <= 3
