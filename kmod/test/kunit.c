// SPDX-License-Identifier: GPL-2.0
/*
 * What the channel answers without a daemon: the map of statuses, the numbers, the
 * limits of a registration, handles that never were.
 */

#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/miracast.h>
#include <linux/module.h>

static void errno_of_each_status(struct kunit *test)
{
	static const struct {
		ntstatus_t status;
		int error;
	} cases[] = {
		{ STATUS_SUCCESS, 0 },
		{ STATUS_TIMEOUT, 0 },
		{ STATUS_PENDING, 0 },
		{ STATUS_BUFFER_OVERFLOW, 0 },
		{ STATUS_UNSUCCESSFUL, -EIO },
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
		{ STATUS_INTERNAL_ERROR, -EIO },
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
		/* Unknown ones go by their severity. */
		{ MIRACAST_NTSTATUS(0x40000001), 0 },
		{ MIRACAST_NTSTATUS(0xBFFFFFFF), 0 },
		{ MIRACAST_NTSTATUS(0xC0000000), -EIO },
		{ MIRACAST_NTSTATUS(0xFFFFFFFF), -EIO },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, miracast_status_to_errno(cases[i].status), cases[i].error,
				    "status %#x", MIRACAST_NTSTATUS_VALUE(cases[i].status));
}

static void severity_is_the_upper_two_bits(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, NT_SUCCESS(MIRACAST_NTSTATUS(0)));
	KUNIT_EXPECT_TRUE(test, NT_SUCCESS(MIRACAST_NTSTATUS(0x7FFFFFFF)));
	KUNIT_EXPECT_FALSE(test, NT_SUCCESS(MIRACAST_NTSTATUS(0x80000000)));
	KUNIT_EXPECT_FALSE(test, NT_ERROR(MIRACAST_NTSTATUS(0xBFFFFFFF)));
	KUNIT_EXPECT_TRUE(test, NT_ERROR(MIRACAST_NTSTATUS(0xC0000000)));
}

static void chunk_ids_keep_their_parts(struct kunit *test)
{
	const u64 frames[] = { 0, 1, 0xffffffff, 0x100000000, 0xffffffffff };
	const u32 parts[] = { 0, 1, 0xffff, 0xffffff };
	unsigned int f, p;
	u64 id;

	for (f = 0; f < ARRAY_SIZE(frames); f++) {
		for (p = 0; p < ARRAY_SIZE(parts); p++) {
			id = MIRACAST_CHUNK_ID(frames[f], parts[p]);
			KUNIT_EXPECT_EQ(test, MIRACAST_CHUNK_ID_FRAME(id), frames[f]);
			KUNIT_EXPECT_EQ(test, MIRACAST_CHUNK_ID_PART(id), parts[p]);
		}
	}
	/* A frame number that is too large does not spill into the part. */
	KUNIT_EXPECT_EQ(test, MIRACAST_CHUNK_ID_PART(MIRACAST_CHUNK_ID(U64_MAX, 0)), 0u);
}

static ntstatus_t no_caps(void *driver_context, u32 caps_size, struct miracast_caps *caps)
{
	++*(unsigned int *)driver_context;
	return STATUS_NOT_SUPPORTED;
}

static ntstatus_t no_context(void *driver_context,
			     const struct miracast_display_callbacks *callbacks,
			     void **miracast_context, u32 *target_id)
{
	return STATUS_NOT_SUPPORTED;
}

static void no_destroy(void *driver_context, void *miracast_context)
{
}

static void bad_descriptions_are_refused(struct kunit *test)
{
	static const struct miracast_display_ops ops = {
		.size = sizeof(struct miracast_display_ops),
		.query_caps = no_caps,
		.create_context = no_context,
		.destroy_context = no_destroy,
	};
	struct miracast_display_ops incomplete;
	unsigned int asked = 0;
	const struct miracast_adapter_desc good = {
		.size = sizeof(struct miracast_adapter_desc),
		.name = "kunit",
		.ops = &ops,
		.driver_context = &asked,
		.max_contexts = 1,
		.max_slots = 1,
		.max_message = 1,
	};
	struct miracast_adapter_desc desc;

	/* What query_caps says is what the caller hears, asked once. */
	KUNIT_EXPECT_EQ(test, PTR_ERR(miracast_register_adapter(&good)), (long)-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, asked, 1u);

	desc = good;
	desc.name = NULL;
	KUNIT_EXPECT_EQ(test, PTR_ERR(miracast_register_adapter(&desc)), (long)-EINVAL);
	desc = good;
	desc.ops = NULL;
	KUNIT_EXPECT_EQ(test, PTR_ERR(miracast_register_adapter(&desc)), (long)-EINVAL);
	desc.ops = &incomplete;
	incomplete = ops;
	incomplete.query_caps = NULL;
	KUNIT_EXPECT_EQ(test, PTR_ERR(miracast_register_adapter(&desc)), (long)-EINVAL);
	incomplete = ops;
	incomplete.create_context = NULL;
	KUNIT_EXPECT_EQ(test, PTR_ERR(miracast_register_adapter(&desc)), (long)-EINVAL);
	incomplete = ops;
	incomplete.destroy_context = NULL;
	KUNIT_EXPECT_EQ(test, PTR_ERR(miracast_register_adapter(&desc)), (long)-EINVAL);
	KUNIT_EXPECT_EQ(test, asked, 1u);
}

static void never_called(void *callback_context, const struct miracast_io_status *io_status)
{
	++*(unsigned int *)callback_context;
}

static void handles_that_never_were_are_refused(struct kunit *test)
{
	const u64 tokens[] = { 0, 1, U32_MAX, 1ull << 32, U64_MAX };
	const struct miracast_chunk_info info = {};
	struct miracast_io_status io_status;
	struct miracast_handle handle;
	unsigned int called = 0, i;

	for (i = 0; i < ARRAY_SIZE(tokens); i++) {
		handle.token = tokens[i];
		KUNIT_EXPECT_TRUE(test,
				  miracast_send_message(handle, 0, NULL, 0, NULL, never_called,
							&called) == STATUS_DEVICE_NOT_CONNECTED);
		KUNIT_EXPECT_TRUE(test, miracast_send_message_sync(handle, 0, NULL, 0, NULL, 1,
								   &io_status) ==
						STATUS_DEVICE_NOT_CONNECTED);
		KUNIT_EXPECT_TRUE(test, miracast_complete_chunk(handle, &info, NULL, 0) ==
						STATUS_DEVICE_NOT_CONNECTED);
		KUNIT_EXPECT_TRUE(test, miracast_report_chunk_info(handle, &info, NULL, 0) ==
						STATUS_DEVICE_NOT_CONNECTED);
	}
	KUNIT_EXPECT_EQ(test, called, 0u);
	KUNIT_EXPECT_TRUE(test, miracast_send_message_sync(handle, 0, NULL, 0, NULL, 0,
							   &io_status) == STATUS_INVALID_PARAMETER);
}

static struct kunit_case channel_cases[] = { KUNIT_CASE(errno_of_each_status),
					     KUNIT_CASE(severity_is_the_upper_two_bits),
					     KUNIT_CASE(chunk_ids_keep_their_parts),
					     KUNIT_CASE(bad_descriptions_are_refused),
					     KUNIT_CASE(handles_that_never_were_are_refused),
					     {} };

static struct kunit_suite channel_suite = {
	.name = "miracast",
	.test_cases = channel_cases,
};

kunit_test_suite(channel_suite);

MODULE_DESCRIPTION("KUnit suite of the Miracast channel");
MODULE_LICENSE("GPL");
