#!/bin/sh
# conf_test - every setting from one table: the file, the environment, errors
. tests/unit/common.sh

probe() {
	env -i ${CONF_ENV:+"$CONF_ENV"} ${CONF_ENV2:+"$CONF_ENV2"} \
	    "$BUILD/tests/probe_conf" "$@"
}

setUp() {
	FILE=$SHUNIT_TMPDIR/spoold.conf
	CONF_ENV='' CONF_ENV2=''
}

# file TEXT: what stands in it from line 2 on.
file() {
	printf '# a comment\n%s\n' "$1" >"$FILE"
}

# says NAME VALUE
says() {
	expect 0 "$1 = $2" probe "$FILE" "$1"
}

# refused LINE WORDS: the file is, at that line.
refused() {
	expect 1 "CONFIG_ERROR: $FILE:$1: $2" probe "$FILE"
}

test_an_empty_file_gives_every_default() {
	file ''
	says spool_directory /var/spool/spoold
	says sandbox required
	says log.target syslog
	says queue.max_payload_size 50G
	says retry.schedule 5s,5m,30m,2h,5h,10h,14h,20h,24h
	says retry.permanent_status 400,404,405,410,413,415,422
	says security.encryption.enabled true
}

test_the_shipped_file_is_made_from_the_table() {
	expect 0 '' sh -c \
	    "'$BUILD/tools/tables' conf | diff - etc/spoold.conf"
}

test_the_shipped_file_sets_nothing_but_the_defaults() {
	file ''
	expect 0 "$(probe "$FILE")" probe etc/spoold.conf
}

test_what_the_shipped_file_has_as_a_comment_can_be_taken_in() {
	file ''
	sed -e 's/#\([a-z].*\)/\1/' -e 's/^#}/}/' -e 's/ID {/demo {/' \
	    -e 's/NAME {/fax {/' \
	    etc/spoold.conf >"$FILE.all"
	says queue.concurrency 50
	expect 0 "$(probe "$FILE")
organization.demo.submitters = 
organization.demo.viewers = 
organization.demo.operators = 
organization.demo.administrators = 
organization.demo.auditors = 
organization.demo.egress_allow = private
organization.demo.plaintext_allow = 
organization.demo.pipes_allow = 
organization.demo.local_allow = 
organization.demo.quota_jobs = 0
organization.demo.quota_bytes = 0
organization.demo.requests_per_minute = -1
organization.demo.retention.delivered = 
organization.demo.retention.failed = 
organization.demo.retention.refused = 
organization.demo.retention.receipts = 
organization.demo.retention.tmp = 
transport.webhook.processes = 1
transport.webhook.concurrency = 50
pipe.fax.command = 
pipe.fax.user = 
pipe.fax.time_limit = 5m
pipe.fax.memory_limit = 512M" probe "$FILE.all"
}

test_a_pipe_is_declared_with_its_words() {
	file 'pipe fax { command = {"/bin/fax", "-n", "a b"} time_limit = 10s }
	organization demo { pipes_allow = {"fax"} }'
	says pipe.fax.command '/bin/fax,-n,a b'
	says pipe.fax.time_limit 10s
	says pipe.fax.memory_limit 512M
	says organization.demo.pipes_allow fax
	file 'pipe Fax { command = {"/bin/fax"} }'
	refused 2 'pipe "Fax": allowed are a-z, 0-9 and -, beginning with a letter or digit, at most 63'
	file 'organization demo { pipes_allow = {"a b"} }'
	refused 2 'organization.demo.pipes_allow = "a b": allowed are a-z, 0-9 and -'
}

test_a_section_within_an_organization_is_its_own() {
	file 'retention { failed = 5d }
	organization demo { retention { delivered = 2h } egress_allow = {} }
	organization other { retention { failed = 3d } }'
	says organization.demo.retention.delivered 2h
	says organization.demo.retention.failed ''
	says organization.other.retention.delivered ''
	says organization.other.retention.failed 3d
	says retention.failed 5d
	says retention.delivered 7d
	file 'organization demo { retention { journal = 3d } }'
	expect 1 "CONFIG_ERROR: $FILE:2: no such option 'journal'; there are \
delivered, failed, refused, receipts, tmp" probe "$FILE"
	file 'organization demo { retention { delivered = soon } }'
	expect 1 "CONFIG_ERROR: $FILE:2: organization.retention.delivered = \
\"soon\": allowed is a duration (500ms, 30s, 5m) from 1s to 10000d" \
	    probe "$FILE"
}

test_values_of_each_type() {
	file 'sandbox = besteffort
	queue { max_job_size = 64k  processing_timeout = 1500
		scan_interval = "2m"  reserve_bytes = 1G  concurrency = 7 }
	retry { backoff_multiplier = 1.5  schedule = {"1s", 250ms}
		permanent_status = {418} }
	security { encryption { enabled = yes } tls_minimum = "1.3" }'
	says sandbox besteffort
	says queue.max_job_size 64k
	says queue.processing_timeout 1500ms
	says queue.scan_interval 2m
	says queue.reserve_bytes 1G
	says queue.concurrency 7
	says retry.backoff_multiplier 1.5
	says retry.schedule 1s,250ms
	says retry.permanent_status 418
	says security.tls_minimum 1.3
}

test_an_empty_list_is_one_that_was_set() {
	file 'retry { schedule = {} }'
	says retry.schedule ''
	expect 0 -1 probe -s "$FILE" 1
}

test_a_list_can_be_added_to() {
	file 'retry { permanent_status += {418} }'
	says retry.permanent_status 400,404,405,410,413,415,422,418
}

test_past_its_end_the_schedule_repeats_its_last_wait() {
	file 'retry { schedule = {"1s", "2s"} }'
	expect 0 '1000
2000
2000' probe -s "$FILE" 1 2 9
}

test_titled_sections_are_there_even_if_they_set_nothing() {
	file 'organization demo {}
	organization lab { egress_allow = {"loopback", "10.0.0.0/8"} }'
	says organization.demo.egress_allow private
	says organization.lab.egress_allow loopback,10.0.0.0/8
}

test_paths_are_seen_from_the_files_directory() {
	mkdir -p "$SHUNIT_TMPDIR/etc"
	FILE=$SHUNIT_TMPDIR/etc/spoold.conf
	file 'spool_directory = spool
	log { target = "spoold.log" }
	security { ca_file = "ca.pem" }'
	says spool_directory "$SHUNIT_TMPDIR/etc/spool"
	says log.target "$SHUNIT_TMPDIR/etc/spoold.log"
	says security.ca_file "$SHUNIT_TMPDIR/etc/ca.pem"
}

test_the_file_is_the_named_one_or_that_of_the_environment() {
	file 'sandbox = besteffort'
	CONF_ENV=SPOOLD_CONFIG=$FILE
	expect 0 'sandbox = besteffort' probe - sandbox
	CONF_ENV=SPOOLD_CONFIG=/nonexistent
	expect 1 'CONFIG_ERROR: /nonexistent: No such file or directory' \
	    probe -
	says sandbox besteffort
}

test_a_later_format_is_refused_whatever_else_there_is_and_where_it_stands() {
	for text in 'format = 2' 'format=2' 'format = "2"' "format ='2'" \
	    'format = 1
format = 2' 'later { a = {"x", "}"} } format = 2 more = 1' \
	    '/* format = 1 */ x = "{" format # too
 = 2'; do
		file "$text"
		assertContains "$text" "$(probe "$FILE")" 'is of format 2, which a later version of spoold has written'
	done
	for text in '# format = 2' 'log { target = "format = 2" }' \
	    '// format = 2
format = 1'; do
		file "$text"
		says format 1
	done
	file 'log { format = 2 }'
	refused 2 "no such option 'format'; there are level, target"
	file 'format = 0'
	refused 2 'format = "0": allowed is a whole number from 1 to 1'
}

test_an_unknown_setting_is_refused_with_those_that_there_are() {
	file 'retry { tries = 3 }'
	refused 2 "no such option 'tries'; there are max_attempts, schedule, \
base_delay, max_delay, backoff_multiplier, jitter_factor, permanent_status"
	file 'security {
	encryption { algorithm = rot13 } }'
	refused 3 "no such option 'algorithm'; there are enabled"
}

test_a_wrong_value_is_refused_with_its_line_and_what_is_allowed() {
	file '
	queue { concurrency = 0 }'
	refused 3 'queue.concurrency = "0": allowed is a whole number from 1 to 10000'
	file 'queue { concurrency = many }'
	refused 2 'queue.concurrency = "many": allowed is a whole number from 1 to 10000'
	file 'queue { scan_interval = 5x }'
	refused 2 'queue.scan_interval = "5x": allowed is a duration (500ms, 30s, 5m) from 1s to 1d'
	file 'queue { max_job_size = 1T }'
	refused 2 'queue.max_job_size = "1T": allowed is a size (64k, 10M, 2G) from 1k to 64M'
	file 'retry { jitter_factor = 1.5 }'
	refused 2 'retry.jitter_factor = "1.5": allowed is a number from 0.0 to 1.0'
	file 'retry { jitter_factor = nan }'
	refused 2 'retry.jitter_factor = "nan": allowed is a number from 0.0 to 1.0'
	file 'retry { schedule = {"5s", "soon"} }'
	refused 2 'retry.schedule = "soon": allowed is a duration (500ms, 30s, 5m) from 1ms to 365d'
	file 'user = "-spoold"'
	refused 2 'user = "-spoold": allowed is the name of a user or group: letters, digits, _, -, . and @, beginning with a letter'
	file 'organization demo { submitters = "1000" }'
	refused 2 'organization.demo.submitters = "1000": allowed is the name of a user or group: letters, digits, _, -, . and @, beginning with a letter'
	file 'retry { permanent_status = {200} }'
	refused 2 'retry.permanent_status = "200": allowed is an HTTP status from 400 to 599'
	file 'log { level = loud }'
	refused 2 'log.level = "loud": allowed is one of error, warning, info, debug'
	file 'spool_directory = ""'
	refused 2 'spool_directory = "": allowed is a path'
	file 'organization demo { egress_allow = {"everything"} }'
	refused 2 'organization.demo.egress_allow = "everything": allowed are CIDRs and the words private, public and loopback, with or without :PORT, and NAME:PORT, where * stands for a part of the name'
}

test_encryption_cannot_be_switched_off_and_the_error_says_why() {
	file 'security { encryption { enabled = false } }'
	refused 2 'security.encryption.enabled = "false": allowed is true: credentials are never kept in clear, so that a backup or a lost disk gives none away'
}

test_titles_are_checked() {
	file 'organization Demo {}'
	refused 2 'organization "Demo": allowed are a-z, 0-9 and -, beginning with a letter or digit, at most 63'
	file 'transport pigeon {}'
	refused 2 'transport "pigeon": there are webhook, pipe, email, storage, sftp, download, intake'
	file 'organization demo {}
	organization demo {}'
	refused 3 "found duplicate title 'demo'"
}

test_half_a_file_is_no_file() {
	file 'queue { concurrency = 7'
	refused 3 'the file ends within a section: a closing brace is missing'
	file 'log { target = "syslog }'
	refused 3 'premature end of file'
	printf 'sandbox = required\0' >"$FILE"
	expect 1 "CONFIG_ERROR: $FILE: has a NUL" probe "$FILE"
}

test_the_environment_wins_over_the_file() {
	file 'queue { concurrency = 7 }'
	CONF_ENV=SPOOLD_QUEUE_CONCURRENCY=9
	says queue.concurrency 9
	CONF_ENV=SPOOLD_RUN_DIRECTORY=/run/elsewhere
	says run_directory /run/elsewhere
	CONF_ENV=SPOOLD_RETRY_PERMANENT_STATUS=401,403
	says retry.permanent_status 401,403
	CONF_ENV=SPOOLD_QUEUE_SCAN_INTERVAL=1500
	says queue.scan_interval 1500ms
}

test_delivery_names_count_and_spoold_names_win() {
	file ''
	CONF_ENV=DELIVERY_QUEUE_CONCURRENCY=11
	says queue.concurrency 11
	CONF_ENV2=SPOOLD_QUEUE_CONCURRENCY=12
	says queue.concurrency 12
	CONF_ENV=DELIVERY_RETRY_MAX_ATTEMPTS=3 CONF_ENV2=DELIVERY_QUEUE_BATCH_SIZE=5
	says retry.max_attempts 3
	says queue.batch_size 5
}

test_a_retry_delay_from_the_environment_drops_the_schedule() {
	file ''
	for CONF_ENV in DELIVERY_RETRY_BASE_DELAY=200 \
	    DELIVERY_RETRY_MAX_DELAY=200 SPOOLD_RETRY_BASE_DELAY=200; do
		says retry.schedule ''
	done
	CONF_ENV=DELIVERY_RETRY_BASE_DELAY=200
	says retry.base_delay 200ms
	CONF_ENV2=SPOOLD_RETRY_SCHEDULE=7s
	says retry.schedule 7s
	CONF_ENV=SPOOLD_RETRY_BASE_DELAY=200
	says retry.schedule 7s
	CONF_ENV=DELIVERY_RETRY_MAX_ATTEMPTS=4 CONF_ENV2=''
	says retry.schedule 5s,5m,30m,2h,5h,10h,14h,20h,24h
}

test_a_wrong_variable_is_refused_by_its_name() {
	file ''
	CONF_ENV=SPOOLD_QUEUE_CONCURRENCY=lots
	expect 1 'CONFIG_ERROR: SPOOLD_QUEUE_CONCURRENCY in the environment: queue.concurrency = "lots": allowed is a whole number from 1 to 10000' \
	    probe "$FILE"
	CONF_ENV=DELIVERY_ENCRYPTION_ENABLED=false
	expect 1 'CONFIG_ERROR: DELIVERY_ENCRYPTION_ENABLED in the environment: security.encryption.enabled = "false": allowed is true: credentials are never kept in clear, so that a backup or a lost disk gives none away' \
	    probe "$FILE"
}

test_what_the_environment_did_is_known_and_what_it_could_not_do() {
	file ''
	CONF_ENV=SPOOLD_QUEUE_CONCURRENCY=9
	expect 0 '"environment":[{"variable":"SPOOLD_QUEUE_CONCURRENCY","value":"9"}]' \
	    probe -e "$FILE"
	CONF_ENV=SPOOLD_QUEUE_CONCURENCY=9
	expect 0 'unknown: SPOOLD_QUEUE_CONCURENCY' probe -e "$FILE"
	CONF_ENV=SPOOLD_SECURITY_ENCRYPTION_ENABLED=true
	expect 0 '"environment":[{"variable":"SPOOLD_SECURITY_ENCRYPTION_ENABLED","value":"true"}]' \
	    probe -e "$FILE"
	CONF_ENV=SPOOLD_CONFIG=$FILE
	expect 0 '' probe -e -
}

test_changes_are_named_with_old_and_new_values() {
	file 'organization demo {}'
	cp "$FILE" "$FILE.old"
	expect 0 '' probe -d "$FILE.old" "$FILE"
	file 'queue { concurrency = 7 }
	transport webhook { processes = 2 }
	organization demo { egress_allow = {"public"} }'
	expect 0 '"changes":[{"name":"queue.concurrency","old":"50","new":"7"},{"name":"organization.demo.egress_allow","old":"private","new":"public"},{"name":"transport.webhook.processes","old":"1","new":"2"}]' \
	    probe -d "$FILE.old" "$FILE"
	expect 0 '"changes":[{"name":"queue.concurrency","old":"7","new":"50"},{"name":"organization.demo.egress_allow","old":"public","new":"private"},{"name":"transport.webhook.processes","old":"2","new":"1"}]' \
	    probe -d "$FILE" "$FILE.old"
}

test_a_directory_cannot_change_while_spoold_runs() {
	file ''
	cp "$FILE" "$FILE.old"
	file 'log_directory = "/elsewhere"'
	expect 1 "CONFIG_ERROR: $FILE: log_directory cannot change while spoold runs: it needs a restart" \
	    probe -d "$FILE.old" "$FILE"
}

test_directories_to_write_to_are_absolute() {
	for wrong in x / 'a/b' '/a,b'; do
		file "organization demo { local_allow = {\"/ok\", \"$wrong\"} }"
		refused 2 "organization.demo.local_allow = \"$wrong\": allowed are absolute paths of directories, without a comma"
	done
}

run_suite
