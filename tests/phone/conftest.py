"""Stories of a phone and the whole product run on both databases, as those of journeys do."""

from tests.journeys.conftest import open_world

__all__ = ["open_world"]
