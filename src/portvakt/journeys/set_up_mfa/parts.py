"""What this journey is built from, and its acts, put together once."""

from dataclasses import dataclass

from portvakt.common_passwords import PasswordJudge
from portvakt.core.key_models import KeyModels
from portvakt.crypto.pairing_codes import PairingCodes
from portvakt.crypto.passwords import PasswordHasher
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Sealer
from portvakt.journeys.set_up_mfa.binding import Binder
from portvakt.journeys.set_up_mfa.cards import Cards
from portvakt.journeys.set_up_mfa.changes import Changes
from portvakt.journeys.set_up_mfa.drafts import Drafts
from portvakt.journeys.set_up_mfa.flow import AppSetUp, NumberSetUp
from portvakt.journeys.set_up_mfa.key_flow import KeySetUp
from portvakt.journeys.set_up_mfa.passwords import Passwords
from portvakt.journeys.set_up_mfa.phone_flow import PhoneSetUp
from portvakt.journeys.set_up_mfa.telling import Teller
from portvakt.journeys.set_up_mfa.thawing import Thawing
from portvakt.journeys.set_up_mfa.token_flow import TokenSetUp
from portvakt.journeys.set_up_mfa.typed import Typed
from portvakt.methods import Enrollable, KeyMethod, SignInMethod
from portvakt.proving.after_binding import Strengthener
from portvakt.proving.ask import CodeSender
from portvakt.proving.finish import FirstPolicy
from portvakt.proving.notices import Notices
from portvakt.proving.phone_requests import PhoneRequests
from portvakt.records import Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the root gives."""

    records: Records
    random: Random
    sealer: Sealer
    hasher: PasswordHasher
    sender: CodeSender
    notices: Notices
    requests: PhoneRequests
    pairing_codes: PairingCodes
    policy: FirstPolicy
    password_judge: PasswordJudge
    totp: Enrollable
    sms_code: SignInMethod
    recovery_code: SignInMethod
    key: KeyMethod
    key_models: KeyModels


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """Everything that can be done on the pages of registration."""

    apps: AppSetUp
    tokens: TokenSetUp
    phones: PhoneSetUp
    keys: KeySetUp
    numbers: NumberSetUp
    cards: Cards
    changes: Changes
    passwords: Passwords
    thawing: Thawing
    teller: Teller
    typed: Typed


def acts_of(parts: Parts) -> Acts:
    """Put the acts together."""
    records, teller = parts.records, Teller(parts.notices)
    drafts = Drafts(parts.random, parts.sealer)
    binder = Binder(
        records=records,
        random=parts.random,
        teller=teller,
        strengthener=Strengthener(random=parts.random),
        policy=parts.policy,
    )
    return Acts(
        apps=AppSetUp(
            records=records,
            sealer=parts.sealer,
            drafts=drafts,
            binder=binder,
            method=parts.totp,
        ),
        tokens=TokenSetUp(records=records, sealer=parts.sealer, drafts=drafts, binder=binder),
        phones=_phones(parts, drafts, binder),
        keys=_keys(parts, drafts, binder),
        numbers=_numbers(parts, drafts, binder),
        cards=Cards(
            records=records,
            random=parts.random,
            hasher=parts.hasher,
            method=parts.recovery_code,
            drafts=drafts,
            binder=binder,
            teller=teller,
        ),
        changes=Changes(records=records, teller=teller, policy=parts.policy),
        passwords=Passwords(
            records=records,
            hasher=parts.hasher,
            judge=parts.password_judge,
            policy=parts.policy,
            binder=binder,
            teller=teller,
        ),
        thawing=Thawing(records=records, notices=parts.notices),
        teller=teller,
        typed=Typed(records, drafts),
    )


def _numbers(parts: Parts, drafts: Drafts, binder: Binder) -> NumberSetUp:
    return NumberSetUp(
        records=parts.records,
        drafts=drafts,
        binder=binder,
        method=parts.sms_code,
        sender=parts.sender,
    )


def _phones(parts: Parts, drafts: Drafts, binder: Binder) -> PhoneSetUp:
    return PhoneSetUp(
        records=parts.records,
        random=parts.random,
        sealer=parts.sealer,
        codes=parts.pairing_codes,
        drafts=drafts,
        binder=binder,
        requests=parts.requests,
    )


def _keys(parts: Parts, drafts: Drafts, binder: Binder) -> KeySetUp:
    return KeySetUp(
        records=parts.records,
        random=parts.random,
        drafts=drafts,
        binder=binder,
        method=parts.key,
        models=parts.key_models,
    )
