"""For every pair of stages of the shipped files: one can do nothing to the other.

All stages are deployed to one account: their functions, their deployers with the boundaries, and
the roles of their GitHub environments. What the roles of one stage may do to what belongs to it, no
role of another stage may do. The exceptions are named in `EXCEPTIONS`.

`dev-x` is not shipped. It is here because its names begin as those of `dev` do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import pytest

from cli.package.build import package
from embedded.account import EmbeddedAws
from embedded.iam.evaluate import Statement, read_policy, statements
from embedded.services.cloudformation.deploy import Stack
from tests.bootstrap.templates import REPOSITORY, arns, deploy, roles
from tests.cli.packages import CACHE, copy_project

SHIPPED = ("dev", "staging", "prod")
STAGES = (*SHIPPED, "dev-x")
# What a role of one stage may do although another stage's role may do it to its own things.
EXCEPTIONS: dict[str, str] = {
    "ecs:DescribeTaskDefinition": "ECS offers no resource: any task definition can be read",
    "cloudwatch:DescribeAlarms": "services name their alarms themselves: any alarm can be read",
}
Question = tuple[str, str, dict[str, str]]  # action, resource, context


@dataclass(frozen=True)
class Stage:
    """One stage in the account: its roles' statements by the roles' names, and its resources."""

    name: str
    roles: dict[str, tuple[Statement, ...]]
    boundary: tuple[Statement, ...]
    arns: tuple[str, ...]


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Stage]]:
    root = tmp_path_factory.mktemp("apart")
    copy_project(root / "project")
    file = root / "project" / "chalicelib" / "targets.toml"
    file.write_text(file.read_text("utf-8") + "\n[environment.dev-x]\n", "utf-8")
    with EmbeddedAws(rate=60) as aws:
        yield {name: _deployed(aws, root, name) for name in STAGES}


def _deployed(aws: EmbeddedAws, root: Path, name: str) -> Stage:
    deployer = deploy(
        aws,
        "slipway.yaml",
        f"slipway-deployer-{name}",
        Stage=name,
        GitHubRepository=REPOSITORY,
        CreateOidcProvider="false",
        Clusters=f"conflicto-{name}",
        Families=f"conflicto-*-{name}",
        Repositories=f"conflicto-*-{name}",
        LogGroups=f"/ecs/conflicto-*-{name}",
        TaskRoles=f"arn:aws:iam::*:role/conflicto-*-{name}",
    )
    github = deploy(
        aws,
        "github.yaml",
        f"slipway-github-{name}",
        Environment=name,
        GitHubRepository=REPOSITORY,
        CreateOidcProvider="false",
        EcrRepository=f"conflicto-backend-{name}",
        CreateRollbackRole="true",
    )
    made = package(root / "project", name, root / "out", "x86_64", CACHE)
    stack = aws.deploy(made.template, made.archive, f"slipway-{name}")
    found = {
        role: tuple(statements(role)) for one in (deployer, github, stack) for role in roles(one)
    }
    assert all(found.values())
    version = aws.client("iam").get_policy_version(
        PolicyArn=deployer.outputs["BoundaryArn"], VersionId="v1"
    )
    boundary = read_policy("boundary", version["PolicyVersion"]["Document"])
    return Stage(name, found, boundary, tuple(_arns(aws, stack, deployer)))


def _arns(aws: EmbeddedAws, *stacks: Stack) -> Iterator[str]:
    """The ARNs of what the stacks have, and of the stacks."""
    for stack in stacks:
        yield f"arn:aws:cloudformation:{aws.region}:{aws.account}:stack/{stack.name}/x"
        yield from arns(aws, stack)


def owned(stage: Stage) -> Iterator[Question]:
    """Everything that a role of the stage may do to something that bears the stage's name."""
    for role in stage.roles.values():
        for one in role:
            if one.effect == "Allow":
                context = {
                    key: _one_of(values)
                    for test in one.condition.values()
                    for key, values in test.items()
                }
                for action in one.actions:
                    for resource in one.resources:
                        question = action, _one_of(resource), context
                        if any(
                            _bears(stage.name, text) for text in (question[1], *context.values())
                        ):
                            yield question


# CloudFormation names what has no name: STACK-LOGICALID-RANDOM. An alarm's name we give.
_MADE = {":rule/": "OnImagePush-1A2B", ":role/slipway-": "WatchRole-1A2B", ":alarm:": "watch"}


def _one_of(pattern: str | list[str]) -> str:
    """A name that the pattern matches, of the form that such names have."""
    first = pattern if isinstance(pattern, str) else pattern[0]
    if first == "*":
        return first
    made = next((name for kind, name in _MADE.items() if kind in first), "x")
    return first.replace("*", made).replace("?", "x")


def _bears(stage: str, text: str) -> bool:
    return re.search(rf"(?<![a-z]){stage}(?![a-z])", text) is not None


def allowing(policy: Iterable[Statement], question: Question) -> list[str]:
    """The statements that allow it; none when one denies it."""
    applying = [one for one in policy if one.applies(*question)]
    if any(one.effect == "Deny" for one in applying):
        return []
    return [one.name for one in applying]


PAIRS = [
    pytest.param(mine, theirs, id=f"{mine}-to-{theirs}")
    for mine, theirs in permutations(STAGES, 2)
    if {mine, theirs} <= set(SHIPPED) or "dev" in {mine, theirs}
]


@pytest.mark.parametrize(("mine", "theirs"), PAIRS)
def test_no_role_of_a_stage_may_do_to_another_what_its_own_roles_may(
    stages: dict[str, Stage], mine: str, theirs: str
) -> None:
    asked = [each for each in owned(stages[theirs]) if each[0] not in EXCEPTIONS]
    assert len(asked) > 200
    for name, role in stages[mine].roles.items():
        for question in asked:
            assert not allowing(role, question), (name, question)


@pytest.mark.parametrize(("mine", "theirs"), PAIRS)
def test_no_role_of_a_stage_may_do_anything_to_what_another_stack_has(
    stages: dict[str, Stage], mine: str, theirs: str
) -> None:
    for name, role in stages[mine].roles.items():
        actions = {action for one in role if one.effect == "Allow" for action in one.actions}
        for arn in stages[theirs].arns:
            for action in sorted(actions - {"xray:PutTraceSegments"}):
                found = set(allowing(role, (action, arn, {}))) - _ON_ANYTHING
                assert not found, (name, action, arn)


# Statements on `*`: no resource of a stage is theirs to name (`REASONS` says why).
_ON_ANYTHING = {
    "DeliverLogs", "FindLogGroups", "LogInToEcr", "ReadTargetHealth", "ReadTaskDefinitions",
    "SendTraces",
}  # fmt: skip


@pytest.mark.parametrize(("mine", "theirs"), PAIRS)
def test_the_boundary_of_a_stage_reaches_no_other(
    stages: dict[str, Stage], mine: str, theirs: str
) -> None:
    """So a deployer that goes astray cannot make a role that reaches further."""
    for question in owned(stages[theirs]):
        if question[0] not in EXCEPTIONS:
            assert not allowing(stages[mine].boundary, question), question


@pytest.mark.parametrize("stage", STAGES)
def test_what_another_stage_may_not_do_the_stage_itself_may(
    stages: dict[str, Stage], stage: str
) -> None:
    """Or the tests above could not fail: the same questions, asked of the stage's own roles."""
    own = stages[stage]
    for question in owned(own):
        assert any(allowing(role, question) for role in own.roles.values()), question
