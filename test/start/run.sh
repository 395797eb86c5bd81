#!/usr/bin/env bash
# Measures the time from process start to the first 200, on a restart with a filled Redis: with the launcher and its
# class data archive, and with java -jar alone. Then measures memory under load with the launcher's flags. GitHub is the
# stand-in with 150 repositories. Everything listens on loopback and is stopped at the end.
#
# Usage: test/start/run.sh [-r rounds] [-s seconds]
#   -r  number of starts of each kind (default: 7)
#   -s  duration of each kind of load (default: 20)
# Needs ./mvnw -q package -DskipTests first; installs wrk, curl, redis-server and taskset.
set -Eeuo pipefail

cd "$(dirname "$0")/../.."
root=$PWD
# shellcheck source=test/lib.sh
. test/lib.sh

rounds=7 seconds=20
while getopts 'r:s:h' option; do
  case $option in
    r) rounds=$OPTARG ;;
    s) seconds=$OPTARG ;;
    *)
      sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
      [[ $option == h ]]
      exit
      ;;
  esac
done

need wrk curl redis-server taskset:util-linux
need_jar
[[ -f target/camel-rest-cache.jsa ]] || echo 'There is no class data archive: ./mvnw package prints the reason'

start_github 'target/test-classes:target/lib/*'
redis_port=$(free_port)
redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --dir "$work" >"$work/redis.log" &
pids+=($!)
PORT=$(free_port) MANAGEMENT_PORT=$(free_port)
export PORT MANAGEMENT_PORT HOST=127.0.0.1 REDIS_URL=redis://127.0.0.1:$redis_port REFRESH_INTERVAL=1h
export GITHUB_API_URL=$github GITHUB_API_TOKEN=service-token
url=http://127.0.0.1:$PORT

# start COMMAND...: starts the service and sets $service to its pid.
start() {
  (cd "$work" && exec "$@") >"$work/service.log" 2>&1 &
  service=$!
  pids+=("$service")
}
stop() {
  kill "$service"
  wait "$service" || true
  unset 'pids[-1]'
}

# is_there TARGET: whether the response is 200; uses the shell only, because every client process would use a core.
is_there() {
  { exec 3<>"/dev/tcp/127.0.0.1/$PORT"; } 2>/dev/null || return
  printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$1" >&3
  local line=''
  read -r line <&3 2>/dev/null || true
  exec 3>&-
  [[ $line == 'HTTP/1.1 200'* ]]
}
exec {silence}<> <(:)

# first TARGET COMMAND...: prints the milliseconds from start to the first 200.
first() {
  local target=$1 began
  shift
  began=$(date +%s%N)
  start "$@"
  until is_there "$target"; do
    kill -0 "$service" 2>/dev/null || { cat "$work/service.log" >&2; return 1; }
    read -rt 0.01 -u "$silence" || true
  done
  echo $((($(date +%s%N) - began) / 1000000))
  stop
}
spread() { sort -n "$work/$1" | awk '{ n[NR] = $1 } END { printf "%d (%d–%d)", n[int((NR + 1) / 2)], n[1], n[NR] }'; }

launcher=("$root/target/camel-rest-cache")
# shellcheck disable=SC2034 # used through declare -n below
jar=("${java_bin}java" -jar "$root/target/camel-rest-cache.jar")
start "${launcher[@]}"
within 60 curl -fs -o /dev/null "$url/healthcheck"
stop

printf 'Load average before: %s\n\n' "$(cut -d' ' -f1-3 /proc/loadavg)"
printf '| first 200 | started by | cores | ms: median (spread) of %s |\n| --- | --- | --- | --- |\n' "$rounds"
for target in /orgs/Netflix /view/top/5/stars; do
  for cores in "$(nproc)" 1; do
    one=()
    ((cores > 1)) || one=(taskset -c 0)
    rm -f "$work"/times.*
    for _ in $(seq "$rounds"); do
      # alternately, so that other load on the machine affects both
      for each in launcher jar; do
        declare -n command=$each
        first "$target" ${one[@]+"${one[@]}"} "${command[@]}" >>"$work/times.$each"
      done
    done
    for each in launcher jar; do
      printf '| %s | %s | %s | %s |\n' "$target" "$each" "$cores" "$(spread "times.$each")"
    done
  done
done

memory() { awk -v name="$1:" '$1 == name { printf "%d", $2 / 1024 }' "/proc/$service/status"; }
printf '\n| load of %s s, 32 connections | resident MB | peak MB |\n| --- | --- | --- |\n' "$seconds"
start "${launcher[@]}"
within 60 curl -fs -o /dev/null "$url/healthcheck"
cases=(
  '2 KB endpoint|/orgs/Netflix|'
  '1 MB list, identity|/orgs/Netflix/repos|'
  '1 MB list, gzip|/orgs/Netflix/repos|Accept-Encoding: gzip'
  'view|/view/top/5/stars|'
)
for each in "${cases[@]}"; do
  IFS='|' read -r case target field <<<"$each"
  wrk -t1 -c32 -d"${seconds}s" ${field:+"-H$field"} "$url$target" >"$work/wrk"
  if grep -E 'Non-2xx|Socket errors' "$work/wrk"; then
    exit 1
  fi
  printf '| %s | %s | %s |\n' "$case" "$(memory VmRSS)" "$(memory VmHWM)"
done
stop
printf '\nLoad average after: %s\n' "$(cut -d' ' -f1-3 /proc/loadavg)"
