"""Slack and webhooks, against a real HTTP server on loopback in every mood."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from chalicelib.aws import secrets, webhooks
from chalicelib.errors import Unavailable
from chalicelib.explain.notice import notice
from embedded.services.ecs import Crash
from example import conflicto
from rehearsal.rehearsal import Rehearsal, rehearse
from tests.fixtures import examples

CLUSTER = "conflicto-dev"
SERVICE = f"{CLUSTER}/conflicto-backend-service-dev"
TARGETS = """
[[target]]
repository = "conflicto-backend-{env}"
cluster    = "conflicto-{env}"
service    = "conflicto-backend-service-{env}"
pass_roles = ["arn:aws:iam::*:role/conflicto-*"]

[notices]
slack   = "ssm:/slipway/{env}/slack"
webhook = "secretsmanager:slipway/{env}/webhook"
"""


class Receiver:
    """A webhook's far end: `status` and `delay` are its mood, `got` what reached it."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/services/T0/B0/top-secret"
        self.status, self.delay = 200, 0.0
        self.got: list[dict[str, Any]] = []


@contextmanager
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(it.delay)
            if it.status == 200:
                it.got.append(json.loads(body))
            self.send_response(it.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it = Receiver(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield it
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def team(slack: str, webhook: str) -> Iterator[Rehearsal]:
    secrets.forget()
    with rehearse(TARGETS, Rehearsal) as t:
        t.client("ssm").put_parameter(Name="/slipway/dev/slack", Value=slack, Type="SecureString")
        t.client("secretsmanager").create_secret(Name="slipway/dev/webhook", SecretString=webhook)
        t.deliver = False
        t.client("ecs").create_cluster(clusterName=CLUSTER)
        conflicto.add_service(t.client, "backend", "gunicorn_fargate")
        t.advance(300)
        t.deliver = True
        yield t


def push(t: Rehearsal, build: str) -> str:
    return conflicto.push(t.client, "conflicto-backend-dev", [build])


def test_a_deployment_is_told_to_slack_and_to_the_webhook() -> None:
    with receiver() as slack, receiver() as hook, team(slack.url, hook.url) as t:
        t.ecs.faults.image(conflicto.digest_of("bad0000"), Crash(exit_code=3))
        t.settle(SERVICE, push(t, "bad0000"))
        assert [one["status"] for one in hook.got] == [
            "IN_PROGRESS",
            "ROLLBACK_IN_PROGRESS",
            "ROLLBACK_SUCCESSFUL",
        ]
        assert hook.got[-1]["facts"]["Image"] == "conflicto-backend-dev:bad0000"
        header, story, fields, context = slack.got[-1]["blocks"]
        assert "bad0000 failed and was rolled back" in header["text"]["text"]
        assert "exited with code 3" in story["text"]["text"]
        assert any("bad0000" in field["text"] for field in fields["fields"])
        assert hook.got[-1]["deployment"] in context["elements"][0]["text"]


def test_what_slack_would_read_as_its_own_is_text() -> None:
    hostile = "<!channel> <https://evil.example|here> @here #general & `x` *y*"
    told = notice(examples.deployment(by=hostile, why=hostile, reason=hostile))
    payload = webhooks.Slack("ssm:/x").payload(told, "d-1", "c/s")
    _, story, fields, context = payload["blocks"]
    for text in (story["text"], *fields["fields"], *context["elements"]):
        assert text["verbatim"] is True
        assert not {"<", ">"} & set(text["text"])
    assert "&lt;!channel&gt; &lt;https://evil.example|here&gt; @here" in story["text"]["text"]


@pytest.mark.parametrize("shift", range(6))
def test_a_cut_leaves_no_half_of_what_was_escaped(shift: int) -> None:
    told = notice(examples.deployment(reason="x")).model_copy(
        update={"text": "x" * shift + "<&>" * 2_000, "facts": (("By", "x" * shift + "<&>" * 999),)}
    )
    _, story, fields, _ = webhooks.Slack("ssm:/x").payload(told, "d-1", "c/s")["blocks"]
    for text in (story["text"]["text"], fields["fields"][0]["text"]):
        assert text.endswith(";…")


@pytest.mark.parametrize("status", [500, 429, 404, 302])
def test_one_that_answers_no_is_told_later_and_delays_nothing(status: int) -> None:
    with receiver() as slack, receiver() as hook, team(slack.url, hook.url) as t:
        slack.status = status
        record = t.settle(SERVICE, push(t, "abc1234"))
        assert record["status"] == "SUCCESSFUL"
        assert (len(slack.got), len(hook.got), len(t.notices())) == (0, 2, 2)
        slack.status = 200
        t.advance(120)
        assert [one["text"] for one in slack.got] == [one["subject"] for one in t.notices()]
        assert (len(hook.got), len(t.notices())) == (2, 2)


def test_one_that_is_down_for_good_is_given_up_after_a_day_and_costs_no_polls() -> None:
    with receiver() as hook, team("http://127.0.0.1:9/nobody", hook.url) as t:
        t.settle(SERVICE, push(t, "abc1234"))
        t.advance(1200)
        calls = len(t.calls)
        t.advance(3600)
        assert len(t.calls) == calls
        t.advance(24 * 3600)
        t.invoke("sweep", {**_SCHEDULED, "time": t.clock.now().isoformat()})
        from chalicelib.aws.ledger import DynamoLedger  # noqa: PLC0415 - needs the rehearsal

        assert DynamoLedger("ledger", 400).unfinished() == []


def test_a_slow_one_is_not_waited_for_beyond_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "_SECONDS", 0.2)
    with receiver() as slack, receiver() as hook, team(slack.url, hook.url) as t:
        slack.delay = 1.0
        began = time.monotonic()
        assert t.settle(SERVICE, push(t, "abc1234"))["status"] == "SUCCESSFUL"
        assert len(hook.got) == 2
        assert time.monotonic() - began < 20


def test_the_url_is_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets.forget()
    monkeypatch.setattr(secrets, "secret", lambda _: "https://127.0.0.1:9/top-secret")
    told = notice(examples.rolling_out())
    with pytest.raises(Unavailable) as raised:
        webhooks.Slack("ssm:/slack").send(told, "id", "c/s")
    assert "top-secret" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("value", ["", "ftp://x/y", "http://example.com/x", "not a url"])
def test_only_https_is_posted_to(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    secrets.forget()
    monkeypatch.setattr(secrets, "secret", lambda _: value)
    with pytest.raises(Unavailable, match="https"):
        webhooks.Webhook("ssm:/hook").send(notice(examples.rolling_out()), "id", "c/s")


_SCHEDULED = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "account": conflicto.ACCOUNT,
    "region": conflicto.REGION,
    "source": "aws.events",
    "detail-type": "Scheduled Event",
    "resources": [],
    "detail": {},
}
