"""What a file of settings may say, and what is said about it."""

from pathlib import Path

import pytest

from portvakt.settings import Examined, Settings, examine, load_settings
from portvakt.strict_toml import BrokenDocumentError

DATA = Path(__file__).parent / "data"
LEAST = """
public_url = "http://localhost:8000"
database_url = "sqlite:////var/lib/portvakt/p.db"
[keys]
master_file = "/etc/portvakt/master.key"
"""

WORDS = "[texts.sv]\nsign_in = '{}'"
HTTP_FORM = """[[sms]]
gateway = "http_form"
url = "http://127.0.0.1/send"
body = "to={to}&text={text}"
"""


def examined(tmp_path: Path, text: str, **environ: str) -> Examined:
    file = tmp_path / "portvakt.toml"
    file.write_text(text, encoding="utf-8")
    return examine(file, environ)


def settings(tmp_path: Path, text: str = LEAST, **environ: str) -> Settings:
    found = examined(tmp_path, text, **environ)
    assert found.settings is not None, [str(each) for each in found.errors]
    return found.settings


def errors(tmp_path: Path, text: str, **environ: str) -> list[str]:
    return [str(each) for each in examined(tmp_path, text, **environ).errors]


def warnings(tmp_path: Path, text: str, **environ: str) -> list[str]:
    return [str(each) for each in examined(tmp_path, text, **environ).warnings]


def test_the_file_of_the_contract_loads_as_it_stands() -> None:
    found = load_settings(DATA / "portvakt.toml", {})
    assert found.public_url == "http://localhost:8000"
    assert found.proxies.trusted == ("10.0.0.5/32",)
    assert found.hosts.registration == ("mfaregistrering.region.example",)
    assert found.registration.welcome_days == 14
    assert found.organisation.support_phone == "026-15 40 00"
    assert found.sms[0].gateway == "http_form"
    assert found.sms[0].allowed_prefixes == ("+467",)
    assert found.sms[0].options["body"] == "to={to}&text={text}"
    assert found.mail is not None
    assert found.mail.options == {"host": "127.0.0.1", "port": 2525, "tls": "none"}
    assert found.metrics.networks == ("127.0.0.0/8",)


def test_three_lines_are_enough(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert found.server.listen == "127.0.0.1:8000"
    assert found.sync.brake == 50


def test_every_problem_is_listed_with_its_line(tmp_path: Path) -> None:
    text = """public_url = "http://logga-in.region.example"
database_url = "mysql://x/y"
[server]
listen = "here"
worker = 2
workers = "two"
[keys]
master_file = "k"
[proxies]
trusted = [
  "10.0.0.5/32",
  "10.0.0.5/8",
]
"""
    said = errors(tmp_path, text)
    assert said == [
        "line 1: public_url: must be https, unless the host is localhost",
        "line 2: database_url: 'mysql' is neither sqlite nor postgresql",
        "line 4: server.listen: is not an address and a port, such as 127.0.0.1:8000",
        "line 5: server.worker: unknown key; did you mean “workers”?",
        "line 6: server.workers: expected a whole number, got text",
        "line 12: proxies.trusted[2]: “10.0.0.5/8” has host bits set; did you mean “10.0.0.0/8”?",
    ]


def test_a_file_that_is_not_toml_says_where(tmp_path: Path) -> None:
    (said,) = errors(tmp_path, "public_url = 'x'\nworkers = = 2\n")
    assert said.startswith("line 2: this is not TOML")


def test_a_file_that_is_not_there_or_not_text_is_one_problem(tmp_path: Path) -> None:
    (missing,) = examine(tmp_path / "none.toml", {}).errors
    assert "cannot be read: No such file" in missing.text
    (tmp_path / "bad.toml").write_bytes(b"name = '\xff\xfe'")
    assert [each.text for each in examine(tmp_path / "bad.toml", {}).errors] == ["is not UTF-8"]


def test_load_raises_with_all_problems(tmp_path: Path) -> None:
    file = tmp_path / "portvakt.toml"
    file.write_text("[server]\nlisten = 1\n")
    with pytest.raises(BrokenDocumentError) as raised:
        load_settings(file, {})
    assert {each.where for each in raised.value.problems} == {
        "public_url",
        "database_url",
        "keys",
        "server.listen",
    }


@pytest.mark.parametrize(
    "url",
    ["http://localhost:8000", "http://127.0.0.1", "http://mfa.localhost:1", "https://logga-in.se"],
)
def test_public_url_may_be(tmp_path: Path, url: str) -> None:
    assert settings(tmp_path, LEAST.replace("http://localhost:8000", url)).public_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://region.example",
        "http://localhost.evil.example",
        "https://region.example/path",
        "https://user@region.example",
        "https://region.example?x=1",
        "ftp://region.example",
        "https://",
        "region.example",
        "https://åäö.example",
        "https://region.example:99999",
        "https://[::1",
        "",
    ],
)
def test_public_url_may_not_be(tmp_path: Path, url: str) -> None:
    assert errors(tmp_path, LEAST.replace("http://localhost:8000", url))


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        LEAST,
        PORTVAKT_PUBLIC_URL="https://logga-in.region.example",
        PORTVAKT_DATABASE_URL="postgresql://portvakt:hemligt@db/portvakt",
        PORTVAKT_SERVER__WORKERS="4",
        PORTVAKT_PROXIES__TRUSTED='["10.0.0.5/32", "10.0.0.6/32"]',
        PORTVAKT_METRICS__NETWORKS="10.0.0.0/8, 127.0.0.0/8",
        PORTVAKT_SYNC__BRAKE_PERCENT="2.5",
        PORTVAKT_ORGANISATION__NAME="Region 1",
        PORTVAKT_REGISTRATION__FIRST="never_password_alone",
        PORTVAKT_SMS__0__GATEWAY="console",
        PORTVAKT_CONFIG="/elsewhere.toml",
    )
    assert found.public_url == "https://logga-in.region.example"
    assert found.server.workers == 4
    assert found.proxies.trusted == ("10.0.0.5/32", "10.0.0.6/32")
    assert found.metrics.networks == ("10.0.0.0/8", "127.0.0.0/8")
    assert found.sync.brake_percent == 2.5
    assert found.organisation.name == "Region 1"
    assert found.registration.first == "never_password_alone"
    assert found.sms[0].gateway == "console"


def test_a_variable_of_an_adapter_has_the_type_that_the_adapter_wants(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        LEAST + HTTP_FORM,
        PORTVAKT_SMS__0__ACCEPTED_STATUS="[200, 204]",
        PORTVAKT_SMS__0__PRIVATE="true",
        PORTVAKT_SMS__0__SECRET="hemligt",
        PORTVAKT_SMS__0__HEADERS__X_FROM="region",
    )
    assert found.sms[0].options["accepted_status"] == [200, 204]
    assert found.sms[0].options["private"] is True
    assert found.sms[0].options["secret"] == {"env": "PORTVAKT_SMS__0__SECRET"}
    assert found.sms[0].options["headers"] == {"x_from": "region"}


def test_a_secret_is_never_repeated(tmp_path: Path) -> None:
    assert "hemligt" not in str(errors(tmp_path, LEAST + HTTP_FORM + "secret = 'hemligt'"))


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    said = errors(
        tmp_path,
        LEAST,
        PORTVAKT_SERVER__WORKERS="many",
        PORTVAKT_SERVER__LISTN="x",
        PORTVAKT_SMS__7__URL="x",
    )
    assert said == [
        "PORTVAKT_SMS__7__URL: does not name a place in the settings",
        "PORTVAKT_SERVER__LISTN: unknown key; did you mean “listen”?",
        "PORTVAKT_SERVER__WORKERS: expected a whole number, got text",
    ]


def test_somebody_elses_variable_is_left_alone(tmp_path: Path) -> None:
    assert not warnings_of(tmp_path, PORTVAKT_SMTP_PASSWORD="x")
    (said,) = warnings_of(tmp_path, PORTVAKT_PUBLIC_ULR="x")
    assert said == "PORTVAKT_PUBLIC_ULR: is not a setting; did you mean “public_url”?"


def warnings_of(tmp_path: Path, **environ: str) -> list[str]:
    return [each for each in warnings(tmp_path, LEAST, **environ) if "master" not in each]


def test_a_password_in_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    text = LEAST.replace("sqlite:////var/lib/portvakt/p.db", "postgresql://u:hemligt@db/p")
    (said,) = errors(tmp_path, text)
    assert said.startswith("line 3: database_url: a secret is a file or a variable")
    assert "hemligt" not in said


def test_files_that_the_database_address_names_are_there(tmp_path: Path) -> None:
    address = f"postgresql://u@db/p?sslmode=verify-full&sslrootcert={tmp_path}/ca.pem"
    text = LEAST.replace("sqlite:////var/lib/portvakt/p.db", address)
    (said,) = errors(tmp_path, text)
    assert said.endswith(f"database_url: sslrootcert: there is no file {tmp_path}/ca.pem")
    (tmp_path / "ca.pem").touch()
    assert errors(tmp_path, text) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[server]\nworkers = 2", "line 7: server.workers: SQLite is for one process"),
        ("[server]\nlisten = '0.0.0.0'", "server.listen: is not an address and a port"),
        ("[proxies]\ntrusted = ['0.0.0.0/0']", "would let anybody choose their own address"),
        ("[proxies]\ntrusted = ['::/0']", "would let anybody choose their own address"),
        ("[proxies]\nclient_ca_file = '/none.pem'", "proxies.client_ca_file: there is no file"),
        ("[proxies]\ntrusted = ['proxy']", "is not a network such as"),
        ("[metrics]\nnetworks = ['10.0.0.1/8']", "did you mean “10.0.0.0/8”?"),
        ("[outgoing]\nnetworks = ['inside']", "is not a network such as"),
        ("[organisation]\ncolour = 'blue'", "is not a colour such as #0B5A8A"),
        ("[organisation]\nsupport_phone = 'ring'", "is not a phone number"),
        ("[organisation]\nlogo_file = 'logo.gif'", "must be an .svg or .png file"),
        ("[organisation]\nlogo_file = 'none.svg'", "there is no file none.svg"),
        ("[password_rules]\nleast = 7", "least"),
        (
            "[password_rules]\nbreached_file = 'none.list'",
            "cannot be read: No such file",
        ),
        ("[password_rules]\nbreached_file = '/dev/null'", "is no list of passwords"),
        ("[hosts]\napps = ['MyApps.example']", "is not a host name in lower-case ASCII"),
        ("[hosts]\napps = ['localhost']", "hosts.apps[1]: “localhost” is already public_url"),
        (
            "[hosts]\napps = ['a.example']\nreset = ['a.example']",
            "hosts.apps[1]: “a.example” is already hosts.reset",
        ),
        ("[registration]\nfirst = 'never'", "is not one of the values allowed here"),
        ("[registration]\nwelcome_days = 0", "expected a whole number >= 1"),
        ("[[sms]]\nfile = '/tmp/texts'", "sms[1].gateway: is missing"),
        ("[[sms]]\ngateway = 'pigeon'", "there is no “pigeon”; there is console, http_form"),
        ("[[sms]]\ngateway = 'console'\nfiel = 'x'", "line 8: sms[1].fiel: unknown key; did you"),
        (
            HTTP_FORM.replace("127.0.0.1", "sms.example"),
            "line 8: sms[1].url: http is for loopback",
        ),
        (HTTP_FORM + "secret = 'hemligt'", "line 10: sms[1].secret: a secret is a file or a var"),
        (HTTP_FORM + "secret = { }", "line 10: sms[1].secret: a secret is"),
        (HTTP_FORM + "accepted_status = 200", "line 10: sms[1].accepted_status: expected an array"),
        (
            "[[sms]]\ngateway = 'console'\nallowed_prefixes = ['467']",
            "line 8: sms[1].allowed_prefixes[1]: “467” is not a prefix such as +467",
        ),
        ("[[sms]]\ngateway = 'console'\nallowed_prefixes = []", "nothing could ever be sent"),
        ("[texts]\nper_day = 0", "expected a whole number >= 1"),
        ("[texts.per_prefix]\n47 = 3", "“47” is not a prefix such as +47"),
        ("[texts]\nwarn = ['it']", "line 7: texts.warn[1]: “it” is not a mail address"),
        ("[texts.sv]\nsign_in = 'Koden är {code}'", "must hold {organisation} and {code}, once"),
        (WORDS.format("{code} {code} {organisation}"), "must hold {organisation} and {code}, once"),
        (WORDS.format("{organisation} {code} {name}"), "knows no other {…} than"),
        (WORDS.format("{organisation} {code} https://x.example/"), "holds a link"),
        (WORDS.format("{organisation} {code} www.region"), "holds a link"),
        (WORDS.format("{organisation} {code} region.se"), "holds a link"),
        (WORDS.format("{organisation} {code} @region #1"), "must not hold @ or #"),
        (WORDS.format("{organisation} {code} ring 026-154000"), "could be taken for the code"),
        (WORDS.format("{organisation} {code} " + "lång text " * 50), "makes 4 messages of one"),
        ("[texts.sv]\nlogin = 'x'", "texts.sv.login: unknown key"),
        ("[texts.de]\nsign_in = 'x'", "texts.de: unknown key"),
        (
            "[[sms]]\ngateway = 'console'\nname = 'a'\n[[sms]]\ngateway = 'console'\nname = 'a'",
            "sms[2].name: “a” is taken",
        ),
        (
            "[[sms]]\ngateway = 'console'\nname = 'smpp-2'",
            "what a gateway without a name is called",
        ),
        ("[[sms]]\ngateway = 'console'\nname = 'A'", "is not written as it must be here"),
        (
            "[mail]\ngateway='smtp'\nhost='mail.example'\ntls='none'",
            'line 9: mail.tls: tls = "none" is',
        ),
        ("[mail]\ngateway='console'\nsender='me'", "is not a mail address"),
        ("[mail]\ngateway='console'\nsender='Me <me>'", "is not a mail address"),
        ("[sync]\nbrake_percent = 101", "sync.brake_percent"),
        ("server = 1", "keys.server: unknown key"),
    ],
)
def test_contradictions_stop_the_start(tmp_path: Path, more: str, said: str) -> None:
    found = errors(tmp_path, LEAST + more + "\n")
    assert len(found) == 1, found
    assert said in found[0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[registration]\nfirst = 'welcome_window'", "lets whoever knows a new person's password"),
        ("[organisation]\ncolour = '#FFCC00'", "#FFCC00 with white reaches 1.5:1"),
        ("[metrics]\nnetworks = ['0.0.0.0/0']", "“0.0.0.0/0” is everybody"),
        ("[outgoing]\nnetworks = ['127.0.0.0/8']", "is for test installations: whoever enters"),
        (WORDS.format("{organisation} {code} " + "lite text " * 14), "makes 2 messages of one"),
        (
            "[organisation]\nname = 'Łódź'\n[[sms]]\ngateway = 'console'",
            "is written “Lódz” in text messages".replace("ó", "o"),
        ),
    ],
)
def test_what_is_unwise_is_said_and_allowed(tmp_path: Path, more: str, said: str) -> None:
    found = warnings(tmp_path, LEAST + more + "\n")
    assert any(said in each for each in found), found
    settings(tmp_path, LEAST + more + "\n")


def test_numbers_of_several_processes_on_one_port_are_warned_of(tmp_path: Path) -> None:
    text = LEAST.replace("sqlite:////var/lib/portvakt/p.db", "postgresql://portvakt@db/portvakt")
    several = "[server]\nworkers = 3\n"
    opened = "[metrics]\nnetworks = ['10.0.0.0/8']\n"
    said = "each of the 3 processes counts for itself"
    assert any(said in each for each in warnings(tmp_path, text + several + opened))
    assert not any(said in each for each in warnings(tmp_path, text + several))


def test_https_without_a_trusted_proxy_is_warned_of(tmp_path: Path) -> None:
    text = LEAST.replace("http://localhost:8000", "https://region.example")
    assert any("nobody is on a named network" in each for each in warnings(tmp_path, text))


def test_a_master_key_that_others_can_read_is_warned_of(tmp_path: Path) -> None:
    key = tmp_path / "master.key"
    text = LEAST.replace("/etc/portvakt/master.key", str(key))
    assert any("there is no file" in each for each in warnings(tmp_path, text))
    key.write_text("x")
    key.chmod(0o644)
    assert any("can be read by others" in each for each in warnings(tmp_path, text))
    key.chmod(0o600)
    assert not warnings(tmp_path, text)
