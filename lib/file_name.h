/*
 * file_name - the name of a file as others are given it
 */
#ifndef LIB_FILE_NAME_H
#define LIB_FILE_NAME_H

#define FILE_NAME_MAX 255	/* bytes; what file systems take */

/*
 * NULL, or what is wrong with it in words that go on after "the file's name":
 * it is empty, too long, hidden, no UTF-8, or has a slash, a control character
 * or one that turns the direction of text, which makes a name look like
 * another.
 */
const char	*file_name_wrong(const char *);

#endif
