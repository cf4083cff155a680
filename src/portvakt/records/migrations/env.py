"""Alembic's way in.

Alembic writes the SQL (offline mode) and `records/migrate.py` runs it on our own drivers, so that
no second PostgreSQL driver is needed. A migration therefore cannot look at data from Python: what
must move, moves by SQL. With a `connection` it compares instead, for `alembic revision
--autogenerate` and the test that the migrations arrive at `schema.py`.
"""

from alembic import context

from portvakt.records.schema import metadata

given = context.config.attributes
if "connection" in given:
    context.configure(
        connection=given["connection"],
        target_metadata=metadata,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()
else:
    context.configure(
        dialect_name=given["dialect"],
        output_buffer=given["statements"],
        target_metadata=metadata,
        transactional_ddl=False,  # migrate.py holds the transaction
    )
    context.run_migrations()
