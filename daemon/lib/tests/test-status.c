// SPDX-License-Identifier: GPL-2.0-or-later
#include "miracast-status.h"

#include <errno.h>

static void test_errno_to_status(void)
{
	g_assert_cmphex(miracast_status_from_errno(ESHUTDOWN), ==, STATUS_INVALID_DEVICE_STATE);
	g_assert_cmphex(miracast_status_from_errno(ENODEV), ==, STATUS_DEVICE_REMOVED);
	g_assert_cmphex(miracast_status_from_errno(EFAULT), ==, STATUS_ACCESS_VIOLATION);
	g_assert_cmphex(miracast_status_from_errno(EXDEV), ==, STATUS_UNSUCCESSFUL);
}

/* A driver tells success from failure by the severity: an errno is never a success. */
static void test_every_errno_is_an_error(void)
{
	for (int errnum = 1; errnum < 134; errnum++)
		g_assert_true(NT_ERROR(miracast_status_from_errno(errnum)));
}

static void test_errno_to_code(void)
{
	g_assert_cmpint(miracast_error_from_errno(EBUSY), ==, MIRACAST_ERROR_BUSY);
	g_assert_cmpint(miracast_error_from_errno(ENODEV), ==, MIRACAST_ERROR_GONE);
	g_assert_cmpint(miracast_error_from_errno(ENOTTY), ==, MIRACAST_ERROR_UNSUPPORTED);
	g_assert_cmpint(miracast_error_from_errno(EXDEV), ==, MIRACAST_ERROR_FAILED);
}

static void test_names(void)
{
	g_autofree char *known = miracast_status_to_string(STATUS_CANCELLED);
	g_autofree char *unknown = miracast_status_to_string(MIRACAST_NTSTATUS(0xC0001234u));

	g_assert_cmpstr(known, ==, "STATUS_CANCELLED (0xC0000120)");
	g_assert_cmpstr(unknown, ==, "NTSTATUS (0xC0001234)");
	g_assert_null(miracast_status_name(MIRACAST_NTSTATUS(0xC0001234u)));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/status/errno-to-status", test_errno_to_status);
	g_test_add_func("/status/every-errno-is-an-error", test_every_errno_is_an_error);
	g_test_add_func("/status/errno-to-code", test_errno_to_code);
	g_test_add_func("/status/names", test_names);
	return g_test_run();
}
