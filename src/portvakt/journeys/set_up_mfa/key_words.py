"""What an organisation asks of a key, in words."""

from collections.abc import Iterable

from portvakt.core.key_models import ANY_LEVEL, KeyDemand, KeyModels
from portvakt.web.templates import Message


def accepts_of(demands: Iterable[KeyDemand], models: KeyModels) -> tuple[Message | str, ...]:
    """Return a sentence for each thing that is asked, and what the browser may ask about that."""
    found: list[Message | str] = []
    for demand in demands:
        found += [each for each in _asked(demand, models) if each not in found]
    return (*found, "set_up_mfa.key_shows_model") if found else ()


def _asked(demand: KeyDemand, models: KeyModels) -> Iterable[Message | str]:
    if demand.device_bound:
        yield "set_up_mfa.key_stays"
    if demand.level == ANY_LEVEL:
        yield "set_up_mfa.key_certified"
    elif demand.level is not None:
        yield Message("set_up_mfa.key_level", {"level": demand.level})
    if demand.models:
        names = sorted({models.name(each.lower()) or each for each in demand.models})
        yield Message("set_up_mfa.key_models", {"models": ", ".join(names)})
