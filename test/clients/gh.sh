#!/usr/bin/env bash
# GitHub's command line tool, by TLS. Only GH_HOST and GH_ENTERPRISE_TOKEN are set.
set -euo pipefail
# shellcheck source=test/clients/checks.sh
. "$(dirname "$0")/checks.sh"
export GH_HOST=$HOST_PORT GH_ENTERPRISE_TOKEN=$TOKEN GH_CONFIG_DIR=$work/gh

gh --version | head -n 1
says "Logged in to $HOST_PORT as octocat" gh auth status -h "$HOST_PORT"
says '[150,"Hystrix"]' bash -c "gh api orgs/Netflix/repos --paginate | jq -sc 'add | [length, .[0].name]'"
asked 0 'GET /orgs/Netflix/repos'
says 'camel-rest-cache; hit' gh api -i orgs/Netflix/repos
says 'fwd=uri-miss; fwd-status=200; stored' gh api -i "repos/Netflix/$REPO"
says 'camel-rest-cache; hit' gh api -i "repos/Netflix/$REPO"
asked 1 "GET /repos/Netflix/$REPO"
says Netflix/zuul gh search repos zuul
says "https://$HOST_PORT/api/v3/repos/Netflix/$REPO/issues/" gh api -i "repos/Netflix/$REPO/issues" -f title=A
says "\"login\":\"octocat\"" gh api graphql -f query='{viewer{login}}'
says 'HTTP 404' gh api repos/Netflix/none
says "gh: $SENTENCE" gh api view/top/0/stars
