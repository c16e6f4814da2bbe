#!/usr/bin/env bash
# Ask Slipway to go back. ENVIRONMENT, SERVICE, WHY; TO (empty: Slipway chooses).
#
# Output: deployment (to wait for).
set -euo pipefail
# shellcheck source=.github/actions/await-deployment/slipway.sh
source "$(dirname "${BASH_SOURCE[0]}")/../actions/await-deployment/slipway.sh"

must_match environment "${ENVIRONMENT:-}" '[a-z][a-z0-9-]{0,31}' 'an environment like dev'
[[ ${WHY:-} ]] || wrongly_used "why: expected the reason, which the record and the notices keep."

# With the run's id as the key, a repeated run asks for the same rollback and not for one more.
ask "slipway-$ENVIRONMENT-rollback" "$(jq -nc --arg service "$SERVICE" --arg to "${TO:-}" \
  --arg by "github:$ASKER" --arg why "${WHY:0:500}" --arg key "github-${GITHUB_RUN_ID:-0}" \
  '$ARGS.named | if .to == "" then del(.to) else . end')"
say <<< "$(jq -r '"\(.deployment): \(.status)"' <<< "$reply")"
output deployment "$(jq -r .deployment <<< "$reply")"
