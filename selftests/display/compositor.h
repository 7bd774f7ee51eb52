/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A compositor for the display's tests: what one does with a connector, over
 * libdrm. Functions return 0 or a negative errno unless they say otherwise.
 */
#ifndef SELFTESTS_DISPLAY_COMPOSITOR_H
#define SELFTESTS_DISPLAY_COMPOSITOR_H

#include <stdbool.h>
#include <stdint.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

/* The objects of one pipe, and the properties that commits name. */
struct pipe {
	uint32_t number; /* the connector is Virtual-@number */
	uint32_t connector;
	uint32_t crtc;
	uint32_t plane;
	uint32_t cursor_plane; /* its properties have the ids of the other plane's */
	uint32_t connector_crtc_id;
	uint32_t crtc_active;
	uint32_t crtc_mode_id;
	uint32_t crtc_degamma;
	uint32_t crtc_ctm;
	uint32_t crtc_gamma;
	uint32_t plane_fb_id;
	uint32_t plane_crtc_id;
	uint32_t plane_src[4];
	uint32_t plane_crtc[4];
	uint32_t plane_damage;
	uint32_t plane_in_fence;
};

/**
 * struct compositor - an open card of the display
 * @fd: the card
 * @count: its connectors
 * @pipes: one for each
 */
struct compositor {
	int fd;
	int count;
	struct pipe pipes[8];
};

/* A dumb buffer, mapped, with a framebuffer on it. */
struct picture {
	uint32_t handle;
	uint32_t fb;
	uint32_t width;
	uint32_t height;
	uint32_t pitch;
	uint64_t size;
	uint32_t *pixels;
};

/* What a CRTC is to make of colours; NULL: that is not done. */
struct colors {
	const struct drm_color_lut *degamma;
	const struct drm_color_ctm *ctm;
	const struct drm_color_lut *gamma;
	unsigned int entries; /* of each table */
};

/* What the flip's event said. */
struct flip {
	bool ended;
	unsigned int sequence;
	uint64_t time_us;
};

/* -ENOENT: no card is the display's. */
int compositor_open(struct compositor *compositor);
void compositor_close(struct compositor *compositor);
/* Finds the connectors that have been made since. */
int compositor_look(struct compositor *compositor);

/* DRM_MODE_CONNECTED or DRM_MODE_DISCONNECTED, asked anew. */
drmModeConnection compositor_status(struct compositor *compositor, struct pipe *pipe);
/* The connector with its modes; drmModeFreeConnector(). */
drmModeConnector *compositor_connector(struct compositor *compositor, struct pipe *pipe);
/* A property blob of the connector; drmModeFreePropertyBlob(); NULL: none. */
drmModePropertyBlobRes *compositor_edid(struct compositor *compositor, struct pipe *pipe);
/* Sets the EDID that root wants instead of the sink's, by debugfs; NULL: none any more. */
int compositor_override_edid(struct compositor *compositor, struct pipe *pipe, const void *edid,
			     size_t size);

int picture_create(struct compositor *compositor, struct picture *picture, uint32_t width,
		   uint32_t height);
/* A picture for a pointer: ARGB8888. */
int picture_create_cursor(struct compositor *compositor, struct picture *picture, uint32_t width,
			  uint32_t height);
void picture_fill(struct picture *picture, uint32_t seed);
uint32_t picture_pixel(uint32_t seed, uint32_t x, uint32_t y);
void picture_destroy(struct compositor *compositor, struct picture *picture);
/* A picture in somebody else's dma-buf, not mapped; picture_destroy(). */
int picture_import(struct compositor *compositor, struct picture *picture, int dma_buf,
		   uint32_t width, uint32_t height, uint32_t pitch);

/*
 * Lights the pipe up with a mode. Flags as drmModeAtomicCommit(), which
 * ALLOW_MODESET is added to.
 */
int compositor_modeset(struct compositor *compositor, struct pipe *pipe,
		       const drmModeModeInfo *mode, struct picture *picture, uint32_t flags,
		       struct flip *flip);
/* Gives the pipe all that a mode takes, but leaves it off. */
int compositor_modeset_dark(struct compositor *compositor, struct pipe *pipe,
			    const drmModeModeInfo *mode, struct picture *picture);
/* The same picture elsewhere in its framebuffer, or another one. Damage may be NULL. */
int compositor_flip(struct compositor *compositor, struct pipe *pipe, struct picture *picture,
		    const struct drm_mode_rect *damage, unsigned int nr_damage, struct flip *flip);
/* Another picture, when a sync file's fences are done. */
int compositor_flip_after(struct compositor *compositor, struct pipe *pipe, struct picture *picture,
			  int sync_file, struct flip *flip);
/* A pointer by the ioctls that are older than planes; NULL: none. */
int compositor_set_cursor(struct compositor *compositor, struct pipe *pipe,
			  struct picture *picture);
int compositor_move_cursor(struct compositor *compositor, struct pipe *pipe, int x, int y);
/*
 * A pointer and, unless @shown is NULL, another picture in one commit; @damage, the pointer's, may
 * be NULL.
 */
int compositor_flip_cursor(struct compositor *compositor, struct pipe *pipe,
			   struct picture *picture, int x, int y,
			   const struct drm_mode_rect *damage, struct picture *shown,
			   struct flip *flip);
/*
 * Opens the card and shows the last of @count pictures, which are of the size of the first
 * monitor's best mode and painted by @paint. What is in the way is printed; -ENODEV: no monitor.
 */
int compositor_start(struct compositor *compositor, struct picture *pictures, int count,
		     void (*paint)(struct picture *picture));
/* Other colours and, unless @shown is NULL, a picture whose @damage may be NULL, in one commit. */
int compositor_set_colors(struct compositor *compositor, struct pipe *pipe,
			  const struct colors *colors, struct picture *shown,
			  const struct drm_mode_rect *damage, struct flip *flip);
/* A figure that the CRTC has a property for; -1: there is none. */
int64_t compositor_crtc_figure(struct compositor *compositor, struct pipe *pipe, const char *name);
int compositor_power(struct compositor *compositor, struct pipe *pipe, bool on);
/* On, when a sync file's fences are done. */
int compositor_light_after(struct compositor *compositor, struct pipe *pipe, int sync_file,
			   struct flip *flip);
/* Off, and all objects unbound. */
int compositor_disable(struct compositor *compositor, struct pipe *pipe);
/* Waits for events until the flip has ended; -ETIMEDOUT. */
int compositor_wait(struct compositor *compositor, struct flip *flip);
/* Handles the events that are there. */
int compositor_poll(struct compositor *compositor, int timeout_ms);

/* A figure of /sys/kernel/debug/dri/N/Virtual-M/miracast, or -1. */
int64_t compositor_counter(struct compositor *compositor, struct pipe *pipe, const char *key);
/* The same, as soon as it is @wanted, or after seconds: DRM lets go of things when it has time. */
int64_t compositor_counter_soon(struct compositor *compositor, struct pipe *pipe, const char *key,
				int64_t wanted);

#endif /* SELFTESTS_DISPLAY_COMPOSITOR_H */
