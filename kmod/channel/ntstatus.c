// SPDX-License-Identifier: GPL-2.0
/* NTSTATUS to errno: the one table. */

#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/miracast.h>

static const struct {
	ntstatus_t status;
	int error;
} errnos[] = {
	{ STATUS_NOT_IMPLEMENTED, -EOPNOTSUPP },
	{ STATUS_ACCESS_VIOLATION, -EFAULT },
	{ STATUS_INVALID_HANDLE, -EBADF },
	{ STATUS_INVALID_PARAMETER, -EINVAL },
	{ STATUS_INVALID_DEVICE_REQUEST, -EOPNOTSUPP },
	{ STATUS_NO_MEMORY, -ENOMEM },
	{ STATUS_ACCESS_DENIED, -EACCES },
	{ STATUS_BUFFER_TOO_SMALL, -ENOSPC },
	{ STATUS_REVISION_MISMATCH, -EPROTO },
	{ STATUS_INSUFFICIENT_RESOURCES, -EAGAIN },
	{ STATUS_DEVICE_NOT_CONNECTED, -ENOTCONN },
	{ STATUS_DEVICE_NOT_READY, -EAGAIN },
	{ STATUS_INSTANCE_NOT_AVAILABLE, -ESHUTDOWN },
	{ STATUS_IO_TIMEOUT, -ETIMEDOUT },
	{ STATUS_NOT_SUPPORTED, -EOPNOTSUPP },
	{ STATUS_CANCELLED, -ECANCELED },
	{ STATUS_INVALID_DEVICE_STATE, -EINVAL },
	{ STATUS_INVALID_BUFFER_SIZE, -EMSGSIZE },
	{ STATUS_CONNECTION_DISCONNECTED, -EPIPE },
	{ STATUS_CONNECTION_RESET, -ECONNRESET },
	{ STATUS_NOT_FOUND, -ENOENT },
	{ STATUS_DEVICE_REMOVED, -ENODEV },
	{ STATUS_DEVICE_INSUFFICIENT_RESOURCES, -ENOSPC },
	{ STATUS_REQUEST_CANCELED, -ECANCELED },
	{ STATUS_RESOURCE_IN_USE, -EBUSY },
};

int miracast_status_to_errno(ntstatus_t status)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errnos); i++)
		if (errnos[i].status == status)
			return errnos[i].error;
	return NT_ERROR(status) ? -EIO : 0;
}
EXPORT_SYMBOL_GPL(miracast_status_to_errno);
