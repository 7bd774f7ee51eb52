// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * miracast-sink itself, against a source that this test plays: real sockets, real media, hostile
 * bytes. The path of the program is the argument.
 */
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <json-glib/json-glib.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define GUARD_S 60 /* a hang guard, no measure */
#define URI	"rtsp://localhost/wfd1.0"
#define BLUE	0xff2060c0

static const char *program;

typedef struct {
	GSocket *listener;
	GSocket *connection;
	GSubprocess *sink;
	int viewer; /* this end of --viewer's; -1: there is none */
	int viewer_of_sink; /* to be given to the next sink */
	GString *in;
	GstElement *media;
	char *dir;
	char *json_path;
	char *png_path;
	guint16 port;
	guint16 rtp_port;
	guint cseq;
	guint packets; /* of media, seen by drop_some() */
	guint32 colour; /* of media */
	const char *m4; /* lines that M4 has besides, or NULL */
} SinkTestSource;

static GSocket *new_socket(GSocketType type, const char *address, guint16 port)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GSocketAddress) local = g_inet_socket_address_new_from_string(address, port);
	GSocket *socket =
		g_socket_new(G_SOCKET_FAMILY_IPV4, type, G_SOCKET_PROTOCOL_DEFAULT, &error);

	g_assert_no_error(error);
	g_socket_bind(socket, local, TRUE, &error);
	g_assert_no_error(error);
	g_socket_set_timeout(socket, GUARD_S);
	return socket;
}

static guint16 port_of(GSocket *socket)
{
	g_autoptr(GSocketAddress) address = g_socket_get_local_address(socket, NULL);

	return g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address));
}

static void start_listening(SinkTestSource *s)
{
	g_autoptr(GError) error = NULL;

	s->listener = new_socket(G_SOCKET_TYPE_STREAM, "127.0.0.1", s->port);
	g_socket_listen(s->listener, &error);
	g_assert_no_error(error);
	s->port = port_of(s->listener);
}

static void set_up(SinkTestSource *s, gconstpointer data)
{
	s->dir = g_dir_make_tmp("miracast-sink-XXXXXX", NULL);
	s->json_path = g_build_filename(s->dir, "statistics.json", NULL);
	s->png_path = g_build_filename(s->dir, "picture.png", NULL);
	s->in = g_string_new(NULL);
	s->viewer = s->viewer_of_sink = -1;
	s->colour = BLUE;
	start_listening(s);
}

static void hang_up(SinkTestSource *s)
{
	if (s->connection)
		g_socket_close(s->connection, NULL);
	g_clear_object(&s->connection);
}

static void tear_down(SinkTestSource *s, gconstpointer data)
{
	if (s->media)
		gst_element_set_state(s->media, GST_STATE_NULL);
	g_clear_object(&s->media);
	hang_up(s);
	g_clear_object(&s->listener);
	if (s->sink)
		g_subprocess_force_exit(s->sink);
	g_clear_object(&s->sink);
	if (s->viewer >= 0)
		close(s->viewer);
	g_remove(s->json_path);
	g_remove(s->png_path);
	g_rmdir(s->dir);
	g_free(s->json_path);
	g_free(s->png_path);
	g_free(s->dir);
	g_string_free(s->in, TRUE);
}

/* Starts the sink with --json, --png if @picture, and the options, which are parted by spaces. */
static void run_sink(SinkTestSource *s, gboolean picture, const char *options)
{
	g_autoptr(GSubprocessLauncher)
		launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDERR_SILENCE);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_autofree char *address = g_strdup_printf("127.0.0.1:%u", s->port);
	const char *fixed[] = {program, address, "--json", s->json_path, NULL};
	const char *png[] = {"--png", s->png_path, NULL};
	g_auto(GStrv) words = g_strsplit(options, " ", 0);
	g_auto(GStrv) argv = NULL;
	g_autoptr(GError) error = NULL;

	g_strv_builder_addv(builder, fixed);
	if (picture)
		g_strv_builder_addv(builder, png);
	g_strv_builder_addv(builder, (const char **)words);
	argv = g_strv_builder_end(builder);
	if (s->viewer_of_sink >= 0)
		g_subprocess_launcher_take_fd(launcher, g_steal_fd(&s->viewer_of_sink), 3);
	s->sink = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv, &error);
	g_assert_no_error(error);
}

static void accept_sink(SinkTestSource *s)
{
	g_autoptr(GError) error = NULL;

	s->connection = g_socket_accept(s->listener, NULL, &error);
	g_assert_no_error(error);
	g_socket_set_timeout(s->connection, GUARD_S);
}

static gssize receive(SinkTestSource *s)
{
	g_autoptr(GError) error = NULL;
	char data[4096];
	gssize got = g_socket_receive(s->connection, data, sizeof(data), NULL, &error);

	if (got > 0)
		g_string_append_len(s->in, data, got);
	return error ? -1 : got;
}

/* The next message of the sink, which must begin with @start. */
static char *expect(SinkTestSource *s, const char *start)
{
	for (;;) {
		const char *end = strstr(s->in->str, "\r\n\r\n");
		const char *length = strstr(s->in->str, "Content-Length: ");
		gsize size;

		if (end) {
			size = end + 4 - s->in->str;
			if (length && length < end)
				size += g_ascii_strtoull(length + 16, NULL, 10);
			if (s->in->len >= size) {
				char *message = g_strndup(s->in->str, size);

				g_string_erase(s->in, 0, size);
				if (!g_str_has_prefix(message, start))
					g_error("the sink sent \"%s\", not \"%s\"", message, start);
				return message;
			}
		}
		if (receive(s) <= 0)
			g_error("no \"%s\" from the sink", start);
	}
}

static void expect_only(SinkTestSource *s, const char *start)
{
	g_free(expect(s, start));
}

static void say(SinkTestSource *s, const char *text)
{
	g_autoptr(GError) error = NULL;
	gsize size = strlen(text);

	g_assert_cmpint(g_socket_send(s->connection, text, size, NULL, &error), ==, size);
}

static void ask(SinkTestSource *s, const char *line, const char *body)
{
	g_autofree char *text =
		g_strdup_printf("%s RTSP/1.0\r\nCSeq: %u\r\nContent-Length: %zu\r\n\r\n%s", line,
				++s->cseq, strlen(body), body);

	say(s, text);
}

static void answer(SinkTestSource *s, const char *message, const char *headers)
{
	const char *cseq = strstr(message, "CSeq: ") + 6;
	g_autofree char *number = g_strndup(cseq, strcspn(cseq, "\r"));
	g_autofree char *whole =
		g_strdup_printf("RTSP/1.0 200 OK\r\nCSeq: %s\r\n%s\r\n", number, headers);

	say(s, whole);
}

static void m1_to_m3(SinkTestSource *s)
{
	g_autofree char *m2 = NULL;
	g_autofree char *m3 = NULL;
	const char *port;

	ask(s, "OPTIONS *", "");
	expect_only(s, "RTSP/1.0 200 OK\r\n");
	m2 = expect(s, "OPTIONS * RTSP/1.0\r\n");
	answer(s, m2,
	       "Public: org.wfa.wfd1.0, SETUP, TEARDOWN, PLAY, PAUSE, GET_PARAMETER, "
	       "SET_PARAMETER\r\n");
	ask(s, "GET_PARAMETER " URI, "wfd_client_rtp_ports\r\nwfd_video_formats\r\n");
	m3 = expect(s, "RTSP/1.0 200 OK\r\n");
	port = strstr(m3, "RTP/AVP/UDP;unicast ");
	g_assert_nonnull(port);
	s->rtp_port = g_ascii_strtoull(port + 20, NULL, 10);
	g_assert_cmpuint(s->rtp_port, >, 0);
}

static void m4_to_m7(SinkTestSource *s)
{
	g_autofree char *m4 = g_strdup_printf(
		"wfd_video_formats: 00 00 01 02 00000001 00000000 00000000 00 0000 0000 00 none none\r\n"
		"wfd_presentation_URL: rtsp://127.0.0.1/wfd1.0/streamid=0 none\r\n"
		"wfd_client_rtp_ports: RTP/AVP/UDP;unicast %u 0 mode=play\r\n%s",
		s->rtp_port, s->m4 ? s->m4 : "");
	g_autofree char *m6 = NULL;
	g_autofree char *m7 = NULL;

	ask(s, "SET_PARAMETER " URI, m4);
	expect_only(s, "RTSP/1.0 200 OK\r\n");
	ask(s, "SET_PARAMETER " URI, "wfd_trigger_method: SETUP\r\n");
	expect_only(s, "RTSP/1.0 200 OK\r\n");
	m6 = expect(s, "SETUP rtsp://127.0.0.1/wfd1.0/streamid=0 RTSP/1.0\r\n");
	answer(s, m6, "Session: 1234;timeout=30\r\n");
	m7 = expect(s, "PLAY ");
	answer(s, m7, "Session: 1234\r\n");
}

static GstPadProbeReturn drop_some(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	SinkTestSource *s = user_data;

	return ++s->packets % 20 == 0 ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

/* Streams a picture of one colour, 640x480, until tear_down(). FALSE if there is no encoder here. */
static gboolean stream(SinkTestSource *s, gboolean lossy)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GstElementFactory) encoder = gst_element_factory_find("x264enc");
	g_autofree char *description = g_strdup_printf(
		"videotestsrc is-live=true pattern=solid-color foreground-color=%u ! "
		"video/x-raw,width=640,height=480,framerate=30/1 ! "
		"x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ! "
		"video/x-h264,profile=constrained-baseline ! mpegtsmux alignment=1 ! rtpmp2tpay mtu=300 ! "
		"identity name=last ! udpsink host=127.0.0.1 port=%u sync=false",
		s->colour, s->rtp_port);

	if (!encoder) {
		g_test_skip("x264enc is not installed");
		return FALSE;
	}
	s->media = gst_object_ref_sink(gst_parse_launch(description, &error));
	g_assert_no_error(error);
	if (lossy) {
		g_autoptr(GstElement) last = gst_bin_get_by_name(GST_BIN(s->media), "last");
		g_autoptr(GstPad) pad = gst_element_get_static_pad(last, "sink");

		gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, drop_some, s, NULL);
	}
	gst_element_set_state(s->media, GST_STATE_PLAYING);
	return TRUE;
}

/* A frame with ADTS is one of MPEG-2, which GStreamer calls MPEG-4. */
static GstPadProbeReturn name_mpeg2(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
	GstMapInfo map;

	GST_PAD_PROBE_INFO_DATA(info) = buffer;
	g_assert_true(gst_buffer_map(buffer, &map, GST_MAP_READWRITE));
	map.data[1] |= 0x08;
	gst_buffer_unmap(buffer, &map);
	return GST_PAD_PROBE_OK;
}

/* Streams flashes and clicks, one a second, until tear_down(): the clicks so much later. */
static void stream_flashes(SinkTestSource *s, gint late_ms)
{
	g_autofree char *description = g_strdup_printf(
		"mpegtsmux name=mux alignment=7 ! rtpmp2tpay ! udpsink host=127.0.0.1 port=%u "
		"videotestsrc pattern=blink ! "
		"video/x-raw,width=640,height=480,framerate=2/1 ! "
		"x264enc tune=zerolatency speed-preset=ultrafast key-int-max=2 ! "
		"video/x-h264,profile=constrained-baseline ! queue ! mux.sink_4113 "
		"audiotestsrc wave=ticks freq=2000 sine-periods-per-tick=10 volume=0.9 "
		"timestamp-offset=%" G_GINT64_FORMAT " ! audio/x-raw,rate=48000,channels=2 ! "
		"avenc_aac ! aacparse ! audio/mpeg,stream-format=adts ! identity name=adts ! queue "
		"! mux.sink_4352",
		/* The second picture is the first bright one. */
		s->rtp_port, (500 + late_ms) * (gint64)GST_MSECOND);
	g_autoptr(GError) error = NULL;
	g_autoptr(GstElement) adts = NULL;
	g_autoptr(GstPad) pad = NULL;

	s->media = gst_object_ref_sink(gst_parse_launch(description, &error));
	g_assert_no_error(error);
	adts = gst_bin_get_by_name(GST_BIN(s->media), "adts");
	pad = gst_element_get_static_pad(adts, "src");
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, name_mpeg2, NULL, NULL);
	gst_element_set_state(s->media, GST_STATE_PLAYING);
}

/*
 * Answers the requests for keyframes, which a sink sends as it needs, that come before the message
 * with @start.
 */
static char *skip_to(SinkTestSource *s, const char *start)
{
	for (;;) {
		g_autofree char *message = expect(s, "");

		if (g_str_has_prefix(message, start))
			return g_steal_pointer(&message);
		if (!g_str_has_prefix(message, "SET_PARAMETER ") ||
		    !strstr(message, "wfd_idr_request"))
			g_error("the sink sent \"%s\", not \"%s\"", message, start);
		answer(s, message, "");
	}
}

static void expect_teardown(SinkTestSource *s)
{
	g_autofree char *m8 = skip_to(s, "TEARDOWN ");

	g_assert_nonnull(strstr(m8, "Session: 1234\r\n"));
	answer(s, m8, "");
}

/* Waits for the sink to end, and reads its statistics. */
static JsonObject *finish(SinkTestSource *s, int status, const char *reason, JsonParser **parser)
{
	g_autoptr(GError) error = NULL;
	JsonObject *statistics;

	g_subprocess_wait(s->sink, NULL, &error);
	g_assert_no_error(error);
	*parser = json_parser_new();
	json_parser_load_from_file(*parser, s->json_path, &error);
	g_assert_no_error(error);
	statistics = json_node_get_object(json_parser_get_root(*parser));
	g_assert_cmpstr(json_object_get_string_member(statistics, "reason"), ==, reason);
	g_assert_cmpstr(json_object_get_string_member(statistics, "result"), ==,
			status ? "fail" : "ok");
	g_assert_cmpuint(strlen(json_object_get_string_member(statistics, "sentence")), >, 0);
	g_assert_true(g_subprocess_get_if_exited(s->sink));
	g_assert_cmpint(g_subprocess_get_exit_status(s->sink), ==, status);
	return statistics;
}

static void finish_only(SinkTestSource *s, int status, const char *reason)
{
	g_autoptr(JsonParser) parser = NULL;

	finish(s, status, reason, &parser);
}

static gint64 media_number(JsonObject *statistics, const char *name)
{
	return json_object_get_int_member(json_object_get_object_member(statistics, "media"), name);
}

/* The colour in the middle of the PNG, as 0xRRGGBB, and its size. */
static guint32 png_colour(const char *path, int *width, int *height)
{
	g_autofree char *description =
		g_strdup_printf("filesrc location=%s ! pngdec ! videoconvert ! "
				"video/x-raw,format=RGBx ! appsink name=out",
				path);
	g_autoptr(GError) error = NULL;
	g_autoptr(GstElement) pipeline = gst_object_ref_sink(gst_parse_launch(description, &error));
	g_autoptr(GstElement) out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
	g_autoptr(GstSample) sample = NULL;
	GstStructure *structure;
	GstMapInfo map;
	guint32 colour;
	const guint8 *pixel;

	g_assert_no_error(error);
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	sample = gst_app_sink_try_pull_sample(GST_APP_SINK(out), GUARD_S * GST_SECOND);
	g_assert_nonnull(sample);
	structure = gst_caps_get_structure(gst_sample_get_caps(sample), 0);
	gst_structure_get_int(structure, "width", width);
	gst_structure_get_int(structure, "height", height);
	gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ);
	g_assert_cmpuint(map.size, ==, *width * *height * 4);
	pixel = map.data + (*height / 2 * *width + *width / 2) * 4;
	colour = pixel[0] << 16 | pixel[1] << 8 | pixel[2];
	gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
	gst_element_set_state(pipeline, GST_STATE_NULL);
	return colour;
}

static void assert_picture(SinkTestSource *s)
{
	int width, height;
	guint32 colour = png_colour(s->png_path, &width, &height);

	g_assert_cmpint(width, ==, 640);
	g_assert_cmpint(height, ==, 480);
	for (guint shift = 0; shift < 24; shift += 8)
		g_assert_cmpint(
			ABS((int)(colour >> shift & 0xff) - (int)(s->colour >> shift & 0xff)), <=,
			2);
}

/* @data: how much later the stream's times have the clicks, in ms */
static void test_flashes(SinkTestSource *s, gconstpointer data)
{
	g_autoptr(JsonParser) parser = NULL;
	gint late_ms = GPOINTER_TO_INT(data);
	JsonObject *statistics;
	gboolean complained = FALSE;
	JsonArray *violations;
	gint64 ahead_us;

	run_sink(s, FALSE, "--frames 12 --flashes");
	accept_sink(s);
	m1_to_m3(s);
	s->m4 = "wfd_audio_codecs: AAC 00000001 00\r\n";
	m4_to_m7(s);
	stream_flashes(s, late_ms);
	expect_teardown(s);
	statistics = finish(s, 0, "frames-reached", &parser);
	g_assert_cmpint(media_number(statistics, "flash_pairs"), >=, 3);
	ahead_us = media_number(statistics, "click_ahead_us");
	g_test_message("a click is heard %" G_GINT64_FORMAT " us before its flash", ahead_us);
	/* Its encoder's first frame, of 21 ms, is none of the sound. */
	g_assert_cmpint(ABS(ahead_us + late_ms * 1000), <, 45000);
	violations = json_object_get_array_member(json_object_get_object_member(statistics, "rtsp"),
						  "violations");
	for (guint i = 0; i < json_array_get_length(violations); i++)
		complained |= strstr(json_array_get_string_element(violations, i),
				     "the picture of its instant") != NULL;
	g_assert_cmpint(complained, ==, late_ms > 125 || late_ms < -45);
}

static void test_picture(SinkTestSource *s, gconstpointer data)
{
	g_autoptr(JsonParser) parser = NULL;
	JsonObject *statistics, *png;

	if (data)
		s->colour = GPOINTER_TO_UINT(data);
	run_sink(s, TRUE, "--frames 30");
	accept_sink(s);
	m1_to_m3(s);
	m4_to_m7(s);
	if (!stream(s, FALSE))
		return;
	expect_teardown(s);
	statistics = finish(s, 0, "frames-reached", &parser);
	g_assert_cmpint(media_number(statistics, "frames_decoded"), >=, 30);
	g_assert_cmpint(media_number(statistics, "keyframes"), >=, 1);
	g_assert_cmpint(media_number(statistics, "rtp_packets"), >=, 30);
	g_assert_cmpint(media_number(statistics, "width"), ==, 640);
	g_assert_cmpint(media_number(statistics, "first_frame_us"), >, 0);
	png = json_object_get_object_member(statistics, "png");
	g_assert_cmpint(json_object_get_int_member(png, "frame"), >=, 30);
	assert_picture(s);
}

/* The next thing that the viewer is told, and the file that came with it, or -1. */
static char *viewer_hears(SinkTestSource *s, int *file)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char text[1000];
	struct iovec part = {.iov_base = text, .iov_len = sizeof(text)};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct pollfd pollfd = {.fd = s->viewer, .events = POLLIN};
	struct cmsghdr *files;
	ssize_t n;

	g_assert_cmpint(poll(&pollfd, 1, GUARD_S * 1000), ==, 1);
	n = recvmsg(s->viewer, &message, 0);
	g_assert_cmpint(n, >, 0);
	files = CMSG_FIRSTHDR(&message);
	*file = -1;
	if (files)
		memcpy(file, CMSG_DATA(files), sizeof(int));
	return g_strndup(text, n);
}

static void viewer_is_told(SinkTestSource *s, const char *expected)
{
	int file;
	g_autofree char *text = viewer_hears(s, &file);

	g_assert_cmpstr(text, ==, expected);
	g_assert_cmpint(file, ==, -1);
}

/* Of the colour that is sent, and nobody can change it. */
static void viewer_sees(SinkTestSource *s)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int file;
	g_autofree char *text = viewer_hears(s, &file);
	struct stat status;
	guint8 pixel[4];

	g_assert_cmpstr(text, ==, "picture 640 480");
	g_assert_cmpint(fcntl(file, F_GET_SEALS), ==, seals);
	g_assert_cmpint(fstat(file, &status), ==, 0);
	g_assert_cmpint(status.st_size, ==, 640 * 480 * 4);
	g_assert_cmpint(pread(file, pixel, 4, (240 * 640 + 320) * 4), ==, 4);
	for (guint i = 0; i < 3; i++)
		g_assert_cmpint(ABS((int)pixel[i] - (int)(s->colour >> i * 8 & 0xff)), <=, 6);
	g_assert_cmpuint(pixel[3], ==, 255);
	close(file);
}

/* What a person does is sent where M4 says, if it makes sense. */
static void test_viewer_input(SinkTestSource *s, gconstpointer data)
{
	/* DOWN of one pointer, 0, at 100, 200; KEY_DOWN of "a": WFD 2.1, tables 14 to 19. */
	static const guint8 down[] = {0x00, 0x00, 0x00, 0x0e, 0x00, 0x00, 0x06,
				      0x01, 0x00, 0x00, 0x64, 0x00, 0xc8};
	static const char *const does[] = {"input nonsense 1 2", "input", "input raw xx",
					   "input down 0 100 200"};
	g_autoptr(GSocket) listener = new_socket(G_SOCKET_TYPE_STREAM, "127.0.0.1", 0);
	g_autofree char *m4 = g_strdup_printf(
		"wfd_uibc_capability: input_category_list=GENERIC;generic_cap_list=Keyboard, "
		"Mouse;hidc_cap_list=none;port=%u\r\nwfd_uibc_setting: enable\r\n",
		port_of(listener));
	g_autoptr(GSocket) input = NULL;
	g_autoptr(GError) error = NULL;
	char bytes[sizeof(down) + 1];
	g_autofree char *text = NULL;
	int ends[2], file;

	g_assert_no_errno(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
	s->viewer = ends[0];
	s->viewer_of_sink = ends[1];
	s->m4 = m4;
	g_socket_listen(listener, &error);
	g_assert_no_error(error);
	run_sink(s, FALSE, "--viewer 3");
	accept_sink(s);
	m1_to_m3(s);
	m4_to_m7(s);
	input = g_socket_accept(listener, NULL, &error);
	g_assert_no_error(error);
	g_free(viewer_hears(s, &file));
	viewer_is_told(s, "source 127.0.0.1");
	viewer_is_told(s, "input on");
	for (guint i = 0; i < G_N_ELEMENTS(does); i++)
		g_assert_cmpint(send(s->viewer, does[i], strlen(does[i]), 0), ==, strlen(does[i]));
	g_socket_set_timeout(input, GUARD_S);
	g_assert_cmpint(g_socket_receive(input, bytes, sizeof(bytes), NULL, &error), >=,
			sizeof(down));
	g_assert_cmpmem(bytes + 4, sizeof(down) - 4, down + 4, sizeof(down) - 4);
	/* Disabled, and nothing is sent any more. */
	ask(s, "SET_PARAMETER " URI, "wfd_uibc_setting: disable\r\n");
	viewer_is_told(s, "input off");
	g_assert_cmpint(send(s->viewer, does[3], strlen(does[3]), 0), >, 0);
	g_socket_set_timeout(input, 1);
	g_assert_cmpint(g_socket_receive(input, bytes, sizeof(bytes), NULL, &error), <=, 0);
}

static void test_viewer(SinkTestSource *s, gconstpointer data)
{
	g_autofree char *waiting = g_strdup_printf("waiting 127.0.0.1:%u", s->port);
	g_autoptr(JsonParser) parser = NULL;
	struct pollfd pollfd = {.events = POLLIN};
	JsonObject *statistics;
	int ends[2];

	g_assert_no_errno(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
	s->viewer = pollfd.fd = ends[0];
	s->viewer_of_sink = ends[1];
	run_sink(s, FALSE, "--viewer 3");
	accept_sink(s);
	m1_to_m3(s);
	m4_to_m7(s);
	viewer_is_told(s, waiting);
	viewer_is_told(s, "source 127.0.0.1");
	if (!stream(s, FALSE))
		return;
	/* Each waits for its answer. */
	for (guint i = 0; i < 10; i++) {
		viewer_sees(s);
		g_assert_cmpint(poll(&pollfd, 1, i ? 100 : 1000), ==, 0);
		g_assert_cmpint(send(s->viewer, "volume 50", 9, 0), ==, 9);
		g_assert_cmpint(send(s->viewer, "nonsense", 8, 0), ==, 8);
		g_assert_cmpint(send(s->viewer, "drawn", 5, 0), ==, 5);
	}
	close(s->viewer);
	s->viewer = -1;
	expect_teardown(s);
	statistics = finish(s, 0, "interrupted", &parser);
	g_assert_cmpint(media_number(statistics, "frames_shown"), >=, 10);
	g_assert_cmpint(media_number(statistics, "frames_decoded"), >, 20);
}

static void test_picture_on_signal(SinkTestSource *s, gconstpointer data)
{
	run_sink(s, TRUE, "");
	accept_sink(s);
	m1_to_m3(s);
	m4_to_m7(s);
	if (!stream(s, FALSE))
		return;
	/* The first may come before the first picture. */
	while (!g_file_test(s->png_path, G_FILE_TEST_EXISTS)) {
		g_subprocess_send_signal(s->sink, SIGUSR1);
		g_usleep(G_USEC_PER_SEC / 10);
	}
	assert_picture(s);
	ask(s, "SET_PARAMETER " URI, "wfd_trigger_method: TEARDOWN\r\n");
	g_free(skip_to(s, "RTSP/1.0 200 OK\r\n"));
	expect_teardown(s);
	finish_only(s, 0, "source-teardown");
}

/* Loss is counted, and makes the sink ask for a keyframe (M13). */
static void test_loss(SinkTestSource *s, gconstpointer data)
{
	g_autoptr(JsonParser) parser = NULL;
	g_autofree char *m13 = NULL;
	JsonObject *statistics;

	run_sink(s, FALSE, "");
	accept_sink(s);
	m1_to_m3(s);
	m4_to_m7(s);
	if (!stream(s, TRUE))
		return;
	m13 = expect(s, "SET_PARAMETER rtsp://127.0.0.1/wfd1.0/streamid=0 RTSP/1.0\r\n");
	g_assert_true(g_str_has_suffix(m13, "\r\n\r\nwfd_idr_request\r\n"));
	hang_up(s);
	statistics = finish(s, 1, "connection-closed", &parser);
	g_assert_cmpint(media_number(statistics, "rtp_lost"), >, 0);
	g_assert_cmpint(media_number(statistics, "ts_continuity_errors"), >, 0);
}

/* RTP from another address than the source's is dropped. */
static void test_foreign_rtp(SinkTestSource *s, gconstpointer data)
{
	g_autoptr(JsonParser) parser = NULL;
	g_autoptr(GSocket) stranger = new_socket(G_SOCKET_TYPE_DATAGRAM, "127.0.0.2", 0);
	g_autoptr(GSocket) own = new_socket(G_SOCKET_TYPE_DATAGRAM, "127.0.0.1", 0);
	g_autoptr(GSocketAddress) to = NULL;
	JsonObject *statistics;
	char packet[12 + 188] = {(char)0x80, 33};

	run_sink(s, FALSE, "");
	accept_sink(s);
	m1_to_m3(s);
	m4_to_m7(s);
	to = g_inet_socket_address_new_from_string("127.0.0.1", s->rtp_port);
	packet[12] = 0x47;
	for (guint i = 0; i < 3; i++)
		g_socket_send_to(stranger, to, packet, sizeof(packet), NULL, NULL);
	g_socket_send_to(own, to, packet, sizeof(packet), NULL, NULL);
	/* With RTP but no picture the sink asks for a keyframe: so it has seen the last packet. */
	expect_only(s, "SET_PARAMETER ");
	hang_up(s);
	statistics = finish(s, 1, "connection-closed", &parser);
	g_assert_cmpint(media_number(statistics, "rtp_foreign"), ==, 3);
	g_assert_cmpint(media_number(statistics, "rtp_packets"), ==, 1);
}

/* Whatever comes as RTP, the sink lives on and can say how much of it. */
static void test_garbage_rtp(SinkTestSource *s, gconstpointer data)
{
	g_autoptr(JsonParser) parser = NULL;
	g_autoptr(GSocket) own = new_socket(G_SOCKET_TYPE_DATAGRAM, "127.0.0.1", 0);
	g_autoptr(GSocketAddress) to = NULL;
	g_autoptr(GRand) random = g_rand_new_with_seed(5);
	JsonObject *statistics;

	run_sink(s, FALSE, "");
	accept_sink(s);
	m1_to_m3(s);
	m4_to_m7(s);
	to = g_inet_socket_address_new_from_string("127.0.0.1", s->rtp_port);
	for (guint i = 0; i < 2000; i++) {
		guint8 packet[12 + 7 * 188];
		gsize size = g_rand_int_range(random, 1, sizeof(packet) + 1);

		for (gsize n = 0; n < size; n++)
			packet[n] = g_rand_int(random);
		/* Three of four are RTP as far as the head goes, and half of those hold PAT and PMT PIDs. */
		if (i % 4 && size > 12) {
			packet[0] = 0x80;
			packet[1] = 33;
			packet[2] = i >> 8;
			packet[3] = i;
			memset(packet + 8, 1, 4);
			for (gsize n = 12; n + 4 < size; n += 188) {
				packet[n] = 0x47;
				if (i % 2) {
					packet[n + 1] = 0x40;
					packet[n + 2] = 0;
				}
			}
		}
		g_socket_send_to(own, to, (char *)packet, size, NULL, NULL);
		if (i % 100 == 99)
			g_usleep(1000);
	}
	/* A machine with much to do has not read them at once. */
	g_usleep(G_USEC_PER_SEC);
	ask(s, "GET_PARAMETER " URI, "");
	g_free(skip_to(s, "RTSP/1.0 200 OK\r\n"));
	g_subprocess_send_signal(s->sink, SIGTERM);
	expect_teardown(s);
	statistics = finish(s, 1, "interrupted", &parser);
	g_assert_cmpint(media_number(statistics, "rtp_packets"), >, 0);
}

static void test_connect_failed(SinkTestSource *s, gconstpointer data)
{
	g_clear_object(&s->listener);
	run_sink(s, FALSE, "--connect-timeout 0.5");
	finish_only(s, 1, "connect-failed");
}

/* A source that begins to listen late is found by trying again. */
static void test_late_source(SinkTestSource *s, gconstpointer data)
{
	g_clear_object(&s->listener);
	run_sink(s, FALSE, "--connect-timeout 60");
	g_usleep(G_USEC_PER_SEC);
	start_listening(s);
	accept_sink(s);
	m1_to_m3(s);
	hang_up(s);
	finish_only(s, 1, "connection-closed");
}

static void test_timeout(SinkTestSource *s, gconstpointer data)
{
	run_sink(s, FALSE, "--frames 1 --timeout 2");
	accept_sink(s);
	m1_to_m3(s);
	m4_to_m7(s);
	expect_teardown(s);
	finish_only(s, 1, "timeout");
}

static void test_source_silent(SinkTestSource *s, gconstpointer data)
{
	run_sink(s, FALSE, "--session-timeout 0.5");
	accept_sink(s);
	finish_only(s, 1, "source-silent");
}

static void test_response_timeout(SinkTestSource *s, gconstpointer data)
{
	run_sink(s, FALSE, "--response-timeout 0.5");
	accept_sink(s);
	ask(s, "OPTIONS *", "");
	finish_only(s, 1, "response-timeout");
}

static void test_not_rtsp(SinkTestSource *s, gconstpointer data)
{
	run_sink(s, FALSE, "");
	accept_sink(s);
	say(s, "SSH-2.0-OpenSSH_9.2\r\n\r\n");
	finish_only(s, 1, "rtsp-malformed");
}

/* A source that sends without end and never reads: the sink does not grow, hang or crash. */
static void test_flood(SinkTestSource *s, gconstpointer data)
{
	static const char *const pieces[] = {
		"AAAAAAAA", "OPTIONS * RTSP/1.0\r\nX: y\r\nX: y\r\n",
		"OPTIONS * RTSP/1.0\r\nContent-Length: 99999999\r\n\r\n"};
	const char *piece = pieces[GPOINTER_TO_INT(data)];
	g_autoptr(GString) block = g_string_new(NULL);

	while (block->len < 64 * 1024)
		g_string_append(block, piece);
	run_sink(s, FALSE, "");
	accept_sink(s);
	while (g_socket_send(s->connection, block->str, block->len, NULL, NULL) > 0)
		continue;
	finish_only(s, 1, "rtsp-oversize");
}

/* Millions of requests whose answers nobody reads: the sink stops reading, and the clock ends it. */
static void test_request_flood(SinkTestSource *s, gconstpointer data)
{
	g_autoptr(GString) block = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	while (block->len < 64 * 1024)
		g_string_append(block, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n");
	run_sink(s, FALSE, "--session-timeout 1");
	accept_sink(s);
	while (g_socket_send(s->connection, block->str, block->len, NULL, &error) > 0)
		continue;
	g_assert_false(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
	g_subprocess_wait(s->sink, NULL, NULL);
	g_assert_true(g_subprocess_get_if_exited(s->sink));
	g_assert_cmpint(g_subprocess_get_exit_status(s->sink), ==, 1);
}

static void test_split(SinkTestSource *s, gconstpointer data)
{
	run_sink(s, FALSE, "--misbehave split-messages");
	accept_sink(s);
	m1_to_m3(s);
	m4_to_m7(s);
	hang_up(s);
	finish_only(s, 1, "connection-closed");
}

static void test_coalesced(SinkTestSource *s, gconstpointer data)
{
	run_sink(s, FALSE, "--misbehave coalesced-messages");
	accept_sink(s);
	ask(s, "OPTIONS *", "");
	g_assert_cmpint(receive(s), >, 0);
	expect_only(s, "RTSP/1.0 200 OK\r\n");
	/* The rest of what one receive brought. */
	g_assert_true(g_str_has_prefix(s->in->str, "OPTIONS * RTSP/1.0\r\n"));
	g_assert_true(g_str_has_suffix(s->in->str, "\r\n\r\n"));
	hang_up(s);
	finish_only(s, 1, "connection-closed");
}

static void test_garbage_to_source(SinkTestSource *s, gconstpointer data)
{
	gsize total = 0;
	gssize got;

	run_sink(s, FALSE, "--misbehave garbage");
	accept_sink(s);
	ask(s, "OPTIONS *", "");
	expect_only(s, "RTSP/1.0 200 OK\r\n");
	g_autofree char *m2 = expect(s, "OPTIONS ");
	answer(s, m2, "");
	ask(s, "GET_PARAMETER " URI, "wfd_video_formats\r\n");
	while (total < 1024 * 1024) {
		g_string_truncate(s->in, 0);
		got = receive(s);
		g_assert_cmpint(got, >, 0);
		total += got;
	}
	hang_up(s);
	finish_only(s, 1, "connection-closed");
}

static void test_usage(void)
{
	static const struct {
		const char *args[6];
		int status;
	} cases[] = {
		{{"--version"}, 0},
		{{"--help"}, 0},
		{{"--help-tests"}, 0},
		{{NULL}, 2},
		{{"127.0.0.1", "127.0.0.2"}, 2},
		{{"127.0.0.1", "--no-such-option"}, 2},
		{{"127.0.0.1", "--frames", "many"}, 2},
		{{"127.0.0.1", "--frames", "-1"}, 2},
		{{"127.0.0.1", "--timeout", "-1"}, 2},
		{{"127.0.0.1", "--timeout", "nan"}, 2},
		{{"127.0.0.1", "--rtp-port", "65536"}, 2},
		{{"127.0.0.1", "--misbehave", "politely"}, 2},
		{{"127.0.0.1", "--edid", "/dev/null"}, 2},
		{{"127.0.0.1", "--caps", "/nonexistent"}, 2},
		{{"127.0.0.1", "--viewer", "0"}, 2},
		{{"127.0.0.1", "--viewer", "99"}, 2},
		{{"127.0.0.1", "--pairing", "show"}, 2},
		{{"--mice", "--intent", "15"}, 2},
		{{"--p2p", "wlan7", "--name", "Kitchen #1"}, 2},
		{{"--p2p", "wlan7", "--name", "Kitchen "}, 2},
		{{"127.0.0.1:port"}, 2},
		{{"127.0.0.1:99999"}, 2},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *argv[8] = {program};
		g_autoptr(GError) error = NULL;
		g_autoptr(GSubprocess) sink = NULL;
		g_autofree char *err = NULL;

		memcpy(argv + 1, cases[i].args, sizeof(cases[i].args));
		sink = g_subprocess_newv(
			argv, G_SUBPROCESS_FLAGS_STDERR_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE,
			&error);
		g_assert_no_error(error);
		g_subprocess_communicate_utf8(sink, NULL, NULL, NULL, &err, &error);
		g_assert_no_error(error);
		g_assert_true(g_subprocess_get_if_exited(sink));
		g_assert_cmpint(g_subprocess_get_exit_status(sink), ==, cases[i].status);
		if (cases[i].status)
			g_assert_true(g_str_has_prefix(err, "miracast-sink: "));
	}
}

#define ADD(name, function, data)                                                                  \
	g_test_add("/sink/program/" name, SinkTestSource, GINT_TO_POINTER(data), set_up, function, \
		   tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	gst_init(NULL, NULL);
	if (argc != 2) {
		g_printerr("usage: %s MIRACAST-SINK\n", argv[0]);
		return 2;
	}
	program = argv[1];
	g_test_add_func("/sink/program/usage", test_usage);
	ADD("picture", test_picture, 0);
	ADD("picture-white", test_picture, 0xffffffff);
	ADD("picture-grey", test_picture, 0xff808080);
	ADD("picture-red", test_picture, 0xffe01010);
	ADD("picture-on-signal", test_picture_on_signal, 0);
	ADD("viewer", test_viewer, 0);
	ADD("viewer-input", test_viewer_input, 0);
	ADD("flashes", test_flashes, 0);
	ADD("flashes-late", test_flashes, 200);
	ADD("flashes-early", test_flashes, -100);
	ADD("loss", test_loss, 0);
	ADD("foreign-rtp", test_foreign_rtp, 0);
	ADD("garbage-rtp", test_garbage_rtp, 0);
	ADD("connect-failed", test_connect_failed, 0);
	ADD("late-source", test_late_source, 0);
	ADD("timeout", test_timeout, 0);
	ADD("source-silent", test_source_silent, 0);
	ADD("response-timeout", test_response_timeout, 0);
	ADD("not-rtsp", test_not_rtsp, 0);
	ADD("flood", test_flood, 0);
	ADD("flood-of-headers", test_flood, 1);
	ADD("flood-of-lengths", test_flood, 2);
	ADD("flood-of-requests", test_request_flood, 0);
	ADD("split-messages", test_split, 0);
	ADD("coalesced-messages", test_coalesced, 0);
	ADD("garbage-to-source", test_garbage_to_source, 0);
	return g_test_run();
}
