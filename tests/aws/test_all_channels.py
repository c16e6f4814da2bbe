"""A push that fails and is rolled back, told on every channel at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chalicelib.aws import clients, event_bus, secrets, slack_bot
from chalicelib.aws.ledger import DynamoLedger
from embedded.services.ecs import Crash
from example import conflicto
from rehearsal.rehearsal import Rehearsal, rehearse
from tests.aws.fake_slack import TOKEN, FakeSlack, rendered
from tests.aws.fake_teams import FakeTeams
from tests.aws.fake_teams import rendered as rendered_card
from tests.aws.far_end import Answered, far_end
from tests.aws.test_webhooks import CLUSTER, SERVICE, push
from tests.pages import blocks, page

TARGETS = """
[[target]]
repository = "conflicto-backend-{env}"
cluster    = "conflicto-{env}"
service    = "conflicto-backend-service-{env}"
pass_roles = ["arn:aws:iam::*:role/conflicto-*"]

[notices]
events = true

[notices.slack]
token   = "ssm:/slipway/{env}/token"
channel = "C0123456789"
mention = {failures = "<!here>"}

[notices.teams]
webhook = "ssm:/slipway/{env}/teams"
only    = ["failures"]
"""


class Team:
    """Who is told, and the account in which it happens."""

    def __init__(self, t: Rehearsal, slack: FakeSlack, teams: FakeTeams) -> None:
        self.t, self.slack, self.teams = t, slack, teams
        self.events: list[dict[str, object]] = []


@contextmanager
def _account(teams_url: str) -> Iterator[Rehearsal]:
    secrets.forget()
    with rehearse(TARGETS, Rehearsal) as t:
        for name, value in {"token": TOKEN, "teams": f"{teams_url}/w"}.items():
            t.client("ssm").put_parameter(
                Name=f"/slipway/dev/{name}", Value=value, Type="SecureString"
            )
        t.deliver = False
        t.client("ecs").create_cluster(clusterName=CLUSTER)
        conflicto.add_service(t.client, "backend", "gunicorn_fargate")
        t.advance(300)
        t.deliver = True
        yield t


@pytest.fixture
def team(monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    slack, teams = FakeSlack(), FakeTeams()
    with far_end(slack) as slack_url, far_end(teams) as teams_url, _account(teams_url) as t:
        monkeypatch.setattr(slack_bot, "_API", f"{slack_url}/api")
        made = Team(t, slack, teams)
        real = clients.client_quick

        def client(service: str) -> object:
            found = real(service)
            found.meta.events.register(
                "provide-client-params.eventbridge.PutEvents",
                lambda params, **_: made.events.append(json.loads(params["Entries"][0]["Detail"])),
                unique_id=str(id(made)),
            )
            return found

        monkeypatch.setattr(event_bus, "client_quick", client)
        yield made
    assert (slack.wrong, teams.wrong) == ([], [])


def test_every_channel_tells_a_failure_to_its_rules(team: Team) -> None:
    team.t.ecs.faults.image(conflicto.digest_of("bad0000"), Crash(exit_code=3))
    team.t.settle(SERVICE, push(team.t, "bad0000"))
    statuses = ["IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]
    assert [event["status"] for event in team.events] == statuses
    assert len(team.teams.cards) == 2
    (message,) = team.slack.messages.values()
    assert "bad0000 failed and was rolled back" in rendered(message)
    assert ["<!here>" in rendered(one) for one in team.slack.replies] == [True, False]
    assert "exited with code 3" in rendered(team.slack.replies[0])
    assert len(team.t.notices()) == 3


def test_a_slack_that_is_down_delays_nothing_and_gets_all_of_it_later(team: Team) -> None:
    for method in ("chat.postMessage", "chat.update"):
        team.slack.mood[method] = Answered(429, headers={"Retry-After": "60"})
    record = team.t.settle(SERVICE, push(team.t, "abc1234"))
    assert (record["status"], len(team.t.notices())) == ("SUCCESSFUL", 2)
    assert team.slack.messages == {}
    team.slack.mood.clear()
    team.t.advance(1_200)
    (message,) = team.slack.messages.values()
    assert "is live" in rendered(message)
    assert len(team.slack.replies) == 1
    assert DynamoLedger("ledger", 400).unfinished() == []


def test_the_page_shows_what_arrives(team: Team) -> None:
    team.t.ecs.faults.image(conflicto.digest_of("bad0000"), Crash(exit_code=3))
    team.t.settle(SERVICE, push(team.t, "bad0000"))
    (message,), card = team.slack.messages.values(), team.teams.cards[0]
    told = [one.rstrip("\n") for one in blocks("text", page("channels"))]
    assert told == [rendered(message), rendered(team.slack.replies[0]), rendered_card(card)]
    kit, begun, _, event = map(json.loads, blocks("json", page("channels")))
    assert kit == {key: message[key] for key in ("text", "blocks")}
    assert begun == {**card, "body": card["body"][:2]}
    assert event == team.events[-1]
