"""The Node.js client."""

import json
import shutil

from tests.clients.harness import ENVIRONMENTS, HERE, QUERY, OpenSession, Press, Rows, snippet

READ = f"""
const result = await state.connection.runAndReadAll({json.dumps(QUERY)});
const rows = result.getRowsJson();
"""


def as_json(rows: Rows) -> Rows:
    """DuckDB gives 64-bit integers to JavaScript as text."""
    return [[str(value) if isinstance(value, int) else value for value in row] for row in rows]


def test_node_api_sees_a_publication_with_its_next_instance(press: Press, open_session: OpenSession) -> None:
    folder = ENVIRONMENTS / "node"
    assert (folder / "node_modules").is_dir(), "The client node is not there. Do: make test-clients"
    node = shutil.which("node")
    assert node, "Node.js is not installed. On Debian: apt-get install nodejs npm"
    # A module finds its packages beside itself.
    program = shutil.copy(HERE / "session.mjs", folder / "session.mjs")
    session = open_session([node, program], press.folder)
    documented = snippet("Node.js", "js")
    connect, _, _ = documented.partition("const result")
    assert session.ask(documented) == as_json(press.yesterday)
    assert session.ask(f"{connect} state.instance = instance; state.connection = connection; {READ}") == as_json(
        press.yesterday
    )

    press.publish_today()

    assert session.ask(READ) == as_json(press.yesterday)
    assert session.ask(documented) == as_json(press.today)
    refused = session.refusal("await state.connection.run('drop table marts.indicator_trend'); const rows = null;")
    assert "read-only" in refused
