# shellcheck shell=bash
# What the scripts share that start processes; to be sourced in strict mode. A script has a folder of its own, $work, and
# puts the pids of what it starts into the array pids: at its end these processes end, and the folder is removed.

work=$(mktemp -d)
pids=()
java_bin=${JAVA_HOME:+$JAVA_HOME/bin/}

# end: ends what was started here, by its pid; what does not end within 20 seconds is killed.
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

# install PACKAGE...: what a new machine lacks, with apt-get.
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

# A port of loopback on which nothing listens.
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

# within SECONDS COMMAND...: tries until it succeeds; if it never does, says what it said last.
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

# start_github CLASSPATH [REPOSITORIES [CALLERS]]: a stand-in for GitHub, whose address is then $github. It knows the
# tokens caller-1, caller-2 and so on, as many as CALLERS says (default: none). What is written to file descriptor 9, by
# the line, becomes the description of its first repository.
start_github() {
  rm -f "$work/descriptions"
  mkfifo "$work/descriptions"
  "${java_bin}java" -cp "$1" io.github.camelrestcache.standin.Alone "${@:2}" <"$work/descriptions" >"$work/standin.log" 2>&1 &
  pids+=($!)
  exec 9>"$work/descriptions"
  within 60 grep -q '^http://' "$work/standin.log" || { cat "$work/standin.log"; return 1; }
  # shellcheck disable=SC2034 # for the script
  github=$(grep -m1 '^http://' "$work/standin.log")
}
