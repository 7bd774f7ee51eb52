// SPDX-License-Identifier: GPL-2.0-or-later
/* The card's client, as compositors are: atomic, one commit in flight, two buffers. */
#include "monitors.h"

#include "../selftests/display/card.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

struct picture {
	uint32_t handle;
	uint32_t fb;
	uint32_t pitch;
	char *pixels;
};

static struct {
	int fd;
	uint32_t connector;
	uint32_t writeback; /* another connector, vkms's; 0: none */
	uint32_t crtc;
	uint32_t plane;
	uint32_t fb_id;
	uint32_t damage; /* 0: the plane does not ask what has changed */
	uint32_t writeback_fb;
	uint32_t writeback_fence;
	struct picture pictures[2];
	struct picture written[2];
	int dma_buf[2]; /* of those */
	int32_t fence;
	bool flipped;
} card;

static uint32_t property(uint32_t object, uint32_t type, const char *name, uint64_t *value)
{
	drmModeObjectProperties *all = drmModeObjectGetProperties(card.fd, object, type);
	uint32_t id = 0;

	for (uint32_t i = 0; all && i < all->count_props && !id; i++) {
		drmModePropertyRes *one = drmModeGetProperty(card.fd, all->props[i]);

		if (one && !strcmp(one->name, name)) {
			id = one->prop_id;
			if (value)
				*value = all->prop_values[i];
		}
		drmModeFreeProperty(one);
	}
	drmModeFreeObjectProperties(all);
	return id;
}

static void add(drmModeAtomicReq *request, uint32_t object, uint32_t type, const char *name,
		uint64_t value)
{
	drmModeAtomicAddProperty(request, object, property(object, type, name, NULL), value);
}

static void create(struct picture *picture)
{
	uint32_t handles[4] = {}, pitches[4] = {}, offsets[4] = {};
	uint64_t size, offset;

	if (drmModeCreateDumbBuffer(card.fd, WIDTH, HEIGHT, 32, 0, &picture->handle,
				    &picture->pitch, &size))
		die("dumb buffer");
	handles[0] = picture->handle;
	pitches[0] = picture->pitch;
	if (drmModeAddFB2(card.fd, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, handles, pitches, offsets,
			  &picture->fb, 0) ||
	    drmModeMapDumbBuffer(card.fd, picture->handle, &offset))
		die("framebuffer");
	picture->pixels =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, card.fd, (off_t)offset);
	if (picture->pixels == MAP_FAILED)
		die("mmap");
}

/* The monitor's connector and mode, as soon as there is one. */
static drmModeModeInfo find_mode(const struct album *album, uint32_t *encoder)
{
	drmModeModeInfo mode = {};

	for (int tries = 0; tries < 1000 && !card.connector; tries++) {
		drmModeRes *resources = drmModeGetResources(card.fd);

		for (int i = 0; resources && i < resources->count_connectors; i++) {
			drmModeConnector *it =
				drmModeGetConnector(card.fd, resources->connectors[i]);

			if (it && it->connector_type == DRM_MODE_CONNECTOR_WRITEBACK)
				card.writeback = it->connector_id;
			else if (it && it->connection == DRM_MODE_CONNECTED && it->count_encoders)
				for (int m = 0; m < it->count_modes; m++)
					if (it->modes[m].hdisplay == WIDTH &&
					    it->modes[m].vdisplay == HEIGHT &&
					    it->modes[m].vrefresh == album->refresh) {
						card.connector = it->connector_id;
						*encoder = it->encoders[0];
						mode = it->modes[m];
					}
			drmModeFreeConnector(it);
		}
		drmModeFreeResources(resources);
		usleep(10000);
	}
	if (!card.connector)
		die("no monitor with the mode");
	return mode;
}

/* The first CRTC that drives the encoder, and its primary plane. */
static void find_pipe(uint32_t encoder)
{
	drmModeRes *resources = drmModeGetResources(card.fd);
	drmModeEncoder *it = drmModeGetEncoder(card.fd, encoder);
	drmModePlaneRes *planes = drmModeGetPlaneResources(card.fd);
	int index;

	if (!resources || !it || !planes)
		die("resources");
	index = __builtin_ctz(it->possible_crtcs);
	card.crtc = resources->crtcs[index];
	for (uint32_t i = 0; i < planes->count_planes; i++) {
		drmModePlane *plane = drmModeGetPlane(card.fd, planes->planes[i]);
		uint64_t type;

		if (plane && plane->possible_crtcs & 1u << index &&
		    property(plane->plane_id, DRM_MODE_OBJECT_PLANE, "type", &type) &&
		    type == DRM_PLANE_TYPE_PRIMARY)
			card.plane = plane->plane_id;
		drmModeFreePlane(plane);
	}
	drmModeFreePlaneResources(planes);
	drmModeFreeEncoder(it);
	drmModeFreeResources(resources);
}

static void light(const drmModeModeInfo *mode)
{
	static const char *const source[] = {"SRC_X", "SRC_Y", "SRC_W", "SRC_H"};
	static const char *const place[] = {"CRTC_X", "CRTC_Y", "CRTC_W", "CRTC_H"};
	static const uint64_t rect[] = {0, 0, WIDTH, HEIGHT};
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	uint32_t blob;

	if (drmModeCreatePropertyBlob(card.fd, mode, sizeof(*mode), &blob))
		die("mode");
	/* Debian's 6.1.192 does not let vkms's writeback share a CRTC with its monitor. */
	add(request, card.connector, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID",
	    card.writeback ? 0 : card.crtc);
	if (card.writeback)
		add(request, card.writeback, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", card.crtc);
	add(request, card.crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID", blob);
	add(request, card.crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", 1);
	add(request, card.plane, DRM_MODE_OBJECT_PLANE, "CRTC_ID", card.crtc);
	drmModeAtomicAddProperty(request, card.plane, card.fb_id, card.pictures[0].fb);
	for (int i = 0; i < 4; i++) {
		add(request, card.plane, DRM_MODE_OBJECT_PLANE, source[i], rect[i] << 16);
		add(request, card.plane, DRM_MODE_OBJECT_PLANE, place[i], rect[i]);
	}
	if (drmModeAtomicCommit(card.fd, request, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL))
		die("modeset");
	drmModeAtomicFree(request);
}

static void card_open(struct album *album, const char *driver)
{
	drmModeModeInfo mode;
	uint32_t encoder = 0;

	if (!strcmp(driver, "ours"))
		driver = "miracast_display";
	card.fd = open_card(driver);
	if (card.fd < 0)
		die(driver);
	if (drmSetClientCap(card.fd, DRM_CLIENT_CAP_ATOMIC, 1) ||
	    drmSetClientCap(card.fd, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1))
		die("atomic");
	mode = find_mode(album, &encoder);
	find_pipe(encoder);
	card.fb_id = property(card.plane, DRM_MODE_OBJECT_PLANE, "FB_ID", NULL);
	card.damage = property(card.plane, DRM_MODE_OBJECT_PLANE, "FB_DAMAGE_CLIPS", NULL);
	for (int i = 0; i < 2; i++) {
		create(&card.pictures[i]);
		memset(card.pictures[i].pixels, album->part ? 0 : 0x55 << i,
		       (size_t)card.pictures[i].pitch * HEIGHT);
	}
	if (card.writeback) {
		card.writeback_fb = property(card.writeback, DRM_MODE_OBJECT_CONNECTOR,
					     "WRITEBACK_FB_ID", NULL);
		card.writeback_fence = property(card.writeback, DRM_MODE_OBJECT_CONNECTOR,
						"WRITEBACK_OUT_FENCE_PTR", NULL);
		for (int i = 0; i < 2; i++) {
			create(&card.written[i]);
			if (drmPrimeHandleToFD(card.fd, card.written[i].handle, DRM_CLOEXEC,
					       &card.dma_buf[i]))
				die("dma-buf");
		}
		card.fence = -1;
	}
	light(&mode);
}

static void card_show(struct album *album, unsigned int number)
{
	static const struct drm_mode_rect part = {PART_X, PART_Y, PART_X + PART, PART_Y + PART};
	struct picture *picture = &card.pictures[number % 2];
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	uint32_t blob = 0;

	draw(album, picture->pixels, picture->pitch, number);
	card.flipped = false;
	album->shown[number] = now();
	drmModeAtomicAddProperty(request, card.plane, card.fb_id, picture->fb);
	if (album->part && card.damage) {
		if (drmModeCreatePropertyBlob(card.fd, &part, sizeof(part), &blob))
			die("damage");
		drmModeAtomicAddProperty(request, card.plane, card.damage, blob);
	}
	if (card.writeback) {
		if (card.fence >= 0)
			close(card.fence);
		drmModeAtomicAddProperty(request, card.writeback, card.writeback_fb,
					 card.written[number % 2].fb);
		drmModeAtomicAddProperty(request, card.writeback, card.writeback_fence,
					 (uintptr_t)&card.fence);
	}
	if (drmModeAtomicCommit(card.fd, request,
				DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT, NULL))
		die("commit");
	drmModeAtomicFree(request);
	if (blob)
		drmModeDestroyPropertyBlob(card.fd, blob);
	if (card.writeback) {
		struct handover it = {card.fence, number % 2, card.dma_buf[number % 2]};

		if (write(album->handover[1], &it, sizeof(it)) != sizeof(it))
			die("handover");
	}
}

static void flipped(int fd, unsigned int sequence, unsigned int sec, unsigned int usec, void *data)
{
	card.flipped = true;
}

static void card_wait(void)
{
	drmEventContext context = {.version = 2, .page_flip_handler = flipped};
	struct pollfd event = {.fd = card.fd, .events = POLLIN};

	while (!card.flipped)
		if (poll(&event, 1, 20000) != 1 || drmHandleEvent(card.fd, &context))
			die("no flip");
}

const struct sender sender_card = {card_open, card_show, card_wait};
