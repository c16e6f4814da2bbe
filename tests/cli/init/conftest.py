"""The embedded AWS with an account that has more of everything than a page, and a session there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import boto3
import botocore.endpoint
import pytest

from embedded.account import EmbeddedAws
from example import conflicto

MANY = 23  # services of one cluster: DescribeServices takes 10, ListServices gives 10
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-0a"], "securityGroups": ["sg-0a"]}}
_VARIABLES = ("AWS_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN")


@pytest.fixture(scope="package")
def aws() -> Iterator[EmbeddedAws]:
    """The example's account in three environments, and the clusters `many` and `odd`."""
    with EmbeddedAws(rate=60) as embedded:
        ecs = embedded.client("ecs")
        for stage in conflicto.STAGES:
            ecs.create_cluster(clusterName=f"conflicto-{stage}")
            conflicto.add_service(embedded.client, "backend", "gunicorn_fargate", stage, desired=0)
        ecs.create_cluster(clusterName="many")
        ecs.register_task_definition(
            family="outside",
            containerDefinitions=[{"name": "web", "image": "nginx:1", "memory": 64}],
        )
        for number in range(MANY):
            ecs.create_service(
                cluster="many",
                serviceName=f"web{number}",
                taskDefinition="outside",
                desiredCount=0,
                networkConfiguration=NETWORK,
            )
        ecs.create_cluster(clusterName="odd")
        ecs.create_service(
            cluster="odd",
            serviceName="external",
            deploymentController={"type": "EXTERNAL"},
            desiredCount=0,
        )
        ecs.create_service(
            cluster="odd",
            serviceName="agent",
            taskDefinition="outside",
            schedulingStrategy="DAEMON",
            networkConfiguration=NETWORK,
        )
        yield embedded


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def session(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    """A person's session. Between two tries of a throttled call no time passes."""
    for name, value in {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_DEFAULT_REGION": aws.region,
        "AWS_ACCESS_KEY_ID": "admin",
        "AWS_SECRET_ACCESS_KEY": "admin",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
    yield boto3.Session()
    aws.faults.clear()
