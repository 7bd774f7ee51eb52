// SPDX-License-Identifier: GPL-2.0-or-later
/* What GStreamer has of what a session's process will look for: daemon/media/media.c. */
#include "doctor.h"

#include <gst/gst.h>

static const char *const encoders[] = {"vah264enc", "vaapih264enc", "v4l2h264enc", "x264enc"};
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
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autofree char *remedy = g_strdup_printf("apt install %s", others[i].package);

		if (!has(others[i].element))
			ctl_patient_say(patient, CTL_HEALTH_FAILED, remedy,
					N_("GStreamer has no %s."), others[i].element);
	}
}
