#!/bin/sh
# run_test - the runner counts what failed, and what did not come to its end
. tests/unit/common.sh

# suite LINE...: a suite that consists of these, as $SUITE.
suite() {
	SUITE=$SHUNIT_TMPDIR/suite_test.sh
	printf '%s\n' "$@" >"$SUITE"
}

oneTimeSetUp() {
	mkdir -p "$SHUNIT_TMPDIR/build/obj"
	echo 'cc -O2' >"$SHUNIT_TMPDIR/build/obj/flags"
}

# counts STATUS LAST_LINE: what the runner says of it.
counts() {
	_out=$(BUILD=$SHUNIT_TMPDIR/build TEST_LIMIT=${LIMIT:-20} tests/run \
	    "$SUITE" 2>&1)
	assertEquals "status: $_out" "$1" $?
	assertEquals "$2" "$(echo "$_out" | tail -1)"
}

test_passed_tests_are_counted() {
	suite 'test_a() { assertEquals 1 1; }' \
	    'test_b() { assertEquals 2 2; }' \
	    '. /usr/share/shunit2/shunit2'
	counts 0 '2 passed, 0 failed'
}

test_a_test_with_several_wrong_assertions_failed_once() {
	suite 'test_a() { assertEquals 1 2; assertEquals 1 3; }' \
	    'test_b() { assertEquals 2 2; }' \
	    '. /usr/share/shunit2/shunit2'
	counts 1 '1 passed, 1 failed'
	assertContains 'what went wrong is shown' "$_out" 'expected:<1>'
}

test_a_suite_without_a_test_failed() {
	suite '. /usr/share/shunit2/shunit2'
	counts 1 '0 passed, 1 failed'
}

test_a_suite_that_ends_early_failed() {
	suite 'test_a() { exit 0; }' \
	    '. /usr/share/shunit2/shunit2'
	counts 1 '0 passed, 1 failed'
	suite 'exit 0'
	counts 1 '0 passed, 1 failed'
	suite 'syntax (('
	counts 1 '0 passed, 1 failed'
}

test_a_suite_that_hangs_failed() {
	suite 'test_a() { sleep 60; }' \
	    '. /usr/share/shunit2/shunit2'
	LIMIT=1
	counts 1 '0 passed, 1 failed'
	LIMIT=
}

test_a_build_that_is_another_one_afterwards_failed() {
	suite "test_a() { echo cc >'$SHUNIT_TMPDIR/build/obj/flags'; }" \
	    '. /usr/share/shunit2/shunit2'
	counts 1 '1 passed, 1 failed'
	assertContains "$_out" 'was built anew, with other flags'
}

test_several_suites_are_summed_up() {
	suite 'test_a() { assertEquals 1 1; }' \
	    '. /usr/share/shunit2/shunit2'
	cp "$SUITE" "$SHUNIT_TMPDIR/other_test.sh"
	expect 1 "ok    $SUITE: 1 tests, 0 s
ok    $SHUNIT_TMPDIR/other_test.sh: 1 tests, 0 s
FAIL  /nonexistent_test.sh: did not finish (status 2), 0 s
2 passed, 1 failed" sh -c "BUILD='$SHUNIT_TMPDIR/build' TEST_JOBS=1 \
	    tests/run '$SUITE' \
	    '$SHUNIT_TMPDIR/other_test.sh' /nonexistent_test.sh |
	    grep -v 'cannot open' | sed 's/, [0-9]* s\$/, 0 s/'; exit 1"
}

test_two_suites_run_at_once_and_neither_breaks_into_the_other() {
	suite "test_a() {
		until [ -e $SHUNIT_TMPDIR/there ]; do sleep 0.05; done
		assertEquals 1 2; }" \
	    '. /usr/share/shunit2/shunit2'
	{
		echo "test_b() { touch '$SHUNIT_TMPDIR/there'"
		echo 'assertEquals 1 1; }'
		echo '. /usr/share/shunit2/shunit2'
	} >"$SHUNIT_TMPDIR/other_test.sh"
	_out=$(BUILD=$SHUNIT_TMPDIR/build TEST_LIMIT=60 tests/run "$SUITE" \
	    "$SHUNIT_TMPDIR/other_test.sh" 2>&1)
	assertEquals "$_out" 1 $?
	assertEquals "ok    $SHUNIT_TMPDIR/other_test.sh: 1 tests" \
	    "$(echo "$_out" | grep '^ok' | sed 's/, [0-9]* s$//')"
	assertEquals '1 passed, 1 failed' "$(echo "$_out" | tail -1)"
}

run_suite
