"""The workflows' scripts one after the other, with the real `aws` command and the packaged Slipway.

The embedded ECR has no registry to push to, so that one step is played by PutImage: `docker push`
by the example account, `skopeo copy` by a substitute (the real one: test_copy_with_skopeo.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from embedded.account import EmbeddedAws
from embedded.services.ecs import Crash
from example import conflicto
from tests.bootstrap.templates import REPOSITORY, deploy, environment
from tests.dialect.account import BY_HAND, FAMILY, SERVICE
from tests.dialect.packaged import Packaged
from tests.github.runner import AWAIT, PROJECT, SCRIPTS, run

DEV, STAGING = "conflicto-backend-dev", "conflicto-backend-staging"
_SKOPEO = f"""#!{sys.executable}
import sys
import boto3

assert sys.argv[1] == "copy" and "--all" in sys.argv and "--preserve-digests" in sys.argv
source, target = (text.removeprefix("docker://").split("/", 1)[1] for text in sys.argv[-2:])
(repository, digest), (other, tag) = source.split("@"), target.split(":")
ecr = boto3.client("ecr")
found = ecr.batch_get_image(repositoryName=repository, imageIds=[{{"imageDigest": digest}}])
manifest = found["images"][0]["imageManifest"]
ecr.put_image(repositoryName=other, imageManifest=manifest, imageTag=tag)
"""


def signed_in(aws: EmbeddedAws, role: str) -> dict[str, str]:
    """What a step sees once it assumed the role."""
    issued = aws._clients._sessions.issue(role, "github-42-1")
    return environment(aws) | {
        "AWS_ACCESS_KEY_ID": issued.access_key,
        "AWS_SECRET_ACCESS_KEY": issued.secret_key,
        "AWS_SESSION_TOKEN": issued.token,
        "AWS_REGION": aws.region,
    }


def with_skopeo(sees: dict[str, str], place: Path) -> dict[str, str]:
    command = place / "bin" / "skopeo"
    command.parent.mkdir()
    command.write_text(_SKOPEO)
    command.chmod(0o755)
    return sees | {"PATH": f"{command.parent}:{sees['PATH']}"}


def test_an_image_goes_from_dev_to_staging_only_after_it_ran_well_in_dev(
    packaged: Packaged, tmp_path: Path
) -> None:
    with packaged() as account:
        aws = account.aws
        deploy(aws, "repositories.yaml", "staging-repository", Repository=STAGING)
        role = deploy(
            aws,
            "github.yaml",
            "github-staging",
            GitHubRepository=REPOSITORY,
            Environment="staging",
            EcrRepository=STAGING,
            PromotesFrom="dev",
            PromotesFromEcrRepository=DEV,
        ).outputs["RoleArn"]
        sees = with_skopeo(signed_in(aws, role), tmp_path)
        asked = {"FROM": "dev", "FROM_SERVICE": SERVICE, "FROM_ECR_REPOSITORY": DEV}

        account.breaks("bad5678", Crash(exit_code=3, after=2))
        bad = account.push("bad5678")
        account.until_told("ROLLBACK_SUCCESSFUL")
        step = run(SCRIPTS / "check-promotion.sh", tmp_path, sees | asked | {"IMAGE": "bad5678"})
        assert step.code == 1, step.log
        assert f"{bad} is ROLLBACK_SUCCESSFUL in dev" in step.errors[0]

        good = account.push("abc1234", "latest")
        account.until_told("SUCCESSFUL")
        step = run(SCRIPTS / "check-promotion.sh", tmp_path, sees | asked)
        assert step.code == 0, step.log
        assert step.outputs == {"digest": good, "tags": "abc1234"}

        registry = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
        copied = {
            "FROM_IMAGE": f"{registry}/{DEV}",
            "TO_IMAGE": f"{registry}/{STAGING}",
            "ECR_REPOSITORY": STAGING,
            "DIGEST": good,
            "TAGS": step.outputs["tags"],
        }
        step = run(SCRIPTS / "copy-image.sh", tmp_path, sees | copied)
        assert step.code == 0, step.log
        assert step.outputs["pushed"] == "true"
        (found,) = account.client("ecr").describe_images(repositoryName=STAGING)["imageDetails"]
        assert found["imageDigest"] == good
        assert sorted(found["imageTags"]) == ["abc1234", "latest"]

        step = run(SCRIPTS / "copy-image.sh", tmp_path, sees | copied)
        assert (step.code, step.outputs["pushed"]) == (0, "false"), step.log


def test_a_run_again_and_a_rollback_go_the_way_of_a_push(
    packaged: Packaged, tmp_path: Path
) -> None:
    with packaged() as account:
        aws = account.aws
        made = deploy(
            aws,
            "github.yaml",
            "github-dev",
            GitHubRepository=REPOSITORY,
            CreateRollbackRole="true",
        ).outputs
        sees, goes_back = (signed_in(aws, made[name]) for name in ("RoleArn", "RollbackRoleArn"))
        service = {"ENVIRONMENT": "dev", "SERVICE": SERVICE}
        waits = {**service, "INTERVAL": "0", "TIMEOUT": "120s"}
        account.push("abc1234")
        account.until_told("SUCCESSFUL")
        assert account.revision() == f"{FAMILY}:2"

        refused = run(SCRIPTS / "roll-back.sh", tmp_path, sees | service | {"WHY": "errors"})
        assert refused.code == 6
        assert "may not invoke slipway-dev-rollback" in refused.errors[0]

        back = run(SCRIPTS / "roll-back.sh", tmp_path, goes_back | service | {"WHY": "errors"})
        assert back.code == 0, back.log
        asked = {"DEPLOYMENT": back.outputs["deployment"], "WANTED": "rolled-back"}
        step = run(AWAIT, tmp_path, goes_back | waits | asked)
        assert step.code == 0, step.log
        assert account.revision() == f"{FAMILY}:1"

        released = account.invoke("release", {"service": SERVICE, **BY_HAND})
        assert len(released["released"]) == 1  # the rollback held what is deployed by a run again

        looked = {"ECR_REPOSITORY": DEV, "COMMIT": "abc1234", "VERSION": "v1.2.3"}
        found = run(SCRIPTS / "find-image.sh", tmp_path, sees | looked)
        assert found.outputs["digest"] == conflicto.digest_of("abc1234"), found.log
        (image,) = account.client("ecr").describe_images(
            repositoryName=DEV, imageIds=[{"imageTag": "v1.2.3"}]
        )["imageDetails"]
        assert image["imageDigest"] == found.outputs["digest"]

        wanted = {"DIGEST": found.outputs["digest"], "WHY": "run again"}
        again = run(SCRIPTS / "deploy-again.sh", tmp_path, sees | service | wanted)
        assert again.code == 0, again.log
        deployment = {"DEPLOYMENT": again.outputs["deployment"]}
        step = run(AWAIT, tmp_path, sees | waits | deployment)
        assert step.code == 0, step.log
        assert {record["by"] for record in account.deployments(SERVICE) if record["by"]} == {
            "github:sam"
        }
        records = account.deployments(SERVICE)
        (running,) = [
            record for record in records if record["deployment"] == again.outputs["deployment"]
        ]
        assert running["digest"] == found.outputs["digest"]


def test_those_on_call_go_back_without_github_and_without_a_reviewer(
    packaged: Packaged, tmp_path: Path
) -> None:
    """The commands of docs/operate.md, with the operator policy of bootstrap/people.yaml alone."""
    with packaged() as account:
        aws = account.aws
        policy = deploy(aws, "people.yaml", "people-dev", Stage="dev").outputs["OperatorArn"]
        iam = aws.client("iam")
        role = iam.create_role(RoleName="on-call", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        iam.attach_role_policy(RoleName="on-call", PolicyArn=policy)
        sees = signed_in(aws, role)

        account.push("abc1234")
        account.until_told("SUCCESSFUL")
        told = _typed(
            f"{sys.executable} -m cli rollback backend --stage dev --why errors --yes --wait", sees
        )
        assert told.returncode == 0, told.stdout
        assert account.revision() == f"{FAMILY}:1"

        (tmp_path / "request.json").write_text(json.dumps({"service": SERVICE, **BY_HAND}))
        told = _typed(
            "aws lambda invoke --function-name slipway-dev-rollback"
            f" --payload fileb://{tmp_path}/request.json {tmp_path}/reply.json",
            sees,
        )
        assert told.returncode == 0, told.stdout
        reply = json.loads((tmp_path / "reply.json").read_text())
        assert "no proven revision from before" in reply["error"]  # asked, and it answered


def _typed(command: str, sees: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command.split(), cwd=PROJECT, env=sees, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False, timeout=240,
    )  # fmt: skip
