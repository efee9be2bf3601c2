"""What changed between two published files: rows by their keys, and the guard's flags."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse.store import open_detached
from warehouse.tables import quote_literal

STAMPS = "meta.published_table"
# They tell of the publication itself: each has its own.
NOT_COMPARED = frozenset({"audit.run", STAMPS})
_FLAGS = "core.fct_flag"
_FLAG_COLUMNS = ("flag_key", "flag_id", "rule", "series_key", "kind", "reason_lv", "reason_en")
_ROWS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class TableChange:
    """What changed in one table.

    Attributes:
        table: schema and name.
        rows_added: rows whose key was not there before.
        rows_changed: rows with the same key and other contents; always 0 in a table without a key.
        rows_removed: rows whose key is not there any more.
        columns_added: columns that were not there before.
        columns_removed: columns that are not there any more.
        keys: up to 20 keys of each kind: `added`, `changed`, `removed`.
    """

    table: str
    rows_added: int
    rows_changed: int
    rows_removed: int
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    keys: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class FlagChange:
    """A flag whose kind is another than before. `None` before: it is new; `None` after: it is not found any more."""

    flag_id: str
    rule: str
    series_key: str
    kind_before: str | None
    kind_after: str | None
    reason_lv: str
    reason_en: str

    @property
    def is_closed(self) -> bool:
        """Whether it was an open question and is none now."""
        return self.kind_before == "suspected" and self.kind_after != "suspected"


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed between two published files. What is equal is not named."""

    tables_added: tuple[str, ...]
    tables_removed: tuple[str, ...]
    tables: tuple[TableChange, ...]
    flags: tuple[FlagChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether both files hold the same."""
        return not (self.tables_added or self.tables_removed or self.tables or self.flags)

    def as_json(self) -> dict[str, Any]:
        """Return it for a JSON file, with the flags told apart."""
        flags = [asdict(flag) for flag in self.flags]
        return {
            "tables_added": list(self.tables_added),
            "tables_removed": list(self.tables_removed),
            "tables": [asdict(change) for change in self.tables],
            "flags_new": [flag for flag in flags if flag["kind_before"] is None],
            "flags_closed": [asdict(flag) for flag in self.flags if flag.is_closed],
            "flags_changed": [
                asdict(flag) for flag in self.flags if flag.kind_before and flag.kind_after and not flag.is_closed
            ],
        }


@dataclass(frozen=True, slots=True)
class _Stamp:
    content_hash: str
    key_columns: tuple[str, ...]


def compare_files(before: Path, after: Path) -> Difference:
    """Compare two published files.

    Tables with the same content hash are not read. Others are compared by the key that the newer file gives for them;
    a table without a key is compared by whole rows. Only columns that both have are compared.

    Raises:
        duckdb.Error: one of the files cannot be read.
    """
    with open_detached() as connection:
        return compare_attached(connection, before, after)


def compare_attached(connection: duckdb.DuckDBPyConnection, before: Path, after: Path) -> Difference:
    """Compare two published files in a session that knows its limits; else see `compare_files`."""
    for name, file in (("before", before), ("after", after)):
        connection.execute(f"attach {quote_literal(str(file))} as {name} (read_only)")
    old_stamps, new_stamps = _stamps(connection, "before"), _stamps(connection, "after")
    old, new = _columns(connection, "before"), _columns(connection, "after")
    changes = []
    for table in sorted(old.keys() & new.keys() - NOT_COMPARED):
        known, stamp = old_stamps.get(table), new_stamps.get(table)
        is_same = known is not None and stamp is not None and known.content_hash == stamp.content_hash
        if is_same and old[table] == new[table]:
            continue
        key = stamp.key_columns if stamp else ()
        change = _compare_table(connection, table, old[table], new[table], key)
        if change:
            changes.append(change)
    return Difference(
        tables_added=tuple(sorted(new.keys() - old.keys() - NOT_COMPARED)),
        tables_removed=tuple(sorted(old.keys() - new.keys() - NOT_COMPARED)),
        tables=tuple(changes),
        flags=tuple(_compare_flags(connection, old, new)),
    )


def _stamps(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, _Stamp]:
    try:
        rows = connection.execute(f"select table_name, content_hash, key_columns from {database}.{STAMPS}").fetchall()
    except duckdb.CatalogException:
        # Published before tables were stamped: everything is compared row by row then.
        return {}
    return {
        table: _Stamp(content_hash, tuple(key_columns.split(", ") if key_columns else ()))
        for table, content_hash, key_columns in rows
    }


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, dict[str, str]]:
    rows = connection.execute(
        """
        select columns.schema_name || '.' || columns.table_name, columns.column_name, columns.data_type
        from duckdb_columns() as columns
        inner join duckdb_tables() as tables using (database_name, schema_name, table_name)
        where columns.database_name = ?
        order by columns.column_index
        """,
        [database],
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, column, data_type in rows:
        tables.setdefault(table, {})[column] = data_type
    return tables


def _compare_table(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    old: Mapping[str, str],
    new: Mapping[str, str],
    key: Sequence[str],
) -> TableChange | None:
    common = [column for column in new if column in old]
    columns_added = tuple(column for column in new if column not in old)
    columns_removed = tuple(column for column in old if column not in new)
    if key and set(key) <= set(common):
        counts, keys = _compare_by_key(connection, table, common, key)
    else:
        counts, keys = _compare_by_row(connection, table, common), None
    if not (any(counts) or columns_added or columns_removed):
        return None
    return TableChange(table, *counts, columns_added, columns_removed, keys)


def _compare_by_key(
    connection: duckdb.DuckDBPyConnection, table: str, common: Sequence[str], key: Sequence[str]
) -> tuple[tuple[int, int, int], Mapping[str, tuple[str, ...]]]:
    name = _quoted(table)
    same_key = " and ".join(f'a."{column}" is not distinct from b."{column}"' for column in key)
    rest = [column for column in common if column not in key]
    differs = " or ".join(f'a."{column}" is distinct from b."{column}"' for column in rest) or "false"
    shown = "concat_ws('/', " + ", ".join(f'coalesce(a."{column}", b."{column}")::varchar' for column in key) + ")"
    connection.execute(
        f"""
        create or replace temp table change as
        select
            case when b.is_there is null then 'added' when a.is_there is null then 'removed' else 'changed' end
                as kind,
            {shown} as shown_key
        from (select true as is_there, * from "after".{name}) as a
        full join (select true as is_there, * from "before".{name}) as b on {same_key}
        where a.is_there is null or b.is_there is null or {differs}
        """
    )
    counted = dict(connection.execute("select kind, count(*) from change group by all").fetchall())
    keys = {
        kind: tuple(
            value
            for (value,) in connection.execute(
                "select shown_key from change where kind = ? order by all limit ?", [kind, _ROWS_SHOWN]
            ).fetchall()
        )
        for kind in ("added", "changed", "removed")
    }
    return (counted.get("added", 0), counted.get("changed", 0), counted.get("removed", 0)), keys


def _compare_by_row(connection: duckdb.DuckDBPyConnection, table: str, common: Sequence[str]) -> tuple[int, int, int]:
    columns, name = ", ".join(f'"{column}"' for column in common), _quoted(table)
    added, removed = (
        connection.execute(
            f'select count(*) from (select {columns} from "{one}".{name} except all '
            f'select {columns} from "{other}".{name})'
        ).fetchall()[0][0]
        for one, other in (("after", "before"), ("before", "after"))
    )
    return added, 0, removed


def _compare_flags(
    connection: duckdb.DuckDBPyConnection,
    old: Mapping[str, Mapping[str, str]],
    new: Mapping[str, Mapping[str, str]],
) -> list[FlagChange]:
    if any(not set(_FLAG_COLUMNS) <= set(tables.get(_FLAGS, {})) for tables in (old, new)):
        return []
    rows = connection.execute(
        f"""
        select
            coalesce(a.flag_id, b.flag_id), coalesce(a.rule, b.rule), coalesce(a.series_key, b.series_key),
            b.kind, a.kind, coalesce(a.reason_lv, b.reason_lv), coalesce(a.reason_en, b.reason_en)
        from "after".{_FLAGS} as a
        full join "before".{_FLAGS} as b using (flag_key)
        where a.kind is distinct from b.kind
        order by all
        """
    ).fetchall()
    return [FlagChange(*row) for row in rows]


def _quoted(table: str) -> str:
    schema, _, name = table.partition(".")
    return f'"{schema}"."{name}"'
