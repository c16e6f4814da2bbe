"""The images of a repository: how they are found and deleted, what ECR refuses, API shapes."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ecr.exceptions import InvalidParameterException
from moto.ecr.models import Image, Repository

ImageId = dict[str, str]
NOT_FOUND = {"failureCode": "ImageNotFound", "failureReason": "Requested image not found"}


class EcrError(ServiceException):
    """An error of ECR's API model that moto does not know."""


def parsed(manifest: str) -> dict[str, Any]:
    try:
        body: dict[str, Any] = json.loads(manifest)
    except json.JSONDecodeError as error:
        raise InvalidParameterException(
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint: "
            "'Invalid JSON syntax'"
        ) from error
    return body


def refuse_other_digest(given: str | None, digest: str) -> None:
    if given and given != digest:
        raise EcrError(
            "ImageDigestDoesNotMatchException",
            f"The supplied image digest '{given}' does not match the calculated one '{digest}'.",
        )


def refuse_missing_children(repository: Repository, body: dict[str, Any]) -> None:
    known = {image.image_digest for image in repository.images}
    missing = [each for each in _children(body) if each not in known]
    if missing:
        raise EcrError(
            "ReferencedImagesNotFoundException",
            f"The manifest list references images that do not exist: {', '.join(missing)}",
        )


def refuse_immutable(repository: Repository, tag: str) -> None:
    filters = repository.image_tag_mutability_exclusion_filters or []
    excluded = any(fnmatchcase(tag, each["filter"]) for each in filters)
    if repository.is_tag_immutable() != excluded:
        raise EcrError(
            "ImageTagAlreadyExistsException",
            f"The image tag '{tag}' already exists in the '{repository.name}' repository "
            "and cannot be overwritten because the tag is immutable.",
        )


def _children(body: dict[str, Any]) -> list[str]:
    return [each["digest"] for each in body.get("manifests") or []]


def find(repository: Repository, wanted: ImageId) -> Image | None:
    digest, tag = wanted.get("imageDigest"), wanted.get("imageTag")
    for image in repository.images:
        if digest in (None, image.image_digest) and (tag is None or tag in image.image_tags):
            return image
    return None


def required(repository: Repository, wanted: ImageId) -> Image:
    """The image, or moto's ImageNotFoundException."""
    image: Image = repository._get_image(wanted.get("imageTag"), wanted.get("imageDigest"))
    return image


def deletion_problem(repository: Repository, wanted: ImageId) -> dict[str, str] | None:
    if not wanted.get("imageDigest") and not wanted.get("imageTag"):
        return {
            "failureCode": "MissingDigestAndTag",
            "failureReason": "Invalid request parameters: both tag and digest cannot be null",
        }
    image = find(repository, wanted)
    if image is None:
        return NOT_FOUND
    parents = (each for each in repository.images if each is not image)
    held = any(image.image_digest in _children(json.loads(each.image_manifest)) for each in parents)
    if held and (wanted.get("imageDigest") or len(image.image_tags) == 1):
        return {
            "failureCode": "ImageReferencedByManifestList",
            "failureReason": "Requested image referenced by manifest list",
        }
    return None


def delete(repository: Repository, wanted: ImageId) -> list[ImageId]:
    """Remove a tag, or the image when a digest or its last tag is named; returns what is gone."""
    image = required(repository, wanted)
    digest, tag = image.image_digest, wanted.get("imageTag")
    tags = [tag] if tag and not wanted.get("imageDigest") else list(image.image_tags)
    for each in tags:
        untag(image, each)
    if not image.image_tags:
        repository.images.remove(image)
    return [{"imageDigest": digest, "imageTag": each} for each in tags] or [{"imageDigest": digest}]


def untag(image: Image, tag: str) -> None:
    image.image_tags.remove(tag)
    image.image_tag = image.image_tags[-1] if image.image_tags else ""


def image_view(image: Image, tag: str | None) -> dict[str, Any]:
    identifier = {"imageDigest": image.image_digest} | ({"imageTag": tag} if tag else {})
    return {
        "registryId": image.registry_id,
        "repositoryName": image.repository_name,
        "imageId": identifier,
        "imageManifest": image.image_manifest,
        "imageManifestMediaType": image.image_manifest_media_type,
    }


def detail_view(repository: Repository, image: Image) -> dict[str, Any]:
    """API reference, ImageDetail."""
    body = json.loads(image.image_manifest)
    detail = {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageDigest": image.image_digest,
        "imageSizeInBytes": _size(repository, image),
        "imagePushedAt": image.image_pushed_at,
        "imageManifestMediaType": image.image_manifest_media_type,
        "imageStatus": "ACTIVE",
    }
    if image.image_tags:
        detail["imageTags"] = list(image.image_tags)
    artifact = body.get("artifactType") or (body.get("config") or {}).get("mediaType")
    if artifact and not _children(body):
        detail["artifactMediaType"] = artifact
    subject = (body.get("subject") or {}).get("digest")
    if subject:
        detail["subjectManifestDigest"] = subject
    return detail


def _size(repository: Repository, image: Image) -> int:
    body = json.loads(image.image_manifest)
    own = len(image.image_manifest.encode())
    blobs = [body.get("config") or {}, *(body.get("layers") or [])]
    children = [find(repository, {"imageDigest": each}) for each in _children(body)]
    inner = sum(_size(repository, each) for each in children if each is not None)
    return own + inner + sum(int(blob.get("size", 0)) for blob in blobs)
