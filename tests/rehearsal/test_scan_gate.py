"""A push that waits for its image's scan, on the embedded ECR."""

from __future__ import annotations

import json
from typing import Any

import pytest

from example import conflicto
from tests.dialect.account import REPOSITORY, SERVICE
from tests.dialect.rehearsed import TARGETS, RehearsedAccount, rehearsed

GATED = TARGETS + 'gate.scan = {max = "HIGH", wait = "10m"}\n'
LENIENT = TARGETS + 'gate.scan = {max = "HIGH", wait = "5m", on_timeout = "deploy"}\n'
FOUND = {"CRITICAL": 2, "HIGH": 5}
MILD = {"LOW": 1}


def newest(account: RehearsedAccount) -> dict[str, Any]:
    return account.deployments(SERVICE)[0]


def test_a_push_waits_for_its_scan_and_goes_on_when_the_event_comes() -> None:
    with rehearsed(GATED) as account:
        account.ecr.scans.found[conflicto.digest_of("abc1234")] = MILD
        digest = account.push("abc1234")
        account.advance(10)
        assert newest(account)["status"] == "PENDING"
        assert "waiting for the image's scan" in newest(account)["reason"]
        account.advance(12)
        assert newest(account)["status"] == "IN_PROGRESS"
        assert account.settle(SERVICE, digest)["status"] == "SUCCESSFUL"


def test_an_image_with_worse_findings_is_refused_with_the_counts_and_told() -> None:
    with rehearsed(GATED) as account:
        digest = conflicto.digest_of("abc1234")
        account.ecr.scans.found[digest] = FOUND
        account.push("abc1234")
        record = account.settle(SERVICE, digest)
        assert record["status"] == "REFUSED"
        assert "found 2 CRITICAL, 5 HIGH; the target allows HIGH at worst" in record["reason"]
        assert "2 CRITICAL, 5 HIGH" in account.notices()[-1]["body"]
        assert account.running() == ["conflicto-backend-dev:1"] * 2


def test_when_the_scans_event_is_lost_a_poll_finds_it() -> None:
    with rehearsed(GATED) as account:
        account.ecr.scans.found[conflicto.digest_of("abc1234")] = MILD
        digest = account.push("abc1234")
        account.advance(5)
        with account.undelivered():
            account.advance(50)
            assert newest(account)["status"] == "PENDING"
            account.advance(20)
            assert newest(account)["status"] == "IN_PROGRESS"
        assert account.settle(SERVICE, digest)["status"] == "SUCCESSFUL"


def test_without_a_scan_in_time_it_is_refused_or_deployed_as_the_gate_says() -> None:
    for gate, status in ((GATED, "REFUSED"), (LENIENT, "SUCCESSFUL")):
        with rehearsed(gate) as account:
            account.ecr.scans.seconds = 3600
            record = account.settle(SERVICE, account.push("abc1234"))
            assert record["status"] == status
            assert "none ended within" in account.notices()[-1]["body"]


def test_an_image_that_ecr_cannot_scan_is_not_waited_for() -> None:
    with rehearsed(GATED) as account:
        digest = conflicto.digest_of("abc1234")
        account.ecr.scans.failing[digest] = "UNSUPPORTED_IMAGE"
        account.push("abc1234")
        account.advance(25)
        assert newest(account)["status"] == "REFUSED"
        assert "UNSUPPORTED_IMAGE" in newest(account)["reason"]


def test_of_an_index_its_images_scans_count_and_its_attestation_does_not() -> None:
    with rehearsed(GATED) as account:
        ecr = account.client("ecr")
        children = [
            conflicto.push(account.client, REPOSITORY, [f"child-{n}"], f"child {n}") for n in "ab"
        ]
        attestation = _put(ecr, {"schemaVersion": 2, "mediaType": _OCI, "layers": []})
        account.ecr.scans.found[children[1]] = FOUND
        index = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [
                _child(children[0], "linux", "amd64"),
                _child(children[1], "linux", "arm64"),
                _child(attestation, "unknown", "unknown"),
            ],
        }
        digest = _put(ecr, index, imageTag="abc1234")
        record = account.settle(SERVICE, digest)
        assert record["status"] == "REFUSED"
        assert "found 2 CRITICAL, 5 HIGH" in record["reason"]


def inspected(account: RehearsedAccount, frequency: str = "CONTINUOUS_SCAN") -> None:
    rule = {
        "scanFrequency": frequency,
        "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
    }
    account.client("ecr").put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule])


@pytest.mark.parametrize("frequency", ["CONTINUOUS_SCAN", "SCAN_ON_PUSH"])
def test_findings_that_come_late_are_not_missed(frequency: str) -> None:
    with rehearsed(GATED) as account:
        inspected(account, frequency)
        account.ecr.scans.late = 15
        digest = conflicto.digest_of("abc1234")
        account.ecr.scans.found[digest] = FOUND
        account.push("abc1234")
        account.advance(25)
        assert newest(account)["status"] == "PENDING"
        assert "late findings may come" in newest(account)["reason"]
        record = account.settle(SERVICE, digest)
        assert record["status"] == "REFUSED"
        assert "found 2 CRITICAL, 5 HIGH" in record["reason"]


@pytest.mark.parametrize("late", [0, 15, 3600])
def test_an_image_in_which_inspector_finds_nothing_goes_on_within_two_minutes(late: int) -> None:
    with rehearsed(GATED) as account:
        inspected(account)
        account.ecr.scans.late = late
        digest = account.push("abc1234")
        account.advance(20 + 120)
        assert newest(account)["status"] in {"IN_PROGRESS", "SUCCESSFUL"}
        assert account.settle(SERVICE, digest)["status"] == "SUCCESSFUL"


@pytest.mark.parametrize(("gate", "status"), [(GATED, "REFUSED"), (LENIENT, "SUCCESSFUL")])
def test_where_inspector_may_not_be_asked_people_hear_of_it_and_wait_runs_out(
    gate: str, status: str
) -> None:
    with rehearsed(gate) as account:
        inspected(account)
        for policy in account.permissions.policies.values():
            policy["Statement"] = [s for s in policy["Statement"] if s["Sid"] != "ReadFindings"]
        digest = account.push("abc1234")
        account.advance(60)
        assert newest(account)["status"] == "PENDING"
        told = [
            notice for notice in account.notices() if "inspector2:ListCoverage" in notice["body"]
        ]
        assert len(told) == 1
        record = account.settle(SERVICE, digest)
        assert record["status"] == status
        assert "may not inspector2:ListCoverage" in account.notices()[-1]["body"]


def test_a_soci_artifact_in_an_index_is_not_waited_for() -> None:
    with rehearsed(GATED) as account:
        ecr = account.client("ecr")
        child = conflicto.push(account.client, REPOSITORY, ["child-a"], "child a")
        soci = {
            "schemaVersion": 2,
            "mediaType": _OCI,
            "artifactType": "application/vnd.amazon.soci.index.v2+json",
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": "sha256:0"},
            "layers": [],
        }
        old = {**soci, "layers": [{"size": 1}]}
        bare = {"mediaType": _OCI, "digest": _put(ecr, old), "size": 1}
        named = {**bare, "digest": _put(ecr, soci), "artifactType": soci["artifactType"]}
        index = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [_child(child, "linux", "amd64"), named, bare],
        }
        digest = _put(ecr, index, imageTag="abc1234")
        assert account.settle(SERVICE, digest)["status"] == "SUCCESSFUL"


def test_an_image_of_an_index_that_names_no_platform_counts_too() -> None:
    with rehearsed(GATED) as account:
        child = conflicto.push(account.client, REPOSITORY, ["child-a"], "child a")
        account.ecr.scans.found[child] = FOUND
        index = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [{"mediaType": _OCI, "digest": child, "size": 1}],
        }
        record = account.settle(SERVICE, _put(account.client("ecr"), index, imageTag="abc1234"))
        assert record["status"] == "REFUSED"
        assert "found 2 CRITICAL, 5 HIGH" in record["reason"]


def test_by_hand_override_passes_the_gate_and_is_recorded() -> None:
    with rehearsed(GATED) as account:
        digest = conflicto.digest_of("abc1234")
        account.ecr.scans.found[digest] = FOUND
        account.push("abc1234")
        account.settle(SERVICE, digest)
        account.advance(30)
        refused = account.deploy(digest)
        assert "found 2 CRITICAL, 5 HIGH" in refused["error"]
        account.advance(30)
        assert account.deploy(digest, override=True)["status"] == "IN_PROGRESS"
        assert account.settle(SERVICE, digest)["status"] == "SUCCESSFUL"


def test_a_gate_never_blocks_a_rollback() -> None:
    with rehearsed(GATED) as account:
        account.settle(SERVICE, account.push("abc1234"))
        account.ecr.scans.seconds = 3600
        assert account.rollback()["status"] == "IN_PROGRESS"


def test_a_gated_push_supersedes_nothing_until_it_is_applied() -> None:
    with rehearsed(GATED) as account:
        account.ecr.scans.found[conflicto.digest_of("abc1234")] = MILD
        first = account.push("abc1234")
        account.advance(22)
        assert newest(account)["status"] == "IN_PROGRESS"
        account.ecr.scans.seconds = 3600
        account.push("def5678")
        assert account.settle(SERVICE, first)["status"] == "SUCCESSFUL"
        assert newest(account)["status"] == "PENDING"


_OCI = "application/vnd.oci.image.manifest.v1+json"


def _put(ecr: Any, manifest: dict[str, Any], **tag: str) -> str:
    answer = ecr.put_image(
        repositoryName=REPOSITORY,
        imageManifest=json.dumps(manifest),
        imageManifestMediaType=manifest["mediaType"],
        **tag,
    )
    return str(answer["image"]["imageId"]["imageDigest"])


def _child(digest: str, system: str, architecture: str) -> dict[str, Any]:
    return {
        "mediaType": _OCI,
        "digest": digest,
        "size": 1,
        "platform": {"os": system, "architecture": architecture},
    }
