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

# compiled COMPILER shared|static SOURCE: makes $PLACE/program of what is
# installed, as anybody would.
compiled() {
	case $2 in
	shared) set -- "$1" "$3" "$(pkg-config --libs libspool)" ;;
	static) set -- "$1" "$3" "$LD_LIBRARY_PATH/libspool.a $(pkg-config \
	    --libs --static libspool | sed 's/-lspool//')" ;;
	esac
	# shellcheck disable=SC2046,SC2086 # words
	"$1" -Wall -Wextra -Werror $SANITIZE $(pkg-config --cflags \
	    libspool) "$2" $3 ${LINK-} \
	    -o "$PLACE/program" >"$PLACE/log" 2>&1
	status=$?
	assertEquals "$1 $2: $(cat "$PLACE/log")" 0 $status
}

# person [WRAPPER]...: what a person does, by that program.
person() {
	instance
	slow_retries
	start
	sink
	answers down 500
	run timeout 300 "$@" "$PLACE/program" "$SINK" "$BUILD/sbin/spoold"
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals "$(cat "$TESTS/data/person.expected")" "$OUT"
	assertEquals 'written and not dropped' '' \
	    "$(find "$SPOOL/tmp" "$SPOOL/data" "$SPOOL/new" -type f)"
	assertEquals 'nobody is left' '' "$(spoolds)"
	assertEquals 'duplicate
moving
moved
added: by hand
removed
moved away' "$(journal 'select(.dest == "two") | .reason // empty')"
}

test_a_program_does_what_a_person_does() {
	compiled gcc shared "$TESTS/system/person.c"
	person
}

test_so_does_one_with_the_static_library() {
	compiled gcc static "$TESTS/system/person.c"
	person env -u LD_LIBRARY_PATH
}

# The sanitizers' runtime is gcc's.
test_so_does_one_that_clang_made() {
	[ -z "$SANITIZE" ] || return 0
	compiled clang shared "$TESTS/system/person.c"
	person
}

test_so_does_one_that_clang_made_with_the_static_library() {
	[ -z "$SANITIZE" ] || return 0
	compiled clang static "$TESTS/system/person.c"
	person env -u LD_LIBRARY_PATH
}

# That test is worth something only if it calls everything.
test_every_call_is_tried() {
	sed -n '/^typedef/d; s/.*\*\?\(libspool_[a-z_]*\)(.*/\1/p' \
	    "$SOURCE/libspool/libspool.h" | sort -u >"$PLACE/declared"
	grep -o 'libspool_[a-z_]*(' "$TESTS/system/person.c" | tr -d '(' |
	    sort -u >"$PLACE/tried"
	assertEquals '' "$(comm -3 "$PLACE/declared" "$PLACE/tried")"
}

# Of verbs.def: "delivery.hold tickets"; each verb stands alone, too.
verbs_and_fields() {
	awk -F '[(,]' '
	/^VERB/ { split($0, part, "\""); verb[$2] = part[2]; print part[2] " " }
	/^FIELD/ { gsub(/ /, ""); print verb[$2] " " $3 }
	' "$SOURCE/lib/verbs.def" | sort
}

# An instance in which somebody else answers whatever is asked.
answering() {
	instance
	compiled gcc shared "$TESTS/system/every_call.c"
	mkdir -p "$INSTANCE/run"
	node "$TESTS/system/answers.mjs" "$INSTANCE/run/control.sock" \
	    "$SCRATCH/asked" 2>"$SCRATCH/log" &
	echo $! >"$SCRATCH/answers.pid"
	eventually test -f "$SCRATCH/asked"
}

test_every_verb_has_a_call_that_gives_it_all_its_fields() {
	answering
	run "$PLACE/program"
	ran 0 '' ''
	assertEquals "$(verbs_and_fields)" "$(sort -u "$SCRATCH/asked")"
}

# Valgrind knows no openat2(2), with which a job is dropped; that is for the
# sanitizers.
test_no_call_loses_a_byte() {
	[ -z "$SANITIZE" ] || return 0
	answering
	run valgrind -q --leak-check=full --error-exitcode=99 \
	    "$PLACE/program" asking
	ran 0 '' ''
}

# call_of VERB: what the call for it is called.
call_of() {
	echo "libspool_$(echo "${1#delivery.}" | tr . _)"
}

test_every_call_is_named_after_its_verb_and_in_the_manual() {
	verbs_and_fields | sed -n 's/ $//p' | while read -r verb; do
		call=$(call_of "$verb")
		grep -q "[*	 ]$call(" "$SOURCE/libspool/libspool.h" ||
		    echo "$verb: no $call in libspool.h"
	done >"$PLACE/missing"
	assertEquals '' "$(cat "$PLACE/missing")"
	while read -r call; do
		grep -q "^\.Fn $call\( \|$\)" "$SOURCE/man/spool.3" ||
		    echo "$call"
	done <<-END >"$PLACE/missing"
	$(sed -n '/^typedef/d; s/.*\*\?\(libspool_[a-z_]*\)(.*/\1/p' \
	    "$SOURCE/libspool/libspool.h" | sort -u)
	END
	assertEquals '' "$(cat "$PLACE/missing")"
}

# Each command stands on the calls; what no command asks has a reason.
test_every_verb_has_a_command_or_a_reason() {
	verbs_and_fields | sed -n 's/ $//p' | while read -r verb; do
		grep -qw "$(call_of "$verb")" "$SOURCE"/spoold/commands/*.c &&
		    has='command' || has=
		grep -q "^$verb	." "$TESTS/data/verbs_without_command.tsv" &&
		    has=$has${has:+ and }reason
		echo "$verb: ${has:-nothing}"
	done | grep -v -e ': command$' -e ': reason$' >"$PLACE/missing"
	assertEquals '' "$(cat "$PLACE/missing")"
}

# Their objects may name nothing else of its objects.
test_commands_know_libspool_by_its_header_alone() {
	nm -A "$BUILD"/obj/libspool/*.o | sed -n 's/.* [TDBR] //p' |
	    grep -v '^libspool_' | sort -u >"$PLACE/private"
	nm -u "$BUILD"/obj/spoold/commands/*.o "$BUILD"/obj/lib/cli*.o \
	    "$BUILD"/obj/lib/select*.o | sed -n 's/.* U //p' | sort -u \
	    >"$PLACE/used"
	assertTrue 'there are some' "[ -s '$PLACE/private' ]"
	assertEquals '' "$(comm -12 "$PLACE/private" "$PLACE/used")"
	assertEquals 'by name' '' "$(grep -l 'libspool_ask\|"libspool/' \
	    "$SOURCE"/spoold/commands/*.[ch] "$SOURCE"/lib/cli*.[ch] \
	    "$SOURCE"/lib/select*.[ch])"
}

test_one_that_cannot_be_started_says_so() {
	instance
	printf '%s\n' '#include <stdio.h>' '#include <libspool.h>' \
	    'int main(int argc, char **argv) { struct libspool_error error;' \
	    'struct libspool *spool = libspool_open(NULL, NULL, &error);' \
	    'libspool_set_offline(spool, argv[argc - 1]);' \
	    'puts(libspool_connect(spool, &error) == 0 ? "" :' \
	    'error.message); libspool_close(&spool); return 0; }' \
	    >"$PLACE/offline.c"
	compiled gcc shared "$PLACE/offline.c"
	run "$PLACE/program" /nonexistent/spoold
	ran 0 'run /nonexistent/spoold: No such file or directory' ''
	setting queue concurrency 0
	run "$PLACE/program" "$BUILD/sbin/spoold"
	assertContains "$OUT" "$CONF:"
}

# A caller who is told that it failed drops it again.
test_what_cannot_be_made_durable_is_taken_back_or_named() {
	instance
	compiled gcc shared "$TESTS/system/doubt.c"
	run "$PLACE/program" ok
	ran 0 "-1 INTERNAL_ERROR '' ''" ''
	assertEquals 'it is not dropped' '' \
	    "$(find "$SPOOL/new" "$SPOOL/tmp" -type f)"
	run "$PLACE/program" ok "$SPOOL/new/doubtful.json" \
	    "$SCRATCH/doubtful.json"
	ran 0 "-1 INTERNAL_ERROR 'id' 'doubtful.json'" ''
}

test_what_is_asked_by_mistake_is_refused() {
	instance
	compiled gcc shared "$TESTS/system/traps.c"
	run "$PLACE/program"
	ran 0 'second: USAGE
flush: USAGE
flush all: UNAVAILABLE
create: VALIDATION_ERROR
ask: KEPT
update: KEPT
create: KEPT
config: KEPT
none 7 0 0
0 0
26 taken back' ''
}

# A program that uses its process as it likes: see host.c.
test_a_timeout_ends_what_was_started_to_answer() {
	instance
	compiled gcc shared "$TESTS/system/host.c"
	printf '#!/bin/sh\nexec sleep 600\n' >"$SCRATCH/stuck"
	chmod 755 "$SCRATCH/stuck"
	run timeout 60 "$PLACE/program" late "$SCRATCH/stuck"
	ran 0 'UNAVAILABLE 110, children: 0' ''
}

test_a_timeout_ends_the_waiting_for_a_place_in_the_queue() {
	instance
	compiled gcc shared "$TESTS/system/host.c"
	crowded_socket
	run timeout 60 "$PLACE/program" late
	ran 0 'UNAVAILABLE 110, children: 0' ''
	run timeout 60 spoolsubmit -d ok -D 1
	assertEquals "$ERR" 0 "$STATUS"
	assertEquals 1 "$(find "$SPOOL/new" -type f | wc -l)"
	kill "$CROWD"
}

# crowded_socket: where spoold listens, nobody accepts, and no more fit in.
crowded_socket() {
	mkdir -p "$INSTANCE/run"
	python3 -c '
import os, socket, sys, time
os.chdir(sys.argv[1])
listener = socket.socket(socket.AF_UNIX)
listener.bind("control.sock")
listener.listen(0)
crowd = []
try:
    while True:
        one = socket.socket(socket.AF_UNIX)
        one.setblocking(False)
        one.connect("control.sock")
        crowd.append(one)
except BlockingIOError:
    open("crowded", "w").close()
time.sleep(600)' "$INSTANCE/run" &
	CROWD=$!
	eventually test -f "$INSTANCE/run/crowded"
}

test_what_the_caller_does_with_its_process_is_nothing_to_spoold() {
	instance
	compiled gcc shared "$TESTS/system/host.c"
	for how in closed ignoring waiting; do
		run timeout 60 "$PLACE/program" "$how" "$BUILD/sbin/spoold"
		assertEquals "$how: $ERR" 0 "$STATUS"
		assertEquals "$how" "$(spoold --version | cut -d' ' -f2), children: 0" "$OUT"
		assertEquals "$how: nobody is left" '' "$(spoolds)"
	done
}

# Nobody but its owner says where a setuid program looks.
test_a_setuid_program_follows_no_variable_of_its_caller() {
	[ "$(id -u)" = 0 ] && [ -z "$SANITIZE" ] || return 0
	instance
	printf '%s\n' '#include <stdio.h>' '#include <libspool.h>' \
	    'int main(void) { struct libspool_error error = { .code = "" };' \
	    'struct libspool *spool = libspool_open(NULL, NULL, &error);' \
	    'puts(error.message); libspool_close(&spool); return 0; }' \
	    >"$PLACE/setuid.c"
	compiled gcc static "$PLACE/setuid.c"
	chmod 755 "$PLACE"
	chown nobody "$PLACE/program"
	run env SPOOLD_CONFIG="$PLACE/none.conf" "$PLACE/program"
	assertContains "$OUT" "$PLACE/none.conf"
	chmod u+s "$PLACE/program"
	run env SPOOLD_CONFIG="$PLACE/none.conf" "$PLACE/program"
	assertNotContains "$OUT" "$PLACE/none.conf"
}

# Of those that come with an answer one is given, and the others closed.
test_descriptors_that_come_with_an_answer_do_not_stay_open() {
	instance
	compiled gcc shared "$TESTS/system/passed.c"
	mkdir -p "$INSTANCE/run"
	python3 "$TESTS/system/passing.py" "$INSTANCE/run/control.sock" &
	PASSING=$!
	eventually test -S "$INSTANCE/run/control.sock"
	run "$PLACE/program"
	ran 0 '1: given, 0 more
2: given, 0 more
3: INTERNAL_ERROR, 0 more
nonsense: INTERNAL_ERROR, 0 more
1: given, 0 more' ''
	kill "$PASSING"
}

test_what_the_caller_does_with_its_libraries_stays_so() {
	instance
	LINK=-lcjson
	compiled gcc shared "$TESTS/system/guest.c"
	LINK=
	run timeout 60 "$PLACE/program"
	ran 0 '400 opened, the hooks are kept' ''
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
	sed -n '/^typedef/d; s/.*\*\?\(libspool_[a-z_]*\)(.*/\1/p' \
	    "$PLACE/opt/spoold/include/libspool.h" | sort -u \
	    >"$PLACE/declared"
	nm -D --defined-only "$LD_LIBRARY_PATH/libspool.so" |
	    sed -n 's/.* T \(libspool_[a-z_]*\).*/\1/p' | sort -u \
	    >"$PLACE/defined"
	assertEquals '' "$(comm -3 "$PLACE/declared" "$PLACE/defined")"
}

. /usr/share/shunit2/shunit2
