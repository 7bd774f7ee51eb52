/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses on the sink's end of a Wi-Fi Direct group: the interface's own, and which one the source
 * has. DHCP is busybox's, on that interface alone.
 */
#pragma once

#include <gio/gio.h>

/* What the sink gives out when the group is its own; one address, so the source's is known. */
#define SINK_ADDRESS_OWNER  "192.168.49.1"
#define SINK_ADDRESS_CLIENT "192.168.49.10"
#define SINK_ADDRESS_MASK   "255.255.255.0"

typedef struct SinkAddress SinkAddress;

typedef struct {
	/* Once: the interface has @own; the source has, or will have, @source. */
	void (*ready)(const char *own, const char *source, gpointer user_data);
	void (*failed)(const char *sentence, gpointer user_data);
} SinkAddressOps;

/* The group is the sink's: a server. @directory: for its files. */
SinkAddress *sink_address_new_server(const char *interface, const char *directory,
				     const SinkAddressOps *ops, gpointer user_data, GError **error);
/* The group is the source's: it is asked. */
SinkAddress *sink_address_new_client(const char *interface, const char *directory,
				     const SinkAddressOps *ops, gpointer user_data, GError **error);
/* The group's owner gave @own and @mask, dotted, with the keys. */
SinkAddress *sink_address_new_given(const char *interface, const char *own, const char *mask,
				    const char *source, const SinkAddressOps *ops,
				    gpointer user_data, GError **error);
void sink_address_free(SinkAddress *address);
void sink_address_freeze(SinkAddress *address);
