# shellcheck shell=bash
# Shared by the scripts that start processes; source it in strict mode. Each script gets a temporary folder, $work, and
# adds the pids of its processes to the array pids. On exit these processes are stopped and the folder is removed.

work=$(mktemp -d)
pids=()
java_bin=${JAVA_HOME:+$JAVA_HOME/bin/}

# end: stops the processes in pids; kills those that are still running after 20 seconds.
end() {
  local pid
  for pid in ${pids[@]+"${pids[@]}"}; do
    kill "$pid" 2>/dev/null || true
    kill -CONT "$pid" 2>/dev/null || true
  done
  for pid in ${pids[@]+"${pids[@]}"}; do
    for _ in $(seq 100); do
      kill -0 "$pid" 2>/dev/null || continue 2
      sleep 0.2
    done
    kill -9 "$pid" 2>/dev/null || true
  done
  pids=()
}
trap 'end; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# install PACKAGE...: installs packages with apt-get.
install() {
  local sudo=()
  ((EUID == 0)) || sudo=(sudo)
  if ! {
    ${sudo[@]+"${sudo[@]}"} apt-get update -qq
    DEBIAN_FRONTEND=noninteractive ${sudo[@]+"${sudo[@]}"} apt-get install -y -qq --no-install-recommends "$@"
  } >"$work/apt.log" 2>&1; then
    tail -n 5 "$work/apt.log"
    return 1
  fi
}

# need COMMAND[:PACKAGE]...: installs the packages of the commands that are missing.
need() {
  local each missing=()
  for each in "$@"; do
    command -v "${each%:*}" >/dev/null || missing+=("${each#*:}")
  done
  ((${#missing[@]} == 0)) || install "${missing[@]}"
}

# need_jar: ends the script unless the service has been packaged. To be called in the root of the project.
need_jar() {
  [[ -f target/camel-rest-cache.jar ]] || { echo 'First: ./mvnw -q package -DskipTests' >&2; exit 1; }
}

# now: prints the time in milliseconds.
now() { date +%s%3N; }

# free_port: prints a loopback port without a listener.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
}

# within SECONDS COMMAND...: retries the command until it succeeds; on failure prints its last output.
within() {
  local end=$((SECONDS + $1)) seen
  shift
  until seen=$("$@" 2>&1); do
    if ((SECONDS >= end)); then
      printf '%s' "$seen"
      return 1
    fi
    sleep 0.2
  done
}

# start_github CLASSPATH [REPOSITORIES [CALLERS]]: starts a stand-in for GitHub and sets $github to its URL. It accepts
# the tokens caller-1 to caller-CALLERS (default: none). Each line that is written to file descriptor 9 becomes the
# description of its first repository.
start_github() {
  rm -f "$work/descriptions"
  mkfifo "$work/descriptions"
  "${java_bin}java" -cp "$1" io.github.camelrestcache.standin.Alone "${@:2}" <"$work/descriptions" >"$work/standin.log" 2>&1 &
  pids+=($!)
  exec 9>"$work/descriptions"
  within 60 grep -q '^http://' "$work/standin.log" || { cat "$work/standin.log"; return 1; }
  # shellcheck disable=SC2034 # used by the scripts
  github=$(grep -m1 '^http://' "$work/standin.log")
}
