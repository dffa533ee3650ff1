/*
 * delivery - a ticket on its way to a file of an SFTP server
 */
#ifndef WORKERS_SFTP_DELIVERY_H
#define WORKERS_SFTP_DELIVERY_H

#include "workers/sftp/clients.h"
#include "workers/sftp/envelope.h"
#include "workers/sftp/outcome.h"
#include "workers/sftp/reader.h"

/* PHASE(name, what is tried) */
#define DELIVERY_PHASES(PHASE)						\
	PHASE(claim, "create the file")					\
	PHASE(unclaim, "remove the partial file")			\
	PHASE(look, "look for the file")				\
	PHASE(open_same, "read the file that is there")			\
	PHASE(compare, "read the file that is there")			\
	PHASE(look_part, "look for what an earlier attempt left")	\
	PHASE(open_part, "open what an earlier attempt left")		\
	PHASE(resume, "read what an earlier attempt left")		\
	PHASE(clear, "remove the partial file")				\
	PHASE(create, "create the file")				\
	PHASE(make, "create the directory")				\
	PHASE(write, "write the file")					\
	PHASE(sync, "sync the file")					\
	PHASE(size, "ask for the file's size")				\
	PHASE(close, "close the file")					\
	PHASE(open_back, "read the file back")				\
	PHASE(read_back, "read the file back")				\
	PHASE(make_way, "remove the old file")				\
	PHASE(rename, "rename the file into place")			\
	PHASE(scrap, "remove the partial file")

enum phase {
#define PHASE(name, what) PHASE_##name,
	DELIVERY_PHASES(PHASE)
#undef PHASE
	PHASES,
	PHASE_end = PHASES	/* after a close: by `outcome` */
};

/* The first flight: is the name free, and the partial file created? */
struct claim {
	uint32_t	 look;		/* id of the one; the other is `id` */
	unsigned	 awaited;	/* answers */
	bool		 is_free;
};

/* What is asked behind the last write, in the same flight. */
struct seal {
	uint32_t	 sync, size, close;	/* ids */
	bool		 syncs;		/* there is a `sync` */
	unsigned	 awaited;	/* answers */
	bool		 scrap;		/* the partial file is not to stay */
};

struct delivery {
	struct caller	 caller;
	bool		 asked;		/* clients know of it */
	struct buf	 path, part;	/* own; final, and until then */
	size_t		 directory;	/* bytes of path before the last / */
	enum phase	 phase, next;	/* next: after a close */
	uint32_t	 id;		/* awaited, but in a pipeline */
	struct claim	 claim;
	struct seal	 seal;
	struct wire_handle handle;
	struct reader	 reader;
	struct extent_reader source;
	struct envelope	 envelope;	/* where the file is encrypted */
	int64_t		 earlier;	/* bytes that an earlier attempt was */
	uint8_t		 earlier_sha256[SHA256_LENGTH];	/* about to name so;
					 * 0: none, or nobody knows */
	EVP_MD_CTX	*digest;	/* own; of what is read */
	uint64_t	 hashed;	/* bytes of it */
	uint64_t	 part_size;
	int64_t		 offset;	/* of the next write */
	int64_t		 synced;	/* up to there, it was asked for */
	int64_t		 sent;		/* bytes that were taken */
	unsigned	 writes;	/* under way */
	bool		 all_given;	/* every byte, to writes; or none that
					 * is left is to be */
	struct buf	 differs;	/* own; the first piece that is not
					 * what an earlier attempt left */
	size_t		 made;		/* bytes of path, up to the directory
					 * that is being made */
	bool		 made_all;
	bool		 cleared_again;	/* after a create that failed */
	bool		 looked_again;	/* after a rename that failed */
	bool		 renaming;	/* from here on it may have arrived */
	struct outcome	 outcome;
};

/*
 * What the file has, once all of it was given to writes; of one that is not
 * encrypted it is known before, and of one that is, what an earlier attempt has
 * written may be.  False: not yet.
 */
bool	 delivery_file(const struct attempt *, int64_t *length,
	    const uint8_t **sha256);

int	 delivery_prepare(struct attempt *, int64_t *done, struct why *);
void	 delivery_send(struct attempt *);
void	 delivery_close(struct attempt *);

/* Ends it; `clean`: nothing is under way, so the session can be kept. */
void	 delivery_end(struct attempt *, bool clean);

/* The phases: from the first, on an answer, and where there is room. */
void	 phases_begin(struct attempt *);
void	 phases_answered(struct attempt *, const struct wire_answer *);
void	 phases_room(struct attempt *);

#endif
