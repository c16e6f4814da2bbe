"""What `slipway doctor` reads of a team's account, and what it does when AWS does not answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from chalicelib.errors import Refused
from chalicelib.model.targets import load_targets
from cli.doctor.examine import Report, examine
from example import conflicto
from rehearsal.strangers import strangers
from tests.cli.doctor.clients import Guarded
from tests.dialect.account import CLUSTER, REPOSITORY, SERVICE
from tests.dialect.rehearsed import TARGETS, RehearsedAccount, rehearsed

UNSCANNED = 'gate = {scan = {max = "HIGH"}}\n'
CONFIG = json.dumps({"os": "linux", "architecture": "arm64"}).encode()
INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture(scope="module")
def _account() -> Iterator[RehearsedAccount]:
    with ExitStack() as stack:
        yield stack.enter_context(rehearsed())


@pytest.fixture
def account(_account: RehearsedAccount) -> RehearsedAccount:
    return _account


def look(
    account: RehearsedAccount,
    targets: str = TARGETS,
    client: Guarded | None = None,
    **more: Any,
) -> Report:
    account.advance(60)  # so that ECS' rates admit all calls again
    client = client or Guarded(strangers(account.client))
    more.setdefault("fetch", lambda _: b"")
    return examine(client, load_targets(targets, "dev"), account.now(), **more)


def checks(report: Report, service: str = SERVICE) -> set[str]:
    return {finding.check for finding in report.findings if finding.service == service}


def test_the_teams_service_is_well_but_for_its_speed_and_its_tags(
    account: RehearsedAccount,
) -> None:
    report = look(account)
    assert checks(report) == {"container-health-check", "mutable-tags"}
    assert checks(report, "slipway-dev") == {"stack-exists"}
    assert report.exit_code == 1


def test_a_wrong_name_is_guessed_from_the_clusters_services(account: RehearsedAccount) -> None:
    wrong = TARGETS.replace("conflicto-backend-service", "conflicto-backend-servce")
    report = look(account, wrong)
    (found,) = [each for each in report.findings if each.check == "service-exists"]
    assert found.remedy == 'targets.toml: service = "conflicto-backend-service-dev"'


def test_a_cluster_and_a_repository_that_are_not_there_are_errors(
    account: RehearsedAccount,
) -> None:
    report = look(account, TARGETS.replace("conflicto-", "confusion-"))
    assert checks(report, "confusion-dev/confusion-backend-service-dev") == {
        "service-exists",
        "repository-exists",
        "named-log-groups",
    }


def test_a_family_that_is_not_there_is_an_error(account: RehearsedAccount) -> None:
    assert "family" in checks(look(account, f'{TARGETS}family = "none"\n'))


def test_a_gate_on_scans_without_scanning_is_an_error(account: RehearsedAccount) -> None:
    scanning = account.client("ecr").put_image_scanning_configuration
    assert "scanning" not in checks(look(account, TARGETS + UNSCANNED))
    try:
        scanning(repositoryName=REPOSITORY, imageScanningConfiguration={"scanOnPush": False})
        assert "scanning" in checks(look(account, TARGETS + UNSCANNED))
    finally:
        scanning(repositoryName=REPOSITORY, imageScanningConfiguration={"scanOnPush": True})


def test_the_config_of_a_single_image_tells_its_architecture(account: RehearsedAccount) -> None:
    client = Guarded(strangers(account.client))
    url = {"downloadUrl": "https://example.com/config"}
    client.answers["ecr:get_download_url_for_layer"] = url
    report = look(account, client=client, fetch=lambda _: CONFIG)
    (found,) = [each for each in report.findings if each.check == "architecture"]
    assert "asks for linux/amd64, and the newest image (0a1b2c3) is for linux/arm64" in (
        found.sentence
    )


def test_an_index_tells_its_platforms_without_its_attestations(account: RehearsedAccount) -> None:
    def member(system: str, architecture: str) -> dict[str, Any]:
        return {"platform": {"os": system, "architecture": architecture}}

    members = [member("linux", "arm64"), member("unknown", "unknown")]
    manifest = json.dumps({"mediaType": INDEX, "manifests": members})
    client = Guarded(strangers(account.client))
    client.answers["ecr:batch_get_image"] = {"images": [{"imageManifest": manifest}]}
    (found,) = [each for each in look(account, client=client).findings if "arm64" in each.sentence]
    assert found.check == "architecture"


def test_a_config_that_cannot_be_fetched_is_a_note(account: RehearsedAccount) -> None:
    def fails(_: str) -> bytes:
        raise TimeoutError

    client = Guarded(strangers(account.client))
    client.answers["ecr:get_download_url_for_layer"] = {"downloadUrl": "https://example.com"}
    report = look(account, client=client, fetch=fails)
    assert any("could not be fetched (TimeoutError)" in note for note in report.notes)


@pytest.mark.parametrize(
    "manifest",
    ["[]", "{", '{"manifests": 1}', '{"manifests": [{"platform": {"os": "\\u001b[2J"}}]}'],
)
def test_a_manifest_that_is_none_is_a_note(account: RehearsedAccount, manifest: str) -> None:
    client = Guarded(strangers(account.client))
    client.answers["ecr:batch_get_image"] = {"images": [{"imageManifest": manifest}]}
    report = look(account, client=client)
    assert "architecture" not in checks(report)
    assert any("its manifest is not as" in note for note in report.notes)


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3}, True),
        ({"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 3}, False),
        (
            {
                "tagStatus": "tagged",
                "tagPrefixList": ["pr-"],
                "countType": "imageCountMoreThan",
                "countNumber": 3,
            },
            False,
        ),
        (
            {
                "tagStatus": "tagged",
                "tagPatternList": ["0*"],
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 7,
            },
            True,
        ),
    ],
    ids=["all", "untagged", "other tags", "these tags"],
)
def test_a_lifecycle_policy_counts_where_it_selects_what_deploys(
    account: RehearsedAccount, rule: dict[str, Any], found: bool
) -> None:
    client = Guarded(strangers(account.client))
    policy = {"rules": [{"rulePriority": 1, "selection": rule, "action": {"type": "expire"}}]}
    client.answers["ecr:get_lifecycle_policy"] = {"lifecyclePolicyText": json.dumps(policy)}
    assert ("lifecycle" in checks(look(account, client=client))) is found


def test_iam_itself_is_asked_what_may_be_passed(account: RehearsedAccount) -> None:
    client = Guarded(strangers(account.client))
    role = f"arn:aws:iam::{conflicto.ACCOUNT}:role/conflicto-task-dev"
    client.answers |= {
        "lambda:get_function_configuration": {"Role": "arn:aws:iam::123456789012:role/deploy"},
        "iam:simulate_principal_policy": {
            "EvaluationResults": [{"EvalResourceName": role, "EvalDecision": "implicitDeny"}]
        },
    }
    assert "pass-role-allowed" in checks(look(account, client=client))


def test_secrets_are_looked_up_and_never_read(account: RehearsedAccount) -> None:
    notices = '[notices]\nslack = "ssm:/slipway/slack"\nwebhook = "secretsmanager:hook"\n'
    client = Guarded(strangers(account.client))
    (found,) = [
        each
        for each in look(account, f"{TARGETS}\n{notices}", client).findings
        if each.check == "secrets"
    ]
    assert "secretsmanager:hook, ssm:/slipway/slack" in found.sentence
    assert {"ssm:get_parameter", "secretsmanager:get_secret_value"}.isdisjoint(client.calls)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("AccessDeniedException", "may not call ecs:DescribeServices"),
        ("ThrottlingException", "ecs:DescribeServices answered ThrottlingException"),
    ],
)
def test_what_aws_does_not_answer_is_a_note(account: RehearsedAccount, code: str, why: str) -> None:
    client = Guarded(strangers(account.client))
    client.refusals["ecs:describe_services"] = code
    report = look(account, client=client)
    assert f"the services of {CLUSTER}: {why}" in report.notes
    assert checks(report) == {"mutable-tags"}


def test_no_call_that_is_denied_makes_a_finding(account: RehearsedAccount) -> None:
    whole = Guarded(strangers(account.client))
    gated = TARGETS + UNSCANNED
    known = {(one.service, one.check) for one in look(account, gated, whole).findings}
    for call in sorted(set(whole.calls)):
        client = Guarded(strangers(account.client))
        client.refusals[call] = "AccessDeniedException"
        report = look(account, gated, client)
        assert {(one.service, one.check) for one in report.findings} <= known, call
        assert any("may not call" in note for note in report.notes), call


def test_without_any_right_there_are_only_notes(account: RehearsedAccount) -> None:
    client = Guarded(strangers(account.client))
    client.everything = "AccessDenied"
    report = look(account, client=client)
    assert report.findings == ()
    assert report.exit_code == 0
    assert len(report.notes) > 3


def test_it_only_reads(account: RehearsedAccount) -> None:
    client = Guarded(strangers(account.client))
    look(account, TARGETS + UNSCANNED, client)
    calls = {*client.calls} - {"lambda:invoke"}  # of `status`, which only reads: test_reading_times
    verbs = {call.partition(":")[2].partition("_")[0] for call in calls}
    assert verbs <= {"describe", "list", "get", "batch"}


def test_one_service_can_be_chosen_and_a_wrong_one_is_guessed(account: RehearsedAccount) -> None:
    report = look(account, only_service="conflicto-backend-service-dev", only="slow")
    assert report.looked_at == (SERVICE,)
    assert checks(report) == {"container-health-check"}
    with pytest.raises(Refused, match="Did you mean conflicto-backend-service-dev"):
        look(account, only_service="conflicto-backend-servic-dev")


def test_many_services_of_a_cluster_are_read_ten_at_a_time(account: RehearsedAccount) -> None:
    many = "".join(
        f'[[target]]\nrepository = "r{n}"\ncluster = "{CLUSTER}"\nservice = "s{n}"\n'
        for n in range(12)
    )
    client = Guarded(strangers(account.client))
    report = look(account, many, client, only="slow")
    assert client.calls.count("ecs:describe_services") == 2
    assert len(report.looked_at) == 12
