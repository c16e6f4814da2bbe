"""ARNs and identifiers, in the forms that ECS gives them."""

from __future__ import annotations

import random
import string
import uuid
from dataclasses import dataclass

_TOKEN_ALPHABET = string.ascii_letters + string.digits + "_-"


def partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


@dataclass(frozen=True)
class Place:
    """One account in one region: where an ECS lives."""

    account: str
    region: str

    def arn(self, resource: str) -> str:
        return f"arn:{partition(self.region)}:ecs:{self.region}:{self.account}:{resource}"


class Ids:
    """Identifiers of the length and alphabet of the real ones; repeatable when seeded."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)

    def hexadecimal(self) -> str:
        """A task's, container's or attachment's id."""
        return f"{self._random.getrandbits(128):032x}"

    def dashed(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def digits(self) -> str:
        """19 digits, as in `ecs-svc/1234567890123456789` and in service revisions."""
        return str(self._random.randrange(10**18, 10**19))

    def hook(self) -> str:
        """43 characters, as at the end of a pause hook's id."""
        return "".join(self._random.choices(_TOKEN_ALPHABET, k=43))

    def token(self) -> str:
        """21 characters, as at the end of a service deployment's ARN."""
        return "".join(self._random.choices(_TOKEN_ALPHABET, k=21))


def short(name_or_arn: str) -> str:
    """The last part of an ARN; a plain name as it is."""
    return name_or_arn.rsplit("/", 1)[-1]
