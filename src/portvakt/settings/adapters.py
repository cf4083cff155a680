"""The part of `[[sms]]`, `[[directories]]`, `[mail]`, `[wake]` that is an adapter's, and how it is.

Settings know `gateway` (or `kind`) and a few common keys; every other key is the adapter's, and is
kept in `options` for `portvakt.plugins.open_adapter`, but judged by the adapter's own struct. Its
problems are found with their lines all the same.
"""

import typing
from typing import Any

import msgspec

from portvakt.core.secret import Secret
from portvakt.plugins import AdapterSettingsError, SecretRef, config_type
from portvakt.plugins import fill as filled
from portvakt.settings.environment import parse
from portvakt.settings.structs import Directory, Mail, Settings, Sms, Wake
from portvakt.strict_toml import Problems, fill
from portvakt.toml_places import Path
from portvakt.wake import destination_of
from portvakt.wire.ldap_values import Reach, Server, UnsafeServerError

_NO_VALUE = 'a secret is a file or a variable, never a value: { file = "…" } or { env = "…" }'


def part(table: dict[str, Any], problems: Problems) -> None:
    """Move the keys that are an adapter's own into `options`, where its `Config` meets them."""
    tables: list[tuple[Path, Any, str, type[msgspec.Struct]]] = [
        (("mail",), table.get("mail"), "portvakt.mail", Mail),
        (("wake",), table.get("wake"), "portvakt.wake", Wake),
    ]
    several: tuple[tuple[str, type[msgspec.Struct]], ...] = (
        ("sms", Sms),
        ("directories", Directory),
    )
    for name, struct in several:
        if isinstance(table.get(name), list):
            package = f"portvakt.{name}"
            tables += [((name, at), each, package, struct) for at, each in enumerate(table[name])]
    for path, each, package, kind in tables:
        if isinstance(each, dict):
            ours = set(kind.__struct_fields__) - {"options"}
            options = {key: each.pop(key) for key in list(each) if key not in ours}
            adapter = each.get("kind" if kind is Directory else "gateway")
            _from_environment(package, adapter, options, path, problems)
            each["options"] = options


def check_adapters(settings: Settings, problems: Problems) -> None:
    """Note what each adapter says of its options, and names that are no adapter's."""
    for at, sms in enumerate(settings.sms):
        _check("portvakt.sms", sms.gateway, sms.options, ("sms", at), problems)
    if settings.mail is not None:
        _check("portvakt.mail", settings.mail.gateway, settings.mail.options, ("mail",), problems)
    if settings.wake is not None:
        waking = settings.wake
        config = _check("portvakt.wake", waking.gateway, waking.options, ("wake",), problems)
        for at, entry in enumerate(config.hosts if config is not None else ()):
            if destination_of(entry).is_local:
                problems.warn(
                    ("wake", "hosts", at),
                    f"“{entry}” is this machine: no phone is woken from there",
                )
    for at, directory in enumerate(settings.directories):
        _check_directory(directory, ("directories", at), problems)


def _check_directory(directory: Directory, path: Path, problems: Problems) -> None:
    """Judge one directory, and whether passwords are safe on their way to it (A081)."""
    if directory.kind == "staff_csv":
        problems.add((*path, "kind"), "a file is taken in by `portvakt import-staff`")
        return
    package = "portvakt.directories"
    config = _check(package, directory.kind, directory.options, path, problems, by="kind")
    if config is None:
        return
    if not config.people_filter.startswith("(") or not config.people_filter.endswith(")"):
        problems.add((*path, "people_filter"), "is not a filter such as (objectClass=person)")
    try:
        Reach(
            servers=[Server(each) for each in config.servers],
            bind_dn=config.bind_dn,
            bind_password=lambda: Secret(""),  # nothing is opened here
            start_tls=config.start_tls,
            plain_on_loopback=getattr(config, "plain_on_loopback", False),
        )
    except UnsafeServerError as error:
        problems.add((*path, "servers"), str(error))


def push_hosts(settings: Settings) -> tuple[str, ...]:
    """List the push services that phones may be woken by; none where no phone is woken.

    They are for `portvakt.wake.allowed_endpoint`. Raises `AdapterSettingsError`.
    """
    if settings.wake is None:
        return ()
    config = filled("portvakt.wake", settings.wake.gateway, settings.wake.options)
    hosts: tuple[str, ...] = config.hosts
    return hosts


def _check(
    package: str,
    name: str,
    options: dict[str, Any],
    path: Path,
    problems: Problems,
    by: str = "gateway",
) -> Any:
    """Return the adapter's struct, or None where it has problems."""
    try:
        kind = config_type(package, name)
    except AdapterSettingsError as error:
        problems.add((*path, by), str(error))
        return None
    judged = dict(options)
    for key, hint in typing.get_type_hints(kind).items():
        if _holds_secret(hint) and isinstance(options.get(key), str):
            problems.add((*path, key), _NO_VALUE)
            judged[key] = {"file": ""}  # so that it is not missing as well
    return fill(kind, judged, problems, path)


def _from_environment(
    package: str, name: Any, options: dict[str, Any], path: Path, problems: Problems
) -> None:
    """Give options from variables the type their adapter wants; a secret stays in its variable."""
    mine = {key: problems.names[(*path, key)] for key in options if (*path, key) in problems.names}
    if not mine or not isinstance(name, str):
        return
    try:
        hints = typing.get_type_hints(config_type(package, name))
    except AdapterSettingsError:
        return  # `check_adapters` says so
    for key, variable in mine.items():
        hint = hints.get(key, str)
        if _holds_secret(hint):
            options[key] = {"env": variable}
        else:
            options[key] = parse(options[key], hint)


def _holds_secret(hint: Any) -> bool:
    return hint is SecretRef or SecretRef in typing.get_args(hint)
