"""Which repository a service follows, and why one follows none."""

from __future__ import annotations

import pytest

from cli.init.facts import AccountFacts, ContainerFacts, DefinitionFacts, ServiceFacts
from cli.init.follow import Follower, LeftOut, follower
from tests.cli.init.worlds import account, image, role, service

OTHER = "210987654321"
DUAL_STACK = "123456789012.dkr-ecr.us-west-2.on.aws/shop/api:1"
ELSEWHERE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api:1"
DIGEST = "@sha256:" + "0a" * 32


def followed(each: ServiceFacts, facts: AccountFacts | None = None) -> Follower:
    found = follower(each, facts or account(each))
    assert isinstance(found, Follower), found
    return found


def left_out(each: ServiceFacts, facts: AccountFacts | None = None) -> LeftOut:
    found = follower(each, facts or account(each))
    assert isinstance(found, LeftOut), found
    return found


def defined(*containers: ContainerFacts) -> ServiceFacts:
    definition = DefinitionFacts(family="api", containers=containers)
    return ServiceFacts(cluster="shop", name="api", definition=definition)


def test_a_service_follows_the_repository_of_its_image() -> None:
    found = followed(
        service("shop", "api", image("shop/api", "v1"), roles=["task"], log_group="/a")
    )
    assert (found.key, found.repository, found.family) == ("shop/api", "shop/api", "api")
    assert (found.tag, found.containers, found.notes) == ("v1", (), ())
    assert found.pass_roles == ("arn:aws:iam::*:role/task",)
    assert found.log_groups == ("/a",)


@pytest.mark.parametrize("other", ["nginx:latest", "public.ecr.aws/x/envoy:v1", "redis"])
def test_an_image_of_another_registry_is_a_sidecar(other: str) -> None:
    assert followed(service("shop", "api", other, image("api"))).notes == ()


def test_the_repository_is_the_same_under_every_host_of_its_registry() -> None:
    each = service("shop", "api", DUAL_STACK)
    assert followed(each).repository == "shop/api"


def test_an_image_by_digest_names_its_repository() -> None:
    found = followed(service("shop", "api", image("api").split(":")[0] + DIGEST))
    assert (found.repository, found.tag) == ("api", "")


@pytest.mark.parametrize(
    ("images", "why", "instead"),
    [
        ((image("api", account=OTHER),), f"api of the account {OTHER}", "replicate"),
        ((image("api", account=OTHER).split(":")[0] + DIGEST,), f"account {OTHER}", "replicate"),
        ((ELSEWHERE,), "shop/api of the region eu-west-1", "replicate"),
        (("nginx:latest", "redis"), "no image of ECR, but nginx, redis", "push the image to ECR"),
        ((), "no image of ECR, but nothing", "push the image to ECR"),
    ],
)
def test_a_service_without_an_image_of_this_account_and_region_is_left_out(
    images: tuple[str, ...], why: str, instead: str
) -> None:
    found = left_out(service("shop", "api", *images))
    assert found.service == "shop/api"
    assert why in found.why
    assert instead in found.instead


def test_a_service_whose_repository_is_gone_is_left_out() -> None:
    each = service("shop", "api", image("api"))
    found = left_out(each, account(each, repositories=frozenset({"web"})))
    assert "its repository api does not exist any more" in found.why
    assert "--repository-name api" in found.instead


def test_where_repositories_could_not_be_read_all_are_believed() -> None:
    each = service("shop", "api", image("api"))
    assert followed(each, account(each, repositories=None)).repository == "api"


@pytest.mark.parametrize(
    ("controller", "instead"),
    [("CODE_DEPLOY", "as docs/code-deploy.md says"), ("EXTERNAL", "with the controller ECS")],
)
def test_another_deployment_controller_is_left_out(controller: str, instead: str) -> None:
    each = service("shop", "api", image("api")).model_copy(update={"controller": controller})
    assert left_out(each).why == f"its deployment controller is {controller}"
    assert instead in left_out(each).instead


def test_a_service_that_is_being_deleted_or_cannot_be_read_is_left_out() -> None:
    each = service("shop", "api", image("api"))
    assert "DRAINING" in left_out(each.model_copy(update={"status": "DRAINING"})).why
    assert "could not be read" in left_out(each.model_copy(update={"definition": None})).why


def test_among_several_repositories_the_services_own_shares_its_name() -> None:
    found = followed(service("shop", "shop-api", image("otel"), image("api"), image("proxy")))
    assert found.repository == "api"
    assert [note.split(".")[0] for note in found.notes] == [
        "Container c0 runs an image of otel",
        "Container c2 runs an image of proxy",
    ]


def test_a_repository_that_many_services_run_is_a_sidecars() -> None:
    api = service("shop", "front", image("proxy"), image("backend"))
    web = service("shop", "web", image("proxy"))
    assert followed(api, account(api, web)).repository == "backend"


def test_a_container_that_may_end_is_not_the_services_own() -> None:
    once = ContainerFacts(name="migrate", image=image("api-migrate"), essential=False)
    assert followed(defined(once, ContainerFacts(name="x", image=image("x")))).repository == "x"


def test_two_repositories_that_fit_as_well_are_not_guessed_between() -> None:
    found = left_out(service("shop", "web", image("one"), image("two")))
    assert found.why == "it runs images of one and two, and nothing says which it follows"


def test_a_container_pinned_to_another_image_of_the_repository_keeps_it() -> None:
    found = followed(
        defined(
            ContainerFacts(name="api", image=image("api", "v2")),
            ContainerFacts(name="worker", image=image("api", "v2")),
            ContainerFacts(name="tool", image=image("api", "tool-1"), essential=False),
        )
    )
    assert found.containers == ("api", "worker")
    assert "tool runs another image of the same repository" in found.notes[0]


def test_an_image_among_the_assets_of_the_cdk_is_nobodys_push() -> None:
    assets = "cdk-hnb659fds-container-assets-123456789012-us-west-2"
    found = left_out(service("shop", "api", image(assets)))
    assert "assets of the AWS CDK" in found.why
    assert "a repository of its own" in found.instead


def test_a_role_is_passed_in_this_account_only_and_once() -> None:
    each = service("shop", "api", image("api"), roles=["service/task", "service/task"])
    assert each.definition is not None
    assert each.definition.roles == (role("service/task"),) * 2
    assert followed(each).pass_roles == ("arn:aws:iam::*:role/service/task",)


@pytest.mark.parametrize("hostile", ['/ecs/"\n[[target]]', "", "a b", "x" * 513])
def test_a_text_that_is_no_log_group_is_left_out(hostile: str) -> None:
    assert followed(service("shop", "api", image("api"), log_group=hostile)).log_groups == ()


def test_a_log_group_that_is_not_there_yet_is_told() -> None:
    each = service("shop", "api", image("api"), log_group="/ecs/api")
    there = account(each, log_groups=frozenset({"/ecs/api"}))
    assert followed(each, there).notes == ()
    found = followed(each, account(each, log_groups=frozenset()))
    assert found.notes == ("The log group /ecs/api does not exist yet.",)
    assert found.log_groups == ("/ecs/api",)
