"""Static files: read once, compressed once, named after what is in them and cached for ever."""

import gzip
import re
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from portvakt.web.responses import problem
from portvakt.web.routing import Route, Who, route

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_NAME = re.compile(r"[a-z0-9_]+")
_COMPRESSION = 9


@dataclass(frozen=True, slots=True)
class _Asset:
    media_type: str
    plain: bytes
    compressed: bytes


class Assets:
    """All static files by their public names.

    `made` adds files that come from settings rather than from the package, by name and content.
    """

    def __init__(self, made: Mapping[str, bytes], folder: Path = _FOLDER) -> None:
        files = {
            file.name: file.read_bytes()
            for file in sorted(folder.iterdir())
            if file.suffix in _TYPES
        }
        files.update(made)
        self._public: dict[str, str] = {}
        self._assets: dict[str, _Asset] = {}
        for name, content in files.items():
            stem, dot, suffix = name.rpartition(".")
            mark = b32encode(sha256(content).digest())[:12].decode("ascii").lower()
            public = f"{stem}-{mark}{dot}{suffix}"
            self._public[name] = f"/static/{public}"
            self._assets[public] = _Asset(
                _TYPES[dot + suffix], content, gzip.compress(content, _COMPRESSION, mtime=0)
            )

    def url(self, name: str) -> str:
        """Return the address of a file; `KeyError` if there is none."""
        return self._public[name]

    def mark(self) -> bytes:
        """Return a digest of all addresses, which tell what is in the files."""
        return sha256(repr(sorted(self._public.items())).encode()).digest()

    def routes(self) -> list[Route]:
        """Return one address per file."""
        return [route(f"/static/{public}", self._answer, who=Who.ANYONE) for public in self._assets]

    async def _answer(self, request: Request) -> Response:
        asset = self._assets.get(request.scope["path"].removeprefix("/static/"))
        if asset is None:
            return problem(request, "not_found", 404)
        headers = {"cache-control": _FOR_EVER, "vary": "accept-encoding"}
        content = asset.plain
        if takes_gzip(request):
            headers["content-encoding"] = "gzip"
            content = asset.compressed
        return Response(content, headers=headers, media_type=asset.media_type)


def takes_gzip(request: Request) -> bool:
    """Say whether whoever asks reads gzip."""
    return any(
        name == b"accept-encoding" and b"gzip" in value for name, value in request.scope["headers"]
    )


@cache
def draw(name: str) -> Markup:
    """Return one of our pictograms as SVG to stand in a page; it takes the colour of the text."""
    if _NAME.fullmatch(name) is None:
        raise ValueError("a pictogram is named by small letters")
    return Markup((_FOLDER / "pictograms" / f"{name}.svg").read_text(encoding="utf-8").strip())  # noqa: S704 (our own files)
