"""Amazon SNS: records every message that is published, with its simulated time.

moto delivers to SQS and HTTP subscribers. Subscribed functions get the event of
https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unittest.mock import patch

from moto.awslambda.models import LambdaBackend
from moto.sns.models import SNSBackend

from embedded.clock.clock import RunningClock


@dataclass(frozen=True)
class Notice:
    """One message on a topic; `attributes` has their plain values."""

    topic: str
    subject: str | None
    body: str
    attributes: dict[str, str]
    at: datetime


class Topics:
    """Records the messages that are published while the embedded AWS runs."""

    def __init__(self, clock: RunningClock, invoke: Callable[[str, bytes], None]) -> None:
        self._clock = clock
        self._invoke = invoke
        self._notices: list[Notice] = []
        self._patches = ExitStack()

    @property
    def notices(self) -> list[Notice]:
        return list(self._notices)

    def start(self) -> None:
        topics, publish = self, SNSBackend.publish

        def recorded(backend: SNSBackend, message: str, arn: str | None, **options: Any) -> str:
            message_id: str = publish(backend, message, arn, **options)
            attributes = options.get("message_attributes") or {}
            topics._notices.append(
                Notice(
                    topic=(arn or "").rsplit(":", 1)[-1],
                    subject=options.get("subject"),
                    body=message,
                    attributes={key: str(value["Value"]) for key, value in attributes.items()},
                    at=topics._clock.now(),
                )
            )
            return message_id

        def to_function(
            _: LambdaBackend,
            function_name: str,
            message: str,
            subject: str | None = None,
            qualifier: str | None = None,
        ) -> None:
            del qualifier
            record = {"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {
                "Type": "Notification", "MessageId": str(uuid.uuid4()), "Subject": subject,
                "Message": message, "MessageAttributes": {},
                "Timestamp": topics._clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            }}  # fmt: skip
            topics._invoke(function_name, json.dumps({"Records": [record]}).encode())

        self._patches.enter_context(patch.object(SNSBackend, "publish", recorded))
        self._patches.enter_context(patch.object(LambdaBackend, "send_sns_message", to_function))

    def close(self) -> None:
        self._patches.close()
