// SPDX-License-Identifier: GPL-2.0-or-later
/* What GStreamer has of what a session's process will look for: daemon/media/media.c. */
#include "doctor.h"

#include <gst/gst.h>

static const char *const encoders[] = {"vah264enc",   "vah264lpenc", "vaapih264enc",
				       "v4l2h264enc", "x264enc",     "openh264enc"};
/* Of miracastd's, with what was measured: daemon/media/media-encoders.c. */
#define MEASURED    "/var/cache/miracast/encoders"
#define KEY_RATE    "pixels-per-second"
#define SHARE	    0.6 /* of that is used */
#define HD_PIXELS   (1280 * 720)
#define FULL_PIXELS (1920 * 1080)

/* Debian's packages of what else it takes. */
static const struct {
	const char *element, *package;
} others[] = {
	{"appsrc", "gstreamer1.0-plugins-base"},
	{"videoconvert", "gstreamer1.0-plugins-base"},
	{"videoscale", "gstreamer1.0-plugins-base"},
	{"h264parse", "gstreamer1.0-plugins-bad"},
};

static gboolean has(const char *element)
{
	g_autoptr(GstElementFactory) factory = gst_element_factory_find(element);

	return factory != NULL;
}

static void say_how_fast(CtlPatient *patient)
{
	g_autofree char *path = ctl_patient_path(patient, MEASURED);
	g_autoptr(GKeyFile) file = g_key_file_new();

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL))
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(encoders); i++) {
		guint64 rate = g_key_file_get_uint64(file, encoders[i], KEY_RATE, NULL) * SHARE;

		if (rate)
			ctl_patient_say(patient, CTL_HEALTH_OK, NULL,
					"Measured here, %s is good for %" G_GUINT64_FORMAT
					" pictures a second of 1920x1080, or %" G_GUINT64_FORMAT
					" of 1280x720.",
					encoders[i], rate / FULL_PIXELS, rate / HD_PIXELS);
	}
}

void ctl_look_at_encoders(CtlPatient *patient)
{
	g_autoptr(GString) found = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	if (!gst_init_check(NULL, NULL, &error)) {
		ctl_patient_say(patient, CTL_HEALTH_FAILED, N_("reinstall GStreamer"),
				N_("GStreamer does not start: %s"), error->message);
		return;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(encoders); i++)
		if (has(encoders[i]))
			g_string_append_printf(found, "%s%s", found->len ? ", " : "", encoders[i]);
	if (found->len)
		ctl_patient_say(patient, CTL_HEALTH_OK, NULL,
				"GStreamer has encoders of H.264: %s.", found->str);
	else
		ctl_patient_say(patient, CTL_HEALTH_FAILED, "apt install gstreamer1.0-plugins-ugly",
				N_("GStreamer has no encoder of H.264 that is known here."));
	say_how_fast(patient);
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autofree char *remedy = g_strdup_printf("apt install %s", others[i].package);

		if (!has(others[i].element))
			ctl_patient_say(patient, CTL_HEALTH_FAILED, remedy,
					N_("GStreamer has no %s."), others[i].element);
	}
}
