# An answer of `plan --format json` (docs/answers/plan.schema.json) -> the comment on a pull request.
# What it quotes was made by the pull request's own code: it stands in code spans, and can't leave them.
def code: if . == "" then "" else "`" + (gsub("[`|\\s]+"; " ") | .[0:200]) + "`" end;
def causes: [.causes[] | .path | join(".")] | unique | join(", ");
def title: "Plan of \(.environment | code): ";
def table:
  "| action | resource | type | replacement | because of | line |",
  "|---|---|---|---|---|---|",
  (.changes[:100][] | "| \([.action, .logical_id, .type, .replacement, causes, .place] | map(code) | join(" | ")) |"),
  (if (.changes | length) > 100 then "", "and \((.changes | length) - 100) more" else empty end);

if .error then title + "**failed** with exit code \(.error.exit_code)", "", (.error.where | code), (.error.what | code), (.error.mend | code)
elif .action == "none" then title + "nothing to change"
else title + "\(.action) \(.stack | code), \(.changes | length) resource changes"
end,
(if .changes != [] then "", table else empty end),
(if .warnings != [] then "", "CloudFormation warns:", "", (.warnings[] | "- \(.logical_id | code) \(.reason | code)") else empty end),
(if .unheard_alarms != [] then "", "\(.unheard_alarms | length) alarms reach nobody." else empty end)
