"""All services -> the environment of each, by what differs between names that are else the same.

A known word (dev, staging, prod, …) is a hint. A counterpart is evidence: the same names in another
cluster, with only this word exchanged. What a person says (`--env`) is certain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from cli.init.follow import Follower
from cli.init.words import any_words, generalised, known_word, said_word, sure_word

# The environment of the services whose names tell none.
UNNAMED = "main"
# Two clusters of unknown words are environments if at least so many services are counterparts.
_ENOUGH = 2
_Shape = tuple[str, str, str]


def environments(
    services: Sequence[Follower], said: tuple[str, ...] = (), *, qualified: bool = False
) -> dict[str, str]:
    """Return the environment of each service, by `CLUSTER/SERVICE`.

    `said` are the environments that a person named; then no other word is one. With `qualified`,
    `eu-prod` is one environment, else it is `prod`.
    """
    return _Recognition(services, said, qualified=qualified).all()


class _Recognition:
    """What is known of the names while the environments are found."""

    def __init__(
        self, services: Sequence[Follower], said: tuple[str, ...], *, qualified: bool
    ) -> None:
        self._services = services
        self._said = said
        self._qualified = qualified
        self._by_cluster: dict[str, list[Follower]] = {}
        for each in services:
            self._by_cluster.setdefault(each.cluster, []).append(each)

    def all(self) -> dict[str, str]:
        clusters = {name: found for name in self._by_cluster if (found := self._known(name))}
        if not self._said:
            clusters |= _by_exchange(self._by_cluster, clusters)
        alone = self._said[0] if len(self._said) == 1 else UNNAMED
        own = ((each, self._own(each, clusters.get(each.cluster))) for each in self._services)
        return {each.key: environment or alone for each, environment in own}

    def _known(self, name: str) -> str | None:
        if self._said:
            return said_word(name, self._said)
        return known_word(name, qualified=self._qualified)

    def _sure(self, name: str) -> str | None:
        return self._known(name) if self._said else sure_word(name, qualified=self._qualified)

    def _own(self, service: Follower, cluster: str | None) -> str | None:
        """The environment of one service, whose cluster's is known or None.

        Its own name wins over its cluster's only if it has a counterpart: `stage-manager` in the
        cluster `prod` is no service of the environment `stage`, but `api-dev` beside `api-qa` is.
        """
        if cluster and generalised(service.service, cluster) != service.service:
            return cluster
        own = self._known(service.service)
        if own and (self._has_counterpart(service, own) or (self._said and not cluster)):
            return own
        names = (service.service, service.family, service.repository)
        return cluster or next((found for name in names if (found := self._sure(name))), None)

    def _has_counterpart(self, service: Follower, word: str) -> bool:
        """Whether the same service is there with another known word in the place of this one."""
        return bool(self._words_in[generalised(service.service, word)] - {word})

    @cached_property
    def _words_in(self) -> dict[str, set[str]]:
        """The known words in the names of services, by the name without them."""
        found: dict[str, set[str]] = defaultdict(set)
        for each in self._services:
            if word := self._known(each.service):
                found[generalised(each.service, word)].add(word)
        return found


def _by_exchange(
    clusters: Mapping[str, Sequence[Follower]], known: Mapping[str, str]
) -> dict[str, str]:
    """The environments of clusters with unknown words: by the services that are also elsewhere."""
    alike: dict[str, dict[str, str]] = {}
    for name in clusters:
        words = [known[name]] if name in known else list(any_words(name))
        for word in words:
            alike.setdefault(generalised(name, word), {})[name] = word
    best: dict[str, tuple[int, str]] = {}
    for words_of in alike.values():
        shapes = {name: _shapes(clusters[name], word) for name, word in words_of.items()}
        for name in shapes.keys() - known.keys():
            strength = max((_evidence(name, other, shapes, known) for other in shapes), default=0)
            if strength:
                best[name] = max(best.get(name, (0, "")), (strength, words_of[name]))
    return {name: word for name, (_, word) in best.items()}


def _shapes(services: Iterable[Follower], word: str) -> set[_Shape]:
    """The names of the services with `{env}` for this word."""
    return {
        (
            generalised(each.service, word),
            generalised(each.family, word),
            generalised(each.repository, word),
        )
        for each in services
    }


def _evidence(
    name: str, other: str, shapes: Mapping[str, set[_Shape]], known: Mapping[str, str]
) -> int:
    """How many services are in both clusters; 0 when that may be chance.

    One is enough if the other cluster's environment is known, or if both run images of one
    repository. Else all services of the smaller cluster must have a counterpart, and be enough:
    two products may each have a service of the same kind.
    """
    if name == other:
        return 0
    both = shapes[name] & shapes[other]
    one_image = any("{env}" not in repository for _, _, repository in both)
    smaller = min(len(shapes[name]), len(shapes[other]))
    if other in known or one_image or (len(both) == smaller and smaller >= _ENOUGH):
        return len(both)
    return 0
