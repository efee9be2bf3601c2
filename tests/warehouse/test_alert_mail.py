"""Alerts by e-mail over a secured line: with a name and a password, and to nobody who is not who he says he is."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from orchestration.run_record import begin_run, fail_run, last_run
from orchestration.settings import Settings
from tests.warehouse.test_alerts import free_port
from warehouse.alerts import Alert, AlertSettings, EmailSettings, send_alert

ALERT = Alert("run_failed", "synthetic", "LV", "EN", "Sintētisks ziņojums.", "A synthetic message.")
PASSWORD = "synthetic-password"  # noqa: S105 - made up
WAYS = ("starttls", "tls")
DAY = timedelta(days=1)

# The server does not count a line that is secured from the first byte.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@dataclass
class PostOffice:
    """A mail server on this machine: what it was handed, and who said he was who."""

    port: int
    certificate: Path
    messages: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)

    async def handle_DATA(self, server: Any, _: object, envelope: Any) -> str:  # noqa: N802, ANN401 - aiosmtpd's
        """Take a message."""
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        self.secured.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 OK"

    def authenticate(self, _: object, __: object, ___: object, ____: object, said: LoginPassword) -> AuthResult:
        """Let one person in."""
        self.logins.append((said.login, said.password))
        is_known = (said.login, said.password) == (b"synthetic", PASSWORD.encode())
        return AuthResult(success=is_known, handled=False)


def make_certificate(folder: Path, *, name: str = "127.0.0.1", expired: bool = False) -> tuple[Path, Path]:
    """Make a certificate that is signed by itself.

    Returns:
        The certificate and its key.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "synthetic")])
    now = datetime.now(UTC)
    kind = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 3 * DAY)
        .not_valid_after(now + (-DAY if expired else DAY))
        .add_extension(x509.SubjectAlternativeName([kind]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    of_certificate, of_key = folder / "certificate.pem", folder / "key.pem"
    of_certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    of_key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return of_certificate, of_key


@contextmanager
def post_office(security: str, certificate: tuple[Path, Path]) -> Iterator[PostOffice]:
    """Open a mail server that lets nobody in without a secured line, a name and a password."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    office = PostOffice(free_port(), certificate[0])
    # On a line that is secured from the first byte there is no STARTTLS that it could wait for.
    line = (
        {"tls_context": context, "require_starttls": True}
        if security == "starttls"
        else {"ssl_context": context, "auth_require_tls": False}
    )
    controller = Controller(
        office,
        hostname="127.0.0.1",
        port=office.port,
        authenticator=office.authenticate,
        auth_required=True,
        **line,
    )
    controller.start()
    try:
        yield office
    finally:
        controller.stop()


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERAUKLA_SMTP_USER", "synthetic")
    monkeypatch.setenv("MERAUKLA_SMTP_PASSWORD", PASSWORD)


def settings_of(office: PostOffice, security: str, ca_file: Path | None) -> AlertSettings:
    facts = {"host": "127.0.0.1", "port": office.port, "security": security, "ca_file": ca_file}
    addresses = {"sender": "m@example.invalid", "recipients": ["a@example.invalid"]}
    return AlertSettings(email=EmailSettings.model_validate({**facts, **addresses}))


def words_of(log: Path) -> str:
    """Return the log, after a look that it holds no password."""
    text = log.read_text("utf-8")
    assert PASSWORD not in text
    return text


@pytest.mark.parametrize("security", WAYS)
def test_an_alert_goes_over_a_secured_line_with_a_name_and_a_password(security: str, tmp_path: Path) -> None:
    with post_office(security, make_certificate(tmp_path)) as office:
        assert send_alert(ALERT, settings_of(office, security, office.certificate), tmp_path / "log") == []
    (mail,) = office.messages
    assert ALERT.text_lv in mail.get_content()
    assert office.secured == [True]
    assert office.logins == [(b"synthetic", PASSWORD.encode())]
    assert json.loads(words_of(tmp_path / "log"))["not_sent"] == []


@pytest.mark.parametrize("security", WAYS)
@pytest.mark.parametrize(
    ("certificate", "is_trusted", "reason"),
    [
        pytest.param({}, False, "self.signed certificate", id="of nobody that is trusted"),
        pytest.param({"name": "other.example.invalid"}, True, "127.0.0.1", id="of another server"),
        pytest.param({"expired": True}, True, "expired", id="expired"),
    ],
)
def test_a_bad_certificate_is_told_in_the_log_and_gets_neither_password_nor_alert(
    tmp_path: Path, security: str, certificate: dict[str, Any], is_trusted: bool, reason: str
) -> None:
    with post_office(security, make_certificate(tmp_path, **certificate)) as office:
        ca_file = office.certificate if is_trusted else None
        (problem,) = send_alert(ALERT, settings_of(office, security, ca_file), tmp_path / "log")
    assert problem.startswith("email: SSLCertVerificationError: ")
    assert reason.replace(".", " ") in problem.replace("-", " ").replace(".", " ")
    assert (office.messages, office.logins) == ([], [])
    assert json.loads(words_of(tmp_path / "log"))["not_sent"] == [problem]


@pytest.mark.parametrize("security", WAYS)
def test_a_wrong_password_is_told_in_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str) -> None:
    monkeypatch.setenv("MERAUKLA_SMTP_PASSWORD", "another-secret")
    with post_office(security, make_certificate(tmp_path)) as office:
        (problem,) = send_alert(ALERT, settings_of(office, security, office.certificate), tmp_path / "log")
    assert problem.startswith("email: SMTPAuthenticationError: ")
    assert office.messages == []
    assert "another-secret" not in words_of(tmp_path / "log")


@pytest.mark.parametrize(
    ("password", "reason"),
    [("", "MERAUKLA_SMTP_USER is set and MERAUKLA_SMTP_PASSWORD is not"), ("sintētiska", "ASCII characters only")],
)
def test_a_password_that_cannot_be_sent_is_told_before_anything_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str, reason: str
) -> None:
    monkeypatch.setenv("MERAUKLA_SMTP_PASSWORD", password)
    with post_office("starttls", make_certificate(tmp_path)) as office:
        (problem,) = send_alert(ALERT, settings_of(office, "starttls", office.certificate), tmp_path / "log")
    assert reason in problem
    assert "sintētiska" not in words_of(tmp_path / "log")
    assert office.messages == []


def test_certificates_that_are_not_there_are_told_in_the_log(tmp_path: Path) -> None:
    office = PostOffice(free_port(), tmp_path / "missing.pem")
    (problem,) = send_alert(ALERT, settings_of(office, "starttls", office.certificate), tmp_path / "log")
    assert problem.startswith("email: ")
    assert "missing.pem" in problem


def test_a_run_whose_alert_meets_a_bad_certificate_goes_on_as_if_it_had_arrived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MERAUKLA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MERAUKLA_OPERATIONS_FILE", str(tmp_path / "operations.yml"))
    settings = Settings.from_environment()
    with post_office("tls", make_certificate(tmp_path)) as office:
        (tmp_path / "operations.yml").write_text(
            f"alerts: {{email: {{host: 127.0.0.1, port: {office.port}, security: tls, sender: m@example.invalid, "
            "recipients: [a@example.invalid]}}"
        )
        begin_run(settings, "synthetic")
        fail_run(settings, "synthetic", "core_models", "synthetic reason")
    record = last_run(settings)
    assert record is not None
    assert (record.state, record.message) == ("failed", "synthetic reason")
    (problem,) = json.loads(words_of(settings.alert_log))["not_sent"]
    assert "certificate verify failed" in problem
