/*
 * roles - who is at the other end of the control socket, and what he may
 *
 * A role is a Unix group of an organization.  The kernel says which groups a
 * peer is in (SO_PEERCRED, SO_PEERGROUPS); which group a role's is, was looked
 * up when the configuration was read, for that may take long.
 */
#ifndef SPOOLD_ROLES_H
#define SPOOLD_ROLES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/verbs.h"
#include "lib/why.h"

struct organization;
struct spoold;

/* The groups of an organization's roles; (gid_t)-1: nobody has it. */
struct roles {
	gid_t	 groups[ROLES];
};

/* A process that has connected, as it was then. */
struct peer {
	pid_t	 pid;
	uid_t	 uid;
	gid_t	*groups;	/* own; the primary one first */
	size_t	 group_count;
	bool	 owner;		/* may do everything */
	char	*name;		/* own; user name, or uid in decimal */
};

/* Looks all roles' groups up, at the start and after a reload. */
void	 roles_resolve(struct spoold *);

/* True if any organization has a group for any role. */
bool	 roles_are_given(const struct spoold *);

/* Who is at the other end of a socket: 0, or -1 with *why. */
int	 peer_read(const struct spoold *, int fd, struct peer *,
	    struct why *);
void	 peer_free(struct peer *);

/* The roles that a peer has in an organization: a set of FOR_ bits. */
unsigned	 peer_roles(const struct peer *, const struct organization *);

#endif
