"""botocore's errors -> ours, in this one place, always `from` the original."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)

from chalicelib.errors import Denied, Refused, Unanswered, Unavailable

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
_EXPIRED = frozenset({"ExpiredTokenException", "ExpiredToken", "RequestExpired"})
# ClientException of RegisterTaskDefinition: two registrations of one family at one moment.
_CONCURRENT = "Too many concurrent attempts"
_SERVER_ERROR = 500


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise ours for botocore's: `what` says what was wanted ("register a revision of web").

    Raises:
        Unavailable: throttled, denied (Denied), or not reached: nothing was done.
        Unanswered: no answer, or a server error: whether it was done is not known.
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


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _ours(what: str, error: ClientError) -> Exception:
    code = code_of(error)
    message = str(error.response.get("Error", {}).get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _DENIED:
        return Denied(f"could not {what}: a permission is missing. {message}")
    if code in _NOT_NOW or code in _EXPIRED or _CONCURRENT in message:
        return Unavailable(f"could not {what} yet: AWS answered {code}")
    if status >= _SERVER_ERROR:
        return Unanswered(f"could not {what}: AWS answered {code or status}")
    return Refused(f"could not {what}: {message or code}")
