"""A proxy before an app and another before us: the word of the first is handed on by the second."""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from portvakt.core.ids import NetworkId
from portvakt.core.policy import Network, Require
from tests import make
from tests.bad_days.processes import PATIENCE
from tests.protocols.behind_proxies import Service, configure, front, proxy, service
from tests.protocols.guarded import DATA
from tests.protocols.plain_browser import Browser, is_known


@pytest.fixture(scope="module")
def running(migrated_file: Path) -> Iterator[Service]:
    with TemporaryDirectory() as made:
        folder = Path(made)
        database = folder / "portvakt.db"
        database.write_bytes(migrated_file.read_bytes())
        with service(folder, f"sqlite:///{database}") as started:
            yield started


def test_who_is_where_is_known_through_both_proxies(running: Service) -> None:
    with front(running, "127.0.0.1") as fronted, proxy(fronted, "nginx") as at:
        configure(running, [at.host])
        is_known(at)
        browser = Browser(running)
        assert browser.sign_in(at).status_code == 200
        here = Network(NetworkId("here"), "Här", ("127.0.0.2/32",), shared=False)
        rule = make.rule(networks={"here"}, require=Require.BLOCK)
        configure(running, [at.host], rules=[rule], networks=[here])
        last = time.monotonic() + PATIENCE
        while browser.send(at.origin, headers=DATA.items()).status_code != 401:
            assert time.monotonic() < last, "the browser's own address did not arrive"
            time.sleep(0.05)
        browser.close()


def test_a_proxy_that_is_not_allowed_gets_no_answer(running: Service) -> None:
    with front(running, "192.0.2.1") as fronted, proxy(fronted, "nginx", "other") as at:
        browser, before = Browser(running), len(running.app.seen)
        assert browser.send(at.origin, headers=DATA.items()).status_code == 403
        assert len(running.app.seen) == before
        browser.close()
