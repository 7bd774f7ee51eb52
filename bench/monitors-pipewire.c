// SPDX-License-Identifier: GPL-2.0-or-later
/* Who has the pictures of a compositor's own monitor: a stream of PipeWire's. */
#include "monitors.h"

#include <pipewire/pipewire.h>
#include <spa/param/video/format-utils.h>
#include <unistd.h>

struct screen {
	struct album *album;
	struct pw_stream *stream;
};

static void process(void *data)
{
	struct screen *screen = data;
	struct pw_buffer *buffer = pw_stream_dequeue_buffer(screen->stream);
	const struct spa_data *it;

	if (!buffer)
		return;
	told(screen->album);
	it = &buffer->buffer->datas[0];
	if (it->data && it->chunk->size)
		have(screen->album, (char *)it->data + it->chunk->offset, it->chunk->stride);
	pw_stream_queue_buffer(screen->stream, buffer);
}

static const struct pw_stream_events events = {PW_VERSION_STREAM_EVENTS, .process = process};

void receive_pipewire(struct album *album, int ready)
{
	struct screen screen = {.album = album};
	uint8_t space[1024];
	struct spa_pod_builder builder = SPA_POD_BUILDER_INIT(space, sizeof(space));
	struct spa_video_info_raw video = {
		.format = SPA_VIDEO_FORMAT_BGRx,
		.size = {WIDTH, HEIGHT},
	};
	const struct spa_pod *format =
		spa_format_video_raw_build(&builder, SPA_PARAM_EnumFormat, &video);
	struct pw_main_loop *loop;

	pw_init(NULL, NULL);
	loop = pw_main_loop_new(NULL);
	screen.stream = pw_stream_new_simple(
		pw_main_loop_get_loop(loop), "screen",
		pw_properties_new(PW_KEY_MEDIA_TYPE, "Video", PW_KEY_MEDIA_CATEGORY, "Capture",
				  PW_KEY_TARGET_OBJECT, "weston.pipewire", NULL),
		&events, &screen);
	if (!screen.stream ||
	    pw_stream_connect(screen.stream, PW_DIRECTION_INPUT, PW_ID_ANY,
			      PW_STREAM_FLAG_AUTOCONNECT | PW_STREAM_FLAG_MAP_BUFFERS, &format, 1))
		die("no stream");
	if (write(ready, "", 1) != 1)
		die("ready");
	pw_main_loop_run(loop);
	die("the stream has ended");
}
