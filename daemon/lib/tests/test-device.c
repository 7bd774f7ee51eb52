// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What of a device works without the kernel's half: loading a driver, and what
 * it says about its session. The rest is in selftests/lib, inside the test VM.
 */
#include "miracast-device.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static void keep_result(GObject *object, GAsyncResult *result, gpointer data)
{
	*(GAsyncResult **)data = g_object_ref(result);
}

static void assert_create_fails(const char *adapter, const char *driver, MiracastError code,
				const char *part_of_message)
{
	g_autoptr(MiracastDevice) device = miracast_device_new(adapter, driver, NULL);
	g_autoptr(GAsyncResult) created = NULL;
	g_autoptr(GAsyncResult) destroyed = NULL;
	g_autoptr(GError) error = NULL;

	miracast_device_create_async(device, keep_result, &created);
	while (!created)
		g_main_context_iteration(NULL, TRUE);
	g_assert_false(miracast_device_create_finish(device, created, &error));
	g_assert_error(error, MIRACAST_ERROR, (int)code);
	if (!strstr(error->message, part_of_message))
		g_error("\"%s\" does not say \"%s\"", error->message, part_of_message);
	g_clear_error(&error);

	miracast_device_destroy_async(device, keep_result, &destroyed);
	while (!destroyed)
		g_main_context_iteration(NULL, TRUE);
	g_assert_true(miracast_device_destroy_finish(device, destroyed, &error));
	g_assert_no_error(error);
}

static void test_driver_missing(void)
{
	assert_create_fails(NULL, "/nonexistent/driver.so", MIRACAST_ERROR_DRIVER_LOAD,
			    "/nonexistent/driver.so");
}

static void test_driver_without_export(void)
{
	assert_create_fails(NULL, DRIVER_NONE, MIRACAST_ERROR_DRIVER_LOAD, "does not export");
}

static void test_driver_of_other_version(void)
{
	assert_create_fails(NULL, DRIVER_OLD, MIRACAST_ERROR_DRIVER_LOAD, "version 1");
}

static void test_driver_incomplete(void)
{
	assert_create_fails(NULL, DRIVER_INCOMPLETE, MIRACAST_ERROR_DRIVER_LOAD, "not complete");
}

static void test_adapter_missing(void)
{
	assert_create_fails("/dev/nonexistent", DRIVER_GOOD, MIRACAST_ERROR_UNKNOWN_ADAPTER,
			    "/dev/nonexistent");
	assert_create_fails("no such adapter", DRIVER_GOOD, MIRACAST_ERROR_UNKNOWN_ADAPTER,
			    "no such adapter");
}

static void test_not_an_adapter(void)
{
	assert_create_fails("/dev/null", DRIVER_GOOD, MIRACAST_ERROR_UNSUPPORTED,
			    "does not shake hands");
}

static void test_no_start_without_create(void)
{
	g_autoptr(MiracastDevice) device = miracast_device_new(NULL, DRIVER_GOOD, NULL);
	g_autoptr(GAsyncResult) started = NULL;
	g_autoptr(GAsyncResult) destroyed = NULL;
	g_autoptr(GError) error = NULL;
	int ends[2];

	g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	miracast_device_start_async(device, ends[0], NULL, 1, keep_result, &started);
	while (!started)
		g_main_context_iteration(NULL, TRUE);
	g_assert_false(miracast_device_start_finish(device, started, NULL, &error));
	g_assert_error(error, MIRACAST_ERROR, MIRACAST_ERROR_INVALID);

	/* The socket was the device's to close. */
	g_assert_cmpint(read(ends[1], &(char){0}, 1), ==, 0);
	close(ends[1]);

	miracast_device_destroy_async(device, keep_result, &destroyed);
	while (!destroyed)
		g_main_context_iteration(NULL, TRUE);
}

static void test_options(void)
{
	g_autoptr(GHashTable) options = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(MiracastDevice) device = NULL;

	g_hash_table_insert(options, "mode", "1280x720@30");
	device = miracast_device_new(NULL, DRIVER_GOOD, options);
	g_hash_table_remove_all(options);
	g_assert_cmpstr(miracast_device_get_option(device, "mode"), ==, "1280x720@30");
	g_assert_null(miracast_device_get_option(device, "encoder"));
}

static void test_unused_options(void)
{
	g_autoptr(GHashTable) options = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(MiracastDevice) device = NULL;
	g_auto(GStrv) unused = NULL;

	g_hash_table_insert(options, "mode", "1280x720@30");
	g_hash_table_insert(options, "bitrat", "500");
	device = miracast_device_new(NULL, DRIVER_GOOD, options);
	miracast_device_get_option(device, "mode");
	miracast_device_get_option(device, "bitrate");
	unused = miracast_device_get_unused_options(device);
	g_assert_cmpuint(g_strv_length(unused), ==, 1);
	g_assert_cmpstr(unused[0], ==, "bitrat");
}

static void test_first_reason_counts(void)
{
	g_autoptr(MiracastDevice) device = miracast_device_new(NULL, DRIVER_GOOD, NULL);
	g_autofree char *reason = NULL;
	g_autofree char *message = NULL;

	g_assert_false(miracast_device_get_reason(device, &reason, &message));
	miracast_device_set_reason(device, "sink-silent", "Switch it on.");
	miracast_device_set_reason(device, "connection-lost", "Plug it in.");
	g_assert_true(miracast_device_get_reason(device, &reason, &message));
	g_assert_cmpstr(reason, ==, "sink-silent");
	g_assert_cmpstr(message, ==, "Switch it on.");
}

static void count(MiracastDevice *device, gpointer data)
{
	++*(int *)data;
}

static void test_details_are_told_together(void)
{
	g_autoptr(MiracastDevice) device = miracast_device_new(NULL, DRIVER_GOOD, NULL);
	g_autoptr(GVariant) details = NULL;
	g_autofree char *text = NULL;
	int n_signals = 0;

	g_signal_connect(device, "details-changed", G_CALLBACK(count), &n_signals);
	miracast_device_set_detail(device, "mode", "640x480p60");
	miracast_device_set_detail_number(device, "bitrate-kbit", 500);
	miracast_device_set_detail(device, "mode", "1280x720p30");
	g_assert_cmpint(n_signals, ==, 0);
	while (!n_signals)
		g_main_context_iteration(NULL, TRUE);
	details = miracast_device_get_details(device);
	text = g_variant_print(details, TRUE);
	g_assert_cmpstr(text, ==, "{'bitrate-kbit': <uint64 500>, 'mode': <'1280x720p30'>}");

	miracast_device_set_detail(device, "mode", "640x480p60");
	while (n_signals < 2)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpint(n_signals, ==, 2);
}

static gboolean quit(gpointer data)
{
	*(bool *)data = true;
	return G_SOURCE_REMOVE;
}

static void test_statistics_are_not_told(void)
{
	g_autoptr(MiracastDevice) device = miracast_device_new(NULL, DRIVER_GOOD, NULL);
	g_autoptr(GVariant) statistics = NULL;
	g_autofree char *text = NULL;
	int n_signals = 0;
	bool over = false;

	g_signal_connect(device, "details-changed", G_CALLBACK(count), &n_signals);
	miracast_device_set_statistic(device, "frames", 1);
	miracast_device_set_statistic(device, "frames", 2);
	miracast_device_set_statistic_text(device, "exchange", "M1");
	g_timeout_add(500, quit, &over);
	while (!over)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpint(n_signals, ==, 0);
	statistics = miracast_device_get_statistics(device);
	text = g_variant_print(statistics, TRUE);
	g_assert_cmpstr(text, ==, "{'exchange': <'M1'>, 'frames': <uint64 2>}");
}

static void test_streaming_is_told_once(void)
{
	g_autoptr(MiracastDevice) device = miracast_device_new(NULL, DRIVER_GOOD, NULL);
	int n_signals = 0;

	g_signal_connect(device, "streaming-changed", G_CALLBACK(count), &n_signals);
	g_assert_false(miracast_device_get_streaming(device));
	miracast_device_set_streaming(device, false);
	miracast_device_set_streaming(device, true);
	miracast_device_set_streaming(device, true);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpint(n_signals, ==, 1);
	g_assert_true(miracast_device_get_streaming(device));
}

static void keep_streaming(MiracastDevice *device, gpointer data)
{
	*(gboolean *)data = miracast_device_get_streaming(device);
}

/* The first change at once; what a sink does again and again, as what it came to. */
static void test_streaming_is_told_seldom(void)
{
	g_autoptr(MiracastDevice) device = miracast_device_new(NULL, DRIVER_GOOD, NULL);
	gboolean told = FALSE;
	int n_signals = 0;
	bool over = false;

	g_signal_connect(device, "streaming-changed", G_CALLBACK(count), &n_signals);
	g_signal_connect(device, "streaming-changed", G_CALLBACK(keep_streaming), &told);
	for (int i = 0; i <= 2000; i++) {
		miracast_device_set_streaming(device, i % 2 == 0);
		while (g_main_context_iteration(NULL, FALSE))
			;
		if (!i)
			g_assert_true(told);
	}
	miracast_device_set_streaming(device, false);
	g_timeout_add(500, quit, &over);
	while (!over)
		g_main_context_iteration(NULL, TRUE);
	g_assert_false(told);
	g_assert_cmpint(n_signals, <=, 50);

	miracast_device_set_streaming(device, true);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_true(told);
}

static bool take_picture(void *user_data, uint32_t max_width, struct miracast_picture *picture)
{
	bool *taken = user_data;

	*picture = (struct miracast_picture){max_width, 1, NULL};
	*taken = true;
	return true;
}

static void test_picture(void)
{
	g_autoptr(MiracastDevice) device = miracast_device_new(NULL, DRIVER_GOOD, NULL);
	struct miracast_picture picture = {0};
	bool taken = false;

	g_assert_false(miracast_device_take_picture(device, 8, &picture));
	miracast_device_set_take_picture(device, take_picture, &taken);
	g_assert_true(miracast_device_take_picture(device, 8, &picture));
	g_assert_true(taken);
	g_assert_cmpuint(picture.width, ==, 8);
	miracast_device_set_take_picture(device, NULL, NULL);
	taken = false;
	g_assert_false(miracast_device_take_picture(device, 8, &picture));
	g_assert_false(taken);
}

/* A file that was handed in is tried, and no node is opened. */
static void test_adapter_file(void)
{
	g_autoptr(MiracastDevice) device = miracast_device_new(NULL, DRIVER_GOOD, NULL);
	g_autoptr(GAsyncResult) created = NULL;
	g_autoptr(GAsyncResult) destroyed = NULL;
	g_autoptr(GError) error = NULL;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	miracast_device_add_adapter_file(device, "the file that was handed in", fd);
	miracast_device_create_async(device, keep_result, &created);
	while (!created)
		g_main_context_iteration(NULL, TRUE);
	g_assert_false(miracast_device_create_finish(device, created, &error));
	g_assert_error(error, MIRACAST_ERROR, MIRACAST_ERROR_UNSUPPORTED);
	g_assert_nonnull(strstr(error->message, "the file that was handed in"));
	g_assert_cmpint(fcntl(fd, F_GETFD), ==, -1);

	miracast_device_destroy_async(device, keep_result, &destroyed);
	while (!destroyed)
		g_main_context_iteration(NULL, TRUE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/device/driver-missing", test_driver_missing);
	g_test_add_func("/device/driver-without-export", test_driver_without_export);
	g_test_add_func("/device/driver-of-other-version", test_driver_of_other_version);
	g_test_add_func("/device/driver-incomplete", test_driver_incomplete);
	g_test_add_func("/device/adapter-missing", test_adapter_missing);
	g_test_add_func("/device/not-an-adapter", test_not_an_adapter);
	g_test_add_func("/device/no-start-without-create", test_no_start_without_create);
	g_test_add_func("/device/options", test_options);
	g_test_add_func("/device/unused-options", test_unused_options);
	g_test_add_func("/device/first-reason-counts", test_first_reason_counts);
	g_test_add_func("/device/details-are-told-together", test_details_are_told_together);
	g_test_add_func("/device/statistics-are-not-told", test_statistics_are_not_told);
	g_test_add_func("/device/streaming-is-told-once", test_streaming_is_told_once);
	g_test_add_func("/device/streaming-is-told-seldom", test_streaming_is_told_seldom);
	g_test_add_func("/device/picture", test_picture);
	g_test_add_func("/device/adapter-file", test_adapter_file);
	return g_test_run();
}
