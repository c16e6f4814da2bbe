"""ECR's basic scanning: on push or by hand, what was found, and the event that tells of it.

Documented: "Scan images for software vulnerabilities in Amazon ECR"; "Sample events from Amazon
ECR" (a severity without findings is absent); API reference, DescribeImageScanFindings. Inferred:
an index is not scanned on push, and asking for its scan finds none; how long a scan takes.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.ecr.exceptions import ScanNotFoundException
from moto.ecr.models import Image, Repository

from local.clock import Clock
from local.ecr_images import Refused

SECONDS = 20.0
_NO_IMAGE = "cannot be scanned. For more information, see the Amazon ECR documentation."


@dataclass
class Scans:
    """`found` is what the scan of an image (its digest) will find: severity -> count.

    An image that is not in `found` has no findings; one in `failing` ends with this status
    instead (`UNSUPPORTED_IMAGE`); `seconds` is how long a scan takes.
    """

    clock: Clock
    emit: Callable[[dict[str, Any]], None]
    found: dict[str, dict[str, int]] = field(default_factory=dict)
    failing: dict[str, str] = field(default_factory=dict)
    seconds: float = SECONDS
    _ended: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _begun: set[tuple[str, str]] = field(default_factory=set)

    def on_push(self, repository: Repository, image: Image, account: str, region: str) -> None:
        wanted: Any = repository.image_scanning_configuration
        if wanted.get("scanOnPush") and not _is_index(image):
            self._begin(repository, image, account, region)

    def start(
        self, repository: Repository, image: Image, account: str, region: str
    ) -> dict[str, Any]:
        """StartImageScan."""
        if _is_index(image):
            media_type = image.image_manifest_media_type
            raise Refused(
                "UnsupportedImageTypeException",
                f"An artifact with media type '{media_type}' {_NO_IMAGE}",
            )
        self._begin(repository, image, account, region)
        return _answer(repository, image, "IN_PROGRESS")

    def describe(self, repository: Repository, image: Image) -> dict[str, Any]:
        """DescribeImageScanFindings, without the findings themselves: how many there are."""
        scan = (repository.name, image.image_digest)
        if scan not in self._begun:
            named = f"{{imageDigest:'{image.image_digest}'}}"
            raise ScanNotFoundException(named, repository.name, repository.registry_id)
        if scan not in self._ended:
            return _answer(repository, image, "IN_PROGRESS")
        if image.image_digest in self.failing:
            return _answer(repository, image, self.failing[image.image_digest])
        findings = {
            "imageScanCompletedAt": self._ended[scan].timestamp(),
            "vulnerabilitySourceUpdatedAt": self._ended[scan].timestamp(),
            "findingSeverityCounts": dict(self.found.get(image.image_digest, {})),
            "findings": [],
        }
        return _answer(repository, image, "COMPLETE") | {"imageScanFindings": findings}

    def _begin(self, repository: Repository, image: Image, account: str, region: str) -> None:
        scan = (repository.name, image.image_digest)
        if scan in self._begun:
            return
        self._begun.add(scan)
        event = self._event(repository, image, account, region)

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


def _is_index(image: Image) -> bool:
    return bool(json.loads(image.image_manifest).get("manifests"))


def _answer(repository: Repository, image: Image, status: str) -> dict[str, Any]:
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image.image_digest},
        "imageScanStatus": {"status": status},
    }
