# shellcheck shell=bash
# Shared by the clients that are commands; source it in strict mode. run.sh sets the environment.

# says TEXT COMMAND...: checks that the output of a command, with its errors, has the text.
says() {
  local seen
  seen=$("${@:2}" 2>&1 </dev/null) || true
  [[ $seen == *"$1"* ]] || { printf 'No "%s" from %s:\n%s\n' "$1" "${*:2}" "$seen"; exit 1; }
}

# asked TIMES REQUEST: checks how often GitHub was asked this, such as 'GET /user', since run.sh began the client.
asked() {
  local seen
  seen=$(curl -fsS "$GITHUB/-/requests" | grep -cE "^$2( |\\?)" || true)
  [[ $seen == "$1" ]] || { printf 'GitHub was asked %s times for %s\n' "$seen" "$2"; exit 1; }
}
