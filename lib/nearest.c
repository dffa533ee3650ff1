/*
 * nearest - which of the names that there are somebody may have meant
 *
 * The distance is Levenshtein's, a row of the matrix at a time.
 */
#include <string.h>

#include "lib/nearest.h"

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static size_t
distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t row[NEAREST_MAX];

	for (size_t j = 0; j <= b_length; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t before = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t here = row[j];

			row[j] = least(here + 1, row[j - 1] + 1,
			    before + (a[i - 1] != b[j - 1]));
			before = here;
		}
	}
	return row[b_length];
}

void
nearest_offer(struct nearest *nearest, const char *wanted, const char *name)
{
	size_t wanted_length = strlen(wanted), length = strlen(name), found;

	if (wanted_length >= NEAREST_MAX || length >= NEAREST_MAX)
		return;
	found = distance(wanted, wanted_length, name, length);
	if (found > wanted_length / 3 ||
	    (nearest->name[0] != '\0' && found >= nearest->distance))
		return;
	memcpy(nearest->name, name, length + 1);
	nearest->distance = found;
}
