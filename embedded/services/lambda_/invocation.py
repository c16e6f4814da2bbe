"""One event on its way through a function."""

from __future__ import annotations

import json
import threading
import uuid
from dataclasses import dataclass, field


@dataclass
class Invocation:
    """One event on its way through an environment; `done` is set when its outcome is known."""

    payload: bytes
    arn: str
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    deadline_ms: int = 0
    response: bytes = b""
    error: str | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def finish(self, response: bytes, error: str | None = None) -> None:
        """Settle the outcome; the first one counts."""
        if not self.done.is_set():
            self.response, self.error = response, error
            self.done.set()

    def fail(self, error: str, message: str) -> None:
        words = f"RequestId: {self.request_id} Error: {message}"
        body = json.dumps({"errorType": error, "errorMessage": words})
        self.finish(body.encode(), error)
