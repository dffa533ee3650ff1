/*
 * access - who may do what with a file besides what its mode says
 *
 * A default ACL is set and read by a path alone, so that of the descriptor is
 * used: what was opened is what is changed, whatever its name leads to by then.
 */
#include <acl/libacl.h>
#include <sys/acl.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/access.h"

#define FD_PATH 40

/*
 * What that user may do.  Nobody goes into a directory that is made in there:
 * it is no place for directories.
 */
static const char *const rights[ACCESSES] = {
	[ACCESS_plain] = NULL,
	[ACCESS_drops] = "rw-",
};

/* The ACL for a user beside the owner, for acl_free(), or NULL with *why. */
static acl_t
acl_make(uid_t user, const char *may, struct why *why)
{
	char text[96];
	acl_t acl;

	(void)snprintf(text, sizeof(text),
	    "u::rw-,u:%ju:%s,g::---,m::%s,o::---", (uintmax_t)user, may, may);
	acl = acl_from_text(text);
	if (acl == NULL)
		(void)why_errno(why, "make an ACL");
	return acl;
}

static void
fd_path(int fd, char path[FD_PATH])
{
	(void)snprintf(path, FD_PATH, "/proc/self/fd/%d", fd);
}

/* Entries of others in its own ACL: its mode says something else then. */
static int
acl_clear(int directory, struct why *why)
{
	acl_t acl = acl_from_mode(0700);
	int result = 0;

	if (acl == NULL || (acl_set_fd(directory, acl) == -1 &&
	    errno != ENOTSUP))
		result = why_errno(why, "set an ACL");
	if (acl != NULL)
		(void)acl_free(acl);
	return result;
}

int
access_set(int directory, enum access access, uid_t user, struct why *why)
{
	char path[FD_PATH];
	int result = 0;
	acl_t acl;

	fd_path(directory, path);
	if (acl_clear(directory, why) == -1)
		return -1;
	if (rights[access] == NULL)
		return acl_delete_def_file(path) == 0 || errno == ENOTSUP ?
		    0 : why_errno(why, "remove a default ACL");
	acl = acl_make(user, rights[access], why);
	if (acl == NULL)
		return -1;
	if (acl_set_file(path, ACL_TYPE_DEFAULT, acl) == -1)
		result = why_errno(why, "set a default ACL");
	(void)acl_free(acl);
	return result;
}

/* 1 if nobody has entries in its own ACL, 0, or -1 with *why. */
static int
acl_is_clear(int directory, struct why *why)
{
	acl_t acl = acl_get_fd(directory);
	mode_t mode;
	int result;

	if (acl == NULL)
		return errno == ENOTSUP ? 1 : why_errno(why, "read an ACL");
	result = acl_equiv_mode(acl, &mode);
	(void)acl_free(acl);
	return result == -1 ? why_errno(why, "read an ACL") : result == 0;
}

int
access_is(int directory, enum access access, uid_t user, struct why *why)
{
	char path[FD_PATH];
	acl_t found, wanted;
	int result = acl_is_clear(directory, why);

	if (result != 1)
		return result;
	fd_path(directory, path);
	found = acl_get_file(path, ACL_TYPE_DEFAULT);
	if (found == NULL)
		return errno == ENOTSUP ? rights[access] == NULL :
		    why_errno(why, "read a default ACL");
	if (rights[access] == NULL)
		result = acl_entries(found) == 0;
	else if ((wanted = acl_make(user, rights[access], why)) != NULL) {
		result = acl_cmp(found, wanted) == 0;
		(void)acl_free(wanted);
	} else
		result = -1;
	(void)acl_free(found);
	return result;
}

int
access_let_read(int file, uid_t user, struct why *why)
{
	acl_t acl = acl_make(user, "r--", why);
	int result = 0;

	if (acl == NULL)
		return -1;
	if (acl_set_fd(file, acl) == -1)
		result = why_errno(why, "set an ACL");
	(void)acl_free(acl);
	return result;
}
