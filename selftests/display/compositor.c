// SPDX-License-Identifier: GPL-2.0-or-later
#include "compositor.h"

#include "card.h"
#include "driver.h"

#include <dirent.h>
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static uint32_t find_property(int fd, uint32_t object, uint32_t type, const char *name,
			      uint64_t *value)
{
	drmModeObjectProperties *properties = drmModeObjectGetProperties(fd, object, type);
	uint32_t i, id = 0;

	for (i = 0; properties && i < properties->count_props && !id; i++) {
		drmModePropertyRes *property = drmModeGetProperty(fd, properties->props[i]);

		if (property && !strcmp(property->name, name)) {
			id = property->prop_id;
			if (value)
				*value = properties->prop_values[i];
		}
		drmModeFreeProperty(property);
	}
	drmModeFreeObjectProperties(properties);

	return id;
}

static int pipe_init(struct compositor *compositor, struct pipe *pipe, drmModeRes *resources,
		     int index)
{
	static const char *const src[] = {"SRC_X", "SRC_Y", "SRC_W", "SRC_H"};
	static const char *const crtc[] = {"CRTC_X", "CRTC_Y", "CRTC_W", "CRTC_H"};
	int i, fd = compositor->fd;
	drmModeConnector *connector = drmModeGetConnector(fd, resources->connectors[index]);
	drmModePlaneRes *planes;
	uint32_t n;

	if (!connector)
		return -errno;
	pipe->connector = connector->connector_id;
	pipe->number = connector->connector_type_id;
	drmModeFreeConnector(connector);
	pipe->crtc = resources->crtcs[index];
	planes = drmModeGetPlaneResources(fd);
	for (n = 0; planes && n < planes->count_planes; n++) {
		drmModePlane *plane = drmModeGetPlane(fd, planes->planes[n]);

		if (plane && plane->possible_crtcs == 1u << index) {
			uint64_t type = DRM_PLANE_TYPE_OVERLAY;

			find_property(fd, plane->plane_id, DRM_MODE_OBJECT_PLANE, "type", &type);
			if (type == DRM_PLANE_TYPE_PRIMARY)
				pipe->plane = plane->plane_id;
			if (type == DRM_PLANE_TYPE_CURSOR)
				pipe->cursor_plane = plane->plane_id;
		}
		drmModeFreePlane(plane);
	}
	drmModeFreePlaneResources(planes);
	if (!pipe->plane || !pipe->cursor_plane)
		return -ENOENT;

	pipe->connector_crtc_id =
		find_property(fd, pipe->connector, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", NULL);
	pipe->crtc_active = find_property(fd, pipe->crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", NULL);
	pipe->crtc_mode_id = find_property(fd, pipe->crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID", NULL);
	pipe->crtc_degamma =
		find_property(fd, pipe->crtc, DRM_MODE_OBJECT_CRTC, "DEGAMMA_LUT", NULL);
	pipe->crtc_ctm = find_property(fd, pipe->crtc, DRM_MODE_OBJECT_CRTC, "CTM", NULL);
	pipe->crtc_gamma = find_property(fd, pipe->crtc, DRM_MODE_OBJECT_CRTC, "GAMMA_LUT", NULL);
	pipe->plane_fb_id = find_property(fd, pipe->plane, DRM_MODE_OBJECT_PLANE, "FB_ID", NULL);
	pipe->plane_crtc_id =
		find_property(fd, pipe->plane, DRM_MODE_OBJECT_PLANE, "CRTC_ID", NULL);
	for (i = 0; i < 4; i++) {
		pipe->plane_src[i] =
			find_property(fd, pipe->plane, DRM_MODE_OBJECT_PLANE, src[i], NULL);
		pipe->plane_crtc[i] =
			find_property(fd, pipe->plane, DRM_MODE_OBJECT_PLANE, crtc[i], NULL);
	}
	pipe->plane_damage =
		find_property(fd, pipe->plane, DRM_MODE_OBJECT_PLANE, "FB_DAMAGE_CLIPS", NULL);
	pipe->plane_in_fence =
		find_property(fd, pipe->plane, DRM_MODE_OBJECT_PLANE, "IN_FENCE_FD", NULL);

	return pipe->plane_damage && pipe->plane_in_fence ? 0 : -ENOENT;
}

int compositor_look(struct compositor *compositor)
{
	drmModeRes *resources = drmModeGetResources(compositor->fd);
	int ret = 0;

	if (!resources)
		return -errno;
	while (compositor->count < resources->count_connectors && !ret) {
		ret = pipe_init(compositor, &compositor->pipes[compositor->count], resources,
				compositor->count);
		compositor->count += !ret;
	}
	drmModeFreeResources(resources);

	/* One that is being made is listed before it can be asked for. */
	return ret == -ENOENT && compositor->count ? 0 : ret;
}

int compositor_open(struct compositor *compositor)
{
	memset(compositor, 0, sizeof(*compositor));
	compositor->fd = open_card("miracast_display");
	if (compositor->fd < 0)
		return compositor->fd;

	if (drmSetClientCap(compositor->fd, DRM_CLIENT_CAP_ATOMIC, 1))
		return -errno;

	return compositor_look(compositor);
}

void compositor_close(struct compositor *compositor)
{
	if (compositor->fd >= 0)
		close(compositor->fd);
	compositor->fd = -1;
}

drmModeConnector *compositor_connector(struct compositor *compositor, struct pipe *pipe)
{
	return drmModeGetConnector(compositor->fd, pipe->connector);
}

drmModeConnection compositor_status(struct compositor *compositor, struct pipe *pipe)
{
	drmModeConnector *connector = compositor_connector(compositor, pipe);
	drmModeConnection status = connector ? connector->connection : DRM_MODE_UNKNOWNCONNECTION;

	drmModeFreeConnector(connector);

	return status;
}

drmModePropertyBlobRes *compositor_edid(struct compositor *compositor, struct pipe *pipe)
{
	uint64_t blob = 0;

	find_property(compositor->fd, pipe->connector, DRM_MODE_OBJECT_CONNECTOR, "EDID", &blob);

	return blob ? drmModeGetPropertyBlob(compositor->fd, blob) : NULL;
}

static int create(struct compositor *compositor, struct picture *picture, uint32_t width,
		  uint32_t height, uint32_t format)
{
	uint32_t handles[4] = {}, pitches[4] = {}, offsets[4] = {};
	uint64_t offset;

	memset(picture, 0, sizeof(*picture));
	picture->width = width;
	picture->height = height;
	if (drmModeCreateDumbBuffer(compositor->fd, width, height, 32, 0, &picture->handle,
				    &picture->pitch, &picture->size))
		return -errno;
	handles[0] = picture->handle;
	pitches[0] = picture->pitch;
	if (drmModeAddFB2(compositor->fd, width, height, format, handles, pitches, offsets,
			  &picture->fb, 0))
		return -errno;
	if (drmModeMapDumbBuffer(compositor->fd, picture->handle, &offset))
		return -errno;
	picture->pixels = mmap(NULL, picture->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			       compositor->fd, offset);

	return picture->pixels == MAP_FAILED ? -errno : 0;
}

int picture_create(struct compositor *compositor, struct picture *picture, uint32_t width,
		   uint32_t height)
{
	return create(compositor, picture, width, height, DRM_FORMAT_XRGB8888);
}

int picture_create_cursor(struct compositor *compositor, struct picture *picture, uint32_t width,
			  uint32_t height)
{
	return create(compositor, picture, width, height, DRM_FORMAT_ARGB8888);
}

uint32_t picture_pixel(uint32_t seed, uint32_t x, uint32_t y)
{
	return (seed * 2654435761u) ^ (x << 12) ^ y;
}

void picture_fill(struct picture *picture, uint32_t seed)
{
	uint32_t x, y;

	for (y = 0; y < picture->height; y++)
		for (x = 0; x < picture->width; x++)
			picture->pixels[y * picture->pitch / 4 + x] = picture_pixel(seed, x, y);
}

void picture_destroy(struct compositor *compositor, struct picture *picture)
{
	if (picture->pixels)
		munmap(picture->pixels, picture->size);
	if (picture->fb)
		drmModeRmFB(compositor->fd, picture->fb);
	drmModeDestroyDumbBuffer(compositor->fd, picture->handle);
	memset(picture, 0, sizeof(*picture));
}

int picture_import(struct compositor *compositor, struct picture *picture, int dma_buf,
		   uint32_t width, uint32_t height, uint32_t pitch)
{
	uint32_t handles[4] = {}, pitches[4] = {pitch}, offsets[4] = {};
	int ret;

	memset(picture, 0, sizeof(*picture));
	picture->width = width;
	picture->height = height;
	picture->pitch = pitch;
	if (drmPrimeFDToHandle(compositor->fd, dma_buf, &picture->handle))
		return -errno;
	handles[0] = picture->handle;
	ret = drmModeAddFB2(compositor->fd, width, height, DRM_FORMAT_XRGB8888, handles, pitches,
			    offsets, &picture->fb, 0)
		      ? -errno
		      : 0;
	if (ret)
		picture_destroy(compositor, picture);

	return ret;
}

static void add_picture(drmModeAtomicReq *request, struct pipe *pipe, uint32_t fb, uint32_t width,
			uint32_t height)
{
	const uint64_t size[4] = {0, 0, width, height};
	int i;

	drmModeAtomicAddProperty(request, pipe->plane, pipe->plane_fb_id, fb);
	drmModeAtomicAddProperty(request, pipe->plane, pipe->plane_crtc_id, fb ? pipe->crtc : 0);
	for (i = 0; i < 4; i++) {
		drmModeAtomicAddProperty(request, pipe->plane, pipe->plane_src[i], size[i] << 16);
		drmModeAtomicAddProperty(request, pipe->plane, pipe->plane_crtc[i], size[i]);
	}
}

static int commit(struct compositor *compositor, drmModeAtomicReq *request, uint32_t flags,
		  struct flip *flip)
{
	int ret;

	if (flip) {
		memset(flip, 0, sizeof(*flip));
		flags |= DRM_MODE_PAGE_FLIP_EVENT | DRM_MODE_ATOMIC_NONBLOCK;
	}
	ret = drmModeAtomicCommit(compositor->fd, request, flags, flip) ? -errno : 0;
	drmModeAtomicFree(request);

	return ret;
}

static int modeset(struct compositor *compositor, struct pipe *pipe, const drmModeModeInfo *mode,
		   struct picture *picture, bool active, uint32_t flags, struct flip *flip)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	uint32_t blob;
	int ret;

	if (drmModeCreatePropertyBlob(compositor->fd, mode, sizeof(*mode), &blob))
		return -errno;
	drmModeAtomicAddProperty(request, pipe->connector, pipe->connector_crtc_id, pipe->crtc);
	drmModeAtomicAddProperty(request, pipe->crtc, pipe->crtc_mode_id, blob);
	drmModeAtomicAddProperty(request, pipe->crtc, pipe->crtc_active, active);
	add_picture(request, pipe, picture->fb, mode->hdisplay, mode->vdisplay);
	ret = commit(compositor, request, flags | DRM_MODE_ATOMIC_ALLOW_MODESET, flip);
	drmModeDestroyPropertyBlob(compositor->fd, blob);

	return ret;
}

int compositor_modeset(struct compositor *compositor, struct pipe *pipe,
		       const drmModeModeInfo *mode, struct picture *picture, uint32_t flags,
		       struct flip *flip)
{
	return modeset(compositor, pipe, mode, picture, true, flags, flip);
}

int compositor_modeset_dark(struct compositor *compositor, struct pipe *pipe,
			    const drmModeModeInfo *mode, struct picture *picture)
{
	return modeset(compositor, pipe, mode, picture, false, 0, NULL);
}

int compositor_flip(struct compositor *compositor, struct pipe *pipe, struct picture *picture,
		    const struct drm_mode_rect *damage, unsigned int nr_damage, struct flip *flip)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	uint32_t blob = 0;
	int ret;

	if (damage &&
	    drmModeCreatePropertyBlob(compositor->fd, damage, nr_damage * sizeof(*damage), &blob))
		return -errno;
	drmModeAtomicAddProperty(request, pipe->plane, pipe->plane_fb_id, picture->fb);
	if (damage)
		drmModeAtomicAddProperty(request, pipe->plane, pipe->plane_damage, blob);
	ret = commit(compositor, request, 0, flip);
	if (blob)
		drmModeDestroyPropertyBlob(compositor->fd, blob);

	return ret;
}

int compositor_flip_after(struct compositor *compositor, struct pipe *pipe, struct picture *picture,
			  int sync_file, struct flip *flip)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();

	drmModeAtomicAddProperty(request, pipe->plane, pipe->plane_fb_id, picture->fb);
	drmModeAtomicAddProperty(request, pipe->plane, pipe->plane_in_fence, sync_file);

	return commit(compositor, request, 0, flip);
}

int compositor_set_cursor(struct compositor *compositor, struct pipe *pipe, struct picture *picture)
{
	return drmModeSetCursor(compositor->fd, pipe->crtc, picture ? picture->handle : 0,
				picture ? picture->width : 0, picture ? picture->height : 0);
}

int compositor_move_cursor(struct compositor *compositor, struct pipe *pipe, int x, int y)
{
	return drmModeMoveCursor(compositor->fd, pipe->crtc, x, y);
}

int compositor_flip_cursor(struct compositor *compositor, struct pipe *pipe,
			   struct picture *picture, int x, int y,
			   const struct drm_mode_rect *damage, struct picture *shown,
			   struct flip *flip)
{
	const uint64_t size[4] = {0, 0, picture->width, picture->height};
	const int64_t place[4] = {x, y, picture->width, picture->height};
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	uint32_t plane = pipe->cursor_plane, blob = 0;
	int i, ret;

	if (damage && drmModeCreatePropertyBlob(compositor->fd, damage, sizeof(*damage), &blob))
		return -errno;
	drmModeAtomicAddProperty(request, plane, pipe->plane_fb_id, picture->fb);
	drmModeAtomicAddProperty(request, plane, pipe->plane_crtc_id, pipe->crtc);
	for (i = 0; i < 4; i++) {
		drmModeAtomicAddProperty(request, plane, pipe->plane_src[i], size[i] << 16);
		drmModeAtomicAddProperty(request, plane, pipe->plane_crtc[i], place[i]);
	}
	if (damage)
		drmModeAtomicAddProperty(request, plane, pipe->plane_damage, blob);
	if (shown)
		drmModeAtomicAddProperty(request, pipe->plane, pipe->plane_fb_id, shown->fb);
	ret = commit(compositor, request, 0, flip);
	if (blob)
		drmModeDestroyPropertyBlob(compositor->fd, blob);

	return ret;
}

static int start(struct compositor *compositor, struct pipe *pipe, drmModeModeInfo *mode,
		 struct picture *pictures, int count, void (*paint)(struct picture *picture))
{
	struct flip flip;
	int i, ret = 0;

	for (i = 0; i < count && !ret; i++) {
		ret = picture_create(compositor, &pictures[i], mode->hdisplay, mode->vdisplay);
		if (!ret)
			paint(&pictures[i]);
	}
	if (!ret)
		ret = compositor_modeset(compositor, pipe, mode, &pictures[count - 1], 0, &flip);

	return ret ? ret : compositor_wait(compositor, &flip);
}

int compositor_start(struct compositor *compositor, struct picture *pictures, int count,
		     void (*paint)(struct picture *picture))
{
	struct pipe *pipe = &compositor->pipes[0];
	drmModeConnector *connector;
	int ret = compositor_open(compositor);

	if (ret) {
		fprintf(stderr, "no card of the display: %s\n", strerror(-ret));
		return ret;
	}
	connector = compositor_connector(compositor, pipe);
	if (!connector || !connector->count_modes) {
		fprintf(stderr, "no monitor\n");
		ret = -ENODEV;
	} else {
		ret = start(compositor, pipe, &connector->modes[0], pictures, count, paint);
		if (ret)
			fprintf(stderr, "nothing is shown: %s\n", strerror(-ret));
	}
	drmModeFreeConnector(connector);

	return ret;
}

static int add_blob(struct compositor *compositor, drmModeAtomicReq *request, struct pipe *pipe,
		    uint32_t property, const void *data, size_t size, uint32_t *blob)
{
	*blob = 0;
	if (data && drmModeCreatePropertyBlob(compositor->fd, data, size, blob))
		return -errno;

	return drmModeAtomicAddProperty(request, pipe->crtc, property, *blob) < 0 ? -EINVAL : 0;
}

int compositor_set_colors(struct compositor *compositor, struct pipe *pipe,
			  const struct colors *colors, struct picture *shown,
			  const struct drm_mode_rect *damage, struct flip *flip)
{
	size_t size = colors->entries * sizeof(struct drm_color_lut);
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	uint32_t blobs[4] = {};
	int i, ret;

	ret = add_blob(compositor, request, pipe, pipe->crtc_degamma, colors->degamma, size,
		       &blobs[0]);
	if (!ret)
		ret = add_blob(compositor, request, pipe, pipe->crtc_ctm, colors->ctm,
			       sizeof(*colors->ctm), &blobs[1]);
	if (!ret)
		ret = add_blob(compositor, request, pipe, pipe->crtc_gamma, colors->gamma, size,
			       &blobs[2]);
	if (!ret && damage &&
	    drmModeCreatePropertyBlob(compositor->fd, damage, sizeof(*damage), &blobs[3]))
		ret = -errno;
	if (!ret && shown)
		drmModeAtomicAddProperty(request, pipe->plane, pipe->plane_fb_id, shown->fb);
	if (!ret && damage)
		drmModeAtomicAddProperty(request, pipe->plane, pipe->plane_damage, blobs[3]);
	if (ret)
		drmModeAtomicFree(request);
	else
		ret = commit(compositor, request, 0, flip);
	for (i = 0; i < 4; i++)
		if (blobs[i])
			drmModeDestroyPropertyBlob(compositor->fd, blobs[i]);

	return ret;
}

int64_t compositor_crtc_figure(struct compositor *compositor, struct pipe *pipe, const char *name)
{
	uint64_t value;

	return find_property(compositor->fd, pipe->crtc, DRM_MODE_OBJECT_CRTC, name, &value)
		       ? (int64_t)value
		       : -1;
}

int compositor_power(struct compositor *compositor, struct pipe *pipe, bool on)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();

	drmModeAtomicAddProperty(request, pipe->crtc, pipe->crtc_active, on);

	return commit(compositor, request, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL);
}

int compositor_light_after(struct compositor *compositor, struct pipe *pipe, int sync_file,
			   struct flip *flip)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();

	drmModeAtomicAddProperty(request, pipe->crtc, pipe->crtc_active, 1);
	drmModeAtomicAddProperty(request, pipe->plane, pipe->plane_in_fence, sync_file);

	return commit(compositor, request, DRM_MODE_ATOMIC_ALLOW_MODESET, flip);
}

int compositor_disable(struct compositor *compositor, struct pipe *pipe)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();

	drmModeAtomicAddProperty(request, pipe->connector, pipe->connector_crtc_id, 0);
	drmModeAtomicAddProperty(request, pipe->crtc, pipe->crtc_mode_id, 0);
	drmModeAtomicAddProperty(request, pipe->crtc, pipe->crtc_active, 0);
	drmModeAtomicAddProperty(request, pipe->plane, pipe->plane_fb_id, 0);
	drmModeAtomicAddProperty(request, pipe->plane, pipe->plane_crtc_id, 0);
	drmModeAtomicAddProperty(request, pipe->cursor_plane, pipe->plane_fb_id, 0);
	drmModeAtomicAddProperty(request, pipe->cursor_plane, pipe->plane_crtc_id, 0);

	return commit(compositor, request, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL);
}

static void flipped(int fd, unsigned int sequence, unsigned int sec, unsigned int usec, void *data)
{
	struct flip *flip = data;

	if (!flip)
		return;
	flip->ended = true;
	flip->sequence = sequence;
	flip->time_us = (uint64_t)sec * 1000000 + usec;
}

int compositor_poll(struct compositor *compositor, int timeout_ms)
{
	drmEventContext context = {.version = 2, .page_flip_handler = flipped};
	struct pollfd poll_fd = {.fd = compositor->fd, .events = POLLIN};
	int ret = poll(&poll_fd, 1, timeout_ms);

	if (ret < 0)
		return -errno;
	if (!ret)
		return -ETIMEDOUT;

	return drmHandleEvent(compositor->fd, &context) ? -errno : 0;
}

int compositor_wait(struct compositor *compositor, struct flip *flip)
{
	int ret = 0;

	while (!flip->ended && !ret)
		ret = compositor_poll(compositor, GUARD_MS);

	return ret;
}

static int debugfs_path(struct compositor *compositor, struct pipe *pipe, const char *name,
			char path[96])
{
	struct stat st;

	if (fstat(compositor->fd, &st))
		return -errno;
	snprintf(path, 96, "/sys/kernel/debug/dri/%u/Virtual-%u/%s", minor(st.st_rdev),
		 pipe->number, name);

	return 0;
}

int compositor_override_edid(struct compositor *compositor, struct pipe *pipe, const void *edid,
			     size_t size)
{
	char path[96];
	int fd, ret = debugfs_path(compositor, pipe, "edid_override", path);

	if (ret)
		return ret;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!edid) {
		edid = "reset";
		size = 5;
	}
	ret = write(fd, edid, size) == (ssize_t)size ? 0 : -errno;
	close(fd);

	return ret;
}

int64_t compositor_counter(struct compositor *compositor, struct pipe *pipe, const char *key)
{
	char path[96], name[64];
	int64_t value, found = -1;
	struct stat st;
	FILE *file;

	if (debugfs_path(compositor, pipe, "miracast", path))
		return -1;
	file = fopen(path, "r");
	if (!file)
		return -1;
	/* They tell when the screen changes: nobody but root may read them. */
	if (!fstat(fileno(file), &st) && !(st.st_mode & (S_IRWXG | S_IRWXO)))
		while (found < 0 && fscanf(file, "%63s %" SCNd64, name, &value) == 2)
			if (!strcmp(name, key))
				found = value;
	fclose(file);

	return found;
}

int64_t compositor_counter_soon(struct compositor *compositor, struct pipe *pipe, const char *key,
				int64_t wanted)
{
	int64_t value = compositor_counter(compositor, pipe, key);

	for (int tries = 0; value != wanted && tries < 5000; tries++) {
		usleep(1000);
		value = compositor_counter(compositor, pipe, key);
	}

	return value;
}
