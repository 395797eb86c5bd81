#!/usr/bin/env bash
# Composer, by TLS, with a repository of the type vcs. Only github-domains, its URL and the token are set.
set -euo pipefail
# shellcheck source=test/clients/checks.sh
. "$(dirname "$0")/checks.sh"
export COMPOSER_HOME=$work/composer-home COMPOSER_ALLOW_SUPERUSER=1 COMPOSER_NO_INTERACTION=1

# project REPOSITORY: a project that requires the package of a repository of Netflix.
project() {
  mkdir -p "$work/composer"
  cd "$work/composer"
  cat >composer.json <<EOF
{
  "repositories": [{ "type": "vcs", "url": "https://$HOST_PORT/Netflix/$1" }, { "packagist.org": false }],
  "require": { "netflix/$1": "^1.0" },
  "config": { "github-domains": ["$HOST_PORT"], "github-oauth": { "$HOST_PORT": "$TOKEN" } }
}
EOF
}

composer --version | grep -o 'Composer version [^ ]*'
project "$REPO"
says "Locking netflix/$REPO (1.0.0)" composer update --no-install
says "https://$HOST_PORT/api/v3/repos/Netflix/$REPO/zipball/" cat composer.lock
asked 1 "GET /repos/Netflix/$REPO"
asked 1 "GET /repos/Netflix/$REPO/tags"
rm -rf "$COMPOSER_HOME" composer.lock
says "Locking netflix/$REPO (1.0.0)" composer update --no-install
asked 1 "GET /repos/Netflix/$REPO"
asked 1 "GET /repos/Netflix/$REPO/tags"
