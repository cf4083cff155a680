"""The directories of the run, with what the service account needs for passwords."""

import pytest

from tests.directories.homes import AtSamba, AtSlapd, grant
from tests.servers.samba import Samba
from tests.servers.slapd import Slapd


@pytest.fixture(scope="session")
def at_samba(samba: Samba) -> AtSamba:
    grant(samba)
    return AtSamba(samba)


@pytest.fixture(scope="session")
def at_slapd(slapd: Slapd) -> AtSlapd:
    return AtSlapd(slapd)
