#!/usr/bin/env bash
# Say what is not set up, before anything fails for it in words that name something else.
# ENVIRONMENT, ROLE_ARN, and REGION come from the GitHub environment's variables.
set -euo pipefail
# shellcheck source=.github/actions/await-deployment/slipway.sh
source "$(dirname "${BASH_SOURCE[0]}")/../actions/await-deployment/slipway.sh"

where="Settings → Environments → ${ENVIRONMENT:-?} → Environment variables"
[[ ${ROLE_ARN:-} ]] ||
  wrongly_used "The environment '${ENVIRONMENT:-}' has no variable AWS_DEPLOYER_ROLE_ARN. Set it to the output RoleArn of the stack slipway-github-${ENVIRONMENT:-…} ($where)."
must_match AWS_DEPLOYER_ROLE_ARN "$ROLE_ARN" 'arn:aws[a-z-]*:iam::[0-9]{12}:role/.+' \
  'the ARN of a role, arn:aws:iam::ACCOUNT:role/NAME'
must_match AWS_REGION "${REGION:-}" '[a-z]{2}(-[a-z]+)+-[0-9]' 'a region like us-west-2'
[[ ${ACTIONS_ID_TOKEN_REQUEST_URL:-} ]] ||
  wrongly_used "This job may not ask GitHub for an OIDC token. The calling job needs the permissions id-token: write and contents: read, and a pull request from a fork never gets them."
echo "Assuming $ROLE_ARN in $REGION, as ${GITHUB_REPOSITORY:-this repository} in the environment $ENVIRONMENT"
