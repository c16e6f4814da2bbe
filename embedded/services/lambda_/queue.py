"""Lambda's queue of asynchronous events: attempts, retries, destinations, dead letters.

Documented (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html): an
event on which the function fails is retried after one minute and after two; a throttled event is
retried after one second and up to five minutes, until it is too old.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from embedded.calls.sessions import REGION
from embedded.clock.clock import RunningClock
from embedded.gate.clients import Clients
from embedded.services.lambda_.function import AsyncSettings, async_settings, decoded, held
from embedded.services.lambda_.invocation import Invocation

log = logging.getLogger(__name__)

_RETRY_WAITS = (60, 120)
_LONGEST_WAIT = 300


class TooManyRequests(Exception):
    """The function's reserved concurrency is used up."""


Invoke = Callable[[str, bytes], tuple[Invocation, Any]]


@dataclass
class _Event:
    function: str
    payload: bytes
    accepted: datetime
    attempts: int = 0
    throttled: int = 0
    last: Invocation | None = None


class AsyncQueue:
    """Runs each attempt on a thread of its own; waits are timers of the clock."""

    def __init__(self, clock: RunningClock, clients: Clients, invoke: Invoke) -> None:
        self._clock = clock
        self._clients = clients
        self._invoke = invoke
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether an attempt is being made; one that waits for its time does not count."""
        with self._lock:
            return bool(self._threads)

    def put(self, function: str, payload: bytes) -> None:
        self._spawn(_Event(function, payload, self._clock.now()))

    def close(self) -> None:
        """Make no more attempts. `join` waits for those that run."""
        with self._lock:
            self._closed = True

    def join(self) -> None:
        with self._lock:
            threads = set(self._threads)
        for thread in threads:
            thread.join()

    def _spawn(self, event: _Event) -> None:
        def run() -> None:
            try:
                self._attempt(event)
            except Exception:
                log.exception("An asynchronous invocation failed inside the embedded AWS")
            finally:
                with self._lock:
                    self._threads.discard(thread)

        thread = threading.Thread(target=run, name="lambda-async", daemon=True)
        with self._lock:
            if self._closed:
                return
            self._threads.add(thread)
        thread.start()

    def _attempt(self, event: _Event) -> None:
        function = held(event.function)
        if function is None:
            raise LookupError(f"{event.function} was deleted while it had events")
        settings = async_settings(function)
        age = (self._clock.now() - event.accepted).total_seconds()
        if age > settings.maximum_age:
            self._give_up(event, settings, "EventAgeExceeded")
            return
        try:
            event.last, _ = self._invoke(event.function, event.payload)
        except TooManyRequests:
            self._later(min(_LONGEST_WAIT, 2.0**event.throttled), event)
            event.throttled += 1
            return
        event.attempts += 1
        if not event.last.error:
            self._report(event, settings.on_success, "Success")
        elif event.attempts > settings.retries:
            self._give_up(event, settings, "RetriesExhausted")
        else:
            self._later(_RETRY_WAITS[event.attempts - 1], event)

    def _later(self, seconds: float, event: _Event) -> None:
        self._clock.call_later(seconds, lambda: self._spawn(event))

    def _give_up(self, event: _Event, settings: AsyncSettings, condition: str) -> None:
        """Send the event to the destination and to the dead-letter queue: AWS sends it to both."""
        self._report(event, settings.on_failure, condition)
        if not settings.dead_letters:
            return
        error = decoded(event.last.response) if event.last else {}
        words = error.get("errorMessage") if isinstance(error, dict) else None
        attributes = {
            "RequestID": _text(event.last.request_id if event.last else "none"),
            "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            "ErrorMessage": _text(str(words or condition)[:1024]),
        }
        self._send(event, settings.dead_letters, event.payload.decode(), attributes)

    def _report(self, event: _Event, destination: str | None, condition: str) -> None:
        """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html."""
        function, last = held(event.function), event.last
        if not destination or function is None:
            return
        context: dict[str, Any] = {"statusCode": 200, "executedVersion": "$LATEST"}
        if last and last.error:
            context["functionError"] = "Unhandled"
        words = {
            "version": "1.0",
            "timestamp": self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "requestContext": {
                "requestId": last.request_id if last else None,
                "functionArn": f"{function.function_arn}:$LATEST",
                "condition": condition,
                "approximateInvokeCount": event.attempts,
            },
            "requestPayload": decoded(event.payload),
            "responseContext": context,
            "responsePayload": decoded(last.response) if last else None,
        }
        self._send(event, destination, json.dumps(words), {})

    def _send(self, event: _Event, arn: str, body: str, attributes: dict[str, Any]) -> None:
        """Deliver with the function's own role. A failure is logged only; AWS only counts it."""
        function = held(event.function)
        if function is None:
            return
        service, name = arn.split(":")[2], arn.rsplit(":", 1)[-1]
        client = self._clients.as_role(function.role, function.function_name, service)
        try:
            if service == "sqs":
                account = arn.split(":")[4]
                url = f"https://sqs.{REGION}.amazonaws.com/{account}/{name}"
                client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
            elif service == "sns":
                client.publish(TopicArn=arn, Message=body, MessageAttributes=attributes)
            elif service == "lambda":
                client.invoke(FunctionName=arn, InvocationType="Event", Payload=body)
            else:
                log.error("Lambda destinations of kind %s are not delivered to: %s", service, arn)
        except Exception:
            log.exception("Lambda could not send an event of %s to %s", event.function, arn)


def _text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}
