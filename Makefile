# SPDX-License-Identifier: Apache-2.0
#
# make            the program, build/lambdaimg, its man pages and its completion for bash
# make demo       install what is missing, build, convert, push and mount a real image
# make check      install what is missing, lint, run all tests, plain and under ASan and UBSan
# make test       the tests, plain; make asan: under ASan and UBSan; make tsan: under ThreadSanitizer
# make unit       unit tests only
# make soak       all tests in their long variants, and real images compared (that needs root)
# make bench      speed and deduplication; bench/README.md
# make fuzz       fuzzing, FUZZ_SECONDS for each target
# make lint       compilers, formats and simple checks; make analyze: the slow ones
# make dist       a release, build/lambdaimg-VERSION.tar.gz: the same commit always gives the same bytes
# make format | clean | install DESTDIR= PREFIX= LIBDIR=

VERSION = 0.1.0
# Raised when a program that was linked with the shared library of the last release would not run with this one.
SOVERSION = 0
BUILD  ?= build
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
SAN    ?=

.DEFAULT_GOAL := all
ifndef V
MAKEFLAGS += -s
endif

# ---- sources ---------------------------------------------------------------------------------

LIB_BASE = lib/base/buffer.c lib/base/compression.c lib/base/decompress.c $(DEFLATE) lib/base/error.c \
	lib/base/gunzip.c lib/base/hex.c lib/base/io.c lib/base/packed.c lib/base/repeats.c lib/base/secret.c \
	lib/base/sha256.c lib/base/sha256_lanes.c lib/base/text.c lib/base/universal_hash.c lib/base/workers.c

# ISA-L where there is one, else zlib. INFLATER=zlib takes zlib all the same; give it a BUILD of its own.
ifndef INFLATER
INFLATER := $(if $(shell pkg-config --exists libisal && echo yes),isal,zlib)
endif
DEFLATE = lib/base/deflate_$(INFLATER).c

LIB_HTTP = lib/http/answers.c lib/http/connections.c lib/http/http.c lib/http/network.c lib/http/retry.c \
	lib/http/transfer.c lib/http/window.c

LIB_AWS = lib/aws/cached.c lib/aws/credentials.c lib/aws/credentials_container.c \
	lib/aws/credentials_instance.c lib/aws/credentials_process.c lib/aws/credentials_profile.c \
	lib/aws/credentials_sso.c lib/aws/credentials_sts.c lib/aws/endpoint.c lib/aws/fetch.c \
	lib/aws/ini.c lib/aws/json.c lib/aws/place.c lib/aws/profile.c lib/aws/provider.c \
	lib/aws/provider_chain.c lib/aws/sign.c lib/aws/sso_token.c lib/aws/sts_reply.c lib/aws/time.c \
	lib/aws/words.c lib/aws/xml.c

LIB_IMAGE = lib/image/archive.c lib/image/candidates.c lib/image/choose.c lib/image/container.c \
	lib/image/directory.c lib/image/docker.c lib/image/image.c lib/image/json.c lib/image/json_lenient.c \
	lib/image/names.c lib/image/oci.c lib/image/oci_index.c lib/image/oci_look.c lib/image/parts.c \
	lib/image/platform.c lib/image/spool.c

LIB_TAR = lib/tar/entry.c lib/tar/header.c lib/tar/number.c lib/tar/pax.c lib/tar/places.c lib/tar/sparse.c \
	lib/tar/tar.c

LIB_LAYER = lib/layer/acl.c lib/layer/entry.c lib/layer/finish.c lib/layer/hash.c lib/layer/inflate.c \
	lib/layer/input.c lib/layer/layers.c lib/layer/layout.c lib/layer/merge.c lib/layer/path.c \
	lib/layer/read.c lib/layer/record.c lib/layer/scan.c lib/layer/sets.c lib/layer/state.c \
	lib/layer/tags.c lib/layer/tree.c lib/layer/verify.c lib/layer/whiteout.c lib/layer/windows.c \
	lib/layer/xattr.c lib/layer/zeros.c

LIB_EXT4 = lib/ext4/content.c lib/ext4/directory.c lib/ext4/explain.c lib/ext4/extent.c \
	lib/ext4/geometry.c lib/ext4/group.c lib/ext4/htree.c lib/ext4/inode.c lib/ext4/place.c \
	lib/ext4/plan.c lib/ext4/source.c lib/ext4/xattr.c

LIB_CHUNK = lib/chunk/chunk.c lib/chunk/walk.c lib/chunk/write.c

LIB_CRYPTO = lib/crypto/crypto.c lib/crypto/seal.c

LIB_MEMO = lib/memo/file.c lib/memo/limit.c lib/memo/memo.c lib/memo/names.c lib/memo/record.c

LIB_KMS = lib/kms/key_file.c lib/kms/kms.c lib/kms/kms_file.c

LIB_STORE = lib/store/directory.c lib/store/directory_list.c lib/store/directory_sync.c \
	lib/store/directory_temporary.c lib/store/directory_write.c lib/store/fault.c lib/store/s3.c \
	lib/store/s3_attempt.c lib/store/s3_bucket.c lib/store/s3_call.c lib/store/s3_condition.c \
	lib/store/s3_copy.c lib/store/s3_error.c lib/store/s3_list.c lib/store/s3_place.c lib/store/s3_read.c \
	lib/store/s3_remove.c lib/store/s3_write.c lib/store/store.c

LIB_MANIFEST = lib/manifest/manifest.c lib/manifest/manifest_json.c lib/manifest/reference.c \
	lib/manifest/wrap.c

LIB_REPO = lib/repo/create.c lib/repo/images.c lib/repo/json.c lib/repo/keys.c lib/repo/manifest.c lib/repo/name_list.c lib/repo/names.c \
	lib/repo/pointer.c lib/repo/present.c lib/repo/present_keep.c lib/repo/push.c lib/repo/push_chunks.c lib/repo/push_store.c \
	lib/repo/repo.c lib/repo/root.c lib/repo/server.c lib/repo/verify.c lib/repo/wrap.c

LIB_CACHE = lib/cache/cache.c

LIB_READER = lib/reader/chunks.c lib/reader/directory.c lib/reader/extent.c lib/reader/fetcher.c \
	lib/reader/htree.c lib/reader/inode.c lib/reader/read.c lib/reader/reader.c \
	lib/reader/statvfs.c lib/reader/superblock.c lib/reader/xattr.c

LIB_COMPARE = lib/compare/apply.c lib/compare/attribute.c lib/compare/change.c lib/compare/compare.c \
	lib/compare/content.c lib/compare/difference.c lib/compare/layer.c lib/compare/object.c \
	lib/compare/readers.c lib/compare/route.c lib/compare/walk.c

FUSE = fuse/listing.c fuse/mount.c fuse/operations.c fuse/options.c fuse/presence.c fuse/signals.c fuse/unmount.c

CMD = cmd/about.c cmd/against.c cmd/aws.c cmd/context.c cmd/convert.c cmd/explain.c cmd/help.c cmd/init.c cmd/inspect.c \
	cmd/key.c cmd/ls.c cmd/main.c cmd/memo.c cmd/mount.c cmd/notes.c cmd/parse.c cmd/print.c cmd/progress.c cmd/pull.c cmd/push.c \
	cmd/rm.c cmd/umount.c cmd/verify.c

# What programs may include, installed below include/lambdaimg with these paths. The shared library exports what
# they declare, and nothing else. What they include must be here, too.
PUBLIC_HEADERS = lib/aws/aws.h lib/base/buffer.h lib/base/bytes.h lib/base/env.h lib/base/error.h lib/base/packed.h \
	lib/base/secret.h lib/base/sha256.h lib/chunk/chunk.h lib/chunk/source.h lib/crypto/crypto.h lib/crypto/seal.h \
	lib/ext4/ext4.h lib/http/http.h lib/image/image.h lib/kms/kms.h lib/layer/layer.h lib/layer/layout.h \
	lib/layer/record.h lib/layer/scan.h lib/layer/tree.h lib/manifest/manifest.h lib/manifest/reference.h \
	lib/memo/memo.h lib/reader/files.h lib/reader/reader.h lib/repo/repo.h lib/store/s3.h lib/store/store.h \
	lib/tar/tar.h

# One cmocka program each: tests/unit/test_NAME.c
UNIT_BASE = base compression output packed sha256 sha256_openssl

UNIT_HTTP = http http_connections http_retry aws credentials credentials_kept

UNIT_IMAGE = image image_choice image_container image_json image_kinds image_oci image_platform

UNIT_TAR = tar tar_numbers tar_pax tar_places tar_sparse

UNIT_LAYER = decompress ext4 ext4_htree ext4_size ext4_soak layer layer_acl layer_broken layer_entries \
	layer_give_way layer_gzip layer_headers layer_names layer_read layer_runs layer_sparse layer_xattr \
	layer_xattr_blocks layer_zeros tags

UNIT_CRYPTO = crypto memo memo_files memo_record seal kms manifest wrap reference

UNIT_STORE = chunk create directory present push repo repo_lost s3 s3_absent s3_list s3_place s3_race s3_read \
	s3_remove s3_stop s3_write server store

UNIT_READER = cache damage files files_directories lost reader

UNIT_COMPARE = compare compare_stored

UNIT_MAN = man

# Programs that the scenarios use: tests/tools/NAME.c

TOOLS = ext4list faultproxy faultstream layout mktar mountfile randomstack randomtar tarcases tarcheck tarlist \
	treelist

# What readers of tars see, and where they may differ, for the programs that compare them.
TAR_LISTS = tests/tools/taritem.c tests/tools/taritem_archive.c tests/tools/taritem_own.c
TAR_CLASSES = tests/tools/tarclass_go.c tests/tools/tarclass_libarchive.c tests/tools/tarcompare.c \
	tests/tools/tarfacts.c

# man/PAGE.in each; what they say of commands and options is the program's own table.
MAN = lambdaimg.1 lambdaimg-convert.1 lambdaimg-init.1 lambdaimg-inspect.1 lambdaimg-key.1 \
	lambdaimg-ls.1 lambdaimg-mount.1 lambdaimg-pull.1 lambdaimg-push.1 lambdaimg-rm.1 lambdaimg-umount.1 \
	lambdaimg-verify.1 lambdaimg-chunk.5 lambdaimg-manifest.5 lambdaimg-repository.5 lambdaimg-s3.7

# Fuzz targets: tests/fuzz/fuzz_NAME.c
FUZZ = aws files gzip image layer manifest record s3 seal tar tars
FUZZ_SECONDS ?= 20

# ---- flags -----------------------------------------------------------------------------------

LIB_SRC = $(LIB_BASE) $(LIB_HTTP) $(LIB_AWS) $(LIB_IMAGE) $(LIB_TAR) $(LIB_LAYER) $(LIB_EXT4) $(LIB_CHUNK) $(LIB_CRYPTO) \
	$(LIB_MEMO) $(LIB_KMS) \
	$(LIB_STORE) $(LIB_MANIFEST) $(LIB_REPO) $(LIB_CACHE) $(LIB_READER) $(LIB_COMPARE)
UNIT = $(UNIT_BASE) $(UNIT_HTTP) $(UNIT_IMAGE) $(UNIT_TAR) $(UNIT_LAYER) $(UNIT_CRYPTO) $(UNIT_STORE) $(UNIT_READER) \
	$(UNIT_COMPARE) $(UNIT_MAN)

LIB_PKG = libarchive ext2fs com_err libcrypto libzstd jansson libcurl expat $(INFLATER:isal=libisal)
PKG = $(LIB_PKG) fuse3
PKG_CFLAGS := $(shell pkg-config --cflags $(PKG) 2>/dev/null | sed 's/-I/-isystem /g')
PKG_LIBS := $(shell pkg-config --libs $(PKG) 2>/dev/null)

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	-Wpointer-arith -Wwrite-strings -Wundef -Werror
# -fPIC serves the shared library, too. Measured with convert, the program runs no more instructions than with -fPIE.
HARDEN = -fstack-protector-strong -fstack-clash-protection -fPIC -fno-semantic-interposition
LINKHARDEN = -Wl,-z,relro,-z,now,-z,noexecstack
LDHARDEN = -pie $(LINKHARDEN)
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
SONAME = liblambdaimg.so.$(SOVERSION)
SHARED = $(BUILD)/$(SONAME)
PROGRAM = $(BUILD)/lambdaimg
UNIT_BIN = $(UNIT:%=$(BUILD)/tests/test_%)
TOOL_BIN = $(TOOLS:%=$(BUILD)/tests/%) $(BUILD)/tests/flipread.so $(BUILD)/tests/tardump

MAN_PAGES = $(MAN:%=$(BUILD)/man/%)
COMPLETION = $(BUILD)/completion/lambdaimg

all: $(PROGRAM) docs

docs: $(MAN_PAGES) $(COMPLETION)

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(call obj,$(LIB_SRC))
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/liblambdaimg.map: $(LIB) $(PUBLIC_HEADERS) scripts/public-symbols
	scripts/public-symbols LAMBDAIMG_$(SOVERSION) $(LIB) $(PUBLIC_HEADERS) >$@.part
	@mv $@.part $@

# -Bsymbolic-functions: calls within the library stay there, whatever functions the program defines.
$(SHARED): $(LIB) $(BUILD)/liblambdaimg.map
	$(CC) -shared -pthread $(LINKHARDEN) $(SANFLAGS) $(LDFLAGS) -Wl,-soname,$(SONAME) -Wl,-Bsymbolic-functions \
		-Wl,--version-script=$(BUILD)/liblambdaimg.map $(if $(SAN),,-Wl,-z,defs) -Wl,--as-needed -o $@ \
		-Wl,--whole-archive $(LIB) -Wl,--no-whole-archive $(PKG_LIBS)

# What is installed is tested as it is built plainly, without a sanitizer.
programs: $(if $(SAN),,$(SHARED))

$(PROGRAM): $(call obj,$(CMD) $(FUSE)) $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/tests/test_%: $(BUILD)/obj/tests/unit/test_%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(PKG_LIBS)

$(BUILD)/tests/mountfile: $(call obj,$(FUSE)) $(LIB)

$(BUILD)/tests/ext4list $(BUILD)/tests/treelist: $(call obj,tests/tools/listing.c)

$(BUILD)/tests/faultproxy: \
	$(call obj,tests/tools/exchange.c tests/tools/faults.c tests/tools/message.c tests/tools/proxy.c)

$(BUILD)/tests/faultstream: $(call obj,tests/tools/message.c tests/tools/proxy.c)

$(BUILD)/tests/layout: $(call obj,cmd/about.c cmd/aws.c cmd/context.c cmd/help.c cmd/notes.c cmd/parse.c cmd/print.c) $(LIB)

$(BUILD)/tests/randomstack: $(call obj,tests/tools/randomline.c tests/tools/randompath.c tests/tools/sketch.c)

# For LD_PRELOAD, so without a sanitizer of its own.
$(BUILD)/tests/flipread.so: tests/tools/flipread.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -std=c11 -O2 $(WARN) -fPIC -shared -o $@ $<

$(BUILD)/tests/randomtar: $(call obj,tests/tools/randomline.c tests/tools/tarfile.c tests/tools/tarmake.c \
	tests/tools/tarmutate.c tests/tools/tarsparse.c) $(LIB)

$(BUILD)/tests/tarcases: $(call obj,tests/tools/randomline.c tests/tools/tarcases_formats.c \
	tests/tools/tarcases_sizes.c tests/tools/tarcases_sparse.c tests/tools/tarfile.c tests/tools/tarmake.c) $(LIB)

$(BUILD)/tests/tarcheck: $(call obj,tests/tools/tarfile.c $(TAR_LISTS) $(TAR_CLASSES)) $(LIB)

$(BUILD)/tests/tarlist: $(call obj,tests/tools/tarfile.c $(TAR_LISTS)) $(LIB)

# Go looks for settings and keeps its cache at home, and would fetch modules: here it does neither.
GO = HOME=$(abspath $(BUILD))/go GOCACHE=$(abspath $(BUILD))/go/cache GOTMPDIR=$(abspath $(BUILD))/go/tmp \
	GOENV=off GOFLAGS= GO111MODULE=off GOPROXY=off CGO_ENABLED=0 go

$(BUILD)/tests/tardump: tests/tools/tardump.go
	@mkdir -p $(@D) $(BUILD)/go/tmp
	$(GO) build -o $@ $<

$(BUILD)/tests/%: $(BUILD)/obj/tests/tools/%.o
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/man/%: man/%.in scripts/make-man $(PROGRAM)
	@mkdir -p $(@D)
	scripts/make-man $(PROGRAM) $< >$@.part
	@mv $@.part $@

$(COMPLETION): scripts/make-completion $(PROGRAM)
	@mkdir -p $(@D)
	scripts/make-completion $(PROGRAM) >$@.part
	@mv $@.part $@

$(BUILD)/tests/fuzz_tars: $(call obj,$(TAR_LISTS) $(TAR_CLASSES))

$(BUILD)/tests/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $(filter-out $(LIB),$^) $(LIB) -lcmocka $(PKG_LIBS) \
		$(if $(filter %/fuzz_gzip,$@),-lz)

$(BUILD)/tests/seeds: $(BUILD)/obj/tests/fuzz/seeds.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(PKG_LIBS)

clean:
	rm -rf $(BUILD)

SHARE = $(DESTDIR)$(PREFIX)/share
DOCUMENTS = CHANGELOG.md CONTRIBUTING.md DESIGN.md LICENSE README.md SECURITY.md STYLE.md bench/README.md \
	contrib/example/readfile.c

.PHONY: dist install-documents install-library install-program

install: install-program install-library install-documents

install-program: all
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/lambdaimg
	install -D -m 644 -t $(SHARE)/man/man1 $(filter %.1,$(MAN_PAGES))
	install -D -m 644 -t $(SHARE)/man/man5 $(filter %.5,$(MAN_PAGES))
	install -D -m 644 -t $(SHARE)/man/man7 $(filter %.7,$(MAN_PAGES))
	install -D -m 644 -t $(SHARE)/bash-completion/completions $(COMPLETION)

install-library: $(SHARED) $(LIB)
	install -D -m 644 -t $(DESTDIR)$(LIBDIR) $(SHARED) $(LIB)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/liblambdaimg.so
	for header in $(PUBLIC_HEADERS:lib/%=%); do \
		install -D -m 644 lib/$$header $(DESTDIR)$(PREFIX)/include/lambdaimg/$$header || exit 1; \
	done
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig
	sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|; s|@REQUIRES@|$(LIB_PKG)|' \
		lib/lambdaimg.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/lambdaimg.pc
	chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/lambdaimg.pc

install-documents:
	for document in $(DOCUMENTS); do \
		install -d $(SHARE)/doc/lambdaimg/$$(dirname $$document) && \
		scripts/make-document $$document $(DOCUMENTS) >$(SHARE)/doc/lambdaimg/$$document && \
		chmod 644 $(SHARE)/doc/lambdaimg/$$document || exit 1; \
	done

# DIST=FOLDER writes it there; COMMIT=TAG takes that commit in place of HEAD.
DIST ?= $(BUILD)

dist:
	@mkdir -p $(DIST)
	scripts/make-dist $(DIST) $(COMMIT)

# IMAGE=FILE takes that image instead of one of Debian packages.
demo:
	scripts/demo $(IMAGE)

# ---- tests -----------------------------------------------------------------------------------

SCENARIOS = $(sort $(wildcard tests/scenarios/*.t))
DEMO_IMAGE = build/demo-image.tar
# IMAGES="A.tar B.tar" for soak and bench: docker-save archives of your own.
IMAGES ?= $(DEMO_IMAGE)
JOBS := $(shell nproc)
PROVE = prove --timer --merge -j $(JOBS) --exec ''

$(DEMO_IMAGE): scripts/make-demo-image
	scripts/make-demo-image $@

programs: $(PROGRAM) $(UNIT_BIN) $(TOOL_BIN) docs

unit: $(UNIT_BIN)
	CMOCKA_MESSAGE_OUTPUT=TAP $(PROVE) $(UNIT_BIN)

test: programs $(DEMO_IMAGE)
	CMOCKA_MESSAGE_OUTPUT=TAP LAMBDAIMG=$(PROGRAM) TOOLS=$(BUILD)/tests DEMO_IMAGE=$(DEMO_IMAGE) \
		$(PROVE) $(UNIT_BIN) $(SCENARIOS)
	tests/with-s3-server $(MAKE) s3-scenarios

# The directory's scenarios once more, with a bucket in its place. Beside tests/with-s3-server.
S3_HTTP_SCENARIOS = against crash ends faults http2 lost mount random repo requests s3 s3-crash stop wrong-input
S3_HTTPS_SCENARIOS = crash ends faults mount repo s3

s3-scenarios: programs $(DEMO_IMAGE)
	echo "# repositories in a bucket, over HTTP, then over TLS"
	CMOCKA_MESSAGE_OUTPUT=TAP $(PROVE) $(BUILD)/tests/test_store
	STORE=http LAMBDAIMG=$(PROGRAM) TOOLS=$(BUILD)/tests DEMO_IMAGE=$(DEMO_IMAGE) \
		$(PROVE) $(S3_HTTP_SCENARIOS:%=tests/scenarios/%.t)
	STORE=https LAMBDAIMG=$(PROGRAM) TOOLS=$(BUILD)/tests DEMO_IMAGE=$(DEMO_IMAGE) \
		$(PROVE) $(S3_HTTPS_SCENARIOS:%=tests/scenarios/%.t)

asan:
	$(MAKE) -j $(JOBS) BUILD=build/asan SAN=address,undefined test

# It does not work with all addresses that a kernel chooses.
tsan:
	setarch -R $(MAKE) -j $(JOBS) BUILD=build/tsan SAN=thread test

fuzz:
	$(MAKE) -j $(JOBS) CC=clang BUILD=build/fuzz SAN=address,undefined,fuzzer-no-link run-fuzz

# What a run finds of use stays in the corpus for the next one; what fails is BUILD/NAME-*.
run-fuzz: $(FUZZ:%=$(BUILD)/tests/fuzz_%) $(BUILD)/tests/seeds $(BUILD)/tests/randomtar $(BUILD)/tests/tarcases
	$(BUILD)/tests/seeds $(BUILD)/seeds
	mkdir -p $(BUILD)/seeds/tars
	$(BUILD)/tests/randomtar 1 200 $(BUILD)/seeds/tars
	$(BUILD)/tests/tarcases $(BUILD)/seeds/tars
	for name in $(FUZZ); do \
		mkdir -p $(BUILD)/corpus/$$name; \
		$(BUILD)/tests/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -timeout=20 \
			-print_final_stats=1 -artifact_prefix=$(BUILD)/$$name- \
			$(BUILD)/corpus/$$name $(BUILD)/seeds/$$name >$(BUILD)/$$name.log 2>&1 || \
			{ cat $(BUILD)/$$name.log; exit 1; }; \
		echo "$$name: $$(sed -n 's/^stat::number_of_executed_units: *//p' $(BUILD)/$$name.log) inputs"; \
	done

soak:
	$(MAKE) -j $(JOBS) SOAK=1 test
	$(MAKE) SOAK=1 SEEDS=500 asan
	$(MAKE) compare-images

compare-images: programs $(filter $(DEMO_IMAGE),$(IMAGES))
	LAMBDAIMG=$(PROGRAM) TOOLS=$(BUILD)/tests tests/compare-images $(IMAGES)

check:
	scripts/install-deps
	$(MAKE) -j $(JOBS) lint
	$(MAKE) -j $(JOBS) test
	$(MAKE) asan

# ---- measurements ------------------------------------------------------------------------------

bench: $(PROGRAM) $(filter $(DEMO_IMAGE),$(IMAGES))
	LAMBDAIMG=$(PROGRAM) bench/speed $(IMAGES)
	LAMBDAIMG=$(PROGRAM) bench/dedup $(IMAGES)

# ---- lint ------------------------------------------------------------------------------------

C_FILES = $(sort $(wildcard $(addsuffix /*.c,lib/* fuse cmd contrib/* tests/*)))
H_FILES = $(sort $(wildcard $(addsuffix /*.h,lib/* fuse cmd tests/*)))
GO_FILES = $(wildcard tests/tools/*.go)
SHELL_FILES = .ci/run $(filter-out %.h,$(wildcard scripts/*)) $(wildcard tests/scenarios/*.*) \
	tests/scenarios/through-s3 tests/compare-images tests/with-s3-server \
	$(filter-out %.md %/recorded,$(wildcard bench/*))

lint: cppcheck
	$(MAKE) CC=clang BUILD=build/clang programs
	clang-format --dry-run --Werror $(C_FILES) $(H_FILES)
	shellcheck --external-sources --source-path=SCRIPTDIR $(SHELL_FILES)
	scripts/check-includes
	scripts/check-decisions
	test -z "$$(gofmt -l $(GO_FILES) | tee /dev/stderr)"
	mkdir -p $(BUILD)/go/tmp
	$(GO) vet $(GO_FILES)

# It loses count of loops that fill an array, so uninitialised variables are left to the compilers and
# to the analyzer.
cppcheck:
	cppcheck --quiet -j $(JOBS) --error-exitcode=1 --std=c11 --library=bsd --enable=warning,performance,portability \
		--inline-suppr --suppress=uninitvar --suppress=ctuuninitvar -Ilib -I. -D_GNU_SOURCE -D__linux__ \
		-DLI_VERSION='"$(VERSION)"' $(C_FILES)

# Each file by itself; lib/base/error.c defines what scripts/analyzer.h redefines. Unit tests are left
# out: their checks end by a jump that the analyzer does not follow.
analyze: cppcheck $(patsubst %,$(BUILD)/analyze/%,$(filter-out tests/unit/%,$(C_FILES)))

$(BUILD)/analyze/%: % .clang-tidy scripts/analyzer.h $(H_FILES)
	@mkdir -p $(@D)
	clang-tidy --quiet $< -- $(ALL_CPPFLAGS) -std=c11 \
		$(if $(filter lib/base/error.c,$<),,-include scripts/analyzer.h) >$@.log 2>&1 || \
		{ grep -v 'warnings\{0,1\} generated\|^Suppressed' $@.log; exit 1; }
	@touch $@

format:
	clang-format -i $(C_FILES) $(H_FILES)

.PHONY: all analyze asan bench check clean compare-images cppcheck demo docs format fuzz install lint \
	programs run-fuzz s3-scenarios soak test tsan unit
.SECONDARY:

-include $(shell test -d $(BUILD) && find $(BUILD) -name '*.d')
