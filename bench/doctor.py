"""`python -m bench.doctor`: follow `slipway doctor`'s advice, and see how long rollouts then take.

Services with AWS' defaults, all of Slipway in one process, on a virtual clock. Before each step an
image is pushed, and ECS' own times of the rollout are taken. A step is one piece of advice: its
remedy, as it is printed, goes to the real `aws` command. Prints a table, and writes out/doctor.md.
"""

from __future__ import annotations

import contextlib
import io
import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from awscli.clidriver import create_clidriver

from bench.account import PROJECT
from chalicelib.definition.render import RESPONSE_ONLY
from chalicelib.model.deployments import Status
from chalicelib.model.targets import load_targets
from cli.doctor.examine import Report, examine
from cli.doctor.finding import Finding
from embedded.services.ecs import IgnoresSigterm, Timings
from embedded.services.ecs.faults import Fault
from example import conflicto
from rehearsal.rehearsal import Rehearsal, rehearse
from rehearsal.strangers import strangers

CLUSTER = "conflicto-dev"
_LONG = 3600.0
_TARGET = """
[[target]]
repository = "conflicto-{name}-dev"
cluster = "conflicto-dev"
service = "conflicto-{name}-service-dev"
log_groups = ["/ecs/conflicto-{name}-dev"]
pass_roles = ["arn:aws:iam::*:role/conflicto-*"]
"""


@dataclass(frozen=True)
class Patient:
    """A service as it is before anybody has looked at it."""

    name: str
    story: str
    desired: int = 2
    balanced: bool = True
    configuration: dict[str, int] = field(default_factory=dict)
    fault: Fault | None = None

    @property
    def service(self) -> str:
        return f"{CLUSTER}/conflicto-{self.name}-service-dev"

    @property
    def targets(self) -> str:
        return _TARGET.format(name=self.name)


PATIENTS = (
    Patient("backend", "2 tasks behind a load balancer, AWS' defaults"),
    Patient(
        "shop",
        "4 tasks behind a load balancer, at most one more at a time",
        desired=4,
        configuration={"minimumHealthyPercent": 100, "maximumPercent": 125},
    ),
    Patient(
        "worker",
        "2 tasks without load balancer and health check, deaf to SIGTERM",
        balanced=False,
        fault=IgnoresSigterm(),
    ),
)


@dataclass(frozen=True)
class Step:
    """A rollout after a piece of advice was followed; before any, `check` is empty."""

    check: str
    said: int  # seconds that doctor said it would save
    took: float  # simulated seconds from UpdateService to ECS' success


def main() -> int:
    lines = list(markdown())
    print("\n".join(lines))
    out = PROJECT / "out"
    out.mkdir(exist_ok=True)
    (out / "doctor.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


def markdown(patients: Sequence[Patient] = PATIENTS) -> Iterator[str]:
    """A table: each service, each piece of advice, what doctor said, what the rollout took."""
    yield "| service | after | doctor said | the rollout took |"
    yield "|---|---|---|---|"
    for patient in patients:
        for step in treated(patient):
            said = f"-{step.said} s" if step.check else ""
            name = f"`{step.check}`" if step.check else "nothing"
            yield f"| {patient.story} | {name} | {said} | {step.took:.0f} s |"


def treated(patient: Patient) -> list[Step]:
    """The rollout before, and the one after each piece of advice, in the report's order."""
    with rehearse(patient.targets, Rehearsal, timings=Timings.documented()) as account:
        _make(account, patient)
        steps = [Step("", 0, _roll_out(account, patient, "0000000"))]
        for number, finding in enumerate(slow(account, patient), start=1):
            follow(account, finding)
            if finding.check == "ignored-sigterm":
                account.ecs.faults.clear()  # the program that is pushed next obeys
                _roll_out(account, patient, f"b{number:06}")
            took = _roll_out(account, patient, f"a{number:06}")
            steps.append(Step(finding.check, finding.seconds or 0, took))
        return steps


def slow(account: Rehearsal, patient: Patient) -> list[Finding]:
    """What doctor says about slow rollouts."""
    report = looked_at(account, patient, only_slow=True)
    return list(report.findings)


def looked_at(account: Rehearsal, patient: Patient, *, only_slow: bool = False) -> Report:
    return examine(
        strangers(account.client),
        load_targets(patient.targets, "dev"),
        account.clock.now(),
        only="slow" if only_slow else None,
        fetch=lambda _: b"",
    )


def follow(account: Rehearsal, finding: Finding) -> None:
    """Do what the remedy says: its commands by the real `aws`, or its lines by a new revision."""
    if finding.remedy.startswith("aws "):
        for command in finding.remedy.split(" && "):
            _run(command)
    elif "healthCheck" in finding.remedy:
        where, _, written = finding.remedy.partition(": ")
        _register(account, where.rpartition(" ")[2], json.loads(f"{{{written}}}"))


def _run(command: str) -> None:
    program, *arguments = shlex.split(command)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = create_clidriver().main(arguments)
    if program != "aws" or code:
        raise RuntimeError(f"{command} ended with {code}: {said.getvalue()}")


def _register(account: Rehearsal, container: str, lines: dict[str, Any]) -> None:
    """A revision with these lines in one container, as a person or Terraform registers it."""
    ecs = account.client("ecs")
    family = container + "-dev"
    body = ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
    body["containerDefinitions"] = [
        {**each, **lines} if each["name"] == container else each
        for each in body["containerDefinitions"]
    ]
    kept = {key: value for key, value in body.items() if key not in RESPONSE_ONLY}
    ecs.register_task_definition(**kept)


def _make(account: Rehearsal, patient: Patient) -> None:
    """The patient's service, steady, before Slipway has deployed anything."""
    account.deliver = False
    account.client("ecs").create_cluster(clusterName=CLUSTER)
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    settings: dict[str, Any] = {
        "deploymentConfiguration": {**breaker, **patient.configuration},
        "desired": patient.desired,
    }
    if patient.balanced:
        balancer = {"containerName": f"conflicto-{patient.name}", "containerPort": 5000}
        settings["loadBalancers"] = [{"targetGroupArn": _target_group(account), **balancer}]
        settings["healthCheckGracePeriodSeconds"] = 60
    if patient.fault is not None:
        account.ecs.faults.service(patient.service, patient.fault)
    conflicto.add_service(account.client, patient.name, "gunicorn_fargate", **settings)
    account.advance(_LONG)
    account.deliver = True


def _target_group(account: Rehearsal) -> str:
    """A target group with the defaults of Elastic Load Balancing."""
    (vpc,) = account.client("ec2").describe_vpcs()["Vpcs"]
    made = account.client("elbv2").create_target_group(
        Name="conflicto", Protocol="HTTP", Port=80, VpcId=vpc["VpcId"], TargetType="ip"
    )
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def _roll_out(account: Rehearsal, patient: Patient, tag: str) -> float:
    """Push an image, which Slipway deploys; how long ECS' rollout took."""
    digest = conflicto.push(account.client, f"conflicto-{patient.name}-dev", [tag])
    record = account.settle(patient.service, digest)
    if record["status"] != Status.SUCCESSFUL:
        raise RuntimeError(f"{patient.service}: {record}")
    newest = account.ecs.service_deployments(patient.service)[0]
    if newest.finished_at is None:
        raise RuntimeError(f"{patient.service}: ECS has not finished")
    return (newest.finished_at - newest.created_at).total_seconds()


if __name__ == "__main__":
    sys.exit(main())
