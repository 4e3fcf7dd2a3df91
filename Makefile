# epshim. `make` builds it, `make install` installs it, `make demo` shows the main job, `make test`
# (or `check`) runs every test. All but install and uninstall first install what they need, as root
# on Debian, and say so. Plain cargo works too.
# `make cross` proves the layout of every Linux ABI that Debian has a compiler for; `make bench`
# measures all of it beside its peers, on a quiet machine in a quarter of an hour.

CARGO ?= cargo
CC ?= cc
CFLAGS ?= -O2 -g
INSTALL ?= install
# STRIP=: keeps the symbols.
STRIP ?= strip

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
# What a static libepshim needs besides what every C compiler passes: tests/install.rs asks rustc.
native := -lutil -lrt -lpthread -lm -ldl

warnings := -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror
shared := -Ltarget/release -lepshim -Wl,-rpath,'$$ORIGIN/../release'
static := target/release/libepshim.a $(native)
program_c := $(wildcard c_tests/echo_program/*.c)
echo_c := $(wildcard c_tests/echo/*.c) $(program_c)
compile = $(CC) $(CFLAGS) -std=c11 -pthread $(warnings) -Iinclude -Ic_tests
shown := $(addprefix target/demo/,hello-shared hello-static echo-c-libc echo-c-epshim \
	echo-c-reactor echo-rust-reactor stranded) target/release/epshim

# The unit tests that Miri can run: those without a system call, and the callbacks of the C reactor.
pure := layout flags buffer registry timers tag ffi memory shared

.PHONY: all build demo test check bench cross install uninstall setup-demo setup-test clean

all: setup-demo
	$(MAKE) --no-print-directory build

# What is installed, without a look at the tools.
build:
	$(CARGO) build --release -p epshim
	$(CARGO) build --release -p epshim-preload
	$(CARGO) build --release -p epshim-cli
	@mkdir -p target/release/completions
	@for shell in bash zsh fish; do \
		target/release/epshim completions $$shell >target/release/completions/$$shell || exit; done

demo: all
	@mkdir -p target/demo
	@echo "compiling C programs, with and without libepshim, into target/demo"
	@$(compile) examples/hello.c -o target/demo/hello-shared $(shared)
	@$(compile) examples/hello.c -o target/demo/hello-static $(static)
	@$(compile) -DEPSHIM_ORACLE $(echo_c) -o target/demo/echo-c-libc
	@$(compile) $(echo_c) -o target/demo/echo-c-epshim $(shared)
	@$(compile) c_tests/echo_reactor.c $(program_c) -o target/demo/echo-c-reactor $(shared)
	@$(CARGO) build --quiet --release --example echo
	@cp target/release/examples/echo target/demo/echo-rust-reactor
	@$(compile) examples/stranded.c -o target/demo/stranded
	@$(CARGO) run --quiet --release --example demo -- $(shown)

# The tests proper come last, so that the run ends with their summary.
test check: setup-test
	@if $(CARGO) clippy --version >/dev/null 2>&1; then \
		$(CARGO) clippy --workspace --all-targets -- -D warnings; \
	else echo "skipped: clippy is not installed (rustup component add clippy)"; fi
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps
	@if $(CARGO) +nightly miri setup >/dev/null 2>&1; then \
		$(CARGO) +nightly miri test --lib --no-default-features -- $(pure); \
	else echo "skipped: Miri is not installed (rustup +nightly component add miri)"; fi
	$(CARGO) build --no-default-features
	$(CARGO) build --release
	$(CARGO) test --workspace --exclude epshim --no-fail-fast
	$(CARGO) test --no-fail-fast

# Installs what `make` has built: root needs no cargo. Only what is missing is built.
built := $(addprefix target/release/,libepshim.so libepshim.a libepshim_preload.so epshim \
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
	-e "s|@POINTER_SIZE@|$$((4 * $$(od -An -tu1 -j4 -N1 target/release/libepshim.so)))|" \
	-e "s|@INCLUDE_FROM_LIB@|$$(realpath -ms --relative-to='$(LIBDIR)' '$(INCLUDEDIR)')|" \
	packaging/$(1).in | $(INSTALL) -m 644 /dev/stdin $(2)/$(1)

install: $(built)
	$(INSTALL) -d $(folders)
	$(INSTALL) -m 755 target/release/libepshim.so $(lib)/libepshim.so.$(version)
	ln -sf libepshim.so.$(version) $(lib)/libepshim.so.$(soversion)
	ln -sf libepshim.so.$(soversion) $(lib)/libepshim.so
	$(INSTALL) -m 755 target/release/libepshim_preload.so $(lib)
	$(INSTALL) -m 644 target/release/libepshim.a $(lib)
	$(INSTALL) -m 755 target/release/epshim $(bin)
	$(STRIP) --strip-unneeded $(lib)/libepshim.so.$(version) $(lib)/libepshim_preload.so $(bin)/epshim
	$(STRIP) --strip-debug $(lib)/libepshim.a
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
cross: setup-demo
	sh crates/layouts/install.sh
	$(CARGO) run --quiet -p epshim-layouts -- check --require 18
	$(CARGO) run --quiet -p epshim-layouts -- run --require 18
	cross/install.sh
	cross/test.sh --require 8

setup-demo setup-test: setup-%:
	@./setup.sh $*

clean:
	$(CARGO) clean
