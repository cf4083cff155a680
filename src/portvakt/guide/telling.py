"""What playing the journeys gives, in one language: what pages, PDF and films are made from.

Plain data. Pictures are files (PNG) in a folder of the making, named relative to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from portvakt.guide.steps import At

SCALE = 2
"""Pixels of a picture to one CSS pixel, so that it is sharp in print."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where something is on a screen, in CSS pixels from its upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The picture of a step: the part of the screen that matters, with what to press ringed."""

    file: str
    """`pictures/register-app-3.png`."""
    alt: str
    """What matters in it, in words: what stands there, what is ringed."""
    width: int
    height: int
    """In CSS pixels; the file has `SCALE` times as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One moment of the film: a screen, where the pointer is, and what is about to be pressed."""

    at: At
    file: str
    """The whole screen, without pointer or ring: `shots/register-app-003.png`."""
    width: int
    height: int
    """In CSS pixels."""
    pointer: tuple[float, float] | None = None
    """CSS pixels; the film moves it there from where it was."""
    ring: Box | None = None
    pressed: bool = False
    """Whether it is pressed in this very moment."""
    seconds: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One step as it is told."""

    name: str
    number: int
    at: At
    do: str
    """What to do, one or two sentences."""
    seen: str | None
    """What is seen then."""
    picture: Picture | None
    shots: tuple[Shot, ...] = ()
    pressed: tuple[Mapping[str, str], ...] = ()
    """The acts in words, for `steps.json`: `{"act": "press", "label": "Spara"}`,
    `{"act": "write", "label": …, "given": "email"}`, `{"act": "choose", "label": …, "option": …}`,
    `{"act": "open", "place": "registration", "address": …}`, `{"act": "hold"}`,
    `{"act": "own"}`, `{"act": "look", "label": …}`."""
    sees: str | None = None
    """The title that the screen has then."""
    ringed: bool = False
    """Whether the picture has a ring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One journey as it is told."""

    name: str
    slug: str
    title: str
    lead: str
    lines: tuple[Line, ...]
    end: str
    person: str
    outside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The whole guide in one language."""

    language: str
    organisation: str
    support: str | None
    """The telephone number of the support, as people dial it."""
    number: str
    version: str
    made: date
    owner: str
    colour: str
    """The organisation's accent, `#rrggbb`."""
    address: str
    """Of the product: `https://mfa.region.example`."""
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmPart:
    """Where a step begins in a film: one chapter mark."""

    starts: float
    """In seconds."""
    name: str
    """Of the step; empty for what comes before the first and after the last."""
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmFiles:
    """The film of a chapter; its files are named relative to the folder of the making."""

    mp4: str
    """`films/register-app.mp4`."""
    webm: str
    poster: str
    captions: Mapping[str, str]
    """WebVTT by language: `{"sv": "films/register-app.sv.vtt", …}`."""
    transcript: str
    """The transcript in the book's language."""
    seconds: float
    parts: tuple[FilmPart, ...] = ()
    burned: str | None = None
    """The MP4 with the book's own captions in the picture, where it was asked for."""
