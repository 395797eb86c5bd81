#!/usr/bin/env bash
# Runs this project with Camel JBang and checks that it serves an endpoint and a view, and that it reloads an edited
# route file. Neither JBang nor `camel` has to be installed: the command line tool comes from Maven artifacts, is
# started by a one-line main, and gets the arguments that a user gives to `camel`:
#
#   ./mvnw -q install -DskipTests
#   camel run application.properties routes/*.camel.yaml --dev
#
# It runs in a temporary copy of the checkout, on free loopback ports, against the stand-in for GitHub. Needs JDK 17 or
# later, curl and jq; the first run downloads the tool. JBANG_START: the start timeout in seconds (default: 120).
#
# Usage: test/jbang.sh
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=test/lib.sh
. "$root/test/lib.sh"
org=Netflix # the stand-in's organization
passed=0
failed=0

# check DESCRIPTION COMMAND...: prints one line; if the command fails, with its output.
check() {
  local what=$1 seen
  shift
  if seen=$("$@" 2>&1); then
    passed=$((passed + 1))
    printf 'ok      %s\n' "$what"
  else
    failed=$((failed + 1))
    printf 'FAILED  %s: got %s\n' "$what" "$(tr -s '\r\n' '  ' <<<"${seen:-nothing}" | cut -c1-400)"
  fi
}

# answers PATH STATUS CACHE-STATUS-PATTERN JQ-FILTER: checks a response; the filter must be true for the body.
answers() {
  local head=$work/head body=$work/body status cache
  # no-cache: forwarded responses must come from GitHub
  status=$(curl -s -m 20 -H 'Cache-Control: no-cache' -D "$head" -o "$body" -w '%{http_code}' "http://127.0.0.1:$port$1") || true
  cache=$(sed -n 's/\r$//; s/^[Cc]ache-[Ss]tatus: //p' "$head" 2>/dev/null || true)
  if [[ $status == "$2" && $cache =~ $3 ]] && jq -e "$4" "$body" >/dev/null 2>&1; then
    return 0
  fi
  echo "$1: $status, Cache-Status '$cache', $(head -c 200 "$body" 2>/dev/null)"
  return 1
}

# event NAME JQ-FILTER: delivers the example from GitHub's documentation; the filter must be true for the response.
event() {
  curl -fsS -m 20 -H "X-GitHub-Event: $1" -H "X-GitHub-Delivery: $1" --data 'Hello, World!' \
    -H 'X-Hub-Signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' \
    "http://127.0.0.1:$port/webhook/github" | jq -e "$2"
}

# logged PATTERN: whether a line logged since the last edit matches.
logged() {
  tail -n +"$((edited_at + 1))" "$work/jbang.log" | grep -E -- "$1" ||
    { tail -n +"$((edited_at + 1))" "$work/jbang.log" | tail -n 3; return 1; }
}

# edit FILE CONTENT: replaces a route file atomically, as editors do.
edit() {
  edited_at=$(wc -l <"$work/jbang.log")
  printf '%s\n' "$2" >"$work/edit"
  mv "$work/edit" "$checkout/routes/$1"
}

ended() { ! kill -0 "$jbang" 2>/dev/null; }

printf '%s\n' 'Installing the beans, fetching Camel JBang, compiling the stand-in for GitHub'
(cd "$root" && ./mvnw -q -B install -DskipTests)
checkout=$work/checkout
mkdir -p "$checkout" "$work/tool" "$work/classes"
cp -R "$root/application.properties" "$root/routes" "$root/kamelets" "$checkout/"

camel_version=$(sed -n 's:.*<camel.version>\(.*\)</camel.version>.*:\1:p' "$root/pom.xml")
cat >"$work/tool/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>camel-rest-cache</groupId>
  <artifactId>jbang</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.camel</groupId>
      <artifactId>camel-jbang-core</artifactId>
      <version>$camel_version</version>
    </dependency>
  </dependencies>
</project>
POM
cat >"$work/tool/CamelJBang.java" <<'JAVA'
public class CamelJBang {
  public static void main(String[] args) {
    org.apache.camel.dsl.jbang.core.commands.CamelJBangMain.run(args);
  }
}
JAVA
class_path=org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath
(cd "$root" && ./mvnw -q -B -f "$work/tool/pom.xml" "$class_path" -Dmdep.outputFile="$work/tool.cp")
(cd "$root" && ./mvnw -q -B "$class_path" -Dmdep.includeScope=runtime -Dmdep.outputFile="$work/app.cp")
find "$root/src/standin/java" -name '*.java' ! -name Demo.java >"$work/standin.sources"
"${java_bin}javac" -nowarn -cp "$(<"$work/app.cp")" -d "$work/classes" @"$work/standin.sources"
"${java_bin}javac" -nowarn -proc:none -cp "$(<"$work/tool.cp")" -d "$work/classes" "$work/tool/CamelJBang.java"

start_github "$work/classes:$(<"$work/app.cp")"

port=$(free_port)
management_port=$(free_port)
printf 'Starting camel run on port %s\n' "$port"
(
  cd "$checkout"
  unset GITHUB_API_TOKEN REDIS_URL REFRESH_INTERVAL
  export GITHUB_API_URL=$github GITHUB_ORG=$org GITHUB_WEBHOOK_SECRET="It's a Secret to Everybody"
  export HOST=127.0.0.1 PORT=$port MANAGEMENT_HOST=127.0.0.1 MANAGEMENT_PORT=$management_port
  exec "${java_bin}java" -cp "$work/classes:$(<"$work/tool.cp")" CamelJBang \
    run application.properties routes/*.camel.yaml --dev --logging-color=false
) >"$work/jbang.log" 2>&1 &
jbang=$!
began=$(date +%s%N)
pids+=("$jbang")
edited_at=0

ready() { answers /healthcheck 200 '' '.status == "ready"'; }
within "${JBANG_START:-120}" eval 'ended || ready' >/dev/null || true
check 'camel run becomes ready' ready
printf '        ready after %d ms\n' $((($(date +%s%N) - began) / 1000000))
one_redis() { test "$(grep -c 'started an embedded Redis' "$work/jbang.log")" = 1; }
check 'exactly one embedded Redis is started' one_redis
if ended; then
  tail -n 60 "$work/jbang.log" | cut -c1-300
  printf '%d passed, %d failed\n' "$passed" "$failed"
  exit 1
fi

check 'serves a whole list' answers "/orgs/$org/repos" 200 '; hit;' 'type == "array" and length > 100'
check 'serves an object' answers "/orgs/$org" 200 '; hit;' ".login == \"$org\""
stars=$(curl -s -m 20 "http://127.0.0.1:$port/orgs/$org/repos" | jq -c \
  '[sort_by(-.stargazers_count, .full_name) | .[:5][] | [.full_name, .stargazers_count]]')
check 'serves a sorted view' answers /view/top/5/stars 200 '; hit;' ". == $stars"
check 'forwards other requests' answers "/repos/$org/zuul" 200 '; fwd=' ".full_name == \"$org/zuul\""
check "accepts a webhook event" event star ".refreshes == [\"/orgs/$org/repos\"]"
for path in /observe/health /observe/metrics /openapi.json / /admin/status; do
  check "serves $path on the management port" curl -fsS -m 10 -o /dev/null "http://127.0.0.1:$management_port$path"
done

endpoints=$(<"$checkout/routes/endpoints.camel.yaml")
views=$(<"$checkout/routes/views.camel.yaml")
added_endpoint="
- route:
    id: zuul-issues
    description: The open issues of one repository.
    from:
      uri: kamelet:cached-endpoint
      parameters: { path: \"/repos/{{github.org}}/zuul/issues\" }
      steps:
        - to: { uri: direct:refresh }"
added_view="
- route:
    id: view-size
    description: Repositories by their size.
    from:
      uri: kamelet:ranked-view
      parameters: { view: size, list: \"/orgs/{{github.org}}/repos\", field: size }
      steps:
        - to: { uri: direct:rank }"
issues="/repos/$org/zuul/issues"
is_list='type == "array" and length > 0'
is_size='length == 3 and (map(.[1]) | . == (sort | reverse)) and all(.[]; (.[1] | type) == "number")'

check 'an undeclared endpoint is forwarded' answers "$issues" 200 '; fwd=' true
check 'an undeclared view is 404' answers /view/top/3/size 404 '' .status
edit endpoints.camel.yaml "$endpoints$added_endpoint"
check 'an added endpoint is served from the cache' within 20 answers "$issues" 200 '; hit;' "$is_list"
edit views.camel.yaml "$views$added_view"
check 'an added view is served' within 20 answers /view/top/3/size 200 '; hit;' "$is_size"

edit views.camel.yaml "$views${added_view/field: size/feld: size}"
check 'an unknown parameter is reported with file, line and a suggestion' \
  within 20 logged "views.camel.yaml:[0-9]+: .*'feld'.* 'field'"
check 'the last good view is served' answers /view/top/3/size 200 '; hit;' "$is_size"
edit endpoints.camel.yaml "$endpoints$added_endpoint
- route: ["
check 'broken YAML is reported with file and line' within 20 logged 'endpoints.camel.yaml, line [0-9]+'
check 'the last good endpoint is served' answers "$issues" 200 '; hit;' "$is_list"

edit endpoints.camel.yaml "$endpoints"
check 'a removed endpoint is forwarded again' within 20 answers "$issues" 200 '; fwd=' true
edit views.camel.yaml "$views"
check 'a removed view is 404' within 20 answers /view/top/3/size 404 '' .status
check 'other endpoints and views are still served' answers /view/bottom/2/forks 200 '; hit;' 'length == 2'

kill "$jbang"
check 'camel run stops on SIGTERM' within 30 ended

printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
