"""Ways on which alerts go out: a webhook, and e-mail."""

import json
import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from http.client import HTTPException
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ingest.config import Settings

_TITLE = "E-commerce pipeline"
_TIMEOUT = 5.0
_SUBJECT_LENGTH = 150
# Seconds before the second attempt and the third.
_PAUSES = (1.0, 3.0)


class NotSent(Exception):
    """An alert was not taken; says why, without address, name or password.

    Attributes:
        is_passing: Whether another attempt may do better.
    """

    def __init__(self, reason: str, *, is_passing: bool) -> None:
        super().__init__(reason)
        self.is_passing = is_passing


class Channel(Protocol):
    """A way on which alerts go out."""

    @property
    def name(self) -> str:
        """What the log calls it."""

    def send(self, text: str) -> None:
        """Send a text once.

        Raises:
            NotSent: It was not taken.
        """


def channels(settings: Settings) -> list[Channel]:
    """The channels that are switched on; none by default."""
    found: list[Channel] = []
    if settings.alert_webhook:
        url = settings.alert_webhook.get_secret_value()
        found.append(Webhook(url, settings.alert_webhook_format))
    if settings.alert_smtp:
        url = settings.alert_smtp.get_secret_value()
        found.append(Mail(url, settings.alert_from, settings.alert_to))
    return found


def deliver(channel: Channel, text: str) -> None:
    """Send a text, with further attempts where they may help.

    Raises:
        NotSent: No attempt succeeded.
    """
    for pause in _PAUSES:
        try:
            return channel.send(text)
        except NotSent as failure:
            if not failure.is_passing:
                raise
        time.sleep(pause)
    return channel.send(text)


class _NoRedirect(HTTPRedirectHandler):
    """A POST that is sent elsewhere would arrive there as a GET, without the alert."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Webhook:
    """Posts JSON to an address of Slack or of Microsoft Teams, or to what understands either."""

    name = "webhook"

    def __init__(self, url: str, form: str) -> None:
        """Post to the address, in the form `slack` or `teams`."""
        self._url = url
        self._payload = {"slack": slack_payload, "teams": teams_payload}[form]

    def send(self, text: str) -> None:
        """Post a text once."""
        body = json.dumps(self._payload(f"{_TITLE}: {text}")).encode()
        with _reasons():
            request = Request(
                self._url, body, {"Content-Type": "application/json", "User-Agent": "ecomm"}
            )
            build_opener(_NoRedirect).open(request, timeout=_TIMEOUT).close()


def slack_payload(text: str) -> dict[str, Any]:
    """A message of Slack's incoming webhooks; nothing in the text is a link or calls anybody."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": escaped, "mrkdwn": False}


def teams_payload(text: str) -> dict[str, Any]:
    """A message of Teams' workflows: an adaptive card, whose text runs take no Markdown."""
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text}]}],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    attachment = {"contentType": kind, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


class Mail:
    """Sends e-mail by an SMTP server."""

    name = "e-mail"

    def __init__(self, url: str, sender: str, recipients: str) -> None:
        """Send by the server of a URL.

        Args:
            url: `smtps://` for TLS, `smtp://` for STARTTLS where the server offers it; then
                `[user:password@]host[:port]`, user and password percent-encoded.
            sender: An address.
            recipients: Addresses, separated by commas.
        """
        self._url = urlsplit(url)
        self._sender = sender
        self._recipients = [item.strip() for item in recipients.split(",")]

    def send(self, text: str) -> None:
        """Send a text once."""
        with _reasons(), self._connected() as server:
            refused = server.send_message(self._message(text))
            if refused:
                count = f"{len(refused)} of {len(self._recipients)}"
                # Those who took it would get it twice.
                raise NotSent(f"{count} recipients were refused", is_passing=False)

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        host, user = self._url.hostname or "", self._url.username
        context = ssl.create_default_context()
        is_safe = self._url.scheme == "smtps"
        if is_safe:
            port = self._url.port or smtplib.SMTP_SSL_PORT
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT, context=context)
        else:
            port = self._url.port or (587 if user else smtplib.SMTP_PORT)
            server = smtplib.SMTP(host, port, timeout=_TIMEOUT)
        with server:
            server.ehlo_or_helo_if_needed()
            if not is_safe and server.has_extn("starttls"):
                server.starttls(context=context)
                is_safe = True
            if user and not is_safe:
                raise NotSent("no TLS, without which no password is sent", is_passing=False)
            if user:
                server.login(unquote(user), unquote(self._url.password or ""))
            yield server

    def _message(self, text: str) -> EmailMessage:
        subject = f"{_TITLE}: {text}"
        message = EmailMessage()
        message["Subject"] = subject[:_SUBJECT_LENGTH]
        message["From"] = self._sender
        message["To"] = ", ".join(self._recipients)
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(f"{text}\n")
        return message


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn what goes wrong into the reason alone: what servers answer may quote what they got."""
    try:
        yield
    except HTTPError as error:
        error.close()
        is_passing = error.code == 429 or error.code >= 500
        raise NotSent(f"HTTP status {error.code}", is_passing=is_passing) from None
    except smtplib.SMTPResponseException as error:
        is_passing = error.smtp_code < 500
        raise NotSent(f"SMTP status {error.smtp_code}", is_passing=is_passing) from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        is_passing = any(code < 500 for code in codes)
        raise NotSent("all recipients were refused", is_passing=is_passing) from None
    except (OSError, HTTPException, ValueError) as error:
        cause = error.reason if isinstance(error, URLError) else error
        is_certificate = isinstance(cause, ssl.SSLCertVerificationError)
        reason = "the certificate is not trusted" if is_certificate else _reason(cause)
        is_passing = not is_certificate and not isinstance(error, ValueError)
        raise NotSent(reason, is_passing=is_passing) from None


def _reason(cause: object) -> str:
    said = cause.strerror if isinstance(cause, OSError) else None
    return said or type(cause).__name__
