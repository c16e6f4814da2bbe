"""API faults on demand: errors, delays, outages, and functions that die in a call.

aws.faults.add(service="ecs", operation="UpdateService", kind=Throttle(), times=2)
aws.faults.add(operation="RegisterTaskDefinition", kind=KillAfter(), principal="slipway-dev-watch")
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from embedded.calls.call import Call


@dataclass(frozen=True)
class Throttle:
    """The service refuses the call, with its own throttling error."""


@dataclass(frozen=True)
class Error:
    """The service answers with this error."""

    code: str
    status: int = 400
    message: str = "Injected fault"


@dataclass(frozen=True)
class Delay:
    """The answer takes `seconds` (simulated) longer."""

    seconds: float


@dataclass(frozen=True)
class Outage:
    """The service is unavailable: 503, which SDKs retry."""


@dataclass(frozen=True)
class KillBefore:
    """The calling function's process dies; the call never takes effect."""


@dataclass(frozen=True)
class KillAfter:
    """The call takes effect; the calling function's process dies before it gets the answer."""


Kind = Throttle | Error | Delay | Outage | KillBefore | KillAfter

# Each service's own throttling error (the Errors section of its API reference); the default is the
# common error of https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html.
_THROTTLES = {
    "lambda": Error("TooManyRequestsException", 429, "Rate Exceeded."),
    "sns": Error("Throttled", 429, "Rate exceeded"),
    "cloudformation": Error("Throttling", 400, "Rate exceeded"),
    "iam": Error("Throttling", 400, "Rate exceeded"),
    "sts": Error("Throttling", 400, "Rate exceeded"),
    "scheduler": Error("ThrottlingException", 429, "Rate exceeded"),
    "s3": Error("SlowDown", 503, "Please reduce your request rate."),
    "sqs": Error("RequestThrottled", 403, "Rate exceeded"),
}
_THROTTLE = Error("ThrottlingException", 400, "Rate exceeded")
_OUTAGE = Error("ServiceUnavailable", 503, "The request has failed due to a temporary failure.")


def as_error(kind: Kind, service: str) -> Error | None:
    """What `service` answers under a fault of this kind; None where the call is made."""
    match kind:
        case Throttle():
            return _THROTTLES.get(service, _THROTTLE)
        case Outage():
            return _OUTAGE
        case Error():
            return kind
    return None


@dataclass
class Rule:
    """One fault and the calls that it strikes, at most `times`; `None` matches anything.

    Kills strike only calls that come from a function.
    """

    kind: Kind
    service: str | None = None
    operation: str | None = None
    principal: str | None = None
    times: int | None = 1
    where: Callable[[Call], bool] | None = None
    struck: int = field(default=0, init=False)

    def strikes(self, call: Call) -> bool:
        return (
            (self.times is None or self.struck < self.times)
            and self.service in (None, call.service)
            and self.operation in (None, call.operation)
            and self.principal in (None, call.principal.name)
            and (self.where is None or self.where(call))
            and not (isinstance(self.kind, KillBefore | KillAfter) and call.principal.kill is None)
        )


class ApiFaults:
    """The faults in force; the first rule that matches a call strikes it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def add(  # noqa: PLR0913 - each is one way to say which calls are struck
        self,
        kind: Kind,
        *,
        service: str | None = None,
        operation: str | None = None,
        principal: str | None = None,
        times: int | None = 1,
        where: Callable[[Call], bool] | None = None,
    ) -> Rule:
        """Strike the next `times` matching calls (None: until `clear`); returns the rule."""
        rule = Rule(kind, service, operation, principal, times, where)
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def strike(self, call: Call) -> Kind | None:
        """The fault that `call` meets, counted as used."""
        with self._lock:
            for rule in self._rules:
                if rule.strikes(call):
                    rule.struck += 1
                    return rule.kind
        return None
