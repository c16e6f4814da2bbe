"""What can go wrong at a call of AWS or at an event, and for how long."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from botocore.awsrequest import AWSResponse

from embedded.calls.call import error_reply
from embedded.gate.faults import Error, Throttle, as_error
from rehearsal.wire import Attempt

KINDS = ("killed before", "killed after", "throttled", "late", "slow", "hung", "denied")
EVENT_KINDS = ("duplicated", "dropped", "swapped")
# How long a fault lasts that is not over at once, in seconds.
LASTS = {"throttled": 90, "slow": 60, "denied": 900}
READ_SECONDS = 15  # the SDK's read time-out, in chalicelib/aws/clients.py
_DEEPEST = 20_000  # frames
_DENIED = Error("AccessDeniedException", 400, "is not authorized to perform this action")


class Killed(BaseException):
    """The function's process died, or Lambda ended it at its time-out."""


@dataclass(frozen=True)
class Window:
    """A fault that lasts: which calls it strikes, and until when."""

    until: datetime
    call: str
    function: str
    kind: str

    def strikes(self, now: datetime, call: str, function: str) -> bool:
        """AWS throttles an account; it denies one function's role."""
        everybody = self.kind == "throttled" or self.function == function
        return self.until > now and self.call == call and everybody


def refusal(attempt: Attempt, kind: str) -> AWSResponse:
    """AWS' answer to a call that is `throttled` or `denied`."""
    error = as_error(Throttle(), attempt.service) if kind == "throttled" else _DENIED
    assert error is not None
    reply = error_reply(attempt.service, error.code, error.message, error.status)
    return attempt.answer(reply.status, reply.body, dict(reply.headers))


class StackTooDeep(BaseException):
    """Python's own limit ended a call. AWS has no such fault, so the run proves nothing."""


@contextmanager
def deep_stack() -> Iterator[None]:
    """Inside the block, calls may nest as deep as a bad day needs.

    Whatever happens while a call hangs runs on top of that call, and many calls may hang at once.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(_DEEPEST)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def without_frames(error: BaseException) -> BaseException:
    """The error without its causes: they would keep thousands of frames alive in a long run.

    Raises:
        StackTooDeep: when the error is none of a function's, but of the run itself.
    """
    if isinstance(error, RecursionError):
        raise StackTooDeep from error
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error
