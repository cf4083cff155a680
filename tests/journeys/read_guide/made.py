"""A guide as small as one can be, in a folder, as `portvakt guide` lays it down."""

import json
from pathlib import Path

FILM = bytes(range(256)) * 40


def make_guide(folder: Path, language: str = "sv", title: str = "Kom igång") -> Path:
    """Write a guide that tells two steps of one journey; returns its folder."""
    own = folder / language
    (own / "pictures").mkdir(parents=True)
    (own / "films").mkdir()
    (own / "index.html").write_text(f"<!doctype html><h1>{title}</h1>", encoding="utf-8")
    (own / "one-file.html").write_text("<!doctype html><h1>Kom igång</h1>", encoding="utf-8")
    (own / "book.css").write_text("h1 { color: #123456 }")
    (own / "guide.pdf").write_bytes(b"%PDF-1.7")
    (own / "pictures" / "forgotten-password-1.png").write_bytes(b"\x89PNG")
    (own / "films" / "forgotten-password.mp4").write_bytes(FILM)
    (own / "films" / "forgotten-password.sv.vtt").write_text("WEBVTT\n")
    write_steps(own, {"forgotten-password": ["open"]})
    return own


def write_steps(own: Path, chapters: dict[str, list[str]]) -> None:
    """Say which chapters and steps there are."""
    said = [
        {"slug": slug, "title": "…", "lines": [{"name": name, "number": 1} for name in names]}
        for slug, names in chapters.items()
    ]
    (own / "steps.json").write_text(json.dumps(said))
