/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the channel's selftests share: the fixture, and one short function for each
 * thing a daemon or (through miracast_test.ko) a display driver does.
 */
#ifndef SELFTESTS_CHANNEL_H
#define SELFTESTS_CHANNEL_H

#include <errno.h>
#include <fcntl.h>
#include <linux/miracast.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../kmod/test/miracast_test.h"
#include "kselftest_harness.h"

#define SLOTS	    8
#define MAX_MESSAGE 4096
#define MAX_CHUNKS  4
#define MAX_PRIVATE 64
#define MS	    1000000ull
/* Long enough for anything that comes, even on a debug kernel under emulation. */
#define SOON 20000
/* Long enough for something that must not come to be seen. */
#define NEVER 150

static inline void sleep_ms(unsigned int ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000l};

	nanosleep(&t, NULL);
}

/* xorshift: one state a thread, so that a seed means the same each time */
static inline uint32_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 32;
}

/*
 * An ioctl whose result is 0 or a negative errno. A kernel with
 * DEBUG_KOBJECT_RELEASE keeps the numbers of removed adapters for seconds, so
 * that a new one may have to wait for one.
 */
static inline int call(int fd, unsigned long cmd, void *arg)
{
	for (int tries = 0; ioctl(fd, cmd, arg); tries++) {
		if (cmd != MIRACAST_TEST_ADD || errno != ENOSPC || tries == 100)
			return -errno;
		sleep_ms(100);
	}
	return 0;
}

static inline int open_adapter(unsigned int index)
{
	char path[32];
	int fd, tries;

	snprintf(path, sizeof(path), "/dev/miracast%u", index);
	for (tries = 0; tries < 200; tries++) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 || errno != ENOENT)
			return fd;
		sleep_ms(10); /* devtmpfs is a thread of its own */
	}
	return -1;
}

static inline int handshake(int fd, uint64_t features)
{
	struct miracast_handshake arg = {.size = sizeof(arg), .features = features};

	return call(fd, MIRACAST_IOC_HANDSHAKE, &arg);
}

static inline int create_context(int fd, uint32_t flags, uint32_t slots,
				 struct miracast_context_info *info)
{
	*info = (struct miracast_context_info){
		.size = sizeof(*info),
		.flags = flags,
		.slots = slots,
	};
	return call(fd, MIRACAST_IOC_CREATE_CONTEXT, info);
}

static inline int session(int fd, uint32_t op, ntstatus_t status)
{
	struct miracast_session arg = {.size = sizeof(arg), .op = op, .status = status};

	return call(fd, MIRACAST_IOC_SESSION, &arg);
}

static inline int start_session(int fd)
{
	int error = session(fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS);

	return error ?: session(fd, MIRACAST_SESSION_START_END, STATUS_SUCCESS);
}

static inline int stop_session(int fd)
{
	int error = session(fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS);

	return error ?: session(fd, MIRACAST_SESSION_STOP_END, STATUS_SUCCESS);
}

static inline struct miracast_state get_state(int fd)
{
	struct miracast_state arg = {.size = sizeof(arg)};

	if (call(fd, MIRACAST_IOC_GET_STATE, &arg))
		arg.state = ~0u;
	return arg;
}

/* Fetches; returns how many messages came, or a negative errno. */
static inline int fetch(int fd, struct miracast_message *messages, unsigned int room,
			uint64_t timeout_ns)
{
	struct miracast_exchange arg = {
		.size = sizeof(arg),
		.messages = (uintptr_t)messages,
		.nr_messages = room,
		.timeout_ns = timeout_ns,
	};
	int error = call(fd, MIRACAST_IOC_EXCHANGE, &arg);

	return error ?: (int)arg.nr_messages;
}

/* Completes one; returns 0, 1 if it was stale, or a negative errno. */
static inline int complete(int fd, uint64_t id, ntstatus_t status, uint64_t information)
{
	struct miracast_completion completion = {
		.id = id,
		.status = status,
		.information = information,
	};
	struct miracast_exchange arg = {
		.size = sizeof(arg),
		.completions = (uintptr_t)&completion,
		.nr_completions = 1,
	};
	int error = call(fd, MIRACAST_IOC_EXCHANGE, &arg);

	return error ?: (int)arg.nr_stale;
}

static inline int io_control(int fd, const void *input, uint32_t input_size, void *output,
			     uint32_t output_size, struct miracast_io_control *arg)
{
	*arg = (struct miracast_io_control){
		.size = sizeof(*arg),
		.input = (uintptr_t)input,
		.output = (uintptr_t)output,
		.input_size = input_size,
		.output_size = output_size,
	};
	return call(fd, MIRACAST_IOC_IO_CONTROL, arg);
}

/* The test driver's io_control with a code and a value; output may be NULL. */
static inline int control(int fd, uint32_t code, uint32_t value, void *output, uint32_t output_size,
			  ntstatus_t *status)
{
	struct miracast_test_control request = {.code = code, .value = value};
	struct miracast_io_control arg;
	int error = io_control(fd, &request, sizeof(request), output, output_size, &arg);

	if (status)
		*status = arg.status;
	return error;
}

/* The display driver's side. */

static inline struct miracast_test_adapter default_adapter(void)
{
	return (struct miracast_test_adapter){
		.max_contexts = 2,
		.max_slots = 64,
		.max_message = MAX_MESSAGE,
		.max_io_control = 4096,
		.max_chunks = MAX_CHUNKS,
		.timeout_ms = 20000,
		.max_private = MAX_PRIVATE,
	};
}

static inline struct miracast_test_send do_send(int test_fd, uint32_t index, uint32_t target,
						uint32_t flags, const void *input,
						uint32_t input_size, uint32_t output_size)
{
	struct miracast_test_send arg = {
		.index = index,
		.target = target,
		.flags = flags,
		.input = (uintptr_t)input,
		.input_size = input_size,
		.output_size = output_size,
	};

	if (call(test_fd, MIRACAST_TEST_SEND, &arg))
		arg.status = MIRACAST_NTSTATUS(0xdeadbeefu);
	return arg;
}

/* Waits for the first callback of a message, at most wait_ms. */
static inline struct miracast_test_result result_of(int test_fd, uint64_t cookie, uint32_t wait_ms,
						    void *output, uint32_t output_size)
{
	struct miracast_test_result arg = {
		.cookie = cookie,
		.timeout_ms = wait_ms,
		.output = (uintptr_t)output,
		.output_size = output_size,
	};

	if (call(test_fd, MIRACAST_TEST_RESULT, &arg))
		arg.callbacks = ~0u;
	return arg;
}

static inline int release_callback(int test_fd, uint64_t cookie)
{
	struct miracast_test_release arg = {.cookie = cookie};

	return call(test_fd, MIRACAST_TEST_RELEASE, &arg);
}

static inline struct miracast_test_counters counters_of(int test_fd, uint32_t index)
{
	struct miracast_test_counters arg = {.index = index};

	if (call(test_fd, MIRACAST_TEST_COUNTERS, &arg))
		memset(&arg, 0xff, sizeof(arg));
	return arg;
}

static inline int remove_adapter(int test_fd, uint32_t index)
{
	return call(test_fd, MIRACAST_TEST_REMOVE, &index);
}

/* As on a real-time kernel: nothing of a driver's runs in a hard interrupt. */
static inline bool interrupts_are_threads(void)
{
	struct utsname name;

	return !uname(&name) && strstr(name.version, "PREEMPT_RT");
}

static inline int write_file(const char *path, const char *value)
{
	int fd, error = 0;

	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		error = -errno;
	close(fd);
	return error;
}

static inline int write_attr(uint32_t index, const char *name, const char *value)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/class/miracast/miracast%u/%s", index, name);
	return write_file(path, value);
}

static inline int read_attr(uint32_t index, const char *name, char *value, size_t size)
{
	char path[96];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/miracast/miracast%u/%s", index, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -errno;
	n = read(fd, value, size - 1);
	close(fd);
	value[n > 0 ? n : 0] = '\0';
	return n < 0 ? -errno : 0;
}

/* A daemon that completes all it gets, in a thread, until the session's file is gone. */
struct server {
	pthread_t thread;
	int fd;
	uint64_t timeout_ns;
	volatile bool quit;
	unsigned long handled;
};

static inline void *serve(void *data)
{
	struct miracast_completion completions[16];
	struct miracast_message messages[16] = {};
	struct server *server = data;
	struct miracast_exchange arg = {.size = sizeof(arg)};
	unsigned int i;

	while (!server->quit) {
		arg.completions = (uintptr_t)completions;
		arg.nr_completions = arg.nr_messages;
		arg.messages = (uintptr_t)messages;
		arg.nr_messages = 16;
		arg.timeout_ns = server->timeout_ns;
		if (ioctl(server->fd, MIRACAST_IOC_EXCHANGE, &arg) && errno != EINTR)
			break;
		for (i = 0; i < arg.nr_messages; i++)
			completions[i] = (struct miracast_completion){.id = messages[i].id};
		server->handled += arg.nr_messages;
	}
	if (arg.nr_messages) {
		arg.nr_completions = arg.nr_messages;
		arg.nr_messages = 0;
		ioctl(server->fd, MIRACAST_IOC_EXCHANGE, &arg);
	}
	return NULL;
}

static inline int start_server(struct server *server, int fd, uint64_t timeout_ns)
{
	*server = (struct server){.fd = fd, .timeout_ns = timeout_ns};
	return pthread_create(&server->thread, NULL, serve, server);
}

static inline void stop_server(struct server *server)
{
	server->quit = true;
	pthread_join(server->thread, NULL);
}

/* One ioctl in a thread of its own, to see whether it waits. */
struct background {
	pthread_t thread;
	int fd;
	unsigned long cmd;
	void *arg;
	volatile int result;
	volatile bool done;
};

static inline void *background_call(void *data)
{
	struct background *background = data;

	background->result = call(background->fd, background->cmd, background->arg);
	background->done = true;
	return NULL;
}

static inline int start_call(struct background *background, int fd, unsigned long cmd, void *arg)
{
	*background = (struct background){.fd = fd, .cmd = cmd, .arg = arg};
	return pthread_create(&background->thread, NULL, background_call, background);
}

/* Whether it ends by itself. */
static inline bool ends_soon(struct background *background)
{
	for (unsigned int waited = 0; !background->done && waited < SOON / 2; waited += 10)
		sleep_ms(10);
	return background->done;
}

static inline int finish_call(struct background *background)
{
	pthread_join(background->thread, NULL);
	return background->result;
}

/* An adapter, and one open file with a context that has not been started. */
FIXTURE(channel)
{
	int test_fd;
	int fd;
	uint32_t index;
	struct miracast_context_info info;
	unsigned char *arena;
};

FIXTURE_SETUP(channel)
{
	struct miracast_test_adapter adapter = default_adapter();

	self->test_fd = open("/dev/miracast_test", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->test_fd, 0);
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	self->index = adapter.index;
	self->fd = open_adapter(self->index);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, handshake(self->fd, MIRACAST_FEATURE_RECOVER | MIRACAST_FEATURE_CHUNKS));
	ASSERT_EQ(0, create_context(self->fd, 0, SLOTS, &self->info));
	self->arena =
		mmap(NULL, self->info.arena_size, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->arena);
}

/* Whatever a test did, these hold for every adapter that ever was. */
FIXTURE_TEARDOWN(channel)
{
	struct miracast_test_counters counters;

	munmap(self->arena, self->info.arena_size);
	if (self->fd >= 0)
		close(self->fd);
	counters = counters_of(self->test_fd, self->index);
	EXPECT_EQ(0, counters.overlaps);
	EXPECT_EQ(0, counters.callbacks_after_destroy);
	EXPECT_EQ(0, counters.io_controls_after_destroy);
	EXPECT_EQ(counters.accepted, counters.callbacks);
	close(self->test_fd);
}

/* Shorthands inside TEST_F(channel, ...). */
#define START() ASSERT_EQ(0, start_session(self->fd))
#define STOP()	ASSERT_EQ(0, stop_session(self->fd))
#define SEND(flags, input, input_size, output_size) \
	do_send(self->test_fd, self->index, 0, flags, input, input_size, output_size)
#define RESULT(cookie, wait_ms) result_of(self->test_fd, cookie, wait_ms, NULL, 0)
#define FETCH(message)		ASSERT_EQ(1, fetch(self->fd, message, 1, SOON *MS))
#define EXPECT_ENDED(cookie, expected_status)                          \
	do {                                                           \
		struct miracast_test_result r_ = RESULT(cookie, SOON); \
		EXPECT_EQ(1, r_.callbacks);                            \
		EXPECT_EQ(expected_status, r_.status);                 \
		EXPECT_EQ(0, r_.information);                          \
	} while (0)

#endif /* SELFTESTS_CHANNEL_H */
