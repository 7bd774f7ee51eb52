// SPDX-License-Identifier: GPL-2.0-or-later
#include "rtsp-message.h"

#include <string.h>

static gboolean is_version(const char *word)
{
	return !g_ascii_strncasecmp(word, "RTSP/", 5) && g_ascii_isdigit(word[5]);
}

static GstRTSPVersion version_of(const char *word)
{
	return g_str_equal(word + 5, "1.0") ? GST_RTSP_VERSION_1_0 : GST_RTSP_VERSION_INVALID;
}

/* Whether a line that is no request was meant as one. GET and POST are HTTP's. */
static gboolean is_broken_request(const GPtrArray *words)
{
	GstRTSPMethod method = gst_rtsp_find_method(words->pdata[0]);

	return is_version(words->pdata[words->len - 1]) ||
	       (method != GST_RTSP_INVALID && method != GST_RTSP_GET && method != GST_RTSP_POST);
}

/**
 * rtsp_message_new_from_line() - a message with nothing but its start line
 * @line: the line, without its end
 * @broken: set to TRUE if this is meant as a request and is not one; the message is a request
 *	    without method and URI then
 *
 * Return: the message, or NULL if this is not RTSP. A method that RTSP does not know is
 * GST_RTSP_INVALID.
 */
RtspMessage *rtsp_message_new_from_line(const char *line, gboolean *broken)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_auto(GStrv) parts = g_strsplit_set(line, " \t", -1);
	RtspMessage *message = NULL;

	*broken = FALSE;
	for (guint i = 0; parts[i]; i++)
		if (*parts[i])
			g_ptr_array_add(words, parts[i]);
	if (!words->len)
		return NULL;
	if (is_version(words->pdata[0])) {
		guint64 code;

		if (words->len < 2 ||
		    !g_ascii_string_to_unsigned(words->pdata[1], 10, 100, 999, &code, NULL))
			return NULL;
		gst_rtsp_message_new_response(&message, code, NULL, NULL);
		message->type_data.response.version = version_of(words->pdata[0]);
	} else if (words->len == 3 && is_version(words->pdata[2])) {
		gst_rtsp_message_new_request(&message, gst_rtsp_find_method(words->pdata[0]),
					     words->pdata[1]);
		message->type_data.request.version = version_of(words->pdata[2]);
	} else if (is_broken_request(words)) {
		gst_rtsp_message_new_request(&message, GST_RTSP_INVALID, "");
		*broken = TRUE;
	}
	return message;
}

/* Header lines; one without a colon is passed over, one that begins blank continues the last. */
static void headers_parse(RtspMessage *message, char **lines)
{
	for (guint i = 0; lines[i] && *lines[i]; i++) {
		g_autoptr(GString) value = NULL;
		char *name = lines[i];
		char *colon = strchr(name, ':');

		if (!colon || g_ascii_isspace(*name))
			continue;
		*colon = '\0';
		value = g_string_new(g_strstrip(colon + 1));
		while (lines[i + 1] && (lines[i + 1][0] == ' ' || lines[i + 1][0] == '\t'))
			g_string_append_printf(value, " %s", g_strstrip(lines[++i]));
		gst_rtsp_message_add_header_by_name(message, g_strchomp(name), value->str);
	}
}

/* A message without its body, out of @len bytes of start line, which is one, and headers. */
RtspMessage *rtsp_message_new_from_header(const guint8 *data, gsize len, gboolean *broken)
{
	g_autofree char *text = g_strndup((const char *)data, len);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	RtspMessage *message;

	for (guint i = 0; lines[i]; i++)
		g_strchomp(lines[i]);
	message = rtsp_message_new_from_line(lines[0], broken);
	headers_parse(message, lines + 1);
	return message;
}

const char *rtsp_message_header(const RtspMessage *message, GstRTSPHeaderField field)
{
	char *value;

	return gst_rtsp_message_get_header(message, field, &value, 0) == GST_RTSP_OK ? value : NULL;
}

/* A message as it goes over the wire; Content-Length is added where there is a body. */
void rtsp_message_append_to(const RtspMessage *message, GByteArray *bytes)
{
	g_autoptr(GString) text = g_string_new(NULL);
	guint8 *body = NULL;
	guint body_len = 0;

	if (message->type == GST_RTSP_MESSAGE_REQUEST)
		g_string_printf(text, "%s %s RTSP/1.0\r\n",
				gst_rtsp_method_as_text(message->type_data.request.method),
				message->type_data.request.uri);
	else
		g_string_printf(text, "RTSP/1.0 %d %s\r\n", message->type_data.response.code,
				gst_rtsp_status_as_text(message->type_data.response.code));
	gst_rtsp_message_append_headers(message, text);
	gst_rtsp_message_get_body(message, &body, &body_len);
	if (body_len)
		g_string_append_printf(text, "Content-Length: %u\r\n", body_len);
	g_string_append(text, "\r\n");
	g_byte_array_append(bytes, (guint8 *)text->str, text->len);
	if (body_len)
		g_byte_array_append(bytes, body, body_len);
}
