#!/bin/sh
# libspool_test - a C program does with libspool what a person does with the
# commands, built with what is installed and pkg-config alone
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/harness.sh"

SOURCE=$(CDPATH='' cd -- "$TESTS/.." && pwd)
SANITIZE=
! sanitized || SANITIZE=-fsanitize=address,undefined

oneTimeSetUp() {
	PLACE=$(mktemp -d "${TMPDIR:-/tmp}/spoold-libspool.XXXXXX")
	make -C "$SOURCE" BUILD="$BUILD" DESTDIR="$PLACE" PREFIX=/opt/spoold \
	    install >"$PLACE/log" 2>&1 || cat "$PLACE/log"
	PKG_CONFIG_SYSROOT_DIR=$PLACE
	PKG_CONFIG_PATH=$PLACE/opt/spoold/lib/pkgconfig
	export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_PATH
	# shellcheck disable=SC2046,SC2086 # words
	gcc -Wall -Wextra -Werror $SANITIZE \
	    "$SOURCE/etc/examples/spooler.c" \
	    $(pkg-config --cflags --libs libspool) \
	    -o "$PLACE/spooler" >"$PLACE/log" 2>&1 || cat "$PLACE/log"
	LD_LIBRARY_PATH=$PLACE/opt/spoold/lib
	export LD_LIBRARY_PATH
}

oneTimeTearDown() {
	[ -z "$PLACE" ] || rm -rf "$PLACE"
}

spooler() {
	run timeout 60 "$PLACE/spooler" "$@"
}

out() {
	echo "$OUT" | jq -r "$1"
}

test_a_program_submits_a_file_and_waits_for_it() {
	instance
	start
	sink
	spooler create "{\"id\":\"ok\",\"label\":\"ok\",\"type\":\"webhook\",
	    \"config\":{\"webhook\":{\"url\":\"$SINK/ok\",\"body\":\"file\"}}}"
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals ok "$(out '.destinations[0].id')"
	printf 'what it says' >"$SCRATCH/report"
	spooler submit "$SCRATCH/report" ok
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 'completed delivered' \
	    "$(out '"\(.status) \(.destinations[0].status)"')"
	ID=$(out .deliveryId)
	assertEquals "dropped $ID" "$ERR"
	assertEquals "$(sha256sum <"$SCRATCH/report")" \
	    "$(request "$ID" .sha256)  -"
	spooler payload "$ID" 'complaint 7'
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 'what it says' "$(head -1 "$SCRATCH/out")"
	assertEquals 'complaint 7' "$(journal 'select(.event ==
	    "payload.read") | .reason')"
	spooler list
	assertEquals 'ok 1' "$(out '"\(.deliveryDestinations[0].id) \(.totalCount)"')"
}

test_a_program_holds_releases_and_cancels() {
	instance
	slow_retries
	start
	sink
	destination down
	answers down 500
	spooler drop "$(job down)"
	assertEquals "$ERR" 0 "$STATUS"
	ID=$(out .deliveryId)
	eventually in_queue retry "$ID"
	spooler hold "$ID"
	assertEquals held "$(out '.tickets[0].status')"
	spooler status "$ID"
	assertEquals held "$(out '.destinations[0].status')"
	spooler ask delivery.explain "{\"deliveryId\":\"$ID\"}"
	assertEquals hold "$(out '.tickets[0].waitingFor')"
	spooler queue
	assertEquals 1 "$(out .heldCount)"
	spooler release "$ID"
	assertEquals released "$(out '.tickets[0].status')"
	eventually in_queue retry "$ID"
	spooler ask retry.schedule "{\"deliveryId\":\"$ID\"}"
	assertEquals 'down 2 10 backoff true' "$(out '"\(.destinationId) " +
	    "\(.currentAttempt) \(.maxAttempts) \(.waitingFor) " +
	    "\(.backoffDelay > 3000000 and .totalDelay >= .backoffDelay)"')"
	spooler cancel "$ID"
	assertEquals cancelled "$(out '.tickets[0].status')"
	spooler ask config.get '{"names":["retry.base_delay"]}'
	assertEquals 'retry.base_delay 1h file' \
	    "$(out '.settings[] | "\(.name) \(.value) \(.source)"')"
	spooler ask server.stop '{}'
	assertEquals '{}' "$OUT"
	eventually stopped
}

test_errors_are_those_of_the_commands() {
	instance
	start
	spooler status 00000000000000000000000000
	ran 66 '' 'spooler: DELIVERY_NOT_FOUND: nothing is known of 00000000000000000000000000'
	spooler drop '{"destinations":["ok"],"payload":{"type":"data","data":1}}'
	ran 68 '' 'spooler: DESTINATION_NOT_FOUND: there is no destination ok'
	spooler ask queue.status '{"x":1}'
	ran 65 '' 'spooler: VALIDATION_ERROR: x is no field of queue.status'
	spooler ask queue.status 'x'
	assertEquals 65 "$STATUS"
	SPOOLER_ORGANIZATION=nope spooler queue
	ran 68 '' 'spooler: ORGANIZATION_NOT_FOUND: there is no organization nope'
}

test_what_is_dropped_while_spoold_is_down_waits_for_it() {
	instance
	start
	sink
	destination ok
	stop
	spooler drop "$(job ok)"
	ran 75 '' "spooler: UNAVAILABLE: spoold is down; start it with spoolctl -c $CONF start"
	start
	eventually arrived ''
}

test_every_verb_has_a_call() {
	sed -n 's/^VERB([^"]*"\([^"]*\)".*/\1/p' "$SOURCE/lib/verbs.def" |
	    while read -r verb; do
		grep -q "\"$verb\"" "$SOURCE"/libspool/*.c ||
		    echo "$verb"
	done >"$PLACE/missing"
	assertEquals '' "$(cat "$PLACE/missing")"
}

test_nothing_but_its_own_symbols_can_be_seen() {
	# shellcheck disable=SC2086 # words
	assertEquals 'dynamic' '' "$(nm -D --defined-only \
	    "$LD_LIBRARY_PATH/libspool.so" | grep -v -e ' libspool_' \
	    -e ' LIBSPOOL_0$' -e asan -e ubsan -e sanitizer)"
	assertEquals 'static' '' "$(nm -g --defined-only \
	    "$LD_LIBRARY_PATH/libspool.a" | grep ' [A-Z] ' |
	    grep -v ' libspool_')"
	assertContains "$(readelf -d "$LD_LIBRARY_PATH/libspool.so")" \
	    'soname: [libspool.so.0]'
	sed -n 's/.*\*\?\(libspool_[a-z_]*\)(.*/\1/p' \
	    "$PLACE/opt/spoold/include/libspool.h" | sort -u \
	    >"$PLACE/declared"
	nm -D --defined-only "$LD_LIBRARY_PATH/libspool.so" |
	    sed -n 's/.* T \(libspool_[a-z_]*\).*/\1/p' | sort -u \
	    >"$PLACE/defined"
	assertEquals '' "$(comm -3 "$PLACE/declared" "$PLACE/defined")"
}

test_the_static_library_does_too() {
	instance
	start
	# shellcheck disable=SC2046,SC2086 # words
	run gcc $SANITIZE "$SOURCE/etc/examples/spooler.c" \
	    $(pkg-config --cflags libspool) \
	    "$LD_LIBRARY_PATH/libspool.a" $(pkg-config --libs --static \
	    libspool | sed 's/-lspool//') -o "$PLACE/static"
	assertEquals "$ERR" 0 "$STATUS"
	run env -u LD_LIBRARY_PATH "$PLACE/static" queue
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 0 "$(out .pendingCount)"
}

. /usr/share/shunit2/shunit2
