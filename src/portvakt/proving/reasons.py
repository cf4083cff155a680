"""Why something was asked: the sentence that each rule carries, in the language of the page."""

from collections.abc import Iterable

from portvakt.core.ids import RuleId
from portvakt.core.policy import Rule
from portvakt.texts import LANGUAGES


def reasons_of(rules: Iterable[Rule], asked: Iterable[RuleId], language: str) -> tuple[str, ...]:
    """Return what the named rules say, in their order and each sentence once.

    A rule without a sentence in the language says it in the other one. A rule that says nothing, or
    no longer exists, is left out.
    """
    by_id = {rule.id: rule for rule in rules}
    said = (_said(by_id[each], language) for each in asked if each in by_id)
    return tuple(dict.fromkeys(text for text in said if text))


def _said(rule: Rule, language: str) -> str:
    for each in (language, *LANGUAGES):
        if rule.reason.get(each):
            return rule.reason[each]
    return ""
