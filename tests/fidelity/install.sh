#!/usr/bin/env bash
# install.sh FOLDER: the pinned foreign clients, Python's with Node and npm among them, then npm's; made anew when the pins changed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)

"$here/../../infra/local/venv.sh" "$folder/venv" "$here/requirements.txt"

stamp=$folder/node/installed-package-lock.json
cmp -s "$here/package-lock.json" "$stamp" && exit 0
rm -rf "$folder/node"
mkdir "$folder/node"
cp "$here/package.json" "$here/package-lock.json" "$folder/node/"
# No package may run anything while it is installed; the cache is not worth its space.
(cd "$folder/node" && PATH="$folder/venv/bin:$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --cache "$folder/cache")
rm -rf "$folder/cache"
cp "$here/package-lock.json" "$stamp"
