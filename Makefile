# spoold - build, install, check, bench; `make help` lists what there is.
#
# Everything built goes below $(BUILD), laid out as it is installed (bin, sbin,
# libexec/spoold, share), so programs find each other there as they do below
# $(PREFIX).  Each program is a line of objects: that line is its dependency
# diagram.

PREFIX ?= /usr/local
# A system's own places for a system's prefix, below any other prefix else.
ifneq ($(filter /usr /usr/local,$(PREFIX)),)
SYSCONFDIR ?= /etc
LOCALSTATEDIR ?= /var
else
SYSCONFDIR ?= $(PREFIX)/etc
LOCALSTATEDIR ?= $(PREFIX)/var
endif
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
DEFINES := -I. -Ilibspool -D_GNU_SOURCE -isystem /usr/include/bsd -DLIBBSD_OVERLAY \
    -DSPOOLD_VERSION='"$(VERSION)"'
ALL_CFLAGS := -std=c11 $(OPTIMIZE) $(WARNINGS) -fstack-protector-strong -fPIE \
    $(SANITIZE) -MMD -MP $(DEFINES) $(CFLAGS)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SANITIZE) $(LDFLAGS)

# What lib/ offers, by what it is for.
BASE := $(addprefix lib/,why log xalloc buf hex utf8 lines clock id ticket \
    replace write)
JSON := $(addprefix lib/,scan scan_token scan_keys json json_write)
JOB := $(addprefix lib/,job job_text)
RECORDS := $(JOB) $(addprefix lib/,facts ticket_file published receipt \
    receipt_error)
LAYOUT := $(addprefix spool-layout/,layout layout_check directory) lib/access
SPOOL := $(addprefix lib/,published_file spool spool_list spool_lock spool_place \
    spool_write unseen)
VAULT := $(addprefix lib/,vault vault_key secret base64)
DESTINATION := $(VAULT) $(addprefix lib/,certificate destination \
    destination_cms destination_ends destination_field destination_form \
    destination_form_cloud \
    destination_form_download destination_form_http destination_form_mail \
    destination_form_ssh destination_form_storage destination_form_tls \
    destination_make destination_portable destination_rotate \
    destination_sealed destination_secret destination_service \
    destination_store destination_together destination_update \
    destination_view destination_warn destination_warn_template hostkey \
    mail_address mustache network path_template signing url)
STORE := $(SPOOL) $(DESTINATION) $(LAYOUT) lib/stored lib/stored_file
INSTANCE := $(addprefix lib/,account instance instance_place)
SETTINGS := $(addprefix lib/,conf_table conf_value conf_write)
CONFIG := $(addprefix lib/,conf conf_parse conf_text conf_environment \
    conf_listen conf_row format egress egress_rule listener network) $(SETTINGS) \
    $(INSTANCE)
JOURNAL := $(addprefix lib/,journal journal_open journal_recover journal_key \
    journal_line journal_lines journal_segment journal_reader \
    journal_seek journal_verify journal_purged journal_sync base64)
# For programs of others, and what commands stand on.
CALLS := $(addprefix libspool/,calls calls_destination calls_instance client \
    drop offline offline_environment open queue result submit) \
    $(addprefix lib/,control_said queue_entry queue_reader refused select \
    show)
LIBSPOOL := $(CALLS) $(CONFIG) $(BASE) $(JSON) $(RECORDS) $(SPOOL) $(LAYOUT)
COMMAND := $(addprefix lib/,cli cli_open cli_report cli_spoold \
    control_program select_job select_part show_json) $(CALLS)
WORKER := $(addprefix lib/,link process wiping) $(addprefix workers/common/, \
    skeleton sandbox sandbox_calls sandbox_places)
COURIER := $(addprefix workers/common/,attempt courier erasure headers held \
    http http_answer http_memory parcel path settings silence tls transfer \
    transfer_set trial verdict) $(WORKER) $(BASE) $(JSON) $(JOB) $(addprefix lib/,base64 \
    egress egress_rule network path_template url)

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
    $(BASE) $(JSON) $(RECORDS) $(STORE),-lacl -lconfuse -lcjson -lcrypto)
endef

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

# --- programs ---------------------------------------------------------------

SPOOLD := $(addprefix spoold/,main accept admit alert allowed callback \
    change checkpoint commit configuration connection denied destinations \
    drop duplicate durable erasure erasure_record expiry express fetch \
    fetch_denied finished flight flights forward health hostkeys keys lanes \
    limits links loop moves notify nurse nurse_ask options organization \
    orphans outcome owner purge receipts receipts_make recent recover refuse replay request reserve \
    restore resume retry revoke roles roll rotations scan schedule secrets \
    server settle setup stepped sweep sweep_files sweep_jobs sweep_journal \
    sweep_stored target tickets trial unseen usage verbs_delivery \
    verbs_destination verbs_explain verbs_health verbs_list verbs_move \
    verbs_payload verbs_secret verbs_server verbs_submit watch worker)

$(eval $(call program,sbin/spoold,$(SPOOLD) lib/link $(JOURNAL) $(CONFIG) \
    $(addprefix lib/,beneath control_program file_name nearest process service \
    verbs wiping) $(BASE) $(JSON) $(RECORDS) $(STORE), \
    -lacl -lconfuse -lcjson -lcrypto -lm))
$(eval $(call program,libexec/spoold/intake,workers/intake/intake $(WORKER) \
    $(BASE) $(JSON) $(JOB),-lseccomp -lcjson -lcrypto))
$(eval $(call program,libexec/spoold/webhook,$(addprefix workers/webhook/, \
    webhook body config delivery sign test) $(COURIER) lib/signing,-lcurl \
    -lseccomp -lcjson -lssl -lcrypto))
$(eval $(call program,libexec/spoold/pipe,$(addprefix workers/pipe/, \
    pipe config program run) $(COURIER),-lcurl -lseccomp -lcjson -lssl \
    -lcrypto))
$(eval $(call program,libexec/spoold/email,$(addprefix workers/email/, \
    email api api_answer api_test config custom delivery dialogue encoded \
    header login message mime outcome resend sendgrid ses smime smtp test) \
    $(addprefix workers/common/,cms sigv4) \
    $(addprefix lib/,certificate mail_address mustache) \
    $(COURIER),-lcurl -lseccomp -lcjson -lssl -lcrypto))
DOWNLOAD := $(addprefix workers/download/,answer certificate disposition \
    guests listener page pass peer range reply route) lib/file_name \
    lib/certificate lib/listener
$(eval $(call program,libexec/spoold/download,$(addprefix \
    workers/download/,download config server visit) $(DOWNLOAD) $(COURIER), \
    -lcurl -lmicrohttpd -lseccomp -lcjson -lssl -lcrypto))
$(eval $(call program,libexec/spoold/sftp,$(addprefix workers/sftp/, \
    sftp client clients config connection delivery envelope openssh outcome \
    manners pending phases reader same session subsystem test upload wire \
    write) workers/common/cms lib/certificate lib/hostkey $(COURIER), \
    -lcurl -lssh -lseccomp -lcjson -lssl -lcrypto))
$(eval $(call program,libexec/spoold/storage,$(addprefix workers/storage/, \
    storage config local local_erase local_place locator answer call \
    cloud_erase cloud_test describe digests parts provider upload azure azure_blocks \
    azure_codes azure_sign gcs gcs_codes gcs_session gcs_token s3 s3_codes \
    s3_resume s3_sign s3_sweep) $(addprefix workers/common/,jwt sharedkey sigv4) \
    lib/beneath lib/certificate lib/secret \
    $(COURIER),-lcurl -lseccomp -lcjson -lssl -lcrypto))
$(eval $(call command,spoolctl,$(addprefix spoold/commands/, \
    spoolctl_init spoolctl_system spoolctl_org spoolctl_start spoolctl_run \
    spoolctl_status spoolctl_check spoolctl_destinations spoolctl_links spoolctl_spool \
    spoolctl_upgrade account_make conf_file organization_make mend note \
    upgrade upgrade_directory upgrade_record upgrade_steps) lib/conf_edit lib/conf_shipped lib/structure \
    $(JOURNAL)))
$(eval $(call command,spoolsubmit,$(addprefix spoold/commands/spoolsubmit_,\
    batch compose wait) lib/split))
$(eval $(call command,spoolq,$(addprefix spoold/commands/spoolq_, \
    explain explain_drop explain_show read show watch)))
$(eval $(call command,spoolsuper,$(addprefix spoold/commands/, \
    spoolsuper_structure mend note) lib/structure $(JOURNAL)))
$(eval $(call command,spooldest,$(addprefix spoold/commands/spooldest_, \
    export import secret test translate write) lib/passphrase))
$(eval $(call command,spoolconf,$(addprefix spoold/commands/, \
    conf_file spoolconf_edit) \
    lib/conf_edit lib/conf_shipped))
$(eval $(call command,spoolkey,spoold/commands/spoolkey_records))
$(eval $(call command,spoolcat,$(addprefix spoold/commands/, \
    spoolcat_ask spoolcat_payload)))
$(eval $(call command,spoollog,spoold/commands/spoollog_show $(JOURNAL)))

# --- libspool: its own symbols alone can be seen, in either form --------------

SONAME := libspool.so.0
LIBRARY := libspool.so.$(VERSION)
LIBRARIES := $(LIBRARY) libspool.a
pic = $(patsubst %,$(BUILD)/pic/%.o,$(sort $(1)))

$(BUILD)/pic/%.o: %.c $(FLAGS_FILE)
	@mkdir -p $(@D)
	$(CC) $(filter-out -fPIE,$(ALL_CFLAGS)) -fPIC -c -o $@ $<

$(BUILD)/lib/$(LIBRARY): $(call pic,$(LIBSPOOL)) libspool/libspool.map
	@mkdir -p $(@D)
	$(CC) -shared -Wl,-soname,$(SONAME) \
	    -Wl,--version-script=libspool/libspool.map,-z,defs \
	    $(filter-out -pie,$(ALL_LDFLAGS)) -o $@ $(filter %.o,$^) \
	    -lacl -lconfuse -lcjson -lcrypto -lbsd
	ln -sf $(LIBRARY) $(@D)/$(SONAME)
	ln -sf $(SONAME) $(@D)/libspool.so

$(BUILD)/lib/libspool.a: $(call pic,$(LIBSPOOL))
	@mkdir -p $(@D)
	ld -r -o $(BUILD)/pic/libspool.o $^
	objcopy --wildcard --keep-global-symbol='libspool_*' \
	    $(BUILD)/pic/libspool.o
	rm -f $@
	ar rcs $@ $(BUILD)/pic/libspool.o

# Prints the tables of lib/*.def for the man pages and etc/spoold.conf.
$(BUILD)/tools/tables: $(call objects,man/tables lib/conf_table \
    lib/conf_shipped lib/conf_write $(BASE))
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -lcrypto -lbsd

# --- probes of the unit tests: what each drives beside the base --------------

PROBE_admit := $(RECORDS) $(SPOOL) $(LAYOUT) spoold/admit spoold/keys
PROBE_cloud := $(addprefix workers/common/,headers jwt sharedkey) \
    $(addprefix lib/,base64 certificate)
PROBE_express := $(addprefix spoold/,express loop)
PROBE_lanes := $(addprefix spoold/,express lanes loop)
PROBE_conf := $(CONFIG) lib/conf_edit
PROBE_job := $(JOB)
PROBE_records := $(RECORDS) $(LAYOUT)
PROBE_spool := $(RECORDS) $(SPOOL) $(LAYOUT)
PROBE_journal := $(JOURNAL)
PROBE_vault := $(VAULT)
PROBE_destination := $(DESTINATION)
PROBE_nurse := spoold/nurse
PROBE_stored := $(VAULT) lib/stored
PROBE_egress := $(addprefix lib/,egress egress_rule network)
PROBE_path := lib/path_template
PROBE_pending := workers/sftp/pending
PROBE_worker := lib/link $(JOB) $(addprefix tests/unit/worker_, \
    print process try)
PROBE_link := lib/link $(JOB)
PROBE_download = $(DOWNLOAD) lib/base64 lib/network
PROBE_links := lib/link lib/network
PROBE_sandbox := $(addprefix workers/common/,sandbox sandbox_calls \
    sandbox_places)
PROBE_mustache := lib/mustache

PROBES := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/probe_*.c))
define probe
$(BUILD)/tests/$(1): $(call objects,$(sort tests/unit/$(1) $(BASE) $(JSON) \
    $(PROBE_$(patsubst probe_%,%,$(1)))))
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o,$$^) -lacl -lconfuse \
	    -lcjson -lcurl -lseccomp -lcrypto -lbsd
endef
$(foreach p,$(PROBES),$(eval $(call probe,$(p))))

# A submitter who races spoold for what he dropped.
$(BUILD)/tests/race: $(call objects,tests/system/race)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^

# --- fuzz targets: by clang, with objects of their own ------------------------

FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FUZZED := $(sort $(BASE) $(JSON) $(RECORDS) $(STORE) $(CONFIG) $(JOURNAL) \
    lib/link lib/split workers/common/verdict workers/common/parcel \
    $(DOWNLOAD) $(addprefix workers/common/,cms headers http_answer settings) \
    $(addprefix workers/email/,api_answer encoded header mime smime) \
    workers/sftp/wire \
    $(addprefix workers/storage/,answer azure_codes gcs_codes s3_codes))
FUZZ_FLAGS := -std=c11 -O1 -g -fno-omit-frame-pointer $(WARNINGS) \
    -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
    -MMD -MP $(DEFINES)

$(BUILD)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	clang $(FUZZ_FLAGS) -c -o $@ $<

$(BUILD)/fuzz/obj/fuzzed.a: $(FUZZED:%=$(BUILD)/fuzz/obj/%.o)
	$(AR) rcs $@ $^

$(FUZZERS:%=$(BUILD)/fuzz/%): $(BUILD)/fuzz/%: \
    $(BUILD)/fuzz/obj/tests/fuzz/%.o $(BUILD)/fuzz/obj/fuzzed.a
	clang -fsanitize=fuzzer,address,undefined -Wl,--as-needed -o $@ $^ \
	    -lacl -lconfuse -lcjson -lcurl -lcrypto -lbsd

# --- what the benchmark consists of -------------------------------------------

BENCH := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))
BENCH_sftp_writer := workers/sftp/wire $(BASE)

.SECONDEXPANSION:
$(BENCH): $(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o \
    $$(call objects,$$(BENCH_$$*))
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcurl -lssh -lcrypto -lbsd

# --- building ----------------------------------------------------------------

.PHONY: all programs libraries probes fuzzers man generate clean help
all: programs libraries man probes ## build every program, library, manual page, probe
libraries: $(addprefix $(BUILD)/lib/,$(LIBRARIES))
programs: $(addprefix $(BUILD)/,$(PROGRAMS))
probes: $(addprefix $(BUILD)/tests/,$(PROBES) race)
fuzzers: $(addprefix $(BUILD)/fuzz/,$(FUZZERS))

# Another compiler or other flags build everything anew.
FLAGS_FILE := $(BUILD)/obj/flags
FLAGS_NOW := $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)
$(shell mkdir -p $(BUILD)/obj; \
    [ "$$(cat $(FLAGS_FILE) 2>/dev/null)" = '$(FLAGS_NOW)' ] || \
    printf '%s\n' '$(FLAGS_NOW)' >$(FLAGS_FILE))

$(BUILD)/obj/%.o: %.c $(FLAGS_FILE)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

-include $(shell find $(BUILD)/obj $(BUILD)/pic $(BUILD)/fuzz/obj -name '*.d' 2>/dev/null)

# Manual pages; in man/*.in a line `@TABLE name@` stands for a table.
MAN_PAGES := $(sort $(patsubst man/%.in,%,$(wildcard man/*.[1-8].in)) \
    $(patsubst man/%,%,$(wildcard man/*.[1-8])))
man_place = share/man/man$(patsubst .%,%,$(suffix $(1)))/$(1)
define man_page
$(BUILD)/$(call man_place,$(1)): $(firstword $(wildcard man/$(1).in man/$(1))) \
    $(BUILD)/tools/tables
	@mkdir -p $$(@D)
	$(BUILD)/tools/tables page <$$< >$$@
endef
$(foreach p,$(MAN_PAGES),$(eval $(call man_page,$(p))))
man: $(foreach p,$(MAN_PAGES),$(BUILD)/$(call man_place,$(p)))

generate: $(BUILD)/tools/tables ## write etc/spoold.conf anew from lib/conf.def
	$< conf >etc/spoold.conf

clean: ## remove what was built
	rm -rf $(BUILD)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword \
	    $(MAKEFILE_LIST)) | expand -t 16
	@echo 'Variables: BUILD PREFIX DESTDIR SYSCONFDIR LOCALSTATEDIR CC' \
	    'CFLAGS SAN=1'

# --- what has to be there ------------------------------------------------------

# Debian packages; `package:command` is content with that command, whatever
# package it came from.
DEPS := gcc:gcc make:make libc6-dev libacl1-dev libbsd-dev libcjson-dev \
    libconfuse-dev libcurl4-openssl-dev libmicrohttpd-dev libseccomp-dev \
    libssh-dev libssl-dev linux-libc-dev ca-certificates python3:python3 \
    passwd:useradd
CHECK_DEPS := shunit2 acl:getfacl chromium:chromium wget:wget curl:curl nodejs:node \
    npm:npm nginx:nginx strace jq procps openssl \
    xfsprogs:mkfs.xfs e2fsprogs:mkfs.ext4 mount tinyproxy-bin:tinyproxy \
    openssh-server:/usr/sbin/sshd openssh-client:ssh-keygen \
    pkg-config:pkg-config shellcheck mandoc clang libclang-rt-dev clang-tidy cppcheck \
    swift-proxy swift-account swift-container swift-object memcached \
    valgrind:valgrind gdb:gcore systemd:systemd-analyze iproute2:ip
BENCH_DEPS := nodejs:node npm:npm strace e2fsprogs:mkfs.ext4 mount procps \
    postfix redis-server:redis-server lftp rclone \
    awscli:/usr/bin/aws openssh-server:/usr/sbin/sshd openssh-client:sftp

.PHONY: deps check-deps bench-deps
# $(call packages,names): installs those that are missing, or does nothing.
packages = missing=; for each in $(1); do \
    package=$${each%%:*} command=$${each\#*:}; \
    [ "$$command" != "$$each" ] && command -v "$$command" >/dev/null && \
        continue; \
    dpkg-query -W -f '$${db:Status-Status}\n' "$$package" 2>/dev/null | \
        grep -qx installed || missing="$$missing $$package"; \
    done; [ -z "$$missing" ] && exit 0; \
    echo "installing:$$missing"; \
    [ "$$(id -u)" -eq 0 ] || sudo=sudo; \
    $$sudo apt-get update -q && $$sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends $$missing
# $(call npm_packages,folder): those of its package-lock.json, once.
npm_packages = cd $(1) && { [ node_modules/.package-lock.json -nt \
    package-lock.json ] || { npm ci --no-audit --no-fund && \
    touch node_modules/.package-lock.json; }; }

deps: ## install what building and running need (apt)
	@$(call packages,$(DEPS))

check-deps: ## install what the tests need (apt, npm)
	@$(call packages,$(CHECK_DEPS))
	@$(call npm_packages,tests/peers)

# A Postfix that is new is left without a configuration, so nothing uses it.
bench-deps: ## install what the benchmark's peers need (apt, npm)
	@$(call packages,debconf:debconf-set-selections)
	@command -v postfix >/dev/null || \
	    echo 'postfix postfix/main_mailer_type select No configuration' | \
	    $(if $(filter-out 0,$(shell id -u)),sudo) debconf-set-selections
	@$(call packages,$(BENCH_DEPS))
	@$(call npm_packages,tests/bench)

# --- checking ------------------------------------------------------------------

.PHONY: check lint faults fuzz bench bench-uploads
check: deps check-deps ## build and run every test
	@$(MAKE) --no-print-directory all fuzzers
	@BUILD='$(BUILD)' CC='$(CC)' CFLAGS='$(CFLAGS)' LDFLAGS='$(LDFLAGS)' \
	    tests/run

faults: all ## every kill, random kills, power cuts, endurance (two hours)
	BUILD='$(BUILD)' node tests/faults/kill_campaign.mjs
	BUILD='$(BUILD)' node tests/faults/random_kills.mjs --kills 200
	BUILD='$(BUILD)' node tests/faults/power_cut.mjs ext4 --cuts 50
	BUILD='$(BUILD)' node tests/faults/power_cut.mjs xfs --cuts 50
	BUILD='$(BUILD)' TEST_FULL=1 sh tests/system/limits_test.sh
	BUILD='$(BUILD)' TEST_FULL=1 sh tests/peers/endurance_test.sh
	BUILD='$(BUILD)' TEST_FULL=1 sh tests/peers/kill_test.sh

SECONDS ?= 600
fuzz: fuzzers ## search for bugs, SECONDS=600 for each target
	BUILD='$(BUILD)' tests/fuzz/run '$(SECONDS)' $(FUZZERS)

# As root: it mounts a file system of its own.
N ?= 20000
ROUNDS ?= 3
PEERS ?= yardstick bullmq postfix
UPLOADS ?= sftp s3 smtp
bench: all $(BENCH) ## measure, beside peers: N=20000 ROUNDS=3 PEERS="yardstick …"
	BUILD='$(BUILD)' node tests/bench/bench.mjs --jobs '$(N)' \
	    --rounds '$(ROUNDS)' --peers '$(or $(strip $(PEERS)),none)'
	BUILD='$(BUILD)' node tests/bench/hanging.mjs
	BUILD='$(BUILD)' node tests/bench/crowd.mjs
	@$(MAKE) --no-print-directory bench-uploads

bench-uploads: all $(BENCH) ## measure uploads only: ROUNDS=3 UPLOADS="sftp …"
	BUILD='$(BUILD)' node tests/bench/uploads.mjs --rounds '$(ROUNDS)' \
	    --uploads '$(UPLOADS)'

# Each tool's verdict on a file is a stamp, made anew when the file changes.
SOURCES := $(wildcard lib/*.c libspool/*.c etc/examples/*.c spool-layout/*.c \
    spoold/*.c spoold/commands/*.c \
    workers/*/*.c man/*.c tests/unit/*.c tests/system/*.c tests/fuzz/*.c \
    tests/bench/*.c)
SCRIPTS := $(wildcard tests/run tests/fuzz/run .ci/run tests/*.sh \
    tests/*/*.sh etc/examples/*.sh)
LINT := $(SOURCES:%=$(BUILD)/lint/%.tidy) $(SOURCES:%=$(BUILD)/lint/%.analyzed)

lint: $(LINT) $(BUILD)/lint/cppcheck man ## what compilers and linters say
	shellcheck -x $(SCRIPTS)
	mandoc -T lint -W warning $(foreach p,$(MAN_PAGES), \
	    $(BUILD)/$(call man_place,$(p)))
	@echo lint: clean

$(BUILD)/lint/%.tidy: % .clang-tidy
	@mkdir -p $(@D)
	clang-tidy --quiet --warnings-as-errors='*' $< -- -std=c11 $(DEFINES)
	@touch $@

$(BUILD)/lint/%.analyzed: %
	@mkdir -p $(@D)
	gcc -std=c11 -O1 $(WARNINGS) -fanalyzer $(DEFINES) -MMD -MP \
	    -MF $@.d -MT $@ -MT $(@:.analyzed=.tidy) -c -o /dev/null $<
	@touch $@

# It reads no system headers, but has to know the macros of these.
BSD := $(addprefix /usr/include/bsd/sys/,queue.h tree.h)

# ctuuninitvar takes a struct why that is to be filled in for one that is used.
$(BUILD)/lint/cppcheck: $(SOURCES) $(wildcard */*.h */*/*.h */*.def)
	@mkdir -p $(@D)
	cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
	    --enable=warning,performance,portability \
	    --suppress=missingIncludeSystem --suppress=ctuuninitvar -j 2 \
	    $(filter -D%,$(DEFINES)) -I. $(BSD:%=--include=%) $(SOURCES)
	@touch $@

-include $(shell find $(BUILD)/lint -name '*.d' 2>/dev/null)

# --- installing ----------------------------------------------------------------

.PHONY: install quickstart
LIBDIR ?= $(PREFIX)/lib
RUNSTATEDIR ?= $(if $(filter /var,$(LOCALSTATEDIR)),/run,$(LOCALSTATEDIR)/run)
CONF_PLACE := $(DESTDIR)$(SYSCONFDIR)/spoold/spoold.conf
DOC := $(DESTDIR)$(PREFIX)/share/doc/spoold
UNIT_PLACE := $(DESTDIR)$(PREFIX)/lib/systemd/system/spoold.service
# What is written with a system's places is installed with those asked for.
placed = sed -e 's|/var/|$(LOCALSTATEDIR)/|g' -e 's|/run/|$(RUNSTATEDIR)/|g' \
    -e 's|/etc/spoold|$(SYSCONFDIR)/spoold|g' \
    -e 's|/usr/\(s*bin/spool\)|$(PREFIX)/\1|g'

install: programs libraries man ## copy everything below $(DESTDIR)$(PREFIX)
	$(foreach p,$(PROGRAMS),install -D -m 755 $(BUILD)/$(p) \
	    '$(DESTDIR)$(PREFIX)/$(p)' &&) :
	$(foreach p,$(MAN_PAGES),install -D -m 644 \
	    $(BUILD)/$(call man_place,$(p)) \
	    '$(DESTDIR)$(PREFIX)/$(call man_place,$(p))' &&) :
	install -d '$(DESTDIR)$(LIBDIR)/pkgconfig'
	install -m 644 $(BUILD)/lib/libspool.a $(BUILD)/lib/$(LIBRARY) \
	    '$(DESTDIR)$(LIBDIR)'
	ln -sf $(LIBRARY) '$(DESTDIR)$(LIBDIR)/$(SONAME)'
	ln -sf $(SONAME) '$(DESTDIR)$(LIBDIR)/libspool.so'
	install -D -m 644 libspool/libspool.h \
	    '$(DESTDIR)$(PREFIX)/include/libspool.h'
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	    -e 's|@VERSION@|$(VERSION)|' libspool/libspool.pc.in \
	    >'$(DESTDIR)$(LIBDIR)/pkgconfig/libspool.pc'
	install -d '$(DOC)/examples'
	install -m 644 README.md CHANGELOG.md LICENSE '$(DOC)'
	install -m 644 etc/spoold.conf $(wildcard etc/examples/*) \
	    '$(DOC)/examples'
	install -d '$(dir $(CONF_PLACE))'
	install -d '$(dir $(UNIT_PLACE))'
	$(placed) etc/spoold.service >'$(UNIT_PLACE)'
	[ -e '$(CONF_PLACE)' ] || sed \
	    -e 's|"/var/|"$(LOCALSTATEDIR)/|' \
	    -e 's|"/run/|"$(RUNSTATEDIR)/|' \
	    -e 's|"/etc/|"$(SYSCONFDIR)/|' etc/spoold.conf >'$(CONF_PLACE)'

quickstart: ## a private instance below ./run, and a job delivered by it
	@BUILD='$(BUILD)' MAKE='$(MAKE)' sh etc/examples/quickstart.sh
