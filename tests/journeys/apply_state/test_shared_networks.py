"""`shared = true` on a network: computers there are used by many people in turn."""

import tomllib
from pathlib import Path

import pytest
import tomli_w

from tests.cli.box import Box
from tests.journeys.apply_state.test_apply import apply, configuration, put, region

WARD = {"id": "ward", "name": "Avdelning 7", "addresses": ["10.20.7.0/24"]}


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    box = Box.make(tmp_path, database_url)
    apply(box, region(networks=[*region()["networks"], WARD]))
    return box


def test_a_network_is_made_shared_and_an_own_one_again(box: Box) -> None:
    shared = region(networks=[*region()["networks"], WARD | {"shared": True}])
    dry = box.good("apply", put(box, shared), "--dry-run").out
    assert "~ network ward" in dry
    assert "shared" in dry
    assert [each.shared for each in configuration(box).networks] == [False, False]
    assert apply(box, shared) == {("network", "ward", "changed")}
    assert {each.id for each in configuration(box).networks if each.shared} == {"ward"}
    changed = next(each for each in box.events() if each.name == "configuration.changed")
    assert changed.detail["fields"] == ["shared"]
    assert apply(box, shared) == set()
    assert apply(box, region(networks=[*region()["networks"], WARD])) == {
        ("network", "ward", "changed")
    }
    assert not any(each.shared for each in configuration(box).networks)


def test_export_writes_it_only_where_it_is_so(box: Box) -> None:
    shared = region(networks=[*region()["networks"], WARD | {"shared": True}])
    apply(box, shared)
    written = tomllib.loads(box.good("export").out)
    assert {each["id"]: each.get("shared") for each in written["networks"]} == {
        "lan": None,
        "ward": True,
    }
    again = box.write("again.toml", tomli_w.dumps(written))
    assert box.good("apply", again, "--json").json["changes"] == []


def test_anything_but_true_and_false_is_refused(box: Box) -> None:
    answer = box.run("apply", put(box, region(networks=[WARD | {"shared": "yes"}])))
    assert answer.status == 1
    assert "shared" in answer.err
