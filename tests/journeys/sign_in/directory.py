"""A product whose people live in a real directory, which the stories start, stop and spoil."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from portvakt.app import opened
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.core.people import Account
from portvakt.records.followed import Followed
from portvakt.settings.structs import Directory
from tests import make
from tests.directories.homes import AtSamba, Home, somebody
from tests.journeys.sign_in.region import SECRET
from tests.servers import samba as ad
from tests.servers import samba_domain
from tests.servers import slapd as openldap
from tests.servers.region import Somebody, State
from tests.world import Clock, World, no_hold, settings

NAME = "katalogen"


def settings_of(home: Home, folder: Path, **different: Any) -> Directory:
    """Write `[[directories]]` for a directory that the tests started."""
    secret = folder / "bind-password"
    at_samba = isinstance(home, AtSamba)
    secret.write_text(ad.SERVICE_PASSWORD if at_samba else openldap.SERVICE_PASSWORD)
    options: dict[str, Any] = {
        "servers": [home.server.ldaps],
        "bind_dn": ad.SERVICE if at_samba else openldap.SERVICE,
        "bind_password": {"file": str(secret)},
        "base": samba_domain.BASE if at_samba else openldap.BASE,
        "ca_file": str(home.authority),
    }
    kind = "active_directory" if at_samba else "ldap"
    return Directory(name=NAME, kind=kind, options=options | different)


@asynccontextmanager
async def world_with(
    home: Home, folder: Path, database_url: str, **different: Any
) -> AsyncIterator[World]:
    """Open a whole product with this directory, and a rule that wants two factors outside."""
    clock = Clock()
    chosen = msgspec.structs.replace(
        settings(folder, database_url), directories=(settings_of(home, folder, **different),)
    )
    async with opened(chosen, clock=clock, hold=no_hold) as house:
        world = World(house, clock)
        await world.configure([make.rule(networks_not={make.LAN})], [make.network()])
        yield world


async def person_in(
    world: World, home: Home, state: State = "well", *, app: bool = True
) -> tuple[Account, Somebody, str]:
    """Add somebody to the directory and, as a sync would, to the product; return their DN too."""
    one = somebody(state)
    id_, dn = home.add(one)
    account_id = AccountId(f"account-{one.user_name}")
    account = make.account(
        id=account_id, source=NAME, external_id=id_, user_name=one.user_name, last_sign_in_at=None
    )
    password = make.bound(
        AuthenticatorType.PASSWORD,
        id=AuthenticatorId(f"password-{one.user_name}"),
        account_id=account_id,
        source=NAME,
    )
    stored = await world.person(
        account, password=None, bound=[password], totp=SECRET if app else None
    )
    return stored, one, dn


async def set_followed(world: World, fact: Followed) -> None:
    """Store how far the directory was followed, as reading it does."""
    text = msgspec.json.encode(fact).decode()
    await world.house.records.write(lambda unit: unit.meta.set(f"sync:{NAME}", text))
    world.clock.move(seconds=5)  # what was known of it holds for three
