/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels that the modules are built for: Debian's
 * 6.1 to the newest. Each MIRACAST_HAVE_* comes from a Makefile that looked
 * into the kernel's headers; the code is written for the newest kernel, and
 * the older ways are translated here.
 */
#ifndef _MIRACAST_COMPAT_H
#define _MIRACAST_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/mm.h>

#ifndef MIRACAST_HAVE_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock_id, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock_id, mode);
	timer->function = function;
}
#endif

#ifndef MIRACAST_HAVE_VM_FLAGS_CLEAR
static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#include <drm/drm_atomic.h>
#include <drm/drm_connector.h>
#include <drm/drm_drv.h>
#include <drm/drm_edid.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_framebuffer_helper.h>

/* The struct has taken the name of the function that commits it. */
#ifdef MIRACAST_HAVE_STRUCT_DRM_ATOMIC_COMMIT
#define miracast_atomic_commit drm_atomic_commit
#else
static inline int miracast_atomic_commit(struct drm_atomic_state *state)
{
	return drm_atomic_commit(state);
}

#define drm_atomic_commit drm_atomic_state
#endif

/* And the functions for it that of the struct. */
#ifndef MIRACAST_HAVE_DRM_ATOMIC_COMMIT_ALLOC
#define drm_atomic_commit_alloc drm_atomic_state_alloc
#define drm_atomic_commit_clear drm_atomic_state_clear
#define drm_atomic_commit_put	drm_atomic_state_put
#endif

/* Older kernels warn when there is none; where there is none, what is zero anyway. */
#ifdef MIRACAST_HAVE_DRM_DRIVER_DATE
#define MIRACAST_DRM_DRIVER_DATE .date = "2026"
#else
#define MIRACAST_DRM_DRIVER_DATE .minor = 0
#endif

#ifdef MIRACAST_HAVE_DRM_EDID_CONNECTOR_ADD_MODES
/* Of older kernels: sets the EDID, or none, and adds its modes. */
static inline int miracast_edid_connector_update(struct drm_connector *connector,
						 const struct drm_edid *edid)
{
	if (drm_edid_connector_update(connector, edid))
		return 0;

	return drm_edid_connector_add_modes(connector);
}
#else
#define miracast_edid_connector_update drm_edid_connector_update
#endif

/* The EDID that root has set instead of the sink's: its modes, or 0. */
#ifndef MIRACAST_HAVE_DRM_EDID_OVERRIDE_CONNECTOR_UPDATE
#define drm_edid_override_connector_update drm_add_override_edid_modes
#endif

/* What an fb_create() hook is given, and what it passes on. */
#ifdef MIRACAST_HAVE_FB_CREATE_INFO
#define MIRACAST_FB_CREATE_PARAMETERS                                                      \
	struct drm_device *dev, struct drm_file *file, const struct drm_format_info *info, \
		const struct drm_mode_fb_cmd2 *mode_cmd
#define miracast_gem_fb_init(fb, funcs) \
	drm_gem_fb_init_with_funcs(dev, fb, file, info, mode_cmd, funcs)
#else
#define MIRACAST_FB_CREATE_PARAMETERS \
	struct drm_device *dev, struct drm_file *file, const struct drm_mode_fb_cmd2 *mode_cmd
#define miracast_gem_fb_init(fb, funcs) drm_gem_fb_init_with_funcs(dev, fb, file, mode_cmd, funcs)
#endif

/* What an atomic_async_check() hook is given. */
#ifdef MIRACAST_HAVE_ASYNC_CHECK_FLIP
#define MIRACAST_ASYNC_CHECK_PARAMETERS \
	struct drm_plane *plane, struct drm_atomic_commit *state, bool flip
#else
#define MIRACAST_ASYNC_CHECK_PARAMETERS struct drm_plane *plane, struct drm_atomic_commit *state
#endif

#endif /* _MIRACAST_COMPAT_H */
