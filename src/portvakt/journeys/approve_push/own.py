"""What a phone changes about itself: where it is woken, its name, its successor, its end."""

from urllib.parse import urlsplit

from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.enrolment import is_last
from portvakt.core.events import MethodRenamed, PhoneRetired, PushAddressRefused
from portvakt.core.ids import PairingId
from portvakt.core.phones import Pairing, PhoneState, Subscription, decode
from portvakt.core.push_approval import PAIRING_LIVES, milliseconds
from portvakt.crypto.pairing_codes import draw_pairing_code
from portvakt.crypto.phone_keys import is_point
from portvakt.journeys.approve_push.lock import Locks, NotSignedError
from portvakt.journeys.approve_push.messages import Letter, Rename, Subscribe, readable_name
from portvakt.journeys.approve_push.parts import Answer, Caller, Parts, Refused, Word
from portvakt.journeys.approve_push.show import Show
from portvakt.mail import Notice, What
from portvakt.proving.freezing import is_frozen
from portvakt.proving.held import held
from portvakt.proving.phone_removal import close_unanswerable
from portvakt.records import Configuration, Standing, Unit
from portvakt.wake import allowed_endpoint

_PUSH = AuthenticatorType.PUSH
_LONGEST_HOST = 100


class Own:
    """Acts of a phone upon itself."""

    def __init__(self, parts: Parts, show: Show, locks: Locks) -> None:
        self._parts = parts
        self._show = show
        self._locks = locks

    async def subscribe(self, caller: Caller, fields: Subscribe) -> Answer:
        """Keep where the phone can be woken, sealed; only services of the settings count (A035)."""
        given_parts = (fields.endpoint, fields.p256dh, fields.auth)
        if not any(given_parts):
            return await self._keep(caller, None)
        if not all(given_parts):
            return Refused(Word.MALFORMED)
        try:
            given = Subscription(
                endpoint=fields.endpoint, p256dh=decode(fields.p256dh), auth=decode(fields.auth)
            )
        except ValueError:
            return Refused(Word.MALFORMED)
        if not is_point(given.p256dh):
            return Refused(Word.MALFORMED)
        if not allowed_endpoint(given.endpoint, self._parts.push_hosts):
            event = PushAddressRefused(
                **caller.said(), authenticator_id=caller.phone.id, host=_host(given.endpoint)
            )
            await self._parts.records.write_one(lambda unit: unit.audit.write(event))
            return Refused(Word.ENDPOINT)
        return await self._keep(caller, given)

    async def _keep(self, caller: Caller, given: Subscription | None) -> Answer:
        id_ = caller.phone.id
        sealed = None
        if given is not None:
            place = {"table": "phones", "column": "subscription", "row": id_}
            sealed = self._parts.sealer.seal(given.to_json(), **place)
        await self._parts.records.write_one(lambda unit: unit.phones.subscribe(id_, sealed))
        return {}

    async def rename(self, caller: Caller, fields: Rename) -> Answer:
        """Call the phone something else, here and among the person's methods."""
        name = readable_name(fields.name)
        if name is None:
            return Refused(Word.MALFORMED)
        phone = caller.phone

        async def act(unit: Unit) -> None:
            if phone.state is PhoneState.PROVING:
                await unit.phones.rename(phone.id, phone.account_id, name)
                return
            await unit.authenticators.rename(phone.id, phone.account_id, name)
            event = MethodRenamed(
                **caller.said(), authenticator_id=phone.id, type=_PUSH, label=name
            )
            await unit.audit.write(event)
            what = What(notice=Notice.CHANGED, method=_PUSH, label=name)
            await self._parts.notices.tell(unit, caller.standing.account, what, caller.visit)

        if name != phone.name:
            await self._parts.records.write(act)
        told = await self._show.again(phone.id, caller.now)
        return Refused(Word.GONE) if told is None else told

    async def transfer(self, caller: Caller, letter: Letter) -> Answer:
        """Make a code with which another phone takes this one's place."""
        phone, now = caller.phone, caller.now
        proof = self._locks.proved(caller, letter.assertion)
        if proof is None or phone.state is PhoneState.PROVING:
            return Refused(Word.LOCK)
        code = draw_pairing_code(self._parts.random)
        pairing = Pairing(
            id=PairingId(self._parts.random.id()),
            account_id=phone.account_id,
            session_id=None,
            old_phone=phone.id,
            code_hash=self._parts.codes.long_hash(code.long),
            # drawn and shown to nobody: a transfer is scanned
            short_hash=self._parts.codes.short_hash(phone.account_id, code.short),
            created_at=now,
            expires_at=now + PAIRING_LIVES,
        )

        async def act(unit: Unit) -> Word | None:
            await self._locks.spend(unit, phone, proof)
            if await is_frozen(unit, phone.account_id):
                return Word.FROZEN
            await unit.pairings.start(pairing)
            return None

        try:
            why = await self._parts.records.write(act)
        except NotSignedError:
            why = Word.LOCK
        if why is not None:
            return Refused(why)
        return {
            "code": code.long,
            "url": f"{self._parts.app_origin}/authenticator/#pair={code.long}",
            "expires_at": milliseconds(pairing.expires_at),
        }

    async def retire(self, caller: Caller) -> Answer:
        """Let the phone remove itself, unless it is the last second factor that a rule wants."""
        phone = caller.phone
        configuration = await self._parts.rules.current(caller.now)
        required = _required(configuration, caller.standing)

        async def act(unit: Unit) -> Answer:
            await unit.turn(f"methods:{phone.account_id}")
            standing = held(await unit.people.load(phone.account_id), configuration)
            if standing is None:
                return Refused(Word.GONE)
            bound = standing.authenticators
            own = next((each for each in bound if each.id == phone.id), None)
            if own is not None and required and is_last(own, bound, caller.now):
                return Refused(Word.KEPT)
            if own is not None and await is_frozen(unit, phone.account_id):
                return Refused(Word.FROZEN)
            if not await unit.phones.remove(phone.id, phone.account_id):
                return Refused(Word.GONE)
            await close_unanswerable(unit, phone.account_id, caller.now)
            await unit.audit.write(
                PhoneRetired(**caller.said(), authenticator_id=phone.id, label=phone.name)
            )
            if own is not None and own.state is AuthenticatorState.ACTIVE:
                what = What(notice=Notice.REMOVED, method=_PUSH, label=phone.name)
                await self._parts.notices.tell(unit, standing.account, what, caller.visit)
            await unit.wakeups.ring(f"phone:{phone.account_id}")
            return {}

        return await self._parts.records.write(act)


def _required(configuration: Configuration, standing: Standing) -> bool:
    """Whether any rule could ask this person for a second factor anywhere (A043)."""
    account, rules = standing.account, configuration.rule_set
    return rules.may_require_more(account.id, account.groups, account.roles)


def _host(endpoint: str) -> str:
    """Return the host that a phone wrote, as far as it is one: for the trail, never to be used."""
    try:
        host = urlsplit(endpoint).hostname or ""
    except ValueError:
        host = ""
    return "".join(each for each in host if each.isprintable())[:_LONGEST_HOST]
