"""`meraukla fetch`: bring what is new from the portals, and tell how old is what has landed."""

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.markup import escape

from orchestration.console import EXIT_FAILED, EXIT_USAGE, Language, err, out
from orchestration.settings import Settings
from warehouse.connectors.config import ConnectorConfigError
from warehouse.connectors.fetch import Outcome, SourceAge, fetch, source_ages
from warehouse.messages import message

_UNKNOWN = "–"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("fetch", epilog="Examples:  meraukla fetch  ·  meraukla fetch viis --language lv")(fetch_files)


def fetch_files(
    source: Annotated[str | None, typer.Argument(help="One source; else all that have a connector.")] = None,
    language: Annotated[Language, typer.Option(help="Language of what a steward reads.")] = Language.EN,
) -> None:
    """Fetch new files from the portals named in connectors.yml into the landing folder. Builds nothing."""
    settings = Settings.from_environment()
    try:
        ages = source_ages(settings.landing_dir, settings.fetch_log_file)
        if not ages:
            out.print(message("fetch_nothing_configured", language), soft_wrap=True)
            return
        known = sorted({age.source for age in ages})
        if source is not None and source not in known:
            text = message("fetch_unknown_source", language, value=source, expected=", ".join(known))
            err.print(escape(text), soft_wrap=True)
            raise typer.Exit(EXIT_USAGE)
        outcomes = fetch(settings.landing_dir, settings.fetch_log_file, [source] if source else [])
    except ConnectorConfigError as error:
        err.print(escape(str(error)), soft_wrap=True)
        raise typer.Exit(EXIT_USAGE) from error
    for outcome in outcomes:
        to = err if outcome.state == "failed" else out
        to.print(escape(describe(outcome, language.value)), soft_wrap=True)
    if any(outcome.state == "failed" for outcome in outcomes):
        raise typer.Exit(EXIT_FAILED)


def describe(outcome: Outcome, language: str) -> str:
    """Tell what became of one file, in `lv` or `en`."""
    name = f"{outcome.strategy_code}/{outcome.source}/{outcome.name}"
    match outcome.state:
        case "new":
            return message("fetch_new", language, file=name, value=outcome.path)
        case "unchanged":
            return message("fetch_unchanged", language, file=name)
        case "failed":
            return outcome.message_lv if language == "lv" else outcome.message_en


def age_lines(settings: Settings, language: str = "en") -> Iterator[str]:
    """Tell how old is what has landed from each portal. Nothing, where nothing is fetched."""
    try:
        ages = source_ages(settings.landing_dir, settings.fetch_log_file)
    except ConnectorConfigError as error:
        yield str(error)
        return
    for age in ages:
        yield message(
            "fetch_age_stale" if _is_stale(age) else "fetch_age",
            language,
            file=f"{age.strategy_code}/{age.source}",
            value=age.as_of_on or _UNKNOWN,
            expected=f"{age.retrieved_at:%Y-%m-%d}" if age.retrieved_at else _UNKNOWN,
        )


def _is_stale(age: SourceAge) -> bool:
    return age.asked_at is not None and age.asked_at != age.answered_at
