"""As few tables as say the same; each file holds the services of the world, and packages."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import assume, given
from hypothesis import strategies as st

from cli.init.facts import ServiceFacts
from cli.init.group import Proposal, proposed
from cli.init.words import known_word
from tests.cli.init.worlds import account, file_of, image, service, targets_in

STAGES = ("dev", "staging", "prod")


def shop(environment: str, name: str = "api", **more: str) -> ServiceFacts:
    """The service `name` of the cluster `shop-ENVIRONMENT`, named with its environment."""
    own = f"{name}-{environment}"
    return service(
        f"shop-{environment}",
        more.get("service", own),
        image(more.get("repository", own), more.get("tag", "0a1b2c3")),
        family=more.get("family", own),
        roles=[more.get("role", f"{name}-task-{environment}")],
        log_group=f"/ecs/{own}",
    )


def tables(*services: ServiceFacts, said: tuple[str, ...] = ()) -> Proposal:
    return proposed(account(*services), said)


def test_two_services_whose_names_differ_by_environment_are_one_table() -> None:
    found = tables(*map(shop, STAGES))
    (table,) = found.tables
    assert found.environments == table.environments == STAGES
    assert (table.cluster, table.service) == ("shop-{env}", "api-{env}")
    assert (table.repository, table.family) == ("api-{env}", "api-{env}")
    assert table.pass_roles == ("arn:aws:iam::*:role/api-task-{env}",)
    assert table.log_groups == ("/ecs/api-{env}",)
    assert (found.shared, table.remarks) == ((), ())


def test_a_service_of_some_environments_says_of_which() -> None:
    found = tables(*map(shop, STAGES), shop("prod", "billing"))
    billing = next(each for each in found.tables if each.service == "billing-{env}")
    assert billing.environments == ("prod",)
    text = file_of(account(*map(shop, STAGES), shop("prod", "billing")))
    assert text.count("environments = ") == 1
    assert len(targets_in(text)["dev"]) == 1
    assert len(targets_in(text)["prod"]) == 2


def test_what_several_environments_have_is_shared_by_name() -> None:
    services = [shop(each, repository="api", role="ecsTaskExecutionRole") for each in STAGES]
    found = tables(*services)
    assert found.shared == ("api", "arn:aws:iam::*:role/ecsTaskExecutionRole")
    (table,) = found.tables
    assert "each push to api deploys to all of them" in table.remarks[-1]
    assert len(targets_in(file_of(account(*services)))) == 3


def test_environments_that_follow_one_repository_are_told_also_from_two_tables() -> None:
    services = [shop(each, repository="api", service=f"{each}x") for each in ("dev", "prod")]
    found = tables(*services)
    assert len(found.tables) == 2
    for table in found.tables:
        assert table.remarks[-1].startswith("dev and prod follow one repository, so each push to")


def test_environments_that_run_tags_of_their_names_follow_these_tags() -> None:
    services = [shop(each, repository="api", tag=f"{each}-0a1b2c3") for each in ("dev", "prod")]
    (table,) = tables(*services).tables
    assert table.tags == "^{env}-[0-9a-f]{7,40}$"
    assert table.remarks == ("Each environment takes the tags of its name.",)
    found = targets_in(file_of(account(*services)))
    assert found["prod"][0].tags == "^prod-[0-9a-f]{7,40}$"


def test_a_role_of_one_environment_is_never_another_ones() -> None:
    """The same service, but prod passes a role whose name tells no environment."""
    services = [shop("dev"), shop("prod", role="admin")]
    first, second = tables(*services).tables
    assert {first.environments, second.environments} == {("dev",), ("prod",)}
    found = targets_in(file_of(account(*services)))
    assert found["dev"][0].pass_roles == ("arn:aws:iam::*:role/api-task-dev",)
    assert found["prod"][0].pass_roles == ("arn:aws:iam::*:role/admin",)


def test_services_that_two_environments_run_from_one_family_are_left_out() -> None:
    services = [shop(each, family="api") for each in STAGES]
    found = tables(*services, shop("dev", "web"))
    assert [table.service for table in found.tables] == ["web-{env}"]
    assert len(found.left_out) == 3
    assert found.left_out[0].why == "its family api is run by services of dev, staging and prod"


def test_a_name_in_capitals_stays_as_it_is() -> None:
    services = [
        service("Shop-Prod", "Api-Prod", image("api-prod"), family="Api-Prod"),
        service("shop-dev", "api-dev", image("api-dev")),
    ]
    found = targets_in(file_of(account(*services)))
    assert [each.name for each in found["prod"]] == ["Shop-Prod/Api-Prod"]
    assert [each.name for each in found["dev"]] == ["shop-dev/api-dev"]


def test_the_words_beside_an_environment_belong_to_it_where_that_needs_fewer_tables() -> None:
    places = ("dev", "eu-prod", "us-prod")
    assert tables(*map(shop, places)).environments == places
    (table,) = tables(*map(shop, places)).tables
    assert table.service == "api-{env}"
    (table,) = tables(shop("eu-dev"), shop("eu-prod")).tables
    assert table.service == "api-eu-{env}"


def test_services_without_an_environment_are_literal_and_in_one_of_their_own() -> None:
    services = [shop("dev"), service("tools", "grafana", image("grafana"))]
    text = file_of(account(*services))
    found = targets_in(text)
    assert [each.name for each in found["main"]] == ["tools/grafana"]
    assert 'write its name for "main" here' in text.replace("\n# ", " ")


# A word that can stand in every name. Known words of environments would be a second pattern.
WORDS = st.text("abcdefgh", min_size=3, max_size=6).filter(
    lambda word: known_word(word, qualified=False) is None
)
SEPARATORS = st.sampled_from("-_")
KNOWN = ("dev", "qa", "staging", "prod", "eu-prod", "us-prod", "production2")


@st.composite
def patterns(draw: st.DrawFn, words: list[str]) -> str:
    """A name of one to three parts, of which one is `{env}`."""
    others = draw(st.lists(st.sampled_from(words), max_size=2, unique=True))
    place = draw(st.integers(0, len(others)))
    return draw(SEPARATORS).join([*others[:place], "{env}", *others[place:]])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[dict[str, str]], list[str], bool]:
    """The patterns of some services, the environments, and whether a person must name them."""
    words = draw(st.lists(WORDS, min_size=3, max_size=6, unique=True))
    invented = draw(st.booleans())
    names = st.sampled_from(KNOWN) if not invented else WORDS.filter(lambda w: w not in words)
    environments = draw(st.lists(names, min_size=2, max_size=4, unique=True))
    cluster = draw(patterns(words))
    services = [
        {
            "cluster": cluster,
            "service": draw(st.one_of(patterns(words), st.just(name))),
            "repository": f"{name}-{{env}}",
            "family": f"{name}-{draw(st.sampled_from(['task-', '']))}{{env}}",
        }
        for name in words[: draw(st.integers(1, 3))]
    ]
    assume(max(Counter(each["service"] for each in services).values()) == 1)
    return services, environments, invented


def built(services: list[dict[str, str]], environments: list[str]) -> list[ServiceFacts]:
    def named(each: dict[str, str], environment: str) -> ServiceFacts:
        names = {key: value.replace("{env}", environment) for key, value in each.items()}
        return service(
            names["cluster"], names["service"], image(names["repository"]), family=names["family"],
            roles=[f"task-{environment}"],
        )  # fmt: skip

    return [named(each, environment) for environment in environments for each in services]


@given(worlds())
def test_the_pattern_of_a_world_is_found_again(
    world: tuple[list[dict[str, str]], list[str], bool],
) -> None:
    services, environments, invented = world
    facts = account(*built(services, environments))
    found = proposed(facts, tuple(environments) if invented else ())
    assert set(found.environments) == set(environments)
    shapes = [
        {key: getattr(table, key) for key in ("cluster", "service", "repository", "family")}
        for table in found.tables
    ]
    assert sorted(shapes, key=str) == sorted(services, key=str)


@given(worlds(), st.data())
def test_a_file_has_exactly_the_services_of_the_world(
    world: tuple[list[dict[str, str]], list[str], bool], data: st.DataObject
) -> None:
    """Also when services are missing in some environments, and nobody names the environments."""
    services, environments, _ = world
    every = built(services, environments)
    kept = data.draw(st.lists(st.sampled_from(every), min_size=1, unique_by=lambda s: s.key))
    found = targets_in(file_of(account(*kept)))
    names = [target.name for targets in found.values() for target in targets]
    assert sorted(names) == sorted(each.key for each in kept)
    said = targets_in(file_of(account(*kept), *environments))
    for environment, targets in said.items():
        assert {target.name for target in targets} <= {
            each.key for each in built(services, [environment])
        }
    assert all(re.fullmatch(r"[a-z0-9-]+", environment) for environment in found)


TOKENS = st.sampled_from(
    ("dev", "prod", "test", "eu", "stage", "shop", "api", "web", "Prod", "non", "main", "1")
)
NAMES = st.builds("-".join, st.lists(TOKENS, min_size=1, max_size=4))


@st.composite
def messy(draw: st.DrawFn) -> list[ServiceFacts]:
    """Services of any names, which share families, repositories, roles and log groups."""
    found = [
        service(
            draw(NAMES),
            draw(NAMES),
            image(draw(NAMES).lower(), draw(NAMES)),
            family=draw(NAMES),
            roles=draw(st.lists(NAMES, max_size=2)),
            log_group=draw(st.one_of(st.just(""), NAMES)),
        )
        for _ in range(draw(st.integers(1, 8)))
    ]
    return list({each.key: each for each in found}.values())


@given(messy(), st.lists(st.sampled_from(("dev", "prod", "eu-prod", "blue")), unique=True))
def test_whatever_the_names_the_file_packages_and_nothing_is_lost(
    services: list[ServiceFacts], said: list[str]
) -> None:
    facts = account(*services)
    found = proposed(facts, tuple(said))
    left_out = [each.service for each in found.left_out]
    if found.tables:
        kept = [
            each.name for targets in targets_in(file_of(facts, *said)).values() for each in targets
        ]
    else:
        kept = []
    assert sorted([*kept, *left_out]) == sorted(each.key for each in services)
    assert found.services == len(kept)
