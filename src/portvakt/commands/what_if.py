"""`portvakt what-if PERSON`: what would be asked of somebody, somewhere, and what would do."""

import ipaddress
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from portvakt.commands.countries import country_of
from portvakt.commands.opening import Opened, find_person, in_records, person_argument
from portvakt.commands.shell import CommandError, Shell, print_json
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.explaining import explain
from portvakt.core.first_registration import Basis, First
from portvakt.core.ids import ClientId, NetworkId
from portvakt.core.people import Account
from portvakt.core.policy import OWN_PAGES, RuleState, networks_of
from portvakt.core.relying_parties import RelyingParty
from portvakt.core.signals import Action, ClientKind, Device, Platform, Risk, Signals
from portvakt.journeys.apply_state.draft import load_draft
from portvakt.proving.destination import asks_itself
from portvakt.proving.finish import FirstPolicy
from portvakt.proving.held import held
from portvakt.proving.rules import kind_of, reason_of
from portvakt.proving.supposing import Prospect, suppose
from portvakt.records import Configuration, Standing, Unit
from portvakt.risk_settings import risk_policy

EXAMPLE = "portvakt what-if anna.berg --app journal --address 203.0.113.7"


def arguments(parser: ArgumentParser) -> None:
    """Take whom it is about, and the facts that rules look at."""
    person_argument(parser)
    parser.add_argument("--app", default=OWN_PAGES, help="which app is opened (our own pages)")
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--address", type=_address, help="from where; without it from outside, where nobody knows"
    )
    place.add_argument(
        "--network",
        dest="networks",
        action="append",
        metavar="NETWORK",
        help="from a named network; may be given more than once",
    )
    parser.add_argument("--device", choices=list(map(str, Device)), default=str(Device.OTHER))
    parser.add_argument(
        "--known-browser",
        action="store_true",
        help="in a browser in which the person asked not to be asked again",
    )
    parser.add_argument("--at", type=_time, metavar="TIME", help="when, as 2026-11-23T22:00 (now)")
    parser.add_argument("--action", choices=list(map(str, Action)), default=str(Action.SIGN_IN))
    parser.add_argument("--platform", choices=list(map(str, Platform)), help="what it runs on")
    parser.add_argument(
        "--client-kind", choices=list(map(str, ClientKind)), help="how the app asks (by its entry)"
    )
    parser.add_argument(
        "--country",
        type=_country,
        metavar="SE",
        help="in which country it is; the address tells, where [locations] names a database",
    )
    parser.add_argument(
        "--risk", choices=list(map(str, Risk)), action="append", default=[], help="what is amiss"
    )
    parser.add_argument(
        "--draft",
        metavar="FILE",
        type=Path,
        help="judge by the rules of this state file instead of those that are stored",
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not an address such as 203.0.113.7") from error


def _country(text: str) -> str:
    if len(text) != 2 or not (text.isascii() and text.isalpha()):  # noqa: PLR2004 - ISO 3166-1
        raise ArgumentTypeError(f"{text!r} is not a country such as SE")
    return text.upper()


def _time(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a time such as 2026-11-23T22:00") from error
    return read if read.tzinfo else read.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Answer:
    account: Account
    app: RelyingParty | None
    signals: Signals
    configuration: Configuration
    prospect: Prospect
    warnings: tuple[str, ...]


def run(args: Namespace, shell: Shell) -> int:
    """Say what would happen; nothing does."""

    async def work(opened: Opened) -> _Answer:
        async def act(unit: Unit) -> _Answer:
            standing = await find_person(unit, args, shell, break_glass=True)
            if args.draft is None:
                return _judge(args, opened, standing, await unit.configuration.load())
            _, draft = await load_draft(unit, args.draft)
            answer = _judge(args, opened, standing, draft.configuration)
            return replace(answer, warnings=tuple(map(str, draft.warnings)))

        return await opened.records.write(act)

    answer = in_records(shell, work)
    for warning in answer.warnings:
        print(f"{args.draft}: warning: {warning}", file=sys.stderr)
    if args.json:
        print_json(_as_json(answer))
    else:
        _print(answer)
    return 0


def _judge(
    args: Namespace, opened: Opened, standing: Standing, configuration: Configuration
) -> _Answer:
    standing = held(standing, configuration)
    app = None if args.app == OWN_PAGES else configuration.app(args.app)
    if app is None and args.app != OWN_PAGES:
        raise CommandError(f"there is no app {args.app!r}; `portvakt app list` names them")
    signals = _signals(args, opened, standing.account, app, configuration)
    registration = opened.settings.registration
    prospect = suppose(
        configuration,
        standing.account,
        standing.authenticators,
        signals,
        policy=FirstPolicy(first=First(registration.first), welcome_days=registration.welcome_days),
        app=app,
        more=None if app is None else asks_itself(app),
        risks=risk_policy(opened.settings),
    )
    return _Answer(standing.account, app, signals, configuration, prospect, ())


def _signals(
    args: Namespace,
    opened: Opened,
    account: Account,
    app: RelyingParty | None,
    configuration: Configuration,
) -> Signals:
    named = frozenset(map(NetworkId, args.networks or ()))
    if unknown := sorted(named - configuration.known_networks):
        known = ", ".join(sorted(configuration.known_networks)) or "none"
        raise CommandError(f"there is no network {unknown[0]!r}; known are {known}")
    kind = ClientKind.BROWSER if app is None else kind_of(app)
    return Signals(
        account_id=account.id,
        groups=account.groups,
        app=None if app is None else ClientId(app.client_id),
        networks=named or networks_of(args.address, configuration.networks),
        address_known=args.address is not None or bool(named),
        at=args.at or opened.shell.clock(),
        device=Device(args.device),
        known_for=timedelta() if args.known_browser else None,
        action=Action(args.action),
        roles=account.roles,
        country=args.country or country_of(opened.settings)(args.address),
        platform=None if args.platform is None else Platform(args.platform),
        client_kind=kind if args.client_kind is None else ClientKind(args.client_kind),
        risk=frozenset(map(Risk, args.risk)),
    )


def _verdict(answer: _Answer) -> str:
    prospect = answer.prospect
    if prospect.registers is not None:
        return "registers"
    if prospect.locked_out:
        return "refused" if prospect.why else "needs_proof"
    return "let_in" if prospect.password_is_enough else "asked"


def _said(answer: _Answer) -> str:
    """Say what would become of it, in one sentence."""
    prospect = answer.prospect
    match _verdict(answer):
        case "registers":
            return (
                f"must register a method first, and may do so there: {_basis(prospect.registers)}"
            )
        case "needs_proof":
            needed = " or ".join(map(_basis, prospect.second_proofs))
            return f"LOCKED OUT: must register a method first, and that takes {needed}"
        case "refused":
            return f"LOCKED OUT: {explain('', {'why': prospect.why}, None).why}"
        case "asked":
            return "let in, after more than the password"
        case _:
            return "let in with the password alone"


_BASES = {
    Basis.WORK_PHONE: "a code to the work phone",
    Basis.START_CODE: "a start code",
    Basis.INSIDE: "the password, on a network of the organisation",
    Basis.WELCOME_WINDOW: "the password, in the first days of a new account",
    Basis.OWN_METHODS: "with the methods that the account has",
}


def _basis(basis: Basis | None) -> str:
    return "" if basis is None else _BASES[basis]


def _as_json(answer: _Answer) -> dict[str, Any]:
    prospect, decision, signals = answer.prospect, answer.prospect.decision, answer.signals
    return {
        "person": answer.account.user_name,
        "app": str(signals.app or OWN_PAGES),
        "at": signals.at,
        "networks": sorted(signals.networks),
        "verdict": _verdict(answer),
        "said": _said(answer),
        "locked_out": prospect.locked_out,
        "blocked": decision.blocked,
        "asked": explain("", {}, decision.trace).asked,
        "asked_by": list(decision.reasons),
        "told": {language: _told(answer, language) for language in ("sv", "en")},
        "rules": [
            {"rule": each.rule, "outcome": each.outcome, "detail": each.detail}
            | ({"seen": each.seen} if each.seen else {})
            for each in decision.trace
        ]
        + [{"rule": each, "outcome": "off", "detail": "is off"} for each in _off(answer)],
        "ways": [[str(each) for each in way] for way in prospect.ways],
        "registers": prospect.registers,
        "second_proofs": list(prospect.second_proofs),
        "why": prospect.why,
        "facts": _facts(answer),
        "methods": _methods(answer),
    }


def _facts(answer: _Answer) -> dict[str, Any]:
    signals = answer.signals
    return {
        "groups": sorted(signals.groups),
        "roles": sorted(signals.roles or ()),
        "device": signals.device,
        "known_browser": signals.known_for is not None,
        "action": signals.action,
        "country": signals.country,
        "platform": signals.platform,
        "client_kind": signals.client_kind,
        "risk": sorted(signals.risk),
    }


def _methods(answer: _Answer) -> dict[str, list[str]]:
    """Say what methods by group leave, and by which entries."""
    may = answer.configuration.method_rules.of(answer.account.groups)
    uses = ("may_register", "second_factor", "passwordless", "password_reset")
    left = {use: [each for each in AuthenticatorType if each in getattr(may, use)] for use in uses}
    return {"entries": [each.id for each in may.entries]} | {
        use: [each.value for each in types] for use, types in left.items()
    }


def _told(answer: _Answer, language: str) -> str:
    decision = answer.prospect.decision
    return reason_of(answer.configuration, decision.refusing or decision.reasons, language)


def _country_said(signals: Signals) -> str:
    """Say in which country it is; rules that ask hold where nobody knows."""
    return "country not known" if signals.country is None else f"in {signals.country}"


def _off(answer: _Answer) -> list[str]:
    rules = answer.configuration.rules
    return sorted(each.id for each in rules if each.state is RuleState.OFF)


def _print(answer: _Answer) -> None:
    signals, prospect = answer.signals, answer.prospect
    place = ", ".join(sorted(signals.networks)) or "outside"
    if answer.configuration.rule_set.looks_at_countries:
        place += f", {_country_said(signals)}"
    about = f"{answer.account.display_name} ({answer.account.user_name})"
    app = "our own pages" if answer.app is None else answer.app.client_name
    print(f"{about}, {app}, {place}, {signals.at:%Y-%m-%d %H:%M}Z: {_said(answer)}")
    told = explain("", {}, prospect.decision.trace)
    lines = [("asked", told.asked)]
    lines += [("rule", each) for each in told.rules]
    lines += [("rule", f"{each} is off") for each in _off(answer)]
    if not answer.configuration.rules:
        lines.append(("rule", "there is no rule that could count"))
    lines += [(language, text) for language in ("sv", "en") if (text := _told(answer, language))]
    lines += [("enough", explain("", {"methods": way}, None).shown) for way in prospect.ways]
    methods = _methods(answer)
    entries = ", ".join(methods.pop("entries"))
    for use, types in methods.items() if entries else ():
        left = ", ".join(types) or "nothing"
        lines.append(("methods", f"{use.replace('_', ' ')}: {left} (by {entries})"))
    for name, said in lines:
        print(f"  {name:8}  {said}")
