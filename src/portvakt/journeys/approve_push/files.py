"""The authenticator app's own files: what a phone loads before it asks for anything.

They are made by `frontend/` and committed (docs/adr/0018-built-files-are-committed.md).
"""

import gzip
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from portvakt.web.assets import takes_gzip
from portvakt.web.responses import problem
from portvakt.web.routing import Route, Who, route

AT = "/authenticator/"
"""Where the app lives; its service worker answers for everything under it."""

_FOLDER = Path(__file__).parents[2] / "authenticator_app"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_PACKED_ALREADY = {".png"}
_NAMED_AFTER_CONTENT = re.compile(r".+-[0-9A-Z]{8}\.[a-z]+")
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "no-cache"
_COMPRESSION = 9


@dataclass(frozen=True, slots=True)
class _File:
    media_type: str
    caching: str
    mark: str
    plain: bytes
    compressed: bytes | None


class AppFiles:
    """The files of the app, read once and compressed once."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        """Read every file that the build made in `folder`; a kind we do not know is an error."""
        self._files = {file.name: _read(file) for file in sorted(folder.iterdir())}

    def routes(self) -> list[Route]:
        """Return one address per file, and `/authenticator/` for the page itself."""
        names = [name for name in self._files if name != "index.html"]
        return [
            route(AT.rstrip("/"), _with_slash, who=Who.ANYONE),
            route(AT, self._answer, who=Who.ANYONE),
            *(route(AT + name, self._answer, who=Who.ANYONE) for name in names),
        ]

    async def _answer(self, request: Request) -> Response:
        file = self._files.get(request.scope["path"].removeprefix(AT) or "index.html")
        if file is None:
            return problem(request, "not_found", 404)
        headers = {"cache-control": file.caching, "etag": file.mark, "vary": "accept-encoding"}
        if request.headers.get("if-none-match", "").removeprefix("W/") == file.mark:
            return Response(status_code=304, headers=headers)
        content = file.plain
        if file.compressed is not None and takes_gzip(request):
            headers["content-encoding"] = "gzip"
            content = file.compressed
        return Response(content, headers=headers, media_type=file.media_type)


async def _with_slash(_: Request) -> Response:
    return Response(status_code=308, headers={"location": AT})


def _read(file: Path) -> _File:
    content = file.read_bytes()
    return _File(
        media_type=_TYPES[file.suffix],
        caching=_FOR_EVER if _NAMED_AFTER_CONTENT.fullmatch(file.name) else _ASK_EACH_TIME,
        mark=f'"{sha256(content).hexdigest()[:32]}"',
        plain=content,
        compressed=None
        if file.suffix in _PACKED_ALREADY
        else gzip.compress(content, _COMPRESSION, mtime=0),
    )
