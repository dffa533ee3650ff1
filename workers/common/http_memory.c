/*
 * http_memory - the memory that libcurl works with
 *
 * libcurl puts passwords into strings and headers into buffers, and frees them
 * as they are.  Here what is freed is wiped first.
 */
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "lib/wiping.h"

#include "workers/common/http_inside.h"

CURLcode
http_global_init(void)
{
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free,
	    wiping_resize, strdup, calloc);
}
