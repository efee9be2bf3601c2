"""A session of Harlequin: the real application without a terminal, its keys pressed by a pilot.

Its arguments are the published file and a query. For each line that comes in, `query` or `reconnect`, the query is
put into the editor and run by the key that a person would press, after Harlequin was started anew for `reconnect`.
The rows of the results table go out as a line of JSON.
"""

import asyncio
import json
import os
import sys
import traceback
from typing import Any

from harlequin import Harlequin
from harlequin.components.results_viewer import ResultsTable
from harlequin_duckdb import DuckDbAdapter
from textual.pilot import Pilot

PUBLISHED, QUERY = sys.argv[1:]
ATTEMPTS, SECONDS_AN_ATTEMPT = 20, 6


async def run_query(app: Any, pilot: Pilot[None]) -> list[list[Any]]:  # noqa: ANN401 - Harlequin's own types
    """Press the key that runs the query, and return what the newest results table shows."""
    before = set(app.query(ResultsTable))
    # On a busy machine Harlequin is not ready for a key yet, and forgets it: then it is pressed again.
    for _ in range(ATTEMPTS):
        if app.connection is not None and app.editor is not None:
            app.editor.text = QUERY
            app.editor.focus()
            await pilot.press("ctrl+j")
        for _ in range(SECONDS_AN_ATTEMPT * 10):
            await pilot.pause(0.1)
            fresh = [table for table in app.query(ResultsTable) if table not in before]
            if fresh and fresh[-1].row_count:
                return [list(fresh[-1].get_row_at(row)) for row in range(fresh[-1].row_count)]
    raise TimeoutError("Harlequin showed no result")


async def main() -> None:
    """Answer until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    asked = iter(sys.stdin.readline, "")
    request = next(asked, None)
    while request is not None:
        app = Harlequin(DuckDbAdapter((PUBLISHED,), read_only=True))
        async with app.run_test(size=(160, 48)) as pilot:
            while request is not None:
                try:
                    answer: dict[str, Any] = {"rows": await run_query(app, pilot)}
                except Exception:
                    answer = {"error": traceback.format_exc()}
                answers.write(json.dumps(answer, default=str) + "\n")
                answers.flush()
                request = next(asked, None)
                if request is not None and request.strip() == "reconnect":
                    break


asyncio.run(main())
