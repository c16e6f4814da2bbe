"""The words of names that may be environments, and names with `{env}`."""

from __future__ import annotations

import pytest

from cli.init.words import generalised, in_order, known_word, said_word, sure_word


@pytest.mark.parametrize(
    ("name", "single", "qualified"),
    [
        ("shop-dev", "dev", "dev"),
        ("production-shop", "production", "production"),
        ("shop-staging-api", "staging", "staging"),
        ("qa", "qa", "qa"),
        ("shop_prd", "prd", "prd"),
        ("ecs/shop/uat", "uat", "uat"),
        ("dev2-shop", "dev2", "dev2"),
        ("ProdStack", "prod", "prod"),
        ("ShopApiStaging", "staging", "staging"),
        ("shop-eu-prod", "prod", "eu-prod"),
        ("prod-us-east-1-shop", "prod", "prod-us-east-1"),
        ("shop-non-prod", "non-prod", "non-prod"),
        ("shop-blue", None, None),
        ("devices", None, None),
        ("product", None, None),
        ("reproduction-shop", None, None),
        ("", None, None),
    ],
)
def test_a_sure_word_stands_alone_in_the_name(
    name: str, single: str | None, qualified: str | None
) -> None:
    assert sure_word(name, qualified=False) == single
    assert sure_word(name, qualified=True) == qualified


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("shop-test", "test"),
        ("stage", "stage"),
        ("test-shop-prod", "prod"),
        ("testing1", "testing1"),
    ],
)
def test_an_unsure_word_gives_way_to_a_sure_one(name: str, word: str) -> None:
    assert known_word(name, qualified=False) == word


@pytest.mark.parametrize("name", ["test-runner", "live-chat", "stage-manager", "load-balancer"])
def test_a_word_that_may_mean_something_else_is_not_sure(name: str) -> None:
    assert sure_word(name, qualified=True) is None


@pytest.mark.parametrize(
    ("name", "environment", "general"),
    [
        ("shop-dev", "dev", "shop-{env}"),
        ("dev", "dev", "{env}"),
        ("dev/shop.dev_1", "dev", "{env}/shop.{env}_1"),
        ("developer-dev", "dev", "developer-{env}"),
        ("shop-eu-prod", "eu-prod", "shop-{env}"),
        ("ShopDev", "dev", "ShopDev"),
        ("shop-Dev", "dev", "shop-Dev"),
        ("shop", None, "shop"),
    ],
)
def test_a_name_with_env_is_the_name_again(
    name: str, environment: str | None, general: str
) -> None:
    assert generalised(name, environment) == general
    assert general.replace("{env}", environment or "") == name


def test_of_what_was_said_the_longest_that_is_there_is_meant() -> None:
    assert said_word("shop-eu-prod", ("prod", "eu-prod", "dev")) == "eu-prod"
    assert said_word("shop-prod", ("prod", "eu-prod")) == "prod"
    assert said_word("shop-production", ("prod",)) is None


def test_environments_are_in_the_order_in_which_people_say_them() -> None:
    names = [
        "main",
        "eu-prod",
        "prod",
        "blue",
        "staging",
        "qa",
        "dev",
        "dev2",
        "production",
        "live",
    ]
    assert sorted(names, key=in_order) == [
        "dev", "dev2", "qa", "staging", "eu-prod", "live", "prod", "production", "blue", "main",
    ]  # fmt: skip
