#!/bin/sh
# Static analysis of the contracts. slither wants older libraries than ours, so it lives in an environment of its own:
# `make slither` makes it and calls this script; SLITHER_VENV=DIR names another one.
# Exits 0 when the findings per detector are those that SLITHER.md explains, 1 when they are not.
set -eu
: "${SLITHER_VENV:?set SLITHER_VENV to a virtual environment that has slither-analyzer}"
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# slither does not hand --via-ir on in standard JSON mode, and without it the stack is too small for our functions.
cat >"$work/solc" <<PYTHON
#!/usr/bin/env python3
import json, subprocess, sys
text = ""
if "--standard-json" in sys.argv:
    request = json.load(sys.stdin)
    request["settings"].update(viaIR=True, optimizer={"enabled": True}, evmVersion="cancun")
    text = json.dumps(request)
sys.exit(subprocess.run(["$PWD/solc_launcher.py", *sys.argv[1:]], input=text, text=True).returncode)
PYTHON
chmod +x "$work/solc"
"$SLITHER_VENV/bin/slither" src --solc-standard-json --compile-force-framework Solc-json --solc "$work/solc" \
    --solc-remaps "@openzeppelin/=node_modules/@openzeppelin/" --filter-paths node_modules \
    --json "$work/report.json" >"$work/report.txt" 2>&1 || true
[ -s "$work/report.json" ] || { cat "$work/report.txt"; exit 1; }
found=$("$SLITHER_VENV/bin/python" - "$work/report.json" <<'PYTHON'
import collections, json, sys
report = json.load(open(sys.argv[1]))
assert report["success"], report["error"]
counts = collections.Counter(finding["check"] for finding in report["results"].get("detectors", ()))
print("\n".join(f"{check} {counts[check]}" for check in sorted(counts)))
PYTHON
)
expected=$(sed -n 's/^| `\([a-z0-9-]*\)` | \([0-9]*\) |.*/\1 \2/p' SLITHER.md | LC_ALL=C sort)
if [ "$found" != "$expected" ]; then
    cat "$work/report.txt"
    printf 'Found:\n%s\nExplained in SLITHER.md:\n%s\n' "$found" "$expected"
    exit 1
fi
printf 'slither: every finding is explained\n%s\n' "$found"
