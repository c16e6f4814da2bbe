"""Scans of images: DescribeImageScanFindings in, models out; basic and enhanced alike."""

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
    """ECR's scans, or those that Amazon Inspector makes for it."""

    def scan(self, repository: str, digest: str) -> Scan:
        """ECR scans no index ("An artifact with media type … cannot be scanned"): its images are.

        What an index names beside its images, attestations and SOCI artifacts, is left out.
        """
        with translated(f"read the scan of {digest[:19]} of {repository}"):
            scan = _scan(repository, digest)
            if scan.state == "done":
                return scan
            images = _images_of_index(repository, digest)
            return _worst([_scan(repository, digest) for digest in images]) if images else scan


def _scan(repository: str, digest: str) -> Scan:
    """ACTIVE: Inspector has scanned it, and goes on (API reference, ImageScanStatus)."""
    try:
        answer = client("ecr").describe_image_scan_findings(
            repositoryName=repository, imageId={"imageDigest": digest}, maxResults=1
        )
    except ClientError as error:
        if code_of(error) == "ScanNotFoundException":
            return Scan(state="waiting")
        raise
    told = answer.get("imageScanStatus", {})
    status = told.get("status", "PENDING")
    if status in _SCANNING:
        return Scan(state="waiting")
    if status not in _SCANNED:
        return Scan(state="none", why=told.get("description") or f"its scan is {status}")
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
    """Empty for an image that is none.

    An attestation's platform is unknown (BuildKit, "Image attestation storage"); a SOCI index has
    an artifact type (SOCI index manifest v2). What has neither type nor platform is looked at.
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
    """Whether what has this digest can run, by its config; what is not there cannot."""
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
    """One scan for several: what one lacks, all lack; of each severity the most found in one.

    It is `empty` where one of them is, since its end the last of theirs.
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
