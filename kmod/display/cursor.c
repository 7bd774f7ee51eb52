// SPDX-License-Identifier: GPL-2.0
/*
 * The pointer that a compositor has the cursor plane show: the newest is noted
 * here and becomes a CURSOR message, one at a time, so that what a slow daemon
 * has not been told is never more than the last place. See display.h for what
 * guards what.
 */
#include <drm/drm_damage_helper.h>

#include "display.h"

/**
 * mdisplay_cursor_set() - what the cursor plane shows from now on
 * @connector: the connector
 * @cursor: the cursor; the framebuffer's reference stays with the caller
 * @redrawn: the pixels may be others, even if the framebuffer is the one before
 *
 * It is told when its commit is whole, or when mdisplay_cursor_note() says so.
 */
void mdisplay_cursor_set(struct mdisplay_connector *connector, const struct mdisplay_cursor *cursor,
			 bool redrawn)
{
	u32 id = cursor->fb ? to_mdisplay_framebuffer(cursor->fb)->id : 0;
	struct drm_framebuffer *old;

	if (cursor->fb)
		drm_framebuffer_get(cursor->fb);

	spin_lock(&connector->lock);
	connector->stats.cursors_committed++;
	old = connector->cursor.fb;
	connector->cursor = *cursor;
	/* One that was away may have been drawn anew. */
	if (id != connector->cursor_id || redrawn)
		connector->cursor_image++;
	connector->cursor_id = id;
	spin_unlock(&connector->lock);

	if (old)
		drm_framebuffer_put(old);
}

/**
 * mdisplay_cursor_blank() - the connector shows nothing any more, no cursor either
 * @connector: the connector
 *
 * The sink goes to standby, so there is nobody to tell; and what is shown next may
 * have the same cursor.
 */
void mdisplay_cursor_blank(struct mdisplay_connector *connector)
{
	struct drm_framebuffer *old;

	spin_lock(&connector->lock);
	old = connector->cursor.fb;
	connector->cursor.fb = NULL;
	if (connector->context)
		connector->context->cursor_due = false;
	spin_unlock(&connector->lock);

	if (old)
		drm_framebuffer_put(old);
}

/**
 * mdisplay_cursor_accepted() - whether somebody would draw a cursor's new image
 * @connector: where
 *
 * Return: false: there is a sink whose user-mode driver does not know of cursors. The
 * compositor draws it into its picture, as on hardware without such a plane.
 */
bool mdisplay_cursor_accepted(struct mdisplay_connector *connector)
{
	const struct mdisplay_context *context;
	bool accepted;

	spin_lock(&connector->lock);
	context = connector->context;
	accepted = !context || !context->live || context->cursor_wanted;
	spin_unlock(&connector->lock);

	return accepted;
}

/**
 * mdisplay_cursor_note() - nothing but the cursor has changed: let the pump look
 * @connector: where
 */
void mdisplay_cursor_note(struct mdisplay_connector *connector)
{
	spin_lock(&connector->lock);
	if (connector->context) {
		connector->context->cursor_due = true;
		mdisplay_note(connector);
	}
	spin_unlock(&connector->lock);
}

/**
 * mdisplay_cursor_dirty() - the dirty() of a cursor's framebuffer
 * @fb: the framebuffer
 * @file: whose ioctl it is
 * @flags: what the clips mean
 * @color: of what was filled
 * @clips: what was drawn anew
 * @num_clips: how many; 0: all of it
 *
 * As DRM's, which tells the plane of all of it by no clips: that is one that has moved. No other
 * output shows a copy of it.
 *
 * Return: 0 or an errno.
 */
int mdisplay_cursor_dirty(struct drm_framebuffer *fb, struct drm_file *file, unsigned int flags,
			  unsigned int color, struct drm_clip_rect *clips, unsigned int num_clips)
{
	struct drm_clip_rect whole = { 0, 0, fb->width, fb->height };

	if (!num_clips)
		return drm_atomic_helper_dirtyfb(fb, file, 0, 0, &whole, 1);

	return drm_atomic_helper_dirtyfb(fb, file, flags, color, clips, num_clips);
}

/**
 * mdisplay_cursor_take() - the CURSOR message that is to be sent next
 * @context: to whom; its connector's lock is held
 *
 * Return: the message, whose end is to be told to mdisplay_cursor_done(); NULL: none is due.
 */
const struct miracast_display_cursor *mdisplay_cursor_take(struct mdisplay_context *context)
{
	struct mdisplay_connector *connector = context->connector;
	const struct mdisplay_cursor *cursor = &connector->cursor;
	struct miracast_display_cursor message = {
		.header.code = MIRACAST_DISPLAY_MSG_CURSOR,
		.header.size = sizeof(message),
		.time_ns = context->cursor_message.time_ns,
	};

	lockdep_assert_held(&connector->lock);

	if (!context->cursor_due || context->cursor_busy || !context->cursor_wanted ||
	    !context->live || !connector->picture.fb || connector->committing)
		return NULL;

	context->cursor_due = false;
	if (cursor->fb) {
		struct mdisplay_framebuffer *framebuffer = to_mdisplay_framebuffer(cursor->fb);

		framebuffer->told[mdisplay_connector_index(connector)] = context->number;
		message.framebuffer_id = framebuffer->id;
		message.image = connector->cursor_image;
		message.source_x = cursor->source_x;
		message.source_y = cursor->source_y;
		message.x = cursor->x;
		message.y = cursor->y;
		message.width = cursor->width;
		message.height = cursor->height;
	}
	if (context->cursor_told) {
		/* All of it was said before. */
		if (!memcmp(&message, &context->cursor_message, sizeof(message)))
			return NULL;
	} else if (!cursor->fb && !context->cursor_message.header.code) {
		/* To one that was never told of any, that there is none is no news. */
		return NULL;
	}

	message.time_ns = ktime_get_ns();
	context->cursor_message = message;
	context->cursor_told = true;
	context->cursor_busy = true;
	context->cursor_fb = cursor->fb;
	if (cursor->fb)
		drm_framebuffer_get(cursor->fb);

	return &context->cursor_message;
}

/**
 * mdisplay_cursor_done() - the message is over
 * @context: whose it was; its connector's lock is held
 * @handled: it was accepted, and handled without an error; if not, the next commit makes
 *	up for it
 *
 * Return: a framebuffer that is to be put when the lock has been dropped, or NULL.
 */
struct drm_framebuffer *mdisplay_cursor_done(struct mdisplay_context *context, bool handled)
{
	struct drm_framebuffer *fb = context->cursor_fb;

	lockdep_assert_held(&context->connector->lock);

	context->cursor_fb = NULL;
	context->cursor_busy = false;
	if (!handled)
		context->cursor_told = false;

	return fb;
}
