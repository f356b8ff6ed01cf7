#!/bin/sh
# Installs Peerline from the folder that this file stands in, with what is here: uv, pipx, or Python's own pip.
# Nothing needs root. Asked again, it installs anew. PEERLINE_WITH=uv|pipx|pip chooses.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
lock="$here/requirements.lock"
venv="${XDG_DATA_HOME:-$HOME/.local/share}/peerline"
bin="${XDG_BIN_HOME:-$HOME/.local/bin}"

say() { printf 'peerline: %s\n' "$*" >&2; }
fail() {
  say "$1"
  say "$2"
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# The newest that is new enough; uv brings its own.
python=''
for name in "${PYTHON:-python3}" python3 python3.13 python3.12 python3.11; do
  if has "$name" && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$name
    break
  fi
done

with=${PEERLINE_WITH:-}
if [ -z "$with" ]; then
  if has uv; then
    with=uv
  elif [ -z "$python" ]; then
    fail "Python 3.11 or newer is needed, and none is here" "install it, or uv, which brings its own; then run this again"
  elif has pipx; then
    with=pipx
  else
    with=pip
  fi
fi

say "installing with $with (about a minute) ..."
case $with in
uv)
  uv tool install --force "$here" # neither takes a lock with hashes for a folder; the bounds of pyproject.toml hold
  ;;
pipx)
  pipx install --force --python "$python" "$here"
  ;;
pip)
  "$python" -m venv "$venv" ||
    fail "$python could not make an environment in $venv" "on Debian and Ubuntu: apt install python3-venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation "$here"
  mkdir -p "$bin"
  ln -sf "$venv/bin/peerline" "$bin/peerline"
  ;;
*)
  fail "PEERLINE_WITH=$with is not known" "choose uv, pipx or pip"
  ;;
esac

if has peerline; then
  say "installed; go on with: peerline setup"
else
  say "installed, but $bin is not in PATH: add it, open a new terminal, and go on with: peerline setup"
fi
