# SPDX-License-Identifier: GPL-2.0-or-later
# Builds example.ko from example.c with the headers that "make install" has installed.
KDIR ?= /lib/modules/$(shell uname -r)/build
MIRACAST ?= $(KDIR:/build=)/updates/miracast

obj-m := example.o
ccflags-y := -I$(MIRACAST)/include -I$(MIRACAST)/include/uapi

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) KBUILD_EXTRA_SYMBOLS=$(MIRACAST)/Module.symvers modules
