"""[notices]: which channels there are, which notices each gets, and what is said of a mistake."""

from __future__ import annotations

import pytest

from chalicelib.errors import Refused
from chalicelib.model.deployments import Status
from chalicelib.model.notices import NoticeChannels
from chalicelib.model.targets import load_targets

ONE = '[[target]]\nrepository = "app-{env}"\ncluster = "c-{env}"\nservice = "s"\n'
BOT = 'slack = {token = "ssm:/slipway/{env}/token", channel = "C0123456789"'


def read(notices: str, stage: str = "dev") -> NoticeChannels:
    return load_targets(f"{ONE}[environment.prod]\n[environment.dev]\n{notices}", stage).notices


def said(notices: str) -> str:
    with pytest.raises(Refused) as refused:
        read(notices)
    return str(refused.value)


def test_a_text_alone_is_a_webhook_as_it_always_was() -> None:
    channels = read('[notices]\nslack = "ssm:/{env}/a"\nwebhook = "secretsmanager:b"\n')
    assert channels.secrets == ("secretsmanager:b", "ssm:/dev/a")
    assert channels.slack is not None
    assert channels.slack.webhook == "ssm:/dev/a"
    assert all(channels.wants("slack", status) for status in Status)


def test_every_channel_can_be_named_with_its_rules() -> None:
    channels = read(
        f'[notices]\n{BOT}, only = ["failures", "held"], mention = {{failures = "<@U1>"}}}}\n'
        'teams = {webhook = "ssm:/slipway/{env}/teams"}\nevents = true\n'
    )
    assert channels.secrets == ("ssm:/slipway/dev/teams", "ssm:/slipway/dev/token")
    wanted = {status.value for status in Status if channels.wants("slack", status)}
    assert wanted == {
        "FAILED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "ROLLBACK_IN_PROGRESS", "HELD",
    }  # fmt: skip
    assert channels.wants("teams", Status.SUCCESSFUL)
    assert channels.wants("events", Status.PENDING)


def test_an_environment_has_its_own_rules_and_channels() -> None:
    text = (
        '[notices]\nslack = "ssm:/slack"\nevents = true\n'
        '[environment.dev.notices]\nonly = ["failures"]\nevents = false\n'
    )
    text = f"{ONE}[environment.prod]\n{text}"
    dev, prod = load_targets(text, "dev").notices, load_targets(text, "prod").notices
    assert not dev.wants("slack", Status.SUCCESSFUL)
    assert prod.wants("slack", Status.SUCCESSFUL)
    assert (dev.events, prod.events is not None) == (None, True)


def test_both_rules_must_want_a_notice() -> None:
    channels = read('[notices]\nonly = ["failures"]\nteams = {webhook="ssm:/t", only = ["held"]}\n')
    assert not any(channels.wants("teams", status) for status in Status)


def test_sns_gets_every_notice() -> None:
    channels = read('[notices]\nonly = ["failures"]\n')
    assert all(channels.wants("sns", status) for status in Status)


@pytest.mark.parametrize(
    ("notices", "words"),
    [
        (BOT + ", onyl = []}", "key `slack.onyl`: there is no such key"),
        (BOT + ", onyl = []}", "Did you mean `only`?"),
        (BOT + ', only = ["failure"]}', 'key `slack.only.0`: expected one of failures, held, all'),
        (BOT + ', only = ["failure"]}', 'Did you mean "failures"?'),
        ("only = []", "key `only`: expected one of failures"),
        ("only = 'failures'", 'key `only`: expected a list, like ["failures", "held"]'),
        (BOT + ', mention = {failures = "@here"}}', "mentions as Slack writes them"),
        (BOT + ', mention = {failure = "<!here>"}}', 'Did you mean "failures"?'),
        ('slack = {token = "ssm:/t"}', "key `slack`: expected"),
        ('slack = {webhook = "ssm:/t", mention = {all = "<!here>"}}', "only a token goes with"),
        ('slack = {token = "ssm:/t", channel = "#general"}', "the id of a channel"),
        ("events = 'yes'", "key `events`: expected true, false or a table"),
        ('teams = {url = "ssm:/t"}', "there is no such key; expected one of only, webhook"),
        ("slack = {webhook = 3}", "key `slack.webhook`: expected"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_key(notices: str, words: str) -> None:
    told = said(f"[notices]\n{notices}\n")
    assert told.startswith("targets.toml: [notices], key `")
    assert words in told


def test_a_mistake_of_an_environment_names_its_table() -> None:
    told = said('[environment.dev.notices]\nonly = ["failed"]\n')
    assert told.startswith("targets.toml: [environment.dev.notices], key `only.0`: ")
    assert "[environment.dev.notices] must be a table." in said('notices = "x"\n')
    with pytest.raises(Refused, match=r"\[notices\] must be a table"):
        load_targets(f"notices = 3\n{ONE}", "dev")


@pytest.mark.parametrize("secret", ["https://hooks.example/T0/s3cret", "xoxb-1-s3cret"])
@pytest.mark.parametrize("key", ["slack", "teams", "webhook"])
def test_a_secret_is_never_shown(key: str, secret: str) -> None:
    assert "s3cret" not in said(f'[notices]\n{key} = "{secret}"\n')
    token = f'slack = {{token = "{secret}", channel = "C0"}}'
    assert "s3cret" not in said(f"[notices]\n{token}\n")
