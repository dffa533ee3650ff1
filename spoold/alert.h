/*
 * alert - what needs a person, said once when it starts and once when it ends
 *
 * An alert is an `alert` line in the journal and a line in the log at
 * `warning`.  Which there are stands in the table below.
 */
#ifndef SPOOLD_ALERT_H
#define SPOOLD_ALERT_H

#include <stdint.h>

#include "lib/buf.h"

struct spoold;

/* ALERT(identifier, name) */
#define ALERTS_TABLE(ALERT)						\
	ALERT(journal, "journal-unwritable")				\
	ALERT(action, "journaled-but-not-carried-out")			\
	ALERT(journal_damaged, "journal-damaged")			\
	ALERT(checkpoint, "checkpoint-failed")				\
	ALERT(reserve, "storage-reserve")				\
	ALERT(watch, "inotify-unavailable")				\
	ALERT(worker, "worker-failing")					\
	ALERT(restored, "restored-from-backup")				\
	ALERT(lost, "ticket-removed-by-hand")				\
	ALERT(damaged, "ticket-unreadable")				\
	ALERT(purge, "retention-not-carried-out")			\
	ALERT(clock, "clock-stepped")					\
	ALERT(secret, "secret-not-known-to-be-accepted")		\
	ALERT(value, "credential-not-taken-over")			\
	ALERT(expiring, "credential-expires")				\
	ALERT(host_key, "host-key-mismatch")				\
	ALERT(erase, "stored-but-not-erased")

enum alert {
#define ALERT(identifier, name) ALERT_##identifier,
	ALERTS_TABLE(ALERT)
#undef ALERT
	ALERTS
};

struct alert_state {
	int64_t	 since;		/* wall ms, 0: not active */
	char	 reason[256];
};

/* Nothing if it is active (or not active) already. */
void	 alert_begin(struct spoold *, enum alert, const char *, ...)
	    __attribute__((format(printf, 3, 4)));
void	 alert_end(struct spoold *, enum alert);

/* The active ones, as a JSON array member `alerts`. */
void	 alert_list(const struct spoold *, struct buf *);

#endif
