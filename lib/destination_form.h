/*
 * destination_form - the forms that a destination's fields may have
 *
 * Only for the destination_form*.c.
 */
#ifndef LIB_DESTINATION_FORM_H
#define LIB_DESTINATION_FORM_H

#include "lib/destination_field.h"

/* Complains if a value has not that form. */
typedef void	 form_check(const struct json *, const char *form,
		    const char *path, struct complaints *);

form_check	 form_check_pem, form_check_certificates, form_check_key,
		    form_check_pins;
form_check	 form_check_headers, form_check_header, form_check_credential,
		    form_check_statuses;
form_check	 form_check_address, form_check_addresses, form_check_host,
		    form_check_template, form_check_line,
		    form_check_request;

form_check	 form_check_directory, form_check_mode, form_check_bucket,
		    form_check_region, form_check_class, form_check_lock;
form_check	 form_check_account, form_check_storagekey, form_check_sas,
		    form_check_container, form_check_serviceaccount;
form_check	 form_check_base, form_check_networks;
form_check	 form_check_hostkey, form_check_sshkey;

/* True for the host of a URL that stands for this machine. */
bool	 form_is_here(const char *host);

/* The characters of a text; -1 if it has a control that is not in `but`. */
long	 form_count(const char *text, const char *but);

/* True for a string of `min` to `max` characters, with no other controls. */
bool	 form_is_text(const struct json *, const char *but, long min,
	    long max);

#endif
