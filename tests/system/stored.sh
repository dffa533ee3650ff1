# stored.sh - the records of what is to be erased, as the tests see them
# shellcheck shell=sh disable=SC2154

# The records, as DAY/NAME.
records() {
	(cd "$SPOOL/stored" && find . -type f | sed 's,^\./,,' | sort)
}

# due ID [DESTINATION]: its records were made two hundred days ago.
due() {
	for record in "$SPOOL"/stored/*/"$1.${2-}"*; do
		overdue "$record"
	done
}

overdue() {
	day=$(date -u -d '170 days ago' +%F)
	mkdir -p "$SPOOL/stored/$day"
	then=$(date -u -d '200 days ago' +%FT%T.000Z)
	sed "s/\"storedAt\":\"[^\"]*\"/\"storedAt\":\"$then\"/" "$1" \
	    >"$SCRATCH/record"
	rm "$1"
	rmdir "${1%/*}" 2>/dev/null
	cp "$SCRATCH/record" "$SPOOL/stored/$day/${1##*/}"
	touch -d '170 days ago' "$SPOOL/stored/$day/${1##*/}"
}

# sweep COUNT [OPTION]...: asks for one, which erases so many.
sweep() {
	want=$1
	shift
	run spoolsuper -p "$@"
	assertEquals "sweep: $ERR" 0 "$STATUS"
	assertEquals "erased of: $OUT" "$want" \
	    "$(echo "$OUT" | sed -n 's/^stored: \([0-9]*\) objects*$/\1/p')"
}

# The `erased` lines: destination, code and reason.
erased() {
	journal 'select(.event == "erased") |
	    "\(.dest) \(.errorCode) \(.reason)"'
}

# The alert, while it lasts.
alerted() {
	spoolctl status --json | jq -r '.alerts[] |
	    select(.name == "stored-but-not-erased") | .reason'
}
