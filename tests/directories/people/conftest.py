"""Each test here runs against every kind of directory, for real."""

from pathlib import Path

import pytest

from tests.cli.box import Box
from tests.directories.people.branches import ActiveDirectoryBranch, Branch, OpenLdapBranch


@pytest.fixture(params=["openldap", "active_directory"])
def branch(request: pytest.FixtureRequest) -> Branch:
    if request.param == "openldap":
        return OpenLdapBranch(request.getfixturevalue("slapd"))
    return ActiveDirectoryBranch(request.getfixturevalue("samba"))


@pytest.fixture
def box(branch: Branch, tmp_path: Path, sqlite_url: str) -> Box:
    return Box.make(tmp_path, sqlite_url, branch.settings(tmp_path, 'group_pattern = "*"'))
