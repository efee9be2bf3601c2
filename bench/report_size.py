"""How long the monitoring report takes and how large it is, by the number of indicators.

The indicators are synthetic: those of the published file, copied under new numbers with values moved a little, so
that no chart is drawn twice. Nothing is written but into a temporary folder, and once before it counts. Seconds are
CPU seconds of this process and its children, which other work on the machine does not lengthen; a size is that of one
language's pages.

    python bench/report_size.py [--pdf] [indicators …]
"""

import resource
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from orchestration.settings import Settings
from report.build import write_report
from report.charts import forget_drawn
from report.published import Break, Flag, Method, Point, Progress, Published, Target, read_published, strategies
from warehouse.store import open_read_only

_SIZES = (31, 310, 3100)
_STEP = 0.001

Of = TypeVar("Of", Point, Progress, Target, Method, Break, Flag)


def enlarged(published: Published, indicators: int) -> Published:
    """Return a synthetic registry with so many indicators, copied from a real one."""
    real = len(published.indicators)
    copies = range(-(-indicators // real))

    def key(series_key: str, copy: int) -> str:
        strategy, number, tail = series_key.split("/", 2)
        return f"{strategy}/{int(number) + copy * real:02}/{tail}" if number.isdigit() else series_key

    def many(records: tuple[Of, ...]) -> Iterator[Of]:
        for copy in copies:
            for record in records:
                series_key = key(record.series_key, copy)
                if isinstance(record, Point | Progress):
                    number = record.indicator_no + copy * real
                    if number > indicators:
                        continue
                    record = replace(record, series_key=series_key, indicator_no=number)  # noqa: PLW2901
                if isinstance(record, Point) and record.value_numeric is not None:
                    record = replace(record, value_numeric=record.value_numeric * (1 + copy * _STEP))  # noqa: PLW2901
                yield replace(record, series_key=series_key)

    return replace(
        published,
        indicators=tuple(
            replace(one, indicator_no=one.indicator_no + copy * real)
            for copy in copies
            for one in published.indicators
            if one.indicator_no + copy * real <= indicators
        ),
        points=tuple(many(published.points)),
        progress=tuple(many(published.progress)),
        targets=tuple(many(published.targets)),
        methods=tuple(many(published.methods)),
        breaks=tuple(many(published.breaks)),
        flags=tuple(many(published.flags)),
    )


def cpu_seconds() -> float:
    """Return the CPU seconds that this process and its children have used."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Measure and print."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--pdf"]
    with open_read_only(Settings.from_environment().published_file) as connection:
        real = read_published(connection, strategies(connection)[0])
    with TemporaryDirectory() as folder:
        write_report([real], Path(folder) / "site", with_pdf=False)
    table = Table("indicators", "series", "CPU s", "ms an indicator", "pages", "MB a language", "MB PDF", "MB in all")
    for indicators in [int(argument) for argument in arguments] or _SIZES:
        synthetic = enlarged(real, indicators)
        forget_drawn()
        with TemporaryDirectory() as folder:
            before = cpu_seconds()
            built = write_report([synthetic], Path(folder) / "site", with_pdf="--pdf" in sys.argv)
            seconds = cpu_seconds() - before
            sizes = {
                kind: sum(path.stat().st_size for path in (built.folder / "lv").rglob(pattern) if path.is_file())
                / 1e6
                for kind, pattern in (("pages", "*.html"), ("pdf", "*.pdf"))
            }
        table.add_row(
            str(indicators),
            str(len({point.series_key for point in synthetic.points})),
            f"{seconds:.1f}",
            f"{1000 * seconds / indicators:.0f}",
            str(built.pages),
            f"{sizes['pages']:.1f}",
            f"{sizes['pdf']:.1f}",
            f"{built.bytes / 1e6:.1f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
