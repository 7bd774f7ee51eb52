// SPDX-License-Identifier: GPL-2.0-or-later
/* Sound for a viewer, by a sound device that the test has made. */
#include "../sink-viewer.h"

#include <gst/base/gstbasesink.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * The device: autoaudiosink takes it before all others.
 */

#define TEST_TYPE_DEVICE (test_device_get_type())
G_DECLARE_FINAL_TYPE(TestDevice, test_device, TEST, DEVICE, GstBaseSink)

struct _TestDevice {
	GstBaseSink parent_instance;
};

G_DEFINE_FINAL_TYPE(TestDevice, test_device, GST_TYPE_BASE_SINK)

static gboolean is_broken;
static gint n_opened; /* in whatever thread */

static GstStateChangeReturn test_device_change_state(GstElement *device, GstStateChange change)
{
	if (change != GST_STATE_CHANGE_READY_TO_PAUSED)
		return GST_ELEMENT_CLASS(test_device_parent_class)->change_state(device, change);
	if (is_broken)
		GST_ELEMENT_ERROR(device, RESOURCE, OPEN_WRITE, ("it is broken"), (NULL));
	g_atomic_int_inc(&n_opened);
	return is_broken
		       ? GST_STATE_CHANGE_FAILURE
		       : GST_ELEMENT_CLASS(test_device_parent_class)->change_state(device, change);
}

static void test_device_init(TestDevice *device)
{
}

static void test_device_class_init(TestDeviceClass *class)
{
	static GstStaticPadTemplate template = GST_STATIC_PAD_TEMPLATE(
		"sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS("audio/x-raw"));
	GstElementClass *element = GST_ELEMENT_CLASS(class);

	gst_element_class_add_static_pad_template(element, &template);
	gst_element_class_set_static_metadata(element, "Device", "Sink/Audio", "A test's",
					      "Nobody");
	element->change_state = test_device_change_state;
}

/*
 * Tests.
 */

static SinkViewer *make_viewer(int *other_end)
{
	static const SinkViewerOps ops = {NULL};
	int ends[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), ==, 0);
	*other_end = ends[1];
	return sink_viewer_new(ends[0], &ops, NULL);
}

static void play(SinkViewer *viewer)
{
	static const guint8 samples[480 * 4];

	sink_viewer_play(viewer, samples, 480, 48000);
}

/* It is said, where else there would only be silence. */
static void test_broken(void)
{
	if (g_test_subprocess()) {
		int other_end;
		SinkViewer *viewer = make_viewer(&other_end);

		is_broken = TRUE;
		play(viewer);
		while (!g_atomic_int_get(&n_opened))
			g_usleep(1000);
		sink_viewer_free(viewer);
		close(other_end);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr("*nothing is heard: it is broken*");
}

/* Speakers that are not started yet when all is over are not started after. */
static void test_short(void)
{
	for (guint i = 0; i < 100; i++) {
		int other_end, opened;
		SinkViewer *viewer = make_viewer(&other_end);

		play(viewer);
		if (i % 2)
			g_usleep(i * 20);
		sink_viewer_free(viewer);
		close(other_end);
		opened = g_atomic_int_get(&n_opened);
		g_usleep(5000);
		g_assert_cmpint(g_atomic_int_get(&n_opened), ==, opened);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	gst_init(&argc, &argv);
	gst_element_register(NULL, "testdevice", GST_RANK_PRIMARY + 1000, TEST_TYPE_DEVICE);
	g_test_add_func("/viewer/broken", test_broken);
	g_test_add_func("/viewer/short", test_short);
	return g_test_run();
}
