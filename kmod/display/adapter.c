// SPDX-License-Identifier: GPL-2.0
/*
 * The channel's side: contexts, and what the user-mode driver asks for.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include <drm/drm_edid.h>
#include <drm/drm_gem.h>

#include "display.h"

static ntstatus_t mdisplay_query_caps(void *driver_context, u32 caps_size,
				      struct miracast_caps *caps)
{
	memset(caps, 0, caps_size);

	return STATUS_SUCCESS;
}

/*
 * Gives the context a connector that has none; makes one more if there is no such, and there may be
 * more. The channel makes contexts one at a time.
 */
static ntstatus_t mdisplay_claim_connector(struct mdisplay *display,
					   struct mdisplay_context *context)
{
	unsigned int i;

	for (i = 0; i < MDISPLAY_MAX_CONNECTORS; i++) {
		struct mdisplay_connector *connector = &display->connectors[i];

		if (i == display->count) {
			if (mdisplay_connector_add(display))
				return STATUS_NO_MEMORY;
			mdisplay_card_create(connector);
		}

		spin_lock(&connector->lock);
		if (!connector->context) {
			context->connector = connector;
			context->number = ++connector->contexts;
			connector->context = context;
		}
		spin_unlock(&connector->lock);
		if (context->connector)
			return STATUS_SUCCESS;
	}

	return STATUS_RESOURCE_IN_USE;
}

static ntstatus_t mdisplay_create_context(void *driver_context,
					  const struct miracast_display_callbacks *callbacks,
					  void **miracast_context, u32 *target_id)
{
	struct mdisplay *display = driver_context;
	struct mdisplay_context *context;
	ntstatus_t status;
	unsigned int i;

	context = kzalloc(sizeof(*context), GFP_KERNEL);
	if (!context)
		return STATUS_NO_MEMORY;

	context->handle = callbacks->miracast_handle;
	INIT_LIST_HEAD(&context->free);
	for (i = 0; i < ARRAY_SIZE(context->frames); i++) {
		context->frames[i].context = context;
		list_add(&context->frames[i].node, &context->free);
	}

	status = mdisplay_claim_connector(display, context);
	if (status != STATUS_SUCCESS) {
		kfree(context);
		return status;
	}
	*miracast_context = context;
	*target_id = mdisplay_connector_index(context->connector);

	return STATUS_SUCCESS;
}

static void mdisplay_sink_gone(struct mdisplay_context *context)
{
	mdisplay_frame_sink_departed(context);
	mdisplay_sound_detach(context);
	if (context->sound)
		mdisplay_card_plug(context->connector, NULL);
	mdisplay_connector_set_sink(context->connector, NULL);
}

static void mdisplay_destroy_context(void *driver_context, void *miracast_context)
{
	struct mdisplay_context *context = miracast_context;
	struct mdisplay_connector *connector = context->connector;

	mdisplay_sink_gone(context);

	spin_lock(&connector->lock);
	connector->context = NULL;
	spin_unlock(&connector->lock);
	/* What the pump is sending is refused. */
	cancel_delayed_work_sync(&connector->pump);

	kvfree(context->sound);
	kfree(context);
}

static ntstatus_t mdisplay_sink_arrived(struct mdisplay_context *context, u32 input_size,
					const void *input)
{
	const struct miracast_display_sink *message = input;
	struct mdisplay_sink *sink;
	ntstatus_t status;

	status = mdisplay_sink_create(message, input_size, &sink);
	if (status != STATUS_SUCCESS)
		return status;

	mdisplay_connector_set_sink(context->connector, sink);
	mdisplay_frame_sink_arrived(context, message->flags);

	return STATUS_SUCCESS;
}

static ntstatus_t mdisplay_sink_departed(struct mdisplay_context *context, u32 input_size)
{
	if (input_size != sizeof(struct miracast_display_header))
		return STATUS_INVALID_PARAMETER;
	if (!context->live)
		return STATUS_INVALID_DEVICE_STATE;

	mdisplay_sink_gone(context);

	return STATUS_SUCCESS;
}

/* Nobody else changes the sink meanwhile: io controls come one at a time. */
static ntstatus_t mdisplay_sink_sound(struct mdisplay_context *context, u32 input_size,
				      const void *input)
{
	struct mdisplay_connector *connector = context->connector;
	const struct miracast_display_sound *message = input;
	const struct drm_edid *edid;
	u8 eld[MDISPLAY_ELD_SIZE];
	ntstatus_t status;

	if (input_size != sizeof(*message) || message->reserved)
		return STATUS_INVALID_PARAMETER;
	if (!connector->sound)
		return STATUS_NOT_SUPPORTED;
	if (!context->live)
		return STATUS_INVALID_DEVICE_STATE;

	status = mdisplay_sound_attach(context);
	if (status != STATUS_SUCCESS)
		return status;

	edid = connector->sink->edid;
	mdisplay_eld_make(eld, edid ? (const u8 *)drm_edid_raw(edid) : NULL, message->name);
	mdisplay_card_plug(connector, eld);

	return STATUS_SUCCESS;
}

static ntstatus_t mdisplay_export_framebuffer(struct mdisplay_context *context, u32 input_size,
					      const void *input, u32 output_size, void *output,
					      u32 *bytes_returned)
{
	struct miracast_display_framebuffer info, zero = {};
	struct drm_gem_object *obj;
	ntstatus_t status;

	if (input_size != sizeof(info))
		return STATUS_INVALID_PARAMETER;
	if (output_size < sizeof(info))
		return STATUS_BUFFER_TOO_SMALL;

	memcpy(&info, input, sizeof(info));
	zero.header = info.header;
	zero.framebuffer_id = info.framebuffer_id;
	if (memcmp(&info, &zero, sizeof(info)))
		return STATUS_INVALID_PARAMETER;

	obj = mdisplay_framebuffer_find(context, &info);
	if (!obj)
		return STATUS_NOT_FOUND;
	status = mdisplay_export(context, obj, &info);
	drm_gem_object_put(obj);
	if (status != STATUS_SUCCESS)
		return status;

	memcpy(output, &info, sizeof(info));
	*bytes_returned = sizeof(info);

	return STATUS_SUCCESS;
}

static ntstatus_t mdisplay_io_control(void *driver_context, void *miracast_context, u32 input_size,
				      const void *input, u32 output_size, void *output,
				      u32 *bytes_returned)
{
	struct mdisplay_context *context = miracast_context;
	const struct miracast_display_header *header = input;

	*bytes_returned = 0;
	if (input_size < sizeof(*header) || header->size != input_size)
		return STATUS_INVALID_PARAMETER;

	switch (header->code) {
	case MIRACAST_DISPLAY_CTL_SINK_ARRIVED:
		return mdisplay_sink_arrived(context, input_size, input);
	case MIRACAST_DISPLAY_CTL_SINK_DEPARTED:
		return mdisplay_sink_departed(context, input_size);
	case MIRACAST_DISPLAY_CTL_EXPORT_FRAMEBUFFER:
		return mdisplay_export_framebuffer(context, input_size, input, output_size, output,
						   bytes_returned);
	case MIRACAST_DISPLAY_CTL_SOUND:
		return mdisplay_sink_sound(context, input_size, input);
	default:
		return STATUS_NOT_SUPPORTED;
	}
}

static const struct miracast_display_ops mdisplay_ops = {
	.size = sizeof(struct miracast_display_ops),
	.query_caps = mdisplay_query_caps,
	.create_context = mdisplay_create_context,
	.io_control = mdisplay_io_control,
	.destroy_context = mdisplay_destroy_context,
};

/**
 * mdisplay_adapter_register() - offer the connectors to daemons
 * @display: the device
 *
 * Return: 0 or an errno.
 */
int mdisplay_adapter_register(struct mdisplay *display)
{
	const struct miracast_adapter_desc desc = {
		.size = sizeof(struct miracast_adapter_desc),
		.name = MIRACAST_DISPLAY_ADAPTER_NAME,
		.parent = display->drm.dev,
		.ops = &mdisplay_ops,
		.driver_context = display,
		.max_contexts = MDISPLAY_MAX_CONNECTORS,
		.max_slots = 64,
		/* The largest; a piece of sound is not. */
		.max_message = sizeof(struct miracast_display_color),
		.max_io_control = sizeof(struct miracast_display_sink) + MIRACAST_DISPLAY_MAX_EDID,
	};

	BUILD_BUG_ON(sizeof_field(struct mdisplay_sound_piece, message) >
		     sizeof(struct miracast_display_color));
	display->adapter = miracast_register_adapter(&desc);

	return PTR_ERR_OR_ZERO(display->adapter);
}
