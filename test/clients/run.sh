#!/usr/bin/env bash
# Runs real client libraries against the service in front of the stand-in for GitHub (the demo), on free ports. Needs
# JDK 17, Node.js 20 or later with npm, and curl; the first run downloads packages. Exits with 0 only if all checks
# pass, leaves no process running, and takes at most about five minutes.
#
# Usage: test/clients/run.sh
set -euo pipefail

cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
# shellcheck source=test/lib.sh
. "$root/test/lib.sh"

timeout -k 5 120 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

unset GITHUB_API_TOKEN GITHUB_API_URL GITHUB_ORG REDIS_URL REFRESH_INTERVAL MANAGEMENT_HOST
HOST=127.0.0.1 PORT=$(free_port) MANAGEMENT_PORT=$(free_port)
export HOST PORT MANAGEMENT_PORT
(cd "$root" && exec ./mvnw -q -B compile camel:run -Pdemo) >"$work/demo.log" 2>&1 &
demo=$!
pids+=("$demo")
deadline=$((SECONDS + 90))
until curl -fs -o /dev/null -m 5 "http://127.0.0.1:$PORT/healthcheck"; do
  if ((SECONDS > deadline)) || ! kill -0 "$demo" 2>/dev/null; then
    tail -n 40 "$work/demo.log"
    echo 'The service did not start'
    exit 1
  fi
  sleep 0.2
done

SERVICE=http://127.0.0.1:$PORT timeout -k 5 90 node --test-reporter=spec octokit.test.mjs
