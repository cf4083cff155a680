"""Adapters by name: a package states a concept, each module in it is one way of doing it.

Settings name the module; nothing imports it. A module holds a frozen msgspec struct `Config`, whose
fields are its settings, with `open(tools)`, which returns the adapter.
"""

import importlib
import os
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from portvakt.core.secret import Secret

if TYPE_CHECKING:  # settings and most commands need names and structs, not drivers and key material
    from portvakt.crypto.passwords import PasswordHasher
    from portvakt.crypto.randomness import Random
    from portvakt.crypto.sealing import CodeMac
    from portvakt.crypto.vapid import VapidKey
    from portvakt.wire.http import HttpClient
    from portvakt.wire.outcomes import ReceiptSink

PushKeySource = Callable[[], Awaitable["VapidKey"]]
"""Reads the key that push services know us by. Raises RecordsUnavailable."""


class AdapterSettingsError(ValueError):
    """Settings that no adapter can be opened from; the message lists what exists."""


class SecretRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a secret lies: a file or an environment variable, never the secret itself."""

    file: str | None = None
    env: str | None = None

    def __post_init__(self) -> None:
        if (self.file is None) == (self.env is None):
            raise ValueError('a secret is { file = "…" } or { env = "…" }')

    def read(self) -> Secret:
        """Fetch the secret, without the line end it may have. Raises `AdapterSettingsError`."""
        if self.env is not None:
            value = os.environ.get(self.env, "")
            where = f"environment variable {self.env}"
        else:
            where = f"file {self.file}"
            try:
                value = Path(str(self.file)).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise AdapterSettingsError(f"{where} cannot be read") from error
        value = value.strip("\r\n")
        if not value:
            raise AdapterSettingsError(f"{where} is empty")
        return Secret(value)


@dataclass(frozen=True, slots=True)
class Tools:
    """What an adapter may use of the service. Built once, in each composition root."""

    random: "Random"
    hasher: "PasswordHasher"
    code_mac: "CodeMac"
    http: "HttpClient"
    public_host: str
    """The host of `public_url`."""
    organisation: str
    sender: str
    """The `From` of every mail: an address, with a name before it if wanted."""
    origin: str = ""
    """The origin of `public_url` as browsers write it; empty for what has no need of it."""
    push_key: PushKeySource | None = None
    """Only where phones are woken."""
    receipts: "ReceiptSink | None" = None
    """Where a text-message gateway with a line of its own puts the receipts that come on it."""


def names(package: str) -> tuple[str, ...]:
    """List the adapters that a package has."""
    path = importlib.import_module(package).__path__
    found = (module.name for module in pkgutil.iter_modules(path))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def config_type(package: str, name: str) -> type[msgspec.Struct]:
    """Return the settings struct of one adapter. Raises `AdapterSettingsError`."""
    known = names(package)
    if name not in known:
        raise AdapterSettingsError(f"there is no “{name}”; there is {', '.join(known)}")
    config: type[msgspec.Struct] = importlib.import_module(f"{package}.{name}").Config
    return config


def fill(package: str, name: str, settings: Mapping[str, Any]) -> Any:
    """Make the settings struct of one adapter. Raises `AdapterSettingsError`."""
    kind = config_type(package, name)
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    unknown = [key for key in settings if key not in known]
    if unknown:
        said = ", ".join(known) or "no settings"
        raise AdapterSettingsError(f"{name} does not know {', '.join(unknown)}; it knows {said}")
    try:
        return msgspec.convert(dict(settings), kind)
    except msgspec.ValidationError as error:
        raise AdapterSettingsError(f"{name}: {error}") from error


def open_adapter(package: str, name: str, settings: Mapping[str, Any], tools: Tools) -> Any:
    """Fill the settings struct of one adapter and open it. Raises `AdapterSettingsError`."""
    return fill(package, name, settings).open(tools)
