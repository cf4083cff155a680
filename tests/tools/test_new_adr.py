"""A decision record gets the next number, and a name that can be typed anywhere."""

from tools.new_adr import file_name, next_number


def test_the_number_follows_the_highest_there_is() -> None:
    assert next_number([]) == 1
    assert next_number(["0000-template.md", "0016-x.md", "0003-y.md", "README.md"]) == 17


def test_the_name_is_plain_letters() -> None:
    assert file_name(7, "Why Starlette?") == "0007-why-starlette.md"
    assert file_name(17, "Två språk, å ä ö") == "0017-tva-sprak-a-a-o.md"
