"""`meraukla superset`: the dashboards as a bundle that Apache Superset imports."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.console import EXIT_NOTHING_PUBLISHED, err, out
from orchestration.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog="Example:  meraukla superset --published /srv/meraukla/data/published/meraukla.duckdb")(
        superset
    )


def superset(
    target: Annotated[
        Path | None, typer.Option("--out", help="Where to write the ZIP; else data/dashboards/superset.zip.")
    ] = None,
    address: Annotated[
        Path | None,
        typer.Option(
            "--published", help="Absolute path of the published file as Superset sees it, if it runs elsewhere."
        ),
    ] = None,
) -> None:
    """Write the dashboards for Apache Superset: a scorecard and one for each advantage, in both languages."""
    settings = Settings.from_environment()
    if not settings.published_file.is_file():
        err.print("Nothing is published yet. Do: meraukla build")
        raise typer.Exit(EXIT_NOTHING_PUBLISHED)
    if address and not address.is_absolute():
        raise typer.BadParameter("Superset needs the whole path, beginning with /.", param_hint="--published")
    from dashboards.superset.bundle import make_bundle, write_bundle  # noqa: PLC0415 - only this command needs it

    bundle = target or settings.data_dir / "dashboards" / "superset.zip"
    files = make_bundle(settings.published_file, address or settings.published_file)
    write_bundle(files, bundle)
    count = sum(path.startswith("dashboards/") for path in files)
    out.print(f"{count} dashboards: {bundle}", soft_wrap=True)
    out.print("Send it to Superset: POST /api/v1/assets/import/. How: docs/connect.md", soft_wrap=True)
