"""The audit vocabulary: one frozen type for each thing that can happen.

An event is written in the transaction of what it tells. It never holds a secret, a code or a
whole telephone number; what says something about a person is marked personal, so that it can be
left out and erased by rules of its own. Names are `area.what_happened` and are never reused.
"""

from collections.abc import Mapping
from types import MappingProxyType

from portvakt.core.event import SELF, Event, details, personal_fields
from portvakt.core.method_events import (
    MethodAdded,
    MethodDisabled,
    MethodPreferred,
    MethodRemoved,
    MethodRenamed,
    MethodSuspended,
    NumberRegistered,
    PasswordChosen,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    RegistrationRefused,
    StartCodeIssued,
    StartCodeRefused,
    StartCodeUsed,
    WelcomeWindowUsed,
)
from portvakt.core.phone_events import (
    PasswordPutAside,
    PhoneDisowned,
    PhoneMoved,
    PhonePaired,
    PhonePairingReused,
    PhoneRequestApproved,
    PhoneRequestDenied,
    PhoneRequestNotMe,
    PhoneRequestSent,
    PhoneRequestsStopped,
    PhoneRequestWrongNumber,
    PhoneRetired,
    PhoneSignInDisabled,
    PhoneSignInEnabled,
    PushAddressRefused,
)
from portvakt.core.service_events import (
    BrakeStopped,
    ConfigurationChanged,
    MessageFailed,
    NameClash,
    PeopleImported,
    PersonChanged,
    PersonCreated,
    PersonDisabled,
    PersonEnabled,
    PersonInvited,
    ProtectedSeen,
    RoleGranted,
    RoleRevoked,
    SigningKeyMade,
    SigningKeyRetired,
    SprayAlarm,
    SyncFailed,
    TextsStopped,
)
from portvakt.core.sign_in_events import (
    AppOpened,
    AppRefused,
    AppSecretWrong,
    CodeReused,
    FreshProofGiven,
    PasswordReopened,
    ProofReplayed,
    RuleBroken,
    SessionsEnded,
    SignInFailed,
    SignInLocked,
    SignInRefused,
    SignInSucceeded,
)

__all__ = [
    "EVENTS",
    "SELF",
    "AppOpened",
    "AppRefused",
    "AppSecretWrong",
    "BrakeStopped",
    "CodeReused",
    "ConfigurationChanged",
    "Event",
    "FreshProofGiven",
    "MessageFailed",
    "MethodAdded",
    "MethodDisabled",
    "MethodPreferred",
    "MethodRemoved",
    "MethodRenamed",
    "MethodSuspended",
    "NameClash",
    "NumberRegistered",
    "PasswordChosen",
    "PasswordPutAside",
    "PasswordReopened",
    "PeopleImported",
    "PersonChanged",
    "PersonCreated",
    "PersonDisabled",
    "PersonEnabled",
    "PersonInvited",
    "PhoneDisowned",
    "PhoneMoved",
    "PhonePaired",
    "PhonePairingReused",
    "PhoneRequestApproved",
    "PhoneRequestDenied",
    "PhoneRequestNotMe",
    "PhoneRequestSent",
    "PhoneRequestWrongNumber",
    "PhoneRequestsStopped",
    "PhoneRetired",
    "PhoneSignInDisabled",
    "PhoneSignInEnabled",
    "ProofReplayed",
    "ProtectedSeen",
    "PushAddressRefused",
    "RecoveryCodeUsed",
    "RecoveryCodesMade",
    "RegistrationRefused",
    "RoleGranted",
    "RoleRevoked",
    "RuleBroken",
    "SessionsEnded",
    "SignInFailed",
    "SignInLocked",
    "SignInRefused",
    "SignInSucceeded",
    "SigningKeyMade",
    "SigningKeyRetired",
    "SprayAlarm",
    "StartCodeIssued",
    "StartCodeRefused",
    "StartCodeUsed",
    "SyncFailed",
    "TextsStopped",
    "WelcomeWindowUsed",
    "details",
    "personal_fields",
]

EVENTS: Mapping[str, type[Event]] = MappingProxyType(
    {
        each.name: each
        for each in tuple(globals().values())
        if isinstance(each, type) and issubclass(each, Event) and each is not Event
    }
)
"""Every event there is, by its name."""
