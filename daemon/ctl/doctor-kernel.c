// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's half: whether its modules are there, and whether it would load them. */
#include "doctor.h"

#include <string.h>
#include <sys/utsname.h>

/* Of efivarfs: UEFI's global variables, and shim's. */
#define SECURE_BOOT "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define MOK_LIST    "/sys/firmware/efi/efivars/MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23"
/* A variable's value follows its attributes. */
#define EFI_ATTRIBUTES 4

/* Where DKMS has its key: DKMS's own place, and the one that shim-signed makes. */
static const char *const keys[] = {"/var/lib/dkms/mok.pub", "/var/lib/shim-signed/mok/MOK.der"};

static gboolean exists(const CtlPatient *patient, const char *path)
{
	g_autofree char *full = ctl_patient_path(patient, path);

	return g_file_test(full, G_FILE_TEST_EXISTS);
}

static gboolean is_loaded(const CtlPatient *patient, const char *module)
{
	g_autofree char *path = g_strconcat("/sys/module/", module, NULL);

	return exists(patient, path);
}

/* Whether modprobe would find @module for @release. */
static gboolean is_built(const CtlPatient *patient, const char *release, const char *module)
{
	static const char *const lists[] = {"modules.dep", "modules.builtin"};
	g_autofree char *file = g_strdup_printf("/%s.ko", module);

	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autofree char *path = g_strdup_printf("/lib/modules/%s/%s", release, lists[i]);
		g_autofree char *text = ctl_patient_read(patient, path);

		if (text && strstr(text, file))
			return TRUE;
	}
	return FALSE;
}

static void say_what_is_not_built(CtlPatient *patient, const char *release)
{
	g_autofree char *headers = g_strdup_printf("/lib/modules/%s/build", release);

	if (!exists(patient, "/var/lib/dkms/miracast")) {
		ctl_patient_say(patient, CTL_HEALTH_FAILED,
				N_("miracast_display is not installed for this kernel, %s."),
				release);
		ctl_patient_advise(
			patient, CTL_COST_DOWNLOAD, NULL,
			N_("apt install ./miracast-dkms_*.deb, or from source make install"));
	} else if (!exists(patient, headers)) {
		ctl_patient_say(
			patient, CTL_HEALTH_FAILED,
			N_("miracast_display is not built for this kernel, %s, whose headers "
			   "are missing."),
			release);
		ctl_patient_advise(patient, CTL_COST_DOWNLOAD, NULL, "apt install linux-headers-%s",
				   release);
	} else {
		ctl_patient_say(patient, CTL_HEALTH_FAILED,
				N_("miracast_display is not built for this kernel, %s."), release);
		ctl_patient_advise(patient, CTL_COST_PASSWORD, NULL,
				   N_("dkms autoinstall -k %s, and read the log that it names"),
				   release);
	}
}

void ctl_look_at_modules(CtlPatient *patient)
{
	g_auto(GStrv) adapters = ctl_patient_list(patient, "/sys/class/miracast");
	g_autofree char *disabled = ctl_patient_read(patient, "/proc/sys/kernel/modules_disabled");
	g_autofree char *release = ctl_patient_read(patient, "/proc/sys/kernel/osrelease");

	if (adapters[0]) {
		g_autofree char *all = g_strjoinv(", ", adapters);

		ctl_patient_say(patient, CTL_HEALTH_OK, "There is a display adapter: %s.", all);
	} else if (is_loaded(patient, "miracast_display")) {
		ctl_patient_say(patient, CTL_HEALTH_FAILED,
				N_("miracast_display is loaded, and there is no display adapter."));
		ctl_patient_advise(patient, CTL_COST_PASSWORD, NULL,
				   N_("read the kernel's log: dmesg"));
	} else if (!release) {
		ctl_patient_say(patient, CTL_HEALTH_UNKNOWN,
				"/proc does not tell which kernel runs.");
	} else if (!is_built(patient, release, "miracast_display")) {
		say_what_is_not_built(patient, release);
	} else if (!g_strcmp0(disabled, "1")) {
		ctl_patient_say(patient, CTL_HEALTH_FAILED,
				N_("The kernel loads no more modules until the next boot."));
		ctl_patient_advise(
			patient, CTL_COST_RESTART, NULL,
			N_("load miracast_display at boot, before kernel.modules_disabled"));
	} else {
		ctl_patient_say(patient, CTL_HEALTH_OK,
				"miracast_display is built for this kernel; the service loads it.");
	}
}

/* Whether @list has the bytes of one of DKMS's keys. *@key: the key that there is, or NULL. */
static gboolean key_is_enrolled(const CtlPatient *patient, const char *list, gsize list_size,
				const char **key)
{
	*key = NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_autofree char *path = ctl_patient_path(patient, keys[i]);
		g_autofree char *der = NULL;
		gsize size;

		if (!g_file_get_contents(path, &der, &size, NULL) || !size)
			continue;
		if (!*key)
			*key = keys[i];
		if (memmem(list, list_size, der, size))
			return TRUE;
	}
	return FALSE;
}

void ctl_look_at_secure_boot(CtlPatient *patient)
{
	g_autofree char *variable = ctl_patient_path(patient, SECURE_BOOT);
	g_autofree char *mok_list = ctl_patient_path(patient, MOK_LIST);
	g_autofree char *enforced =
		ctl_patient_read(patient, "/sys/module/module/parameters/sig_enforce");
	g_autofree char *value = NULL;
	g_autofree char *list = NULL;
	gsize size = 0, list_size = 0;
	const char *key;
	gboolean on, loaded = is_loaded(patient, "miracast");

	if (!exists(patient, "/sys/firmware/efi") && g_strcmp0(enforced, "Y")) {
		ctl_patient_say(patient, CTL_HEALTH_OK,
				"This machine has no UEFI: modules need no signature.");
		return;
	}
	on = !g_strcmp0(enforced, "Y");
	if (g_file_get_contents(variable, &value, &size, NULL) && size > EFI_ATTRIBUTES) {
		on = on || value[EFI_ATTRIBUTES] == 1;
	} else if (!on && exists(patient, SECURE_BOOT)) {
		ctl_patient_say(patient, CTL_HEALTH_UNKNOWN,
				"This user may not read whether Secure Boot is on.");
		ctl_patient_advise(patient, CTL_COST_PASSWORD, NULL, "mokutil --sb-state, as root");
		return;
	}
	if (!on) {
		ctl_patient_say(patient, CTL_HEALTH_OK, "It is off: modules need no signature.");
		return;
	}
	if (loaded) {
		ctl_patient_say(patient, CTL_HEALTH_OK,
				"It is on, and the kernel has taken the modules.");
		return;
	}
	if (!g_file_get_contents(mok_list, &list, &list_size, NULL) && exists(patient, MOK_LIST)) {
		ctl_patient_say(patient, CTL_HEALTH_UNKNOWN,
				"It is on; this user may not read which keys are enrolled.");
		ctl_patient_advise(patient, CTL_COST_PASSWORD, NULL,
				   "mokutil --test-key /var/lib/dkms/mok.pub, as root");
		return;
	}
	if (key_is_enrolled(patient, list ? list : "", list_size, &key)) {
		ctl_patient_say(patient, CTL_HEALTH_OK, "It is on, and DKMS's key is enrolled.");
		return;
	}
	ctl_patient_say(patient, CTL_HEALTH_FAILED,
			N_("It is on, and the key that DKMS signs modules with is not %s: the "
			   "kernel will not load them."),
			key ? N_("enrolled") : N_("there"));
	if (key)
		ctl_patient_advise(patient, CTL_COST_RESTART, NULL,
				   N_("mokutil --import %s, then restart and enroll it in the blue "
				      "screen that comes"),
				   key);
	else
		ctl_patient_advise(patient, CTL_COST_PASSWORD, NULL,
				   N_("dpkg-reconfigure miracast-dkms, which makes a key"));
}
