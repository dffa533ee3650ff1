# swift.sh - an OpenStack Swift with S3's interface, which verifies signatures
# shellcheck shell=sh
#
# swift_start: one node below $SWIFT, at $S3, with the bucket `spool`.  Ends
# with the suite, by the pids it wrote down.

S3_KEY=test:tester
S3_SECRET=testing

# port: one that nobody listens at.
port() {
	node -e 'const s = require("net").createServer().listen(0, "127.0.0.1",
	    () => { console.log(s.address().port); s.close(); })'
}

swift_ring() {
	(cd "$SWIFT/etc" && swift-ring-builder "$1.builder" create 4 1 1 &&
	    swift-ring-builder "$1.builder" add "r1z1-127.0.0.1:$2/d1" 1 &&
	    swift-ring-builder "$1.builder" rebalance) >>"$SWIFT/log" 2>&1
}

# swift_store KIND: one of its three back ends.
swift_store() {
	at=$(port)
	printf '%s\n' '[DEFAULT]' 'bind_ip = 127.0.0.1' "bind_port = $at" \
	    'workers = 0' "user = $(id -un)" "swift_dir = $SWIFT/etc" \
	    "devices = $SWIFT/srv" 'mount_check = false' \
	    'disable_fallocate = true' '[pipeline:main]' \
	    "pipeline = $1-server" "[app:$1-server]" "use = egg:swift#$1" \
	    >"$SWIFT/etc/$1-server.conf"
	swift_ring "$1" "$at"
	swift_run "swift-$1-server" "$SWIFT/etc/$1-server.conf"
}

swift_run() {
	setsid "$@" >>"$SWIFT/log" 2>&1 </dev/null &
	echo $! >>"$SWIFT/pids"
}

swift_proxy() {
	S3_PORT=$(port)
	S3=http://127.0.0.1:$S3_PORT
	printf '%s\n' '[DEFAULT]' 'bind_ip = 127.0.0.1' "bind_port = $S3_PORT" \
	    'workers = 0' "user = $(id -un)" "swift_dir = $SWIFT/etc" \
	    '[pipeline:main]' 'pipeline = catch_errors gatekeeper cache listing_formats s3api tempauth copy slo dlo versioned_writes symlink proxy-server' \
	    '[app:proxy-server]' 'use = egg:swift#proxy' \
	    'allow_account_management = true' 'account_autocreate = true' \
	    '[filter:catch_errors]' 'use = egg:swift#catch_errors' \
	    '[filter:gatekeeper]' 'use = egg:swift#gatekeeper' \
	    '[filter:cache]' 'use = egg:swift#memcache' \
	    "memcache_servers = 127.0.0.1:$1" \
	    '[filter:listing_formats]' 'use = egg:swift#listing_formats' \
	    '[filter:s3api]' 'use = egg:swift#s3api' \
	    'location = us-east-1' 's3_acl = false' \
	    'storage_domain = localhost' \
	    '[filter:tempauth]' 'use = egg:swift#tempauth' \
	    "user_test_tester = $S3_SECRET .admin" \
	    '[filter:copy]' 'use = egg:swift#copy' \
	    '[filter:slo]' 'use = egg:swift#slo' \
	    '[filter:dlo]' 'use = egg:swift#dlo' \
	    '[filter:symlink]' 'use = egg:swift#symlink' \
	    '[filter:versioned_writes]' 'use = egg:swift#versioned_writes' \
	    'allow_versioned_writes = true' \
	    'allow_object_versioning = true' >"$SWIFT/etc/proxy-server.conf"
	swift_run swift-proxy-server "$SWIFT/etc/proxy-server.conf"
}

swift_start() {
	SWIFT=$(mktemp -d "${TMPDIR:-/tmp}/spoold-swift.XXXXXX") || exit 1
	mkdir -p "$SWIFT/etc" "$SWIFT/srv/d1"
	printf '%s\n' '[swift-hash]' 'swift_hash_path_suffix = a' \
	    'swift_hash_path_prefix = b' '[storage-policy:0]' 'name = p0' \
	    'default = yes' >"$SWIFT/etc/swift.conf"
	cached=$(port)
	swift_run memcached -u nobody -l 127.0.0.1 -p "$cached" -m 32
	for kind in account container object; do
		swift_store $kind
	done
	swift_proxy "$cached"
	SCRATCH=$SWIFT LOG=$SWIFT eventually_within 60 s3 make spool
}

swift_end() {
	[ -n "$SWIFT" ] && [ -f "$SWIFT/pids" ] || return 0
	while read -r pid; do
		kill "$pid" 2>/dev/null
	done <"$SWIFT/pids"
	rm -rf "$SWIFT"
	SWIFT=
}

# s3 COMMAND ARGUMENT...: the provider's SDK, at $S3; see s3.mjs.
s3() {
	NODE_NO_WARNINGS=1 node "$TESTS/peers/s3.mjs" "$S3" "$S3_KEY" "$S3_SECRET" "$@"
}
