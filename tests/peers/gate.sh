# gate.sh - gate.mjs before the server that swift.sh starts
# shellcheck shell=sh disable=SC2034,SC2154
# shellcheck source=tests/peers/clouds.sh
. "$TESTS/peers/clouds.sh"

# Stands before the server and judges.
gate() {
	gate_run gate.mjs "$S3" "$S3_KEY" "$S3_SECRET"
}
