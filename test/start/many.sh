#!/usr/bin/env bash
# Measures a service with many declared endpoints: the time to the first answer and until all are stored, and then, while
# nothing is due, its threads, its CPU and its commands to Redis. GitHub is the stand-in with as many repositories.
# Everything listens on loopback and is stopped at the end.
#
# Usage: test/start/many.sh [-n endpoints] [-s seconds]
#   -n  number of endpoints besides those of routes/ (default: 2000)
#   -s  how long to measure the idle service (default: 20)
# Needs ./mvnw -q package -DskipTests first; installs curl, jq and redis-server.
set -Eeuo pipefail

cd "$(dirname "$0")/../.."
root=$PWD
# shellcheck source=test/lib.sh
. test/lib.sh

count=2000 seconds=20
while getopts 'n:s:h' option; do
  case $option in
    n) count=$OPTARG ;;
    s) seconds=$OPTARG ;;
    *)
      sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
      [[ $option == h ]]
      exit
      ;;
  esac
done

need curl jq redis-server
need_jar

start_github 'target/test-classes:target/lib/*' $((count > 150 ? count : 150))
redis_port=$(free_port)
redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --dir "$work" >"$work/redis.log" &
pids+=($!)
for ((page = 1; (page - 1) * 100 < count; page++)); do
  curl -fs "$github/orgs/Netflix/repos?per_page=100&page=$page" | jq -r '.[].name'
done >"$work/names"
awk -v count="$count" 'NR <= count {
  printf "- route:\n    id: many-%d\n    description: Repository %d.\n    from:\n", NR, NR
  printf "      uri: kamelet:cached-endpoint\n"
  printf "      parameters: { path: \"/repos/Netflix/%s\", shape: object, every: 1h }\n", $1
  printf "      steps:\n        - to: { uri: direct:refresh }\n"
}' "$work/names" >"$work/many.camel.yaml"

PORT=$(free_port) MANAGEMENT_PORT=$(free_port)
export PORT MANAGEMENT_PORT HOST=127.0.0.1 REDIS_URL=redis://127.0.0.1:$redis_port REFRESH_INTERVAL=1h
export GITHUB_API_URL=$github GITHUB_API_TOKEN=service-token
export CAMEL_MAIN_ROUTES_INCLUDE_PATTERN="file:$root/routes/*.camel.yaml,file:$work/many.camel.yaml"
url=http://127.0.0.1:$PORT

# since: milliseconds since the start
since() { echo $((($(date +%s%N) - began) / 1000000)); }
# first TARGET: waits up to five minutes for a 200, and prints when it came.
first() {
  until curl -fs -o "$work/body" -m 10 "$url$1"; do
    kill -0 "$service" || { tail -n 20 "$work/service.log"; return 1; }
    (($(since) < 300000)) || { echo "No 200 for $1 in five minutes"; return 1; }
    sleep 0.05
  done
  since
}
commands() { redis-cli -p "$redis_port" info stats | tr -d '\r' | awk -F: '/^total_commands/ { print $2 }'; }
ticks() { awk '{ print $14 + $15 }' "/proc/$service/stat"; }

began=$(date +%s%N)
(cd "$work" && exec "$root/target/camel-rest-cache") >"$work/service.log" 2>&1 &
service=$!
pids+=("$service")
printf 'Endpoints: %d\nFirst answer after %d ms\n' "$count" "$(first /orgs/Netflix)"
printf 'All stored after %d ms\n' "$(first /healthcheck)"
sleep 10 # until the JIT compiler has nothing left to do
before=$(commands) used=$(ticks)
sleep "$seconds"
printf 'Idle: %d threads, %d commands to Redis a second, %d %% of a core, %d MB resident\n' \
  "$(find "/proc/$service/task" -mindepth 1 -maxdepth 1 | wc -l)" \
  $((($(commands) - before) / seconds)) \
  $((($(ticks) - used) / seconds)) \
  "$(awk '/VmRSS/ { print int($2 / 1024) }' "/proc/$service/status")"
