"""The templates of bootstrap/: what they grant to whom, and what they make."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from policy_sentry.querying.actions import get_action_data

from chalicelib.decide.proven import _PROVEN_KEPT
from embedded.account import EmbeddedAws
from embedded.iam.evaluate import statements as granted
from example import conflicto
from tests.bootstrap.templates import (
    REPOSITORY,
    TEMPLATES,
    deploy,
    listed,
    network,
    statements,
    template,
)
from tests.cli.test_policies import NEWER

ISSUER = "token.actions.githubusercontent.com"
IDS = [path.stem for path in TEMPLATES]
# What takes no resource, by the Service Authorization Reference.
WITHOUT_RESOURCE = {"LogInToEcr"}
# A permissions boundary is a ceiling, and grants nothing.
CEILING = {"DeliverLogsAndTraces", "KeepFamiliesTidy", "ListTasks", "ReadWhatHasNoResource"}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(rate=60) as embedded:
        yield embedded


@pytest.mark.parametrize("path", TEMPLATES, ids=IDS)
def test_cfn_lint_finds_nothing(path: Path) -> None:
    regions = ["us-west-2", "eu-central-1", "ap-southeast-1"]
    config = ManualArgs(include_checks=["I"], regions=regions)
    assert [str(match) for match in lint(path.read_text("utf-8"), config=config)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=IDS)
def test_the_comment_at_the_top_is_a_command_that_names_its_own_file(path: Path) -> None:
    comment = "".join(line for line in path.read_text("utf-8").splitlines(keepends=True)[:12])
    assert f"--template-file bootstrap/{path.name}" in comment
    for given in re.findall(r"(\w+)=", comment):
        assert given in template(path.name)["Parameters"] or given == "Image", given


@pytest.mark.parametrize("path", TEMPLATES, ids=IDS)
def test_everything_is_granted_by_name_on_something_named(path: Path) -> None:
    for role, statement in statements(template(path.name)):
        where = (path.name, role, statement["Sid"])
        if statement["Effect"] == "Deny":
            continue
        for action in listed(statement["Action"]):
            assert "*" not in action, where
            service, name = NEWER.get(action, action).split(":")
            assert get_action_data(service, name), (where, action, "does not exist")
        if role == "Boundary" and statement["Sid"] in CEILING:
            continue
        if "*" in listed(statement["Resource"]):
            assert statement["Sid"] in WITHOUT_RESOURCE, where
            for action in listed(statement["Action"]):
                rows = get_action_data(*action.split(":"))[action.split(":")[0]]
                assert {row["resource_arn_format"] for row in rows} == {"*"}, (where, action)


def test_the_role_of_an_environment_has_nothing_of_ecs_and_nothing_of_iam() -> None:
    services = {
        action.split(":")[0]
        for _, statement in statements(template("github.yaml"))
        for action in listed(statement["Action"])
    }
    assert services == {"ecr", "lambda"}


@pytest.mark.parametrize("name", ["github.yaml", "slipway.yaml"])
def test_the_trust_names_the_repository_and_the_environment_and_no_wildcard(name: str) -> None:
    role = template(name)["Resources"]["Role"]["Properties"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert set(statement["Condition"]) == {"StringEquals"}
    exact = statement["Condition"]["StringEquals"]
    assert set(exact) == {f"{ISSUER}:aud", f"{ISSUER}:sub"}
    assert exact[f"{ISSUER}:aud"] == "sts.amazonaws.com"
    subject = {"Fn::Sub": "repo:${GitHubRepository}:environment:${Environment}"}
    customized = {"Fn::If": ["NamesSubject", {"Ref": "Subject"}, subject]}
    assert exact[f"{ISSUER}:sub"] == (customized if name == "github.yaml" else subject)
    assert "*" not in json.dumps(statement)


@pytest.mark.parametrize(
    ("parameter", "accepted", "refused"),
    [
        (
            "GitHubRepository",
            ["octo-org/conflicto", "octo-org@1/conflicto.web@22"],
            ["octo-org/*", "*", "octo-org", "o/n:ref:refs/heads/main", "o/n@", "", "o/n?"],
        ),
        (
            "Environment",
            ["dev", "staging-eu", "rollback", "prod-rollbacks"],
            ["*", "dev*", "de?", "", "Dev", "dev:x"],
        ),
        (
            "Subject",
            ["", "repo:o/n:environment:dev:actor:x", "repo:o/n-rollback:environment:dev"],
            ["*", "repo:o/n:environment:*", "repo:o/n:environment:?", "repo:o/n:ref:refs/heads/x"],
        ),
        (
            "RollbackSubject",
            ["", "repo:o/n:environment:dev-rollback", "repo:o/n:environment:dev-rollback:actor:x"],
            ["*", "repo:o/n:environment:*-rollback", "repo:o/n:environment:dev-rollback:*"],
        ),
        ("PromotesFromAccount", ["", "210987654321"], ["*", "2109876"]),
        ("EcrRepository", ["app", "team/app-dev"], ["*", "app*", "", "-app"]),
        ("PromotesFrom", ["", "dev"], ["*", "dev*"]),
    ],
)
def test_a_parameter_takes_no_wildcard(
    parameter: str, accepted: list[str], refused: list[str]
) -> None:
    pattern = template("github.yaml")["Parameters"][parameter]["AllowedPattern"]
    assert [value for value in accepted if not re.fullmatch(pattern, value)] == []
    assert [value for value in refused if re.fullmatch(pattern, value)] == []


def test_ecr_keeps_more_images_than_slipway_may_go_back_to() -> None:
    keep = template("repositories.yaml")["Parameters"]["KeepImages"]
    assert keep["MinValue"] >= 2 * _PROVEN_KEPT
    assert keep["Default"] >= 10 * _PROVEN_KEPT


def test_the_environments_are_made_one_after_the_other_and_told_apart(aws: EmbeddedAws) -> None:
    made = {}
    for stage, before in (("dev", ""), ("staging", "dev"), ("prod", "staging")):
        promotes = {"PromotesFrom": before, "PromotesFromEcrRepository": f"conflicto-{before}"}
        made[stage] = deploy(
            aws,
            "github.yaml",
            f"slipway-github-{stage}",
            GitHubRepository=REPOSITORY,
            Environment=stage,
            EcrRepository=f"conflicto-{stage}",
            CreateOidcProvider="true" if stage == "dev" else "false",
            **(promotes if before else {}),
        )
        aws.client("ecr").create_repository(repositoryName=f"conflicto-{stage}")
    providers = aws.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert [one["Arn"].split("/", 1)[1] for one in providers] == [ISSUER]
    provider = aws.client("iam").get_open_id_connect_provider(
        OpenIDConnectProviderArn=providers[0]["Arn"]
    )
    assert provider["ClientIDList"] == ["sts.amazonaws.com"]

    role = aws.client("iam").get_role(RoleName="slipway-github-staging")["Role"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Federated": providers[0]["Arn"]}
    assert trust["Condition"]["StringEquals"] == {
        f"{ISSUER}:aud": "sts.amazonaws.com",
        f"{ISSUER}:sub": f"repo:{REPOSITORY}:environment:staging",
    }

    staging = made["staging"].outputs["RoleArn"]
    assert push(aws, staging, "conflicto-staging") == "pushed"
    assert push(aws, staging, "conflicto-prod") == "AccessDeniedException"
    assert push(aws, staging, "conflicto-dev") == "AccessDeniedException"
    assert may_read(aws, staging, "conflicto-dev")
    assert not may_read(aws, made["dev"].outputs["RoleArn"], "conflicto-staging")
    for function, allowed in {
        "slipway-staging-status": True,
        "slipway-staging-rollback": False,  # its own role: test_going_back.py
        "slipway-staging-deploy": True,
        "slipway-dev-status": True,
        "slipway-dev-deploy": False,
        "slipway-prod-status": False,
        "slipway-staging-sweep": False,
    }.items():
        assert may_invoke(aws, staging, function) is allowed, function


def test_a_repository_that_was_renamed_is_trusted_after_the_stack_is_deployed_again(
    aws: EmbeddedAws,
) -> None:
    given = {"Environment": "renamed", "CreateOidcProvider": "false"}
    deploy(aws, "github.yaml", "slipway-github-renamed", GitHubRepository="o@1/old@2", **given)
    deploy(aws, "github.yaml", "slipway-github-renamed", GitHubRepository="o@1/new@2", **given)
    role = aws.client("iam").get_role(RoleName="slipway-github-renamed")["Role"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    subject = trust["Condition"]["StringEquals"][f"{ISSUER}:sub"]
    assert subject == "repo:o@1/new@2:environment:renamed"


def test_a_role_that_may_neither_deploy_nor_roll_back_can_still_ask(aws: EmbeddedAws) -> None:
    made = deploy(
        aws,
        "github.yaml",
        "slipway-github-careful",
        GitHubRepository=REPOSITORY,
        Environment="careful",
        CreateOidcProvider="false",
        MayDeploy="false",
        MayRollBack="false",
    )
    role = made.outputs["RoleArn"]
    asked = {name: may_invoke(aws, role, f"slipway-careful-{name}")
             for name in ("status", "deploy", "rollback")}  # fmt: skip
    assert asked == {"status": True, "deploy": False, "rollback": False}


def test_the_environment_before_may_be_in_another_account(aws: EmbeddedAws) -> None:
    deploy(
        aws,
        "github.yaml",
        "slipway-github-across",
        GitHubRepository=REPOSITORY,
        Environment="across",
        CreateOidcProvider="false",
        PromotesFrom="staging",
        PromotesFromEcrRepository="app-staging",
        PromotesFromAccount="210987654321",
    )
    elsewhere = {
        resource
        for action in granted("slipway-github-across")
        for resource in action.resources
        if "210987654321" in resource
    }
    assert elsewhere == {
        "arn:aws:lambda:us-west-2:210987654321:function:slipway-staging-status",
        "arn:aws:ecr:us-west-2:210987654321:repository/app-staging",
    }


def test_the_repository_never_gives_a_tag_to_other_bytes_except_latest(aws: EmbeddedAws) -> None:
    deploy(aws, "repositories.yaml", "one-repository", Repository="shop/api")
    conflicto.push(aws.client, "shop/api", ["abc1234", "latest"], "one")
    with pytest.raises(ClientError, match="ImageTagAlreadyExists"):
        conflicto.push(aws.client, "shop/api", ["abc1234"], "another")
    conflicto.push(aws.client, "shop/api", ["def5678", "latest"], "another")

    (found,) = aws.client("ecr").describe_repositories(repositoryNames=["shop/api"])["repositories"]
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    assert found["encryptionConfiguration"]["encryptionType"] == "AES256"
    text = aws.client("ecr").get_lifecycle_policy(repositoryName="shop/api")["lifecyclePolicyText"]
    untagged, tagged = json.loads(text)["rules"]
    assert untagged["selection"]["tagStatus"] == "untagged"
    assert tagged["selection"] == {
        "tagStatus": "tagged",
        "tagPatternList": ["*"],
        "countType": "imageCountMoreThan",
        "countNumber": 100,
    }
    with pytest.raises(ClientError, match="RepositoryPolicyNotFound"):
        aws.client("ecr").get_repository_policy(repositoryName="shop/api")


def test_another_account_may_pull_where_it_is_named(aws: EmbeddedAws) -> None:
    puller = "arn:aws:iam::210987654321:role/slipway-github-staging"
    deploy(aws, "repositories.yaml", "shared", Repository="shop/shared", PullerArn=puller)
    policy = aws.client("ecr").get_repository_policy(repositoryName="shop/shared")["policyText"]
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Principal"] == {"AWS": puller}
    assert "ecr:PutImage" not in statement["Action"]


def test_the_example_is_a_service_that_runs_and_has_a_circuit_breaker(aws: EmbeddedAws) -> None:
    made = deploy(aws, "example.yaml", "conflicto-test", Environment="test", **network(aws))
    assert made.outputs["Service"] == "conflicto-test/conflicto-backend-service-test"

    def service() -> dict[str, Any]:
        cluster, name = made.outputs["Service"].split("/")
        found = aws.client("ecs").describe_services(cluster=cluster, services=[name])
        return dict(found["services"][0])

    assert aws.wait_until(lambda: service()["deployments"][0]["rolloutState"] == "COMPLETED", 600)
    breaker = service()["deploymentConfiguration"]["deploymentCircuitBreaker"]
    assert (breaker["enable"], breaker["rollback"]) == (True, True)
    definition = aws.client("ecs").describe_task_definition(taskDefinition="conflicto-backend-test")
    (container,) = definition["taskDefinition"]["containerDefinitions"]
    assert container["logConfiguration"]["options"]["awslogs-group"] == (
        "/ecs/conflicto-backend-test"
    )
    for part in ("execution", "task"):
        aws.client("iam").get_role(RoleName=f"conflicto-{part}-test")


def push(aws: EmbeddedAws, role: str, repository: str) -> str:
    ecr = aws._clients.as_role(role, "a-run", "ecr")
    try:
        conflicto.push(lambda _: ecr, repository, ["abc1234"])
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "pushed"


def may_read(aws: EmbeddedAws, role: str, repository: str) -> bool:
    ecr = aws._clients.as_role(role, "a-run", "ecr")
    try:
        ecr.describe_images(repositoryName=repository)
    except ClientError as error:
        return "Denied" not in error.response["Error"]["Code"]
    return True


def may_invoke(aws: EmbeddedAws, role: str, function: str) -> bool:
    """Whether the role may invoke it. Only who may is told that the function does not exist."""
    lambdas = aws._clients.as_role(role, "a-run", "lambda")
    with pytest.raises(ClientError) as told:
        lambdas.invoke(FunctionName=function)
    code = told.value.response["Error"]["Code"]
    assert code in {"ResourceNotFoundException", "AccessDeniedException"}
    return bool(code == "ResourceNotFoundException")
