#!/usr/bin/env bash
# Runs the task, if there is one, holds its session or the given ones to the budgets, and writes the report.
# What came of it goes into files, so that a comment can be written also where it failed; `code` is how the job is to end.
set -euo pipefail

results="${RUNNER_TEMP:?}/looptrace-${GITHUB_ACTION:-action}"
mkdir -p "$results"
tell() { printf '%s=%s\n' "$1" "$2" >> "${GITHUB_OUTPUT:?}"; }

read -d '' -ra sessions <<< "${SESSIONS:-}" || true
read -d '' -ra run_flags <<< "${RUN_FLAGS:-}" || true
read -d '' -ra budgets <<< "${BUDGETS:-}" || true
code=0

if [ -n "${TASK:-}" ]; then
  printf '%s' "$TASK" | looptrace run --environment ci ${run_flags[@]+"${run_flags[@]}"} --json - > "$results/run.json" || code=$?
  # What could not even begin has no JSON.
  session=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).sessionId ?? ""' "$results/run.json" 2> /dev/null || true)
  if [ -z "$session" ]; then
    echo "::error::looptrace run came to no session (exit code $code)."
    exit "$(( code > 0 ? code : 1 ))"
  fi
  sessions+=("$session")
  tell session "$session"
fi
if [ "${#sessions[@]}" -eq 0 ]; then
  echo "::error::Say what to do (task), or which sessions are meant (sessions)."
  exit 2
fi

passed=""
if [ "${#budgets[@]}" -gt 0 ]; then
  checked=0
  looptrace check "${sessions[@]}" "${budgets[@]}" --json > "$results/check.json" || checked=$?
  case $checked in
    0) passed=true ;;
    1) passed=false ;;
    *)
      echo "::error::The budgets could not be checked (exit code $checked)."
      exit "$checked"
      ;;
  esac
  if [ "$checked" -ne 0 ]; then code=$checked; fi
fi

looptrace show "${sessions[@]}" --json > "$results/show.json"
looptrace advise "${sessions[@]}" --json > "$results/advise.json"
looptrace report "${sessions[@]}" -o "$results/report.html"

tell passed "$passed"
tell results "$results"
tell report "$results/report.html"
tell code "$code"
