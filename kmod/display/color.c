// SPDX-License-Identifier: GPL-2.0
/*
 * What a compositor has the CRTC make of colours (night light, a monitor's profile): the
 * newest is noted here and becomes a COLOR message, one at a time. The user-mode
 * driver changes the colours. See display.h for what guards what.
 */
#include <drm/drm_color_mgmt.h>

#include "display.h"

static bool mdisplay_lut_fits(const struct drm_property_blob *lut)
{
	return !lut || drm_color_lut_size(lut) == MIRACAST_DISPLAY_LUT_SIZE;
}

/**
 * mdisplay_color_check() - whether a state's colours can be told
 * @state: of a CRTC, that may become its own
 *
 * Of values and matrices, none is bad: DRM has looked at the matrix's size.
 *
 * Return: 0, or -EINVAL: a table has another size than the CRTC's.
 */
int mdisplay_color_check(const struct drm_crtc_state *state)
{
	if (!state->color_mgmt_changed)
		return 0;

	return mdisplay_lut_fits(state->degamma_lut) && mdisplay_lut_fits(state->gamma_lut)
		       ? 0
		       : -EINVAL;
}

static bool mdisplay_color_set_table(u16 table[3][MIRACAST_DISPLAY_LUT_SIZE],
				     const struct drm_property_blob *blob)
{
	const struct drm_color_lut *lut = blob ? blob->data : NULL;
	const struct drm_color_lut nothing = {};
	bool changed = false;
	unsigned int i;

	for (i = 0; i < MIRACAST_DISPLAY_LUT_SIZE; i++) {
		const struct drm_color_lut *entry = lut ? &lut[i] : &nothing;

		changed |= table[0][i] != entry->red || table[1][i] != entry->green ||
			   table[2][i] != entry->blue;
		table[0][i] = entry->red;
		table[1][i] = entry->green;
		table[2][i] = entry->blue;
	}

	return changed;
}

static bool mdisplay_color_set_matrix(u64 matrix[9], const struct drm_property_blob *blob)
{
	const struct drm_color_ctm *ctm = blob ? blob->data : NULL;
	bool changed = false;
	unsigned int i;

	for (i = 0; i < 9; i++) {
		u64 value = ctm ? ctm->matrix[i] : 0;

		changed |= matrix[i] != value;
		matrix[i] = value;
	}

	return changed;
}

/**
 * mdisplay_color_set() - what the CRTC makes of colours from now on
 * @connector: the connector
 * @state: of its CRTC, as it has become
 *
 * It is told when its commit is whole. Compositors give the same again, too.
 */
void mdisplay_color_set(struct mdisplay_connector *connector, const struct drm_crtc_state *state)
{
	struct miracast_display_color *color = &connector->color;
	struct mdisplay_context *context;
	bool changed;
	u32 steps;

	steps = (state->degamma_lut ? MIRACAST_DISPLAY_COLOR_DEGAMMA : 0) |
		(state->ctm ? MIRACAST_DISPLAY_COLOR_CTM : 0) |
		(state->gamma_lut ? MIRACAST_DISPLAY_COLOR_GAMMA : 0);

	spin_lock(&connector->lock);
	color->header.code = MIRACAST_DISPLAY_MSG_COLOR;
	color->header.size = sizeof(*color);
	changed = color->steps != steps;
	color->steps = steps;
	changed |= mdisplay_color_set_table(color->degamma, state->degamma_lut);
	changed |= mdisplay_color_set_matrix(color->ctm, state->ctm);
	changed |= mdisplay_color_set_table(color->gamma, state->gamma_lut);
	context = connector->context;
	if (changed) {
		connector->stats.colors_committed++;
		if (context)
			context->color_due = true;
	}
	spin_unlock(&connector->lock);
}

/**
 * mdisplay_color_take() - the COLOR message that is to be sent next
 * @context: to whom; its connector's lock is held
 *
 * With it the picture that is to be in these colours.
 *
 * Return: the message, whose end is to be told to mdisplay_color_done(); NULL: none is due.
 */
const struct miracast_display_color *mdisplay_color_take(struct mdisplay_context *context)
{
	struct mdisplay_connector *connector = context->connector;
	struct miracast_display_color *message = &context->color_message;

	lockdep_assert_held(&connector->lock);

	if (!context->color_due || context->color_busy || !context->color_wanted ||
	    !context->live || !connector->picture.fb || connector->committing)
		return NULL;

	context->color_due = false;
	if (context->color_told) {
		/* All of it was said before. */
		if (!memcmp(message, &connector->color, sizeof(*message)))
			return NULL;
	} else if (!connector->color.steps && !message->header.code) {
		/* One that was never told of any has colours as they are. */
		return NULL;
	}

	*message = connector->color;
	context->color_told = true;
	context->color_busy = true;
	mdisplay_frame_again(connector);

	return message;
}

/**
 * mdisplay_color_done() - the message is over
 * @context: whose it was; its connector's lock is held
 * @handled: it was accepted, and handled without an error; if not, the next commit makes
 *	up for it
 */
void mdisplay_color_done(struct mdisplay_context *context, bool handled)
{
	lockdep_assert_held(&context->connector->lock);

	context->color_busy = false;
	if (!handled)
		context->color_told = false;
}
