"""payload of a person -> request: parse it, and say what was meant where a name is not known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Annotated, TypeVar

from pydantic import BaseModel, StringConstraints, ValidationError

from chalicelib.decide.admit import slug
from chalicelib.errors import Refused, Unreadable
from chalicelib.explain.text import brief, listed
from chalicelib.flow.ports import World
from chalicelib.model.meant import did_you_mean
from chalicelib.model.targets import Target

Text = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
# CLUSTER/SERVICE may have 511 characters, and an image's URI with tag and digest a few more.
Name = Annotated[str, StringConstraints(min_length=1, max_length=1_000, strip_whitespace=True)]
_NAMED = 10  # names in a message, and services that are looked at for one
_QUOTED = 200  # characters of what a person typed, in a message
_Model = TypeVar("_Model", bound=BaseModel)


def parsed(model: type[_Model], payload: object) -> _Model:
    """Return the payload as a model.

    Raises:
        Refused: when it does not fit. The message names the key that was meant, or what was
            expected of a key.
    """
    try:
        return model.model_validate(payload)
    except ValidationError as error:
        raise Refused(_mistake(model, error)) from error


def _mistake(model: type[BaseModel], error: ValidationError) -> str:
    """Return what is wrong. An unknown key comes first: a missing one may follow from it."""
    found = error.errors(include_url=False, include_input=False)
    takes = ", ".join(
        name + ("" if field.is_required() else "?") for name, field in model.model_fields.items()
    )
    unknown = next((each for each in found if each["type"] == "extra_forbidden"), None)
    if unknown is None:
        key = ".".join(str(part) for part in found[0]["loc"]) or "payload"
        return f"`{key}`: {found[0]['msg']}; expected an object of {takes}"
    key = str(unknown["loc"][-1])
    guess = did_you_mean(key, model.model_fields, "`")
    verb = model.__name__.removesuffix("Request").lower()
    wrong = f"`{brief(key, _QUOTED)}` is not a key of {verb}"
    return f"{wrong}; {guess} It takes {takes}" if guess else f"{wrong}. It takes {takes}"


def target_named(world: World, service: str) -> Target:
    """Return the target of `CLUSTER/SERVICE`.

    Raises:
        Refused: when there is no such target; the message says which one was probably meant.
    """
    target = world.targets.named(service)
    if target is None:
        raise Refused(_no_target(world, service))
    return target


def _no_target(world: World, service: str) -> str:
    names = [target.name for target in world.targets.all]
    called = [target.name for target in world.targets.called(service)]  # without its cluster
    guess = f"did you mean {listed(called, 3)}?" if called else did_you_mean(service, names)
    wrong = f"no target is named {brief(service, _QUOTED)!r} (CLUSTER/SERVICE)"
    known = f"targets are {listed(names, _NAMED)}"
    return f"{wrong}; {guess} The {known}" if guess else f"{wrong}; the {known}"


def followers_named(world: World, repository: str) -> tuple[Target, ...]:
    """Return the targets that follow this repository; there is one at least.

    Raises:
        Refused: when no target follows it; the message says which one was probably meant.
    """
    if followers := world.targets.following(repository):
        return followers
    known = list(dict.fromkeys(target.repository for target in world.targets.all))
    guess = did_you_mean(repository, known)
    wrong = f"no target follows the repository {brief(repository, _QUOTED)!r}"
    names = f"repositories are {listed(known, _NAMED)}"
    raise Refused(f"{wrong}; {guess} The {names}" if guess else f"{wrong}; the {names}")


def unknown_deployment(world: World, deployment: str, service: str | None = None) -> Refused:
    """Return the refusal of a deployment that the ledger does not have, with what was meant."""
    guess = did_you_mean(deployment, _recent(world, deployment, service))
    wrong = f"the ledger has no deployment {brief(deployment, _QUOTED)}"
    lists = "`status` without it lists them"
    return Refused(f"{wrong}; {guess} Else {lists}" if guess else f"{wrong}; {lists}")


def _recent(world: World, deployment: str, service: str | None) -> Sequence[str]:
    """Return the recent deployments of the service, or of the few that the id may be of."""
    names = (
        [service]
        if service is not None
        else [target.name for target in world.targets.all if slug(target.service) in deployment]
    )
    found: list[str] = []
    for name in islice(names, _NAMED):
        try:
            head = world.ledger.head(name)
        except Unreadable:
            continue
        found += [recent.deployment for recent in head.recent] if head else []
    return found
