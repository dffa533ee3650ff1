# azurite.sh - the emulator of Azure Storage that Microsoft gives
# shellcheck shell=sh
#
# azurite_start: below $AZURITE_DIR, at $AZURITE, with the container `spool`.
# Ends with the suite, by the pid it wrote down.

AZURE_ACCOUNT=devstoreaccount1
# Everybody's, as Microsoft's pages have it.
AZURE_KEY='Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

azurite_start() {
	AZURITE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/spoold-azurite.XXXXXX") ||
	    exit 1
	AZURITE_PORT=$(node -e 'const s = require("net").createServer()
	    .listen(0, "127.0.0.1", () => { console.log(s.address().port);
	    s.close(); })')
	setsid node "$TESTS/peers/node_modules/azurite/dist/src/blob/main.js" \
	    --silent --location "$AZURITE_DIR" --blobHost 127.0.0.1 \
	    --blobPort "$AZURITE_PORT" --disableTelemetry --skipApiVersionCheck \
	    >"$AZURITE_DIR/log" 2>&1 </dev/null &
	echo $! >"$AZURITE_DIR/pid"
	AZURITE=http://127.0.0.1:$AZURITE_PORT/$AZURE_ACCOUNT
	tries=0
	until azure make spool 2>"$AZURITE_DIR/why"; do
		tries=$((tries + 1))
		[ $tries -lt 60 ] && kill -0 "$(cat "$AZURITE_DIR/pid")" || {
			cat "$AZURITE_DIR/why" >&2
			exit 1
		}
		sleep 0.2
	done
}

azurite_end() {
	[ -n "$AZURITE_DIR" ] || return 0
	kill -9 "$(cat "$AZURITE_DIR/pid")"
	rm -rf "$AZURITE_DIR"
	AZURITE_DIR=
}

# azure COMMAND CONTAINER ARGUMENT...: as Azure's own library has it; azure.mjs.
azure() {
	node "$TESTS/peers/azure.mjs" "$AZURITE" "$AZURE_ACCOUNT" \
	    "$AZURE_KEY" "$@"
}
