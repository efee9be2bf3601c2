"""Alerts: what somebody should know goes to a log file and, where configured, to e-mail and a webhook.

An alert that cannot be sent never stops anything: what went wrong is noted in the log beside the alert.
"""

import hashlib
import hmac
import json
import os
import smtplib
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from warehouse.clock import utc_now

Kind = Literal["run_failed", "run_killed", "run_locked_out", "new_suspicions", "published_late"]
_RETRY_SECONDS = 1.0


class AlertError(Exception):
    """An alert could not be sent; the message says by which way and why, without any secret."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LogSettings(_Part):
    """The log file: when it is turned over, and how many old ones are kept."""

    max_bytes: Annotated[int, Field(gt=0)] = 1_000_000
    kept_files: Annotated[int, Field(ge=0)] = 5


class EmailSettings(_Part):
    """E-mail by SMTP. The password, and the user's name, come from the environment, never from a file."""

    host: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: Path | None = None
    """Certificates that the server's must come from; None for those that the system trusts."""
    sender: str
    recipients: Annotated[tuple[str, ...], Field(min_length=1)]
    user_variable: str = "MERAUKLA_SMTP_USER"
    password_variable: str = "MERAUKLA_SMTP_PASSWORD"  # noqa: S105 - the variable's name
    timeout_seconds: Annotated[float, Field(gt=0)] = 10


class WebhookSettings(_Part):
    """A webhook: JSON by POST, signed if there is a secret. Address and secret come from the environment."""

    url_variable: str = "MERAUKLA_WEBHOOK_URL"
    secret_variable: str = "MERAUKLA_WEBHOOK_SECRET"  # noqa: S105 - the variable's name
    timeout_seconds: Annotated[float, Field(gt=0)] = 5
    attempts: Annotated[int, Field(ge=1, le=10)] = 3


class AlertSettings(_Part):
    """Where alerts go beside the log."""

    language: Literal["lv", "en"] = "lv"
    log: LogSettings = LogSettings()
    email: EmailSettings | None = None
    webhook: WebhookSettings | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody should know, in both languages.

    Attributes:
        kind: what happened.
        run_id: the run it happened in.
        subject_lv: one line in Latvian.
        subject_en: one line in English.
        text_lv: what happened and what to do, in Latvian.
        text_en: what happened and what to do, in English.
    """

    kind: Kind
    run_id: str | None
    subject_lv: str
    subject_en: str
    text_lv: str
    text_en: str


def send_alert(alert: Alert, settings: AlertSettings, log_file: Path) -> list[str]:
    """Send an alert by every configured way and note it in the log.

    Returns:
        What could not be sent, one line a way; empty if all went well. They stand in the log too.
    """
    problems = []
    for way, send in _ways(alert, settings):
        try:
            send()
        except Exception as error:  # Whatever a way of sending raises: a run goes on.
            problems.append(f"{way}: {type(error).__name__}: {_one_line(str(error))}")
    try:
        _log(alert, problems, settings.log, log_file)
    except OSError as error:
        problems.append(f"log: {error}")
    return problems


def is_logged(run_id: str, kinds: Collection[Kind], log_file: Path) -> bool:
    """Whether an alert of one of some kinds was sent for a run, as far back as the log and the one before it go."""
    for file in (log_file, _numbered(log_file, 1)):
        try:
            lines = file.read_text("utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            # A line that a full disk cut short is no JSON.
            with suppress(ValueError, AttributeError):
                entry = json.loads(line)
                if entry.get("run_id") == run_id and entry.get("kind") in kinds:
                    return True
    return False


def _ways(alert: Alert, settings: AlertSettings) -> list[tuple[str, Callable[[], None]]]:
    ways: list[tuple[str, Callable[[], None]]] = []
    email, webhook = settings.email, settings.webhook
    if email:
        ways.append(("email", lambda: _send_email(alert, email, settings.language)))
    if webhook:
        ways.append(("webhook", lambda: _send_webhook(alert, webhook)))
    return ways


def _send_email(alert: Alert, settings: EmailSettings, language: str) -> None:
    message = EmailMessage()
    is_latvian = language == "lv"
    # A header holds one line; what came from a file name must not begin another.
    message["Subject"] = _one_line(alert.subject_lv if is_latvian else alert.subject_en)
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.recipients)
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2] or None)
    texts = (alert.text_lv, alert.text_en) if is_latvian else (alert.text_en, alert.text_lv)
    message.set_content("\n\n—\n\n".join(texts) + "\n")
    user, password = os.environ.get(settings.user_variable), os.environ.get(settings.password_variable)
    if user and not password:
        raise AlertError(f"{settings.user_variable} is set and {settings.password_variable} is not")
    if user and password and not (user + password).isascii():
        raise AlertError(f"{settings.user_variable} and {settings.password_variable} can hold ASCII characters only")
    if settings.ca_file and not settings.ca_file.is_file():
        raise AlertError(f"{settings.ca_file} (ca_file) is not there")
    secured = ssl.create_default_context(cafile=settings.ca_file)
    connection = (
        smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.timeout_seconds, context=secured)
        if settings.security == "tls"
        else smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout_seconds)
    )
    with connection:
        if settings.security == "starttls":
            connection.starttls(context=secured)
        if user and password:
            if settings.security == "none":
                raise AlertError("a password is not sent over an open line: set security to starttls or tls")
            connection.login(user, password)
        refused = connection.send_message(message)
    if refused:
        raise AlertError(f"refused for {', '.join(refused)}")


def _send_webhook(alert: Alert, settings: WebhookSettings) -> None:
    url = os.environ.get(settings.url_variable)
    if not url:
        raise AlertError(f"the variable {settings.url_variable} is not set")
    if not url.startswith(("https://", "http://")):
        raise AlertError(f"{settings.url_variable} is no address of the web")
    body = json.dumps(asdict(alert), ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "meraukla"}
    if secret := os.environ.get(settings.secret_variable):
        headers["X-Meraukla-Signature"] = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    for attempt in range(1, settings.attempts + 1):
        try:
            _post(url, body, headers, settings.timeout_seconds)
        except AlertError:
            # What the other side does not want now it will not want in a second.
            raise
        except (OSError, ValueError) as error:
            if attempt == settings.attempts:
                # The address may hold a secret: it is not told.
                raise AlertError(f"{settings.attempts} attempts failed: {_reason(error)}") from None
            time.sleep(_RETRY_SECONDS * attempt)
        else:
            return


def _post(url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> None:
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310 - checked
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=timeout_seconds):
            pass
    except urllib.error.HTTPError as error:
        error.close()
        if error.code < 500:  # noqa: PLR2004 - the other side's fault begins here
            raise AlertError(f"answered {error.code}") from None
        raise OSError(f"answered {error.code}") from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A signed alert goes where it was meant to go, or nowhere."""

    def redirect_request(self, *_: object) -> None:
        """Refuse."""


def _reason(error: Exception) -> str:
    return _one_line(str(error.reason) if isinstance(error, urllib.error.URLError) else str(error))


def _log(alert: Alert, problems: list[str], settings: LogSettings, log_file: Path) -> None:
    log_file.parent.mkdir(parents=True, exist_ok=True)
    if log_file.is_file() and log_file.stat().st_size >= settings.max_bytes:
        _turn_over(log_file, settings.kept_files)
    entry = {"at": utc_now().isoformat(timespec="seconds"), **asdict(alert), "not_sent": problems}
    with log_file.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def _turn_over(log_file: Path, kept_files: int) -> None:
    for number in range(kept_files, 0, -1):
        source = _numbered(log_file, number - 1) if number > 1 else log_file
        if source.is_file():
            source.replace(_numbered(log_file, number))
    log_file.unlink(missing_ok=True)


def _numbered(log_file: Path, number: int) -> Path:
    return log_file.with_name(f"{log_file.name}.{number}")


def _one_line(text: str) -> str:
    return " ".join(text.split())
