"""Whether a file would let people in with less than before, which is mostly a slip of the hand.

An operator may mean it, and says so; the rest of the file is never the place to find out (F70).
"""

from collections.abc import Iterable, Iterator

from portvakt.core.networks import Network, block_of, is_too_wide
from portvakt.core.policy import asks_for_more
from portvakt.journeys.apply_state.plan import ConfigurationPlan
from portvakt.records import Configuration


def weaker(stored: Configuration, plan: ConfigurationPlan, *, prune: bool) -> tuple[str, ...]:
    """Say in what way: a network that would take in strangers, or no second factor any more."""
    return (*_wide(stored, plan.networks.put), *_no_second_factor(stored, plan, prune=prune))


def _wide(stored: Configuration, put: Iterable[Network]) -> Iterator[str]:
    known = {each.id: set(each.addresses) for each in stored.networks}
    for network in put:
        for address in network.addresses:
            if address not in known.get(network.id, ()) and is_too_wide(block_of(address)):
                yield f"network {network.id} would take in strangers with {address}"


def _no_second_factor(
    stored: Configuration, plan: ConfigurationPlan, *, prune: bool
) -> Iterator[str]:
    before = {each.id: each for each in stored.rules}
    after = before | {each.id: each for each in plan.rules.put}
    gone = set(plan.rules.absent) if prune else set()
    if any(asks_for_more(each) for each in before.values()) and not any(
        asks_for_more(each) for each in after.values() if each.id not in gone
    ):
        yield "no rule would ask for a second factor any more"
