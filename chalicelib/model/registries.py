"""image reference -> its registry, repository, tag and digest. An ECR registry has several hosts.

Amazon ECR user guide, "Making requests to Amazon ECR registries"; ECR endpoints and quotas ("FIPS
endpoints"): `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, `ACCOUNT.dkr.ecr-fips.REGION.amazonaws.com`,
and for IPv4 and IPv6 `ACCOUNT.dkr-ecr.REGION.on.aws`, with `dkr-ecr-fips` for FIPS. Other
partitions have the same hosts under domains of their own.
"""

from __future__ import annotations

import re

from chalicelib.model.base import Frozen
from chalicelib.model.places import Place

_IPV4_DOMAINS = (
    "amazonaws.com", "amazonaws.com.cn", "amazonaws.eu",
    "c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov",
)  # fmt: skip
_DUAL_STACK_DOMAINS = ("on.aws", "on.amazonwebservices.com.cn", "on.amazonwebservices.eu")


def _one_of(domains: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, domains))


_ECR_HOST = re.compile(
    r"(?P<account>\d{12})\."
    rf"(?:dkr\.ecr(?:-fips)?\.(?P<ipv4>[a-z0-9-]+)\.(?:{_one_of(_IPV4_DOMAINS)})"
    rf"|dkr-ecr(?:-fips)?\.(?P<dual>[a-z0-9-]+)\.(?:{_one_of(_DUAL_STACK_DOMAINS)}))",
    re.ASCII,
)


class Repository(Frozen):
    """One repository of ECR; it is the same one under every host of its registry."""

    place: Place
    name: str


def repository_of(image: str) -> str:
    """Return an image reference without its tag and digest; a registry's port is not a tag."""
    name = image.split("@", 1)[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.split(':', 1)[0]}"


def tag_of(image: str) -> str:
    """Return the tag of an image reference; empty when it has none."""
    return image.split("@", 1)[0].rsplit("/", 1)[-1].partition(":")[2]


def digest_of(image: str) -> str:
    """Return the digest of an image reference; empty when it has none."""
    return image.partition("@")[2]


def ecr_repository(image: str) -> Repository | None:
    """Return the ECR repository that an image reference names; None when it names none of ECR."""
    host, _, name = repository_of(image).partition("/")
    found = _ECR_HOST.fullmatch(host)
    if found is None or not name:
        return None
    place = Place(account=found["account"], region=found["ipv4"] or found["dual"])
    return Repository(place=place, name=name)


def same_repository(image: str, other: str) -> bool:
    """Whether two references name one repository; ECR's compare by account, region and name."""
    repository = ecr_repository(image)
    if repository is None:
        return repository_of(image) == repository_of(other)
    return repository == ecr_repository(other)


def same_image(image: str, other: str) -> bool:
    """Whether two references name one image.

    They do when repository and digest are the same, or repository and tag where neither has a
    digest.
    """
    if not same_repository(image, other):
        return False
    digests = digest_of(image), digest_of(other)
    return digests[0] == digests[1] and (any(digests) or tag_of(image) == tag_of(other))


def digest_in(repository: Repository, image: str) -> str:
    """Return the digest that a reference names; empty when it names another repository."""
    return digest_of(image) if ecr_repository(image) == repository else ""


def with_host_of(base: str, image: str) -> str:
    """Return `image` under the host of `base` when both name one registry of ECR, else unchanged.

    So a service that pulls from the FIPS or the dual-stack host keeps doing so.
    """
    ours, theirs = ecr_repository(image), ecr_repository(base)
    if ours is None or theirs is None or ours.place != theirs.place:
        return image
    return f"{base.partition('/')[0]}/{image.partition('/')[2]}"
