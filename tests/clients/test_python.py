"""Clients in Python: each release of DuckDB that is promised, SQLAlchemy, ADBC, Parquet."""

import sys

import pytest

from tests.clients.harness import HERE, QUERY, OpenSession, Press, environment, snippet

CONNECT = "duckdb.connect('data/published/meraukla.duckdb', read_only=True)"
QUERY_HELD = f"rows = held.execute({QUERY!r}).fetchall()"
READ_ALL = """
tables = held.execute(
    "select table_schema, table_name from information_schema.tables "
    "where table_schema in ('core', 'marts', 'audit', 'meta')"
).fetchall()
rows = {
    f"{schema}.{name}": len(held.execute(f'select * from "{schema}"."{name}"').fetchall())
    for schema, name in tables
}
"""


@pytest.mark.parametrize("version", ["1.2.2", "1.3.2", "1.4.5", "1.5.6", "2.0.0"])
def test_duckdb_sees_a_publication_on_its_next_connection(
    press: Press, open_session: OpenSession, version: str
) -> None:
    session = open_session([environment(f"duckdb-{version}"), HERE / "session.py"], press.folder)
    documented = snippet("Python")
    assert session.ask("import duckdb; rows = duckdb.__version__") == version
    assert session.ask(f"held = {CONNECT}\n{QUERY_HELD}") == press.yesterday
    assert session.ask(documented) == press.yesterday
    everything = session.ask(READ_ALL)

    press.publish_today()

    # What is held stays whole: every table is still there, as it was.
    assert session.ask(QUERY_HELD) == press.yesterday
    assert session.ask(READ_ALL) == everything
    # The same process, while the old connection is held.
    assert session.ask(documented) == press.today
    # The trap that the page warns of: up to 1.4 the plain path leads to what is held.
    plain = session.ask(f"other = {CONNECT}\n{QUERY_HELD.replace('held', 'other')}\nother.close()")
    assert plain == (press.today if version >= "1.5" else press.yesterday)
    assert session.ask(f"held.close(); held = {CONNECT}\n{QUERY_HELD}") == press.today


@pytest.mark.parametrize("version", ["1.2.2", "1.3.2", "1.4.5", "1.5.6", "2.0.0"])
def test_duckdb_reads_every_table_view_and_the_macro_and_writes_nothing(
    press: Press, open_session: OpenSession, version: str
) -> None:
    session = open_session([environment(f"duckdb-{version}"), HERE / "session.py"], press.folder)
    session.ask(f"import duckdb; held = {CONNECT}")
    counts = session.ask(READ_ALL)
    assert counts["core.fct_observation"] > 0
    assert counts["marts.kp1_indicator"] > 0
    compare = "held.execute(\"from marts.compare('liepaja-2020-2025/24/total', '2021', '2024/2025')\").fetchall()"
    assert len(session.ask(f"rows = {compare}")) == 1
    assert "read-only" in session.refusal("held.execute('drop table marts.indicator_trend')")


def test_sqlalchemy_without_a_pool_sees_a_publication_on_its_next_query(
    press: Press, open_session: OpenSession
) -> None:
    session = open_session([environment("sqlalchemy"), HERE / "session.py"], press.folder)
    held = f"with engine.connect() as connection: rows = [list(row) for row in connection.execute(text({QUERY!r}))]"
    # Rows of SQLAlchemy are no lists.
    documented = snippet("SQLAlchemy") + "\nrows = [list(row) for row in rows]"
    assert session.ask(documented) == press.yesterday

    press.publish_today()

    assert session.ask(held) == press.today


def test_sqlalchemy_with_its_own_pool_stays_stale_until_it_is_disposed_of(
    press: Press, open_session: OpenSession
) -> None:
    # The trap that the page warns of. If this fails, the warning can go.
    session = open_session([environment("sqlalchemy"), HERE / "session.py"], press.folder)
    held = f"with engine.connect() as connection: rows = [list(row) for row in connection.execute(text({QUERY!r}))]"
    pooled = snippet("SQLAlchemy").replace("    poolclass=NullPool,\n", "")
    assert session.ask(f"{pooled}\nrows = [list(row) for row in rows]") == press.yesterday

    press.publish_today()

    assert session.ask(held) == press.yesterday
    assert session.ask(f"engine.dispose()\n{held}") == press.today


def test_sqlalchemy_finds_tables_columns_and_types_by_reflection(press: Press, open_session: OpenSession) -> None:
    session = open_session([environment("sqlalchemy"), HERE / "session.py"], press.folder)
    session.ask(snippet("SQLAlchemy") + "\nrows = None\nfrom sqlalchemy import inspect")
    assert "indicator_progress" in session.ask("rows = inspect(engine).get_table_names(schema='marts')")
    columns = session.ask(
        "rows = {c['name']: str(c['type']) for c in inspect(engine).get_columns('dim_period', schema='core')}"
    )
    assert columns["starts_on"] == "DATE"
    assert columns["is_latest"] == "BOOLEAN"


def test_adbc_sees_a_publication_on_its_next_connection_and_writes_nothing(
    press: Press, open_session: OpenSession
) -> None:
    session = open_session([environment("adbc"), HERE / "session.py"], press.folder)
    documented = snippet("ADBC")
    # The documented connection, kept open.
    connect = documented.partition("with (\n")[2].partition(" as connection")[0].strip()
    query = f"cursor.execute({QUERY!r})\nrows = cursor.fetchall()"
    assert session.ask(documented) == press.yesterday
    assert session.ask(f"held = {connect}\ncursor = held.cursor()\n{query}") == press.yesterday

    press.publish_today()

    assert session.ask(query) == press.yesterday
    assert session.ask(documented) == press.today
    refused = session.refusal("cursor = held.cursor()\ncursor.execute('drop table marts.indicator_trend')")
    assert "read-only" in refused


@pytest.mark.parametrize("number", [0, 1], ids=["pyarrow", "pandas"])
def test_parquet_is_new_on_the_next_read(press: Press, open_session: OpenSession, number: int) -> None:
    session = open_session([sys.executable, HERE / "session.py"], press.folder)
    documented = snippet("Parquet", number=number)
    assert session.ask(documented) == press.yesterday

    press.publish_today()

    assert session.ask(documented) == press.today
