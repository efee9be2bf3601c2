"""Asking a portal: polite where it is slow or busy, suspicious where it is wrong, and never half an answer."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.connectors.portal import Asked, Portal, Reply, serve
from warehouse.connectors.errors import FetchError
from warehouse.connectors.http import Client, Limits, Request, Validators

FAST = Limits(
    connect_seconds=2,
    read_seconds=0.4,
    total_seconds=2,
    max_bytes=1000,
    attempts=3,
    first_pause_seconds=0.01,
    max_pause_seconds=1,
    seconds_between_requests=0,
)
OK = Reply(b'{"a": 1}')


@pytest.fixture
def portal() -> Iterator[Portal]:
    with serve() as running:
        yield running


class Guest:
    """A client that notes its pauses and does not wait for them."""

    def __init__(self, home: str, limits: Limits = FAST) -> None:
        self.pauses: list[float] = []
        self.client = Client(home, limits, sleep=self.pauses.append)

    def refused(self, request: Request) -> FetchError:
        """The reason why a request was not answered."""
        with pytest.raises(FetchError) as refusal:
            self.client.get_json(request)
        return refusal.value


def ask(portal: Portal, limits: Limits = FAST) -> tuple[Guest, Request]:
    return Guest(portal.address, limits), Request(f"{portal.address}/data")


# --- Polite ---


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_portal_that_stumbles_is_asked_again(portal: Portal, status: int) -> None:
    portal.on("/data", Reply(status=status), Reply(status=status), OK)
    guest, request = ask(portal)
    assert guest.client.get_json(request) == {"a": 1}
    assert len(portal.asked) == 3
    # The second pause is at least as long as the first may be: half of twice the time.
    assert len(guest.pauses) == 2
    assert 0.005 <= guest.pauses[0] <= 0.01 <= guest.pauses[1] <= 0.02


def test_a_portal_that_keeps_stumbling_is_left_alone(portal: Portal) -> None:
    portal.on("/data", Reply(status=500))
    guest, request = ask(portal)
    refusal = guest.refused(request)
    assert (refusal.rule, refusal.value, refusal.is_transient) == ("fetch_status", 500, True)
    assert len(portal.asked) == FAST.attempts


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410])
def test_a_definite_no_is_not_asked_again(portal: Portal, status: int) -> None:
    portal.on("/data", Reply(b"nothing here", status, "text/plain"))
    guest, request = ask(portal)
    assert guest.refused(request).rule == "fetch_status"
    assert len(portal.asked) == 1


def test_the_reason_a_portal_gives_is_told(portal: Portal) -> None:
    portal.on("/data", Reply(b'{"success": false, "error": {"message": "Not found: synthetic"}}', 404))
    guest, request = ask(portal)
    assert "Not found: synthetic" in guest.refused(request).message("en")


def test_the_pause_that_a_portal_asks_for_is_kept(portal: Portal) -> None:
    limits = FAST.model_copy(update={"max_pause_seconds": 60})
    portal.on("/data", Reply(status=429, headers={"Retry-After": "37"}), OK)
    guest, request = ask(portal, limits)
    assert guest.client.get_json(request) == {"a": 1}
    assert guest.pauses == [37]


def test_a_pause_until_a_date_is_kept(portal: Portal) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    portal.on("/data", Reply(status=503, headers={"Retry-After": later}), OK)
    guest, request = ask(portal, FAST.model_copy(update={"max_pause_seconds": 60}))
    guest.client.get_json(request)
    assert 30 < guest.pauses[0] <= 40


def test_a_pause_longer_than_allowed_ends_the_attempt(portal: Portal) -> None:
    portal.on("/data", Reply(status=429, headers={"Retry-After": "3600"}), OK)
    guest, request = ask(portal)
    refusal = guest.refused(request)
    assert (refusal.rule, refusal.value, refusal.expected) == ("fetch_wait_too_long", 3600, 1)
    assert guest.pauses == []


def test_an_unreadable_pause_is_no_pause(portal: Portal) -> None:
    portal.on("/data", Reply(status=429, headers={"Retry-After": "soon"}), OK)
    guest, request = ask(portal)
    assert guest.client.get_json(request) == {"a": 1}


def test_requests_keep_their_distance(portal: Portal) -> None:
    portal.on("/data", OK)
    guest, request = ask(portal, FAST.model_copy(update={"seconds_between_requests": 5}))
    guest.client.get_json(request)
    guest.client.get_json(request)
    assert len(guest.pauses) == 1
    assert 4 < guest.pauses[0] <= 5


def test_a_portal_is_asked_for_a_newer_version_only(portal: Portal) -> None:
    def only_if_newer(asked: Asked) -> Reply:
        return Reply(status=304) if asked.headers.get("If-None-Match") == '"one"' else OK

    portal.on("/data", only_if_newer)
    guest, request = ask(portal)
    assert guest.client.ask(request).is_modified
    known = replace(request, validators=Validators('"one"', "Mon, 01 Sep 2025 00:00:00 GMT"))
    answer = guest.client.ask(known)
    assert (answer.is_modified, answer.content) == (False, b"")
    assert portal.asked[-1].headers["If-Modified-Since"] == "Mon, 01 Sep 2025 00:00:00 GMT"


# --- Never half an answer ---


def test_an_answer_that_breaks_off_is_asked_for_again(portal: Portal) -> None:
    portal.on("/data", Reply(b'{"a": ', announced=100), OK)
    guest, request = ask(portal)
    assert guest.client.get_json(request) == {"a": 1}


def test_an_answer_that_always_breaks_off_is_refused(portal: Portal) -> None:
    portal.on("/data", Reply(b'{"a": 1}', announced=100))
    guest, request = ask(portal)
    refusal = guest.refused(request)
    assert (refusal.rule, refusal.is_transient) == ("fetch_truncated", True)


def test_silence_is_not_waited_out(portal: Portal) -> None:
    portal.on("/data", Reply(b'{"a": 1}', silent_seconds=1))
    guest, request = ask(portal, FAST.model_copy(update={"attempts": 1}))
    assert guest.refused(request).rule == "fetch_timeout"


def test_an_answer_that_only_trickles_is_cut_off(portal: Portal) -> None:
    # Each piece comes in time; the whole would take for ever.
    portal.on("/data", Reply(b" " * 500 + b"1", piece_pause=0.1))
    guest, request = ask(portal, FAST.model_copy(update={"attempts": 1, "total_seconds": 0.5}))
    assert guest.refused(request).rule == "fetch_timeout"


@pytest.mark.parametrize("announced", [None, 10**12, -1])
def test_an_answer_that_is_too_large_is_refused(portal: Portal, announced: int | None) -> None:
    portal.on("/data", Reply(b" " * 2000 + b"1", announced=announced))
    guest, request = ask(portal)
    assert guest.refused(request).rule == "fetch_too_large"
    assert len(portal.asked) == 1


def test_content_that_would_unfold_is_refused(portal: Portal) -> None:
    portal.on("/data", Reply(b"\x1f\x8b" + b"0" * 20, headers={"Content-Encoding": "gzip"}))
    guest, request = ask(portal)
    assert guest.refused(request).rule == "fetch_encoded"
    assert portal.asked[0].headers["Accept-Encoding"] == "identity"


def test_a_portal_that_is_not_there_is_said_to_be_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        home = f"http://127.0.0.1:{free.getsockname()[1]}"
    guest = Guest(home)
    refusal = guest.refused(Request(f"{home}/data"))
    assert refusal.rule == "fetch_unreachable"
    assert len(guest.pauses) == FAST.attempts - 1


# --- Suspicious ---


@pytest.mark.parametrize(
    ("reply", "rule"),
    [
        (Reply(b"<!DOCTYPE html><html>maintenance</html>", media_type="text/html"), "fetch_html"),
        (Reply(b"  <html>maintenance</html>"), "fetch_html"),
        (Reply(b'{"a": 1}', media_type="text/plain"), "fetch_not_json"),
        (Reply(b'{"a": '), "fetch_not_json"),
        (Reply(b"[" * 900), "fetch_not_json"),
        (Reply(b"\xff\xfe{"), "fetch_not_json"),
        (Reply(b""), "fetch_not_json"),
    ],
    ids=["page", "page called JSON", "other type", "broken", "deep", "no text", "empty"],
)
def test_what_is_not_json_is_named(portal: Portal, reply: Reply, rule: str) -> None:
    portal.on("/data", reply)
    guest, request = ask(portal)
    assert guest.refused(request).rule == rule
    assert len(portal.asked) == 1


def test_a_redirect_within_the_portal_is_followed(portal: Portal) -> None:
    portal.on("/data", Reply(status=302, headers={"Location": "/moved"}))
    portal.on("/moved", OK)
    guest, request = ask(portal)
    assert guest.client.get_json(request) == {"a": 1}


def test_a_redirect_loop_ends(portal: Portal) -> None:
    portal.on("/data", Reply(status=302, headers={"Location": "/data"}))
    guest, request = ask(portal)
    assert guest.refused(request).rule == "fetch_redirect_loop"
    assert len(portal.asked) == FAST.max_redirects + 1


def test_a_portal_does_not_lead_its_guests_into_the_private_network(portal: Portal) -> None:
    with serve() as inside:
        inside.on("/secret", OK)
        portal.on("/data", Reply(status=302, headers={"Location": f"{inside.address}/secret"}))
        guest, request = ask(portal)
        assert guest.refused(request).rule == "fetch_address_refused"
        assert inside.asked == []


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "ftp://example.org/x", "http:///nowhere", "http://169.254.169.254/x", "http://[::1]:1/x"],
)
def test_no_other_place_is_asked(portal: Portal, address: str) -> None:
    guest, _ = ask(portal)
    assert guest.refused(Request(address)).rule == "fetch_address_refused"


def test_a_secured_portal_is_never_asked_without_security() -> None:
    guest = Guest("https://portal.example")
    assert guest.refused(Request("http://portal.example/data")).rule == "fetch_address_refused"
    # Nor does it lead its guests anywhere that is not secured.
    assert guest.refused(Request("http://elsewhere.example/data")).rule == "fetch_address_refused"


def test_a_query_is_not_sent_to_where_a_portal_redirects_it(portal: Portal) -> None:
    portal.on("/data", Reply(status=307, headers={"Location": "/moved"}))
    guest, request = ask(portal)
    assert guest.refused(replace(request, body={"query": []})).rule == "fetch_redirected_query"


def test_no_password_of_this_machine_is_told(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    secrets = f"{tmp_path}/netrc"
    with open(secrets, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write("machine 127.0.0.1 login synthetic password synthetic\n")
    monkeypatch.setenv("NETRC", secrets)
    portal.on("/data", OK)
    guest, request = ask(portal)
    guest.client.get_json(request)
    assert "Authorization" not in portal.asked[0].headers
