#!/usr/bin/env bash
# An image was in the repository already, so no push asks Slipway to deploy it: ask by hand.
# ENVIRONMENT, SERVICE, DIGEST, WHY. Asks nothing when the service runs it or is about to.
#
# Output: deployment (to wait for).
set -euo pipefail
# shellcheck source=.github/actions/await-deployment/slipway.sh
source "$(dirname "${BASH_SOURCE[0]}")/../actions/await-deployment/slipway.sh"

must_match environment "${ENVIRONMENT:-}" '[a-z][a-z0-9-]{0,31}' 'an environment like dev'
must_match digest "${DIGEST:-}" 'sha256:[0-9a-f]{32,}' 'a digest like sha256:…'

ask "slipway-$ENVIRONMENT-status" "$(jq -nc --arg service "$SERVICE" '$ARGS.named')"
known=$(jq -r --arg digest "$DIGEST" '
  [.deployments[] | select(.status != "REFUSED" and .status != "OBSERVED")][0]
  | select(.digest == $digest)
  | select(.status | IN("PENDING", "HELD", "PREPARING", "IN_PROGRESS", "SUCCESSFUL")) | .deployment' <<< "$reply")
if [[ $known ]]; then
  echo "$SERVICE was last asked to run $DIGEST, by $known: nothing to ask for."
  output deployment "$known"
  exit 0
fi
ask "slipway-$ENVIRONMENT-deploy" "$(jq -nc --arg service "$SERVICE" --arg image "$DIGEST" \
  --arg by "github:$ASKER" --arg why "${WHY:-run again}" \
  --arg key "github-${GITHUB_RUN_ID:-0}-${GITHUB_RUN_ATTEMPT:-1}-$ENVIRONMENT" '$ARGS.named')"
say <<< "$(jq -r '"\(.deployment): \(.status)"' <<< "$reply")"
output deployment "$(jq -r .deployment <<< "$reply")"
