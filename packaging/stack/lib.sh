# Shared by the scripts of this folder: where things lie, and the life of a server. A
# script NAME-up installs what NAME needs, starts it in the background, waits until it
# answers and is done at once if it runs already; NAME-down ends it.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export COVERSLIP_CACHE=${COVERSLIP_CACHE:-$HOME/.cache/coverslip}
CACHE=$COVERSLIP_CACHE
mkdir -p "$CACHE"/{logs,run}

say() { echo "$*" >&2; }

pid_file() { echo "$CACHE/run/$1.pid"; }

# alive NAME: does the process that start recorded still run? One that has ended and is
# only waited for does not.
alive() {
  local p
  p=$(cat "$(pid_file "$1")" 2>/dev/null) && [ -n "$p" ] || return 1
  case $(ps -o stat= -p "$p") in
    '' | Z*) return 1 ;;
  esac
}

# already NAME: ends the script if NAME runs.
already() {
  if alive "$1"; then
    echo "$1 runs already, process $(cat "$(pid_file "$1")")"
    exit 0
  fi
}

# start NAME COMMAND...: in a session of its own, so that stop ends its children too. It
# does not inherit the lock of one_at_a_time.
start() {
  local name=$1
  shift
  setsid "$@" >"$CACHE/logs/$name.log" 2>&1 </dev/null 9>&- &
  echo $! >"$(pid_file "$name")"
}

# ready NAME SECONDS COMMAND...: waits until COMMAND succeeds.
ready() {
  local name=$1 limit=$2 begun=$SECONDS
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ! alive "$name"; then
      fail "$name" "ended while starting"
    elif [ $((SECONDS - begun)) -ge "$limit" ]; then
      fail "$name" "is not ready after $limit s"
    fi
    sleep 0.2
  done
  echo "$name is ready, process $(cat "$(pid_file "$name")")"
}

fail() {
  say "$1 $2; the end of $CACHE/logs/$1.log:"
  tail -20 "$CACHE/logs/$1.log" >&2
  exit 1
}

# stop NAME: asks it to end, and after 15 s ends it.
stop() {
  local name=$1 p
  if ! alive "$name"; then
    rm -f "$(pid_file "$name")"
    echo "$name does not run"
    return
  fi
  p=$(cat "$(pid_file "$name")")
  kill -TERM "$p" 2>/dev/null || true
  for _ in $(seq 75); do
    alive "$name" || break
    sleep 0.2
  done
  kill -KILL -- "-$p" 2>/dev/null || true
  rm -f "$(pid_file "$name")"
  echo "$name has ended"
}

# debian FOLDER RELEASE PACKAGE...: lays into FOLDER what packages of a release of Debian hold; PACKAGE
# may be NAME=VERSION. It installs nothing, and works beside another release.
debian() {
  local folder=$1 release=$2 apt=$1.apt deb ask
  shift 2
  rm -rf "$folder" "$apt"
  mkdir -p "$folder" "$apt"/{state/lists/partial,cache/archives/partial}
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $release main" >"$apt/sources.list"
  touch "$apt/state/status"
  ask=(apt-get -q -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State=$apt/state"
    -o "Dir::State::status=$apt/state/status" -o "Dir::Cache=$apt/cache" -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
    -o "APT::Sandbox::User=$(id -un)" -o Acquire::Retries=3)
  "${ask[@]}" update >&2
  (cd "$apt" && "${ask[@]}" download "$@" >&2)
  for deb in "$apt"/*.deb; do dpkg-deb -x "$deb" "$folder"; done
  rm -rf "$apt"
}

# one_at_a_time NAME: holds a lock until the script ends, so that two set-ups do not mix.
one_at_a_time() {
  exec 9>"$CACHE/run/$1.lock"
  flock 9
}

# sha256_is FILE SUM
sha256_is() { echo "$2  $1" | sha256sum --check --status 2>/dev/null; }
