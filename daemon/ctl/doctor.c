// SPDX-License-Identifier: GPL-2.0-or-later
#include "doctor.h"

#include "commands.h"

#include <stdio.h>
#include <string.h>

/* A service that hangs, or a plugin registry that is made anew, does not hold up the others. */
#define LIMIT_S 20

static const struct {
	const char *name, *title;
	void (*look)(CtlPatient *patient);
} checks[] = {
	{"kernel-modules", "Kernel modules", ctl_look_at_modules},
	{"secure-boot", "Secure Boot", ctl_look_at_secure_boot},
	{"service", "miracastd", ctl_look_at_service},
	{"encoders", "Encoders", ctl_look_at_encoders},
	{"polkit", "polkit", ctl_look_at_polkit},
	{"wifi", "Wi-Fi", ctl_look_at_radios},
	{"regulatory-domain", "Radio rules", ctl_look_at_regulation},
	{"supplicant", "wpa_supplicant", ctl_look_at_supplicant},
	{"network-manager", "NetworkManager", ctl_look_at_network_manager},
	{"avahi", "Avahi", ctl_look_at_avahi},
	{"firewall", "Firewall", ctl_look_at_firewall},
};

static const char *const health_words[] = {
	[CTL_HEALTH_OK] = "ok",
	[CTL_HEALTH_UNKNOWN] = "unknown",
	[CTL_HEALTH_WARNING] = "warning",
	[CTL_HEALTH_FAILED] = "failed",
};

/* Shared with threads, which may outlive the command: what hangs is left alone. */
typedef struct {
	gatomicrefcount ref_count;
	char *root, *bus;
	GMutex lock;
	GCond cond;
	guint n_done;
	GPtrArray *findings[G_N_ELEMENTS(checks)]; /* NULL until it is done */
} CtlWard;

typedef struct {
	CtlWard *ward;
	gsize check;
} CtlVisit;

static void free_finding(gpointer data)
{
	CtlFinding *finding = data;

	g_free(finding->meaning);
	g_free(finding->remedy);
	g_free(finding);
}

void ctl_patient_say(CtlPatient *patient, CtlHealth health, const char *format, ...)
{
	CtlFinding *finding = g_new0(CtlFinding, 1);
	va_list args;

	va_start(args, format);
	finding->meaning = g_strdup_vprintf(format, args);
	va_end(args);
	finding->pattern = format;
	finding->health = health;
	g_ptr_array_add(patient->findings, finding);
}

void ctl_patient_advise(CtlPatient *patient, const char *cost, const char *fix, const char *format,
			...)
{
	CtlFinding *finding = patient->findings->pdata[patient->findings->len - 1];
	va_list args;

	va_start(args, format);
	finding->remedy = g_strdup_vprintf(format, args);
	va_end(args);
	finding->remedy_pattern = format;
	finding->cost = cost;
	finding->fix = fix;
}

char *ctl_patient_path(const CtlPatient *patient, const char *path)
{
	return g_strconcat(patient->root, path, NULL);
}

char *ctl_patient_read(const CtlPatient *patient, const char *path)
{
	g_autofree char *full = ctl_patient_path(patient, path);
	char *text;

	return g_file_get_contents(full, &text, NULL, NULL) ? g_strstrip(text) : NULL;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

GStrv ctl_patient_list(const CtlPatient *patient, const char *path)
{
	g_autofree char *full = ctl_patient_path(patient, path);
	g_autoptr(GDir) dir = g_dir_open(full, 0, NULL);
	GPtrArray *names = g_ptr_array_new();
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_names);
	g_ptr_array_add(names, NULL);
	return (GStrv)g_ptr_array_free(names, FALSE);
}

static void ward_unref(CtlWard *ward)
{
	if (!g_atomic_ref_count_dec(&ward->ref_count))
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(checks); i++)
		g_clear_pointer(&ward->findings[i], g_ptr_array_unref);
	g_mutex_clear(&ward->lock);
	g_cond_clear(&ward->cond);
	g_free(ward->root);
	g_free(ward->bus);
	g_free(ward);
}

static gpointer visit_patient(gpointer data)
{
	CtlVisit *visit = data;
	CtlWard *ward = visit->ward;
	CtlPatient patient = {
		.root = ward->root,
		.bus = ward->bus,
		.findings = g_ptr_array_new_with_free_func(free_finding),
	};

	checks[visit->check].look(&patient);
	g_mutex_lock(&ward->lock);
	ward->findings[visit->check] = patient.findings;
	ward->n_done++;
	g_cond_signal(&ward->cond);
	g_mutex_unlock(&ward->lock);
	ward_unref(ward);
	g_free(visit);
	return NULL;
}

/* All at once. The findings are whole when it returns, and belong to the ward. */
static CtlWard *examine(const char *root, const char *bus)
{
	gint64 deadline = g_get_monotonic_time() + LIMIT_S * G_TIME_SPAN_SECOND;
	CtlWard *ward = g_new0(CtlWard, 1);

	g_atomic_ref_count_init(&ward->ref_count);
	g_mutex_init(&ward->lock);
	g_cond_init(&ward->cond);
	ward->root = g_strdup(root ? root : "");
	ward->bus = g_strdup(bus);
	for (gsize i = 0; i < G_N_ELEMENTS(checks); i++) {
		CtlVisit *visit = g_new0(CtlVisit, 1);

		g_atomic_ref_count_inc(&ward->ref_count);
		*visit = (CtlVisit){.ward = ward, .check = i};
		g_thread_unref(g_thread_new(checks[i].name, visit_patient, visit));
	}
	g_mutex_lock(&ward->lock);
	while (ward->n_done < G_N_ELEMENTS(checks) &&
	       g_cond_wait_until(&ward->cond, &ward->lock, deadline))
		;
	return ward;
}

static void print_for_people(const CtlWard *ward)
{
	for (gsize i = 0; i < G_N_ELEMENTS(checks); i++) {
		const GPtrArray *findings = ward->findings[i];

		if (!findings)
			printf("%-8s %-15s did not answer within %d s\n",
			       health_words[CTL_HEALTH_UNKNOWN], checks[i].title, LIMIT_S);
		for (guint j = 0; findings && j < findings->len; j++) {
			const CtlFinding *finding = g_ptr_array_index(findings, j);

			printf("%-8s %-15s %s\n", health_words[finding->health],
			       j ? "" : checks[i].title, finding->meaning);
			if (finding->remedy)
				printf("%-24s -> %s\n%-27s %s\n", "", finding->remedy, "",
				       finding->cost);
		}
	}
}

static void add_text(GVariantBuilder *finding, const char *name, const char *text)
{
	if (text)
		g_variant_builder_add(finding, "{sv}", name, g_variant_new_string(text));
}

static void add_json(GVariantBuilder *list, const char *check, const CtlFinding *finding)
{
	g_variant_builder_open(list, G_VARIANT_TYPE_VARDICT);
	add_text(list, "check", check);
	add_text(list, "state", health_words[finding->health]);
	add_text(list, "meaning", finding->meaning);
	add_text(list, "pattern", finding->pattern);
	add_text(list, "remedy", finding->remedy);
	add_text(list, "remedy-pattern", finding->remedy_pattern);
	add_text(list, "cost", finding->cost);
	add_text(list, "fix", finding->fix);
	g_variant_builder_close(list);
}

static void print_json(const CtlWard *ward, gboolean works)
{
	g_auto(GVariantBuilder) top = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	g_auto(GVariantBuilder) list = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
	char silence[] = "did not answer in time";
	const CtlFinding unknown = {
		.health = CTL_HEALTH_UNKNOWN, .meaning = silence, .pattern = silence};
	g_autoptr(GVariant) all = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(checks); i++) {
		const GPtrArray *findings = ward->findings[i];

		if (!findings)
			add_json(&list, checks[i].name, &unknown);
		for (guint j = 0; findings && j < findings->len; j++)
			add_json(&list, checks[i].name, g_ptr_array_index(findings, j));
	}
	g_variant_builder_add(&top, "{sv}", "works", g_variant_new_boolean(works));
	g_variant_builder_add(&top, "{sv}", "findings", g_variant_builder_end(&list));
	all = g_variant_ref_sink(g_variant_builder_end(&top));
	ctl_print_json(all);
}

static gboolean nothing_failed(const CtlWard *ward)
{
	for (gsize i = 0; i < G_N_ELEMENTS(checks); i++) {
		const GPtrArray *findings = ward->findings[i];

		for (guint j = 0; findings && j < findings->len; j++) {
			const CtlFinding *finding = g_ptr_array_index(findings, j);

			if (finding->health == CTL_HEALTH_FAILED)
				return FALSE;
		}
	}
	return TRUE;
}

CtlStatus ctl_doctor(const Ctl *ctl, int argc, char **argv)
{
	g_autofree char *root = NULL;
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
		{"root", 0, 0, G_OPTION_ARG_FILENAME, &root,
		 "Look at the files below DIRECTORY instead of this machine's", "DIRECTORY"},
		G_OPTION_ENTRY_NULL,
	};
	CtlWard *ward;
	gboolean works;

	if (!ctl_parse(ctl, entries, NULL, 0, 0, &argc, &argv))
		return CTL_USAGE;
	ward = examine(root, ctl->bus);
	works = nothing_failed(ward);
	if (json) {
		print_json(ward, works);
	} else {
		print_for_people(ward);
		puts(works ? "\nA session can work." : "\nNo session can work: see what failed.");
	}
	g_mutex_unlock(&ward->lock);
	ward_unref(ward);
	return works ? CTL_OK : CTL_FAILED;
}
