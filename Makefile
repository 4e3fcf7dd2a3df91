# epshim. `make demo` builds everything and shows the main job; `make test` runs every test.
# Both install what they need, as root on Debian, and say so. Plain cargo works too.
# `make cross` proves the layout of every Linux ABI that Debian has a compiler for.

CARGO ?= cargo
CC ?= cc
CFLAGS ?= -O2 -g

warnings := -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror
library := target/release/libepshim.so
shared := -Ltarget/release -lepshim -Wl,-rpath,'$$ORIGIN/../release'
static := target/release/libepshim.a -lgcc_s -lutil -lrt -lpthread -lm -ldl
echo_c := $(wildcard c_tests/echo/*.c)
compile = $(CC) $(CFLAGS) -std=c11 -pthread $(warnings) -Iinclude -Ic_tests
shown := $(addprefix target/demo/,hello-shared hello-static echo-c-libc echo-c-epshim) \
	target/release/epshim-echo

# The unit tests that Miri can run: those without a system call, and the callbacks of the C reactor.
pure := layout flags buffer registry timers tag ffi

.PHONY: all demo test cross setup-demo setup-test clean

all: setup-demo
	$(CARGO) build --release

demo: all
	@mkdir -p target/demo
	@echo "compiling C programs, with and without libepshim, into target/demo"
	@$(compile) examples/hello.c -o target/demo/hello-shared $(shared)
	@$(compile) examples/hello.c -o target/demo/hello-static $(static)
	@$(compile) -DEPSHIM_ORACLE $(echo_c) -o target/demo/echo-c-libc
	@$(compile) $(echo_c) -o target/demo/echo-c-epshim $(shared)
	@$(CARGO) run --quiet --release --example demo -- $(shown)

# The tests proper come last, so that the run ends with their summary.
test: setup-test
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

# The layout of every Linux ABI, measured again and run where qemu can: see layouts/ and cross/.
cross: setup-demo
	sh layouts/install.sh
	$(CARGO) run --quiet -p epshim-layouts -- check --require 18
	$(CARGO) run --quiet -p epshim-layouts -- run --require 18
	cross/install.sh
	cross/test.sh --require 8

setup-demo:
	@./setup.sh demo

setup-test:
	@./setup.sh test

clean:
	$(CARGO) clean
