"""The sentence that it is all about, in real networks: «extern enhet … utanför nätet».

Inside, outside and a proxy between are network namespaces; nginx runs with the very files of the
manual; the service is a process of its own; certificates are shown in real TLS.
"""

import base64
import html
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.bad_days.processes import free_port
from tests.cli.box import Box
from tests.protocols.our_device_site import (
    DEVICES,
    HOME,
    PATIENCE,
    installed,
    is_ready,
    proxy_file,
    running,
)
from tests.servers.authority import Authority
from tests.servers.device_authority import Computer
from tests.servers.networks import (
    AT,
    INSIDE,
    INSIDE_NET,
    OUTSIDE,
    PROXY,
    Networks,
    NoNetworksError,
    networks,
)
from tests.world import PASSWORD

pytestmark = pytest.mark.slow

ASKED, IN = "asked for a second factor", "in"


@dataclass
class Site:
    """What runs, and who issues certificates."""

    networks: Networks
    authority: Authority
    computers: dict[str, Computer]
    box: Box


@dataclass
class Client:
    """A browser without script, somewhere, perhaps with a certificate."""

    site: Site
    side: str
    folder: Path
    computer: Computer | None = None
    forged: dict[str, str] = field(default_factory=dict)
    """What it writes into every request besides."""
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)

    def ask(self, method: str, url: str, **form: str) -> httpx.Response:
        """Send one request over a connection of its own, with the cookies of its host."""
        where = httpx.URL(url)
        tls = ssl.create_default_context(cafile=str(self.site.authority.ca_file))
        if self.computer is not None:
            tls.load_cert_chain(*self.computer.files(self.folder, "mine"))
        jar = self.cookies.setdefault(where.host, {})
        headers = {
            "host": where.host,
            "origin": f"https://{HOME}",
            "cookie": "; ".join(f"{name}={value}" for name, value in jar.items()),
        }
        with httpx.Client(verify=tls, trust_env=False, timeout=PATIENCE) as client:
            answer = client.request(
                method,
                where.copy_with(host=AT[self.side]),
                headers=headers | self.forged,
                data=form or None,
                extensions={"sni_hostname": where.host},
            )
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, rest = cookie.partition("=")
            jar[name] = rest.partition(";")[0]
        return answer

    def follow(self, url: str) -> httpx.Response:
        """Open an address, and go where it leads."""
        for _ in range(6):
            answer = self.ask("GET", url)
            if answer.status_code != 303:
                return answer
            url = str(httpx.URL(url).join(answer.headers["location"]))
        raise AssertionError(url)

    def sign_in(self) -> str:
        """Take the link, where the page has one, and send name and password."""
        page = self.follow(f"https://{HOME}/sign-in?to=/apps").text
        link = re.search(r'<noscript><p class="other"><a href="([^"]+)"', page)
        if link is not None:
            self.follow(f"https://{HOME}{html.unescape(link[1])}")
        token = re.search(r'name="csrf" value="([^"]+)"', page)
        assert token is not None, page
        answer = self.ask(
            "POST",
            f"https://{HOME}/sign-in",
            csrf=token[1],
            to="/apps",
            name="anna.berg",
            password=PASSWORD,
            **{"for": "sign_in"},
        )
        assert answer.status_code == 303, answer.text
        return IN if answer.headers["location"] == "/apps" else ASKED

    def run(self) -> str:
        return self.site.networks.within(self.side, self.sign_in)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("networks")
    try:
        with networks() as found:
            service = f"{found.service}:{free_port()}"
            box, issued = installed(
                folder,
                home=HOME,
                devices=DEVICES,
                service=service,
                proxy=found.proxy,
                inside=INSIDE_NET,
            )
            authority = Authority(folder / "tls")
            server = authority.certificate(HOME, DEVICES)
            places = proxy_file(folder, server, {"127.0.0.1:8000": service})
            with running(
                box,
                places,
                lambda: found.within(OUTSIDE, lambda: is_ready(AT[OUTSIDE], HOME, authority)),
                lambda command: found.command(PROXY, command),
            ):
                yield Site(found, authority, issued, box)
    except NoNetworksError as error:
        pytest.skip(f"network namespaces cannot be made here: {error}")


CASES = {
    "our own device outside": (OUTSIDE, "ours", IN),
    "our own device inside": (INSIDE, "ours", IN),
    "a private device inside": (INSIDE, None, IN),
    "a private device outside": (OUTSIDE, None, ASKED),
    "a device of ours that was reported stolen": (OUTSIDE, "revoked", ASKED),
    "a device of ours whose certificate has ended": (OUTSIDE, "ended", ASKED),
    "a certificate that counts from tomorrow": (OUTSIDE, "early", ASKED),
    "a certificate of ours that is for servers": (OUTSIDE, "server", ASKED),
    "a certificate by a forged authority of the same name": (OUTSIDE, "forged", ASKED),
    "a certificate by somebody else": (OUTSIDE, "strangers", ASKED),
    "a device reported stolen, inside": (INSIDE, "revoked", IN),
}


@pytest.mark.parametrize("case", CASES)
def test_who_is_asked_for_a_second_factor(site: Site, tmp_path: Path, case: str) -> None:
    side, computer, wanted = CASES[case]
    mine = None if computer is None else site.computers[computer]
    assert Client(site, side, tmp_path, mine).run() == wanted


@pytest.mark.parametrize("form", ["rfc 9440", "escaped"])
def test_headers_that_a_browser_writes_make_no_device_ours_and_nobody_an_insider(
    site: Site, tmp_path: Path, form: str
) -> None:
    ours = site.computers["ours"]
    written = f":{base64.b64encode(ours.der).decode()}:"
    forged = {
        "client-cert": written if form == "rfc 9440" else quote(ours.pem.decode("ascii")),
        "x-forwarded-for": "10.99.1.2",
        "x-forwarded-host": DEVICES,
        "forwarded": "for=10.99.1.2",
    }
    assert Client(site, OUTSIDE, tmp_path, None, forged).run() == ASKED
    with_another = Client(site, OUTSIDE, tmp_path, site.computers["strangers"], forged)
    assert with_another.run() == ASKED


def test_why_a_certificate_did_not_count_is_told(site: Site, tmp_path: Path) -> None:
    for name in ("ours", "revoked", "ended", "forged"):
        Client(site, OUTSIDE, tmp_path, site.computers[name]).run()
    events = site.box.events()
    refused = [each.detail for each in events if each.name == "our_device.refused"][:3][::-1]
    assert [(each["why"], each["device"]) for each in refused] == [
        ("revoked", "revoked.region.example"),
        ("ended", ""),
        ("untrusted", ""),
    ]
    done = next(each for each in events if each.name == "authentication.succeeded")
    assert done.detail["our_device"] == "pc-1234.region.example"
