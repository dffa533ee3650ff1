# shellcheck shell=sh
# common.sh - what every unit suite begins with: `. tests/unit/common.sh`
#
# Suites run from the top of the source tree; the probes are in $BUILD/tests.
# A probe that is missing answers 127, which no test expects.

BUILD=${BUILD:-build}

# expect STATUS TEXT COMMAND...: both exactly; standard error belongs to TEXT.
expect() {
	_status=$1 _text=$2
	shift 2
	_got=$("$@" 2>&1)
	assertEquals "status of: $*" "$_status" "$?"
	assertEquals "text of: $*" "$_text" "$_got"
}

. tests/sanitized.sh

# bound KIB: the memory that something may have; the sanitizers keep up to 256 MiB
# of what was freed.
bound() {
	if sanitized; then
		echo $(($1 + 300000))
	else
		echo "$1"
	fi
}

# run_suite: the last line of every suite.
run_suite() {
	# shellcheck source=/dev/null
	. /usr/share/shunit2/shunit2
}
