"""The environment of each service, from names."""

from __future__ import annotations

import pytest

from cli.init.environments import environments
from cli.init.follow import Follower


def follower(cluster: str, service: str, family: str = "", repository: str = "") -> Follower:
    return Follower(
        cluster=cluster,
        service=service,
        family=family or service,
        repository=repository or service,
    )


# (cluster, service, family, repository) -> environment; the last two default to the service.
WORLDS: dict[str, dict[tuple[str, ...], str]] = {
    "a suffix": {("shop-dev", "api-dev"): "dev", ("shop-prod", "api-prod"): "prod"},
    "a prefix": {("dev-shop", "dev-api"): "dev", ("qa-shop", "qa-api"): "qa"},
    "in the middle": {
        ("my-stage-shop", "my-stage-api"): "stage",
        ("my-production-shop", "my-production-api"): "production",
    },
    "a cluster of its own": {
        ("test", "api", "api-test"): "test",
        ("production", "api", "api-production"): "production",
    },
    "one cluster for all": {
        ("main", "api-dev"): "dev",
        ("main", "api-test"): "test",
        ("main", "worker-test"): "test",
        ("main", "worker-dev"): "dev",
    },
    "only in some environments": {
        ("shop-dev", "api"): "dev",
        ("shop-prod", "api"): "prod",
        ("shop-prod", "billing"): "prod",
    },
    "several environments in the cluster that is not prod": {
        ("shop-nonprod", "api-dev"): "dev",
        ("shop-nonprod", "api-qa"): "qa",
        ("shop-prod", "api-prod"): "prod",
    },
    "an environment's word in a service's own name": {
        ("shop-dev", "stage-manager-dev"): "dev",
        ("shop-prod", "stage-manager"): "prod",
        ("shop-prod", "test-runner"): "prod",
    },
    "only the family tells it": {
        ("main", "api", "api-prod", "api"): "prod",
        ("main", "web", "web", "web"): "main",
    },
    "an unknown word where known ones stand": {
        ("shop-dev", "api-dev"): "dev",
        ("shop-blau", "api-blau"): "blau",
    },
    "two unknown words, several services": {
        ("shop-blau", "api-blau"): "blau",
        ("shop-rot", "api-rot"): "rot",
        ("shop-blau", "web-blau"): "blau",
        ("shop-rot", "web-rot"): "rot",
    },
    "two unknown words, one repository": {
        ("alpha", "api", "api-alpha", "api"): "alpha",
        ("beta", "api", "api-beta", "api"): "beta",
    },
    "two products that look like environments": {
        ("payments", "payments-api"): "main",
        ("orders", "orders-api"): "main",
    },
    "products with the same services in known environments": {
        ("payments-dev", "api-dev", "payments-api-dev", "payments-api"): "dev",
        ("orders-dev", "api-dev", "orders-api-dev", "orders-api"): "dev",
    },
    "prod has no word": {
        ("shop-dev", "api-dev"): "dev",
        ("shop", "api"): "main",
    },
    "nothing tells it": {("default", "api"): "main", ("default", "worker"): "main"},
}


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_the_environment_is_what_differs_between_else_equal_names(
    world: dict[tuple[str, ...], str],
) -> None:
    services = {follower(*names).key: environment for names, environment in world.items()}
    assert environments([follower(*names) for names in world]) == services


def test_the_words_beside_an_environment_may_belong_to_it() -> None:
    services = [follower("shop-eu-prod", "api-eu-prod"), follower("shop-us-prod", "api-us-prod")]
    assert set(environments(services, qualified=True).values()) == {"eu-prod", "us-prod"}
    assert set(environments(services).values()) == {"prod"}


def test_what_a_person_says_wins_over_every_other_word() -> None:
    services = [
        follower("blau-dev", "api-blau"),
        follower("rot-dev", "api-rot"),
        follower("tools-dev", "api-prod"),
    ]
    assert environments(services, ("blau", "rot")) == {
        "blau-dev/api-blau": "blau",
        "rot-dev/api-rot": "rot",
        "tools-dev/api-prod": "main",
    }


def test_a_person_who_names_one_environment_means_all_services() -> None:
    services = [follower("default", "api"), follower("default", "api-prod")]
    assert set(environments(services, ("prod",)).values()) == {"prod"}


def test_a_world_without_services_has_no_environment() -> None:
    assert environments([]) == {}
