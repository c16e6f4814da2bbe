"""botocore's errors -> Slipway's errors: the one place, always `from` the original."""

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

# The codes that mean "not now": the common ones of AWS' protocols, and those of single services.
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
        "ConcurrentModificationException",
        "KMSThrottlingException",
    }
)
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "AuthorizationError"})
# "User: ARN/SESSION is not authorized to perform: ACTION on resource: ARN because …" (IAM user
# guide, "Troubleshoot access denied error messages"). Lambda names the session after the function.
_NOT_AUTHORIZED = re.compile(
    r"User: (?P<who>\S++) is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: (?P<resource>\S+))?(?P<because>.*)",
    re.DOTALL,
)
_READ = 4_000  # characters of a message that are searched
_USUAL = "because no identity-based policy allows"
# The reasons why DynamoDB cancels a transaction (API reference, TransactWriteItems, "Errors"):
# another writer was first, or DynamoDB throttles. Any other code is a fault of Slipway's own.
_WRITTEN_FIRST = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
_TOO_MUCH = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError"})
_EXPIRED = frozenset({"ExpiredTokenException", "ExpiredToken", "RequestExpired"})
# RegisterTaskDefinition answers this ClientException when a family is registered twice at once.
_CONCURRENT = "Too many concurrent attempts"
_SERVER_ERROR = 500
_denials: ContextVar[tuple[Denied, ...]] = ContextVar("denials", default=())


@contextmanager
def translated(goal: str) -> Iterator[None]:
    """Raise Slipway's errors instead of botocore's; `goal` is like "register a revision of web".

    Raises:
        Unavailable: when AWS throttled the call or was not reached; nothing was done.
        Denied: when a permission is missing; nothing was done.
        Conflict: when another writer changed the ledger first; nothing was done.
        Unanswered: when AWS did not answer, or answered with a server error or that the transaction
            still runs; nobody knows whether it was done.
        Refused: when AWS refused the call for any other reason.
    """
    try:
        yield
    except ClientError as error:
        raise _ours(goal, error) from error
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        raise Unavailable(f"could not {goal}: AWS was not reached ({error})") from error
    except BotoCoreError as error:
        raise Unanswered(f"could not {goal}: AWS did not answer ({error})") from error


def forget_denials() -> None:
    """Forget all denials; each invocation begins with this."""
    _denials.set(())


def denials() -> tuple[Denied, ...]:
    """Return all denials since `forget_denials`, also those that did not stop a flow."""
    return _denials.get()


def code_of(error: ClientError) -> str:
    """Return AWS' error code; empty when there is none."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _ours(goal: str, error: ClientError) -> Exception:
    code = code_of(error)
    message = str(error.response.get("Error", {}).get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _DENIED:
        denied = _denied(goal, message)
        _denials.set((*_denials.get(), denied))
        return denied
    if code in _NOT_NOW or code in _EXPIRED or _CONCURRENT in message:
        return Unavailable(f"could not {goal} yet: AWS answered {code}")
    if code == "TransactionCanceledException":
        return _cancelled(goal, error)
    if code == "TransactionConflictException":
        return Conflict(f"could not {goal}: another transaction wrote first")
    if status >= _SERVER_ERROR or code == "TransactionInProgressException":
        return Unanswered(f"could not {goal}: AWS answered {code or status}")
    return Refused(f"could not {goal}: {message or code}")


def _cancelled(goal: str, error: ClientError) -> Exception:
    """Return the error of a cancelled transaction.

    It is a Conflict when any item says so. It is also one when no item gives a reason, because to
    read again is always safe.
    """
    response: Any = error.response  # the reasons are beside `Error`, and boto3's types lack them
    reasons = {
        str(reason["Code"]): str(reason.get("Message", ""))
        for reason in response.get("CancellationReasons", ())
        if reason.get("Code", "None") != "None"
    }
    if not reasons or _WRITTEN_FIRST & reasons.keys():
        return Conflict(f"could not {goal}: another step wrote first")
    faults = reasons.keys() - _TOO_MUCH
    if not faults:
        return Unavailable(f"could not {goal} yet: AWS answered {', '.join(sorted(reasons))}")
    words = "; ".join(f"{code}: {reasons[code]}" for code in sorted(faults))
    return Refused(f"could not {goal}: {words}")


def _denied(goal: str, message: str) -> Denied:
    found = _NOT_AUTHORIZED.search(message[:_READ])
    if found is None:
        return Denied(f"could not {goal}: a permission is missing. {message}".rstrip())
    who, action = found["who"].rsplit("/", 1)[-1], found["action"]
    resource = (found["resource"] or "").rstrip(".")
    because = found["because"].strip().rstrip(".")
    words = f"could not {goal}: {who} may not {action}"
    words += f" on {resource}" if resource else ""
    # AWS' reason helps only when it is unusual: an explicit deny, or a service control policy.
    words += "" if because.startswith(_USUAL) or not because else f", {because}"
    return Denied(words, who, action, resource)
