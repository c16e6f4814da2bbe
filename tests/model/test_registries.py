"""image reference -> its registry, repository, tag and digest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.model.places import Place
from chalicelib.model.registries import (
    Repository,
    digest_of,
    ecr_repository,
    repository_of,
    same_image,
    same_repository,
    tag_of,
    with_host_of,
)

HEX = "0123456789abcdef"
DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
ACCOUNT, REGION = "123456789012", "us-west-2"
PLAIN = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
FIPS = f"{ACCOUNT}.dkr.ecr-fips.{REGION}.amazonaws.com"
DUAL = f"{ACCOUNT}.dkr-ecr.{REGION}.on.aws"
DUAL_FIPS = f"{ACCOUNT}.dkr-ecr-fips.{REGION}.on.aws"
HOSTS = (PLAIN, FIPS, DUAL, DUAL_FIPS)


@pytest.mark.parametrize(
    ("image", "account", "region", "name"),
    [
        *((f"{host}/web", ACCOUNT, REGION, "web") for host in HOSTS),
        (f"{PLAIN}/team/web:v1@{DIGEST}", ACCOUNT, REGION, "team/web"),
        (f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/web:v1", ACCOUNT, "cn-north-1", "web"),
        (
            f"{ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn/web",
            ACCOUNT,
            "cn-north-1",
            "web",
        ),
        (f"{ACCOUNT}.dkr.ecr.us-gov-west-1.amazonaws.com/web", ACCOUNT, "us-gov-west-1", "web"),
    ],
    ids=["plain", "FIPS", "dual stack", "dual stack, FIPS", "with a path, a tag and a digest",
         "China", "China, dual stack", "GovCloud"],
)  # fmt: skip
def test_every_host_of_a_registry_names_its_account_and_region(
    image: str, account: str, region: str, name: str
) -> None:
    place = Place(account=account, region=region)
    assert ecr_repository(image) == Repository(place=place, name=name)


@pytest.mark.parametrize(
    "image",
    [
        "web",
        "team/web:v1",
        "public.ecr.aws/nginx/nginx:1.27",
        "ghcr.io/octo/web",
        "localhost:5000/web",
        PLAIN,
        f"{PLAIN}/",
        f"{PLAIN}.example.com/web",
        f"x{PLAIN}/web",
        f"{ACCOUNT}.dkr.ecr.{REGION}.on.aws/web",
        f"{ACCOUNT}.dkr-ecr.{REGION}.amazonaws.com/web",
        f"{ACCOUNT}.dkr.ecr.{REGION}.example.com/web",
        f"12345.dkr.ecr.{REGION}.amazonaws.com/web",
        f"https://{PLAIN}/web",
    ],
)
def test_what_is_no_repository_of_ecr_is_told_apart(image: str) -> None:
    assert ecr_repository(image) is None


@pytest.mark.parametrize(
    ("image", "repository", "tag", "digest"),
    [
        ("nginx", "nginx", "", ""),
        ("nginx:1.27", "nginx", "1.27", ""),
        ("localhost:5000/web", "localhost:5000/web", "", ""),
        ("localhost:5000/web:v1", "localhost:5000/web", "v1", ""),
        (f"{PLAIN}/web:v1@{DIGEST}", f"{PLAIN}/web", "v1", DIGEST),
        (f"{DUAL}/web@{DIGEST}", f"{DUAL}/web", "", DIGEST),
        ("", "", "", ""),
    ],
)
def test_a_reference_is_taken_apart(image: str, repository: str, tag: str, digest: str) -> None:
    assert (repository_of(image), tag_of(image), digest_of(image)) == (repository, tag, digest)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (f"{PLAIN}/web:v1", f"{FIPS}/web@{DIGEST}", True),
        (f"{PLAIN}/web", f"{DUAL}/web", True),
        (f"{PLAIN}/web", f"{PLAIN}/web-worker", False),
        (f"{PLAIN}/web", f"{PLAIN}/team/web", False),
        (f"{PLAIN}/web", f"999999999999.dkr.ecr.{REGION}.amazonaws.com/web", False),
        (f"{PLAIN}/web", f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com/web", False),
        (f"{PLAIN}/web", "web", False),
        ("web:v1", f"{PLAIN}/web", False),
        ("ghcr.io/octo/web:v1", "ghcr.io/octo/web:v2", True),
        ("ghcr.io/octo/web", "docker.io/octo/web", False),
    ],
)
def test_a_repository_is_compared_by_account_region_and_name(
    one: str, other: str, same: bool
) -> None:
    assert same_repository(one, other) is same
    assert same_repository(other, one) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (f"{PLAIN}/web@{DIGEST}", f"{DUAL}/web@{DIGEST}", True),
        (f"{PLAIN}/web:v1@{DIGEST}", f"{DUAL}/web:v2@{DIGEST}", True),
        (f"{PLAIN}/web@{DIGEST}", f"{PLAIN}/web@{OTHER}", False),
        (f"{PLAIN}/web@{DIGEST}", f"{PLAIN}/worker@{DIGEST}", False),
        (f"{PLAIN}/web:v1", f"{FIPS}/web:v1", True),
        (f"{PLAIN}/web:v1", f"{FIPS}/web:v2", False),
        (f"{PLAIN}/web:v1", f"{PLAIN}/web:v1@{DIGEST}", False),
    ],
)
def test_an_image_is_compared_by_its_digest_else_by_its_tag(
    one: str, other: str, same: bool
) -> None:
    assert same_image(one, other) is same
    assert same_image(other, one) is same


_names = st.from_regex(r"[a-z0-9]{1,8}(/[a-z0-9-]{1,8}){0,2}", fullmatch=True)
_digests = st.text(HEX, min_size=64, max_size=64).map("sha256:{}".format)


@given(st.sampled_from(HOSTS), st.sampled_from(HOSTS), _names, _names, _digests)
def test_an_image_keeps_the_host_of_what_it_replaces_and_stays_the_same_image(
    host: str, other: str, name: str, replaced: str, digest: str
) -> None:
    image = f"{other}/{name}@{digest}"
    kept = with_host_of(f"{host}/{replaced}:v1", image)
    assert kept == f"{host}/{name}@{digest}"
    assert same_image(kept, image)
    assert ecr_repository(kept) == ecr_repository(image)
    assert with_host_of(kept, kept) == kept


@pytest.mark.parametrize(
    "base",
    [
        "nginx:1.27",
        "public.ecr.aws/nginx/nginx",
        "",
        f"999999999999.dkr.ecr-fips.{REGION}.amazonaws.com/web",
        f"{ACCOUNT}.dkr.ecr-fips.us-east-1.amazonaws.com/web",
    ],
    ids=["Docker Hub", "ECR Public", "none", "another account's", "another region's"],
)
def test_another_registrys_host_is_not_kept(base: str) -> None:
    assert with_host_of(base, f"{PLAIN}/web@{DIGEST}") == f"{PLAIN}/web@{DIGEST}"


@given(st.text())
def test_any_text_at_all_is_taken_apart(text: str) -> None:
    assert ecr_repository(text) is None or ecr_repository(text) == ecr_repository(
        repository_of(text)
    )
    assert same_image(text, text)
