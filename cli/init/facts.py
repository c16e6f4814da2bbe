"""What `read.py` found in the account, as values."""

from __future__ import annotations

from pydantic import Field

from chalicelib.model.base import Frozen
from chalicelib.model.places import Place


class ContainerFacts(Frozen):
    """One container definition. `log_group` is empty unless the logs are in this region."""

    name: str
    image: str
    essential: bool = True
    log_group: str = ""


class DefinitionFacts(Frozen):
    """The revision that a service runs: its family, containers and roles (ARNs)."""

    family: str
    containers: tuple[ContainerFacts, ...] = ()
    roles: tuple[str, ...] = ()


class ServiceFacts(Frozen):
    """One service. `definition` is None where it has none, or where it could not be read."""

    cluster: str
    name: str
    controller: str = "ECS"
    status: str = "ACTIVE"
    definition: DefinitionFacts | None = None

    @property
    def key(self) -> str:
        """`CLUSTER/SERVICE`, as people know it."""
        return f"{self.cluster}/{self.name}"


class AccountFacts(Frozen):
    """All that was read. What could not be read is None, and `unread` says so in sentences.

    `repositories` are all names; `tags` has the tags of those that some service runs. `families`
    are those of the task definitions, `log_groups` those that exist.
    """

    place: Place
    clusters: tuple[str, ...]
    services: tuple[ServiceFacts, ...]
    repositories: frozenset[str] | None = None
    tags: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    families: tuple[str, ...] = ()
    log_groups: frozenset[str] | None = None
    unread: tuple[str, ...] = ()
