"""`[kerberos]` of the settings; see `structs.py`."""

import msgspec


class Kerberos(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Signing in with the computer's account, in place of the password; [how](kerberos.md)."""

    keytab_file: str
    """The keys of our service, which a domain controller has written to a file."""
    networks: tuple[str, ...]
    """Networks (their ids in the state file) where it is tried and taken; nowhere else."""
    realms: dict[str, str]
    """Each Kerberos realm, in capitals, and the directory (its `name`) of the people in it."""
    service: str | None = None
    """Our service's name. Without it, `HTTP/<host of public_url>@<realm>` for each realm named."""
