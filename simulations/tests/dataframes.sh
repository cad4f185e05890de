#!/bin/sh
# A result in pandas and in polars, as the guide says. Needs python3, and its registry or the three packages
# in PYTHON's environment. Not among the quick tests.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-}
if [ -z "$python" ]; then
    python3 -m venv "$work/venv" && "$work/venv/bin/pip" install --quiet pandas polars pyarrow ||
        { echo "skipped: no pandas, polars and pyarrow here"; exit 0; }
    python=$work/venv/bin/python
fi
cargo run --quiet -p hedgerow-simulations --example made_up_result -- "$work/result" 2 > "$work/summary"
"$python" simulations/tests/dataframes.py "$work/result"
