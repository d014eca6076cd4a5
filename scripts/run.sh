#!/bin/sh
# What the npm scripts run: installs what is missing, then hands this process over to the pinned Node.
# It ends in `exec`, so that a signal sent to `npm start` reaches the server itself.
set -eu
cd "$(dirname "$0")/.."

# npm writes node_modules/.package-lock.json last, so it is there and new only after a whole installation.
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "seekyou: installing what package-lock.json names (once)" >&2
  npm ci --no-audit --no-fund --loglevel=error >&2
fi

# Programs of ours are sources: what Node made of them is kept, so that only the first start of each pays for it.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE-$PWD/node_modules/.cache/node}"

node=node_modules/.bin/node
[ -x "$node" ] || node=node
task=$1
shift
case "$task" in
  # Where npm has no Node to pin (macOS), the launcher says what is missing if the system's is too old.
  serve)
    [ "$node" != node ] || exec node packages/cli/bin/seekyou.js serve "$@"
    exec "$node" --conditions=source packages/cli/src/main.ts serve "$@"
    ;;
  *) exec "$node" --conditions=source "scripts/$task.ts" "$@" ;;
esac
