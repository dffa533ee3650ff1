# memory.sh - what the suites share that look for credentials in memory
#
# For suites that have sourced tests/system/harness.sh.
# shellcheck shell=sh disable=SC2034 # for the suites

# Below a sanitizer memory is not locked, and libraries leave behind what they
# do not elsewhere: so it is spoold that is judged, by what is left out of dumps.
KEPT='\blo\b.*\bdd\b' JUDGED=processes
! sanitized || KEPT='\bdd\b' JUDGED=supervisor

# Everything that the instance runs.
processes() {
	spoolds
	for parent in $(supervisor); do
		pgrep -P "$parent"
	done
}

# in_memory PID: which of the words on standard input, one a line and with
# `hex:` before bytes, it has in what it has written, but for memory that is
# locked and left out of dumps: there spoold has them.
in_memory() {
	node -e 'const fs = require("node:fs");
	    const [pid, kept] = process.argv.slice(1);
	    const words = fs.readFileSync(0, "utf8").trim().split("\n");
	    const memory = fs.openSync(`/proc/${pid}/mem`);
	    const maps = fs.readFileSync(`/proc/${pid}/smaps`, "utf8");
	    for (const [, from, to, flags] of maps.matchAll(
		/^([0-9a-f]+)-([0-9a-f]+) rw[^]*?^VmFlags: (.*)$/gm)) {
		const at = parseInt(from, 16), size = parseInt(to, 16) - at;
		// What a sanitizer notes of memory has none of its bytes.
		if (RegExp(kept).test(flags) || /\bio\b/.test(flags) ||
		    size >= 2 ** 30)
			continue;
		const bytes = Buffer.alloc(size);
		fs.readSync(memory, bytes, 0, size, at);
		for (const word of words)
			if (bytes.includes(word.startsWith("hex:") ?
			    Buffer.from(word.slice(4), "hex") : word))
				console.log(word);
	    }' "$1" "$KEPT"
}

# found_in_memory: likewise, of all that are judged, each with the name of who has it.
found_in_memory() {
	cat >"$SCRATCH/words"
	for pid in $($JUDGED); do
		program=$(tr '\0' ' ' <"/proc/$pid/cmdline")
		program=${program%% *}
		in_memory "$pid" <"$SCRATCH/words" | sort -u |
		    sed "s,^,${program##*/} ,"
	done
}
