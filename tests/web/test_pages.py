"""Pages are made of parts that behave: labels, errors, buttons, headings, language."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from portvakt.web.templates import PACKAGE
from tests.web.gallery import PAGES, PROBLEMS, gallery
from tests.web.make_site import make_client

EVERY = [*PAGES, *PROBLEMS]
FORMS = re.compile(r"<form.*?</form>", re.DOTALL)
Attributes = dict[str, str | None]


class Elements(HTMLParser):
    """Collects every start tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, Attributes]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, *tags: str) -> Iterator[Attributes]:
        return (attributes for tag, attributes in self.found if tag in tags)


async def html_of(name: str, language: str = "sv") -> str:
    base = "https://id.region.example"
    async with make_client(gallery(public_url=base)) as browser:
        answer = await browser.get(
            f"/gallery/{name}", headers={"cookie": f"__Host-language={language}"}
        )
        return answer.text


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("name", EVERY)
async def test_every_field_has_a_label_and_points_at_its_hint_and_error(
    name: str, language: str
) -> None:
    html = Elements(await html_of(name, language))
    ids = [attributes["id"] for _, attributes in html.found if "id" in attributes]
    assert len(ids) == len(set(ids)), "an id stands once on a page"
    labelled = {label.get("for") for label in html.all("label")}
    for field in html.all("input", "select"):
        if field.get("type") not in ("hidden", "radio", "checkbox"):
            assert field["id"] in labelled
        for described in (field.get("aria-describedby") or "").split():
            assert described in ids
    assert len(list(html.all("h1"))) == 1
    assert next(html.all("html"))["lang"] == language


@pytest.mark.parametrize("name", EVERY)
async def test_every_form_that_is_posted_carries_the_token_first(name: str) -> None:
    for form in FORMS.findall(await html_of(name)):
        assert 'method="post"' in form
        assert re.search(r'<form[^>]*>\s*<input type="hidden" name="csrf" value="\w{64}">', form)


@pytest.mark.parametrize("name", EVERY)
async def test_a135_no_form_puts_what_is_typed_into_an_address(name: str) -> None:
    for form in Elements(await html_of(name)).all("form"):
        assert form["method"] == "post"
        assert "?" not in (form.get("action") or "")


@pytest.mark.parametrize("name", EVERY)
async def test_the_first_button_of_a_form_is_the_one_that_enter_should_press(name: str) -> None:
    html = await html_of(name)
    for form in FORMS.findall(html.split("<main")[1].split("</main>")[0]):
        buttons = [b for b in Elements(form).all("button") if b.get("type") != "button"]
        main = [b for b in buttons if (b.get("class") or "").startswith("main")]
        assert len(main) <= 1
        if main:
            assert buttons[0] is main[0]


@pytest.mark.parametrize("name", [name for name, (_, _, errors) in PAGES.items() if errors])
async def test_errors_stand_in_the_title_on_top_and_at_the_field(name: str) -> None:
    html = await html_of(name)
    errors = PAGES[name][2]
    assert "<title>Fel: " in html
    assert html.count('role="alert"') == 1
    assert "autofocus" in html.split('role="alert"')[1][:120]
    assert html.count("autofocus") == 1, "focus goes to the summary and nowhere else"
    for field in filter(None, errors):
        assert f'<a href="#{field}">' in html
        assert f'id="{field}-error"' in html
        assert f'id="{field}"' in html


@pytest.mark.parametrize("name", [name for name, (_, _, errors) in PAGES.items() if not errors])
async def test_a_page_without_errors_says_nothing_of_any(name: str) -> None:
    html = await html_of(name)
    assert "Fel:" not in html
    assert "aria-invalid" not in html
    assert 'role="alert"' not in html


async def test_a127_fields_can_be_pasted_into_and_filled_in_by_the_browser() -> None:
    fields: dict[str, Attributes] = {}
    for name in ("sign-in", "code", "notices", "sheet"):
        for field in Elements(await html_of(name)).all("input"):
            fields[str(field.get("name"))] = field
    assert fields["name"]["autocomplete"] == "username"
    assert fields["password"]["autocomplete"] == "current-password"
    assert fields["password"]["type"] == "password"
    assert fields["mobile"]["autocomplete"] == "tel"
    code = fields["code"]
    assert (code["autocomplete"], code["inputmode"]) == ("one-time-code", "numeric")
    assert int(str(code["maxlength"])) >= 20, "spaces and hyphens are pasted along"
    assert not any("onpaste" in field or "pattern" in field for field in fields.values())


async def test_a129_the_picture_to_scan_has_the_same_in_text() -> None:
    html = await html_of("scan")
    (picture,) = Elements(html).all("img")
    assert picture["alt"]
    assert "JBSW Y3DP EHPK 3PXP" in html


@pytest.mark.parametrize("name", ["sign-in-empty", "code-wrong"])
async def test_codes_and_passwords_are_never_shown_again(name: str) -> None:
    for field in Elements(await html_of(name)).all("input"):
        if field.get("name") in ("password", "code"):
            assert not field.get("value")


async def test_what_a_person_typed_stays_text() -> None:
    page = (await html_of("sign-in-wrong")).replace("anna.berg", "")
    assert "<script>" not in page
    base = "https://id.region.example"
    evil = '"><script>alert(1)</script>'
    async with make_client(name=evil, base_url=base) as browser:
        html = (await browser.get("/form")).text
        assert "<script>alert" not in html
        assert "&#34;&gt;&lt;script&gt;" in html


@pytest.mark.parametrize("name", EVERY)
async def test_pages_load_nothing_from_elsewhere(name: str) -> None:
    html = Elements(await html_of(name))
    for attributes in (each for _, each in html.found):
        for kind in ("src", "href", "action"):
            address = attributes.get(kind)
            assert address is None or address.startswith(("/", "#", "tel:", "data:image/"))


async def test_the_foot_says_where_one_is_and_whom_to_call() -> None:
    html = await html_of("sign-in")
    assert "Du är på <b>id.region.example</b>" in html
    assert '<a href="tel:026154000">026-15 40 00</a>' in html
    assert '<button class="quiet" name="language" value="en" lang="en">English</button>' in html


def test_every_template_that_posts_a_form_carries_the_token() -> None:
    """The demo's pages are sites of their own and stand outside.

    What is posted to an app goes to a stranger, who gets no token of ours.
    """
    to_apps = {PACKAGE / "journeys" / "open_app" / "posting.html"}
    for file in set(PACKAGE.rglob("*.html")) - set((PACKAGE / "demo").rglob("*.html")) - to_apps:
        text = file.read_text(encoding="utf-8")
        for form in re.findall(r'<form[^>]*method="post"[^>]*>\s*(.{10})', text):
            assert form == "{{ csrf }}", file
