# spoold - build, install, check, bench; `make help` lists what there is.
#
# Everything built goes below $(BUILD), laid out as it is installed (bin, sbin,
# libexec/spoold, share), so programs find each other there as they do below
# $(PREFIX).  Each program is a line of objects: that line is its dependency
# diagram.

PREFIX ?= /usr/local
SYSCONFDIR ?= $(PREFIX)/etc
LOCALSTATEDIR ?= $(PREFIX)/var
DESTDIR ?=

VERSION := 0.1.0

ifeq ($(origin CC),default)
CC := gcc
endif

ifeq ($(SAN),1)
BUILD ?= build/san
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined \
    -fno-omit-frame-pointer
OPTIMIZE := -O1 -g
else
BUILD ?= build
SANITIZE :=
OPTIMIZE := -O2 -g -D_FORTIFY_SOURCE=2
endif

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
    -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings \
    -Wformat=2 -Wvla -Werror
CFLAGS ?=
# libbsd's headers (<sys/tree.h>, strlcpy in <string.h>) beside the system's.
DEFINES := -I. -D_GNU_SOURCE -isystem /usr/include/bsd -DLIBBSD_OVERLAY \
    -DSPOOLD_VERSION='"$(VERSION)"'
ALL_CFLAGS := -std=c11 $(OPTIMIZE) $(WARNINGS) -fstack-protector-strong -fPIE \
    $(SANITIZE) -MMD -MP $(DEFINES) $(CFLAGS)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SANITIZE) $(LDFLAGS)

# What lib/ offers, by what it is for.
BASE := $(addprefix lib/,why log xalloc buf utf8 lines clock id ticket)
JSON := $(addprefix lib/,scan scan_token scan_keys json json_write)
JOB := $(addprefix lib/,job job_text)
RECORDS := $(JOB) $(addprefix lib/,facts ticket_file receipt)
LAYOUT := spool-layout/layout
SPOOL := $(addprefix lib/,spool spool_list spool_lock spool_place \
    spool_write)
VAULT := $(addprefix lib/,vault vault_key base64)
DESTINATION := $(VAULT) $(addprefix lib/,destination destination_field \
    destination_form destination_make url)
STORE := $(SPOOL) $(DESTINATION) $(LAYOUT)
SETTINGS := $(addprefix lib/,conf_table conf_value)
CONFIG := $(addprefix lib/,conf conf_parse conf_environment egress) $(SETTINGS)
JOURNAL := $(addprefix lib/,journal journal_open journal_recover journal_key \
    journal_line journal_lines journal_segment journal_reader \
    journal_seek journal_verify base64)
COMMAND := $(addprefix lib/,cli cli_report cli_ask show show_json \
    control control_program select select_ask select_job)
WORKER := lib/link $(addprefix workers/common/,skeleton sandbox)

objects = $(patsubst %,$(BUILD)/obj/%.o,$(1))
PROGRAMS :=

# $(call program,place below $(BUILD),objects,libraries)
define program
PROGRAMS += $(1)
$(BUILD)/$(1): $(call objects,$(2))
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o,$$^) $(3) -lbsd
endef
define command
$(call program,bin/$(1),spoold/commands/$(1) $(2) $(COMMAND) $(CONFIG) \
    $(BASE) $(JSON) $(RECORDS) $(STORE),-lconfuse -lcjson -lcrypto)
endef

.DEFAULT_GOAL := all

# --- programs ---------------------------------------------------------------

SPOOLD := $(addprefix spoold/,main accept admit alert change checkpoint \
    commit connection destinations drop durable finished flight loop moves \
    organization orphans outcome receipts recent recover refuse replay \
    request reserve restore retry scan schedule server settle target \
    tickets verbs_delivery verbs_destination verbs_server watch worker)

$(eval $(call program,sbin/spoold,$(SPOOLD) lib/link $(JOURNAL) $(CONFIG) \
    lib/control_program $(BASE) $(JSON) $(RECORDS) $(STORE),-lconfuse \
    -lcjson -lcrypto -lm))
$(eval $(call program,libexec/spoold/intake,workers/intake/intake $(WORKER) \
    $(BASE) $(JSON) $(JOB),-lseccomp -lcjson -lcrypto))
$(eval $(call program,libexec/spoold/webhook,$(addprefix workers/webhook/, \
    webhook body config sign verdict) $(addprefix workers/common/,http tls) \
    $(WORKER) $(BASE) $(JSON) $(JOB) lib/base64 lib/egress,-lcurl -lseccomp \
    -lcjson -lssl -lcrypto))
$(eval $(call command,spoolctl,$(addprefix spoold/commands/, \
    spoolctl_init spoolctl_run spoolctl_check) $(JOURNAL)))
$(eval $(call command,spoolsubmit,$(addprefix spoold/commands/spoolsubmit_,\
    batch compose wait) lib/drop lib/split))
$(eval $(call command,spoolq,spoold/commands/spoolq_show))
$(eval $(call command,spoolsuper))
$(eval $(call command,spooldest))
$(eval $(call command,spoolcat,spoold/commands/spoolcat_payload))
$(eval $(call command,spoollog,$(JOURNAL)))

# Prints the tables of lib/*.def for the man pages and etc/spoold.conf.
$(BUILD)/tools/tables: $(call objects,man/tables $(SETTINGS) $(BASE))
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -lcrypto -lbsd

# --- probes of the unit tests: what each drives beside the base --------------

PROBE_conf := $(CONFIG)
PROBE_job := $(JOB)
PROBE_records := $(RECORDS) $(LAYOUT)
PROBE_spool := $(RECORDS) $(SPOOL) $(LAYOUT)
PROBE_journal := $(JOURNAL)
PROBE_vault := $(VAULT)
PROBE_destination := $(DESTINATION)

PROBES := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/probe_*.c))
define probe
$(BUILD)/tests/$(1): $(call objects,$(sort tests/unit/$(1) $(BASE) $(JSON) \
    $(PROBE_$(patsubst probe_%,%,$(1)))))
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o,$$^) -lconfuse -lcjson \
	    -lcurl -lseccomp -lcrypto -lbsd
endef
$(foreach p,$(PROBES),$(eval $(call probe,$(p))))

# --- building ----------------------------------------------------------------

.PHONY: all programs probes clean
all: programs probes ## build every program, man page and test probe
programs: $(addprefix $(BUILD)/,$(PROGRAMS))
probes: $(addprefix $(BUILD)/tests/,$(PROBES))

# Another compiler or other flags build everything anew.
FLAGS_FILE := $(BUILD)/obj/flags
FLAGS_NOW := $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)
$(shell mkdir -p $(BUILD)/obj; \
    [ "$$(cat $(FLAGS_FILE) 2>/dev/null)" = '$(FLAGS_NOW)' ] || \
    printf '%s\n' '$(FLAGS_NOW)' >$(FLAGS_FILE))

$(BUILD)/obj/%.o: %.c $(FLAGS_FILE)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

clean: ## remove what was built
	rm -rf $(BUILD)
