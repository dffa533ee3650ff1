/*
 * destination_cms - what a destination signs with and encrypts to
 *
 * What cannot be signed or encrypted with is refused here, where a person is
 * there to mend it; the workers look again, for certificates end.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "lib/certificate.h"
#include "lib/clock.h"
#include "lib/destination_field.h"

/*
 * The first `most` of them have to be for that, and none may have ended.  One
 * that begins later is good: it is there in time to take another's place.
 */
static void
check_certificates(const struct json *config, const char *field,
    enum transport transport, enum certificate_use use, size_t most,
    struct complaints *all)
{
	struct certificates *certificates =
	    certificates_read(destination_value(config, field));
	char path[FIELD_PATH_MAX];

	(void)snprintf(path, sizeof(path), "config.%s.%s",
	    transport_name(transport), field);
	for (size_t i = 0; certificates != NULL && i < most &&
	    i < certificates_count(certificates); i++) {
		const char *words = certificate_unfit(certificates, i, use);

		if (words == NULL && certificate_end(certificates, i) <=
		    clock_wall())
			words = "has expired";
		if (words != NULL)
			complain(all, path, "has a certificate (number %zu) "
			    "that %s", i + 1, words);
	}
	certificates_free(&certificates);
}

/* One signs with both, or not at all. */
static void
check_signer(const struct json *smime, struct complaints *all)
{
	const struct json *certificates = json_get(smime, "signCert");
	const char *key = json_string(json_get(smime, "signKey"), NULL);

	if (certificates != NULL && key == NULL)
		complain(lacks_of(all), "config.email.smime.signKey",
		    "is missing: a signature needs both, signCert and its key");
	else if (certificates == NULL && key != NULL)
		complain(lacks_of(all), "config.email.smime.signCert",
		    "is missing: a signature needs both, the certificate "
		    "and signKey");
	else if (key != NULL && !destination_is_pair(certificates, key))
		complain(all, "config.email.smime.signKey",
		    "is not the key of signCert");
}

static void
check_smime(const struct json *config, struct complaints *all)
{
	const struct json *smime = json_get(config, "smime");
	bool encrypts = json_get(smime, "recipientCerts") != NULL;

	if (smime == NULL)
		return;
	if (!encrypts && json_get(smime, "signCert") == NULL &&
	    json_get(smime, "signKey") == NULL)
		complain(all, "config.email.smime", "has neither "
		    "recipientCerts, to encrypt to, nor signCert and signKey, "
		    "to sign with");
	if (strcmp(json_string(json_get(config, "service"), "smtp"),
	    "smtp") != 0)
		complain(all, "config.email.smime", "needs the service smtp: "
		    "the others make the message themselves");
	if (!encrypts && json_get(smime, "cipher") != NULL)
		complain(all, "config.email.smime.cipher",
		    "means nothing without recipientCerts");
	if (encrypts && json_get(config, "bcc") != NULL)
		complain(all, "config.email.bcc", "cannot stand beside "
		    "smime.recipientCerts: an encrypted message shows to each "
		    "of its readers for whom it is; give them a destination "
		    "of their own");
	check_signer(smime, all);
	check_certificates(config, "smime.recipientCerts", TRANSPORT_email,
	    CERTIFICATE_mail_recipient, SIZE_MAX, all);
	check_certificates(config, "smime.signCert", TRANSPORT_email,
	    CERTIFICATE_mail_signer, 1, all);
}

static void
check_file(const struct json *config, struct complaints *all)
{
	check_certificates(config, "encrypt", TRANSPORT_sftp,
	    CERTIFICATE_file_recipient, SIZE_MAX, all);
	if (json_get(config, "encryptCipher") != NULL &&
	    json_get(config, "encrypt") == NULL)
		complain(all, "config.sftp.encryptCipher",
		    "means nothing without encrypt");
}

void
destination_check_cms(const struct json *config, enum transport transport,
    struct complaints *all)
{
	if (transport == TRANSPORT_email)
		check_smime(config, all);
	if (transport == TRANSPORT_sftp)
		check_file(config, all);
}
