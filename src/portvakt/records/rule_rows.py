"""How rules are written in their table, and whose the names of people in them are.

`require` holds a word where a rule says no more than that, as it always did, and a JSON object
where it joins words, names a strength of the organisation's own, or sets limits of time.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, assert_never

import msgspec

from portvakt.core.asking import AllOf, AnyOf, Ask, Own, Require
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.conditions import Condition
from portvakt.core.ids import AccountId, RuleId
from portvakt.core.people import canonical_identifier
from portvakt.core.policy import Rule, RuleState
from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import to_json

_CONDITION: Final = msgspec.json.Decoder(Condition)
_REASON: Final = msgspec.json.Decoder(dict[str, str])


class _Own(msgspec.Struct, frozen=True, tag_field="is", tag="own"):
    name: str
    methods: tuple[AuthenticatorType, ...]


class _Any(msgspec.Struct, frozen=True, tag_field="is", tag="any"):
    of: tuple["_Written", ...]


class _All(msgspec.Struct, frozen=True, tag_field="is", tag="all"):
    of: tuple["_Written", ...]


_Written = Require | _Own | _Any | _All


class _Whole(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule's `require` with its limits, in seconds."""

    ask: _Written
    sign_in_every: int | None = None
    session_at_most: int | None = None
    remember: int | None = None


_WHOLE: Final = msgspec.json.Decoder(_Whole)

_BY_NAME: Final = Statement("SELECT value, account_id FROM identifiers WHERE value {among:names}")
_BY_ID: Final = Statement("SELECT external_id, id FROM accounts WHERE external_id {among:ids}")


def row_of(rule: Rule) -> dict[str, str]:
    """Return a rule as it is stored."""
    return {
        "id": rule.id,
        "state": rule.state,
        "condition": to_json(rule.when),
        "require": _require(rule),
        "reason": to_json(rule.reason),
    }


def rule_of(id_: str, state: str, condition: str, require: str, reason: str) -> Rule:
    """Return a stored rule. Raises ValueError for what this version cannot read."""
    whole = _WHOLE.decode(require) if require.startswith("{") else _Whole(Require(require))
    return Rule(
        id=RuleId(id_),
        state=RuleState(state),
        when=_CONDITION.decode(condition),
        require=_ask(whole.ask),
        reason=_REASON.decode(reason),
        sign_in_every=_time(whole.sign_in_every),
        session_at_most=_time(whole.session_at_most),
        remember=_time(whole.remember),
    )


def _require(rule: Rule) -> str:
    if isinstance(rule.require, Require) and not rule.limits:
        return rule.require
    times = (rule.sign_in_every, rule.session_at_most, rule.remember)
    whole = _Whole(_written(rule.require), *map(_seconds, times))
    return to_json(whole)


def _written(ask: Ask) -> Any:
    match ask:
        case Require():
            return ask
        case Own(name, methods):
            return _Own(name, tuple(sorted(methods)))
        case AnyOf(of):
            return _Any(tuple(map(_written, of)))
        case AllOf(of):
            return _All(tuple(map(_written, of)))
        case _ as never:  # pragma: no cover
            assert_never(never)


def _ask(written: Any) -> Ask:
    match written:
        case _Own(name, methods):
            return Own(name, frozenset(methods))
        case _Any(of):
            return AnyOf(tuple(map(_ask, of)))
        case _All(of):
            return AllOf(tuple(map(_ask, of)))
        case _:
            return Require(written)


def _seconds(time: timedelta | None) -> int | None:
    return None if time is None else int(time.total_seconds())


def _time(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def people_in(rules: Iterable[Rule]) -> frozenset[str]:
    """Return the people that rules name."""
    return frozenset().union(*(each.when.people | each.when.people_not for each in rules))


async def whose(run: Run, names: Iterable[str]) -> Mapping[str, AccountId]:
    """Find the account behind each name, which is a name to sign in with, or else an id.

    A name of nobody, or of two people, is left out: a rule that names it is broken, and counts.
    """
    canonical = {each: canonical_identifier(each) for each in names}
    if not canonical:
        return {}
    asked = sorted({each for each in canonical.values() if each is not None})
    by_name = _alone(await run.rows(_BY_NAME, names=to_json(asked)))
    found = {name: by_name[each] for name, each in canonical.items() if each in by_name}
    rest = sorted(canonical.keys() - found.keys())
    if rest:
        found |= _alone(await run.rows(_BY_ID, ids=to_json(rest)))
    return found


def _alone(rows: Iterable[Any]) -> dict[str, AccountId]:
    """Return the names that are one account's."""
    accounts: dict[str, set[AccountId]] = {}
    for name, account_id in rows:
        accounts.setdefault(name, set()).add(AccountId(account_id))
    return {name: next(iter(ids)) for name, ids in accounts.items() if len(ids) == 1}
