"""What a test domain holds, and how Samba's own Python puts it there."""

from collections.abc import Mapping, Sequence

from tests.servers.region import Somebody
from tests.servers.slapd import escaped, ldif

REALM = "CORP.PORTVAKT.TEST"
BASE = "DC=corp,DC=portvakt,DC=test"
PEOPLE_BASE = f"OU=Personal,{BASE}"
GROUP_BASE = f"OU=Grupper,{BASE}"
PASSWORD = "Vinter-Sommar-2026!"

BACKDATE = """
import sys, ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

conf, name, value = sys.argv[1:]
settings = LoadParm()
settings.load(conf)
file = settings.private_path("sam.ldb")
sam = SamDB(url=file, session_info=system_session(settings), lp=settings)
found = sam.search(expression=f"(sAMAccountName={ldb.binary_encode(name)})", attrs=[])
message = ldb.Message(found[0].dn)
message["pwdLastSet"] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, "pwdLastSet")
sam.modify(message, controls=["local_oid:1.3.6.1.4.1.7165.4.3.12:0"])
"""

FILL = """
import sys, ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

settings = LoadParm()
settings.load(sys.argv[1])
file = settings.private_path("sam.ldb")
sam = SamDB(url=file, session_info=system_session(settings), lp=settings)
sam.transaction_start()
for _, message in sam.parse_ldif(sys.stdin.read()):
    password = message.get("clearTextPassword", idx=0)
    if password is not None:
        del message["clearTextPassword"]
        message["clearTextPassword"] = bytes(password).decode().encode("utf-16-le")
    sam.add(message)
sam.transaction_commit()
"""


def quoted(password: str) -> bytes:
    """A password as `unicodePwd` takes it."""
    return f'"{password}"'.encode("utf-16-le")


def filetime(seconds: float) -> str:
    """Seconds since 1970 as Active Directory counts: 100 ns since 1601."""
    return str(int((seconds + 11_644_473_600) * 10_000_000))


def person_dn(one: Somebody) -> str:
    return f"CN={escaped(one.name)},{PEOPLE_BASE}"


def person_ldif(one: Somebody, managers: Mapping[str, Somebody]) -> str:
    values: dict[str, str | Sequence[str]] = {
        "objectClass": "user",
        "sAMAccountName": one.user_name,
        "userPrincipalName": f"{one.user_name}@{REALM.lower()}",
        "displayName": one.name,
        "givenName": one.given_name,
        "sn": one.family_name,
        "mail": one.email,
        "title": one.title,
        "department": one.unit,
        "employeeID": one.number,
        "userAccountControl": "514" if one.state == "disabled" else "512",
    }
    if one.mobile:
        values["mobile"] = one.mobile
    if one.manager in managers:
        values["manager"] = person_dn(managers[one.manager])
    if one.state == "account_expired":
        values["accountExpires"] = filetime(1_600_000_000)
    if one.state == "must_change":
        values["pwdLastSet"] = "0"
    values["clearTextPassword"] = PASSWORD
    return ldif(person_dn(one), values)
