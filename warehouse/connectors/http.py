"""Ask a portal over HTTP as a polite and suspicious guest.

Polite: a pause between requests, retries with back-off and jitter, `Retry-After` obeyed, conditional requests.
Suspicious: certificates verified, only http and https, no redirect into the private network, limits on size, time and
redirects, and nothing counts as received that is shorter than announced.
"""

import ipaddress
import json
import random
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from warehouse.clock import utc_now
from warehouse.connectors.errors import FetchError

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

_NOT_MODIFIED = 304
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What a server says when it may do better the next time.
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_CHUNK_BYTES = 64 * 1024
# An error page is read only to see what it says.
_ERROR_BYTES = 64 * 1024
_HTML = (b"<!doctype html", b"<html")


class Limits(BaseModel):
    """What a request may take. Part of `connectors.yml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connect_seconds: float = Field(default=10, gt=0)
    read_seconds: float = Field(default=30, gt=0, description="silence of the server")
    total_seconds: float = Field(default=300, gt=0, description="one answer, from the request to its last byte")
    max_bytes: int = Field(default=100_000_000, gt=0)
    max_redirects: int = Field(default=5, ge=0)
    attempts: int = Field(default=4, ge=1, le=10)
    first_pause_seconds: float = Field(default=2, ge=0, description="doubles with each attempt")
    max_pause_seconds: float = Field(default=120, ge=0)
    seconds_between_requests: float = Field(default=1, ge=0)


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server said of the version that lies here already: it need not send that one again."""

    etag: str | None = None
    last_modified: str | None = None

    def headers(self) -> dict[str, str]:
        """Return the request headers that ask for a newer version only."""
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Not modified: the version asked about is still the newest, and there is no content."""

    address: str
    content: bytes
    media_type: str
    validators: Validators
    is_modified: bool = True


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask. With a body it is a POST of JSON."""

    address: str
    parameters: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None
    validators: Validators = Validators()


class Client:
    """Asks one portal.

    Args:
        home: address of the portal; addresses that it names elsewhere are trusted less.
        limits: what a request may take.
        sleep: how to wait, in seconds.
        now: a clock, in seconds.
    """

    def __init__(
        self,
        home: str,
        limits: Limits,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._home = urlsplit(home)
        self._limits = limits
        self._sleep = sleep
        self._now = now
        self._last_request: float | None = None
        self._session = _new_session()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def get_json(self, request: Request) -> object:
        """Return the document that a request is answered with, whatever JSON it holds.

        Raises:
            FetchError: there is no such answer, or it is not JSON.
        """
        answer = self.ask(request)
        _refuse_html(answer.address, answer.content, answer.media_type)
        if "json" not in answer.media_type:
            raise FetchError("fetch_not_json", answer.address, value=answer.media_type or "–")
        try:
            document: object = json.loads(answer.content)
        except (ValueError, RecursionError) as error:
            raise FetchError("fetch_not_json", answer.address, value=error) from error
        return document

    def download(self, address: str, validators: Validators) -> Answer:
        """Return the file at an address, unless the version that the validators tell of is still the newest.

        Raises:
            FetchError: there is no such file, or a web page stands in its place.
        """
        answer = self.ask(Request(address, validators=validators))
        _refuse_html(answer.address, answer.content, answer.media_type)
        return answer

    def ask(self, request: Request) -> Answer:
        """Ask, and ask again where that may help.

        Raises:
            FetchError: no attempt brought a whole answer.
        """
        for attempt in range(1, self._limits.attempts + 1):
            try:
                return self._ask_once(request)
            except _AskAgainLaterError as later:
                if attempt == self._limits.attempts:
                    raise later.reason from later
                self._sleep(self._pause(attempt, later))
        raise AssertionError("the last attempt answers or raises")

    def _pause(self, attempt: int, later: "_AskAgainLaterError") -> float:
        if later.after_seconds is not None:
            if later.after_seconds > self._limits.max_pause_seconds:
                raise FetchError(
                    "fetch_wait_too_long",
                    later.reason.address,
                    value=round(later.after_seconds),
                    expected=round(self._limits.max_pause_seconds),
                ) from later.reason
            return later.after_seconds
        longest = min(self._limits.first_pause_seconds * 2.0 ** (attempt - 1), self._limits.max_pause_seconds)
        # Half of it by chance: who was turned away together does not come back together.
        return longest * random.uniform(0.5, 1)  # noqa: S311 - no secret

    def _ask_once(self, request: Request) -> Answer:
        """Follow redirects to the answer.

        Raises:
            _AskAgainLaterError: it may go better another time.
            FetchError: it will not.
        """
        address, body = request.address, request.body
        parameters = request.parameters
        deadline = self._now() + self._limits.total_seconds
        for _ in range(self._limits.max_redirects + 1):
            self._refuse_address(address)
            self._wait_for_turn()
            with self._send(address, parameters, body, request.validators) as response:
                target = response.headers.get("Location")
                if response.status_code not in _REDIRECTS or not target:
                    return self._to_answer(response, deadline)
                if body is not None:
                    raise FetchError("fetch_redirected_query", address, value=target)
            address, parameters = urljoin(response.url, target), None
        raise FetchError("fetch_redirect_loop", request.address, value=self._limits.max_redirects)

    def _wait_for_turn(self) -> None:
        if self._last_request is not None:
            wait = self._last_request + self._limits.seconds_between_requests - self._now()
            if wait > 0:
                self._sleep(wait)
        self._last_request = self._now()

    def _refuse_address(self, address: str) -> None:
        """Refuse what only a mistaken or hostile portal would send its guests to.

        A portal inside the authority's own network may be configured; it is only others that must not lead there.
        """
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise FetchError("fetch_address_refused", address, expected="http, https")
        if parts.hostname == self._home.hostname and parts.port == self._home.port:
            if self._home.scheme == "https" and parts.scheme != "https":
                raise FetchError("fetch_address_refused", address, expected="https")
            return
        if self._home.scheme == "https" and parts.scheme != "https":
            raise FetchError("fetch_address_refused", address, expected="https")
        if not all(address.is_global for address in _resolve(parts.hostname)):
            raise FetchError("fetch_address_refused", address, expected=self._home.hostname)

    def _send(
        self,
        address: str,
        parameters: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        validators: Validators,
    ) -> "Response":
        import requests  # noqa: PLC0415 - only who fetches pays for it

        try:
            return self._session.request(
                "GET" if body is None else "POST",
                address,
                params=dict(parameters or {}),
                json=body,
                headers=validators.headers(),
                timeout=(self._limits.connect_seconds, self._limits.read_seconds),
                allow_redirects=False,
                stream=True,
            )
        except requests.Timeout as error:
            raise _AskAgainLaterError(FetchError("fetch_timeout", address)) from error
        except requests.ConnectionError as error:
            raise _AskAgainLaterError(FetchError("fetch_unreachable", address, value=_cause(error))) from error
        except (requests.RequestException, ValueError) as error:
            raise FetchError("fetch_address_refused", address, value=error, expected="http, https") from error

    def _to_answer(self, response: "Response", deadline: float) -> Answer:
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        validators = Validators(response.headers.get("ETag"), response.headers.get("Last-Modified"))
        if response.status_code == _NOT_MODIFIED:
            return Answer(response.url, b"", media_type, validators, is_modified=False)
        if response.status_code in _TRANSIENT:
            reason = FetchError("fetch_status", response.url, value=response.status_code)
            raise _AskAgainLaterError(reason, _retry_after(response.headers.get("Retry-After")))
        if response.status_code >= 400:  # noqa: PLR2004 - where HTTP's errors begin
            raise _refusal(response)
        return Answer(response.url, self._read(response, deadline), media_type, validators)

    def _read(self, response: "Response", deadline: float) -> bytes:
        announced = response.headers.get("Content-Length", "")
        expected = int(announced) if announced.isdigit() else None
        if expected is not None and expected > self._limits.max_bytes:
            raise FetchError("fetch_too_large", response.url, value=expected, expected=self._limits.max_bytes)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            # Not asked for: it could unfold to any size.
            raise FetchError("fetch_encoded", response.url, value=response.headers["Content-Encoding"])
        content = bytearray()
        for chunk in _chunks(response):
            content += chunk
            if len(content) > self._limits.max_bytes:
                raise FetchError("fetch_too_large", response.url, value=len(content), expected=self._limits.max_bytes)
            if self._now() > deadline:
                raise _AskAgainLaterError(FetchError("fetch_timeout", response.url))
        return bytes(content)


class _AskAgainLaterError(Exception):
    def __init__(self, reason: FetchError, after_seconds: float | None = None) -> None:
        super().__init__(str(reason))
        reason.is_transient = True
        self.reason = reason
        self.after_seconds = after_seconds


def _new_session() -> "Session":
    import requests  # noqa: PLC0415 - only who fetches pays for it

    session = requests.Session()
    session.headers.update(
        {
            "User-Agent": "meraukla (education data warehouse of a municipality)",
            "Accept": "application/json, */*;q=0.5",
            # Sizes are then what is announced, and nothing unfolds.
            "Accept-Encoding": "identity",
        }
    )
    # Else passwords of a .netrc would go to whoever is asked.
    session.auth = _without_password
    return session


def _without_password(request: "PreparedRequest") -> "PreparedRequest":
    return request


def _chunks(response: "Response") -> Iterator[bytes]:
    import requests  # noqa: PLC0415 - only who fetches pays for it

    received = 0
    try:
        for chunk in response.iter_content(_CHUNK_BYTES):
            received += len(chunk)
            yield chunk
    except requests.exceptions.ChunkedEncodingError as error:
        raise _truncated(response.url, received, response.headers.get("Content-Length", "–")) from error
    except requests.exceptions.ConnectionError as error:
        # So requests calls silence in the middle of an answer.
        raise _AskAgainLaterError(FetchError("fetch_timeout", response.url)) from error


def _truncated(address: str, received: int, expected: object) -> _AskAgainLaterError:
    return _AskAgainLaterError(FetchError("fetch_truncated", address, value=received, expected=expected))


def _refusal(response: "Response") -> FetchError:
    """Make an error of a definite no; where the server gives a reason in JSON, it is told."""
    beginning = b"".join(_beginning(response))
    try:
        reason = json.loads(beginning)["error"]
        text = f"{response.status_code}: {reason.get('message') or reason}"
    except (ValueError, KeyError, TypeError, AttributeError):
        text = str(response.status_code)
    return FetchError("fetch_status", response.url, value=text)


def _beginning(response: "Response") -> Iterator[bytes]:
    received = 0
    for chunk in _chunks(response):
        received += len(chunk)
        yield chunk
        if received > _ERROR_BYTES:
            return


def _refuse_html(address: str, content: bytes, media_type: str) -> None:
    if media_type == "text/html" or content.lstrip()[:20].lower().startswith(_HTML):
        raise FetchError("fetch_html", address)


def _retry_after(text: str | None) -> float | None:
    """Read `Retry-After`: seconds, or a date. What is neither is no wish."""
    if text is None:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - utc_now()).total_seconds())
    except (ValueError, TypeError):
        return None


def _resolve(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except OSError as error:
        raise _AskAgainLaterError(FetchError("fetch_unreachable", host, value=error)) from error
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _cause(error: BaseException) -> str:
    """Return the innermost reason: the outer ones repeat the address."""
    while inner := (error.__cause__ or error.__context__):
        error = inner
    return str(error)
