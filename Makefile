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

# ISA-L where there is one, else zlib. INFLATER=zlib takes zlib all the same; give it a BUILD of its own.
ifndef INFLATER
INFLATER := $(if $(shell pkg-config --exists libisal && echo yes),isal,zlib)
endif
DEFLATE = lib/base/deflate_$(INFLATER).c

# Each room of the library is a folder: all of it is compiled. Of the two inflaters one.
LIB_SRC = $(filter-out lib/base/deflate_%,$(sort $(wildcard lib/*/*.c))) $(DEFLATE)
CMD = $(sort $(wildcard cmd/*.c cmd/*/*.c))
# What the commands share, which two tools of the tests use, too.
CMD_COMMON = $(filter cmd/common/%,$(CMD))
FUSE = $(sort $(wildcard fuse/*.c))

# What programs may include, installed below include/lambdaimg with these paths. The shared library exports what
# they declare, and nothing else. What they include must be here, too.
PUBLIC_HEADERS = lib/aws/aws.h lib/aws/credentials.h lib/aws/endpoint.h lib/base/blocks.h lib/base/buffer.h \
	lib/base/bytes.h lib/base/env.h lib/base/error.h lib/base/packed.h lib/base/secret.h lib/base/sha256.h \
	lib/chunk/chunk.h lib/chunk/source.h lib/crypto/crypto.h lib/crypto/seal.h lib/ext4/ext4.h lib/files/files.h \
	lib/flatten/flatten.h lib/http/http.h lib/image/image.h lib/kms/kms.h lib/layer/layer.h lib/layer/layout.h \
	lib/layer/record.h lib/layer/scan.h lib/layer/tree.h lib/manifest/manifest.h lib/manifest/reference.h \
	lib/memo/memo.h lib/push/push.h lib/diff/diff.h lib/diff/view.h lib/reader/reader.h lib/repo/repo.h lib/report/report.h lib/sealed/sealed.h lib/store/s3.h \
	lib/store/store.h lib/stored/stored.h lib/tar/tar.h lib/verify/verify.h lib/wraps/wraps.h

# One cmocka program each, BUILD/tests/test_NAME: tests/unit/ROOM/test_NAME.c.
UNIT_SRC = $(sort $(wildcard tests/unit/*/test_*.c))

# What unit tests and fuzz targets share. Each program is linked with those that it uses.
FIXTURES = $(sort $(wildcard tests/fixtures/*.c))

# Programs that the scenarios use: tests/tools/NAME.c
TOOLS = cachetrace costly ext4list faultproxy faultstream layout memscan mktar mountfile randomstack randomtar samefile sandbox \
	secrets tarcases tarcheck tarlist treelist

# What readers of tars see, and where they may differ, for the programs that compare them.
TAR_LISTS = tests/tools/taritem.c tests/tools/taritem_archive.c tests/tools/taritem_own.c
TAR_CLASSES = tests/tools/tarclass_go.c tests/tools/tarclass_libarchive.c tests/tools/tarcompare.c \
	tests/tools/tarfacts.c

# man/PAGE.in each; what they say of commands and options is the program's own table.
MAN = $(patsubst man/%.in,%,$(sort $(wildcard man/*.in)))

# Fuzz targets: tests/fuzz/fuzz_NAME.c
FUZZ = $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SECONDS ?= 20

# ---- flags -----------------------------------------------------------------------------------

LIB_PKG = libarchive ext2fs com_err libcrypto liblzma libseccomp libzstd jansson expat sqlite3 $(INFLATER:isal=libisal)
PKG = $(LIB_PKG) fuse3
# libcurl is not linked: lib/http/curl.h.
PKG_CFLAGS := $(shell pkg-config --cflags $(PKG) libcurl 2>/dev/null | sed 's/-I/-isystem /g')
PKG_LIBS := $(shell pkg-config --libs $(PKG) 2>/dev/null) -lm

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
# Most tools of the tests use few of the libraries, and each library makes them start later.
ALL_LDFLAGS = -pthread -Wl,--as-needed $(LDHARDEN) $(SANFLAGS) $(LDFLAGS)

# ---- build -----------------------------------------------------------------------------------

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

LIB = $(BUILD)/liblambdaimg.a
SONAME = liblambdaimg.so.$(SOVERSION)
SHARED = $(BUILD)/$(SONAME)
PROGRAM = $(BUILD)/lambdaimg
UNIT_BIN = $(patsubst %.c,$(BUILD)/tests/%,$(notdir $(UNIT_SRC)))
FIXTURE_LIB = $(BUILD)/libfixtures.a
TOOL_BIN = $(TOOLS:%=$(BUILD)/tests/%) $(BUILD)/tests/attack.so $(BUILD)/tests/flipread.so $(BUILD)/tests/freescan.so \
	$(BUILD)/tests/tardump

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

$(FIXTURE_LIB): $(call obj,$(FIXTURES))
	@rm -f $@
	$(AR) rcs $@ $^

$(foreach test,$(UNIT_SRC),$(eval $(BUILD)/tests/$(basename $(notdir $(test))): $(call obj,$(test))))

$(BUILD)/tests/test_loader: $(call obj,fuse/loader.c)

$(UNIT_BIN): $(FIXTURE_LIB) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(FIXTURE_LIB) $(LIB) -lcmocka $(PKG_LIBS)

$(BUILD)/tests/mountfile: $(call obj,$(FUSE)) $(LIB)

$(BUILD)/tests/cachetrace: $(LIB)

$(BUILD)/tests/ext4list $(BUILD)/tests/treelist: $(call obj,tests/tools/listing.c)

$(BUILD)/tests/faultproxy: \
	$(call obj,tests/tools/exchange.c tests/tools/faults.c tests/tools/message.c tests/tools/proxy.c)

$(BUILD)/tests/faultstream: $(call obj,tests/tools/message.c tests/tools/proxy.c)

$(BUILD)/tests/layout $(BUILD)/tests/secrets: $(call obj,$(CMD_COMMON)) $(LIB)

$(BUILD)/tests/randomstack: $(call obj,tests/tools/randomline.c tests/tools/randompath.c tests/tools/sketch.c)

# For LD_PRELOAD, so without a sanitizer of its own.
$(BUILD)/tests/%.so: tests/tools/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -std=c11 -O2 $(WARN) -fPIC -shared -o $@ $<

# It starts every test, and a sanitizer takes ten times as long to start. LeakSanitizer does not work in it anyway: a
# process that it starts belongs to another namespace.
$(BUILD)/tests/sandbox: tests/tools/sandbox.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -std=c11 -O2 $(WARN) $(HARDEN) $(LDHARDEN) -o $@ $<

$(BUILD)/tests/costly: $(call obj,tests/tools/costly_documents.c tests/tools/costly_image.c \
	tests/tools/costly_paths.c tests/tools/costly_put.c tests/tools/costly_records.c tests/tools/costly_sparse.c \
	tests/tools/randomline.c tests/tools/tarfile.c tests/tools/tarmake.c) $(LIB)

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

# cost.c is called in place of the target, which it calls.
$(BUILD)/tests/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/cost.o $(FIXTURE_LIB) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -Wl,--wrap=LLVMFuzzerTestOneInput -o $@ $(filter %.o,$^) $(FIXTURE_LIB) $(LIB) -lcmocka $(PKG_LIBS) \
		$(if $(filter %/fuzz_gzip,$@),-lz)

$(BUILD)/tests/seeds: $(call obj,tests/fuzz/seeds.c tests/fuzz/seeds_repo.c) $(FIXTURE_LIB) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(PKG_LIBS)

clean:
	rm -rf $(BUILD)

SHARE = $(DESTDIR)$(PREFIX)/share
DOCUMENTS = CHANGELOG.md CONTRIBUTING.md DESIGN.md LICENSE README.md SECURITY.md STYLE.md bench/README.md \
	contrib/example/readfile.c contrib/kms/lambdaimg-kms-pkcs11 contrib/kms/lambdaimg-kms-vault

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
		chmod $$(test -x $$document && echo 755 || echo 644) $(SHARE)/doc/lambdaimg/$$document || exit 1; \
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

DEMO_IMAGE = build/demo-image.tar
# IMAGES="A.tar B.tar" for soak and bench: docker-save archives of your own.
IMAGES ?= $(DEMO_IMAGE)
JOBS := $(shell nproc)
# Many tests wait for most of their time, so more of them run at once than there are processors.
TEST_JOBS := $(shell echo $$(($(JOBS) * 2)))

# The scenarios, tests/scenarios/NAME.t, by the store that they run on. Those of a bucket are the directory's
# once more.
SCENARIOS_dir = $(basename $(notdir $(sort $(wildcard tests/scenarios/*.t))))
SCENARIOS_http = against crash ends faults http2 lost mount programs random repo requests rewrap s3 s3-crash stop wrong-input
SCENARIOS_https = crash ends faults mount repo s3
# Those that open a key, once more with their keys in AWS KMS. Most of what flips.t does is about chunks.
SCENARIOS_dir_aws = against crash diskfull ends known lost memo mount random repo secrets who $(if $(SOAK),flips)
SCENARIOS_http_aws = crash ends faults lost mount random repo requests s3 s3-crash stop
# These take longest, so they are begun first: a run does not end with waiting for one of them alone.
SCENARIOS_long = hang faults flips http2 cost against convert random wrong-input crash golden expiry s3-crash mount

# tests BUILD...: what tests/run-tests is to run of what was built there, in this order.
SCENARIO_ORDER = $(SCENARIOS_long) $(filter-out $(SCENARIOS_long),$(SCENARIOS_dir))
scenario = $(if $(filter $(3),$(SCENARIOS_$(2))),$(1):$(2):tests/scenarios/$(3).t)
scenarios = $(foreach name,$(SCENARIO_ORDER),$(foreach store,dir http https,$(foreach build,$(1),\
	$(call scenario,$(build),$(store),$(name)))))
units = $(foreach build,$(1),$(UNIT_BIN:$(BUILD)/%=$(build)/%) $(build):http:$(build)/tests/test_store)
# Where the keys are makes no difference to a sanitizer, so of several builds only the last one runs these.
aws_scenarios = $(foreach name,$(SCENARIO_ORDER),$(foreach store,dir http,\
	$(if $(filter $(name),$(SCENARIOS_$(store)_aws)),$(lastword $(1)):$(store):aws:tests/scenarios/$(name).t)))
tests = $(call scenarios,$(1)) $(call aws_scenarios,$(1)) $(call units,$(1))

# run_tests BUILD...: all in one run, beside one S3 server. For one test by itself:
#	tests/run-tests --one build:dir:tests/scenarios/NAME.t
#	tests/with-s3-server tests/run-tests --one build:http:tests/scenarios/NAME.t
run_tests = tests/with-s3-server tests/run-tests $(TEST_JOBS) $(BUILD)/test-times $(call tests,$(1))

$(DEMO_IMAGE): scripts/make-demo-image
	scripts/make-demo-image $@

programs: $(PROGRAM) $(UNIT_BIN) $(TOOL_BIN) docs

# What programs are made of, for who only wants to know what the compiler says.
objects: $(call obj,$(LIB_SRC) $(CMD) $(FUSE) $(wildcard tests/tools/*.c) $(FIXTURES) $(UNIT_SRC))

sanitized:
	$(MAKE) BUILD=build/asan SAN=address,undefined programs

unit: $(UNIT_BIN) $(BUILD)/tests/sandbox
	tests/run-tests $(JOBS) $(BUILD)/test-times $(UNIT_BIN)

test: programs $(DEMO_IMAGE)
	$(call run_tests,$(BUILD))

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
	TMPDIR=$${TMPDIR:-/var/tmp} LAMBDAIMG=$(PROGRAM) TOOLS=$(BUILD)/tests $(BUILD)/tests/sandbox \
		$(patsubst %,-r %,$(dir $(IMAGES))) tests/compare-images $(IMAGES)

check:
	scripts/install-deps
	tests/with-canary $(MAKE) run-check

# First all that is built or looked at, side by side; then all tests of both builds.
run-check:
	$(MAKE) -j $(JOBS) lint programs sanitized $(DEMO_IMAGE)
	$(call run_tests,build/asan $(BUILD))

# ---- measurements ------------------------------------------------------------------------------

bench: $(PROGRAM) $(filter $(DEMO_IMAGE),$(IMAGES))
	LAMBDAIMG=$(PROGRAM) bench/speed $(IMAGES)
	LAMBDAIMG=$(PROGRAM) bench/dedup $(IMAGES)

# ---- lint ------------------------------------------------------------------------------------

C_FILES = $(sort $(wildcard $(addsuffix /*.c,lib/* fuse cmd cmd/* contrib/* tests/* tests/unit/*)))
H_FILES = $(sort $(wildcard $(addsuffix /*.h,lib/* fuse cmd cmd/* tests/*)))
GO_FILES = $(wildcard tests/tools/*.go)
SHELL_FILES = .ci/run contrib/kms/lambdaimg-kms-vault $(filter-out %.h,$(wildcard scripts/*)) $(wildcard tests/scenarios/*.*) \
	tests/scenarios/through-s3 tests/compare-images tests/with-canary tests/with-s3-server \
	$(filter-out %.md %/recorded %/cache-policy %/delay,$(wildcard bench/*))

# Side by side with make -j.
lint: clang-warnings cppcheck format-check go-check shellcheck
	scripts/check-includes
	scripts/check-decisions
	scripts/check-shapes

# clang warns of the same with -O0, which takes a third of the time, and of wrong formats only then: not where
# _FORTIFY_SOURCE takes the place of printf().
clang-warnings:
	$(MAKE) CC=clang BUILD=build/clang OPT=-O0 objects

format-check:
	clang-format --dry-run --Werror $(C_FILES) $(H_FILES)

shellcheck:
	printf '%s\n' $(SHELL_FILES) | xargs -n 10 -P $(JOBS) shellcheck --external-sources --source-path=SCRIPTDIR

go-check:
	badly=$$(gofmt -l $(GO_FILES)) && if [ -n "$$badly" ]; then echo "gofmt: $$badly" >&2; exit 1; fi
	mkdir -p $(BUILD)/go/tmp
	$(GO) vet $(GO_FILES)

# It loses count of loops that fill an array, so uninitialised variables are left to the compilers and
# to the analyzer.
cppcheck:
	cppcheck --quiet -j $(JOBS) --error-exitcode=1 --std=c11 --library=bsd --enable=warning,performance,portability \
		--inline-suppr --suppress=uninitvar --suppress=ctuuninitvar -Ilib -I. -D_GNU_SOURCE -D__linux__ \
		-DLI_VERSION='"$(VERSION)"' $(C_FILES)

# Each file by itself; lib/base/error.c defines what scripts/analyzer.h redefines. Unit tests and fixtures
# are left out: their checks end by a jump that the analyzer does not follow.
analyze: cppcheck $(patsubst %,$(BUILD)/analyze/%,$(filter-out tests/unit/% tests/fixtures/%,$(C_FILES)))

$(BUILD)/analyze/%: % .clang-tidy scripts/analyzer.h $(H_FILES)
	@mkdir -p $(@D)
	clang-tidy --quiet $< -- $(ALL_CPPFLAGS) -std=c11 \
		$(if $(filter lib/base/error.c,$<),,-include scripts/analyzer.h) >$@.log 2>&1 || \
		{ grep -v 'warnings\{0,1\} generated\|^Suppressed' $@.log; exit 1; }
	@touch $@

format:
	clang-format -i $(C_FILES) $(H_FILES)

.PHONY: all analyze asan bench check clang-warnings clean compare-images cppcheck demo docs format format-check \
	fuzz go-check install lint objects programs run-check run-fuzz sanitized shellcheck soak test tsan unit
.SECONDARY:

-include $(shell test -d $(BUILD) && find $(BUILD) -name '*.d')
