"""The adapter of Elastic Load Balancing, against the simulated targets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.stub import Stubber

from chalicelib.aws import clients
from chalicelib.aws.ecs import Ecs, _target_groups
from chalicelib.aws.elbv2 import ElasticLoadBalancing
from chalicelib.errors import Denied, DeployerError, Refused, Unanswered, Unavailable
from chalicelib.model.health import TargetHealth
from embedded.services.ecs import UnhealthyTarget
from example import conflicto
from rehearsal.rehearsal import Rehearsal, rehearse

CLUSTER, SERVICE = "conflicto-dev", "conflicto-backend-service-dev"
ARN = f"arn:aws:elasticloadbalancing:{conflicto.REGION}:{conflicto.ACCOUNT}:targetgroup"
GROUP = f"{ARN}/conflicto/6d0e"
TARGETS = f"""
[[target]]
repository = "conflicto-backend-dev"
cluster = "{CLUSTER}"
service = "{SERVICE}"
"""


@pytest.fixture
def account() -> Iterator[Rehearsal]:
    """A balanced service; its second task never passes a health check, and has time to."""
    with rehearse(TARGETS, Rehearsal) as rehearsal:
        rehearsal.deliver = False
        rehearsal.ecs.faults.service(f"{CLUSTER}/{SERVICE}", UnhealthyTarget(times=1))
        rehearsal.client("ecs").create_cluster(clusterName=CLUSTER)
        conflicto.add_service(
            rehearsal.client,
            "backend",
            "gunicorn_fargate",
            loadBalancers=[{"targetGroupArn": GROUP, "containerPort": 5000}],
            healthCheckGracePeriodSeconds=600,
        )
        rehearsal.advance(60)
        yield rehearsal


def test_every_target_is_told_with_its_reason(account: Rehearsal) -> None:
    failing, good = (task.address for task in account.ecs.tasks(f"{CLUSTER}/{SERVICE}"))
    assert set(ElasticLoadBalancing().target_health(GROUP)) == {
        TargetHealth(
            target=f"{failing}:5000",
            state="unhealthy",
            reason="Target.FailedHealthChecks",
            description="Health checks failed",
        ),
        TargetHealth(target=f"{good}:5000", state="healthy"),
    }
    assert account.calls == ["elbv2:DescribeTargetHealth"]


def test_a_service_names_its_target_groups(account: Rehearsal) -> None:
    found = Ecs().service(CLUSTER, SERVICE)
    assert found is not None
    assert found.target_groups == (GROUP,)


@pytest.mark.parametrize(
    ("balancers", "groups"),
    [
        ([], ()),
        ([{"loadBalancerName": "classic", "containerPort": 80}], ()),
        ([{"targetGroupArn": "a"}, {"targetGroupArn": "b"}, {"targetGroupArn": "a"}], ("a", "b")),
        (
            [{"targetGroupArn": "a", "advancedConfiguration": {"alternateTargetGroupArn": "b"}}],
            ("a", "b"),
        ),
    ],
    ids=["none", "classic", "several", "blue/green"],
)
def test_target_groups_are_named_once_and_both_colours(
    balancers: list[dict[str, object]], groups: tuple[str, ...]
) -> None:
    assert _target_groups(balancers) == groups


def test_a_target_group_that_is_gone_is_refused_by_its_name(account: Rehearsal) -> None:
    with pytest.raises(Refused, match="could not read the health of the targets of other/1:"):
        ElasticLoadBalancing().target_health(f"{ARN}/other/1")


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("AccessDenied", 403, Denied),
        ("Throttling", 400, Unavailable),
        ("HealthUnavailable", 500, Unanswered),
    ],
)
def test_what_elastic_load_balancing_answers_is_translated_after_one_try(
    account: Rehearsal, code: str, status: int, error: type[DeployerError]
) -> None:
    with Stubber(clients.client_quick("elbv2")) as stubber:
        stubber.add_client_error("describe_target_health", code, "words", http_status_code=status)
        with pytest.raises(error):
            ElasticLoadBalancing().target_health(GROUP)
        stubber.assert_no_pending_responses()
