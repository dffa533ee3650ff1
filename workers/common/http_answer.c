/*
 * http_answer - what an answer says of its server's clock
 */
#include <curl/curl.h>

#include <time.h>

#include "workers/common/http.h"

int64_t
http_ahead(const struct http_answer *answer)
{
	time_t date = answer->date[0] == '\0' ? -1 :
	    curl_getdate(answer->date, NULL);

	return date == -1 ? 0 : (int64_t)time(NULL) - (int64_t)date;
}
