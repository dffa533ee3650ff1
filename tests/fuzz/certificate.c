/*
 * certificate - certificates of anybody, and what is encrypted to them
 *
 * The input is PEM if it begins like that, else the bytes of one certificate,
 * which are put into PEM.  Whatever is in them, each question has an answer;
 * and what may be encrypted to is, or not, within the bytes that were promised.
 */
#include "lib/base64.h"
#include "lib/certificate.h"
#include "tests/fuzz/fuzz.h"
#include "workers/common/cms.h"

#define CONTENT 5000

static void
seal(const struct certificates *all, size_t i)
{
	static const char	 content[CONTENT];
	struct certificates	*one = certificates_new();
	struct cms_envelope	*envelope;
	struct buf		 out = { 0 };
	struct why		 why;

	certificates_add(one, all, i);
	envelope = cms_seal_begin(one, CMS_aes_256_cbc, &why);
	if (envelope != NULL && cms_seal_add(envelope, content, CONTENT, &out,
	    &why) == 0 && cms_seal_end(envelope, &out, &why) == 0) {
		MUST(out.len > CONTENT);
		MUST((int64_t)out.len <= cms_seal_bound(one, CONTENT, 1));
	}
	cms_seal_free(&envelope);
	certificates_free(&one);
	buf_free(&out);
}

static void
ask(const struct certificates *all, size_t i)
{
	struct buf	 note = { 0 };
	bool		 fit = false;

	for (int use = 0; use < CERTIFICATE_USES; use++)
		fit |= certificate_unfit(all, i,
		    (enum certificate_use)use) == NULL;
	MUST(!certificate_is_valid(all, i, certificate_end(all, i)));
	MUST(!certificate_is_valid(all, i, certificate_begin(all, i) - 1));
	(void)certificate_is_of(all, i, "nobody@nowhere.example");
	certificates_note(all, "field", &note);
	buf_free(&note);
	if (fit)
		seal(all, i);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char			*text = fuzz_text(data, size);
	struct certificates	*all;
	struct buf		 pem = { 0 };

	if (strncmp(text, "-----", 5) != 0) {
		buf_str(&pem, "-----BEGIN CERTIFICATE-----\n");
		for (size_t at = 0; at < size; at += 48) {
			base64_encode(&pem, data + at, size - at < 48 ?
			    size - at : 48, BASE64_STANDARD);
			buf_char(&pem, '\n');
		}
		buf_str(&pem, "-----END CERTIFICATE-----\n");
	}
	all = certificates_parse(pem.len > 0 ? pem.data : text);
	MUST(all == NULL || certificates_count(all) > 0);
	for (size_t i = 0; all != NULL && i < certificates_count(all) &&
	    i < 4; i++)
		ask(all, i);
	certificates_free(&all);
	buf_free(&pem);
	free(text);
	return 0;
}
