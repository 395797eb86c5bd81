#!/usr/bin/env bash
# Runs real clients, unchanged but for host and credential, against the packaged service in front of a stand-in for
# GitHub, on free ports: once by its own TLS with REWRITE_URLS=all, once without TLS, and once behind nginx.
# Exits with 0 only if all checks pass, leaves no process running, and takes one to two minutes.
#
# Needs ./mvnw -q package -DskipTests, curl and openssl. Installs the clients with apt-get, npm and Maven where they are
# missing; a client that cannot be installed is named as "Not checked".
#
# Usage: test/clients/run.sh [CLIENT]...    (default: all)
set -euo pipefail

cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
# shellcheck source=test/lib.sh
. "$root/test/lib.sh"
(cd "$root" && need_jar)
export work
wanted=" $* "
failed=()

# has COMMAND...: whether all of these commands are installed.
has() {
  local each
  for each in "$@"; do
    command -v "$each" >/dev/null || return 1
  done
}

# in_background NAME COMMAND...: starts a preparation; prepared NAME waits for it.
in_background() {
  "${@:2}" >"$work/prepare-$1.log" 2>&1 &
  preparations[$1]=$!
  pids+=($!)
}
declare -A preparations

prepared() {
  wait "${preparations[$1]}" || { tail -n 5 "$work/prepare-$1.log"; return 1; }
}

# start NAME [VARIABLE=VALUE]...: starts a service in a folder of its own.
start() {
  mkdir "$work/$1"
  (
    cd "$work/$1"
    MANAGEMENT_PORT=$(free_port)
    exec env -i PATH="$PATH" JAVA_HOME="${JAVA_HOME:-}" HOST=127.0.0.1 MANAGEMENT_PORT="$MANAGEMENT_PORT" \
      GITHUB_API_URL="$GITHUB" GITHUB_API_TOKEN=service-token "${@:2}" "$root/target/camel-rest-cache"
  ) >"$work/$1.log" 2>&1 &
  pids+=($!)
}

# ready URL LOG: waits until a server is ready.
ready() {
  within 120 curl -fsS -o /dev/null -m 5 --cacert "$SSL_CERT_FILE" "$1/healthcheck" || { tail -n 40 "$2"; return 1; }
}

# client NAME REPOSITORY IS-INSTALLED COMMAND...: runs the checks of a client, with a repository of its own.
client() {
  local name=$1 began log=$work/$1.client
  [[ $wanted == '  ' || $wanted == *" $name "* ]] || return 0
  if ! eval "$3" >"$log" 2>&1; then
    printf 'Not checked: %s cannot be installed here\n' "$name"
    return
  fi
  curl -fsS -o "$work/asked" -X DELETE "$GITHUB/-/requests"
  began=$(now)
  if REPO=$2 timeout -k 5 90 "${@:4}" >"$log" 2>&1; then
    printf 'ok      %s (%s), %d ms\n' "$name" "$(head -n 1 "$log")" $(($(now) - began))
  else
    failed+=("$name")
    printf 'FAILED  %s\n' "$name"
    tail -n 40 "$log" | cut -c1-300
  fi
}

missing=()
for each in gh hub jq git nginx ruby:ruby-octokit go:golang-go composer chromium; do
  has "${each%:*}" || missing+=("${each#*:}")
done
gocode=/usr/share/gocode
[[ -d $gocode/src/github.com/google/go-github ]] || missing+=(golang-github-google-go-github-dev)
[[ -d $gocode/src/golang.org/x/oauth2 ]] || missing+=(golang-golang-x-oauth2-dev)
/usr/bin/python3 -c 'import github' 2>/dev/null || missing+=(python3-github)
ruby -e 'require "octokit"' 2>/dev/null || missing+=(ruby-octokit)
((${#missing[@]} == 0)) || timeout -k 5 180 bash -c ". '$root/test/lib.sh'; install \"\$@\"" - "${missing[@]}" || true

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/certificate.pem" -days 2 \
  -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>"$work/openssl.log"
openssl genrsa -out "$work/app.pem" 2048 2>>"$work/openssl.log"
openssl rsa -in "$work/app.pem" -pubout -out "$work/app-public.pem" 2>>"$work/openssl.log"

"${java_bin}java" -cp "$root/target/test-classes:$root/target/lib/*" \
  io.github.camelrestcache.standin.ForClients "$work/app-public.pem" >"$work/standin.log" 2>&1 &
pids+=($!)
within 60 grep -q '^http://' "$work/standin.log" || { cat "$work/standin.log"; exit 1; }
GITHUB=$(grep -m1 '^http://' "$work/standin.log")
tls=localhost:$(free_port) plain=$(free_port) nginx=localhost:$(free_port)
start tls PORT="${tls#*:}" TLS_CERTIFICATE_FILE="$work/certificate.pem" TLS_KEY_FILE="$work/key.pem" \
  REWRITE_URLS=all PUBLIC_URL="https://$tls"
start plain PORT="$plain" TRUSTED_PROXIES=127.0.0.1

in_background npm timeout -k 5 120 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
in_background go env GO111MODULE=off GOFLAGS= GOPATH="$work/go:$gocode" timeout -k 5 120 \
  go build -o "$work/go-github" go/main.go
in_background hub4j timeout -k 5 120 "$root/mvnw" -q -B -f "$root/pom.xml" dependency:build-classpath \
  -Dmdep.includeScope=test -Dmdep.outputFile="$work/hub4j.classpath"
"${java_bin}keytool" -importcert -noprompt -file "$work/certificate.pem" -keystore "$work/trusted.p12" \
  -storepass changeit 2>"$work/keytool.log"

# what the clients are given, and the sentence of the error that they are to show
export GITHUB TOKEN=demo-token SENTENCE="'0' is not a number of rows"
export SSL_CERT_FILE=$work/certificate.pem NODE_EXTRA_CA_CERTS=$work/certificate.pem APP_KEY=$work/app.pem
unset GH_TOKEN GH_ENTERPRISE_TOKEN GH_HOST GITHUB_TOKEN GITHUB_HOST GITHUB_ENTERPRISE_TOKEN
CHROMIUM=$(command -v chromium || true)
export CHROMIUM

ready "https://$tls" "$work/tls.log"
export HOST_PORT=$tls SERVICE=https://$tls
client gh conductor 'has gh jq' ./gh.sh
client hub chaosmonkey 'has hub jq git' ./hub.sh
client octokit.rb curator 'ruby -e "require %q(octokit)"' ruby octokit.rb
client pygithub archaius '/usr/bin/python3 -c "import github"' /usr/bin/python3 pygithub.py
client composer ribbon 'has composer' ./composer.sh
client go-github astyanax 'prepared go' "$work/go-github"
client hub4j servo 'prepared hub4j' bash -c \
  "exec '${java_bin}java' -cp \"\$(<'$work/hub4j.classpath')\" -Djavax.net.ssl.trustStore='$work/trusted.p12' \
  -Djavax.net.ssl.trustStorePassword=changeit Hub4j.java"

ready "http://127.0.0.1:$plain" "$work/plain.log"
if has nginx; then
  cat >"$work/nginx.conf" <<EOF
daemon off;
pid $work/nginx.pid;
error_log $work/nginx.log;
events {}
http {
  access_log off;
  client_body_temp_path $work;
  proxy_temp_path $work;
  fastcgi_temp_path $work;
  uwsgi_temp_path $work;
  scgi_temp_path $work;
  server {
    listen 127.0.0.1:${nginx#*:} ssl;
    ssl_certificate $work/certificate.pem;
    ssl_certificate_key $work/key.pem;
    location / {
      proxy_pass http://127.0.0.1:$plain;
      proxy_set_header X-Forwarded-Host \$http_host;
      proxy_set_header X-Forwarded-Proto https;
    }
  }
}
EOF
  nginx -e "$work/nginx.log" -c "$work/nginx.conf" &
  pids+=($!)
  ready "https://$nginx" "$work/nginx.log"
fi
export HOST_PORT=$nginx
client gh-by-nginx governator 'has gh jq nginx' ./gh.sh

export SERVICE=http://127.0.0.1:$plain
client auth-app genie 'prepared npm' node --test-reporter=spec app.test.mjs
client browser lemur 'prepared npm && has chromium' node --test-reporter=spec browser.test.mjs
# last, because it reads the repositories of the others
client octokit.js zuul 'prepared npm' node --test-reporter=spec octokit.test.mjs

if grep -F -e demo-token -e service-token -e ghs_ "$work/tls.log" "$work/plain.log"; then
  echo 'A token is in the log'
  exit 1
fi
((${#failed[@]} == 0)) || { printf 'Failed: %s\n' "${failed[*]}"; exit 1; }
