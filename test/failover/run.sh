#!/usr/bin/env bash
# Kills the Redis master under a running service: one master, two replicas and three sentinels (Debian packages), the
# packaged service in front of the stand-in for GitHub, and callers that read all the time. Prints how many cached reads
# failed, the time until a refresh was published again, and whether earlier data is still there. Fails if a cached read
# failed, or if refreshes do not resume within 30 seconds. Everything listens on loopback and is stopped at the end.
#
# Usage: test/failover/run.sh      (needs ./mvnw -q package -DskipTests; installs redis-server, redis-sentinel, curl, jq)
set -Eeuo pipefail

cd "$(dirname "$0")/../.."
root=$PWD
# shellcheck source=test/lib.sh
. test/lib.sh
trap 'status=$?; end; ((status == 0)) || tail -n 20 "$work/service.log"; rm -rf "$work"' EXIT

need redis-server redis-sentinel curl jq
need_jar

# --- Redis
password=s3cret
ports=()
for i in 0 1 2; do
  port=$(free_port)
  ports+=("$port")
  mkdir "$work/redis$i"
  options=(--port "$port" --bind 127.0.0.1 --dir "$work/redis$i" --save '' --appendonly no
    --requirepass "$password" --masterauth "$password")
  ((i == 0)) || options+=(--replicaof "127.0.0.1 ${ports[0]}")
  redis-server "${options[@]}" >"$work/redis$i.log" 2>&1 &
  pids+=($!)
done
master_pid=${pids[0]}
sentinels=()
for i in 0 1 2; do
  port=$(free_port)
  sentinels+=("127.0.0.1:$port")
  cat >"$work/sentinel$i.conf" <<CONF
port $port
bind 127.0.0.1
dir $work
sentinel monitor mymaster 127.0.0.1 ${ports[0]} 2
sentinel auth-pass mymaster $password
sentinel down-after-milliseconds mymaster 2000
sentinel failover-timeout mymaster 10000
CONF
  redis-sentinel "$work/sentinel$i.conf" >"$work/sentinel$i.log" 2>&1 &
  pids+=($!)
done
ask() { redis-cli --no-auth-warning -a "$password" -p "$@"; }
replicas_ready() { [[ $(ask "${ports[0]}" info replication | grep -c 'state=online') == 2 ]]; }
within 20 replicas_ready
knows_all() {
  [[ $(redis-cli -p "${sentinels[0]#*:}" sentinel sentinels mymaster | grep -c '^name$') == 2 ]] &&
    [[ $(redis-cli -p "${sentinels[0]#*:}" sentinel replicas mymaster | grep -c '^name$') == 2 ]]
}
within 20 knows_all

# --- GitHub and the service
start_github 'target/test-classes:target/lib/*'
PORT=$(free_port)
url=http://127.0.0.1:$PORT
(
  cd "$work"
  exec env HOST=127.0.0.1 PORT="$PORT" MANAGEMENT_PORT="$(free_port)" REFRESH_INTERVAL=2s \
    GITHUB_API_URL="$github" GITHUB_API_TOKEN=service-token \
    REDIS_URL="redis-sentinel://:$password@$(IFS=,; echo "${sentinels[*]}")/0?sentinelMasterId=mymaster" \
    "${java_bin}java" -jar "$root/target/camel-rest-cache.jar"
) >"$work/service.log" 2>&1 &
pids+=($!)
within 60 curl -fs -o /dev/null "$url/healthcheck"

# --- callers, until $work/go is removed
touch "$work/go"
for target in / /orgs/Netflix /orgs/Netflix/repos /view/top/5/stars; do
  (
    while [[ -f $work/go ]]; do
      status=$(curl -s -m 1 -o /dev/null -w '%{http_code}' "$url$target" || true)
      echo "$status" >>"$work/reads"
    done
  ) &
  pids+=($!)
done

serves() { curl -fs "$url/orgs/Netflix/repos" | grep -q "\"description\":\"$1\""; }
echo 'Before the kill' >&9
within 20 serves 'Before the kill'
etag=$(curl -fsI "$url/orgs/Netflix/members" | grep -i '^etag' | tr -d '\r')
sleep 3

kill -9 "$master_pid"
killed=$(now)
echo 'After the kill' >&9
within 40 serves 'After the kill' || true
resumed=$(($(now) - killed))
stored() {
  local port
  for port in "${ports[@]:1}"; do
    [[ $(ask "$port" exists "camel-rest-cache:3:$github:endpoint:{$1}") == 1 ]] && return
  done
  return 1
}
within 10 stored /orgs/Netflix/members
same=$(curl -fsI "$url/orgs/Netflix/members" | grep -i '^etag' | tr -d '\r')
rm "$work/go"

reads=$(wc -l <"$work/reads")
failed=$(grep -vc '^200$' "$work/reads" || true)
printf 'Cached reads: %d, failed: %d\n' "$reads" "$failed"
printf 'First refresh published %d.%03d s after the kill\n' $((resumed / 1000)) $((resumed % 1000))
printf 'Earlier data is served with its ETag: %s\n' "$([[ $etag == "$same" ]] && echo yes || echo no)"
grep -E 'WARN|ERROR|RedisConnection' "$work/service.log" || true
[[ $failed == 0 && $resumed -le 30000 && $etag == "$same" ]]
