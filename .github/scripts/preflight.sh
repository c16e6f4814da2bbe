#!/usr/bin/env bash
# Say what is not set up, before anything fails for it in words that name something else.
# ENVIRONMENT is Slipway's stage. ROLE_ARN and REGION come from the GitHub environment's variables.
# With GOES_BACK, the job is a rollback, and runs in the GitHub environment ENVIRONMENT-rollback.
set -euo pipefail
# shellcheck source=.github/actions/await-deployment/slipway.sh
source "$(dirname "${BASH_SOURCE[0]}")/../actions/await-deployment/slipway.sh"

environment=${ENVIRONMENT:-}
[[ $environment != *-rollback ]] ||
  wrongly_used "environment: expected the environment itself, like '${environment%-rollback}'; '$environment' is the one in which its rollbacks run."
variable=AWS_DEPLOYER_ROLE_ARN
value="the output RoleArn of the stack slipway-github-${environment:-…}"
until_then=''
if [[ ${GOES_BACK:-} == true ]]; then
  environment+=-rollback
  variable=AWS_ROLLBACK_ROLE_ARN
  value="the output RollbackRoleArn of the stack slipway-github-${ENVIRONMENT:-…}, which has it with CreateRollbackRole=true"
  until_then=" To go back now, use the command line: slipway rollback --stage ${ENVIRONMENT:-…} (docs/operate.md)."
fi

where="Settings → Environments → ${environment:-?} → Environment variables"
[[ ${ROLE_ARN:-} ]] ||
  wrongly_used "The environment '$environment' has no variable $variable. Set it to $value ($where).$until_then"
must_match "$variable" "$ROLE_ARN" 'arn:aws[a-z-]*:iam::[0-9]{12}:role/.+' \
  'the ARN of a role, arn:aws:iam::ACCOUNT:role/NAME'
must_match AWS_REGION "${REGION:-}" '[a-z]{2}(-[a-z]+)+-[0-9]' 'a region like us-west-2'
[[ ${ACTIONS_ID_TOKEN_REQUEST_URL:-} ]] ||
  wrongly_used "This job may not ask GitHub for an OIDC token. The calling job needs the permissions id-token: write and contents: read, and a pull request from a fork never gets them."
echo "Assuming $ROLE_ARN in $REGION, as ${GITHUB_REPOSITORY:-this repository} in the environment $environment"
