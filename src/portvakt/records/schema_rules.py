"""The tables of rules and of methods by group: a part of `schema`, where to begin."""

from sqlalchemy import BigInteger, Column, Table, Text

from portvakt.records.schema_parts import Instant, Json, metadata, of_account, one_of

rules = Table(
    "rules",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("condition", Json, nullable=False),
    Column("require", Text, nullable=False),
    Column("reason", Json, nullable=False),
    Column("owner", Text, nullable=False),
    one_of("state", "on", "report_only", "off"),
    comment="Conditional access",
)

rule_versions = Table(
    "rule_versions",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 …
    Column("made_at", Instant, nullable=False, index=True),
    Column("actor", Text, nullable=False),  # empty: stood before versions were kept
    Column("reason", Text, nullable=False),
    Column("returned_to", BigInteger),  # which version this one is the same as, by `return`
    Column("doc", Json, nullable=False),  # networks and rules, as a state file has them
    comment="Networks and rules as they stood after each change, with who and why",
)

method_entries = Table(
    "method_entries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("doc", Json, nullable=False),
    Column("owner", Text, nullable=False),
    comment="Which methods people may register and use, by group",
)

snoozes = Table(
    "snoozes",
    metadata,
    of_account(primary_key=True),
    Column("ends_at", Instant, nullable=False, index=True),
    comment="Until when people are not asked again to register something",
)
