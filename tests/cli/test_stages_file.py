"""slipway.toml: which stages it has, and what is said of each mistake in it."""

from __future__ import annotations

import io
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.errors import Refused
from cli.account import asking_nobody, session_of
from cli.connect import stage_meant
from cli.exits import Usage
from cli.stages import StageEntry, all_configured, configured, opened, path
from cli.stages_file import entries

TWO = """
[[stage]]
stage = "prod"
name = "prod-eu"
profile = "company-prod"
region = "eu-central-1"

[[stage]]
stage = "dev"
"""
PROD = StageEntry("prod", "prod-eu", "company-prod", "eu-central-1")
DEV = StageEntry("dev", "dev")


@pytest.fixture(autouse=True)
def no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the one of who runs the tests: an empty file has no stage."""
    monkeypatch.setenv("SLIPWAY_CONFIG", os.devnull)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file with two stages, in a folder without targets.toml."""
    file = tmp_path / "slipway.toml"
    file.write_text(TWO, "utf-8")
    monkeypatch.setenv("SLIPWAY_CONFIG", str(file))
    monkeypatch.chdir(tmp_path)
    return file


def test_a_stage_is_named_as_its_stack_unless_the_file_names_it(written: Path) -> None:
    assert configured() == (PROD, DEV)


def test_the_file_is_in_the_users_configuration_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SLIPWAY_CONFIG")
    monkeypatch.setattr("cli.stages.typer.get_app_dir", lambda name: str(tmp_path / name))
    assert configured() == ()
    assert path() == tmp_path / "slipway" / "slipway.toml"
    path().parent.mkdir()
    path().write_text(TWO, "utf-8")
    assert configured() == (PROD, DEV)


def test_a_file_that_was_named_and_is_not_there_is_a_mistake(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SLIPWAY_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(Usage, match=r"SLIPWAY_CONFIG names .*none\.toml, which does not exist"):
        configured()
    monkeypatch.setenv("SLIPWAY_CONFIG", str(tmp_path))
    with pytest.raises(Usage, match=r"cannot be read"):
        configured()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[stage", "x.toml is not TOML: "),
        ("[[stages]]", "unknown table or key `stages`; expected only [[stage]]. Did you mean"),
        ("[stage]", "x.toml: `stage` is written as [[stage]], with two brackets"),
        ("stage = ['prod']", "x.toml: `stage` is written as [[stage]], with two brackets"),
        ("[[stage]]\nname='a'", "[[stage]] number 1, key `stage`: it is missing"),
        (
            "[[stage]]\nstage='a'\n[[stage]]\nstage='b'\nprofil='x'",
            "[[stage]] number 2, key `profil`: there is no such key. Did you mean `profile`? "
            "Expected one of stage, name, profile, region.",
        ),
        ("[[stage]]\nstaeg='a'", "key `staeg`: there is no such key. Did you mean `stage`?"),
        ("[[stage]]\nstage=3", "key `stage`: expected a text in quotes, found '3'."),
        ("[[stage]]\nstage='Prod'", "key `stage`: expected lower-case letters, digits and hyphens"),
        ("[[stage]]\nstage='a'\nname='-x'", "key `name`: expected letters, digits"),
        ("[[stage]]\nstage='a'\nname='x\\n'".replace("'", '"'), "key `name`: expected letters"),
        ("[[stage]]\nstage='a'\nregion='x.org/'", "key `region`: expected an AWS region, like"),
        (
            "[[stage]]\nstage='a'\n[[stage]]\nstage='b'\nname='a'",
            "[[stage]] number 2, key `name`: number 1 is named 'a' too. Next: give one",
        ),
    ],
)
def test_a_mistake_is_told_with_file_table_and_key(text: str, words: str) -> None:
    with pytest.raises(Usage) as refused:
        entries(text, "x.toml")
    assert words in str(refused.value)
    assert str(refused.value).startswith("x.toml")


def test_a_name_stands_for_stage_profile_and_region_and_an_option_wins(written: Path) -> None:
    assert stage_meant("prod-eu", None, None) == PROD
    assert stage_meant("prod-eu", None, "us-west-2").region == "us-west-2"
    assert stage_meant("prod-eu", "mine", None).profile == "mine"


def test_a_name_that_the_file_does_not_have_is_a_stage_as_without_a_file(written: Path) -> None:
    assert stage_meant("prod", None, "us-west-2") == StageEntry("prod", "prod", None, "us-west-2")


def test_without_a_stage_the_message_has_the_names_of_the_file(written: Path) -> None:
    with pytest.raises(Usage, match=r"Which stage \(slipway.toml has prod-eu, dev\)\?"):
        stage_meant(None, None, None)
    written.write_text("[[stage]]\nstage = 'dev'\nregion = 'eu-central-1'\n", "utf-8")
    assert stage_meant(None, None, None) == StageEntry("dev", "dev", None, "eu-central-1")


def test_without_any_stage_the_message_says_which_file_to_write_and_how() -> None:
    with pytest.raises(Usage) as refused:
        all_configured()
    words, _, example = str(refused.value).partition(", each like\n")
    assert words == f"No stages are configured. Next: write them into {path()}"
    assert entries(example, "x.toml") == (StageEntry("prod", "prod"),)


def test_who_looks_at_many_stages_is_not_asked_for_an_mfa_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(
        "[profile guarded]\nregion = us-west-2\nsource_profile = keys\n"
        "role_arn = arn:aws:iam::123456789012:role/a\n"
        "mfa_serial = arn:aws:iam::123456789012:mfa/b\n"
        "[profile keys]\naws_access_key_id = a\naws_secret_access_key = b\n",
        "utf-8",
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    credentials = asking_nobody(session_of("guarded")).get_credentials()
    assert credentials is not None
    with pytest.raises(Refused, match=r"^The profile guarded asks for an MFA code"):
        credentials.get_frozen_credentials()


def test_only_a_look_at_a_stage_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[tuple[str, int]] = []

    class Session:
        region_name = "us-west-2"

        def client(self, _: str, config: Any) -> Any:
            def invoke(FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - AWS' names
                waited.append((FunctionName, config.read_timeout))
                return {"Payload": io.BytesIO(b"{}")}

            return SimpleNamespace(invoke=invoke)

    monkeypatch.setattr("cli.stages.session_of", lambda *_: Session())
    monkeypatch.setattr("cli.stages.asking_nobody", lambda session: session)
    functions = opened(DEV)
    functions.call("status", {})
    functions.call("deploy", {})  # it may take 60 s
    assert waited == [("slipway-dev-status", 10), ("slipway-dev-deploy", 90)]
