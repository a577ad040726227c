# Shared by the scripts that bring a Python program.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# environment NAME VERSION FILE: makes $CACHE/NAME/venv with what FILE lists, by a Python of
# VERSION or newer, unless it is there; prints its folder of programs. A set-up that was cut
# off is done again: the stamp comes last.
environment() {
  local name=$1 version=$2 file=$3 venv=$CACHE/$1/venv stamp python
  stamp=$(sha256sum <"$file" | cut -c1-16)
  if [ "$(cat "$venv/.stamp" 2>/dev/null)" != "$stamp" ]; then
    python=$(fitting_python "$version") || {
      say "$name needs Python $version or newer with venv. Paste this line, then run the command again:"
      say "  sudo apt-get install -y python3-venv"
      exit 1
    }
    say "bringing $name"
    rm -rf "$venv"
    mkdir -p "$CACHE/$name"
    "$python" -m venv "$venv" >&2 || exit 1
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --use-pep517 -r "$file" >&2 || exit 1
    echo "$stamp" >"$venv/.stamp"
  fi
  echo "$venv/bin"
}

# fitting_python VERSION: the system's Python, or the first on the path, that is new enough
# and can make environments.
fitting_python() {
  local p
  for p in /usr/bin/python3 python3 python3.13 python3.12 python3.11 python3.10; do
    if "$p" -c "import ensurepip, sys; sys.exit(sys.version_info < tuple(map(int, '$1'.split('.'))))" 2>/dev/null; then
      echo "$p"
      return
    fi
  done
  return 1
}
