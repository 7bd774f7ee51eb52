// SPDX-License-Identifier: GPL-2.0
/*
 * The device, on a bus of its own, its driver and the DRM driver.
 *
 * Desktops choose the card that they draw with by its place: mutter prefers one on
 * the platform bus, and whoever finds none that the machine booted with takes the
 * first of the paths in sysfs, in their order. So this device is not on the platform
 * bus, and its name comes after those of real ones ("pci...", "platform"). It has a
 * bus all the same, because Xorg and libdrm look for the name of one.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_managed.h>
#include <drm/drm_mode_config.h>
#include <drm/drm_vblank.h>

#include "display.h"

#define MDISPLAY_NAME	     "miracast_display"
#define MDISPLAY_DEVICE_NAME "wireless-display"

static unsigned int connectors = 1;
module_param(connectors, uint, 0444);
MODULE_PARM_DESC(connectors, "Connectors from the start, 1 to 8 (1); sinks make more as they come");

DEFINE_DRM_GEM_FOPS(mdisplay_fops);

static const struct drm_driver mdisplay_driver = {
	.driver_features = DRIVER_MODESET | DRIVER_GEM | DRIVER_ATOMIC,
	.fops = &mdisplay_fops,
	.name = MDISPLAY_NAME,
	.desc = "Wireless display",
	.major = 1,
	MIRACAST_DRM_DRIVER_DATE,
	DRM_GEM_SHMEM_DRIVER_OPS,
};

static void mdisplay_commit_let_go(struct drm_atomic_commit *state)
{
	struct mdisplay *display = to_mdisplay(state->dev);
	struct drm_crtc_state *crtc_state;
	struct drm_crtc *crtc;
	unsigned int i;

	for_each_new_crtc_in_state(state, crtc, crtc_state, i)
		mdisplay_let_go(&display->connectors[i]);
}

/*
 * As drm_atomic_helper_commit_tail_rpm(), but framebuffers are let go of when
 * the flip has ended, not at the next vblank.
 */
static void mdisplay_commit_tail(struct drm_atomic_commit *state)
{
	struct drm_device *drm = state->dev;
	bool cookie;

	mdisplay_commit_let_go(state);
	/* What ends the flip later is the vblank's timer, which waits for nothing. */
	cookie = dma_fence_begin_signalling();
	drm_atomic_helper_commit_modeset_disables(drm, state);
	drm_atomic_helper_commit_modeset_enables(drm, state);
	drm_atomic_helper_commit_planes(drm, state, DRM_PLANE_COMMIT_ACTIVE_ONLY);
	drm_atomic_helper_commit_hw_done(state);
	dma_fence_end_signalling(cookie);
	mdisplay_commit_let_go(state);

	drm_atomic_helper_wait_for_flip_done(drm, state);
	drm_atomic_helper_cleanup_planes(drm, state);
}

static const struct drm_mode_config_helper_funcs mdisplay_mode_config_helper_funcs = {
	.atomic_commit_tail = mdisplay_commit_tail,
};

static int mdisplay_pipe_init(struct mdisplay_connector *connector, struct mdisplay *display)
{
	int ret;

	ret = mdisplay_planes_init(connector, display);
	if (!ret)
		ret = mdisplay_crtc_init(connector, display);
	if (!ret)
		ret = mdisplay_encoder_init(connector, display);

	return ret;
}

static int mdisplay_mode_config_init(struct mdisplay *display)
{
	struct drm_device *drm = &display->drm;
	unsigned int i;
	int ret;

	ret = drmm_mode_config_init(drm);
	if (ret)
		return ret;

	drm->mode_config.min_width = MDISPLAY_MIN_SIZE;
	drm->mode_config.min_height = MDISPLAY_MIN_SIZE;
	drm->mode_config.max_width = MDISPLAY_MAX_SIZE;
	drm->mode_config.max_height = MDISPLAY_MAX_SIZE;
	drm->mode_config.cursor_width = MIRACAST_DISPLAY_MAX_CURSOR;
	drm->mode_config.cursor_height = MIRACAST_DISPLAY_MAX_CURSOR;
	drm->mode_config.preferred_depth = 24;
	drm->mode_config.funcs = &mdisplay_mode_config_funcs;
	drm->mode_config.helper_private = &mdisplay_mode_config_helper_funcs;

	for (i = 0; i < MDISPLAY_MAX_CONNECTORS; i++) {
		ret = mdisplay_pipe_init(&display->connectors[i], display);
		if (ret)
			return ret;
	}
	for (i = 0; i < connectors; i++) {
		ret = mdisplay_connector_add(display);
		if (ret)
			return ret;
	}

	/* Vblanks' times are exact, so there is no need to keep the timer running. */
	drm->vblank_disable_immediate = true;
	ret = drm_vblank_init(drm, MDISPLAY_MAX_CONNECTORS);
	if (ret)
		return ret;

	drm_mode_config_reset(drm);

	return 0;
}

static void mdisplay_cards_create(struct mdisplay *display)
{
	unsigned int i;

	for (i = 0; i < display->count; i++)
		mdisplay_card_create(&display->connectors[i]);
}

static void mdisplay_cards_remove(struct mdisplay *display)
{
	unsigned int i;

	for (i = 0; i < display->count; i++)
		mdisplay_card_remove(&display->connectors[i]);
}

/*
 * The daemons go first: what still is on its way ends, and every flip with it. Then nobody
 * tells of a connector any more, and what is still to be told must not outlive the node.
 */
static void mdisplay_remove(void *data)
{
	struct mdisplay *display = data;
	unsigned int i;

	miracast_unregister_adapter(display->adapter);
	for (i = 0; i < MDISPLAY_MAX_CONNECTORS; i++)
		cancel_delayed_work_sync(&display->connectors[i].hotplug);
	drm_dev_unplug(&display->drm);
	mdisplay_cards_remove(display);
	drm_atomic_helper_shutdown(&display->drm);
}

static int mdisplay_probe(struct device *dev)
{
	struct mdisplay *display;
	int ret;

	/* For imported buffers. */
	ret = dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;

	display = devm_drm_dev_alloc(dev, &mdisplay_driver, struct mdisplay, drm);
	if (IS_ERR(display))
		return PTR_ERR(display);

	xa_init_flags(&display->framebuffers, XA_FLAGS_ALLOC1);
	ret = mdisplay_mode_config_init(display);
	if (ret)
		return ret;

	ret = drm_dev_register(&display->drm, 0);
	if (ret)
		return ret;

	mdisplay_cards_create(display);
	ret = mdisplay_adapter_register(display);
	if (ret) {
		drm_dev_unplug(&display->drm);
		mdisplay_cards_remove(display);
		drm_atomic_helper_shutdown(&display->drm);
		return ret;
	}

	return devm_add_action_or_reset(dev, mdisplay_remove, display);
}

static struct bus_type mdisplay_bus = {
	.name = MDISPLAY_NAME,
};

static struct device_driver mdisplay_device_driver = {
	.name = MDISPLAY_NAME,
	.bus = &mdisplay_bus,
	.probe = mdisplay_probe,
};

static struct device *mdisplay_device;

static void mdisplay_device_release(struct device *dev)
{
	kfree(dev);
}

static struct device *mdisplay_device_create(void)
{
	struct device *dev;
	int ret;

	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return ERR_PTR(-ENOMEM);

	dev->bus = &mdisplay_bus;
	dev->release = mdisplay_device_release;
	device_initialize(dev);
	ret = dev_set_name(dev, MDISPLAY_DEVICE_NAME);
	if (!ret)
		ret = device_add(dev);
	if (ret) {
		put_device(dev);
		return ERR_PTR(ret);
	}

	return dev;
}

static int __init mdisplay_init(void)
{
	int ret;

	if (connectors < 1 || connectors > MDISPLAY_MAX_CONNECTORS) {
		pr_err("connectors=%u: must be 1 to %u\n", connectors, MDISPLAY_MAX_CONNECTORS);
		return -EINVAL;
	}

	mdisplay_wq = alloc_workqueue(MDISPLAY_NAME, WQ_UNBOUND | WQ_HIGHPRI, 0);
	if (!mdisplay_wq)
		return -ENOMEM;

	ret = bus_register(&mdisplay_bus);
	if (ret)
		goto err_wq;

	ret = driver_register(&mdisplay_device_driver);
	if (ret)
		goto err_bus;

	mdisplay_device = mdisplay_device_create();
	if (IS_ERR(mdisplay_device)) {
		ret = PTR_ERR(mdisplay_device);
		goto err_driver;
	}

	return 0;

err_driver:
	driver_unregister(&mdisplay_device_driver);
err_bus:
	bus_unregister(&mdisplay_bus);
err_wq:
	destroy_workqueue(mdisplay_wq);

	return ret;
}
module_init(mdisplay_init);

static void __exit mdisplay_exit(void)
{
	device_unregister(mdisplay_device);
	driver_unregister(&mdisplay_device_driver);
	bus_unregister(&mdisplay_bus);
	/* The last framebuffer's device may go with it. */
	destroy_workqueue(mdisplay_wq);
}
module_exit(mdisplay_exit);

MODULE_DESCRIPTION("Virtual display whose connectors are wireless displays");
MODULE_LICENSE("GPL");
