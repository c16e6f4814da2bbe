"""ECR, and a config that it keeps -> the platforms that an image is for.

Whoever may push writes manifests and configs. So they are parsed before they are believed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, StringConstraints, ValidationError

from cli.doctor.asking import Asking
from cli.doctor.facts import StoredImage

Fetch = Callable[[str], bytes]  # the answer of an address that AWS gave
_GONE = ("RepositoryNotFoundException",)
_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.-]{0,40}$")]


class _Platform(BaseModel):
    """OCI image specification, "Image Index" and "Image Configuration"."""

    os: _Word = "linux"
    architecture: _Word = ""

    def __str__(self) -> str:
        return f"{self.os}/{self.architecture}"


class _Member(BaseModel):
    platform: _Platform | None = None


class _Descriptor(BaseModel):
    digest: str = ""


class _Manifest(BaseModel):
    """Either an index, with `manifests`, or the manifest of a single image, with a `config`."""

    manifests: tuple[_Member, ...] | None = None
    config: _Descriptor = _Descriptor()


def platforms(
    asking: Asking, repository: str, image: StoredImage, fetch: Fetch
) -> tuple[str, ...] | None:
    """The platforms that an image is for, as "linux/arm64"; None when nothing says it.

    An index names them; the attestations in it are for "unknown". The manifest of a single image
    names a config, which does.
    """
    about = f"the CPU architecture of {repository}@{image.digest[:19]}"
    answer = asking.ask(
        about,
        "ecr:batch_get_image",
        absent=_GONE,
        repositoryName=repository,
        imageIds=[{"imageDigest": image.digest}],
        acceptedMediaTypes=list(_TYPES),
    )
    if not answer or not answer.get("images"):
        return None
    try:
        manifest = _Manifest.model_validate_json(answer["images"][0].get("imageManifest", ""))
        if manifest.manifests is not None:
            every = [each.platform for each in manifest.manifests if each.platform]
            return tuple(str(each) for each in every if each.os != "unknown")
        return _of_config(asking, about, repository, manifest.config.digest, fetch)
    except ValidationError:
        asking.note(about, "its manifest is not as the OCI specification says")
        return None


def _of_config(
    asking: Asking, about: str, repository: str, digest: str, fetch: Fetch
) -> tuple[str, ...] | None:
    answer = asking.ask(
        about,
        "ecr:get_download_url_for_layer",
        absent=_GONE,
        repositoryName=repository,
        layerDigest=digest,
    )
    if not answer:
        return None
    try:
        config = _Platform.model_validate_json(fetch(answer["downloadUrl"]))
    except OSError as error:
        asking.note(about, f"its config could not be fetched ({type(error).__name__})")
        return None
    return (str(config),) if config.architecture else None
