"""Two nodes cannot see each other, and both see the database: nothing needs them to."""

import pytest

from tests.bad_days.conftest import Open
from tests.bad_days.site import app_code
from tests.faults.apart import two_apart
from tests.world import OUTSIDE

pytestmark = pytest.mark.slow


async def test_f50_what_ends_at_one_node_has_ended_at_one_that_cannot_see_it(
    open_large_site: Open,
) -> None:
    async with (
        open_large_site() as here,
        two_apart(here) as (one, other),
        one.browser(OUTSIDE) as there,
        other.browser(OUTSIDE) as elsewhere,
    ):
        anna = await here.person_with_app()
        await there.sign_in()
        assert (await there.submit({"code": app_code()})).path == "/apps"
        await elsewhere.sign_in()
        assert "redan använd" in (await elsewhere.submit({"code": app_code()})).text
        assert (await elsewhere.submit({"code": app_code(1)})).path == "/apps"
        await there.get("/my-sign-ins")
        await there.post("/my-sign-ins/others/end", {})
        assert (await elsewhere.get("/apps")).path.startswith("/sign-in")
        await there.get("/apps")
        await there.post("/sign-out", {})
        assert await here.world.sessions(anna) == []
