"""A mistake in targets.toml is answered with what was meant, wherever that can be guessed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from chalicelib.errors import Refused
from chalicelib.model.targets import load_targets

ONE = '[[target]]\nrepository = "app-{env}"\ncluster = "c-{env}"\nservice = "web"\n'


def said(text: str) -> str:
    """What is said about this file for the stage dev."""
    with pytest.raises(Refused) as refused:
        load_targets(text, "dev")
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "place", "meant"),
    [
        (ONE + "deadlin = '4m'\n", "[[target]] number 1, key `deadlin`", "deadline"),
        (ONE + "tag = 'x'\n", "[[target]] number 1, key `tag`", "tags"),
        (ONE + "Tags = 'x'\n", "[[target]] number 1, key `Tags`", "tags"),
        (ONE + "pass-roles = []\n", "[[target]] number 1, key `pass-roles`", "pass_roles"),
        (ONE.replace("repository", "repositry"), "number 1, key `repositry`", "repository"),
        (ONE + "[environment.dev]\nfamilly = 'x'\n", "[environment.dev], key `familly`", "family"),
        (ONE + "gate = {scans = 1}\n", "number 1, key `gate.scans`", "scan"),
        (ONE + 'gate.scan = {max = "HIGH", on_time_out = 1}\n', "on_time_out`", "on_timeout"),
        (ONE + 'gate.scan = {maxx = "HIGH"}\n', "number 1, key `gate.scan.maxx`", "max"),
        (ONE + 'freeze = [{form = "fri", to = "mon"}]\n', "key `freeze.0.form`", "from"),
        (ONE + "[enviroment.dev]\n", "unknown table or key `enviroment`", "environment"),
        (ONE + "[[targets]]\n", "unknown table or key `targets`", "target"),
        (ONE + '[notice]\nslack = "ssm:/x"\n', "unknown table or key `notice`", "notices"),
        (ONE + '[notices]\nslak = "ssm:/x"\n', "[notices], key `slak`", "slack"),
    ],
)
def test_a_misspelt_key_is_answered_with_the_key_that_was_meant(
    text: str, place: str, meant: str
) -> None:
    assert place in said(text)
    assert f"Did you mean `{meant}`?" in said(text)


@pytest.mark.parametrize(
    ("text", "belongs"),
    [
        (ONE + "account = '123456789012'\n", "`account` belongs into [environment.NAME]."),
        (ONE + "[environment.dev]\nacount = '1'\n", "`account` belongs into [environment.NAME]."),
        (ONE + "slack = 'ssm:/x'\n", "`slack` belongs into [notices]."),
        (ONE + "scan = {max = 'HIGH'}\n", "`scan` belongs into `gate`."),
        (ONE + "on_timeout = 'deploy'\n", "`on_timeout` belongs into `gate.scan`."),
        (ONE + "zone = 'UTC'\n", "`zone` belongs into `freeze`."),
        ("deadline = '5m'\n" + ONE, "`deadline` belongs into a [[target]]."),
    ],
)
def test_a_key_of_another_table_is_answered_with_that_table(text: str, belongs: str) -> None:
    assert said(text).endswith(belongs)


def test_a_key_like_no_other_is_answered_with_all_keys_and_without_a_guess() -> None:
    words = said(ONE + "moon = 1\n")
    assert "key `moon`: there is no such key; expected one of repository, cluster" in words
    assert "Did you mean" not in words


ENVS = [
    "{ENV}",
    "{Env}",
    "{stage}",
    "{STAGE}",
    "{enviroment}",
    "{environment}",
    "${env}",
    "{{env}}",
]


@pytest.mark.parametrize("token", [*ENVS, "{ env }", "{}", "{env_name}", "${ENV}"])
def test_a_placeholder_like_env_is_answered_with_the_text_that_was_meant(token: str) -> None:
    words = said(ONE.replace("c-{env}", f"c-{token}"))
    assert "targets.toml: [[target]] number 1, key `cluster`: " in words
    assert f"`{token}` is no placeholder; expected only `{{env}}`" in words
    assert words.endswith('Did you mean "c-{env}"?')


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (ONE + "tags = '^{stage}-[0-9a-f]{7}$'\n", "tags"),
        (ONE + "tags = '^(?!latest${ENV})a'\n", "tags"),
        (ONE + 'log_groups = ["/ecs/{env}", "/ecs/{ENV}"]\n', "log_groups.1"),
        (ONE + 'pass_roles = ["arn:aws:iam::*:role/x-{stage}"]\n', "pass_roles.0"),
        (ONE + 'containers = ["{Env}"]\n', "containers.0"),
        (ONE + 'freeze = [{from = "fri", to = "mon", why = "{stage} rests"}]\n', "freeze.0.why"),
        (ONE + '[environment.dev]\nfamily = "x-{stage}"\n', "family"),
        (ONE + '[notices]\nslack = "ssm:/{stage}/slack"\n', "slack"),
        (ONE + "deadline = '{stage}'\n", "deadline"),
    ],
)
def test_a_wrong_placeholder_is_found_in_every_text(text: str, key: str) -> None:
    assert f"key `{key}`: `" in said(text)
    assert "is no placeholder" in said(text)


def test_another_placeholder_than_env_is_refused_without_a_guess() -> None:
    words = said(ONE.replace("c-{env}", "c-{region}"))
    assert words.endswith("found 'c-{region}'. Write the name itself.")


@pytest.mark.parametrize(
    "tags", ["[0-9a-f]{7}", "a{2,}", "a{,3}", "a{7,40}", "{env}-.{7}", "^v{1}${env}?"]
)
def test_repetitions_in_tags_are_no_placeholders(tags: str) -> None:
    if tags.endswith("?"):
        assert "is no placeholder" in said(ONE + f"tags = '{tags}'\n")
        return
    (target,) = load_targets(ONE + f"tags = '{tags}'\n", "dev").all
    assert target.tags == tags.replace("{env}", "dev")


def test_many_braces_are_read_in_a_linear_time() -> None:
    for text in ("{" * 200_000, "{a" * 100_000, "${" * 100_000):
        assert "`" in said(ONE + f"log_groups = ['{text}']\ntags = '['\n")


HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (f"{HOST}/app-{{env}}", "app-{env}"),
        ("1234.dkr.ecr.eu-west-1.amazonaws.com/app", "app"),
        (f"{HOST}/team/app", "team/app"),
        (f"https://{HOST}/app:1.2", "app"),
        ("123456789012.dkr-ecr.eu-west-1.on.aws/app", "app"),
        (f"{HOST}/app@sha256:{'a' * 64}", "app"),
        ("app-{env}:latest", "app-{env}"),
        ("App", "app"),
    ],
)
def test_an_images_uri_is_answered_with_the_repositorys_name(written: str, meant: str) -> None:
    words = said(ONE.replace("app-{env}", written))
    assert "[[target]] number 1, key `repository`: expected the name of an ECR repository" in words
    assert f'found {written!r}. Did you mean "{meant}"?' in words
    tagged = ":" in written.removeprefix("https://")
    assert words.endswith("Say in `tags` which tags deploy.") is tagged


@pytest.mark.parametrize(
    ("key", "written", "meant"),
    [
        ("c-{env}", "arn:aws:ecs:eu-west-1:123456789012:cluster/c-{env}", "c-{env}"),
        ('"web"', '"arn:aws:ecs:eu-west-1:123456789012:service/c/web"', "web"),
        ('"web"', '"web"\nfamily = "web:7"', "web"),
    ],
)
def test_an_arn_or_a_revision_is_answered_with_its_name(key: str, written: str, meant: str) -> None:
    words = said(ONE.replace(key, written))
    assert "expected a name of ECS" in words
    assert words.endswith(f'Did you mean "{meant}"?')


@pytest.mark.parametrize("name", ["", "-", "a b", "{env", HOST, f"{HOST}/", f"{HOST}/a b:x"])
def test_a_repository_of_which_no_name_can_be_guessed_is_refused_without_a_guess(name: str) -> None:
    words = said(ONE.replace("app-{env}", name))
    assert "key `repository`: expected the name of an ECR repository" in words
    assert "Did you mean" not in words


def test_a_text_where_a_list_is_wanted_is_answered_with_the_list() -> None:
    assert 'key `containers`: expected a list, like ["web"], found' in said(
        ONE + 'containers = "web"\n'
    )


def test_braces_in_shared_are_refused_because_they_are_not_filled_in() -> None:
    assert "`shared` names what is the same" in said('shared = ["c-{env}"]\n' + ONE)


def test_the_url_of_a_channel_is_never_shown() -> None:
    words = said(ONE + '[notices]\nslack = "https://hooks.example.com/T0/s3cret"\n')
    assert 'key `slack`: expected "ssm:/NAME" or "secretsmanager:NAME" of a webhook' in words
    assert "found a URL" in words
    assert "s3cret" not in words


def test_a_right_file_is_read_without_what_explains_mistakes() -> None:
    code = (
        "import sys; from chalicelib.model.targets import load_targets; "
        f"load_targets({ONE!r}, 'dev'); print('difflib' in sys.modules, "
        "'chalicelib.model.mistakes' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
