# SPDX-License-Identifier: GPL-2.0-or-later
# Builds example.ko from example.c, beside the channel that "make local" has built.
MIRACAST = /usr/src/linux-miracast
KDIR ?= /lib/modules/$(shell uname -r)/build

obj-m := example.o
ccflags-y := -I$(MIRACAST)/include -I$(MIRACAST)/include/uapi

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) \
		KBUILD_EXTRA_SYMBOLS=$(MIRACAST)/build/local/modules/Module.symvers modules
