/*
 * test - a login, and a file that is made and removed
 */
#ifndef WORKERS_SFTP_TEST_H
#define WORKERS_SFTP_TEST_H

#include "workers/sftp/clients.h"

enum probe_phase { PROBE_open, PROBE_write, PROBE_close, PROBE_remove,
	PROBE_phases };

struct probe {
	struct caller	 caller;
	bool		 asked;		/* clients know of it */
	struct buf	 directory, path;	/* own */
	enum probe_phase phase;
	uint32_t	 id;		/* awaited */
	struct wire_handle handle;
	int64_t		 since;		/* monotonic ms, of the writing */
};

void	 test_start(struct trial *);
void	 test_close(struct trial *);

#endif
