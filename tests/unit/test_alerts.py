"""Alerts reach a real web server and a real mail server, each event once; failing fails no run."""

import json
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from typer.testing import CliRunner

from ingest import cli
from ingest.alerts.channels import (
    Channel,
    Mail,
    NotSent,
    Webhook,
    channels,
    deliver,
    slack_payload,
    teams_payload,
)
from ingest.alerts.events import Alert, events_of_run, failed_run, nothing_new
from ingest.alerts.outbox import Outbox
from ingest.batches.intake import Outcome, TriggerResult
from ingest.batches.ledger import Landing, Reconciliation
from ingest.batches.processing_log import LoggedAlert, LogRow
from ingest.batches.results import Anomaly
from ingest.build import BuildResult
from ingest.cli import ExitCode
from ingest.config import load_settings
from ingest.errors import BusyError, ConfigError, EngineError
from ingest.feed_root import FeedRoot
from ingest.pipeline import Applied, Run

DAY = date(2026, 3, 1)
PASSWORD = "correct/horse@battery"  # pragma: allowlist secret
SECRETS = (PASSWORD, "correct%2Fhorse", "T000")


class Receiver:
    """A web server that notes what is posted, and answers with the given codes, then with 200."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.types: list[str | None] = []
        self.gets = 0
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.bodies.append(json.loads(body))
                receiver.types.append(self.headers["Content-Type"])
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def do_GET(self) -> None:
                receiver.gets += 1
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/T000"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = Receiver()
    thread = Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


class Mailbox:
    """What a mail server does with mail: keeps it, or answers with the given replies first."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.was_safe: list[bool] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.answers: list[str] = []

    async def handle_DATA(self, _: Any, session: Any, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients = envelope.rcpt_tos
        self.was_safe.append(session.ssl is not None)
        return "250 OK"

    def authenticate(self, *args: Any) -> AuthResult:
        data = args[-1]
        self.logins.append((data.login, data.password))
        is_right = data.password == PASSWORD.encode()
        # What is not handled gets the server's own answer.
        return AuthResult(success=is_right, handled=is_right)


Serve = Callable[..., tuple[Mailbox, int]]


@pytest.fixture
def serve_mail() -> Iterator[Serve]:
    """Starts mail servers; gives what they got, and their port."""
    started: list[Controller] = []

    def serve(**options: Any) -> tuple[Mailbox, int]:
        box = Mailbox()
        if options.pop("with_login", False):
            options |= {"authenticator": box.authenticate, "auth_required": True}
        controller = Controller(box, hostname="127.0.0.1", port=free_port(), **options)
        controller.start()
        started.append(controller)
        return box, controller.port

    yield serve
    for controller in started:
        controller.stop()


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server shows; whom this process trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, which take no time."""
    made: list[float] = []
    monkeypatch.setattr("ingest.alerts.channels.time.sleep", made.append)
    return made


def mail_to(port: int, user: str = "", scheme: str = "smtp") -> Mail:
    return Mail(
        f"{scheme}://{user}127.0.0.1:{port}", "from@shop.example", "a@shop.example, b@x.example"
    )


# What the receivers get.


def test_slack_gets_its_form(receiver: Receiver) -> None:
    Webhook(receiver.url, "slack").send("trigger <!channel> & more")

    text = "E-commerce pipeline: trigger &lt;!channel&gt; &amp; more"
    assert receiver.bodies == [{"text": text, "mrkdwn": False}]
    assert receiver.types == ["application/json"]


def test_teams_gets_its_form(receiver: Receiver) -> None:
    Webhook(receiver.url, "teams").send("trigger [x](http://evil.example)")

    (body,) = receiver.bodies
    assert body["type"] == "message"
    (attachment,) = body["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    (block,) = card["body"]
    # Text runs take no Markdown.
    assert block["type"] == "RichTextBlock"
    text = "E-commerce pipeline: trigger [x](http://evil.example)"
    assert block["inlines"] == [{"type": "TextRun", "text": text}]


def test_forms_take_any_text() -> None:
    for form in (slack_payload, teams_payload):
        assert "ü" in json.dumps(form('"\\ü'), ensure_ascii=False)


def test_mail_is_a_plain_message(serve_mail: Serve) -> None:
    box, port = serve_mail()

    mail_to(port).send("Batch b-1: " + "ü" * 300)

    (mail,) = box.mails
    assert mail["Subject"].startswith("E-commerce pipeline: Batch b-1: ")
    assert len(mail["Subject"]) <= 150
    assert (mail["From"], mail["To"]) == ("from@shop.example", "a@shop.example, b@x.example")
    assert box.recipients == ["a@shop.example", "b@x.example"]
    assert mail["Message-ID"].endswith("@shop.example>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().strip() == "Batch b-1: " + "ü" * 300
    assert box.was_safe == [False]


def test_mail_takes_tls_where_it_is_offered(serve_mail: Serve, certificate: ssl.SSLContext) -> None:
    box, port = serve_mail(tls_context=certificate)

    mail_to(port).send("text")

    assert box.was_safe == [True]


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_mail_logs_in_over_tls_from_the_first_byte(
    serve_mail: Serve, certificate: ssl.SSLContext
) -> None:
    # The server knows of STARTTLS alone that makes a session safe enough for a login.
    box, port = serve_mail(ssl_context=certificate, with_login=True, auth_require_tls=False)

    mail_to(port, "me%40shop:correct%2Fhorse%40battery@", "smtps").send("text")

    assert len(box.mails) == 1
    assert [(login, word) for login, word in box.logins] == [(b"me@shop", PASSWORD.encode())]


def test_password_that_is_wrong_is_told_without_it(
    serve_mail: Serve, certificate: ssl.SSLContext
) -> None:
    box, port = serve_mail(tls_context=certificate, with_login=True)

    with pytest.raises(NotSent, match=r"^SMTP status 535$") as failure:
        mail_to(port, "me:correct%2Fhorse@").send("text")

    assert not failure.value.is_passing
    assert not box.mails


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_password_goes_over_tls_only(serve_mail: Serve) -> None:
    box, port = serve_mail(with_login=True, auth_require_tls=False)

    with pytest.raises(NotSent, match="no TLS, without which no password is sent") as failure:
        mail_to(port, "me:correct%2Fhorse@").send("text")

    assert not failure.value.is_passing
    assert not box.logins


def test_certificate_of_a_stranger_is_refused(
    serve_mail: Serve, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    box, port = serve_mail(tls_context=certificate)

    with pytest.raises(NotSent, match="the certificate is not trusted") as failure:
        mail_to(port).send("text")

    assert not failure.value.is_passing
    assert not box.mails


# Further attempts.


@pytest.mark.parametrize("code", [500, 503, 429])
def test_webhook_is_tried_again(receiver: Receiver, pauses: list[float], code: int) -> None:
    receiver.answers = [code, code]

    deliver(Webhook(receiver.url, "slack"), "text")

    assert len(receiver.bodies) == 3
    assert pauses == [1.0, 3.0]


def test_attempts_end(receiver: Receiver, pauses: list[float]) -> None:
    receiver.answers = [500] * 9

    with pytest.raises(NotSent, match=r"^HTTP status 500$"):
        deliver(Webhook(receiver.url, "slack"), "text")

    assert len(receiver.bodies) == 3


@pytest.mark.parametrize("code", [404, 400, 302])
def test_webhook_that_says_no_is_not_tried_again(receiver: Receiver, code: int) -> None:
    receiver.answers = [code]

    with pytest.raises(NotSent, match=rf"^HTTP status {code}$"):
        deliver(Webhook(receiver.url, "slack"), "text")

    assert (len(receiver.bodies), receiver.gets) == (1, 0)


@pytest.mark.parametrize("form", ["webhook", "mail"])
def test_nobody_there(
    pauses: list[float],
    form: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    port = free_port()
    hook = Webhook(f"http://127.0.0.1:{port}/T000", "slack")

    with pytest.raises(NotSent, match=r"^Connection refused$"):
        deliver(hook if form == "webhook" else mail_to(port), "text")

    assert pauses == [1.0, 3.0]


def test_mail_is_tried_again(serve_mail: Serve, pauses: list[float]) -> None:
    box, port = serve_mail()
    box.answers = ["451 later", "451 later"]

    deliver(mail_to(port), "text")
    assert (len(box.mails), pauses) == (1, [1.0, 3.0])

    box.answers = ["554 never"]
    with pytest.raises(NotSent, match=r"^SMTP status 554$"):
        deliver(mail_to(port), "text")
    assert pauses == [1.0, 3.0]


# Each event once.


class Log:
    """Stands for the processing log: gives back what was written."""

    def __init__(self) -> None:
        self.rows: list[LogRow] = []
        self.is_mended = False

    def alerts(self) -> list[LoggedAlert]:
        return [
            LoggedAlert(
                row.message or "",
                row.status == "SUCCESS",
                self.is_mended,
                row.batch_id,
                row.batch_date,
            )
            for row in self.rows
        ]

    def write(self, rows: list[LogRow]) -> None:
        self.rows += rows


class BrokenLog(Log):
    def alerts(self) -> list[LoggedAlert]:
        raise OSError("a secret")

    def write(self, rows: list[LogRow]) -> None:
        raise OSError("a secret")


@dataclass
class Pigeon:
    """A channel that takes texts, or fails."""

    name: str = "pigeon"
    failure: NotSent | None = None
    attempts: int = 0

    def __post_init__(self) -> None:
        self.texts: list[str] = []

    def send(self, text: str) -> None:
        self.attempts += 1
        if self.failure:
            raise self.failure
        self.texts.append(text)


DOWN = NotSent("Connection refused", is_passing=True)


def tell(log: Log, channels: Sequence[Channel], alerts: Sequence[Alert]) -> list[str]:
    """One run; gives its warnings."""
    warnings: list[str] = []
    once: Callable[[Channel, str], None] = lambda channel, text: channel.send(text)  # noqa: E731
    outbox = Outbox(channels, warnings.append, once)
    with outbox.with_log(log):
        outbox.tell(alerts)
    return warnings


def test_an_event_is_told_once() -> None:
    log, bird = Log(), Pigeon()

    for _ in range(2):
        assert tell(log, [bird], [Alert("one", "b-1", DAY), Alert("two")]) == []

    assert bird.texts == ["one", "two"]
    assert [(row.step, row.status, row.message) for row in log.rows] == [
        ("alert", "SUCCESS", "pigeon: one"),
        ("alert", "SUCCESS", "pigeon: two"),
    ]
    assert (log.rows[0].batch_id, log.rows[0].batch_date) == ("b-1", DAY)


def test_the_same_event_twice_in_a_run_is_one() -> None:
    log, bird = Log(), Pigeon()

    tell(log, [bird], [Alert("one"), Alert("one")])

    assert bird.texts == ["one"]


def test_a_channel_that_is_down_is_told_late_once() -> None:
    log, up, down = Log(), Pigeon("up"), Pigeon("down", DOWN)

    warnings = tell(log, [down, up], [Alert("one", "b-1", DAY), Alert("two")])
    assert warnings == [
        "Alerts were not sent by down: Connection refused. The next run tries again;"
        " processing_log has them, step alert."
    ]
    # It holds nobody up with the second.
    assert (up.texts, down.attempts) == (["one", "two"], 1)
    assert [row.status for row in log.rows] == ["WARNING", "WARNING", "SUCCESS", "SUCCESS"]

    # Still down: another warning, no more rows.
    assert len(tell(log, [down, up], [])) == 1
    assert len(log.rows) == 4

    down.failure = None
    for _ in range(2):
        assert tell(log, [down, up], []) == []
    assert down.texts == ["Told late: one", "Told late: two"]
    assert up.texts == ["one", "two"]
    assert (log.rows[4].message, log.rows[4].batch_id) == ("down: one", "b-1")


def test_a_channel_that_is_slow_goes_on_in_the_next_run() -> None:
    log, bird = Log(), Pigeon()
    warnings: list[str] = []
    slow = Outbox([bird], warnings.append, patience=-1)

    with slow.with_log(log):
        slow.tell([Alert("one")])
    assert (bird.attempts, [row.status for row in log.rows]) == (0, ["WARNING"])
    assert warnings[0].startswith("Alerts were not sent by pigeon: it takes too long.")

    assert tell(log, [bird], []) == []
    assert bird.texts == ["Told late: one"]


def test_a_text_that_is_refused_keeps_no_other_back() -> None:
    class Picky(Pigeon):
        def send(self, text: str) -> None:
            self.failure = NotSent("HTTP status 400", is_passing=False) if "bad" in text else None
            super().send(text)

    log, bird = Log(), Picky()
    assert len(tell(log, [bird], [Alert("bad"), Alert("good")])) == 1
    assert len(tell(log, [bird], [Alert("better")])) == 1

    assert bird.texts == ["good", "better"]


def test_a_failed_build_is_told_again_once_it_was_mended() -> None:
    log, bird = Log(), Pigeon()
    failed = Alert("failed", is_mendable=True)

    tell(log, [bird], [failed])
    tell(log, [bird], [failed])
    log.is_mended = True
    tell(log, [bird], [failed, Alert("other")])

    assert bird.texts == ["failed", "failed", "other"]


def test_log_that_fails_fails_nobody() -> None:
    bird = Pigeon()

    warnings = tell(BrokenLog(), [bird], [Alert("one")])

    assert bird.texts == ["one"]
    assert warnings == [
        "Alerts: what was sent before cannot be read (OSError).",
        "Alerts: what was sent cannot be logged (OSError).",
    ]


def test_channel_with_a_bug_fails_nobody() -> None:
    class Buggy(Pigeon):
        def send(self, text: str) -> None:
            raise RuntimeError("a secret")

    warnings = tell(Log(), [Buggy()], [Alert("one")])

    assert warnings[0].startswith(
        "Alerts were not sent by pigeon: unexpected error (RuntimeError)."
    )


def test_off_means_nothing_is_read_or_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert channels(load_settings()) == []
    assert tell(BrokenLog(), [], [Alert("one")]) == []


# A run that fails.


@pytest.mark.parametrize("with_log", [True, False])
def test_a_run_that_fails_is_told_once(with_log: bool) -> None:
    log, bird = Log(), Pigeon()
    outbox = Outbox([bird], pytest.fail)

    with pytest.raises(ConfigError), outbox.telling_failure():
        if not with_log:
            raise ConfigError("There is no folder x.")
        with outbox.with_log(log):
            raise ConfigError("There is no folder x.")

    assert bird.texts == ["The run failed: There is no folder x."]
    assert [row.message for row in log.rows] == [
        f"pigeon: {text}" for text in bird.texts
    ] * with_log


def test_a_busy_warehouse_is_no_event() -> None:
    bird = Pigeon()

    with pytest.raises(BusyError), Outbox([bird], pytest.fail).telling_failure():
        raise BusyError("Another command is at work.")

    assert not bird.texts


def test_errors_are_told_without_what_may_quote_data() -> None:
    for error in (EngineError("cannot cast 'ann@x.example'"), ValueError("ann@x.example")):
        text = failed_run(error).text
        assert text.startswith("The run failed: ")
        assert "ann" not in text


def test_receiver_that_is_down_changes_no_exit_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No feed root: exit code 1, with the same sentence, with alerts and without."""
    arguments = ["run", "--root", str(tmp_path / "none"), "--warehouse", str(tmp_path / "tables")]
    without = CliRunner().invoke(cli.app, arguments)
    monkeypatch.setattr("ingest.alerts.channels.time.sleep", lambda _: None)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("ECOMM_ALERT_WEBHOOK", f"http://127.0.0.1:{free_port()}/services/T000")
    with_alerts = CliRunner().invoke(cli.app, arguments)

    assert with_alerts.exit_code == without.exit_code != 0
    assert with_alerts.stderr == without.stderr
    assert "Alerts were not sent by webhook: Connection refused." in with_alerts.stdout
    assert not any(secret in with_alerts.output for secret in SECRETS)


def test_run_that_fails_reaches_the_receiver(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ECOMM_ALERT_WEBHOOK", receiver.url)

    CliRunner().invoke(cli.app, ["land", "--root", str(tmp_path), "--warehouse", str(tmp_path)])

    (body,) = receiver.bodies
    assert body["text"].startswith("E-commerce pipeline: The run failed: ")


def test_alerts_sends_a_test_message(
    receiver: Receiver, serve_mail: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = CliRunner().invoke(cli.app, ["alerts"])
    assert (off.exit_code, "Alerts are off: set ECOMM_ALERT_WEBHOOK" in off.stderr) == (1, True)

    box, port = serve_mail()
    monkeypatch.setenv("ECOMM_ALERT_WEBHOOK", receiver.url)
    monkeypatch.setenv("ECOMM_ALERT_SMTP", f"smtp://127.0.0.1:{port}")
    monkeypatch.setenv("ECOMM_ALERT_FROM", "from@shop.example")
    monkeypatch.setenv("ECOMM_ALERT_TO", "to@shop.example")
    assert CliRunner().invoke(cli.app, ["alerts"]).exit_code == 0
    assert (len(receiver.bodies), len(box.mails)) == (1, 1)

    receiver.answers = [404]
    refused = CliRunner().invoke(cli.app, ["alerts"])
    assert refused.exit_code == 1
    assert "The webhook took no test message: HTTP status 404." in refused.stderr
    assert "The e-mail took a test message." in refused.stdout


# Which events there are.

LANDING = Landing(
    number=3,
    batch_id="b-1",
    batch_date=DAY,
    trigger_file="t.json",
    landed_at=datetime(2026, 3, 2, 6, 30, tzinfo=UTC),
    files=(),
    withdrawn_at=None,
    is_effective=True,
    is_applied=True,
)
GOOD = Reconciliation(100, 100, 0, 98.5, "PASS")
ODD = Anomaly("b-1", DAY, "orders", "rows", 12.0, 240.0, -9.0, "low", "look")


def built(*failures: tuple[str, str], landing: Landing | None = LANDING) -> Applied:
    result = BuildResult(not failures, failures, is_recorded=True)
    return Applied(landing, result, 1.0, None if failures or not landing else GOOD)


def test_a_good_run_has_no_events() -> None:
    looks = [TriggerResult(Path("t.json"), outcome) for outcome in ("LANDED", "WAITING", "SKIPPED")]

    assert events_of_run(Run(taken=looks, builds=[built()])) == []


def test_events_of_a_batch() -> None:
    result = replace(
        GOOD, valid_rows=60, quarantined_rows=40, score=61.234, status="FAIL",
        feeds_without_valid_rows=("orders", "products"),
    )  # fmt: skip

    events = events_of_run(Run(builds=[replace(built(), reconciliation=result, anomalies=(ODD,))]))

    name = "Batch b-1 of 2026-03-01 (landing 3)"
    assert [event.text for event in events] == [
        f"{name}: validation FAIL, score 61.23, 40 of 100 rows quarantined. python -m ingest report"
        " tells which rules failed.",
        f"{name}: no row of orders is valid.",
        f"{name}: no row of products is valid.",
        f"{name}: odd beside the batches before it: orders rows 12 is low, expected 240.",
    ]
    assert {(event.batch_id, event.batch_date) for event in events} == {("b-1", DAY)}


def test_events_of_triggers() -> None:
    rejected = TriggerResult(Path("a\n.json"), Outcome.REJECTED, "a file is missing.", "b-1", DAY)
    failed = TriggerResult(Path("b.json"), Outcome.FAILED, "Unexpected error (X).")

    events = events_of_run(Run(taken=[rejected, failed]))

    assert [event.text for event in events] == [
        "The trigger a?.json was rejected: a file is missing.",
        "The trigger b.json could not be looked at: Unexpected error (X).",
    ]
    assert events[0].batch_id == "b-1"


def test_failed_build_names_nodes_and_quotes_nobody() -> None:
    failures = [(f"node_{number}", "cannot cast 'ann@x.example'") for number in range(12)]

    (event,) = events_of_run(Run(builds=[built(*failures)]))
    assert event.text.startswith(
        "The build of batch b-1 of 2026-03-01 (landing 3) failed in node_0;"
    )
    assert "node_9; and 2 more. python -m ingest report tells why." in event.text
    assert "ann" not in event.text
    assert event.is_mendable

    (empty,) = events_of_run(Run(builds=[built(("dbt", "x"), landing=None)]))
    assert empty.text.startswith("The build of the tables without any batch failed in dbt.")


@pytest.mark.parametrize(
    ("build", "text", "code"),
    [
        (
            built(("stg_orders", "cannot cast 'ann@x.example'")),
            "The build of batch b-1 of 2026-03-01 (landing 3) failed in stg_orders. python -m"
            " ingest report tells why.",
            ExitCode.FAILED,
        ),
        (
            replace(built(), anomalies=(ODD,)),
            "Batch b-1 of 2026-03-01 (landing 3): odd beside the batches before it: orders rows 12"
            " is low, expected 240.",
            ExitCode.DONE,
        ),
    ],
    ids=["failed-build", "anomaly"],
)
def test_run_s_builds_reach_web_and_mail(
    build: Applied,
    text: str,
    code: ExitCode,
    receiver: Receiver,
    serve_mail: Serve,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """From the command to the receivers; only the engine and dbt are left out."""
    box, port = serve_mail()
    log = Log()
    stand_in = SimpleNamespace(
        log=log,
        ledger=SimpleNamespace(landings=lambda: [LANDING]),
        run=lambda *_, **__: Run(builds=[build]),
    )
    monkeypatch.setattr("ingest.engines.engine.open_engine", lambda *_, **__: nullcontext())
    monkeypatch.setattr("ingest.pipeline.Pipeline", lambda *_: stand_in)
    for name, value in {
        "WEBHOOK": receiver.url,
        "SMTP": f"smtp://127.0.0.1:{port}",
        "FROM": "from@shop.example",
        "TO": "a@shop.example",
    }.items():
        monkeypatch.setenv(f"ECOMM_ALERT_{name}", value)
    FeedRoot(tmp_path).triggers.mkdir(parents=True)

    # The second time it is known already.
    for _ in range(2):
        done = CliRunner().invoke(cli.app, ["run", "--root", str(tmp_path)])
        assert done.exit_code == code, done.output

    (body,) = receiver.bodies
    (mail,) = box.mails
    assert body["text"] == f"E-commerce pipeline: {text}"
    assert mail.get_content().strip() == text
    assert [row.message for row in log.rows] == [f"webhook: {text}", f"e-mail: {text}"]


def test_long_texts_are_cut() -> None:
    look = TriggerResult(Path("a.json"), Outcome.REJECTED, "x" * 5000)

    (event,) = events_of_run(Run(taken=[look]))

    assert len(event.text) < 1010


def test_nothing_new_is_by_the_clock_and_the_same_each_day() -> None:
    landed = LANDING.landed_at
    older = replace(LANDING, number=2, landed_at=landed - timedelta(days=30))

    assert nothing_new([older, LANDING], 2, landed + timedelta(days=2)) is None
    first = nothing_new([older, LANDING], 2, landed + timedelta(days=2, seconds=1))
    assert first == nothing_new([older, LANDING], 2, landed + timedelta(days=9))
    assert first and first.text.startswith(
        "Nothing new for more than 2 days: the last batch landed on 2026-03-02 06:30 UTC."
    )
    assert nothing_new([LANDING], None, landed + timedelta(days=900)) is None
    assert nothing_new([], 2, landed) is None


# Settings.


def test_settings_switch_channels_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOMM_ALERT_WEBHOOK", "https://hooks.example/T000")
    monkeypatch.setenv(
        "ECOMM_ALERT_SMTP", f"smtps://me:{PASSWORD.replace('/', '%2F')}@mail.example"
    )
    monkeypatch.setenv("ECOMM_ALERT_FROM", "from@shop.example")
    monkeypatch.setenv("ECOMM_ALERT_TO", "a@shop.example, b@shop.example")

    settings = load_settings()

    assert [channel.name for channel in channels(settings)] == ["webhook", "e-mail"]
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert not any(secret in shown for secret in (*SECRETS, "hooks.example", "mail.example"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"webhook": "hooks.example/T000"}, "ECOMM_ALERT_WEBHOOK must be an address"),
        ({"webhook": "file:///etc/passwd"}, "ECOMM_ALERT_WEBHOOK must be an address"),
        ({"webhook": "https://[T000"}, "ECOMM_ALERT_WEBHOOK must be an address"),
        ({"webhook_format": "irc"}, "ECOMM_ALERT_WEBHOOK_FORMAT must be slack or teams"),
        ({"smtp": "mail.example:25"}, "ECOMM_ALERT_SMTP must be smtps://host"),
        ({"smtp": "smtp://mail.example:x"}, "ECOMM_ALERT_SMTP must be smtps://host"),
        ({"smtp": "smtp://m", "to": "a@x.example"}, "ECOMM_ALERT_FROM must be an e-mail address"),
        ({"smtp": "smtp://m", "from": "a@x.example"}, "ECOMM_ALERT_TO must be e-mail addresses"),
        ({"from": "a@x.example, b@x.example"}, "ECOMM_ALERT_FROM must be an e-mail address"),
        ({"to": "a@x.example\nBcc: b@x.example"}, "ECOMM_ALERT_TO must be e-mail addresses"),
        ({"days": "0"}, "ECOMM_ALERT_DAYS must be a number of days, 1 or more"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    given: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"ECOMM_ALERT_{name.upper()}", value)

    with pytest.raises(ConfigError) as refusal:
        load_settings()

    assert str(refusal.value).startswith(message)
    assert "T000" not in str(refusal.value)
