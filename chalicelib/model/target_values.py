"""key in targets.toml -> its value: a time, a count, a name of ECR, of ECS or of a secret."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_MINUTE, _TWO_DAYS = 60, 48 * 3600
_HOUR, _SIXTY_DAYS = 3600, 60 * 86_400
# To count its own revisions, Slipway reads each of them, and deploying shares that rate of ECS.
_FEWEST_REVISIONS, _MOST_REVISIONS = 2, 100
# Names as ECR and ECS accept them: CreateRepository's repositoryName, CreateCluster's clusterName.
# pydantic matches patterns in linear time, which `re` would not.
REPOSITORY = r"^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$"
ECS_NAME = r"^[a-zA-Z0-9_-]{1,255}$"


def seconds(text: object) -> int:
    """Return the seconds that "90s", "30m" or "2h" means; a whole number is taken as seconds.

    Raises:
        ValueError: when it is neither, or when it is not between a minute and two days.
    """
    if (meant := _span(text, r"(\d{1,6})([smh])", _MINUTE, _TWO_DAYS)) is None:
        raise ValueError('expected a time from "1m" to "48h", like "90s", "30m" or "2h"')
    return meant


def days(text: object) -> int:
    """Return the seconds that "12h" or "7d" means.

    Raises:
        ValueError: when it is not such a text, or not between an hour and sixty days.
    """
    if (meant := _span(text, r"(\d{1,4})([hd])", _HOUR, _SIXTY_DAYS)) is None:
        raise ValueError('expected a time from "1h" to "60d", like "12h" or "7d"')
    return meant


def _span(text: object, pattern: str, least: int, most: int) -> int | None:
    """Return the seconds that a text or a whole number means; None when they are out of bounds."""
    match = re.fullmatch(pattern, text) if isinstance(text, str) else None
    meant = int(match[1]) * _UNITS[match[2]] if match else text
    if not isinstance(meant, int) or isinstance(meant, bool) or not least <= meant <= most:
        return None
    return meant


def revisions(count: object) -> int:
    """Return how many revisions are kept; 0, which keeps all, for `false`.

    Raises:
        ValueError: when it is neither `false` nor a whole number from 2 to 100.
    """
    if count is False:
        return 0
    if isinstance(count, int) and _FEWEST_REVISIONS <= count <= _MOST_REVISIONS:
        return count
    raise ValueError("expected how many revisions to keep, from 2 to 100, like 20, or false")


Days = Annotated[int, BeforeValidator(days)]
Seconds = Annotated[int, BeforeValidator(seconds)]
RevisionCount = Annotated[int, BeforeValidator(revisions)]
# The name, in this account, of an SSM parameter (SecureString) or of a Secrets Manager secret.
_SECRET_NAME = r"^(ssm:/[A-Za-z0-9_./-]+|secretsmanager:[A-Za-z0-9_/+=.@-]+)$"  # noqa: S105 - a pattern
SecretName = Annotated[str, StringConstraints(pattern=_SECRET_NAME, max_length=500)]
EcsName = Annotated[str, StringConstraints(pattern=ECS_NAME)]


def is_ecr_host(host: str) -> bool:
    """Whether it looks like the host of an ECR registry, also where the account is misspelt."""
    return ".dkr.ecr" in host or ".dkr-ecr" in host


def _without_host(repository: str) -> str:
    """The repository itself. A host could be a part of a repository's name, but is not meant so."""
    if is_ecr_host(repository.partition("/")[0]):
        raise PydanticCustomError("registry", "expected the name without its registry")
    return repository


RepositoryName = Annotated[
    str, StringConstraints(pattern=REPOSITORY, max_length=256), AfterValidator(_without_host)
]
