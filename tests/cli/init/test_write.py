"""The text of the file: what it says, and that nothing from outside gets out of its place."""

from __future__ import annotations

import tomllib

from cli.init.facts import ContainerFacts, DefinitionFacts, ServiceFacts
from cli.init.group import Proposal, Table, proposed
from cli.init.write import written
from tests.cli.init.worlds import account, file_of, image, service, targets_in

WHOLE = """\
# Which service follows which repository: read by `slipway init` from the account 123456789012 in
# us-west-2. `{env}` becomes the environment's name; every key is explained in docs/targets.md.
#
# Slipway only observes at first: it tells what it would do, and changes nothing. To let it deploy
# in an environment, remove its `mode`.
#
# Environments: dev, prod, main. If they are not yours, name them:
#   slipway init --env dev --env prod --force

# Several environments have these names. Packaging refuses that unless they stand here.
shared = [
  "/ecs/api",
  "arn:aws:iam::*:role/ecsTaskExecutionRole",
]

[[target]]
# Container c1 runs an image of proxy. It keeps its image: a push there does not deploy to this
# service.
# Only tags like commits and versions deploy. Others are there: main.
repository   = "api-{env}"
cluster      = "shop-{env}"
service      = "api"
environments = ["dev", "prod"]
family       = "api-{env}"
tags         = '^[0-9a-f]{7,40}$'
pass_roles   = ["arn:aws:iam::*:role/ecsTaskExecutionRole"]
log_groups   = ["/ecs/api"]

[[target]]
repository   = "grafana"
cluster      = "tools"
service      = "grafana"
environments = ["main"]
family       = "grafana"

[environment.dev]
account = "123456789012"
mode    = "observe"

[environment.prod]
account = "123456789012"
mode    = "observe"

# The names of these services tell no environment. If they are one of yours, write its name for
# "main" here and in `environments` above.
[environment.main]
account = "123456789012"
mode    = "observe"

# Left out:
# - tools/blue: its deployment controller is CODE_DEPLOY. Next: change it as docs/code-deploy.md
#   says, or leave it to CodeDeploy.
# - tools/redis, tools/valkey: it runs no image of ECR, but redis. Next: push the image to ECR, and
#   run it from there.

# No service runs these families: nightly. If a rule or a schedule runs one, docs/scheduled-tasks.md
# says how it gets new images.

# Not read: AWS denied ecr:ListImages, so `tags` is left at its default.
"""


def test_the_file_says_what_was_found_and_what_was_not_decided() -> None:
    shop = [
        service(
            f"shop-{each}", "api", image(f"api-{each}"), image("proxy"), family=f"api-{each}",
            roles=["ecsTaskExecutionRole"], log_group="/ecs/api",
        )
        for each in ("dev", "prod")
    ]  # fmt: skip
    tools = [service("tools", name, "redis") for name in ("redis", "valkey")]
    blue = service("tools", "blue", image("blue")).model_copy(update={"controller": "CODE_DEPLOY"})
    facts = account(
        *shop, *tools, blue, service("tools", "grafana", image("grafana")),
        tags={"api-dev": ("0a1b2c3", "main"), "api-prod": ("0a1b2c3",)},
        families=("api-dev", "nightly", "blue", "redis", "valkey", "api-prod", "grafana"),
        unread=("AWS denied ecr:ListImages, so `tags` is left at its default.",),
    )  # fmt: skip
    text = file_of(facts)
    assert text == WHOLE
    assert set(targets_in(text)) == {"dev", "prod", "main"}


def test_a_text_from_outside_cannot_leave_its_comment_or_its_value() -> None:
    hostile = 'x"\n[[target]]\nrepository = "evil\x7f'
    containers = (ContainerFacts(name="c", image=hostile),)
    definition = DefinitionFacts(family="f", containers=containers)
    bad = ServiceFacts(cluster="c", name="bad", definition=definition)
    text = file_of(account(bad, service("c", "good", image("good")), families=(hostile,)))
    assert [each["service"] for each in tomllib.loads(text)["target"]] == ["good"]
    table = Table(cluster=hostile, service="s", repository="r", family="f", environments=("dev",))
    proposal = Proposal(environments=("dev",), tables=(table,), shared=(), left_out=())
    (read,) = tomllib.loads(written(proposal, account()))["target"]
    assert read["cluster"] == hostile


def test_many_families_are_counted() -> None:
    facts = account(service("c", "api", image("api")), families=tuple(map(str, range(100, 130))))
    assert "119, and 10 more. If a rule" in written(proposed(facts), facts).replace("\n# ", " ")


def test_a_long_list_has_a_line_for_each() -> None:
    roles = [f"a-role-with-a-long-name-{number}" for number in range(3)]
    text = file_of(account(service("c", "api-dev", image("api"), roles=roles)))
    assert 'pass_roles = [\n  "arn:aws:iam::*:role/a-role-with-a-long-name-0",\n' in text
    assert len(targets_in(text)["dev"][0].pass_roles) == 3
