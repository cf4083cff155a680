"""Directories for the stories in which a password lives in one."""

from tests.directories.conftest import at_samba, at_slapd

__all__ = ["at_samba", "at_slapd"]
