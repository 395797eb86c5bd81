#!/usr/bin/env bash
# Checks a running service over HTTP: every endpoint, every view, errors, and forwarded requests. Expected rankings are
# computed with jq from the list that the service serves. Needs bash, curl and jq.
#
# Usage: test/api_suite.sh [port] [health port]     (default: 3000, and the same port)
#   GITHUB_ORG      the organization that the service caches (Netflix)
#   API_SUITE_WAIT  seconds to wait for GET /healthcheck to answer 200 (60)
#
# Prints one line per check, then "N passed, N failed"; exits with 1 if a check failed.
set -euo pipefail

port=${1:-3000}
health_port=${2:-$port}
org=${GITHUB_ORG:-Netflix}
service=http://127.0.0.1:$port
health=http://127.0.0.1:$health_port
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
answer=$work/answer.json
list=$work/list.json
passed=0
failed=0

# ask METHOD URL [CURL-ARGUMENT...]: sends a request and saves the response as {status, fields, size, body}. Field names
# are in lower case, repeated fields are joined with a comma; the body is null if it is not JSON.
ask() {
  local method=(--request "$1" --output "$work/body") status
  if [[ $1 == HEAD ]]; then
    method=(--head --output /dev/null)
  fi
  : >"$work/head"
  : >"$work/body"
  status=$(curl --silent --globoff --path-as-is --max-time 30 "${method[@]}" \
    --dump-header "$work/head" --write-out '%{http_code}' "${@:3}" "$2") || true
  jq -n --argjson status "$((10#${status:-0}))" --rawfile head "$work/head" --rawfile body "$work/body" '
    ($head | split("\r\n\r\n") | map(select(startswith("HTTP/"))) | last // "" | split("\r\n") | .[1:]
      | map(capture("^(?<name>[^:]+):[ \t]*(?<value>.*)$") | .name |= ascii_downcase)
      | group_by(.name) | map({key: .[0].name, value: (map(.value) | join(", "))}) | from_entries) as $fields
    | {$status, $fields, size: ($body | utf8bytelength), body: ($body | try fromjson catch null)}' >"$answer"
}

# check DESCRIPTION FILTER [JQ-ARGUMENT...]: checks that the filter is true for the last response.
check() {
  local what=$1 filter=$2 seen
  shift 2
  if jq -e "$@" "$definitions $filter" "$answer" >/dev/null 2>"$work/error"; then
    passed=$((passed + 1))
    printf 'ok      %s\n' "$what"
  else
    failed=$((failed + 1))
    seen=$(jq -c '[.status, (.fields | del(.date)), (.body | tostring | .[:200])]' "$answer")
    printf 'FAILED  %s: got %s\n' "$what" "${seen:0:700}"
  fi
}

# shellcheck disable=SC2016 # the variables are jq's
definitions='
  def is_json: .fields["content-type"] // "" | test("^application/json(;|$)");
  def is_whole: .fields["content-length"] == (.size | tostring);
  def is_hit: .fields["cache-status"] // "" | test("^camel-rest-cache; hit; ttl=-?[0-9]+$");
  def is_forwarded: .fields["cache-status"] // "" | test("^camel-rest-cache; fwd=");
  def is_dated: (.fields.age // "" | test("^[0-9]+$"))
    and (.fields["last-modified"] // "" | test("^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT$"))
    and (.fields["last-modified"] | strptime("%a, %d %b %Y %H:%M:%S GMT") | mktime) <= now + 5;
  def is_readable_by_pages: .fields["access-control-allow-origin"] == "*";
  def is_fresh_for_a_while: (.fields["cache-control"] // "" | test("^max-age=[0-9]+$"))
    and (.fields.etag // "" | test("^\"[^\"]+\"$")) and .fields.vary == "Accept-Encoding";
  def is_stored: .status == 200 and is_json and is_whole and is_hit and is_dated
    and is_fresh_for_a_while and is_readable_by_pages;
  def is_problem($status): .status == $status and is_json
    and .body.status == ($status | tostring) and (.body.title | type) == "string"
    and (.body.message // "" | test("[a-z].* .*[.:]")) and .body.detail == .body.message
    and (.body.documentation_url // "" | startswith("https://"));
  def steady: .fields | del(.age, .date, .connection, .["keep-alive"], .["x-request-id"])
    | with_entries(select(.key | startswith("x-ratelimit-") | not))
    | .["cache-status"] |= (. // "" | sub("ttl=-?[0-9]+"; "ttl"));
  def same_as($get): .status == 200 and $get.status == 200 and steady == ($get | steady);
  def unique_by_id: (map(.id) | unique | length) == length;
  # numbers and times compare as they are; in both orders ties are sorted by name, and missing values come last
  def ranked($field; $order): sort_by(.full_name) | map([.full_name, .[$field]])
    | (map(select(.[1] != null)) | group_by(.[1]) | if $order == "top" then reverse else . end | add // [])
      + map(select(.[1] == null));
'

# check_head DESCRIPTION URL: checks that HEAD has the headers of the last GET.
check_head() {
  cp "$answer" "$work/get.json"
  ask HEAD "$2"
  # shellcheck disable=SC2016
  check "$1" 'same_as($get[0])' --slurpfile get "$work/get.json"
}

# Waiting for the service

deadline=$((SECONDS + ${API_SUITE_WAIT:-60}))
until ask GET "$health/healthcheck" && jq -e '.status == 200' "$answer" >/dev/null; do
  ((SECONDS < deadline)) || break
  sleep 0.5
done
check 'GET /healthcheck: 200' '.status == 200 and is_json and .body.status == "ready"'
# shellcheck disable=SC2016
check 'GET /healthcheck: every endpoint is ready' '[.body.endpoints[] | select(.ready) | .path] as $ready
  | ["/", "/orgs/\($org)", "/orgs/\($org)/members", "/orgs/\($org)/repos"] - $ready == []' --arg org "$org"
# shellcheck disable=SC2016
check 'GET /healthcheck: every view is ready' '[.body.views[] | select(.ready) | .view] as $ready
  | ["forks", "last_updated", "open_issues", "stars", "watchers", "sources", "languages", "language_stars"]
  - $ready == []'
check_head 'HEAD /healthcheck: as GET' "$health/healthcheck"
ask GET "$health/healthcheck?verbose=1"
check 'GET /healthcheck?verbose=1: the query is ignored' '.status == 200 and .body.status == "ready"'
ask POST "$health/healthcheck"
check 'POST /healthcheck: 405 with Allow' 'is_problem(405) and .fields.allow == "GET, HEAD"'

# Endpoints

# check_endpoint PATH FILTER: checks that the path is a cache hit, and that the filter is true for its body.
check_endpoint() {
  ask GET "$service$1"
  check "GET $1: 200, JSON, cache hit" 'is_stored'
  check "GET $1: the right shape" ".body | $2" --arg org "$org"
  check_head "HEAD $1: as GET" "$service$1"
  ask GET "$service$1" --header "If-None-Match: $(jq -r '.fields.etag' "$work/get.json")"
  check "GET $1 with its ETag: 304 without content" \
    '.status == 304 and .size == 0 and .fields["content-length"] == null'
  ask GET "$service$1" --header 'Accept-Encoding: gzip'
  check "GET $1 as gzip: compressed" '.status == 200 and .fields["content-encoding"] == "gzip"'
}

check_endpoint / 'type == "object" and (.organization_url | type) == "string"'
# shellcheck disable=SC2016
check_endpoint "/orgs/$org" 'type == "object" and .login == $org and (.public_repos | type) == "number"'
repositories=$(jq '.body.public_repos // 0' "$work/get.json")
check_endpoint "/orgs/$org/members" 'type == "array" and unique_by_id and all(.[]; .login | type == "string")'
# shellcheck disable=SC2016
check_endpoint "/orgs/$org/repos" \
  'type == "array" and unique_by_id and length > 0 and all(.[]; .full_name | startswith("\($org)/"))'
cp "$work/get.json" "$answer"
# shellcheck disable=SC2016
check "GET /orgs/$org/repos: all pages in one ($repositories repositories)" \
  '(.body | arrays | length) as $length | if $all > 100 then $length > 100 else $length >= $all end' \
  --argjson all "$repositories"

# Pages of a list

keep_list() {
  ask GET "$service/orgs/$org/repos"
  jq '.body | arrays' "$answer" >"$list"
}

keep_list
for page in 1 2; do
  path="/orgs/$org/repos?per_page=3&page=$page"
  ask GET "$service$path"
  # shellcheck disable=SC2016
  check "GET $path: three items of the list" 'is_stored and .body == $list[0][3 * ($page - 1):3 * $page]' \
    --slurpfile list "$list" --argjson page "$page"
  # shellcheck disable=SC2016
  check "GET $path: a link to the next page, if any" '(.fields.link // ""
    | contains("<\($url)?per_page=3&page=\($page + 1)>; rel=\"next\"")) == ($list[0] | length > 3 * $page)' \
    --slurpfile list "$list" --arg url "$service/orgs/$org/repos" --argjson page "$page"
  check_head "HEAD $path: as GET" "$service$path"
done

# Views

# check_view ORDER N VIEW FIELD DESCRIPTION: checks a view against the list, which is read again if it has changed.
check_view() {
  local url=$service/view/$1/$2/$3
  # shellcheck disable=SC2016
  local right='.status == 200 and .body == ($list[0] | ranked($field; $order) | .[:$n])'
  local arguments=(--slurpfile list "$list" --arg field "$4" --arg order "$1" --argjson n "$2")
  ask GET "$url"
  if ! jq -e "${arguments[@]}" "$definitions $right" "$answer" >/dev/null 2>&1; then
    keep_list
    ask GET "$url"
  fi
  check "GET /view/$1/$2/$3: $5" "$right" "${arguments[@]}"
}

while read -r view field type; do
  for order in top bottom; do
    check_view "$order" 1 "$view" "$field" 'the first row'
    check_view "$order" 5 "$view" "$field" 'the first five rows'
    check_view "$order" 100000 "$view" "$field" 'all rows, ties by name'
    check "GET /view/$order/100000/$view: names and ${type}s" "
      def number: type == \"number\";
      def time: type == \"string\" and test(\"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$\");
      .body | length > 0 and all(.[]; length == 2 and (.[0] | type) == \"string\" and (.[1] | . == null or $type))"
  done
  check "GET /view/bottom/100000/$view: 200, JSON, cache hit" 'is_stored'
  check_head "HEAD /view/bottom/100000/$view: as GET" "$service/view/bottom/100000/$view"
done <<'VIEWS'
forks        forks_count        number
last_updated updated_at         time
open_issues  open_issues_count  number
stars        stargazers_count   number
watchers     watchers_count     number
VIEWS

# check_rows VIEW DESCRIPTION FILTER: checks the top of a view against what the filter makes of the list.
check_rows() {
  ask GET "$service/view/top/100000/$1"
  # shellcheck disable=SC2016
  check "GET /view/top/100000/$1: $2" "is_stored and .body == (\$list[0] | $3)" --slurpfile list "$list"
}

keep_list
check_rows sources 'no forks, nothing archived, and two more fields' 'map(select(.fork == false and .archived == false))
  | sort_by(.full_name) | sort_by(-.stargazers_count) | map([.full_name, .stargazers_count, .language, .html_url])'
by_language='map(select(.language)) | group_by(.language)'
check_rows languages 'the number of repositories of each language' \
  "$by_language | map([.[0].language, length]) | sort_by(-.[1])"
check_rows language_stars 'the stars of each language' \
  "$by_language | map([.[0].language, (map(.stargazers_count) | add)]) | sort_by(-.[1])"
ask GET "$service/view/top/5/stars"
cp "$answer" "$work/get.json"
ask GET "$service/view/top/5/stars?n=1&view=forks&order=bottom"
# shellcheck disable=SC2016
check 'GET /view/top/5/stars?n=1&view=forks&order=bottom: the query is ignored' '.body == $get[0].body and is_stored' \
  --slurpfile get "$work/get.json"

# Errors

for n in 0 -1 +5 abc 0x5 1.5 5%20 %D9%A3 ٣ 100001 1000000000 99999999999999999999; do
  ask GET "$service/view/top/$n/stars"
  check "GET /view/top/$n/stars: 400" 'is_problem(400)'
done
ask GET "$service/view/top/5/no_such_view"
check 'GET /view/top/5/no_such_view: 404 that lists the views' 'is_problem(404)
  and (.body.detail | contains("forks") and contains("last_updated") and contains("open_issues")
    and contains("stars") and contains("watchers"))'
ask GET "$service/view/middle/5/stars"
check 'GET /view/middle/5/stars: 404' 'is_problem(404)'
for method in POST PUT PATCH DELETE; do
  ask "$method" "$service/view/top/5/stars"
  check "$method /view/top/5/stars: 405 with Allow" 'is_problem(405) and .fields.allow == "GET, HEAD"'
done
for path in /view/top/5/stars "/orgs/$org/repos" "/repos/$org/x"; do
  ask OPTIONS "$service$path"
  check "OPTIONS $path: 204 for pages of all origins" '.status == 204 and is_readable_by_pages
    and (.fields["access-control-allow-methods"] | startswith("GET, HEAD"))'
done

# The webhook, with or without a secret

for method in GET POST; do
  ask "$method" "$service/webhook/github" --header 'X-GitHub-Event: star' --header 'X-GitHub-Delivery: 1'
  # shellcheck disable=SC2016
  check "$method /webhook/github, unsigned: rejected, not forwarded" \
    'is_problem(404) or is_problem(if $method == "POST" then 401 else 405 end)' --arg method "$method"
done

# Undeclared paths

unknown=/orgs/$org/no-such-thing-$RANDOM$RANDOM
ask GET "$service$unknown"
check "GET $unknown: GitHub's 404" \
  '.status == 404 and is_forwarded and (.body.documentation_url // "" | contains("docs/errors.md") | not)'
for path in "/repos/$org" "/orgs/$org/repos/" "/ORGS/$org" "/orgs/$org/repos?type=all&per_page=1"; do
  ask GET "$service$path"
  check "GET $path: forwarded" 'is_forwarded'
done

printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
