"""`portvakt app`: connect one app by hand, and print what to paste on its side."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TextIO, TypeVar

import tomli_w

from portvakt.commands import app_registration
from portvakt.commands.opening import Opened, in_records
from portvakt.commands.shell import CommandError, Shell, new_file, print_json, print_table
from portvakt.core.relying_parties import AUTHORIZATION_CODE, REFRESH_TOKEN, RelyingParty
from portvakt.core.secret import Secret
from portvakt.crypto.randomness import SystemRandom
from portvakt.journeys.apply_state.by_hand import AppsByHand, Made, Refused
from portvakt.journeys.apply_state.export import entry_of
from portvakt.journeys.apply_state.plan import OWNER
from portvakt.recipes import NOTE, PRODUCTS, Part, Side, addresses, paste
from portvakt.records import Configuration
from portvakt.settings.own_hosts import own_hosts

T = TypeVar("T")
EXAMPLE = "portvakt app add grafana --for grafana --url https://grafana.region.example --group alla"
KEEP_HOURS: Final = 24
"""How long the secret before counts beside a new one, unless somebody says otherwise."""
_MOST_HOURS: Final = 30 * 24
_OF_NO_APP: Final = frozenset({"list", "registration-token", "registration-tokens"})
_DRAWN_BYTES: Final = 32
_KEPT: Final = "THE-SECRET-THAT-WAS-SHOWN-ONCE"


def arguments(parser: ArgumentParser) -> None:
    """Take what to do, with which app."""
    parser.add_argument(
        "what",
        choices=[
            *("add", "list", "show", "secret", "open", "remove", "hand-over"),
            *("registration-token", "registration-tokens", "withdraw-registration-token"),
        ],
        help="make an app and print its settings; list all apps; show one; give it a new secret; "
        "say who may open it; take it away; let the file that `apply` reads own it from now on; "
        "make a token with which apps register themselves; list those that count; end one",
    )
    parser.add_argument(
        "client_id",
        metavar="APP",
        nargs="?",
        help="its client id; you choose it. `withdraw-registration-token`: the id of the token",
    )
    parser.add_argument(
        "--for",
        dest="product",
        choices=sorted(PRODUCTS),
        help="`add`, `show`, `secret`: print the settings of this product",
    )
    parser.add_argument("--url", help="`add`: where people open it, as https://app.region.example")
    parser.add_argument(
        "--group",
        dest="groups",
        action="append",
        default=[],
        metavar="GROUP",
        help="`add`, `open`: who may open it; may be given more than once",
    )
    parser.add_argument("--name", help="`add`: what people see on its tile")
    _about_addresses(parser)
    parser.add_argument(
        "--public",
        action="store_true",
        help="`add`: it can keep no secret: it runs on a phone or wholly in the browser",
    )
    parser.add_argument(
        "--refresh",
        action="store_true",
        help="`add`: it renews its tokens by itself; the products above are known to, or not to",
    )
    _about_secrets(parser)
    app_registration.arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def _about_addresses(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--redirect-uri",
        dest="redirect_uris",
        action="append",
        default=[],
        metavar="URI",
        help="`add`: where answers go, where that is not what the product is known for",
    )
    parser.add_argument(
        "--backchannel-logout-uri",
        metavar="URI",
        help="`add`: where it is told that a session has ended, where that is not known",
    )


def _about_secrets(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--secret-file",
        metavar="FILE",
        type=Path,
        help="`add`, `secret`: write the secret to a new file, which only you can read",
    )
    parser.add_argument(
        "--keep-old",
        metavar="HOURS",
        type=_hours,
        default=KEEP_HOURS,
        help="`secret`: how long the one before still counts; 0 ends it now (%(default)s)",
    )


def run(args: Namespace, shell: Shell) -> int:
    """Do one of them; 2 where a word is missing or one too many."""
    whats: dict[str, Callable[[Namespace, Shell], None]] = {
        "add": _add,
        "list": _list,
        "show": _show,
        "secret": _secret,
        "open": _open,
        "remove": _remove,
        "hand-over": _hand_over,
        "registration-token": app_registration.token,
        "registration-tokens": app_registration.tokens,
        "withdraw-registration-token": app_registration.withdraw,
    }
    if (wrong := _misused(args)) is not None:
        print(f"portvakt app {args.what}: {wrong}", file=sys.stderr)
        return 2
    whats[args.what](args, shell)
    return 0


def _misused(args: Namespace) -> str | None:
    if (args.client_id is None) != (args.what in _OF_NO_APP):
        return "which app? APP" if args.client_id is None else "takes no APP"
    if args.what == "add" and args.url is None:
        return "where do people open it? --url https://app.region.example"
    if args.what in {"add", "open"} and not args.groups:
        return "who may open it? --group GROUP"
    if args.public and (args.secret_file or args.product not in {None, "generic"}):
        return "what is --public has no secret, and only an app of one's own is that"
    if args.product is not None and not PRODUCTS[args.product].callbacks and args.secret_file:
        return f"{args.product} asks without a secret; there is none for --secret-file"
    return None


def _hours(text: str) -> int:
    if not text.isdecimal() or int(text) > _MOST_HOURS:
        raise ArgumentTypeError(f"{text!r} is not a number of hours up to {_MOST_HOURS}")
    return int(text)


# ---- what is done ----


def _add(args: Namespace, shell: Shell) -> None:
    async def work(opened: Opened) -> tuple[Made, tuple[Part, ...]]:
        entry = _entry(args, opened.settings.public_url)
        made = _done(await _apps(opened).add(entry, shell.clock()))
        return made, _settings(opened, made.app, args.product or "generic", _shown(args, made))

    with _safe_place(args.secret_file) as put:
        made, settings = in_records(shell, work)
        put(made.secret)
    if args.json:
        print_json(entry_of(made.app) | _secret_said(args, made) | _in_json(settings))
        return
    print(f"added {made.app.client_id}, for {', '.join(sorted(made.app.groups))}")
    _print(settings)


def _secret(args: Namespace, shell: Shell) -> None:
    keep = timedelta(hours=args.keep_old)

    async def work(opened: Opened) -> tuple[Made, tuple[Part, ...], bool]:
        made = _done(await _apps(opened).new_secret(args.client_id, keep, shell.clock()))
        found = await opened.records.read(lambda unit: unit.configuration.load())
        settings = _settings(opened, made.app, args.product, _shown(args, made))
        return made, settings, found.owners["app", args.client_id] == OWNER

    with _safe_place(args.secret_file) as put:
        made, settings, of_file = in_records(shell, work)
        put(made.secret)
    if args.json:
        kept = {"keep_old_hours": args.keep_old}
        print_json(_secret_said(args, made) | kept | _in_json(settings))
        return
    print(f"the secret of {made.app.client_id} is new: {_shown(args, made)}")
    old = f"counts for {args.keep_old} hours more" if args.keep_old else "counts no more"
    print(f"the one before {old}")
    if of_file:
        print("if its entry has a client_secret_file, write it there too, or `apply` undoes this")
    _print(settings)


def _open(args: Namespace, shell: Shell) -> None:
    async def work(opened: Opened) -> RelyingParty:
        return _done(await _apps(opened).open_to(args.client_id, args.groups, shell.clock()))

    app = in_records(shell, work)
    print(f"{app.client_id} can be opened by {', '.join(sorted(app.groups))} and nobody else")


def _remove(args: Namespace, shell: Shell) -> None:
    async def work(opened: Opened) -> RelyingParty:
        return _done(await _apps(opened).remove(args.client_id, shell.clock()))

    gone = in_records(shell, work)
    print(f"removed {gone.client_id}; nobody can open it any more")


def _hand_over(args: Namespace, shell: Shell) -> None:
    async def work(opened: Opened) -> RelyingParty:
        return _done(await _apps(opened).hand_over(args.client_id, shell.clock()))

    app = in_records(shell, work)
    print(f"# {app.client_id} belongs to the file now, and keeps its secret. Put this into it:\n")
    print(tomli_w.dumps({"apps": [entry_of(app)]}), end="")


def _list(args: Namespace, shell: Shell) -> None:
    async def work(opened: Opened) -> Configuration:
        return await opened.records.read(lambda unit: unit.configuration.load())

    stored = in_records(shell, work)
    said = [_line(each, stored) for each in stored.apps]
    if args.json:
        print_json(said)
    elif said:
        rows = [tuple(" ".join(_words(value)) for value in each.values()) for each in said]
        print_table(tuple(said[0]), rows)


def _show(args: Namespace, shell: Shell) -> None:
    async def work(opened: Opened) -> tuple[RelyingParty, str, tuple[Part, ...]]:
        stored = await opened.records.read(lambda unit: unit.configuration.load())
        app = stored.app(args.client_id)
        if app is None:
            raise CommandError(
                f"there is no app “{args.client_id}”; `portvakt app list` names them"
            )
        kept = "" if app.secret_hash is None else _KEPT
        settings = _settings(opened, app, args.product, kept)
        return app, stored.owners["app", app.client_id], settings

    app, owner, settings = in_records(shell, work)
    if args.json:
        print_json(entry_of(app) | {"owner": owner} | _in_json(settings))
    elif settings:
        _print(settings)
    else:
        print(f"# owner: {owner}\n{tomli_w.dumps({'apps': [entry_of(app)]})}", end="")


# ---- what it is made of, and what is said ----


def _apps(opened: Opened) -> AppsByHand:
    return AppsByHand(
        opened.records, SystemRandom(), opened.shell.actor, own_hosts(opened.settings)
    )


def _done(outcome: T | Refused) -> T:
    """Return what was done. Raises `CommandError` with every reason why not."""
    if isinstance(outcome, Refused):
        raise CommandError("; ".join(outcome.reasons))
    return outcome


def _entry(args: Namespace, issuer: str) -> dict[str, Any]:
    """Describe the app as a file would."""
    product = PRODUCTS[args.product or "generic"]
    renews = args.refresh or product.refreshes
    grants = [AUTHORIZATION_CODE, REFRESH_TOKEN] if renews else [AUTHORIZATION_CODE]
    named = args.client_id if args.product in {None, "generic"} else product.name
    secret = bool(product.callbacks) and not args.public
    known = addresses(product, args.url, issuer)
    entry: dict[str, Any] = {
        "client_id": args.client_id,
        "client_name": args.name or named,
        "token_endpoint_auth_method": "client_secret_basic" if secret else "none",
        "grant_types": grants,
        "groups": args.groups,
        **{key: list(each) if isinstance(each, tuple) else each for key, each in known.items()},
    }
    if args.redirect_uris:
        entry["redirect_uris"] = args.redirect_uris
    if args.backchannel_logout_uri:
        entry["backchannel_logout_uri"] = args.backchannel_logout_uri
    return entry


def _settings(
    opened: Opened, app: RelyingParty, product: str | None, secret: str
) -> tuple[Part, ...]:
    """Render a product's settings; nothing where no product is named."""
    if product is None:
        return ()
    side = Side(
        issuer=opened.settings.public_url,
        organisation=opened.settings.organisation.name,
        secret=secret,
        drawn=SystemRandom().bytes(_DRAWN_BYTES).hex(),
    )
    return paste(product, app, side)


def _print(parts: Iterable[Part]) -> None:
    for each in parts:
        if each.where == NOTE:
            print("\n" + "\n".join(f"# {line}" for line in each.text.splitlines()))
        else:
            print(f"\n# ---- {each.where}\n{each.text}")


def _in_json(parts: Iterable[Part]) -> dict[str, Any]:
    return {"settings": [asdict(each) for each in parts]}


def _shown(args: Namespace, made: Made) -> str:
    """Return the secret, or where it is instead."""
    if made.secret is None:
        return ""
    return made.secret.open() if args.secret_file is None else f"(in {args.secret_file})"


def _secret_said(args: Namespace, made: Made) -> dict[str, str]:
    if made.secret is None:
        return {}
    if args.secret_file is not None:
        return {"client_secret_file": str(args.secret_file)}
    return {"client_secret": made.secret.open()}


@contextmanager
def _safe_place(file: Path | None) -> Iterator[Callable[[Secret | None], None]]:
    """Open the file for a secret before there is one: what cannot be written must not be made."""
    if file is None:
        yield lambda _: None
        return
    with new_file(file) as out:
        yield lambda secret: None if secret is None else _write(out, secret)


def _write(out: TextIO, secret: Secret) -> None:
    out.write(f"{secret.open()}\n")


def _line(app: RelyingParty, stored: Configuration) -> dict[str, Any]:
    return {
        "client_id": app.client_id,
        "name": app.client_name,
        "owner": stored.owners["app", app.client_id],
        "shows": app.token_endpoint_auth_method,
        "groups": sorted(app.groups),
    }


def _words(value: str | Iterable[str]) -> Iterable[str]:
    return [value] if isinstance(value, str) else value
