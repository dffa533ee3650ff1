/*
 * destination_rotate - credentials that are about to be replaced
 *
 * Of an API key, a password or a token only one is sent at a time.  The next
 * one is given in advance, with the time at which it takes over; the one
 * before is kept for a while then, for whoever has to go back.  Both stand in
 * `rotations` of the document, by the field within the config, sealed where
 * they stand: no worker gets them.
 */
#ifndef LIB_DESTINATION_ROTATE_H
#define LIB_DESTINATION_ROTATE_H

#include "lib/destination.h"

#define DESTINATION_ROTATIONS "rotations"

/* What is known of one field. */
struct rotation {
	const char	*field;		/* borrowed from the document */
	int64_t		 at;		/* the next one takes over; 0: none */
	int64_t		 switched_at;	/* the one before is kept since; 0 */
};

/* The n-th, or false. */
bool	 destination_rotation(const struct destination *, size_t n,
	    struct rotation *);

/* That field's, or false. */
bool	 destination_rotation_of(const struct destination *,
	    const char *field, struct rotation *);

/*
 * Has `value` take the field's place at `at` (wall ms), in place of one that
 * was to do so.  0, or -1 with *why: it is no credential there, or not one of
 * this field (VALIDATION_ERROR).
 */
int	 destination_rotation_plan(struct destination *,
	    const struct destination_keeper *, const char *field,
	    const char *value, int64_t at, struct why *);

/*
 * The destination in which the next value, or the one before, is that which
 * counts; the former keeps the one that did.  NULL with *why.
 */
struct destination	*destination_rotation_take_over(
			    const struct destination *,
			    const struct destination_keeper *,
			    const char *field, struct why *);
struct destination	*destination_rotation_step_back(
			    const struct destination *,
			    const struct destination_keeper *,
			    const char *field, struct why *);

/* Forgets the next value, or the one before. */
void	 destination_rotation_cancel(struct destination *, const char *field);
void	 destination_rotation_forget(struct destination *, const char *field);

/* Takes over those of `old` whose fields still are what they were. */
void	 destination_rotations_keep(struct destination *,
	    const struct destination *old, const struct json *patch);

/* What is known of them, as `values`: no value. */
void	 destination_rotations_print(const struct destination *,
	    struct buf *);

#endif
