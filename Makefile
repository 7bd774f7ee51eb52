# SPDX-License-Identifier: GPL-2.0-or-later
# For humans; the kernel's build reads Kbuild. Everything is built and run in
# the tree that vm/root makes: see vm/.

PREFIX ?= /usr/local
DESTDIR ?=
KDIR ?= /lib/modules/$(shell uname -r)/build

help:
	@echo 'make demo      a desktop on the virtual display, streamed to a sink, in a VM'
	@echo 'make check     all tests: programs under sanitizers, the kernel part in a VM'
	@echo 'make bench     figures of the channel beside eventfd, pipe, netlink, FUSE, CUSE'
	@echo 'make lint      style and static analysis of everything; silence is success'
	@echo 'make format    rewrite all C in the committed style'
	@echo 'make modules   the kernel modules            (build/kmod/KERNEL)'
	@echo 'make daemon    miracastd and its companions  (build/user)'
	@echo 'make install   modules for the running kernel, programs under PREFIX'
	@echo 'make clean     forget build/; the trees stay in the cache'
	@echo
	@echo 'More tests:'
	@echo 'make check-faults   daemon killed, cables pulled, sinks that misbehave'
	@echo 'make check-install  what make install installs, run by systemd in its sandbox'
	@echo 'make check-kernels  other kernels, and the build inside a kernel tree'
	@echo 'make check-debug    kernels with KASAN, lockdep and KCSAN'
	@echo 'make check-mutants  each line that keeps the contract, broken, has to be noticed'

# Host packages and the tree; quick when both are there.
setup:
	@scripts/setup

modules: setup
	@vm/build modules

daemon: setup
	@vm/build user

demo: setup
	@vm/build modules user
	@demo/run

check: setup
	@scripts/check

check-faults: setup
	@vm/build modules user
	@vm/run --timeout 1800 -- demo/faults

check-install: setup
	@scripts/check-install

check-kernels: setup
	@scripts/check-kernels

check-debug: setup
	@scripts/check-debug

check-mutants: setup
	@selftests/mutants/run

bench: setup
	@bench/run

lint: setup
	@scripts/lint

format: setup
	@scripts/lint --format

# With this machine's own compiler, kernel headers and libraries, not the tree's.
install:
	mkdir -p build/kmod/install
	cp -r Kbuild Kconfig include kmod build/kmod/install/
	$(MAKE) -C $(KDIR) M=$(CURDIR)/build/kmod/install CONFIG_MIRACAST_TEST= modules
	$(MAKE) -C $(KDIR) M=$(CURDIR)/build/kmod/install CONFIG_MIRACAST_TEST= \
		INSTALL_MOD_PATH=$(DESTDIR) modules_install
	test -f build/install/build.ninja || meson setup build/install --prefix=$(PREFIX) --libdir=lib \
		--buildtype=release -Dwerror=false
	meson compile -C build/install
	meson install -C build/install --no-rebuild $(if $(DESTDIR),--destdir=$(abspath $(DESTDIR)))

clean:
	rm -rf build

.PHONY: bench help setup modules daemon demo check check-faults check-install check-kernels check-debug check-mutants lint format install clean
