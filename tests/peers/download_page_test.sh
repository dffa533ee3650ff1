#!/bin/sh
# download_page_test - a link's page in Chromium, and what axe-core says of it
# shellcheck disable=SC1010,SC2119 # "done" is a queue; $@ is not passed on
# shellcheck source=tests/system/harness.sh
. "$(dirname "$0")/../system/harness.sh"
# shellcheck source=tests/peers/links.sh
. "$(dirname "$0")/links.sh"

tearDown() {
	links_end
}

# page TOKEN WIDTH SCHEME: what the browser finds is in $PAGE.
page() {
	PAGE=$(timeout 120 node "$TESTS/peers/download_page.mjs" "$URL/$1" \
	    "$LINKS/$1.$2.$3" "$2" "$3" ${SHOTS:+"$SHOTS/$1.$2.$3.png"} 2>&1)
}

test_the_page_is_for_everybody_at_any_width_by_day_and_night() {
	links_ready
	head -c 200000 /dev/urandom >"$LINKS/file"
	sum=$(sha256sum "$LINKS/file" | cut -d' ' -f1)
	link TOKEN file="$LINKS/file" name='report\s2026.pdf'
	for width in 1280 360; do
		for scheme in light dark; do
			page TOKEN $width $scheme
			assertEquals "$width $scheme" "status 200
title report 2026.pdf
main 1 h1 1 lang en scripts 0
sideways no
scheme $scheme
console silent
axe 0 violations of many rules
focus BUTTON visible large
got report 2026.pdf $sum
stays yes" "$PAGE"
		done
	done
	assertEquals 4 "$(asked 'take TOKEN from 127.0.0.1: yes')"
}

test_a_name_of_any_length_and_script_stays_within_the_page() {
	links_ready
	echo content >"$LINKS/file"
	sum=$(sha256sum "$LINKS/file" | cut -d' ' -f1)
	long=$(printf '%0200d' 0 | sed 's/0/x/g').txt
	link LONG file="$LINKS/file" name="$long"
	page LONG 320 light
	assertContains "$PAGE" 'sideways no'
	assertContains "$PAGE" 'axe 0 violations of many rules'
	link HEBREW file="$LINKS/file" name='תוצאות\sבדיקה\s(2026).txt'
	page HEBREW 360 light
	assertContains "$PAGE" 'title תוצאות בדיקה (2026).txt'
	assertContains "$PAGE" "got תוצאות בדיקה (2026).txt $sum"
	link MARKUP file="$LINKS/file" name='<b>&amp;\s"quoted".txt'
	page MARKUP 360 dark
	assertContains "$PAGE" 'title <b>&amp; "quoted".txt'
	assertContains "$PAGE" 'main 1 h1 1 lang en scripts 0'
	assertContains "$PAGE" 'console silent'
}

test_what_is_not_there_is_a_page_for_everybody_too() {
	links_ready
	for scheme in light dark; do
		page NOTHING 360 $scheme
		assertEquals "status 404
title Nothing here
main 1 h1 1 lang en scripts 0
sideways no
scheme $scheme
console Failed to load resource: the server responded with a status of 404 (Not Found)
axe 0 violations of many rules" "$PAGE"
	done
}

# shellcheck source=/dev/null
. /usr/share/shunit2/shunit2
