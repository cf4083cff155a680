"""Events and notices of this journey, written in the act that made the change."""

from dataclasses import dataclass

from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.events import (
    MethodAdded,
    MethodPreferred,
    MethodRemoved,
    MethodRenamed,
    NumberRegistered,
    PasswordChosen,
    RecoveryCodesMade,
    RegistrationRefused,
)
from portvakt.core.first_registration import Basis
from portvakt.journeys.set_up_mfa.acting import Person, active
from portvakt.mail import Notice, What
from portvakt.phone_numbers import partly_hidden
from portvakt.proving.notices import Notices
from portvakt.records import Standing, Unit

SMS_CODE = AuthenticatorType.SMS_CODE


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells the audit trail and the person what happened."""

    notices: Notices

    async def added(
        self,
        unit: Unit,
        person: Person,
        before: Standing,
        added: Authenticator,
        basis: Basis,
        replaced: Authenticator | None = None,
    ) -> None:
        """Tell of a new method, by mail and to the telephones that were there before (A047)."""
        await unit.audit.write(
            MethodAdded(
                **person.said(),
                authenticator_id=added.id,
                type=added.type,
                source=added.source,
                basis=basis,
                label=added.label,
            )
        )
        hidden = ""
        if added.type is SMS_CODE:
            hidden = partly_hidden(added.detail)
            await unit.audit.write(
                NumberRegistered(
                    **person.said(),
                    authenticator_id=added.id,
                    type=added.type,
                    source=added.source,
                    hidden_number=hidden,
                )
            )
        what = What(notice=_notice(basis, replaced), method=added.type, label=hidden or added.label)
        await self._mail(unit, person, what)
        kind = "number_added" if added.type is SMS_CODE else "method_added"
        for phone in active(before, SMS_CODE):
            if phone.created_at < person.session.created_at:
                number = phone.detail
                await self.notices.tell_number(
                    unit, person.account, number, kind, person.now, hidden
                )

    async def removed(
        self, unit: Unit, person: Person, gone: Authenticator, *, mail: bool = True
    ) -> None:
        """Tell that a method is no longer there."""
        await unit.audit.write(
            MethodRemoved(
                **person.said(), authenticator_id=gone.id, type=gone.type, label=gone.label
            )
        )
        if mail:
            label = partly_hidden(gone.detail) if gone.type is SMS_CODE else gone.label
            await self._mail(
                unit, person, What(notice=Notice.REMOVED, method=gone.type, label=label)
            )

    async def renamed(self, unit: Unit, person: Person, method: Authenticator, label: str) -> None:
        """Tell that its owner calls it something else."""
        await unit.audit.write(
            MethodRenamed(
                **person.said(), authenticator_id=method.id, type=method.type, label=label
            )
        )
        await self._mail(unit, person, What(notice=Notice.CHANGED, method=method.type, label=label))

    async def preferred(self, unit: Unit, person: Person, method: Authenticator) -> None:
        """Tell that it is asked for first."""
        await unit.audit.write(
            MethodPreferred(**person.said(), authenticator_id=method.id, type=method.type)
        )
        label = partly_hidden(method.detail) if method.type is SMS_CODE else method.label
        await self._mail(
            unit, person, What(notice=Notice.PREFERRED, method=method.type, label=label)
        )

    async def card_made(
        self, unit: Unit, person: Person, card: Authenticator, count: int, *, replaced: bool
    ) -> None:
        """Tell of a new card of recovery codes."""
        await unit.audit.write(RecoveryCodesMade(**person.said(), count=count))
        notice = Notice.RECOVERY_MADE if replaced else Notice.ADDED
        await self._mail(unit, person, What(notice=notice, method=card.type))

    async def password_chosen(self, unit: Unit, person: Person, basis: Basis) -> None:
        """Tell that the account has its first password."""
        await unit.audit.write(PasswordChosen(**person.said(), basis=basis))
        await self._mail(unit, person, What(notice=Notice.PASSWORD))

    async def refused(self, unit: Unit, person: Person, options: tuple[Basis, ...]) -> None:
        """Tell the security officer that a right password was not enough (A041)."""
        await unit.audit.write(RegistrationRefused(**person.said(), options=options))

    async def _mail(self, unit: Unit, person: Person, what: What) -> None:
        await self.notices.tell(unit, person.account, what, person.visit, person.configuration)


def _notice(basis: Basis, replaced: Authenticator | None) -> Notice:
    if replaced is not None:
        return Notice.CHANGED
    return Notice.WELCOME if basis is Basis.WELCOME_WINDOW else Notice.ADDED
