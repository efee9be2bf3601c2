"""Build the report: published file in, folder with site, downloads and PDF out, switched in whole."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic

from report.addresses import Address, address
from report.charts import load_charts
from report.downloads import write_all, write_downloads
from report.editions import (
    FIGURES,
    Edition,
    EditionError,
    figures,
    published_by,
    read_editions,
    write_description,
    write_figures,
)
from report.pdf import PdfError, Printing, chromium
from report.published import NothingToReportError, Published, read_published, strategies
from report.site import Renderer, Site, load_site, write_assets, write_preview, write_root, write_sitemap
from report.views import overview
from report.words import LANGUAGES
from warehouse.store import open_read_only

URL_VARIABLE = "MERAUKLA_REPORT_URL"
REPORT = "report"
_REPORT_PREFIX = ".report-"
_WORKSPACE_PREFIX = ".reporting-"
# mkdtemp makes folders that only their owner may enter.
_READABLE = 0o755


@dataclass(frozen=True, slots=True)
class Built:
    """What was built, for whoever asked for it."""

    folder: Path
    pages: int
    bytes: int
    pdf_refused: str | None
    seconds: float
    editions: tuple[Edition, ...]


def load() -> None:
    """Load what a report is written with before there is anything to report on: it takes seconds."""
    load_charts()
    load_site()


def build_report(
    published_file: Path, folder: Path, editions_dir: Path | None = None, *, with_pdf: bool = True, base_url: str = ""
) -> Built:
    """Write the report on a published file into a new folder.

    Args:
        published_file: what is reported on; opened read-only.
        folder: where to; it must not exist, or be empty.
        editions_dir: frozen editions to show and compare with; None shows none.
        with_pdf: whether to print the PDF too, if there is a Chromium.
        base_url: where the site will stand, for canonical addresses; empty leaves them relative.

    Raises:
        NothingToReportError: the file holds no strategy.
    """
    with open_read_only(published_file) as connection:
        many = [read_published(connection, strategy) for strategy in strategies(connection)]
    if not many:
        raise NothingToReportError("The published file holds no strategy, so there is nothing to report on.")
    return write_report(many, folder, editions_dir, with_pdf=with_pdf, base_url=base_url)


def write_report(
    many: Sequence[Published],
    folder: Path,
    editions_dir: Path | None = None,
    *,
    with_pdf: bool = True,
    base_url: str = "",
) -> Built:
    """Write the report on strategies that were read already; see `build_report`."""
    began = monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    browser = chromium() if with_pdf else None
    sites = []
    for place, published in enumerate(many):
        whole, code = overview(published), published.strategy.strategy_code
        now = figures(whole.published)
        editions = read_editions(editions_dir, code, now) if editions_dir else ()
        # The strategy that began first keeps the root: its addresses do not change when another one begins.
        sites.append(Site(whole, "" if place == 0 else f"{code}/", base_url, editions, has_pdf=browser is not None))
        (folder / "data" / code).mkdir(parents=True, exist_ok=True)
        write_figures(now, folder / "data" / code / FIGURES)
    refused = None if browser or not with_pdf else "no Chromium was found"
    with ExitStack() as stack:
        printings: list[Printing] = []
        for site in sites:
            write_assets(folder / site.prefix)
            if browser:
                try:
                    printings += [_printing(site, language, folder, browser, stack) for language in LANGUAGES]
                except PdfError as error:
                    refused = str(error)
        pages = {site.prefix: _write_site(site, folder) for site in sites}
        try:
            for printing in printings:
                printing.finish()
        except PdfError as error:
            refused = str(error)
    if refused and browser:
        # The pages promise a PDF that there is not: once more, without.
        sites = [replace(site, has_pdf=False) for site in sites]
        pages = {site.prefix: _write_site(site, folder) for site in sites}
        for site in sites:
            for language in LANGUAGES:
                (folder / site.prefix / address(language, "pdf").path).unlink(missing_ok=True)
    write_root(sites, folder)
    write_sitemap(pages, base_url, folder)
    for edition in sites[0].editions:
        _link_tree(edition.folder, folder / "editions" / edition.name)
    return Built(
        folder=folder,
        pages=sum(len(addresses) for addresses in pages.values()),
        bytes=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        pdf_refused=refused,
        seconds=monotonic() - began,
        editions=sites[0].editions,
    )


def _write_site(site: Site, folder: Path) -> list[Address]:
    """Write a strategy's pages and downloads; return the pages' addresses."""
    below, code = folder / site.prefix, site.strategy.strategy_code
    write_downloads(site.whole.indicators, code, below / "data" / "indicator")
    write_all(site.whole.indicators, code, below / "data" / "observations")
    written = []
    for language in LANGUAGES:
        write_preview(site, language, below)
        written += Renderer(site, language, below).write_all()
    return written


def _printing(site: Site, language: str, folder: Path, browser: str, stack: ExitStack) -> Printing:
    """Begin to print a language's PDF. When the stack ends, so does the printing, and its page is removed."""
    below = folder / site.prefix
    page = Renderer(site, language, below).write_print_page()
    stack.callback(page.unlink, missing_ok=True)
    target = below / address(language, "pdf").path
    printing = Printing(page, target, site.whole.published.run.published_at, browser)
    stack.callback(printing.stop)
    return printing


def publish_report(
    published_file: Path, place: Path, editions_dir: Path, *, with_pdf: bool = True, base_url: str = ""
) -> Built:
    """Write the report into a folder of its own in `place`, and point the link `report` there to it.

    The link is switched in one rename: readers have the report before or this one. One that fails leaves the one
    before in place.
    """
    place.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=_REPORT_PREFIX, dir=place))
    try:
        built = build_report(published_file, folder, editions_dir, with_pdf=with_pdf, base_url=base_url)
        folder.chmod(_READABLE)
        fresh = folder.with_suffix(".link")
        fresh.symlink_to(folder.name)
        fresh.replace(place / REPORT)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for earlier in place.glob(f"{_REPORT_PREFIX}*"):
        if earlier != folder:
            shutil.rmtree(earlier, ignore_errors=True)
    return replace(built, folder=place / REPORT)


def freeze_edition(
    published_files: Sequence[Path], editions_dir: Path, as_of: date, *, with_pdf: bool = True, base_url: str = ""
) -> Built:
    """Freeze the edition of a day: the report on what stood published at its end, as a folder that stays.

    Args:
        published_files: the published file and kept snapshots.
        editions_dir: where editions are kept.
        as_of: the day; it names the edition.
        with_pdf: whether to print the PDF too.
        base_url: where the site will stand.

    Raises:
        EditionError: there is such an edition, or nothing that was published by then is kept.
    """
    target = editions_dir / as_of.isoformat()
    if target.exists():
        raise EditionError(
            f"The edition of {as_of.isoformat()} is frozen already: {target}. An edition does not change; "
            "what became of its figures since stands in the report, on the page of editions."
        )
    source = published_by(as_of, published_files)
    editions_dir.mkdir(parents=True, exist_ok=True)
    with workspace(editions_dir) as folder:
        built = build_report(source, folder / target.name, None, with_pdf=with_pdf, base_url=base_url)
        with open_read_only(source) as connection:
            run = read_published(connection, strategies(connection)[0]).run
        write_description(built.folder, as_of, run)
        built.folder.rename(target)
    return replace(built, folder=target)


@contextmanager
def workspace(parent: Path) -> Iterator[Path]:
    """A folder to build in, beside where the result goes; what a killed run left there is removed."""
    parent.mkdir(parents=True, exist_ok=True)
    for killed_run in parent.glob(f"{_WORKSPACE_PREFIX}*"):
        shutil.rmtree(killed_run, ignore_errors=True)
    folder = Path(mkdtemp(prefix=_WORKSPACE_PREFIX, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _link_tree(source: Path, target: Path) -> None:
    """Show a frozen folder in the report without a second copy of its bytes, where the file system allows."""

    def link(from_path: str, to_path: str) -> None:
        try:
            os.link(from_path, to_path)
        except OSError:
            shutil.copy2(from_path, to_path)

    shutil.copytree(source, target, copy_function=link)
