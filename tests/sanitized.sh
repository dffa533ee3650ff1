# sanitized.sh - whether the build under test is one of the sanitizers'
#
# What it was compiled with says so, and not what somebody called its directory.
# shellcheck shell=sh

# True in the sanitizers' builds, which have calls and memory of their own: what
# is said of those is less there, but something.
sanitized() {
	grep -q -e -fsanitize= "$BUILD/obj/flags"
}
