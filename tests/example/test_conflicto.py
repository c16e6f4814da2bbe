"""The example account that `make local` serves."""

from __future__ import annotations

from embedded.account import EmbeddedAws
from example import conflicto


def test_the_services_run_in_subnets_and_security_groups_that_exist() -> None:
    with EmbeddedAws() as aws:
        conflicto.build(aws.client)
        ec2 = aws.client("ec2")
        for stage in conflicto.STAGES:
            [service] = aws.client("ecs").describe_services(
                cluster=f"conflicto-{stage}", services=[f"conflicto-backend-service-{stage}"]
            )["services"]
            network = service["networkConfiguration"]["awsvpcConfiguration"]
            found = ec2.describe_subnets(SubnetIds=network["subnets"])["Subnets"]
            groups = ec2.describe_security_groups(GroupIds=network["securityGroups"])
            assert len(found) == len(network["subnets"]) > 0
            assert len(groups["SecurityGroups"]) == 1


def test_the_password_for_the_registry_and_a_session_are_still_valid() -> None:
    with EmbeddedAws() as aws:
        now = aws.clock.now()
        [data] = aws.client("ecr").get_authorization_token()["authorizationData"]
        session = aws.client("sts").get_session_token()["Credentials"]
        assert data["expiresAt"] > now
        assert session["Expiration"] > now
