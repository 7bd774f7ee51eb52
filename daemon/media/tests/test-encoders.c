// SPDX-License-Identifier: GPL-2.0-or-later
/* The encoders that are installed: what they write is what was asked for, and how fast they are is known. */
#include "card-encoder.h"
#include "media-encoders.h"

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

#define GUARD (30 * GST_SECOND)

#define SPS 7
#define PPS 8

/* What is behind the type of the first NAL unit of that type in a stream with start codes. */
static const guint8 *find_unit(const guint8 *data, gsize size, guint type)
{
	for (gsize i = 0; i + 7 < size; i++)
		if (!data[i] && !data[i + 1] && data[i + 2] == 1 && (data[i + 3] & 0x1f) == type)
			return data + i + 4;
	g_error("there is no unit of type %u", type);
}

/* H.264, 7.3.2.2, of the parameter sets of number 0. */
static gboolean has_cabac(const guint8 *pps)
{
	g_assert_cmphex(pps[0] & 0xc0, ==, 0xc0);
	return pps[0] & 0x20;
}

static void check_profile(const MediaEncoder *encoder, gboolean high)
{
	const MediaFormat format = {
		.width = 640, .height = 480, .fps = 30, .level = "3.1", .high_profile = high};
	g_autofree char *described = media_encoder_describe(encoder, &format, 2000);
	g_autofree char *text =
		g_strdup_printf("videotestsrc num-buffers=3 ! videoconvert %s"
				"! h264parse config-interval=-1 "
				"! video/x-h264,stream-format=byte-stream,alignment=au "
				"! appsink name=sink sync=false",
				described);
	g_autoptr(GError) error = NULL;
	g_autoptr(GstElement) pipeline = gst_parse_launch(text, &error);
	g_autoptr(GstElement) sink = NULL;
	g_autoptr(GstSample) sample = NULL;
	const guint8 *sps;
	GstMapInfo map;

	g_assert_no_error(error);
	sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), GUARD);
	g_assert_nonnull(sample);
	g_assert_true(gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ));
	sps = find_unit(map.data, map.size, SPS);
	g_test_message("%s, %s: profile %u, constraints %02x, level %u", encoder->name,
		       high ? "high" : "baseline", sps[0], sps[1], sps[2]);
	/* H.264, A.2: 66 with constraint 1 is Constrained Baseline. */
	g_assert_cmpuint(sps[0], ==, high ? 100 : 66);
	if (!high)
		g_assert_cmphex(sps[1] & 0x40, ==, 0x40);
	g_assert_cmpuint(sps[2], <=, 31);
	g_assert_false(has_cabac(find_unit(map.data, map.size, PPS)));
	gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
	gst_element_set_state(pipeline, GST_STATE_NULL);
}

static void test_profiles(void)
{
	const MediaEncoder *encoder;
	guint n = 0;

	for (guint i = 0; (encoder = media_encoder_get(i)); i++) {
		if (!media_encoder_is_good(encoder) || !media_encoder_works(encoder))
			continue;
		check_profile(encoder, FALSE);
		check_profile(encoder, TRUE);
		n++;
	}
	/* The build's own tree has x264enc and openh264enc. */
	g_assert_cmpuint(n, >=, 2);
}

#define TEXT_WIDTH    640
#define TEXT_HEIGHT   480
#define TEXT_PICTURES 40

static guint8 luma_at(guint x, guint y)
{
	guint glyph = (x / 10 * 2654435761u ^ y / 18 * 40503u) >> 7;

	return y % 18 < 14 && x % 10 < 8 && glyph >> (y % 18 / 3 * 4 + x % 10 / 2) & 1 ? 40 : 230;
}

static double psnr_of_text(GstSample *sample)
{
	GstVideoFrame frame;
	GstVideoInfo info;
	double error = 0;

	gst_video_info_from_caps(&info, gst_sample_get_caps(sample));
	g_assert_true(
		gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ));
	for (guint y = 0; y < TEXT_HEIGHT; y++) {
		const guint8 *row = (guint8 *)GST_VIDEO_FRAME_PLANE_DATA(&frame, 0) +
				    y * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0);

		for (guint x = 0; x < TEXT_WIDTH; x++)
			error += (row[x] - luma_at(x, y)) * (row[x] - luma_at(x, y));
	}
	gst_video_frame_unmap(&frame);
	return 10 * log10(255.0 * 255 * TEXT_WIDTH * TEXT_HEIGHT / MAX(error, 1));
}

/* A page of text that stands still: after @n pictures. */
static double psnr_after(const MediaEncoder *encoder, guint n)
{
	const MediaFormat format = {
		.width = TEXT_WIDTH, .height = TEXT_HEIGHT, .fps = 30, .level = "3.1"};
	g_autofree char *described = media_encoder_describe(encoder, &format, 2000);
	g_autofree char *text =
		g_strdup_printf("appsrc name=src is-live=true format=time "
				"caps=video/x-raw,format=I420,width=%u,height=%u,framerate=30/1 %s"
				"! h264parse ! avdec_h264 max-threads=1 ! video/x-raw,format=I420 "
				"! appsink name=sink sync=false",
				TEXT_WIDTH, TEXT_HEIGHT, described);
	g_autoptr(GError) error = NULL;
	g_autoptr(GstElement) pipeline = gst_parse_launch(text, &error);
	g_autoptr(GstElement) source = NULL, sink = NULL;
	GstClockTime pts = 0;
	GstVideoInfo info;
	double psnr = 0;

	g_assert_no_error(error);
	source = gst_bin_get_by_name(GST_BIN(pipeline), "src");
	sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
	gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, TEXT_WIDTH, TEXT_HEIGHT);
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	for (guint i = 0; i < n; i++) {
		GstBuffer *buffer = gst_buffer_new_allocate(NULL, info.size, NULL);
		g_autoptr(GstSample) sample = NULL;
		GstMapInfo map;

		gst_buffer_map(buffer, &map, GST_MAP_WRITE);
		memset(map.data, 0x80, map.size);
		for (guint at = 0; at < TEXT_WIDTH * TEXT_HEIGHT; at++)
			map.data[at] = luma_at(at % TEXT_WIDTH, at / TEXT_WIDTH);
		gst_buffer_unmap(buffer, &map);
		GST_BUFFER_PTS(buffer) = pts;
		/* As a stream repeats it. */
		pts += (i < 8 ? 80 : 500) * GST_MSECOND;
		gst_app_src_push_buffer(GST_APP_SRC(source), buffer);
		sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), GUARD);
		g_assert_nonnull(sample);
		psnr = psnr_of_text(sample);
	}
	gst_element_set_state(pipeline, GST_STATE_NULL);
	return psnr;
}

/* Text that stands still becomes as good as can be seen, and no better than that. */
static void test_quality(void)
{
	const MediaEncoder *encoder;

	for (guint i = 0; (encoder = media_encoder_get(i)); i++) {
		double psnr;

		if (!encoder->software || !media_encoder_works(encoder))
			continue;
		psnr = psnr_after(encoder, TEXT_PICTURES);
		g_test_message("%s: %.1f dB", encoder->name, psnr);
		/* openh264enc does not touch again what stands still. */
		g_assert_cmpfloat(psnr, >=, g_str_equal(encoder->name, "x264enc") ? 42 : 30);
		g_assert_cmpfloat(psnr, <=, 45);
	}
}

static guint64 rate_in(const char *path, const char *name)
{
	g_autoptr(GKeyFile) file = g_key_file_new();

	g_assert_true(g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL));
	return g_key_file_get_uint64(file, name, "pixels-per-second", NULL);
}

static void write_rate(const char *path, const char *name, guint64 rate, const char *version)
{
	g_autoptr(GKeyFile) file = g_key_file_new();

	g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL);
	g_key_file_set_uint64(file, name, "pixels-per-second", rate);
	if (version)
		g_key_file_set_string(file, name, "version", version);
	g_assert_true(g_key_file_save_to_file(file, path, NULL));
}

/* First of all, while there is one thread. */
static void test_measured(void)
{
	g_autofree char *folder = g_dir_make_tmp("encoders-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "encoders", NULL);
	g_autofree char *nowhere = g_build_filename(folder, "no", "encoders", NULL);
	const MediaEncoder *encoder = media_encoder_find("x264enc");
	guint64 before, measured, allowed;
	GStatBuf status;
	mode_t mask;

	g_assert_nonnull(encoder);
	before = media_encoder_pixel_rate(encoder);
	g_assert_cmpuint(before, ==, encoder->pixel_rate);
	/* Where nothing can be written, nothing is known. */
	media_encoders_measure(nowhere);
	before = media_encoder_pixel_rate(encoder);
	g_assert_cmpuint(before, ==, encoder->pixel_rate);

	/* As the service has it; doctor shows it to everybody all the same. */
	mask = umask(0077);
	media_encoders_measure(path);
	umask(mask);
	g_assert_cmpint(g_stat(path, &status), ==, 0);
	g_assert_cmphex(status.st_mode & 0777, ==, 0644);
	measured = rate_in(path, "x264enc");
	allowed = media_encoder_pixel_rate(encoder);
	g_test_message("x264enc: %" G_GUINT64_FORMAT " pixels a second", measured);
	g_assert_cmpuint(measured, >, 100000);
	g_assert_cmpuint(allowed, <, measured);
	g_assert_cmpuint(allowed, >, measured / 2);
	measured = rate_in(path, "openh264enc");
	g_assert_cmpuint(measured, >, 100000);

	/* Once is enough; but not for another version of it. */
	write_rate(path, "x264enc", 1000000, NULL);
	media_encoders_measure(path);
	allowed = media_encoder_pixel_rate(encoder);
	g_assert_cmpuint(allowed, ==, 600000);
	write_rate(path, "x264enc", 1, "0.1");
	media_encoders_measure(path);
	measured = rate_in(path, "x264enc");
	g_assert_cmpuint(measured, >, 100000);

	/* A file that is none. */
	g_assert_true(g_file_set_contents(path, "[[[", -1, NULL));
	media_encoders_measure(path);
	measured = rate_in(path, "x264enc");
	g_assert_cmpuint(measured, >, 100000);
	g_unlink(path);
	g_rmdir(folder);
}

/* A library that only this test has, loaded. */
static char *load_copy(const char *folder)
{
	g_autoptr(GstPlugin) plugin = gst_registry_find_plugin(gst_registry_get(), "x264");
	char *path = g_build_filename(folder, "library.so", NULL);
	g_autofree char *bytes = NULL;
	gsize size;

	g_assert_nonnull(plugin);
	g_assert_true(g_file_get_contents(gst_plugin_get_filename(plugin), &bytes, &size, NULL));
	g_assert_true(g_file_set_contents(path, bytes, size, NULL));
	g_assert_nonnull(dlopen(path, RTLD_NOW | RTLD_LOCAL));
	return path;
}

/* Another library in the place of one that is loaded: a figure holds for those that there were. */
static void test_updated(void)
{
	g_autofree char *folder = g_dir_make_tmp("encoders-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "encoders", NULL);
	g_autofree char *library = load_copy(folder);
	struct utimbuf other = {.modtime = 1000000000};

	media_encoders_measure(path);
	write_rate(path, "x264enc", 1, NULL);
	media_encoders_measure(path);
	g_assert_cmpuint(rate_in(path, "x264enc"), ==, 1);
	g_assert_cmpint(g_utime(library, &other), ==, 0);
	media_encoders_measure(path);
	g_assert_cmpuint(rate_in(path, "x264enc"), >, 100000);
	g_unlink(library);
	g_unlink(path);
	g_rmdir(folder);
}

/* The first child of process @pid, once it has one. */
static pid_t child_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", pid, pid);
	pid_t child = 0;

	while (!child) {
		g_autofree char *children = NULL;

		g_assert_true(g_file_get_contents(path, &children, NULL, NULL));
		child = atoi(children);
		g_usleep(1000);
	}
	return child;
}

/* Who measures is killed: what measures for it is, too. While there is one thread, as above. */
static void test_killed(void)
{
	g_autofree char *folder = g_dir_make_tmp("encoders-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "encoders", NULL);
	pid_t parent, child;
	int status;

	/* Orphans are ours. */
	g_assert_cmpint(prctl(PR_SET_CHILD_SUBREAPER, 1), ==, 0);
	parent = fork();
	g_assert_cmpint(parent, >=, 0);
	if (!parent) {
		media_encoders_measure(path);
		_exit(0);
	}
	child = child_of(parent);
	g_assert_cmpint(kill(parent, SIGKILL), ==, 0);
	g_assert_cmpint(waitpid(parent, &status, 0), ==, parent);
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_false(WIFEXITED(status) && !WEXITSTATUS(status));
	g_unlink(path);
	g_rmdir(folder);
}

/* While there is one thread, as well. */
static void test_lost(void)
{
	g_autofree char *folder = g_dir_make_tmp("encoders-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "encoders", NULL);
	const MediaEncoder *encoder = media_encoder_find("v4l2h264enc");
	g_autoptr(GKeyFile) file = g_key_file_new();
	guint64 rate;

	gst_element_register(NULL, "v4l2h264enc", GST_RANK_NONE, card_encoder_get_type());
	card.broken = FALSE;
	/* One that fails is tried again. */
	card.fault = CARD_DOES_NOT_PLAY;
	media_encoders_measure(path);
	g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL);
	g_assert_false(g_key_file_has_group(file, "v4l2h264enc"));
	g_assert_cmpuint(rate_in(path, "x264enc"), >, 0);
	g_assert_true(media_encoder_is_good(encoder));

	/* One that does not come back is not, and the others are known all the same. */
	g_unlink(path);
	card.fault = CARD_KILLS;
	media_encoders_measure(path);
	rate = rate_in(path, "v4l2h264enc");
	g_assert_cmpuint(rate, ==, 0);
	g_assert_false(media_encoder_is_good(encoder));
	media_encoders_measure(path);
	g_assert_cmpuint(rate_in(path, "x264enc"), >, 0);
	g_unlink(path);
	g_rmdir(folder);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	gst_init(&argc, &argv);
	g_test_add_func("/encoders/measured", test_measured);
	g_test_add_func("/encoders/updated", test_updated);
	g_test_add_func("/encoders/killed", test_killed);
	g_test_add_func("/encoders/lost", test_lost);
	g_test_add_func("/encoders/profiles", test_profiles);
	g_test_add_func("/encoders/quality", test_quality);
	return g_test_run();
}
