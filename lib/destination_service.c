/*
 * destination_service - what belongs to each service that takes mail
 */
#include <stdio.h>
#include <string.h>

#include "lib/destination_field.h"
#include "lib/mail_address.h"

enum { SMTP = 1, SENDGRID = 2, RESEND = 4, SES = 8, CUSTOM = 16,
	ANY = SMTP | SENDGRID | RESEND | SES | CUSTOM };

/*
 * How many addresses it takes of the recipients, or of all who get the mail, 0
 * being any number, and whether what is before the @ has to be ASCII:
 * SendGrid's "Mail Send Limitations" (no unicode in addresses; 1000 addresses,
 * which no destination has), the page of Resend's "Send Email" (to: at most
 * 50), and Amazon's "Service quotas in Amazon SES" (50 in all; ASCII).
 */
static const struct service {
	const char	*name;
	int		 bit;
	size_t		 recipients, all;
	bool		 ascii;
} services[] = {
	{ "smtp", SMTP, 0, 0, false },
	{ "sendgrid", SENDGRID, 0, 0, true },
	{ "resend", RESEND, 50, 0, false },
	{ "ses", SES, 0, 50, true },
	{ "custom", CUSTOM, 0, 0, false },
};
#define SERVICES (sizeof(services) / sizeof(*services))

/* Which services know a field, and which cannot do without. */
static const struct {
	const char	*field;
	int		 known, required;
} fields[] = {
	{ "smtpConfig", SMTP, 0 },
	{ "smtpConfig.host", ANY, SMTP },
	{ "apiKey", SENDGRID | RESEND, SENDGRID | RESEND },
	{ "region", SES, SES },
	{ "accessKeyId", SES, SES },
	{ "secretAccessKey", SES, SES },
	{ "endpoint", ANY & ~SMTP, CUSTOM },
	{ "headers", CUSTOM, 0 },
	{ "requestTemplate", CUSTOM, CUSTOM },
};

static const char *const lists[] = { "recipients", "cc", "bcc" };
#define LISTS (sizeof(lists) / sizeof(*lists))

static const struct service *
service_of(const struct json *config)
{
	const char *name = json_string(json_get(config, "service"), "smtp");
	size_t i = 0;

	while (i + 1 < SERVICES && strcmp(services[i].name, name) != 0)
		i++;
	return &services[i];
}

static void
check_ascii(const struct json *value, const char *path,
    const struct service *service, struct complaints *all)
{
	struct mail_address address = { 0 };

	if (value != NULL && mail_address_parse(json_string(value, ""),
	    &address) == NULL && mail_address_is_utf8(&address))
		complain(all, path, "has characters beyond ASCII before the "
		    "@, which %s does not take", service->name);
	mail_address_free(&address);
}

static void
check_addresses(const struct json *config, const struct service *service,
    struct complaints *all)
{
	static const char *const single[] = { "from", "replyTo" };
	char path[FIELD_PATH_MAX];

	for (size_t i = 0; i < sizeof(single) / sizeof(*single); i++) {
		(void)snprintf(path, sizeof(path), "config.email.%s",
		    single[i]);
		check_ascii(json_get(config, single[i]), path, service, all);
	}
	for (size_t i = 0; i < LISTS; i++) {
		const struct json *each = json_first(json_get(config,
		    lists[i]));

		for (size_t n = 0; each != NULL; each = json_next(each)) {
			(void)snprintf(path, sizeof(path),
			    "config.email.%s.%zu", lists[i], n++);
			check_ascii(each, path, service, all);
		}
	}
}

static void
check_count(const struct json *config, const struct service *service,
    struct complaints *all)
{
	size_t first = json_count(json_get(config, lists[0])), count = 0;

	for (size_t i = 0; i < LISTS; i++)
		count += json_count(json_get(config, lists[i]));
	if (service->recipients > 0 && first > service->recipients)
		complain(all, "config.email.recipients", "are more than the "
		    "%zu that %s takes", service->recipients, service->name);
	else if (service->all > 0 && count > service->all)
		complain(all, "config.email.recipients", "are with cc and bcc "
		    "more than the %zu that %s takes", service->all,
		    service->name);
}

void
destination_check_service(const struct json *config, struct complaints *all)
{
	const struct service *service = service_of(config);
	char path[FIELD_PATH_MAX];

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		bool there = destination_value(config, fields[i].field) !=
		    NULL;

		(void)snprintf(path, sizeof(path), "config.email.%s",
		    fields[i].field);
		if (!there && (fields[i].required & service->bit) != 0)
			complain(lacks_of(all), path,
			    "is missing: %s needs it", service->name);
		else if (there && (fields[i].known & service->bit) == 0)
			complain(all, path, "means nothing to the service %s",
			    service->name);
	}
	if (service->ascii)
		check_addresses(config, service, all);
	check_count(config, service, all);
}
