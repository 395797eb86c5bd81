#!/usr/bin/env bash
# Tests the page on the management port in headless Chromium, with the packaged service in front of the stand-in for
# GitHub, on free ports. Saves screenshots in target/page. Exits with 0 only if all checks pass, leaves no process
# running, and takes about a minute.
# Needs ./mvnw -q package -DskipTests, Node.js 20 or later with npm, curl; installs chromium from Debian if it is missing.
#
# Usage: test/page/run.sh
set -euo pipefail

cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
# shellcheck source=test/lib.sh
. "$root/test/lib.sh"

[[ -f $root/target/camel-rest-cache.jar ]] || { echo 'First: ./mvnw -q package -DskipTests' >&2; exit 1; }
command -v chromium >/dev/null || install chromium
timeout -k 5 120 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

start_github "$root/target/test-classes:$root/target/lib/*"
github_pid=${pids[-1]}
MANAGEMENT_PORT=$(free_port)
(
  cd "$work"
  unset GITHUB_API_TOKEN GITHUB_ORG REDIS_URL REFRESH_INTERVAL
  export HOST=127.0.0.1 MANAGEMENT_HOST=127.0.0.1 MANAGEMENT_PORT PORT
  PORT=$(free_port)
  echo "$PORT" >port
  ADMIN_TOKEN=admin-token-of-the-page GITHUB_API_TOKEN=service-token GITHUB_API_URL=$github \
    exec "$root/target/camel-rest-cache"
) >"$work/service.log" 2>&1 &
service=$!
pids+=("$service")
ready() { curl -fs -o /dev/null -m 5 "http://127.0.0.1:$MANAGEMENT_PORT/observe/health/ready"; }
within 60 ready || { tail -n 40 "$work/service.log"; exit 1; }

mkdir -p "$root/target/page"
PAGE=http://127.0.0.1:$MANAGEMENT_PORT/ SERVICE=http://127.0.0.1:$(<"$work/port") SERVICE_PID=$service \
  GITHUB_PID=$github_pid DESCRIPTIONS=$work/descriptions PICTURES=$root/target/page CHROMIUM=$(command -v chromium) \
  timeout -k 5 180 node --test-reporter=spec page.test.mjs

if grep -F -e admin-token-of-the-page -e service-token "$work/service.log"; then
  echo 'A token is in the log'
  exit 1
fi
