"""answer of a person -> reply: a rollout that ECS has paused goes on, or goes back."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from chalicelib.decide.progress import pause_of
from chalicelib.errors import Refused, Unavailable
from chalicelib.flow.look import our_service_deployment
from chalicelib.flow.ports import World
from chalicelib.flow.retry import retried
from chalicelib.flow.rollout import answer_again
from chalicelib.flow.tell import tell
from chalicelib.flow.write import read, write
from chalicelib.model.base import Frozen
from chalicelib.model.changes import changed_pause
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.happenings import Answered
from chalicelib.model.holds import Approval
from chalicelib.model.services import ServiceDeployment
from chalicelib.model.verdicts import Observation


class Answer(Frozen):
    """What a person says of a rollout that is paused in `stage`: it goes on, or `back`."""

    stage: str
    back: bool
    approval: Approval


def resume(world: World, service: str, deployment: str, answer: Answer) -> dict[str, Any]:
    """Answer the hooks that wait in a stage, and return `{"deployment", "status", "stage"}`.

    First it is written who answered, and what. When ECS does not hear it then, the next step tells
    it again, and that step also judges what ECS makes of the answer.

    Raises:
        Refused: when the rollout is not paused in this stage.
        Unavailable: when the ledger does not answer, or ECS does not say whether it waits; the
            person may ask again.
    """
    _, record = read(world, service, deployment)
    ours = _paused_in(world, record, answer.stage)
    if ours is None:
        return _reply(record, answer)
    record = retried(service, lambda: _answered(world, service, deployment, ours, answer))
    with suppress(Unavailable):
        answer_again(world, record, ours)
    return _reply(record, answer)


def _paused_in(world: World, record: Deployment, stage: str) -> ServiceDeployment | None:
    """Return our service deployment, whose hooks wait in `stage`; None when somebody answered.

    Raises:
        Refused: when it does not wait in this stage, and never did as far as Slipway knows.
    """
    if record.status is not Status.IN_PROGRESS:
        raise Refused(f"{record.id} is {record.status}, so it is not paused in a stage")
    ours = our_service_deployment(world, record)
    waits = ours is not None and bool(ours.waiting_hooks)
    if ours is not None and waits and ours.stage == stage:
        return ours
    pause = record.pause
    if pause is not None and pause.stage == stage and pause.answer is not None and not waits:
        return None
    found = f"it is in stage {ours.stage}" if ours and ours.stage else "ECS shows no stage of it"
    raise Refused(
        f"{record.id} is not paused in stage {stage}: {found}"
        f"{' and waits there for a person' if waits else ''}. Look at it with `status`, then "
        "release what it shows."
    )


def _answered(
    world: World, service: str, deployment: str, ours: ServiceDeployment, answer: Answer
) -> Deployment:
    """Write who lets the rollout go on, and return the record."""
    head, record = read(world, service, deployment)
    seen = Observation(at=world.now, service=None, ours=ours)
    pause = pause_of(record, seen)
    if pause is None or record.status is not Status.IN_PROGRESS:
        return record
    pause = changed_pause(pause, answer=answer.approval, back=answer.back)
    return tell(world, *write(world, head, record, Answered(pause=pause)))


def _reply(record: Deployment, answer: Answer) -> dict[str, Any]:
    return {"deployment": record.id, "status": record.status.value, "stage": answer.stage}
