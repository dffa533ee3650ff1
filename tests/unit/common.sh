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

# True in the sanitizers' builds: they have calls and memory of their own, so
# what is said of those is shown by the plain build.
sanitized() {
	case $BUILD in
	*san*) return 0 ;;
	esac
	return 1
}

# run_suite: the last line of every suite.
run_suite() {
	# shellcheck source=/dev/null
	. /usr/share/shunit2/shunit2
}
