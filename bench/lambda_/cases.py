"""The account and the cases: every function, with the payloads of a deployment's life."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from bench.account import deploy_slipway
from embedded.account import EmbeddedAws
from embedded.gate.faults import Error
from embedded.services.ecs import SlowStart
from embedded.services.events import Disturbance
from embedded.services.lambda_ import Environment
from example import conflicto

CLUSTER = "conflicto-dev"
SERVICES = ("backend", "worker", "api")  # one is watched, to one is pushed, one by hand
YARDSTICK = "boto3 and one client"
_YARDSTICKS = Path(__file__).with_name("yardsticks")
_LIMIT = 900
_RATE = 20.0
_TARGETS = """
[[target]]
repository = "conflicto-{name}-dev"
cluster    = "conflicto-dev"
service    = "conflicto-{name}-service-dev"
tags       = '^[0-9a-f]{{7,40}}$'
deadline   = "48h"
pass_roles = ["arn:aws:iam::*:role/conflicto-*"]
"""


@dataclass(frozen=True)
class Case:
    """One function: how its process is started, its payloads, and the reply that it must give."""

    name: str
    start: Callable[[], Environment]
    payload: Callable[[], Any]
    right: Callable[[Any], bool]


@contextmanager
def account(out: Path, pushes: int) -> Iterator[tuple[EmbeddedAws, Path]]:
    """Services that Slipway follows; a rollout of each takes longer than any measurement.

    `pushes` images of the worker were pushed before anybody listened: their events are the
    benchmark's to send. Gives the account, and the zip that was deployed in it.
    """
    with EmbeddedAws(rate=_RATE, rates=()) as aws:  # it pushes faster than ECS would take it
        aws.client("ecs").create_cluster(clusterName=CLUSTER)
        for name in SERVICES:
            conflicto.add_service(aws.client, name, "gunicorn_fargate")
        aws.wait_until(lambda: all(_steady(aws, name) for name in SERVICES), _LIMIT)
        for number in range(pushes):
            conflicto.push(aws.client, "conflicto-worker-dev", [_tag(number)])
        targets = "".join(_TARGETS.format(name=name) for name in SERVICES)
        made = deploy_slipway(aws, out / "bench-lambda", f"{targets}\n[environment.dev]\n")
        for name in SERVICES:
            aws.ecs.faults.service(_service(name), SlowStart(10**6))
        aws.invoke("slipway-dev-sweep", {})
        aws.clock.sleep(5)  # a push as old as the first sweep counts as older
        conflicto.push(aws.client, "conflicto-backend-dev", ["abc1234"])
        aws.wait_until(lambda: _statuses(aws) == ["IN_PROGRESS"], _LIMIT)
        # From here on nothing else is to run: no event, no schedule, no loop of the state machine.
        aws.events.disturb(Disturbance(drop=1.0))
        aws.faults.add(Error("ExecutionAlreadyExists"), operation="StartExecution", times=None)
        yield aws, made.archive


def cases(aws: EmbeddedAws, home: Path) -> tuple[Case, ...]:
    """The yardsticks, then the seven functions; `on_image_push` twice."""
    (deployment,) = (one["deployment"] for one in _deployments(aws))
    yardstick, slipway = partial(_yardstick, aws, home), partial(_slipway, aws)
    watched = _service("backend")
    asked = {"service": watched, "by": "sam", "why": "to measure"}
    again = {**asked, "service": _service("api"), "image": "0a1b2c3", "key": "bench"}
    numbers = count()
    return (
        yardstick("bare", "bare", None),
        yardstick(YARDSTICK, "one_client", None),
        yardstick("the same, Slipway's trimmed boto3", "one_client", _unpacked(aws)),
        slipway("watch", lambda: {"deployment": deployment}, _moves),
        slipway("on_service_change", lambda: _service_event(aws), _nudged),
        slipway("on_image_push", lambda: _push_event(aws, numbers), _deployed, " (deploys)"),
        slipway("on_image_push", lambda: _other_push(aws), _ignored, " (another's image)"),
        slipway("deploy", lambda: again, _moves),
        slipway("rollback", lambda: {**asked, "to": "no-such"}, _refused),
        slipway("status", lambda: {"service": watched}, _listed),
        slipway("sweep", dict, lambda reply: "outcomes" in reply),
    )


def _service(name: str) -> str:
    return f"{CLUSTER}/conflicto-{name}-service-dev"


def _slipway(
    aws: EmbeddedAws,
    function: str,
    payload: Callable[[], Any],
    right: Callable[[Any], bool],
    suffix: str = "",
) -> Case:
    start = partial(aws.lambda_.environment, f"slipway-dev-{function}")
    return Case(function + suffix, start, payload, right)


def _yardstick(aws: EmbeddedAws, home: Path, name: str, module: str, beside: Path | None) -> Case:
    """A handler with the settings of `watch`: alone, or beside what is in the package."""
    root = home / name.replace(" ", "-")
    root.mkdir()
    for source in [_YARDSTICKS / f"{module}.py", *(beside.iterdir() if beside else ())]:
        (root / source.name).symlink_to(source)
    start = partial(
        aws.lambda_.environment, "slipway-dev-watch", handler=f"{module}.handler", root=root
    )
    return Case(name, start, dict, lambda reply: reply == {})


def _unpacked(aws: EmbeddedAws) -> Path:
    return aws.lambda_.task_root("slipway-dev-watch")


def _moves(reply: Any) -> bool:
    return bool(reply.get("status") == "IN_PROGRESS")


def _nudged(reply: Any) -> bool:
    return [one["outcome"] for one in reply["outcomes"]] == ["nudged"]


def _deployed(reply: Any) -> bool:
    return [one.get("status") for one in reply["outcomes"]] == ["IN_PROGRESS"]


def _ignored(reply: Any) -> bool:
    return [one["outcome"] for one in reply["outcomes"]] == ["ignored"]


def _refused(reply: Any) -> bool:
    return "error" in reply


def _listed(reply: Any) -> bool:
    return len(reply["deployments"]) == 1


def _tag(number: int) -> str:
    return f"{number:07x}"


def _push_event(aws: EmbeddedAws, numbers: Iterator[int]) -> dict[str, Any]:
    aws.clock.sleep(1)  # two pushes of one second, whose images are equally old, are a tie
    tag = _tag(next(numbers))
    return _image_event(aws, "conflicto-worker-dev", tag, conflicto.digest_of(tag))


def _other_push(aws: EmbeddedAws) -> dict[str, Any]:
    return _image_event(aws, "somebody-elses", "abc1234", conflicto.digest_of("theirs"))


def _image_event(aws: EmbeddedAws, repository: str, tag: str, digest: str) -> dict[str, Any]:
    detail = {
        "result": "SUCCESS",
        "repository-name": repository,
        "image-digest": digest,
        "action-type": "PUSH",
        "image-tag": tag,
    }
    return _event(aws, "aws.ecr", "ECR Image Action", [], detail)


def _service_event(aws: EmbeddedAws) -> dict[str, Any]:
    service = f"arn:aws:ecs:{aws.region}:{aws.account}:service/{_service('backend')}"
    detail = {
        "eventType": "INFO",
        "eventName": "SERVICE_DEPLOYMENT_COMPLETED",
        "deploymentId": "ecs-svc/0123456789012345678",
        "updatedAt": _now(aws),
        "reason": "ECS deployment ecs-svc/0123456789012345678 completed.",
    }
    return _event(aws, "aws.ecs", "ECS Deployment State Change", [service], detail)


def _event(
    aws: EmbeddedAws, source: str, kind: str, resources: list[str], detail: dict[str, Any]
) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "13cde686-328b-6117-af20-0e5566167482",
        "detail-type": kind,
        "source": source,
        "account": aws.account,
        "time": _now(aws),
        "region": aws.region,
        "resources": resources,
        "detail": detail,
    }


def _now(aws: EmbeddedAws) -> str:
    return aws.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _deployments(aws: EmbeddedAws) -> list[dict[str, Any]]:
    return list(aws.invoke("slipway-dev-status", {"service": _service("backend")})["deployments"])


def _statuses(aws: EmbeddedAws) -> list[str]:
    return [one["status"] for one in _deployments(aws)]


def _steady(aws: EmbeddedAws, name: str) -> bool:
    found = aws.client("ecs").describe_services(
        cluster=CLUSTER, services=[f"conflicto-{name}-service-dev"]
    )
    return bool(found["services"][0]["deployments"][0]["rolloutState"] == "COMPLETED")
