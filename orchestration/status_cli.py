"""`meraukla status`: what stands, how old it is, how the last run went, what to do."""

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer

from orchestration import fetch_cli
from orchestration.build import published_run
from orchestration.console import EXIT_ATTENTION, EXIT_NOTHING_PUBLISHED, EXIT_USAGE, Language, err, out
from orchestration.operations import OperationsError, load_operations
from orchestration.run_record import conclude_cut_off, describe, last_run, tell_late
from orchestration.settings import Settings
from warehouse.clock import utc_now_plain
from warehouse.messages import message
from warehouse.run_lock import lock_holder
from warehouse.snapshot import SnapshotStore

# Clocks of two machines that share a folder differ a little.
_CLOCK_TOLERANCE = timedelta(minutes=5)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples:  meraukla status  ·  meraukla status --json  ·  meraukla status --language lv --tell"
    )(status)


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Write it for a monitor.")] = False,
    language: Annotated[Language, typer.Option("--language", help="Language of the words.")] = Language.EN,
    tell: Annotated[
        bool, typer.Option("--tell", help="Send an alert if it is late or the last run was cut off: for a timer.")
    ] = False,
) -> None:
    """Tell what is published, how old it is, and how the last run ended.

    It ends with 0 if all is well, 3 if nothing is published, 4 if what is published is late or the last run failed.
    """
    settings = Settings.from_environment()
    try:
        if tell:
            conclude_cut_off(settings)
        facts = status_facts(settings, language)
        if tell and (facts["published"] is None or facts["published"]["is_late"]):
            texts = {each.value: "\n".join(status_facts(settings, each)["words"]) for each in Language}
            for problem in tell_late(settings, texts, is_published=facts["published"] is not None):
                err.print(problem, soft_wrap=True, markup=False)
    except OperationsError as error:
        err.print(str(error), markup=False)
        raise typer.Exit(EXIT_USAGE) from error
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=2, default=str))
    else:
        for line in facts["words"]:
            out.print(line, soft_wrap=True, markup=False)
    raise typer.Exit({"good": 0, "nothing_published": EXIT_NOTHING_PUBLISHED}.get(facts["state"], EXIT_ATTENTION))


def status_facts(settings: Settings, language: str) -> dict[str, Any]:
    """Return what stands, how the last run went, and both in words (`words`), with `state` for what it comes to."""
    operations, store = load_operations(), SnapshotStore(settings.published_dir)
    run, record, holder = published_run(settings), last_run(settings), lock_holder(settings.lock_file)
    words, age_hours, is_late, is_from_the_future = [], None, False, False
    if run:
        age = utc_now_plain() - run.published_at
        age_hours, is_late = age.total_seconds() / 3600, age > operations.late_after
        is_from_the_future = age < -_CLOCK_TOLERANCE
        words.append(
            message(
                "status_stands",
                language,
                file=settings.published_file,
                published_at=f"{run.published_at:%Y-%m-%d %H:%M}",
                hours=f"{age_hours:.1f}",
                run=run.run_id,
            )
        )
        if is_from_the_future:
            words.append(message("status_clock", language))
        if is_late:
            words.append(message("status_late", language, limit=f"{operations.late_after_hours:g}"))
        last_switch = next(iter(store.history()[-1:]), {})
        if last_switch.get("event") == "rolled_back":
            words.append(message("status_rolled_back", language, who=last_switch["by"], at=last_switch["at"]))
    else:
        words.append(message("status_nothing", language))
    if holder:
        words.append(message("status_running", language, pid=holder.pid, since=holder.since))
    if record and record.state != "running":
        words.append(describe(record, language))
    words += fetch_cli.age_lines(settings, language)
    is_trouble = is_late or is_from_the_future or (record is not None and record.is_trouble)
    return {
        "state": "nothing_published" if not run else "attention" if is_trouble else "good",
        "words": words,
        "published": {
            "file": str(settings.published_file),
            "snapshot_id": store.current_id,
            "run_id": run.run_id,
            "published_at": f"{run.published_at.isoformat()}+00:00",
            "age_hours": age_hours,
            "is_late": is_late,
            "is_from_the_future": is_from_the_future,
        }
        if run
        else None,
        "running": asdict(holder) if holder else None,
        "last_run": asdict(record) if record else None,
    }
