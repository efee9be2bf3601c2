"""How scores are printed."""

import pandas as pd
from rich.table import Table

from break_score import Alarms, Score, most_frequent_periods

TOP_PERIODS = 2


class ScoreTable:
    """Detectors and their scores: over all events, and without the periods in which most breaks are declared."""

    def __init__(self, events: pd.DataFrame, title: str) -> None:
        self.top_periods = most_frequent_periods(events, TOP_PERIODS)
        self.table = Table(title=title, title_justify="left")
        self.table.add_column("detector", min_width=68)
        for part in ("all", "w/o"):
            for name in ("P", "R", "F1", "FA"):
                self.table.add_column(f"{part}\n{name}", justify="right")

    def add(self, name: str, events: pd.DataFrame, alarms: Alarms) -> None:
        """Add the scores of a detector's alarms for events."""
        self.add_means(name, [(events, alarms)])

    def add_means(self, name: str, samples: list[tuple[pd.DataFrame, Alarms]]) -> None:
        """Add the mean scores over samples of events."""
        scores = [self._score(events, alarms, without=()) for events, alarms in samples]
        rest = [self._score(events, alarms, without=self.top_periods) for events, alarms in samples]
        self.table.add_row(name, *_cells(scores), *_cells(rest))

    def add_text(self, *cells: str) -> None:
        """Add a row of figures that come from elsewhere."""
        self.table.add_row(*cells)

    def section(self, name: str) -> None:
        """Start a part of the table."""
        self.table.add_section()
        self.table.add_row(f"[bold]{name}[/bold]")

    @staticmethod
    def _score(events: pd.DataFrame, alarms: Alarms, without: "tuple[()] | list[str]") -> Score:
        is_counted = ~events["period"].isin(list(without)).to_numpy(bool)
        return Score.of(alarms[is_counted], events["is_declared"].to_numpy(bool)[is_counted])


def _cells(scores: list[Score]) -> list[str]:
    count = len(scores)
    return [
        f"{sum(score.precision for score in scores) / count:.2f}",
        f"{sum(score.recall for score in scores) / count:.2f}",
        f"{sum(score.f1 for score in scores) / count:.3f}",
        f"{sum(score.false_alarms_in_20 for score in scores) / count:.2f}",
    ]
