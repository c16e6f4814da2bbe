"""`slipway` in this process: its words at a rehearsed account, its output and its exit code."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

import cli.app
from example.conflicto import REGION
from tests.dialect.rehearsed import RehearsedAccount, rehearsed

ARN = "arn:aws:sts::123456789012:assumed-role/Ops/sam"


def aws_error(code: str) -> ClientError:
    """What AWS answers instead of a reply."""
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Invoke")


@dataclass
class Lambda:
    """Invoke of the functions of the stage dev."""

    account: RehearsedAccount
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failing: dict[str, Exception] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)  # the account has one thread

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - AWS' names
        stage, _, function = FunctionName.removeprefix("slipway-").partition("-")
        if stage != "dev":
            raise aws_error("ResourceNotFoundException")
        if function in self.failing:
            raise self.failing[function]
        payload = json.loads(Payload)
        with self.lock:
            self.calls.append((function, payload))
            reply = self.account.invoke(function, payload)
        return {"Payload": io.BytesIO(json.dumps(reply).encode())}


@dataclass
class Slipway:
    """The command; `said` is its standard output, and `complained` its standard error."""

    account: RehearsedAccount
    lambda_: Lambda
    capture: pytest.CaptureFixture[str]
    session: SimpleNamespace
    said: str = ""
    complained: str = ""

    def __call__(self, *words: str) -> int:
        self.capture.readouterr()
        code = cli.app.main(list(words))
        self.said, self.complained = self.capture.readouterr()
        return code

    def json(self, *words: str) -> Any:
        """What it prints with --json."""
        self(*words, "--json")
        return json.loads(self.said)

    @property
    def asked(self) -> list[tuple[str, dict[str, Any]]]:
        """The calls of functions that change something, without those that only plan."""
        made = [call for call in self.lambda_.calls if call[0] != "status"]
        return [call for call in made if "plan" not in call[1]]


@pytest.fixture
def account() -> Iterator[RehearsedAccount]:
    with rehearsed() as made:
        yield made


@pytest.fixture
def slipway(
    account: RehearsedAccount,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Slipway:
    monkeypatch.setenv("SLIPWAY_STAGE", "dev")
    monkeypatch.setenv("SLIPWAY_CONFIG", os.devnull)  # not the one of who runs the tests
    lambda_ = Lambda(account)
    sts = SimpleNamespace(get_caller_identity=lambda: {"Arn": ARN})
    clients = {"lambda": lambda_, "sts": sts}
    session = SimpleNamespace(
        region_name=REGION, client=lambda name, **_: clients.get(name) or account.client(name)
    )
    monkeypatch.setattr("cli.connect.session_of", lambda *_: session)
    monkeypatch.setattr("cli.follow.time.sleep", account.advance)
    return Slipway(account, lambda_, capsys, session)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Answer each question of a terminal; the value is the questions that were put."""

    def answer(*words: str) -> list[str]:
        waiting, put = list(words), list[str]()

        def said(question: str) -> str:
            put.append(question.strip())
            return waiting.pop(0)

        monkeypatch.setattr("cli.ask.a_terminal", lambda: True)
        monkeypatch.setattr("cli.ask._answer", said)
        return put

    return answer
