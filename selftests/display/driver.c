// SPDX-License-Identifier: GPL-2.0-or-later
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int call(struct driver *driver, unsigned long command, void *argument)
{
	return ioctl(driver->fd, command, argument) ? -errno : 0;
}

int driver_open(struct driver *driver)
{
	char path[32];
	int i;

	memset(driver, 0, sizeof(*driver));
	for (i = 0; i < 16; i++) {
		struct miracast_handshake handshake = {.size = sizeof(handshake)};

		snprintf(path, sizeof(path), "/dev/miracast%d", i);
		driver->fd = open(path, O_RDWR | O_CLOEXEC);
		if (driver->fd < 0)
			continue;
		if (!call(driver, MIRACAST_IOC_HANDSHAKE, &handshake) &&
		    !strcmp(handshake.name, MIRACAST_DISPLAY_ADAPTER_NAME))
			return 0;
		close(driver->fd);
	}
	driver->fd = -1;

	return -ENOENT;
}

int driver_create_context(struct driver *driver, uint32_t slots)
{
	int ret;

	driver->info = (struct miracast_context_info){
		.size = sizeof(driver->info),
		.slots = slots,
	};
	ret = call(driver, MIRACAST_IOC_CREATE_CONTEXT, &driver->info);
	if (ret)
		return ret;

	driver->arena = mmap(NULL, driver->info.arena_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			     driver->fd, 0);
	if (driver->arena == MAP_FAILED) {
		driver->arena = NULL;
		return -errno;
	}

	return 0;
}

static int step(struct driver *driver, uint32_t op)
{
	struct miracast_session session = {.size = sizeof(session), .op = op};

	return call(driver, MIRACAST_IOC_SESSION, &session);
}

int driver_start(struct driver *driver)
{
	int ret = step(driver, MIRACAST_SESSION_START_BEGIN);

	return ret ? ret : step(driver, MIRACAST_SESSION_START_END);
}

int driver_stop(struct driver *driver)
{
	int ret = step(driver, MIRACAST_SESSION_STOP_BEGIN);

	return ret ? ret : step(driver, MIRACAST_SESSION_STOP_END);
}

void driver_close(struct driver *driver)
{
	if (driver->arena)
		munmap(driver->arena, driver->info.arena_size);
	if (driver->fd >= 0)
		close(driver->fd);
	memset(driver, 0, sizeof(*driver));
	driver->fd = -1;
}

ntstatus_t driver_io_control(struct driver *driver, const void *input, uint32_t input_size,
			     void *output, uint32_t output_size, uint32_t *bytes_returned)
{
	struct miracast_io_control control = {
		.size = sizeof(control),
		.input = (uintptr_t)input,
		.input_size = input_size,
		.output = (uintptr_t)output,
		.output_size = output_size,
	};

	if (call(driver, MIRACAST_IOC_IO_CONTROL, &control))
		return STATUS_INTERNAL_ERROR;
	if (bytes_returned)
		*bytes_returned = control.bytes_returned;

	return control.status;
}

ntstatus_t driver_sink_arrived(struct driver *driver, uint32_t width, uint32_t height,
			       uint32_t refresh, const void *edid, uint32_t edid_size)
{
	uint32_t size = sizeof(struct miracast_display_sink) + edid_size;
	struct miracast_display_sink *sink = calloc(1, size);
	ntstatus_t status;

	if (!sink)
		return STATUS_NO_MEMORY;
	sink->header.code = MIRACAST_DISPLAY_CTL_SINK_ARRIVED;
	sink->header.size = size;
	sink->width = width;
	sink->height = height;
	sink->refresh = refresh;
	sink->max_pixel_clock = driver->max_pixel_clock;
	sink->flags = driver->sink_flags;
	sink->edid_size = edid_size;
	if (edid_size)
		memcpy(sink->edid, edid, edid_size);
	status = driver_io_control(driver, sink, size, NULL, 0, NULL);
	free(sink);

	return status;
}

ntstatus_t driver_sink_departed(struct driver *driver)
{
	struct miracast_display_header header = {
		.code = MIRACAST_DISPLAY_CTL_SINK_DEPARTED,
		.size = sizeof(header),
	};

	return driver_io_control(driver, &header, sizeof(header), NULL, 0, NULL);
}

ntstatus_t driver_sound(struct driver *driver, const char *name)
{
	struct miracast_display_sound sound = {
		.header.code = MIRACAST_DISPLAY_CTL_SOUND,
		.header.size = sizeof(sound),
	};

	if (name)
		memcpy(sound.name, name, strnlen(name, sizeof(sound.name)));

	return driver_io_control(driver, &sound, sizeof(sound), NULL, 0, NULL);
}

ntstatus_t driver_export(struct driver *driver, uint32_t framebuffer_id,
			 struct miracast_display_framebuffer *framebuffer)
{
	struct miracast_display_framebuffer input = {
		.header.code = MIRACAST_DISPLAY_CTL_EXPORT_FRAMEBUFFER,
		.header.size = sizeof(input),
		.framebuffer_id = framebuffer_id,
	};
	uint32_t returned = 0;
	ntstatus_t status;

	memset(framebuffer, 0x55, sizeof(*framebuffer));
	status = driver_io_control(driver, &input, sizeof(input), framebuffer, sizeof(*framebuffer),
				   &returned);
	if (status == STATUS_SUCCESS && returned != sizeof(*framebuffer))
		return STATUS_INTERNAL_ERROR;

	return status;
}

int driver_fetch(struct driver *driver, struct driver_message *message, int timeout_ms)
{
	struct miracast_message record;
	struct miracast_exchange exchange = {
		.size = sizeof(exchange),
		.messages = (uintptr_t)&record,
		.nr_messages = 1,
		.timeout_ns = (uint64_t)timeout_ms * 1000000,
	};
	int ret = call(driver, MIRACAST_IOC_EXCHANGE, &exchange);

	if (ret)
		return ret;
	if (!exchange.nr_messages)
		return -ETIMEDOUT;

	memset(message, 0, sizeof(*message));
	message->id = record.id;
	message->output_offset = record.output_offset;
	message->output_size = record.output_size;
	if (record.input_size < sizeof(message->header) ||
	    record.input_size > sizeof(*message) - offsetof(struct driver_message, header))
		return -EMSGSIZE;
	memcpy(&message->header, driver->arena + record.input_offset, record.input_size);

	return message->header.size == record.input_size ? 0 : -EMSGSIZE;
}

int driver_complete(struct driver *driver, uint64_t id, ntstatus_t status, uint64_t information)
{
	struct miracast_completion completion = {
		.id = id,
		.status = status,
		.information = information,
	};
	struct miracast_exchange exchange = {
		.size = sizeof(exchange),
		.completions = (uintptr_t)&completion,
		.nr_completions = 1,
	};

	return call(driver, MIRACAST_IOC_EXCHANGE, &exchange);
}

int driver_complete_frame(struct driver *driver, const struct driver_message *message,
			  uint32_t outcome)
{
	struct miracast_display_frame_result result = {
		.sequence = message->frame.sequence,
		.outcome = outcome,
	};

	if (message->output_size != sizeof(result))
		return -EMSGSIZE;
	memcpy(driver->arena + message->output_offset, &result, sizeof(result));

	return driver_complete(driver, message->id, STATUS_SUCCESS, sizeof(result));
}

int driver_fetch_frame(struct driver *driver, struct driver_message *message)
{
	for (;;) {
		int ret = driver_fetch(driver, message, GUARD_MS);

		if (ret || message->header.code == MIRACAST_DISPLAY_MSG_FRAME)
			return ret;
		ret = driver_complete(driver, message->id, STATUS_SUCCESS, 0);
		if (ret)
			return ret;
	}
}

int sysfs_write(const char *what)
{
	char path[80];
	int fd, ret;

	snprintf(path, sizeof(path), "/sys/bus/miracast_display/drivers/miracast_display/%s", what);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, "wireless-display", 16) == 16 ? 0 : -errno;
	close(fd);

	return ret;
}
