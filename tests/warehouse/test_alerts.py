"""Alerts arrive by each way that is configured, and one that does not arrive never stops anything."""

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from aiosmtpd.controller import Controller
from pydantic import ValidationError

from warehouse.alerts import Alert, AlertSettings, EmailSettings, LogSettings, WebhookSettings, send_alert

ALERT = Alert(
    kind="run_failed",
    run_id="synthetic",
    subject_lv="Mēraukla: izpilde neizdevās\nBcc: intruder@example.invalid",
    subject_en="Mēraukla: the run failed",
    text_lv="Sintētisks ziņojums „bļoda”.",
    text_en="A synthetic message.",
)


class Mailbox:
    """Keeps what a local SMTP server is handed."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    async def handle_DATA(self, _: object, __: object, envelope: Any) -> str:  # noqa: N802, ANN401 - aiosmtpd's name
        """Take a message."""
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"


@pytest.fixture
def mail_server() -> Iterator[tuple[Mailbox, int]]:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield mailbox, controller.port
    controller.stop()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


Web = tuple[list[tuple[Mapping[str, str], bytes]], str, Callable[[list[int]], None]]


@pytest.fixture
def web_server() -> Iterator[Web]:
    """A local web server: what it was sent, its address, and how to have it answer other codes than 204 first."""
    received: list[tuple[Mapping[str, str], bytes]] = []
    answers: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version: ClassVar[str] = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((dict(self.headers), body))
            self.send_response(answers.pop(0) if answers else 204)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield received, f"http://127.0.0.1:{server.server_port}/hook?token=synthetic-secret", answers.extend
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warehouse.alerts._RETRY_SECONDS", 0.01)


def email(port: int, **others: Any) -> EmailSettings:  # noqa: ANN401 - settings of several types
    facts = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "m@example.invalid"}
    return EmailSettings.model_validate({**facts, "recipients": ["a@example.invalid", "b@example.invalid"], **others})


def logged(log_file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log_file.read_text("utf-8").splitlines()]


def test_without_any_setting_an_alert_goes_to_the_log(tmp_path: Path) -> None:
    log_file = tmp_path / "logs" / "alerts.jsonl"
    assert send_alert(ALERT, AlertSettings(), log_file) == []
    (entry,) = logged(log_file)
    assert (entry["kind"], entry["run_id"], entry["text_lv"]) == ("run_failed", "synthetic", ALERT.text_lv)
    assert entry["not_sent"] == []


def test_an_alert_arrives_by_email_in_both_languages(mail_server: tuple[Mailbox, int], tmp_path: Path) -> None:
    mailbox, port = mail_server
    assert send_alert(ALERT, AlertSettings(email=email(port)), tmp_path / "log") == []
    (mail,) = mailbox.messages
    assert mail["To"] == "a@example.invalid, b@example.invalid"
    body = mail.get_content()
    assert body.index(ALERT.text_lv) < body.index(ALERT.text_en)
    assert mail["Date"]
    assert mail["Message-ID"].endswith("@example.invalid>")


def test_no_line_of_a_subject_becomes_a_header(mail_server: tuple[Mailbox, int], tmp_path: Path) -> None:
    mailbox, port = mail_server
    send_alert(ALERT, AlertSettings(email=email(port)), tmp_path / "log")
    (mail,) = mailbox.messages
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Mēraukla: izpilde neizdevās Bcc: intruder@example.invalid"


def test_a_password_is_not_sent_over_an_open_line(
    mail_server: tuple[Mailbox, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MERAUKLA_SMTP_USER", "synthetic")
    monkeypatch.setenv("MERAUKLA_SMTP_PASSWORD", "synthetic-password")
    (problem,) = send_alert(ALERT, AlertSettings(email=email(mail_server[1])), tmp_path / "log")
    assert "open line" in problem
    assert mail_server[0].messages == []
    assert "synthetic-password" not in (tmp_path / "log").read_text("utf-8")


def test_a_server_that_offers_no_encryption_gets_nothing(mail_server: tuple[Mailbox, int], tmp_path: Path) -> None:
    (problem,) = send_alert(ALERT, AlertSettings(email=email(mail_server[1], security="starttls")), tmp_path / "log")
    assert "STARTTLS" in problem
    assert mail_server[0].messages == []


def test_an_alert_arrives_at_a_webhook_with_its_signature(
    web_server: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    received, url, _ = web_server
    monkeypatch.setenv("MERAUKLA_WEBHOOK_URL", url)
    monkeypatch.setenv("MERAUKLA_WEBHOOK_SECRET", "synthetic-key")
    assert send_alert(ALERT, AlertSettings(webhook=WebhookSettings()), tmp_path / "log") == []
    ((headers, body),) = received
    assert json.loads(body)["subject_en"] == ALERT.subject_en
    expected = hmac.new(b"synthetic-key", body, hashlib.sha256).hexdigest()
    assert headers["X-Meraukla-Signature"] == f"sha256={expected}"


def test_a_webhook_that_is_down_for_a_moment_is_tried_again(
    web_server: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    received, url, answer = web_server
    monkeypatch.setenv("MERAUKLA_WEBHOOK_URL", url)
    answer([503, 502])
    assert send_alert(ALERT, AlertSettings(webhook=WebhookSettings()), tmp_path / "log") == []
    assert len(received) == 3


@pytest.mark.parametrize(("codes", "tries"), [([503, 503, 503], 3), ([404], 1), ([302], 1)])
def test_a_webhook_that_refuses_is_told_in_the_log_without_its_address(
    web_server: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, codes: list[int], tries: int
) -> None:
    received, url, answer = web_server
    monkeypatch.setenv("MERAUKLA_WEBHOOK_URL", url)
    answer(codes)
    (problem,) = send_alert(ALERT, AlertSettings(webhook=WebhookSettings()), tmp_path / "log")
    assert f"answered {codes[0]}" in problem
    assert len(received) == tries
    assert logged(tmp_path / "log")[0]["not_sent"] == [problem]
    assert "synthetic-secret" not in (tmp_path / "log").read_text("utf-8")


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "synthetic"])
def test_a_webhook_without_an_address_of_the_web_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("MERAUKLA_WEBHOOK_URL", url)
    (problem,) = send_alert(ALERT, AlertSettings(webhook=WebhookSettings()), tmp_path / "log")
    assert "MERAUKLA_WEBHOOK_URL" in problem


def test_servers_that_do_not_answer_cost_their_time_limit_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        port = deaf.getsockname()[1]
        monkeypatch.setenv("MERAUKLA_WEBHOOK_URL", f"http://127.0.0.1:{port}")
        settings = AlertSettings(
            email=email(port, timeout_seconds=0.2), webhook=WebhookSettings(timeout_seconds=0.2, attempts=2)
        )
        problems = send_alert(ALERT, settings, tmp_path / "log")
    assert [problem.partition(":")[0] for problem in problems] == ["email", "webhook"]


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where a folder should be", "utf-8")
    (problem,) = send_alert(ALERT, AlertSettings(), tmp_path / "logs" / "alerts.jsonl")
    assert problem.startswith("log: ")


def test_the_log_is_turned_over_and_only_so_many_old_ones_are_kept(tmp_path: Path) -> None:
    settings = AlertSettings(log=LogSettings(max_bytes=1, kept_files=2))
    for number in range(5):
        alert = Alert("run_failed", str(number), "lv", "en", "lv", "en")
        assert send_alert(alert, settings, tmp_path / "log") == []
    runs = {path.name: logged(path)[0]["run_id"] for path in tmp_path.iterdir()}
    assert runs == {"log": "4", "log.1": "3", "log.2": "2"}


def test_a_setting_that_does_not_exist_is_refused_rather_than_ignored() -> None:
    with pytest.raises(ValidationError, match="password"):
        AlertSettings.model_validate({"email": {"host": "x", "sender": "x", "recipients": ["x"], "password": "x"}})
