"""Between a row and what is compared."""

from dataclasses import replace
from functools import lru_cache

from portvakt.core.directory_diff import PersonFacts
from portvakt.core.ids import GroupId
from portvakt.directories import Field, PersonSeen


def facts_of_seen(
    seen: PersonSeen,
    number: str | None,
    before: PersonFacts | None,
    fields: frozenset[Field],
    *,
    active: bool,
) -> PersonFacts:
    """Return what a row says of somebody. A field that the source lacks stays as it is stored."""
    bare = PersonFacts(
        external_id=seen.external_id,
        user_name=seen.user_name or seen.email,
        email=seen.email,
        given_name=seen.given_name,
        family_name=seen.family_name,
        title=seen.title or "",
        unit=seen.unit or "",
        manager=seen.manager or None,
        protected=seen.protected is True,
        active=active,
        start_date=seen.start_date,
        work_mobile=number,
        groups=_groups(seen.groups or ()),
    )
    if before is None:
        return bare
    return replace(
        bare,
        email=bare.email if Field.EMAIL in fields else before.email,
        title=bare.title if Field.TITLE in fields else before.title,
        unit=bare.unit if Field.UNIT in fields else before.unit,
        manager=bare.manager if Field.MANAGER in fields else before.manager,
        protected=bare.protected if Field.PROTECTED in fields else before.protected,
        start_date=bare.start_date if Field.START_DATE in fields else before.start_date,
        work_mobile=number if Field.WORK_MOBILE in fields else before.work_mobile,
        groups=bare.groups if Field.GROUPS in fields else before.groups,
    )


@lru_cache(maxsize=1024)
def _groups(names: tuple[str, ...]) -> frozenset[GroupId]:
    """Give each combination once: thousands of people share it."""
    return frozenset(map(GroupId, names))
