#!/usr/bin/env bash
# Measures cached reads while 200 forwards hang on a GitHub that does not respond, and without them: hits per second and
# 99th percentile latency, three times alternately. Also checks that refreshes continue. Fails if the median with
# hanging forwards is below 90 % of the hits, or above twice the 99th percentile.
# Everything listens on loopback and is stopped at the end, after about two minutes.
#
# Usage: test/hanging/run.sh       (needs ./mvnw -q package -DskipTests; installs wrk, curl and ss)
set -Eeuo pipefail

cd "$(dirname "$0")/../.."
root=$PWD
# shellcheck source=test/lib.sh
. test/lib.sh

need wrk curl ss:iproute2
need_jar

forwards=200
start_github 'target/test-classes:target/lib/*'
PORT=$(free_port)
url=http://127.0.0.1:$PORT
(
  cd "$work"
  exec env HOST=127.0.0.1 PORT="$PORT" MANAGEMENT_PORT="$(free_port)" GITHUB_API_URL="$github" REDIS_URL= \
    GITHUB_API_TOKEN=service-token GITHUB_ANSWER_TIMEOUT=15s REFRESH_INTERVAL=2s "$root/target/camel-rest-cache"
) >"$work/service.log" 2>&1 &
pids+=($!)
within 60 curl -fs -o /dev/null "$url/healthcheck"

# reads: reads the organization for 8 s over 4 connections; prints hits per second and the 99th percentile in µs.
reads() {
  wrk --latency -t1 -c4 -d8s "$url/orgs/Netflix" | awk '
    $1 == "99%" { n = $2 + 0; p99 = $2 ~ /us$/ ? n : $2 ~ /ms$/ ? n * 1000 : n * 1000000 }
    $1 == "Requests/sec:" { print $2, p99 }'
}
median() { cut -d' ' -f"$2" "$work/$1" | sort -n | sed -n 2p; }
is_published() { curl -fs "$url/orgs/Netflix/repos?per_page=1" | grep -q "$1"; }

reads >/dev/null # warms up the JVM
for round in 1 2 3; do
  reads >>"$work/healthy"
  callers=()
  for i in $(seq "$forwards"); do
    curl -s -o /dev/null -w '%{http_code}\n' "$url/hang/$round/$i" >>"$work/forwards" &
    callers+=($!)
  done
  pids+=("${callers[@]}")
  within 10 eval "[[ \$(ss -tnH state established '( dport = :${github##*:} )' | wc -l) -ge $forwards ]]"
  echo "While forwards hang $round" >&9
  reads >>"$work/hanging"
  is_published "While forwards hang $round" || { echo 'A refresh was not published while forwards were hanging'; exit 1; }
  wait "${callers[@]}"
done
for state in healthy hanging; do
  printf '%s: %.0f hits per second, 99th percentile %.0f µs (%s)\n' "$state" "$(median $state 1)" "$(median $state 2)" \
    "$(paste -sd'|' "$work/$state")"
done
printf 'Refreshes continued. Statuses of the forwards: %s\n' "$(sort "$work/forwards" | uniq -c | tr -s ' \n' ' ')"
awk -v hits="$(median hanging 1)" -v before="$(median healthy 1)" -v p99="$(median hanging 2)" \
  -v p99before="$(median healthy 2)" 'BEGIN {
    printf "ratio to no hanging forwards: hits %.2f, 99th percentile %.2f\n", hits / before, p99 / p99before
    exit hits < 0.9 * before || p99 > 2 * p99before
  }'
