// SPDX-License-Identifier: GPL-2.0
/* Each ioctl, mmap and poll with bad arguments first, then good ones. */

#include "channel.h"

#include <asm/ioctls.h>
#include <assert.h>

#include "../kmod/channel/layout.h"

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
		_IOWR(MIRACAST_IOC_MAGIC, 11, struct miracast_exchange),
		_IOWR(MIRACAST_IOC_MAGIC + 1, 6, struct miracast_exchange),
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

/* A struct whose size is not what the command says is refused and left as it is. */
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

TEST_F(channel, the_mapping_does_not_grow)
{
	size_t size = self->info.arena_size;

	EXPECT_EQ(MAP_FAILED, mremap(self->arena, size, size + 4096, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
}

/* Whether a mapping has one of the flags of proc(5). */
static bool has_vm_flag(const void *address, const char *flag)
{
	char line[512], *tokens;
	bool ours = false, found = false;
	unsigned long begin, end;
	FILE *smaps = fopen("/proc/self/smaps", "re");

	while (smaps && fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
			ours = begin <= (unsigned long)address && (unsigned long)address < end;
		tokens = line + strlen("VmFlags:");
		if (ours && !strncmp(line, "VmFlags:", strlen("VmFlags:")) && strstr(tokens, flag))
			found = true;
	}
	if (smaps)
		fclose(smaps);
	return found;
}

TEST_F(channel, the_arena_is_in_no_child_no_core_dump_and_no_code)
{
	size_t size = self->info.arena_size;
	int wstatus;
	pid_t child;

	EXPECT_TRUE(has_vm_flag(self->arena, " dd"));
	EXPECT_TRUE(has_vm_flag(self->arena, " dc"));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, mprotect(self->arena, size, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	/* Not even if it asks to be dumped. */
	EXPECT_EQ(-1, madvise(self->arena, size, MADV_DODUMP));

	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		signal(SIGSEGV, SIG_DFL);
		_exit(*(volatile unsigned char *)self->arena);
	}
	ASSERT_EQ(child, waitpid(child, &wstatus, 0));
	EXPECT_TRUE(WIFSIGNALED(wstatus));
	EXPECT_EQ(SIGSEGV, WTERMSIG(wstatus));
}

TEST_F(channel, a_file_that_is_opened_to_read_makes_no_context)
{
	struct miracast_context_info info;
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/miracast%u", self->index);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, handshake(fd, 0));
	EXPECT_EQ(-EACCES, create_context(fd, 0, 1, &info));
	close(fd);
}

static unsigned int open_files(void)
{
	unsigned int fd, n = 0;

	for (fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static uint64_t live_files(int test_fd, uint32_t index)
{
	return counters_of(test_fd, index).files;
}

/* Files of io_control come with the answer, or not at all. */
TEST_F(channel, a_file_is_handed_out_after_all_else_was_written)
{
	struct miracast_test_control request = {.code = MIRACAST_TEST_CTL_FILES, .value = 2};
	long page = sysconf(_SC_PAGESIZE);
	struct miracast_io_control *readonly;
	unsigned int before = open_files();
	struct miracast_io_control arg;
	int32_t numbers[8] = {-1, -1};
	unsigned int i;

	/* The output cannot be written. */
	EXPECT_EQ(-EFAULT, io_control(self->fd, &request, sizeof(request), (void *)8,
				      sizeof(numbers), &arg));
	EXPECT_EQ(before, open_files());
	EXPECT_EQ(0, live_files(self->test_fd, self->index));

	/* The call's own struct cannot be written, but the output can. */
	readonly = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)readonly);
	*readonly = (struct miracast_io_control){
		.size = sizeof(*readonly),
		.input = (uintptr_t)&request,
		.output = (uintptr_t)numbers,
		.input_size = sizeof(request),
		.output_size = sizeof(numbers),
	};
	ASSERT_EQ(0, mprotect(readonly, page, PROT_READ));
	EXPECT_EQ(-EFAULT, call(self->fd, MIRACAST_IOC_IO_CONTROL, readonly));
	EXPECT_EQ(before, open_files());
	EXPECT_EQ(0, live_files(self->test_fd, self->index));
	munmap(readonly, page);

	/* The driver changes its mind, or wants more than there may be. */
	request.code = MIRACAST_TEST_CTL_FILES_BAD;
	EXPECT_EQ(0,
		  io_control(self->fd, &request, sizeof(request), numbers, sizeof(numbers), &arg));
	EXPECT_EQ(STATUS_UNSUCCESSFUL, arg.status);
	request = (struct miracast_test_control){.code = MIRACAST_TEST_CTL_FILES, .value = 5};
	EXPECT_EQ(0,
		  io_control(self->fd, &request, sizeof(request), numbers, sizeof(numbers), &arg));
	EXPECT_EQ(STATUS_INSUFFICIENT_RESOURCES, arg.status);
	EXPECT_EQ(before, open_files());
	EXPECT_EQ(0, live_files(self->test_fd, self->index));

	request.value = 4;
	ASSERT_EQ(0,
		  io_control(self->fd, &request, sizeof(request), numbers, sizeof(numbers), &arg));
	EXPECT_EQ(STATUS_SUCCESS, arg.status);
	EXPECT_EQ(4 * sizeof(numbers[0]), arg.bytes_returned);
	EXPECT_EQ(before + 4, open_files());
	EXPECT_EQ(4, live_files(self->test_fd, self->index));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(FD_CLOEXEC, fcntl(numbers[i], F_GETFD));
		EXPECT_EQ(0, close(numbers[i]));
	}
	EXPECT_EQ(0, live_files(self->test_fd, self->index));
}

/*
 * A daemon that starts a session on a file that this process has, too, and then ends. What it
 * does: in a child, which returns.
 */
enum life {
	LIFE_PLAIN,
	LIFE_THREAD, /* the thread that made the context ends, another closes a copy; no death */
	LIFE_HEIR, /* somebody else starts the session before it ends */
};

static void *make_context(void *data)
{
	int *fds = data;
	struct miracast_context_info info;

	return (void *)(long)create_context(fds[0], fds[1], 4, &info);
}

static void live(int fd, uint32_t flags, enum life life, int ready, int end)
{
	int fds[2] = {fd, flags};
	pthread_t thread;
	void *error;
	char byte = 0;

	if (handshake(fd, MIRACAST_FEATURE_RECOVER) ||
	    pthread_create(&thread, NULL, make_context, fds) || pthread_join(thread, &error) ||
	    error)
		_exit(1);
	if (life == LIFE_THREAD)
		close(dup(fd));
	if (life != LIFE_HEIR && start_session(fd))
		_exit(2);
	if (write(ready, &byte, 1) != 1 || read(end, &byte, 1) != 1)
		_exit(3);
	_exit(0);
}

TEST_F(channel, a_context_ends_with_the_process_that_owns_it)
{
	static const struct {
		uint32_t flags;
		enum life life;
		uint32_t state; /* once the process has ended */
	} lives[] = {
		{0, LIFE_PLAIN, MIRACAST_DESTROYED},
		{0, LIFE_THREAD, MIRACAST_DESTROYED},
		{MIRACAST_CONTEXT_RECOVER, LIFE_PLAIN, MIRACAST_STARTED},
		{0, LIFE_HEIR, MIRACAST_STARTED},
	};
	int ready[2], end[2], wstatus, fd;
	unsigned int i;
	pid_t child;
	char byte;

	for (i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		fd = open_adapter(self->index);
		ASSERT_GE(fd, 0);
		ASSERT_EQ(0, pipe(ready));
		ASSERT_EQ(0, pipe(end));
		child = fork();
		ASSERT_GE(child, 0);
		if (!child)
			live(fd, lives[i].flags, lives[i].life, ready[1], end[0]);
		ASSERT_EQ(1, read(ready[0], &byte, 1));
		if (lives[i].life == LIFE_HEIR)
			ASSERT_EQ(0, start_session(fd));
		EXPECT_EQ(MIRACAST_STARTED, get_state(fd).state);
		ASSERT_EQ(1, write(end[1], &byte, 1));
		ASSERT_EQ(child, waitpid(child, &wstatus, 0));
		EXPECT_EQ(0, wstatus);
		/* This process holds the file, and cannot hold the context. */
		EXPECT_EQ(lives[i].state, get_state(fd).state)
		{
			TH_LOG("life %u", i);
		}
		if (lives[i].state == MIRACAST_DESTROYED)
			EXPECT_EQ(-ENODEV, fetch(fd, NULL, 0, 0));
		close(fd);
		close(ready[0]);
		close(ready[1]);
		close(end[0]);
		close(end[1]);
	}
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

/* An argument in a buffer of twice its size: what is not the caller's is poisoned. */
#define POISON 0xa5

struct sized_call {
	unsigned char before[256];
	unsigned char arg[256];
};

/* Calls a command with a struct of any size, its members as far as it has them. */
static int call_sized(struct sized_call *sized, int fd, unsigned long cmd, const void *members,
		      uint32_t size, int tail)
{
	uint32_t full = _IOC_SIZE(cmd);

	memset(sized->arg, POISON, sizeof(sized->arg));
	memset(sized->arg, 0, size);
	memcpy(sized->arg, members, size < full ? size : full);
	memcpy(sized->arg, &size, size < sizeof(size) ? size : sizeof(size));
	if (tail >= 0)
		sized->arg[tail] = 0x80;
	memcpy(sized->before, sized->arg, sizeof(sized->arg));
	return call(fd, _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), size), sized->arg);
}

static bool is_untouched(const struct sized_call *sized)
{
	return !memcmp(sized->before, sized->arg, sizeof(sized->arg));
}

/* Whose answer is another one each time. */
static bool differs_each_time(unsigned long cmd)
{
	return cmd == MIRACAST_IOC_CREATE_CONTEXT || cmd == MIRACAST_IOC_RECOVER;
}

TEST_F(channel, every_struct_may_be_shorter_or_longer)
{
	struct miracast_handshake hello = {.features = MIRACAST_FEATURE_RECOVER};
	struct miracast_context_info create = {.slots = 1};
	struct miracast_context_info take_over = {0};
	struct miracast_session step = {.op = MIRACAST_SESSION_START_BEGIN};
	struct miracast_state state = {0};
	struct miracast_exchange exchange_arg = {0};
	struct miracast_io_control control_arg = {0};
	struct miracast_get_chunks chunks_arg = {0};
	struct miracast_report_status status_arg = {0};
	struct miracast_report_statistic statistic_arg = {0};
	/* In the order of ioctls[]; least: bytes without which the call makes no sense. */
	const struct {
		const void *members;
		uint32_t least;
	} calls[NR_IOCTLS] = {
		{&hello, 4},	  {&create, 9},	       {&take_over, 4},	  {&step, 4},
		{&state, 4},	  {&exchange_arg, 4},  {&control_arg, 4}, {&chunks_arg, 4},
		{&status_arg, 4}, {&statistic_arg, 4},
	};
	struct sized_call sized, whole;
	struct miracast_context_info info;
	uint32_t size, full, both, tail;
	int recovering, fd, expected, got;
	unsigned int i;

	recovering = open_adapter(self->index);
	ASSERT_EQ(0, handshake(recovering, MIRACAST_FEATURE_RECOVER));
	ASSERT_EQ(0, create_context(recovering, MIRACAST_CONTEXT_RECOVER, 1, &info));
	for (i = 0; i < NR_IOCTLS; i++) {
		full = _IOC_SIZE(ioctls[i]);
		for (size = 0; size <= 2 * full; size++) {
			both = size < full ? size : full;
			fd = self->fd;
			if (ioctls[i] == MIRACAST_IOC_RECOVER)
				fd = recovering;
			if (ioctls[i] == MIRACAST_IOC_HANDSHAKE ||
			    ioctls[i] == MIRACAST_IOC_CREATE_CONTEXT)
				fd = open_adapter(self->index);
			if (ioctls[i] == MIRACAST_IOC_CREATE_CONTEXT) {
				close(recovering);
				recovering = -1;
				ASSERT_EQ(0, handshake(fd, 0));
			}

			/* A byte that the kernel does not know: nothing happens, nothing is written. */
			for (tail = full; tail < size; tail++) {
				ASSERT_EQ(-E2BIG, call_sized(&sized, fd, ioctls[i],
							     calls[i].members, size, tail));
				ASSERT_TRUE(is_untouched(&sized));
			}
			expected = size < calls[i].least ? -EINVAL : 0;
			got = call_sized(&sized, fd, ioctls[i], calls[i].members, size, -1);
			ASSERT_EQ(expected, got)
			{
				TH_LOG("command %u with %u bytes", _IOC_NR(ioctls[i]), size);
			}
			if (got)
				ASSERT_TRUE(is_untouched(&sized));
			/* What the kernel does not know stays; so does what is not the caller's. */
			ASSERT_EQ(0, memcmp(sized.arg + both, sized.before + both,
					    sizeof(sized.arg) - both));

			/* And what it knows is the same whatever the length. */
			if (!got && !differs_each_time(ioctls[i])) {
				if (ioctls[i] == MIRACAST_IOC_SESSION)
					ASSERT_EQ(0, session(fd, MIRACAST_SESSION_START_END,
							     STATUS_UNSUCCESSFUL));
				ASSERT_EQ(0, call_sized(&whole, fd, ioctls[i], calls[i].members,
							full, -1));
				ASSERT_EQ(0, memcmp(whole.arg + 4, sized.arg + 4, both - 4));
			}
			if (!got && ioctls[i] == MIRACAST_IOC_SESSION)
				ASSERT_EQ(0, session(fd, MIRACAST_SESSION_START_END,
						     STATUS_UNSUCCESSFUL));
			if (fd != self->fd && fd != recovering)
				close(fd);
		}
		if (recovering < 0) {
			recovering = open_adapter(self->index);
			ASSERT_EQ(0, handshake(recovering, MIRACAST_FEATURE_RECOVER));
			ASSERT_EQ(0,
				  create_context(recovering, MIRACAST_CONTEXT_RECOVER, 1, &info));
		}
	}
	close(recovering);
}

TEST_F(channel, a_command_without_an_argument_may_get_one)
{
	unsigned char arg[64] = {0};

	arg[63] = 1;
	EXPECT_EQ(-E2BIG,
		  call(self->fd, _IOC(_IOC_WRITE, MIRACAST_IOC_MAGIC, 2, sizeof(arg)), arg));
	arg[63] = 0;
	EXPECT_EQ(MIRACAST_CREATED, get_state(self->fd).state);
	EXPECT_EQ(0, call(self->fd, _IOC(_IOC_WRITE, MIRACAST_IOC_MAGIC, 2, sizeof(arg)), arg));
	EXPECT_EQ(-ENODEV,
		  call(self->fd, MIRACAST_IOC_SESSION,
		       &(struct miracast_session){.size = sizeof(struct miracast_session)}));
}

/* The direction is no part of a command's name: a later one may bring an answer. */
TEST_F(channel, the_direction_of_a_command_does_not_matter)
{
	struct miracast_state arg = {.size = sizeof(arg)};

	EXPECT_EQ(0, call(self->fd, _IOW(MIRACAST_IOC_MAGIC, 5, struct miracast_state), &arg));
	EXPECT_EQ(1, arg.generation);
}

TEST_F(channel, the_records_of_exchange_grow_too)
{
	const uint32_t strides[] = {0, 32, 33, 40, 64, MIRACAST_RECORD_SIZE_MAX};
	static unsigned char messages[3 * MIRACAST_RECORD_SIZE_MAX];
	static unsigned char completions[3 * MIRACAST_RECORD_SIZE_MAX];
	struct miracast_completion completion;
	struct miracast_message message;
	struct miracast_exchange arg;
	uint32_t stride, message_size, completion_size, n, i;
	struct miracast_test_send sent[2];

	START();
	for (i = 0; i < sizeof(strides) / sizeof(strides[0]); i++) {
		stride = strides[i];
		message_size = stride ?: MIRACAST_MESSAGE_SIZE_VER0;
		completion_size = stride ?: MIRACAST_COMPLETION_SIZE_VER0;
		for (n = 0; n < 2; n++)
			sent[n] = SEND(0, NULL, 0, 0);
		memset(messages, POISON, sizeof(messages));
		arg = (struct miracast_exchange){
			.size = sizeof(arg),
			.messages = (uintptr_t)messages,
			.nr_messages = 3,
			.message_size = stride,
		};
		ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
		ASSERT_EQ(2, arg.nr_messages);
		EXPECT_EQ(stride, arg.message_size);
		/* Zeros behind each record, nothing behind the last. */
		memset(completions, 0, sizeof(completions));
		for (n = 0; n < 2; n++) {
			memcpy(&message, messages + n * message_size, sizeof(message));
			EXPECT_EQ(1, message.generation);
			for (uint32_t at = sizeof(message); at < message_size; at++)
				ASSERT_EQ(0, messages[n * message_size + at]);
			completion = (struct miracast_completion){.id = message.id};
			memcpy(completions + n * completion_size, &completion, sizeof(completion));
		}
		EXPECT_EQ(POISON, messages[2 * message_size]);

		arg = (struct miracast_exchange){
			.size = sizeof(arg),
			.completions = (uintptr_t)completions,
			.nr_completions = 2,
			.completion_size = stride,
		};
		if (completion_size > sizeof(completion)) {
			/* The second says something that the kernel does not know. */
			completions[2 * completion_size - 1] = 1;
			EXPECT_EQ(-E2BIG, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
			EXPECT_EQ(1, arg.nr_completions);
			EXPECT_ENDED(sent[0].cookie, STATUS_SUCCESS);
			EXPECT_EQ(0, RESULT(sent[1].cookie, 0).callbacks);
			completions[2 * completion_size - 1] = 0;
			arg.completions += completion_size;
		}
		EXPECT_EQ(0, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
		EXPECT_ENDED(sent[0].cookie, STATUS_SUCCESS);
		EXPECT_ENDED(sent[1].cookie, STATUS_SUCCESS);
	}
	arg = (struct miracast_exchange){.size = sizeof(arg), .message_size = 31};
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	arg.message_size = MIRACAST_RECORD_SIZE_MAX + 1;
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	arg = (struct miracast_exchange){.size = sizeof(arg), .completion_size = 23};
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	arg.completion_size = ~0u;
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
}

static void put_u64(unsigned char *at, uint64_t value)
{
	memcpy(at, &value, sizeof(value));
}

static uint64_t get_u64(const unsigned char *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/*
 * What a program says that was built against the first version of the header, byte for byte,
 * and what it hears: neither ever changes. No struct and no number of the header is used here.
 */
TEST_F(channel, a_program_built_against_the_first_header_still_runs)
{
	unsigned char hello[0x60] = {0x60, 0, 0, 0, 0, 0, 0, 0, 0x03, 0, 0, 0, 0, 0, 0, 0};
	unsigned char create[0x38] = {0x38, 0, 0, 0, 0x01, 0, 0, 0, 0x08, 0, 0, 0};
	unsigned char take_over[0x38] = {0x38, 0, 0, 0};
	unsigned char start_begin[0x18] = {0x18, 0, 0, 0, 0, 0, 0, 0};
	unsigned char start_end[0x18] = {0x18, 0, 0, 0, 1, 0, 0, 0};
	unsigned char stop_begin[0x18] = {0x18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0x80};
	unsigned char stop_end[0x18] = {0x18, 0, 0, 0, 3, 0, 0, 0};
	unsigned char state[0x28] = {0x28, 0, 0, 0};
	unsigned char fetch_one[0x30] = {0x30, 0, 0, 0};
	unsigned char complete_one[0x30] = {0x30, 0, 0, 0};
	unsigned char control[0x28] = {0x28, 0, 0, 0, 1, 0, 0, 0};
	unsigned char chunks[0x28] = {0x28, 0, 0, 0, 0x40, 0, 0, 0};
	unsigned char report[0x10] = {0x10, 0, 0, 0, 1, 0, 0, 0, 0x0d, 0, 0, 0xc0};
	unsigned char statistic[0x28] = {0x28, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1};
	static const unsigned char heard_hello[0x40] = {
		0x60, 0,    0, 0, 0, 0, 0, 0, 0x03, 0, 0, 0, 0, 0,    0, 0, /* features */
		0x03, 0,    0, 0, 0, 0, 0, 0, 0xff, 7, 0, 0, 0, 0,    0, 0, /* supported, ioctls */
		0,    0,    0, 0, 2, 0, 0, 0, 0x40, 0, 0, 0, 0, 0x10, 0, 0,
		0,    0x10, 0, 0, 4, 0, 0, 0, 0x40, 0, 0, 0, 0, 0,    0, 0, /* caps */
	};
	static const unsigned char heard_state[0x28] = {
		0x28, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, /* STARTED, STOP_REQUESTED */
		2,    0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, /* generation 2, 1 queued */
		1,    0, 0, 0, 0, 0, 0, 0,
	};
	static const unsigned char asks_echo[0x10] = {1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4};
	static const unsigned char heard_echo[0x10] = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff,
						       0xff, 0xff, 0xfe, 0xfd, 0xfc, 0xfb,
						       0xff, 0xff, 0xff, 0xff};
	static const unsigned char heard_message[0x18] = {
		4, 0, 0, 0, 8, 0, 0, 0, /* input, output; the offsets are not told */
		0, 0, 0, 0, 0, 0, 0, 0, /* patched below */
		0, 0, 0, 0, 2, 0, 0, 0, /* flags, generation */
	};
	unsigned char message[0x20], completion[0x18] = {0}, packet[0x40], echo[0x10];
	unsigned char expected[0x18], answer[8] = {0};
	struct miracast_test_chunk chunk = {.index = self->index, .info.chunk_type = 2};
	struct miracast_test_result result;
	struct miracast_test_send sent;
	unsigned char *arena;
	int fd;

	/* On the adapter of the fixture, whose own file makes room. */
	munmap(self->arena, self->info.arena_size);
	close(self->fd);
	self->arena =
		mmap(NULL, self->info.arena_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	self->fd = fd = open_adapter(self->index);
	ASSERT_EQ(0, call(fd, 0xc060bc00, hello));
	memcpy(expected, heard_hello + 0x20, 4);
	hello[0x20] = 0; /* the adapter's number is not told */
	EXPECT_EQ(0, memcmp(heard_hello, hello, sizeof(heard_hello)));
	EXPECT_STREQ("miracast_test", (char *)hello + 0x40);

	ASSERT_EQ(0, call(fd, 0xc038bc01, create));
	EXPECT_EQ(8, create[8]);
	EXPECT_EQ(1, create[0x18]); /* generation */
	EXPECT_EQ(4, create[0x1c]); /* CREATED */
	EXPECT_EQ(0x10000, get_u64(create + 0x20));
	arena = mmap(NULL, 0x10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)arena);
	ASSERT_EQ(0, call(fd, 0xc038bc03, take_over));
	EXPECT_EQ(2, take_over[0x18]);

	ASSERT_EQ(0, call(fd, 0xc018bc04, start_begin));
	EXPECT_EQ(1, start_begin[0x10]);
	ASSERT_EQ(0, call(fd, 0xc018bc04, start_end));
	EXPECT_EQ(2, start_end[0x10]);

	sent = SEND(0, "abcd", 4, 8);
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_CHUNK, &chunk));
	ASSERT_EQ(0, call(fd, 0x4010bc09, report));
	ASSERT_EQ(0, call(fd, 0x4028bc0a, statistic));
	ASSERT_EQ(0, call(fd, 0xc028bc05, state));
	EXPECT_EQ(0, memcmp(heard_state, state, sizeof(state)));

	put_u64(control + 8, (uintptr_t)asks_echo);
	put_u64(control + 0x10, (uintptr_t)echo);
	control[0x18] = sizeof(asks_echo);
	control[0x1c] = sizeof(echo);
	ASSERT_EQ(0, call(fd, 0xc028bc07, control));
	EXPECT_EQ(sizeof(echo), control[0x20]);
	EXPECT_EQ(0, control[0x24]);
	EXPECT_EQ(0, memcmp(heard_echo, echo, sizeof(echo)));

	put_u64(chunks + 8, (uintptr_t)packet);
	ASSERT_EQ(0, call(fd, 0xc028bc08, chunks));
	EXPECT_EQ(28, chunks[4]);
	EXPECT_EQ(0, chunks[0x1c]);
	EXPECT_EQ(2, packet[0]);

	put_u64(fetch_one + 0x10, (uintptr_t)message);
	fetch_one[0x1c] = 1;
	memset(fetch_one + 0x28, 0xff, 8); /* no timeout */
	ASSERT_EQ(0, call(fd, 0xc030bc06, fetch_one));
	EXPECT_EQ(1, fetch_one[0x1c]);
	EXPECT_EQ(2, fetch_one[0x24]);
	memcpy(expected, heard_message, sizeof(expected));
	memcpy(expected + 8, message + 0x10, 8);
	EXPECT_EQ(0, memcmp(expected, message + 8, sizeof(expected)));
	EXPECT_EQ(0, memcmp("abcd", arena + (uint32_t)get_u64(message + 0x10), 4));
	memcpy(arena + (get_u64(message + 0x10) >> 32), "efghijkl", 8);

	memcpy(completion, message, 8);
	completion[0x10] = 8;
	put_u64(complete_one + 8, (uintptr_t)completion);
	complete_one[0x18] = 1;
	ASSERT_EQ(0, call(fd, 0xc030bc06, complete_one));
	EXPECT_EQ(1, complete_one[0x18]);
	EXPECT_EQ(0, complete_one[0x20]);
	result = result_of(self->test_fd, sent.cookie, SOON, answer, sizeof(answer));
	EXPECT_EQ(1, result.callbacks);
	EXPECT_EQ(8, result.information);
	EXPECT_EQ(0, memcmp("efghijkl", answer, 8));

	ASSERT_EQ(0, call(fd, 0xc018bc04, stop_begin));
	EXPECT_EQ(3, stop_begin[0x10]);
	ASSERT_EQ(0, call(fd, 0xc018bc04, stop_end));
	EXPECT_EQ(0, stop_end[0x10]);
	ASSERT_EQ(0, call(fd, 0xbc02, NULL));
	munmap(arena, 0x10000);
}

TEST_F(channel, exchange_carries_one_completion_and_one_message_in_its_struct)
{
	struct miracast_exchange arg = {
		.size = sizeof(arg),
		.flags = MIRACAST_EXCHANGE_MESSAGE,
		.timeout_ns = SOON * MS,
	};
	struct miracast_test_send sent[2];
	struct miracast_test_result result;
	unsigned char output[4] = {0};

	START();
	sent[0] = SEND(0, "abc", 3, 4);
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	EXPECT_EQ(0, arg.nr_completions);
	ASSERT_EQ(1, arg.nr_messages);
	EXPECT_EQ(3, arg.message.input_size);
	EXPECT_EQ(0, memcmp(self->arena + arg.message.input_offset, "abc", 3));

	/* This one comes while EXCHANGE waits, if it is quick enough to wait. */
	memcpy(self->arena + arg.message.output_offset, "wxyz", 4);
	arg.completion.id = arg.message.id;
	arg.completion.information = 4;
	arg.nr_messages = 0;
	sent[1] = SEND(0, "d", 1, 0);
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	EXPECT_EQ(1, arg.nr_completions);
	EXPECT_EQ(0, arg.nr_stale);
	ASSERT_EQ(1, arg.nr_messages);
	EXPECT_EQ(1, arg.message.input_size);
	result = result_of(self->test_fd, sent[0].cookie, SOON, output, 4);
	EXPECT_EQ(1, result.callbacks);
	EXPECT_EQ(STATUS_SUCCESS, result.status);
	EXPECT_EQ(4, result.information);
	EXPECT_EQ(0, memcmp(output, "wxyz", 4));

	/* Bad ones: nothing is taken, nothing fetched. */
	arg.completion.id = arg.message.id;
	arg.completion.status = STATUS_PENDING;
	arg.completion.information = 0;
	arg.nr_completions = 0;
	arg.nr_messages = 0;
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	EXPECT_EQ(0, arg.nr_completions);
	arg.completion.status = STATUS_SUCCESS;
	arg.completion.information = 1;
	EXPECT_EQ(-EMSGSIZE, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	arg.completion.information = 0;
	arg.completion.id++;
	EXPECT_EQ(-ENOENT, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	arg.completion.id--;
	arg.flags = 2;
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	arg.flags = 0;
	arg.reserved = 1;
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	arg.reserved = 0;
	EXPECT_EQ(0, RESULT(sent[1].cookie, NEVER).callbacks);

	/* Too late: its message has been ended, but the slot is free again. */
	ASSERT_EQ(0, write_attr(self->index, "timeout_ms", "1"));
	EXPECT_ENDED(sent[1].cookie, STATUS_IO_TIMEOUT);
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	EXPECT_EQ(1, arg.nr_completions);
	EXPECT_EQ(1, arg.nr_stale);
	arg.nr_completions = 0;
	EXPECT_EQ(-ENOENT, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
}

TEST_F(channel, exchange_takes_its_struct_first_and_then_the_arrays)
{
	struct miracast_completion completions[2] = {};
	struct miracast_message messages[3] = {};
	struct miracast_exchange arg = {
		.size = sizeof(arg),
		.flags = MIRACAST_EXCHANGE_MESSAGE,
		.messages = (uintptr_t)messages,
		.nr_messages = 3,
		.completions = (uintptr_t)completions,
	};
	struct miracast_test_send sent[3];
	int i;

	START();
	for (i = 0; i < 3; i++)
		sent[i] = SEND(0, "abc", i + 1, 0);
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	ASSERT_EQ(3, arg.nr_messages);
	EXPECT_EQ(1, arg.message.input_size);
	EXPECT_EQ(2, messages[0].input_size);
	EXPECT_EQ(3, messages[1].input_size);
	EXPECT_EQ(0, messages[2].id);

	/* The second of the array is a bad one. */
	arg.completion.id = arg.message.id;
	completions[0].id = messages[0].id;
	completions[1].id = messages[1].id;
	completions[1].reserved = 1;
	arg.nr_completions = 2;
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	EXPECT_EQ(2, arg.nr_completions);
	EXPECT_ENDED(sent[0].cookie, STATUS_SUCCESS);
	EXPECT_ENDED(sent[1].cookie, STATUS_SUCCESS);

	/* The one in the struct is over: the array is not looked at. */
	completions[0] = (struct miracast_completion){.id = messages[1].id};
	arg.nr_completions = 1;
	EXPECT_EQ(-ENOENT, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	EXPECT_EQ(0, arg.nr_completions);
	EXPECT_EQ(0, RESULT(sent[2].cookie, NEVER).callbacks);
	arg.completion.id = 0;
	arg.nr_completions = 1;
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	EXPECT_EQ(1, arg.nr_completions);
	EXPECT_ENDED(sent[2].cookie, STATUS_SUCCESS);
}

TEST_F(channel, a_fault_when_the_struct_is_written_loses_no_message)
{
	struct miracast_exchange *arg;
	struct miracast_test_send sent[2];
	struct miracast_message message;
	struct background waiting;

	arg = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, arg);
	arg->size = sizeof(*arg);
	arg->flags = MIRACAST_EXCHANGE_MESSAGE;
	arg->timeout_ns = SOON * MS;
	ASSERT_EQ(0, mprotect(arg, 4096, PROT_READ));
	START();

	sent[0] = SEND(0, NULL, 0, 0);
	EXPECT_EQ(-EFAULT, call(self->fd, MIRACAST_IOC_EXCHANGE, arg));
	FETCH(&message);
	EXPECT_EQ(0, message.flags);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(sent[0].cookie, STATUS_SUCCESS);

	/* The same when the message is handed to a thread that waits. */
	ASSERT_EQ(0, start_call(&waiting, self->fd, MIRACAST_IOC_EXCHANGE, arg));
	sleep_ms(NEVER);
	sent[1] = SEND(0, NULL, 0, 0);
	EXPECT_EQ(-EFAULT, finish_call(&waiting));
	FETCH(&message);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(sent[1].cookie, STATUS_SUCCESS);
	munmap(arg, 4096);
}

TEST_HARNESS_MAIN
