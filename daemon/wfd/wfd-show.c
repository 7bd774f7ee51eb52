// SPDX-License-Identifier: GPL-2.0-or-later
#include "wfd-show.h"

#define MAX_EXCHANGE_LINES 100

void wfd_exchange_add(WfdExchange *exchange, const char *text)
{
	double seconds = (g_get_monotonic_time() - exchange->begin) / (double)G_USEC_PER_SEC;

	g_queue_push_tail(&exchange->lines, g_strdup_printf("%.3f %s", seconds, text));
	if (exchange->lines.length > MAX_EXCHANGE_LINES)
		g_free(g_queue_pop_head(&exchange->lines));
	exchange->grew = TRUE;
}

void wfd_exchange_clear(WfdExchange *exchange)
{
	g_queue_clear_full(&exchange->lines, g_free);
}

void wfd_exchange_show(WfdExchange *exchange, MiracastDevice *device)
{
	g_autoptr(GString) all = NULL;

	if (!exchange->grew)
		return;
	exchange->grew = FALSE;
	all = g_string_new(NULL);
	for (GList *line = exchange->lines.head; line; line = line->next)
		g_string_append_printf(all, "%s%s", all->len ? "\n" : "", (char *)line->data);
	miracast_device_set_statistic_text(device, "rtsp-exchange", all->str);
}

static const char *sound_name(const WfdSound *sound)
{
	return !sound->rate ? "none" : sound->format == WFD_AAC ? "AAC" : "LPCM";
}

void wfd_show_capabilities(MiracastDevice *device, const WfdSource *source)
{
	const WfdSinkCaps *caps = wfd_source_caps(source);
	const WfdChoice *choice = wfd_source_choice(source);
	g_autofree char *mode = wfd_mode_to_string(&choice->mode);

	miracast_device_set_detail(device, "mode", mode);
	miracast_device_set_detail(device, "sound", sound_name(wfd_source_sound(source)));
	miracast_device_set_detail(device, "h264-level", wfd_level_name(choice->level));
	miracast_device_set_detail_number(device, "sink-edid-bytes",
					  caps->edid ? g_bytes_get_size(caps->edid) : 0);
	if (caps->defaults)
		miracast_device_set_detail(device, "sink-defaults", caps->defaults);
	miracast_device_set_detail(device, "sink-standby",
				   caps->standby_resume ? "supported" : "unsupported");
	if (caps->name)
		miracast_device_set_detail(device, "sink-name", caps->name);
	if (caps->model)
		miracast_device_set_detail(device, "sink-model", caps->model);
	if (caps->max_kbit)
		miracast_device_set_detail_number(device, "sink-max-kbit", caps->max_kbit);
}

void wfd_show_statistics(MiracastDevice *device, Media *media, const WfdInput *input,
			 gboolean sound)
{
	MediaStatistics statistics;

	media_get_statistics(media, &statistics);
	miracast_device_set_statistic(device, "frames-in", statistics.frames_in);
	miracast_device_set_statistic(device, "frames-encoded", statistics.frames_encoded);
	miracast_device_set_statistic(device, "frames-dropped", statistics.frames_dropped);
	miracast_device_set_statistic(device, "frames-repeated", statistics.frames_repeated);
	miracast_device_set_statistic(device, "cursor-pictures", statistics.cursor_pictures);
	miracast_device_set_statistic(device, "converted-bytes", statistics.converted_bytes);
	miracast_device_set_statistic(device, "keyframes", statistics.keyframes);
	miracast_device_set_statistic(device, "encoded-bytes", statistics.encoded_bytes);
	miracast_device_set_statistic(device, "rtp-packets", statistics.packets);
	miracast_device_set_statistic(device, "rtp-packets-dropped", statistics.packets_dropped);
	miracast_device_set_statistic(device, "encoder-kbit", statistics.kbit);
	miracast_device_set_statistic(device, "encoder-fps", statistics.fps);
	if (statistics.reports) {
		miracast_device_set_statistic(device, "sink-rtp-lost", statistics.packets_lost);
		miracast_device_set_statistic(device, "sink-jitter-us", statistics.jitter_us);
	}
	if (input) {
		WfdInputStatistics from_sink;

		wfd_input_get_statistics(input, &from_sink);
		miracast_device_set_statistic(device, "input-messages", from_sink.messages);
		miracast_device_set_statistic(device, "input-lost", from_sink.lost);
	}
	if (sound) {
		miracast_device_set_statistic(device, "sound-frames", statistics.sound.played);
		miracast_device_set_statistic(device, "sound-frames-lost", statistics.sound.lost);
	}
	if (statistics.frames_encoded)
		miracast_device_set_statistic(device, "encode-us",
					      statistics.encode_ns / 1000 /
						      statistics.frames_encoded);
	miracast_device_set_statistic(device, "longest-send-us", statistics.longest_send_us);
}
