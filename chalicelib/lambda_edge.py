"""Lambda's edge: it calls a flow, and turns the outcome into log lines, replies and notices."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from chalice.app import CloudWatchEvent

from chalicelib import wiring
from chalicelib.aws import errors
from chalicelib.errors import Denied, Refused, Unavailable
from chalicelib.explain.notice import denial
from chalicelib.explain.text import brief
from chalicelib.flow.outcome import Outcome
from chalicelib.flow.ports import World

# The name is not "slipway": Chalice's own logger has that name, and each line would appear twice.
# Times are RFC 3339: with others, Lambda's JSON logging counts every line as INFO.
# Lines are ASCII: half a surrogate pair cannot be encoded in UTF-8, and its line would be lost.
logger = Logger(
    service="slipway-deployer",
    use_rfc3339=True,
    json_serializer=partial(json.dumps, default=str, separators=(",", ":")),
)
_LONGEST = 1_000  # characters of a reason or an error, in a reply or a log line
_TROUBLES = frozenset({"failed", "untold"})
_Permission = tuple[str, str, str]  # function, action, resource

# The texts that this invocation told people, or wrote into a record for them.
_told_texts: ContextVar[tuple[str, ...]] = ContextVar("told_texts", default=())
# The missing permissions that people were told of. A warm environment tells each of them once.
_told_permissions: ContextVar[frozenset[_Permission]] = ContextVar(
    "told_permissions", default=frozenset()
)


def world(context: Any) -> World:
    """Return the world of this invocation, which remembers what it tells people until it ends."""
    return wiring.world(context, _remember)


def _remember(text: str) -> None:
    _told_texts.set((*_told_texts.get(), text))


def forget() -> None:
    """Forget all that is kept between invocations, so that the next one begins as a cold start."""
    _told_permissions.set(frozenset())
    wiring.forget()


class _AnyEvent(CloudWatchEvent):
    """An event as it came. The flows parse it and say what is wrong with it."""

    def _extract_attributes(self, event_dict: dict[str, Any]) -> None: ...


def accept_any_event(*handlers: Any) -> None:
    """Have these handlers called with any event; Chalice's own class raises KeyError for some."""
    for handler in handlers:
        handler.event_class = _AnyEvent


def report(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Write one log line for each outcome, and return a reply that repeats the lines."""
    lines = [_line(outcome) for outcome in outcomes]
    for line in lines:
        log = logger.error if line["outcome"] in _TROUBLES else logger.info
        log(line.get("reason") or line["outcome"], extra={"slipway": line})
    return {"outcomes": lines}


def _line(outcome: Outcome) -> dict[str, Any]:
    line = outcome.model_dump(exclude_defaults=True)
    return line | ({"reason": brief(outcome.reason, _LONGEST)} if outcome.reason else {})


def answered(
    flow: Callable[[World, object], dict[str, Any]], payload: object, context: Any
) -> dict[str, Any]:
    """Return a flow's reply to a person, and log the request and the reply as one line.

    An error of Slipway becomes a reply with the key `error`, so a person reads no stack trace.
    """
    try:
        reply = flow(world(context), payload)
    except Refused as refused:
        reply = {"error": str(refused)}
    except Unavailable as unavailable:
        reply = {"error": f"{unavailable}. Ask again in a minute."}
    now = reply.get("now", {})
    for said in (reply.get("error"), now.get("unknown"), now.get("scheduled_unknown")):
        _remember(str(said or ""))
    if "error" in reply:
        reply["error"] = brief(reply["error"], _LONGEST)
    logged = {key: value for key, value in reply.items() if key != "deployments"}
    asked = _shortened(payload)
    logger.info(reply.get("error") or "answered", extra={"slipway": logged, "asked": asked})
    return reply


def _shortened(payload: object) -> object:
    """Return the payload; when it is longer than 4,000 characters, only the start of its text."""
    text = json.dumps(payload, default=str)
    return payload if len(text) <= _LONGEST * 4 else f"{text[: _LONGEST * 4]}…"


def tell_denials(event: Any, get_response: Callable[[Any], Any]) -> Any:
    """Call a handler, then log each denial, and send a notice of those that nobody was told of.

    A record that is denied something has a notice of its own, and a person who asked reads the
    denial in the reply. The others happened before there was a record, or to a step that goes on
    without the permission.
    """
    _told_texts.set(())
    errors.forget_denials()
    try:
        return get_response(event)
    finally:
        told = 0
        while denials := errors.denials()[told:]:  # to tell people may be denied, too
            for denied in denials:
                _tell_once(denied)
            told += len(denials)


def _tell_once(denied: Denied) -> None:
    facts = {"function": denied.who, "action": denied.action, "resource": denied.resource}
    logger.error(str(denied), extra={"slipway": {"outcome": "denied", **facts}})
    permission = (denied.who, denied.action, denied.resource)
    if permission in _told_permissions.get():
        return
    _told_permissions.set(_told_permissions.get() | {permission})
    if any(str(denied) in text for text in _told_texts.get()):
        return
    try:
        wiring.channels(_remember).publish(denial(denied, wiring.now()), "", "")
    except Unavailable as unavailable:
        logger.warning("the notice of this denial could not be sent: %s", unavailable)
