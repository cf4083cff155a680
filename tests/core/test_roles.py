import pytest

from portvakt.core.roles import PERMISSIONS, Permission, Role, is_privileged, may


def test_ordinary_staff_may_do_nothing_to_others() -> None:
    assert not any(may(frozenset(), each) for each in Permission)
    assert not is_privileged(frozenset())


def test_every_role_grants_something_and_is_privileged() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert all(PERMISSIONS[each] for each in Role)
    assert all(is_privileged({each}) for each in Role)


def test_support_helps_and_does_not_rule() -> None:
    support = {Role.SUPPORT}
    assert may(support, Permission.ISSUE_START_CODE)
    assert not may(support, Permission.GRANT_ROLE)
    assert not may(support, Permission.CHANGE_RULES)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.SUPPORT])
def test_a132_people_with_protected_identity_need_a_role_of_their_own(role: Role) -> None:
    assert may({role}, Permission.SEE_PEOPLE)
    for permission in Permission:
        assert not may({role}, permission, target_protected=True)
    both = {role, Role.PROTECTED_READER}
    assert may(both, Permission.SEE_PEOPLE, target_protected=True)
    assert may(both, Permission.ISSUE_START_CODE, target_protected=True)


def test_to_see_protected_people_is_not_to_change_anything() -> None:
    reader = {Role.PROTECTED_READER}
    assert may(reader, Permission.SEE_PROTECTED, target_protected=True)
    assert not may(reader, Permission.END_SESSIONS)
