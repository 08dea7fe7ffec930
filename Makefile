# SPDX-License-Identifier: Apache-2.0
#
# make            the program, build/lambdaimg
# make demo       install what is missing, build, convert, push and mount a real image
# make check      install what is missing, run all tests, plain and under ASan and UBSan
# make soak       what of the tests takes longer
# make asan | fuzz | analyze | format | bench | install

VERSION = 0.1.0
BUILD  ?= build
PREFIX ?= /usr/local
SAN    ?=

.DEFAULT_GOAL := all
ifndef V
MAKEFLAGS += -s
endif

# ---- sources ---------------------------------------------------------------------------------

LIB_BASE = lib/base/buffer.c lib/base/error.c lib/base/hex.c lib/base/io.c lib/base/secret.c \
	lib/base/workers.c

LIB_IMAGE =

LIB_LAYER =

LIB_EXT4 =

LIB_CHUNK = lib/chunk/chunk.c lib/chunk/walk.c lib/chunk/write.c

LIB_CRYPTO = lib/crypto/crypto.c lib/crypto/seal.c

LIB_KMS = lib/kms/key_file.c lib/kms/kms.c lib/kms/kms_file.c

LIB_STORE = lib/store/directory.c lib/store/directory_list.c lib/store/directory_sync.c \
	lib/store/directory_write.c lib/store/fault.c lib/store/store.c

LIB_MANIFEST = lib/manifest/manifest.c lib/manifest/manifest_json.c lib/manifest/reference.c \
	lib/manifest/wrap.c

LIB_REPO = lib/repo/images.c lib/repo/json.c lib/repo/keys.c lib/repo/manifest.c lib/repo/names.c \
	lib/repo/pointer.c lib/repo/push.c lib/repo/push_chunks.c lib/repo/repo.c lib/repo/root.c \
	lib/repo/verify.c lib/repo/wrap.c

LIB_CACHE =

LIB_READER =

FUSE =

CMD =

# One cmocka program each: tests/unit/test_NAME.c
UNIT_BASE = base

UNIT_IMAGE =

UNIT_LAYER =

UNIT_CRYPTO = crypto seal kms manifest wrap reference

UNIT_STORE = chunk store repo push

UNIT_READER =

# Programs that the scenarios use: tests/tools/NAME.c
TOOLS =

# ---- flags -----------------------------------------------------------------------------------

LIB_SRC = $(LIB_BASE) $(LIB_IMAGE) $(LIB_LAYER) $(LIB_EXT4) $(LIB_CHUNK) $(LIB_CRYPTO) $(LIB_KMS) \
	$(LIB_STORE) $(LIB_MANIFEST) $(LIB_REPO) $(LIB_CACHE) $(LIB_READER)
UNIT = $(UNIT_BASE) $(UNIT_IMAGE) $(UNIT_LAYER) $(UNIT_CRYPTO) $(UNIT_STORE) $(UNIT_READER)

PKG = libarchive ext2fs com_err libcrypto libzstd jansson fuse3
PKG_CFLAGS := $(shell pkg-config --cflags $(PKG) 2>/dev/null | sed 's/-I/-isystem /g')
PKG_LIBS := $(shell pkg-config --libs $(PKG) 2>/dev/null)

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	-Wpointer-arith -Wwrite-strings -Wundef -Werror
HARDEN = -fstack-protector-strong -fstack-clash-protection -fPIE
LDHARDEN = -pie -Wl,-z,relro,-z,now,-z,noexecstack
ifeq ($(SAN),)
HARDEN += -D_FORTIFY_SOURCE=2
OPT ?= -O2 -g
else
OPT ?= -O1 -g -fno-omit-frame-pointer
SANFLAGS = -fsanitize=$(SAN) -fno-sanitize-recover=all
endif

ALL_CPPFLAGS = -Ilib -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DFUSE_USE_VERSION=312 \
	-DLI_VERSION='"$(VERSION)"' $(PKG_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS = -std=c11 -pthread $(OPT) $(WARN) $(HARDEN) $(SANFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pthread $(LDHARDEN) $(SANFLAGS) $(LDFLAGS)

# ---- build -----------------------------------------------------------------------------------

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

LIB = $(BUILD)/liblambdaimg.a
PROGRAM = $(BUILD)/lambdaimg
UNIT_BIN = $(UNIT:%=$(BUILD)/tests/test_%)
TOOL_BIN = $(TOOLS:%=$(BUILD)/tests/%)

all: $(PROGRAM)

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(call obj,$(LIB_SRC))
	@rm -f $@
	$(AR) rcs $@ $^

$(PROGRAM): $(call obj,$(CMD) $(FUSE)) $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/tests/test_%: $(BUILD)/obj/tests/unit/test_%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(PKG_LIBS)

$(BUILD)/tests/%: $(BUILD)/obj/tests/tools/%.o
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

unit: $(UNIT_BIN)
	@for t in $(UNIT_BIN); do echo "# $$t"; $$t || exit 1; done

clean:
	rm -rf $(BUILD)

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

.PHONY: all unit clean format
.SECONDARY:

-include $(shell test -d $(BUILD) && find $(BUILD) -name '*.d')
