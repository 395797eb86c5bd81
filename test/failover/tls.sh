#!/usr/bin/env bash
# Runs the packaged service with a TLS-only Redis: a cluster, one behind a sentinel, and one alone. The script creates a
# CA for its certificate, and gives the CA to the JVM as a truststore. Then it pauses that Redis, and finally checks that
# a certificate for another host is rejected. Uses free loopback ports. Needs JDK 17, curl, openssl, Maven Central,
# redis-server and redis-sentinel (apt-get install redis-server redis-sentinel).
# Exits with 0 only if all checks pass. Takes about a minute and leaves no process running.
#
# Usage: test/failover/tls.sh
set -Eeuo pipefail

cd "$(dirname "$0")/../.."
root=$PWD
# shellcheck source=test/lib.sh
. test/lib.sh
trap 'printf "line %d failed: %s\n" "$LINENO" "$BASH_COMMAND"; tail -n 20 "$work"/*.log' ERR

# certificate NAME SUBJECT-ALTERNATIVE-NAME
certificate() {
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$work/$1.key" -out "$work/$1.csr"
  openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -CAcreateserial -days 2 \
    -extfile <(printf 'subjectAltName=%s' "$2") -out "$work/$1.crt"
}

# start_redis CERTIFICATE OPTION...: starts Redis on $redis_port.
start_redis() {
  local certificate=$1
  shift
  redis-server --port 0 --tls-port "$redis_port" --bind 127.0.0.1 --dir "$work" --save '' --tls-auth-clients no \
    --tls-ca-cert-file "$work/ca.crt" --tls-cert-file "$work/$certificate.crt" \
    --tls-key-file "$work/$certificate.key" "$@" \
    >"$work/redis.log" 2>&1 &
  redis=$!
  pids+=("$redis")
}

logged() { grep -cE -- "$1" "$work/service.log"; }

./mvnw -q -B package -DskipTests
{
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=A CA of ones own' -keyout "$work/ca.key" -out "$work/ca.crt"
  certificate right IP:127.0.0.1
  certificate wrong DNS:redis.example
} 2>"$work/openssl.log"
"${java_bin}keytool" -importcert -noprompt -alias redis -file "$work/ca.crt" -keystore "$work/redis.p12" \
  -storetype PKCS12 -storepass changeit 2>"$work/keytool.log"

# start_service URL: starts the service, and checks that it does not complain about Redis.
start_service() {
  (
    cd "$work"
    unset GITHUB_API_TOKEN
    # no cached data is read here, so no GitHub is needed
    export HOST=127.0.0.1 PORT=$port MANAGEMENT_PORT=$management_port GITHUB_API_URL=http://127.0.0.1:9 COLD_WAIT=1ms
    export REDIS_URL=$1
    exec "${java_bin}java" -Djavax.net.ssl.trustStore=redis.p12 -Djavax.net.ssl.trustStorePassword=changeit \
      -jar "$root/target/camel-rest-cache.jar"
  ) >"$work/service.log" 2>&1 &
  service=$!
  pids+=("$service")
  within 60 logged 'started in'
  # the probe would log a failure within this time
  sleep 3
  [[ $(logged 'RedisConnection' || true) == 0 ]]
}
stop() {
  kill "$1"
  wait "$1" || true
}

port=$(free_port) management_port=$(free_port)

redis_port=$(free_port)
start_redis right --cluster-enabled yes --tls-cluster yes
ask() { redis-cli --tls --cacert "$work/ca.crt" -p "$redis_port" "$@"; }
within 5 ask ping >/dev/null
ask cluster addslotsrange 0 16383 >/dev/null
is_ok() { [[ $(ask cluster info) == *cluster_state:ok* ]]; }
within 10 is_ok
start_service "rediss-cluster://127.0.0.1:$redis_port"
echo 'ok      a cluster is used over TLS'
stop "$service"
stop "$redis"

redis_port=$(free_port)
start_redis right
sentinel_port=$(free_port)
cat >"$work/sentinel.conf" <<CONF
port 0
tls-port $sentinel_port
bind 127.0.0.1
dir $work
tls-replication yes
tls-auth-clients no
tls-ca-cert-file $work/ca.crt
tls-cert-file $work/right.crt
tls-key-file $work/right.key
sentinel monitor mymaster 127.0.0.1 $redis_port 1
CONF
redis-sentinel "$work/sentinel.conf" >"$work/sentinel.log" 2>&1 &
pids+=($!)
start_service "rediss-sentinel://127.0.0.1:$sentinel_port?sentinelMasterId=mymaster"
echo 'ok      sentinels and their master are used over TLS'
stop "$service"

start_service "rediss://127.0.0.1:$redis_port"
echo 'ok      Redis is used over TLS, with a CA from the truststore'

kill -STOP "$redis"
within 5 logged 'RedisConnection .*does not answer \(No answer in 700 ms\)'
kill -CONT "$redis"
within 5 logged 'RedisConnection .* answers again after'
echo 'ok      a hanging Redis is detected, and used again afterwards'

kill "$redis"
within 5 logged 'RedisConnection .*does not answer \(Connection refused\)'
start_redis wrong
sleep 3
[[ $(logged 'RedisConnection .* answers again after') == 1 ]]
grep -q 'Ready to accept connections' "$work/redis.log"
echo 'ok      a certificate for another host is rejected'
