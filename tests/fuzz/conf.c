/*
 * conf - spoold.conf, damaged in any way
 *
 * What is read has only values that the table allows: each is taken again as
 * it is printed.  And nothing has changed between a file and itself.
 */
#include "lib/conf.h"
#include "lib/conf_table.h"
#include "tests/fuzz/fuzz.h"

#define FILE_NAME "spoold.conf"

/* Once, before libFuzzer begins. */
static void __attribute__((constructor))
begin(void)
{
	char	*directory = fuzz_directory();

	MUST(chdir(directory) == 0);
	free(directory);
}

static void
check_value(const struct setting *setting, const struct conf *conf)
{
	struct buf	 text = { 0 };
	struct why	 why;
	const char	*value;

	setting_print(setting, conf, &text);
	value = text.data != NULL ? text.data : "";
	MUST(setting_check(setting, &value, 1, &why) == 0);
	buf_free(&text);
}

static void
check_values(const struct conf *conf)
{
	const struct setting	*settings;
	size_t			 count;

	settings = conf_settings(&count);
	/* An item of a list may have a comma in it. */
	for (size_t i = 0; i < count; i++)
		if (settings[i].scope == SCOPE_plain &&
		    !setting_is_list(&settings[i]))
			check_value(&settings[i], conf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int		 lowest = fuzz_lowest();
	struct buf	 changes = { 0 };
	struct conf	*conf;
	struct why	 why;

	fuzz_file(FILE_NAME, data, size);
	conf = conf_read(FILE_NAME, &why);
	MUST(conf != NULL || why.code == ERROR_CONFIG_ERROR);
	if (conf != NULL) {
		check_values(conf);
		MUST(!conf_changes(conf, conf, &changes));
		MUST(conf_check_reload(conf, conf, &why) == 0);
		(void)conf_schedule(conf, 1);
		buf_free(&changes);
	}
	conf_free(&conf);
	MUST(fuzz_lowest() == lowest);
	return 0;
}
