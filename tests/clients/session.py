"""A session of a Python client in its own environment: it runs what it is told and says what came out.

Each line that comes in is a JSON text of Python; it is executed in one namespace that lasts as long as the session,
as on a Python prompt. Each line that goes out is JSON: the variable `rows` as it is then, or the error. It uses the
standard library only, so that it runs beside any version of a client.
"""

import json
import sys
import traceback


def main() -> None:
    """Answer until nobody asks any more."""
    namespace: dict[str, object] = {}
    answers = sys.stdout
    sys.stdout = sys.stderr  # what a client prints is not an answer
    for line in sys.stdin:
        namespace["rows"] = None
        try:
            exec(json.loads(line), namespace)  # noqa: S102 - a test runs its own program and the documented ones
        except Exception:
            answer = {"error": traceback.format_exc()}
        else:
            answer = {"rows": namespace["rows"]}
        answers.write(json.dumps(answer, default=str) + "\n")
        answers.flush()


main()
