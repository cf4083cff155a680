"""`portvakt serve` whose people live in Active Directory, with a text gateway and the shop."""

import asyncio
import contextlib
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import tomli_w

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.crypto.sealing import Sealer, make_master_key_file, read_master_keys
from portvakt.demo.phone_page import Phones
from portvakt.demo.shop import Shop
from portvakt.records import open_records
from portvakt.records.unit import Unit
from tests import make
from tests.bad_days.processes import free_port
from tests.browser.demo_at import DemoAt
from tests.browser.test_push_reaches_a_closed_app import in_a_loop_of_its_own
from tests.cli.test_serve import answer
from tests.directories.homes import AtSamba
from tests.servers import samba as ad
from tests.servers import samba_domain
from tests.servers.region import Somebody
from tests.servers.slapd import ldif
from tests.web.serving import served

WAIT = 30


@dataclass(frozen=True)
class Beside:
    """What runs beside the product: where texts arrive, and an app to open."""

    phone: str
    shop: str


def now() -> datetime:
    return datetime.now(UTC)


def people_of_the_shop(home: AtSamba, *dns: str) -> str:
    """Make a group in the directory, and return its name there."""
    dn = f"CN=butiken-{os.getpid()},CN=Users,{samba_domain.BASE}"
    entry = ldif(dn, {"objectClass": "group", "member": dns})
    home.server.tool("ldapadd", dn=ad.ADMIN, password=ad.ADMIN_PASSWORD, text=entry)
    return dn


@contextmanager
def region_at(home: AtSamba, folder: Path, members: list[str]) -> Iterator[DemoAt]:
    """Sync a directory and serve it; `members` may open the shop."""
    port = free_port()
    origin = f"http://localhost:{port}"
    group = people_of_the_shop(home, *members)
    with beside(origin) as around:
        config = folder / "portvakt.toml"
        config.write_text(tomli_w.dumps(settings(home, folder, port, around, group)))
        (folder / "bind-password").write_text(ad.SERVICE_PASSWORD)
        make_master_key_file(folder / "master.key")
        state = folder / "region.toml"
        state.write_text(tomli_w.dumps(stored(around)))
        for words in (["apply", str(state)], ["sync"]):
            subprocess.run([*command(*words), "--config", str(config)], check=True, timeout=60)
        with serving(config, origin):
            yield DemoAt(facts(origin, around))


@contextmanager
def serving(config: Path, origin: str) -> Iterator[None]:
    """Run `portvakt serve`, and stop it as a service manager does."""
    with config.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen([*command("serve"), "--config", str(config)], stderr=log)
    try:
        assert answer(f"{origin}/readyz").status_code == 200
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(WAIT) == 0
        finally:
            process.kill()


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "portvakt", *words]


def settings(home: AtSamba, folder: Path, port: int, around: Beside, group: str) -> dict[str, Any]:
    """Write `portvakt.toml` as for an installation with one domain controller."""
    return {
        "public_url": f"http://localhost:{port}",
        "database_url": f"sqlite:///{folder}/portvakt.db",
        "server": {"listen": f"127.0.0.1:{port}"},
        "keys": {"master_file": str(folder / "master.key")},
        "organisation": {"name": "Region Exempel", "support_phone": "070-174 06 99"},
        "log": {"format": "text", "level": "warning"},
        "sms": [
            {
                "gateway": "http_form",
                "url": f"{around.phone}/send",
                "body": "to={to}&text={text}",
                "allowed_prefixes": ["+467"],
            }
        ],
        "directories": [
            {
                "name": "katalogen",
                "kind": "active_directory",
                "servers": [home.server.ldaps],
                "bind_dn": ad.SERVICE,
                "bind_password": {"file": str(folder / "bind-password")},
                "base": samba_domain.PEOPLE_BASE,  # elsewhere other workers have namesakes
                "group_base": samba_domain.BASE,
                "ca_file": str(home.authority),
                "groups": {group: "butiken"},
            }
        ],
    }


def stored(around: Beside) -> dict[str, Any]:
    """Write what `apply` takes: a network where nobody is, the rule, and the shop."""
    return {
        "groups": [{"id": "butiken"}],
        "networks": [{"id": "lan", "name": "Regionens nät", "addresses": ["10.20.0.0/16"]}],
        "apps": [
            {
                "client_id": "shop",
                "client_name": "Demobutiken",
                "redirect_uris": [f"{around.shop}/callback"],
                "client_uri": around.shop,
                "initiate_login_uri": f"{around.shop}/sign-in",
                "token_endpoint_auth_method": "none",
                "groups": ["butiken"],
            }
        ],
        "rules": [
            {
                "id": "second-factor-outside",
                "state": "on",
                "when": {"networks_not": ["lan"]},
                "require": "multifactor",
                "reason": {
                    "sv": "Du är utanför regionens nät.",
                    "en": "You are outside the region's network.",
                },
            }
        ],
    }


def facts(origin: str, around: Beside) -> dict[str, Any]:
    """Say where everything is, in the demo's words; there is nobody to walk about with."""
    places = dict.fromkeys(("registration", "control", "letters"), origin)
    return {
        **places,
        "portvakt": origin,
        "apps": f"{origin}/apps",
        "phone": around.phone,
        "shop": around.shop,
        "people": [],
    }


@contextmanager
def beside(issuer: str) -> Iterator[Beside]:
    """Run the gateway and the shop in a thread: Playwright keeps this one's loop to itself."""
    found: list[Beside] = []
    ready, over = threading.Event(), threading.Event()

    async def run() -> None:
        shops: list[Shop] = []

        def shop(public_url: str) -> Any:
            trust = ssl.create_default_context()
            shops.append(
                Shop(issuer=issuer, client_id="shop", url=public_url, trust=trust, clock=now)
            )
            return shops[0].app()

        phones = Phones(now, {})
        async with served(lambda public_url: phones.app()) as phone, served(shop) as shop_at:  # noqa: ARG005
            found.append(Beside(phone, shop_at))
            ready.set()
            await asyncio.to_thread(over.wait)
            await shops[0].close()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        assert ready.wait(WAIT)
        yield found[0]
    finally:
        over.set()
        thread.join(WAIT)


def had_an_app_for_days(folder: Path, one: Somebody, secret: bytes) -> None:
    """Give somebody an app with codes, registered three days ago: younger does not count."""

    async def story() -> None:
        records = await open_records(f"sqlite:///{folder}/portvakt.db", clock=now)
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(records.close)
            sealer = Sealer(read_master_keys(folder / "master.key"))

            async def act(unit: Unit) -> None:
                found = await unit.people.find(one.email)
                assert found is not None
                at = now() - timedelta(days=3)
                app = make.bound(
                    AuthenticatorType.TOTP,
                    id=AuthenticatorId(f"app-{one.user_name}"),
                    account_id=found.account.id,
                    label="Telefon",
                    created_at=at,
                    changed_at=at,
                )
                place = {"table": "authenticators", "column": "sealed", "row": app.id}
                await unit.authenticators.bind(app, sealed=sealer.seal(secret, **place))

            await records.write(act)

    in_a_loop_of_its_own(story)
