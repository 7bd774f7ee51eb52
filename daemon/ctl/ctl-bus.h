/* SPDX-License-Identifier: GPL-2.0-or-later */
/* miracastd on the bus: calls, and what objects it has there. */
#ifndef CTL_BUS_H
#define CTL_BUS_H

#include "ctl.h"

G_BEGIN_DECLS

#define CTL_BUS_NAME	   "io.github.linux_miracast"
#define CTL_ROOT_PATH	   "/io/github/linux_miracast"
#define CTL_MANAGER_PATH   CTL_ROOT_PATH "/manager"
#define CTL_SESSION_PREFIX CTL_ROOT_PATH "/session/"
#define CTL_SINK_PREFIX	   CTL_ROOT_PATH "/sink/"
#define CTL_MANAGER	   "io.github.linux_miracast.Manager1"
#define CTL_SESSION	   "io.github.linux_miracast.Session1"
#define CTL_SINK	   "io.github.linux_miracast.Sink1"

/* @bus: "system", "session" or an address; NULL: "system" */
GDBusConnection *ctl_bus_open(const char *bus, GError **error);

/* The one that @ctl names; NULL after having complained. */
GDBusConnection *ctl_bus_connect(const Ctl *ctl);

/* What polkit may ask a person a password for, or ends a session, takes no longer than that; */
#define CTL_ASK_MS (150 * 1000)
/* what miracastd only tells takes no longer than this: ^C is heard after it. */
#define CTL_READ_MS (5 * 1000)

/* @answer: type of the answer; @limit_ms: CTL_ASK_MS or CTL_READ_MS */
GVariant *ctl_bus_call(GDBusConnection *connection, const char *path, const char *interface,
		       const char *method, GVariant *arguments, const char *answer, int limit_ms,
		       GError **error);

/* The same within CTL_ASK_MS, with one file in @answer, as its first part; @file (transfer full): it. */
GVariant *ctl_bus_call_for_file(GDBusConnection *connection, const char *path,
				const char *interface, const char *method, GVariant *arguments,
				const char *answer, int *file, GError **error);

/* Says what is wrong. */
CtlStatus ctl_bus_complain(const GError *error);

/* miracastd looks for sinks until the connection is closed. FALSE after having complained. */
gboolean ctl_bus_start_discovery(GDBusConnection *connection, CtlStatus *status);

/* A sink or a session. */
typedef struct {
	guint number;
	char *path;
	GVariant *properties; /* a{sv} */
} CtlObject;

typedef struct {
	GVariant *manager; /* a{sv}, or NULL */
	GPtrArray *sinks; /* CtlObject, as in sessions: in order of their numbers */
	GPtrArray *sessions;
} CtlObjects;

/* NULL after having complained. */
CtlObjects *ctl_objects_get(GDBusConnection *connection, CtlStatus *status);

/* The same of the bus that @ctl names; @connection (transfer full): to it. */
CtlObjects *ctl_objects_open(const Ctl *ctl, GDBusConnection **connection, CtlStatus *status);
void ctl_objects_free(CtlObjects *objects);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CtlObjects, ctl_objects_free)

/* @path's number, if it begins with @prefix; else 0. */
guint ctl_number_of(const char *path, const char *prefix);

/*
 * a{sv}; NULL for a session that has gone since, or that is not the person's to see: then *@withheld is TRUE. Nobody
 * is asked for a password.
 */
GVariant *ctl_object_get_statistics(GDBusConnection *connection, const CtlObject *session,
				    gboolean *withheld);
#define CTL_WITHHELD "only root and who has begun the session may see them"

/* "" and FALSE if it is not there. */
const char *ctl_object_get_text(const CtlObject *object, const char *property);
gboolean ctl_object_get_flag(const CtlObject *object, const char *property);

/* The first texts of the property, an array of texts, and their separator between. Transfer full. */
char *ctl_object_join(const CtlObject *object, const char *property, const char *separator);

/**
 * ctl_objects_find_sink:
 * @name: of the sink, or its address, or "sink/N"
 * @n_found: how many there are of that name
 *
 * Returns: (transfer none): one of them; NULL if there is none. If there are several, it has
 * complained, and said how to name one.
 */
const CtlObject *ctl_objects_find_sink(const CtlObjects *objects, const char *name, guint *n_found);

/* The same, and a complaint if there is not exactly one. */
const CtlObject *ctl_objects_need_sink(const CtlObjects *objects, const char *name);

/* Why nothing can be found by some ways, on standard error. */
void ctl_objects_complain_of_problems(const CtlObjects *objects);

/* Who makes the link of @way; "" if it is no other program, or nobody could. */
const char *ctl_objects_get_maker(const CtlObjects *objects, const char *way);

/* Adds an a{sv} with @properties to another: "LocalAddress" is "local-address" in JSON. */
void ctl_add_properties(GVariantBuilder *builder, GVariant *properties);

G_END_DECLS

#endif /* CTL_BUS_H */
