"""The example account: the ECR repository, cluster and service of the team conflicto.

It is made through the public APIs, as a person would make it. So it is the same in one process, on
the port of the embedded AWS, and in a real account.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

_FIXTURES = Path(__file__).parent / "fixtures" / "task-definitions"
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
REGION = "us-west-2"
ACCOUNT = "123456789012"
STAGES = ("dev", "staging", "prod")

Client = Callable[[str], Any]


def repository_uri(repository: str) -> str:
    return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}"


def manifest(build: str, label: str | None = None) -> str:
    """The manifest of an image; the same `build` (any text) gives the same bytes.

    With a `label`, the text stands in an annotation: another one makes another image.
    """
    config, layer = (hashlib.sha256(f"{build}/{part}".encode()).hexdigest() for part in "cl")
    body = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST if label is None else _OCI_MANIFEST,
        "config": {"mediaType": _CONFIG, "size": 7023, "digest": f"sha256:{config}"},
        "layers": [{"mediaType": _LAYER, "size": 32654321, "digest": f"sha256:{layer}"}],
    }
    if label is not None:
        body["annotations"] = {"org.opencontainers.image.version": label}
    return json.dumps(body, indent=3)


def digest_of(build: str) -> str:
    return "sha256:" + hashlib.sha256(manifest(build).encode()).hexdigest()


def push(client: Client, repository: str, tags: Sequence[str], build: str | None = None) -> str:
    """Push the image of `build` (default: the first tag) under these tags; returns its digest."""
    for tag in tags:
        client("ecr").put_image(
            repositoryName=repository,
            imageManifest=manifest(build or tags[0]),
            imageManifestMediaType=_MANIFEST,
            imageTag=tag,
        )
    return digest_of(build or tags[0])


def task_definition(sample: str, name: str, stage: str, image: str) -> dict[str, Any]:
    """One of AWS' samples, adapted to the team's service `name`."""
    definition: dict[str, Any] = json.loads((_FIXTURES / f"{sample}.json").read_text())
    container = definition["containerDefinitions"][0]
    container |= {"name": f"conflicto-{name}", "image": image}
    container["environment"] = [
        *container.get("environment", []),
        {"name": "STAGE", "value": stage},
        {"name": "FEATURE_FLAGS", "value": ""},
    ]
    container["logConfiguration"]["options"] |= {
        "awslogs-group": f"/ecs/conflicto-{name}-{stage}",
        "awslogs-region": REGION,
    }
    roles = {
        key: f"arn:aws:iam::{ACCOUNT}:role/conflicto-{part}-{stage}"
        for key, part in (("executionRoleArn", "execution"), ("taskRoleArn", "task"))
    }
    return {**definition, "family": f"conflicto-{name}-{stage}", **roles}


def build(client: Client, container: Mapping[str, Any] | None = None) -> None:
    """Make the team's account: dev, staging and prod, each with its repository and service.

    `container` is added to the container of each service, such as a health check.
    """
    found = network(client)
    for stage in STAGES:
        client("ecs").create_cluster(clusterName=f"conflicto-{stage}")
        add_service(
            client,
            "backend",
            "gunicorn_fargate",
            stage,
            container=container,
            networkConfiguration=found,
        )


def network(client: Client) -> dict[str, Any]:
    """The network of the services: the subnets and the security group of the default VPC."""
    ec2 = client("ec2")
    [vpc] = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    within = {"Name": "vpc-id", "Values": [vpc["VpcId"]]}
    default = {"Name": "group-name", "Values": ["default"]}
    subnets = ec2.describe_subnets(Filters=[within])["Subnets"]
    groups = ec2.describe_security_groups(Filters=[within, default])["SecurityGroups"]
    return {
        "awsvpcConfiguration": {
            "subnets": sorted(subnet["SubnetId"] for subnet in subnets),
            "securityGroups": [group["GroupId"] for group in groups],
        }
    }


def add_service(  # noqa: PLR0913 - all but three are options
    client: Client,
    name: str,
    sample: str,
    stage: str = "dev",
    *,
    desired: int = 2,
    container: Mapping[str, Any] | None = None,
    **settings: Any,
) -> None:
    """Make one service, `conflicto-NAME-service-STAGE`, with its repository and first image.

    `container` is added to its container, and `settings` go to CreateService. By default the
    circuit breaker is on, with rollback, and the network does not exist (to look up a real one,
    with `network`, takes seconds in a simulation).
    """
    image = _first_image(client, name, stage)
    definition = task_definition(sample, name, stage, image)
    definition["containerDefinitions"][0] |= container or {}
    registered = client("ecs").register_task_definition(
        **definition,
        tags=[{"key": "team", "value": "conflicto"}, {"key": "managed-by", "value": "terraform"}],
    )
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    client("ecs").create_service(
        **{
            "cluster": f"conflicto-{stage}",
            "serviceName": f"conflicto-{name}-service-{stage}",
            "taskDefinition": registered["taskDefinition"]["taskDefinitionArn"],
            "desiredCount": desired,
            "launchType": "FARGATE",
            "deploymentConfiguration": breaker,
            "networkConfiguration": {
                "awsvpcConfiguration": {"subnets": ["subnet-0a"], "securityGroups": ["sg-0a"]}
            },
            **settings,
        }
    )


def add_express_service(
    client: Client, name: str, stage: str = "dev", *, desired: int = 2, **settings: Any
) -> None:
    """Make one Express service, `conflicto-NAME-service-STAGE`, as `add_service` makes another.

    ECS makes its task definition, in the family CLUSTER-SERVICE. `settings` go to
    CreateExpressGatewayService.
    """
    repository, role = f"conflicto-{name}-{stage}", f"arn:aws:iam::{ACCOUNT}:role/conflicto"
    container = {
        "image": _first_image(client, name, stage),
        "containerPort": 5000,
        "environment": [{"name": "STAGE", "value": stage}, {"name": "FEATURE_FLAGS", "value": ""}],
        "awsLogsConfiguration": {"logGroup": f"/ecs/{repository}", "logStreamPrefix": "ecs"},
    }
    client("ecs").create_express_gateway_service(
        **{
            "cluster": f"conflicto-{stage}",
            "serviceName": f"conflicto-{name}-service-{stage}",
            "infrastructureRoleArn": f"{role}-infrastructure-{stage}",
            "executionRoleArn": f"{role}-execution-{stage}",
            "taskRoleArn": f"{role}-task-{stage}",
            "primaryContainer": container,
            "scalingTarget": {"minTaskCount": desired},
            **settings,
        }
    )


def _first_image(client: Client, name: str, stage: str) -> str:
    """Make the repository and the log group of a service; return its first image."""
    repository = f"conflicto-{name}-{stage}"
    client("ecr").create_repository(
        repositoryName=repository, imageScanningConfiguration={"scanOnPush": True}
    )
    push(client, repository, ["0a1b2c3"], build=f"{name}: the first image")
    client("logs").create_log_group(logGroupName=f"/ecs/{repository}")
    return f"{repository_uri(repository)}:0a1b2c3"
