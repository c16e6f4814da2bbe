"""Short plays that use every permission of every function, one function doing all the work in each.

A play makes things happen through the function that it is about, and asserts nothing. The test
that plays it decides what is expected: which statements were used, or how people hear of a
statement that was removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from embedded.calls.call import Call, Reply, error_reply
from embedded.services.ecs import Crash, Exits
from example import conflicto
from example.acts import ALARMS
from tests.dialect import scheduled
from tests.dialect.account import BY_HAND, CLUSTER, FAMILY, SERVICE, SERVICE_NAME
from tests.fixtures import examples
from tests.privilege.account import (
    BAD,
    FOLLOW_TARGETS,
    GOOD,
    JOB_TARGETS,
    SCAN_SECONDS,
    TARGETS,
    TASK_TARGETS,
    UnattendedAccount,
)

_STEPS = 18
_PAUSES_IN = "POST_SCALE_UP"

Nudge = Callable[[], object]


def _life(account: UnattendedAccount, recorded: Nudge, nudge: Nudge) -> None:
    """A push that waits for somebody's rollout, is applied, crashes, and is rolled back.

    The answer to UpdateService is lost, so what it did is looked up.
    """
    account.breaks(BAD, Crash(after=3, logs=("KeyError: 'X'",)))
    account.client("ecs").update_service(
        cluster=CLUSTER, service=SERVICE_NAME, forceNewDeployment=True
    )
    account.loses_the_answer("UpdateService")
    account.leaves_unproven_revision()
    recorded()
    account.advance(120)
    for _ in range(_STEPS):
        nudge()
        account.advance(10)
        if not account.open:
            break
    nudge()


def _pushed(account: UnattendedAccount, image: str = BAD) -> Nudge:
    event = account.pushed(image)
    return lambda: account.ask("on_image_push", **event)


def _deploy(account: UnattendedAccount, image: str) -> Nudge:
    asked = {"service": SERVICE, "image": image, "key": "one", **BY_HAND}
    return lambda: account.ask("deploy", **asked)


def pushes(account: UnattendedAccount) -> None:
    event = _pushed(account)
    _life(account, event, event)


def _applied(account: UnattendedAccount, recorded: Nudge, nudge: Nudge) -> None:
    """A push of an Express service waits for its scan, and is applied."""
    recorded()
    for _ in range(3):
        account.advance(SCAN_SECONDS)
        nudge()


def pushes_express(account: UnattendedAccount) -> None:
    account.becomes_express()
    event = _pushed(account)
    _applied(account, event, event)


def _watched(account: UnattendedAccount, nudge: Nudge) -> None:
    """A push waits for its scan, becomes live, and is watched for a minute."""
    account.client("ecs").update_service(
        cluster=CLUSTER, service=SERVICE_NAME, deploymentConfiguration=ALARMS
    )
    for _ in range(_STEPS):
        nudge()
        account.advance(20)


def pushes_well(account: UnattendedAccount) -> None:
    _watched(account, _pushed(account, GOOD))


def changes_well(account: UnattendedAccount) -> None:
    _pushed(account, GOOD)()
    _watched(account, _changed(account))


def polls_well(account: UnattendedAccount) -> None:
    _pushed(account, GOOD)()
    _watched(account, lambda: _poll(account, None))


def deploys_well(account: UnattendedAccount) -> None:
    account.pushed(GOOD)
    _watched(account, _deploy(account, GOOD))


def sweeps_well(account: UnattendedAccount) -> None:
    _pushed(account, GOOD)()
    _watched(account, lambda: _sweep(account))


def _answered(account: UnattendedAccount, begin: Nudge, nudge: Nudge) -> None:
    """A person lets a paused rollout go on, and ECS does not hear it at once."""

    def deaf(call: Call) -> Reply | None:
        if call.operation != "ContinueServiceDeployment":
            return None
        return error_reply(call.service, "ServerException", "ECS is down", 500)

    _pauses(account)
    for _ in range(3):  # it waits for the scan, is applied, and is seen to be paused
        begin()
        account.advance(SCAN_SECONDS)
    account.permissions.handlers.append(deaf)
    record = str(account.records()[-1]["id"])
    account.ask("release", deployment=record, stage=_PAUSES_IN, **BY_HAND)
    account.permissions.handlers.remove(deaf)
    nudge()


def pushes_answered(account: UnattendedAccount) -> None:
    push = _pushed(account, GOOD)
    _answered(account, push, push)


def changes_answered(account: UnattendedAccount) -> None:
    _answered(account, _pushed(account, GOOD), _changed(account))


def polls_answered(account: UnattendedAccount) -> None:
    _answered(account, _pushed(account, GOOD), lambda: _poll(account, None))


def deploys_answered(account: UnattendedAccount) -> None:
    account.pushed(GOOD)
    deploy = _deploy(account, GOOD)
    _answered(account, deploy, deploy)


def sweeps_answered(account: UnattendedAccount) -> None:
    _answered(account, _pushed(account, GOOD), lambda: _sweep(account))


def _unconfirmed(account: UnattendedAccount) -> Nudge:
    """The event of a push comes while ECR does not answer; who takes the step asks again."""
    pushed = _pushed(account)

    def down(call: Call) -> Reply | None:
        if call.service != "ecr":
            return None
        return error_reply(call.service, "ServerException", "ECR is down", 500)

    def recorded() -> None:
        account.permissions.handlers.append(down)
        pushed()
        account.permissions.handlers.remove(down)

    return recorded


def changes(account: UnattendedAccount) -> None:
    _life(account, _unconfirmed(account), _changed(account))


def changes_express(account: UnattendedAccount) -> None:
    account.becomes_express()
    _applied(account, _unconfirmed(account), _changed(account))


def _changed(account: UnattendedAccount) -> Nudge:
    event = examples.event("ecs-deployment-completed") | {
        "resources": [f"arn:aws:ecs:{conflicto.REGION}:{conflicto.ACCOUNT}:service/{SERVICE}"]
    }
    return lambda: account.ask("on_service_change", **event)


def polls_express(account: UnattendedAccount) -> None:
    account.becomes_express()
    _applied(account, _unconfirmed(account), lambda: _poll(account, None))


def polls(account: UnattendedAccount) -> None:
    long_ago = "2020-01-01T00:00:00.000Z"  # of an execution that is to hand over

    def poll() -> None:
        for began in (None, long_ago):
            _poll(account, began)

    _life(account, _unconfirmed(account), poll)


def _poll(account: UnattendedAccount, began: str | None) -> None:
    for record in account.records():
        account.ask("watch", deployment=record["id"], began=began)


def by_hand(account: UnattendedAccount) -> None:
    account.pushed(BAD)
    deploy = _deploy(account, BAD)
    account.ask("deploy", plan=True, service=SERVICE, image=BAD, key="one", **BY_HAND)
    _life(account, deploy, deploy)


def by_hand_express(account: UnattendedAccount) -> None:
    account.becomes_express()
    account.pushed(GOOD)
    deploy = _deploy(account, GOOD)
    _applied(account, deploy, deploy)


def sweeps(account: UnattendedAccount) -> None:
    _life(account, _pushed(account), lambda: _sweep(account))


def sweeps_express(account: UnattendedAccount) -> None:
    account.becomes_express()
    _applied(account, _pushed(account), lambda: _sweep(account))


def _sweep(account: UnattendedAccount) -> None:
    account.watchers.executions.clear()  # so that every sweep finds the watcher dead
    account.ask("sweep", **account.scheduled())


def meets(account: UnattendedAccount) -> None:
    """It meets the service, and finds a push whose event was lost."""
    account.ask("sweep", **account.scheduled())
    account.advance(60)
    account.pushed(GOOD)
    account.advance(60)
    account.ask("sweep", **account.scheduled())


def goes_back(account: UnattendedAccount) -> None:
    """By hand to a revision that was deregistered meanwhile, so that it is registered again."""
    event = account.pushed(GOOD)
    for _ in range(16):
        account.ask("on_image_push", **event)
        account.advance(20)
    account.client("ecs").deregister_task_definition(taskDefinition=f"{FAMILY}:2")
    asked = {"service": SERVICE, "to": GOOD, **BY_HAND}
    account.ask("rollback", plan=True, **asked)
    account.ask("rollback", **asked)
    account.advance(30)


def goes_back_express(account: UnattendedAccount) -> None:
    """By hand after a push of an Express service, which takes six minutes and more."""
    account.becomes_express()
    event = account.pushed(GOOD)
    for _ in range(30):
        account.ask("on_image_push", **event)
        account.advance(30)
    account.ask("rollback", service=SERVICE, **BY_HAND)


def stops(account: UnattendedAccount) -> None:
    """By hand while it is not known whether the push was applied, and its tasks crash."""
    _stops(account, "UpdateService")


def stops_unregistered(account: UnattendedAccount) -> None:
    """By hand while it is not even known whether the push was registered."""
    _stops(account, "RegisterTaskDefinition")


def _stops(account: UnattendedAccount, unanswered: str) -> None:
    account.breaks(BAD, Crash(after=3, logs=("KeyError: 'X'",)))
    account.loses_the_answer(unanswered)
    pushed = _pushed(account)
    pushed()
    account.advance(SCAN_SECONDS + 5)
    pushed()
    account.advance(45)
    account.ask("rollback", service=SERVICE, **BY_HAND)


def holds(account: UnattendedAccount) -> None:
    account.ask("hold", service=SERVICE, **BY_HAND)


def _held(account: UnattendedAccount) -> str:
    """The id of a push that a hold keeps."""
    event = account.pushed(GOOD)
    account.ask("hold", service=SERVICE, **BY_HAND)
    account.ask("on_image_push", **event)
    return str(account.records()[-1]["id"])


def releases(account: UnattendedAccount) -> None:
    account.ask("release", deployment=_held(account), **BY_HAND)


def drops(account: UnattendedAccount) -> None:
    account.ask("release", deployment=_held(account), deploy="none", **BY_HAND)


def answers(account: UnattendedAccount) -> None:
    """A rollout that ECS has paused, before Slipway knows which service deployment it is."""
    _pauses(account)
    event = account.pushed(GOOD)
    for _ in range(2):  # it waits for the scan, and is applied
        account.ask("on_image_push", **event)
        account.advance(SCAN_SECONDS)
    record = str(account.records()[-1]["id"])
    account.ask("release", deployment=record, stage=_PAUSES_IN, **BY_HAND)


def _pauses(account: UnattendedAccount) -> None:
    """From now on ECS pauses every rollout of the service."""
    pause = {"targetType": "PAUSE", "lifecycleStages": [_PAUSES_IN]}
    account.client("ecs").update_service(
        cluster=CLUSTER,
        service=SERVICE_NAME,
        deploymentConfiguration={"lifecycleHooks": [pause]},
    )


def asks(account: UnattendedAccount) -> None:
    _pauses(account)
    event = account.pushed(BAD)
    account.ask("status", event=event)
    account.ask("on_image_push", **event)
    account.ask("status", service=SERVICE, now=True)
    account.ask("status", board=True)
    account.ask("status", deployment=account.records()[-1]["id"])


def _runs_too_long(account: UnattendedAccount) -> None:
    """From now on a `before` hangs, and ECS tags its task as it tags the service's own."""
    account.ecs.faults.run(Exits(after=3600), command="migrate")
    ecs = account.client("ecs")
    service = ecs.describe_services(cluster=CLUSTER, services=[SERVICE_NAME])["services"][0]
    tags = [{"key": "team", "value": "conflicto"}]
    ecs.tag_resource(resourceArn=service["serviceArn"], tags=tags)
    ecs.update_service(cluster=CLUSTER, service=SERVICE_NAME, propagateTags="SERVICE")
    account.advance(120)


def _prepared(account: UnattendedAccount, recorded: Nudge, nudge: Nudge) -> None:
    """A push waits for its scan, and its `before` is stopped after a minute."""
    _runs_too_long(account)
    recorded()
    for _ in range(_STEPS):
        account.advance(20)
        nudge()


def pushes_with_tasks(account: UnattendedAccount) -> None:
    event = _pushed(account, GOOD)
    _prepared(account, event, event)


def changes_with_tasks(account: UnattendedAccount) -> None:
    _prepared(account, _pushed(account, GOOD), _changed(account))


def polls_with_tasks(account: UnattendedAccount) -> None:
    _prepared(account, _pushed(account, GOOD), lambda: _poll(account, None))


def deploys_with_tasks(account: UnattendedAccount) -> None:
    account.pushed(GOOD)
    deploy = _deploy(account, GOOD)
    _prepared(account, deploy, deploy)


def sweeps_with_tasks(account: UnattendedAccount) -> None:
    _prepared(account, _pushed(account, GOOD), lambda: _sweep(account))


def stops_tasks(account: UnattendedAccount) -> None:
    """By hand while the `before` of a push runs."""
    _runs_too_long(account)
    push = _pushed(account, GOOD)
    for _ in range(2):  # it waits for the scan, and prepares
        push()
        account.advance(SCAN_SECONDS)
    account.ask("rollback", service=SERVICE, **BY_HAND)


def _followed(play: Play) -> Play:
    """The play where a rule runs the service's family, and a schedule runs another one."""

    def followed(account: UnattendedAccount) -> None:
        scheduled.add_report(account)
        scheduled.add_rule(account)
        scheduled.add_schedule(account, f"{scheduled.REPORT}:1")
        play(account)

    return followed


def _task_is_live(account: UnattendedAccount) -> None:
    """A task without a service was met, and then brought to a new image."""
    scheduled.add_report(account)
    scheduled.add_rule(account, f"{scheduled.REPORT}:1")
    scheduled.add_schedule(account, f"{scheduled.REPORT}:1")
    account.ask("sweep", **account.scheduled())  # it meets the task
    push = _pushed(account, GOOD)
    for _ in range(3):
        push()
        account.advance(SCAN_SECONDS)


def goes_back_with_a_task(account: UnattendedAccount) -> None:
    """To a revision that was deregistered meanwhile; its rule and its schedule go at once."""
    _task_is_live(account)
    account.client("ecs").deregister_task_definition(taskDefinition=f"{scheduled.REPORT}:1")
    account.ask("rollback", service=f"@task/{scheduled.REPORT}", **BY_HAND)


def sweeps_runs(account: UnattendedAccount) -> None:
    """It looks at a run of a task without a service, which has ended."""
    _task_is_live(account)
    ecs, jobs = account.client("ecs"), "conflicto-jobs-dev"
    ecs.create_cluster(clusterName=jobs)
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    (run,) = ecs.run_task(
        cluster=jobs,
        taskDefinition=scheduled.REPORT,
        launchType="FARGATE",
        networkConfiguration=network,
    )["tasks"]
    account.advance(60)
    ecs.stop_task(cluster=jobs, task=run["taskArn"])
    account.advance(120)
    account.ask("sweep", **account.scheduled())


def tidies(account: UnattendedAccount) -> None:
    """Of the old revisions of ours, a rule and a schedule name one each."""
    account.ask("sweep", **account.scheduled())  # it meets the service
    for _ in range(6):
        account.leaves_unproven_revision()
    target = {"Arn": _arn(f"cluster/{CLUSTER}"), "RoleArn": _ROLE_OF_TASKS}
    events, scheduler = account.client("events"), account.client("scheduler")
    events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    named = {"EcsParameters": {"TaskDefinitionArn": _arn(f"task-definition/{FAMILY}:2")}}
    events.put_targets(Rule="nightly", Targets=[{"Id": "1", **target, **named}])
    named = {"EcsParameters": {"TaskDefinitionArn": _arn(f"task-definition/{FAMILY}:3")}}
    scheduler.create_schedule(
        Name="weekly",
        ScheduleExpression="rate(7 days)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={**target, **named},
    )
    account.ask("tidy", **account.scheduled())


_ROLE_OF_TASKS = f"arn:aws:iam::{conflicto.ACCOUNT}:role/starts-tasks"


def _arn(resource: str) -> str:
    return f"arn:aws:ecs:{conflicto.REGION}:{conflicto.ACCOUNT}:{resource}"


def tidies_denied(account: UnattendedAccount) -> None:
    """As `tidies`, but the organisation forbids what no policy here can allow: people are told."""

    def forbidden(call: Call) -> Reply | None:
        if call.operation != "ListClusters":
            return None
        words = f"User: {call.principal.arn} is not authorized to perform: ecs:ListClusters on "
        words += "resource: * with an explicit deny in a service control policy"
        return error_reply(call.service, "AccessDeniedException", words, 400)

    account.permissions.handlers.append(forbidden)
    tidies(account)


Play = Callable[[UnattendedAccount], None]
# By the function that does all the work.
PLAYS: dict[str, tuple[Play, ...]] = {
    "on_image_push": (pushes, pushes_express, pushes_well, pushes_answered),
    "on_service_change": (changes, changes_express, changes_well, changes_answered),
    "watch": (polls, polls_express, polls_well, polls_answered),
    "deploy": (by_hand, by_hand_express, deploys_well, deploys_answered),
    "rollback": (goes_back, stops, stops_unregistered, goes_back_express),
    "hold": (holds,),
    "release": (releases, drops, answers),
    "status": (asks,),
    "sweep": (sweeps, meets, sweeps_express, sweeps_well, sweeps_answered),
    "tidy": (tidies, tidies_denied),
}
# As PLAYS, where the target has a `before`.
TASK_PLAYS: dict[str, tuple[Play, ...]] = {
    "on_image_push": (pushes_with_tasks,),
    "on_service_change": (changes_with_tasks,),
    "watch": (polls_with_tasks,),
    "deploy": (deploys_with_tasks,),
    "rollback": (stops_tasks,),
    "sweep": (sweeps_with_tasks,),
}

# As PLAYS, where rules and schedules follow the target.
FOLLOW_PLAYS: dict[str, tuple[Play, ...]] = {
    "on_image_push": (_followed(pushes_well),),
    "on_service_change": (_followed(changes_well),),
    "watch": (_followed(polls_well),),
    "deploy": (_followed(deploys_well),),
    "status": (_followed(asks),),
    "sweep": (_followed(sweeps_well),),
}
# As PLAYS, beside a task without a service.
JOB_PLAYS: dict[str, tuple[Play, ...]] = {
    "rollback": (goes_back_with_a_task,),
    "sweep": (sweeps_runs,),
}


def plays_of(function: str) -> Iterator[tuple[Play, str]]:
    """Each play of a function, with the targets file that it needs."""
    yield from ((play, TARGETS) for play in PLAYS[function])
    yield from ((play, TASK_TARGETS) for play in TASK_PLAYS.get(function, ()))
    yield from ((play, FOLLOW_TARGETS) for play in FOLLOW_PLAYS.get(function, ()))
    yield from ((play, JOB_TARGETS) for play in JOB_PLAYS.get(function, ()))
