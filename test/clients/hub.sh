#!/usr/bin/env bash
# hub, by TLS. Only GITHUB_HOST and GITHUB_TOKEN are set; hub finds the repository by the remote of the checkout.
set -euo pipefail
# shellcheck source=test/clients/checks.sh
. "$(dirname "$0")/checks.sh"
export GITHUB_HOST=$HOST_PORT GITHUB_TOKEN=$TOKEN HUB_CONFIG=$work/hub

hub --version | tail -n 1
git init -q "$work/checkout"
cd "$work/checkout"
git remote add origin "https://$HOST_PORT/Netflix/$REPO.git"
git config hub.host "$HOST_PORT"
says 150 bash -c "hub api --paginate 'orgs/Netflix/repos?per_page=100' | jq -s 'add | length'"
asked 0 'GET /orgs/Netflix/repos'
says 'fwd-status=200; stored' hub api -i "repos/Netflix/$REPO"
says 'camel-rest-cache; hit' hub api -i "repos/Netflix/$REPO"
asked 1 "GET /repos/Netflix/$REPO"
says "https://github.com/Netflix/$REPO/issues/" hub issue create -m 'Of hub'
says 'Of hub' hub issue -L 1
says "\"login\":\"octocat\"" hub api graphql -f query='{viewer{login}}'
says "$SENTENCE" hub api view/top/0/stars
