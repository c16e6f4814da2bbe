"""A push that waits for its image's scan, on the embedded ECR."""

from __future__ import annotations

import json

import pytest

from example import conflicto
from tests.rehearsal.conftest import REPOSITORY, SERVICE, TARGETS

GATED = TARGETS + 'gate.scan = {max = "HIGH", wait = "10m"}\n'
LENIENT = TARGETS + 'gate.scan = {max = "HIGH", wait = "5m", on_timeout = "deploy"}\n'
FOUND = {"CRITICAL": 2, "HIGH": 5}
MILD = {"LOW": 1}


def newest(team):
    return team.deployments(SERVICE)[0]


def test_a_push_waits_for_its_scan_and_goes_on_when_the_event_comes(team):
    with team(GATED) as t:
        t.ecr.scans.found[conflicto.digest_of("abc1234")] = MILD
        digest = t.push("abc1234")
        t.advance(10)
        assert newest(t)["status"] == "PENDING"
        assert "waiting for the image's scan" in newest(t)["reason"]
        t.advance(12)
        assert newest(t)["status"] == "IN_PROGRESS"
        assert t.settle(SERVICE, digest)["status"] == "SUCCESSFUL"


def test_an_image_with_worse_findings_is_refused_with_the_counts_and_told(team):
    with team(GATED) as t:
        digest = conflicto.digest_of("abc1234")
        t.ecr.scans.found[digest] = FOUND
        t.push("abc1234")
        record = t.settle(SERVICE, digest)
        assert record["status"] == "REFUSED"
        assert "found 2 CRITICAL, 5 HIGH; the target allows HIGH at worst" in record["reason"]
        assert "2 CRITICAL, 5 HIGH" in t.notices()[-1]["body"]
        assert t.running() == ["conflicto-backend-dev:1"] * 2


def test_when_the_scans_event_is_lost_a_poll_finds_it(team):
    with team(GATED) as t:
        t.ecr.scans.found[conflicto.digest_of("abc1234")] = MILD
        digest = t.push("abc1234")
        t.advance(5)
        t.deliver = False
        t.advance(50)
        assert newest(t)["status"] == "PENDING"
        t.advance(20)
        assert newest(t)["status"] == "IN_PROGRESS"
        t.deliver = True
        assert t.settle(SERVICE, digest)["status"] == "SUCCESSFUL"


def test_without_a_scan_in_time_it_is_refused_or_deployed_as_the_gate_says(team):
    for gate, status in ((GATED, "REFUSED"), (LENIENT, "SUCCESSFUL")):
        with team(gate) as t:
            t.ecr.scans.seconds = 3600
            record = t.settle(SERVICE, t.push("abc1234"))
            assert record["status"] == status
            assert "none ended within" in t.notices()[-1]["body"]


def test_an_image_that_ecr_cannot_scan_is_not_waited_for(team):
    with team(GATED) as t:
        digest = conflicto.digest_of("abc1234")
        t.ecr.scans.failing[digest] = "UNSUPPORTED_IMAGE"
        t.push("abc1234")
        t.advance(25)
        assert newest(t)["status"] == "REFUSED"
        assert "UNSUPPORTED_IMAGE" in newest(t)["reason"]


def test_of_an_index_its_images_scans_count_and_its_attestation_does_not(team):
    with team(GATED) as t:
        ecr = t.client("ecr")
        children = [
            conflicto.push(t.client, REPOSITORY, [f"child-{n}"], f"child {n}") for n in "ab"
        ]
        attestation = _put(ecr, {"schemaVersion": 2, "mediaType": _OCI, "layers": []})
        t.ecr.scans.found[children[1]] = FOUND
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
        record = t.settle(SERVICE, digest)
        assert record["status"] == "REFUSED"
        assert "found 2 CRITICAL, 5 HIGH" in record["reason"]


def inspected(t, frequency="CONTINUOUS_SCAN"):
    rule = {
        "scanFrequency": frequency,
        "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
    }
    t.client("ecr").put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule])


@pytest.mark.parametrize("frequency", ["CONTINUOUS_SCAN", "SCAN_ON_PUSH"])
def test_findings_that_come_late_are_not_missed(team, frequency):
    with team(GATED) as t:
        inspected(t, frequency)
        t.ecr.scans.late = 15
        digest = conflicto.digest_of("abc1234")
        t.ecr.scans.found[digest] = FOUND
        t.push("abc1234")
        t.advance(25)
        assert newest(t)["status"] == "PENDING"
        assert "late findings may come" in newest(t)["reason"]
        record = t.settle(SERVICE, digest)
        assert record["status"] == "REFUSED"
        assert "found 2 CRITICAL, 5 HIGH" in record["reason"]


@pytest.mark.parametrize("late", [0, 15, 3600])
def test_an_image_in_which_inspector_finds_nothing_goes_on_within_two_minutes(team, late):
    with team(GATED) as t:
        inspected(t)
        t.ecr.scans.late = late
        digest = t.push("abc1234")
        t.advance(20 + 120)
        assert newest(t)["status"] in {"IN_PROGRESS", "SUCCESSFUL"}
        assert t.settle(SERVICE, digest)["status"] == "SUCCESSFUL"


@pytest.mark.parametrize(("gate", "status"), [(GATED, "REFUSED"), (LENIENT, "SUCCESSFUL")])
def test_where_inspector_may_not_be_asked_people_hear_of_it_and_wait_runs_out(team, gate, status):
    with team(gate) as t:
        inspected(t)
        for policy in t.permissions.policies.values():
            policy["Statement"] = [s for s in policy["Statement"] if s["Sid"] != "ReadFindings"]
        digest = t.push("abc1234")
        t.advance(60)
        assert newest(t)["status"] == "PENDING"
        told = [one for one in t.notices() if "inspector2:ListCoverage" in one["body"]]
        assert len(told) == 1
        record = t.settle(SERVICE, digest)
        assert record["status"] == status
        assert "may not inspector2:ListCoverage" in t.notices()[-1]["body"]


def test_a_soci_artifact_in_an_index_is_not_waited_for(team):
    with team(GATED) as t:
        ecr = t.client("ecr")
        child = conflicto.push(t.client, REPOSITORY, ["child-a"], "child a")
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
        assert t.settle(SERVICE, digest)["status"] == "SUCCESSFUL"


def test_an_image_of_an_index_that_names_no_platform_counts_too(team):
    with team(GATED) as t:
        child = conflicto.push(t.client, REPOSITORY, ["child-a"], "child a")
        t.ecr.scans.found[child] = FOUND
        index = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [{"mediaType": _OCI, "digest": child, "size": 1}],
        }
        record = t.settle(SERVICE, _put(t.client("ecr"), index, imageTag="abc1234"))
        assert record["status"] == "REFUSED"
        assert "found 2 CRITICAL, 5 HIGH" in record["reason"]


def test_by_hand_override_passes_the_gate_and_is_recorded(team):
    with team(GATED) as t:
        digest = conflicto.digest_of("abc1234")
        t.ecr.scans.found[digest] = FOUND
        t.push("abc1234")
        t.settle(SERVICE, digest)
        asked = {"service": SERVICE, "image": digest, "by": "ops", "why": "accepted"}
        t.advance(30)
        refused = t.invoke("deploy", asked)
        assert "found 2 CRITICAL, 5 HIGH" in refused["error"]
        t.advance(30)
        assert t.invoke("deploy", {**asked, "override": True})["status"] == "IN_PROGRESS"
        assert t.settle(SERVICE, digest)["status"] == "SUCCESSFUL"


def test_a_gate_never_blocks_a_rollback(team):
    with team(GATED) as t:
        t.settle(SERVICE, t.push("abc1234"))
        t.ecr.scans.seconds = 3600
        reply = t.invoke("rollback", {"service": SERVICE, "by": "ops", "why": "slow"})
        assert reply["status"] == "IN_PROGRESS"


def test_a_gated_push_supersedes_nothing_until_it_is_applied(team):
    with team(GATED) as t:
        t.ecr.scans.found[conflicto.digest_of("abc1234")] = MILD
        first = t.push("abc1234")
        t.advance(22)
        assert newest(t)["status"] == "IN_PROGRESS"
        t.ecr.scans.seconds = 3600
        t.push("def5678")
        assert t.settle(SERVICE, first)["status"] == "SUCCESSFUL"
        assert newest(t)["status"] == "PENDING"


_OCI = "application/vnd.oci.image.manifest.v1+json"


def _put(ecr, manifest, **tag):
    answer = ecr.put_image(
        repositoryName=REPOSITORY,
        imageManifest=json.dumps(manifest),
        imageManifestMediaType=manifest["mediaType"],
        **tag,
    )
    return answer["image"]["imageId"]["imageDigest"]


def _child(digest, system, architecture):
    return {
        "mediaType": _OCI,
        "digest": digest,
        "size": 1,
        "platform": {"os": system, "architecture": architecture},
    }
