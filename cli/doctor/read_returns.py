"""ECS and ECR -> the images that a rollback may need, and whether they are still there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.definition.render import image_in
from chalicelib.model.registries import digest_of, tag_of
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import TaskDefinition, short_name
from cli.doctor.asking import Asking
from cli.doctor.facts import RollbackImage, StoredImage

_GONE = ("ImageNotFoundException", "RepositoryNotFoundException")
_RETURNS = 3  # revisions before the running one that are looked at


def returns(
    asking: Asking, target: Target, family: str, running: str, known: Sequence[StoredImage]
) -> tuple[RollbackImage, ...] | None:
    """The images of the newest ACTIVE revisions before the running one; None if not known."""
    about = f"the older revisions of {family}"
    listed = asking.ask(
        about,
        "ecs:list_task_definitions",
        familyPrefix=family,
        status="ACTIVE",
        sort="DESC",
        maxResults=_RETURNS + 1,
    )
    if listed is None:
        return None
    found: list[RollbackImage] = []
    for arn in [each for each in listed["taskDefinitionArns"] if each != running][:_RETURNS]:
        answer = asking.ask(about, "ecs:describe_task_definition", taskDefinition=arn)
        if answer is None:
            return None
        revision = TaskDefinition(body=answer["taskDefinition"])
        image = image_in(revision, target.repository, target.containers)
        found += _looked_up(asking, target.repository, revision, image, known)
    return tuple(found)


def _looked_up(
    asking: Asking,
    repository: str,
    revision: TaskDefinition,
    image: str,
    known: Sequence[StoredImage],
) -> Iterator[RollbackImage]:
    digest, tag = digest_of(image), tag_of(image)
    if not digest and not tag:
        return
    found = [each for each in known if digest in {"", each.digest} and (digest or tag in each.tags)]
    there = any(not each.archived for each in found)
    if not found and digest:  # it may have lost its tags, and still be there
        answer = asking.ask(
            f"the image of {revision.name}",
            "ecr:describe_images",
            absent=_GONE,
            repositoryName=repository,
            imageIds=[{"imageDigest": digest}],
        )
        if answer is None:
            return
        details = answer.get("imageDetails", ())
        there = any(each.get("imageStatus", "ACTIVE") == "ACTIVE" for each in details)
    yield RollbackImage(revision=short_name(revision.arn), digest=digest or tag, there=there)
