"""open deployment + a person's reason -> stopped: refuse it while it waits, else roll it back."""

from __future__ import annotations

from chalicelib.decide.lease import busy
from chalicelib.errors import Unavailable
from chalicelib.flow.held import hold_back
from chalicelib.flow.look import our_service_deployment
from chalicelib.flow.ports import World
from chalicelib.flow.prepare import stop_preparing
from chalicelib.flow.retry import retried
from chalicelib.flow.rollout import carry_out
from chalicelib.flow.service import service_of
from chalicelib.flow.start import resume
from chalicelib.flow.task_rollout import stop_moving
from chalicelib.flow.tell import tell
from chalicelib.flow.write import Items, read, write
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.happenings import Refused
from chalicelib.model.heads import Head
from chalicelib.model.verdicts import Observation
from chalicelib.verdict.ours import settled
from chalicelib.verdict.rollout import judge, withdrawn


def withdraw(
    world: World, service: str, deployment: str, why: str, *, refuse_waiting: bool = True
) -> Deployment:
    """Stop a deployment by hand, and return its record.

    One that is being rolled out is rolled back. Of one that is PREPARING the task is stopped, and
    the next step ends it as FAILED. A waiting one is refused, or stays as it is when
    `refuse_waiting` is false. One that has ended meanwhile stays as it is.

    Raises:
        Unavailable: when another step is acting on the service, or when it is not known yet whether
            the deployment was applied; the person may ask again in a moment.
    """
    refused = Refused(reason=why) if refuse_waiting else None
    return retried(service, lambda: _withdraw(world, service, deployment, why, refused))


def _withdraw(
    world: World, service: str, deployment: str, why: str, refused: Refused | None
) -> Deployment:
    head, record = read(world, service, deployment)
    if busy(head, world.holder, world.now):
        raise Unavailable(f"another step is acting on {service}; ask again in a minute")
    head, record = _with_attempt_settled(world, head, record)
    if record.status in {Status.PENDING, Status.HELD}:
        head, record = _kept_waiting(world, head, record, refused)
    elif record.status is Status.PREPARING:
        head, record = stop_preparing(world, head, record, why)
    elif record.is_task and record.status is Status.IN_PROGRESS:
        head, record = stop_moving(world, head, record, why)
    elif record.status is Status.IN_PROGRESS:
        observation = _observation(world, record)
        verdict = judge(record, observation)
        if verdict.adopt:  # another ECS deployment carries our revision now: adopt it first
            carry_out(world, head, record, observation, verdict)
            return _withdraw(world, service, deployment, why, refused)
        if verdict.status is Status.IN_PROGRESS:
            verdict = withdrawn(record, observation, why)
        head, record = carry_out(world, head, record, observation, verdict)
    return tell(world, head, record)


def _kept_waiting(world: World, head: Head, record: Deployment, refused: Refused | None) -> Items:
    """Return HEAD and the waiting record, which is refused, or HELD where a hold keeps it."""
    if refused is not None:
        return write(world, head, record, refused)
    target = world.targets.named(record.service)
    if target is None or record.unconfirmed or record.status is Status.HELD:
        return head, record
    return hold_back(world, head, record, target) or (head, record)


def _with_attempt_settled(world: World, head: Head, record: Deployment) -> Items:
    """Return HEAD and the record with the end of an attempt that died half way, if there is one.

    Raises:
        Unavailable: when it is not known yet whether the attempt was applied.
    """
    if not record.acting:
        return head, record
    target = world.targets.named(record.service)
    service = service_of(world, record.cluster, record.service_name)
    if target is not None and service is not None:
        _, items = resume(world, head, record, target, service)
        head, record = items or (head, record)
    if record.acting and not settled(record.attempted, world.now):
        raise Unavailable(f"whether {record.id} was applied is not known yet; ask again")
    return head, record


def _observation(world: World, record: Deployment) -> Observation:
    service = service_of(world, record.cluster, record.service_name)
    ours = our_service_deployment(world, record) if service else None
    return Observation(at=world.now, service=service, ours=ours)
