# sshd.sh - an OpenSSH server of the test's own, on loopback
#
# For suites that have sourced tests/system/harness.sh.  `ssh_keys` makes the
# keys of the server and of the client once, below $KEYS; `sshd` starts a
# server for this test, with its files below $REMOTE, and `sftp_destination`
# makes a destination there.
# shellcheck shell=sh disable=SC2034 # for the suites

# ssh_keys: of each type that there is, and the client's once more encrypted.
ssh_keys() {
	KEYS=$SHUNIT_TMPDIR/keys
	mkdir "$KEYS"
	for type in ed25519 ecdsa rsa; do
		ssh-keygen -q -t $type -N '' -C '' -f "$KEYS/host_$type"
		ssh-keygen -q -t $type -N '' -C '' -f "$KEYS/user_$type"
	done
	cat "$KEYS"/user_*.pub >"$KEYS/authorized"
	# sshd(8) as root has a directory for who has not logged in yet.
	[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
}

# free_port: one that nobody listens at.
free_port() {
	node -e 'const s = require("node:net").createServer();
	    s.listen(0, "127.0.0.1", () => { console.log(s.address().port);
	    s.close(); })'
}

listens() {
	node -e 'require("node:net").connect(process.argv[1], "127.0.0.1")
	    .on("data", () => process.exit(0))
	    .on("error", () => process.exit(1))
	    .on("close", () => process.exit(1))' "$1"
}

# sshd [LINE]...: starts one with these lines first in its configuration.
sshd() {
	REMOTE=$SCRATCH/remote
	[ -d "$REMOTE" ] || mkdir "$REMOTE"
	SSHD_PORT=${SSHD_PORT:-$(free_port)}
	{
		printf '%s\n' "$@"
		for type in ${HOST_KEYS:-ed25519 ecdsa rsa}; do
			echo "HostKey $KEYS/host_$type"
		done
		cat <<-END
		Port $SSHD_PORT
		ListenAddress 127.0.0.1
		AuthorizedKeysFile $KEYS/authorized
		PermitRootLogin yes
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		StrictModes no
		UsePAM no
		PidFile none
		LogLevel VERBOSE
		MaxStartups 100
		Subsystem sftp internal-sftp
		ForceCommand internal-sftp -d $REMOTE
		END
	} >"$SCRATCH/sshd.conf"
	${SSHD_UNDER:-} /usr/sbin/sshd -D -e -f "$SCRATCH/sshd.conf" \
	    2>>"$SCRATCH/sshd.log" &
	echo $! >"$SCRATCH/sshd.pid"
	eventually listens "$SSHD_PORT"
}

# How many logged in.
logins() {
	grep -c '^Accepted [a-z/-]* for ' "$SCRATCH/sshd.log"
}

# fingerprint TYPE: of the server's key, as ssh-keygen prints it.
fingerprint() {
	ssh-keygen -l -f "$KEYS/host_$1.pub" | cut -d ' ' -f 2
}

# sftp_destination NAME [MORE]: MORE is an object for jq that is added to the
# settings, with $key as the user's ed25519 key.
sftp_destination() {
	jq -n --arg id "$1" --argjson port "$SSHD_PORT" \
	    --arg user "$(id -un)" --arg pin "$(fingerprint ed25519)" \
	    --rawfile key "$KEYS/user_ed25519" \
	    "{id: \$id, label: \$id, type: \"sftp\", config: {sftp: ({
	    host: \"127.0.0.1\", port: \$port, username: \$user,
	    hostKey: \$pin, privateKey: \$key, timeout: 5000} +
	    ${2:-{\}} | with_entries(select(.value != null)))}}" |
	    spooldest create - >"$SCRATCH/created" 2>&1
	assertEquals "$1" "$(cat "$SCRATCH/created")"
}

# sftp_instance: one that is running, with a server beside it.
sftp_instance() {
	SSHD_PORT=
	instance
	slow_retries
	setting "organization $ORG" egress_allow '{"loopback"}'
	start
	sshd "$@"
}

# file NAME BYTES: a file to be dropped, and a copy of it to compare with.
payload() {
	head -c "$2" /dev/urandom >"$SCRATCH/$1"
	cp "$SCRATCH/$1" "$SPOOL/data/$1"
}

# file_job DESTINATION NAME [MORE]: the text of a job with that file.
file_job() {
	printf '{"destinations":["%s"],"payload":{"type":"export","file":"%s"
	    %s}}' "$1" "$2" "${3:+,$3}"
}

# What the journal says of the last attempt for a destination.
said() {
	journal "select(.dest == \"$1\" and (.event == \"deferred\" or
	    .event == \"failed\")) | \"\(.event) \(.errorCode) \(.reason)\"" |
	    tail -1
}

deferred() {
	[ -n "$(said "$1")" ]
}
