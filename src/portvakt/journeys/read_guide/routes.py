"""Addresses of the guide: files of its folder, and nothing else."""

import gzip
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from portvakt.texts import LANGUAGES
from portvakt.web.assets import takes_gzip
from portvakt.web.made_guide import AT, MadeGuide
from portvakt.web.request import here, said
from portvakt.web.responses import problem, see_other
from portvakt.web.routing import Route, Who, route

PICTURES, FILMS = "pictures", "films"
INDEX: Final = "index.html"
DOWNLOADS: Final = {"one-file.html": "attachment", "guide.pdf": "inline"}
"""What is kept by whoever reads it, and how a browser meets it."""

_WORDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
}
_PARTS: Final = {
    ".jpg": "image/jpeg",
    ".mp4": "video/mp4",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webm": "video/webm",
}
_SHORT: Final = "public, max-age=60"
_ASK_EACH_TIME: Final = "public, no-cache"
"""Names stay when a picture changes, and a picture of another version would mislead."""
_MOST_KEPT: Final = 64
_COMPRESSION: Final = 9


@dataclass(frozen=True, slots=True)
class _Words:
    mark: str
    plain: bytes
    compressed: bytes


@dataclass(frozen=True, slots=True)
class ReadGuide:
    """Reads the guide out of its folder."""

    guide: MadeGuide
    _kept: dict[Path, _Words] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        """Return the addresses; all of them are 404 while there is no guide."""
        own, who = f"{AT}{{language}}/", Who.ANYONE
        return [
            route(AT.rstrip("/"), self.lead, who=who),
            route(AT, self.lead, who=who),
            route(own.rstrip("/"), self.with_slash, who=who),
            route(own, self.index, who=who),
            route(f"{own}{{file}}", self.file, who=who),
            route(f"{own}{PICTURES}/{{file}}", self.picture, who=who),
            route(f"{own}{FILMS}/{{file}}", self.film, who=who),
        ]

    async def lead(self, request: Request) -> Response:
        """Lead to the guide in the person's language, or in another that there is one in."""
        for language in (here(request).language, *LANGUAGES):
            if self.guide.has(language):
                return see_other(f"{AT}{language}/")
        return problem(request, "not_found", 404)

    async def with_slash(self, request: Request) -> Response:
        """Lead on to where the pictures' addresses are right."""
        language = request.path_params["language"]
        if not self.guide.has(language):
            return problem(request, "not_found", 404)
        return Response(status_code=308, headers={"location": f"{AT}{language}/"})

    async def index(self, request: Request) -> Response:
        """Show the page."""
        return self._answer(request, INDEX)

    async def file(self, request: Request) -> Response:
        """Give a file beside the page."""
        return self._answer(request, request.path_params["file"])

    async def picture(self, request: Request) -> Response:
        """Give a picture."""
        return self._answer(request, request.path_params["file"], PICTURES)

    async def film(self, request: Request) -> Response:
        """Give a film, or a part of it (RFC 9110 section 14), or what belongs to it."""
        return self._answer(request, request.path_params["file"], FILMS)

    def _answer(self, request: Request, name: str, below: str = "") -> Response:
        language, suffix = request.path_params["language"], Path(name).suffix
        kind = _WORDS.get(suffix) or _PARTS.get(suffix)
        file = self.guide.file(language, name, below) if kind is not None else None
        if file is None:
            return problem(request, "not_found", 404)
        found = file.stat()
        mark = f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
        caching = _SHORT if suffix in (".html", ".css") else _ASK_EACH_TIME
        headers = {"cache-control": caching, "etag": mark}
        if suffix in _WORDS:
            headers["vary"] = "accept-encoding"
        if _is_there_already(request, mark):
            return Response(status_code=304, headers=headers)
        if not below and name in DOWNLOADS:
            headers["content-disposition"] = _kept_as(DOWNLOADS[name], name, language)
        elif suffix in _WORDS:
            return self._in_words(request, file, mark, headers)
        _read_whole_without_bytes(request)
        return FileResponse(file, headers=headers, media_type=kind, stat_result=found)

    def _in_words(
        self, request: Request, file: Path, mark: str, headers: dict[str, str]
    ) -> Response:
        """Answer with text, compressed once for each version of the file."""
        words = self._kept.get(file)
        if words is None or words.mark != mark:
            plain = file.read_bytes()
            words = _Words(mark, plain, gzip.compress(plain, _COMPRESSION, mtime=0))
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[file] = words
        content = words.plain
        if takes_gzip(request):
            headers["content-encoding"] = "gzip"
            content = words.compressed
        return Response(content, headers=headers, media_type=_WORDS[file.suffix])


def _kept_as(how: str, name: str, language: str) -> str:
    """Name the file that is kept so that both languages fit in one folder."""
    file = Path(name)
    return f'{how}; filename="{file.stem}-{language}{file.suffix}"'


def _is_there_already(request: Request, mark: str) -> bool:
    """Whether the browser has this very version (RFC 9110 section 13.1.2)."""
    marks = {
        each.strip().removeprefix("W/")
        for value in said(request, b"if-none-match")
        for each in value.split(",")
    }
    return mark in marks or "*" in marks


def _read_whole_without_bytes(request: Request) -> None:
    """Pass over a range in a unit that nobody knows (RFC 9110 section 14.2)."""
    request.scope["headers"] = [
        (name, value)
        for name, value in request.scope["headers"]
        if name != b"range" or value.strip().lower().startswith(b"bytes=")
    ]
