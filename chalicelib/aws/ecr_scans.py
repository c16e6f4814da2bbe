"""ECR DescribeImageScanFindings -> scans, basic and enhanced: implements the flows' `Scans`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws.clients import client
from chalicelib.aws.errors import code_of, translated
from chalicelib.decide.follow import IMAGE_CONFIGS
from chalicelib.model.scans import Scan, Severity, severity

_SCANNING = frozenset({"IN_PROGRESS", "PENDING"})
_SCANNED = frozenset({"COMPLETE", "ACTIVE"})
Counts = tuple[tuple[Severity, int], ...]


class EcrScans:
    """The scans of ECR, or those that Amazon Inspector makes for ECR."""

    def scan(self, repository: str, digest: str) -> Scan:
        """Return the scan of an image; of an index, the worst scan of the images that it names.

        ECR does not scan an index itself ("An artifact with media type … cannot be scanned"). The
        attestations and SOCI artifacts that an index names are left out.
        """
        with translated(f"read the scan of {digest[:19]} of {repository}"):
            scan = _scan(repository, digest)
            if scan.state == "done":
                return scan
            images = _images_of_index(repository, digest)
            return _worst([_scan(repository, digest) for digest in images]) if images else scan


def _scan(repository: str, digest: str) -> Scan:
    """Return the scan of one image (ECR API reference, ImageScanStatus).

    ACTIVE means that Inspector has scanned the image and keeps scanning it.
    """
    try:
        answer = client("ecr").describe_image_scan_findings(
            repositoryName=repository, imageId={"imageDigest": digest}, maxResults=1
        )
    except ClientError as error:
        if code_of(error) == "ScanNotFoundException":
            return Scan(state="waiting")
        raise
    scan_status = answer.get("imageScanStatus", {})
    status = scan_status.get("status", "PENDING")
    if status in _SCANNING:
        return Scan(state="waiting")
    if status not in _SCANNED:
        return Scan(state="none", why=scan_status.get("description") or f"its scan is {status}")
    findings = answer.get("imageScanFindings", {})
    counts = _counted(findings.get("findingSeverityCounts", {}))
    empty = not any(count for _, count in counts)
    ended = findings.get("imageScanCompletedAt") if empty else None
    return Scan(state="done", counts=counts, empty=empty, ended=ended)


def _counted(counts: Mapping[str, int]) -> Counts:
    known: Counter[Severity] = Counter()
    for name, count in counts.items():
        known[severity(name)] += count
    return _worst_first(known)


def _worst_first(counts: Mapping[Severity, int]) -> Counts:
    return tuple(sorted(counts.items(), key=lambda item: -item[0].rank))


def _images_of_index(repository: str, digest: str) -> Sequence[str]:
    """Return the digests of the images that an index names; empty when the digest is no index.

    An attestation has the platform "unknown" (BuildKit, "Image attestation storage"), and a SOCI
    index has an artifact type (SOCI index manifest v2). A child that has no artifact type and no
    platform counts when its own manifest is an image's.
    """
    children = [
        child
        for manifest in _manifests(repository, digest)
        for child in manifest.get("manifests", ())
        if not child.get("artifactType") and child.get("platform", {}).get("os") != "unknown"
    ]
    return [
        child["digest"]
        for child in children
        if child.get("platform") or _is_image(repository, child["digest"])
    ]


def _is_image(repository: str, digest: str) -> bool:
    """Whether the manifest of this digest has an image's config; a missing manifest has not."""
    return any(
        manifest.get("config", {}).get("mediaType") in IMAGE_CONFIGS
        for manifest in _manifests(repository, digest)
    )


def _manifests(repository: str, digest: str) -> Sequence[Mapping[str, Any]]:
    answer = client("ecr").batch_get_image(
        repositoryName=repository, imageIds=[{"imageDigest": digest}]
    )
    return [json.loads(image["imageManifest"]) for image in answer["images"]]


def _worst(scans: Sequence[Scan]) -> Scan:
    """Return one scan that stands for several.

    When one of them has no result, neither has the whole. Else each severity counts as often as in
    the image that has the most of it. The whole is `empty` when one of them is, and then `ended` is
    the latest end of the empty ones.
    """
    for state in ("none", "waiting"):
        if (lacking := next((scan for scan in scans if scan.state == state), None)) is not None:
            return lacking
    most: Counter[Severity] = Counter()
    for scan in scans:
        most |= Counter(dict(scan.counts))
    empty = [scan.ended for scan in scans if scan.empty]
    known = [ended for ended in empty if ended is not None]
    return Scan(
        state="done",
        counts=_worst_first(most),
        empty=bool(empty),
        ended=max(known) if known and len(known) == len(empty) else None,
    )
