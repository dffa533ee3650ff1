/*
 * session - one SSH session, up to the login
 *
 * libssh and not libssh2, for the one of Debian 12 knows RSA with SHA-1 only,
 * and neither AES-GCM nor ChaCha20.  libssh's own sftp client has one request
 * under way at a time, which is too slow by far, so that the protocol is
 * spoken here (wire.c) and libssh carries it.
 *
 * AES-GCM comes first: it is the fastest where the processor knows AES.  What
 * is built on SHA-1 is not offered at all.
 */
#include <sys/stat.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/xalloc.h"

#include "workers/sftp/config.h"
#include "workers/sftp/openssh.h"
#include "workers/sftp/session_own.h"

#define WRAPPING 8		/* times what is in a small answer */
#define FLOOD (64 * 1024 * 1024)	/* bytes beside what is asked for */

struct session_key {
	ssh_key		 key;		/* own */
};

#define ANY_KEY "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384," \
    "ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256"

static const char *const families[FAMILIES] = {
	[FAMILY_any] = ANY_KEY,
	[FAMILY_ed25519] = "ssh-ed25519",
	[FAMILY_ecdsa] = "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
	    "ecdsa-sha2-nistp521",
	[FAMILY_rsa] = "rsa-sha2-512,rsa-sha2-256",
	[FAMILY_unpinned] = ANY_KEY,
};

/* --- private keys --------------------------------------------------------- */

struct session_key *
session_key_read(const char *text, const char *passphrase)
{
	struct session_key *key = xcalloc(1, sizeof(*key));
	struct buf own = { 0 };
	int result;

	if (strstr(text, "BEGIN OPENSSH") == NULL &&
	    openssh_from_pem(text, passphrase, &own) == 0) {
		text = own.data;
		passphrase = NULL;
	}
	result = ssh_pki_import_privkey_base64(text, passphrase, NULL, NULL,
	    &key->key);
	buf_wipe(&own);
	if (result == SSH_OK)
		return key;
	free(key);
	return NULL;
}

void
session_key_free(struct session_key **key)
{
	if (*key == NULL)
		return;
	ssh_key_free((*key)->key);
	free(*key);
	*key = NULL;
}

/* --- beginning and end ---------------------------------------------------- */

/* The first that fails counts. */
#define SET(option, value) do {						\
	if (result == SSH_OK)						\
		result = ssh_options_set(ssh, option, value);		\
} while (0)

static int
set_options(ssh_session ssh, int fd, const struct config *config,
    enum family family)
{
	static const char ciphers[] = "aes128-gcm@openssh.com,"
	    "aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,"
	    "aes256-ctr,aes192-ctr,aes128-ctr";
	static const char macs[] = "hmac-sha2-256-etm@openssh.com,"
	    "hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512";
	const int no = 0;
	const char *keys = families[family];
	int result = SSH_OK;

	if (config->pinned && config->pin.kind != HOSTKEY_kinds &&
	    family != FAMILY_unpinned)
		keys = hostkey_algorithms(config->pin.kind);
	SET(SSH_OPTIONS_PROCESS_CONFIG, &no);
	/* It wants a name; nothing is looked up by it. */
	SET(SSH_OPTIONS_HOST, "server");
	SET(SSH_OPTIONS_FD, &fd);
	SET(SSH_OPTIONS_USER, config->user);
	SET(SSH_OPTIONS_SSH_DIR, "/nonexistent");
	SET(SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
	SET(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
	SET(SSH_OPTIONS_HOSTKEYS, keys);
	SET(SSH_OPTIONS_CIPHERS_C_S, ciphers);
	SET(SSH_OPTIONS_CIPHERS_S_C, ciphers);
	SET(SSH_OPTIONS_HMAC_C_S, macs);
	SET(SSH_OPTIONS_HMAC_S_C, macs);
	return result;
}

#undef SET

static ino_t
inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/*
 * libssh leaves a socket that it was given open when the session ends, but
 * closes it when an error ends it; its number may be another's by now.
 */
static void
close_socket(const struct session *session)
{
	if (session->inode != 0 && inode_of(session->fd) == session->inode)
		(void)close(session->fd);
}

struct session *
session_new(int fd, const struct config *config, enum family family,
    struct why *why)
{
	struct session *session = xcalloc(1, sizeof(*session));

	session->config = config;
	session->fd = fd;
	session->inode = inode_of(fd);
	session->ssh = ssh_new();
	if (session->ssh != NULL && set_options(session->ssh, fd, config,
	    family) == SSH_OK) {
		ssh_set_blocking(session->ssh, 0);
		ssh_set_counters(session->ssh, &session->counter, NULL);
		return session;
	}
	(void)why_set(why, ERROR_INTERNAL_ERROR, "libssh: %s",
	    session->ssh == NULL ? "no session" :
	    ssh_get_error(session->ssh));
	ssh_free(session->ssh);
	close_socket(session);
	free(session);
	return NULL;
}

void
session_free(struct session **session)
{
	if (*session == NULL)
		return;
	ssh_disconnect((*session)->ssh);
	ssh_free((*session)->ssh);
	close_socket(*session);
	free(*session);
	*session = NULL;
}

/* --- opening -------------------------------------------------------------- */

/* What a failure means, by libssh's words for it; the last fits all. */
static const struct {
	const char	*part;
	enum error	 error;
	const char	*words;		/* NULL: libssh's own */
} failures[] = {
	{ "server host key algo", ERROR_HOST_KEY_MISMATCH, "the server has "
	    "no key of the type that the destination's hostKey has" },
	/* These have what the server said in their text. */
	{ "kex algos", ERROR_PROTOCOL_ERROR,
	    "no way to exchange keys is common with the server" },
	{ "encryption ", ERROR_PROTOCOL_ERROR,
	    "no cipher is common with the server" },
	{ "mac algo", ERROR_PROTOCOL_ERROR,
	    "no MAC is common with the server" },
	{ "SSH_MSG_DISCONNECT", ERROR_CONNECT_FAILURE,
	    "the server ended the session" },
	{ "Socket error", ERROR_CONNECT_FAILURE, "the connection broke" },
	{ "closed", ERROR_CONNECT_FAILURE, "the server ended the connection" },
	{ "", ERROR_PROTOCOL_ERROR, NULL },
};

int
session_failed(const struct session *session, struct why *why)
{
	const char *text = ssh_get_error(session->ssh);
	size_t i = 0;

	while (strstr(text, failures[i].part) == NULL)
		i++;
	return why_set(why, failures[i].error, "%s%.300s",
	    failures[i].words != NULL ? failures[i].words : "SSH: ",
	    failures[i].words != NULL ? "" : text);
}

static enum family
family_of(enum ssh_keytypes_e type)
{
	switch (type) {
	case SSH_KEYTYPE_ED25519:
		return FAMILY_ed25519;
	case SSH_KEYTYPE_RSA:
		return FAMILY_rsa;
	default:
		return FAMILY_ecdsa;
	}
}

static int
look_at_hostkey(struct session *session, struct why *why)
{
	unsigned char *hash = NULL;
	size_t length = 0;
	ssh_key key;

	if (ssh_get_server_publickey(session->ssh, &key) != SSH_OK)
		return session_failed(session, why);
	if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash,
	    &length) == SSH_OK && length == HOSTKEY_HASH) {
		memcpy(session->sha256, hash, HOSTKEY_HASH);
		session->shown = family_of(ssh_key_type(key));
	}
	ssh_clean_pubkey_hash(&hash);
	ssh_key_free(key);
	return session->shown != FAMILY_any ? 0 : why_set(why,
	    ERROR_PROTOCOL_ERROR, "the server's key cannot be read");
}

static int
check_hostkey(struct session *session, struct why *why)
{
	const struct config *config = session->config;
	struct buf shown = { 0 };

	if (look_at_hostkey(session, why) == -1)
		return -1;
	if (config->pinned && memcmp(session->sha256, config->pin.sha256,
	    HOSTKEY_HASH) == 0)
		return 0;
	hostkey_print(session->sha256, &shown);
	(void)why_set(why, ERROR_HOST_KEY_MISMATCH, config->pinned ?
	    "the server's key is %s, which is not the destination's hostKey" :
	    "the server's key is %s; pin it as hostKey if it is the right one",
	    shown.data);
	buf_free(&shown);
	return -1;
}

/* Each goes on from its stage: 1 done, 0 wait, -1 with *why. */

static int
open_handshake(struct session *session, struct why *why)
{
	int result = ssh_connect(session->ssh);

	if (result == SSH_AGAIN)
		return 0;
	/* What is no SSH server ends it, or goes on with something else. */
	if (result != SSH_OK) {
		(void)session_failed(session, why);
		return ssh_get_serverbanner(session->ssh) != NULL ? -1 :
		    why_set(why, why->code, "it does not answer as SSH does: "
		    "are host and port right?");
	}
	if (check_hostkey(session, why) == -1)
		return -1;
	session->stage = STAGE_login;
	return 1;
}

static int
logged_in(struct session *session, int result, struct why *why)
{
	if (result == SSH_AUTH_AGAIN)
		return 0;
	if (result == SSH_AUTH_SUCCESS) {
		session->stage = STAGE_open;
		session->config = NULL;
		log_debug("session: open kex=%s cipher=%s",
		    ssh_get_kex_algo(session->ssh),
		    ssh_get_cipher_out(session->ssh));
		return 1;
	}
	if (result == SSH_AUTH_ERROR)
		return session_failed(session, why);
	return why_set(why, ERROR_AUTHENTICATION_FAILED, "%s",
	    result == SSH_AUTH_PARTIAL ?
	    "the server asks for more than one way to log in" :
	    session->config->key != NULL ?
	    "the server refused the user or the key" :
	    "the server refused the user or the password");
}

/* Some servers ask for a password by themselves only (RFC 4256). */
static int
open_login(struct session *session, struct why *why)
{
	const struct config *config = session->config;
	int result = config->key != NULL ?
	    ssh_userauth_publickey(session->ssh, NULL, config->key->key) :
	    ssh_userauth_password(session->ssh, NULL, config->password);

	if (result == SSH_AUTH_DENIED && config->key == NULL &&
	    ((unsigned)ssh_userauth_list(session->ssh, NULL) &
	    (SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_INTERACTIVE)) ==
	    SSH_AUTH_METHOD_INTERACTIVE) {
		session->stage = STAGE_interactive;
		return 1;
	}
	return logged_in(session, result, why);
}

/* The password is for one hidden question; another is not answered. */
static int
open_interactive(struct session *session, struct why *why)
{
	int result = ssh_userauth_kbdint(session->ssh, NULL, NULL);
	char echo = 1;

	if (result != SSH_AUTH_INFO)
		return logged_in(session, result, why);
	if (ssh_userauth_kbdint_getnprompts(session->ssh) == 0)
		return 1;
	if (ssh_userauth_kbdint_getnprompts(session->ssh) != 1 ||
	    ssh_userauth_kbdint_getprompt(session->ssh, 0, &echo) == NULL ||
	    echo != 0 || ssh_userauth_kbdint_setanswer(session->ssh, 0,
	    session->config->password) < 0)
		return why_set(why, ERROR_AUTHENTICATION_FAILED,
		    "the server asks for more than a password");
	return 1;
}

static int	 (*const openers[STAGES])(struct session *, struct why *) = {
	[STAGE_handshake] = open_handshake,
	[STAGE_login] = open_login,
	[STAGE_interactive] = open_interactive,
};

int
session_go_on(struct session *session, struct why *why)
{
	int result = 1;

	while (result == 1 && session->stage != STAGE_open)
		result = openers[session->stage](session, why);
	return result;
}

enum stage
session_stage(const struct session *session)
{
	return session->stage;
}

enum family
session_hostkey(const struct session *session, uint8_t sha256[HOSTKEY_HASH])
{
	memcpy(sha256, session->sha256, HOSTKEY_HASH);
	return session->shown;
}

/* --- open ----------------------------------------------------------------- */

uint64_t
session_received(const struct session *session)
{
	return session->counter.in_bytes;
}

bool
session_is_flooded(const struct session *session)
{
	return session->counter.in_bytes > FLOOD + WRAPPING * session->taken;
}

bool
session_is_over(const struct session *session)
{
	return (ssh_get_status(session->ssh) &
	    (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0;
}

short
session_events(const struct session *session)
{
	return (ssh_get_poll_flags(session->ssh) & SSH_WRITE_PENDING) != 0 ?
	    POLLIN | POLLOUT : POLLIN;
}
