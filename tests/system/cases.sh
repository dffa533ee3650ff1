# cases.sh - drops in numbers, each wrong in its own way
# shellcheck shell=sh

# Cases are files in $CASES, named as the drop; drop_cases computes all ids,
# then moves them all into new/ at once.  id_of NAME gives a case's id.
cases() {
	CASES=$SCRATCH/cases
	mkdir -p "$CASES"
}

# wrong NAME TEXT: a case's text, with printf's escapes.
wrong() {
	# shellcheck disable=SC2059 # the text is the format
	printf "$2" >"$CASES/$1"
}

drop_cases() {
	set --
	for case in "$CASES"/*; do
		name=${case##*/}
		cp "$case" "$SPOOL/tmp/$name"
		set -- "$@" "$SPOOL/tmp/$name" "=$name.json"
	done
	node "$TESTS/data/spool_id.mjs" "$ORG" "$@" >"$SCRATCH/ids"
	for case in "$CASES"/*; do
		echo "${case##*/}"
	done | paste -d ' ' - "$SCRATCH/ids" >"$SCRATCH/named"
	for case in "$CASES"/*; do
		name=${case##*/}
		mv -n "$SPOOL/tmp/$name" "$SPOOL/new/$name.json"
	done
}

id_of() {
	sed -n "s/^$1 //p" "$SCRATCH/named"
}

new_is_empty() {
	[ -z "$(find "$SPOOL/new" -mindepth 1)" ]
}

# refused NAME CODE [WHERE]: with that code, and details.path or .offset.
refused() {
	id=$(id_of "$1")
	file=$SPOOL/failed/$1.$id.json
	cmp -s "$CASES/$1" "$file" || fail "$1: not kept as $file"
	assertEquals "$1: code" "$2" "$(jq -r .code "$file.error")"
	assertEquals "$1: says why" true \
	    "$(jq '.message | length > 10' "$file.error")"
	if [ -n "${3-}" ]; then
		assertEquals "$1: where" "$3" "$(jq -r \
		    '.details | .path // .offset' "$file.error")"
	fi
	receipt_says "$1" "$id" ".status == \"refused\" and
	    .deliveryId == \"$id\" and .name == \"$1.json\" and
	    .error.code == \"$2\"" || fail "$1: receipt"
	assertEquals "$1: journaled" "$2" "$(journal \
	    "select(.event == \"refused\" and .job == \"$id\") | .errorCode")"
}

# many N PREFIX: that many words, quoted, with commas.
many() {
	seq -s ' ' 1 "$1" | sed "s/[0-9]*/\"$2&\"/g; s/ /,/g"
}
