/*
 * phases - what the phases of a delivery share
 *
 * Only for phases.c and those that have the longer phases, same.c, upload.c
 * and write.c.  Whatever ends an attempt, or goes on to a phase that may end
 * it, is the last thing that a function does: the attempt may be gone then.
 */
#ifndef WORKERS_SFTP_PHASES_H
#define WORKERS_SFTP_PHASES_H

#include "workers/sftp/delivery.h"

/* On to a phase; PHASE_end ends the attempt by its outcome. */
void	 phase_go(struct attempt *, enum phase);

/* In words: "write the file". */
const char	*phase_words(enum phase);

/* --- requests: one, whose id is awaited ----------------------------------- */

void	 phase_ask_path(struct delivery *, enum wire_type, const char *path);
void	 phase_ask_open(struct delivery *, const char *path, uint32_t flags);

bool	 answer_is_ok(const struct wire_answer *);
bool	 answer_is_status(const struct wire_answer *, uint32_t status);
/* There is no such file, or no such directory. */
bool	 answer_is_missing(const struct wire_answer *);
/* To a look for a file: there is none, or nobody may know. */
bool	 answer_is_free(const struct wire_answer *);
/* Notes the handle of an answer; false if it has none. */
bool	 phase_take_handle(struct delivery *, const struct wire_answer *);

/* --- ends: each closes what is open --------------------------------------- */

/* By `outcome`; scrap: the partial file goes first. */
void	 phase_conclude(struct attempt *, bool scrap);
void	 phase_delivered(struct attempt *, bool scrap);
/* By an answer that is no success. */
void	 phase_fail_answer(struct attempt *, const struct wire_answer *);
void	 phase_fail_why(struct attempt *, const struct why *, bool scrap);
/* By an answer that can be none to what was asked; the session goes. */
void	 phase_fail_protocol(struct attempt *);

/* --- same.c --------------------------------------------------------------- */

void	 answer_compare(struct attempt *, const struct wire_answer *);
void	 answer_look(struct attempt *, const struct wire_answer *);
void	 answer_open_back(struct attempt *, const struct wire_answer *);
void	 answer_open_same(struct attempt *, const struct wire_answer *);
void	 answer_read_back(struct attempt *, const struct wire_answer *);
void	 begin_digest(struct attempt *);
void	 begin_look(struct attempt *);
void	 begin_open_back(struct attempt *);
void	 begin_open_same(struct attempt *);

/* --- upload.c ------------------------------------------------------------- */

void	 answer_claim(struct attempt *, const struct wire_answer *);
void	 answer_clear(struct attempt *, const struct wire_answer *);
void	 answer_create(struct attempt *, const struct wire_answer *);
void	 answer_look_part(struct attempt *, const struct wire_answer *);
void	 answer_make(struct attempt *, const struct wire_answer *);
void	 answer_open_part(struct attempt *, const struct wire_answer *);
void	 answer_resume(struct attempt *, const struct wire_answer *);
void	 answer_unclaim(struct attempt *, const struct wire_answer *);
void	 begin_claim(struct attempt *);
void	 begin_clear(struct attempt *);
void	 begin_create(struct attempt *);
void	 begin_look_part(struct attempt *);
void	 begin_make(struct attempt *);
void	 begin_open_part(struct attempt *);
void	 begin_resume(struct attempt *);
void	 begin_unclaim(struct attempt *);

/* --- write.c -------------------------------------------------------------- */

void	 answer_write(struct attempt *, const struct wire_answer *);
void	 begin_write(struct attempt *);
/* Where there is room for more writes. */
void	 write_more(struct attempt *);

#endif
