"""The command line `meraukla`."""

import csv
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import duckdb
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.build import (
    BuildFailedError,
    LastRun,
    is_up_to_date,
    prepare_dagster_home,
    prepare_manifest,
    published_run,
    run_build,
)
from orchestration.settings import Settings
from warehouse.landing import LandingError
from warehouse.store import open_read_only

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NOTHING_PUBLISHED = 3

app = typer.Typer(
    help="Mēraukla: a yardstick for education strategies.\n\nNo line is drawn across a break in series.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_out = Console()
_err = Console(stderr=True)


class OutputFormat(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class Language(StrEnum):
    """Language of what is read by people."""

    LV = "lv"
    EN = "en"


@app.command(epilog="Examples:  meraukla build  ·  meraukla build --force  ·  meraukla build --debug")
def build(
    force: Annotated[bool, typer.Option("--force", help="Rebuild even if nothing has changed.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the stack trace of a failure.")] = False,
) -> None:
    """Load, build, guard, audit and publish. The published file changes whole or not at all."""
    settings = Settings.from_environment()
    started = time.monotonic()
    if not force and is_up_to_date(settings):
        _out.print("Nothing new: the published file was made from exactly what lies here. Use --force to rebuild.")
        _out.print(f"Published: {settings.published_file}", soft_wrap=True)
        return
    seconds: list[tuple[str, float]] = []

    def listener(step: str, duration: float, succeeded: bool) -> None:
        seconds.append((step, duration))
        mark = "[green]✓[/]" if succeeded else "[red]✗[/]"
        _out.print(f"{mark} {escape(step)} [dim]{duration:.1f} s[/]")

    _out.print("[bold]Mēraukla[/] builds: landing → core → guard → marts → audit → publish")
    try:
        with _err.status("working …"):
            run_build(settings, listener)
    except (BuildFailedError, LandingError) as error:
        if debug and isinstance(error, BuildFailedError):
            _err.print(escape(error.details))
        where = f" at {error.step}" if isinstance(error, BuildFailedError) else ""
        _err.print(f"[bold red]The build stopped{where}.[/] {escape(str(error))}")
        if settings.published_file.is_file():
            _err.print("The file published before stays in place.")
        _err.print("More: meraukla build --debug, or make ui.")
        raise typer.Exit(EXIT_FAILED) from error
    _print_summary(settings, seconds, time.monotonic() - started)


def _print_summary(settings: Settings, seconds: Sequence[tuple[str, float]], total: float) -> None:
    with open_read_only(settings.published_file) as connection:
        files = connection.execute(
            "select sum(rows_read), sum(rows_accepted), sum(rows_quarantined) from audit.source_file"
        ).fetchone()
        checks = dict(
            connection.execute(
                """
                select
                    case when outcome = 'failed' and severity <> 'critical' then 'flagged' else outcome end,
                    count(*)
                from audit.check_result group by all
                """
            ).fetchall()
        )
        flags = connection.execute("select count(*) from marts.comparability_flag").fetchone()
        verdicts = connection.execute(
            "select verdict, count(*) from audit.reconciliation group by all order by all"
        ).fetchall()
        tables = connection.execute("select count(*) from duckdb_tables() where not internal").fetchone()
        views = connection.execute("select count(*) from duckdb_views() where not internal").fetchone()
    table = Table(title="Run", show_header=False)
    read, accepted, quarantined = files or (0, 0, 0)
    table.add_row("rows", f"{read} read, {accepted} accepted, {quarantined} quarantined")
    named = {"passed": 0, "flagged": 0, "failed": 0, "error": 0} | checks
    table.add_row("checks", ", ".join(f"{count} {outcome}" for outcome, count in named.items()))
    table.add_row("comparability flags", str(flags[0] if flags else 0))
    table.add_row("reconciliation", ", ".join(f"{count} {verdict}" for verdict, count in verdicts))
    table.add_row("published", f"{tables[0] if tables else 0} tables, {views[0] if views else 0} views")
    for stage, duration in _by_stage(seconds).items():
        table.add_row(f"seconds, {stage}", f"{duration:.1f}")
    table.add_row("seconds, whole run", f"{total:.1f}")
    _out.print(table)
    _out.print(f"Published: {settings.published_file}", soft_wrap=True)


def _by_stage(seconds: Sequence[tuple[str, float]]) -> dict[str, float]:
    names = {
        "prepare": "prepare (the dbt project has changed)",
        "load": "load",
        "core_models": "core",
        "guard_checks": "guard",
        "guard__flag": "guard",
        "mart_models": "marts",
        "audit_checks": "audit",
        "published__meraukla": "publish",
    }
    stages: dict[str, float] = {}
    for step, duration in seconds:
        stage = names.get(step, "landing")
        stages[stage] = stages.get(stage, 0.0) + duration
    return stages


@app.command(epilog="Example:  meraukla status")
def status() -> None:
    """Tell what is published, how old it is, and how the last run ended."""
    settings = Settings.from_environment()
    run = published_run(settings)
    if run:
        age = datetime.now(UTC).replace(tzinfo=None) - run.published_at
        hours = age.total_seconds() / 3600
        _out.print(
            f"{settings.published_file}: published {run.published_at:%Y-%m-%d %H:%M} UTC, {hours:.1f} hours ago, "
            f"by run {run.run_id}",
            soft_wrap=True,
        )
    else:
        _out.print("Nothing is published yet. Do: meraukla build")
    if settings.last_run_file.is_file():
        last = LastRun(**json.loads(settings.last_run_file.read_text("utf-8")))
        if last.succeeded:
            _out.print(f"The last run succeeded at {last.finished_at}.")
        else:
            _out.print(
                f"The last run failed at {last.finished_at} in {last.failed_step}: {escape(last.message or '')}\n"
                "The published file was left as it was. Mend what the message says, then: meraukla build"
            )
    if not run:
        raise typer.Exit(EXIT_NOTHING_PUBLISHED)


@app.command(
    epilog="Examples:  meraukla flags  ·  meraukla flags --rule unit_mismatch --language lv  ·  "
    "meraukla flags --format csv"
)
def flags(
    rule: Annotated[str | None, typer.Option(help="Only the flags of this rule.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only declared, suspected, confirmed or dismissed ones.")] = None,
    language: Annotated[Language, typer.Option(help="Language of the reasons.")] = Language.EN,
    output: Annotated[OutputFormat, typer.Option("--format", help="Output format.")] = OutputFormat.TABLE,
) -> None:
    """List the comparability flags: where numbers must not be compared, and why."""
    reason = f"reason_{language.value}"
    _print_query(
        f"""
        select rule, kind, severity, series_key, from_period, to_period, {reason}
        from marts.comparability_flag
        where rule = coalesce(?, rule) and kind = coalesce(?, kind)
        order by rule, series_key, to_period
        """,
        output,
        [rule, kind],
    )


@app.command(
    epilog='Examples:  meraukla query "from marts.indicator_progress"  ·  '
    "meraukla query --format csv \"from marts.compare('liepaja-2020-2025/07/total', '2021', '2023/2024')\""
)
def query(
    sql: Annotated[str, typer.Argument(help="SQL to run on the published file, read-only.")],
    output: Annotated[OutputFormat, typer.Option("--format", help="Output format.")] = OutputFormat.TABLE,
) -> None:
    """Run SQL on the published file. It is opened read-only and cannot reach other files."""
    _print_query(sql, output)


def _print_query(sql: str, output: OutputFormat, parameters: Sequence[Any] = ()) -> None:
    settings = Settings.from_environment()
    if not settings.published_file.is_file():
        _err.print("Nothing is published yet. Do: meraukla build")
        raise typer.Exit(EXIT_NOTHING_PUBLISHED)
    try:
        with open_read_only(settings.published_file) as connection:
            cursor = connection.execute(sql, list(parameters))
            # DuckDB answers an empty statement with nothing at all.
            columns = [column[0] for column in cursor.description or []] if cursor else []
            rows = cursor.fetchall() if cursor else []
    except duckdb.Error as error:
        _err.print(f"[bold red]The query failed.[/] {escape(str(error))}")
        raise typer.Exit(EXIT_USAGE) from error
    match output:
        case OutputFormat.CSV:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)
        case OutputFormat.JSON:
            records = [dict(zip(columns, row, strict=True)) for row in rows]
            sys.stdout.write(json.dumps(records, ensure_ascii=False, indent=2, default=_to_json) + "\n")
        case OutputFormat.TABLE:
            table = Table(*map(escape, columns))
            for row in rows:
                table.add_row(*("" if value is None else escape(str(value)) for value in row))
            _out.print(table)


def _to_json(value: object) -> float | str:
    """Write what JSON has no type for: a decimal is a number, a date is text."""
    return float(value) if isinstance(value, Decimal) else str(value)


@app.command(epilog="Example:  meraukla docs")
def docs() -> None:
    """Write dbt's documentation and tell where it and the Data Docs lie."""
    settings = Settings.from_environment()
    from orchestration import dbt  # noqa: PLC0415 - seconds of import that other commands do not need

    try:
        page = dbt.write_docs(settings)
    except dbt.DbtError as error:
        _err.print(f"[bold red]The documentation was not written.[/] {escape(str(error))}")
        raise typer.Exit(EXIT_FAILED) from error
    _out.print(f"Models and columns: {page}", soft_wrap=True)
    _out.print(f"Expectations: {settings.data_docs_dir / 'index.html'}", soft_wrap=True)


@app.command(epilog="Examples:  meraukla ui  ·  meraukla ui --port 4000")
def ui(port: Annotated[int, typer.Option(help="Port on the loopback address.")] = 3000) -> None:
    """Start Dagster's page with the nightly schedule, on this machine's loopback address only."""
    settings = Settings.from_environment()
    prepare_dagster_home(settings)
    _prepare_manifest(settings)
    command = [sys.executable, "-m", "dagster", "dev", "--module-name", "orchestration.definitions"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    raise typer.Exit(subprocess.call(command))  # noqa: S603 - fixed arguments


@app.command(hidden=True)
def prepare() -> None:
    """Parse the dbt project, so that the first build need not."""
    _prepare_manifest(Settings.from_environment())


def _prepare_manifest(settings: Settings) -> None:
    try:
        prepare_manifest(settings)
    except BuildFailedError as error:
        _err.print(f"[bold red]The dbt project is not in order.[/] {escape(str(error))}")
        raise typer.Exit(EXIT_FAILED) from error


def main() -> None:
    """Run the command line."""
    app()
