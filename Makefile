# epshim. `make` builds it, `make install` installs it, `make demo` shows it to four readers, `make test`
# (or `check`) runs every test. All but install and uninstall first install what they need, as root
# on Debian, and say so. Plain cargo works too.
# `make cross` proves the layout of every Linux ABI that Debian has a compiler for; `make bench`
# measures all of it beside its peers, on a quiet machine in a quarter of an hour. `make dist` makes what a
# release has, and `make release-test` makes it twice and tries it on fresh machines.

CARGO ?= cargo
CC ?= cc
CFLAGS ?= -O2 -g
INSTALL ?= install
# STRIP=: keeps the symbols.
STRIP ?= strip

# Without libclang nothing is built, instead of with a proof that lacks the system's header.
EPSHIM_VERIFY ?= strict
export EPSHIM_VERIFY

# Where `make install` puts what, below DESTDIR. Nothing else is touched: to have the dynamic loader
# find the library, run ldconfig afterwards.
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d

version := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
soversion := $(firstword $(subst ., ,$(version)))
functions := $(shell sed -n 's/^\(epshim_[a-z0-9_]*\).*/\1/p' tests/abi/functions.txt)
# What a static libepshim needs of a libc that is several libraries: glibc before 2.34. Elsewhere these are
# empty, and part of libc.
native := -lpthread -ldl

warnings := -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror
# The C library, which is without std: as cargo writes it, and the archive as one object.
capi := target/capi
archive := $(capi)/archive/libepshim.a
shared := -L$(capi) -lepshim -Wl,-rpath,'$$ORIGIN/../capi'
static := $(archive) $(native)
program_c := $(wildcard c_tests/echo_program/*.c)
echo_c := $(wildcard c_tests/echo/*.c) $(program_c)
compile = $(CC) $(CFLAGS) -std=c11 -pthread $(warnings) -Iinclude -Ic_tests
shown := $(addprefix target/demo/,hello-shared hello-static echo-c-libc echo-c-epshim \
	echo-c-reactor echo-rust-reactor half_closed stranded binding) target/release/epshim

# The unit tests that Miri can run: those without a system call, and the callbacks of the C reactor.
pure := layout flags buffer registry timers tag ffi memory shared

.PHONY: all build library demo test check soak bench cross dist release-test install uninstall setup-demo setup-test clean

all: setup-demo
	$(MAKE) --no-print-directory build

# Named together, packages have the same features of what they share: 160 crates and build scripts are compiled, where a
# call for each compiles 185. The demo names them too, and compiles 7 more instead of 16.
built_together := -p epshim-preload -p epshim-cli

# What is installed, without a look at the tools.
build: library
	$(CARGO) build --release $(built_together)
	@mkdir -p target/release/completions
	@for shell in bash zsh fish; do \
		target/release/epshim completions $$shell >target/release/completions/$$shell || exit; done

# The C library alone.
library:
	$(CARGO) build --profile capi -p epshim-capi --no-default-features --features verify
	@mkdir -p $(dir $(archive))
	@CC='$(CC)' STRIP='$(STRIP)' packaging/archive.sh $(capi)/libepshim.a $(archive)

demo: all
	@mkdir -p target/demo
	@echo "compiling C programs, with and without libepshim, into target/demo"
	@$(compile) examples/hello.c -o target/demo/hello-shared $(shared)
	@$(compile) examples/hello.c -o target/demo/hello-static $(static)
	@$(compile) -DEPSHIM_ORACLE $(echo_c) -o target/demo/echo-c-libc
	@$(compile) $(echo_c) -o target/demo/echo-c-epshim $(shared)
	@$(compile) c_tests/echo_reactor.c $(program_c) -o target/demo/echo-c-reactor $(shared)
	$(CARGO) build --release $(built_together) -p epshim --example echo --example demo
	@cp target/release/examples/echo target/demo/echo-rust-reactor
	@$(compile) examples/half_closed.c -o target/demo/half_closed
	@$(compile) examples/stranded.c -o target/demo/stranded
	@$(compile) crates/cli/tests/bindings/wrong.c -o target/demo/binding
	@target/release/examples/demo $(shown)

# The tests proper come last, so that the run ends with their summary.
test check: setup-test
	@if $(CARGO) clippy --version >/dev/null 2>&1; then \
		$(CARGO) clippy --workspace --all-targets -- -D warnings && \
		$(CARGO) clippy --profile capi -p epshim-capi --no-default-features -- -D warnings; \
	else echo "skipped: clippy is not installed (rustup component add clippy)"; fi
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps
	@if $(CARGO) +nightly miri setup >/dev/null 2>&1; then \
		$(CARGO) +nightly miri test -p epshim --lib --no-default-features -- $(pure) && \
		$(CARGO) +nightly miri test -p epshim --lib --no-default-features --features std -- $(pure); \
	else echo "skipped: Miri is not installed (rustup +nightly component add miri)"; fi
	$(CARGO) build --no-default-features
	$(CARGO) test -p epshim --lib --no-default-features
	$(CARGO) build --release
	$(CARGO) test --workspace --exclude epshim --no-fail-fast
	$(CARGO) test --no-fail-fast

# What is right must not be named, nor broken: 200 looks at each server, idle and under load; 20 seeds of chaos at each level;
# 60 s of load at each server that `check --pid` is attached to.
soak:
	EPSHIM_LOOKS=200 $(CARGO) test -p epshim-cli --test inspect silence
	EPSHIM_CHAOS_SEEDS=20 $(CARGO) test -p epshim-cli --test chaos
	EPSHIM_SOAK_SECONDS=60 $(CARGO) test -p epshim-cli --test attached under_load

# Installs what `make` has built: root needs no cargo. Only what is missing is built.
built := $(capi)/libepshim.so $(archive) $(addprefix target/release/,libepshim_preload.so epshim \
	$(addprefix completions/,bash zsh fish))
$(built):
	$(MAKE) --no-print-directory all

bin := $(DESTDIR)$(BINDIR)
lib := $(DESTDIR)$(LIBDIR)
man := $(DESTDIR)$(MANDIR)
manual := $(foreach section,1 3 7,$(man)/man$(section))
completions := $(addprefix $(DESTDIR),$(BASHCOMPDIR) $(ZSHCOMPDIR) $(FISHCOMPDIR))
folders := $(bin) $(lib)/pkgconfig $(lib)/cmake/epshim $(DESTDIR)$(INCLUDEDIR) $(manual) $(completions)
fill = sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@INCLUDEDIR@|$(INCLUDEDIR)|' \
	-e 's|@VERSION@|$(version)|; s|@SOVERSION@|$(soversion)|; s|@STATIC_LIBS@|$(native)|' \
	-e "s|@POINTER_SIZE@|$$((4 * $$(od -An -tu1 -j4 -N1 $(capi)/libepshim.so)))|" \
	-e "s|@INCLUDE_FROM_LIB@|$$(realpath -ms --relative-to='$(LIBDIR)' '$(INCLUDEDIR)')|" \
	packaging/$(1).in | $(INSTALL) -m 644 /dev/stdin $(2)/$(1)

install: $(built)
	$(INSTALL) -d $(folders)
	$(INSTALL) -m 755 $(capi)/libepshim.so $(lib)/libepshim.so.$(version)
	ln -sf libepshim.so.$(version) $(lib)/libepshim.so.$(soversion)
	ln -sf libepshim.so.$(soversion) $(lib)/libepshim.so
	$(INSTALL) -m 755 target/release/libepshim_preload.so $(lib)
	$(INSTALL) -m 644 $(archive) $(lib)
	$(INSTALL) -m 755 target/release/epshim $(bin)
	$(STRIP) --strip-unneeded $(lib)/libepshim.so.$(version) $(lib)/libepshim_preload.so $(bin)/epshim
	$(INSTALL) -m 644 include/epshim.h $(DESTDIR)$(INCLUDEDIR)
	@$(call fill,epshim.pc,$(lib)/pkgconfig)
	@$(call fill,epshimConfig.cmake,$(lib)/cmake/epshim)
	@$(call fill,epshimConfigVersion.cmake,$(lib)/cmake/epshim)
	@for section in 1 3 7; do $(INSTALL) -m 644 man/*.$$section $(man)/man$$section || exit; done
	@for name in $(functions); do case $$name in \
		epshim_reactor_*) ln -sf epshim_reactor.3 $(man)/man3/$$name.3 ;; \
		*) ln -sf epshim.3 $(man)/man3/$$name.3 ;; esac || exit; done
	$(INSTALL) -m 644 target/release/completions/bash $(DESTDIR)$(BASHCOMPDIR)/epshim
	$(INSTALL) -m 644 target/release/completions/zsh $(DESTDIR)$(ZSHCOMPDIR)/_epshim
	$(INSTALL) -m 644 target/release/completions/fish $(DESTDIR)$(FISHCOMPDIR)/epshim.fish

# Takes away what this version installs, and the folders that are empty then: those of DESTDIR, or of
# a PREFIX of our own. In /usr and /usr/local the empty ones belong to the system.
own := $(or $(DESTDIR),$(filter-out /usr /usr/local,$(PREFIX)))
uninstall:
	rm -f $(bin)/epshim $(DESTDIR)$(INCLUDEDIR)/epshim.h $(lib)/pkgconfig/epshim.pc
	rm -f $(addprefix $(lib)/libepshim,.a .so .so.$(soversion) .so.$(version) _preload.so)
	rm -f $(addprefix $(lib)/cmake/epshim/epshim,Config.cmake ConfigVersion.cmake)
	rm -f $(join $(completions),/epshim /_epshim /epshim.fish)
	rm -f $(foreach page,$(notdir $(wildcard man/*.[137])),$(man)/man$(subst .,,$(suffix $(page)))/$(page))
	rm -f $(functions:%=$(man)/man3/%.3)
	@[ ! -d "$(own)" ] || { cd $(own) && for folder in $(patsubst $(own)/%,%,$(filter $(own)/%,$(folders))); do \
		[ ! -d $$folder ] || rmdir -p --ignore-fail-on-non-empty $$folder; done; }
	@[ ! -d $(lib)/cmake/epshim ] || rmdir --ignore-fail-on-non-empty $(lib)/cmake/epshim

bench: setup-demo
	$(CARGO) run --quiet --release -p epshim-bench -- all

# The layout of every Linux ABI, measured again and run where qemu can: see crates/layouts/ and cross/.
# TARGETS names some of cross/targets.txt: their tests are run, and REQUIRE of them must be.
TARGETS ?=
REQUIRE ?= 8
cross: setup-demo
	sh crates/layouts/install.sh
	$(CARGO) run --quiet -p epshim-layouts -- check --require 40 --require-zig 50
	$(CARGO) run --quiet -p epshim-layouts -- run --require 18
	cross/install.sh
	cross/test.sh --require $(REQUIRE) $(TARGETS)

# The static files, the wheels, the source, and their checksums; MACHINES="x86_64 aarch64" for both. Some 80 MB of tools
# are fetched. release-test also compiles
# the crates as others get them, from their packages, with libclang and without.
MACHINES ?= $(shell uname -m)
crates := -p epshim-observe -p epshim-check -p epshim
dist: setup-demo
	packaging/dist.sh $(MACHINES)

release-test: setup-test
	packaging/dist.sh --twice $(MACHINES)
	$(CARGO) package --locked --target-dir target/ship/crates $(crates)
	EPSHIM_VERIFY= LIBCLANG_PATH=/nowhere $(CARGO) package --locked --target-dir target/ship/crates $(crates)
	rm -rf target/ship/crates
	packaging/fresh.sh --release

setup-demo setup-test: setup-%:
	@./setup.sh $*

clean:
	$(CARGO) clean
