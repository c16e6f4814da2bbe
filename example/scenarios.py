"""Rollouts that a deployment tool must judge rightly: each with its settings and the right verdict.

`example/scenario.py` builds and plays them. The tests play all of them to Slipway in one process;
the benchmark plays them to other tools too. Those here are of rolling updates; the strategies that
move traffic have theirs in `example/strategies.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from embedded.services.ecs import (
    Crash,
    Fault,
    NoCapacity,
    OutOfMemory,
    PullError,
    SlowStart,
    StartError,
    UnhealthyContainer,
    UnhealthyTarget,
)
from example import conflicto
from example.acts import ALARMS, LOGS, half_way, later, restart, ring, scale, ship_newer, stop
from example.scenario import Scenario, Settings, Trial
from example.strategies import STRATEGIES

_NO_ROLLBACK = {
    "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
}
_NO_BREAKER: Settings = {"deploymentConfiguration": {}}
_BAKING = {"deploymentConfiguration": {**ALARMS, "bakeTimeInMinutes": 3}}
_EARLY = {
    "desiredCount": 4,
    "deploymentConfiguration": {
        "minimumHealthyPercent": 50,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "earlySuccessCriteria": {
            "enable": True,
            "healthyPercent": 50,
            "sourceServiceRevisionCleanup": "DEFERRED",
        },
    },
}
_CHECKED = {
    "healthCheck": {"command": ["CMD-SHELL", "curl -f http://localhost:5000/ || exit 1"]},
}

_LOG_ROUTER = {
    "name": "log_router",
    "image": "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable",
    "essential": True,
    "firelensConfiguration": {"type": "fluentbit"},
}
_HIGH_THRESHOLD = {
    "deploymentConfiguration": {
        "deploymentCircuitBreaker": {
            "enable": True,
            "rollback": True,
            "thresholdConfiguration": {"type": "COUNT", "value": 6},
        }
    }
}


def _balanced(grace: int) -> dict[str, Any]:
    place = f"{conflicto.REGION}:{conflicto.ACCOUNT}"
    group = f"arn:aws:elasticloadbalancing:{place}:targetgroup/conflicto/6d0e"
    return {
        "loadBalancers": [{"targetGroupArn": group, "containerPort": 5000}],
        "healthCheckGracePeriodSeconds": grace,
    }


_LINEAR = {
    **_balanced(0),
    "deploymentConfiguration": {
        "strategy": "LINEAR",
        "bakeTimeInMinutes": 3,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    },
}


def _interruptions(trial: Trial) -> None:
    """Spot takes the first four tasks of the new image, each as soon as it runs."""
    left = list(range(4))

    def interrupt() -> None:
        for task in trial.running()[: len(left)]:
            left.pop()
            trial.ecs.interrupt_spot(task.id)
        if left:
            trial.half_way(interrupt)

    trial.half_way(interrupt)


def _host_failure(trial: Trial) -> None:
    trial.half_way(lambda: trial.ecs.fail_host(trial.running()[0].id))


def _stopped_by_a_person(trial: Trial) -> None:
    trial.half_way(lambda: _ignore(trial.person("StopTask", task=trial.running()[0].arn)))


def _console_deploy(trial: Trial) -> None:
    def deploy() -> None:
        definition = trial.definition("first")
        definition["containerDefinitions"][0]["environment"] = [{"name": "DEBUG", "value": "1"}]
        made = trial.person("RegisterTaskDefinition", **definition)
        arn = made["taskDefinition"]["taskDefinitionArn"]
        trial.person("UpdateService", service=trial.service_name, taskDefinition=arn)

    trial.half_way(deploy)


def _console_earlier(trial: Trial) -> None:
    before = trial.service.primary
    assert before is not None
    arn = before.revision.definition.arn
    trial.half_way(
        lambda: _ignore(
            trial.person("UpdateService", service=trial.service_name, taskDefinition=arn)
        )
    )


def _deleted(trial: Trial) -> None:
    trial.half_way(
        lambda: _ignore(trial.person("DeleteService", service=trial.service_name, force=True))
    )


def _alarm_while_baking(trial: Trial) -> None:
    def baking() -> bool:
        return any(deployment.baking for deployment in trial.service.deployments)

    trial.when(baking, lambda: later(trial, 60, ring))


def _ignore(_: object) -> None:
    """Drop an answer."""


# The texts of "Amazon ECS stopped tasks error messages" and of AWS' pages on each error.
_NOT_FOUND = (
    "pull image manifest has been retried 1 time(s): failed to resolve ref "
    "123456789012.dkr.ecr.us-west-2.amazonaws.com/conflicto-backend-dev: not found"
)
_DENIED = (
    "pull image manifest has been retried 1 time(s): failed to resolve ref: pulling from host "
    "123456789012.dkr.ecr.us-west-2.amazonaws.com failed with status code [manifests]: "
    "403 Forbidden"
)
_NO_PLATFORM = (
    "pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor "
    "matching platform 'linux/amd64'"
)
_NO_SECRET = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
    "retrieval failed: unable to retrieve secret from asm: service call has been retried 1 "
    "time(s): failed to fetch secret arn:aws:secretsmanager:us-west-2:123456789012:secret:db "
    "from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified "
    "secret."
)
_NO_LOG_GROUP = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried "
    "1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log "
    "group does not exist. : exit status 1"
)
_NO_ROLE = (
    "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/conflicto-execution-dev' "
    "that was provided for this task. Please verify that the role being passed has the proper "
    "trust relationship and permissions and that your IAM user has permissions to pass this role."
)
_NO_COMMAND = (
    "CannotStartContainerError: Error response from daemon: failed to create task for container: "
    "failed to create shim task: OCI runtime create failed: runc create failed: unable to start "
    'container process: exec: "gunicron": executable file not found in $PATH: unknown'
)
_NO_ADDRESSES = (
    "Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-0a': "
    "InsufficientFreeAddressesInSubnet: The specified subnet does not have enough free addresses "
    "to satisfy the request."
)
_CRASH = Crash(exit_code=1, after=3, logs=LOGS)


def _failing(name: str, story: str, fault: Fault, **more: Any) -> Scenario:
    settings: dict[str, Any] = {"right": "failed", "runs": "first", **more}
    return Scenario(name, story, fault=fault, **settings)


ROLLING = (
    # The image is good: every one of these must succeed.
    Scenario("good", "a good image, two tasks"),
    Scenario(
        "good-slow",
        "first healthy after 8 minutes, behind a load balancer with a grace period",
        service=_balanced(900),
        fault=SlowStart(470),
    ),
    Scenario(
        "one-crash",
        "one task crashes once, the rest run",
        fault=Crash(after=3, times=1, logs=LOGS),
    ),
    Scenario("spot", "Spot takes the first four tasks back", happens=_interruptions),
    Scenario("host-failure", "the host under a new task fails", happens=_host_failure),
    Scenario("stopped-task", "a person stops a new task", happens=_stopped_by_a_person),
    Scenario(
        "scale-in",
        "autoscaling goes from 4 tasks to 2 half way",
        service={"desiredCount": 4},
        happens=half_way(scale(2)),
    ),
    Scenario(
        "scale-out", "autoscaling goes from 2 tasks to 5 half way", happens=half_way(scale(5))
    ),
    Scenario("zero", "the service wants no task", runs="nothing", service={"desiredCount": 0}),
    Scenario("daemon", "a daemon service, two machines", service={"schedulingStrategy": "DAEMON"}),
    Scenario("bake", "alarms stay quiet for three minutes of bake time", service=_BAKING),
    Scenario(
        "early-success",
        "ECS calls it successful at two of four tasks; the rest take five minutes more",
        service=_EARLY,
        fault=SlowStart(300, times=2),
    ),
    Scenario(
        "linear",
        "a good image, traffic shifted in ten steps of six minutes, and three of bake time",
        service=_LINEAR,
    ),
    Scenario(
        "console-restart", "a person forces a new deployment of it", happens=half_way(restart)
    ),
    # The image is bad, or cannot run.
    _failing("crash", "a crash loop; circuit breaker with rollback", _CRASH),
    _failing(
        "crash-no-rollback",
        "a crash loop; circuit breaker without rollback",
        _CRASH,
        service=_NO_ROLLBACK,
    ),
    _failing("crash-no-breaker", "a crash loop; no circuit breaker", _CRASH, service=_NO_BREAKER),
    _failing(
        "crash-back-to-ours",
        "a crash loop; ECS goes back to an earlier deployment of the tool",
        _CRASH,
        runs="earlier",
        earlier=True,
    ),
    _failing("image-missing", "the image is not in the registry", PullError(_NOT_FOUND)),
    _failing(
        "image-missing-no-breaker",
        "the image is not in the registry; no circuit breaker",
        PullError(_NOT_FOUND),
        service=_NO_BREAKER,
    ),
    _failing("pull-denied", "the registry refuses the pull", PullError(_DENIED)),
    _failing("no-platform", "the image has no build for this CPU", PullError(_NO_PLATFORM)),
    _failing(
        "wrong-cpu",
        "the image's program is of another CPU",
        Crash(255, after=0.5, logs=("exec /usr/local/bin/gunicorn: exec format error",)),
    ),
    _failing("secret-missing", "a secret does not exist", StartError(_NO_SECRET)),
    _failing("log-group-missing", "the log group does not exist", StartError(_NO_LOG_GROUP)),
    _failing("role", "the execution role cannot be assumed", StartError(_NO_ROLE)),
    _failing("out-of-memory", "the kernel kills the container", OutOfMemory(after=4)),
    _failing("command-not-found", "the command does not exist", StartError(_NO_COMMAND)),
    _failing(
        "sidecar",
        "a log router, listed first, exits 0 when the command of the application is not found",
        Crash(127, after=1, logs=("sh: 1: gunicron: not found",)),
        sidecar=_LOG_ROUTER,
    ),
    _failing(
        "high-threshold",
        "a crash loop; a circuit breaker that waits for six failed tasks",
        _CRASH,
        service=_HIGH_THRESHOLD,
    ),
    _failing(
        "old-arn",
        "a crash loop; a service so old that its ARN does not name its cluster",
        _CRASH,
        old_arn=True,
    ),
    _failing(
        "health-check",
        "the container's health check fails",
        UnhealthyContainer(after=20),
        container=_CHECKED,
    ),
    _failing(
        "load-balancer",
        "the load balancer finds the targets unhealthy",
        UnhealthyTarget(
            after=20,
            reason="Target.ResponseCodeMismatch",
            description="Health checks failed with these codes: [503]",
        ),
        service=_balanced(30),
    ),
    _failing("no-capacity", "no task can be placed", NoCapacity()),
    _failing("no-addresses", "the subnet has no free address", StartError(_NO_ADDRESSES)),
    # The image may be good, but the rollout ends otherwise.
    Scenario(
        "newer-push",
        "a newer image is shipped half way",
        "superseded",
        "newer",
        happens=half_way(ship_newer),
    ),
    Scenario(
        "console-deploy",
        "a person deploys another task definition half way",
        "superseded",
        "first",
        happens=_console_deploy,
    ),
    Scenario(
        "console-earlier",
        "a person deploys the earlier revision half way",
        "superseded",
        "first",
        happens=_console_earlier,
    ),
    Scenario(
        "console-rollback",
        "a person rolls back in the console half way",
        "failed",
        "first",
        happens=half_way(stop),
    ),
    Scenario("deleted", "the service is deleted half way", "failed", "nothing", happens=_deleted),
    Scenario(
        "alarm",
        "a CloudWatch alarm rolls back half way",
        "failed",
        "first",
        service={"deploymentConfiguration": ALARMS},
        happens=half_way(ring),
    ),
    Scenario(
        "alarm-in-bake",
        "a CloudWatch alarm rolls back in the bake time",
        "failed",
        "first",
        service=_BAKING,
        happens=_alarm_while_baking,
    ),
    Scenario(
        "first-ever",
        "the service never ran anything, and this image crashes too",
        "failed",
        "nothing",
        fault=_CRASH,
        first_fault=_CRASH,
    ),
)

SCENARIOS = (*ROLLING, *STRATEGIES)


def named(names: Iterable[str] | None) -> list[Scenario]:
    """Return the scenarios with these names, in the order of `SCENARIOS`; all without names.

    Raises:
        LookupError: when there is no scenario of a name. It says which there are.
    """
    known = [one.name for one in SCENARIOS]
    wanted = set(known if names is None else names)
    if unknown := wanted - set(known):
        listed = ", ".join(sorted(unknown))
        raise LookupError(f"There is no scenario {listed}. There are: {', '.join(known)}.")
    return [one for one in SCENARIOS if one.name in wanted]
