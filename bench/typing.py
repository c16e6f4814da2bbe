"""`python -m bench.typing`: what a person types for the same night on call, with six tools.

The night: see what runs, see why, go back, keep the next push from going live, let it go later, and
see what runs. Names are equally long everywhere. The commands of the others are written by hand,
after their documentation; they were not run here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from demo.on_call import NIGHT

_HOLD = "gh workflow disable deploy.yml"
_GO_ON = "gh workflow enable deploy.yml"
_SERVICE = "--cluster conflicto-dev --service backend"


@dataclass(frozen=True)
class Tool:
    """The commands and the answers that are typed, and what they do not do."""

    name: str
    typed: tuple[str, ...]
    lacks: str = ""

    @property
    def characters(self) -> int:
        """All that is typed; each Enter counts one."""
        return sum(len(line) + 1 for line in self.typed)


def ours() -> Tool:
    """The commands and answers of `python -m demo on-call`."""
    typed = [line for scene in NIGHT for line in (scene.command, *scene.answers)]
    return Tool("slipway", tuple(typed))


OTHERS = (
    Tool(
        "Kamal 2",
        (
            "kamal app version",
            "kamal app logs -n 100",
            "kamal app containers",
            "kamal rollback aaa1111",
            'kamal lock acquire -m "wrong prices"',
            "kamal lock release",
            "kamal deploy --version ccc3333",
            "kamal app version",
        ),
        "not for ECS; a push that met the lock has failed and is deployed again by hand",
    ),
    Tool(
        "Heroku",
        (
            "heroku releases -a backend",
            "heroku logs -a backend -n 100",
            "heroku rollback v41 -a backend",
            "heroku releases -a backend",
        ),
        "not for ECS; automatic deploys are switched off and on in the dashboard, not by a command",
    ),
    Tool(
        "Argo CD",
        (
            "argocd app get backend",
            "argocd app history backend",
            "argocd app set backend --sync-policy none",
            "argocd app rollback backend 41",
            "argocd app wait backend",
            "argocd app set backend --sync-policy automated",
            "argocd app wait backend",
            "argocd app get backend",
        ),
        "not for ECS; no reason is kept",
    ),
    Tool(
        "ecspresso",
        (
            "ecspresso status",
            _HOLD,
            "ecspresso rollback",
            _GO_ON,
            "gh workflow run deploy.yml -f tag=ccc3333",
            "ecspresso wait",
            "ecspresso status",
        ),
        "the hold is GitHub's: pushes meanwhile are not deployed later; no reason is kept",
    ),
    Tool(
        "plain aws",
        (
            "aws ecs describe-services --cluster conflicto-dev --services backend",
            "aws ecs list-task-definitions --family-prefix backend --sort DESC --max-items 5",
            "aws ecs describe-task-definition --task-definition backend:41",
            _HOLD,
            f"aws ecs update-service {_SERVICE} --task-definition backend:41",
            "aws ecs wait services-stable --cluster conflicto-dev --services backend",
            _GO_ON,
            "gh workflow run deploy.yml -f tag=ccc3333",
            "aws ecs describe-services --cluster conflicto-dev --services backend",
        ),
        "the hold is GitHub's: pushes meanwhile are not deployed later; no reason is kept",
    ),
)


def lines() -> Iterator[str]:
    """The table, as Markdown."""
    yield "| tool | commands | characters | what it does not do |"
    yield "|---|---|---|---|"
    for tool in (ours(), *OTHERS):
        count = len(NIGHT) if tool.name == "slipway" else len(tool.typed)
        yield f"| {tool.name} | {count} | {tool.characters} | {tool.lacks} |"


if __name__ == "__main__":
    print("\n".join(lines()))
