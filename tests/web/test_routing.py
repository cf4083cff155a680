"""Addresses are found, and each is declared once."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from portvakt.web.routing import Router, Who, WrongMethod, route


async def nothing(_request: Request) -> Response:
    return Response()


ROUTER = Router(
    [
        route("/apps", nothing, who=Who.SIGNED_IN),
        route("/sign-in/{flow_id}", nothing, who=Who.BROWSER),
        route("/sign-in/{flow_id}", nothing, methods=("POST",), who=Who.BROWSER),
        route("/a.b/{one}/{two}/c", nothing, who=Who.ANYONE),
    ]
)


def test_parameters_are_read_from_the_path() -> None:
    found = ROUTER.find("/a.b/x-1/Y_2/c", "GET")
    assert isinstance(found, tuple)
    assert found[1] == {"one": "x-1", "two": "Y_2"}


@pytest.mark.parametrize(
    "path",
    ["/apps/", "//apps", "/Apps", "/sign-in/", "/sign-in/a/b", "/sign-in/å", "/aXb/1/2/c", "apps"],
)
def test_what_is_not_written_exactly_so_does_not_exist(path: str) -> None:
    assert ROUTER.find(path, "GET") is None


def test_another_method_is_told_which_there_are() -> None:
    assert ROUTER.find("/sign-in/a", "PUT") == WrongMethod(("GET", "HEAD", "POST"))


def test_one_address_is_declared_once_for_each_method() -> None:
    with pytest.raises(ValueError, match="twice"):
        Router([route("/a", nothing, who=Who.ANYONE), route("/a", nothing, who=Who.CLIENT)])
