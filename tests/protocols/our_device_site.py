"""A service that knows our own devices, behind nginx with the manual's files, reached for real."""

import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from tests.bad_days.processes import Process
from tests.cli.box import Box
from tests.servers.authority import Authority, Certificate
from tests.servers.device_authority import DAY, SERVER, Computer, DeviceIssuer
from tests.servers.nginx import nginx
from tests.world import PASSWORD

HOME, DEVICES = "logga-in.region.example", "device.logga-in.region.example"
"""The names in the manual's files."""
EXAMPLES = Path(__file__).parents[2] / "docs" / "operators" / "examples"
PATIENCE = 30.0
SETTINGS = """
public_url = "https://{home}"
database_url = "{url}"
[server]
listen = "{service}"
[proxies]
trusted = ["{proxy}/32"]
[hosts]
device = "{devices}"
[keys]
master_file = "{folder}/master.key"
[devices]
authority_file = "{folder}/devices.pem"
revocation_lists = ["{folder}/devices.crl"]
"""
STATE = """
[[groups]]
id = "alla"
[[networks]]
id = "lan"
name = "Regionens nät"
addresses = ["{inside}"]
[[rules]]
id = "private-device-outside"
when = {{ networks_not = ["lan"], devices_not = ["ours"] }}
require = "multifactor"
[[people]]
id = "000017"
user_name = "anna.berg"
email = "anna.berg@region.example"
given_name = "Anna"
family_name = "Berg"
groups = ["alla"]
password_hash = "{hash}"
totp_secret_file = "{folder}/anna.totp"
"""


def computers(issuer: DeviceIssuer) -> dict[str, Computer]:
    """Issue a certificate of each kind."""
    now = issuer.now
    return {
        "ours": issuer.computer(),
        "revoked": issuer.computer("revoked.region.example"),
        "ended": issuer.computer("ended.region.example", begins=now - 2 * DAY, ends=now - DAY),
        "early": issuer.computer("early.region.example", begins=now + DAY),
        "server": issuer.computer("server.region.example", usage=SERVER),
        "forged": DeviceIssuer(now=now).computer(),
        "strangers": DeviceIssuer("Någon annan", now=now).computer(),
    }


def installed(
    folder: Path, *, home: str, devices: str, service: str, proxy: str, inside: str
) -> tuple[Box, dict[str, Computer]]:
    """Make an installation with Anna and the rule; `home` may have a port."""
    issuer = DeviceIssuer()
    issued = computers(issuer)
    (folder / "devices.pem").write_bytes(issuer.pem)
    (folder / "devices.crl").write_bytes(issuer.revoking(issued["revoked"]))
    (folder / "anna.totp").write_text("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP\n")
    url = f"sqlite:///{folder}/p.db"
    box = Box.make(folder, url)
    box.now = datetime.now(UTC)
    box.config.write_text(
        SETTINGS.format(
            home=home, devices=devices, url=url, folder=folder, service=service, proxy=proxy
        ),
        encoding="utf-8",
    )
    state = folder / "region.toml"
    hash_ = box.password_hash(PASSWORD)
    state.write_text(STATE.format(inside=inside, hash=hash_, folder=folder), encoding="utf-8")
    box.good("migrate")
    box.good("apply", state)
    return box, issued


def proxy_file(folder: Path, server: Certificate, places: Mapping[str, str]) -> Path:
    """Take the manual's two files, with the places of a test."""
    text = (EXAMPLES / "nginx.conf").read_text(encoding="utf-8")
    text += (EXAMPLES / "our-devices" / "nginx.conf").read_text(encoding="utf-8")
    own = {
        "/etc/ssl/portvakt/fullchain.pem": str(server.certificate),
        "/etc/ssl/portvakt/privkey.pem": str(server.key),
        "/etc/portvakt/devices.pem": f"{folder}/devices.pem",
    }
    for before, after in (own | dict(places)).items():
        assert before in text
        text = text.replace(before, after)
    site = folder / "site.conf"
    site.write_text(text, encoding="utf-8")
    return site


def is_ready(address: str, host: str, authority: Authority) -> bool:
    """Say whether the service answers behind the proxy at this address."""
    tls = ssl.create_default_context(cafile=str(authority.ca_file))
    try:
        with httpx.Client(verify=tls, trust_env=False) as client:
            found = client.get(
                f"https://{address}/readyz",
                headers={"host": host},
                extensions={"sni_hostname": host},
            )
    except httpx.TransportError:
        return False
    return found.status_code == httpx.codes.OK


@contextmanager
def running(
    box: Box,
    site: Path,
    answers: Callable[[], bool],
    wrapped: Callable[[list[str]], list[str]] = list,
) -> Iterator[None]:
    """Run the service, and nginx by a command that `wrapped` may put into another."""
    serve = Process(["serve", "--config", str(box.config)], box.folder / "serve.log")
    serve.start()
    proxy = subprocess.Popen(wrapped(nginx(box.folder, str(site))))
    try:
        ends = time.monotonic() + PATIENCE
        while not answers():
            assert serve.running is not None
            assert serve.running.poll() is None, serve.log_file.read_text(encoding="utf-8")
            assert time.monotonic() < ends, serve.log_file.read_text(encoding="utf-8")
            time.sleep(0.1)
        yield
    finally:
        proxy.terminate()
        proxy.wait(PATIENCE)
        serve.terminate()
