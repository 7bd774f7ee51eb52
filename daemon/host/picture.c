// SPDX-License-Identifier: GPL-2.0-or-later
#include "picture.h"

#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_SIZE \
	((off_t)SESSION_MAX_PICTURE_WIDTH * SESSION_MAX_PICTURE_HEIGHT * SESSION_PICTURE_PIXEL)

int host_picture_open(GError **error)
{
	int file = memfd_create("miracast-picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (file >= 0 && !ftruncate(file, MAX_SIZE) && !fcntl(file, F_ADD_SEALS, F_SEAL_GROW))
		return file;
	g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
		    "there is no memory for a picture: %s", g_strerror(errno));
	if (file >= 0)
		close(file);
	return -1;
}

static bool is_sane(guint max_width, guint32 width, guint32 height)
{
	return width && height && width <= SESSION_MAX_PICTURE_WIDTH &&
	       height <= SESSION_MAX_PICTURE_HEIGHT && (!max_width || width <= max_width);
}

gboolean host_picture_seal(int file, guint max_width, guint32 width, guint32 height, GError **error)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

	if (!is_sane(max_width, width, height)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
			    "a picture of %ux%u pixels was not asked for", width, height);
		return FALSE;
	}
	/* Both fail if the other side has sealed it before, the second one also if it can still write. */
	if (ftruncate(file, (off_t)width * height * SESSION_PICTURE_PIXEL) ||
	    fcntl(file, F_ADD_SEALS, seals)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
			    "the picture's file cannot be sealed: %s", g_strerror(errno));
		return FALSE;
	}
	return TRUE;
}
