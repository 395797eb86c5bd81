#!/usr/bin/env bash
# How long cached reads take while 100 forwards hang on a GitHub that does not answer, beside how long they take when it
# does: the 99th percentile of each, three times in turn. Fails if the median while it hangs is more than twice the other.
# Everything listens on loopback, and ends by itself in about two minutes.
#
# Usage: test/hanging/run.sh       (needs ./mvnw -q package -DskipTests; installs wrk, curl and ss)
set -Eeuo pipefail

cd "$(dirname "$0")/../.."
root=$PWD
# shellcheck source=test/lib.sh
. test/lib.sh

missing=()
command -v wrk >/dev/null || missing+=(wrk)
command -v curl >/dev/null || missing+=(curl)
command -v ss >/dev/null || missing+=(iproute2)
((${#missing[@]} == 0)) || install "${missing[@]}"
[[ -f target/camel-rest-cache.jar ]] || { echo 'First: ./mvnw -q package -DskipTests' >&2; exit 1; }

start_github 'target/test-classes:target/lib/*'
PORT=$(free_port)
url=http://127.0.0.1:$PORT
(
  cd "$work"
  exec env HOST=127.0.0.1 PORT="$PORT" MANAGEMENT_PORT="$(free_port)" GITHUB_API_URL="$github" REDIS_URL= \
    GITHUB_API_TOKEN=service-token GITHUB_ANSWER_TIMEOUT=15s "${java_bin}java" -jar "$root/target/camel-rest-cache.jar"
) >"$work/service.log" 2>&1 &
pids+=($!)
within 60 curl -fs -o /dev/null "$url/healthcheck"

# p99: of 8 seconds of reads of the organization over 4 connections, in microseconds.
p99() {
  wrk --latency -t1 -c4 -d8s "$url/orgs/Netflix" | awk '
    $1 == "99%" { n = $2 + 0; print $2 ~ /us$/ ? n : $2 ~ /ms$/ ? n * 1000 : n * 1000000 }'
}
median() { sort -n | sed -n 2p; }

p99 >/dev/null # the compiler has been busy
for round in 1 2 3; do
  p99 >>"$work/healthy"
  callers=()
  for i in $(seq 100); do
    curl -s -o /dev/null -w '%{http_code}\n' "$url/hang/$round/$i" >>"$work/forwards" &
    callers+=($!)
  done
  pids+=("${callers[@]}")
  within 10 eval "[[ \$(ss -tnH state established '( dport = :${github##*:} )' | wc -l) -ge 100 ]]"
  p99 >>"$work/hanging"
  wait "${callers[@]}"
done
healthy=$(median <"$work/healthy")
hanging=$(median <"$work/hanging")
printf 'p99 of cached reads, healthy: %s µs (%s)\n' "$healthy" "$(paste -sd' ' "$work/healthy")"
printf 'p99 while 100 forwards hang: %s µs (%s)\n' "$hanging" "$(paste -sd' ' "$work/hanging")"
printf 'The forwards were answered with: %s\n' "$(sort "$work/forwards" | uniq -c | tr -s ' \n' ' ')"
awk -v a="$healthy" -v b="$hanging" 'BEGIN { printf "ratio: %.2f\n", b / a; exit b > 2 * a }'
