# hostile.sh - what the suites of misbehaving servers share: a table of
# misbehaviours, met all at once, with a good server among them
#
# For suites that have sourced harness.sh.  A server is a program that writes
# DIR/destinations.N.json and DIR/wanted, a line for each row of its table:
# the destination, what is to become of its ticket, and `maybe` if the next
# attempt is marked as a possible duplicate.
# shellcheck shell=sh disable=SC2034 # for the suites

JOB_MAX=50	# destinations of one job
MEMORY=32768	# KiB that a worker may need at most
# ms; what a good destination takes at most, beside all others: as much longer
# where all is slower as anything is waited for
USUAL=$((TEST_PATIENCE * 150))

# certificate NAME SUBJECT_ALT_NAME [DAYS]: signed by the authority.
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj "/CN=$1" -keyout "$PKI/$1.key" -out "$PKI/$1.csr"
	printf 'subjectAltName=%s\n' "$2" >"$PKI/$1.ext"
	openssl x509 -req -in "$PKI/$1.csr" -CA "$PKI/ca.pem" \
	    -CAkey "$PKI/ca.key" -CAcreateserial -days "${3:-2}" \
	    -extfile "$PKI/$1.ext" -out "$PKI/$1.pem"
}

certificates() {
	PKI=$HOSTILE/pki
	mkdir "$PKI"
	for name in ca self; do
		openssl req -x509 -newkey ec -nodes -days 90 -subj /CN=$name \
		    -pkeyopt ec_paramgen_curve:P-256 \
		    -addext subjectAltName=IP:127.0.0.1 \
		    -keyout "$PKI/$name.key" -out "$PKI/$name.pem"
	done
	certificate good IP:127.0.0.1
	certificate expired IP:127.0.0.1 -1
	certificate elsewhere DNS:elsewhere.example
	# more than the 100 KiB that OpenSSL takes
	cp "$PKI/good.key" "$PKI/chain.key"
	{
		cat "$PKI/good.pem"
		for _ in $(seq 400); do
			cat "$PKI/ca.pem"
		done
	} >"$PKI/chain.pem"
}

# hostile_instance: with room for all of them at once, and without retries.
hostile_instance() {
	instance
	slow_retries
	setting retry jitter_factor 0
	setting queue concurrency 300
	printf 'transport %s {\n\tconcurrency = 300\n}\n' "$1" >>"$CONF"
	start
}

# hostile PROGRAM [ARGUMENT]...: the servers, and a destination for each.
hostile() {
	HOSTILE=$SCRATCH/hostile
	mkdir "$HOSTILE"
	certificates >"$HOSTILE/openssl.log" 2>&1
	program=$1
	shift
	node "$program" "$HOSTILE" "$@" >"$HOSTILE/log" 2>&1 &
	echo $! >"$SCRATCH/hostile.pid"
	eventually_within 60 test -s "$HOSTILE/wanted" || {
		cat "$HOSTILE/log" >&2
		return 1
	}
	[ ! -e "$HOSTILE/deaf.pid" ] ||
	    mv "$HOSTILE/deaf.pid" "$SCRATCH/deaf.pid"
	for file in "$HOSTILE"/destinations.*.json; do
		spooldest create "$file"
	done >"$SCRATCH/created" 2>&1
	assertEquals "$(grep : "$SCRATCH/created")" \
	    "$(wc -l <"$HOSTILE/wanted")" "$(grep -vc '^good$' \
	    "$SCRATCH/created")"
}

# Drops jobs that name every one of them.
drop_hostile() {
	cut -d ' ' -f 1 "$HOSTILE/wanted" >"$SCRATCH/names"
	split -l $JOB_MAX "$SCRATCH/names" "$SCRATCH/names."
	for names in "$SCRATCH"/names.*; do
		# shellcheck disable=SC2046 # a list
		drop "hostile-${names##*.}" "$(job $(cat "$names"))"
	done
}

# outcomes N: what became of the Nth attempts: `name outcome [code]`.
outcomes() {
	journal "select((.event == \"delivered\" or .event == \"deferred\" or
	    .event == \"failed\") and .attempt == $1 and .dest != \"good\") |
	    \"\(.dest) \(.event) \(.errorCode // \"\")\"" |
	    sed 's/ *$//' | sort
}

settled() {
	[ "$(outcomes "$1" | wc -l)" -eq "$2" ]
}

# Those whose outcome has no reason.
unexplained() {
	journal 'select((.event == "deferred" or .event == "failed") and
	    (.reason // "") == "") | .dest'
}

# The second attempts that may be duplicates.
marked() {
	journal 'select(.event == "attempt" and .attempt == 2 and
	    .possibleDuplicate) | .dest' | sort
}

# table [maybe]: what the table wants, or the names that it wants marked.
table() {
	case ${1-} in
	maybe) awk '/ maybe/ { print $1 }' "$HOSTILE/wanted" ;;
	*) awk '{ print $1, $2 ($3 ~ /^[A-Z]/ ? " " $3 : "") }' \
	    "$HOSTILE/wanted" ;;
	esac | sort
}

# as_wanted N: the Nth attempts became what the table has; the second ones,
# what of it was deferred.
as_wanted() {
	table >"$SCRATCH/table"
	[ "$1" = 1 ] || sed -i '/ deferred/!d' "$SCRATCH/table"
	eventually_within 60 settled "$1" "$(wc -l <"$SCRATCH/table")"
	outcomes "$1" >"$SCRATCH/outcomes"
	assertEquals "attempts $1" '' \
	    "$(diff "$SCRATCH/table" "$SCRATCH/outcomes")"
	assertEquals 'without a reason' '' "$(unexplained)"
}

marked_as_wanted() {
	table maybe >"$SCRATCH/table"
	marked >"$SCRATCH/marked"
	assertEquals 'marked' '' "$(diff "$SCRATCH/table" "$SCRATCH/marked")"
}

good_arrives() {
	drop "good-$1" "$(job good)"
	eventually delivered "$ID"
}

# The longest that a job for the good one took from its drop's acceptance on.
longest_good() {
	journal 'def ms: (.[0:19] + "Z" | fromdate) * 1000 +
	    (.[20:23] | tonumber);
	    select(.event == "accepted" or (.event == "delivered" and
	    .dest == "good")) | "\(.job) \(.event) \(.time | ms)"' | awk '
	    $2 == "accepted" { at[$1] = $3 }
	    $2 == "delivered" { took = $3 - at[$1]; if (took > most)
		most = took }
	    END { print most + 0 }'
}

sockets() {
	find "/proc/$1/fd" -lname 'socket:*' | wc -l
}

# No more of them than there were without a connection.
keeps_nothing() {
	[ "$(sockets "$1")" -le "$2" ]
}

# unharmed WORKER PID SOCKETS: what has to be true of it afterwards.
unharmed() {
	assertEquals 'no worker died' "$2" "$(workers "$1")"
	eventually keeps_nothing "$2" "$3"
	peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$2/status")
	sanitized || assertTrue "$peak KiB" "[ $peak -lt $MEMORY ]"
	assertEquals 'nothing is under way' '0 0' "$(count cur) $(journal \
	    'select(.event == "attempt" or .of) | .of // .seq' | sort -n |
	    uniq -c | awk '$1 != 2' | wc -l)"
	assertTrue "the good one took $(longest_good) ms" \
	    "[ $(longest_good) -le $USUAL ]"
}

# meets WORKER [CHECK]: all of them at once, twice, while a good one is served.
meets() {
	good_arrives before || return
	pid=$(workers "$1")
	without=$(($(sockets "$pid") - 1))
	drop_hostile
	for n in $(seq 20); do
		good_arrives "$n"
	done
	as_wanted 1
	${2:-true}
	run spoolq -f
	good_arrives again
	as_wanted 2
	marked_as_wanted
	good_arrives after
	unharmed "$1" "$pid" "$without"
}
