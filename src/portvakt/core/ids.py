"""Names of stored things: 26 lower-case base32 characters, or a word that an operator chose."""

from typing import NewType

AccountId = NewType("AccountId", str)
"""One person's account. Never leaves the service: apps get `relying_parties.subject`."""
FlowId = NewType("FlowId", str)
SessionId = NewType("SessionId", str)
AuthenticatorId = NewType("AuthenticatorId", str)
ClientId = NewType("ClientId", str)
"""An app, by its OAuth `client_id` (RFC 6749 section 2.2)."""
RuleId = NewType("RuleId", str)
NetworkId = NewType("NetworkId", str)
GroupId = NewType("GroupId", str)
GrantId = NewType("GrantId", str)
ApprovalId = NewType("ApprovalId", str)
PairingId = NewType("PairingId", str)
KnownBrowserId = NewType("KnownBrowserId", str)
