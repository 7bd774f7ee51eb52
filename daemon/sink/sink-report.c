// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-report.h"

#include <json-glib/json-glib.h>

static void add_string(JsonBuilder *b, const char *name, const char *value)
{
	json_builder_set_member_name(b, name);
	if (value)
		json_builder_add_string_value(b, value);
	else
		json_builder_add_null_value(b);
}

static void add_int(JsonBuilder *b, const char *name, gint64 value)
{
	json_builder_set_member_name(b, name);
	json_builder_add_int_value(b, value);
}

static void add_bool(JsonBuilder *b, const char *name, gboolean value)
{
	json_builder_set_member_name(b, name);
	json_builder_add_boolean_value(b, value);
}

static void add_time(JsonBuilder *b, const char *name, gint64 real_us)
{
	g_autoptr(GDateTime) seconds = g_date_time_new_from_unix_utc(real_us / G_USEC_PER_SEC);
	g_autofree char *date = g_date_time_format(seconds, "%Y-%m-%dT%H:%M:%S");
	g_autofree char *text = g_strdup_printf("%s.%06dZ", date, (int)(real_us % G_USEC_PER_SEC));

	add_string(b, name, text);
}

static void begin(JsonBuilder *b, const char *name)
{
	json_builder_set_member_name(b, name);
	json_builder_begin_object(b);
}

static void add_video(JsonBuilder *b, const SinkVideoChoice *video)
{
	if (!video)
		return;
	begin(b, "format");
	add_int(b, "width", video->mode.width);
	add_int(b, "height", video->mode.height);
	add_int(b, "fps", video->mode.fps);
	add_bool(b, "interlaced", video->mode.interlaced);
	add_string(b, "table", sink_table_name(video->table));
	add_int(b, "bit", video->index);
	add_string(b, "profile", sink_profile_name(video->profile));
	add_string(b, "level", sink_level_name(video->level));
	json_builder_end_object(b);
}

static void add_audio(JsonBuilder *b, const SinkAudioChoice *audio)
{
	if (!audio)
		return;
	begin(b, "audio");
	add_string(b, "codec", *audio->format ? audio->format : NULL);
	add_int(b, "mode", audio->mode);
	json_builder_end_object(b);
}

static void add_media(JsonBuilder *b, const SinkMediaStatistics *m, gint64 play_sent_us)
{
	begin(b, "media");
	add_int(b, "rtp_packets", m->rtp_packets);
	add_int(b, "rtp_bytes", m->rtp_bytes);
	add_int(b, "rtp_lost", m->rtp_lost);
	add_int(b, "rtp_late", m->rtp_late);
	add_int(b, "rtp_duplicates", m->rtp_duplicates);
	add_int(b, "rtcp_received", m->rtcp_received);
	add_int(b, "rtcp_sent", m->rtcp_sent);
	add_int(b, "rtp_foreign", m->rtp_foreign);
	add_int(b, "rtp_malformed", m->rtp_malformed);
	add_int(b, "rtp_unsealed", m->rtp_unsealed);
	add_int(b, "ts_packets", m->ts_packets);
	add_int(b, "ts_sync_errors", m->ts_sync_errors);
	add_int(b, "ts_continuity_errors", m->ts_continuity_errors);
	add_int(b, "audio_buffers", m->audio_buffers);
	add_int(b, "audio_bytes", m->audio_bytes);
	if (m->sound.codec)
		add_string(b, "sound_codec", m->sound.codec);
	add_int(b, "sound_rate", m->sound.rate);
	add_int(b, "sound_units", m->sound.units);
	add_int(b, "sound_frames", m->sound.frames);
	add_int(b, "sound_frames_lost", m->sound.frames_lost);
	add_int(b, "sound_frames_loud", m->sound.frames_loud);
	add_int(b, "sound_rises", m->sound.rises);
	add_int(b, "sound_malformed", m->sound.malformed);
	add_int(b, "sound_peak", m->sound.peak);
	if (m->skew.units) {
		add_int(b, "sound_ahead_us", m->skew.mean_us);
		add_int(b, "sound_ahead_least_us", m->skew.least_us);
		add_int(b, "sound_ahead_most_us", m->skew.most_us);
	}
	if (m->flash.flashes || m->flash.clicks) {
		add_int(b, "flashes", m->flash.flashes);
		add_int(b, "clicks", m->flash.clicks);
		add_int(b, "flash_pairs", m->flash.pairs);
	}
	if (m->flash.pairs) {
		add_int(b, "click_ahead_us", m->flash.median_us);
		add_int(b, "click_ahead_least_us", m->flash.least_us);
		add_int(b, "click_ahead_most_us", m->flash.most_us);
	}
	add_int(b, "frames_decoded", m->frames);
	add_int(b, "frames_shown", m->frames_shown);
	add_int(b, "frames_corrupt", m->frames_corrupt);
	add_int(b, "frames_damaged", m->frames_damaged);
	add_int(b, "keyframes", m->keyframes);
	add_int(b, "width", m->width);
	add_int(b, "height", m->height);
	if (m->first_frame_us)
		add_time(b, "first_frame_at",
			 g_get_real_time() - (g_get_monotonic_time() - m->first_frame_us));
	if (m->first_frame_us && play_sent_us) {
		add_int(b, "first_frame_us", m->first_frame_us - play_sent_us);
		add_int(b, "last_frame_us", m->last_frame_us - play_sent_us);
	}
	json_builder_end_object(b);
}

static void add_strings(JsonBuilder *b, const char *name, const char *const *strings)
{
	json_builder_set_member_name(b, name);
	json_builder_begin_array(b);
	for (; *strings; strings++)
		json_builder_add_string_value(b, *strings);
	json_builder_end_array(b);
}

static void add_mice(JsonBuilder *b, const SinkMice *mice)
{
	const SinkMiceStatistics *s = sink_mice_statistics(mice);

	begin(b, "mice");
	add_string(b, "source_name", s->source_name);
	add_bool(b, "encrypted", s->encrypted);
	add_bool(b, "pin", s->pin);
	add_int(b, "pin_tries", s->pin_tries);
	add_int(b, "messages_in", s->messages_in);
	add_int(b, "messages_out", s->messages_out);
	add_strings(b, "violations", sink_mice_violations(mice));
	json_builder_end_object(b);
}

static void add_p2p(JsonBuilder *b, const SinkP2p *p2p)
{
	guint n;
	const SinkP2pStep *steps = sink_p2p_steps(p2p, &n);

	begin(b, "p2p");
	add_string(b, "role", sink_p2p_role(p2p));
	json_builder_set_member_name(b, "steps");
	json_builder_begin_array(b);
	for (guint i = 0; i < n; i++) {
		json_builder_begin_object(b);
		add_int(b, "at_us", steps[i].at_us);
		add_string(b, "step", steps[i].name);
		add_string(b, "detail", steps[i].detail);
		json_builder_end_object(b);
	}
	json_builder_end_array(b);
	json_builder_end_object(b);
}

static void add_exchanges(JsonBuilder *b, const SinkSession *session)
{
	guint n;
	const SinkExchange *exchanges = sink_session_exchanges(session, &n);

	json_builder_set_member_name(b, "exchanges");
	json_builder_begin_array(b);
	for (guint i = 0; i < n; i++) {
		g_autofree char *m = g_strdup_printf("M%u", exchanges[i].m);

		json_builder_begin_object(b);
		add_int(b, "at_us", exchanges[i].at_us);
		add_string(b, "dir", exchanges[i].out ? "out" : "in");
		add_string(b, "m", exchanges[i].m ? m : NULL);
		if (exchanges[i].status)
			add_int(b, "status", exchanges[i].status);
		else
			add_string(b, "method", exchanges[i].method);
		json_builder_end_object(b);
	}
	json_builder_end_array(b);
}

static void add_rtsp(JsonBuilder *b, const SinkSession *session)
{
	const SinkSessionStatistics *s = sink_session_statistics(session);

	begin(b, "rtsp");
	add_string(b, "ended_in", sink_state_name(s->ended_in));
	add_int(b, "messages_in", s->messages_in);
	add_int(b, "messages_out", s->messages_out);
	add_int(b, "keepalives", s->keepalives);
	add_int(b, "idr_requests", s->idr_requests);
	add_int(b, "idr_refused", s->idr_refused);
	add_int(b, "standby_periods", s->standby_periods);
	add_int(b, "standby_us", s->standby_us);
	add_bool(b, "teardown_answered", s->teardown_answered);
	add_strings(b, "violations", sink_session_violations(session));
	add_exchanges(b, session);
	json_builder_end_object(b);
}

static char *to_line(JsonBuilder *b)
{
	g_autoptr(JsonGenerator) generator = json_generator_new();
	g_autoptr(JsonNode) root = json_builder_get_root(b);
	g_autofree char *line = NULL;

	json_generator_set_root(generator, root);
	line = json_generator_to_data(generator, NULL);
	return g_strconcat(line, "\n", NULL);
}

char *sink_report_sample(const SinkMediaStatistics *m, gint64 real_us)
{
	g_autoptr(JsonBuilder) b = json_builder_new();

	json_builder_begin_object(b);
	add_int(b, "real_us", real_us);
	add_int(b, "rtp_packets", m->rtp_packets);
	add_int(b, "rtp_bytes", m->rtp_bytes);
	add_int(b, "rtp_lost", m->rtp_lost);
	add_int(b, "ts_continuity_errors", m->ts_continuity_errors);
	add_int(b, "frames_decoded", m->frames);
	add_int(b, "frames_damaged", m->frames_damaged);
	add_int(b, "sound_compared", m->skew.units);
	add_int(b, "sound_frames", m->sound.frames);
	add_int(b, "sound_frames_lost", m->sound.frames_lost);
	add_int(b, "sound_ahead_us", m->skew.mean_us);
	json_builder_end_object(b);
	return to_line(b);
}

char *sink_report_json(const SinkReport *report)
{
	g_autoptr(JsonBuilder) b = json_builder_new();
	gint64 play_us = report->session ? sink_session_statistics(report->session)->play_sent_us
					 : 0;

	json_builder_begin_object(b);
	add_string(b, "result", report->ok ? "ok" : "fail");
	add_string(b, "reason", sink_reason_name(report->reason));
	add_string(b, "sentence", report->sentence);
	add_string(b, "source", report->source);
	add_time(b, "began_at", report->began_real_us);
	add_int(b, "duration_us", report->duration_us);
	if (report->rtp_port)
		add_int(b, "rtp_port", report->rtp_port);
	if (report->misbehaviour)
		add_string(b, "misbehave", report->misbehaviour->name);
	if (report->session) {
		add_video(b, sink_session_video(report->session));
		add_audio(b, sink_session_audio(report->session));
	}
	if (report->mice)
		add_mice(b, report->mice);
	if (report->p2p)
		add_p2p(b, report->p2p);
	add_media(b, &report->media, play_us);
	if (report->session)
		add_rtsp(b, report->session);
	if (report->uibc) {
		begin(b, "uibc");
		add_bool(b, "connected", report->uibc->connected);
		add_bool(b, "closed", report->uibc->closed);
		add_int(b, "packets", report->uibc->packets);
		json_builder_end_object(b);
	}
	if (report->png) {
		begin(b, "png");
		add_string(b, "file", report->png);
		add_time(b, "decoded_at", report->picture.real_us);
		add_int(b, "frame", report->picture.frame);
		add_int(b, "width", report->picture.width);
		add_int(b, "height", report->picture.height);
		json_builder_end_object(b);
	}
	json_builder_end_object(b);
	return to_line(b);
}
