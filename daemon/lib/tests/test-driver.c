// SPDX-License-Identifier: GPL-2.0-or-later
/* A user-mode driver that does nothing, and, by definition, three that cannot be loaded. */
#include "miracast-driver.h"

#ifndef NO_EXPORT

static ntstatus_t create(MiracastDevice *device, const struct miracast_host_callbacks *callbacks,
			 void **context)
{
	*context = device;
	return STATUS_SUCCESS;
}

static void destroy(void *context)
{
}

static ntstatus_t start(void *context, int rtsp_socket,
			const struct miracast_wfd_connection_stats *stats,
			struct miracast_session_info *info)
{
	return STATUS_SUCCESS;
}

static void stop(void *context)
{
}

static ntstatus_t handle(void *context, uint32_t input_size, const void *input,
			 uint32_t output_size, void *output, uint32_t *bytes_returned)
{
	return STATUS_SUCCESS;
}

ntstatus_t miracast_query_driver_interface(uint32_t version, uint32_t size,
					   struct miracast_driver_interface *driver_interface)
{
#ifdef OLD
	return STATUS_REVISION_MISMATCH;
#endif
	if (version != MIRACAST_DRIVER_INTERFACE_VERSION_1)
		return STATUS_REVISION_MISMATCH;
	if (size < sizeof(*driver_interface))
		return STATUS_BUFFER_TOO_SMALL;
	*driver_interface = (struct miracast_driver_interface){
		.size = sizeof(*driver_interface),
		.create_miracast_context = create,
		.destroy_miracast_context = destroy,
		.start_miracast_session = start,
		.stop_miracast_session = stop,
		.handle_kernel_mode_message = handle,
	};
#ifdef INCOMPLETE
	driver_interface->handle_kernel_mode_message = NULL;
#endif
	return STATUS_SUCCESS;
}

#endif /* NO_EXPORT */
