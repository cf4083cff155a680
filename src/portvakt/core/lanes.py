"""Who may stand in line where there is more work than room for it.

A crowd of strangers fills whatever line it can reach, and costs nothing to send. People in browsers
in which they have signed in before keep a part of the line that strangers never get into, and stand
before them in it: so the storm outside does not stop whoever is at work.

Who somebody is decides the lane, not what a browser says: a mark counts for the person in whose
name it was made and for nobody else. Whoever forges one, or steals one, stands among strangers in
every name but that one.
"""

from dataclasses import dataclass
from enum import Enum


class Lane(Enum):
    """Whose work it is."""

    KNOWN = "known"
    """A person's, in a browser in which this person has signed in before."""
    OTHER = "other"
    """Everybody else's, and every guesser's."""


@dataclass(frozen=True, slots=True)
class Line:
    """How many places there are, those where work is done counted in."""

    places: int
    kept: int
    """How many of them strangers never get."""
    known: int
    """How many known browsers may be in it. They rather wait a little longer than come again."""

    def takes(self, lane: Lane, *, known: int, other: int) -> bool:
        """Say whether one more may come, with so many of each lane in the line.

        Whoever comes in a known browser stands before the strangers, so only other known browsers
        are in the way: strangers, however many, turn none of them away.
        """
        if lane is Lane.KNOWN:
            return known < self.known
        return known + other < self.places and other < self.places - self.kept


_TWICE = 2


def line_of(*, most: int, least: int, apart: float, longest: float, share: int) -> Line:
    """Say how long the line may be, so that who is last in it waits no more than `longest` seconds.

    `apart` is how many seconds there are between one who is done and the next, of late, whatever
    it is that takes them. It has at most `most` places, and never fewer than `least`. One place in
    `share` is kept from strangers; known browsers may stand twice as long. A machine that is slow,
    or shared, has a shorter line than a quick one: a place that nobody is served at in time is
    worth less than an honest no.
    """
    in_time = most if apart <= 0 else int(longest / apart)
    places = min(most, max(least, in_time))
    return Line(places=places, kept=places // share, known=min(most, _TWICE * places))


HEAD_START = 1.0
"""Seconds: longer than a line is, so that only strangers who were let in before a long crowd of
known browsers ever come to have waited so long."""


def turn_of(lane: Lane, came: float) -> float:
    """Say when it is the turn of somebody who came at `came`, in seconds of any clock.

    Whoever has the least is next. Known browsers go before every stranger who came less than
    `HEAD_START` before them, and nobody is overtaken by those who come later than that: so a
    stranger who was let in is served in time, however many known browsers come.
    """
    return came if lane is Lane.KNOWN else came + HEAD_START


def lane_of(*, known_browser: bool) -> Lane:
    """Say in which lane a person's answer stands."""
    return Lane.KNOWN if known_browser else Lane.OTHER


_SPREAD = 7


def come_back_after(least: int, drawn: int) -> int:
    """Say in how many seconds to try again, at `least`, spread by any number that was drawn.

    Whoever was turned away at the same moment does not come back at the same moment.
    """
    return least + drawn % _SPREAD
