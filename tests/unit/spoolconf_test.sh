#!/bin/sh
# spoolconf_test - the settings as they are printed, and the file as it is edited
. tests/unit/common.sh
. tests/unit/by_hand.sh

setUp() {
	instance_by_hand
	unset SPOOLD_QUEUE_CONCURRENCY DELIVERY_RETRY_BASE_DELAY
}

# edited TEXT NAME VALUE: prints what the text is then.
edited() {
	printf '%s' "$1" >"$ROOT/text"
	"$BUILD/tests/probe_conf" -w "$ROOT/text" "$2" "$3"
}

# section -a|-r TEXT ORG: the text with that organization added or removed.
section() {
	printf '%s' "$2" >"$ROOT/text"
	"$BUILD/tests/probe_conf" "$1" "$ROOT/text" "$3"
}

# --- printing ---------------------------------------------------------------

test_every_setting_is_a_line_with_its_value() {
	expect 0 "$(sed -n 's/^CONF([a-z]*, \([a-z_]*\), \([a-z_]*\),.*/\1.\2/p' \
	    lib/conf.def | sed -e 's/^top\.//' -e 's/^encryption/security.&/' \
	    -e 's/^webhook_secrets/security.&/')" \
	    sh -c 'spoolconf -H | grep -v "^organization\|^transport"'
	assertEquals 'queue.concurrency = 50' \
	    "$(spoolconf | grep '^queue.concurrency')"
	assertEquals 'retry.permanent_status = 400,404,405,410,413,415,422' \
	    "$(spoolconf | grep '^retry.permanent_status')"
}

test_names_are_printed_in_the_order_in_which_they_are_asked_for() {
	expect 0 'retry.max_attempts = 10
organization.demo.egress_allow = private
security.ca_file = 
transport.webhook.processes = 1' spoolconf retry.max_attempts \
	    organization.demo.egress_allow security.ca_file \
	    transport.webhook.processes
	expect 0 '10' spoolconf -h retry.max_attempts
	expect 0 'retry.max_attempts' spoolconf -H retry.max_attempts
}

test_an_unknown_name_is_an_error_and_nothing_is_printed() {
	for name in queue.concurency queue concurrency '' organization.demo \
	    organization.lab.egress_allow transport.fax.processes; do
		expect 64 "spoolconf: USAGE: there is no setting $name; spoolconf -H lists those there are" \
		    spoolconf retry.max_attempts "$name"
	done
	expect 64 'spoolconf: USAGE: there is no setting a.b; spoolconf -H lists those there are' \
	    spoolconf -o a.b=1
	expect 64 'spoolconf: USAGE: there is no setting a.b; spoolconf -H lists those there are' \
	    spoolconf -e a.b=1
}

test_the_defaults_are_the_file_that_is_shipped() {
	expect 0 "$(cat etc/spoold.conf)" spoolconf -c /nonexistent -d
	printf 'queue { concurrency = 7 }\n' >>"$SPOOLD_CONFIG"
	expect 0 'queue.concurrency = 50' spoolconf -d queue.concurrency
	expect 0 '/var/spool/spoold' spoolconf -d -h spool_directory
}

test_what_differs_from_the_defaults() {
	expect 0 "spool_directory = $ROOT/spool
state_directory = $ROOT/state
log_directory = $ROOT/log
run_directory = $ROOT/run
key_directory = $ROOT/etc" spoolconf -n
	printf 'queue { concurrency = 7 }\ntransport webhook { concurrency = 50 }\n' \
	    >>"$SPOOLD_CONFIG"
	expect 0 'queue.concurrency = 7' sh -c 'spoolconf -n | tail -1'
}

test_where_a_value_comes_from() {
	expect 0 'retry.max_attempts = 10 (file)
queue.concurrency = 50 (default)' \
	    spoolconf --source retry.max_attempts queue.concurrency
	SPOOLD_QUEUE_CONCURRENCY=9 DELIVERY_RETRY_BASE_DELAY=7s
	export SPOOLD_QUEUE_CONCURRENCY DELIVERY_RETRY_BASE_DELAY
	expect 0 'queue.concurrency = 9 (environment)
retry.base_delay = 7s (environment)
retry.schedule =  (environment)
9 (override)' sh -c 'spoolconf --source queue.concurrency retry.base_delay \
	    retry.schedule; spoolconf -h --source -o queue.concurrency=9 \
	    queue.concurrency'
}

test_as_if_a_setting_had_another_value() {
	expect 0 'queue.concurrency = 7
retry.schedule = 1s,2s
transport.webhook.processes = 3
transport.webhook.concurrency = 50
organization.demo.egress_allow = 10.0.0.0/8,public' spoolconf \
	    -o queue.concurrency=8 -o queue.concurrency=7 \
	    -o retry.schedule=1s,2s -o transport.webhook.processes=3 \
	    -o organization.demo.egress_allow=10.0.0.0/8,public \
	    queue.concurrency retry.schedule transport.webhook.processes \
	    transport.webhook.concurrency organization.demo.egress_allow
	expect 78 'spoolconf: CONFIG_ERROR: queue.concurrency = "x": allowed is a whole number from 1 to 10000' \
	    spoolconf -o queue.concurrency=x
	expect 64 'spoolconf: USAGE: "nothing" is no NAME=VALUE' \
	    spoolconf -o nothing
	assertEquals 'the file is as it was' 'retry { max_attempts = 10 }' \
	    "$(grep retry "$SPOOLD_CONFIG")"
}

test_only_the_long_option_names_an_organization() {
	printf 'organization lab { }\n' >>"$SPOOLD_CONFIG"
	expect 0 'organization.lab.submitters = 
organization.lab.viewers = 
organization.lab.operators = 
organization.lab.administrators = 
organization.lab.auditors = 
organization.lab.egress_allow = private
organization.lab.plaintext_allow = 
organization.lab.pipes_allow = 
organization.lab.local_allow = 
organization.lab.quota_jobs = 0
organization.lab.quota_bytes = 0
organization.lab.requests_per_minute = -1
organization.lab.retention.delivered = 
organization.lab.retention.failed = 
organization.lab.retention.refused = 
organization.lab.retention.receipts = 
organization.lab.retention.tmp = ' \
	    sh -c 'spoolconf --organization lab | grep ^organization'
	expect 68 "spoolconf: ORGANIZATION_NOT_FOUND: organization \"x\" does not exist; $SPOOLD_CONFIG has those there are" \
	    spoolconf --organization x
	assertEquals '      --organization ORG' \
	    "$(spoolconf --help | grep -o '^.*--organization ORG')"
	assertEquals '  -o, --override NAME=VALUE' \
	    "$(spoolconf --help | grep -o '^.*--override NAME=VALUE')"
}

test_json_is_an_object_a_line() {
	expect 0 '{"name":"retry.max_attempts","value":"10","source":"file"}
{"name":"queue.concurrency","value":"50","source":"default"}' \
	    spoolconf -j retry.max_attempts queue.concurrency
	expect 64 '{"code":"USAGE","message":"there is no setting x; spoolconf -H lists those there are","details":{}}' \
	    spoolconf -j x
}

# --- editing ------------------------------------------------------------------

test_a_value_is_changed_where_it_stands_and_comments_stay() {
	expect 0 '# top
queue { # here
	concurrency = 7 # seven
	batch_size = 8 /* eight */ }' edited '# top
queue { # here
	concurrency = 50 # seven
	batch_size = 8 /* eight */ }
' queue.concurrency 7
}

test_a_section_is_added_at_the_end_and_taken_away_with_what_is_in_it() {
	before='# top
organization demo {
	# mine
	egress_allow = {"public"}	# why
}
# bottom'
	expect 0 "$before

organization lab {
}" section -a "$before" lab
	expect 0 'organization lab {
}' section -a '' lab
	expect 0 '# top
# bottom' section -r "$before" demo
	expect 0 "$before" section -r "$before

organization lab {
}
" lab
	expect 0 none section -r "$before" lab
	expect 0 none section -r '# organization lab { }
transport lab { }
retry { organization lab { } }' lab
}

test_of_several_sections_of_one_organization_none_stays() {
	expect 0 ' organization b { retention { failed = 1d } }
 # after' section -r 'organization "a" { } organization b { retention { failed = 1d } }
organization a { retention { failed = "} organization a {" } } # after' a
	expect 1 'CONFIG_ERROR: line 2 is none that can be read' section -r \
	    'organization a {
' a
}

test_comments_within_a_list_stay() {
	expect 0 'retry { schedule = {"1s", "1m"} # soon
 # later } "
 /* never
*/
}' edited 'retry { schedule = {"5s", # soon
  "5m" # later } "
/* never
*/ }
}' retry.schedule 1s,1m
	expect 0 'retry { schedule = {"1s"} # why
}' edited 'retry { schedule = # why
	{"5s"}
}' retry.schedule 1s
}

test_the_last_of_several_is_the_one_that_counts() {
	expect 0 'queue { concurrency = 1 }
queue { concurrency = 9 }' edited 'queue { concurrency = 1 }
queue { concurrency = 2 }
' queue.concurrency 9
	expect 0 'retry { schedule = {"1s"}
schedule = {"9s"} }' edited 'retry { schedule = {"1s"}
schedule += {"2s"} }' retry.schedule 9s
}

test_a_setting_is_added_to_its_section() {
	expect 0 'queue {
	#concurrency = 50
	concurrency = 7
}
retry {
}' edited 'queue {
	#concurrency = 50
}
retry {
}
' queue.concurrency 7
	expect 0 'security { tls_minimum = "1.2"
	encryption {
		enabled = true
	}
}' edited 'security { tls_minimum = "1.2" }' security.encryption.enabled true
	expect 0 'organization "lab" { }
organization demo {
	egress_allow = {"public", "10.0.0.0/8"}
}' edited 'organization "lab" { }
organization demo { }' organization.demo.egress_allow public,10.0.0.0/8
}

test_a_section_that_is_not_there_is_made() {
	expect 0 'sandbox = "required"

queue {
	concurrency = 7
}' edited 'sandbox = "required"' queue.concurrency 7
	expect 0 '# empty

transport webhook {
	processes = 2
}' edited '# empty
' transport.webhook.processes 2
}

test_a_section_within_an_organization_is_made_and_changed() {
	expect 0 'organization demo {
	egress_allow = {}
	retention {
		failed = 5d
	}
}' edited 'organization demo {
	egress_allow = {}
}' organization.demo.retention.failed 5d
	expect 0 'retention { failed = 1d }
organization demo { retention { failed = 6d } }' edited \
	    'retention { failed = 1d }
organization demo { retention { failed = 2d } }' \
	    organization.demo.retention.failed 6d
	expect 0 'retention { failed = 3d }
organization demo { retention { failed = 2d } }' edited \
	    'retention { failed = 1d }
organization demo { retention { failed = 2d } }' retention.failed 3d
}

test_a_setting_outside_of_sections_goes_to_those() {
	expect 0 'state_directory = "/s" # state
run_directory = "/r"
queue { concurrency = 7 }' edited 'state_directory = "/s" # state
queue { concurrency = 7 }
' run_directory /r
	expect 0 'run_directory = "/r"' edited '' run_directory /r
}

test_text_that_only_looks_like_a_setting_is_none() {
	expect 0 'log { target = "queue { concurrency = 1 }" } // queue {
# queue { concurrency = 2 }
log { target = '"'}'"' }

queue {
	concurrency = 7
}' edited 'log { target = "queue { concurrency = 1 }" } // queue {
# queue { concurrency = 2 }
log { target = '"'}'"' }
' queue.concurrency 7
}

test_what_cannot_be_read_is_not_edited() {
	for text in 'queue {' '}' 'queue { concurrency = }' 'queue' '= 7' \
	    'retry { schedule = {"5s" }' 'log { target = "x }'; do
		expect 1 'CONFIG_ERROR: line 1 is none that can be read' \
		    edited "$text" queue.concurrency 7
	done
}

test_every_value_reads_as_it_was_written() {
	while read -r name value; do
		expect 0 '' spoolconf -e "$name=$value"
		expect 0 "$value" spoolconf -h "$name"
	done <<-'END'
	sandbox besteffort
	log.target /var/log/a "b" ${HOME} \n $x.log
	queue.max_job_size 64k
	queue.scan_interval 2m
	retry.backoff_multiplier 1.5
	retry.permanent_status 418,404
	retry.schedule 1s,2s
	organization.demo.plaintext_allow 10.0.0.0/8,192.168.0.0/16
	transport.webhook.concurrency 3
	security.encryption.enabled true
	security.ca_file /etc/ssl/my ca.pem
	END
	expect 0 '' spoolconf -e retry.schedule= security.ca_file=
	expect 0 'retry.schedule = 
security.ca_file = ' spoolconf retry.schedule security.ca_file
}

test_a_wrong_value_leaves_the_file_alone() {
	before=$(stat -c %i "$SPOOLD_CONFIG"; cat "$SPOOLD_CONFIG")
	expect 78 "spoolconf: CONFIG_ERROR: $SPOOLD_CONFIG: queue.concurrency = \"0\": allowed is a whole number from 1 to 10000" \
	    spoolconf -e retry.max_attempts=3 queue.concurrency=0
	expect 78 "spoolconf: CONFIG_ERROR: $SPOOLD_CONFIG: there is no organization lab" \
	    spoolconf -e organization.lab.egress_allow=public
	expect 78 "spoolconf: CONFIG_ERROR: $SPOOLD_CONFIG: log.target: control characters cannot stand in a configuration" \
	    spoolconf -e 'log.target=a
b'
	expect 64 'spoolconf: USAGE: NAME=VALUE is missing; see spoolconf --help' \
	    spoolconf -e
	expect 64 'spoolconf: USAGE: -e takes no other option; see spoolconf --help' \
	    spoolconf -e -h queue.concurrency=0
	assertEquals "$before" \
	    "$(stat -c %i "$SPOOLD_CONFIG"; cat "$SPOOLD_CONFIG")"
	assertFalse 'nothing is left' "[ -e '$ROOT/etc/.spoold.conf.new' ]"
}

test_the_whole_new_file_is_checked() {
	printf 'queue { nonsense = 1 }\n' >>"$SPOOLD_CONFIG"
	line=$(wc -l <"$SPOOLD_CONFIG")
	before=$(cat "$SPOOLD_CONFIG")
	assertEquals "spoolconf: CONFIG_ERROR: $SPOOLD_CONFIG:$line: no such option" \
	    "$(spoolconf -e retry.max_attempts=3 2>&1 |
	    sed 's/no such option.*/no such option/')"
	assertEquals "$before" "$(cat "$SPOOLD_CONFIG")"
}

test_a_file_that_spoold_refuses_can_be_mended() {
	printf 'queue { concurrency = nonsense }\n' >>"$SPOOLD_CONFIG"
	spoolconf >/dev/null 2>&1
	assertEquals 78 $?
	expect 0 '' spoolconf -e queue.concurrency=7
	expect 0 'queue.concurrency = 7' spoolconf queue.concurrency
}

test_the_file_keeps_its_mode_and_a_link_to_it_stays() {
	chmod 640 "$SPOOLD_CONFIG"
	ln -s etc/spoold.conf "$ROOT/link"
	printf 'left behind' >"$ROOT/etc/.spoold.conf.new"
	expect 0 '' spoolconf -c "$ROOT/link" -e queue.concurrency=7
	assertEquals 640 "$(stat -c %a "$SPOOLD_CONFIG")"
	assertTrue 'still a link' "[ -h '$ROOT/link' ]"
	expect 0 'queue.concurrency = 7' spoolconf queue.concurrency
	assertFalse 'nothing is left' "[ -e '$ROOT/etc/.spoold.conf.new' ]"
}

test_of_those_who_edit_at_once_none_is_lost() {
	for name in queue.concurrency queue.batch_size retry.max_attempts \
	    transport.webhook.processes transport.intake.processes; do
		spoolconf -e "$name=9" &
	done
	wait
	expect 0 '9
9
9
9
9' spoolconf -h queue.concurrency queue.batch_size retry.max_attempts \
	    transport.webhook.processes transport.intake.processes
}

test_an_edit_that_is_killed_leaves_the_old_file() {
	for call in fchmod write fsync renameat; do
		instance_by_hand
		before=$(cat "$SPOOLD_CONFIG")
		strace -E ASAN_OPTIONS=detect_leaks=0 -f -o /dev/null \
		    -e "inject=$call:signal=KILL" \
		    spoolconf -e retry.max_attempts=3 >/dev/null 2>&1
		assertEquals "killed at $call" 137 $?
		assertEquals "$before" "$(cat "$SPOOLD_CONFIG")"
		expect 0 '' spoolconf -e retry.max_attempts=4
		expect 0 4 spoolconf -h retry.max_attempts
	done
}

run_suite
