/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A user-mode driver for the display's tests: the daemon's end of the channel,
 * one system call a function. Functions return 0 or a negative errno unless
 * they say otherwise.
 */
#ifndef SELFTESTS_DISPLAY_DRIVER_H
#define SELFTESTS_DISPLAY_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/miracast.h>
#include <linux/miracast_display.h>

/* Only guards against a hang: no test passes or fails on time. */
#define GUARD_MS 20000

/**
 * struct driver - a context on the display's adapter
 * @fd: the open node, or -1
 * @sink_flags: of the sinks that arrive
 * @arena: the mapped arena
 * @info: what CREATE_CONTEXT said
 */
struct driver {
	int fd;
	uint32_t sink_flags;
	uint32_t max_pixel_clock; /* of its sinks */
	uint8_t *arena;
	struct miracast_context_info info;
};

/* A fetched message: its id and what it says. */
struct driver_message {
	uint64_t id;
	uint32_t output_offset;
	uint32_t output_size;
	union {
		struct miracast_display_header header;
		struct miracast_display_frame frame;
		struct miracast_display_power power;
		struct miracast_display_framebuffer framebuffer;
		struct miracast_display_cursor cursor;
		struct miracast_display_color color;
		struct miracast_display_sound_start sound_start;
		struct miracast_display_sound_data sound_data;
		struct miracast_display_sound_stop sound_stop;
		uint8_t bytes[sizeof(struct miracast_display_sound_data) +
			      MIRACAST_DISPLAY_MAX_SOUND_FRAMES * 4];
	};
};

/* Finds the display's node and shakes hands; -ENOENT: there is none. */
int driver_open(struct driver *driver);
int driver_create_context(struct driver *driver, uint32_t slots);
int driver_start(struct driver *driver);
int driver_stop(struct driver *driver);
void driver_close(struct driver *driver);

/* The display driver's answer; STATUS_INTERNAL_ERROR: it was not asked. */
ntstatus_t driver_io_control(struct driver *driver, const void *input, uint32_t input_size,
			     void *output, uint32_t output_size, uint32_t *bytes_returned);
ntstatus_t driver_sink_arrived(struct driver *driver, uint32_t width, uint32_t height,
			       uint32_t refresh, const void *edid, uint32_t edid_size);
ntstatus_t driver_sink_departed(struct driver *driver);
/* Wants sound, too; the sink's @name may be NULL. */
ntstatus_t driver_sound(struct driver *driver, const char *name);
ntstatus_t driver_export(struct driver *driver, uint32_t framebuffer_id,
			 struct miracast_display_framebuffer *framebuffer);

/* The next message; -ETIMEDOUT: none came. */
int driver_fetch(struct driver *driver, struct driver_message *message, int timeout_ms);
int driver_complete(struct driver *driver, uint64_t id, ntstatus_t status, uint64_t information);
/* Completes a frame with a proper result. */
int driver_complete_frame(struct driver *driver, const struct driver_message *message,
			  uint32_t outcome);
/* Completes all but frames until a frame comes. */
int driver_fetch_frame(struct driver *driver, struct driver_message *message);

/* Takes the display from its kernel driver, or gives it back: "unbind", "bind". */
int sysfs_write(const char *what);

#endif /* SELFTESTS_DISPLAY_DRIVER_H */
