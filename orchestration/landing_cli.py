"""`meraukla quarantine`, `check`, `receive` and `template`: what a steward needs for the files that are handed in."""

import os
import shutil
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from tempfile import mkstemp
from typing import Annotated, Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo

import duckdb
import typer
from rich.markup import escape

from orchestration.console import (
    EXIT_FAILED,
    EXIT_NOTHING_PUBLISHED,
    EXIT_USAGE,
    Language,
    OutputFormat,
    err,
    out,
    print_rows,
)
from orchestration.settings import Settings
from warehouse.contract import load_contracts, load_marks
from warehouse.landing import FoundFile, LandingError, LandingZone, file_sha256, find_files
from warehouse.messages import message
from warehouse.preview import (
    NotRecognisedError,
    Preview,
    choose_contract,
    compare_with_predecessor,
    file_to_read,
    read_preview,
)
from warehouse.readers import LandingFile
from warehouse.rejection import Rejection
from warehouse.store import open_read_only, published_files
from warehouse.survey_mapping import mapping_of, mapping_path
from warehouse.template import template as empty_table

app = typer.Typer()
_Item = TypeVar("_Item")

# The day on which something is handed in is the steward's day.
_ZONE = ZoneInfo("Europe/Riga")
_SHOWN = 20
_SHOWN_DELIMITERS = {"\t": "tab"}

Lang = Annotated[Language, typer.Option("--language", help="Language of what is told.")]
FileArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="CSV, XLSX or ZIP file, or the mapping of a survey export.", exists=True, dir_okay=False
    ),
]
SourceOption = Annotated[
    str | None, typer.Option("--source", help="Source, or source.table, if the file's name does not tell.")
]
StrategyOption = Annotated[str | None, typer.Option("--strategy", help="Strategy, if there are several.")]


def register(parent: typer.Typer) -> None:
    """Add the commands to the command line."""
    parent.registered_commands.extend(app.registered_commands)


@app.command(
    epilog="Examples:  meraukla quarantine  ·  meraukla quarantine --source viis --language lv  ·  "
    "meraukla quarantine --rule not_a_count --format csv"
)
def quarantine(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    file: Annotated[str | None, typer.Option(help="Only files whose path contains this.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only this rule.")] = None,
    language: Lang = Language.EN,
    output: Annotated[OutputFormat, typer.Option("--format", help="Output format.")] = OutputFormat.TABLE,
) -> None:
    """Show what was not accepted: file, sheet, row, column, value, rule, and what to do."""
    settings = Settings.from_environment()
    told, remedy = f"message_{language.value}", f"remedy_{language.value}"
    # A message names file, row, column and value: for the eye that is enough.
    columns = (
        f"rule, {told}, {remedy}"
        if output is OutputFormat.TABLE
        else "source_name, table_name, source_file, sheet, row_number, column_name, value, rule, "
        f"{told}, {remedy}, row_json"
    )
    names, rows = _fetch(
        _file_of_last_run(settings, language),
        f"""
        select {columns}
        from audit.quarantine
        where
            coalesce(source_name, '') = coalesce(?, source_name, '')
            and contains(source_file, coalesce(?, source_file))
            and rule = coalesce(?, rule)
        order by source_file, sheet, row_number, column_name
        """,
        [source, file, rule],
    )
    if output is OutputFormat.TABLE and not rows:
        out.print(escape(message("quarantine_empty", language)))
        return
    print_rows(names, rows, output)
    if output is OutputFormat.TABLE and settings.quarantine_dir.is_dir():
        out.print(escape(message("quarantine_kept", language, value=settings.quarantine_dir)), soft_wrap=True)


def _file_of_last_run(settings: Settings, language: Language) -> Path:
    """Return the file that tells what the last run did not accept: the build file, if that run was not published."""
    begun = _run_of(settings.build_file)
    if begun is None or begun == _run_of(settings.published_file):
        return settings.published_file
    err.print(escape(message("quarantine_of_failed_run", language)))
    return settings.build_file


def _run_of(file: Path) -> str | None:
    """Return the run that made a file; None if it is not there, cannot be read, or a run is writing it just now."""
    if not file.is_file():
        return None
    try:
        with open_read_only(file) as connection:
            row = connection.execute("select run_id from audit.run").fetchone()
    except duckdb.Error:
        return None
    return str(row[0]) if row else None


def _fetch(file: Path, sql: str, parameters: Sequence[Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
    if not file.is_file():
        err.print("Nothing is published yet. Do: meraukla build")
        raise typer.Exit(EXIT_NOTHING_PUBLISHED)
    try:
        with open_read_only(file) as connection:
            cursor = connection.execute(sql, list(parameters))
            return [column[0] for column in cursor.description or []], cursor.fetchall()
    except duckdb.Error as error:
        err.print(f"[bold red]{file.name}:[/] {escape(str(error))}")
        raise typer.Exit(EXIT_FAILED) from error


@app.command(
    epilog="Examples:  meraukla check value.csv  ·  "
    "meraukla check skaits.xlsx --source enrolment.learner_count --language lv"
)
def check(
    file: FileArgument,
    source: SourceOption = None,
    strategy: StrategyOption = None,
    language: Lang = Language.EN,
) -> None:
    """Tell before a file is handed in what would be accepted, quarantined, changed. Nothing is written.

    Ends with 0 if every row would be accepted, else with 1.
    """
    preview, _ = _preview(file, source, strategy, language)
    _print_preview(preview, language)
    if preview.result.rejections or not preview.has_known_name or not preview.result.accepted.num_rows:
        raise typer.Exit(EXIT_FAILED)


@app.command(epilog="Examples:  meraukla receive value.csv  ·  meraukla receive value.csv --day 2026-01-31 --even-so")
def receive(  # noqa: PLR0913, PLR0917 - the options of the command
    file: FileArgument,
    source: SourceOption = None,
    strategy: StrategyOption = None,
    day: Annotated[
        str | None, typer.Option(help="Day on which it was handed in, e.g. 2026-01-31; else today.")
    ] = None,
    even_so: Annotated[
        bool, typer.Option("--even-so", help="Hand it in although some of its rows will be quarantined.")
    ] = False,
    language: Lang = Language.EN,
) -> None:
    """Check a file and put it into the landing zone under its day: a new file, or one that replaces an earlier."""
    preview, zone = _preview(file, source, strategy, language, _day(day, language))
    _print_preview(preview, language)
    result = preview.result
    is_nameless = not preview.has_known_name and bool(preview.contract.files)
    if not result.accepted.num_rows or is_nameless or (result.rejections and not even_so):
        _stop(message("receive_refused", language), EXIT_FAILED)
    if preview.is_nothing_new and preview.predecessor:
        out.print(escape(message("receive_nothing_new", language, file=preview.predecessor.name)), soft_wrap=True)
        return
    folder = Settings.from_environment().landing_dir / result.file.strategy_code / preview.contract.source
    name = result.file.path.name if preview.has_known_name else f"{preview.contract.table}{file.suffix}"
    target = folder / result.file.vintage.isoformat() / name
    own = [found for found in zone.files_of(preview.contract) if found.lineage == preview.lineage]
    rivals = [found for found in own if found.file.vintage == result.file.vintage]
    known = published_files(Settings.from_environment().published_file)
    for rival in rivals:
        if rival.file.name in known:
            _stop(
                message("receive_published", language, file=rival.file.name, value=result.file.vintage), EXIT_FAILED
            )
    if preview.contract.reader == "cells":
        _take_out(rivals, target.parent, [target, file])
        _copy_whole(file, target)
    else:
        target = _hand_in_export(result.file, target, [found for found in own if found not in rivals], rivals)
    out.print(escape(message("receive_done", language, file=target)), soft_wrap=True)


def _hand_in_export(
    export: LandingFile, target: Path, earlier: Sequence[FoundFile], rivals: Sequence[FoundFile]
) -> Path:
    """Hand in an export and its mapping, or the mapping alone if the export lies there already.

    Args:
        export: the export, and the mapping that it is to be read by.
        target: where the export would lie.
        earlier: what was handed in under its name on other days.
        rivals: what was handed in under its name on the same day.

    Returns:
        What was handed in: the export or the mapping.
    """
    before = [found.file for found in earlier if found.file.vintage < export.vintage]
    latest = max(before, key=lambda file: file.vintage, default=None)
    target.parent.mkdir(parents=True, exist_ok=True)
    own_mapping = mapping_path(target)
    # Respondents' answers are not copied once more without need.
    is_there = latest is not None and _sha256(latest.path) == _sha256(export.path)
    kept = [own_mapping, mapping_of(export)] if is_there else [own_mapping, mapping_of(export), target, export.path]
    # First what the export is read by, so that nobody meets it without.
    _copy_whole(mapping_of(export), own_mapping)
    _take_out(rivals, target.parent, kept)
    if not is_there:
        _copy_whole(export.path, target)
    return own_mapping if is_there else target


def _sha256(path: Path) -> str | None:
    return file_sha256(path, path.parent)


def _take_out(rivals: Sequence[FoundFile], folder: Path, kept: Sequence[Path]) -> None:
    """Take out what was handed in on the same day and seen by nobody yet: the later of the two is meant."""
    for rival in rivals:
        parts = [rival.file.path] if rival.contract.reader == "cells" else [rival.file.path, mapping_of(rival.file)]
        for path in parts:
            if path.resolve().parent == folder.resolve() and path.resolve() not in [one.resolve() for one in kept]:
                path.unlink(missing_ok=True)


def _copy_whole(file: Path, target: Path) -> None:
    """Copy a file so that nobody ever sees a part of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, part = mkstemp(dir=target.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as copy, file.open("rb") as original:
            shutil.copyfileobj(original, copy)
            copy.flush()
            os.fsync(copy.fileno())
        Path(part).chmod(0o644)
        Path(part).replace(target)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


@app.command(
    epilog="Examples:  meraukla template enrolment  ·  meraukla template enrolment.learner_count --language lv"
)
def template(
    source: Annotated[str, typer.Argument(help="Source, or source.table.")],
    language: Lang = Language.EN,
    folder: Annotated[Path, typer.Option("--folder", help="Where to write them.", file_okay=False)] = Path(),
) -> None:
    """Write an empty XLSX table for each file of a source: header, choices, notes and units."""
    own = [
        contract
        for contract in load_contracts()
        if source in (contract.source, f"{contract.source}.{contract.table}")
    ]
    if not own:
        known = ", ".join(sorted({contract.source for contract in load_contracts()}))
        _stop(message("check_unknown_source", language, value=source, expected=known), EXIT_USAGE)
    own = [contract for contract in own if contract.reader == "cells"]
    if not own:
        _stop(message("template_of_exports", language, value=source), EXIT_USAGE)
    folder.mkdir(parents=True, exist_ok=True)
    for contract in own:
        path = folder / f"{contract.table}.xlsx"
        if path.exists():
            _stop(message("template_exists", language, file=path), EXIT_FAILED)
        path.write_bytes(empty_table(contract, language.value))
        out.print(escape(message("template_written", language, file=path)), soft_wrap=True)


# --- What check and receive share ---


def _preview(
    file: Path, source: str | None, strategy: str | None, language: Language, day: date | None = None
) -> tuple[Preview, LandingZone]:
    settings = Settings.from_environment()
    contracts, marks = load_contracts(), load_marks()
    try:
        zone = find_files(settings.landing_dir, contracts)
        code = _strategy(zone, file, settings, strategy, language)
        given = file_to_read(file, zone, code, day or datetime.now(_ZONE).date())
        choice = choose_contract(given, contracts, settings.landing_dir, source)
        preview = read_preview(given, choice, marks)
        compare_with_predecessor(preview, zone, marks, _max_factor())
    except NotRecognisedError as error:
        _stop(message(error.name, language, value=error.value, expected=error.expected), EXIT_USAGE)
    except (LandingError, OSError) as error:
        _stop(str(error), EXIT_FAILED)
    return preview, zone


def _strategy(zone: LandingZone, file: Path, settings: Settings, strategy: str | None, language: Language) -> str:
    codes = [known.code for known in zone.strategies]
    own = [known.code for known in zone.strategies if file.resolve().is_relative_to(known.folder.resolve())]
    possible = [strategy] if strategy in codes else own or codes if strategy is None else []
    if len(possible) != 1:
        _stop(message("check_which_strategy", language, value=strategy or "?", expected=", ".join(codes)), EXIT_USAGE)
    return str(possible[0])


def _max_factor() -> float:
    """Return how many times larger or smaller a number may be than the one before: as the guard has it."""
    from expectations.catalogue import load_rules  # noqa: PLC0415 - reads all rules, needed here only

    (rule,) = (rule for rule in load_rules() if rule.name == "level_shift")
    return float(rule.thresholds["max_factor"])


def _day(text: str | None, language: Language) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        _stop(message("receive_no_day", language, value=text), EXIT_USAGE)


def _print_preview(preview: Preview, language: Language) -> None:
    def tell(name: str, **facts: object) -> None:
        out.print(escape(message(name, language, **facts)), soft_wrap=True)

    contract, result = preview.contract, preview.result
    tell(
        _RECOGNISED[preview.recognised_by],
        file=result.file.name,
        value=f"{contract.label(language)} ({contract.source}.{contract.table})",
    )
    if not preview.has_known_name:
        tell("check_rename", file=result.file.name, expected=" | ".join(contract.files) or contract.table)
    if result.detection:
        tell("check_detected", value=_detected(preview, language))
    accepted = int(result.accepted.num_rows)
    tell("check_counted", value=result.rows_read, accepted=accepted, quarantined=result.rows_quarantined)
    if not result.rejections and not accepted:
        tell("check_no_rows")
    _print_some(result.rejections, lambda rejection: _told(rejection, language), language)
    compared = preview.compared
    if preview.predecessor is None or compared is None:
        tell("check_first")
    else:
        kinds = {kind: sum(1 for change in preview.changes if change.kind == kind) for kind in _CHANGED}
        told = "check_replaces" if compared == contract else "check_replaces_export"
        tell(told, file=preview.predecessor.name, value=preview.predecessor.vintage, **kinds)
        if preview.answers_changed is not None:
            tell("check_answers_changed", value=preview.answers_changed)
        labels = {column.name: column.label(language) for column in compared.columns}
        ordered = sorted(preview.changes, key=lambda change: not change.is_unlike)
        _print_some(
            ordered,
            lambda change: message(
                "check_unlike" if change.is_unlike else _CHANGED[change.kind],
                language,
                row=change.row_key,
                column=labels.get(change.column_name or "", ""),
                value=change.old_value or "",
                expected=change.new_value or "",
            ),
            language,
        )
    tell("check_not_checked")


_RECOGNISED = {
    "folder": "check_recognised_by_folder",
    "source": "check_recognised_by_source",
    "name": "check_recognised_by_name",
    "header": "check_recognised_by_header",
}
_CHANGED = {"changed": "check_changed", "added": "check_added", "removed": "check_removed"}


def _told(rejection: Rejection, language: Language) -> str:
    return rejection.message(language)


def _detected(preview: Preview, language: Language) -> str:
    detection = preview.result.detection
    if detection is None:
        return ""
    facts = {
        "detected_container": " › ".join(filter(None, (detection.container, detection.member))),
        "detected_format": detection.format,
        "detected_encoding": detection.encoding,
        "detected_delimiter": _SHOWN_DELIMITERS.get(detection.delimiter, detection.delimiter),
        "detected_sheet": detection.sheet,
        "detected_header_row": str(detection.header_row),
        "detected_title_rows": " / ".join(detection.title_rows),
        "detected_blank_rows": str(detection.blank_rows or ""),
        "detected_hidden_rows": str(detection.hidden_rows or ""),
        "detected_other_sheets": ", ".join(detection.other_sheets),
    }
    return "; ".join(f"{message(name, language)}: {value}" for name, value in facts.items() if value)


def _print_some(items: Sequence[_Item], told: Callable[[_Item], str], language: Language) -> None:
    for item in items[:_SHOWN]:
        out.print(f"  - {escape(told(item))}", soft_wrap=True)
    if len(items) > _SHOWN:
        out.print(escape(message("check_more", language, value=len(items) - _SHOWN)))


def _stop(text: str, status: int) -> NoReturn:
    err.print(escape(text), soft_wrap=True)
    raise typer.Exit(status)
