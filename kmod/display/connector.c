// SPDX-License-Identifier: GPL-2.0
/*
 * The connector and its encoder: the sink's EDID, its modes and their limits.
 */
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <drm/drm_atomic_helper.h>
#include <drm/drm_atomic_state_helper.h>
#include <drm/drm_edid.h>
#include <drm/drm_modes.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_probe_helper.h>

#include "display.h"

static struct mdisplay_connector *to_mdisplay_connector(struct drm_connector *connector)
{
	return container_of(connector, struct mdisplay_connector, base);
}

static struct mdisplay_connector *encoder_to_connector(struct drm_encoder *encoder)
{
	return container_of(encoder, struct mdisplay_connector, encoder);
}

/**
 * mdisplay_mode_refresh() - a mode's refresh rate
 * @mode: the mode
 *
 * Return: the rate in millihertz.
 */
u32 mdisplay_mode_refresh(const struct drm_display_mode *mode)
{
	u32 pixels = (u32)mode->htotal * mode->vtotal;

	if (!pixels || mode->clock <= 0)
		return 0;

	return min_t(u64, DIV_ROUND_CLOSEST_ULL(mode->clock * 1000000ull, pixels), U32_MAX);
}

/* 60 Hz is also what has 59.94: they count as one rate, as in CEA-861. */
static u32 mdisplay_refresh_tolerance(u32 refresh)
{
	return refresh / 500;
}

static bool mdisplay_mode_is_negotiated(const struct drm_display_mode *mode,
					const struct mdisplay_sink *sink, u32 *error)
{
	u32 refresh = mdisplay_mode_refresh(mode);

	*error = refresh > sink->refresh ? refresh - sink->refresh : sink->refresh - refresh;

	return mode->hdisplay == sink->width && mode->vdisplay == sink->height &&
	       !(mode->flags & (DRM_MODE_FLAG_INTERLACE | DRM_MODE_FLAG_DBLSCAN)) &&
	       *error <= mdisplay_refresh_tolerance(sink->refresh);
}

/*
 * Timings for a mode that only has a size and a rate; the blanking is about CEA-861's. From
 * MDISPLAY_MIN_SINK on a frame has 120 by 112 pixels at least, and half a kHz is within the
 * tolerance of any rate.
 */
static void mdisplay_mode_make(struct drm_display_mode *mode, const struct mdisplay_sink *sink)
{
	mode->hdisplay = sink->width;
	mode->hsync_start = sink->width + sink->width / 16;
	mode->hsync_end = sink->width + sink->width / 8;
	mode->htotal = sink->width + sink->width / 4;
	mode->vdisplay = sink->height;
	mode->vsync_start = sink->height + 3;
	mode->vsync_end = sink->height + 8;
	mode->vtotal = sink->height + sink->height / 20 + 12;
	mode->clock =
		DIV_ROUND_CLOSEST_ULL((u64)mode->htotal * mode->vtotal * sink->refresh, 1000000);
	mode->flags = DRM_MODE_FLAG_NHSYNC | DRM_MODE_FLAG_NVSYNC;
	mode->type = DRM_MODE_TYPE_DRIVER;
	drm_mode_set_name(mode);
}

static ntstatus_t mdisplay_sink_set_edid(struct mdisplay_sink *sink,
					 const struct miracast_display_sink *message)
{
	ntstatus_t status = STATUS_SUCCESS;
	u32 size;
	u8 *edid;

	edid = kvmalloc(message->edid_size, GFP_KERNEL);
	if (!edid)
		return STATUS_NO_MEMORY;
	memcpy(edid, message->edid, message->edid_size);

	size = mdisplay_edid_repair(edid, message->edid_size);
	if (size)
		sink->edid = drm_edid_alloc(edid, size);
	if (!sink->edid)
		status = size ? STATUS_NO_MEMORY : STATUS_INVALID_PARAMETER;
	kvfree(edid);

	return status;
}

/**
 * mdisplay_sink_create() - a sink from the message that reports it
 * @message: the message; its header has been checked
 * @size: bytes of the message, its EDID included
 * @sink: out: the sink
 *
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER: no sink is like that, or the
 * base block of its EDID is damaged; STATUS_NO_MEMORY.
 */
ntstatus_t mdisplay_sink_create(const struct miracast_display_sink *message, u32 size,
				struct mdisplay_sink **sink)
{
	struct mdisplay_sink *new;

	if (size < sizeof(*message) || message->edid_size > MIRACAST_DISPLAY_MAX_EDID ||
	    message->edid_size % EDID_LENGTH || size != sizeof(*message) + message->edid_size ||
	    message->flags & ~(MIRACAST_DISPLAY_SINK_CURSOR | MIRACAST_DISPLAY_SINK_COLOR) ||
	    message->width < MDISPLAY_MIN_SINK || message->width > MDISPLAY_MAX_SIZE ||
	    message->height < MDISPLAY_MIN_SINK || message->height > MDISPLAY_MAX_SIZE ||
	    message->refresh < MDISPLAY_MIN_REFRESH || message->refresh > MDISPLAY_MAX_REFRESH)
		return STATUS_INVALID_PARAMETER;

	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return STATUS_NO_MEMORY;

	if (message->edid_size) {
		ntstatus_t status = mdisplay_sink_set_edid(new, message);

		if (status != STATUS_SUCCESS) {
			kfree(new);
			return status;
		}
	}

	new->width = message->width;
	new->height = message->height;
	new->refresh = message->refresh;
	new->max_clock = message->max_pixel_clock;
	*sink = new;

	return STATUS_SUCCESS;
}

/*
 * Each event makes every compositor ask for all modes anew, so a daemon in a loop
 * gets no more than one in MDISPLAY_HOTPLUG_INTERVAL. What changes meanwhile is
 * told by that one: it says how things are then.
 */
static void mdisplay_connector_tell(struct mdisplay_connector *connector)
{
	u64 next = connector->told + MDISPLAY_HOTPLUG_INTERVAL;
	u64 now = get_jiffies_64();

	lockdep_assert_held(&connector->sink_lock);

	schedule_delayed_work(&connector->hotplug, next > now ? next - now : 0);
}

/**
 * mdisplay_connector_set_sink() - a sink has arrived or departed
 * @connector: the connector
 * @sink: the sink, which is the connector's now; NULL: none
 */
void mdisplay_connector_set_sink(struct mdisplay_connector *connector, struct mdisplay_sink *sink)
{
	struct mdisplay_sink *old;

	mutex_lock(&connector->sink_lock);
	old = connector->sink;
	connector->sink = sink;
	if (old || sink)
		mdisplay_connector_tell(connector);
	mutex_unlock(&connector->sink_lock);

	if (old) {
		drm_edid_free(old->edid);
		kfree(old);
	}
}

static void mdisplay_connector_hotplug(struct work_struct *work)
{
	struct mdisplay_connector *connector =
		container_of(work, struct mdisplay_connector, hotplug.work);

	mutex_lock(&connector->sink_lock);
	connector->told = get_jiffies_64();
	mutex_unlock(&connector->sink_lock);

	/* User space may have seen the new status itself, or there is another sink. */
	if (!drm_connector_helper_hpd_irq_event(&connector->base))
		drm_kms_helper_connector_hotplug_event(&connector->base);
}

static enum drm_connector_status mdisplay_connector_detect(struct drm_connector *base, bool force)
{
	struct mdisplay_connector *connector = to_mdisplay_connector(base);
	enum drm_connector_status status;

	mutex_lock(&connector->sink_lock);
	status = connector->sink ? connector_status_connected : connector_status_disconnected;
	mutex_unlock(&connector->sink_lock);

	return status;
}

/* Marks the negotiated mode as the preferred one, and adds it if it is not there. */
static int mdisplay_connector_add_negotiated(struct drm_connector *base,
					     const struct mdisplay_sink *sink)
{
	struct drm_display_mode *mode, *best = NULL;
	u32 error, best_error = U32_MAX;
	int added = 0;

	list_for_each_entry(mode, &base->probed_modes, head) {
		mode->type &= ~DRM_MODE_TYPE_PREFERRED;
		if (mdisplay_mode_is_negotiated(mode, sink, &error) && error < best_error) {
			best = mode;
			best_error = error;
		}
	}

	if (!best) {
		best = drm_mode_create(base->dev);
		if (!best)
			return 0;
		mdisplay_mode_make(best, sink);
		drm_mode_probed_add(base, best);
		added = 1;
	}
	best->type |= DRM_MODE_TYPE_PREFERRED;

	return added;
}

static int mdisplay_connector_get_modes(struct drm_connector *base)
{
	struct mdisplay_connector *connector = to_mdisplay_connector(base);
	const struct mdisplay_sink *sink;
	int count = 0;

	mutex_lock(&connector->sink_lock);
	sink = connector->sink;
	if (sink) {
		/* Root may have set another one: debugfs, or drm.edid_firmware. */
		count = drm_edid_override_connector_update(base);
		if (!count)
			count = miracast_edid_connector_update(base, sink->edid);
		count += mdisplay_connector_add_negotiated(base, sink);
		/* A compositor that mirrors looks for sizes that both monitors have. */
		count += drm_add_modes_noedid(base, sink->width, sink->height);
	}
	mutex_unlock(&connector->sink_lock);

	return count;
}

/* The user-mode driver takes as many pictures of a faster mode as it can send. */
static bool mdisplay_mode_is_too_fast(const struct drm_display_mode *mode,
				      const struct mdisplay_sink *sink)
{
	u32 most = max_t(u32, sink->refresh, MDISPLAY_USUAL_REFRESH);

	return mdisplay_mode_refresh(mode) > most + mdisplay_refresh_tolerance(most);
}

/*
 * The limits are the encoder's, because those of an encoder hold for the modes
 * that a compositor makes itself, too.
 */
static enum drm_mode_status mdisplay_encoder_mode_valid(struct drm_encoder *encoder,
							const struct drm_display_mode *mode)
{
	struct mdisplay_connector *connector = encoder_to_connector(encoder);
	enum drm_mode_status status = MODE_OK;
	const struct mdisplay_sink *sink;
	u32 error;

	mutex_lock(&connector->sink_lock);
	sink = connector->sink;
	if (!sink)
		status = MODE_OK;
	else if (mode->hdisplay > sink->width)
		status = MODE_VIRTUAL_X;
	else if (mode->vdisplay > sink->height)
		status = MODE_VIRTUAL_Y;
	else if (mdisplay_mode_is_too_fast(mode, sink))
		status = MODE_VSYNC;
	else if (sink->max_clock && mode->clock > 0 && (u32)mode->clock > sink->max_clock &&
		 !mdisplay_mode_is_negotiated(mode, sink, &error))
		status = MODE_CLOCK_HIGH;
	mutex_unlock(&connector->sink_lock);

	return status;
}

/* What the counters are called; each is a u64. */
struct mdisplay_counter {
	const char *name;
	size_t offset;
};

#define STAT(name, member)                                    \
	{                                                     \
		name, offsetof(struct mdisplay_stats, member) \
	}

static const struct mdisplay_counter mdisplay_counters[] = {
	STAT("frames_committed", committed),
	STAT("frames_repeated", repeated),
	STAT("frames_skipped", skipped),
	STAT("frames_replaced", replaced),
	STAT("frames_dropped", dropped),
	STAT("frames_sent", sent),
	STAT("frames_completed", completed),
	STAT("frames_failed", failed),
	STAT("frames_encoded", encoded),
	STAT("frames_skipped_by_encoder", skipped_by_encoder),
	STAT("frames_not_streaming", not_streaming),
	STAT("frames_bad_result", bad_result),
	STAT("cursors_committed", cursors_committed),
	STAT("cursors_sent", cursors_sent),
	STAT("colors_committed", colors_committed),
	STAT("colors_sent", colors_sent),
	STAT("messages_sent", messages),
	STAT("messages_refused", refused),
	STAT("callbacks_success", callbacks[MDISPLAY_CALLBACK_SUCCESS]),
	STAT("callbacks_cancelled", callbacks[MDISPLAY_CALLBACK_CANCELLED]),
	STAT("callbacks_disconnected", callbacks[MDISPLAY_CALLBACK_DISCONNECTED]),
	STAT("callbacks_timeout", callbacks[MDISPLAY_CALLBACK_TIMEOUT]),
	STAT("callbacks_removed", callbacks[MDISPLAY_CALLBACK_REMOVED]),
	STAT("callbacks_other", callbacks[MDISPLAY_CALLBACK_OTHER]),
	STAT("round_trip_ns_sum", round_trip_sum),
	STAT("round_trip_ns_max", round_trip_max),
	STAT("encode_ns_sum", encode_sum),
};

static void mdisplay_sound_stats_show(struct seq_file *m, struct mdisplay_sound *sound)
{
	struct mdisplay_sound_stats stats;

	spin_lock_irq(&sound->lock);
	stats = sound->stats;
	spin_unlock_irq(&sound->lock);

	seq_printf(m, "sound_frames_played %llu\n", stats.played);
	seq_printf(m, "sound_frames_unheard %llu\n", stats.unheard);
	seq_printf(m, "sound_frames_dropped %llu\n", stats.dropped);
	seq_printf(m, "sound_frames_handled %llu\n", stats.handled);
	seq_printf(m, "sound_frames_failed %llu\n", stats.failed);
}

static int mdisplay_stats_show(struct seq_file *m, void *unused)
{
	struct mdisplay_connector *connector = m->private;
	struct mdisplay *display = to_mdisplay(connector->base.dev);
	unsigned int i, in_flight = 0, pending = 0;
	struct mdisplay_stats stats;
	struct mdisplay_flip flip;

	spin_lock(&connector->lock);
	stats = connector->stats;
	if (connector->context) {
		in_flight = connector->context->in_flight;
		pending = !!connector->context->pending;
	}
	spin_unlock(&connector->lock);

	spin_lock_irq(&connector->base.dev->event_lock);
	flip = connector->flip;
	spin_unlock_irq(&connector->base.dev->event_lock);

	for (i = 0; i < ARRAY_SIZE(mdisplay_counters); i++)
		seq_printf(m, "%s %llu\n", mdisplay_counters[i].name,
			   *(const u64 *)((const u8 *)&stats + mdisplay_counters[i].offset));
	seq_printf(m, "frames_pending %u\n", pending);
	seq_printf(m, "frames_in_flight %u\n", in_flight);
	seq_printf(m, "flips_ended %llu\n", flip.ended);
	seq_printf(m, "flips_late %llu\n", flip.late);
	seq_printf(m, "framebuffers %d\n", atomic_read(&display->framebuffer_count));
	seq_printf(m, "framebuffers_imported %d\n", atomic_read(&display->imported_count));
	seq_printf(m, "framebuffers_refused %d\n", atomic_read(&display->refused_count));
	if (connector->sound)
		mdisplay_sound_stats_show(m, connector->sound);

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mdisplay_stats);

static int mdisplay_connector_late_register(struct drm_connector *base)
{
	debugfs_create_file("miracast", 0400, base->debugfs_entry, to_mdisplay_connector(base),
			    &mdisplay_stats_fops);

	return 0;
}

static const struct drm_connector_helper_funcs mdisplay_connector_helper_funcs = {
	.get_modes = mdisplay_connector_get_modes,
};

static const struct drm_connector_funcs mdisplay_connector_funcs = {
	.detect = mdisplay_connector_detect,
	.fill_modes = drm_helper_probe_single_connector_modes,
	.late_register = mdisplay_connector_late_register,
	.destroy = drm_connector_cleanup,
	.reset = drm_atomic_helper_connector_reset,
	.atomic_duplicate_state = drm_atomic_helper_connector_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_connector_destroy_state,
};

static const struct drm_encoder_helper_funcs mdisplay_encoder_helper_funcs = {
	.mode_valid = mdisplay_encoder_mode_valid,
};

static const struct drm_encoder_funcs mdisplay_encoder_funcs = {
	.destroy = drm_encoder_cleanup,
};

/**
 * mdisplay_encoder_init() - make a connector's encoder, and all of the connector but what DRM knows
 * @connector: the connector; its planes and CRTC are made
 * @display: the device
 *
 * Return: 0 or an errno.
 */
int mdisplay_encoder_init(struct mdisplay_connector *connector, struct mdisplay *display)
{
	int ret;

	mutex_init(&connector->sink_lock);
	spin_lock_init(&connector->lock);
	INIT_DELAYED_WORK(&connector->hotplug, mdisplay_connector_hotplug);
	mdisplay_pump_init(connector);

	ret = drm_encoder_init(&display->drm, &connector->encoder, &mdisplay_encoder_funcs,
			       DRM_MODE_ENCODER_VIRTUAL, NULL);
	if (ret)
		return ret;
	drm_encoder_helper_add(&connector->encoder, &mdisplay_encoder_helper_funcs);
	connector->encoder.possible_crtcs = drm_crtc_mask(&connector->crtc);

	return 0;
}

/* From its initialisation on others go through it, like through all connectors. */
static int mdisplay_connector_make(struct mdisplay *display, struct drm_connector *base)
{
	int ret;

	drm_connector_helper_add(base, &mdisplay_connector_helper_funcs);
	drm_atomic_helper_connector_reset(base);
	if (!base->state)
		return -ENOMEM;
	base->polled = DRM_CONNECTOR_POLL_HPD;
	ret = drm_connector_init(&display->drm, base, &mdisplay_connector_funcs,
				 DRM_MODE_CONNECTOR_VIRTUAL);
	if (ret) {
		drm_atomic_helper_connector_destroy_state(base, base->state);
		base->state = NULL;
		base->dev = NULL;
		return ret;
	}
	base->status = connector_status_disconnected;
	/* A virtual connector comes without. */
	drm_connector_attach_edid_property(base);

	return 0;
}

/**
 * mdisplay_connector_add() - make one more connector
 * @display: the device; it has fewer than MDISPLAY_MAX_CONNECTORS
 *
 * Before the device is registered, or when a sink finds no connector free. CRTCs have to be
 * there from the start, but connectors may come later, as those behind a DisplayPort hub do. It
 * stays, for the next sink; also where it could not be registered, as somebody may just be
 * going through it: nobody can look that one up.
 *
 * Return: 0 or an errno.
 */
int mdisplay_connector_add(struct mdisplay *display)
{
	struct mdisplay_connector *connector = &display->connectors[display->count];
	struct drm_connector *base = &connector->base;
	int ret = 0;

	if (!base->dev)
		ret = mdisplay_connector_make(display, base);
	if (!ret)
		ret = drm_connector_attach_encoder(base, &connector->encoder);
	if (!ret)
		ret = drm_connector_register(base);
	if (!ret)
		display->count++;

	return ret;
}
