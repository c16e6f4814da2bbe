"""ECR DescribeImages -> images: implements the flows' `Images`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws.clients import client
from chalicelib.aws.errors import code_of, translated
from chalicelib.errors import Refused
from chalicelib.model.images import Image

_PAGE = 1000


class Ecr:
    """The ECR registry of one account and region."""

    def __init__(self, region: str, domain: str = "amazonaws.com") -> None:
        self._region = region
        self._domain = "amazonaws.com.cn" if region.startswith("cn-") else domain

    def image(self, repository: str, reference: str) -> Image | None:
        """Return the image of this tag or digest; None when the repository does not have it.

        Raises:
            Refused: when the repository does not exist.
        """
        by = "imageDigest" if reference.startswith("sha256:") else "imageTag"
        with translated(f"read the image {reference} of {repository}"):
            try:
                answer = client("ecr").describe_images(
                    repositoryName=repository, imageIds=[{by: reference}]
                )
            except ClientError as error:
                if code_of(error) == "ImageNotFoundException":
                    return None
                if code_of(error) == "RepositoryNotFoundException":
                    raise Refused(
                        f"ECR has no repository {repository} in {self._region}. Create it, or "
                        "correct targets.toml."
                    ) from error
                raise
        details = answer["imageDetails"]
        return self._image(details[0]) if details else None

    def tagged(self, repository: str) -> Sequence[Image]:
        """Return all tagged images, oldest push first.

        DescribeImages cannot filter by time, so every page is read (1,000 images each).
        """
        images: list[Image] = []
        with translated(f"list the images of {repository}"):
            pages = client("ecr").get_paginator("describe_images")
            for page in pages.paginate(
                repositoryName=repository,
                filter={"tagStatus": "TAGGED"},
                PaginationConfig={"PageSize": _PAGE},
            ):
                images += [self._image(detail) for detail in page["imageDetails"]]
        return sorted(images, key=lambda image: image.pushed_at)

    def _image(self, detail: Any) -> Image:
        repository, digest = detail["repositoryName"], detail["imageDigest"]
        registry = f"{detail['registryId']}.dkr.ecr.{self._region}.{self._domain}"
        return Image(
            repository=repository,
            digest=digest,
            tags=tuple(detail.get("imageTags", ())),
            pushed_at=detail["imagePushedAt"],
            uri=f"{registry}/{repository}@{digest}",
            manifest_type=detail.get("imageManifestMediaType", ""),
            artifact_type=detail.get("artifactMediaType", ""),
            status=detail.get("imageStatus", "ACTIVE"),
        )
