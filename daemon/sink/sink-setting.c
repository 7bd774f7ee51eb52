// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-setting.h"

#include <string.h>

typedef struct {
	SinkSetting *setting;
	const SinkOffer *offer;
	SinkViolations *violations;
} Reading;

static const char *const trigger_names[] = {
	[SINK_TRIGGER_NONE] = NULL,	[SINK_TRIGGER_SETUP] = "SETUP",
	[SINK_TRIGGER_PAUSE] = "PAUSE", [SINK_TRIGGER_TEARDOWN] = "TEARDOWN",
	[SINK_TRIGGER_PLAY] = "PLAY",
};

const char *sink_trigger_name(SinkTrigger trigger)
{
	return trigger_names[trigger];
}

/*
 * The parameters.
 */

static gboolean only_value(const char *value, const char *legal, GError **error)
{
	if (!g_ascii_strcasecmp(value, legal))
		return TRUE;
	g_set_error(error, SINK_PARAMS_ERROR, SINK_PARAMS_ERROR_UNSUPPORTED,
		    "this sink supports only \"%s\"", legal);
	return FALSE;
}

static gboolean read_video(Reading *r, const char *value, GError **error)
{
	r->setting->has_video = TRUE;
	return sink_video_choice_parse(value, r->offer->video, &r->setting->video, error);
}

static gboolean read_audio(Reading *r, const char *value, GError **error)
{
	const char *offered = sink_caps_get(r->offer->caps, "wfd_audio_codecs");

	r->setting->has_audio = TRUE;
	return sink_audio_choice_parse(value, offered ? offered : "", &r->setting->audio, error);
}

static gboolean read_url(Reading *r, const char *value, GError **error)
{
	g_free(r->setting->url);
	r->setting->url = sink_presentation_url_parse(value, error);
	return r->setting->url != NULL;
}

static gboolean read_ports(Reading *r, const char *value, GError **error)
{
	guint16 ports[2];

	if (!sink_client_rtp_ports_parse(value, ports, error))
		return FALSE;
	if (ports[0] != r->offer->rtp_port) {
		g_set_error(error, SINK_PARAMS_ERROR, SINK_PARAMS_ERROR_UNSUPPORTED,
			    "rtp-port0 is %u, but %u was offered", ports[0], r->offer->rtp_port);
		return FALSE;
	}
	return TRUE;
}

static gboolean read_trigger(Reading *r, const char *value, GError **error)
{
	for (guint i = SINK_TRIGGER_SETUP; i < G_N_ELEMENTS(trigger_names); i++) {
		if (!strcmp(value, trigger_names[i])) {
			r->setting->trigger = i;
			return TRUE;
		}
	}
	g_set_error(error, SINK_PARAMS_ERROR, SINK_PARAMS_ERROR_UNSUPPORTED,
		    "\"%.32s\" is not a trigger method", value);
	return FALSE;
}

static gboolean read_route(Reading *r, const char *value, GError **error)
{
	return only_value(value, "primary", error);
}

/* All are alike to this sink, which shows pictures when they are due. */
static gboolean read_latency(Reading *r, const char *value, GError **error)
{
	static const char *const legal[] = {"low", "normal", "high", NULL};

	if (g_strv_contains(legal, value))
		return TRUE;
	g_set_error(error, SINK_PARAMS_ERROR, SINK_PARAMS_ERROR_UNSUPPORTED,
		    "\"%.32s\" is neither low, normal nor high", value);
	return FALSE;
}

static gboolean offers_input(const SinkOffer *offer)
{
	const char *capability = sink_caps_get(offer->caps, "wfd_uibc_capability");

	return capability && g_ascii_strcasecmp(capability, "none");
}

/* Only the port is new: that the rest is of what was offered is the source's to see to. */
static gboolean read_uibc(Reading *r, const char *value, GError **error)
{
	static const char port_key[] = ";port=";
	const char *port = strstr(value, port_key);
	guint64 number;

	if (!offers_input(r->offer) || !g_ascii_strcasecmp(value, "none"))
		return only_value(value, "none", error);
	if (!port || !g_str_has_prefix(value, "input_category_list=") ||
	    !strstr(value, ";generic_cap_list=") || !strstr(value, ";hidc_cap_list=") ||
	    !g_ascii_string_to_unsigned(port + strlen(port_key), 10, 1, G_MAXUINT16, &number,
					NULL)) {
		g_set_error_literal(error, SINK_PARAMS_ERROR, SINK_PARAMS_ERROR_MALFORMED,
				    "it takes three lists and the source's port");
		return FALSE;
	}
	r->setting->uibc_port = number;
	return TRUE;
}

static gboolean read_uibc_setting(Reading *r, const char *value, GError **error)
{
	gboolean has_port = r->offer->uibc_port || r->setting->uibc_port;

	if (!has_port || !g_ascii_strcasecmp(value, "disable")) {
		r->setting->input = SINK_INPUT_OFF;
		return only_value(value, "disable", error);
	}
	r->setting->input = SINK_INPUT_ON;
	return only_value(value, "enable", error);
}

static gboolean read_standby(Reading *r, const char *value, GError **error)
{
	r->setting->standby = TRUE;
	return TRUE;
}

static gboolean take_any(Reading *r, const char *value, GError **error)
{
	return TRUE;
}

typedef struct {
	const char *name;
	guint8 m; /* of the message that it makes */
	gboolean (*read)(Reading *r, const char *value,
			 GError **error); /* NULL: it is no setting */
	gboolean is_bare; /* a name alone is all of it */
} Parameter;

static const Parameter parameters[] = {
	{"wfd_video_formats", 4, read_video, FALSE},
	{"wfd_audio_codecs", 4, read_audio, FALSE},
	{"wfd_presentation_URL", 4, read_url, FALSE},
	{"wfd_client_rtp_ports", 4, read_ports, FALSE},
	{"wfd_av_format_change_timing", 4, take_any, FALSE},
	{"wfd_trigger_method", 5, read_trigger, FALSE},
	{"wfd_route", 10, read_route, FALSE},
	{"wfd_connector_type", 11, take_any, FALSE},
	{"wfd_standby", 12, read_standby, TRUE},
	{"wfd_idr_request", 13, NULL, FALSE},
	{"wfd_uibc_capability", 14, read_uibc, FALSE},
	{"wfd_uibc_setting", 15, read_uibc_setting, FALSE},
	{"microsoft_latency_management_capability", 0, read_latency, FALSE},
};

static const Parameter *find(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(parameters); i++)
		if (!g_ascii_strcasecmp(name, parameters[i].name))
			return &parameters[i];
	return NULL;
}

/*
 * The message.
 */

static gboolean read_parameter(Reading *r, const char *name, const char *value, GError **error)
{
	const Parameter *parameter = find(name);

	if ((!value || !*value) && !(parameter && parameter->is_bare)) {
		g_set_error_literal(error, SINK_PARAMS_ERROR, SINK_PARAMS_ERROR_MALFORMED,
				    "no value");
		return FALSE;
	}
	if (parameter && parameter->read)
		return parameter->read(r, value, error);
	g_set_error_literal(error, SINK_PARAMS_ERROR, SINK_PARAMS_ERROR_UNKNOWN,
			    "this sink does not know the parameter");
	return FALSE;
}

static void read_line(const char *name, const char *value, gpointer user_data)
{
	Reading *r = user_data;
	g_autoptr(GError) error = NULL;

	if (read_parameter(r, name, value, &error))
		return;
	g_string_append_printf(r->setting->errors, "%.64s: %d\r\n", name, error->code);
	sink_violations_note(r->violations, "SET_PARAMETER %.64s: %s", name, error->message);
}

gboolean sink_setting_read(SinkSetting *setting, const SinkOffer *offer, const char *body,
			   gsize size, SinkViolations *violations, GError **error)
{
	Reading reading = {.setting = setting, .offer = offer, .violations = violations};

	*setting = (SinkSetting){.errors = g_string_new(NULL)};
	return sink_params_foreach(body, size, read_line, &reading, error);
}

void sink_setting_clear(SinkSetting *setting)
{
	g_free(setting->url);
	if (setting->errors)
		g_string_free(setting->errors, TRUE);
}

typedef struct {
	guint8 m;
	gboolean has_video;
} Numbering;

static void number_line(const char *name, const char *value, gpointer user_data)
{
	Numbering *numbering = user_data;
	const Parameter *parameter = find(name);

	if (!parameter)
		return;
	if (parameter->m != 4)
		numbering->m = parameter->m;
	numbering->has_video |= parameter->read == read_video;
}

guint8 sink_setting_number(const char *body, gsize size)
{
	Numbering numbering = {.m = 4};

	sink_params_foreach(body, size, number_line, &numbering, NULL);
	/* What M14 and M15 say M4 may say as well. */
	return numbering.has_video && numbering.m >= 14 ? 4 : numbering.m;
}
