/*
 * http_inside - libcurl's beginning
 */
#ifndef WORKERS_HTTP_INSIDE_H
#define WORKERS_HTTP_INSIDE_H

#include <curl/curl.h>

/* Once in a process: libcurl wipes what it frees from then on. */
CURLcode	 http_global_init(void);

#endif
