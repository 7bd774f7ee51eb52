// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a client may do to any card that drives monitors, right and wrong, and what the kernel has to
 * answer: framebuffers, legacy and atomic mode setting, flips, vblanks, pointers, properties,
 * buffers that are lent, and who may do it. Nothing in here knows the driver: KMS_DRIVER names
 * another one than miracast_display, so that scripts/check-kms can put the kernel's own beside it.
 * Only ours gets a monitor first, from a user-mode driver that answers each frame.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "kselftest_harness.h"

#include "card.h"
#include "driver.h"

#define OURS	"miracast_display"
#define NOTHING 0xfffffff0u /* an id that no object has */
#define WIDTH	640
#define HEIGHT	480
#define REFRESH 60000

/* What is on a display's way, from buffers to the connector. */
struct dumb {
	uint32_t handle;
	uint32_t pitch;
	uint64_t size;
	uint32_t fb;
};

FIXTURE(kms)
{
	int fd;
	bool ours;
	struct driver driver;
	pthread_t keeper;
	atomic_bool stop;
	uint32_t connector;
	uint32_t crtc;
	unsigned int pipe;
	uint32_t primary;
	uint32_t cursor;
	drmModeModeInfo mode;
	struct dumb a;
	struct dumb b;
};

static int result(int ret)
{
	return ret ? -errno : 0;
}

static int call(int fd, unsigned long request, void *argument)
{
	return result(drmIoctl(fd, request, argument));
}

/* The property's id, and its value unless that is NULL; 0: there is none. */
static uint32_t property(int fd, uint32_t object, const char *name, uint64_t *value)
{
	drmModeObjectProperties *all = drmModeObjectGetProperties(fd, object, DRM_MODE_OBJECT_ANY);
	uint32_t i, id = 0;

	for (i = 0; all && i < all->count_props && !id; i++) {
		drmModePropertyRes *one = drmModeGetProperty(fd, all->props[i]);

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

static uint64_t value_of(int fd, uint32_t object, const char *name)
{
	uint64_t value = 0;

	property(fd, object, name, &value);

	return value;
}

static int add_fb(int fd, uint32_t width, uint32_t height, uint32_t format, uint32_t handle,
		  uint32_t pitch, uint32_t offset, uint32_t *fb)
{
	struct drm_mode_fb_cmd2 command = {
		.width = width,
		.height = height,
		.pixel_format = format,
		.handles = {handle},
		.pitches = {pitch},
		.offsets = {offset},
	};
	int ret = call(fd, DRM_IOCTL_MODE_ADDFB2, &command);

	if (!ret && fb)
		*fb = command.fb_id;

	return ret;
}

static int dumb_create(int fd, struct dumb *dumb, uint32_t width, uint32_t height, uint32_t format)
{
	int ret = result(drmModeCreateDumbBuffer(fd, width, height, 32, 0, &dumb->handle,
						 &dumb->pitch, &dumb->size));

	return ret ? ret
		   : add_fb(fd, width, height, format, dumb->handle, dumb->pitch, 0, &dumb->fb);
}

static void dumb_destroy(int fd, struct dumb *dumb)
{
	drmModeRmFB(fd, dumb->fb);
	drmModeDestroyDumbBuffer(fd, dumb->handle);
}

static void *dumb_map(int fd, const struct dumb *dumb)
{
	uint64_t offset;

	if (drmModeMapDumbBuffer(fd, dumb->handle, &offset))
		return MAP_FAILED;

	return mmap(NULL, dumb->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
}

/* The user-mode driver of ours: each frame is taken and answered. */
static void *keep(void *data)
{
	FIXTURE_DATA(kms) *self = data;
	struct driver_message message;

	while (!atomic_load(&self->stop)) {
		if (driver_fetch(&self->driver, &message, 50))
			continue;
		if (message.header.code == MIRACAST_DISPLAY_MSG_FRAME)
			driver_complete_frame(&self->driver, &message,
					      MIRACAST_DISPLAY_FRAME_ENCODED);
		else
			driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0);
	}

	return NULL;
}

static int bring_monitor(FIXTURE_DATA(kms) * self)
{
	int ret = driver_open(&self->driver);

	if (!ret)
		ret = driver_create_context(&self->driver, 16);
	if (!ret)
		ret = driver_start(&self->driver);
	self->driver.sink_flags = MIRACAST_DISPLAY_SINK_CURSOR;
	if (!ret && driver_sink_arrived(&self->driver, WIDTH, HEIGHT, REFRESH, NULL, 0))
		ret = -EIO;

	return ret ? ret : -pthread_create(&self->keeper, NULL, keep, self);
}

static int find_planes(FIXTURE_DATA(kms) * self)
{
	drmModePlaneRes *planes = drmModeGetPlaneResources(self->fd);
	uint32_t i;

	for (i = 0; planes && i < planes->count_planes; i++) {
		drmModePlane *plane = drmModeGetPlane(self->fd, planes->planes[i]);

		if (plane && plane->possible_crtcs & 1u << self->pipe) {
			uint64_t type = value_of(self->fd, plane->plane_id, "type");

			if (type == DRM_PLANE_TYPE_PRIMARY && !self->primary)
				self->primary = plane->plane_id;
			if (type == DRM_PLANE_TYPE_CURSOR && !self->cursor)
				self->cursor = plane->plane_id;
		}
		drmModeFreePlane(plane);
	}
	drmModeFreePlaneResources(planes);

	return self->primary ? 0 : -ENOENT;
}

static int find_monitor(FIXTURE_DATA(kms) * self)
{
	drmModeRes *resources = drmModeGetResources(self->fd);
	int i;

	for (i = 0; resources && i < resources->count_connectors && !self->connector; i++) {
		drmModeConnector *connector =
			drmModeGetConnector(self->fd, resources->connectors[i]);
		drmModeEncoder *encoder = NULL;

		if (connector && connector->connection == DRM_MODE_CONNECTED &&
		    connector->count_modes && connector->count_encoders)
			encoder = drmModeGetEncoder(self->fd, connector->encoders[0]);
		if (encoder && encoder->possible_crtcs) {
			self->connector = connector->connector_id;
			self->pipe = __builtin_ctz(encoder->possible_crtcs);
			self->crtc = resources->crtcs[self->pipe];
			self->mode = connector->modes[0];
		}
		drmModeFreeEncoder(encoder);
		drmModeFreeConnector(connector);
	}
	drmModeFreeResources(resources);

	return self->connector ? find_planes(self) : -ENODEV;
}

FIXTURE_SETUP(kms)
{
	const char *name = getenv("KMS_DRIVER");

	if (!name)
		name = OURS;
	self->ours = !strcmp(name, OURS);
	self->fd = open_card(name);
	ASSERT_GE(self->fd, 0) TH_LOG("there is no card of %s", name);
	if (self->ours)
		ASSERT_EQ(bring_monitor(self), 0);
	ASSERT_EQ(drmSetClientCap(self->fd, DRM_CLIENT_CAP_ATOMIC, 1), 0);
	ASSERT_EQ(find_monitor(self), 0);
	/* A console may have lit it. */
	ASSERT_EQ(result(drmModeSetCrtc(self->fd, self->crtc, 0, 0, 0, NULL, 0, NULL)), 0);
	ASSERT_EQ(dumb_create(self->fd, &self->a, self->mode.hdisplay, self->mode.vdisplay,
			      DRM_FORMAT_XRGB8888),
		  0);
	ASSERT_EQ(dumb_create(self->fd, &self->b, self->mode.hdisplay, self->mode.vdisplay,
			      DRM_FORMAT_XRGB8888),
		  0);
}

FIXTURE_TEARDOWN(kms)
{
	drmModeSetCrtc(self->fd, self->crtc, 0, 0, 0, NULL, 0, NULL);
	dumb_destroy(self->fd, &self->a);
	dumb_destroy(self->fd, &self->b);
	close(self->fd);
	if (self->ours) {
		atomic_store(&self->stop, true);
		pthread_join(self->keeper, NULL);
		driver_close(&self->driver);
	}
}

static int light(FIXTURE_DATA(kms) * self)
{
	return result(drmModeSetCrtc(self->fd, self->crtc, self->a.fb, 0, 0, &self->connector, 1,
				     &self->mode));
}

#define LIGHT() ASSERT_EQ(light(self), 0)

/* --- Framebuffers */
#define ADD(width, height, format, handle, pitch, offset) \
	add_fb(self->fd, width, height, format, handle, pitch, offset, NULL)
#define XRGB DRM_FORMAT_XRGB8888

TEST_F(kms, addfb_takes_sizes_that_the_buffer_has)
{
	uint32_t width = self->mode.hdisplay, height = self->mode.vdisplay;
	uint32_t handle = self->a.handle, pitch = self->a.pitch;

	EXPECT_EQ(ADD(0, height, XRGB, handle, pitch, 0), -EINVAL);
	EXPECT_EQ(ADD(width, 0, XRGB, handle, pitch, 0), -EINVAL);
	EXPECT_EQ(ADD(UINT32_MAX, height, XRGB, handle, pitch, 0), -EINVAL);
	EXPECT_EQ(ADD(width, UINT32_MAX, XRGB, handle, pitch, 0), -EINVAL);
	EXPECT_EQ(ADD(width, height * 2, XRGB, handle, pitch, 0), -EINVAL);
	EXPECT_EQ(ADD(width, self->a.size / pitch + 1, XRGB, handle, pitch, 0), -EINVAL);
	EXPECT_EQ(ADD(width, height, XRGB, handle, 0, 0), -EINVAL);
	EXPECT_EQ(ADD(width, height, XRGB, handle, 4, 0), -EINVAL);
	EXPECT_EQ(ADD(width, height, XRGB, handle, width * 4 - 4, 0), -EINVAL);
	EXPECT_EQ(ADD(width, height, XRGB, handle, UINT32_MAX, 0), -ERANGE);
	EXPECT_EQ(ADD(width, height, XRGB, handle, pitch, self->a.size), -EINVAL);
	EXPECT_EQ(ADD(width, height, XRGB, handle, pitch, UINT32_MAX), -ERANGE);
	EXPECT_EQ(ADD(width, height, 0, handle, pitch, 0), -EINVAL);
	EXPECT_EQ(ADD(width, height, 0xffffffff, handle, pitch, 0), -EINVAL);
	EXPECT_EQ(ADD(width, height, XRGB, 0, pitch, 0), -EINVAL);
	EXPECT_EQ(ADD(width, height, XRGB, NOTHING, pitch, 0), -ENOENT);
}

TEST_F(kms, addfb_takes_no_unknown_flag_or_layout)
{
	const struct drm_mode_fb_cmd2 good = {
		.width = self->mode.hdisplay,
		.height = self->mode.vdisplay,
		.pixel_format = XRGB,
		.handles = {self->a.handle},
		.pitches = {self->a.pitch},
	};
	struct drm_mode_fb_cmd2 command = good;

	command.flags = 1u << 30;
	EXPECT_EQ(call(self->fd, DRM_IOCTL_MODE_ADDFB2, &command), -EINVAL);
	command = good;
	command.modifier[0] = I915_FORMAT_MOD_X_TILED;
	EXPECT_EQ(call(self->fd, DRM_IOCTL_MODE_ADDFB2, &command), -EINVAL);
	command.flags = DRM_MODE_FB_MODIFIERS;
	EXPECT_EQ(call(self->fd, DRM_IOCTL_MODE_ADDFB2, &command), -EINVAL);
	command = good;
	command.modifier[1] = 1;
	command.flags = DRM_MODE_FB_MODIFIERS;
	EXPECT_EQ(call(self->fd, DRM_IOCTL_MODE_ADDFB2, &command), -EINVAL);
}

TEST_F(kms, addfb_of_old_takes_depth_24_and_says_what_it_has)
{
	struct drm_mode_fb_cmd command = {
		.width = self->mode.hdisplay,
		.height = self->mode.vdisplay,
		.bpp = 32,
		.depth = 24,
		.handle = self->a.handle,
		.pitch = self->a.pitch,
	};
	uint32_t fb;

	ASSERT_EQ(call(self->fd, DRM_IOCTL_MODE_ADDFB, &command), 0);
	fb = command.fb_id;
	memset(&command, 0, sizeof(command));
	command.fb_id = fb;
	EXPECT_EQ(call(self->fd, DRM_IOCTL_MODE_GETFB, &command), 0);
	EXPECT_EQ(command.width, self->mode.hdisplay);
	EXPECT_EQ(command.pitch, self->a.pitch);
	EXPECT_EQ(command.depth, 24);
	EXPECT_NE(command.handle, 0);
	if (command.handle != self->a.handle)
		drmCloseBufferHandle(self->fd, command.handle);
	EXPECT_EQ(result(drmModeRmFB(self->fd, fb)), 0);
	EXPECT_EQ(result(drmModeRmFB(self->fd, fb)), -ENOENT);
	EXPECT_EQ(result(drmModeRmFB(self->fd, NOTHING)), -ENOENT);
	command.bpp = 7;
	EXPECT_EQ(call(self->fd, DRM_IOCTL_MODE_ADDFB, &command), -EINVAL);
}

TEST_F(kms, rmfb_of_what_is_shown_darkens)
{
	LIGHT();
	ASSERT_EQ(value_of(self->fd, self->crtc, "ACTIVE"), 1);
	ASSERT_EQ(result(drmModeRmFB(self->fd, self->a.fb)), 0);
	EXPECT_EQ(value_of(self->fd, self->crtc, "ACTIVE"), 0);
	EXPECT_EQ(value_of(self->fd, self->primary, "FB_ID"), 0);
}

TEST_F(kms, dumb_buffers_have_a_size)
{
	struct drm_mode_create_dumb create = {.height = 16, .width = 0, .bpp = 32};
	struct drm_mode_map_dumb map = {.handle = NOTHING};
	struct drm_mode_destroy_dumb destroy = {.handle = NOTHING};

	EXPECT_EQ(call(self->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create), -EINVAL);
	create = (struct drm_mode_create_dumb){.height = 0, .width = 16, .bpp = 32};
	EXPECT_EQ(call(self->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create), -EINVAL);
	create = (struct drm_mode_create_dumb){.height = 16, .width = 16, .bpp = 0};
	EXPECT_EQ(call(self->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create), -EINVAL);
	create =
		(struct drm_mode_create_dumb){.height = UINT32_MAX, .width = UINT32_MAX, .bpp = 32};
	EXPECT_EQ(call(self->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create), -EINVAL);
	EXPECT_EQ(call(self->fd, DRM_IOCTL_MODE_MAP_DUMB, &map), -ENOENT);
	EXPECT_NE(call(self->fd, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy), 0);
}

/* --- Legacy mode setting */
TEST_F(kms, setcrtc_wants_all_that_a_mode_takes)
{
	uint32_t nobody = NOTHING;
	drmModeModeInfo mode = self->mode;
	struct dumb small = {};

#define SET(crtc, fb, x, y, connectors, count, mode) \
	result(drmModeSetCrtc(self->fd, crtc, fb, x, y, connectors, count, mode))
	EXPECT_EQ(SET(NOTHING, self->a.fb, 0, 0, &self->connector, 1, &mode), -ENOENT);
	EXPECT_EQ(SET(self->connector, self->a.fb, 0, 0, &self->connector, 1, &mode), -ENOENT);
	EXPECT_EQ(SET(self->crtc, NOTHING, 0, 0, &self->connector, 1, &mode), -ENOENT);
	EXPECT_EQ(SET(self->crtc, self->a.fb, 0, 0, &nobody, 1, &mode), -ENOENT);
	EXPECT_EQ(SET(self->crtc, self->a.fb, 0, 0, &self->crtc, 1, &mode), -ENOENT);
	EXPECT_EQ(SET(self->crtc, self->a.fb, 0, 0, NULL, 0, &mode), -EINVAL);
	EXPECT_EQ(SET(self->crtc, self->a.fb, 0, 0, &self->connector, 1, NULL), -EINVAL);
	EXPECT_EQ(SET(self->crtc, UINT32_MAX, 0, 0, &self->connector, 1, &mode), -EINVAL);
	EXPECT_EQ(SET(self->crtc, self->a.fb, 1, 0, &self->connector, 1, &mode), -ENOSPC);
	EXPECT_EQ(SET(self->crtc, self->a.fb, 0, 1, &self->connector, 1, &mode), -ENOSPC);
	ASSERT_EQ(dumb_create(self->fd, &small, mode.hdisplay - 16, mode.vdisplay, XRGB), 0);
	EXPECT_EQ(SET(self->crtc, small.fb, 0, 0, &self->connector, 1, &mode), -ENOSPC);
	dumb_destroy(self->fd, &small);

	mode.hdisplay = 0;
	EXPECT_EQ(SET(self->crtc, self->a.fb, 0, 0, &self->connector, 1, &mode), -EINVAL);
	mode = self->mode;
	mode.htotal = mode.hdisplay - 1;
	EXPECT_EQ(SET(self->crtc, self->a.fb, 0, 0, &self->connector, 1, &mode), -EINVAL);
	mode = self->mode;
	mode.vsync_start = mode.vdisplay - 1;
	EXPECT_EQ(SET(self->crtc, self->a.fb, 0, 0, &self->connector, 1, &mode), -EINVAL);
	mode = self->mode;
	mode.flags |= 1u << 31;
	EXPECT_EQ(SET(self->crtc, self->a.fb, 0, 0, &self->connector, 1, &mode), -EINVAL);
	EXPECT_EQ(value_of(self->fd, self->crtc, "ACTIVE"), 0);
}

/* So many pixels that a frame's time, which DRM computes with an int, is none. A sink would not take it. */
TEST_F(kms, setcrtc_refuses_a_mode_whose_frame_takes_no_time)
{
	drmModeRes *resources = drmModeGetResources(self->fd);
	drmModeModeInfo mode = self->mode;
	int i, n = 0;

	mode.hsync_start = mode.hdisplay + 1;
	mode.hsync_end = mode.hsync_start + 1;
	mode.htotal = 65535;
	mode.vsync_start = mode.vdisplay + 1;
	mode.vsync_end = mode.vsync_start + 1;
	mode.vtotal = 65000;
	mode.clock = 715826517;
	ASSERT_NE(resources, NULL);
	for (i = 0; i < resources->count_connectors && i < resources->count_crtcs; i++) {
		uint32_t connector = resources->connectors[i];

		if (connector == self->connector)
			continue;
		EXPECT_EQ(SET(resources->crtcs[i], self->a.fb, 0, 0, &connector, 1, &mode),
			  -EINVAL);
		n++;
	}
	drmModeFreeResources(resources);
	if (!n)
		SKIP(return, "every connector has a monitor");
}

TEST_F(kms, every_mode_that_is_offered_can_be_set)
{
	drmModeConnector *connector = drmModeGetConnector(self->fd, self->connector);
	int i;

	ASSERT_NE(connector, NULL);
	for (i = 0; i < connector->count_modes && i < 24; i++) {
		drmModeModeInfo *mode = &connector->modes[i];
		struct dumb picture = {};
		drmModeCrtc *crtc;

		ASSERT_EQ(dumb_create(self->fd, &picture, mode->hdisplay, mode->vdisplay, XRGB), 0);
		EXPECT_EQ(SET(self->crtc, picture.fb, 0, 0, &self->connector, 1, mode), 0)
		TH_LOG("%s", mode->name);
		crtc = drmModeGetCrtc(self->fd, self->crtc);
		ASSERT_NE(crtc, NULL);
		EXPECT_EQ(crtc->mode_valid, 1);
		EXPECT_EQ(crtc->buffer_id, picture.fb);
		EXPECT_EQ(crtc->mode.hdisplay, mode->hdisplay);
		EXPECT_EQ(crtc->mode.clock, mode->clock);
		drmModeFreeCrtc(crtc);
		dumb_destroy(self->fd, &picture);
	}
	drmModeFreeConnector(connector);
}

TEST_F(kms, setcrtc_without_anything_is_off_and_again_is_too)
{
	LIGHT();
	EXPECT_EQ(value_of(self->fd, self->connector, "CRTC_ID"), self->crtc);
	EXPECT_EQ(SET(self->crtc, 0, 0, 0, NULL, 0, NULL), 0);
	EXPECT_EQ(value_of(self->fd, self->connector, "CRTC_ID"), 0);
	EXPECT_EQ(SET(self->crtc, 0, 0, 0, NULL, 0, NULL), 0);
}

TEST_F(kms, dpms_is_off_and_on)
{
	uint32_t dpms = property(self->fd, self->connector, "DPMS", NULL);

	LIGHT();
	ASSERT_NE(dpms, 0);
	EXPECT_EQ(result(drmModeConnectorSetProperty(self->fd, self->connector, dpms,
						     DRM_MODE_DPMS_OFF)),
		  0);
	EXPECT_EQ(value_of(self->fd, self->crtc, "ACTIVE"), 0);
	EXPECT_EQ(value_of(self->fd, self->connector, "DPMS"), DRM_MODE_DPMS_OFF);
	EXPECT_EQ(result(drmModeConnectorSetProperty(self->fd, self->connector, dpms,
						     DRM_MODE_DPMS_ON)),
		  0);
	EXPECT_EQ(value_of(self->fd, self->crtc, "ACTIVE"), 1);
}

/* --- Atomic mode setting */
static int commit_one(int fd, uint32_t object, uint32_t id, uint64_t value, uint32_t flags)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	int ret;

	drmModeAtomicAddProperty(request, object, id, value);
	ret = result(drmModeAtomicCommit(fd, request, flags, NULL));
	drmModeAtomicFree(request);

	return ret;
}

static int set(int fd, uint32_t object, const char *name, uint64_t value, uint32_t flags)
{
	return commit_one(fd, object, property(fd, object, name, NULL), value, flags);
}

#define MODESET DRM_MODE_ATOMIC_ALLOW_MODESET
#define TRY	DRM_MODE_ATOMIC_TEST_ONLY

TEST_F(kms, atomic_flags_and_fields_are_known_ones)
{
	struct drm_mode_atomic command = {};

	LIGHT();
	EXPECT_EQ(call(self->fd, DRM_IOCTL_MODE_ATOMIC, &command), 0);
	command.flags = 1u << 31;
	EXPECT_EQ(call(self->fd, DRM_IOCTL_MODE_ATOMIC, &command), -EINVAL);
	command.flags = TRY | DRM_MODE_PAGE_FLIP_EVENT;
	EXPECT_EQ(call(self->fd, DRM_IOCTL_MODE_ATOMIC, &command), -EINVAL);
	command.flags = 0;
	command.reserved = 1;
	EXPECT_EQ(call(self->fd, DRM_IOCTL_MODE_ATOMIC, &command), -EINVAL);
	command.reserved = 0;
	command.count_objs = 1;
	EXPECT_EQ(call(self->fd, DRM_IOCTL_MODE_ATOMIC, &command), -EFAULT);
}

TEST_F(kms, atomic_objects_properties_and_values_are_known_ones)
{
	uint32_t fb = property(self->fd, self->primary, "FB_ID", NULL);
	uint32_t active = property(self->fd, self->crtc, "ACTIVE", NULL);

	LIGHT();
	EXPECT_EQ(commit_one(self->fd, NOTHING, fb, 0, 0), -ENOENT);
	EXPECT_EQ(commit_one(self->fd, self->primary, NOTHING, 0, 0), -ENOENT);
	EXPECT_EQ(commit_one(self->fd, self->primary, self->crtc, 0, 0), -ENOENT);
	EXPECT_EQ(commit_one(self->fd, self->crtc, fb, self->a.fb, 0), -ENOENT);
	EXPECT_EQ(commit_one(self->fd, self->a.fb, fb, 0, 0), -ENOENT);
	EXPECT_EQ(commit_one(self->fd, self->primary, fb, NOTHING, 0), -EINVAL);
	EXPECT_EQ(commit_one(self->fd, self->primary, fb, self->crtc, 0), -EINVAL);
	EXPECT_EQ(commit_one(self->fd, self->crtc, active, 2, MODESET), -EINVAL);
	EXPECT_EQ(commit_one(self->fd, self->crtc, active, UINT64_MAX, MODESET), -EINVAL);
	EXPECT_EQ(set(self->fd, self->primary, "type", DRM_PLANE_TYPE_CURSOR, 0), -EINVAL);
	EXPECT_EQ(set(self->fd, self->primary, "CRTC_ID", NOTHING, 0), -EINVAL);
	EXPECT_EQ(set(self->fd, self->connector, "CRTC_ID", self->primary, MODESET), -EINVAL);
	EXPECT_EQ(set(self->fd, self->primary, "IN_FENCE_FD", self->fd, 0), -EINVAL);
	EXPECT_EQ(set(self->fd, self->primary, "IN_FENCE_FD", (uint64_t)-2, 0), -EINVAL);
}

TEST_F(kms, atomic_states_that_are_none_are_refused)
{
	uint64_t width = self->mode.hdisplay, height = self->mode.vdisplay;

	LIGHT();
	EXPECT_EQ(set(self->fd, self->crtc, "ACTIVE", 0, 0), -EINVAL)
	TH_LOG("a mode set without leave");
	EXPECT_EQ(set(self->fd, self->primary, "FB_ID", 0, TRY), -EINVAL);
	EXPECT_EQ(set(self->fd, self->primary, "CRTC_ID", 0, TRY), -EINVAL);
	EXPECT_EQ(set(self->fd, self->crtc, "MODE_ID", 0, MODESET | TRY), -EINVAL);
	EXPECT_EQ(set(self->fd, self->connector, "CRTC_ID", 0, MODESET | TRY), -EINVAL);
	EXPECT_EQ(set(self->fd, self->primary, "SRC_W", (width + 1) << 16, TRY), -ENOSPC);
	EXPECT_EQ(set(self->fd, self->primary, "SRC_X", 1 << 16, TRY), -ENOSPC);
	EXPECT_EQ(set(self->fd, self->primary, "SRC_Y", UINT32_MAX, TRY), -ENOSPC);
	EXPECT_EQ(set(self->fd, self->primary, "CRTC_W", INT32_MAX, TRY), -ERANGE);
	EXPECT_EQ(set(self->fd, self->primary, "CRTC_X", INT32_MAX, TRY), -ERANGE);
	EXPECT_NE(set(self->fd, self->primary, "CRTC_W", width / 2, TRY), 0)
	TH_LOG("nothing here scales");
	EXPECT_EQ(set(self->fd, self->primary, "CRTC_X", -width, TRY), -EINVAL)
	TH_LOG("nothing of the picture is seen");
	EXPECT_EQ(set(self->fd, self->primary, "CRTC_Y", -height, TRY), -EINVAL);
	/* None of it has changed anything. */
	EXPECT_EQ(value_of(self->fd, self->primary, "FB_ID"), self->a.fb);
	EXPECT_EQ(value_of(self->fd, self->primary, "SRC_W"), width << 16);
	EXPECT_EQ(value_of(self->fd, self->crtc, "ACTIVE"), 1);
}

TEST_F(kms, atomic_test_changes_nothing)
{
	LIGHT();
	EXPECT_EQ(set(self->fd, self->primary, "FB_ID", self->b.fb, TRY), 0);
	EXPECT_EQ(value_of(self->fd, self->primary, "FB_ID"), self->a.fb);
	EXPECT_EQ(set(self->fd, self->crtc, "ACTIVE", 0, TRY | MODESET), 0);
	EXPECT_EQ(value_of(self->fd, self->crtc, "ACTIVE"), 1);
	EXPECT_EQ(set(self->fd, self->primary, "FB_ID", self->b.fb, 0), 0);
	EXPECT_EQ(value_of(self->fd, self->primary, "FB_ID"), self->b.fb);
}

TEST_F(kms, atomic_blobs_are_what_they_should_be)
{
	struct drm_mode_rect rects[2] = {{0, 0, 16, 16}, {32, 32, 48, 48}};
	uint32_t mode, half, damage, odd, again;
	drmModePropertyBlobRes *blob;

	LIGHT();
	ASSERT_EQ(drmModeCreatePropertyBlob(self->fd, &self->mode, sizeof(self->mode), &mode), 0);
	ASSERT_EQ(drmModeCreatePropertyBlob(self->fd, &self->mode, sizeof(self->mode) / 2, &half),
		  0);
	ASSERT_EQ(drmModeCreatePropertyBlob(self->fd, rects, sizeof(rects), &damage), 0);
	ASSERT_EQ(drmModeCreatePropertyBlob(self->fd, rects, sizeof(rects) - 1, &odd), 0);
	EXPECT_EQ(set(self->fd, self->crtc, "MODE_ID", mode, MODESET), 0);
	EXPECT_EQ(set(self->fd, self->crtc, "MODE_ID", half, MODESET), -EINVAL);
	EXPECT_EQ(set(self->fd, self->crtc, "MODE_ID", damage, MODESET), -EINVAL);
	EXPECT_EQ(set(self->fd, self->crtc, "MODE_ID", NOTHING, MODESET), -EINVAL);
	if (property(self->fd, self->primary, "FB_DAMAGE_CLIPS", NULL)) {
		EXPECT_EQ(set(self->fd, self->primary, "FB_DAMAGE_CLIPS", damage, 0), 0);
		EXPECT_EQ(set(self->fd, self->primary, "FB_DAMAGE_CLIPS", odd, 0), -EINVAL);
		EXPECT_EQ(set(self->fd, self->primary, "FB_DAMAGE_CLIPS", NOTHING, 0), -EINVAL);
	}
	/* The commit holds the mode's blob by now. */
	EXPECT_EQ(result(drmModeDestroyPropertyBlob(self->fd, mode)), 0);
	EXPECT_EQ(result(drmModeDestroyPropertyBlob(self->fd, mode)), -EPERM);
	blob = drmModeGetPropertyBlob(self->fd, value_of(self->fd, self->crtc, "MODE_ID"));
	ASSERT_NE(blob, NULL);
	EXPECT_EQ(blob->length, sizeof(self->mode));
	drmModeFreePropertyBlob(blob);
	EXPECT_EQ(result(drmModeDestroyPropertyBlob(self->fd, half)), 0);
	EXPECT_EQ(result(drmModeDestroyPropertyBlob(self->fd, half)), -ENOENT);
	EXPECT_NE(drmModeCreatePropertyBlob(self->fd, rects, 0, &again), 0);
	EXPECT_NE(drmModeCreatePropertyBlob(self->fd, NULL, 64, &again), 0);
}

TEST_F(kms, atomic_damage_is_within_the_picture)
{
	const struct {
		struct drm_mode_rect rect;
		int result;
	} cases[] = {
		{{0, 0, 8, 8}, 0},
		{{0, 0, 0, 0}, -EINVAL},
		{{9, 9, 3, 3}, -EINVAL},
		{{-8, -8, 8, 8}, -EINVAL},
		{{INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX}, -EINVAL},
		/* The kernel's own check of these is off by 16 bits, so drivers have to bear them. */
		{{600, 400, 9000, 9000}, 0},
		{{5000, 5000, 9000, 9000}, 0},
	};
	uint32_t i, blob;

	LIGHT();
	if (!property(self->fd, self->primary, "FB_DAMAGE_CLIPS", NULL))
		SKIP(return, "no damage");
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ASSERT_EQ(drmModeCreatePropertyBlob(self->fd, &cases[i].rect, sizeof(cases[i].rect),
						    &blob),
			  0);
		EXPECT_EQ(set(self->fd, self->primary, "FB_DAMAGE_CLIPS", blob, 0), cases[i].result)
		TH_LOG("%u", i);
		drmModeDestroyPropertyBlob(self->fd, blob);
	}
}

/* --- Flips */
struct event {
	unsigned int count;
	unsigned int sequence;
	uint64_t time_us;
	uint32_t crtc;
	void *data;
};

static struct event *the_event; /* libdrm hands on one pointer, which is tested itself */

static void note(int fd, unsigned int sequence, unsigned int seconds, unsigned int micros,
		 unsigned int crtc, void *data)
{
	the_event->count++;
	the_event->sequence = sequence;
	the_event->time_us = seconds * 1000000ULL + micros;
	the_event->crtc = crtc;
	the_event->data = data;
}

static void note_vblank(int fd, unsigned int sequence, unsigned int seconds, unsigned int micros,
			void *data)
{
	note(fd, sequence, seconds, micros, 0, data);
}

static int wait_event(int fd, struct event *event, int timeout_ms)
{
	drmEventContext context = {
		.version = 3,
		.vblank_handler = note_vblank,
		.page_flip_handler2 = note,
	};
	struct pollfd file = {.fd = fd, .events = POLLIN};
	int ret = poll(&file, 1, timeout_ms);

	if (ret <= 0)
		return ret ? -errno : -ETIMEDOUT;
	the_event = event;

	return result(drmHandleEvent(fd, &context));
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);

	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

#define EVENT		      DRM_MODE_PAGE_FLIP_EVENT
#define FLIP(fb, flags, data) result(drmModePageFlip(self->fd, self->crtc, fb, flags, data))

TEST_F(kms, flip_wants_a_picture_and_a_lit_crtc)
{
	struct event event = {};
	struct dumb small = {};

	EXPECT_EQ(FLIP(self->b.fb, EVENT, NULL), -EBUSY);
	LIGHT();
	EXPECT_EQ(FLIP(NOTHING, EVENT, NULL), -ENOENT);
	EXPECT_EQ(FLIP(self->crtc, EVENT, NULL), -ENOENT);
	EXPECT_EQ(FLIP(0, EVENT, NULL), -ENOENT);
	EXPECT_EQ(FLIP(self->b.fb, 1u << 30, NULL), -EINVAL);
	EXPECT_EQ(FLIP(self->b.fb, DRM_MODE_PAGE_FLIP_ASYNC, NULL), -EINVAL);
	EXPECT_EQ(result(drmModePageFlip(self->fd, NOTHING, self->b.fb, 0, NULL)), -ENOENT);
	ASSERT_EQ(dumb_create(self->fd, &small, self->mode.hdisplay - 16, self->mode.vdisplay,
			      XRGB),
		  0);
	EXPECT_EQ(FLIP(small.fb, EVENT, NULL), -ENOSPC);
	dumb_destroy(self->fd, &small);
	/* None of these is on its way. */
	EXPECT_EQ(wait_event(self->fd, &event, 100), -ETIMEDOUT);
}

TEST_F(kms, flips_end_one_after_the_other)
{
	struct event event = {}, before = {};
	uint64_t begin;
	unsigned int i;

	LIGHT();
	for (i = 0; i < 30; i++) {
		begin = now_us();
		ASSERT_EQ(FLIP(i % 2 ? self->a.fb : self->b.fb, EVENT, &event + i), 0);
		ASSERT_EQ(wait_event(self->fd, &event, GUARD_MS), 0);
		EXPECT_EQ(event.count, i + 1);
		EXPECT_EQ(event.data, &event + i);
		EXPECT_EQ(event.crtc, self->crtc);
		EXPECT_GT(event.time_us + 100000, begin);
		EXPECT_LE(event.time_us, now_us());
		if (i) {
			EXPECT_GT((int)(event.sequence - before.sequence), 0);
			EXPECT_GT(event.time_us, before.time_us);
		}
		before = event;
	}
	EXPECT_EQ(wait_event(self->fd, &event, 100), -ETIMEDOUT);
}

TEST_F(kms, flip_while_one_is_on_its_way_is_busy_or_waits)
{
	struct event event = {};
	int i, ret, accepted = 0;

	LIGHT();
	for (i = 0; i < 8; i++) {
		ret = FLIP(i % 2 ? self->a.fb : self->b.fb, EVENT, NULL);
		if (!ret)
			accepted++;
		else
			EXPECT_EQ(ret, -EBUSY);
	}
	EXPECT_GE(accepted, 1);
	while ((int)event.count < accepted)
		ASSERT_EQ(wait_event(self->fd, &event, GUARD_MS), 0);
	EXPECT_EQ(wait_event(self->fd, &event, 100), -ETIMEDOUT);
}

TEST_F(kms, flip_ends_though_all_changes)
{
	struct event event = {};
	struct dumb other = {};

	/* Switched off, and the framebuffer taken away, with it on its way. */
	LIGHT();
	ASSERT_EQ(FLIP(self->b.fb, EVENT, NULL), 0);
	ASSERT_EQ(SET(self->crtc, 0, 0, 0, NULL, 0, NULL), 0);
	EXPECT_EQ(wait_event(self->fd, &event, GUARD_MS), 0);
	LIGHT();
	ASSERT_EQ(dumb_create(self->fd, &other, self->mode.hdisplay, self->mode.vdisplay, XRGB), 0);
	ASSERT_EQ(FLIP(other.fb, EVENT, NULL), 0);
	dumb_destroy(self->fd, &other);
	EXPECT_EQ(wait_event(self->fd, &event, GUARD_MS), 0);
	LIGHT();
	ASSERT_EQ(FLIP(self->b.fb, EVENT, NULL), 0);
	LIGHT();
	EXPECT_EQ(wait_event(self->fd, &event, GUARD_MS), 0);
	EXPECT_EQ(event.count, 3);
}

TEST_F(kms, flip_of_a_client_that_goes_is_nobodys)
{
	const char *name = self->ours ? OURS : getenv("KMS_DRIVER");
	int i, fd;

	drmDropMaster(self->fd);
	for (i = 0; i < 10; i++) {
		struct dumb one = {}, other = {};

		fd = open_card(name);
		ASSERT_GE(fd, 0);
		ASSERT_EQ(dumb_create(fd, &one, self->mode.hdisplay, self->mode.vdisplay, XRGB), 0);
		ASSERT_EQ(dumb_create(fd, &other, self->mode.hdisplay, self->mode.vdisplay, XRGB),
			  0);
		ASSERT_EQ(result(drmModeSetCrtc(fd, self->crtc, one.fb, 0, 0, &self->connector, 1,
						&self->mode)),
			  0);
		ASSERT_EQ(result(drmModePageFlip(fd, self->crtc, other.fb, EVENT, NULL)), 0);
		close(fd);
	}
	ASSERT_EQ(result(drmSetMaster(self->fd)), 0);
	LIGHT();
}

/* --- Vblanks */
static int vblank(int fd, unsigned int pipe, uint32_t type, uint32_t sequence, drmVBlank *reply)
{
	int ret;

	memset(reply, 0, sizeof(*reply));
	reply->request.type = type | pipe << DRM_VBLANK_HIGH_CRTC_SHIFT;
	reply->request.sequence = sequence;
	ret = drmWaitVBlank(fd, reply);

	return ret ? -errno : 0;
}

#define VBLANK(type, sequence) vblank(self->fd, self->pipe, type, sequence, &reply)

TEST_F(kms, vblank_waits_are_of_known_kinds)
{
	drmVBlank reply;

	EXPECT_EQ(VBLANK(DRM_VBLANK_RELATIVE, 1), -EINVAL) TH_LOG("it is off");
	LIGHT();
	EXPECT_EQ(VBLANK(DRM_VBLANK_RELATIVE | 1u << 20, 0), -EINVAL);
	EXPECT_EQ(vblank(self->fd, 31, DRM_VBLANK_RELATIVE, 0, &reply), -EINVAL);
	EXPECT_EQ(VBLANK(DRM_VBLANK_RELATIVE, 0), 0);
	EXPECT_EQ(VBLANK(DRM_VBLANK_ABSOLUTE, reply.reply.sequence), 0);
	EXPECT_EQ(VBLANK(DRM_VBLANK_ABSOLUTE, reply.reply.sequence - 5), 0);
}

TEST_F(kms, vblank_waits_last_as_long_as_frames)
{
	uint64_t frame_us = 1000ULL * self->mode.htotal * self->mode.vtotal / self->mode.clock;
	unsigned int first, i, frames;
	uint64_t begin_us, lasted_us;
	drmVBlank reply;

	LIGHT();
	ASSERT_EQ(VBLANK(DRM_VBLANK_RELATIVE, 1), 0);
	first = reply.reply.sequence;
	begin_us = reply.reply.tval_sec * 1000000ULL + reply.reply.tval_usec;
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(VBLANK(DRM_VBLANK_RELATIVE, 1), 0);
		EXPECT_GT(reply.reply.sequence, first + i);
	}
	/* Late ones count the frames that were missed. */
	lasted_us = reply.reply.tval_sec * 1000000ULL + reply.reply.tval_usec - begin_us;
	frames = reply.reply.sequence - first;
	EXPECT_GE(lasted_us, frame_us * frames - frame_us / 10);
	EXPECT_LE(lasted_us, frame_us * frames + frame_us / 10);
}

TEST_F(kms, vblank_events_come_when_they_were_asked_for)
{
	struct event event = {};
	drmVBlank reply;
	unsigned int now;

	LIGHT();
	ASSERT_EQ(VBLANK(DRM_VBLANK_RELATIVE, 0), 0);
	now = reply.reply.sequence;
	memset(&reply, 0, sizeof(reply));
	reply.request.type = DRM_VBLANK_ABSOLUTE | DRM_VBLANK_EVENT |
			     self->pipe << DRM_VBLANK_HIGH_CRTC_SHIFT;
	reply.request.sequence = now + 4;
	reply.request.signal = (unsigned long)&event;
	ASSERT_EQ(result(drmWaitVBlank(self->fd, &reply)), 0);
	ASSERT_EQ(wait_event(self->fd, &event, GUARD_MS), 0);
	EXPECT_EQ(event.count, 1);
	EXPECT_EQ(event.data, &event);
	EXPECT_GE((int)(event.sequence - (now + 4)), 0);

	/* One that waits when it is switched off comes all the same. */
	ASSERT_EQ(VBLANK(DRM_VBLANK_RELATIVE | DRM_VBLANK_EVENT, 1000), 0);
	ASSERT_EQ(SET(self->crtc, 0, 0, 0, NULL, 0, NULL), 0);
	EXPECT_EQ(wait_event(self->fd, &event, GUARD_MS), 0);
	EXPECT_EQ(event.count, 2);
}

TEST_F(kms, sequences_are_those_of_vblanks)
{
	uint64_t sequence = 0, ns = 0, queued = 0;
	drmVBlank reply;

	EXPECT_EQ(result(drmCrtcGetSequence(self->fd, NOTHING, &sequence, &ns)), -ENOENT);
	LIGHT();
	ASSERT_EQ(VBLANK(DRM_VBLANK_RELATIVE, 1), 0);
	ASSERT_EQ(result(drmCrtcGetSequence(self->fd, self->crtc, &sequence, &ns)), 0);
	EXPECT_GE((int)((uint32_t)sequence - reply.reply.sequence), 0);
	EXPECT_LE(ns / 1000, now_us());
	EXPECT_EQ(result(drmCrtcQueueSequence(self->fd, self->crtc, 0xff, 1, &queued, 0)), -EINVAL);
	EXPECT_EQ(result(drmCrtcQueueSequence(self->fd, self->crtc, DRM_CRTC_SEQUENCE_RELATIVE, 2,
					      &queued, 0)),
		  0);
	EXPECT_GT(queued, sequence);
}

/* --- Pointers */
TEST_F(kms, cursor_goes_anywhere_and_has_a_size)
{
	static const int places[] = {0, 100, -1, -100, 639, 640, 5000, INT32_MAX, INT32_MIN};
	uint64_t width = 0, height = 0;
	struct dumb image = {};
	size_t i;

	ASSERT_EQ(drmGetCap(self->fd, DRM_CAP_CURSOR_WIDTH, &width), 0);
	ASSERT_EQ(drmGetCap(self->fd, DRM_CAP_CURSOR_HEIGHT, &height), 0);
	EXPECT_GE(width, 64);
	EXPECT_GE(height, 64);
	LIGHT();
	if (!self->cursor)
		SKIP(return, "no cursor plane");
#define CURSOR(handle, width, height) \
	result(drmModeSetCursor(self->fd, self->crtc, handle, width, height))
	ASSERT_EQ(dumb_create(self->fd, &image, width, height, DRM_FORMAT_ARGB8888), 0);
	EXPECT_EQ(CURSOR(0, 0, 0), 0);
	EXPECT_EQ(CURSOR(NOTHING, 64, 64), -ENOENT);
	EXPECT_NE(CURSOR(image.handle, 0, 64), 0);
	EXPECT_NE(CURSOR(image.handle, width * 2, height), 0);
	EXPECT_NE(CURSOR(image.handle, UINT32_MAX, UINT32_MAX), 0);
	EXPECT_EQ(CURSOR(image.handle, width, height), 0);
	for (i = 0; i < sizeof(places) / sizeof(*places) - 2; i++)
		EXPECT_EQ(result(drmModeMoveCursor(self->fd, self->crtc, places[i], places[i])), 0)
	TH_LOG("%d", places[i]);
	/* Where nothing can be any more it is refused or off the picture, and does no harm. */
	for (; i < sizeof(places) / sizeof(*places); i++)
		drmModeMoveCursor(self->fd, self->crtc, places[i], places[i]);
	EXPECT_EQ(result(drmModeMoveCursor(self->fd, self->crtc, 10, 10)), 0);
	EXPECT_EQ(result(drmModeMoveCursor(self->fd, NOTHING, 0, 0)), -ENOENT);
	EXPECT_EQ(
		result(drmModeSetCursor2(self->fd, self->crtc, image.handle, width, height, 3, 3)),
		0);
	EXPECT_EQ(CURSOR(0, 0, 0), 0);
	dumb_destroy(self->fd, &image);
}

TEST_F(kms, cursor_lives_with_flips_and_modes)
{
	struct event event = {};
	struct dumb image = {};
	int i;

	LIGHT();
	if (!self->cursor)
		SKIP(return, "no cursor plane");
	ASSERT_EQ(dumb_create(self->fd, &image, 64, 64, DRM_FORMAT_ARGB8888), 0);
	ASSERT_EQ(CURSOR(image.handle, 64, 64), 0);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(FLIP(i % 2 ? self->a.fb : self->b.fb, EVENT, NULL), 0);
		EXPECT_EQ(result(drmModeMoveCursor(self->fd, self->crtc, i, i)), 0);
		ASSERT_EQ(wait_event(self->fd, &event, GUARD_MS), 0);
	}
	ASSERT_EQ(SET(self->crtc, 0, 0, 0, NULL, 0, NULL), 0);
	LIGHT();
	EXPECT_EQ(result(drmModeMoveCursor(self->fd, self->crtc, 5, 5)), 0);
	/* Its buffer goes while it is shown. */
	dumb_destroy(self->fd, &image);
	EXPECT_EQ(result(drmModeMoveCursor(self->fd, self->crtc, 6, 6)), 0);
	EXPECT_EQ(CURSOR(0, 0, 0), 0);
}

/* --- Properties */
static bool is_value(drmModePropertyRes *one, uint64_t value)
{
	uint64_t mask = 0;
	int i;

	if (drm_property_type_is(one, DRM_MODE_PROP_RANGE))
		return one->count_values == 2 && value >= one->values[0] && value <= one->values[1];
	if (drm_property_type_is(one, DRM_MODE_PROP_SIGNED_RANGE))
		return one->count_values == 2 && (int64_t)value >= (int64_t)one->values[0] &&
		       (int64_t)value <= (int64_t)one->values[1];
	if (drm_property_type_is(one, DRM_MODE_PROP_ENUM)) {
		for (i = 0; i < one->count_enums; i++)
			if (one->enums[i].value == value)
				return one->enums[i].name[0];
		return false;
	}
	if (drm_property_type_is(one, DRM_MODE_PROP_BITMASK)) {
		for (i = 0; i < one->count_enums; i++)
			mask |= 1ULL << one->enums[i].value;
		return !(value & ~mask);
	}

	return drm_property_type_is(one, DRM_MODE_PROP_BLOB) ||
	       drm_property_type_is(one, DRM_MODE_PROP_OBJECT);
}

static void properties_of(struct __test_metadata *_metadata, FIXTURE_DATA(kms) * self,
			  uint32_t object)
{
	drmModeObjectProperties *all =
		drmModeObjectGetProperties(self->fd, object, DRM_MODE_OBJECT_ANY);
	uint32_t i;

	ASSERT_NE(all, NULL);
	EXPECT_GT(all->count_props, 0);
	for (i = 0; i < all->count_props; i++) {
		drmModePropertyRes *one = drmModeGetProperty(self->fd, all->props[i]);
		bool fixed;

		ASSERT_NE(one, NULL);
		EXPECT_NE(one->name[0], '\0');
		EXPECT_EQ(is_value(one, all->prop_values[i]), true)
		TH_LOG("%s: %llu", one->name, (unsigned long long)all->prop_values[i]);
		fixed = one->flags & DRM_MODE_PROP_IMMUTABLE;
		/* Atomic commits do not know DPMS. */
		if (strcmp(one->name, "DPMS")) {
			EXPECT_EQ(commit_one(self->fd, object, one->prop_id, all->prop_values[i],
					     TRY | MODESET),
				  fixed ? -EINVAL : 0)
			TH_LOG("%s", one->name);
		}
		drmModeFreeProperty(one);
	}
	drmModeFreeObjectProperties(all);
}

TEST_F(kms, properties_have_values_that_may_be_set_again)
{
	LIGHT();
	properties_of(_metadata, self, self->connector);
	properties_of(_metadata, self, self->crtc);
	properties_of(_metadata, self, self->primary);
	if (self->cursor)
		properties_of(_metadata, self, self->cursor);
	EXPECT_EQ(drmModeGetProperty(self->fd, NOTHING), NULL);
	EXPECT_EQ(drmModeObjectGetProperties(self->fd, NOTHING, DRM_MODE_OBJECT_ANY), NULL);
	EXPECT_EQ(drmModeObjectGetProperties(self->fd, self->crtc, DRM_MODE_OBJECT_PLANE), NULL);
	EXPECT_EQ(drmModeGetPropertyBlob(self->fd, NOTHING), NULL);
}

/* --- Buffers that are lent */
TEST_F(kms, prime_is_the_same_memory)
{
	const char *name = self->ours ? OURS : getenv("KMS_DRIVER");
	uint32_t *mine, *lent, handle = 0;
	int buffer = -1, fd;
	uint64_t size;

	mine = dumb_map(self->fd, &self->a);
	ASSERT_NE(mine, MAP_FAILED);
	mine[5] = 0x12345678;
	EXPECT_EQ(result(drmPrimeHandleToFD(self->fd, NOTHING, 0, &buffer)), -ENOENT);
	EXPECT_EQ(result(drmPrimeHandleToFD(self->fd, self->a.handle, 1u << 20, &buffer)), -EINVAL);
	ASSERT_EQ(result(drmPrimeHandleToFD(self->fd, self->a.handle, DRM_CLOEXEC | DRM_RDWR,
					    &buffer)),
		  0);
	size = lseek(buffer, 0, SEEK_END);
	EXPECT_GE(size, self->a.size);
	lent = mmap(NULL, self->a.size, PROT_READ | PROT_WRITE, MAP_SHARED, buffer, 0);
	ASSERT_NE(lent, MAP_FAILED);
	EXPECT_EQ(lent[5], 0x12345678);
	lent[6] = 0x9abcdef0;
	EXPECT_EQ(mine[6], 0x9abcdef0);

	/* Back where it came from it is what it was; elsewhere it can be shown. */
	EXPECT_EQ(result(drmPrimeFDToHandle(self->fd, buffer, &handle)), 0);
	EXPECT_EQ(handle, self->a.handle);
	EXPECT_EQ(result(drmPrimeFDToHandle(self->fd, self->fd, &handle)), -EINVAL);
	fd = open_card(name);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(result(drmPrimeFDToHandle(fd, buffer, &handle)), 0);
	EXPECT_EQ(add_fb(fd, self->mode.hdisplay, self->mode.vdisplay, XRGB, handle, self->a.pitch,
			 0, NULL),
		  0);
	close(fd);
	munmap(mine, self->a.size);
	dumb_destroy(self->fd, &self->a);
	close(buffer);
	EXPECT_EQ(lent[5], 0x12345678);
	munmap(lent, self->a.size);
}

/* --- Who may do it */
TEST_F(kms, only_the_master_sets_modes)
{
	const char *name = self->ours ? OURS : getenv("KMS_DRIVER");
	int fd = open_card(name);
	struct dumb picture = {};

	ASSERT_GE(fd, 0);
	LIGHT();
	EXPECT_EQ(drmIsMaster(self->fd), 1);
	EXPECT_EQ(drmIsMaster(fd), 0);
	ASSERT_EQ(dumb_create(fd, &picture, self->mode.hdisplay, self->mode.vdisplay, XRGB), 0);
	EXPECT_EQ(result(drmModeSetCrtc(fd, self->crtc, picture.fb, 0, 0, &self->connector, 1,
					&self->mode)),
		  -EACCES);
	EXPECT_EQ(result(drmModePageFlip(fd, self->crtc, picture.fb, 0, NULL)), -EACCES);
	EXPECT_EQ(result(drmSetMaster(fd)), -EBUSY);
	EXPECT_EQ(result(drmModeRmFB(fd, self->a.fb)), -ENOENT);
	ASSERT_EQ(drmDropMaster(self->fd), 0);
	EXPECT_EQ(result(drmSetMaster(fd)), 0);
	EXPECT_EQ(light(self), -EACCES);
	EXPECT_EQ(result(drmModeSetCrtc(fd, self->crtc, picture.fb, 0, 0, &self->connector, 1,
					&self->mode)),
		  0);
	/* What its owner leaves is taken down with it. */
	close(fd);
	ASSERT_EQ(drmSetMaster(self->fd), 0);
	EXPECT_NE(value_of(self->fd, self->primary, "FB_ID"), picture.fb);
	LIGHT();
}

TEST_F(kms, lease_is_of_what_was_leased)
{
	uint32_t objects[] = {self->connector, self->crtc, self->primary}, lessee, other;
	struct dumb picture = {};
	int fd;

	LIGHT();
	fd = drmModeCreateLease(self->fd, objects, 3, O_CLOEXEC, &lessee);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(dumb_create(fd, &picture, self->mode.hdisplay, self->mode.vdisplay, XRGB), 0);
	EXPECT_EQ(result(drmModeSetCrtc(fd, self->crtc, picture.fb, 0, 0, &self->connector, 1,
					&self->mode)),
		  0);
	EXPECT_LT(drmModeCreateLease(self->fd, objects, 3, O_CLOEXEC, &other), 0);
	EXPECT_EQ(result(drmModeRevokeLease(self->fd, lessee)), 0);
	EXPECT_NE(result(drmModePageFlip(fd, self->crtc, picture.fb, 0, NULL)), 0);
	close(fd);
	LIGHT();
}

TEST_HARNESS_MAIN
