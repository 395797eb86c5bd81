#!/usr/bin/env bash
# Puts mixed load on the packaged service and monitors its memory. The service runs with its default flags, with a real
# Redis and the stand-in for GitHub. About 430 requests per second read the list of repositories (gzip, identity, 304),
# its pages, views and the organization, forward 50,000 different URLs with 200 different credentials, write, and
# deliver signed webhook events, while the list changes every second (test/soak/Load.java has the rates).
#
# Prints the memory every minute, and at the end a table with the responses by status and the latency per kind of
# request. Latency is measured from the time at which the request was due. Fails if
#   - a response was 503 or had another status that the load does not expect,
#   - a response was incomplete: truncated, invalid JSON, or with the wrong number of items (a sample is checked),
#   - the service exited, or its resident memory exceeded 320 MB,
#   - its threads still grew by more than a tenth in the last quarter of eight minutes or more,
#   - Redis had more keys than 50,000 URLs, their scopes and callers, and the deliveries of an hour need,
#   - the list did not change, so that the load was not as described.
# target/soak/ keeps memory and responses per second (seconds.tsv) and the log of the service (service.log).
# Everything listens on loopback and is stopped at the end.
#
# Usage: test/soak/run.sh [-t minutes] [-large]
#   -t      duration of the load in whole minutes (default: 20)
#   -large  another load: four clients read a list of 20,000 repositories at once without gzip. Fails unless each gets
#           200 and a valid array of 20,000 items and the service keeps running; memory has no limit.
# Needs ./mvnw -q package -DskipTests first; installs redis-server and curl.
set -Eeuo pipefail

cd "$(dirname "$0")/../.."
root=$PWD
# shellcheck source=test/lib.sh
. test/lib.sh

minutes=20 large=''
while (($# > 0)); do
  case $1 in
    -t) minutes=${2:-} && shift ;;
    -large) large=yes ;;
    *) minutes='' ;;
  esac
  if [[ ! $minutes =~ ^[1-9][0-9]{0,4}$ ]]; then
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    [[ ${1:-} == -h ]]
    exit
  fi
  shift
done

need redis-server curl
need_jar

repositories=150 callers=200
[[ ! $large ]] || repositories=20000
start_github 'target/test-classes:target/lib/*' "$repositories" "$callers"
redis_port=$(free_port)
redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --dir "$work" --maxmemory 512mb \
  --maxmemory-policy volatile-lru >"$work/redis.log" &
pids+=($!)

PORT=$(free_port)
url=http://127.0.0.1:$PORT
results=$root/target/soak secret=only-for-the-soak-test
rm -rf "$results"
mkdir -p "$results"
# a clean environment, so that no other setting or JVM flag affects the results
service_environment=(HOST=127.0.0.1 PORT="$PORT" MANAGEMENT_PORT="$(free_port)" GITHUB_API_URL="$github"
  GITHUB_API_TOKEN=service-token GITHUB_WEBHOOK_SECRET="$secret" REDIS_URL="redis://127.0.0.1:$redis_port"
  REFRESH_MAX_PAGES=200 PATH="$PATH" HOME="$HOME" ${JAVA_HOME:+JAVA_HOME="$JAVA_HOME"})
[[ $large ]] || service_environment+=(REFRESH_INTERVAL=1s)
(
  cd "$work"
  exec env -i "${service_environment[@]}" "$root/target/camel-rest-cache"
) >"$results/service.log" 2>&1 &
service=$!
pids+=("$service")

# ended: if the service has exited, prints its status and the end of its log.
ended() {
  local status=0
  ! kill -0 "$service" 2>/dev/null || return
  wait "$service" || status=$?
  printf 'The service exited with status %s. End of its log:\n' "$status"
  tail -n 10 "$results/service.log"
}

began=$SECONDS
until curl -fs -o /dev/null -m 10 "$url/healthcheck"; do
  if ! kill -0 "$service" 2>/dev/null || ((SECONDS - began >= 180)); then
    echo 'FAILED: the service was not ready within 180 seconds, or exited.'
    ended
    exit 1
  fi
  sleep 0.5
done
printf 'Ready after %d s with %d repositories. ' $((SECONDS - began)) "$repositories"
printf 'Load average: %s\n' "$(cut -d' ' -f1-3 /proc/loadavg)"

# The client uses the C1 compiler only, to leave CPU to the service. It closes idle connections before the service does,
# so that it never has to retry a request on a closed connection, which would hide a truncated response.
load=("${java_bin}java" -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djdk.httpclient.keepalive.timeout=30
  -Djdk.httpclient.redirects.retrylimit=1 -Djdk.httpclient.bufsize=65536
  -cp 'target/lib/*' test/soak/Load.java)
if [[ $large ]]; then
  timeout 400 "${load[@]}" large "$url" "$service" "$repositories" &
else
  timeout $((minutes * 60 + 120)) "${load[@]}" mixed "$url" "$service" "$repositories" "$((minutes * 60))" \
    "$callers" "$secret" "$results/seconds.tsv" &
fi
client=$!
pids+=("$client")
change=0 threads=() keys=()
while kill -0 "$client" 2>/dev/null; do
  [[ $large ]] || echo "Soak $((change += 1))" >&9
  sleep 1
  if [[ ! $large ]] && ((change % 60 == 0)) && kill -0 "$service" 2>/dev/null; then
    threads+=("$(awk '/^Threads:/ { print $2 }' "/proc/$service/status")")
    keys+=("$(redis-cli -p "$redis_port" dbsize)")
    printf '%d threads, %d keys in Redis\n' "${threads[-1]}" "${keys[-1]}"
  fi
done
status=0
wait "$client" || status=$?
if ((${#threads[@]} >= 8 && threads[-1] * 10 > threads[${#threads[@]} * 3 / 4 - 1] * 11)); then
  printf 'FAILED: the number of threads still grew, to %d.\n' "${threads[-1]}"
  status=1
fi
# each URL has a key; so have 150 repositories, 200 callers, and the deliveries of the last hour, three per second
if ((${#keys[@]} > 0 && keys[-1] > 62000)); then
  printf 'FAILED: there are %d keys in Redis for 50,000 URLs.\n' "${keys[-1]}"
  status=1
fi
# after a crash the service may still be writing its log
sleep 1
ended || true
printf 'Load average: %s\n' "$(cut -d' ' -f1-3 /proc/loadavg)"
exit "$status"
