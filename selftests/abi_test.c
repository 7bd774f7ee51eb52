// SPDX-License-Identifier: GPL-2.0
/* Each ioctl, mmap and poll with bad arguments first, then good ones. */

#include "channel.h"

#include <asm/ioctls.h>

#define ALL_IOCTLS(x)                                                                      \
	x(MIRACAST_IOC_HANDSHAKE) x(MIRACAST_IOC_CREATE_CONTEXT) x(MIRACAST_IOC_RECOVER)   \
		x(MIRACAST_IOC_SESSION) x(MIRACAST_IOC_GET_STATE) x(MIRACAST_IOC_EXCHANGE) \
			x(MIRACAST_IOC_IO_CONTROL) x(MIRACAST_IOC_GET_CHUNKS)              \
				x(MIRACAST_IOC_REPORT_SESSION_STATUS)                      \
					x(MIRACAST_IOC_REPORT_STATISTIC)

static const unsigned long ioctls[] = {
#define ENTRY(cmd) cmd,
	ALL_IOCTLS(ENTRY)
#undef ENTRY
};

#define NR_IOCTLS (sizeof(ioctls) / sizeof(ioctls[0]))

TEST_F(channel, unknown_commands_are_enotty)
{
	static const unsigned long unknown[] = {
		0,
		TCGETS,
		FIONREAD,
		_IO(MIRACAST_IOC_MAGIC, 11),
		_IO(MIRACAST_IOC_MAGIC, 255),
		_IO(MIRACAST_IOC_MAGIC, 6),
		_IOWR(MIRACAST_IOC_MAGIC, 6, char),
		_IOR(MIRACAST_IOC_MAGIC, 6, struct miracast_exchange),
	};
	char arg[256] = {};
	unsigned int i;

	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		EXPECT_EQ(-ENOTTY, call(self->fd, unknown[i], arg));
}

TEST_F(channel, bad_pointers_are_efault)
{
	unsigned int i;

	for (i = 0; i < NR_IOCTLS; i++) {
		EXPECT_EQ(-EFAULT, call(self->fd, ioctls[i], NULL));
		EXPECT_EQ(-EFAULT, call(self->fd, ioctls[i], (void *)-64l));
	}
}

/* A struct of the wrong size is refused and left as it is. */
TEST_F(channel, wrong_sizes_are_einval_and_nothing_is_written)
{
	static const int offsets[] = {-1, 1, 8};
	unsigned char arg[256], before[256];
	unsigned int i, j;
	uint32_t size;

	START();
	for (i = 0; i < NR_IOCTLS; i++) {
		for (j = 0; j < 4; j++) {
			memset(arg, 0xa5, sizeof(arg));
			size = j < 3 ? _IOC_SIZE(ioctls[i]) + offsets[j] : 0;
			memcpy(arg, &size, sizeof(size));
			memcpy(before, arg, sizeof(arg));
			EXPECT_EQ(-EINVAL, call(self->fd, ioctls[i], arg))
			{
				TH_LOG("command %u size %u", _IOC_NR(ioctls[i]), size);
			}
			EXPECT_EQ(0, memcmp(before, arg, sizeof(arg)));
		}
	}
}

TEST_F(channel, nothing_before_the_handshake)
{
	char arg[256] = {};
	unsigned int i;
	int fd;

	fd = open_adapter(self->index);
	ASSERT_GE(fd, 0);
	for (i = 1; i < NR_IOCTLS; i++)
		EXPECT_EQ(-EPROTO, call(fd, ioctls[i], arg));
	EXPECT_EQ(-EPROTO, call(fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	close(fd);
}

TEST_F(channel, nothing_without_a_context)
{
	struct pollfd pollfd = {.events = POLLIN};
	char arg[256] = {};
	unsigned int i;
	int fd;

	fd = open_adapter(self->index);
	ASSERT_EQ(0, handshake(fd, 0));
	for (i = 2; i < NR_IOCTLS; i++)
		EXPECT_EQ(-ENOTCONN, call(fd, ioctls[i], arg));
	EXPECT_EQ(-ENOTCONN, call(fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(ENOTCONN, errno);
	pollfd.fd = fd;
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	close(fd);
}

TEST_F(channel, handshake_tells_limits_and_refuses_unknown_features)
{
	struct miracast_handshake arg, before;
	int fd = open_adapter(self->index);

	memset(&arg, 0xa5, sizeof(arg));
	arg.size = sizeof(arg);
	arg.reserved = 0;
	arg.features = 1ull << 63;
	before = arg;
	EXPECT_EQ(-EOPNOTSUPP, call(fd, MIRACAST_IOC_HANDSHAKE, &arg));
	EXPECT_EQ(0, memcmp(&arg, &before, sizeof(arg)));
	arg.features = 0;
	arg.reserved = 1;
	EXPECT_EQ(-EINVAL, call(fd, MIRACAST_IOC_HANDSHAKE, &arg));
	arg.reserved = 0;
	ASSERT_EQ(0, call(fd, MIRACAST_IOC_HANDSHAKE, &arg));
	EXPECT_EQ(MIRACAST_FEATURE_RECOVER | MIRACAST_FEATURE_CHUNKS, arg.supported_features);
	EXPECT_EQ((1ull << 11) - 1, arg.ioctls);
	EXPECT_EQ(self->index, arg.adapter);
	EXPECT_EQ(2, arg.max_contexts);
	EXPECT_EQ(64, arg.max_slots);
	EXPECT_EQ(MAX_MESSAGE, arg.max_message);
	EXPECT_EQ(4096, arg.max_io_control);
	EXPECT_EQ(MAX_CHUNKS, arg.max_chunks);
	EXPECT_EQ(MAX_PRIVATE, arg.caps.max_chunk_private_driver_data_size);
	EXPECT_EQ(0, arg.caps.flags);
	EXPECT_STREQ("miracast_test", arg.name);
	/* Again, until there is a context. */
	EXPECT_EQ(0, handshake(fd, MIRACAST_FEATURE_RECOVER));
	EXPECT_EQ(-EBUSY, handshake(self->fd, 0));
	close(fd);
}

TEST_F(channel, query_caps_is_asked_once)
{
	EXPECT_EQ(1, counters_of(self->test_fd, self->index).query_caps);
}

TEST_F(channel, create_context_checks_its_argument)
{
	struct miracast_context_info arg;
	int fd = open_adapter(self->index);

	ASSERT_EQ(0, handshake(fd, 0));
	EXPECT_EQ(-EINVAL, create_context(fd, 0, 0, &arg));
	EXPECT_EQ(-EINVAL, create_context(fd, 0, 65, &arg));
	EXPECT_EQ(-EINVAL, create_context(fd, 2, 1, &arg));
	EXPECT_EQ(-EINVAL, create_context(fd, MIRACAST_CONTEXT_RECOVER, 1, &arg));
	arg = (struct miracast_context_info){
		.size = sizeof(arg),
		.slots = 1,
		.reserved = {0, 1},
	};
	EXPECT_EQ(-EINVAL, call(fd, MIRACAST_IOC_CREATE_CONTEXT, &arg));
	memset(&arg, 0xa5, sizeof(arg));
	arg.size = sizeof(arg);
	arg.flags = 0;
	arg.slots = 64;
	arg.reserved[0] = 0;
	arg.reserved[1] = 0;
	ASSERT_EQ(0, call(fd, MIRACAST_IOC_CREATE_CONTEXT, &arg));
	EXPECT_EQ(64, arg.slots);
	EXPECT_EQ(STATUS_SUCCESS, arg.status);
	EXPECT_EQ(1, arg.target_id);
	EXPECT_EQ(1, arg.generation);
	EXPECT_EQ(MIRACAST_CREATED, arg.state);
	EXPECT_EQ(2 * 64 * MAX_MESSAGE, arg.arena_size);
	close(fd);
}

TEST_F(channel, session_checks_its_argument)
{
	struct miracast_session arg = {.size = sizeof(arg), .op = 4};

	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_SESSION, &arg));
	arg.op = MIRACAST_SESSION_START_BEGIN;
	arg.reserved = 1;
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_SESSION, &arg));
	arg.reserved = 0;
	arg.reason = 1;
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_SESSION, &arg));
	arg.reason = 0;
	arg.status = STATUS_UNSUCCESSFUL;
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_SESSION, &arg));
	arg.status = STATUS_SUCCESS;
	arg.state = 0xa5a5a5a5;
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_SESSION, &arg));
	EXPECT_EQ(MIRACAST_START_PENDING, arg.state);
}

TEST_F(channel, exchange_checks_its_argument)
{
	struct miracast_message messages[2];
	struct miracast_completion completion = {};
	struct miracast_exchange arg;
	struct miracast_test_send sent;

	START();
	sent = SEND(0, NULL, 0, 4);
#define EXCHANGE(expected, ...)                                                     \
	do {                                                                        \
		arg = (struct miracast_exchange){.size = sizeof(arg), __VA_ARGS__}; \
		EXPECT_EQ(expected, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));   \
	} while (0)
	EXCHANGE(-EINVAL, .nr_messages = MIRACAST_EXCHANGE_MAX + 1);
	EXCHANGE(-EINVAL, .nr_completions = MIRACAST_EXCHANGE_MAX + 1);
	EXCHANGE(-EFAULT, .nr_completions = 1, .completions = 8);
	/* No record could be written: the message is still there. */
	EXCHANGE(-EFAULT, .nr_messages = 1, .messages = 8);
	EXPECT_EQ(0, arg.nr_messages);
	EXPECT_EQ(1, get_state(self->fd).queued);
	EXCHANGE(0, .nr_messages = 0, .timeout_ns = MIRACAST_NO_TIMEOUT);
	EXPECT_EQ(MIRACAST_EVENT_MESSAGE, arg.events & MIRACAST_EVENT_MESSAGE);

	completion.id = ~0ull;
	EXCHANGE(-ENOENT, .nr_completions = 1, .completions = (uintptr_t)&completion);
	/* Queued: the daemon has no right to it yet, whatever id it guesses. */
	completion.id = 1ull << 10;
	EXCHANGE(-ENOENT, .nr_completions = 1, .completions = (uintptr_t)&completion);
	memset(messages, 0xee, sizeof(messages));
	EXCHANGE(0, .nr_messages = 2, .messages = (uintptr_t)messages);
	EXPECT_EQ(1, arg.nr_messages);
	EXPECT_EQ(MIRACAST_STARTED, arg.state);
	EXPECT_EQ(0xeeeeeeeeeeeeeeeeull, messages[1].id);

	completion = (struct miracast_completion){.id = messages[0].id, .reserved = 1};
	EXCHANGE(-EINVAL, .nr_completions = 1, .completions = (uintptr_t)&completion);
	completion.reserved = 0;
	completion.status = STATUS_PENDING;
	EXCHANGE(-EINVAL, .nr_completions = 1, .completions = (uintptr_t)&completion);
	completion.status = STATUS_SUCCESS;
	EXPECT_EQ(0, RESULT(sent.cookie, 0).callbacks);
	EXCHANGE(0, .nr_completions = 1, .completions = (uintptr_t)&completion);
	EXPECT_EQ(1, arg.nr_completions);
	EXPECT_EQ(0, arg.nr_stale);
	EXPECT_ENDED(sent.cookie, STATUS_SUCCESS);
}

TEST_F(channel, exchange_batches_larger_than_its_own)
{
	struct miracast_test_adapter adapter = default_adapter();
	struct miracast_completion completions[64] = {};
	struct miracast_message messages[64];
	struct miracast_exchange arg;
	struct miracast_context_info info;
	unsigned int n, i;
	int fd;

	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	fd = open_adapter(adapter.index);
	ASSERT_EQ(0, handshake(fd, 0));
	ASSERT_EQ(0, create_context(fd, 0, 64, &info));
	ASSERT_EQ(0, start_session(fd));
	for (n = 15; n <= 64; n = n < 17   ? n + 1
				  : n < 31 ? 31
				  : n < 33 ? n + 1
				  : n < 64 ? 64
					   : 65) {
		for (i = 0; i < n; i++)
			ASSERT_EQ(STATUS_PENDING,
				  do_send(self->test_fd, adapter.index, 0, 0, &i, 4, 0).status);
		ASSERT_EQ((int)n, fetch(fd, messages, 64, 0));
		for (i = 0; i < n; i++) {
			EXPECT_EQ(0, messages[i].input_offset % 64);
			completions[i].id = messages[i].id;
		}
		arg = (struct miracast_exchange){
			.size = sizeof(arg),
			.completions = (uintptr_t)completions,
			.nr_completions = n,
			.messages = (uintptr_t)messages,
			.nr_messages = 64,
		};
		ASSERT_EQ(0, call(fd, MIRACAST_IOC_EXCHANGE, &arg));
		EXPECT_EQ(n, arg.nr_completions);
		EXPECT_EQ(0, arg.nr_messages);
	}
	close(fd);
}

static void on_signal(int number)
{
}

TEST_F(channel, exchange_waits_and_is_woken)
{
	struct miracast_message message = {};
	struct miracast_exchange arg = {
		.size = sizeof(arg),
		.messages = (uintptr_t)&message,
		.nr_messages = 1,
		.timeout_ns = MIRACAST_NO_TIMEOUT,
	};
	struct sigaction action = {.sa_handler = on_signal};
	struct background background;

	START();
	/* By a message ... */
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	sleep_ms(NEVER);
	EXPECT_FALSE(background.done);
	ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	EXPECT_EQ(0, finish_call(&background));
	ASSERT_EQ(1, arg.nr_messages);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	/* ... by its own timeout ... */
	EXPECT_EQ(0, fetch(self->fd, &message, 1, 20 * MS));
	/* ... by a signal ... */
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	arg.nr_messages = 1;
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	sleep_ms(NEVER);
	pthread_kill(background.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, finish_call(&background));
	/* ... by a change of state. */
	arg.nr_messages = 1;
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	sleep_ms(NEVER);
	EXPECT_FALSE(background.done);
	STOP();
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_EQ(0, arg.nr_messages);
	/* And with no session there is nothing to wait for. */
	EXPECT_EQ(0, fetch(self->fd, &message, 1, MIRACAST_NO_TIMEOUT));
}

TEST_F(channel, poll_tells_messages_state_and_hang_up)
{
	struct pollfd pollfd = {
		.fd = self->fd,
		.events = POLLIN | POLLPRI | POLLRDBAND,
	};
	struct miracast_message message;

	get_state(self->fd);
	ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	START();
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_EQ(POLLIN | POLLPRI, pollfd.revents);
	get_state(self->fd);
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_EQ(POLLIN, pollfd.revents);
	FETCH(&message);
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_EQ(POLLHUP | POLLERR | POLLPRI | POLLRDBAND, pollfd.revents | POLLPRI);
}

TEST_F(channel, the_arena_maps_shared_and_within_bounds)
{
	size_t size = self->info.arena_size;
	unsigned char *map;

	EXPECT_EQ(MAP_FAILED, mmap(NULL, size, PROT_READ, MAP_PRIVATE, self->fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, size + 4096, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, size, PROT_READ, MAP_SHARED, self->fd, 4096));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, size));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, 1ull << 50));
	/* The same memory a second time, from its last page. */
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, size - 4096);
	ASSERT_NE(MAP_FAILED, (void *)map);
	EXPECT_EQ(0, map[4095]);
	self->arena[size - 1] = 7;
	EXPECT_EQ(7, map[4095]);
	munmap(map, 4096);
}

TEST_F(channel, the_arena_starts_zeroed)
{
	size_t i;

	for (i = 0; i < self->info.arena_size; i++)
		ASSERT_EQ(0, self->arena[i]);
}

TEST_F(channel, growing_the_mapping_reaches_no_other_memory)
{
	size_t size = self->info.arena_size;
	int wstatus;
	pid_t child;

	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		unsigned char *grown = mremap(self->arena, size, size + 4096, MREMAP_MAYMOVE);

		if (grown == MAP_FAILED)
			_exit(0);
		_exit(grown[size] + 100);
	}
	ASSERT_EQ(child, waitpid(child, &wstatus, 0));
	EXPECT_TRUE(WIFEXITED(wstatus) ? !WEXITSTATUS(wstatus) : WTERMSIG(wstatus) == SIGBUS);
}

TEST_F(channel, a_refused_context_tells_why_and_nothing_else)
{
	struct miracast_test_behaviour behaviour = {
		.index = self->index,
		.create_status = STATUS_NO_MEMORY,
	};
	struct miracast_context_info arg, expected = {
						  .size = sizeof(expected),
						  .slots = 1,
						  .status = STATUS_NO_MEMORY,
					  };
	int fd = open_adapter(self->index);

	ASSERT_EQ(0, handshake(fd, 0));
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_BEHAVE, &behaviour));
	memset(&arg, 0xa5, sizeof(arg));
	arg.size = sizeof(arg);
	arg.flags = 0;
	arg.slots = 1;
	memset(arg.reserved, 0, sizeof(arg.reserved));
	ASSERT_EQ(-ENOMEM, call(fd, MIRACAST_IOC_CREATE_CONTEXT, &arg));
	EXPECT_EQ(0, memcmp(&arg, &expected, sizeof(arg)));
	close(fd);
}

TEST_F(channel, recover_checks_its_argument)
{
	struct miracast_context_info arg = {.size = sizeof(arg), .slots = 1};

	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_RECOVER, &arg));
	arg.slots = 0;
	arg.flags = MIRACAST_CONTEXT_RECOVER;
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_RECOVER, &arg));
}

TEST_F(channel, an_adapter_without_a_chunk_queue_has_no_chunks)
{
	struct miracast_test_adapter adapter = default_adapter();
	struct miracast_get_chunks arg = {.size = sizeof(arg)};
	struct miracast_test_chunk chunk = {};
	struct miracast_context_info info;
	int fd;

	adapter.max_chunks = 0;
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	fd = open_adapter(adapter.index);
	EXPECT_EQ(-EOPNOTSUPP, handshake(fd, MIRACAST_FEATURE_CHUNKS));
	ASSERT_EQ(0, handshake(fd, 0));
	ASSERT_EQ(0, create_context(fd, 0, 1, &info));
	EXPECT_EQ(-EOPNOTSUPP, call(fd, MIRACAST_IOC_GET_CHUNKS, &arg));
	chunk.index = adapter.index;
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_CHUNK, &chunk));
	EXPECT_EQ(STATUS_NOT_SUPPORTED, chunk.status);
	close(fd);
}

TEST_F(channel, flags_and_reserved_words_of_the_rest)
{
	struct miracast_io_control control_arg = {.size = sizeof(control_arg), .flags = 2};
	struct miracast_get_chunks chunks_arg = {.size = sizeof(chunks_arg), .reserved = 1};
	struct miracast_report_status status_arg = {.size = sizeof(status_arg), .reserved = 1};
	struct miracast_report_statistic statistic_arg = {
		.size = sizeof(statistic_arg),
		.reserved = 1,
	};
	struct miracast_state state_arg = {.size = sizeof(state_arg), .reserved = 1};

	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_IO_CONTROL, &control_arg));
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_GET_CHUNKS, &chunks_arg));
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_REPORT_SESSION_STATUS, &status_arg));
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_REPORT_STATISTIC, &statistic_arg));
	statistic_arg.reserved = 0;
	statistic_arg.data.reserved = 1;
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_REPORT_STATISTIC, &statistic_arg));
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_GET_STATE, &state_arg));
}

TEST_HARNESS_MAIN
