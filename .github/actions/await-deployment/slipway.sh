# shellcheck shell=bash
# For the scripts that ask Slipway: invoke a function, and pass on what others wrote without letting
# it speak to GitHub. A case quotes log lines of an application, so it may contain anything.
#
# Needs bash, jq and the AWS CLI (1 or 2), as GitHub's runners have them.

export AWS_PAGER="" AWS_RETRY_MODE="${AWS_RETRY_MODE:-standard}" AWS_MAX_ATTEMPTS="${AWS_MAX_ATTEMPTS:-4}"

WRONGLY_USED=2    # an input is missing or not of its form
NOT_ASKED=6       # Slipway could not be asked, and asking again will not help
PATIENCE=5        # replies in a row that may fail before it gives up
NOT_NOW=7         # it could not be asked this time
REFUSED=8         # it answered, with an error

# Who asks: of a run that was started again, the person who did that (GITHUB_ACTOR is then still the
# one who started it first).
# shellcheck disable=SC2034  # for the scripts that source this file
readonly ASKER=${GITHUB_TRIGGERING_ACTOR:-${GITHUB_ACTOR:-?}}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Plain text from stdin, as lines that no runner takes for a command. A runner ends a line at a
# carriage return too, takes `::name::` at a line's beginning and `##[name]` anywhere.
say() {
  jq --raw-input --slurp --raw-output '
    gsub("\r\n?"; "\n")
    | gsub("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]"; "")
    | gsub("##\\["; "## [")
    | sub("\n+$"; "") | split("\n") | map("  | " + .) | join("\n")'
}

# annotate error|warning|notice TITLE MESSAGE: what GitHub shows beside the job.
annotate() {
  jq --null-input --raw-output --arg level "$1" --arg title "$2" --arg message "$3" '
    def plain: gsub("##\\["; "## [") | gsub("[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]"; "");
    def data: plain | gsub("%"; "%25") | gsub("\r"; "%0D") | gsub("\n"; "%0A");
    def property: data | gsub(":"; "%3A") | gsub(","; "%2C");
    "::\($level) title=\($title | property)::\($message | data)"'
}

# shellcheck disable=SC2034  # for the scripts that source this file
# The definition that Markdown for the summary is made with: every character that could mean
# something to Markdown or HTML as a number; lines stay lines. `code` is for one line.
readonly MARKDOWN='
  def escaped: explode | map(
    if (. < 32 and . != 10) or (. >= 127 and . <= 159) or . == 8206 or . == 8207
        or (. >= 8234 and . <= 8238) or (. >= 8294 and . <= 8297)
    then " "
    elif . == 10 or . == 32 or (. >= 48 and . <= 57) or (. >= 65 and . <= 90)
        or (. >= 97 and . <= 122) or . > 159
    then [.] | implode
    else "&#\(.);" end) | join("");
  def code: "<code>" + (.[0:500] | escaped | gsub("\n"; " ")) + "</code>";
  def block: "<pre>\n" + (.[0:30000] | escaped) + "\n</pre>";'

# Append stdin to the job's summary.
summarize() { cat >> "${GITHUB_STEP_SUMMARY:-/dev/null}"; }

# output NAME VALUE: an output of the step, of one line.
output() { printf '%s=%s\n' "$1" "$(tr -d '\r\n' <<< "$2")" >> "${GITHUB_OUTPUT:-/dev/null}"; }

# wrongly_used MESSAGE: an input is not what it should be. To stderr, which a runner reads too: stdout
# may be caught by the caller.
wrongly_used() {
  annotate error "Not asked" "$1" >&2
  exit "$WRONGLY_USED"
}

# must_match NAME VALUE PATTERN EXAMPLE: refuse an input that is not of its form.
must_match() {
  [[ $2 =~ ^($3)$ ]] || wrongly_used "$1: expected $4, found '${2:0:100}'."
}

# in_seconds NAME TEXT: 90s, 60m, 2h, or a number of seconds.
in_seconds() {
  must_match "$1" "$2" '[0-9]{1,6}[smh]?' 'a time like 90s, 60m or 2h'
  case $2 in
    *h) echo $((10#${2%h} * 3600)) ;;
    *m) echo $((10#${2%m} * 60)) ;;
    *) echo $((10#${2%s})) ;;
  esac
}

# invoke FUNCTION PAYLOAD: sets `reply` to the function's reply (JSON); where there is none, `problem`
# to why, in words. Returns 0, NOT_ASKED, NOT_NOW or REFUSED.
invoke() {
  local said
  reply='' problem=''
  printf '%s' "$2" > "$scratch/payload"
  if ! said=$(aws lambda invoke --function-name "$1" --payload "fileb://$scratch/payload" \
      --cli-read-timeout 70 --output json "$scratch/reply" 2> "$scratch/error"); then
    problem=$(sed "/^$/d" "$scratch/error" | tail -c 2000)
    _tells_a_lasting_cause "$1" && return "$NOT_ASKED"
    return "$NOT_NOW"
  fi
  if [[ $(jq -r '.FunctionError // empty' <<< "$said") ]]; then
    problem="$1 failed: $(jq -r '.errorMessage? // .' "$scratch/reply" | tail -c 2000)"
    return "$NOT_NOW"
  fi
  if ! reply=$(jq -ce 'select(type == "object")' "$scratch/reply"); then
    problem="$1 did not reply a JSON object"
    return "$NOT_NOW"
  fi
  problem=$(jq -r '.error // empty' <<< "$reply")
  case $problem in
    '') return 0 ;;
    *'Ask again in a minute.') return "$NOT_NOW" ;;
    *) return "$REFUSED" ;;
  esac
}

# ask FUNCTION PAYLOAD: invoke it, patiently; sets `reply`. Ends the step where no reply comes.
ask() {
  local code attempt
  for ((attempt = 1; ; attempt++)); do
    code=0
    invoke "$1" "$2" || code=$?
    ((code)) || return 0
    if ((code != NOT_NOW || attempt >= PATIENCE)); then
      say <<< "$problem"
      annotate error "$([[ $code == "$REFUSED" ]] && echo Slipway said no || echo Slipway could not be asked)" "$problem"
      exit "$NOT_ASKED"
    fi
    say <<< "$(date -u +%H:%M:%S) asking again: ${problem:0:300}"
    sleep "${interval:-10}"
  done
}

# digest_of TAG: its digest in ECR_REPOSITORY (of the registry REGISTRY_ID, where that is set); empty
# where there is no such image. Ends the step where ECR says anything else.
digest_of() {
  local said
  if said=$(aws ecr describe-images --repository-name "$ECR_REPOSITORY" --image-ids "imageTag=$1" \
      ${REGISTRY_ID:+--registry-id "$REGISTRY_ID"} --output json 2> "$scratch/error"); then
    jq -r '.imageDetails[0].imageDigest' <<< "$said"
    return
  fi
  problem=$(sed '/^$/d' "$scratch/error" | tail -c 2000)
  case $problem in
    *ImageNotFoundException*) return 0 ;;
    *RepositoryNotFoundException*)
      problem+="
There is no ECR repository $ECR_REPOSITORY in this account and region. Next: bootstrap/repositories.yaml makes it." ;;
    *AccessDenied*)
      problem+="
The role that the workflow assumed may not use $ECR_REPOSITORY. Next: look at EcrRepository of the stack slipway-github-… (bootstrap/github.yaml), and at aws sts get-caller-identity." ;;
  esac
  annotate error "ECR could not be asked" "$problem" >&2
  exit "$NOT_ASKED"
}

# Whether `problem` is one that passes by no waiting; adds what to do about it.
_tells_a_lasting_cause() {
  case $problem in
    *AccessDenied* | *'not authorized'*)
      problem+="
The role that the workflow assumed may not invoke $1. Next: look at the stack slipway-github-… (bootstrap/github.yaml), and at aws sts get-caller-identity." ;;
    *ResourceNotFoundException*)
      problem+="
There is no function $1 in this account and region. Next: see that the role and AWS_REGION are this environment's, and that Slipway was deployed there (make deploy)." ;;
    *ExpiredToken*)
      problem+="
The session of the role ended before the deployment did. Next: raise role-duration-seconds, and MaxSessionSeconds of bootstrap/github.yaml." ;;
    *UnrecognizedClient* | *InvalidClientToken* | *InvalidSignature* | *'locate credentials'* | *'specify a region'* | *'Could not connect to the endpoint'*)
      problem+="
Next: see that aws-actions/configure-aws-credentials ran before, with role-to-assume and aws-region." ;;
    *) return 1 ;;
  esac
}
