"""What objects of a directory are turned into, and groups that go round in circles."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.seen_people import Batch, Field, PersonSeen, RowDoubtful, RowRefused
from portvakt.directories.active_directory import reader as ad
from portvakt.directories.ldap import reader as openldap
from portvakt.journeys.sync_people.gathered import Gathered
from portvakt.ldap_people.attributes import Reader, attributes_of, day_of, instant_of
from portvakt.ldap_people.groups import Groups, Wanted, place_of
from portvakt.wire.ldap_values import Entry

UUID = "c329aafc-7afa-1041-9b7f-df7e3c3fe34e"


def entry(dn: str = "uid=anna", **values: str | list[str]) -> Entry:
    several = {name: [each] if isinstance(each, str) else each for name, each in values.items()}
    return Entry(dn, {name: [each.encode() for each in found] for name, found in several.items()})


def read(found: Entry, **mapping: str) -> list[object]:
    mapped = {"user_name": "uid", "family_name": "sn cn", **mapping}
    reader = Reader(
        attributes=attributes_of(mapped),
        id_of=openldap.id_of,
        is_off=openldap.is_off,
        end_of=openldap.no_end,
    )
    return list(reader.read(found, 7, None))


def person(found: Entry, **mapping: str) -> PersonSeen:
    (seen,) = read(found, **mapping)
    assert isinstance(seen, PersonSeen)
    return seen


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CN=Åsa Öberg,OU=Personal", "cn=åsa öberg, ou=personal"),
        (r"CN=Öberg\, Åsa,OU=P", r"cn=\C3\96berg\2C Åsa,ou=P"),
        (r"CN=a\+b,OU=P", r"cn=a\2bb,ou=p"),
        ("cn = a , ou = b", "CN=a,OU=b"),
    ],
)
def test_one_place_is_one_place_however_it_is_written(one: str, other: str) -> None:
    assert place_of(one) == place_of(other)


def test_an_escaped_comma_parts_nothing() -> None:
    assert place_of(r"CN=a\,OU=b,OU=c") != place_of("CN=a,OU=b,OU=c")


@given(st.text(max_size=40))
def test_no_name_of_an_object_breaks_the_reading(dn: str) -> None:
    assert isinstance(place_of(dn), str)


@pytest.mark.parametrize("by_members", [True, False])
def test_groups_in_a_circle_are_all_of_them_reached(*, by_members: bool) -> None:
    groups = Groups(Wanted(by_name={"CN=c": "ce"}, pattern="[ab]"), by_members)
    if by_members:
        groups.add(entry("cn=a", cn="A", member=["uid=anna", "cn=c"]), "1")
        groups.add(entry("cn=b", cn="B", member="cn=a"), "1")
        groups.add(entry("cn=c", cn="C", uniquemember=["CN=B", "uid=bo"]), "1")
    else:
        groups.add(entry("cn=a", cn="A", memberof="cn=b"), "1")
        groups.add(entry("cn=b", cn="B", memberof="CN=C"), "1")
        groups.add(entry("cn=c", cn="C", memberof=["cn=a", "cn=elsewhere"]), "1")
    groups.settle()
    assert groups.of(entry("UID=Anna", memberof="cn=a")) == ("a", "b", "ce")
    assert groups.of(entry("uid=bo", memberof="cn=c")) == ("a", "b", "ce")
    assert groups.of(entry("uid=nobody")) == ()


def test_the_mark_of_groups_changes_with_any_of_them() -> None:
    marks = set()
    for stamps in (("1", "1"), ("1", "2"), ("1",), ("1", "1")):
        groups = Groups(Wanted(by_name={}, pattern="*"), by_members=True)
        for number, stamp in enumerate(stamps):
            groups.add(entry(f"cn={number}", cn=str(number)), stamp)
        marks.add(groups.settle())
    assert len(marks) == 3


def test_a_field_is_taken_from_the_first_attribute_that_has_a_value() -> None:
    assert person(entry(entryuuid=UUID, uid="a", sn=" ", cn="Berg")).family_name == "Berg"
    assert (
        person(entry(entryuuid=UUID, uid="a", sn="A\u030angstr\u00f6m")).family_name == "Ångström"
    )


def test_a_field_that_the_mapping_leaves_out_is_unknown_and_one_without_value_is_empty() -> None:
    assert person(entry(entryuuid=UUID, uid="a")).title is None
    assert person(entry(entryuuid=UUID, uid="a"), title="title").title == ""
    assert person(entry(entryuuid=UUID, uid="a"), manager="manager").manager == ""


def test_who_has_no_id_is_refused_as_nobody_known() -> None:
    for broken in ({}, {"entryuuid": "nonsense"}):
        assert read(entry(uid="a", **broken)) == [RowRefused(7, Field.EXTERNAL_ID, "missing", None)]


def test_a090_control_characters_refuse_the_person() -> None:
    for bad in ("a\nb", "a\x00b", "a\u2028b"):
        (refused,) = read(entry(entryuuid=UUID, uid=bad))
        assert refused == RowRefused(7, Field.USER_NAME, "control_character", UUID)


def test_what_is_not_utf8_shows_and_breaks_nothing() -> None:
    broken = Entry("uid=a", {"entryuuid": [UUID.encode()], "uid": [b"a"], "sn": [b"\xc5sa"]})
    assert person(broken).family_name == "\N{REPLACEMENT CHARACTER}sa"


@pytest.mark.parametrize(
    "written", ["20261124120000Z", "20261124120000.0Z", "2026-11-24", "20261124"]
)
def test_days_are_read_as_directories_write_them(written: str) -> None:
    assert day_of(written) == date(2026, 11, 24)
    seen = person(entry(entryuuid=UUID, uid="a", when=written), start_date="when", end_date="when")
    assert seen.start_date == seen.end_date == date(2026, 11, 24)


@pytest.mark.parametrize("written", ["20261124120001Z", "20261124120001.0Z"])
def test_instants_are_read_to_the_second(written: str) -> None:
    assert instant_of(written) == datetime(2026, 11, 24, 12, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "written", [None, "", "000001010000Z", "00000101000000Z", "20261301000000Z", "2026112412Z"]
)
def test_what_is_no_instant_breaks_nothing(written: str | None) -> None:
    assert instant_of(written) is None


def test_a_day_that_nobody_can_read_is_told_and_left_out() -> None:
    doubtful, seen = read(entry(entryuuid=UUID, uid="a", when="soon"), start_date="when")
    assert doubtful == RowDoubtful(7, Field.START_DATE, "not_a_date")
    assert isinstance(seen, PersonSeen)
    assert seen.start_date is None


@pytest.mark.parametrize(
    ("values", "off"),
    [
        ({}, False),
        ({"pwdaccountlockedtime": "000001010000Z"}, True),
        ({"pwdaccountlockedtime": "20261122120000Z"}, False),
        ({"nsaccountlock": "TRUE"}, True),
        ({"nsaccountlock": "false"}, False),
    ],
)
def test_ldap_accounts_are_off_where_an_administrator_says_so(
    values: dict[str, str], *, off: bool
) -> None:
    assert openldap.is_off(entry(**values)) is off


@pytest.mark.parametrize(
    ("control", "off"), [("512", False), ("514", True), ("66050", True), ("", False), ("x", False)]
)
def test_active_directory_accounts_are_off_by_one_bit(control: str, *, off: bool) -> None:
    assert ad.is_off(entry(useraccountcontrol=control)) is off


@pytest.mark.parametrize("never", ["0", "9223372036854775807", "-5", "", "9223372036854775806"])
def test_an_account_that_never_ends_has_no_last_day(never: str) -> None:
    assert ad.end_of(entry(accountexpires=never)) is None


def test_an_account_ends_with_the_day_before_its_end() -> None:
    # Midnight in Sweden, winter and summer.
    for end in (datetime(2026, 11, 22, 23, tzinfo=UTC), datetime(2026, 7, 22, 22, tzinfo=UTC)):
        assert ad.end_of(entry(accountexpires=str(ad.filetime(end)))) == end.date()


def test_an_id_of_active_directory_is_written_as_its_tools_write_it() -> None:
    raw = bytes.fromhex("fcaa29c3fa7a41109b7fdf7e3c3fe34e")
    assert ad.id_of(Entry("cn=a", {"objectguid": [raw]})) == "c329aafc-7afa-1041-9b7f-df7e3c3fe34e"
    assert ad.id_of(Entry("cn=a", {"objectguid": [b"short"]})) is None


def test_what_was_gathered_comes_out_as_often_as_asked_with_managers_by_id() -> None:
    anna = person(entry(entryuuid=UUID, uid="anna", manager="UID=Bo,OU=x"), manager="manager")
    bo = person(
        entry(entryuuid=UUID.replace("c", "d"), uid="bo", manager="uid=gone"), manager="manager"
    )
    gathered = Gathered("region", frozenset())
    gathered.add(Batch(seen=[anna, RowDoubtful(7, "title", "odd")], places={"uid=anna,ou=x": "A"}))
    gathered.add(Batch(seen=[RowRefused(7, "title", "odd", None), bo]))
    assert gathered.unknown_managers == {"uid=bo,ou=x", "uid=gone"}
    gathered.know({"uid=bo,ou=x": "B"})
    for _ in range(2):
        people = [each for each in gathered.people() if isinstance(each, PersonSeen)]
        assert [(each.user_name, each.manager, each.row) for each in people] == [
            ("anna", "B", 1),
            ("bo", "", 2),
        ]
    assert gathered.names({2}) == {2: "bo"}
    gathered.clear()
    assert list(gathered.people()) == []
    gathered.close()
