// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-peer.h"

#include <string.h>

void drain(WfdPeer *p)
{
	const GByteArray *output;
	WfdSourceEvent event;

	while ((output = wfd_source_output(p->source))) {
		const char *end = g_strstr_len((char *)output->data, output->len, "\r\n\r\n");

		/* A message, and nothing of the next. */
		g_assert_nonnull(end);
		g_assert_null(
			g_strstr_len(end, output->len - (end - (char *)output->data), "RTSP/1.0"));
		g_string_append_len(p->sent, (char *)output->data, output->len);
		wfd_source_output_sent(p->source, output->len);
	}
	while (wfd_source_next_event(p->source, &event)) {
		g_assert_false(p->ended);
		if (event.type == WFD_SOURCE_ENDED) {
			p->ended = TRUE;
			p->sentence = g_steal_pointer(&event.text);
		}
		if (event.type != WFD_SOURCE_EXCHANGE)
			g_string_append_c(p->events, "CNYPIU-E"[event.type]);
		g_free(event.text);
	}
}

void feed(WfdPeer *p, const char *text)
{
	gsize len = strlen(text);

	for (gsize i = 0; i < len; i += p->step)
		wfd_source_feed(p->source, (const guint8 *)text + i, MIN(p->step, len - i), p->now);
	drain(p);
}

void expect(WfdPeer *p, const char *start, const char *part)
{
	if (!g_str_has_prefix(p->sent->str, start) || !strstr(p->sent->str, part))
		g_error("expected \"%s...%s\", sent was \"%s\"", start, part, p->sent->str);
	g_string_truncate(p->sent, 0);
}

void expect_nothing(WfdPeer *p)
{
	g_assert_cmpstr(p->sent->str, ==, "");
}

void expect_events(WfdPeer *p, const char *events)
{
	g_assert_cmpstr(p->events->str, ==, events);
	g_string_truncate(p->events, 0);
}

void expect_end(WfdPeer *p, const char *reason)
{
	g_assert_true(p->ended);
	g_assert_cmpstr(wfd_reason_name(wfd_source_reason(p->source)), ==, reason);
	g_assert_nonnull(p->sentence);
	g_assert_cmpint(wfd_source_next_deadline(p->source), ==, G_MAXINT64);
}

void answer(WfdPeer *p, guint cseq, guint code, const char *body)
{
	g_autofree char *text =
		g_strdup_printf("RTSP/1.0 %u X\r\nCSeq: %u\r\nContent-Type: text/parameters\r\n"
				"Content-Length: %zu\r\n\r\n%s",
				code, cseq, strlen(body), body);

	feed(p, text);
}

void wait_for(WfdPeer *p, guint seconds)
{
	gint64 deadline = wfd_source_next_deadline(p->source);

	g_assert_cmpint(deadline, <=, p->now + seconds * G_USEC_PER_SEC);
	g_assert_cmpint(deadline, >, p->now + seconds * G_USEC_PER_SEC - G_USEC_PER_SEC / 2);
	p->now = deadline - 1;
	wfd_source_on_time(p->source, p->now);
	drain(p);
	expect_nothing(p);
	g_assert_false(p->ended);
	p->now = deadline;
	wfd_source_on_time(p->source, p->now);
	drain(p);
}

static WfdPeer *peer_new_of(gconstpointer step, const WfdSourceConfig *config)
{
	WfdPeer *p = g_new0(WfdPeer, 1);

	p->source = wfd_source_new(config);
	p->step = GPOINTER_TO_SIZE(step);
	p->now = 1000 * G_USEC_PER_SEC;
	p->sent = g_string_new(NULL);
	p->events = g_string_new(NULL);
	g_assert_cmpint(wfd_source_next_deadline(p->source), ==, G_MAXINT64);
	wfd_source_start(p->source, p->now);
	drain(p);
	expect(p, "OPTIONS * RTSP/1.0\r\n", "Require: org.wfa.wfd1.0\r\n");
	return p;
}

WfdPeer *peer_new_with_input(gconstpointer step, const WfdPolicy *policy, guint16 uibc_port)
{
	const WfdSourceConfig config = {
		.local_host = "10.0.0.1",
		.rtp_port = 16384,
		.session_id = 48879,
		.uibc_port = uibc_port,
		.policy = *policy,
	};

	return peer_new_of(step, &config);
}

WfdPeer *peer_new_with_id(gconstpointer step, guint32 id)
{
	const WfdSourceConfig config = {
		.local_host = "10.0.0.1", .rtp_port = 16384, .session_id = id};

	return peer_new_of(step, &config);
}

WfdPeer *peer_new(gconstpointer step, const WfdPolicy *policy)
{
	return peer_new_with_input(step, policy, 0);
}

WfdPeer *peer_start(gconstpointer step)
{
	return peer_new(step, &(WfdPolicy){0});
}

void peer_free(WfdPeer *p)
{
	wfd_source_free(p->source);
	g_string_free(p->sent, TRUE);
	g_string_free(p->events, TRUE);
	g_free(p->sentence);
	g_free(p);
}

void wait_for_request(WfdPeer *p)
{
	gint64 deadline = wfd_source_next_deadline(p->source);

	g_assert_cmpint(deadline, >=, p->now + 50000);
	g_assert_cmpint(deadline, <=, p->now + 100000);
	expect_nothing(p);
	p->now = deadline - 1;
	wfd_source_on_time(p->source, p->now);
	drain(p);
	expect_nothing(p);
	p->now = deadline;
	wfd_source_on_time(p->source, p->now);
	drain(p);
}

void set_standby(WfdPeer *p, gboolean standby)
{
	p->now += WFD_REQUEST_PAUSE;
	wfd_source_set_standby(p->source, standby, p->now);
	drain(p);
}

void to_m3(WfdPeer *p)
{
	answer(p, 1, 200, "");
	feed(p, M2);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 1\r\n");
	wait_for_request(p);
	expect(p, "GET_PARAMETER ", "GET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\n");
}

void to_m4(WfdPeer *p, const char *caps)
{
	to_m3(p);
	answer(p, 2, 200, caps);
	expect(p, "SET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\n", "wfd_video_formats: ");
	expect_events(p, "C");
}

void to_m6(WfdPeer *p, const char *caps)
{
	to_m4(p, caps);
	answer(p, 3, 200, "");
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: SETUP\r\n");
	expect_events(p, "N");
	answer(p, 4, 200, "");
	expect_nothing(p);
}

void to_play(WfdPeer *p, const char *caps)
{
	to_m6(p, caps);
	feed(p, M6);
	expect(p, "RTSP/1.0 200 OK\r\n", "Session: 10048879;timeout=30\r\n");
	feed(p, M7);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 3\r\n");
	expect_events(p, "Y");
}

char *set_parameter(guint cseq, const char *body)
{
	return g_strdup_printf("SET_PARAMETER rtsp://x RTSP/1.0\r\nCSeq: %u\r\n"
			       "Content-Length: %zu\r\n\r\n%s",
			       cseq, strlen(body), body);
}

int peer_run(int argc, char **argv, const WfdPeerCase *cases, guint n_cases)
{
	static const gsize steps[] = {1, 7, G_MAXSIZE / 2};
	static const char *const step_names[] = {"bytes", "sevens", "whole"};

	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < n_cases; i++)
		for (guint n = 0; n < G_N_ELEMENTS(steps); n++) {
			g_autofree char *path =
				g_strdup_printf("/wfd/source/%s/%s", cases[i].name, step_names[n]);

			g_test_add_data_func(path, GSIZE_TO_POINTER(steps[n]), cases[i].func);
		}
	return g_test_run();
}
