"""Stories of a phone and the whole product run as those of journeys do, and as those of nodes."""

from tests.bad_days.conftest import open_large_site
from tests.journeys.conftest import open_world

__all__ = ["open_large_site", "open_world"]
