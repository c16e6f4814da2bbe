#!/usr/bin/env bash
# What was pushed, for the job's summary. IMAGE (REGISTRY/REPOSITORY), COMMIT, DIGEST, ENVIRONMENT;
# REPORT: the vulnerability scan's report (JSON), where there is one.
set -euo pipefail
# shellcheck source=.github/actions/await-deployment/slipway.sh
source "$(dirname "${BASH_SOURCE[0]}")/../actions/await-deployment/slipway.sh"

found=''
if [[ -s ${REPORT:-} ]]; then
  found=$(jq -r '[.Results[]?.Vulnerabilities[]?.Severity] | group_by(.)
    | map("\(length) \(.[0] | ascii_downcase)") | join(", ")' "$REPORT")
  found=${found:-none}
fi
jq -nr --arg image "$IMAGE" --arg commit "$COMMIT" --arg digest "$DIGEST" --arg found "$found" \
  --arg environment "$ENVIRONMENT" --arg sha "${GITHUB_SHA:-}" --arg region "${AWS_REGION:-}" \
  --arg site "${GITHUB_SERVER_URL:-}/${GITHUB_REPOSITORY:-}" --arg run "${GITHUB_RUN_ID:-}" "$MARKDOWN"'
  ($image | split("/")) as $parts
  | ($parts[0] | split(".")[0]) as $account
  | ($parts[1:] | join("/")) as $repository
  | "### Image", "", "| | |", "|---|---|",
    "| Image | \("\($image):\($commit)" | code) |",
    "| Digest | \($digest | code) |",
    "| Environment | \($environment | code) |",
    "| Commit | [`\($commit)`](\($site)/commit/\($sha)) |",
    (if $found == "" then empty else "| Vulnerabilities | \($found | code) |" end),
    "| Links | [run](\($site)/actions/runs/\($run)), [repository](https://\($region | @uri).console.aws.amazon.com/ecr/repositories/private/\($account | @uri)/\($repository | @uri)?region=\($region | @uri)) |",
    ""' | summarize
