// SPDX-License-Identifier: GPL-2.0-or-later
/* Those who have the pictures of a card: our daemon's way, vkms's, evdi's. */
#include "monitors.h"
#include "../selftests/display/driver.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLOTS 16

/* Memory of the pictures, mapped once. */
struct buffer {
	uint32_t id;
	int fd;
	size_t pitch;
	void *pixels;
};

static void map(struct buffer *buffer, int fd, size_t pitch)
{
	buffer->fd = fd;
	buffer->pitch = pitch;
	buffer->pixels = mmap(NULL, pitch * HEIGHT, PROT_READ, MAP_SHARED, fd, 0);
	if (buffer->pixels == MAP_FAILED)
		die("mmap of a dma-buf");
}

/* What a reader of a dma-buf is to say; one that needs no care of caches may refuse. */
static void look(struct album *album, const struct buffer *buffer)
{
	struct dma_buf_sync sync = {.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ};

	ioctl(buffer->fd, DMA_BUF_IOCTL_SYNC, &sync);
	have(album, buffer->pixels, buffer->pitch);
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ;
	ioctl(buffer->fd, DMA_BUF_IOCTL_SYNC, &sync);
}

static struct buffer *framebuffer(struct driver *driver, uint32_t id)
{
	static struct buffer buffers[4];
	struct miracast_display_framebuffer it;

	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
		if (buffers[i].id == id)
			return &buffers[i];
		if (buffers[i].id)
			continue;
		if (driver_export(driver, id, &it) || it.offset)
			die("export");
		buffers[i].id = id;
		map(&buffers[i], it.fd, it.pitch);
		return &buffers[i];
	}
	die("too many framebuffers");
}

void receive_ours(struct album *album, int ready)
{
	struct driver_message message;
	struct driver driver;

	if (driver_open(&driver) || driver_create_context(&driver, SLOTS) ||
	    driver_start(&driver) ||
	    driver_sink_arrived(&driver, WIDTH, HEIGHT, album->refresh * 1000, NULL, 0))
		die("our display");
	if (write(ready, "", 1) != 1)
		die("ready");
	for (;;) {
		struct buffer *buffer;

		errno = -driver_fetch_frame(&driver, &message);
		if (errno == ETIMEDOUT)
			continue;
		if (errno)
			die("fetch");
		told(album);
		buffer = framebuffer(&driver, message.frame.framebuffer_id);
		look(album, buffer);
		if (driver_complete_frame(&driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED))
			die("complete");
	}
}

static int theirs(struct album *album, int fd)
{
	fd = syscall(SYS_pidfd_getfd, album->sender, fd, 0);
	if (fd < 0)
		die("pidfd_getfd");
	return fd;
}

void receive_vkms(struct album *album, int ready)
{
	struct buffer buffers[2] = {};
	struct handover it;

	if (write(ready, "", 1) != 1)
		die("ready");
	while (read(album->handover[0], &it, sizeof(it)) == sizeof(it)) {
		struct pollfd fence = {.fd = theirs(album, it.fence), .events = POLLIN};
		struct buffer *buffer = &buffers[it.index];

		told(album);
		if (!buffer->pixels)
			map(buffer, theirs(album, it.dma_buf), WIDTH * 4);
		if (poll(&fence, 1, -1) != 1)
			die("fence");
		look(album, buffer);
		close(fence.fd);
	}
	die("handover");
}

#ifdef WITH_EVDI
#include <evdi_lib.h>

struct evdi {
	struct album *album;
	evdi_handle handle;
	void *pixels;
	bool waits; /* for a picture that it has asked for */
};

/* 1280x720 at 60 Hz, 74.25 MHz; the rest says as little as may be. */
static void make_edid(uint8_t edid[128])
{
	static const uint8_t head[] = {0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,
				       0x35, 0xb3, 1,	 0,    0,    0,	   0,	 0,
				       0,    30,   1,	 3,    0x80, 0,	   0,	 0x78};
	static const uint8_t timing[] = {0x01, 0x1d, 0x00, 0x72, 0x51, 0xd0, 0x1e, 0x20, 0x6e,
					 0x28, 0x55, 0x00, 0,	 0,    0,    0,	   0,	 0x1e};
	uint8_t sum = 0;

	memset(edid, 0, 128);
	memcpy(edid, head, sizeof(head));
	memset(edid + 38, 1, 16);
	memcpy(edid + 54, timing, sizeof(timing));
	for (int i = 72; i < 126; i += 18)
		edid[i + 3] = 0x10;
	for (int i = 0; i < 127; i++)
		sum += edid[i];
	edid[127] = -sum;
}

static void evdi_grab(int buffer, void *data)
{
	struct evdi *evdi = data;
	struct evdi_rect rects[16];
	int n = 16;

	evdi->waits = false;
	told(evdi->album);
	evdi_grab_pixels(evdi->handle, rects, &n);
	if (n)
		have(evdi->album, evdi->pixels, WIDTH * 4);
}

static void evdi_mode(struct evdi_mode mode, void *data)
{
}

static void say_nothing(void *data, const char *format, ...)
{
}

void receive_evdi(struct album *album, int ready)
{
	struct evdi evdi = {.album = album, .pixels = calloc(HEIGHT, WIDTH * 4)};
	struct evdi_event_context events = {
		.update_ready_handler = evdi_grab,
		.mode_changed_handler = evdi_mode,
		.user_data = &evdi,
	};
	struct pollfd event = {.events = POLLIN};
	uint8_t edid[128];
	int card = 0;

	evdi_set_logging((struct evdi_logging){.function = say_nothing});
	while (card < 16 && evdi_check_device(card) != AVAILABLE)
		card++;
	evdi.handle = evdi_open(card);
	if (!evdi.handle)
		die("evdi_open");
	make_edid(edid);
	evdi_connect(evdi.handle, edid, sizeof(edid), WIDTH * HEIGHT,
		     WIDTH * HEIGHT * album->refresh);
	evdi_register_buffer(evdi.handle, (struct evdi_buffer){.buffer = evdi.pixels,
							       .width = WIDTH,
							       .height = HEIGHT,
							       .stride = WIDTH * 4});
	event.fd = evdi_get_event_ready(evdi.handle);
	if (write(ready, "", 1) != 1)
		die("ready");
	for (;;) {
		while (!evdi.waits) {
			evdi.waits = true;
			if (evdi_request_update(evdi.handle, 0))
				evdi_grab(0, &evdi);
		}
		if (poll(&event, 1, -1) != 1)
			die("poll");
		evdi_handle_events(evdi.handle, &events);
	}
}
#else
void receive_evdi(struct album *album, int ready)
{
	die("built without libevdi");
}
#endif
