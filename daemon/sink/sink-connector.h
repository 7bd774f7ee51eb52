/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connects to the source by TCP: again and again, until it is there. */
#pragma once

#include "sink-misbehaviour.h"

#include <gio/gio.h>

typedef struct {
	/* Not this time. */
	void (*failed)(const char *sentence, gpointer user_data);
	/* Once. */
	void (*connected)(GSocketConnection *connection, gpointer user_data);
} SinkConnectorOps;

typedef struct SinkConnector SinkConnector;

/* @misbehaviour: NULL: behaves */
SinkConnector *sink_connector_new(const SinkMisbehaviour *misbehaviour, const SinkConnectorOps *ops,
				  gpointer user_data);
void sink_connector_free(SinkConnector *connector);

void sink_connector_begin(SinkConnector *connector, GSocketConnectable *source);
/* Nothing comes any more of what has begun. */
void sink_connector_stop(SinkConnector *connector);
