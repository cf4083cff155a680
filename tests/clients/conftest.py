"""One installation for all apps of a worker; each app is started once for its file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.site import Site, site

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here starts servers."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="package")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The product, with people in it and no app yet."""
    with site(tmp_path_factory.mktemp("region")) as found:
        yield found
