# A record as `status` replies it -> its section of the job's summary, in Markdown. It comes after the
# definitions of MARKDOWN (slipway.sh). Arguments: title, commit, commits, region.
#
# Every text of others is bounded, and written so that it cannot end what it stands in. A reply without
# `times`, as older functions give it, only has no breakdown.

def milliseconds:   # of a time like 2026-11-22T23:41:35.567Z; nothing where it is no such time
  strings | capture("^(?<whole>[0-9-]{10}T[0-9:]{8})([.](?<part>[0-9]{3})[0-9]*)?Z$")
  | (try (.whole + "Z" | fromdateiso8601) catch empty) * 1000 + (.part // "0" | tonumber);
def lasted: numbers | select(. >= 0 and . < 100000000);   # seconds
def shown: if . >= 10 then round else (. * 10 | round) / 10 end | "\(.) s";
def row(name): strings | if . == "" then empty else "| \(name) | \(code) |" end;

def took:
  (.seconds | lasted) // (((.updated | milliseconds) - (.created | milliseconds)) / 1000 | lasted);
def phases:
  [.times | objects | .phases | arrays | .[] | objects
    | select((.phase | type) == "string" and ([.seconds | lasted] != []))
    | {phase: .phase[0:40], seconds, usual: ((.usual | lasted) // null)}][0:20];
# As `slipway` itself tells it in the last notice: twice as long as usual, and 15 seconds more.
def far_longer: .usual != null and .seconds > 2 * .usual and .seconds - .usual >= 15;

def breakdown:
  phases | if . == [] then empty else
    "", "| Phase | Took | Usually |", "|---|---:|---:|",
    (.[] | "| \(.phase | code) | \(.seconds | shown) | \(if .usual == null then "" else .usual | shown end) |")
  end;

# Mermaid ends a name at a colon, a semicolon, a number sign or a line's end, and takes a line that
# begins with one of its words for a command. So only letters, digits, spaces and `. _ -` stay, and every
# bar begins with its length.
def plain:
  [explode[] | if (. >= 48 and . <= 57) or (. >= 65 and . <= 90) or (. >= 97 and . <= 122)
    or . == 45 or . == 46 or . == 95 then . else 32 end] | implode;
def bar(name; from; until; how):
  "    \((until - from) / 1000 | shown) \(name | plain) :\(how)\(from | floor), \(until | floor)";
def span(name; from; until):
  [(from | milliseconds), (until | milliseconds)]
  | if length == 2 and .[1] >= .[0] then bar(name; .[0]; .[1]; "") else empty end;

def phase_bars(begin):
  foreach phases[] as $one ({until: begin}; {from: .until, until: (.until + $one.seconds * 1000)};
    bar($one.phase; .from; .until; if $one | far_longer then "crit, " else "" end));
def section(name; bars):
  name as $name | [bars] | if . == [] then empty else "  section \($name | plain)", .[] end;
def tasks: [.times.tasks | arrays | .[] | objects | select((.id | type) == "string")];
def task_sections:
  ([tasks[] | select(.new == true)][0:6][]
    | section("Task " + .id[0:8];
        span("capacity"; .created; .pull_started), span("pulling"; .pull_started; .pull_stopped),
        span("starting"; .pull_stopped; .started), span("healthy"; .started; .healthy))),
  ([tasks[] | select(.new != true and .stopping != "")][0:4][]
    | section("Old task " + .id[0:8]; span("draining"; .stopping; .stopped)));
def picture:
  ([.created | milliseconds][0]) as $begin
  | if $begin == null or phases == [] then empty else
      "", "```mermaid", "gantt", "  title Where the time went", "  dateFormat x",
      "  axisFormat %H:%M:%S", "  todayMarker off",
      section("Phases"; phase_bars($begin)), task_sections, "```"
    end;

def later: .later | objects | "| Later | \(.deployment | code), \(.tag | code), \(.status | code) |";
def links:
  (.service | split("/") | map(@uri)) as $names
  | (if $commit == "" then empty else "| Commit | [`\($commit[0:7])`](\($commits)/\($commit)) |" end),
    (if $region == "" then empty else
      "| Console | [ECS](https://\($region | @uri).console.aws.amazon.com/ecs/v2/clusters/\($names[0])/services/\($names[1])/deployments?region=\($region | @uri)) |"
     end);

"### \($title | escaped)", "", "| | |", "|---|---|",
(.service | row("Service")), (.image | row("Image")), (.tag | row("Tag")), (.digest | row("Digest")),
(.revision | row("Revision")), (.status | row("Status")), ([took][0] | numbers | shown | row("Took")),
(.deployment | row("Deployment")), later, links,
breakdown, picture,
(.times | objects | .note | strings | if . == "" then empty else "", (.[0:500] | escaped | gsub("\n"; " ")) end),
(if .reason == "" then empty else "", "Why: \(.reason[0:2000] | escaped | gsub("\n"; " "))" end),
(if .case == "" then empty else "", (.case | block) end), ""
