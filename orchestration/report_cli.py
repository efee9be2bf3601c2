"""`meraukla report`: the monitoring report on what is published, and its frozen editions."""

import os
from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape

from orchestration.console import EXIT_FAILED, EXIT_NOTHING_PUBLISHED, err, out
from orchestration.settings import Settings

AsOf = Annotated[
    datetime | None,
    typer.Option(
        "--as-of", formats=["%Y-%m-%d"], help="Freeze the edition of a day: what stood published at its end."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        epilog="Examples:  meraukla report  ·  meraukla report --no-pdf  ·  meraukla report --as-of 2026-11-30"
    )(report)


def report(
    as_of: AsOf = None,
    pdf: Annotated[bool, typer.Option(help="Print the PDF too; it needs Chromium.")] = True,
) -> None:
    """Write the monitoring report: a site and a PDF in Latvian and English, from the published file alone."""
    # Templates and charts are imports that other commands do not need.
    from report.build import URL_VARIABLE, freeze_edition, publish_report  # noqa: PLC0415
    from report.editions import EditionError  # noqa: PLC0415
    from report.published import NothingToReportError  # noqa: PLC0415

    settings = Settings.from_environment()
    if not settings.published_file.is_file():
        err.print("Nothing is published yet. Do: meraukla build")
        raise typer.Exit(EXIT_NOTHING_PUBLISHED)
    base_url = os.environ.get(URL_VARIABLE, "")
    try:
        with err.status("writing the report …"):
            if as_of:
                built = freeze_edition(
                    settings.published_files, settings.editions_dir, as_of.date(), with_pdf=pdf, base_url=base_url
                )
                # The report lists its editions, so it is written anew with this one.
                publish_report(
                    settings.published_file,
                    settings.published_file.resolve().parent,
                    settings.editions_dir,
                    with_pdf=pdf,
                    base_url=base_url,
                )
            else:
                built = publish_report(
                    settings.published_file,
                    settings.published_file.resolve().parent,
                    settings.editions_dir,
                    with_pdf=pdf,
                    base_url=base_url,
                )
    except (EditionError, NothingToReportError) as error:
        err.print(f"[bold red]No report was written.[/] {escape(str(error))}")
        raise typer.Exit(EXIT_FAILED) from error
    out.print(f"{built.pages} pages, {built.bytes / 1e6:.1f} MB, {built.seconds:.1f} s", soft_wrap=True)
    if built.pdf_refused:
        out.print(
            f"[yellow]No PDF:[/] {escape(built.pdf_refused)}. Install Chromium, or name it in MERAUKLA_CHROMIUM."
        )
    corrected = sum(len(edition.corrections) for edition in built.editions)
    if built.editions:
        out.print(f"Frozen editions: {len(built.editions)}, figures corrected since: {corrected}")
    out.print(f"{'Frozen' if as_of else 'Report'}: {built.folder / 'index.html'}", soft_wrap=True)
