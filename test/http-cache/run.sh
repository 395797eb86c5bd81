#!/usr/bin/env bash
# Runs the public HTTP cache suite (http-tests/cache-tests, used by cache-tests.fyi) against this service, with the
# suite's test server as the upstream and without a token. Needs node, npm, curl, Maven, and a checkout of the suite:
#
#   git clone https://github.com/http-tests/cache-tests
#   test/http-cache/run.sh cache-tests
#
# Usage: test/http-cache/run.sh CHECKOUT [MINIMUM-REQUIRED MINIMUM-OPTIMAL]     (default: 155 88)
#
# Prints the number of passed tests of each kind, and the failed tests; exits with 1 below the minimum.
set -euo pipefail

suite=$(cd "${1:?give the path of a checkout of http-tests/cache-tests}" && pwd)
required=${2:-155}
optimal=${3:-88}
cd "$(dirname "$0")/../.."
root=$PWD
work=$(mktemp -d)
pids=()
cleanup() {
  kill ${pids[@]+"${pids[@]}"} 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

free_port() { node -e 's = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'; }
# Waits until a URL is answered with this text.
await() {
  for _ in $(seq 120); do
    curl -s "$1" | grep -q "$2" && return
    sleep 0.5
  done
  echo "$1 does not answer" >&2
  tail -n 20 "$work"/*.log >&2
  exit 1
}

./mvnw -q -B package -DskipTests
upstream=$(free_port) port=$(free_port) management=$(free_port)

cd "$suite"
[[ -d node_modules ]] || npm install --no-audit --no-fund --silent
npm_config_protocol=http npm_config_port=$upstream npm_config_pidfile=$work/server.pid \
  node test-engine/server/server.mjs >"$work/server.log" 2>&1 &
pids+=($!)
cd "$work"
PORT=$port HOST=127.0.0.1 MANAGEMENT_PORT=$management REDIS_URL='' GITHUB_API_URL=http://127.0.0.1:$upstream \
  GITHUB_API_TOKEN='' FORWARD_CACHE_HEURISTIC=true REFRESH_INTERVAL=1h \
  java -Xmx400m -jar "$root/target/camel-rest-cache.jar" >"$work/service.log" 2>&1 &
pids+=($!)
await "http://127.0.0.1:$upstream/" ""
# while it starts, the service answers 503 without a report
await "http://127.0.0.1:$port/healthcheck" endpoints

cd "$suite"
npm_config_base=http://127.0.0.1:$port npm_package_config_id='' \
  timeout 600 node --no-warnings test-engine/cli.mjs >"$work/results.json" 2>"$work/client.log" \
  || { tail -n 20 "$work"/*.log >&2; exit 1; }

cat >"$work/count.mjs" <<'EOF'
import { readFileSync } from 'node:fs'
const [file, suite, required, optimal] = process.argv.slice(2)
const { default: groups } = await import(`${suite}/tests/index.mjs`)
const results = JSON.parse(readFileSync(file))
const kinds = {}
for (const { tests } of groups) {
  for (const { id, kind = 'required' } of tests.filter(test => test.id in results)) {
    kinds[kind] ??= { passed: 0, all: 0 }
    kinds[kind].all++
    if (results[id] === true) kinds[kind].passed++
    else if (kind !== 'check') console.log(`${kind}: ${id}: ${results[id].join(': ')}`)
  }
}
for (const [kind, { passed, all }] of Object.entries(kinds)) console.log(`${kind}: ${passed} of ${all}`)
process.exitCode = kinds.required.passed >= required && kinds.optimal.passed >= optimal ? 0 : 1
EOF
node "$work/count.mjs" "$work/results.json" "$suite" "$required" "$optimal"
