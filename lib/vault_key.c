/*
 * vault_key - where the master key lies
 *
 * A key that others can read has to be taken for known, so it is refused
 * rather than used.  Without the key no credential ever opens again: it is the
 * one file that is synced as soon as it is made.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "lib/vault_key.h"
#include "lib/xalloc.h"

#define KEY_NAME "master.key"
#define NEXT_NAME "master.key.next"
#define KEY_MODE 0400
#define CREDENTIAL_NAME "spoold.master-key"
#define READABLE_BY_OTHERS 0077

/* --- the key's file ------------------------------------------------------ */

/*
 * Whether this may be a key.  systemd gives a credential to its service by an
 * ACL, which shows as a mode for a group; it vouches for it itself.
 */
static int
check_key(int fd, const char *path, bool credential, struct why *why)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return why_errno(why, "look at %s", path);
	if (!S_ISREG(st.st_mode))
		return why_set(why, ERROR_CONFIG_ERROR,
		    "%s is no regular file", path);
	if (st.st_size != VAULT_KEY_LENGTH)
		return why_set(why, ERROR_CONFIG_ERROR,
		    "%s has %jd bytes, a master key has %d", path,
		    (intmax_t)st.st_size, VAULT_KEY_LENGTH);
	if (credential)
		return 0;
	if (st.st_uid != geteuid())
		return why_set(why, ERROR_CONFIG_ERROR, "%s belongs to uid "
		    "%ju, it must belong to uid %ju, who runs spoold", path,
		    (uintmax_t)st.st_uid, (uintmax_t)geteuid());
	if ((st.st_mode & READABLE_BY_OTHERS) != 0)
		return why_set(why, ERROR_CONFIG_ERROR, "%s has mode %04o, "
		    "others may read it: take the key for known and make a "
		    "new one, or chmod 0400 if nobody was there", path,
		    (unsigned)(st.st_mode & 07777));
	return 0;
}

static int
read_key(int fd, const char *path, struct secret *secret, struct why *why)
{
	char bytes[VAULT_KEY_LENGTH];
	ssize_t got;
	int result;

	got = pread(fd, bytes, sizeof(bytes), 0);
	if (got == -1)
		result = why_errno(why, "read %s", path);
	else if (got != VAULT_KEY_LENGTH)
		result = why_set(why, ERROR_CONFIG_ERROR, "%s ends early",
		    path);
	else
		result = secret_set(secret, bytes, sizeof(bytes), why);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return result;
}

/* Opens without following or waiting; the mode is checked on what is open. */
static int
open_key(const char *path)
{
	return open(path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/*
 * The key that systemd gave, if it did.  Returns a descriptor, or -1: there is
 * none, or with *there_r set, it cannot be opened.  `path_r` gets an allocated
 * path.
 */
static int
open_credential(bool *there_r, char **path_r)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	int fd;

	*there_r = false;
	*path_r = NULL;
	if (credentials == NULL || *credentials != '/')
		return -1;
	*path_r = xasprintf("%s/" CREDENTIAL_NAME, credentials);
	fd = open_key(*path_r);
	*there_r = fd != -1 || errno != ENOENT;
	return fd;
}

bool
vault_is_given(void)
{
	bool given;
	char *path;
	int fd = open_credential(&given, &path);

	if (fd != -1)
		close(fd);
	free(path);
	return given;
}

/* Reads what is open; closes it.  0, or -1 with *why. */
static int
take_key(int fd, const char *path, bool credential, struct secret *secret,
    struct why *why)
{
	int result = -1;

	if (fd == -1)
		return why_set(why, ERROR_CONFIG_ERROR, "master key %s: %s",
		    path, strerror(errno));
	if (check_key(fd, path, credential, why) == 0)
		result = read_key(fd, path, secret, why);
	close(fd);
	return result;
}

int
vault_key_read(const char *key_directory, struct secret keys[VAULT_KEYS],
    struct why *why)
{
	const char *const names[VAULT_KEYS] = { KEY_NAME, NEXT_NAME };
	bool credential, more;
	char *path;
	int fd = open_credential(&credential, &path);
	int count = 0, result = 0;

	if (credential)
		count = result = take_key(fd, path, true, &keys[0], why) == 0 ?
		    1 : -1;
	free(path);
	more = !credential;
	while (more && result != -1 && count < VAULT_KEYS) {
		path = xasprintf("%s/%s", key_directory, names[count]);
		fd = open_key(path);
		more = fd != -1 || errno != ENOENT || count == 0;
		if (more)
			result = take_key(fd, path, false, &keys[count++],
			    why);
		free(path);
	}
	return result == -1 ? -1 : count;
}

/* --- making one ----------------------------------------------------------- */

/* Fills a new key's file.  0, or -1 with errno. */
static int
write_key(int fd)
{
	unsigned char bytes[VAULT_KEY_LENGTH];
	ssize_t written = -1;

	errno = EIO;
	if (RAND_priv_bytes(bytes, sizeof(bytes)) == 1)
		written = write(fd, bytes, sizeof(bytes));
	OPENSSL_cleanse(bytes, sizeof(bytes));
	if (written == -1)
		return -1;
	if (written != VAULT_KEY_LENGTH) {
		errno = ENOSPC;
		return -1;
	}
	return fchmod(fd, KEY_MODE) == -1 ? -1 : fsync(fd);
}

/*
 * Written beside and then renamed, so that what has the name is a whole key.
 * Returns 1, 0 if there is one, -1 with errno.
 */
static int
create_key(int dir, const char *name)
{
	char beside[NAME_MAX + 1];
	int fd, number = 0;

	(void)snprintf(beside, sizeof(beside), ".%s", name);
	if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (unlinkat(dir, beside, 0) == -1 && errno != ENOENT)
		return -1;
	fd = openat(dir, beside,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, KEY_MODE);
	if (fd == -1)
		return -1;
	if (write_key(fd) == -1)
		number = errno;
	close(fd);
	if (number == 0 && renameat2(dir, beside, dir, name,
	    RENAME_NOREPLACE) == -1)
		number = errno;
	if (number == 0)
		return fsync(dir) == -1 ? -1 : 1;
	(void)unlinkat(dir, beside, 0);
	errno = number;
	return number == EEXIST ? 0 : -1;
}

static int
open_directory(const char *key_directory, struct why *why)
{
	int dir = open(key_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir != -1 ? dir : why_errno(why, "open %s", key_directory);
}

int
vault_create(const char *key_directory, struct why *why)
{
	int dir = open_directory(key_directory, why), result;

	if (dir == -1)
		return -1;
	result = create_key(dir, KEY_NAME);
	if (result == -1)
		(void)why_errno(why, "create %s/" KEY_NAME, key_directory);
	else if (result == 0)
		(void)why_set(why, ERROR_CONFLICT, "%s/" KEY_NAME " exists",
		    key_directory);
	close(dir);
	return result == 1 ? 0 : -1;
}

/* --- another in its place ------------------------------------------------- */

int
vault_rotation_begin(const char *key_directory, struct why *why)
{
	bool credential;
	char *path;
	int dir, fd = open_credential(&credential, &path), result = 0;

	if (fd != -1)
		close(fd);
	if (credential)
		result = why_set(why, ERROR_CONFIG_ERROR, "the master key is "
		    "a credential of systemd, %s, which cannot be replaced "
		    "here", path);
	free(path);
	dir = result == -1 ? -1 : open_directory(key_directory, why);
	if (dir == -1)
		return -1;
	if (create_key(dir, NEXT_NAME) == -1)
		result = why_errno(why, "create %s/" NEXT_NAME,
		    key_directory);
	close(dir);
	return result;
}

int
vault_rotation_end(const char *key_directory, struct why *why)
{
	int dir = open_directory(key_directory, why), result = 0;

	if (dir == -1)
		return -1;
	if (renameat(dir, NEXT_NAME, dir, KEY_NAME) == -1 || fsync(dir) == -1)
		result = why_errno(why, "rename %s/" NEXT_NAME " to "
		    KEY_NAME, key_directory);
	close(dir);
	return result;
}
