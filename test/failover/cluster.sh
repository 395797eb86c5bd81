#!/usr/bin/env bash
# Kills a master of a Redis Cluster under load: three masters and three replicas (Debian's redis-server), two instances
# of the packaged service in front of the stand-in for GitHub, and callers that read all the time. Prints how many cached
# reads failed and the time until a refresh was published again. Fails if a cached read failed, if refreshes do not
# resume within 30 seconds, or if an instance does not receive messages afterwards. Everything listens on loopback and
# is stopped at the end.
#
# Usage: test/failover/cluster.sh      (needs ./mvnw -q package -DskipTests; installs redis-server, curl)
set -Eeuo pipefail

cd "$(dirname "$0")/../.."
root=$PWD
# shellcheck source=test/lib.sh
. test/lib.sh
trap 'status=$?; end; ((status == 0)) || tail -n 20 "$work"/service*.log; rm -rf "$work"' EXIT

need redis-server curl
need_jar

# --- Redis
password=s3cret
export REDISCLI_AUTH=$password
ports=()
declare -A redis_pid
for i in 0 1 2 3 4 5; do
  port=$(free_port)
  ports+=("$port")
  mkdir "$work/redis$i"
  redis-server --port "$port" --bind 127.0.0.1 --dir "$work/redis$i" --save '' --appendonly no \
    --cluster-enabled yes --cluster-node-timeout 2000 --requirepass "$password" --masterauth "$password" \
    >"$work/redis$i.log" 2>&1 &
  pids+=($!)
  redis_pid[$port]=$!
done
nodes=("${ports[@]/#/127.0.0.1:}")
answers() { local port; for port in "${ports[@]}"; do redis-cli -p "$port" ping >/dev/null || return; done; }
within 20 answers
redis-cli --cluster create "${nodes[@]}" --cluster-replicas 1 --cluster-yes >"$work/create.log"
info() { redis-cli -p "$1" cluster info; }
is_ok() {
  local port
  for port in "${ports[@]}"; do
    [[ $(info "$port") == *cluster_state:ok* && $(redis-cli -p "$port" cluster nodes | grep -c slave) == 3 ]] || return
  done
}
within 30 is_ok

# --- GitHub and two instances
start_github 'target/test-classes:target/lib/*'
urls=()
for i in 0 1; do
  port=$(free_port)
  urls+=("http://127.0.0.1:$port")
  (
    cd "$work"
    exec env HOST=127.0.0.1 PORT="$port" MANAGEMENT_PORT="$(free_port)" REFRESH_INTERVAL=2s \
      GITHUB_API_URL="$github" GITHUB_API_TOKEN=service-token \
      REDIS_URL="redis-cluster://:$password@$(IFS=,; echo "${nodes[*]:0:2}")" \
      "${java_bin}java" -jar "$root/target/camel-rest-cache.jar"
  ) >"$work/service$i.log" 2>&1 &
  pids+=($!)
done
for url in "${urls[@]}"; do within 60 curl -fs -o /dev/null "$url/healthcheck"; done

# --- callers, until $work/go is removed
touch "$work/go"
for url in "${urls[@]}"; do
  for target in /orgs/Netflix /orgs/Netflix/repos /view/top/5/stars; do
    (
      while [[ -f $work/go ]]; do
        curl -s -m 1 -o /dev/null -w '%{http_code}\n' "$url$target" >>"$work/reads" || true
      done
    ) &
    pids+=($!)
  done
done

serves() { local url; for url in "${urls[@]}"; do curl -fs "$url/orgs/Netflix/repos" | grep -q "\"description\":\"$1\"" || return; done; }
echo 'Before the kill' >&9
within 20 serves 'Before the kill'
sleep 3

# the master that has the list
slot=$(redis-cli -p "${ports[0]}" cluster keyslot '{/orgs/Netflix/repos}')
master=$(redis-cli -p "${ports[0]}" cluster nodes | awk -v slot="$slot" '$3 ~ /master/ {
  for (i = 9; i <= NF; i++) {
    split($i, range, "-")
    if (slot >= range[1] && slot <= range[2]) { split($2, address, "[:@]"); print address[2] }
  }
}')
kill -9 "${redis_pid[$master]}"
killed=$(now)
echo 'After the kill' >&9
within 40 serves 'After the kill' || true
resumed=$(($(now) - killed))

listeners() {
  local port all=0
  for port in "${ports[@]}"; do
    [[ $port == "$master" ]] ||
      all=$((all + $(redis-cli -p "$port" pubsub numsub "camel-rest-cache:3:$github:published" | tail -n 1)))
  done
  ((all == 2))
}
heard=no
within 10 listeners && heard=yes
rm "$work/go"

reads=$(wc -l <"$work/reads")
failed=$(grep -vc '^200$' "$work/reads" || true)
printf 'Cached reads: %d, failed: %d\n' "$reads" "$failed"
printf 'First refresh served by both instances %d.%03d s after the kill\n' $((resumed / 1000)) $((resumed % 1000))
printf 'Both instances receive messages: %s\n' "$heard"
grep -h 'RedisConnection' "$work"/service*.log || true
((failed == 0 && reads > 0 && resumed < 30000)) && [[ $heard == yes ]]
