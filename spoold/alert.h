/*
 * alert - what needs a person, said once when it starts and once when it ends
 *
 * An alert is an `alert` line in the journal and a line in the log at
 * `warning`.  Which there are stands in the table below.  Most are about the
 * instance; some are about an organization or one of its destinations, and
 * begin and end for each of these.
 */
#ifndef SPOOLD_ALERT_H
#define SPOOLD_ALERT_H

#include <sys/queue.h>
#include <sys/tree.h>

#include <stdbool.h>
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
	ALERT(unseen, "link-not-fetched")				\
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

/* One about an organization, or a destination of it. */
struct alert_about {
	TAILQ_ENTRY(alert_about) entry;	/* in the order they began */
	RB_ENTRY(alert_about) by_name;
	enum alert	 alert;
	char		*organization, *destination;	/* own; or NULL */
	struct alert_state state;
	bool		 found;		/* in the look under way */
};

TAILQ_HEAD(alerts_about, alert_about);
RB_HEAD(alerts_by_name, alert_about);

/*
 * Of one that is active already the words alone change, so that they say what
 * is; one that is not active does not end.
 */
void	 alert_begin(struct spoold *, enum alert, const char *, ...)
	    __attribute__((format(printf, 3, 4)));
void	 alert_end(struct spoold *, enum alert);

/*
 * A look at all that such an alert can be about: what is found begins, or has
 * other words, and what was found before and is not any more ends with the
 * look.  No destination: it is about the organization.
 */
void	 alerts_look(struct spoold *, enum alert);
void	 alerts_found(struct spoold *, enum alert, const char *organization,
	    const char *destination, const char *, ...)
	    __attribute__((format(printf, 5, 6)));

/* One that is active is said again, for there is more of it. */
void	 alerts_again(struct spoold *, enum alert, const char *organization,
	    const char *destination);

/* It could not be looked at: what is active stays as it is. */
void	 alerts_keep(struct spoold *, enum alert, const char *organization,
	    const char *destination);
void	 alerts_looked(struct spoold *, enum alert);

/* True if any is active. */
bool	 alerts_any(const struct spoold *);

/*
 * The active ones, as a JSON array member `alerts`: those about the instance,
 * then the first thousand of the others.
 */
void	 alert_list(const struct spoold *, struct buf *);

void	 alerts_free(struct spoold *);

#endif
