#!/usr/bin/env bash
# Wait for Slipway's verdict on a digest or a deployment; tell its progress; say how it ended.
#
# Exit codes: 0 as wanted · 1 it failed (FAILED, ROLLBACK_SUCCESSFUL, ROLLBACK_FAILED) · 2 an input
# is wrong · 3 it was never deployed (REFUSED, SUPERSEDED) · 4 no verdict in time · 5 Slipway knows
# nothing of it · 6 Slipway could not be asked · 7 it is held (HELD): no job waits for a person. The
# inputs are the environment variables that action.yml sets.
set -euo pipefail
# shellcheck source=.github/actions/await-deployment/slipway.sh
source "$(dirname "${BASH_SOURCE[0]}")/slipway.sh"
# shellcheck source=.github/actions/await-deployment/story.sh
source "$(dirname "${BASH_SOURCE[0]}")/story.sh"

readonly FAILED=1 NEVER_DEPLOYED=3 TIMED_OUT=4 NO_RECORD=5 HELD=7
readonly REPEATED=60  # seconds after which an earlier deployment of the same digest is the answer

must_match environment "${ENVIRONMENT:-}" '[a-z][a-z0-9-]{0,31}' 'an environment like dev'
must_match service "${SERVICE:-}" '[A-Za-z0-9_-]+/[A-Za-z0-9_-]+' 'CLUSTER/SERVICE'
must_match digest "${DIGEST:-}" '(sha256:[0-9a-f]{32,})?' 'a digest like sha256:…'
must_match deployment "${DEPLOYMENT:-}" '[a-z0-9-]{0,60}' "a deployment's id"
must_match wanted "${WANTED:=deployed}" 'deployed|rolled-back' 'deployed or rolled-back'
must_match since "${SINCE:-}" '([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?' \
  'a time like 2026-11-22T23:41:35Z'
must_match log-lines "${LOG_LINES:=false}" 'true|false' 'true or false'
[[ ${DIGEST:-}${DEPLOYMENT:-} ]] || wrongly_used 'Name a digest or a deployment.'
timeout=$(in_seconds timeout "${TIMEOUT:-60m}")
appear=$(in_seconds appear "${APPEAR:-5m}")
interval=$(in_seconds interval "${INTERVAL:-10s}")

function_name="slipway-$ENVIRONMENT-status"
# What was created from `since` on is of this push. What was created from `about` on may be: a
# runner's clock and AWS' differ, by a minute at most. Without SINCE, nobody knows when it began.
since=${SINCE:-9999-12-31T23:59:59Z}
about=$(jq -nr --arg given "${SINCE:-}" '
  (if $given == "" then now - 540 else $given | fromdateiso8601 end) - 60 | todateiso8601')

main() {
  local record='' later='' told='' line waited
  echo "Waiting for Slipway in $ENVIRONMENT: $SERVICE, ${DEPLOYMENT:-$DIGEST}"
  while :; do
    waited=$SECONDS   # one moment for all that is decided in a round
    look
    if [[ $record ]]; then
      DEPLOYMENT=$(jq -r .deployment <<< "$record")
      line=$(progress)
      [[ $line == "$told" ]] || { say <<< "$(date -u +%H:%M:%S) $line"; told=$line; }
      is_held && stop_waiting
      is_closed && conclude
    elif ((waited >= appear)); then
      never_appeared
    fi
    ((waited < timeout)) || out_of_time
    sleep "$interval"
  done
}

# Sets `record` to the deployment that is waited for; leaves it empty while there is none.
look() {
  local found
  if [[ ${DEPLOYMENT:-} ]]; then
    ask "$function_name" "$(jq -nc --arg service "$SERVICE" --arg deployment "$DEPLOYMENT" '$ARGS.named')"
    record=$(jq -c '.deployments[0]' <<< "$reply")
    return
  fi
  ask "$function_name" "$(jq -nc --arg service "$SERVICE" '$ARGS.named')"
  # Each line is a weaker answer than the one before it. An earlier verdict on this digest is none
  # where another image came between: the record of this push is then still on its way.
  found=$(jq -c --arg digest "$DIGEST" --arg since "$since" --arg about "$about" '
    def open: .status | IN("PENDING", "HELD", "PREPARING", "IN_PROGRESS", "ROLLBACK_IN_PROGRESS");
    [.deployments[] | select(.digest == $digest)] as $ours
    | ([.deployments[] | select(.status != "REFUSED")][0]) as $newest
    | [$ours[] | select(.created >= $since)] as $sure
    | [$ours[] | select(.created >= $about)] as $perhaps
    | ([$sure[] | select(.status != "REFUSED")] + $sure
       + ([$perhaps[] | select(open)]
          + [$newest | select(. and .digest == $digest)]
          + [$perhaps[] | select(.status | IN("SUPERSEDED", "REFUSED"))]
          | map(. + {repeated: true})))[0]
    ' <<< "$reply")
  # The service was last asked for this very digest, and nobody deployed since: pushing it again
  # asks for nothing new. But a record may still be on its way, so one that would end the step is
  # believed only after a while.
  if ((waited < REPEATED && waited < appear)) && jq -e '.repeated and (.status
      | IN("PENDING", "PREPARING", "IN_PROGRESS", "ROLLBACK_IN_PROGRESS") | not)' <<< "$found" > /dev/null; then
    found=null
  fi
  [[ $found == null ]] || record=$found
}

progress() {
  jq -r '.status
    + (if .revision != "" then " \(.revision)" else "" end)
    + (if .desired > 0 and (.status | IN("IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "SUCCESSFUL"))
       then ", \(.running) of \(.desired) tasks run" else "" end)
    + (if .reason != "" then ": \(.reason)" else "" end)' <<< "$record"
}

is_held() { jq -e '.status == "HELD"' <<< "$record" > /dev/null; }

is_closed() {
  ! jq -e '.status | IN("PENDING", "PREPARING", "IN_PROGRESS", "ROLLBACK_IN_PROGRESS")' <<< "$record" > /dev/null
}

# The verdict: its words, its exit code. With `rolled-back`, what was stopped is as wanted when it
# is out of the way; a rollback that is a deployment of its own must succeed.
conclude() {
  local status cause words code
  status=$(jq -r .status <<< "$record")
  cause=$(jq -r .cause <<< "$record")
  tell_times
  find_later
  if [[ $LOG_LINES == true ]]; then
    record=$(jq -c '.case = ([.case, .log // ""] | map(select(. != "")) | join("\n"))' <<< "$record")
  fi
  case $status in
    SUCCESSFUL) words='is live' code=0 ;;
    OBSERVED) words='would be deployed (observe mode)' code=0 ;;
    FAILED) words='FAILED' code=$FAILED ;;
    ROLLBACK_SUCCESSFUL) words='failed and was rolled back' code=$FAILED ;;
    ROLLBACK_FAILED) words='FAILED, and so did the rollback: the service needs a person' code=$FAILED ;;
    SUPERSEDED) words='was superseded: somebody else deployed to the service' code=$NEVER_DEPLOYED ;;
    REFUSED) words='was refused' code=$NEVER_DEPLOYED ;;
    *) words="has a status that this script does not know ($status)" code=$FAILED ;;
  esac
  if [[ $WANTED == rolled-back ]]; then
    case $cause:$status in
      rollback:SUCCESSFUL) words='is back' ;;
      rollback:*) ;;
      *:ROLLBACK_SUCCESSFUL) words='was stopped and rolled back' code=0 ;;
      *:REFUSED) words='was stopped before it began' code=0 ;;
      *:SUPERSEDED) words='was overtaken before it could be stopped' code=0 ;;
      *:SUCCESSFUL) words='was live before it could be stopped' code=$FAILED ;;
    esac
  fi
  if [[ $status == SUCCESSFUL ]] && took_over; then
    words="${words/#is /was }, and a later deployment took over"
  fi
  report "$words"
  if ((code)); then
    annotate error "$(title "$words")" "$(told_of_the_end)"
  elif [[ $status == OBSERVED ]] || took_over; then
    annotate warning "$(title "$words")" "$(told_of_the_end)"
  else
    say <<< "$(title "$words")"
  fi
  exit "$code"
}

# A person or the end of a freeze decides, in minutes or in days. Nothing is wrong, so nothing is
# called an error.
stop_waiting() {
  local next="The deployment goes on without this job when it is released; to follow it, ask $function_name, or run this job again."
  report "is held"
  annotate notice "$(title "is held")" "$(jq -r --arg next "$next" '[.reason[0:4000], $next] | map(select(. != "")) | join("\n\n")' <<< "$record")"
  exit "$HELD"
}

out_of_time() {
  report "has no verdict after $((timeout / 60)) minutes"
  annotate error "No verdict yet" "Slipway goes on without this job. Ask it again: aws lambda invoke --function-name $function_name reply.json && cat reply.json. A rollout that takes longer needs a larger timeout."
  exit "$TIMED_OUT"
}

never_appeared() {
  local words="Slipway has recorded no deployment of $DIGEST to $SERVICE in $((appear / 60)) minutes. See that the repository and the tag are those of targets.toml (key \`tags\`), that the push is in the log of slipway-$ENVIRONMENT-on_image_push (it says why it ignored one), and that its EventBridge rule is enabled. ECR sometimes loses an event: the sweep finds such a push within about an hour, and \`deploy\` need not wait for it. The digest that the service was last asked to run asks for nothing new: where somebody else deployed since, \`deploy\` it."
  annotate error "Slipway knows nothing of this push" "$words"
  jq -nr --arg words "$words" "$MARKDOWN"' "### No deployment\n\n\($words | escaped)\n"' | summarize
  exit "$NO_RECORD"
}

title() {
  jq -r --arg words "$1" '(.service | sub("^.*/"; "")) + ": "
    + ([.tag, .digest[0:19], .revision] | map(select(. != ""))[0] // "" | .[0:200]) + " " + $words' <<< "$record"
}

# Why it ended so, and which deployment came later.
told_of_the_end() {
  jq -r --arg later "$(later_in_words)" '
    [.reason, $later, .case] | map(strings | select(. != "")) | join("\n\n") | .[0:4000]' <<< "$record"
}

# The step's outputs, the log's last words, and the job's summary.
report() {
  if [[ ! $record ]]; then return; fi
  output deployment "$(jq -r .deployment <<< "$record")"
  output status "$(jq -r .status <<< "$record")"
  output revision "$(jq -r .revision <<< "$record")"
  if jq -e '.case != ""' <<< "$record" > /dev/null; then
    jq -r .case <<< "$record" | say
  fi
  if [[ $later ]]; then
    later_in_words | say
  fi
  jq -r --arg title "$(title "$1")" --arg commit "${GITHUB_SHA:-}" \
    --arg commits "${GITHUB_SERVER_URL:-}/${GITHUB_REPOSITORY:-}/commit" \
    --arg region "${AWS_REGION:-${AWS_DEFAULT_REGION:-}}" \
    "$MARKDOWN$(< "$(dirname "${BASH_SOURCE[0]}")/summary.jq")" <<< "$record" | summarize || echo "The summary could not be written."   # the verdict stands
}

main
