# spoold - build, install, check, bench; `make help` lists what there is.
#
# Everything built goes below $(BUILD), laid out as it is installed (bin, sbin,
# libexec/spoold), so programs find each other there as they do in $(PREFIX).
# Each program is a line of objects: that line is its dependency diagram.

PREFIX ?= /usr/local
SYSCONFDIR ?= $(PREFIX)/etc
LOCALSTATEDIR ?= $(PREFIX)/var
DESTDIR ?=

VERSION := 0.1.0
CC ?= gcc

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
ALL_CFLAGS := -std=c11 $(OPTIMIZE) $(WARNINGS) -fstack-protector-strong -fPIE \
    $(SANITIZE) -MMD -MP -I. -D_GNU_SOURCE -DSPOOLD_VERSION='"$(VERSION)"' \
    $(CFLAGS)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SANITIZE) $(LDFLAGS)

BASE := why log xalloc buf clock id ticket
JSON := scan json
RECORDS := job facts receipt
STORE := spool destination vault
CONFIG := conf conf_parse egress
JOURNAL := journal journal_key journal_segment journal_reader journal_verify
COMMAND := cli control select

objects = $(patsubst %,$(BUILD)/obj/%.o,$(1))
lib = $(call objects,$(addprefix lib/,$(1)))

all:
