"""Several containers of a service -> the repository that is its own, and the containers of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chalicelib.model.registries import ecr_repository
from cli.init.facts import AccountFacts, ContainerFacts, DefinitionFacts, ServiceFacts

_WORD = re.compile(r"[a-z0-9]+")


def own_repository(
    ours: dict[str, list[ContainerFacts]],
    service: ServiceFacts,
    definition: DefinitionFacts,
    facts: AccountFacts,
) -> str | None:
    """The one repository that is the service's own; None when two may be.

    It is that of an essential container, its name shares the most words with the service's and the
    family's, and the fewest services run it: those that many run are sidecars'.
    """
    own = {*_words(service.name), *_words(definition.family)}
    beside = [each for each in facts.services if each.cluster == service.cluster]

    def rank(name: str) -> tuple[bool, int, int]:
        essential = any(each.essential for each in ours[name])
        return essential, len(own & {*_words(name)}), -sum(_runs(each, name) for each in beside)

    best = max(map(rank, ours))
    first = [name for name in ours if rank(name) == best]
    return first[0] if len(first) == 1 else None


def own_containers(
    same: Sequence[ContainerFacts], service: ServiceFacts
) -> tuple[list[ContainerFacts], str]:
    """The containers that get the new image, and why not all of the repository's do.

    By default all do. Where they run different images of it, some are pinned on purpose: then only
    those that run the main container's image do.
    """
    own = {*_words(service.name)}
    main = max(same, key=lambda each: (each.essential, len(own & {*_words(each.name)})))
    chosen = [each for each in same if each.image == main.image]
    kept = [each.name for each in same if each.image != main.image]
    if not kept:
        return chosen, ""
    return chosen, (
        f"`containers`: {', '.join(kept)} runs another image of the same repository, so a push "
        "leaves it alone. Remove the key if all are to get the new image."
    )


def _runs(service: ServiceFacts, repository: str) -> bool:
    containers = service.definition.containers if service.definition else ()
    found = (ecr_repository(each.image) for each in containers)
    return any(each is not None and each.name == repository for each in found)


def _words(name: str) -> list[str]:
    return _WORD.findall(name.lower())
