"""Microsoft Teams: the card that a workflow gets, however long and hostile its texts are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import pytest

from chalicelib.aws import secrets
from chalicelib.aws.teams import Teams
from chalicelib.errors import Unavailable
from chalicelib.explain.notice import notice
from chalicelib.model.deployments import Deployment, Status
from tests.aws.fake_teams import FakeTeams, rendered
from tests.aws.far_end import far_end
from tests.fixtures import examples


@pytest.fixture
def teams(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTeams]:
    fake = FakeTeams()
    secrets.forget()
    with far_end(fake) as url:
        monkeypatch.setattr(secrets, "secret", lru_cache(lambda _: f"{url}/workflows/s3cret"))
        yield fake
    assert fake.wrong == []


def failed(**fields: str | bool) -> Deployment:
    story = {"reason": "container app exited with code 3", "case": "4 tasks", "log": "Boom"}
    return examples.rolling_out(status=Status.ROLLBACK_IN_PROGRESS, **{**story, **fields})


def sent(record: Deployment) -> None:
    Teams("ssm:/teams").send(notice(record), record.id, record.service, record)


def test_a_failure_is_a_card_with_its_case_and_its_log_lines(teams: FakeTeams) -> None:
    sent(failed())
    told = rendered(teams.cards[0])
    assert "exited with code 3" in told
    assert "4 tasks" in told
    assert "Boom" in told
    assert told.index("Now: ") < told.index("4 tasks")


def test_private_log_lines_are_on_no_card(teams: FakeTeams) -> None:
    sent(failed(log_private=True))
    assert "Boom" not in rendered(teams.cards[0])


@pytest.mark.parametrize("text", ["x" * 9_000, "💥" * 9_000, "a\n" * 4_500, "\x00\x1b" * 3_000])
def test_a_long_story_is_cut_to_what_teams_takes(teams: FakeTeams, text: str) -> None:
    sent(failed(case=text[:3_000], log=text[:1_000], by=text[:100], why=text))
    assert "Now: " in rendered(teams.cards[0])


def test_what_is_left_out_is_said(teams: FakeTeams) -> None:
    sent(failed(case=("💥" * 900 + "\n") * 4))
    assert rendered(teams.cards[0]).count("The rest is left out here") == 1


@pytest.mark.parametrize("text", ["[here](https://evil.example)", "<at>everyone</at>", "**b**"])
def test_a_text_of_others_makes_no_link_and_mentions_nobody(teams: FakeTeams, text: str) -> None:
    sent(failed(case=text, log=text, by=text, why=text, reason=text))
    (card,) = teams.cards
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert "entities" not in card["msteams"]
    assert text in rendered(card)


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500])
def test_a_workflow_that_answers_no_is_told_later(teams: FakeTeams, status: int) -> None:
    teams.status = status
    with pytest.raises(Unavailable, match=str(status)):
        sent(failed())


@pytest.mark.parametrize("host", ["contoso.webhook.office.com", "outlook.office.com"])
def test_the_url_of_a_retired_connector_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr(secrets, "secret", lambda _: f"https://{host}/webhookb2/s3cret")
    with pytest.raises(Unavailable, match="retired") as raised:
        sent(failed())
    assert "s3cret" not in str(raised.value)
