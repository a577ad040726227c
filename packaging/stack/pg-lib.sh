# Shared by pg-up and pg-down: who runs PostgreSQL and where its data lie.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
port=${PG_PORT:-5544}
data=$CACHE/pg/$port
[ "$(id -u)" != 0 ] || data=/var/lib/postgresql/coverslip-$port

# as_pg COMMAND...: runs it as the user that may run PostgreSQL, from a folder it may read.
as_pg() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && runuser -u postgres -- "$@")
  else
    "$@"
  fi
}
