"""answer of a person -> reply: a rollout that ECS has paused goes on, or goes back."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from chalicelib.decide.progress import pause_of
from chalicelib.errors import Refused, Unavailable
from chalicelib.flow.look import our_service_deployment
from chalicelib.flow.ports import World
from chalicelib.flow.retry import retried
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
    it again. That step also judges what ECS makes of the answer. A person who asks again hears the
    same.

    Raises:
        Refused: when the rollout is not paused in this stage, or ECS has another answer already.
        Unavailable: when the ledger does not answer, or ECS answers from before the pause; the
            person may ask again.
    """
    _, record = read(world, service, deployment)
    again = _was_given(record, answer)
    ours = _paused_in(world, record, answer)
    if ours is None:
        return _reply(record, answer)
    record = retried(service, lambda: _answered(world, service, deployment, ours, answer))
    for hook in ours.waiting_hooks:
        with suppress(Unavailable, Refused) if again else suppress(Unavailable):
            world.services.answer_hook(ours.arn, hook.id, back=answer.back)
    return _reply(record, answer)


def _was_given(record: Deployment, answer: Answer) -> bool:
    """Whether this answer to the record's last pause is written already."""
    pause = record.pause
    if pause is None or pause.answer is None:
        return False
    return (pause.stage, pause.back) == (answer.stage, answer.back)


def _paused_in(world: World, record: Deployment, answer: Answer) -> ServiceDeployment | None:
    """Return our service deployment, whose hooks wait; None when ECS has taken this answer.

    Raises:
        Refused: when it does not wait in this stage, as far as Slipway knows.
        Unavailable: when it does, and ECS shows what was before.
    """
    again = _was_given(record, answer)
    if record.status is not Status.IN_PROGRESS:
        if again:
            return None
        raise Refused(f"{record.id} is {record.status}, so it is not paused in a stage")
    ours = our_service_deployment(world, record)
    waiting = {hook.id for hook in ours.waiting_hooks} if ours else set()
    if again and not waiting:
        return None
    pause = pause_of(record, Observation(at=world.now, service=None, ours=ours))
    known = pause is not None and pause.stage == answer.stage
    if ours and pause and known and waiting and waiting <= set(pause.hooks):
        return ours
    if pause and known and pause.ended is None:
        raise Unavailable(f"ECS does not show yet that {record.id} waits in stage {pause.stage}")
    raise _not_paused(record, answer.stage, ours)


def _not_paused(record: Deployment, stage: str, ours: ServiceDeployment | None) -> Refused:
    found = f"it is in stage {ours.stage}" if ours and ours.stage else "ECS shows no stage of it"
    waits = ours is not None and bool(ours.waiting_hooks)
    return Refused(
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
