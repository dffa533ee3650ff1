/*
 * spoolkey - the master key: make it, see what it opens, put another in place
 *
 * A rotation seals every value anew while no spoold runs, file after file, each
 * replaced whole.  It begins with the next key on disk beside the old one, and
 * ends with one rename; in between both open what is theirs, for spoold, too.
 * So wherever it is interrupted nothing is lost, and the next call goes on:
 * what is sealed under the new key already stays as it is.
 *
 * Values are opened into memory that is wiped, and never shown.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/destination_store.h"
#include "lib/instance.h"
#include "lib/replace.h"
#include "lib/show.h"
#include "lib/vault.h"
#include "lib/xalloc.h"

#include "spoold/commands/spoolkey.h"

/* --- every organization --------------------------------------------------- */

/* True if the state has destinations of that name's. */
static bool
is_organization(const char *state, const char *name)
{
	char *path = xasprintf("%s/%s/destinations", state, name);
	struct stat st;
	bool result = destination_id_valid(name) && stat(path, &st) == 0 &&
	    S_ISDIR(st.st_mode);

	free(path);
	return result;
}

/*
 * Everything that is sealed: also of organizations that the configuration no
 * longer has, whose credentials would be lost with the old key.
 */
static int
each_sealed(const struct conf *conf, destination_seen *seen, bool reseal,
    struct keys *keys, struct why *why)
{
	const char *state = conf->top_state_directory;
	DIR *dir = opendir(state);
	struct dirent *entry;
	int result = 0;

	if (dir == NULL)
		return why_errno(why, "open %s", state);
	while (result == 0 && (errno = 0, entry = readdir(dir)) != NULL)
		if (is_organization(state, entry->d_name))
			result = destinations_each(state, entry->d_name, seen,
			    keys, why) == -1 ? -1 : keys_records(keys,
			    conf->top_spool_directory, entry->d_name, reseal,
			    why);
	if (result == 0 && errno != 0)
		result = why_errno(why, "read %s", state);
	closedir(dir);
	return result;
}

/* --- what opens ----------------------------------------------------------- */

void
keys_tell_closed(const struct keys *keys, const char *field,
    const struct why *why)
{
	struct buf line = { .max = 0 };

	if (keys->cli->json) {
		json_open(&line, NULL, '{');
		json_put_string(&line, "organizationId", keys->organization);
		json_put_string(&line, "destination", keys->name);
		json_put_string(&line, "field", field);
		json_put_string(&line, "message", why->text);
		json_close(&line, '}');
	} else {
		buf_printf(&line, "%s/", keys->organization);
		show_escape(&line, keys->name);
		buf_str(&line, field[0] != '\0' ? ": " : "");
		show_escape(&line, field);
		buf_str(&line, ": ");
		show_escape(&line, why->text);
	}
	(void)printf("%s\n", line.data);
	buf_free(&line);
}

static void
value_found(void *arg, const char *field, bool is_current,
    const struct why *why)
{
	struct keys *keys = arg;

	keys->values++;
	keys->old += !is_current;
	if (why == NULL)
		return;
	keys->closed++;
	if (keys->tell)
		keys_tell_closed(keys, field, why);
}

static int
destination_look(void *arg, const struct destination_file *file,
    struct why *why)
{
	struct keys *keys = arg;
	struct destination *destination = file->destination;

	keys->organization = file->organization;
	keys->name = file->name;
	if (destination == NULL) {
		keys->unread++;
		if (keys->tell)
			keys_tell_closed(keys, "", why);
		return 0;
	}
	keys->destinations++;
	destination_check_sealed(destination, file->organization, keys->vault,
	    value_found, keys);
	destination_free(&destination);
	return 0;
}

/* What the values are of. */
static void
tell_of(const struct keys *keys)
{
	(void)printf("%zu destinations", keys->destinations);
	if (keys->records > 0)
		(void)printf(" and %zu records of what was stored",
		    keys->records);
}

static void
tell_looked(const struct keys *keys)
{
	struct buf line = { .max = 0 };

	if (!keys->cli->json) {
		(void)printf("%zu of %zu values open, of ",
		    keys->values - keys->closed, keys->values);
		tell_of(keys);
		(void)printf("; the key is %s\n", vault_key_id(keys->vault));
		if (vault_is_rotating(keys->vault))
			(void)printf("its rotation was interrupted: spoolkey "
			    "rotate goes on with it\n");
		return;
	}
	json_open(&line, NULL, '{');
	json_put_string(&line, "key", vault_key_id(keys->vault));
	json_put_integer(&line, "destinations", (int64_t)keys->destinations);
	json_put_integer(&line, "records", (int64_t)keys->records);
	json_put_integer(&line, "values", (int64_t)keys->values);
	json_put_integer(&line, "closed", (int64_t)keys->closed);
	json_put_integer(&line, "unread", (int64_t)keys->unread);
	json_put_boolean(&line, "rotating", vault_is_rotating(keys->vault));
	json_close(&line, '}');
	(void)printf("%s\n", line.data);
	buf_free(&line);
}

static int
spoolkey_check(struct cli *cli, void *state)
{
	struct keys keys = { .cli = cli, .tell = true };
	const struct conf *conf;
	struct vault *vault = NULL;
	struct why why;
	int result = -1;

	(void)state;
	conf = cli_conf(cli, &why);
	/* The key is spoold's, in whatever instance. */
	if (conf != NULL && instance_become(conf, &why) == 0)
		vault = vault_open(conf->top_key_directory, &why);
	keys.vault = vault;
	if (vault != NULL)
		result = each_sealed(conf, destination_look, false, &keys,
		    &why);
	if (result == 0)
		tell_looked(&keys);
	vault_close(&vault);
	if (result == -1)
		return cli_fail(cli, &why);
	return keys.closed + keys.unread == 0 ? 0 : 1;
}

/* --- another key ---------------------------------------------------------- */

static int
destination_reseal_file(void *arg, const struct destination_file *file,
    struct why *why)
{
	struct keys *keys = arg;
	struct destination *destination = file->destination;
	size_t old = keys->old;
	struct buf text = { .max = 0 };
	struct stat st;
	int result;

	if (destination == NULL)
		return -1;
	keys->destinations++;
	destination_check_sealed(destination, file->organization, keys->vault,
	    value_found, keys);
	if (keys->old == old) {
		destination_free(&destination);
		return 0;	/* it is done already */
	}
	result = destination_reseal(destination, file->organization,
	    keys->vault, &text, why);
	destination_free(&destination);
	if (result == 0 && (fstatat(file->dir, file->name, &st,
	    AT_SYMLINK_NOFOLLOW) == -1 || replace_file(file->dir, file->name,
	    text.data, text.len, &st) == -1))
		result = why_errno(why, "write %s of %s", file->name,
		    file->organization);
	buf_wipe(&text);
	return result;
}

/* Nothing may be lost with the old key. */
static int
check_all_open(const struct cli *cli, const struct conf *conf,
    const struct vault *vault, bool current, struct why *why)
{
	struct keys keys = { .cli = cli, .vault = vault };

	if (each_sealed(conf, destination_look, false, &keys, why) == -1)
		return -1;
	if (keys.closed + keys.unread > 0)
		return why_set(why, ERROR_CONFIG_ERROR, "%zu values do not "
		    "open and %zu files cannot be read, which would "
		    "be lost with the key: spoolkey check says which; mend "
		    "or delete them first", keys.closed, keys.unread);
	if (current && keys.old > 0)
		return why_set(why, ERROR_UNAVAILABLE, "%zu values were "
		    "sealed under the old key meanwhile: call it again",
		    keys.old);
	return 0;
}

/* Everything under the key that is next; 0, or -1 with *why. */
static int
seal_anew(struct cli *cli, const struct conf *conf, struct keys *keys,
    char id[16], struct why *why)
{
	struct vault *vault = vault_open(conf->top_key_directory, why);
	int result;

	if (vault == NULL)
		return -1;
	keys->vault = vault;
	(void)snprintf(id, 16, "%s", vault_key_id(vault));
	result = each_sealed(conf, destination_reseal_file, true, keys, why);
	if (result == 0)
		result = check_all_open(cli, conf, vault, true, why);
	vault_close(&vault);
	keys->vault = NULL;
	return result;
}

static int
rotate(struct cli *cli, const struct conf *conf, struct keys *keys,
    char id[16], struct why *why)
{
	struct vault *vault = vault_open(conf->top_key_directory, why);
	int result = vault == NULL ? -1 :
	    check_all_open(cli, conf, vault, false, why);

	vault_close(&vault);
	if (result == -1 ||
	    vault_rotation_begin(conf->top_key_directory, why) == -1 ||
	    seal_anew(cli, conf, keys, id, why) == -1)
		return -1;
	return vault_rotation_end(conf->top_key_directory, why);
}

static int
spoolkey_rotate(struct cli *cli, void *state)
{
	struct keys keys = { .cli = cli };
	const struct conf *conf;
	int lock = -1, result = -1;
	struct why why;
	char id[16] = "";

	(void)state;
	umask(077);
	conf = cli_conf(cli, &why);
	if (conf != NULL)
		lock = cli_lock(cli, "would go on with the old key", &why);
	if (lock != -1) {
		result = rotate(cli, conf, &keys, id, &why);
		close(lock);
	}
	if (result == -1)
		return cli_fail(cli, &why);
	if (cli->json)
		(void)printf("{\"key\":\"%s\",\"destinations\":%zu,"
		    "\"values\":%zu}\n", id, keys.destinations, keys.values);
	else {
		(void)printf("%zu values of ", keys.values);
		tell_of(&keys);
		(void)printf(" are sealed under the new key, %s\n", id);
	}
	return 0;
}

/* --- the first key -------------------------------------------------------- */

static int
spoolkey_init(struct cli *cli, void *state)
{
	const struct conf *conf;
	struct vault *vault;
	struct why why;

	(void)state;
	umask(077);
	conf = cli_conf(cli, &why);
	if (conf == NULL || instance_become(conf, &why) == -1 ||
	    vault_create(conf->top_key_directory, &why) == -1 ||
	    (vault = vault_open(conf->top_key_directory, &why)) == NULL)
		return cli_fail(cli, &why);
	if (cli->json)
		(void)printf("{\"key\":\"%s\"}\n", vault_key_id(vault));
	else
		(void)printf("the key is %s; keep a copy elsewhere\n",
		    vault_key_id(vault));
	vault_close(&vault);
	return 0;
}

static const struct cli_verb verbs[] = {
	{ "init", NULL, "Make it, where there is none.", NULL, 0, 0,
	    spoolkey_init },
	{ "check", NULL, "Open every sealed value, and say which do not.",
	    NULL, 0, 0, spoolkey_check },
	{ "rotate", NULL, "Seal every value anew under a new one.", NULL, 0,
	    0, spoolkey_rotate },
	{ NULL, NULL, NULL, NULL, 0, 0, NULL }
};

int
main(int argc, char **argv)
{
	static const struct cli_program program = {
		.name = "spoolkey",
		.verbs = verbs,
		.itself = {
			.synopsis = "VERB",
			.sentence = "The master key, under which credentials "
			    "are sealed.",
		},
	};
	char unused = 0;

	return cli_run(&program, argc, argv, &unused);
}
