/*
 * http_answer - what an answer says of its server's clock
 */
#include <curl/curl.h>

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "workers/common/http.h"

int64_t
http_ahead(const struct http_answer *answer)
{
	time_t date = answer->date[0] == '\0' ? -1 :
	    curl_getdate(answer->date, NULL);

	return date == -1 ? 0 : (int64_t)time(NULL) - (int64_t)date;
}

void
http_skew_print(const struct http_answer *answer, char out[HTTP_SKEW_WORDS])
{
	int64_t ahead = http_ahead(answer);

	(void)snprintf(out, HTTP_SKEW_WORDS, "%" PRId64 " s %s the server's",
	    ahead < 0 ? -ahead : ahead, ahead < 0 ? "behind" : "ahead of");
}
