/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a session needs of this machine, looked at one thing after the other: see doctor.c. Each look
 * runs in a thread of its own, changes nothing and starts nothing.
 */
#ifndef CTL_DOCTOR_H
#define CTL_DOCTOR_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* The window shows what is amiss, and translates it: apps/connect/po. */
#define N_(text) text

typedef enum {
	CTL_HEALTH_OK,
	CTL_HEALTH_UNKNOWN, /* it cannot be told, by this user or at all */
	CTL_HEALTH_WARNING, /* some ways to a sink, or some comfort, are missing */
	CTL_HEALTH_FAILED, /* no session can work */
} CtlHealth;

/* What one look has found. */
typedef struct {
	const char *root; /* of the file system that is looked at, "" for this machine's */
	const char *bus; /* as for miracastctl --bus */
	GPtrArray *findings; /* CtlFinding */
} CtlPatient;

typedef struct {
	CtlHealth health;
	char *meaning; /* one sentence for people */
	const char *pattern; /* the same before its words and numbers were put in */
	/* What to do, or all of it NULL. */
	char *remedy;
	const char *remedy_pattern;
	const char *cost; /* a sentence for people: what that takes of them */
	const char *fix; /* a word for the window, which has a button for it; or NULL */
} CtlFinding;

#define CTL_COST_NOTHING  N_("It costs nothing.")
#define CTL_COST_PASSWORD N_("It takes an administrator's password.")
#define CTL_COST_DOWNLOAD N_("It takes an administrator's password and a download.")
#define CTL_COST_SESSIONS N_("It takes an administrator's password, and ends what is being shown.")
#define CTL_COST_WIFI	  N_("It takes an administrator's password; Wi-Fi is gone for some seconds.")
#define CTL_COST_RESTART  N_("It takes an administrator's password and a restart of this computer.")
#define CTL_COST_ADAPTER  N_("It takes another Wi-Fi adapter.")

/* @format: outlives the patient */
G_GNUC_PRINTF(3, 4)
void ctl_patient_say(CtlPatient *patient, CtlHealth health, const char *format, ...);

/* What to do about what was said last. @fix: may be NULL; @format: outlives the patient, too */
G_GNUC_PRINTF(4, 5)
void ctl_patient_advise(CtlPatient *patient, const char *cost, const char *fix, const char *format,
			...);

/* Below the patient's root. Transfer full. */
char *ctl_patient_path(const CtlPatient *patient, const char *path);

/* A small file's text without white space at the ends, or NULL. Transfer full. */
char *ctl_patient_read(const CtlPatient *patient, const char *path);

/* The names in a directory; empty if it is not there. Transfer full. */
GStrv ctl_patient_list(const CtlPatient *patient, const char *path);

/* doctor-kernel.c */
void ctl_look_at_modules(CtlPatient *patient);
void ctl_look_at_secure_boot(CtlPatient *patient);

/* doctor-radio.c */
void ctl_look_at_radios(CtlPatient *patient);
void ctl_look_at_regulation(CtlPatient *patient);

/* doctor-services.c */
void ctl_look_at_service(CtlPatient *patient);
void ctl_look_at_polkit(CtlPatient *patient);
void ctl_look_at_supplicant(CtlPatient *patient);
void ctl_look_at_network_manager(CtlPatient *patient);
void ctl_look_at_avahi(CtlPatient *patient);
void ctl_look_at_firewall(CtlPatient *patient);

/* doctor-media.c */
void ctl_look_at_encoders(CtlPatient *patient);

G_END_DECLS

#endif /* CTL_DOCTOR_H */
