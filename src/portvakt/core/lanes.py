"""Who may stand in line where there is more work than room for it.

A crowd of strangers fills whatever line it can reach, and costs nothing to send. People in browsers
in which they have signed in before keep a part of the line that strangers never get into: so the
storm outside does not stop whoever is at work.
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
    """How many of them only known browsers get."""

    def takes(self, lane: Lane, *, known: int, other: int) -> bool:
        """Say whether one more may come, with so many of each lane in the line.

        Known browsers have what is kept for them even where the line has just become shorter than
        the crowd in it.
        """
        if lane is Lane.KNOWN and known < self.kept:
            return True
        if known + other >= self.places:
            return False
        return lane is Lane.KNOWN or other < self.places - self.kept


def line_of(*, most: int, threads: int, seconds_each: float, longest: float, share: int) -> Line:
    """Say how long the line may be, so that who is last in it waits no more than `longest` seconds.

    It has at most `most` places, and never fewer than two for each thread. One place in `share` is
    kept for known browsers. A machine that is slow, or shared, has a shorter line than a quick one:
    a place that nobody is served at in time is worth less than an honest no.
    """
    in_time = most if seconds_each <= 0 else int(threads * longest / seconds_each)
    places = min(most, max(2 * threads, in_time))
    return Line(places=places, kept=places // share)


def lane_of(*, known_browser: bool) -> Lane:
    """Say in which lane a person's answer stands."""
    return Lane.KNOWN if known_browser else Lane.OTHER


_SPREAD = 7


def come_back_after(least: int, drawn: int) -> int:
    """Say in how many seconds to try again, at `least`, spread by any number that was drawn.

    Whoever was turned away at the same moment does not come back at the same moment.
    """
    return least + drawn % _SPREAD
