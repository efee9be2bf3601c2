"""How the tests talk to clients: publications to look at, sessions, and the programs of docs/connect.md.

The clients live in environments of their own below .venv-clients; `make test-clients` makes them. One that is missing
is a failure: a client that is not tested is not supported.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from orchestration.settings import PROJECT_DIR
from warehouse.publish import publish
from warehouse.store import open_read_only

ENVIRONMENTS = PROJECT_DIR / ".venv-clients"
HERE = Path(__file__).parent
PAGE = PROJECT_DIR / "docs" / "connect.md"
QUERY = """
    select advantage_code, series_count, open_suspicion_count
    from marts.advantage_scorecard
    where period_label = '2024/2025'
    order by advantage_no
"""
# A synthetic change, so that nobody can take one day's figures for the other's.
CHANGE = "update marts.advantage_scorecard set open_suspicion_count = open_suspicion_count + 1000"

Rows = list[list[Any]]


def snippet(heading: str, language: str = "python", number: int = 0) -> str:
    """Return a program of docs/connect.md: the `number`-th of its language below a heading."""
    sections = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    (section,) = (text for text in sections if text.startswith(f"{heading}\n"))
    return re.findall(rf"^```{language}\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL)[number]


def rows_of(file: Path, query: str = QUERY) -> Rows:
    with open_read_only(file) as connection:
        return [list(row) for row in connection.execute(query).fetchall()]


@dataclass(frozen=True)
class Press:
    """A project folder of its own in which yesterday's file is published, and today's can be.

    Attributes:
        folder: what stands for the project folder; `data/published` lies below it.
        yesterday: what QUERY gives in the file published first.
        today: what it gives in the one published then.
    """

    folder: Path
    today_build: Path
    yesterday: Rows
    today: Rows

    @classmethod
    def start(cls, builds: tuple[Path, Path], folder: Path) -> Self:
        """Publish the first of two build files below a folder."""
        yesterday_build, today_build = builds
        press = cls(folder, today_build, rows_of(yesterday_build), rows_of(today_build))
        publish(yesterday_build, press.published_file)
        assert press.yesterday != press.today
        return press

    @property
    def published_file(self) -> Path:
        """What users open."""
        return self.folder / "data" / "published" / "meraukla.duckdb"

    def publish_today(self) -> None:
        """Publish today's build file, as the nightly run does."""
        publish(self.today_build, self.published_file)
        assert rows_of(self.published_file) == self.today


class Session:
    """A client that runs in a process of its own and is asked one thing after the other."""

    def __init__(self, command: Sequence[str | Path], folder: Path) -> None:
        environment = os.environ | {"HOME": str(folder)}
        environment.pop("PYTHONPATH", None)
        self._process = subprocess.Popen(  # noqa: S603 - commands of these tests
            list(map(str, command)),
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def send(self, line: str) -> dict[str, Any]:
        """Send one line and return the answer: `rows` or `error`."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the client ended with {self._process.wait(10)}"
        content: dict[str, Any] = json.loads(answer)
        return content

    def ask(self, program: str) -> Any:  # noqa: ANN401 - whatever `rows` holds
        """Run a program in the session and return its variable `rows`."""
        answer = self.send(json.dumps(program))
        assert "error" not in answer, answer["error"]
        return answer["rows"]

    def refusal(self, program: str) -> str:
        """Run a program that must fail, and return the error."""
        answer = self.send(json.dumps(program))
        assert "error" in answer, answer
        return str(answer["error"])

    def close(self) -> None:
        """End the client."""
        self._process.kill()
        self._process.communicate()


OpenSession = Callable[..., Session]


def environment(name: str, program: str = "python") -> Path:
    """Return a program of a client's environment."""
    path = ENVIRONMENTS / name / "bin" / program
    assert path.exists(), f"The client {name} is not there. Do: make test-clients"
    return path
