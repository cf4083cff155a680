import importlib
import pkgutil
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import portvakt.records
from portvakt.records.statements import Statement


def every_statement() -> dict[str, Statement]:
    found = {}
    for module in pkgutil.iter_modules(portvakt.records.__path__, "portvakt.records."):
        if module.name.endswith((".schema", ".migrations")):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Statement):
                found[f"{module.name}.{name}"] = value
            elif isinstance(value, dict):
                found |= {
                    f"{module.name}.{name}[{key}]": each
                    for key, each in value.items()
                    if isinstance(each, Statement)
                }
    return found


def test_a_name_becomes_the_same_number_wherever_it_stands() -> None:
    statement = Statement("SELECT :b, :a  FROM t\n WHERE x = :b")
    assert statement.sqlite == "SELECT :b, :a FROM t WHERE x = :b"
    assert statement.postgresql == "SELECT $1, $2 FROM t WHERE x = $1"
    assert statement.names == ("b", "a")


def test_text_in_quotes_and_casts_are_left_alone() -> None:
    statement = Statement("SELECT ':a  it''s :b', x::text, :c FROM t -- and :d")
    assert statement.postgresql == "SELECT ':a  it''s :b', x::text, $1 FROM t"
    assert statement.names == ("c",)


def test_parts_may_hold_parts() -> None:
    statement = Statement("SELECT {outer}", outer="1 + {inner}", inner=":x")
    assert statement.sqlite == "SELECT 1 + :x"


def test_rows_come_one_at_a_time_or_as_a_table() -> None:
    statement = Statement(
        "INSERT INTO t {each:at BIGINT, 'x', name TEXT, at} ON CONFLICT DO NOTHING"
    )
    assert statement.sqlite == "INSERT INTO t VALUES (?1, 'x', ?2, ?1) ON CONFLICT DO NOTHING"
    assert statement.postgresql == (
        "INSERT INTO t SELECT at, 'x', name, at FROM unnest(CAST($1 AS BIGINT[]), "
        "CAST($2 AS TEXT[])) AS given(at, name) ON CONFLICT DO NOTHING"
    )
    assert statement.columns == ("at", "name")


def test_rows_and_other_values_do_not_mix() -> None:
    """The places of both would be counted from one."""
    with pytest.raises(ValueError, match="write those into the rows"):
        Statement("INSERT INTO t {each:a TEXT, b TEXT} ON CONFLICT (a) DO UPDATE SET b = :c")


def test_an_unknown_seam_stops_the_import() -> None:
    with pytest.raises(KeyError):
        Statement("SELECT {nothing}")


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("SELECT 1 FROM t {locked_free}", False),
        ("INSERT INTO t (a) VALUES (1)", True),
        ("UPDATE t SET a = 1", True),
        ("DELETE FROM t", True),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT 1 FROM x", True),
    ],
)
def test_a_statement_knows_whether_it_writes(text: str, changes: bool) -> None:
    assert Statement(text).changes is changes


def test_returning_names_columns_and_computes_nothing() -> None:
    """SQLite 3.40 computes it wrongly (see statements.py)."""
    computed = {
        name: returning[1]
        for name, statement in every_statement().items()
        if (returning := re.search(r"RETURNING (.*)$", statement.sqlite))
        and not re.fullmatch(r"[a-z_]+(, [a-z_]+)*", returning[1])
    }
    assert not computed


def test_every_statement_that_writes_more_than_once_names_its_conflict_or_condition() -> None:
    """An UPDATE or DELETE without WHERE is a slip that costs everybody's rows."""
    bare = [
        name
        for name, statement in every_statement().items()
        if re.match(r"(UPDATE|DELETE)", statement.sqlite) and " WHERE " not in statement.sqlite
    ]
    assert not bare


READ_WHOLE = {
    # once, when a backup is restored
    "portvakt.records.after_restore._CARDS": {"recovery_codes"},
    "portvakt.records.after_restore._MESSAGES": {"outbox"},
    "portvakt.records.after_restore._SESSIONS": {"sessions"},
    "portvakt.records.after_restore._STEPS": {"authenticators"},
    "portvakt.records.after_restore._TOKENS": {"authenticators"},
    "portvakt.records.audit._LATEST": {"events"},  # backwards, until it has enough
    # An index that has only what waits, the first of it.
    "portvakt.records.audit._OLDEST_WAITING": {"events"},
    "portvakt.records.audit_chain._ANY_WAITING": {"events"},
    "portvakt.records.audit_chain._WAITING": {"events"},
    # The newest one by its number.
    "portvakt.records.audit_chain._ADD_BATCH": {"audit_batches", "audit_removals"},
    "portvakt.records.audit_chain._REMOVAL": {"audit_removals"},
    "portvakt.records.audit_chain._SEALED_AT": {"audit_batches"},
    "portvakt.records.audit_chain._TIP": {"audit_batches"},
    "portvakt.records.configuration._LOAD": {
        "groups",
        "networks",
        "rules",
        "apps",
        "links",
        "collections",
        "method_entries",
    },
    "portvakt.records.consents._FORGET_APPS": {"consents"},  # once, where an app is taken away
    "portvakt.records.grants._REVOKE_OF_APPS": {"grants"},  # the same
    "portvakt.records.icons._ALL": {"icons"},
    "portvakt.records.icons._MARKS": {"icons"},  # in `apply`
    "portvakt.records.keys._ANY": {"passkeys"},  # the first there is
    "portvakt.records.keys._MODELS": {"passkeys"},  # an operator asks which models there are
    # an operator signs everybody out, in parts
    "portvakt.records.known_browsers._FORGET_SOME": {"known_browsers"},
    "portvakt.records.meta._STARTING": {"meta"},
    # an operator asks how many there are
    "portvakt.records.people._IN_USE": {"accounts"},
    # of a day, where somebody asks for what is stored of them
    "portvakt.records.personal_data._EVERYTHING[wrong_from]": {"wrong_from"},
    # a list for each authority
    "portvakt.records.revocation_lists._ONLY": {"revocation_lists"},
    "portvakt.records.revocation_lists._STATES": {"revocation_lists"},
    # where a rule names somebody by the id that HR gave, once for each version of the rules
    "portvakt.records.rule_rows._BY_ID": {"accounts"},
    "portvakt.records.rule_versions._LATEST": {"rule_versions"},  # backwards, until it has enough
    "portvakt.records.sessions._OPEN_NOW": {"sessions"},
    "portvakt.records.sign_outs._TROUBLE": {"outbox"},  # in `doctor`
    "portvakt.records.signing_keys._ALL": {"signing_keys"},
    "portvakt.records.unit._VERSION": {"alembic_version"},
}


def test_every_statement_finds_its_rows_by_an_index(migrated_file: Path) -> None:
    """So that a million people cost what a thousand do. Few small tables are read whole."""
    with closing(sqlite3.connect(migrated_file)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
        scanned = {
            name: tables & found
            for name, statement in every_statement().items()
            if tables & (found := scans(connection, statement))
        }
    assert scanned == READ_WHOLE


def scans(connection: sqlite3.Connection, statement: Statement) -> set[str]:
    nothing = [None] * len(statement.columns) or dict.fromkeys(statement.names)
    plan = connection.execute(f"EXPLAIN QUERY PLAN {statement.sqlite}", nothing)
    steps = [row[3].split() for row in plan]
    return {step[1] for step in steps if step[0] == "SCAN"}
