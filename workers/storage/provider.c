/*
 * provider - the stores that speak HTTP
 *
 * What is done with each is the same (upload.h); whom they ask, and how, is
 * their struct cloud.
 */
#include "workers/storage/azure.h"
#include "workers/storage/gcs.h"
#include "workers/storage/provider.h"
#include "workers/storage/s3.h"

#define CLOUD(word)							\
	const struct provider provider_##word = {			\
		.cloud = &cloud_##word,					\
		.prepare = upload_prepare,				\
		.send = upload_send,					\
		.close = upload_close,					\
		.test = cloud_test,					\
		.trial_close = cloud_trial_close,			\
		.place = cloud_place,					\
		.erase = cloud_erase,					\
		.erasure_close = cloud_erasure_close,			\
	}

CLOUD(s3);
CLOUD(azure);
CLOUD(gcs);
