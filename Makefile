# SPDX-License-Identifier: GPL-2.0-or-later
# For humans; the kernel's build reads Kbuild. Everything is built and run in
# the tree that vm/root makes: see vm/.

PREFIX ?= /usr/local
DESTDIR ?=
KDIR ?= /lib/modules/$(shell uname -r)/build
# where make install builds
LOCAL ?= build/local
# how make demo reaches the sink
LINK ?=

help:
	@echo 'make demo      a desktop on the virtual display, streamed to a sink, in a VM'
	@echo '               LINK=p2p: a sink that is reached by Wi-Fi Direct, simulated'
	@echo '               LINK=mice: by Miracast over Infrastructure, encrypted'
	@echo 'make check     all tests: programs under sanitizers, the kernel part in a VM'
	@echo 'make bench     figures of the channel beside eventfd, pipe, netlink, FUSE, CUSE'
	@echo 'make lint      style and static analysis of everything; silence is success'
	@echo 'make format    rewrite all C in the committed style'
	@echo 'make modules   the kernel modules            (build/kmod/KERNEL)'
	@echo 'make daemon    miracastd and its companions  (build/user)'
	@echo 'make local     both for this very machine    (build/local)'
	@echo 'make install   make local, installed: modules for the running kernel, programs under PREFIX'
	@echo 'make uninstall removes what make install installed'
	@echo 'make deb       Debian packages               (build/deb/bookworm; SUITE=trixie for Debian 13)'
	@echo 'make clean     forget build/; the trees stay in the cache'
	@echo
	@echo 'More tests:'
	@echo 'make check-faults   daemon killed, cables pulled, sinks that misbehave, four sinks at once'
	@echo 'make check-install  make install, and the packages on fresh Debian 12 and 13: used (on a desktop, too), updated, removed'
	@echo 'make check-desktops desktops beside another graphics card; prints the table of docs/desktops.md'
	@echo 'make check-kms      tests of DRM clients, ours and IGT, on our card and on vkms; prints the tables'
	@echo 'make check-kernels  other kernels, and the build inside a kernel tree'
	@echo 'make check-debug    kernels with KASAN, lockdep and KCSAN'
	@echo 'make check-connects 50 sessions by Wi-Fi Direct and 50 over the network, in a row'
	@echo 'make check-hour     picture and sound for an hour: nothing may grow'
	@echo 'make check-fuzz     ten minutes each for what reads bytes from the network'
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
	@LINK=$(LINK) demo/run

check: setup
	@scripts/check

check-faults: setup
	@scripts/check-faults

check-install: setup
	@scripts/check-install

check-desktops: setup
	@scripts/check-desktops

check-kms: setup
	@scripts/check-kms

check-kernels: setup
	@scripts/check-kernels

check-debug: setup
	@scripts/check-debug

check-hour: setup
	@vm/build modules user
	@vm/run --memory 3072 --timeout 4500 -- demo/hour

check-connects: setup
	@vm/build modules user
	@vm/run --timeout 5400 -- demo/p2p connects

check-fuzz: setup
	@scripts/check-fuzz

check-mutants: setup
	@selftests/mutants/run

bench: setup
	@bench/run

lint: setup
	@scripts/lint

format: setup
	@scripts/lint --format

# With this machine's own compiler, kernel headers and libraries, not the tree's.
kernel = $(notdir $(patsubst %/build,%,$(KDIR)))
# Debian's headers ask for signatures and type information, and have neither key nor vmlinux.
local_modules = $(MAKE) -C $(KDIR) M=$(abspath $(LOCAL))/modules CONFIG_MIRACAST_TEST= \
	$(if $(wildcard $(KDIR)/certs/signing_key.pem),,CONFIG_MODULE_SIG_ALL=) \
	$(if $(wildcard $(KDIR)/vmlinux),,CONFIG_DEBUG_INFO_BTF_MODULES=)
installed = $(DESTDIR)/lib/modules/$(kernel)/updates/miracast

local:
	@test -f $(KDIR)/Makefile || { \
		echo 'There are no headers of kernel $(kernel) in $(KDIR): install them (Debian: linux-headers-$(kernel)), or say where they are with KDIR=.' >&2; \
		exit 1; }
	mkdir -p $(LOCAL)/modules
	cp -pr Kbuild Kconfig include kmod $(LOCAL)/modules/
	$(local_modules) modules
	grep -qsxF '$(PREFIX)' $(LOCAL)/prefix || rm -rf $(LOCAL)/programs
	test -f $(LOCAL)/programs/build.ninja || meson setup $(LOCAL)/programs --prefix='$(PREFIX)' \
		--libdir=lib --buildtype=release -Dwerror=false -Dtests=false
	echo '$(PREFIX)' >$(LOCAL)/prefix
	meson compile -C $(LOCAL)/programs

# Debian's kernel headers leave depmod to whoever installs modules. Beside the modules lies what
# drivers on the channel are built with: see docs/driver-api.md.
install: local
	$(local_modules) INSTALL_MOD_PATH=$(abspath $(DESTDIR)) INSTALL_MOD_DIR=updates/miracast modules_install
	install -D -m 644 -t $(installed) $(LOCAL)/modules/Module.symvers
	install -D -m 644 -t $(installed)/include/linux include/linux/*.h
	install -D -m 644 -t $(installed)/include/uapi/linux include/uapi/linux/*.h
	$(if $(DESTDIR),,depmod $(kernel))
	meson install -C $(LOCAL)/programs --no-rebuild $(if $(DESTDIR),--destdir=$(abspath $(DESTDIR)))

# What the last make install installed.
uninstall:
	ninja -C $(LOCAL)/programs uninstall
	rm -rf $(installed)
	$(if $(DESTDIR),,depmod $(kernel))

SUITE ?= bookworm
deb: setup
	@scripts/deb --suite $(SUITE)

clean:
	rm -rf build

.PHONY: bench help setup modules daemon demo check check-connects check-faults check-install check-desktops check-kms check-kernels check-debug check-hour check-fuzz check-mutants lint format local install uninstall deb clean
