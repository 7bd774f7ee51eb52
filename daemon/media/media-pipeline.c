// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-pipeline.h"

#define ENCODERS_FILE "encoders" /* in the cache */

/* Whether it is one to try: what was asked for, or one that has no known fault. */
static gboolean is_candidate(const MediaEncoder *encoder, const char *asked)
{
	return asked ? g_str_equal(asked, encoder->name) : media_encoder_is_good(encoder);
}

static void load_element(const char *name)
{
	GstElement *element = gst_element_factory_make(name, NULL);

	if (element)
		gst_object_unref(gst_object_ref_sink(element));
}

void media_pipeline_prepare(const char *cache)
{
	static const char *const others[] = {"appsrc",	     "capsfilter", "videoscale",
					     "videoconvert", "h264parse",  "appsink"};
	g_autofree char *path = cache ? g_build_filename(cache, ENCODERS_FILE, NULL) : NULL;
	const MediaEncoder *encoder;

	for (guint i = 0; (encoder = media_encoder_get(i)); i++)
		media_encoder_starts(encoder);
	for (guint i = 0; i < G_N_ELEMENTS(others); i++)
		load_element(others[i]);
	if (path)
		media_encoders_measure(path);
}

guint64 media_pipeline_pixel_rate(const char *asked)
{
	const MediaEncoder *encoder, *last = NULL;

	for (guint i = 0; (encoder = media_encoder_get(i)); i++) {
		if (is_candidate(encoder, asked) && media_encoder_works(encoder))
			return media_encoder_pixel_rate(encoder);
		last = encoder;
	}
	/* There is none; what was asked for will say so. */
	return media_encoder_pixel_rate(last);
}

static GstElement *build_pipeline(const MediaConfig *config, const MediaEncoder *encoder,
				  GError **error)
{
	g_autofree char *described = media_encoder_describe(encoder, &config->format, config->kbit);
	g_autofree char *text =
		g_strdup_printf("appsrc name=src is-live=true format=time max-buffers=1 "
				"! videoscale add-borders=true ! videoconvert %s"
				"! h264parse config-interval=-1 "
				"! video/x-h264,stream-format=byte-stream,alignment=au "
				"! appsink name=sink sync=false async=false",
				described);
	g_autoptr(GstElement) pipeline = NULL;

	pipeline = gst_parse_launch_full(text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
	if (!pipeline)
		return NULL;
	gst_object_ref_sink(pipeline);
	if (gst_element_set_state(pipeline, GST_STATE_READY) == GST_STATE_CHANGE_FAILURE) {
		g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE,
			    "%s does not work here", encoder->name);
		gst_element_set_state(pipeline, GST_STATE_NULL);
		return NULL;
	}
	return g_steal_pointer(&pipeline);
}

static char *known_encoders(void)
{
	g_autoptr(GString) names = g_string_new(NULL);
	const MediaEncoder *encoder;

	for (guint i = 0; (encoder = media_encoder_get(i)); i++)
		g_string_append_printf(names, "%s%s", i ? ", " : "", encoder->name);
	return g_string_free(g_steal_pointer(&names), FALSE);
}

/* Why there is no encoder, if none was found to try. */
static void set_no_encoder(GError **error, const MediaConfig *config, gboolean slow)
{
	const MediaFormat *format = &config->format;
	g_autofree char *known = known_encoders();

	if (config->encoder && !media_encoder_find(config->encoder))
		g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
			    "the encoder %s is not known: use one of %s", config->encoder, known);
	else if (config->encoder)
		g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
			    "the encoder %s is not installed, or finds no device: use another",
			    config->encoder);
	else if (slow)
		g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE,
			    "no encoder here is known to encode %ux%u@%u in time: name a mode",
			    format->width, format->height, format->fps);
	else
		g_set_error_literal(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
				    "no H.264 encoder is installed: install "
				    "gstreamer1.0-plugins-ugly");
}

/* An encoder that is too slow for a mode that nobody asked for is none. */
static gboolean encoder_is_slow(const MediaEncoder *encoder, const MediaConfig *config)
{
	const MediaFormat *format = &config->format;
	guint64 most = media_encoder_pixel_rate(encoder);

	return !config->mode_asked && most &&
	       (guint64)format->width * format->height * format->fps > most;
}

/* A card's encoder has to give a picture before anything is sent: later nothing could take its place. */
static GstElement *try_encoder(const MediaConfig *config, const MediaEncoder *encoder,
			       GError **error)
{
	if (!encoder->software && !media_encoder_try(encoder, &config->format, config->kbit, error))
		return NULL;
	return build_pipeline(config, encoder, error);
}

/*
 * One that is too slow takes the place of one that failed, if no other can: few pictures are better
 * than none.
 */
GstElement *media_pipeline_new(const MediaConfig *config, const MediaEncoder **chosen,
			       GError **error)
{
	gboolean any_slow = FALSE, any_failed = FALSE;
	g_autoptr(GError) failure = NULL;
	GstElement *pipeline = NULL;
	const MediaEncoder *encoder;

	for (guint round = 0; round < 2 && !pipeline && (!round || any_failed); round++)
		for (guint i = 0; (encoder = media_encoder_get(i)) && !pipeline; i++) {
			if (!is_candidate(encoder, config->encoder) ||
			    !media_encoder_exists(encoder))
				continue;
			if (encoder_is_slow(encoder, config) != (round == 1)) {
				any_slow = TRUE;
				continue;
			}
			g_clear_error(&failure);
			pipeline = try_encoder(config, encoder, &failure);
			if (pipeline) {
				*chosen = encoder;
			} else {
				any_failed = TRUE;
				g_message("%s: %s", encoder->name, failure->message);
			}
		}
	if (!pipeline && failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	else if (!pipeline)
		set_no_encoder(error, config, any_slow);
	return pipeline;
}
