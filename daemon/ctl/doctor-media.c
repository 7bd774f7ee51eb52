// SPDX-License-Identifier: GPL-2.0-or-later
/* What GStreamer has of what a session's process will look for: daemon/media/media-pipeline.c. */
#include "doctor.h"

#include <glib/gstdio.h>
#include <gst/gst.h>
#include <unistd.h>

static const struct {
	const char *name;
	gboolean hardware;
} encoders[] = {
	{"vah264enc", TRUE},   {"vah264lpenc", TRUE}, {"vaapih264enc", TRUE},
	{"v4l2h264enc", TRUE}, {"x264enc", FALSE},    {"openh264enc", FALSE},
};
/* Of miracastd's, with what was measured: daemon/media/media-encoders.c. */
#define MEASURED    "/var/cache/miracast/encoders"
#define KEY_RATE    "pixels-per-second"
#define SHARE	    0.6 /* of that is used */
#define HD_PIXELS   (1280 * 720)
#define FULL_PIXELS (1920 * 1080)

/* PCI's numbers. */
#define AMD    "0x1002"
#define INTEL  "0x8086"
#define NVIDIA "0x10de"

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

/* As media_encoder_is_good(): one that has faults is there, and not used. */
static gboolean is_faulty(const char *encoder)
{
	guint major, minor, micro, nano;

	gst_version(&major, &minor, &micro, &nano);
	return g_str_has_prefix(encoder, "vah264") && major == 1 && minor < 24;
}

/* TRUE: one of hardware is good for something. */
static gboolean say_how_fast(CtlPatient *patient)
{
	g_autofree char *path = ctl_patient_path(patient, MEASURED);
	g_autoptr(GKeyFile) file = g_key_file_new();
	gboolean hardware = FALSE;

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(encoders); i++) {
		const char *name = encoders[i].name;
		guint64 rate = g_key_file_get_uint64(file, name, KEY_RATE, NULL) * SHARE;

		if (!g_key_file_has_group(file, name) || is_faulty(name))
			continue;
		if (rate) {
			ctl_patient_say(patient, CTL_HEALTH_OK,
					"Measured here, %s is good for %" G_GUINT64_FORMAT
					" pictures a second of 1920x1080, or %" G_GUINT64_FORMAT
					" of 1280x720.",
					name, rate / FULL_PIXELS, rate / HD_PIXELS);
		} else if (encoders[i].hardware) {
			ctl_patient_say(patient, CTL_HEALTH_WARNING,
					N_("%s hung or crashed when it was measured, and is not "
					   "used."),
					name);
			ctl_patient_advise(
				patient, CTL_COST_DOWNLOAD, NULL,
				N_("update its driver, then delete /var/cache/miracast/encoders"));
		}
		hardware |= rate && encoders[i].hardware;
	}
	return hardware;
}

static gboolean is_of(const CtlPatient *patient, const char *node, const char *vendor)
{
	g_autofree char *path = g_strdup_printf("/sys/class/drm/%s/device/vendor", node);
	g_autofree char *found = ctl_patient_read(patient, path);

	return !g_strcmp0(found, vendor);
}

/* A card that encodes nothing, because GStreamer has nothing for it. */
static void look_at_card(CtlPatient *patient, const char *node)
{
	g_autofree char *name = g_strdup_printf("/dev/dri/%s", node);
	g_autofree char *path = ctl_patient_path(patient, name);

	if (is_of(patient, node, NVIDIA))
		ctl_patient_say(patient, CTL_HEALTH_OK,
				"%s is NVIDIA's, whose encoder is not used: the processor "
				"encodes.",
				name);
	if (!is_of(patient, node, INTEL) && !is_of(patient, node, AMD))
		return;
	if (g_access(path, R_OK | W_OK)) {
		ctl_patient_say(patient, CTL_HEALTH_UNKNOWN,
				"This user may not open %s: whether it encodes cannot be told.",
				name);
		ctl_patient_advise(patient, CTL_COST_PASSWORD, NULL, "miracastctl doctor, as root");
		return;
	}
	ctl_patient_say(patient, CTL_HEALTH_WARNING,
			N_("GStreamer has no encoder of the graphics card's, %s: the processor "
			   "encodes, and pictures may be smaller or fewer."),
			name);
	ctl_patient_advise(patient, CTL_COST_DOWNLOAD, NULL, "apt install %sva-driver-all",
			   is_faulty("vah264enc") ? "gstreamer1.0-vaapi " : "");
}

static void look_at_cards(CtlPatient *patient)
{
	g_auto(GStrv) nodes = ctl_patient_list(patient, "/sys/class/drm");

	for (char **node = nodes; *node; node++)
		if (g_str_has_prefix(*node, "renderD"))
			look_at_card(patient, *node);
}

void ctl_look_at_encoders(CtlPatient *patient)
{
	g_autoptr(GString) found = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	gboolean hardware = FALSE;

	if (!gst_init_check(NULL, NULL, &error)) {
		ctl_patient_say(patient, CTL_HEALTH_FAILED, N_("GStreamer does not start: %s"),
				error->message);
		ctl_patient_advise(patient, CTL_COST_DOWNLOAD, NULL, N_("reinstall GStreamer"));
		return;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(encoders); i++) {
		const char *name = encoders[i].name;

		if (!has(name) || is_faulty(name))
			continue;
		g_string_append_printf(found, "%s%s", found->len ? ", " : "", name);
		hardware |= encoders[i].hardware;
	}
	if (found->len) {
		ctl_patient_say(patient, CTL_HEALTH_OK, "GStreamer has encoders of H.264: %s.",
				found->str);
	} else {
		ctl_patient_say(patient, CTL_HEALTH_FAILED,
				N_("GStreamer has no encoder of H.264 that is known here."));
		ctl_patient_advise(patient, CTL_COST_DOWNLOAD, NULL,
				   "apt install gstreamer1.0-plugins-ugly");
	}
	if (!say_how_fast(patient) && !hardware)
		look_at_cards(patient);
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
		if (has(others[i].element))
			continue;
		ctl_patient_say(patient, CTL_HEALTH_FAILED, N_("GStreamer has no %s."),
				others[i].element);
		ctl_patient_advise(patient, CTL_COST_DOWNLOAD, NULL, "apt install %s",
				   others[i].package);
	}
}
