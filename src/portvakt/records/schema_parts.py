"""What the tables in `schema` are written with.

Instants are BIGINT milliseconds since 1970 (UTC), dates ISO text, JSON documents TEXT.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
Instant = BigInteger
Json = Text
Number = BigInteger().with_variant(Integer, "sqlite")
"""A number that the database counts up; SQLite does so for INTEGER PRIMARY KEY only."""


def belongs_to(target: str, name: str, *, nullable: bool = False, **more: Any) -> Column[str]:
    """Name what a row belongs to: it goes when that goes."""
    return Column(name, Text, ForeignKey(target, ondelete="CASCADE"), nullable=nullable, **more)


def of_account(**more: Any) -> Column[str]:
    """Name whose a row is."""
    return belongs_to("accounts.id", "account_id", **more)


def one_of(column: str, *words: str) -> CheckConstraint:
    """Let a column hold these words and no others."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def index_where(name: str, condition: str, *columns: str, unique: bool = False) -> Index:
    """Index the rows for which a condition holds, and no others."""
    where = text(condition)
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


def unique_where(name: str, condition: str, *columns: str) -> Index:
    """Let columns be unique among the rows for which a condition holds."""
    return index_where(name, condition, *columns, unique=True)
