#!/usr/bin/env bash
# The demo: a sandbox in place of Meta, `relevo up` on a private PostgreSQL, and `relevo rehearse` in place of the people. Everything it makes is
# under .relevo/demo (or $RELEVO_DEMO_DIR) and is made anew each time.
#   demo.sh          run it, print the summary, end
#   demo.sh --page   serve the page of the last demo until Ctrl-C
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
export RELEVO_DATA_DIR="${RELEVO_DEMO_DIR:-$PWD/.relevo/demo}"
mode=${1:-}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
secret() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
# 8080 when nobody has it, so that the address is the one people expect.
page_port() { python3 -c 'import socket; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", 8080)); print(8080)' 2>/dev/null || free_port; }

if [ -z "${RELEVO_BIN:-}" ]; then
    echo "Building (a few minutes the first time)…" >&2
    mkdir -p .build
    # With the tests' own flags, so that `make test` and `make demo` share one build.
    swift build --product relevo >.build/demo-build.log 2>&1 || { grep -E 'error' .build/demo-build.log >&2; exit 1; }
    RELEVO_BIN="$(swift build --show-bin-path)/relevo"
fi
bin=$RELEVO_BIN
settings="$RELEVO_DATA_DIR/demo.env"

if [ "$mode" = --page ]; then
    [ -f "$settings" ] || { echo "There is no demo to show yet: run make demo first." >&2; exit 2; }
    set -a; . "$settings"; set +a
    echo "http://127.0.0.1:$RELEVO_HTTP_PORT/  (Ctrl-C ends it)"
    exec "$bin" serve
fi

# A demo that was killed has left its PostgreSQL running; it must be gone before its folder goes.
pid_file="$RELEVO_DATA_DIR/postgres/data/postmaster.pid"
if [ -f "$pid_file" ]; then
    kill -INT "$(head -n 1 "$pid_file")" 2>/dev/null || true
    for _ in $(seq 100); do [ -f "$pid_file" ] || break; sleep 0.1; done
fi
rm -rf "$RELEVO_DATA_DIR"
mkdir -p "$RELEVO_DATA_DIR"
port=$(page_port)
graph=$(free_port)
# Mode 0600 before anything is written: the two secrets are in it.
(umask 077; cat >"$settings" <<END
RELEVO_HTTP_PORT=$port
RELEVO_GRAPH_URL=http://127.0.0.1:$graph
RELEVO_REHEARSAL=true
RELEVO_APP_SECRET=${RELEVO_DEMO_APP_SECRET:-$(secret)}
RELEVO_WEBHOOK_VERIFY_TOKEN=${RELEVO_DEMO_VERIFY_TOKEN:-$(secret)}
RELEVO_LOG_FORMAT=text
END
)
set -a; . "$settings"; RELEVO_SANDBOX_TOKEN=${RELEVO_DEMO_TOKEN:-$(secret)}; set +a

children=()
# TERM first, so that both drain and the private PostgreSQL is stopped.
finish() {
    for child in "${children[@]}"; do kill -TERM "$child" 2>/dev/null || true; done
    for child in "${children[@]}"; do wait "$child" 2>/dev/null || true; done
}
trap finish EXIT
trap 'exit 130' INT TERM

"$bin" sandbox --fleet "$here/fleet.csv" --port "$graph" --start 2026-11-25T06:00:00Z --speed 60 --seed 1 \
    --webhook-url "http://127.0.0.1:$port/webhooks/whatsapp" --log "$RELEVO_DATA_DIR/sandbox.jsonl" 2>"$RELEVO_DATA_DIR/sandbox.log" &
children+=($!)
"$bin" up 2>"$RELEVO_DATA_DIR/relevo.log" &
up=$!
children=("$up" "${children[@]}")
"$bin" rehearse --fleet "$here/fleet.csv" --operators "$here/operators.csv" --settings "$here/planning.json" || {
    code=$?
    echo "The demo did not end as it should (exit $code). The logs: $RELEVO_DATA_DIR/relevo.log and sandbox.log" >&2
    tail -n 5 "$RELEVO_DATA_DIR/relevo.log" >&2
    exit "$code"
}
trap - EXIT
finish
