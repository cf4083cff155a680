"""What networks, browsers, apps and reasons are called in the rows of one's sign-ins. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from portvakt.core.ids import ClientId, NetworkId, RuleId
from portvakt.core.policy import Outcome, Require, TraceLine, networks_of
from portvakt.core.user_agents import browser_of
from portvakt.proving.rules import reason_of
from portvakt.records.audit import StoredEvent
from portvakt.records.configuration import Configuration
from portvakt.web.templates import Message


@dataclass(frozen=True, slots=True)
class Naming:
    """Names things in one language, as they are called now."""

    configuration: Configuration
    organisation: str
    language: str

    def about(self, what: str, app: str) -> Message:
        """Say something of an app, by its name; of one that is gone by its id."""
        known = self.configuration.app(ClientId(app))
        return Message(what, {"app": app if known is None else known.client_name})

    def place(self, address: str | None, decided: Sequence[str] | None = None) -> Message:
        """Name the network, as it was decided then or else as the address tells now."""
        ids = {NetworkId(each) for each in decided} if decided is not None else None
        if ids is None:
            ids = set(networks_of(address, self.configuration.networks))
        names = [each.name for each in self.configuration.networks if each.id in ids]
        if names:
            return Message("my_sign_ins.inside", {"network": names[0]})
        if address is None:
            return Message("my_sign_ins.outside", {"organisation": self.organisation})
        return Message(
            "my_sign_ins.outside_from", {"organisation": self.organisation, "address": address}
        )

    def browser(self, user_agent: str) -> Message:
        """Say which browser on which kind of computer or phone, as far as it tells."""
        told = browser_of(user_agent)
        if told.name is None:
            return Message("my_sign_ins.browser_unknown")
        if told.system is None:
            return Message("my_sign_ins.browser_only", {"browser": told.name})
        return Message("my_sign_ins.browser_on", {"browser": told.name, "system": told.system})

    def why(self, said_as: str, event: StoredEvent) -> Message | None:
        """Return the sentence of the rule that asked, by the decision that was stored."""
        reason = reason_of(self.configuration, _rules_of(event), self.language)
        return Message(said_as, {"reason": reason}) if reason else None


def _rules_of(event: StoredEvent) -> tuple[RuleId, ...]:
    """Return which rules asked for something, from the stored trace where there is one.

    A rule that said no comes first: it is the reason, whatever others would have asked for.
    """
    if event.trace is None:
        return tuple(RuleId(each) for each in event.detail.get("rules", ()))
    asked = [line for line in event.trace if line.outcome in _COUNTED and _asks(line)]
    return tuple(line.rule for line in sorted(asked, key=_place))


_COUNTED = frozenset({Outcome.APPLIED, Outcome.BROKEN, Outcome.MET})


def _asks(line: TraceLine) -> bool:
    """Say whether a rule that counted asked for anything, if only for a newer sign-in."""
    return _asks_more(line) or bool(line.limits)


def _asks_more(line: TraceLine) -> bool:
    return line.outcome is not Outcome.MET and line.detail != Require.PASSWORD


def _place(line: TraceLine) -> int:
    """Put lines in the order of the page that asked: a no first, last what only sets a time.

    Older traces say no in the detail alone.
    """
    if line.refuses or line.detail == Require.BLOCK:
        return 0
    return 1 if _asks_more(line) else 2
