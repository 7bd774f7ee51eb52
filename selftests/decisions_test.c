// SPDX-License-Identifier: GPL-2.0
/*
 * Where the DDI is silent: the decisions (d01 ...) in the order of the table in
 * docs/contract.md, and the gating table (g1 ...), row by row.
 */

#include <sched.h>
#include <sys/klog.h>

#include "channel.h"

#define SYSLOG_ACTION_READ_ALL 3

TEST_F(channel, d01_stop_failed_start_and_destroy_cancel)
{
	unsigned char output[4];
	struct miracast_test_result result;
	struct miracast_test_send sent[3];
	int i;

	sent[0] = SEND(0, NULL, 0, 4);
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_END, STATUS_UNSUCCESSFUL));
	START();
	sent[1] = SEND(0, NULL, 0, 4);
	STOP();
	START();
	sent[2] = SEND(0, NULL, 0, 4);
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	for (i = 0; i < 3; i++) {
		result = result_of(self->test_fd, sent[i].cookie, SOON, output, 4);
		EXPECT_EQ(1, result.callbacks);
		EXPECT_EQ(STATUS_CANCELLED, result.status);
		EXPECT_EQ(0, result.information);
		EXPECT_EQ(MIRACAST_TEST_POISON, output[0]);
	}
}

TEST_F(channel, d02_closing_the_file_disconnects)
{
	struct miracast_test_send sent[2];
	struct miracast_message message;

	START();
	sent[0] = SEND(0, NULL, 0, 0);
	sent[1] = SEND(0, NULL, 0, 0);
	FETCH(&message);
	/* The mapping still holds the file: close alone must not do it. */
	ASSERT_EQ(0, munmap(self->arena, self->info.arena_size));
	close(self->fd);
	self->fd = -1;
	EXPECT_ENDED(sent[0].cookie, STATUS_CONNECTION_DISCONNECTED);
	EXPECT_ENDED(sent[1].cookie, STATUS_CONNECTION_DISCONNECTED);
}

static void *exit_with_files_of_its_own(void *error)
{
	*(int *)error = unshare(CLONE_FILES) ? -errno : 0;
	return NULL;
}

TEST_F(channel, d02_a_thread_that_ends_with_its_own_descriptors_ends_no_context)
{
	pthread_t thread;
	int error;

	START();
	ASSERT_EQ(0, pthread_create(&thread, NULL, exit_with_files_of_its_own, &error));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, error);
	/* Joined before it has closed them. */
	sleep_ms(NEVER);
	EXPECT_EQ(MIRACAST_STARTED, get_state(self->fd).state);
}

TEST_F(channel, d03_an_unanswered_message_times_out_in_every_state)
{
	struct miracast_test_send sent[3];
	struct miracast_message message;
	char value[16];

	EXPECT_EQ(-EINVAL, write_attr(self->index, "timeout_ms", "0"));
	EXPECT_EQ(-EINVAL, write_attr(self->index, "timeout_ms", "86400001"));
	EXPECT_EQ(-EINVAL, write_attr(self->index, "timeout_ms", "never"));
	EXPECT_EQ(-EINVAL, write_attr(self->index, "watchdog_ms", "0"));
	ASSERT_EQ(0, read_attr(self->index, "timeout_ms", value, sizeof(value)));
	EXPECT_STREQ("20000\n", value);

	sent[0] = SEND(0, NULL, 0, 0); /* held */
	EXPECT_EQ(0, RESULT(sent[0].cookie, NEVER).callbacks);
	/* A new timeout holds for messages that are open already. */
	ASSERT_EQ(0, write_attr(self->index, "timeout_ms", "100"));
	EXPECT_ENDED(sent[0].cookie, STATUS_IO_TIMEOUT);
	START();
	sent[1] = SEND(0, NULL, 0, 0); /* with the daemon */
	FETCH(&message);
	sent[2] = SEND(0, NULL, 0, 0); /* queued */
	EXPECT_ENDED(sent[1].cookie, STATUS_IO_TIMEOUT);
	EXPECT_ENDED(sent[2].cookie, STATUS_IO_TIMEOUT);
	EXPECT_EQ(0, get_state(self->fd).queued);
	/* The session lives on. */
	EXPECT_EQ(1, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	ASSERT_EQ(0, write_attr(self->index, "timeout_ms", "20000"));
	sent[0] = SEND(0, NULL, 0, 0);
	FETCH(&message);
	EXPECT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(sent[0].cookie, STATUS_SUCCESS);
}

TEST_F(channel, d03_a_timed_out_slot_is_not_reused_until_the_daemon_lets_go)
{
	struct miracast_message messages[SLOTS];
	struct miracast_test_send sent;
	int i;

	START();
	for (i = 0; i < SLOTS; i++)
		ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	ASSERT_EQ(SLOTS, fetch(self->fd, messages, SLOTS, 0));
	ASSERT_EQ(0, write_attr(self->index, "timeout_ms", "50"));
	while (counters_of(self->test_fd, self->index).timed_out < SLOTS)
		sleep_ms(10);
	ASSERT_EQ(0, write_attr(self->index, "timeout_ms", "20000"));
	EXPECT_EQ(STATUS_INSUFFICIENT_RESOURCES, SEND(0, NULL, 0, 0).status);
	ASSERT_EQ(1, complete(self->fd, messages[3].id, STATUS_SUCCESS, 0));
	sent = SEND(0, NULL, 0, 0);
	ASSERT_EQ(STATUS_PENDING, sent.status);
	EXPECT_EQ(STATUS_INSUFFICIENT_RESOURCES, SEND(0, NULL, 0, 0).status);
	/* The old id does not name the new message in the same slot. */
	EXPECT_EQ(-ENOENT, complete(self->fd, messages[3].id, STATUS_SUCCESS, 0));
	EXPECT_EQ(0, RESULT(sent.cookie, 0).callbacks);
}

struct limit_writer {
	pthread_t thread;
	uint32_t index;
	volatile bool quit;
};

static void *write_limits(void *data)
{
	struct limit_writer *writer = data;

	while (!writer->quit)
		write_attr(writer->index, "timeout_ms", "20000");
	return NULL;
}

/* Each write has the channel look for messages that are too old. */
TEST_F_TIMEOUT(channel, d03_no_message_is_too_old_when_it_has_just_been_sent, 300)
{
	struct limit_writer writers[2] = {{.index = self->index}, {.index = self->index}};
	struct miracast_test_burst burst = {.index = self->index, .count = SLOTS};
	struct server server;
	unsigned int i, accepted = 0;

	START();
	ASSERT_EQ(0, start_server(&server, self->fd, MIRACAST_NO_TIMEOUT));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&writers[i].thread, NULL, write_limits, &writers[i]));
	while (accepted < 20000) {
		ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_BURST, &burst));
		accepted += burst.accepted;
		if (!burst.accepted)
			sched_yield();
	}
	for (i = 0; i < 2; i++) {
		writers[i].quit = true;
		pthread_join(writers[i].thread, NULL);
	}
	STOP();
	stop_server(&server);
	EXPECT_EQ(0, counters_of(self->test_fd, self->index).timed_out);
}

TEST_F(channel, d04_removal_of_the_adapter_says_so_everywhere)
{
	struct pollfd pollfd = {.fd = self->fd, .events = POLLIN};
	struct miracast_test_send sent[2];
	struct miracast_message message;

	START();
	sent[0] = SEND(0, NULL, 0, 0);
	sent[1] = SEND(0, NULL, 0, 0);
	FETCH(&message);
	ASSERT_EQ(0, remove_adapter(self->test_fd, self->index));
	EXPECT_ENDED(sent[0].cookie, STATUS_DEVICE_REMOVED);
	EXPECT_ENDED(sent[1].cookie, STATUS_DEVICE_REMOVED);
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_TRUE(pollfd.revents & POLLHUP);
	EXPECT_EQ(-ENODEV, fetch(self->fd, &message, 1, MIRACAST_NO_TIMEOUT));
	EXPECT_EQ(-ENODEV, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	EXPECT_EQ(-ENODEV, stop_session(self->fd));
	EXPECT_EQ(STATUS_DEVICE_NOT_CONNECTED, SEND(0, NULL, 0, 0).status);
	/* The arena is still mapped. */
	self->arena[0] = 1;
}

TEST_F(channel, d04_removal_wakes_a_daemon_that_waits)
{
	struct miracast_message message;
	struct miracast_exchange arg = {
		.size = sizeof(arg),
		.messages = (uintptr_t)&message,
		.nr_messages = 1,
		.timeout_ns = MIRACAST_NO_TIMEOUT,
	};
	struct background background;

	START();
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	sleep_ms(NEVER);
	EXPECT_FALSE(background.done);
	ASSERT_EQ(0, remove_adapter(self->test_fd, self->index));
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_EQ(MIRACAST_DESTROYED, arg.state);
	EXPECT_EQ(0, arg.nr_messages);
}

TEST_F(channel, d04_removal_ends_a_stop_that_waits)
{
	struct miracast_session stop = {
		.size = sizeof(stop),
		.op = MIRACAST_SESSION_STOP_BEGIN,
	};
	struct miracast_message message;
	struct background background;

	START();
	ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	FETCH(&message);
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_SESSION, &stop));
	while (get_state(self->fd).state != MIRACAST_STOP_PENDING)
		sleep_ms(1);
	ASSERT_EQ(0, remove_adapter(self->test_fd, self->index));
	/* Gone is not the same as cut off for being slow. */
	EXPECT_EQ(-ENODEV, finish_call(&background));
	EXPECT_EQ(0, get_state(self->fd).flags);
}

TEST_F(channel, d05_a_send_after_stop_is_pending_then_cancelled)
{
	struct miracast_test_send sent;

	START();
	STOP();
	sent = SEND(0, NULL, 0, 0);
	EXPECT_EQ(STATUS_PENDING, sent.status);
	EXPECT_ENDED(sent.cookie, STATUS_CANCELLED);
}

TEST_F(channel, d05_a_callback_that_always_sends_again_holds_up_nobody)
{
	struct miracast_test_flood flood = {
		.index = self->index,
		.count = 50 * 1000 * 1000,
		.in_flight = 4,
	};
	struct background background;

	START();
	ASSERT_EQ(0, start_call(&background, self->test_fd, MIRACAST_TEST_FLOOD, &flood));
	while (get_state(self->fd).queued < 4)
		sleep_ms(1);
	/* Each that is cancelled sends another, which is cancelled. */
	STOP();
	EXPECT_FALSE(background.done);
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	EXPECT_TRUE(ends_soon(&background));
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_EQ(flood.accepted, flood.callbacks);
}

TEST_F(channel, d06_a_send_on_a_destroyed_context_is_device_not_connected)
{
	struct miracast_test_send sent;

	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	sent = SEND(0, NULL, 0, 0);
	EXPECT_EQ(STATUS_DEVICE_NOT_CONNECTED, sent.status);
	EXPECT_EQ(0, RESULT(sent.cookie, NEVER).callbacks);
}

TEST_F(channel, d07_a_full_table_refuses_and_recovers)
{
	struct miracast_message messages[SLOTS];
	struct miracast_test_send sent;
	int i;

	START();
	for (i = 0; i < SLOTS - 1; i++)
		ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	EXPECT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	sent = SEND(0, NULL, 0, 0);
	EXPECT_EQ(STATUS_INSUFFICIENT_RESOURCES, sent.status);
	EXPECT_EQ(STATUS_INSUFFICIENT_RESOURCES, SEND(MIRACAST_TEST_NO_CALLBACK, "x", 1, 0).status);
	EXPECT_EQ(0, RESULT(sent.cookie, NEVER).callbacks);
	ASSERT_EQ(SLOTS, fetch(self->fd, messages, SLOTS, 0));
	EXPECT_EQ(STATUS_INSUFFICIENT_RESOURCES, SEND(0, NULL, 0, 0).status);
	ASSERT_EQ(0, complete(self->fd, messages[0].id, STATUS_SUCCESS, 0));
	EXPECT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	EXPECT_EQ(STATUS_INSUFFICIENT_RESOURCES, SEND(0, NULL, 0, 0).status);
}

TEST_F(channel, d08_larger_than_the_adapters_largest_message_is_refused)
{
	unsigned char input[MAX_MESSAGE + 1] = {};

	START();
	EXPECT_EQ(STATUS_PENDING, SEND(0, input, MAX_MESSAGE - 1, MAX_MESSAGE - 1).status);
	EXPECT_EQ(STATUS_PENDING, SEND(0, input, MAX_MESSAGE, MAX_MESSAGE).status);
	EXPECT_EQ(STATUS_INVALID_BUFFER_SIZE, SEND(0, input, MAX_MESSAGE + 1, 0).status);
	EXPECT_EQ(STATUS_INVALID_BUFFER_SIZE, SEND(0, input, 0, MAX_MESSAGE + 1).status);
}

TEST_F(channel, d09_null_with_a_size_is_refused_and_nothing_at_all_is_legal)
{
	struct miracast_message message;
	struct miracast_test_send sent;

	START();
	EXPECT_EQ(STATUS_INVALID_PARAMETER, SEND(MIRACAST_TEST_NULL_INPUT, NULL, 1, 0).status);
	EXPECT_EQ(STATUS_INVALID_PARAMETER, SEND(MIRACAST_TEST_NULL_OUTPUT, NULL, 0, 1).status);
	sent = SEND(MIRACAST_TEST_NULL_INPUT | MIRACAST_TEST_NULL_OUTPUT, NULL, 0, 0);
	EXPECT_EQ(STATUS_PENDING, sent.status);
	FETCH(&message);
	EXPECT_EQ(0, message.input_size);
	EXPECT_EQ(0, message.output_size);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(sent.cookie, STATUS_SUCCESS);
}

TEST_F(channel, d10_without_a_callback_the_input_is_taken_at_send)
{
	unsigned char output[8];
	struct miracast_message message;
	struct miracast_test_send sent;

	/* The sender overwrites its input as soon as send has returned. */
	sent = SEND(MIRACAST_TEST_NO_CALLBACK | MIRACAST_TEST_SCRIBBLE, "original", 8, 8);
	ASSERT_EQ(STATUS_PENDING, sent.status);
	START();
	FETCH(&message);
	EXPECT_EQ(0, memcmp(self->arena + message.input_offset, "original", 8));
	memset(self->arena + message.output_offset, 0x5a, 8);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 8));
	result_of(self->test_fd, sent.cookie, 0, output, 8);
	EXPECT_EQ(MIRACAST_TEST_POISON, output[0]);
}

TEST_F(channel, d11_an_error_brings_no_bytes_success_and_warning_do)
{
	static const struct {
		ntstatus_t status;
		uint64_t information;
	} cases[] = {
		{STATUS_SUCCESS, 8},
		{MIRACAST_NTSTATUS(0x40000000u), 8},
		{STATUS_BUFFER_OVERFLOW, 8},
		{MIRACAST_NTSTATUS(0xBFFFFFFFu), 8},
		{MIRACAST_NTSTATUS(0xC0000000u), 0},
		{STATUS_UNSUCCESSFUL, 0},
		{MIRACAST_NTSTATUS(0xFFFFFFFFu), 0},
	};
	unsigned char output[8];
	struct miracast_test_result result;
	struct miracast_message message;
	struct miracast_test_send sent;
	unsigned int i;

	START();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sent = SEND(0, NULL, 0, 8);
		FETCH(&message);
		memset(self->arena + message.output_offset, 0x5a, 8);
		ASSERT_EQ(0, complete(self->fd, message.id, cases[i].status, 8));
		result = result_of(self->test_fd, sent.cookie, SOON, output, 8);
		EXPECT_EQ(1, result.callbacks);
		EXPECT_EQ(cases[i].status, result.status);
		EXPECT_EQ(cases[i].information, result.information);
		EXPECT_EQ(cases[i].information ? 0x5a : MIRACAST_TEST_POISON, output[7]);
	}
}

TEST_F(channel, d12_a_claim_of_too_many_bytes_leaves_the_message_open)
{
	struct miracast_completion completions[3] = {};
	struct miracast_exchange arg = {
		.size = sizeof(arg),
		.completions = (uintptr_t)completions,
		.nr_completions = 3,
	};
	struct miracast_message messages[3];
	struct miracast_test_send sent[3];
	int i;

	START();
	for (i = 0; i < 3; i++)
		sent[i] = SEND(0, NULL, 0, 4);
	ASSERT_EQ(3, fetch(self->fd, messages, 3, 0));
	for (i = 0; i < 3; i++)
		completions[i].id = messages[i].id;
	completions[1].information = 5;
	/* In a batch: those before it count, those behind it wait. */
	EXPECT_EQ(-EMSGSIZE, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	EXPECT_EQ(1, arg.nr_completions);
	EXPECT_EQ(MIRACAST_STARTED, arg.state);
	EXPECT_ENDED(sent[0].cookie, STATUS_SUCCESS);
	EXPECT_EQ(0, RESULT(sent[1].cookie, 0).callbacks);
	EXPECT_EQ(0, RESULT(sent[2].cookie, 0).callbacks);
	EXPECT_EQ(2, get_state(self->fd).with_daemon);
	completions[1].information = 4;
	arg.completions = (uintptr_t)&completions[1];
	arg.nr_completions = 2;
	EXPECT_EQ(0, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	EXPECT_EQ(2, arg.nr_completions);
}

TEST_F(channel, d13_delivery_is_first_in_first_out_held_ones_included)
{
	struct miracast_message message;
	int i, got;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(STATUS_PENDING,
			  SEND(i & 1 ? MIRACAST_TEST_NO_CALLBACK : 0, &i, sizeof(i), 0).status);
	START();
	for (; i < SLOTS; i++)
		ASSERT_EQ(STATUS_PENDING, SEND(0, &i, sizeof(i), 0).status);
	for (i = 0; i < SLOTS; i++) {
		FETCH(&message);
		memcpy(&got, self->arena + message.input_offset, sizeof(got));
		EXPECT_EQ(i, got);
	}
}

TEST_F(channel, d14_every_callback_has_returned_before_destroy_context)
{
	struct miracast_completion completion = {};
	struct miracast_exchange arg = {.size = sizeof(arg), .nr_completions = 1};
	struct background completing, removing;
	struct miracast_message message;
	struct miracast_test_send sent;
	uint32_t index = self->index;

	START();
	sent = SEND(MIRACAST_TEST_BLOCK, NULL, 0, 0);
	FETCH(&message);
	completion.id = message.id;
	arg.completions = (uintptr_t)&completion;
	/* The callback of a completion, not only of an end, holds the destroy up. */
	ASSERT_EQ(0, start_call(&completing, self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	while (counters_of(self->test_fd, self->index).callbacks < 1)
		sleep_ms(1);
	ASSERT_EQ(0, start_call(&removing, self->test_fd, MIRACAST_TEST_REMOVE, &index));
	sleep_ms(NEVER);
	EXPECT_FALSE(removing.done);
	EXPECT_EQ(0, counters_of(self->test_fd, self->index).destroys);
	ASSERT_EQ(0, release_callback(self->test_fd, sent.cookie));
	EXPECT_EQ(0, finish_call(&completing));
	EXPECT_EQ(0, finish_call(&removing));
	EXPECT_ENDED(sent.cookie, STATUS_SUCCESS);
	EXPECT_EQ(1, counters_of(self->test_fd, self->index).destroys);
}

TEST_F(channel, d15_stop_waits_for_a_slow_handler_up_to_the_watchdog)
{
	struct miracast_message message;
	struct miracast_test_send sent;
	char value[16];

	ASSERT_EQ(0, read_attr(self->index, "watchdog_ms", value, sizeof(value)));
	EXPECT_STREQ("3000\n", value);
	ASSERT_EQ(0, write_attr(self->index, "watchdog_ms", "300"));
	START();
	sent = SEND(0, NULL, 0, 0);
	FETCH(&message);
	EXPECT_EQ(-ETIMEDOUT, session(self->fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS));
	EXPECT_ENDED(sent.cookie, STATUS_CANCELLED);
	EXPECT_EQ(-ENODEV, control(self->fd, MIRACAST_TEST_CTL_STATUS, 0, NULL, 0, NULL));
}

static struct miracast_test_told told(int test_fd, uint32_t index, uint32_t target)
{
	struct miracast_test_told arg = {.index = index, .target = target};

	if (call(test_fd, MIRACAST_TEST_TOLD, &arg))
		arg.count = ~0u;
	return arg;
}

static uint32_t last_told(int test_fd, uint32_t index, uint32_t target)
{
	struct miracast_test_told arg = told(test_fd, index, target);

	return arg.count && arg.count <= MIRACAST_TEST_TOLD_STATES ? arg.states[arg.count - 1]
								   : ~0u;
}

/* Tasks are frozen, and thawed after a second; no device goes to sleep. */
static int sleep_a_while(void)
{
	return write_file("/sys/power/pm_test", "freezer")
		       ?: write_file("/sys/module/suspend/parameters/pm_test_delay", "1")
		       ?: write_file("/sys/power/state", "freeze");
}

/* A daemon that does what it is asked, and at once starts again. */
struct eager_daemon {
	pthread_t thread;
	int fd;
	int first, second; /* what its START_BEGINs returned */
};

static void *start_again(void *data)
{
	struct eager_daemon *daemon = data;
	struct pollfd pollfd = {.fd = daemon->fd, .events = POLLPRI};

	while (poll(&pollfd, 1, SOON) == 1 &&
	       !(get_state(daemon->fd).flags & MIRACAST_STATE_STOP_REQUESTED))
		;
	stop_session(daemon->fd);
	get_state(daemon->fd);
	daemon->first = session(daemon->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS);
	poll(&pollfd, 1, SOON);
	daemon->second = session(daemon->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS);
	return NULL;
}

TEST_F(channel, d16_no_session_is_started_while_the_machine_goes_to_sleep)
{
	struct eager_daemon daemon = {.first = 1, .second = 1};
	struct miracast_context_info info;

	/* The other daemon does nothing, and so is waited for. */
	ASSERT_EQ(0, write_attr(self->index, "watchdog_ms", "2000"));
	START();
	daemon.fd = open_adapter(self->index);
	ASSERT_EQ(0, handshake(daemon.fd, 0));
	ASSERT_EQ(0, create_context(daemon.fd, 0, 1, &info));
	ASSERT_EQ(0, start_session(daemon.fd));
	get_state(daemon.fd);
	ASSERT_EQ(0, pthread_create(&daemon.thread, NULL, start_again, &daemon));
	if (sleep_a_while())
		SKIP(return, "no suspend");
	pthread_join(daemon.thread, NULL);
	EXPECT_EQ(-EBUSY, daemon.first);
	EXPECT_EQ(0, daemon.second);
	close(daemon.fd);
}

TEST_F(channel, d16_suspend_stops_the_session_and_it_can_be_started_again)
{
	struct miracast_message message;
	struct miracast_state state;
	struct miracast_test_send sent;

	ASSERT_EQ(0, write_attr(self->index, "watchdog_ms", "100"));
	START();
	get_state(self->fd);
	sent = SEND(0, NULL, 0, 0);
	FETCH(&message);
	/* This daemon does not stop by itself: it is done for it. */
	if (sleep_a_while())
		SKIP(return, "no suspend");
	EXPECT_ENDED(sent.cookie, STATUS_CANCELLED);
	state = get_state(self->fd);
	EXPECT_EQ(MIRACAST_STOPPED, state.state);
	EXPECT_EQ(MIRACAST_STOPPED, last_told(self->test_fd, self->index, 0));
	EXPECT_EQ(MIRACAST_STATE_STOP_REQUESTED, state.flags);
	EXPECT_EQ(MIRACAST_STOP_SUSPEND, state.stop_reason);
	EXPECT_EQ(0, counters_of(self->test_fd, self->index).destroys);
	EXPECT_EQ(1, complete(self->fd, message.id, STATUS_SUCCESS, 0));

	START();
	EXPECT_EQ(0, get_state(self->fd).flags);
	sent = SEND(0, NULL, 0, 0);
	FETCH(&message);
	EXPECT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(sent.cookie, STATUS_SUCCESS);
}

TEST_F_TIMEOUT(channel, d16_sessions_of_several_adapters_stop_at_once, 120)
{
	struct miracast_test_adapter adapters[8];
	struct miracast_context_info info;
	struct timespec begin, end;
	int fds[8], i;

	/* No daemon does anything; each would be waited for 3 s: nine of them 27 s. */
	START();
	for (i = 0; i < 8; i++) {
		adapters[i] = default_adapter();
		ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapters[i]));
		fds[i] = open_adapter(adapters[i].index);
		ASSERT_EQ(0, handshake(fds[i], 0));
		ASSERT_EQ(0, create_context(fds[i], 0, 1, &info));
		ASSERT_EQ(0, start_session(fds[i]));
	}
	clock_gettime(CLOCK_BOOTTIME, &begin);
	if (sleep_a_while())
		SKIP(return, "no suspend");
	clock_gettime(CLOCK_BOOTTIME, &end);
	EXPECT_EQ(MIRACAST_STOPPED, get_state(self->fd).state);
	EXPECT_LT(end.tv_sec - begin.tv_sec, 27);
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(MIRACAST_STOPPED, get_state(fds[i]).state);
		close(fds[i]);
		EXPECT_EQ(0, remove_adapter(self->test_fd, adapters[i].index));
	}
}

TEST_F(channel, d17_messages_from_inside_create_context_are_held)
{
	struct miracast_test_behaviour behaviour = {.index = self->index, .create_sends = 3};
	struct miracast_message messages[4];
	struct miracast_context_info info;
	int fd;

	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_BEHAVE, &behaviour));
	fd = open_adapter(self->index);
	ASSERT_EQ(0, handshake(fd, 0));
	ASSERT_EQ(0, create_context(fd, 0, SLOTS, &info));
	EXPECT_EQ(3, get_state(fd).held);
	EXPECT_EQ(3, counters_of(self->test_fd, self->index).accepted);
	ASSERT_EQ(0, start_session(fd));
	EXPECT_EQ(3, fetch(fd, messages, 4, 0));
	close(fd);

	/* And cancelled when create_context fails after all. */
	behaviour.create_status = STATUS_RESOURCE_IN_USE;
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_BEHAVE, &behaviour));
	fd = open_adapter(self->index);
	ASSERT_EQ(0, handshake(fd, 0));
	EXPECT_EQ(-EBUSY, create_context(fd, 0, SLOTS, &info));
	EXPECT_EQ(STATUS_RESOURCE_IN_USE, info.status);
	EXPECT_EQ(3, counters_of(self->test_fd, self->index).cancelled);
	EXPECT_EQ(1, counters_of(self->test_fd, self->index).destroys);
	/* The file may try again. */
	behaviour = (struct miracast_test_behaviour){.index = self->index};
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_BEHAVE, &behaviour));
	EXPECT_EQ(0, create_context(fd, 0, SLOTS, &info));
	close(fd);
}

TEST_F(channel, d17_messages_from_inside_destroy_context_are_refused)
{
	struct miracast_test_behaviour behaviour = {.index = self->index, .destroy_sends = 2};

	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_BEHAVE, &behaviour));
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	EXPECT_EQ(2, counters_of(self->test_fd, self->index).refused);
	EXPECT_EQ(0, counters_of(self->test_fd, self->index).accepted);
}

/* d18: a daemon with a RECOVER context whose file someone else keeps, as systemd does. */

static int recover(int fd, struct miracast_context_info *info)
{
	*info = (struct miracast_context_info){.size = sizeof(*info)};
	return call(fd, MIRACAST_IOC_RECOVER, info);
}

static int open_recoverable(struct __test_metadata *_metadata, FIXTURE_DATA(channel) * self)
{
	struct miracast_context_info info;
	int fd = open_adapter(self->index);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, handshake(fd, MIRACAST_FEATURE_RECOVER));
	ASSERT_EQ(0, create_context(fd, MIRACAST_CONTEXT_RECOVER, SLOTS, &info));
	ASSERT_EQ(1, info.target_id);
	return fd;
}

TEST_F(channel, d18_a_new_daemon_takes_over_and_unanswered_messages_come_again)
{
	int fd = open_recoverable(_metadata, self), i, got, wstatus;
	struct miracast_message messages[SLOTS];
	struct miracast_test_send sent[4];
	struct miracast_context_info info;
	pid_t child;

	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		start_session(fd);
		fetch(fd, messages, 1, MIRACAST_NO_TIMEOUT);
		fetch(fd, messages, 1, MIRACAST_NO_TIMEOUT);
		kill(getpid(), SIGKILL);
	}
	for (i = 0; i < 2; i++)
		sent[i] = do_send(self->test_fd, self->index, 1, 0, &i, sizeof(i), 0);
	ASSERT_EQ(child, waitpid(child, &wstatus, 0));
	ASSERT_TRUE(WIFSIGNALED(wstatus));
	for (; i < 4; i++)
		sent[i] = do_send(self->test_fd, self->index, 1, 0, &i, sizeof(i), 0);
	EXPECT_EQ(0, RESULT(sent[0].cookie, NEVER).callbacks);

	ASSERT_EQ(0, recover(fd, &info));
	EXPECT_EQ(2, info.generation);
	EXPECT_EQ(MIRACAST_CREATED, info.state);
	EXPECT_EQ(SLOTS, info.slots);
	EXPECT_EQ(4, get_state(fd).held);
	EXPECT_EQ(0, fetch(fd, messages, SLOTS, 0));
	ASSERT_EQ(0, start_session(fd));
	ASSERT_EQ(4, fetch(fd, messages, SLOTS, 0));
	self->arena = mmap(NULL, info.arena_size, PROT_READ, MAP_SHARED, fd, 0);
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(i < 2 ? MIRACAST_MESSAGE_REDELIVERED : 0, messages[i].flags);
		EXPECT_EQ(2, messages[i].generation);
		memcpy(&got, self->arena + messages[i].input_offset, sizeof(got));
		EXPECT_EQ(i, got);
		ASSERT_EQ(0, complete(fd, messages[i].id, STATUS_SUCCESS, 0));
		EXPECT_ENDED(sent[i].cookie, STATUS_SUCCESS);
	}
	munmap(self->arena, info.arena_size);
	close(fd);
}

TEST_F(channel, d18_ids_of_before_the_crash_are_void)
{
	int fd = open_recoverable(_metadata, self);
	struct miracast_message old, again;
	struct miracast_context_info info;
	struct miracast_test_send sent;

	ASSERT_EQ(0, start_session(fd));
	sent = do_send(self->test_fd, self->index, 1, 0, NULL, 0, 0);
	ASSERT_EQ(1, fetch(fd, &old, 1, 0));
	ASSERT_EQ(0, recover(fd, &info));
	EXPECT_EQ(-ENOENT, complete(fd, old.id, STATUS_SUCCESS, 0));
	ASSERT_EQ(0, start_session(fd));
	ASSERT_EQ(1, fetch(fd, &again, 1, 0));
	EXPECT_NE(old.id, again.id);
	EXPECT_EQ(-ENOENT, complete(fd, old.id, STATUS_SUCCESS, 0));
	EXPECT_EQ(0, RESULT(sent.cookie, 0).callbacks);
	EXPECT_EQ(0, complete(fd, again.id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(sent.cookie, STATUS_SUCCESS);
	close(fd);
}

TEST_F(channel, d18_recover_frees_the_slots_that_the_old_daemon_kept)
{
	int fd = open_recoverable(_metadata, self), i;
	struct miracast_message messages[SLOTS];
	struct miracast_context_info info;

	ASSERT_EQ(0, start_session(fd));
	for (i = 0; i < SLOTS; i++)
		do_send(self->test_fd, self->index, 1, 0, NULL, 0, 0);
	ASSERT_EQ(SLOTS, fetch(fd, messages, SLOTS, 0));
	ASSERT_EQ(0, write_attr(self->index, "timeout_ms", "50"));
	while (counters_of(self->test_fd, self->index).timed_out < SLOTS)
		sleep_ms(10);
	ASSERT_EQ(0, write_attr(self->index, "timeout_ms", "20000"));
	ASSERT_EQ(STATUS_INSUFFICIENT_RESOURCES,
		  do_send(self->test_fd, self->index, 1, 0, NULL, 0, 0).status);
	ASSERT_EQ(0, recover(fd, &info));
	for (i = 0; i < SLOTS; i++)
		EXPECT_EQ(STATUS_PENDING,
			  do_send(self->test_fd, self->index, 1, 0, NULL, 0, 0).status);
	EXPECT_EQ(STATUS_INSUFFICIENT_RESOURCES,
		  do_send(self->test_fd, self->index, 1, 0, NULL, 0, 0).status);
	close(fd);
}

TEST_F(channel, d18_a_crash_while_stopping_leaves_the_session_stopped)
{
	int fd = open_recoverable(_metadata, self);
	struct miracast_context_info info;

	ASSERT_EQ(0, write_attr(self->index, "watchdog_ms", "200"));
	ASSERT_EQ(0, start_session(fd));
	ASSERT_EQ(0, session(fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS));
	ASSERT_EQ(0, recover(fd, &info));
	EXPECT_EQ(MIRACAST_STOPPED, info.state);
	/* Its watchdog is called off. */
	sleep_ms(400);
	EXPECT_EQ(0, counters_of(self->test_fd, self->index).destroys);
	EXPECT_EQ(0, start_session(fd));
	close(fd);
}

TEST_F(channel, d18_without_the_flag_there_is_no_recovery)
{
	struct miracast_context_info info;
	int fd;

	EXPECT_EQ(-EPERM, recover(self->fd, &info));
	fd = open_adapter(self->index);
	ASSERT_EQ(0, handshake(fd, 0));
	EXPECT_EQ(-EINVAL, create_context(fd, MIRACAST_CONTEXT_RECOVER, SLOTS, &info));
	EXPECT_EQ(-ENOTCONN, recover(fd, &info));
	close(fd);
}

TEST_F(channel, d18_a_file_in_nobodys_hands_ends_as_any_other)
{
	int fd = open_recoverable(_metadata, self);
	struct miracast_test_send sent;

	sent = do_send(self->test_fd, self->index, 1, 0, NULL, 0, 0);
	close(fd);
	EXPECT_ENDED(sent.cookie, STATUS_CONNECTION_DISCONNECTED);
}

/* Contexts of one adapter */

TEST_F(channel, d19_one_context_more_than_allowed_is_busy)
{
	struct miracast_context_info info;
	int second, third;

	second = open_adapter(self->index);
	third = open_adapter(self->index);
	ASSERT_EQ(0, handshake(second, 0));
	ASSERT_EQ(0, handshake(third, 0));
	ASSERT_EQ(0, create_context(second, 0, 1, &info));
	EXPECT_EQ(-EBUSY, create_context(third, 0, 1, &info));
	EXPECT_EQ(2, counters_of(self->test_fd, self->index).creates);
	/* One context a file, for its life. */
	EXPECT_EQ(-EBUSY, create_context(second, 0, 1, &info));
	ASSERT_EQ(0, call(second, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	EXPECT_EQ(-EBUSY, create_context(second, 0, 1, &info));
	EXPECT_EQ(0, create_context(third, 0, 1, &info));
	close(second);
	close(third);
}

TEST_F(channel, d19_contexts_do_not_see_each_others_messages)
{
	struct miracast_context_info info;
	struct miracast_message message, other_message;
	struct miracast_test_send sent;
	int other;

	other = open_adapter(self->index);
	ASSERT_EQ(0, handshake(other, 0));
	ASSERT_EQ(0, create_context(other, 0, SLOTS, &info));
	START();
	ASSERT_EQ(0, start_session(other));
	sent = SEND(0, "a", 1, 0);
	EXPECT_EQ(0, fetch(other, &other_message, 1, 0));
	FETCH(&message);
	EXPECT_EQ(-ENOENT, complete(other, message.id, STATUS_SUCCESS, 0));
	EXPECT_EQ(0, RESULT(sent.cookie, 0).callbacks);
	close(other);
	EXPECT_EQ(0, RESULT(sent.cookie, 0).callbacks);
	EXPECT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(sent.cookie, STATUS_SUCCESS);
}

/* Sending and waiting */

TEST_F(channel, d20_a_synchronous_send_returns_the_answer)
{
	struct miracast_test_send arg = {
		.index = self->index,
		.input = (uintptr_t) "ping",
		.input_size = 4,
		.output_size = 4,
		.timeout_ms = SOON,
	};
	struct miracast_message message;
	struct background background;

	START();
	ASSERT_EQ(0, start_call(&background, self->test_fd, MIRACAST_TEST_SEND, &arg));
	FETCH(&message);
	EXPECT_FALSE(background.done);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_BUFFER_OVERFLOW, 3));
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_EQ(STATUS_BUFFER_OVERFLOW, arg.status);
	EXPECT_EQ(STATUS_BUFFER_OVERFLOW, arg.sync_status);
	EXPECT_EQ(3, arg.sync_information);
}

TEST_F(channel, d20_a_synchronous_send_cancels_what_it_gives_up_on)
{
	struct miracast_test_send arg = {.index = self->index, .timeout_ms = 100};
	struct miracast_message message;

	START();
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_SEND, &arg));
	EXPECT_EQ(STATUS_IO_TIMEOUT, arg.status);
	EXPECT_EQ(STATUS_IO_TIMEOUT, arg.sync_status);
	EXPECT_EQ(0, fetch(self->fd, &message, 1, 0));
	/* Refusals are returned as they are. */
	arg.input_size = MAX_MESSAGE + 1;
	arg.flags = MIRACAST_TEST_NULL_INPUT;
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_SEND, &arg));
	EXPECT_EQ(STATUS_INVALID_BUFFER_SIZE, arg.status);
	/* And told apart from what a handler says: the io-status is left alone. */
	EXPECT_EQ(STATUS_PENDING, arg.sync_status);
}

/* What its driver does while it waits: a lock that other callbacks want may be held. */
TEST_F(channel, d20_a_sender_that_waits_times_out_whatever_other_callbacks_do)
{
	struct miracast_test_send arg = {.index = self->index, .timeout_ms = SOON};
	struct miracast_test_send blocking;
	struct background background;

	START();
	ASSERT_EQ(0, write_attr(self->index, "timeout_ms", "200"));
	blocking = SEND(MIRACAST_TEST_BLOCK, NULL, 0, 0);
	ASSERT_EQ(STATUS_PENDING, blocking.status);
	ASSERT_EQ(0, start_call(&background, self->test_fd, MIRACAST_TEST_SEND, &arg));
	EXPECT_TRUE(ends_soon(&background));
	ASSERT_EQ(0, release_callback(self->test_fd, blocking.cookie));
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_EQ(STATUS_IO_TIMEOUT, arg.sync_status);
	EXPECT_ENDED(blocking.cookie, STATUS_IO_TIMEOUT);
}

TEST_F(channel, d20_a_sender_that_waits_is_answered_whatever_other_callbacks_do)
{
	struct miracast_test_send arg = {.index = self->index, .timeout_ms = SOON};
	struct miracast_completion completions[2] = {};
	struct miracast_exchange exchange = {
		.size = sizeof(exchange),
		.completions = (uintptr_t)completions,
		.nr_completions = 2,
	};
	struct background background, completing;
	struct miracast_message messages[2];
	struct miracast_test_send blocking;
	int i;

	START();
	blocking = SEND(MIRACAST_TEST_BLOCK, NULL, 0, 0);
	ASSERT_EQ(STATUS_PENDING, blocking.status);
	ASSERT_EQ(0, start_call(&background, self->test_fd, MIRACAST_TEST_SEND, &arg));
	while (get_state(self->fd).queued < 2)
		sleep_ms(1);
	ASSERT_EQ(2, fetch(self->fd, messages, 2, 0));
	for (i = 0; i < 2; i++)
		completions[i].id = messages[i].id;
	ASSERT_EQ(0, start_call(&completing, self->fd, MIRACAST_IOC_EXCHANGE, &exchange));
	EXPECT_TRUE(ends_soon(&background));
	EXPECT_FALSE(completing.done);
	ASSERT_EQ(0, release_callback(self->test_fd, blocking.cookie));
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_EQ(0, finish_call(&completing));
	EXPECT_EQ(STATUS_SUCCESS, arg.sync_status);
	EXPECT_ENDED(blocking.cookie, STATUS_SUCCESS);
}

TEST_F(channel, d20_a_shorter_limit_holds_beside_older_messages)
{
	struct miracast_test_send arg = {.index = self->index, .timeout_ms = 100};
	struct miracast_test_send sent;

	START();
	sent = SEND(0, NULL, 0, 0);
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_SEND, &arg));
	EXPECT_EQ(STATUS_IO_TIMEOUT, arg.sync_status);
	EXPECT_EQ(0, RESULT(sent.cookie, 0).callbacks);
	/* And the older one's holds still. */
	ASSERT_EQ(0, write_attr(self->index, "timeout_ms", "300"));
	EXPECT_ENDED(sent.cookie, STATUS_IO_TIMEOUT);
}

TEST_F(channel, d21_abort_ends_what_another_contexts_io_control_waits_for)
{
	struct miracast_test_control request = {
		.code = MIRACAST_TEST_CTL_SEND_SYNC,
		.value = SOON - 1000,
	};
	uint32_t answer = 0;
	struct miracast_io_control arg = {
		.size = sizeof(arg),
		.input = (uintptr_t)&request,
		.input_size = sizeof(request),
		.output = (uintptr_t)&answer,
		.output_size = sizeof(answer),
	};
	struct miracast_context_info info;
	struct background background;
	int fd;

	fd = open_adapter(self->index);
	ASSERT_EQ(0, handshake(fd, 0));
	ASSERT_EQ(0, create_context(fd, 0, 1, &info));
	ASSERT_EQ(0, start_session(fd));
	ASSERT_EQ(0, start_call(&background, fd, MIRACAST_IOC_IO_CONTROL, &arg));
	while (!get_state(fd).queued)
		sleep_ms(1);
	/* The other context is the first to be destroyed. */
	ASSERT_EQ(0, write_attr(self->index, "abort", "1"));
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_EQ(MIRACAST_NTSTATUS_VALUE(STATUS_CANCELLED), answer);
	close(fd);
}

TEST_F(channel, d21_abort_frees_a_context_whose_daemon_is_frozen)
{
	struct pollfd pollfd = {.fd = self->fd};
	struct miracast_test_send sent;
	struct miracast_message message;
	char value[64];

	START();
	sent = SEND(0, NULL, 0, 0);
	FETCH(&message);
	ASSERT_EQ(0, read_attr(self->index, "pending", value, sizeof(value)));
	EXPECT_STREQ("1\n", value);
	EXPECT_EQ(MIRACAST_STARTED, get_state(self->fd).state);
	ASSERT_EQ(0, read_attr(self->index, "contexts", value, sizeof(value)));
	EXPECT_STREQ("1\n", value);
	EXPECT_EQ(-EINVAL, write_attr(self->index, "abort", "0"));
	EXPECT_EQ(-EINVAL, write_attr(self->index, "abort", "x"));
	EXPECT_EQ(0, RESULT(sent.cookie, 0).callbacks);
	ASSERT_EQ(0, write_attr(self->index, "abort", "1"));
	EXPECT_ENDED(sent.cookie, STATUS_CANCELLED);
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_TRUE(pollfd.revents & POLLHUP);
	EXPECT_EQ(1, counters_of(self->test_fd, self->index).destroys);
	ASSERT_EQ(0, read_attr(self->index, "contexts", value, sizeof(value)));
	EXPECT_STREQ("0\n", value);
}

/* What a driver may leave out, or get wrong */

TEST_F(channel, d22_a_driver_may_have_no_io_control)
{
	struct miracast_test_adapter adapter = default_adapter();
	struct miracast_context_info info;
	ntstatus_t status;
	int fd;

	adapter.no_io_control = 1;
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	fd = open_adapter(adapter.index);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, handshake(fd, 0));
	ASSERT_EQ(0, create_context(fd, 0, SLOTS, &info));
	ASSERT_EQ(0, start_session(fd));
	EXPECT_EQ(0, control(fd, MIRACAST_TEST_CTL_SLEEP, 0, NULL, 0, &status));
	EXPECT_EQ(STATUS_NOT_SUPPORTED, status);
	close(fd);
}

static bool log_says(const char *sentence)
{
	static char log[1 << 20];
	int size = klogctl(SYSLOG_ACTION_READ_ALL, log, sizeof(log) - 1);

	log[size > 0 ? size : 0] = '\0';
	return strstr(log, sentence);
}

TEST_F(channel, d23_the_log_says_what_is_wrong_with_an_adapter)
{
	struct miracast_test_adapter adapter = default_adapter();

	adapter.max_slots = 1025;
	EXPECT_EQ(-EINVAL, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	EXPECT_TRUE(log_says("adapter miracast_test: max_slots is not 1 to 1024"));
	adapter = default_adapter();
	adapter.caps_flags = ~0u;
	EXPECT_EQ(-EINVAL, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	EXPECT_TRUE(log_says("adapter miracast_test: caps: "));
}

/* Each way to a callback: of a completion in the call's struct, in its array, of an end. */
TEST_F(channel, d24_a_callback_cannot_unregister_its_adapter)
{
	struct miracast_test_behaviour behaviour = {.index = self->index};
	struct miracast_exchange arg = {.size = sizeof(arg)};
	struct miracast_message messages[2];
	struct miracast_test_send sent[4];
	struct background background;
	int i;

	START();
	for (i = 0; i < 4; i++)
		sent[i] = SEND(MIRACAST_TEST_UNREGISTER, NULL, 0, 0);
	ASSERT_EQ(2, fetch(self->fd, messages, 2, 0));
	arg.completion.id = messages[0].id;
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	/* Without the refusal it hangs, and this machine is lost. */
	ASSERT_TRUE(ends_soon(&background));
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_ENDED(sent[0].cookie, STATUS_SUCCESS);
	EXPECT_TRUE(log_says("adapter miracast_test: its own op or callback cannot unregister"));
	ASSERT_EQ(0, complete(self->fd, messages[1].id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(sent[1].cookie, STATUS_SUCCESS);
	ASSERT_EQ(0, write_attr(self->index, "timeout_ms", "50")); /* a worker calls */
	EXPECT_ENDED(sent[2].cookie, STATUS_IO_TIMEOUT);
	EXPECT_ENDED(sent[3].cookie, STATUS_IO_TIMEOUT);
	ASSERT_EQ(0, write_attr(self->index, "timeout_ms", "20000"));
	sent[0] = SEND(MIRACAST_TEST_UNREGISTER, NULL, 0, 0);
	behaviour.told_unregisters = 1;
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_BEHAVE, &behaviour));
	STOP();
	EXPECT_ENDED(sent[0].cookie, STATUS_CANCELLED);
	/* It is there as before, and can be unregistered from elsewhere. */
	START();
	behaviour.told_unregisters = 0;
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_BEHAVE, &behaviour));
	sent[0] = SEND(0, NULL, 0, 0);
	FETCH(&messages[0]);
	EXPECT_EQ(0, remove_adapter(self->test_fd, self->index));
	EXPECT_ENDED(sent[0].cookie, STATUS_DEVICE_REMOVED);
}

TEST_F(channel, d25_a_driver_may_be_built_with_an_older_header)
{
	struct miracast_test_adapter adapter = default_adapter();
	char value[16];

	/* Without the last member, timeout_ms, which has a default. */
	adapter.desc_longer = -4;
	adapter.timeout_ms = 1234;
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	ASSERT_EQ(0, read_attr(adapter.index, "timeout_ms", value, sizeof(value)));
	EXPECT_STREQ("30000\n", value);
	EXPECT_EQ(0, remove_adapter(self->test_fd, adapter.index));
	/* Without the last two ops, of which one must be there. */
	adapter = default_adapter();
	adapter.ops_longer = -2 * (int)sizeof(void *);
	EXPECT_EQ(-EINVAL, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	EXPECT_TRUE(log_says("adapter miracast_test: ops: destroy_context is NULL"));
	/* Without even the size. */
	adapter = default_adapter();
	adapter.ops_longer = -1000;
	EXPECT_EQ(-EINVAL, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	EXPECT_TRUE(log_says("adapter miracast_test: ops: size is not its sizeof"));
	adapter = default_adapter();
	adapter.desc_longer = -1000;
	EXPECT_EQ(-EINVAL, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	EXPECT_TRUE(log_says("adapter (null): size is not its sizeof"));
}

TEST_F(channel, d25_a_driver_may_be_built_with_a_newer_header)
{
	static const char unknown[] = "a member that this kernel does not know is not zero";
	struct miracast_test_adapter adapter = default_adapter();
	struct miracast_context_info info;
	char sentence[128];
	int fd;

	adapter.desc_longer = MIRACAST_TEST_LONGER;
	adapter.ops_longer = MIRACAST_TEST_LONGER;
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	fd = open_adapter(adapter.index);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, handshake(fd, 0));
	EXPECT_EQ(0, create_context(fd, 0, SLOTS, &info));
	close(fd);
	EXPECT_EQ(0, remove_adapter(self->test_fd, adapter.index));

	adapter.tail = 1;
	adapter.ops_longer = 0;
	EXPECT_EQ(-EINVAL, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	snprintf(sentence, sizeof(sentence), "adapter miracast_test: %s", unknown);
	EXPECT_TRUE(log_says(sentence));
	adapter.desc_longer = 0;
	adapter.ops_longer = 1;
	EXPECT_EQ(-EINVAL, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	snprintf(sentence, sizeof(sentence), "adapter miracast_test: ops: %s", unknown);
	EXPECT_TRUE(log_says(sentence));
}

TEST_F(channel, d24_an_op_cannot_unregister_its_own_adapter)
{
	struct miracast_message message;
	ntstatus_t status;

	START();
	ASSERT_EQ(0, control(self->fd, MIRACAST_TEST_CTL_UNREGISTER, 0, NULL, 0, &status));
	EXPECT_EQ(STATUS_SUCCESS, status);
	/* It is there as before, and can be unregistered from elsewhere. */
	EXPECT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	FETCH(&message);
	EXPECT_EQ(0, remove_adapter(self->test_fd, self->index));
}

#define EXPECT_TOLD(target, ...)                                                         \
	do {                                                                             \
		static const uint8_t expected_[] = {__VA_ARGS__};                        \
		struct miracast_test_told t_ = told(self->test_fd, self->index, target); \
		EXPECT_EQ(sizeof(expected_), t_.count);                                  \
		EXPECT_EQ(0, memcmp(expected_, t_.states, sizeof(expected_)));           \
		EXPECT_EQ(SLOTS, t_.slots);                                              \
		EXPECT_EQ(MAX_MESSAGE, t_.max_message);                                  \
		EXPECT_EQ(0, t_.atomic);                                                 \
	} while (0)

TEST_F(channel, d26_the_driver_is_told_of_each_state_before_the_step_returns)
{
	EXPECT_TOLD(0, MIRACAST_CREATED);
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS));
	EXPECT_TOLD(0, MIRACAST_CREATED, MIRACAST_START_PENDING);
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_END, STATUS_UNSUCCESSFUL));
	EXPECT_TOLD(0, MIRACAST_CREATED, MIRACAST_START_PENDING, MIRACAST_STOPPED);
	START();
	EXPECT_TOLD(0, MIRACAST_CREATED, MIRACAST_START_PENDING, MIRACAST_STOPPED,
		    MIRACAST_START_PENDING, MIRACAST_STARTED);
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS));
	/* Again, as after a signal: no news. */
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS));
	EXPECT_TOLD(0, MIRACAST_CREATED, MIRACAST_START_PENDING, MIRACAST_STOPPED,
		    MIRACAST_START_PENDING, MIRACAST_STARTED, MIRACAST_STOP_PENDING);
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_END, STATUS_SUCCESS));
	EXPECT_TOLD(0, MIRACAST_CREATED, MIRACAST_START_PENDING, MIRACAST_STOPPED,
		    MIRACAST_START_PENDING, MIRACAST_STARTED, MIRACAST_STOP_PENDING,
		    MIRACAST_STOPPED);
}

TEST_F(channel, d26_a_driver_is_told_of_a_daemon_that_takes_over)
{
	int fd = open_recoverable(_metadata, self);
	struct miracast_context_info info;

	ASSERT_EQ(0, start_session(fd));
	ASSERT_EQ(0, recover(fd, &info));
	EXPECT_TOLD(1, MIRACAST_CREATED, MIRACAST_START_PENDING, MIRACAST_STARTED,
		    MIRACAST_CREATED);
	/* From created to created is no news. */
	ASSERT_EQ(0, recover(fd, &info));
	EXPECT_EQ(4, told(self->test_fd, self->index, 1).count);
	close(fd);
}

TEST_F(channel, d26_what_is_sent_when_told_is_treated_by_that_state)
{
	struct miracast_test_behaviour behaviour = {.index = self->index, .told_sends = 1};
	struct miracast_message messages[3];

	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_BEHAVE, &behaviour));
	START();
	ASSERT_EQ(2, fetch(self->fd, messages, 3, 0));
	ASSERT_EQ(0, complete(self->fd, messages[0].id, STATUS_SUCCESS, 0));
	ASSERT_EQ(0, complete(self->fd, messages[1].id, STATUS_SUCCESS, 0));
	STOP();
	while (counters_of(self->test_fd, self->index).callbacks < 4)
		sleep_ms(1);
	EXPECT_EQ(2, counters_of(self->test_fd, self->index).success);
	EXPECT_EQ(2, counters_of(self->test_fd, self->index).cancelled);
}

TEST_F(channel, d26_nothing_is_told_after_destroy_and_destroy_waits)
{
	struct miracast_test_behaviour behaviour = {.index = self->index, .told_ms = 500};
	struct miracast_session step = {
		.size = sizeof(step),
		.op = MIRACAST_SESSION_START_BEGIN,
	};
	struct background background;

	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_BEHAVE, &behaviour));
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_SESSION, &step));
	while (told(self->test_fd, self->index, 0).count < 2)
		sleep_ms(1);
	EXPECT_FALSE(background.done);
	/* It notes whether destroy_context came while it slept. */
	ASSERT_EQ(0, write_attr(self->index, "abort", "1"));
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_EQ(1, counters_of(self->test_fd, self->index).destroys);
	EXPECT_EQ(0, counters_of(self->test_fd, self->index).callbacks_after_destroy);
	EXPECT_EQ(2, told(self->test_fd, self->index, 0).count);
}

TEST_F(channel, d26_the_op_is_optional)
{
	struct miracast_test_adapter adapter = default_adapter();
	struct miracast_context_info info;
	int fd;

	adapter.ops_longer = -(int)sizeof(void *);
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	fd = open_adapter(adapter.index);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, handshake(fd, 0));
	ASSERT_EQ(0, create_context(fd, 0, SLOTS, &info));
	EXPECT_EQ(0, start_session(fd));
	EXPECT_EQ(0, stop_session(fd));
	EXPECT_EQ(0, told(self->test_fd, adapter.index, 0).count);
	close(fd);
}

/* Messages of which only the newest matters */

#define EXPECT_INPUT(message, text) \
	EXPECT_EQ(0, memcmp(self->arena + (message).input_offset, text, strlen(text)))

TEST_F(channel, d27_the_newest_takes_the_place_of_the_one_that_waits)
{
	struct miracast_test_send before, old, between, newer, newest;
	struct miracast_message messages[4];
	struct miracast_test_result result;
	unsigned char output[4];

	START();
	before = SEND(0, "before", 6, 0);
	old = SEND(MIRACAST_TEST_LATEST, "old", 3, 4);
	between = SEND(0, "between", 7, 0);
	newer = SEND(MIRACAST_TEST_LATEST, "newer", 5, 4);
	EXPECT_EQ(STATUS_PENDING, newer.status);
	newest = SEND(MIRACAST_TEST_LATEST, "newest", 6, 4);
	EXPECT_EQ(STATUS_PENDING, newest.status);
	result = result_of(self->test_fd, old.cookie, SOON, output, 4);
	EXPECT_EQ(1, result.callbacks);
	EXPECT_EQ(STATUS_REQUEST_CANCELED, result.status);
	EXPECT_EQ(0, result.information);
	EXPECT_EQ(0, result.before_return);
	EXPECT_EQ(MIRACAST_TEST_POISON, output[0]);
	EXPECT_ENDED(newer.cookie, STATUS_REQUEST_CANCELED);
	EXPECT_EQ(3, get_state(self->fd).queued);

	ASSERT_EQ(3, fetch(self->fd, messages, 4, 0));
	EXPECT_INPUT(messages[0], "before");
	EXPECT_INPUT(messages[1], "newest");
	EXPECT_INPUT(messages[2], "between");
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, complete(self->fd, messages[i].id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(before.cookie, STATUS_SUCCESS);
	EXPECT_ENDED(between.cookie, STATUS_SUCCESS);
	EXPECT_ENDED(newest.cookie, STATUS_SUCCESS);
	/* And no second callback. */
	EXPECT_EQ(1, RESULT(old.cookie, 0).callbacks);
	EXPECT_EQ(5, counters_of(self->test_fd, self->index).callbacks);
}

TEST_F(channel, d27_what_is_held_is_replaced_too)
{
	struct miracast_test_send old, newest;
	struct miracast_message messages[2];

	old = SEND(MIRACAST_TEST_LATEST, "old", 3, 0);
	newest = SEND(MIRACAST_TEST_LATEST, "newest", 6, 0);
	EXPECT_ENDED(old.cookie, STATUS_REQUEST_CANCELED);
	EXPECT_EQ(1, get_state(self->fd).held);
	START();
	ASSERT_EQ(1, fetch(self->fd, messages, 2, 0));
	EXPECT_INPUT(messages[0], "newest");
	ASSERT_EQ(0, complete(self->fd, messages[0].id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(newest.cookie, STATUS_SUCCESS);
}

TEST_F(channel, d27_what_was_read_is_not_replaced)
{
	struct miracast_test_send read, newest;
	struct miracast_message messages[2];

	START();
	read = SEND(MIRACAST_TEST_LATEST, "read", 4, 0);
	FETCH(&messages[0]);
	newest = SEND(MIRACAST_TEST_LATEST, "newest", 6, 0);
	EXPECT_EQ(0, RESULT(read.cookie, NEVER).callbacks);
	FETCH(&messages[1]);
	EXPECT_INPUT(messages[0], "read");
	EXPECT_INPUT(messages[1], "newest");
	ASSERT_EQ(0, complete(self->fd, messages[0].id, STATUS_SUCCESS, 0));
	ASSERT_EQ(0, complete(self->fd, messages[1].id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(read.cookie, STATUS_SUCCESS);
	EXPECT_ENDED(newest.cookie, STATUS_SUCCESS);
}

TEST_F(channel, d27_a_full_table_keeps_the_older_one)
{
	struct miracast_message messages[SLOTS];
	struct miracast_test_send old;
	int i;

	START();
	for (i = 0; i < SLOTS - 1; i++)
		ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	old = SEND(MIRACAST_TEST_LATEST, "old", 3, 0);
	ASSERT_EQ(STATUS_PENDING, old.status);
	EXPECT_EQ(STATUS_INSUFFICIENT_RESOURCES, SEND(MIRACAST_TEST_LATEST, "new", 3, 0).status);
	EXPECT_EQ(STATUS_INVALID_BUFFER_SIZE,
		  SEND(MIRACAST_TEST_LATEST | MIRACAST_TEST_NULL_INPUT, NULL, 0, MAX_MESSAGE + 1)
			  .status);
	EXPECT_EQ(0, RESULT(old.cookie, NEVER).callbacks);
	ASSERT_EQ(SLOTS, fetch(self->fd, messages, SLOTS, 0));
	EXPECT_INPUT(messages[SLOTS - 1], "old");
}

/* The callback of the replaced one is nobody's to wait for. */
TEST_F(channel, d27_a_replaced_ones_callback_holds_up_neither_sender_nor_daemon)
{
	struct miracast_test_send old, newest;
	struct miracast_message message;

	START();
	old = SEND(MIRACAST_TEST_LATEST | MIRACAST_TEST_BLOCK, "old", 3, 0);
	newest = SEND(MIRACAST_TEST_LATEST, "newest", 6, 0);
	while (!counters_of(self->test_fd, self->index).replaced)
		sleep_ms(1);
	FETCH(&message);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(newest.cookie, STATUS_SUCCESS);
	ASSERT_EQ(0, release_callback(self->test_fd, old.cookie));
	EXPECT_ENDED(old.cookie, STATUS_REQUEST_CANCELED);
}

TEST_F(channel, d27_a_replaced_one_may_have_no_callback)
{
	struct miracast_message messages[2];
	struct miracast_test_send newest;

	START();
	SEND(MIRACAST_TEST_LATEST | MIRACAST_TEST_NO_CALLBACK, "old", 3, 0);
	newest = SEND(MIRACAST_TEST_LATEST | MIRACAST_TEST_NO_CALLBACK | MIRACAST_TEST_SCRIBBLE,
		      "newest", 6, 0);
	EXPECT_EQ(STATUS_PENDING, newest.status);
	ASSERT_EQ(1, fetch(self->fd, messages, 2, 0));
	EXPECT_INPUT(messages[0], "newest");
	ASSERT_EQ(0, complete(self->fd, messages[0].id, STATUS_SUCCESS, 0));
	STOP();
}

/* The number of a line's last message is another one's in the next context. */
TEST_F(channel, d27_a_line_ends_with_its_context)
{
	struct miracast_test_send other, latest;
	struct miracast_context_info info;
	struct miracast_message messages[3];
	int fd;

	SEND(MIRACAST_TEST_LATEST, "old", 3, 0);
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	fd = open_adapter(self->index);
	ASSERT_EQ(0, handshake(fd, 0));
	ASSERT_EQ(0, create_context(fd, 0, SLOTS, &info));
	ASSERT_EQ(0, info.target_id);
	ASSERT_EQ(0, start_session(fd));
	other = SEND(0, "other", 5, 0);
	latest = SEND(MIRACAST_TEST_LATEST, "latest", 6, 0);
	ASSERT_EQ(2, fetch(fd, messages, 3, 0));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, complete(fd, messages[i].id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(other.cookie, STATUS_SUCCESS);
	EXPECT_ENDED(latest.cookie, STATUS_SUCCESS);
	close(fd);
}

/* What was put in another's place stays there when the queue is sorted. */
TEST_F(channel, d27_the_place_outlives_the_daemon)
{
	int fd = open_recoverable(_metadata, self);
	struct miracast_message messages[4];
	struct miracast_context_info info;
	static const char order[] = "0213";

	ASSERT_EQ(0, start_session(fd));
	self->arena = mmap(NULL, self->info.arena_size, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->arena);
	do_send(self->test_fd, self->index, 1, 0, "0", 1, 0);
	do_send(self->test_fd, self->index, 1, MIRACAST_TEST_LATEST, "x", 1, 0);
	do_send(self->test_fd, self->index, 1, 0, "1", 1, 0);
	do_send(self->test_fd, self->index, 1, MIRACAST_TEST_LATEST, "2", 1, 0);
	do_send(self->test_fd, self->index, 1, 0, "3", 1, 0);
	ASSERT_EQ(1, fetch(fd, messages, 1, 0));
	ASSERT_EQ(0, recover(fd, &info));
	ASSERT_EQ(0, start_session(fd));
	ASSERT_EQ(4, fetch(fd, messages, 4, 0));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(order[i], self->arena[messages[i].input_offset]);
	munmap(self->arena, self->info.arena_size);
	close(fd);
}

/* Each that is replaced sends another, which replaces one. */
TEST_F(channel, d27_who_always_replaces_holds_up_no_daemon)
{
	struct miracast_test_flood flood = {
		.index = self->index,
		.count = INT32_MAX,
		.in_flight = 4,
		.latest = 1,
	};
	struct miracast_message message;
	struct background background;
	int i;

	START();
	ASSERT_EQ(0, start_call(&background, self->test_fd, MIRACAST_TEST_FLOOD, &flood));
	while (get_state(self->fd).queued < 1)
		sleep_ms(1);
	/* Neither of these would return while that goes on. */
	for (i = 0; i < 20; i++) {
		if (fetch(self->fd, &message, 1, 0) == 1)
			EXPECT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
		sleep_ms(1);
	}
	EXPECT_FALSE(background.done);
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	EXPECT_TRUE(ends_soon(&background));
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_EQ(flood.accepted, flood.callbacks);
}

/* The gating table: what happens to one message, by the moment of its send. */

TEST_F(channel, g1_no_context)
{
	/* The adapter's second target never had a context: its handle is all zero. */
	EXPECT_EQ(STATUS_DEVICE_NOT_CONNECTED,
		  do_send(self->test_fd, self->index, 1, 0, NULL, 0, 0).status);
}

TEST_F(channel, g2_start_not_called)
{
	struct miracast_test_send sent = SEND(0, NULL, 0, 0);
	struct miracast_message message;

	EXPECT_EQ(STATUS_PENDING, sent.status);
	EXPECT_EQ(0, RESULT(sent.cookie, NEVER).callbacks);
	START();
	FETCH(&message);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_NOT_IMPLEMENTED, 0));
	EXPECT_ENDED(sent.cookie, STATUS_NOT_IMPLEMENTED);
}

TEST_F(channel, g3_start_running)
{
	struct miracast_message message;
	struct miracast_test_send sent;

	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS));
	sent = SEND(0, NULL, 0, 0);
	EXPECT_EQ(STATUS_PENDING, sent.status);
	EXPECT_EQ(0, fetch(self->fd, &message, 1, 0));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_END, STATUS_BUFFER_OVERFLOW));
	FETCH(&message);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(sent.cookie, STATUS_SUCCESS);
}

TEST_F(channel, g4_start_running_and_it_fails)
{
	struct miracast_test_send sent;

	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS));
	sent = SEND(0, NULL, 0, 0);
	EXPECT_EQ(STATUS_PENDING, sent.status);
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_END, STATUS_UNSUCCESSFUL));
	EXPECT_ENDED(sent.cookie, STATUS_CANCELLED);
}

TEST_F(channel, g5_started)
{
	struct miracast_message message;
	struct miracast_test_send sent;

	START();
	sent = SEND(0, NULL, 0, 0);
	EXPECT_EQ(STATUS_PENDING, sent.status);
	FETCH(&message);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(sent.cookie, STATUS_SUCCESS);
}

TEST_F(channel, g6_stop_running)
{
	struct miracast_message message;
	struct miracast_test_send sent;

	START();
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS));
	sent = SEND(0, NULL, 0, 0);
	EXPECT_EQ(STATUS_PENDING, sent.status);
	EXPECT_ENDED(sent.cookie, STATUS_CANCELLED);
	EXPECT_EQ(0, fetch(self->fd, &message, 1, 0));
}

TEST_F(channel, g7_after_stop)
{
	struct miracast_test_send sent;

	START();
	STOP();
	sent = SEND(0, NULL, 0, 0);
	EXPECT_EQ(STATUS_PENDING, sent.status);
	EXPECT_ENDED(sent.cookie, STATUS_CANCELLED);
}

TEST_F(channel, g8_after_destroy_context)
{
	struct miracast_test_send sent;

	START();
	STOP();
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	sent = SEND(0, NULL, 0, 0);
	EXPECT_EQ(STATUS_DEVICE_NOT_CONNECTED, sent.status);
	EXPECT_EQ(0, RESULT(sent.cookie, NEVER).callbacks);
}

TEST_HARNESS_MAIN
