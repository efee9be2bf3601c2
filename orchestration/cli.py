"""The command line `meraukla`."""

import atexit
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from orchestration import (
    fetch_cli,
    flags_cli,
    landing_cli,
    method_cli,
    report_cli,
    serve_cli,
    snapshot_cli,
    status_cli,
    superset_cli,
)
from orchestration.build import (
    BuildFailedError,
    is_up_to_date,
    prepare_dagster_home,
    prepare_manifest,
    run_build,
)
from orchestration.console import (
    EXIT_FAILED,
    EXIT_LOCKED,
    EXIT_STOPPED,
    EXIT_USAGE,
    OutputFormat,
    err,
    fetch_published,
    out,
    print_rows,
)
from orchestration.operations import OperationsError
from orchestration.run_record import last_run, place_of, remedy_of
from orchestration.settings import Settings
from warehouse.landing import LandingError
from warehouse.messages import message
from warehouse.run_lock import Holder, RunLockedError
from warehouse.store import open_read_only

_NEW_SHOWN = 10

app = typer.Typer(
    help="Mēraukla: a yardstick for education strategies.\n\nNo line is drawn across a break in series.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(flags_cli.app, name="flags")
app.add_typer(method_cli.app, name="method")
status_cli.register(app)
snapshot_cli.register(app)
serve_cli.register(app)
landing_cli.register(app)
fetch_cli.register(app)
superset_cli.register(app)
report_cli.register(app)


@app.command(epilog="Examples:  meraukla build  ·  meraukla build --force  ·  meraukla build --debug")
def build(
    force: Annotated[bool, typer.Option("--force", help="Rebuild even if nothing has changed.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the stack trace of a failure.")] = False,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds to wait for another run that is under way.")
    ] = 0,
) -> None:
    """Load, build, guard, audit and publish. The published file changes whole or not at all."""
    settings = Settings.from_environment()
    started = time.monotonic()
    last = last_run(settings)
    # A run that went wrong is made good even if what it would publish stands already: else its trouble would, too.
    if not force and is_up_to_date(settings) and not (last and last.is_trouble):
        out.print("Nothing new: the published file was made from exactly what lies here. Use --force to rebuild.")
        out.print(f"Published: {settings.published_file}", soft_wrap=True)
        return
    seconds: list[tuple[str, float]] = []

    def listener(step: str, duration: float, succeeded: bool) -> None:
        seconds.append((step, duration))
        mark = "[green]✓[/]" if succeeded else "[red]✗[/]"
        out.print(f"{mark} {escape(step)} [dim]{duration:.1f} s[/]")

    out.print("[bold]Mēraukla[/] builds: landing → core → guard → marts → audit → publish")
    try:
        with err.status("working …"):
            run_build(settings, listener, wait, _say_waiting)
    except RunLockedError as error:
        err.print(f"[bold red]The build did not begin.[/] {escape(str(error))}")
        raise typer.Exit(EXIT_LOCKED) from error
    except OperationsError as error:
        err.print(f"[bold red]The build did not begin.[/] {escape(str(error))}")
        raise typer.Exit(EXIT_USAGE) from error
    except (BuildFailedError, LandingError) as error:
        if debug and isinstance(error, BuildFailedError):
            err.print(escape(error.details))
        where = f" at {error.step}" if isinstance(error, BuildFailedError) else ""
        err.print(f"[bold red]The build stopped{where}.[/] {escape(str(error))}")
        if settings.published_file.is_file():
            err.print("The file published before stays in place.")
        is_stopped = isinstance(error, BuildFailedError) and error.is_stopped
        if (remedy := remedy_of(str(error), is_stopped=is_stopped)) != "remedy_failed":
            err.print(escape(message(remedy, "en", place=place_of(str(error), settings))), soft_wrap=True)
        err.print("More: meraukla build --debug, or make ui.")
        raise typer.Exit(EXIT_STOPPED if is_stopped else EXIT_FAILED) from error
    _print_summary(settings, seconds, time.monotonic() - started)


def _say_waiting(holder: Holder) -> None:
    err.print(f"Another run is under way (process {holder.pid}, since {holder.since} UTC): waiting for its end.")


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
        new_suspicions = connection.execute(
            """
            select flag.flag_id, flag.rule, flag.series_key, flag.reason_en
            from audit.run as run
            cross join marts.comparability_flag as flag
            where flag.kind = 'suspected' and json_contains(run.new_suspicions, to_json(flag.flag_key))
            order by flag.rule, flag.series_key, flag.to_period
            """
        ).fetchall()
        open_count = connection.execute("select open_suspicion_count from audit.run").fetchone()
        tables = connection.execute("select count(*) from duckdb_tables() where not internal").fetchone()
        views = connection.execute("select count(*) from duckdb_views() where not internal").fetchone()
    table = Table(title="Run", show_header=False)
    read, accepted, quarantined = files or (0, 0, 0)
    table.add_row("rows", f"{read} read, {accepted} accepted, {quarantined} quarantined")
    named = {"passed": 0, "flagged": 0, "failed": 0, "error": 0} | checks
    table.add_row("checks", ", ".join(f"{count} {outcome}" for outcome, count in named.items()))
    table.add_row("comparability flags", str(flags[0] if flags else 0))
    table.add_row("suspicions", f"{open_count[0] if open_count else 0} open, {len(new_suspicions)} of them new")
    table.add_row("reconciliation", ", ".join(f"{count} {verdict}" for verdict, count in verdicts))
    table.add_row("published", f"{tables[0] if tables else 0} tables, {views[0] if views else 0} views")
    for stage, duration in _by_stage(seconds).items():
        table.add_row(f"seconds, {stage}", f"{duration:.1f}")
    table.add_row("seconds, whole run", f"{total:.1f}")
    out.print(table)
    for flag_id, rule, series_key, reason in new_suspicions[:_NEW_SHOWN]:
        out.print(f"[yellow]?[/] {flag_id} {rule} {series_key}: {escape(reason)}", soft_wrap=True)
    if len(new_suspicions) > _NEW_SHOWN:
        out.print(f"… and {len(new_suspicions) - _NEW_SHOWN} more new suspicions: meraukla flags --kind suspected")
    _print_ages(settings)
    out.print(f"Published: {settings.published_file}", soft_wrap=True)


def _print_ages(settings: Settings) -> None:
    for line in fetch_cli.age_lines(settings):
        out.print(escape(line), soft_wrap=True)


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


@app.command(
    epilog='Examples:  meraukla query "from marts.indicator_progress"  ·  '
    "meraukla query --format csv \"from marts.compare('liepaja-2020-2025/07/total', '2021', '2023/2024')\""
)
def query(
    sql: Annotated[str, typer.Argument(help="SQL to run on the published file, read-only.")],
    output: Annotated[OutputFormat, typer.Option("--format", help="Output format.")] = OutputFormat.TABLE,
) -> None:
    """Run SQL on the published file. It is opened read-only and cannot reach other files."""
    print_rows(*fetch_published(sql), output)


@app.command(epilog="Example:  meraukla docs")
def docs() -> None:
    """Write dbt's documentation and tell where it and the Data Docs lie."""
    settings = Settings.from_environment()
    from orchestration import dbt_process  # noqa: PLC0415 - seconds of import that other commands do not need

    try:
        page = dbt_process.write_docs(settings)
    except dbt_process.DbtError as error:
        err.print(f"[bold red]The documentation was not written.[/] {escape(str(error))}")
        raise typer.Exit(EXIT_FAILED) from error
    out.print(f"Models and columns: {page}", soft_wrap=True)
    out.print(f"Expectations: {settings.data_docs_dir / 'index.html'}", soft_wrap=True)


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
        err.print(f"[bold red]The dbt project is not in order.[/] {escape(str(error))}")
        raise typer.Exit(EXIT_FAILED) from error


def main() -> None:
    """Run the command line.

    It ends without taking the interpreter apart: after a build, object by object, that takes longer than publication.
    """
    status = EXIT_FAILED

    def leave() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    # Registered first, so it runs last: whatever others want done at the end is done.
    atexit.register(leave)
    try:
        app()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else EXIT_FAILED if ended.code else 0
        raise
