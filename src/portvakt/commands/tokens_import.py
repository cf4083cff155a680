"""`portvakt tokens import`: devices from the file that they came with."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from portvakt.commands.opening import Opened, in_records
from portvakt.commands.shell import CommandError, Progress, Shell, print_json
from portvakt.core.events import HardwareTokensImported
from portvakt.core.hardware_tokens import TokenKind
from portvakt.core.ids import AccountId
from portvakt.core.people import canonical_identifier
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import Sealer
from portvakt.records import Unit
from portvakt.records.hardware_tokens import StoredToken
from portvakt.token_files import BrokenTokenFileError, Seed, TokenFile, Unusable, spreadsheet
from portvakt.token_files import key_container as pskc

_PART = 500
_SHOWN = 20
_ONLY_IMPORT = ("secrets", "key_file", "pass_phrase_file", "dry_run")


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a file."""

    created: int
    unchanged: int
    """Their serial numbers were in the pool already."""
    unusable: tuple[Unusable, ...]


def arguments(parser: ArgumentParser) -> None:
    """Take how the file is to be read."""
    parser.add_argument(
        "--secrets",
        choices=["base32", "hex"],
        help="`import`: how the secrets of a CSV file are written, where that cannot be told",
    )
    parser.add_argument(
        "--key-file",
        metavar="FILE",
        type=Path,
        help="`import`: the shared key of an encrypted PSKC file, in hexadecimal",
    )
    parser.add_argument(
        "--pass-phrase-file",
        metavar="FILE",
        type=Path,
        help="`import`: the pass phrase of an encrypted PSKC file, on its first line",
    )
    parser.add_argument("--dry-run", action="store_true", help="`import`: report, change nothing")


def misused(args: Namespace) -> str | None:
    """Say what is wrong with the words that only an import takes."""
    if args.what != "import" and any(getattr(args, each) for each in _ONLY_IMPORT):
        return "does not read a file"
    if args.key_file and args.pass_phrase_file:
        return "--key-file or --pass-phrase-file, not both"
    return None


def run(args: Namespace, shell: Shell) -> int:
    """Import; 1 where nothing of the file could be used."""
    held, signed = _read(args)

    async def work(opened: Opened) -> Report:
        return await _import(opened, held, dry_run=args.dry_run)

    report = in_records(shell, work)
    if args.json:
        print_json(
            {
                "created": report.created,
                "unchanged": report.unchanged,
                "dry_run": args.dry_run,
                "signed": signed,
                "rows": [asdict(each) for each in report.unusable],
            }
        )
    else:
        _print(report, signed=signed)
    return 0 if report.created or report.unchanged else 1


def _read(args: Namespace) -> tuple[TokenFile, bool]:
    content = _content(Path(args.subject))
    try:
        if pskc.looks_like(content):
            return pskc.read(content, _opening(args))
        return spreadsheet.read(content, args.secrets), False
    except BrokenTokenFileError as error:
        raise CommandError(f"{args.subject}: {error}") from error


def _opening(args: Namespace) -> pskc.Opening:
    if args.key_file:
        try:
            return pskc.Opening(key=bytes.fromhex(_content(args.key_file).decode("ascii")))
        except ValueError as error:
            raise CommandError(f"{args.key_file} does not hold a key in hexadecimal") from error
    if args.pass_phrase_file:
        lines = _content(args.pass_phrase_file).decode("utf-8", "surrogateescape").splitlines()
        return pskc.Opening(pass_phrase=lines[0] if lines else "")
    return pskc.Opening()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from error


async def _import(opened: Opened, held: TokenFile, *, dry_run: bool) -> Report:
    """Put every device of a file in the pool, sealed; all of it in one act, or nothing."""
    progress, sealer, now = Progress("importing"), opened.sealer(), opened.shell.clock()
    known, owners = await _known(opened, held.seeds)
    twice = _twice(held.seeds)
    fresh, refused = [], [*held.unusable, *twice.values()]
    for seed in held.seeds:
        if seed.row in twice or seed.serial in known:
            continue
        if seed.user and seed.user not in owners:
            refused.append(Unusable(seed.row, "upn", "nobody has this name"))
            continue
        fresh.append(seed)
    stored = [_sealed(seed, owners.get(seed.user), sealer, opened) for seed in fresh if not dry_run]
    report = Report(
        created=len(fresh),
        unchanged=sum(seed.serial in known for seed in held.seeds),
        unusable=tuple(sorted(refused, key=lambda each: each.row)),
    )

    async def act(unit: Unit) -> None:
        for at in range(0, len(stored), _PART):
            await unit.hardware_tokens.add(stored[at : at + _PART])
            progress(at, len(stored))
        await unit.audit.write(
            HardwareTokensImported(
                at=now,
                actor=opened.shell.actor,
                created=report.created,
                unchanged=report.unchanged,
                refused=len(report.unusable),
            )
        )

    if not dry_run:
        await opened.records.write(act)
        progress.end()
    return report


async def _known(
    opened: Opened, seeds: Iterable[Seed]
) -> tuple[frozenset[str], Mapping[str, AccountId]]:
    """Read which serial numbers there are, and who the named people are."""

    async def look(unit: Unit) -> tuple[frozenset[str], Mapping[str, AccountId]]:
        serials = {seed.serial for seed in seeds if await unit.hardware_tokens.find(seed.serial)}
        owners: dict[str, AccountId] = {}
        for user in {seed.user for seed in seeds if seed.user}:
            name = canonical_identifier(user)
            found = None if name is None else await unit.people.find(name)
            if found is not None and found.account.usable:
                owners[user] = found.account.id
        return frozenset(serials), owners

    return await opened.records.read(look)


def _twice(seeds: Iterable[Seed]) -> Mapping[int, Unusable]:
    """Find devices whose serial number stood earlier in the same file."""
    seen: set[str] = set()

    def again() -> Iterator[Seed]:
        for seed in seeds:
            if seed.serial in seen:
                yield seed
            seen.add(seed.serial)

    return {
        seed.row: Unusable(seed.row, "serial number", "stands in the file twice")
        for seed in again()
    }


def _sealed(seed: Seed, owner: AccountId | None, sealer: Sealer, opened: Opened) -> StoredToken:
    now, id_ = opened.shell.clock(), SystemRandom().id()
    counted = seed.make.kind is TokenKind.HOTP and seed.counter > 0
    return StoredToken(
        id=id_,
        serial=seed.serial,
        manufacturer=seed.manufacturer,
        model=seed.model,
        make=seed.make,
        sealed=sealer.seal(seed.secret, table="hardware_tokens", column="sealed", row=id_),
        last_step=seed.counter - 1 if counted else None,
        account_id=owner,
        imported_at=now,
        changed_at=now,
    )


def _print(report: Report, *, signed: bool) -> None:
    print(f"created    {report.created}")
    print(f"unchanged  {report.unchanged}")
    for each in report.unusable[:_SHOWN]:
        print(f"row {each.row}: {each.field}: {each.reason}")
    if len(report.unusable) > _SHOWN:
        print(f"and {len(report.unusable) - _SHOWN} rows more: --json has them all")
    if signed:
        print("the file is signed; the signature was not verified", file=sys.stderr)
