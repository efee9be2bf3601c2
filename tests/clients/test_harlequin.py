"""Harlequin, the SQL editor in a terminal: the real application, its keys pressed by a pilot."""

from tests.clients.harness import HERE, QUERY, OpenSession, Press, environment


def test_harlequin_shows_a_publication_when_it_is_started_again(press: Press, open_session: OpenSession) -> None:
    session = open_session(
        [environment("harlequin"), HERE / "harlequin_session.py", "data/published/meraukla.duckdb", QUERY],
        press.folder,
    )
    assert session.send("query") == {"rows": press.yesterday}

    press.publish_today()

    assert session.send("query") == {"rows": press.yesterday}
    assert session.send("reconnect") == {"rows": press.today}
