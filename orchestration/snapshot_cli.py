"""`meraukla snapshots`, `rollback`, `diff`: what was published before, how to go back to it, and what changed."""

import json
from typing import Annotated

import duckdb
import typer
from rich.markup import escape

from orchestration.console import EXIT_FAILED, EXIT_LOCKED, EXIT_USAGE, Language, OutputFormat, err, out, print_rows
from orchestration.run_record import write_status
from orchestration.settings import Settings
from warehouse.difference import Difference, compare_files
from warehouse.run_lock import RunLockedError, run_lock
from warehouse.snapshot import CURRENT, SnapshotError, SnapshotStore

_HEADERS = ["snapshot", "published_at", "run", "rows", "current"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Examples:  meraukla snapshots  ·  meraukla snapshots --verify")(snapshots)
    app.command(epilog="Examples:  meraukla rollback  ·  meraukla rollback 20261124T000114Z")(rollback)
    app.command(epilog="Examples:  meraukla diff  ·  meraukla diff 20261123T000112Z current --json")(diff)


def snapshots(
    verify: Annotated[bool, typer.Option("--verify", help="Compare each file with its manifest.")] = False,
    output: Annotated[OutputFormat, typer.Option("--format", help="Output format.")] = OutputFormat.TABLE,
) -> None:
    """List what was published and is kept, the newest first."""
    store = _store()
    rows, damaged = [], False
    for one in store.snapshots():
        run, relations = one.manifest["run"], one.manifest["relations"].values()
        row = [
            one.snapshot_id,
            f"{one.published_at:%Y-%m-%d %H:%M}",
            run["run_id"],
            sum(relation["row_count"] or 0 for relation in relations),
            "current" if one.is_current else "",
        ]
        if verify:
            damages = one.damages()
            damaged = damaged or bool(damages)
            row.append("; ".join(damages) or "whole")
        rows.append(row)
    print_rows([*_HEADERS, *(["files"] if verify else [])], rows, output)
    if damaged:
        raise typer.Exit(EXIT_FAILED)


def rollback(
    snapshot: Annotated[
        str, typer.Argument(metavar="ID", help="The snapshot, or the beginning or end of its id.")
    ] = "previous",
) -> None:
    """Go back to an older snapshot, or forward again, in one switch. Without ID: the one before the current one.

    The next run publishes anew: mend what was wrong before then, or stop the schedule.
    """
    settings = Settings.from_environment()
    store = SnapshotStore(settings.published_dir)
    try:
        with run_lock(settings.lock_file, "meraukla rollback"):
            store.sweep()
            chosen, before = store.find(snapshot), store.current_id
            if not chosen.is_current:
                store.roll_back(chosen)
                write_status(settings)
    except RunLockedError as error:
        err.print(str(error), markup=False)
        raise typer.Exit(EXIT_LOCKED) from error
    except (SnapshotError, OSError) as error:
        err.print(f"[bold red]Nothing was switched.[/] {escape(str(error))}")
        raise typer.Exit(EXIT_FAILED) from error
    if chosen.is_current:
        out.print(f"{chosen.snapshot_id} is the current snapshot already.", soft_wrap=True)
        return
    out.print(f"Published now: {chosen.snapshot_id}", soft_wrap=True)
    out.print(f"Before: {before}", soft_wrap=True)
    out.print("The next run publishes anew: mend what was wrong before then, or stop the schedule.", soft_wrap=True)


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="The older snapshot.")] = "previous",
    after: Annotated[str, typer.Argument(metavar="B", help="The newer snapshot.")] = CURRENT,
    language: Annotated[Language, typer.Option("--language", help="Language of the reasons.")] = Language.EN,
    as_json: Annotated[bool, typer.Option("--json", help="Write everything as JSON.")] = False,
) -> None:
    """Tell what changed from one snapshot to another: tables, rows by key, flags."""
    store = _store()
    try:
        one, other = store.find(before), store.find(after)
        files = [next(iter(sorted(item.path.glob("*.duckdb")))) for item in (one, other)]
        difference = compare_files(*files)
    except (SnapshotError, StopIteration) as error:
        err.print(str(error) or "The snapshot has no DuckDB file.", markup=False)
        raise typer.Exit(EXIT_USAGE) from error
    except duckdb.Error as error:
        err.print(f"[bold red]The snapshots cannot be compared.[/] {escape(str(error))}")
        raise typer.Exit(EXIT_FAILED) from error
    if as_json:
        typer.echo(json.dumps(difference.as_json(), ensure_ascii=False, indent=2))
        return
    out.print(f"From {one.snapshot_id}\nto   {other.snapshot_id}", soft_wrap=True)
    _print(difference, language)


def _print(difference: Difference, language: str) -> None:
    if difference.is_empty:
        out.print("Nothing has changed.")
    for table in difference.tables_added:
        out.print(f"{table}: new table")
    for table in difference.tables_removed:
        out.print(f"{table}: not there any more")
    for change in difference.tables:
        columns = [f"+{name}" for name in change.columns_added] + [f"-{name}" for name in change.columns_removed]
        out.print(
            f"{change.table}: {change.rows_added} added, {change.rows_changed} changed, {change.rows_removed} removed"
            + (f"; columns {', '.join(columns)}" if columns else ""),
            soft_wrap=True,
            markup=False,
        )
        for kind, keys in (change.keys or {}).items():
            for key in keys:
                out.print(f"  {kind}: {key}", soft_wrap=True, markup=False)
    for flag in difference.flags:
        reason = flag.reason_lv if language == "lv" else flag.reason_en
        out.print(
            f"flag {flag.flag_id} {flag.rule} {flag.series_key}: {flag.kind_before or 'new'} → "
            f"{flag.kind_after or 'gone'}. {reason}",
            soft_wrap=True,
            markup=False,
        )


def _store() -> SnapshotStore:
    return SnapshotStore(Settings.from_environment().published_dir)
