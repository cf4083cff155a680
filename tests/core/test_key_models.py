"""Which models of keys an organisation takes."""

from dataclasses import replace
from datetime import date
from itertools import combinations

import pytest

from portvakt.core.key_models import (
    COMPROMISED,
    NO_MODELS,
    KeyDemand,
    KeyModel,
    KeyModels,
    Report,
    ShownKey,
    Unfit,
    read_demand,
    unfit,
    written_demand,
)

TODAY = date(2026, 11, 23)
MODEL = KeyModel(
    id="5ca1ab1e-0000-4000-8000-00000000cafe",
    name="Modell 5",
    reports=(Report("NOT_FIDO_CERTIFIED"), Report("FIDO_CERTIFIED_L2", date(2026, 1, 1))),
)
KEY = ShownKey(aaguid=MODEL.id, copied=False, model=MODEL, attested=True)
DEMANDS = (
    KeyDemand(),
    KeyDemand(device_bound=True),
    KeyDemand(level=0),
    KeyDemand(level=2),
    KeyDemand(level=3),
    KeyDemand(models=frozenset({MODEL.id})),
    KeyDemand(models=frozenset({"MODELL 5", "another"})),
    KeyDemand(models=frozenset({"another"})),
)


def model(*statuses: str) -> KeyModel:
    return replace(MODEL, reports=tuple(Report(each) for each in statuses))


@pytest.mark.parametrize(
    ("demand", "found"),
    [
        *((each, None) for each in DEMANDS[:4]),
        (DEMANDS[4], Unfit.LEVEL),
        *((each, None) for each in DEMANDS[5:7]),
        (DEMANDS[7], Unfit.MODEL),
    ],
)
def test_a_key_is_held_to_what_an_entry_asks(demand: KeyDemand, found: Unfit | None) -> None:
    assert unfit(KEY, [demand], TODAY) == found


@pytest.mark.parametrize("demand", DEMANDS)
@pytest.mark.parametrize(
    "unproved",
    [
        replace(KEY, attested=False),
        replace(KEY, attested=False, model=None),
        replace(KEY, attested=True, model=None),
    ],
)
def test_what_nobody_vouches_for_is_not_taken_where_anything_is_asked(
    demand: KeyDemand, unproved: ShownKey
) -> None:
    assert unfit(unproved, [demand], TODAY) is Unfit.UNPROVED
    assert unfit(unproved, [], TODAY) is None


def test_a_key_that_may_be_copied_is_not_bound_to_a_device() -> None:
    copied = replace(KEY, copied=True)
    assert unfit(copied, [KeyDemand(device_bound=True)], TODAY) is Unfit.COPIED
    assert unfit(copied, [KeyDemand(level=1)], TODAY) is None


@pytest.mark.parametrize("status", sorted(COMPROMISED))
def test_a_model_in_trouble_is_taken_by_nobody_whether_it_is_proved_or_not(status: str) -> None:
    bad = model("FIDO_CERTIFIED_L2", status, "UPDATE_AVAILABLE", "FIDO_CERTIFIED_L3")
    for attested in (True, False):
        for demands in ((), DEMANDS[:1]):
            key = replace(KEY, model=bad, attested=attested)
            assert unfit(key, demands, TODAY) is Unfit.TROUBLE
    assert KeyModels([bad]).in_trouble(TODAY) == {bad.id: status}


def test_what_is_said_for_later_does_not_count_yet() -> None:
    later = replace(MODEL, reports=(*MODEL.reports, Report("REVOKED", date(2026, 11, 24))))
    assert later.trouble(TODAY) is None
    assert later.trouble(date(2026, 11, 24)) == "REVOKED"


@pytest.mark.parametrize(
    ("statuses", "level"),
    [
        ((), None),
        (("NOT_FIDO_CERTIFIED",), None),
        (("SELF_ASSERTION_SUBMITTED",), None),
        (("FIDO_CERTIFIED",), 0),
        (("FIDO_CERTIFIED_L1",), 1),
        (("FIDO_CERTIFIED_L1plus",), 1),
        (("FIDO_CERTIFIED_L2", "FIDO_CERTIFIED_L1"), 2),
        (("FIDO_CERTIFIED_L3plus", "UPDATE_AVAILABLE"), 3),
        (("FIDO_CERTIFIED_L3", "NOT_FIDO_CERTIFIED"), None),
        (("FIDO_CERTIFIED_L3", "REVOKED", "FIDO_CERTIFIED_L1"), 1),
    ],
)
def test_how_far_a_model_is_certified(statuses: tuple[str, ...], level: int | None) -> None:
    assert model(*statuses).level(TODAY) == level


def test_one_more_demand_never_opens_a_way_and_their_order_does_not_matter() -> None:
    keys = [
        replace(KEY, copied=copied, attested=attested, model=known)
        for copied in (False, True)
        for attested in (False, True)
        for known in (MODEL, model("FIDO_CERTIFIED"), None)
    ]
    for key in keys:
        for size in range(3):
            for demands in combinations(DEMANDS, size):
                alone = unfit(key, demands, TODAY)
                assert (alone is None) == (unfit(key, demands[::-1], TODAY) is None)
                for more in DEMANDS:
                    assert alone is None or unfit(key, [*demands, more], TODAY) is not None


def test_a_model_is_found_by_its_aaguid_and_by_a_part_of_its_name() -> None:
    other = replace(MODEL, id="0ddba11d-0000-4000-8000-00000000beef", name="Annan nyckel")
    models = KeyModels([MODEL, other])
    assert models.find(MODEL.id.upper()) == (MODEL,)
    assert models.find("nyckel") == (other,)
    assert models.find("") == (other, MODEL)
    assert models.name(MODEL.id) == "Modell 5"
    assert NO_MODELS.name(MODEL.id) == ""


@pytest.mark.parametrize(
    ("said", "demand"),
    [
        (None, None),
        ("device-bound", KeyDemand(device_bound=True)),
        ("certified", KeyDemand(level=0)),
        ("certified-1", KeyDemand(level=1)),
        ("certified-3", KeyDemand(level=3)),
        (["Modell 5", MODEL.id], KeyDemand(models=frozenset({"Modell 5", MODEL.id}))),
    ],
)
def test_what_an_entry_asks_is_read_and_written_as_it_was(
    said: str | list[str] | None, demand: KeyDemand | None
) -> None:
    assert read_demand(said) == demand
    written = written_demand(demand)
    assert read_demand(written) == demand
    assert written == (sorted(said) if isinstance(said, list) else said)


def test_any_key_is_nothing_that_is_asked_and_no_key_is_not_asked_for_here() -> None:
    assert read_demand("any") is None
    with pytest.raises(ValueError, match="is none of any, device-bound, certified"):
        read_demand("certified-4")
    with pytest.raises(ValueError, match="leave passkey out of may_register"):
        read_demand([])
