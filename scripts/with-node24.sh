#!/bin/sh
# Runs a script with the repository's own Node 24, after installing what is missing:
#   sh scripts/with-node24.sh SCRIPT [ARGUMENT...]
# DIALBACK_NODE=node-newest: with the newest Node that the project is tested with instead.
# The shell replaces itself with the script, so no process in between has to pass on signals, input and exit code,
# and a run with everything installed costs no Node start-up.
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P) || exit
bin=$root/node_modules/${DIALBACK_NODE:-node-runtime}/bin
node=$bin/node

if ! { [ -x "$node" ] && cmp -s "$root/pnpm-lock.yaml" "$root/node_modules/.installed-lock.yaml"; }; then
  # In the background, because a shell waiting for a foreground process does not pass on a signal sent to it alone.
  node "$root/scripts/install.mjs" &
  installer=$!
  trap 'kill "$installer"; wait "$installer"; exit 130' HUP INT TERM
  wait "$installer" || exit
  trap - HUP INT TERM
fi

# Node keeps what it compiled, types stripped: of a short script most of the time would go into that.
NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE-$root/.cache/node}
export NODE_COMPILE_CACHE
PATH=$bin:$root/node_modules/.bin:$PATH
export PATH
exec "$node" "$@"
