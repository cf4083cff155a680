"""What every part of the web server is built over: made from the settings once, in one place."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.break_glass import SOURCE
from portvakt.core.directory_events import DirectoryAnswers, DirectorySilent
from portvakt.core.ids import NetworkId
from portvakt.core.key_models import NO_MODELS, KeyModels
from portvakt.core.networks import Network
from portvakt.crypto.device_certificates import DeviceAuthority
from portvakt.crypto.passwords import PasswordHasher
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import CodeMac, MasterKeys, Sealer
from portvakt.directories import Directory
from portvakt.known_directories import open_tickets
from portvakt.known_key_models import key_metadata
from portvakt.locations import Locations
from portvakt.methods import SignInMethod
from portvakt.plugins import Tools, open_adapter
from portvakt.proving.ask import CodeSender
from portvakt.proving.directory_age import DirectoryAges, Span
from portvakt.proving.directory_passwords import Asked, DirectoryPasswords, Tell
from portvakt.proving.gate import Gate
from portvakt.proving.notices import Notices
from portvakt.proving.our_devices import OurDevices
from portvakt.proving.phone_requests import PhoneRequests
from portvakt.proving.rules import Rules
from portvakt.proving.stolen_cookies import StolenCookies
from portvakt.proving.text_limits import TextLimiter
from portvakt.proving.tickets import Tickets
from portvakt.records.configuration import no_country
from portvakt.records.unit import Records
from portvakt.settings import Settings
from portvakt.settings.structs import span
from portvakt.telling_people import notices_of
from portvakt.text_settings import code_text_of, text_limits
from portvakt.texts import Texts
from portvakt.web.made_guide import NO_GUIDE, MadeGuide
from portvakt.web.site import Logo, Organisation, Site, origin_of
from portvakt.wire.http import HttpClient
from portvakt.wire.outward import Outward

Clock = Callable[[], datetime]
Pause = Callable[[timedelta], Awaitable[None]]

PARTS = {"registration": "/security-info", "reset": "/reset", "apps": "/apps"}
"""Where the names in `[hosts]` lead."""
SIX_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """One of each."""

    settings: Settings
    clock: Clock
    random: Random
    pause: Pause
    keys: MasterKeys
    records: Records
    hasher: PasswordHasher
    sealer: Sealer
    site: Site
    rules: Rules
    gate: Gate
    notices: Notices
    methods: Mapping[AuthenticatorType, SignInMethod]
    sender: CodeSender
    requests: PhoneRequests
    directories: Mapping[str, Directory]
    directory_passwords: DirectoryPasswords
    directory_ages: DirectoryAges
    tickets: Tickets
    outward: Outward
    our_devices: OurDevices | None
    key_models: KeyModels
    locations: Locations | None


def base_of(
    settings: Settings,
    *,
    clock: Clock,
    random: Random,
    pause: Pause,
    keys: MasterKeys,
    records: Records,
    hasher: PasswordHasher,
    directories: Mapping[str, Directory],
    outward: Outward,
    asked: Asked | None = None,
) -> Base:
    """Make them; `asked` counts what directories say.

    Raises `ValueError` and `OSError` for settings that cannot be used.
    """
    sealer, texts = Sealer(keys), Texts.load()
    places = _locations(settings)
    rules = _rules(settings, records, places)
    methods = _methods(settings, random, hasher, keys)
    notices = notices_of(settings, sealer, random=random, texts=texts)
    devices = _our_devices(settings, records, sealer)
    six = settings.authenticator.digits_after_password == SIX_DIGITS
    return Base(
        settings=settings,
        clock=clock,
        random=random,
        pause=pause,
        keys=keys,
        records=records,
        hasher=hasher,
        sealer=sealer,
        site=_site(settings, texts, random),
        rules=rules,
        gate=_gate(settings, records, rules, clock, devices, notices),
        notices=notices,
        methods=methods,
        sender=_sender(settings, methods, random=random, sealer=sealer, texts=texts, rules=rules),
        requests=PhoneRequests(random=random, sealer=sealer, notices=notices, six=six),
        directories=directories,
        directory_ages=_ages(settings, records),
        tickets=open_tickets(settings, directories),
        outward=outward,
        our_devices=devices,
        key_models=_key_models(settings, clock()),
        locations=places,
        directory_passwords=directory_passwords(settings, directories, records, clock, asked=asked),
    )


def _key_models(settings: Settings, now: datetime) -> KeyModels:
    """Return the models of keys that the settings know. Raises `ValueError`."""
    metadata = key_metadata(settings, now)
    return NO_MODELS if metadata is None else metadata.models


def directory_passwords(
    settings: Settings,
    directories: Mapping[str, Directory],
    records: Records,
    clock: Clock,
    actor: str = "web",
    asked: Asked | None = None,
) -> DirectoryPasswords:
    """Return the door to those directories whose passwords hold here."""
    return DirectoryPasswords(
        {each.name: directories[each.name] for each in settings.directories if each.passwords},
        tell=_teller(records, clock, actor),
        asked=asked,
    )


def _teller(records: Records, clock: Clock, actor: str) -> Tell:
    """Return what writes that a directory fell silent, or answers again."""

    async def tell(directory: str, why: str | None) -> None:
        at = clock()
        event = (
            DirectoryAnswers(at=at, actor=actor, directory=directory)
            if why is None
            else DirectorySilent(at=at, actor=actor, directory=directory, why=why)
        )
        await records.write(lambda unit: unit.audit.write(event))

    return tell


def _ages(settings: Settings, records: Records) -> DirectoryAges:
    spans = {
        each.name: Span(span(each.sync_every), span(each.grace), each.passwords)
        for each in settings.directories
    }
    return DirectoryAges(spans, records)


def _sender(
    settings: Settings,
    methods: Mapping[AuthenticatorType, SignInMethod],
    *,
    random: Random,
    sealer: Sealer,
    texts: Texts,
    rules: Rules,
) -> CodeSender:
    return CodeSender(
        method=methods[AuthenticatorType.SMS_CODE],
        random=random,
        sealer=sealer,
        text=code_text_of(settings, texts),
        limiter=TextLimiter(text_limits(settings)),
        rules=rules,
    )


def _gate(
    settings: Settings,
    records: Records,
    rules: Rules,
    clock: Clock,
    devices: OurDevices | None,
    notices: Notices,
) -> Gate:
    stolen = StolenCookies(records, notices) if settings.risk.stolen_cookie == "on" else None
    return Gate(records=records, rules=rules, clock=clock, devices=devices, stolen=stolen)


def _our_devices(settings: Settings, records: Records, sealer: Sealer) -> OurDevices | None:
    """Return what knows our own devices. Raises `ValueError` and `OSError`."""
    ours = settings.devices
    if ours.authority_file is None:
        return None
    return OurDevices(
        records=records,
        sealer=sealer,
        authority=DeviceAuthority.read(Path(ours.authority_file).read_bytes()),
        lists=ours.revocation_lists,
        lists_live=span(ours.lists_count_for),
        shown_for=span(ours.shown_for),
    )


def _host(settings: Settings) -> str:
    return urlsplit(settings.public_url).hostname or ""


def _logo(file: str | None) -> Logo | None:
    if file is None:
        return None
    path = Path(file)
    return Logo(name=f"logo{path.suffix.lower()}", content=path.read_bytes())


def _site(settings: Settings, texts: Texts, random: Random) -> Site:
    hosts = {name: path for part, path in PARTS.items() for name in getattr(settings.hosts, part)}
    organisation = settings.organisation
    return Site(
        public_url=settings.public_url,
        organisation=Organisation(
            name=organisation.name,
            colour=organisation.colour,
            support_phone=organisation.support_phone,
            logo=_logo(organisation.logo_file),
        ),
        texts=texts,
        random_bytes=random.bytes,
        hosts=hosts,
        app_host=settings.hosts.authenticator,
        device_host=settings.hosts.device,
        trusted_proxies=tuple(ip_network(each) for each in settings.proxies.trusted),
        guide=NO_GUIDE if settings.guide.folder is None else MadeGuide(Path(settings.guide.folder)),
    )


def _methods(
    settings: Settings, random: Random, hasher: PasswordHasher, keys: MasterKeys
) -> dict[AuthenticatorType, SignInMethod]:
    """Open every method there is; which of them a person meets is for what is bound to decide."""
    tools = Tools(
        random=random,
        hasher=hasher,
        code_mac=CodeMac(keys),
        http=HttpClient(()),  # no method reaches out
        public_host=_host(settings),
        origin=origin_of(settings.public_url),
        organisation=settings.organisation.name,
        sender="",
    )
    return {
        kind: open_adapter("portvakt.methods", kind.value, {}, tools) for kind in AuthenticatorType
    }


def _locations(settings: Settings) -> Locations | None:
    """Return what tells where addresses are. Raises ValueError where it cannot be read."""
    file = settings.locations.database
    return Locations.read(Path(file)) if file else None


def _rules(settings: Settings, records: Records, places: Locations | None) -> Rules:
    return Rules(
        records,
        text_limits(settings),
        country_of=no_country if places is None else places.country,
        break_glass_at=_break_glass_at(settings),
    )


def _break_glass_at(settings: Settings) -> tuple[Network, ...]:
    """Return from where alone break-glass accounts may be used."""
    addresses = settings.break_glass.networks
    return (Network(NetworkId(SOURCE), SOURCE, addresses),) if addresses else ()
