/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person has chosen for a sink, kept from one time to the next. */
#ifndef CONNECT_OPTIONS_H
#define CONNECT_OPTIONS_H

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
	char *mode; /* "1280x720@60", or "": the best that both sides can */
	char *way; /* "p2p", or "": all, in the service's order */
	gboolean sound; /* goes to the sink, if that takes any */
	gboolean input; /* the sink's mouse, touch screen and keys work here */
	gboolean reconnect;
} ConnectOptions;

/*
 * What there is of the sink that has both @name and @address (which may be ""), or the defaults: who only
 * has the same name, or got the address after it, is another one.
 */
ConnectOptions *connect_options_load(const char *name, const char *address);
gboolean connect_options_save(const ConnectOptions *options, const char *name, const char *address,
			      GError **error);
void connect_options_forget(const char *name, const char *address);
void connect_options_free(ConnectOptions *options);

/* The a{sv} of Connect, floating. @peer: the sink's address, for Manager1.Connect, or NULL */
GVariant *connect_options_to_bus(const ConnectOptions *options, const char *peer,
				 const char *agent);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConnectOptions, connect_options_free)

G_END_DECLS

#endif /* CONNECT_OPTIONS_H */
