#!/bin/sh
# injection_test - line breaks, NUL, `..`, absolute paths, what is too long or no
# UTF-8, in every value that a job supplies and that reaches the wire or a path,
# for every transport: refused with the field's path, and nothing arrives
# shellcheck disable=SC1010,SC2034,SC2119 # "done" is a queue; by name; $@
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/peers/sshd.sh
. "$TESTS/peers/sshd.sh"

oneTimeSetUp() {
	ssh_keys
}

# Everything that a destination of any type can be reached at.
receivers() {
	mkdir "$SCRATCH/share" "$SCRATCH/discard"
	setting "organization $ORG" local_allow "{\"$SCRATCH/share\"}"
	printf '#!/bin/sh\ntouch "%s/ran"\n' "$SCRATCH" >"$SCRATCH/program"
	chmod 755 "$SCRATCH/program"
	printf 'pipe p {\n\tcommand = {"%s"}\n}\n' "$SCRATCH/program" >>"$CONF"
	setting "organization $ORG" pipes_allow '{"p"}'
	setting download listen "unix:$SCRATCH/socket"
	start
	node "$TESTS/peers/discard.mjs" "$SCRATCH/discard" \
	    >"$SCRATCH/discard/log" 2>&1 &
	echo $! >"$SCRATCH/discard.pid"
	eventually test -s "$SCRATCH/discard/port"
	read -r HTTP SMTP <"$SCRATCH/discard/port"
	SSHD_PORT=
	sshd
}

# template NAME TYPE CONFIG: one whose templates have the job's values in them.
template() {
	printf '{"id":"%s","label":"%s","type":"%s","config":{"%s":%s}}' "$1" \
	    "$1" "$2" "$2" "$3" | spooldest create - >"$SCRATCH/created" 2>&1
	assertEquals "$1" "$(tail -1 "$SCRATCH/created")"
}

local_at='"provider":"local","config":{"directory"'
mail='"from":"s@example.org","recipients":["a@example.net"]'

templates() {
	server="\"smtpConfig\":{\"host\":\"127.0.0.1\",\"port\":$SMTP,
	    \"startTls\":\"never\"}"
	bucket="\"provider\":\"s3\",\"config\":{\"endpoint\":
	    \"http://127.0.0.1:$HTTP\",\"bucket\":\"spool\",\"region\":\"r\",
	    \"accessKeyId\":\"k\",\"secretAccessKey\":\"s\"}"
	azure="\"provider\":\"azure\",\"config\":{\"endpoint\":
	    \"http://127.0.0.1:$HTTP/account\",\"container\":\"spool\",
	    \"accountName\":\"account\",\"accountKey\":
	    \"$(printf %064d 0 | base64 -w 0)\"}"
	gcs="\"provider\":\"gcs\",\"config\":{\"endpoint\":
	    \"http://127.0.0.1:$HTTP\",\"bucket\":\"spool\",
	    \"accessToken\":\"token\"}"
	sendgrid='"apiKey":"k"' resend='"apiKey":"k"'
	ses='"region":"eu-west-1","accessKeyId":"k","secretAccessKey":"s"'
	custom='"requestTemplate":{"s":"{{message.subject}}",
	    "n":"{{message.attachment.name}}",
	    "c":"{{message.attachment.content}}"}'
	links='"baseUrl":"https://files.example"'
	template webhook webhook "{\"url\":\"http://127.0.0.1:$HTTP/a\"}"
	template pipe pipe '{"pipe":"p"}'
	template email email "{$server,$mail}"
	template email-subject email "{$server,$mail,\"subject\":\"x {{v}}\"}"
	template email-name email "{$server,$mail,\"attachmentName\":\"{{v}}\"}"
	template local storage "{$local_at:\"$SCRATCH/share\"}}"
	template local-in storage "{$local_at:\"$SCRATCH/share\"},
	    \"path\":\"in/{metadata.v}\",\"filename\":\"x\"}"
	template local-by storage "{$local_at:\"$SCRATCH/share\"},
	    \"filename\":\"{correlationId}\"}"
	template s3 storage "{$bucket}"
	template s3-in storage "{$bucket,\"filename\":\"in/{metadata.v}\"}"
	template s3-by storage "{$bucket,\"path\":\"{correlationId}/x\"}"
	for provider in azure gcs; do
		eval "bucket=\$$provider"
		template $provider storage "{$bucket}"
		template $provider-in storage \
		    "{$bucket,\"filename\":\"in/{metadata.v}\"}"
		template $provider-by storage \
		    "{$bucket,\"path\":\"{correlationId}/x\"}"
	done
	for service in sendgrid resend ses custom; do
		eval "server=\$$service"
		server="\"service\":\"$service\",\"endpoint\":
		    \"http://127.0.0.1:$HTTP/$service\",$server"
		template $service email "{$server,$mail}"
		template $service-subject email \
		    "{$server,$mail,\"subject\":\"x {{v}}\"}"
		template $service-name email \
		    "{$server,$mail,\"attachmentName\":\"{{v}}\"}"
	done
	template download download "{$links}"
	template download-in download "{$links,\"filename\":\"{metadata.v}\"}"
	template download-by download "{$links,\"filename\":\"a{correlationId}\"}"
	sftp_destination sftp
	sftp_destination sftp-in '{path: "{metadata.v}", createDirectories: true}'
	sftp_destination sftp-by '{filename: "a{correlationId}.json"}'
}

all_looked_at() {
	[ "$(find "$SPOOL/new" -type f | wc -l)" -eq 0 ] && counts cur 0 &&
	    counts retry 0
}

test_no_value_of_a_job_becomes_a_line_a_header_or_another_path() {
	instance
	receivers
	templates
	node "$TESTS/peers/injection.mjs" drop "$SPOOL"
	eventually_within 120 all_looked_at
	run node "$TESTS/peers/injection.mjs" check "$SPOOL"
	assertEquals '225 refused, 255 failed' "$OUT"
	assertFalse 'nothing arrived' '[ -e "$SCRATCH/discard/took" ]'
	assertEquals 'no file' '' "$(find "$SCRATCH/share" "$REMOTE" -type f)"
	assertEquals 'no link' '' "$(find "$SPOOL/jobs" -name '*.link')"
	assertFalse 'no program' '[ -e "$SCRATCH/ran" ]'
}

. /usr/share/shunit2/shunit2
