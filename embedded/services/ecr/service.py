"""ECR's operations on images: they replace moto's, and they send the events that ECR sends.

Documented: "Amazon ECR events and EventBridge" (one `ECR Image Action` per tag pushed or deleted,
`image-tag` only where there is one); API reference, PutImage, BatchDeleteImage, BatchGetImage,
DescribeImages, ListImages; "Preventing image tags from being overwritten" with its exclusion
filters; the images that an index names must exist, and cannot be deleted before it.
Inferred: moving a tag to an image that is in the repository already is a PUSH and leaves
`imagePushedAt` as it was; an index has no `artifactMediaType`; its size is that of its own text
and its images. Not simulated: layers (any digest passes), storage classes (all images are ACTIVE),
replication, referrers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Self

from moto.core.responses import ActionResult
from moto.ecr.exceptions import ImageAlreadyExistsException, InvalidParameterException
from moto.ecr.models import Image, Repository
from moto.ecr.responses import ECRResponse

from embedded.calls.paging import part
from embedded.clock.clock import Clock
from embedded.services.ecr.events import image_action
from embedded.services.ecr.images import (
    NOT_FOUND,
    ImageId,
    delete,
    deletion_problem,
    detail_view,
    find,
    image_view,
    parsed,
    refuse_immutable,
    refuse_missing_children,
    refuse_other_digest,
    required,
    untag,
)
from embedded.services.ecr.registry import authorization
from embedded.services.ecr.scans import Scans
from embedded.services.ecs.names import Place

Emit = Callable[[dict[str, Any]], None]

MOST_RESULTS = 1000
DEFAULT_RESULTS = 100


class Ecr:
    """The installed ECR; `uninstall` gives moto its own back."""

    def __init__(self, clock: Clock, emit: Emit) -> None:
        self._clock = clock
        self._emit = emit
        self.scans = Scans(clock, emit)
        self._originals: dict[str, Any] = {}

    def put_image(self, response: ECRResponse) -> ActionResult:
        repository = _repository(response)
        manifest: str = response._get_param("imageManifest")
        tag: str | None = response._get_param("imageTag")
        body = parsed(manifest)
        media_type = response._get_param("imageManifestMediaType") or body.get("mediaType")
        if not media_type:
            raise InvalidParameterException(
                "Invalid parameter at 'ImageManifest' failed to satisfy constraint: "
                "'Manifest media type is not given'"
            )
        digest = "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
        refuse_other_digest(response._get_param("imageDigest"), digest)
        refuse_missing_children(repository, body)
        image = self._stored(repository, manifest, media_type, digest, tag)
        self._tell(response, repository, "PUSH", digest, tag)
        self.scans.on_push(repository, image, response.current_account, response.region)
        return ActionResult({"image": image_view(image, tag)})

    def batch_delete_image(self, response: ECRResponse) -> ActionResult:
        repository = _repository(response)
        deleted: list[ImageId] = []
        failures: list[dict[str, Any]] = []
        for wanted in response._get_param("imageIds") or []:
            problem = deletion_problem(repository, wanted)
            if problem is not None:
                failures.append({"imageId": wanted} | problem)
                continue
            for gone in delete(repository, wanted):
                deleted.append(gone)
                digest, tag = gone["imageDigest"], gone.get("imageTag")
                self._tell(response, repository, "DELETE", digest, tag)
        return ActionResult({"imageIds": deleted, "failures": failures})

    def batch_get_image(self, response: ECRResponse) -> ActionResult:
        repository = _repository(response)
        images, failures = [], []
        for wanted in response._get_param("imageIds") or []:
            image = find(repository, wanted)
            if image is None:
                failures.append({"imageId": wanted} | NOT_FOUND)
            else:
                images.append(image_view(image, wanted.get("imageTag")))
        return ActionResult({"images": images, "failures": failures})

    def describe_images(self, response: ECRResponse) -> ActionResult:
        repository = _repository(response)
        wanted = response._get_param("imageIds")
        if wanted:
            images = [required(repository, each) for each in wanted]
            return ActionResult(
                {"imageDetails": [detail_view(repository, each) for each in images]}
            )
        details = [detail_view(repository, each) for each in _filtered(repository, response)]
        return ActionResult(_page("imageDetails", details, response))

    def list_images(self, response: ECRResponse) -> ActionResult:
        repository = _repository(response)
        identifiers = [
            {"imageDigest": image.image_digest} | ({"imageTag": tag} if tag else {})
            for image in _filtered(repository, response)
            for tag in image.image_tags or [""]
        ]
        return ActionResult(_page("imageIds", identifiers, response))

    def get_authorization_token(self, response: ECRResponse) -> ActionResult:
        accounts = response._get_param("registryIds") or [response.current_account]
        now = self._clock.now()
        data = [authorization(account, response.region, now) for account in accounts]
        return ActionResult({"authorizationData": data})

    def start_image_scan(self, response: ECRResponse) -> ActionResult:
        repository = _repository(response)
        image = required(repository, response._get_param("imageId"))
        place = (response.current_account, response.region)
        return ActionResult(self.scans.start(repository, image, *place))

    def describe_image_scan_findings(self, response: ECRResponse) -> ActionResult:
        repository = _repository(response)
        image = required(repository, response._get_param("imageId"))
        return ActionResult(self.scans.describe(repository, image))

    def install(self) -> None:
        for name in (
            "get_authorization_token",
            "start_image_scan",
            "describe_image_scan_findings",
            "put_image",
            "batch_delete_image",
            "batch_get_image",
            "describe_images",
            "list_images",
        ):
            self._originals[name] = getattr(ECRResponse, name)
            setattr(ECRResponse, name, _as_method(getattr(self, name)))

    def uninstall(self) -> None:
        while self._originals:
            setattr(ECRResponse, *self._originals.popitem())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.uninstall()

    def _stored(
        self,
        repository: Repository,
        manifest: str,
        media_type: str,
        digest: str,
        tag: str | None,
    ) -> Image:
        image = find(repository, {"imageDigest": digest})
        if image is not None and (tag is None or tag in image.image_tags):
            raise ImageAlreadyExistsException(
                registry_id=repository.registry_id,
                image_tag=str(tag),
                digest=digest,
                repository_name=repository.name,
            )
        holder = find(repository, {"imageTag": tag}) if tag else None
        if tag and holder is not None:
            refuse_immutable(repository, tag)
            untag(holder, tag)
        if image is None:
            image = Image(
                repository.account_id, tag or "", manifest, repository.name, media_type, digest
            )
            image.image_tags = []
            image.image_pushed_at = int(self._clock.now().timestamp())
            repository.images.append(image)
        if tag:
            image.update_tag(tag)
        return image

    def _tell(
        self,
        response: ECRResponse,
        repository: Repository,
        action: str,
        digest: str,
        tag: str | None,
    ) -> None:
        place = Place(response.current_account, response.region)
        image = {"repository-name": repository.name, "image-digest": digest}
        if tag:
            image["image-tag"] = tag
        self._emit(image_action(place, self._clock.now(), action, image))


def _as_method(
    operation: Callable[[ECRResponse], ActionResult],
) -> Callable[[ECRResponse], ActionResult]:
    """A plain function, so that it binds to the response when looked up on it."""

    def method(self: ECRResponse) -> ActionResult:
        return operation(self)

    return method


def _repository(response: ECRResponse) -> Repository:
    name, registry = response._get_param("repositoryName"), response._get_param("registryId")
    found: Repository = response.ecr_backend._get_repository(name, registry)
    return found


def _filtered(repository: Repository, response: ECRResponse) -> list[Image]:
    chosen = response._get_param("filter") or {}
    if chosen.get("imageStatus", "ACTIVE") not in ("ACTIVE", "ANY"):
        return []
    status = chosen.get("tagStatus", "ANY")
    return [
        image
        for image in repository.images
        if status == "ANY" or bool(image.image_tags) == (status == "TAGGED")
    ]


def _page(member: str, items: list[Any], response: ECRResponse) -> dict[str, Any]:
    size = min(int(response._get_param("maxResults") or DEFAULT_RESULTS), MOST_RESULTS)
    token = response._get_param("nextToken")
    try:
        found, following = part(items, size, token)
    except ValueError as error:
        raise InvalidParameterException("Invalid parameter at 'nextToken'") from error
    return {member: found} | ({"nextToken": following} if following else {})
