"""botocore's errors -> ours, in this one place, always `from` the original."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)

from chalicelib.errors import Conflict, Denied, Refused, Unanswered, Unavailable

# Common errors of AWS' JSON and query protocols, and each service's own words for "not now".
_NOT_NOW = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "Throttled",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestThrottled",
        "UpdateInProgressException",
        "KMSThrottlingException",
    }
)
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "AuthorizationError"})
# "User: ARN/SESSION is not authorized to perform: ACTION on resource: ARN because …" (IAM user
# guide, "Troubleshoot access denied error messages"); Lambda names a session after the function.
_NOT_AUTHORIZED = re.compile(
    r"User: (?P<who>\S++) is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: (?P<resource>\S+))?(?P<because>.*)",
    re.DOTALL,
)
_READ = 4_000  # characters of a message that are looked at
_USUAL = "because no identity-based policy allows"
# Why DynamoDB cancels a transaction (API reference, TransactWriteItems, "Errors"): somebody else
# wrote, or not now; any other code is a fault of ours.
_WRITTEN_FIRST = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
_TOO_MUCH = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError"})
_EXPIRED = frozenset({"ExpiredTokenException", "ExpiredToken", "RequestExpired"})
# ClientException of RegisterTaskDefinition: two registrations of one family at one moment.
_CONCURRENT = "Too many concurrent attempts"
_SERVER_ERROR = 500
_denials: ContextVar[tuple[Denied, ...]] = ContextVar("denials", default=())


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise ours for botocore's: `what` says what was wanted ("register a revision of web").

    Raises:
        Unavailable: throttled, denied (Denied), or not reached: nothing was done.
        Conflict: somebody else wrote the ledger first: nothing was done.
        Unanswered: no answer, a server error, or a transaction that still runs: whether it was
            done is not known.
        Refused: anything else that AWS says no to.
    """
    try:
        yield
    except ClientError as error:
        raise _ours(what, error) from error
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        raise Unavailable(f"could not {what}: AWS was not reached ({error})") from error
    except BotoCoreError as error:
        raise Unanswered(f"could not {what}: AWS did not answer ({error})") from error


def forget_denials() -> None:
    """Forget every denial, as an invocation does that begins."""
    _denials.set(())


def denials() -> tuple[Denied, ...]:
    """Every denial since `forget_denials`, also of what a flow can do without."""
    return _denials.get()


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _ours(what: str, error: ClientError) -> Exception:
    code = code_of(error)
    message = str(error.response.get("Error", {}).get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _DENIED:
        denied = _denied(what, message)
        _denials.set((*_denials.get(), denied))
        return denied
    if code in _NOT_NOW or code in _EXPIRED or _CONCURRENT in message:
        return Unavailable(f"could not {what} yet: AWS answered {code}")
    if code == "TransactionCanceledException":
        return _cancelled(what, error)
    if code == "TransactionConflictException":
        return Conflict(f"could not {what}: another transaction wrote first")
    if status >= _SERVER_ERROR or code == "TransactionInProgressException":
        return Unanswered(f"could not {what}: AWS answered {code or status}")
    return Refused(f"could not {what}: {message or code}")


def _cancelled(what: str, error: ClientError) -> Exception:
    """A conflict where any item says so, or none says why: whoever reads again cannot be wrong."""
    response: Any = error.response  # the error's own members stand beside `Error`
    reasons = {
        str(reason["Code"]): str(reason.get("Message", ""))
        for reason in response.get("CancellationReasons", ())
        if reason.get("Code", "None") != "None"
    }
    if not reasons or _WRITTEN_FIRST & reasons.keys():
        return Conflict(f"could not {what}: another step wrote first")
    faults = reasons.keys() - _TOO_MUCH
    if not faults:
        return Unavailable(f"could not {what} yet: AWS answered {', '.join(sorted(reasons))}")
    words = "; ".join(f"{code}: {reasons[code]}" for code in sorted(faults))
    return Refused(f"could not {what}: {words}")


def _denied(what: str, message: str) -> Denied:
    found = _NOT_AUTHORIZED.search(message[:_READ])
    if found is None:
        return Denied(f"could not {what}: a permission is missing. {message}".rstrip())
    who, action = found["who"].rsplit("/", 1)[-1], found["action"]
    resource = (found["resource"] or "").rstrip(".")
    because = found["because"].strip().rstrip(".")
    words = f"could not {what}: {who} may not {action}"
    words += f" on {resource}" if resource else ""
    # What is unusual (an explicit deny, a service control policy) is found somewhere else.
    words += "" if because.startswith(_USUAL) or not because else f", {because}"
    return Denied(words, who, action, resource)
