// SPDX-License-Identifier: GPL-2.0
/*
 * Statement 2, on a kernel with DEBUG_ATOMIC_SLEEP: what it wants to see is a kernel's
 * complaint, which fails every other run. So it has a machine of its own, and says so
 * with MIRACAST_ATOMIC=1.
 */

#include <sys/klog.h>

#include "channel.h"

#define SYSLOG_ACTION_READ_ALL 3

TEST_F(channel, s02_send_from_atomic_context_trips_the_assertion)
{
	static char log[1 << 20];
	struct miracast_message message;
	struct miracast_test_send sent;
	char *bug;
	int size;

	if (!getenv("MIRACAST_ATOMIC"))
		SKIP(return, "the kernel's complaint would fail this run");
	START();
	sent = SEND(0, NULL, 0, 0);
	size = klogctl(SYSLOG_ACTION_READ_ALL, log, sizeof(log) - 1);
	ASSERT_GT(size, 0);
	EXPECT_EQ(NULL, strstr(log, "sleeping function called from invalid context"));
	sent = SEND(MIRACAST_TEST_ATOMIC, NULL, 0, 0);
	EXPECT_EQ(STATUS_INVALID_DEVICE_STATE, sent.status);
	size = klogctl(SYSLOG_ACTION_READ_ALL, log, sizeof(log) - 1);
	ASSERT_GT(size, 0);
	log[size] = '\0';
	bug = strstr(log, "BUG: sleeping function called from invalid context");
	ASSERT_NE(NULL, bug);
	EXPECT_NE(NULL, strstr(bug, "miracast_send_message"));
	/* Once, and it was not sent. */
	EXPECT_EQ(NULL, strstr(bug + 1, "BUG:"));
	FETCH(&message);
	EXPECT_EQ(0, fetch(self->fd, &message, 1, NEVER * MS));
}

TEST_HARNESS_MAIN
