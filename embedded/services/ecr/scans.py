"""Scans of images, by ECR itself or by Amazon Inspector: their findings and their events.

The `scanType` of PutRegistryScanningConfiguration says which of the two a registry has.
Documented: "Scan images for software vulnerabilities in Amazon ECR"; "Sample events from Amazon
ECR" (a severity without findings is absent); Amazon Inspector user guide, "EventBridge schema"; API
reference, DescribeImageScanFindings.
Reported (github.com/aws/aws-sdk/issues/289): for some seconds after Inspector's scan has ended, the
answer names neither its end nor its findings.
Inferred: what is an index, or has no container image, is not scanned, and a request for its scan
finds none; how long a scan takes; for Inspector, the first rule that names the repository decides.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.ecr.exceptions import ScanNotFoundException
from moto.ecr.models import Image, Repository

from embedded.clock.clock import Clock
from embedded.inspector import scanned_by_inspector
from embedded.services.ecr.images import EcrError

SECONDS = 20.0
_NO_IMAGE = "cannot be scanned. For more information, see the Amazon ECR documentation."


@dataclass
class Scans:
    """Scans images. What they find is set beforehand.

    `found` has the findings by the image's digest: severity → count; an image that is not there has
    none. The scan of an image in `failing` ends with the status there (`UNSUPPORTED_IMAGE`). A scan
    takes `seconds`. For `late` seconds, a scan of Inspector that has ended shows nothing.
    """

    clock: Clock
    emit: Callable[[dict[str, Any]], None]
    found: dict[str, dict[str, int]] = field(default_factory=dict)
    failing: dict[str, str] = field(default_factory=dict)
    seconds: float = SECONDS
    late: float = 0.0
    _ended: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _begun: set[tuple[str, str]] = field(default_factory=set)
    _inspected: dict[tuple[str, str], str] = field(default_factory=dict)

    def on_push(self, repository: Repository, image: Image, account: str, region: str) -> None:
        wanted: Any = repository.image_scanning_configuration
        on_push = scanned_by_inspector(account, region, repository.name) or wanted.get("scanOnPush")
        if on_push and _is_container_image(image):
            self._begin(repository, image, account, region)

    def start(
        self, repository: Repository, image: Image, account: str, region: str
    ) -> dict[str, Any]:
        """StartImageScan."""
        if _is_index(image):
            media_type = image.image_manifest_media_type
            raise EcrError(
                "UnsupportedImageTypeException",
                f"An artifact with media type '{media_type}' {_NO_IMAGE}",
            )
        if scanned_by_inspector(account, region, repository.name):
            raise EcrError(
                "ValidationException",
                "This feature is disabled: images are scanned by Amazon Inspector.",
            )
        self._begin(repository, image, account, region)
        return _answer(repository, image, "IN_PROGRESS")

    def describe(self, repository: Repository, image: Image) -> dict[str, Any]:
        """DescribeImageScanFindings: how many findings there are, without the findings."""
        scan = (repository.name, image.image_digest)
        if scan not in self._begun:
            named = f"{{imageDigest:'{image.image_digest}'}}"
            raise ScanNotFoundException(named, repository.name, repository.registry_id)
        if scan not in self._ended:
            return _answer(repository, image, "IN_PROGRESS")
        if image.image_digest in self.failing:
            return _answer(repository, image, self.failing[image.image_digest])
        frequency = self._inspected.get(scan, "")
        status = "ACTIVE" if frequency == "CONTINUOUS_SCAN" else "COMPLETE"
        answer = _answer(repository, image, status)
        if frequency and self.clock.now() < self._ended[scan] + timedelta(seconds=self.late):
            return answer | {"imageScanFindings": {"findings": []}}
        findings = {
            "imageScanCompletedAt": self._ended[scan].timestamp(),
            "vulnerabilitySourceUpdatedAt": self._ended[scan].timestamp(),
            "findingSeverityCounts": dict(self.found.get(image.image_digest, {})),
            "enhancedFindings" if frequency else "findings": [],
        }
        return answer | {"imageScanFindings": findings}

    def _begin(self, repository: Repository, image: Image, account: str, region: str) -> None:
        scan = (repository.name, image.image_digest)
        if scan in self._begun:
            return
        self._begun.add(scan)
        frequency = scanned_by_inspector(account, region, repository.name)
        if frequency:
            self._inspected[scan] = frequency
        event = self._event(repository, image, account, region)
        event |= _inspectors(event) if frequency else {}

        def end() -> None:
            self._ended[scan] = self.clock.now()
            now = self.clock.now().astimezone(UTC)
            self.emit(event | {"time": now.strftime("%Y-%m-%dT%H:%M:%SZ")})

        self.clock.call_later(self.seconds, end)

    def _event(
        self, repository: Repository, image: Image, account: str, region: str
    ) -> dict[str, Any]:
        digest = image.image_digest
        detail: dict[str, Any] = {
            "scan-status": "FAILED" if digest in self.failing else "COMPLETE",
            "repository-name": repository.name,
            "image-digest": digest,
            "image-tags": list(image.image_tags),
        }
        if digest not in self.failing:
            detail["finding-severity-counts"] = dict(self.found.get(digest, {}))
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "ECR Image Scan",
            "source": "aws.ecr",
            "account": account,
            "region": region,
            "resources": [f"arn:aws:ecr:{region}:{account}:repository/{repository.name}"],
            "detail": detail,
        }


def _inspectors(event: dict[str, Any]) -> dict[str, Any]:
    """What Inspector's event has otherwise: it names the repository by its ARN."""
    [repository] = event["resources"]
    detail = {**event["detail"], "repository-name": repository}
    detail["scan-status"] = "INITIAL_SCAN_COMPLETE"
    return {"source": "aws.inspector2", "detail-type": "Inspector2 Scan", "detail": detail}


def _is_container_image(image: Image) -> bool:
    """Whether it has the config of a container image; an index and schema 1 have none."""
    body = json.loads(image.image_manifest)
    config = (body.get("config") or {}).get("mediaType", "")
    return not body.get("manifests") and not body.get("artifactType") and ".image." in config


def _is_index(image: Image) -> bool:
    return bool(json.loads(image.image_manifest).get("manifests"))


def _answer(repository: Repository, image: Image, status: str) -> dict[str, Any]:
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image.image_digest},
        "imageScanStatus": {"status": status},
    }
