"""Lambda's edge: how a flow is called, and how its outcome becomes log lines, replies, denials."""

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

# Not "slipway": Chalice's own logger has that name, and two owners make each line appear twice.
# RFC 3339, or Lambda's JSON logging counts every line as INFO.
# ASCII only: what came as half a character cannot be written otherwise, and the line would be lost.
logger = Logger(
    service="slipway-deployer",
    use_rfc3339=True,
    json_serializer=partial(json.dumps, default=str, separators=(",", ":")),
)
_LONGEST = 1_000  # characters of what is said of an input, in a reply or a log line
_TROUBLES = frozenset({"failed", "untold"})
_Permission = tuple[str, str, str]  # function, action, resource

# What this invocation told people, or wrote into a record for them.
_told: ContextVar[tuple[str, ...]] = ContextVar("told", default=())
# The missing permissions that were told already: a warm environment does not repeat itself.
_told_missing: ContextVar[frozenset[_Permission]] = ContextVar("told_missing", default=frozenset())


def world(context: Any) -> World:
    """The world of this invocation; what it tells people is remembered until it ends."""
    return wiring.world(context, _remember)


def _remember(text: str) -> None:
    _told.set((*_told.get(), text))


def forget() -> None:
    """Forget everything, as a cold start does."""
    _told_missing.set(frozenset())
    wiring.forget()


class _AnyEvent(CloudWatchEvent):
    """An event as it came; the flows parse it, and say what is wrong with it."""

    def _extract_attributes(self, event_dict: dict[str, Any]) -> None: ...


def accept_any_event(*handlers: Any) -> None:
    """Have these handlers called with whatever comes; Chalice's own class raises KeyError."""
    for handler in handlers:
        handler.event_class = _AnyEvent


def report(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """One log line an outcome; the reply repeats them."""
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
    """A flow's reply to a person; what cannot be done is a reply too, without a stack trace.

    Who asked for what, and the reply, make one log line.
    """
    try:
        reply = flow(world(context), payload)
    except Refused as refused:
        reply = {"error": str(refused)}
    except Unavailable as unavailable:
        reply = {"error": f"{unavailable}. Ask again in a minute."}
    _remember(str(reply.get("error", "")))
    if "error" in reply:
        reply["error"] = brief(reply["error"], _LONGEST)
    told = {key: value for key, value in reply.items() if key != "deployments"}
    asked = _shortened(payload)
    logger.info(reply.get("error") or "answered", extra={"slipway": told, "asked": asked})
    return reply


def _shortened(payload: object) -> object:
    """A payload as it came; of one that no person writes, the beginning of its text."""
    text = json.dumps(payload, default=str)
    return payload if len(text) <= _LONGEST * 4 else f"{text[: _LONGEST * 4]}…"


def tell_denials(event: Any, get_response: Callable[[Any], Any]) -> Any:
    """Around every handler: each denial makes a log line, and a notice where nothing else told it.

    Told here is what was denied before there was a record, or to a step that does without it. A
    person who asked has it in the reply.
    """
    _told.set(())
    errors.forget_denials()
    try:
        return get_response(event)
    finally:
        for denied in errors.denials():
            facts = {"function": denied.who, "action": denied.action, "resource": denied.resource}
            logger.error(str(denied), extra={"slipway": {"outcome": "denied", **facts}})
            _tell_once(denied)


def _tell_once(denied: Denied) -> None:
    permission = (denied.who, denied.action, denied.resource)
    if permission in _told_missing.get():
        return
    _told_missing.set(_told_missing.get() | {permission})
    if any(str(denied) in text for text in _told.get()):
        return
    try:
        wiring.channels(_remember).publish(denial(denied, wiring.now()), "", "")
    except Unavailable as unavailable:
        logger.warning("nobody could be told of this denial: %s", unavailable)
