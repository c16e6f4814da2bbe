"""Slipway's functions as Lambda enters them, over the fakes of tests/flow."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

import app
from chalicelib import lambda_edge, wiring
from chalicelib.decide.head import met
from chalicelib.errors import Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.model.deployments import Status
from chalicelib.model.images import Image
from tests.fixtures import examples
from tests.flow.fakes import Aws, aws
from tests.inputs.legitimate import ACCOUNT, REGION


@dataclass(frozen=True)
class Context:
    """What the functions ask of Lambda's context object."""

    aws_request_id: str = "request-1"
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:slipway-dev-deploy"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


class EveryImage:
    """An ECR that has every image in every repository, so it never stops an act."""

    def image(self, repository: str, reference: str) -> Image:
        digest = reference if reference.startswith("sha256:") else examples.DIGEST
        return examples.image(digest, repository=repository)

    def tagged(self, *_: Any) -> tuple[Image, ...]:
        return ()


def steady() -> Aws:
    """A service that Slipway has met; it runs revision 7, and nothing is to be done."""
    return _copied(_steady())


def waiting() -> Aws:
    """A deployment that is recorded and not applied: the next nudge applies it."""
    return _copied(_waiting())


def live() -> Aws:
    """A deployment that went live: there is a proven revision to go back to."""
    return _copied(_live())


def _copied(world: Aws) -> Aws:
    """A copy; what the collections hold is frozen, so it need not be copied."""
    made = Aws(targets=world.targets, images=world.images, now=world.now)
    ledger, services = world.ledger, world.services
    made.ledger.heads, made.ledger.records = dict(ledger.heads), dict(ledger.records)
    made.services.all, made.services.definitions = dict(services.all), dict(services.definitions)
    made.services.service_deployments = {
        name: list(own) for name, own in services.service_deployments.items()
    }
    made.watchers.running = set(world.watchers.running)
    return made


@cache
def _steady() -> Aws:
    world = aws()
    world.images = EveryImage()  # type: ignore[assignment]
    seen = met(examples.NAME, world.services.all[examples.NAME], examples.at(-3600))
    world.ledger.heads[examples.NAME] = seen.model_copy(update={"version": 1})
    return world


@cache
def _waiting() -> Aws:
    """It waited for somebody else's rollout, which has ended since."""
    world = steady()
    service = world.services.all[examples.NAME]
    foreign = {"rollout_state": "IN_PROGRESS", "task_definition": examples.revision(6)}
    rolling = service.deployments[0].model_copy(update=foreign)
    world.services.all[examples.NAME] = service.model_copy(update={"deployments": (rolling,)})
    image_event(world.world(), examples.push_event())
    assert world.record().status is Status.PENDING
    world.services.all[examples.NAME] = service
    return world


@cache
def _live() -> Aws:
    world = steady()
    image_event(world.world(), examples.push_event())
    world.services.complete(examples.NAME)
    record = advance(world.world(), examples.NAME, world.record().id)
    assert record.status is Status.SUCCESSFUL
    return world


@dataclass(frozen=True)
class Effect:
    """What an invocation did: its reply, its log lines, and whether it wrote anything outside."""

    reply: Any
    logged: tuple[str, ...]
    acted: bool


def invoked(world: Aws, function: str, payload: Any) -> Effect:
    """Invoke a function; `Unavailable` means "not yet", any other exception fails the test."""
    world.acts.clear()
    before = world.ledger.writes
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="utf-8")  # as standard output is
    handler = lambda_edge.logger.registered_handler
    with (
        patch.object(wiring, "world", lambda *_: world.world()),
        patch.object(handler, "stream", stream),
    ):
        try:
            reply = getattr(app, function)(payload, Context())
        except Unavailable:
            reply = None
    stream.flush()
    sent = json.dumps(reply, ensure_ascii=False, allow_nan=False).encode()  # as the runtime does
    return Effect(
        json.loads(sent),
        tuple(written.getvalue().decode().splitlines()),
        bool(world.acts) or world.ledger.writes > before,
    )
