// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * monitor
 *
 * A monitor of the display's that takes each picture at once, and draws the pointer itself. Says when it
 * is there, and goes when its input ends. For selftests/display/igt.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driver.h"

#define WIDTH	1024
#define HEIGHT	768
#define REFRESH 60000 /* mHz */
#define SLOTS	16
#define TICK_MS 100

static int arrive(struct driver *driver)
{
	int ret = driver_open(driver);

	if (!ret)
		ret = driver_create_context(driver, SLOTS);
	if (!ret)
		ret = driver_start(driver);
	driver->sink_flags = MIRACAST_DISPLAY_SINK_CURSOR;
	if (!ret && driver_sink_arrived(driver, WIDTH, HEIGHT, REFRESH, NULL, 0))
		ret = -EIO;

	return ret;
}

static int take(struct driver *driver)
{
	struct driver_message message;
	int ret = driver_fetch(driver, &message, TICK_MS);

	if (ret)
		return ret == -ETIMEDOUT ? 0 : ret;
	if (message.header.code == MIRACAST_DISPLAY_MSG_FRAME)
		return driver_complete_frame(driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);

	return driver_complete(driver, message.id, STATUS_SUCCESS, 0);
}

int main(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	struct driver driver;
	int ret = arrive(&driver);

	if (!ret) {
		puts("a monitor is there");
		fflush(stdout);
	}
	while (!ret && !poll(&input, 1, 0))
		ret = take(&driver);
	if (ret)
		fprintf(stderr, "monitor: %s\n", strerror(-ret));
	driver_close(&driver);

	return ret != 0;
}
