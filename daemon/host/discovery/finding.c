// SPDX-License-Identifier: GPL-2.0-or-later
#include "finding.h"

G_DEFINE_FINAL_TYPE(HostFinding, host_finding, G_TYPE_OBJECT)

static void host_finding_init(HostFinding *self)
{
	self->signal = -1;
	self->available = TRUE;
}

static void host_finding_finalize(GObject *object)
{
	HostFinding *self = HOST_FINDING(object);

	g_free(self->id);
	g_strfreev(self->identities);
	g_free(self->name);
	g_free(self->address);
	g_free(self->kind);
	g_free(self->obstacle_message);
	g_clear_object(&self->origin);
	G_OBJECT_CLASS(host_finding_parent_class)->finalize(object);
}

static void host_finding_class_init(HostFindingClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_finding_finalize;
}

HostFinding *host_finding_new(const char *id)
{
	HostFinding *self = g_object_new(HOST_TYPE_FINDING, NULL);

	self->id = g_strdup(id);
	self->identities = g_new0(char *, 1);
	self->kind = g_strdup("");
	return self;
}

gboolean host_identities_last(char **identities)
{
	for (char **one = identities; one && *one; one++)
		if (!g_str_has_prefix(*one, HOST_IDENTITY_ADDRESS))
			return TRUE;
	return FALSE;
}
