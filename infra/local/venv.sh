#!/usr/bin/env bash
# venv.sh FOLDER REQUIREMENTS: a virtual environment with exactly these pins; made anew when the pins changed.
set -euo pipefail
folder=$1 requirements=$2
stamp=$folder/installed-requirements.txt

cmp -s "$requirements" "$stamp" && exit 0

if ! command -v python3 >/dev/null; then
    echo "Python 3 is missing; the local stack needs it (Debian: apt-get install python3 python3-venv)." >&2
    exit 1
fi
if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    echo "This Python cannot make virtual environments (Debian: apt-get install python3-venv)." >&2
    exit 1
fi

rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
cp "$requirements" "$stamp"
