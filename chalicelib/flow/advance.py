"""The one step: look at the world, decide, act once, write the record back.

Every nudge (a push, an ECS event, the state machine's poll, the sweep, a person) ends here, any
number of times, at any moment. A step that dies half way is simply taken again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.decide.news import no_news
from chalicelib.decide.ready import Readiness, overtaken, ready, unclear, without_looking
from chalicelib.decide.record import (
    applied,
    busy,
    found_running,
    leased,
    moved,
    proved,
    released,
    worded,
)
from chalicelib.decide.scan_gate import scan_gate, scanned
from chalicelib.errors import Conflict, Denied, Refused, Unavailable
from chalicelib.events.service import Changed
from chalicelib.flow.apply import (
    apply,
    earlier_revision,
    earlier_rollout,
    observed,
    plan,
    return_target,
    started,
)
from chalicelib.flow.confirm import confirm
from chalicelib.flow.explained import explained, explained_later
from chalicelib.flow.observe import (
    deployed_since,
    noticed,
    observe,
    our_service_deployment,
    with_log,
)
from chalicelib.flow.ports import World
from chalicelib.flow.retry import retried
from chalicelib.flow.scan import scan_of
from chalicelib.flow.tell import tell
from chalicelib.model.deployments import FAILURES, Deployment, Head, Return, Status
from chalicelib.model.services import Service
from chalicelib.model.targets import Target
from chalicelib.model.verdicts import Observation, Remedy, Verdict
from chalicelib.verdict.ours import primary_of, settled
from chalicelib.verdict.rollout import (
    judge,
    judge_return,
    look_again,
    stopped_just_now,
    unless_deployed_since,
    withdrawn,
)

Items = tuple[Head, Deployment]
_OLD_VIEW = "something else was applied a moment ago, and ECS may still show what ran before it"
_NOT_KNOWN = "an attempt to apply it was not answered; whether ECS carried it out shows in a moment"


def advance(world: World, service: str, deployment: str) -> Deployment:
    """Take a deployment as far as it can go at `world.now`, and return its record.

    Raises:
        Unavailable: when AWS does not answer, or others keep writing; the same step may be taken
            again at any time.
        Refused: when the ledger knows no such deployment.
    """
    return retried(service, lambda: _advanced(world, *read(world, service, deployment)))


def nudge(world: World, changed: Changed, deployment: str) -> tuple[Deployment, str]:
    """As `advance`, because ECS said that something changed; when a task ended, all are looked at.

    Returns the record, and why the event says nothing new of it: then nothing was done.
    """

    def attempt() -> tuple[Deployment, str]:
        head, record = read(world, changed.service, deployment)
        if reason := no_news(record, changed, world.now):
            return record, reason
        return _advanced(world, head, record, look=bool(changed.ended)), ""

    return retried(changed.service, attempt)


def _advanced(world: World, head: Head, before: Deployment, *, look: bool = False) -> Deployment:
    record = before
    if record.open:
        try:
            head, record = _step(world, head, record, look=look)
        except Conflict:
            raise
        except Unavailable:
            _told(world, head, before, before)  # what was to be told before waits for nothing
            raise
    return _told(world, head, record, before)


def _told(world: World, head: Head, record: Deployment, before: Deployment) -> Deployment:
    if before.unexplained is not None:
        head, record = explained_later(world, head, record)
    return tell(world, head, record, inherited=before.notices)


def read(world: World, service: str, deployment: str) -> Items:
    """HEAD and record as they are now.

    Raises:
        Refused: when the ledger has no such deployment.
    """
    head = world.ledger.head(service)
    record = world.ledger.deployment(service, deployment)
    if head is None or record is None:
        raise Refused(f"the ledger has no deployment {deployment} of {service}")
    return head, record


def _step(world: World, head: Head, record: Deployment, *, look: bool) -> Items:
    if busy(head, world.holder, world.now) or record.status is Status.HELD:
        return head, record
    target = world.targets.named(record.service)
    if target is None:
        end = Status.FAILED if record.applied or record.acting else Status.REFUSED
        return _save(
            world, head, record, status=end,
            reason=f"{record.service} is no longer in targets.toml; Slipway leaves it alone",
        )  # fmt: skip
    try:
        if record.unconfirmed:
            head, record = confirm(world, head, record)
        if not record.open:
            return head, record
        if record.status is Status.PENDING:
            return _start(world, head, record, target)
        return _watch(world, head, record, look=look)
    except Denied as denied:
        return _keep(world, head, record, denial=str(denied), reason=str(denied))


def _start(world: World, head: Head, record: Deployment, target: Target) -> Items:
    known = without_looking(record, head, target)
    if known is not None and not record.acting:
        return _keep(world, head, record, **known.model_dump())
    service = world.services.service(record.cluster, record.service_name)
    head = found_running(head, service, world.now)
    try:
        if service is not None and record.acting:
            record, resumed = _resumed(world, head, record, target, service)
            if resumed is not None:
                return resumed
        readiness, denial = _readiness(world, head, record, target, service)
        if service is None or readiness.status is not Status.IN_PROGRESS:
            return _keep(world, head, record, **readiness.model_dump(), **denial)
        if record.goes_to and _may_be_an_old_view(world, head, record, service):
            return _keep(world, head, record, reason=_OLD_VIEW)
        planned = plan(world, record, target, service, head)
        return_to = return_target(world, record, service, head)
    except Refused as refused:
        reason = str(refused)
        return _save(world, head, record, status=Status.REFUSED, reason=reason, acting=False)
    if record.mode == "observe":
        return _save(world, head, record, **observed(record, planned))
    head, record = _save(
        world, _leased(world, head), record,
        acting=True, attempted=world.now, waiting=None, gated=False, base=planned.base.arn,
        return_to=return_to, unscanned=record.unscanned or readiness.unscanned,
    )  # fmt: skip
    changes = apply(world, record, target, service, planned)
    if changes.get("status") is Status.IN_PROGRESS:
        head = applied(head, record, str(changes["revision"]))
    return _save(world, released(head), record, **changes)


def _may_be_an_old_view(world: World, head: Head, record: Deployment, service: Service) -> bool:
    """Whether ECS shows that it runs what is gone back to, though another was just applied."""
    primary = service.primary
    if primary is None or primary.task_definition != record.goes_to:
        return False
    if head.applied_revision in {"", record.goes_to}:
        return False
    last = world.ledger.deployment(record.service, head.applied)
    return last is not None and last.applied is not None and not settled(last.applied, world.now)


def _readiness(
    world: World, head: Head, record: Deployment, target: Target, service: Service | None
) -> tuple[Readiness, dict[str, str]]:
    """Whether it may be applied now, and what denies the reading of its scan, as a change.

    A scan is read only where nothing else keeps it back.
    """
    rollout = None
    if service is not None and unclear(service):
        rollout = world.services.newest_service_deployment(record.cluster, record.service_name)
    readiness = ready(record, head, service, target, world.now, rollout=rollout)
    gate = scan_gate(record, target)
    if gate is None or readiness.status is not Status.IN_PROGRESS:
        return readiness, {}
    scan = scan_of(world, record)
    readiness = scanned(record, gate, scan, world.now)
    return readiness, {"denial": scan.denial if readiness.gated else ""}


def _resumed(
    world: World, head: Head, record: Deployment, target: Target, service: Service
) -> tuple[Deployment, Items | None]:
    """The record with what an attempt that died half way left, and both items where it acted.

    What ECS does not show yet may still have been done: it has half a minute to show it.
    """
    record, began = _recovered(world, record, target, service)
    if began:
        changes = started(world, target, service, record.revision) | began
        head = released(head)
        if not overtaken(record, head):
            head = applied(head, record, record.revision)
        return record, _save(world, head, record, **changes)
    if not settled(record.attempted, world.now):
        return record, _keep(world, head, record, reason=_NOT_KNOWN)
    return record, None


def _recovered(
    world: World, record: Deployment, target: Target, service: Service
) -> tuple[Deployment, dict[str, Any]]:
    """The record with what an attempt that died half way left: its revision, and its rollout."""
    revision = record.revision or earlier_revision(world, record, target, service)
    if not revision:
        return record, {}
    record = record.model_copy(update={"revision": revision})
    return record, earlier_rollout(world, record, service)


def _watch(world: World, head: Head, record: Deployment, *, look: bool) -> Items:
    if look:  # said first: of several tasks that end at once, one nudge looks for all
        head, record = _save(world, head, record, looked=world.now)
    seen = observe(world, record, look=look)
    verdict = _verdict(record, seen)
    if verdict.rule == "in_progress":
        seen = with_log(world, record, seen)
        verdict = _verdict(record, seen)
    return _carry_out(world, head, record, seen, verdict)


def _carry_out(
    world: World, head: Head, record: Deployment, seen: Observation, verdict: Verdict
) -> Items:
    """Write the verdict, then act on it; what explains it is read when that is done."""
    if verdict.remedy is Remedy.UPDATE:
        newer = deployed_since(world, record, seen)
        if newer is not None:
            verdict = unless_deployed_since(record, verdict, newer)
        elif stopped_just_now(record, seen):
            verdict = look_again(record)
    changes = (
        {"denial": ""}
        | noticed(record, seen)
        | ({"reason": verdict.reason} if verdict.reason else {})
    )
    if verdict.adopt:
        return _save(world, head, record, **(changes | _adopted(record, seen, verdict)))
    if verdict.status is Status.ROLLBACK_IN_PROGRESS and record.status is Status.IN_PROGRESS:
        changes |= _returning(world, record, verdict)
    if verdict.proven:
        head = proved(head, record, world.now)
    changes |= {"status": verdict.status}
    fails = _failing(verdict, record)
    if fails:
        changes["unexplained"] = world.now
    unseen = verdict.remedy is Remedy.STOP and seen.ours is None
    if verdict.remedy is Remedy.NONE or unseen:  # asked as soon as ECS shows what to stop
        head, record = _keep(world, head, record, **changes)
    else:
        head, record = _save(world, _leased(world, head), record, **changes)
        head, record = _remedy(world, head, record, seen, verdict.remedy)
    if not fails:
        return head, record
    return explained(world, head, record, seen, named=verdict.explained)


def withdraw(world: World, service: str, deployment: str, why: str) -> Deployment:
    """Stop a deployment by hand: what waits is refused, what is being rolled out is rolled back.

    What ended meanwhile stays as it ended.

    Raises:
        Unavailable: when another step is acting on the service; ask again in a moment.
    """
    return retried(service, lambda: _withdraw(world, service, deployment, why))


def _withdraw(world: World, service: str, deployment: str, why: str) -> Deployment:
    head, record = read(world, service, deployment)
    if busy(head, world.holder, world.now):
        raise Unavailable(f"another step is acting on {service}; ask again in a minute")
    if record.acting:  # it may have been applied: find out first
        target = world.targets.named(service)
        current = world.services.service(record.cluster, record.service_name)
        if target is not None and current is not None:
            _, resumed = _resumed(world, head, record, target, current)
            head, record = resumed or (head, record)
    if record.acting and not settled(record.attempted, world.now):
        raise Unavailable(f"whether {deployment} was applied is not known yet; ask again")
    if record.status in {Status.PENDING, Status.HELD}:
        head, record = _save(world, head, record, status=Status.REFUSED, reason=why)
    elif record.status is Status.IN_PROGRESS:
        current = world.services.service(record.cluster, record.service_name)
        ours = our_service_deployment(world, record) if current else None
        seen = Observation(at=world.now, service=current, ours=ours)
        verdict = judge(record, seen)
        if verdict.adopt:  # it is ours under another id: go on with that one
            _carry_out(world, head, record, seen, verdict)
            return _withdraw(world, service, deployment, why)
        if verdict.status is Status.IN_PROGRESS:
            verdict = withdrawn(record, seen, why)
        head, record = _carry_out(world, head, record, seen, verdict)
    return tell(world, head, record)


def _verdict(record: Deployment, seen: Observation) -> Verdict:
    if record.status is Status.ROLLBACK_IN_PROGRESS:
        return judge_return(record, seen)
    verdict = judge(record, seen)
    if verdict.status is Status.ROLLBACK_IN_PROGRESS and verdict.remedy is Remedy.NONE:
        # ECS rolls back by itself, and may have finished already.
        begun = {"reason": verdict.reason, "deadline": None}  # its own deadline begins now
        later = judge_return(record.model_copy(update=begun), seen)
        return verdict if later.status is Status.ROLLBACK_IN_PROGRESS else later
    return verdict


def _returning(world: World, record: Deployment, verdict: Verdict) -> dict[str, Any]:
    """How it goes back, and until when: as long as it was given to get there."""
    if verdict.remedy is Remedy.NONE:
        returning = Return(by="ecs", how="breaker", began=world.now, done=True)
    elif verdict.remedy is Remedy.STOP:
        returning = Return(by=verdict.by, how="stop", began=world.now)
    else:
        returning = Return(by=verdict.by, how="update", began=world.now)
    if record.given is None:
        return {"returning": returning}
    return {"returning": returning, "deadline": world.now + record.given}


def _remedy(
    world: World, head: Head, record: Deployment, seen: Observation, remedy: Remedy
) -> Items:
    """Roll back, once: the decision is already written, and the lease is held.

    What cannot be stopped any more is set back with UpdateService at the next step.
    """
    returning = record.returning
    if returning is None:
        raise ValueError(f"{record.id}: a remedy without a decision to roll back")
    how = "stop" if remedy is Remedy.STOP else "update"
    done = returning.model_copy(update={"done": True, "how": how})
    changes: dict[str, Any] = {"returning": done}
    try:
        if how == "stop" and seen.ours is not None:
            world.services.stop(seen.ours.arn)
        else:
            world.services.update(record.cluster, record.service_name, record.return_to)
    except Refused as refused:
        if how == "stop":
            changes = {"returning": returning.model_copy(update={"how": "update"})}
        else:
            reason = f"{record.reason}; and it could not be rolled back: {refused}"
            changes = {"status": Status.ROLLBACK_FAILED, "reason": reason}
    except Unavailable as unavailable:
        # The next step asks again.
        changes = {"denial": str(unavailable) if isinstance(unavailable, Denied) else ""}
    return _save(world, released(head), record, **changes)


def _adopted(record: Deployment, seen: Observation, verdict: Verdict) -> dict[str, Any]:
    """What changes when our revision goes on under another id; its verdict is the next step's.

    It has a deadline of its own, as long as the first one's.
    """
    primary = primary_of(seen)
    began = (primary.created_at if primary else None) or seen.at
    return {
        "ecs_deployment": verdict.adopt,
        "service_deployment": "",
        "began": began,
        "deadline": began + record.given if record.given else record.deadline,
    }


def _failing(verdict: Verdict, record: Deployment) -> bool:
    """Whether a case is to be made: once, or again if nothing was seen."""
    if record.unexplained is not None:
        return False  # the step that failed it does, or a later one
    begins = verdict.status is Status.ROLLBACK_IN_PROGRESS and record.status is Status.IN_PROGRESS
    return begins or (verdict.status in FAILURES and not record.case)


def _keep(world: World, head: Head, record: Deployment, **changes: Any) -> Items:
    """As `_save`, but what brings no news (most polls) costs no write; a lease is given back."""
    mine = head.lease is not None and head.lease.holder == world.holder
    if record.model_copy(update=worded(changes)) == record and not mine:
        return head, record
    return _save(world, released(head) if mine else head, record, **changes)


def _save(world: World, head: Head, record: Deployment, **changes: Any) -> Items:
    """Write both items, after these changes to the record."""
    head, record = moved(head, record, world.now, **changes)
    return world.ledger.save(head, record), record


def _leased(world: World, head: Head) -> Head:
    return leased(head, world.holder, world.now + timedelta(seconds=world.lease_seconds))
