"""The benchmark's account: one embedded AWS, the packaged Slipway, and keys for the other tools."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from cli.package.build import Package, package
from embedded.account import EmbeddedAws
from embedded.calls.sessions import REGION
from example.scenario import CLUSTER, Trial
from example.scenarios import SCENARIOS

PROJECT = Path(__file__).resolve().parents[1]
_TARGET = """
[[target]]
repository = "conflicto-{name}-dev"
cluster    = "{cluster}"
service    = "conflicto-{name}-service-dev"
tags       = '^[0-9a-f]{{7,40}}$'
pass_roles = ["arn:aws:iam::*:role/conflicto-*"]
log_groups = ["/ecs/conflicto-{name}-dev"]
"""


def stage_name(scenario: str, tool: str) -> str:
    return f"{scenario}-{tool}"


def targets(tool: str = "slipway") -> str:
    """A targets.toml in which Slipway follows its own service of every scenario."""
    tables = [_TARGET.format(name=stage_name(one.name, tool), cluster=CLUSTER) for one in SCENARIOS]
    return "".join([*tables, "\n[environment.dev]\n"])


def deploy_slipway(aws: EmbeddedAws, out: Path, following: str) -> Package:
    """Package Slipway as `make package` does, with a benchmark's targets.toml, and deploy it."""
    project = out / "project"
    shutil.rmtree(project, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__", "deployed", "deployments")
    for folder in ("chalicelib", ".chalice"):
        shutil.copytree(PROJECT / folder, project / folder, ignore=ignored)
    for file in ("app.py", "requirements.txt"):
        shutil.copy(PROJECT / file, project)
    (project / "chalicelib" / "targets.toml").write_text(following, encoding="utf-8")
    made = package(project, "dev", out, "x86_64", out.parent / ".cache")
    aws.deploy(made.template, made.archive)
    return made


def keys_of(aws: EmbeddedAws, name: str) -> dict[str, str]:
    """The environment of a program that calls AWS as a user of its own, with all rights."""
    keys = aws.sessions.user(name)
    return {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def ecs_calls(aws: EmbeddedAws, by: Callable[[str], bool], since: int) -> int:
    """How many ECS calls these principals have made since the recorder held `since` calls."""
    return sum(call.service == "ecs" and by(call.principal) for call in aws.recorder.calls[since:])


def updated_at(aws: EmbeddedAws, trial: Trial, by: Callable[[str], bool], since: int) -> float:
    """When the tool first updated the service, in epoch seconds; now, if it never did."""
    updates = [
        call.at.timestamp()
        for call in aws.recorder.calls[since:]
        if call.operation == "UpdateService" and by(call.principal)
    ]
    return updates[0] if updates else trial.clock.now().timestamp()
