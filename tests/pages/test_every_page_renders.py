"""Each kind of page with its samples, in both languages, with nothing undefined."""

import asyncio
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser

import pytest
from starlette.types import ASGIApp

from portvakt.web.responses import Page
from tests.pages.gallery import gallery
from tests.pages.samples import page_types, samples
from tests.web.make_site import HTTPS, make_client


@pytest.mark.parametrize(
    "kind", page_types(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}"
)
def test_every_kind_of_page_has_a_sample(kind: type[Page]) -> None:
    assert any(type(sample) is kind for sample in samples().values()), (
        "add one to SAMPLES in the journey's tests"
    )


@cache
def the_gallery() -> ASGIApp:
    return gallery(HTTPS)


def fetched(name: str, language: str) -> str:
    async def ask() -> str:
        async with make_client(the_gallery()) as browser:
            answer = await browser.get(
                f"/{name}", headers={"cookie": f"__Host-language={language}"}
            )
            assert answer.status_code == 200
            return answer.text

    return asyncio.run(ask())


class Outline(HTMLParser):
    """Collects what the guards below ask about."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def each(self, *names: str) -> Iterator[dict[str, str | None]]:
        return (attributes for tag, attributes in self.tags if tag in names)


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("name", samples())
def test_a_page_renders_and_keeps_the_house_rules(name: str, language: str) -> None:
    html = fetched(name, language)
    outline = Outline(html)
    [root] = outline.each("html")
    assert root["lang"] == language
    assert len(list(outline.each("h1"))) == 1
    assert len(list(outline.each("main"))) == 1
    sample = samples()[name]
    errors = bool(sample.errors)
    title = re.search(r"<title>(.*?)</title>", html, re.DOTALL)
    assert title is not None
    assert title[1].strip().startswith(("Fel:", "Error:")) is errors
    inline = [tag for tag, attributes in outline.tags for each in attributes if each[:2] == "on"]
    assert not inline, "no inline script"
    assert not [attributes for attributes in outline.each("script") if "src" not in attributes]
    assert not list(outline.each("style")), "no inline style"
    assert not [tag for tag, attributes in outline.tags if "style" in attributes]
    for attributes in outline.each("script", "img", "link"):
        address = attributes.get("src") or attributes.get("href") or ""
        assert address.startswith(("/", "data:image/")), "nothing is loaded from elsewhere"
    refresh = [meta for meta in outline.each("meta") if meta.get("http-equiv") == "refresh"]
    assert all((meta["content"] or "").startswith("0;") for meta in refresh), "no page reloads"
    assert not re.search(r"\bNone\b(?! of)|\b[Uu]ndefined\b|\{\{|\{%", re.sub(r"<[^>]+>", "", html))


@pytest.mark.parametrize("name", samples())
def test_every_form_carries_its_token_and_its_fields_are_labelled(name: str) -> None:
    outline = Outline(fetched(name, "sv"))
    labels = {label["for"] for label in outline.each("label") if "for" in label}
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids)), "an id stands once"
    posts = [form for form in outline.each("form") if (form.get("method") or "").lower() == "post"]
    tokens = [field for field in outline.each("input") if field.get("name") == "csrf"]
    ours = [form for form in posts if not (form.get("action") or "").startswith("https://")]
    assert len(tokens) == len(ours), "and no form that goes to an app carries one"
    for field in outline.each("input", "select", "textarea"):
        if field.get("type") in {"hidden", "submit"}:
            continue
        assert field.get("id") in labels or "aria-label" in field or "aria-labelledby" in field
