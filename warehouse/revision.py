"""What changed between successive vintages of a file: compared cell by cell, in SQL, by the key of the contract."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import duckdb

from warehouse.contract import IS_TOTAL, PRINTED_SUFFIX, Column, Contract
from warehouse.loading import LoadedFile
from warehouse.tables import load_table_definitions, quote_literal

REVISION_TABLE = "audit.revision"
_KEY_SEPARATOR = " · "


@dataclass(frozen=True, slots=True)
class Step:
    """Two successive vintages of one lineage."""

    earlier: LoadedFile
    later: LoadedFile


def steps(files: Sequence[LoadedFile]) -> Iterator[Step]:
    """Yield each file with the one that replaced it, lineage by lineage."""
    lineages: dict[tuple[str, str, str], list[LoadedFile]] = defaultdict(list)
    for loaded in files:
        if not loaded.result.is_rejected_whole:
            lineages[loaded.found.lineage].append(loaded)
    for lineage in lineages.values():
        in_order = sorted(lineage, key=lambda loaded: loaded.found.file.vintage)
        yield from (Step(earlier, later) for earlier, later in pairwise(in_order))


def record_revisions(connection: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[LoadedFile]) -> None:
    """Write the revisions of one contract's files to `audit.revision`, replacing what stood there of them.

    The raw table must hold the rows of all vintages. Only of free tables cells are told; of the others their number.
    """
    connection.execute(
        f"delete from {REVISION_TABLE} where source_name = ? and table_name = ?", [contract.source, contract.table]
    )
    # A respondent has no number that stays from one export to the next, and one changed answer may be one person's.
    for step in steps(files) if contract.confidentiality != "respondent" else ():
        earlier, later = step.earlier.found.file, step.later.found.file
        changes = changed_cells_sql(
            contract,
            f"select * from raw.{contract.raw_table} where _source_file = {quote_literal(earlier.name)}",
            f"select * from raw.{contract.raw_table} where _source_file = {quote_literal(later.name)}",
        )
        told = changes if contract.confidentiality == "free" else _counted(changes)
        values = {
            "strategy_code": quote_literal(later.strategy_code),
            "source_name": quote_literal(contract.source),
            "table_name": quote_literal(contract.table),
            "source_file": quote_literal(later.name),
            "earlier_file": quote_literal(earlier.name),
            "vintage_from": f"date {quote_literal(earlier.vintage.isoformat())}",
            "vintage_to": f"date {quote_literal(later.vintage.isoformat())}",
        }
        columns = load_table_definitions()[REVISION_TABLE].columns
        selected = ", ".join(values.get(column, column) for column in columns)
        connection.execute(f"insert into {REVISION_TABLE} select {selected} from ({told}) order by all")


def changed_cells_sql(contract: Contract, earlier: str, later: str) -> str:
    """Return a query with one row a cell that differs between two vintages of a table.

    Columns: `kind` (added, changed, removed), `row_key` (values of the contract's key), `column_name`, `old_value`,
    `new_value` (as text; NULL where there is none), `old_number`, `new_number` (what is read of them, if that is a
    number), `cell_count` (1). A row that came or went gives a row for each of
    its cells that are not blank; a row that is all key gives one without a column.

    Args:
        contract: the table's contract; both queries have the columns of its raw table.
        earlier: query of the rows of the earlier vintage.
        later: query of the rows of the later vintage.
    """
    cells = [column for column in contract.columns if column.name not in contract.key]
    # Totals have no key of their own: they are sums of rows that are compared.
    own_rows = f"where not {IS_TOTAL}" if contract.total_rows else ""
    same_key = " and ".join(f"earlier.{_name(key)} is not distinct from later.{_name(key)}" for key in contract.key)
    key_text = ", ".join(
        f"coalesce(cast(coalesce(later.{_name(key)}, earlier.{_name(key)}) as varchar), '')" for key in contract.key
    )
    is_added, is_removed = "earlier._source_file is null", "later._source_file is null"
    listed = ", ".join(
        f"{{'column_name': {quote_literal(column.name)}, 'old_value': {_text(column, 'earlier')}, "
        f"'new_value': {_text(column, 'later')}, 'old_number': {_number(column, 'earlier')}, "
        f"'new_number': {_number(column, 'later')}, 'is_same': {_is_same(column)}}}"
        for column in cells
    )
    no_text = (
        "'column_name': cast(null as varchar), 'old_value': cast(null as varchar), 'new_value': cast(null as varchar)"
    )
    whole_row = (
        f"{{{no_text}, 'old_number': cast(null as double), 'new_number': cast(null as double), 'is_same': false}}"
    )
    return f"""
        with
        earlier as (select * from ({earlier}) {own_rows}),
        later as (select * from ({later}) {own_rows}),
        pair as (
            select
                case when {is_added} then 'added' when {is_removed} then 'removed' else 'changed' end as kind,
                concat_ws({quote_literal(_KEY_SEPARATOR)}, {key_text}) as row_key,
                unnest([{listed or whole_row}]) as cell
            from earlier
            full join later on {same_key}
        )
        select
            kind,
            row_key,
            cell.column_name as column_name,
            cell.old_value as old_value,
            cell.new_value as new_value,
            cell.old_number as old_number,
            cell.new_number as new_number,
            1 as cell_count
        from pair
        where
            case
                when kind = 'changed' then not cell.is_same and cell.column_name is not null
                else cell.column_name is null or cell.old_value is not null or cell.new_value is not null
            end
    """


def _counted(changes: str) -> str:
    return f"""
        select
            kind,
            cast(null as varchar) as row_key,
            column_name,
            cast(null as varchar) as old_value,
            cast(null as varchar) as new_value,
            count(*) as cell_count
        from ({changes})
        group by kind, column_name
    """


def _text(column: Column, side: str) -> str:
    return f"cast({side}.{_name(column.name)} as varchar)"


def _number(column: Column, side: str) -> str:
    name = f"{column.name.removesuffix(PRINTED_SUFFIX)}_numeric" if column.type == "printed" else column.name
    is_number = column.type in {"printed", "integer", "count"}
    return f"cast({side}.{_name(name)} as double)" if is_number else "cast(null as double)"


def _is_same(column: Column) -> str:
    """Return the condition that a cell did not change: 4,5 and 4.5 are one number, whatever its text."""
    if column.type == "printed":
        stem = column.name.removesuffix(PRINTED_SUFFIX)
        read = [field.name for field in column.fields()[1:]]
        same_reading = " and ".join(_not_distinct(name) for name in read)
        return (
            f"({_not_distinct(column.name)} or (earlier.{_name(f'{stem}_numeric')} is not null and {same_reading}))"
        )
    return _not_distinct(column.name)


def _not_distinct(name: str) -> str:
    return f"earlier.{_name(name)} is not distinct from later.{_name(name)}"


def _name(column: str) -> str:
    return f'"{column}"'
