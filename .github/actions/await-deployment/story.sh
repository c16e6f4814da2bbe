# shellcheck shell=bash
# What a job tells besides the verdict: where the time went, and which deployment came later. Nothing
# of this may change the verdict, so where Slipway does not answer, only less is told.
#
# await.sh sets record, function_name, interval and SERVICE.
# shellcheck disable=SC2154

readonly LOOKS=6     # at most, for the times: Slipway asks ECS for them once the deployment is closed
readonly RECENT=120  # seconds after the end, in which they may still come

# Makes `record` the reply about this one deployment, which alone has `times`, once they are there.
tell_times() {
  local closer look
  for ((look = 1; look <= LOOKS; look++)); do
    times_may_come || return 0
    ((look == 1)) || sleep "$((interval < 10 ? interval : 10))"
    invoke "$function_name" "$(jq -c '{service, deployment}' <<< "$record")" || continue
    closer=$(jq -c --argjson own "$(jq -c '{deployment, status}' <<< "$record")" '
      .deployments[0] | select(.deployment == $own.deployment and .status == $own.status)
      | .times //= {note: ""}' <<< "$reply" 2> /dev/null) || return 0
    [[ $closer ]] || return 0
    record=$closer
  done
}

# Whether the reply was one of several, or the deployment is closed only since a moment. Older functions
# never reply times.
times_may_come() {
  jq -e --argjson recent "$RECENT" '
    def seconds: sub("[.][0-9]+Z$"; "Z") | try fromdateiso8601 catch 0;
    (has("times") | not) or ((.times.phases | arrays) == [] and now - (.closed // "" | seconds) < $recent)' \
    <<< "$record" > /dev/null 2>&1
}

# Sets `later` to the newest deployment of the service that was recorded after `record` and has begun;
# where none has, to the newest that waits. What was refused or only observed changed nothing.
find_later() {
  later=''
  invoke "$function_name" "$(jq -nc --arg service "$SERVICE" '$ARGS.named')" || return 0
  later=$(jq -c --argjson own "$(jq -c '{deployment, created}' <<< "$record")" '
    [.deployments[] | select(.deployment != $own.deployment and .created > $own.created)
      | select(.status | IN("REFUSED", "OBSERVED") | not)] as $after
    | ([$after[] | select(.status | IN("PENDING", "HELD", "SUPERSEDED") | not)] + $after)[0]
    | objects | {deployment, digest, status, tag}
    ' <<< "$reply" 2> /dev/null) || later=''
  record=$(jq -c --argjson later "${later:-null}" '. + {later: $later}' <<< "$record")
}

# Whether a later deployment of another image changed the service.
took_over() {
  jq -e '.digest as $own | .later | objects | (.digest != $own or .digest == "")
    and (.status | IN("IN_PROGRESS", "SUCCESSFUL", "FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED"))' \
    <<< "$record" > /dev/null
}

# One sentence or two on the later deployment; nothing where there is none.
later_in_words() {
  jq -r '.later | objects
    | "Deployment \(.deployment)" + (if .tag == "" then "" else " (\(.tag))" end) + " came later. It is \(.status)"
      + (if .status | IN("PENDING", "HELD", "PREPARING", "IN_PROGRESS", "ROLLBACK_IN_PROGRESS") then " so far." else "." end)' \
    <<< "$record"
}
