/*
 * guest - a program whose memory for cJSON is its own, and in which two threads
 * open a connection each, again and again
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <libspool.h>

#define ROUNDS 200
#define HEAD 64

static _Thread_local int allocated;

/* What these two give and take, no other two do. */
static void *
take(size_t size)
{
	char *memory = malloc(size + HEAD);

	allocated++;
	/* cppcheck-suppress memleak ; give() finds its begin */
	return memory == NULL ? NULL : memory + HEAD;
}

static void
give(void *memory)
{
	if (memory != NULL)
		free((char *)memory - HEAD);
}

/* Nobody answers; the document is read first. */
static void *
rounds(void *opened)
{
	struct libspool_error error;
	struct libspool *spool;

	for (int i = 0; i < ROUNDS; i++) {
		spool = libspool_open(NULL, NULL, &error);
		if (spool == NULL) {
			(void)fprintf(stderr, "%s\n", error.message);
			return NULL;
		}
		(void)libspool_destination_create(spool,
		    "{\"id\":12345678901234567890123,\"a\":[1,\"b\"]}",
		    &error);
		if (strcmp(error.code, "UNAVAILABLE") != 0)
			(void)fprintf(stderr, "%s\n", error.message);
		libspool_close(&spool);
		++*(int *)opened;
	}
	return NULL;
}

int
main(void)
{
	cJSON_Hooks hooks = { take, give };
	pthread_t threads[2];
	int opened[2] = { 0, 0 }, before;

	cJSON_InitHooks(&hooks);
	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, rounds,
		    &opened[i]) != 0)
			return 1;
	for (int i = 0; i < 2; i++)
		(void)pthread_join(threads[i], NULL);
	before = allocated;
	cJSON_Delete(cJSON_CreateNull());
	(void)printf("%d opened, the hooks are %s\n", opened[0] + opened[1],
	    allocated > before ? "kept" : "lost");
	return 0;
}
