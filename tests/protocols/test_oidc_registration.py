"""Apps that register themselves (RFC 7591) and see to their entries (RFC 7592)."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from portvakt.core.registration import REGISTERED
from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.randomness import SystemRandom
from portvakt.journeys.apply_state.by_hand import AppsByHand
from portvakt.journeys.apply_state.by_program import AppsByProgram
from portvakt.records import Configuration
from tests import make
from tests.protocols.assertions import EC, jwks
from tests.protocols.stage import Stage, stage
from tests.protocols.test_oidc_code_flow import signed_in
from tests.world import INSIDE

BACK = "https://survey.example/cb"
ENTRY: dict[str, Any] = {"client_name": "Enkäten", "redirect_uris": [BACK]}
WEEK = timedelta(days=7)


@dataclass
class Registering:
    """An operator's token, and who would use it."""

    region: Stage
    token: str

    @property
    def endpoint(self) -> str:
        return str(self.region.shop.metadata["registration_endpoint"])

    async def ask(
        self, method: str, url: str, token: str | None, body: object = None, **headers: str
    ) -> httpx.Response:
        given = {} if token is None else {"authorization": f"Bearer {token}"}
        if body is not None:
            given |= {"content-type": "application/json"}
        content = None if body is None else json.dumps(body)
        http = self.region.shop.http
        return await http.request(method, url, content=content, headers=given | headers)

    async def register(self, entry: object = ENTRY, token: str | None = None) -> httpx.Response:
        return await self.ask("POST", self.endpoint, token or self.token, entry)

    async def registered(self, entry: object = ENTRY) -> dict[str, Any]:
        answer = await self.register(entry)
        assert answer.status_code == 201, answer.text
        assert answer.headers["cache-control"] == "no-store"
        said: dict[str, Any] = answer.json()
        return said

    async def own(self, said: dict[str, Any], method: str, body: object = None) -> httpx.Response:
        """Ask about one's own entry, with what was given for that."""
        url, access = said["registration_client_uri"], said["registration_access_token"]
        return await self.ask(method, url, access, body)

    async def stored(self) -> Configuration:
        return await self.region.world.house.records.read(lambda unit: unit.configuration.load())

    async def app(self, client_id: str) -> RelyingParty:
        found = (await self.stored()).app(client_id)
        assert found is not None
        return found


@asynccontextmanager
async def ready(folder: Path, url: str, uses: int = 1) -> AsyncIterator[Registering]:
    async with stage(folder, url) as region:
        records, now = region.world.house.records, region.world.clock()
        token = await AppsByProgram(records, SystemRandom()).allow("enkäter", uses, WEEK, now)
        yield Registering(region, token.open())


def changed(said: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What an app would send to change its entry: all of it, but for what is ours to say."""
    ours = ("registration_", "client_secret_expires_at", "client_id_issued_at")
    return {name: value for name, value in said.items() if not name.startswith(ours)} | more


async def test_an_app_registers_itself_and_is_told_what_was_registered(
    tmp_path: Path, database_url: str
) -> None:
    async with ready(tmp_path, database_url) as one:
        wish = {"client_uri": "https://survey.example/", "client_id": "shop"}
        said = await one.registered(ENTRY | wish)
        assert said["client_id"] != "shop"
        assert said["client_name"] == "Enkäten"
        assert said["redirect_uris"] == [BACK]
        assert said["token_endpoint_auth_method"] == "client_secret_basic"
        assert said["grant_types"] == ["authorization_code"]
        assert said["response_types"] == ["code"]
        assert said["client_secret_expires_at"] == 0
        assert said["client_id_issued_at"] == int(one.region.world.clock().timestamp())
        assert said["client_uri"] == "https://survey.example/"
        assert (await one.stored()).owners["app", said["client_id"]] == REGISTERED
        [event] = await one.region.events("configuration.changed")
        assert (event.actor, event.detail["change"]) == ("registration:enkäter", "created")


@pytest.mark.parametrize("token", [None, "wrong"])
async def test_without_an_operators_token_nothing_is_registered(
    tmp_path: Path, sqlite_url: str, token: str | None
) -> None:
    async with ready(tmp_path, sqlite_url) as one:
        answer = await one.ask("POST", one.endpoint, token, ENTRY)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert ("invalid_token" in answer.headers["www-authenticate"]) is (token is not None)


async def test_a_token_is_for_so_many_apps_and_for_so_long(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url, uses=2) as one:
        answers = [(await one.register()).status_code for _ in range(3)]
        assert answers == [201, 201, 401]
    async with ready(tmp_path, sqlite_url) as one:
        one.region.world.clock.at += WEEK
        assert (await one.register()).status_code == 401


async def test_an_entry_that_is_wrong_uses_nothing_of_the_token(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as one:
        assert (await one.register({"redirect_uris": ["http://evil.example/"]})).status_code == 400
        assert (await one.register()).status_code == 201


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://survey.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": [BACK + "#part"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://*.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": BACK}, "invalid_redirect_uri"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"grant_types": ["password"]}, "invalid_client_metadata"),
        ({"grant_types": "authorization_code"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "magic"}, "invalid_client_metadata"),
        ({"jwks_uri": "http://survey.example/keys"}, "invalid_client_metadata"),
        ({"logo_uri": "http://survey.example/logo.png"}, "invalid_client_metadata"),
        ({"logo_uri": "javascript:alert(1)"}, "invalid_client_metadata"),
        ({"logo_uri": "data:image/png;base64,AA=="}, "invalid_client_metadata"),
        ({"id_token_signed_response_alg": "none"}, "invalid_client_metadata"),
        ({"client_name": 17}, "invalid_client_metadata"),
        ({"client_name": ""}, "invalid_client_metadata"),
        ({"client_name": "Lön\0"}, "invalid_client_metadata"),
        ({"client_name": "\u202enöL"}, "invalid_client_metadata"),
        ({"client_name": "Lön\nSäker"}, "invalid_client_metadata"),
        ({"grant_types": [[]]}, "invalid_client_metadata"),
        ({"grant_types": [{}]}, "invalid_client_metadata"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["data:text/html,x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://survey.example\\@evil.example/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://survey.example@evil.example/"]}, "invalid_redirect_uri"),
        *(
            ({"application_type": "native", "redirect_uris": [each]}, "invalid_redirect_uri")
            for each in (
                *("javascript:alert(1)", "data:text/html,x", "custom:/cb", "1.app:/cb"),
                *('com.survey"><script>:/cb', "com.survey;x:/cb", "com.survey:/<b>", "com.:/cb"),
            )
        ),
    ],
)
async def test_what_apply_would_refuse_is_refused(
    tmp_path: Path, sqlite_url: str, more: dict[str, Any], error: str
) -> None:
    async with ready(tmp_path, sqlite_url) as one:
        answer = await one.register(ENTRY | more)
        assert (answer.status_code, answer.json()["error"]) == (400, error), answer.text
        assert answer.json()["error_description"].isascii()


async def test_keys_and_the_address_of_keys_exclude_each_other(
    tmp_path: Path, sqlite_url: str
) -> None:
    """RFC 7591 section 2: either is taken, and both together are not."""
    keys: dict[str, Any] = {"jwks": json.loads(jwks(EC))}
    where: dict[str, Any] = {"jwks_uri": "https://survey.example/keys"}
    async with ready(tmp_path, sqlite_url, uses=3) as one:
        both = await one.register(ENTRY | keys | where)
        assert (both.status_code, both.json()["error"]) == (400, "invalid_client_metadata")
        assert "jwks_uri" in both.json()["error_description"]
        for either in (keys, where):
            assert (await one.register(ENTRY | either)).status_code == 201
        made = await one.registered(ENTRY | keys)
        answer = await one.own(made, "PUT", changed(made) | where)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"[]", "application/json"),
        (b"{", "application/json"),
        (b"", "application/json"),
        (b"client_name=x", "application/x-www-form-urlencoded"),
        (b"\xff", "application/json"),
    ],
)
async def test_a_body_that_is_no_object_is_refused(
    tmp_path: Path, sqlite_url: str, content: bytes, kind: str
) -> None:
    async with ready(tmp_path, sqlite_url) as one:
        answer = await one.region.shop.http.post(
            one.endpoint,
            content=content,
            headers={"authorization": f"Bearer {one.token}", "content-type": kind},
        )
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


async def test_it_gets_nothing_that_only_an_operator_gives(tmp_path: Path, sqlite_url: str) -> None:
    greedy = {
        "groups": ["alla"],
        "consent": False,
        "scope": "openid profile groups offline_access admin",
        "resources": ["https://care.example/"],
        "serves": ["https://care.example/"],
        "exchange_for": ["https://care.example/"],
        "forward_auth_hosts": ["wiki.region.example"],
        "profile": "sweden-connect",
        "client_id": "shop",
        "software_statement": "eyJhbGciOiJub25lIn0.e30.",
    }
    async with ready(tmp_path, sqlite_url) as one:
        said = await one.registered(ENTRY | greedy)
        assert said["client_id"] != "shop"
        app = await one.app(said["client_id"])
        assert app.groups == frozenset()
        assert app.consent is True
        assert app.scope == ("openid", "profile", "offline_access")
        assert (app.resources, app.serves, app.exchange_for) == ((), (), ())
        assert (app.forward_auth_hosts, app.profile) == ((), None)


async def test_nobody_can_open_it_until_an_operator_says_who(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as one, one.region.world.browser(INSIDE) as browser:
        said = await one.registered()
        region = one.region
        region.world.clock.move(seconds=2)
        await signed_in(region, browser)
        client = replace(
            region.shop,
            client_id=said["client_id"],
            redirect_uri=BACK,
            secret=said["client_secret"],
            alg="RS256",
        )
        response = await region.open(browser, client.begin())
        assert response.status_code == 403
        by_hand = AppsByHand(region.world.house.records, SystemRandom(), "cli:test")
        opened = await by_hand.open_to(said["client_id"], [make.STAFF], region.world.clock())
        assert isinstance(opened, RelyingParty)
        region.world.clock.move(seconds=2)
        response = await region.open(browser, client.begin())
        assert response.status_code != 403


async def test_an_app_with_keys_of_its_own_gets_no_secret(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as one:
        keys = {"token_endpoint_auth_method": "private_key_jwt", "jwks": json.loads(jwks(EC))}
        said = await one.registered(ENTRY | keys)
        assert "client_secret" not in said
        assert said["jwks"] == keys["jwks"]


async def test_an_app_reads_its_entry_and_nobody_elses(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url, uses=2) as one:
        said, other = await one.registered(), await one.registered()
        answer = await one.own(said, "GET")
        assert answer.status_code == 200
        read = answer.json()
        assert read["registration_access_token"] == said["registration_access_token"]
        assert "client_secret" not in read, "it is kept as a hash"
        assert read.items() <= said.items()
        stranger = said | {"registration_client_uri": other["registration_client_uri"]}
        assert (await one.own(stranger, "GET")).status_code == 401
        nobody = await one.ask("GET", said["registration_client_uri"], None)
        assert nobody.status_code == 401


async def test_an_app_changes_its_entry_whole_and_gets_another_access_token(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as one:
        said = await one.registered(ENTRY | {"client_uri": "https://survey.example/"})
        new = changed(said, client_name="Enkäten igen", redirect_uris=[BACK + "/2"])
        del new["client_uri"]
        answer = await one.own(said, "PUT", new)
        assert answer.status_code == 200, answer.text
        now = answer.json()
        assert (now["client_name"], now["redirect_uris"]) == ("Enkäten igen", [BACK + "/2"])
        assert "client_uri" not in now
        assert now["registration_access_token"] != said["registration_access_token"]
        assert (await one.own(said, "GET")).status_code == 401
        assert (await one.own(now, "GET")).status_code == 200
        assert (await one.app(said["client_id"])).secret_hash is not None


async def test_what_an_operator_has_said_stands_when_the_app_changes_its_entry(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as one:
        said, region = await one.registered(), one.region
        by_hand = AppsByHand(region.world.house.records, SystemRandom(), "cli:test")
        await by_hand.open_to(said["client_id"], [make.STAFF], region.world.clock())
        await one.own(said, "PUT", changed(said, groups=[], consent=False))
        app = await one.app(said["client_id"])
        assert (app.groups, app.consent) == (frozenset({make.STAFF}), True)


@pytest.mark.parametrize(
    "more",
    [
        {"client_id": "shop"},
        {"registration_access_token": "x"},
        {"client_secret_expires_at": 0},
        {"client_secret": "another"},
        {"redirect_uris": ["http://evil.example/"]},
    ],
)
async def test_a_change_that_may_not_be_is_refused_and_the_access_token_stands(
    tmp_path: Path, sqlite_url: str, more: dict[str, Any]
) -> None:
    async with ready(tmp_path, sqlite_url) as one:
        said = await one.registered()
        answer = await one.own(said, "PUT", changed(said) | more)
        assert answer.status_code == 400
        assert (await one.own(said, "GET")).status_code == 200


async def test_an_app_removes_itself(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as one:
        said = await one.registered()
        answer = await one.own(said, "DELETE")
        assert (answer.status_code, answer.content) == (204, b"")
        assert (await one.stored()).app(said["client_id"]) is None
        assert (await one.own(said, "GET")).status_code == 401
        assert (await one.own(said, "DELETE")).status_code == 401


async def test_an_app_that_a_rule_names_stays(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as one:
        said = await one.registered()
        await one.region.world.configure(
            rules=[make.rule(id="survey", apps={said["client_id"]})], networks=[make.network()]
        )
        answer = await one.own(said, "DELETE")
        assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")


async def test_what_a_file_owns_from_now_on_is_out_of_the_apps_hands(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as one:
        said, region = await one.registered(), one.region
        by_hand = AppsByHand(region.world.house.records, SystemRandom(), "cli:test")
        await by_hand.hand_over(said["client_id"], region.world.clock())
        for method, body in (("GET", None), ("PUT", changed(said)), ("DELETE", None)):
            assert (await one.own(said, method, body)).status_code == 401


async def test_an_access_token_lets_nobody_register_nor_ask_as_the_app(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url, uses=2) as one:
        said = await one.registered()
        access = said["registration_access_token"]
        assert (await one.register(token=access)).status_code == 401
        assert (
            await one.own(said | {"registration_access_token": one.token}, "GET")
        ).status_code == 401
        both = base64.b64encode(f"{said['client_id']}:{access}".encode()).decode()
        told = await one.region.shop.http.post(
            one.region.shop.metadata["introspection_endpoint"],
            data={"token": "x"},
            headers={"authorization": f"Basic {both}"},
        )
        assert told.status_code == 401
