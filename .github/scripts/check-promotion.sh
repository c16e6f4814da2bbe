#!/usr/bin/env bash
# May this image go on to the next environment, and under which tags? The newest verdict on its digest
# in the environment before must be SUCCESSFUL, and it must be proven there: a deployment of Slipway's
# own ran it with at least one task. Where no task is wanted, ECS calls every rollout successful.
#
# FROM, FROM_SERVICE, FROM_ECR_REPOSITORY; IMAGE (a tag or digest; empty: the last one that was
# SUCCESSFUL); OVERRIDE (a reason to promote it all the same); FROM_ACCOUNT (empty: this one).
# Outputs: digest, tags (by spaces).
set -euo pipefail
# shellcheck source=.github/actions/await-deployment/slipway.sh
source "$(dirname "${BASH_SOURCE[0]}")/../actions/await-deployment/slipway.sh"

must_match from "${FROM:-}" '[a-z][a-z0-9-]{0,31}' 'an environment like dev'
must_match from-account "${FROM_ACCOUNT:-}" '([0-9]{12})?' 'twelve digits'
must_match image "${IMAGE:-}" '(sha256:[0-9a-f]{32,}|[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?' 'a tag or a digest'

main() {
  status_function="slipway-$FROM-status"
  if [[ ${FROM_ACCOUNT:-} ]]; then   # another account's function is named by its ARN
    local region=${AWS_REGION:-$AWS_DEFAULT_REGION} partition=aws
    case $region in cn-*) partition=aws-cn ;; us-gov-*) partition=aws-us-gov ;; esac
    status_function="arn:$partition:lambda:$region:$FROM_ACCOUNT:function:$status_function"
  fi
  find_digest
  find_verdict
  find_tags
  output digest "$digest"
  output tags "$tags"
  say <<< "$FROM_ECR_REPOSITORY@$digest ($tags): $verdict in $FROM"
}

# Of a record: a deployment that somebody else made says nothing about who chose the image.
ran='.status == "SUCCESSFUL" and .proven == true and .cause != "foreign"'

find_digest() {
  case ${IMAGE:-} in
    '') newest_successful ;;
    sha256:*) digest=$IMAGE ;;
    *) digest=$(digest_of "$IMAGE") ;;
  esac
  [[ $digest ]] || refuse "$FROM_ECR_REPOSITORY has no image '$IMAGE'. List what it has: aws ecr describe-images --repository-name $FROM_ECR_REPOSITORY"
}

newest_successful() {
  ask "$status_function" "$(jq -nc --arg service "$FROM_SERVICE" '$ARGS.named')"
  digest=$(jq -r "[.deployments[] | select($ran"' and .digest != "")][0].digest // empty' <<< "$reply")
  [[ $digest ]] || refuse "Nothing was SUCCESSFUL and proven on $FROM_SERVICE lately. Name the image that is to be promoted."
}

find_verdict() {
  ask "$status_function" "$(jq -nc --arg service "$FROM_SERVICE" --arg image "$digest" '$ARGS.named')"
  # A deployment that was refused, superseded or only observed says nothing about the image.
  verdict=$(jq -r '[.deployments[].status
    | select(IN("REFUSED", "SUPERSEDED", "OBSERVED") | not)][0] // "never deployed"' <<< "$reply")
  if [[ $verdict == SUCCESSFUL ]]; then
    jq -e "any(.deployments[]; $ran)" <<< "$reply" > /dev/null && return
    verdict='SUCCESSFUL but not proven'
  fi
  if [[ ${OVERRIDE:-} ]]; then
    annotate warning "Promoted all the same" "$digest is $verdict in $FROM. $ASKER overrides that: $OVERRIDE"
    return
  fi
  case $verdict in
    *' but not proven') refuse "$digest is $verdict in $FROM ($FROM_SERVICE): it ran no task there, somebody else deployed it, or ten others came since. Deploy it there with at least one task, or give a reason as \`override\`." ;;
    PENDING | HELD | PREPARING | *IN_PROGRESS) refuse "$digest is still $verdict in $FROM. Wait for its verdict, then promote it." ;;
    *) refuse "$digest is $verdict in $FROM ($FROM_SERVICE), and only what was SUCCESSFUL there is promoted. Deploy it there first, or give a reason as \`override\`." ;;
  esac
}

# The commit's and the version's tags go along; those of signatures name another digest's artifacts.
find_tags() {
  tags=$(aws ecr describe-images --repository-name "$FROM_ECR_REPOSITORY" \
    ${FROM_ACCOUNT:+--registry-id "$FROM_ACCOUNT"} --image-ids "imageDigest=$digest" --output json |
    jq -r '[.imageDetails[0].imageTags[]? | select(. != "latest" and (startswith("sha256-") | not))] | join(" ")')
  [[ $tags ]] || refuse "$digest has no tag in $FROM_ECR_REPOSITORY but latest, so nobody would recognize it. Tag it with its commit."
}

refuse() {
  annotate error "Not promoted" "$1"
  jq -nr --arg words "$1" "$MARKDOWN"' "### Not promoted\n\n\($words | escaped)\n"' | summarize
  exit 1
}

ECR_REPOSITORY=${FROM_ECR_REPOSITORY:?} REGISTRY_ID=${FROM_ACCOUNT:-}
export ECR_REPOSITORY REGISTRY_ID
main
