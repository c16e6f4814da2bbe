"""ECS' endpoint as a list of answers: what is sent to it is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

from rehearsal.wire import Attempt

Answer = Callable[[Attempt], AWSResponse]


def answers(body: object, status: int = 200) -> Answer:
    """ECS answers with this JSON."""
    return lambda attempt: attempt.answer(status, json.dumps(body).encode())


def fails(code: str, status: int = 400, **beside: object) -> Answer:
    """ECS answers with this error, and what stands beside it."""
    return answers({"__type": code, "message": "no", **beside}, status)


def is_lost(attempt: Attempt) -> AWSResponse:
    """ECS' answer never comes."""
    raise ReadTimeoutError(endpoint_url=attempt.request.url)


@dataclass
class Endpoint:
    """ECS' endpoint: it gives its answers in turn, and the last one ever after."""

    answers: list[Answer] = field(default_factory=list)
    sent: list[Attempt] = field(default_factory=list)

    def line(self, attempt: Attempt) -> AWSResponse:
        self.sent.append(attempt)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(attempt)
