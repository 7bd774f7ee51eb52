// SPDX-License-Identifier: GPL-2.0-or-later
#include "sealer.h"

G_DEFINE_INTERFACE(HostSealer, host_sealer, G_TYPE_OBJECT)

static void host_sealer_default_init(HostSealerInterface *iface)
{
}

void host_sealer_run_async(HostSealer *sealer, HostSealerTask task, GBytes *bytes,
			   GAsyncReadyCallback callback, gpointer user_data)
{
	HOST_SEALER_GET_IFACE(sealer)->run_async(sealer, task, bytes, callback, user_data);
}

GBytes *host_sealer_run_finish(HostSealer *sealer, GAsyncResult *result, gboolean *done,
			       GError **error)
{
	gboolean ignored;

	return HOST_SEALER_GET_IFACE(sealer)->run_finish(sealer, result, done ? done : &ignored,
							 error);
}
