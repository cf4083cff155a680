"""`portvakt doctor`: everything an installation needs, what is wrong with it, and what mends it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from portvakt.commands.doctor_lines import Level, Line, last_day
from portvakt.core.audit_chain import ChainKeys
from portvakt.core.events import PersonInvited
from portvakt.core.ids import NetworkId
from portvakt.crypto.sealing import new_key_line, read_master_keys
from portvakt.records import KeyState, StoredKey, Unit
from portvakt.records.outbox import Message
from tests import make
from tests.bad_days.processes import free_port
from tests.cli.box import Box
from tests.directories.people.branches import NAME, settings_of
from tests.servers.authority import Authority

NOW = datetime.now(UTC)


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    return well(tmp_path, database_url)


@pytest.fixture
def alone(tmp_path: Path, sqlite_url: str) -> Box:
    """On the embedded database only, for what has nothing to do with it."""
    return well(tmp_path, sqlite_url)


def well(folder: Path, url: str) -> Box:
    box = Box.make(folder, url)
    for file in folder.glob("portvakt.db*"):
        file.chmod(0o600)
    box.now = datetime.now(UTC)
    return box


def say(box: Box, more: str) -> None:
    box.config.write_text(box.config.read_text(encoding="utf-8") + more, encoding="utf-8")


def found(box: Box, check: str, level: str = "wrong") -> list[tuple[str, str]]:
    """What is said of a thing, and what mends it; the command fails where something is wrong."""
    answer = box.run("doctor", "--json")
    lines = answer.json["checks"]
    bad = any(each["level"] == "wrong" for each in lines)
    assert (answer.status, answer.json["ok"]) == (int(bad), not bad)
    assert all(each["run"] for each in lines if each["level"] != "ok")
    return [
        (each["said"], each["run"])
        for each in lines
        if (each["check"], each["level"]) == (check, level)
    ]


def test_an_installation_that_is_well_has_nothing_wrong(box: Box) -> None:
    answer = box.run("doctor")
    assert answer.status == 0, answer.out
    assert answer.out.startswith("ok     settings ")
    assert "wrong" not in answer.out
    for check in ("settings", "master key", "database", "clock", "signing keys", "outbox"):
        assert found(box, check, "ok"), check
    assert box.events() == []


def test_settings_that_are_wrong_are_told_and_nothing_else_is_looked_at(alone: Box) -> None:
    say(alone, "\n[server]\nworkers = 'many'\n[unknown]\n")
    assert len(found(alone, "settings")) == 2
    assert {each["check"] for each in alone.run("doctor", "--json").json["checks"]} == {"settings"}


def test_a_group_may_read_the_master_key_and_everybody_may_not(alone: Box) -> None:
    """As `serve` has it: root's file, which the service's group may read, is as good as its own."""
    alone.key.chmod(0o640)
    assert found(alone, "master key", "ok")
    alone.key.chmod(0o644)
    [(said, mend)] = found(alone, "master key")
    assert "everybody may read it" in said
    assert mend == f"chmod o= {alone.key}"


def test_a_master_key_that_is_not_there_is_made_or_brought_back(alone: Box) -> None:
    alone.key.unlink()
    [(said, mend)] = found(alone, "master key")
    assert said.endswith("cannot be read: No such file or directory")
    assert mend.startswith("a new database: portvakt migrate makes it; else bring ")


def test_a_master_key_that_has_sealed_for_a_year_is_to_be_turned(alone: Box) -> None:
    made = date.today() - timedelta(days=400)  # noqa: DTZ011  # the day is all that is written
    alone.key.write_text(new_key_line("k1", made), encoding="utf-8")
    [(said, mend)] = found(alone, "master key", "warn")
    assert "400 days ago" in said
    assert mend == "portvakt rotate-keys sealing"


def test_a_database_that_is_not_there_is_made_or_started(tmp_path: Path) -> None:
    file = well(tmp_path, f"sqlite:///{tmp_path}/none.db")
    assert found(file, "database")[0][0].startswith("there is no database yet")
    assert not (tmp_path / "none.db").exists()
    server = well_at(tmp_path, f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    [(said, mend)] = found(server, "database")
    assert said.startswith("does not answer")
    assert "database_url" in mend


def well_at(folder: Path, url: str) -> Box:
    (folder / "other").mkdir()
    return well(folder / "other", url)


def test_tables_that_are_too_old_are_migrated_first(alone: Box) -> None:
    import sqlite3  # noqa: PLC0415 - one caller

    with sqlite3.connect(alone.folder / "portvakt.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    [(said, mend)] = found(alone, "database")
    assert "is at 0001" in said
    assert mend == "portvakt migrate"


def test_a_clock_that_differs_is_told_with_how_much(box: Box) -> None:
    box.move(minutes=5)
    if box.url.startswith("sqlite"):
        assert found(box, "clock", "ok") == [
            ("the database is a file here and has no clock of its own", "")
        ]
        return
    [(said, mend)] = found(box, "clock")
    assert "differs from the database's by 29" in said or "by 30" in said
    assert "set-ntp" in mend


def test_a_message_that_waits_too_long_says_that_nothing_drains_the_outbox(box: Box) -> None:
    message = Message(
        id="m1",
        channel="sms",
        to="+46701740605",
        body=b"sealed",
        purpose="sign_in",
        account_id=None,
        created_at=box.now,
        not_after=box.now + timedelta(hours=1),
        idempotency_key="m1",
    )

    async def act(unit: Unit) -> None:
        await unit.outbox.put(message)

    box.do(act)
    assert found(box, "outbox", "ok")[0][0].startswith("1 for sms")
    box.move(minutes=3)
    assert found(box, "outbox", "warn")
    box.move(minutes=15)
    [(said, mend)] = found(box, "outbox")
    assert "1 for sms, the oldest for 10" in said
    assert "portvakt work" in mend


def test_an_event_without_a_seal_says_that_nothing_works_in_the_background(box: Box) -> None:
    invited = PersonInvited(at=box.now)

    async def act(unit: Unit) -> None:
        await unit.audit.write(invited)

    box.do(act)
    assert not found(box, "worker")
    box.move(minutes=2)
    [(said, mend)] = found(box, "worker")
    assert said == (
        "the oldest event without a seal is 120 s old, and nothing was sealed in the last minute: "
        "nothing does the background work"
    )
    embedded = box.url.startswith("sqlite")
    assert mend == ("start portvakt serve" if embedded else "start portvakt work")

    async def seal(unit: Unit) -> None:
        keys = read_master_keys(box.key)
        chain = ChainKeys(keys.current, {keys.current: keys.derive("audit", keys.current)})
        await unit.audit_chain.seal(chain, box.now, 1)
        await unit.audit.write(invited)  # as old as those that an upgrade finds

    box.do(seal)
    [(said, mend)] = found(box, "worker", "warn")
    assert "120 s old, and events are sealed right now" in said
    assert mend.startswith("wait: after an upgrade")


def test_signing_keys_that_are_a_year_old_are_to_be_turned(box: Box) -> None:
    key = StoredKey(
        kid="k1",
        alg="RS256",
        sealed=b"sealed",
        state=KeyState.CURRENT,
        created_at=box.now - timedelta(days=400),
        changed_at=box.now - timedelta(days=400),
    )

    async def act(unit: Unit) -> None:
        await unit.signing_keys.put(key)

    box.do(act)
    [(said, mend)] = found(box, "signing keys", "warn")
    assert "400 days" in said
    assert mend == "portvakt rotate-keys signing"


def test_a_demo_and_a_network_that_is_everything_are_wrong(alone: Box) -> None:
    everything = make.network(id=NetworkId("all"), addresses=("10.0.0.0/8", "::/0"))

    async def act(unit: Unit) -> None:
        await unit.meta.set("demo", "1")
        await unit.configuration.put_networks([everything], "apply")

    alone.do(act)
    assert "demo" in found(alone, "database")[0][0]
    assert found(alone, "networks")[0][0].startswith("all holds more addresses than any")


def test_a_database_file_is_for_one_account_only(alone: Box) -> None:
    (alone.folder / "portvakt.db").chmod(0o644)
    [(said, mend)] = found(alone, "database")
    assert "mode 644" in said
    assert mend.startswith("chmod 600")


@pytest.mark.parametrize(
    ("free", "level"), [(100 * 1024**2, "wrong"), (1024**3, "warn"), (9 * 1024**3, "ok")]
)
def test_a_disk_that_fills_up_is_told_in_time(
    alone: Box, free: int, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(total=10**12, used=10**12 - free, free=free)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert found(alone, "disk", level)


def test_a_folder_that_is_missing_is_to_be_made(alone: Box) -> None:
    where = alone.folder / "none" / "p.db"
    alone.config.write_text(alone.config.read_text().replace(alone.url, f"sqlite:///{where}"))
    [(said, mend)] = found(alone, "disk")
    assert "is no folder" in said
    assert mend.startswith("install -d")


@pytest.mark.parametrize(
    ("left", "level"),
    [
        (timedelta(days=-1), Level.WRONG),
        (timedelta(hours=23), Level.WRONG),
        (timedelta(days=6), Level.WRONG),
        (timedelta(days=29), Level.WARN),
        (timedelta(days=31), Level.OK),
    ],
)
def test_f68_the_last_day_of_a_certificate_is_told_in_time(left: timedelta, level: Level) -> None:
    line = last_day("own TLS", NOW + left, NOW, "renew it")
    assert line.level is level
    assert line.run == ("" if level is Level.OK else "renew it")
    assert isinstance(line, Line)


def own_tls(box: Box, certificate: Path, key: Path) -> None:
    text = box.config.read_text(encoding="utf-8")
    box.config.write_text(text.replace("http://localhost", "https://localhost"), encoding="utf-8")
    say(
        box,
        f"\n[server]\ntls_certificate_file = '{certificate}'\ntls_key_file = '{key}'\n",
    )


def test_our_own_certificate_is_read_with_its_key(alone: Box) -> None:
    files = Authority(alone.folder / "ca").certificate("localhost")
    own_tls(alone, files.certificate, files.key)
    assert found(alone, "own TLS", "ok")


@pytest.mark.parametrize(
    ("days", "level", "said"),
    [
        (31.5, "ok", "the certificate holds until"),
        (29.5, "warn", ": 29 days"),
        (6.5, "wrong", ": 6 days"),
        (0.5, "wrong", ": 0 days"),
        (-1, "wrong", "the certificate ended"),
    ],
)
def test_f68_our_own_certificate_is_told_of_a_month_a_week_and_a_day_ahead(
    alone: Box, days: float, level: str, said: str
) -> None:
    authority = Authority(alone.folder / "ca")
    files = authority.certificate("localhost", lives=timedelta(days=days))
    own_tls(alone, files.certificate, files.key)
    [(told, mend)] = found(alone, "own TLS", level)
    assert said in told
    assert ("renew the certificate" in mend) is (level != "ok")


def test_a_certificate_that_ends_soon_or_has_another_key_is_wrong(alone: Box) -> None:
    authority = Authority(alone.folder / "ca")
    files = authority.certificate("localhost", lives=timedelta(days=3))
    own_tls(alone, files.certificate, files.key)
    assert found(alone, "own TLS")[0][0].endswith(": 2 days")
    other = authority.certificate("localhost")
    files.key.write_bytes(other.key.read_bytes())
    assert "key values mismatch" in found(alone, "own TLS")[0][0]


@pytest.mark.parametrize(
    ("more", "level"),
    [
        ("[proxies]\ntrusted = ['10.0.0.5/32']\n", "ok"),
        (
            "[server]\nlisten = '0.0.0.0:8000'\n[proxies]\ntrusted = ['10.0.0.5/32']\n",
            "warn",
        ),
        ("", "ok"),
    ],
)
def test_whose_word_counts_for_addresses_is_judged(alone: Box, more: str, level: str) -> None:
    say(alone, "\n" + more)
    assert found(alone, "proxies", level)


def test_https_that_nothing_speaks_is_wrong_and_a_name_that_nobody_knows_too(alone: Box) -> None:
    text = alone.config.read_text(encoding="utf-8")
    alone.config.write_text(text.replace("http://localhost:8000", "https://mfa.invalid"))
    assert "no proxy is trusted" in found(alone, "proxies")[0][0]
    [(said, mend)] = found(alone, "public_url")
    assert "mfa.invalid is in no name server" in said
    assert mend == "add mfa.invalid to the DNS"


def test_without_gateways_that_is_said(alone: Box) -> None:
    assert found(alone, "sms", "warn")
    assert found(alone, "mail", "warn")


def test_a_directory_that_is_away_is_told_with_its_own_words(alone: Box) -> None:
    ca_file, at = Authority(alone.folder / "ca").ca_file, f"ldaps://127.0.0.1:{free_port()}"
    more = 'group_pattern = "*"'
    say(alone, settings_of("ldap", at, ca_file, "cn=x", "dc=x", alone.folder, more))
    (alone.folder / "service").chmod(0o600)
    told = found(alone, f"directory {NAME}")
    assert told
    assert all(said.startswith(at) for said, _ in told)


def test_the_old_ways_of_asking_stay(alone: Box) -> None:
    assert "nothing is ever called" in alone.good("doctor", "network").out
    assert alone.run("doctor", "directory").status == 1
    assert alone.run("doctor", "--directory", "x").status == 2
