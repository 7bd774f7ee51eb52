// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A user-mode driver that is in a sink's hands: as soon as it may talk to the sink it tries what a
 * session's process must not be able to do, and says what each attempt got.
 */
#include "attempts.h"
#include "miracast-driver.h"

#include <stdio.h>
#include <string.h>

static ntstatus_t create_context(MiracastDevice *device,
				 const struct miracast_host_callbacks *callbacks,
				 void **miracast_context)
{
	*miracast_context = device;
	return STATUS_SUCCESS;
}

static void destroy_context(void *miracast_context)
{
}

static ntstatus_t start_session(void *miracast_context, int rtsp_socket,
				const struct miracast_wfd_connection_stats *stats,
				struct miracast_session_info *session_info)
{
	unsigned int n_worked = 0;

	for (size_t i = 0; i < n_attempts; i++) {
		int error = attempts[i].make();

		n_worked += !error;
		fprintf(stderr, "taken over: %s: %s\n", attempts[i].what,
			error ? strerror(error) : "IT WORKED");
	}
	fprintf(stderr, "taken over: %u of %zu attempts worked\n", n_worked, n_attempts);
	miracast_device_set_reason(miracast_context, n_worked ? "it-worked" : "nothing-worked",
				   "See the log.");
	return STATUS_UNSUCCESSFUL;
}

static void stop_session(void *miracast_context)
{
}

static ntstatus_t handle_message(void *miracast_context, uint32_t input_size, const void *input,
				 uint32_t output_size, void *output, uint32_t *bytes_returned)
{
	return STATUS_NOT_SUPPORTED;
}

ntstatus_t miracast_query_driver_interface(uint32_t version, uint32_t size,
					   struct miracast_driver_interface *driver_interface)
{
	*driver_interface = (struct miracast_driver_interface){
		.size = sizeof(*driver_interface),
		.create_miracast_context = create_context,
		.destroy_miracast_context = destroy_context,
		.start_miracast_session = start_session,
		.stop_miracast_session = stop_session,
		.handle_kernel_mode_message = handle_message,
	};
	return STATUS_SUCCESS;
}
