"""Which fields of a new revision differ from what runs, besides the image that is deployed."""

from __future__ import annotations

from chalicelib.definition.compare import changed_besides_image
from tests.fixtures import examples

RUNS = examples.task_definition(7).body
NEW = f"{examples.URI}@{examples.DIGEST}"


def with_image(image: str) -> dict[str, object]:
    container, *others = RUNS["containerDefinitions"]
    return {**RUNS, "containerDefinitions": [{**container, "image": image}, *others]}


def test_the_image_that_is_deployed_is_no_change() -> None:
    assert changed_besides_image(RUNS, with_image(NEW), NEW) == ()


def test_another_image_in_the_same_container_is_one() -> None:
    changed = changed_besides_image(RUNS, with_image("docker.io/library/busybox"), NEW)
    assert changed == ("containerDefinitions[conflicto-backend].image",)


def test_what_only_answers_have_is_no_change() -> None:
    registered_by = {**with_image(NEW), "registeredBy": "somebody else", "revision": 9}
    assert changed_besides_image(RUNS, registered_by, NEW) == ()
