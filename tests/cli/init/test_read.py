"""What is read of an account, page by page, and what happens when a call is denied."""

from __future__ import annotations

import boto3
import pytest

from chalicelib.errors import Refused
from cli.init.facts import AccountFacts, ContainerFacts, DefinitionFacts
from cli.init.parse import definition_facts, revision_of
from cli.init.read import read
from embedded.account import EmbeddedAws
from embedded.gate.faults import Error, Throttle
from example import conflicto
from tests.cli.init.conftest import MANY

DENIED = Error("AccessDeniedException", 400, "User: x is not authorized")


def found(session: boto3.Session, *clusters: str) -> AccountFacts:
    return read(session, clusters, lambda _: None)


def test_every_page_of_an_account_is_read(session: boto3.Session) -> None:
    facts = found(session)
    assert facts.place.account == conflicto.ACCOUNT
    assert facts.clusters == ("conflicto-dev", "conflicto-prod", "conflicto-staging", "many", "odd")
    assert sum(each.cluster == "many" for each in facts.services) == MANY
    names = [f"conflicto-backend-{stage}" for stage in conflicto.STAGES]
    assert facts.repositories == frozenset(names)
    assert facts.tags["conflicto-backend-dev"] == ("0a1b2c3",)
    assert "outside" in facts.families
    assert facts.log_groups == frozenset(f"/ecs/{name}" for name in names)
    assert facts.unread == ()


def test_a_service_is_read_with_what_it_runs(session: boto3.Session) -> None:
    (service,) = found(session, "conflicto-dev").services
    assert service.definition == DefinitionFacts(
        family="conflicto-backend-dev",
        containers=(
            ContainerFacts(
                name="conflicto-backend",
                image=f"{conflicto.repository_uri('conflicto-backend-dev')}:0a1b2c3",
                log_group="/ecs/conflicto-backend-dev",
            ),
        ),
        roles=tuple(
            f"arn:aws:iam::{conflicto.ACCOUNT}:role/conflicto-{part}-dev"
            for part in ("task", "execution")
        ),
    )


def test_a_daemon_is_a_service_and_an_external_one_has_no_task_definition(
    session: boto3.Session,
) -> None:
    agent, external = sorted(found(session, "odd").services, key=lambda each: each.name)
    assert agent.definition is not None
    assert (agent.controller, agent.definition.family) == ("ECS", "outside")
    assert (external.controller, external.definition) == ("EXTERNAL", None)


def test_each_task_definition_is_read_once(session: boto3.Session, aws: EmbeddedAws) -> None:
    told: list[str] = []
    read(session, ("many",), told.append)
    assert [words for words in told if "task definition" in words] == [
        "Reading the task definition outside:1"
    ]


def test_only_the_named_clusters_are_read(session: boto3.Session) -> None:
    facts = found(session, "many", "arn:aws:ecs:us-west-2:123456789012:cluster/conflicto-dev")
    assert facts.clusters == ("conflicto-dev", "many")
    assert facts.families == ()


def test_a_cluster_that_is_not_there_is_refused_with_the_one_that_was_meant(
    session: boto3.Session,
) -> None:
    with pytest.raises(Refused, match=r"no cluster conflicto-dve .* Did you mean conflicto-dev\?"):
        found(session, "conflicto-dve")


def test_a_throttled_call_is_sent_again(session: boto3.Session, aws: EmbeddedAws) -> None:
    rule = aws.faults.add(Throttle(), operation="DescribeServices", times=2)
    assert len(found(session, "conflicto-dev").services) == 1
    assert rule.struck == 2


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("ListServices", "ecs:ListServices on conflicto-dev"),
        ("DescribeServices", "ecs:DescribeServices on conflicto-dev"),
        ("DescribeTaskDefinition", "ecs:DescribeTaskDefinition"),
        ("DescribeRepositories", "ecr:DescribeRepositories"),
        ("ListImages", "ecr:ListImages"),
        ("ListTaskDefinitionFamilies", "ecs:ListTaskDefinitionFamilies"),
        ("DescribeLogGroups", "logs:DescribeLogGroups"),
    ],
)
def test_what_one_denied_call_would_have_told_is_said_and_the_rest_is_read(
    session: boto3.Session, aws: EmbeddedAws, operation: str, words: str
) -> None:
    aws.faults.add(DENIED, operation=operation, times=None)
    facts = found(session)
    assert facts.unread[0].startswith(f"AWS denied {words}, so ")
    assert len(facts.clusters) == 5
    assert all(line.endswith(".") for line in facts.unread)


def test_without_the_list_of_clusters_they_must_be_named(
    session: boto3.Session, aws: EmbeddedAws
) -> None:
    aws.faults.add(DENIED, operation="ListClusters", times=None)
    with pytest.raises(Refused, match=r"denied ecs:ListClusters.*Next: .*--cluster"):
        found(session)
    facts = found(session, "conflicto-dev")
    assert (len(facts.services), facts.unread) == (1, ())


def test_an_express_service_tells_its_revision_in_its_deployment() -> None:
    deployments = [
        {"status": "ACTIVE", "taskDefinition": "old"},
        {"status": "PRIMARY", "taskDefinition": "new"},
    ]
    assert revision_of({"deployments": deployments}) == "new"
    assert revision_of({"taskDefinition": "own", "deployments": deployments}) == "own"
    assert revision_of({"deployments": [{"status": "PRIMARY"}]}) == ""


@pytest.mark.parametrize(
    ("logs", "group"),
    [
        ({"logDriver": "awslogs", "options": {"awslogs-group": "a"}}, "a"),
        (
            {
                "logDriver": "awslogs",
                "options": {"awslogs-group": "a", "awslogs-region": "us-west-2"},
            },
            "a",
        ),
        (
            {
                "logDriver": "awslogs",
                "options": {"awslogs-group": "a", "awslogs-region": "eu-west-1"},
            },
            "",
        ),
        ({"logDriver": "splunk", "options": {"awslogs-group": "a"}}, ""),
        (None, ""),
    ],
)
def test_only_log_groups_of_this_region_are_named(logs: object, group: str) -> None:
    body = {"family": "f", "containerDefinitions": [{"name": "c", "logConfiguration": logs}]}
    assert definition_facts(body, "us-west-2").containers[0].log_group == group
