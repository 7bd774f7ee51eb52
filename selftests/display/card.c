// SPDX-License-Identifier: GPL-2.0-or-later
#include "card.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <xf86drm.h>

int open_card(const char *driver)
{
	char path[32];
	int fd, i;

	for (i = 0; i < 16; i++) {
		drmVersion *version;
		bool found;

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		version = drmGetVersion(fd);
		found = version && !strcmp(version->name, driver);
		drmFreeVersion(version);
		if (found)
			return fd;
		close(fd);
	}

	return -ENOENT;
}
