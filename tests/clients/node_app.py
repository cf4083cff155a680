"""An app of openid-client in a process of its own (`tests/servers/openid_client`)."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bad_days.processes import PATIENCE, free_port
from tests.clients.site import Site
from tests.servers.node import install

APP = Path(__file__).parents[1] / "servers" / "openid_client"


@dataclass(frozen=True)
class NodeApp:
    """Where it is, and what it is registered as."""

    origin: str
    client_id: str


@contextmanager
def node_app(region: Site, client_id: str, *words: str, **more: Any) -> Iterator[NodeApp]:
    """Connect an app as an operator does, start it with what was printed, and stop it.

    In `words` of the command, `{origin}` stands for where it is.
    """
    port = free_port()
    origin = f"http://localhost:{port}"
    more_words = (each.format(origin=origin) for each in words)
    made = region.add(client_id, "generic", origin, *more_words)
    with _running(region, client_id, port, client_secret=made.get("client_secret"), **more) as app:
        yield app


@contextmanager
def node_app_of_a_file(
    region: Site, client_id: str, private_key: dict[str, Any], /, *, par: bool = False, **entry: Any
) -> Iterator[NodeApp]:
    """Connect an app that signs with a key of its own, by an entry in a file; run it."""
    port = free_port()
    region.apply(
        client_id=client_id,
        client_name=client_id,
        redirect_uris=[f"http://localhost:{port}/callback"],
        groups=["alla"],
        **entry,
    )
    with _running(region, client_id, port, private_key=private_key, par=par) as app:
        yield app


@contextmanager
def _running(region: Site, client_id: str, port: int, **more: Any) -> Iterator[NodeApp]:
    asked = {"issuer": region.origin, "client_id": client_id, "port": port}
    process = subprocess.Popen(
        [install(APP), str(APP / "app.mjs"), json.dumps(asked | more)],
        env=os.environ | {"NODE_EXTRA_CA_CERTS": str(region.ca_file)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        yield NodeApp(f"http://localhost:{port}", client_id)
    finally:
        process.stdin.close()
        process.wait(PATIENCE)
        process.stdout.close()
