"""ECR, and a config that it keeps -> the platforms that an image is for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from cli.doctor.asking import Asking
from cli.doctor.facts import StoredImage

Fetch = Callable[[str], bytes]  # the answer of an address that AWS gave
_GONE = ("RepositoryNotFoundException",)
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


def platforms(
    asking: Asking, repository: str, image: StoredImage, fetch: Fetch
) -> tuple[str, ...] | None:
    """The platforms that an image is for, as "linux/arm64"; None when nothing says it.

    An image index names them (OCI image specification, "Image Index"); the attestations in it are
    for "unknown". The manifest of a single image names a config, which does.
    """
    about = f"the CPU architecture of {repository}@{image.digest[:19]}"
    answer = asking.ask(
        about,
        "ecr:batch_get_image",
        absent=_GONE,
        repositoryName=repository,
        imageIds=[{"imageDigest": image.digest}],
        acceptedMediaTypes=[*_INDEXES, *_MANIFESTS],
    )
    if not answer or not answer.get("images"):
        return None
    manifest = parsed(answer["images"][0].get("imageManifest", ""))
    if "manifests" in manifest:
        every = (each.get("platform", {}) for each in manifest["manifests"])
        return tuple(_platform(each) for each in every if each.get("os") not in {None, "unknown"})
    config = _config(asking, about, repository, manifest, fetch)
    return (_platform(config),) if config.get("architecture") else None


def _config(
    asking: Asking, about: str, repository: str, manifest: Mapping[str, Any], fetch: Fetch
) -> Mapping[str, Any]:
    digest = manifest.get("config", {}).get("digest", "")
    answer = asking.ask(
        about,
        "ecr:get_download_url_for_layer",
        absent=_GONE,
        repositoryName=repository,
        layerDigest=digest,
    )
    if not answer:
        return {}
    try:
        return parsed(fetch(answer["downloadUrl"]).decode("utf-8", "replace"))
    except OSError as error:
        asking.note(about, f"its config could not be fetched ({type(error).__name__})")
        return {}


def _platform(body: Mapping[str, Any]) -> str:
    return f"{body.get('os', 'linux')}/{body.get('architecture', '')}"


def parsed(text: str) -> Mapping[str, Any]:
    """A JSON object; an empty one where the text is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
