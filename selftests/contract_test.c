// SPDX-License-Identifier: GPL-2.0
/*
 * The contract of the message channel, statement by statement: docs/contract.md
 * lists them. A test's number is that of its statement.
 */

#include <sys/klog.h>

#include "channel.h"

#define SYSLOG_ACTION_READ_ALL 3

/* Sending */

TEST_F(channel, s01_accepted_is_pending_and_nothing_else)
{
	struct miracast_test_send sent;
	struct server server;
	int i;

	START();
	ASSERT_EQ(0, start_server(&server, self->fd, 0));
	for (i = 0; i < 200; i++) {
		sent = SEND(0, NULL, 0, 0);
		ASSERT_EQ(STATUS_PENDING, sent.status);
		ASSERT_EQ(1, RESULT(sent.cookie, SOON).callbacks);
	}
	stop_server(&server);
}

/* With a spinlock held only some kernels can tell: atomic_test has that. */
TEST_F(channel, s02_send_where_one_may_not_sleep_is_refused)
{
	static const char complaint[] = " [miracast_test] sent where it may not sleep";
	static const uint32_t places[] = {MIRACAST_TEST_HARDIRQ, MIRACAST_TEST_IRQS_OFF};
	static char log[1 << 20];
	struct miracast_message message;
	struct miracast_test_send sent = {.index = self->index, .flags = MIRACAST_TEST_HARDIRQ};
	unsigned int i;
	char *line;
	int size;

	START();
	if (call(self->test_fd, MIRACAST_TEST_SEND, &sent) == -EOPNOTSUPP)
		SKIP(return, "the kernel complains by itself: atomic_test");
	for (i = 0; i < 4; i++) {
		sent = SEND(places[i % 2], NULL, 0, 0);
		EXPECT_EQ(STATUS_INVALID_DEVICE_STATE, sent.status);
	}
	/* Said once, and by whom; nothing was sent, and the context is as it was. */
	size = klogctl(SYSLOG_ACTION_READ_ALL, log, sizeof(log) - 1);
	ASSERT_GT(size, 0);
	log[size] = '\0';
	line = strstr(log, complaint);
	ASSERT_NE(NULL, line);
	EXPECT_EQ(NULL, strstr(line + 1, complaint));
	EXPECT_EQ(0, fetch(self->fd, &message, 1, 0));
	sent = SEND(0, NULL, 0, 0);
	EXPECT_EQ(STATUS_PENDING, sent.status);
	FETCH(&message);
}

TEST_F(channel, s03_send_does_not_wait_for_the_handler)
{
	struct miracast_message message;
	struct miracast_test_send sent;

	START();
	/* Nobody handles anything before send has returned here. */
	sent = SEND(0, "x", 1, 0);
	ASSERT_EQ(STATUS_PENDING, sent.status);
	EXPECT_EQ(0, RESULT(sent.cookie, 0).callbacks);
	FETCH(&message);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(sent.cookie, STATUS_SUCCESS);
}

TEST_F(channel, s04_without_a_callback_it_is_delivered_and_nothing_reported)
{
	struct miracast_message message;
	struct miracast_test_send sent;

	START();
	sent = SEND(MIRACAST_TEST_NO_CALLBACK, "abcd", 4, 4);
	ASSERT_EQ(STATUS_PENDING, sent.status);
	FETCH(&message);
	EXPECT_EQ(0, memcmp(self->arena + message.input_offset, "abcd", 4));
	EXPECT_EQ(4, message.output_size);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 4));
	EXPECT_EQ(0, RESULT(sent.cookie, NEVER).callbacks);
	EXPECT_EQ(0, get_state(self->fd).with_daemon);
}

TEST_F(channel, s05_callback_context_comes_back_bit_for_bit)
{
	struct miracast_message messages[2];
	struct miracast_test_send sent[2];
	int i;

	START();
	sent[0] = SEND(0, NULL, 0, 0);
	sent[1] = SEND(MIRACAST_TEST_NULL_CONTEXT, NULL, 0, 0);
	ASSERT_EQ(2, fetch(self->fd, messages, 2, SOON * MS));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, complete(self->fd, messages[i].id, STATUS_SUCCESS, 0));
		EXPECT_EQ(1, RESULT(sent[i].cookie, SOON).context_ok);
	}
}

TEST_F(channel, s06_input_and_output_size_arrive_as_sent)
{
	static const unsigned int sizes[] = {0, 1, 63, 64, 65, MAX_MESSAGE - 1, MAX_MESSAGE};
	unsigned char input[MAX_MESSAGE];
	struct miracast_message message;
	unsigned int i, j;

	START();
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (j = 0; j < sizes[i]; j++)
			input[j] = j * 7 + i;
		ASSERT_EQ(STATUS_PENDING, SEND(0, input, sizes[i], MAX_MESSAGE - sizes[i]).status);
		memset(&message, 0xee, sizeof(message));
		FETCH(&message);
		EXPECT_EQ(sizes[i], message.input_size);
		EXPECT_EQ(MAX_MESSAGE - sizes[i], message.output_size);
		EXPECT_EQ(0, memcmp(self->arena + message.input_offset, input, sizes[i]));
		EXPECT_EQ(0, message.flags);
		EXPECT_EQ(1, message.generation);
		ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	}
}

TEST_F(channel, s07_send_on_a_destroyed_context_is_refused)
{
	struct miracast_test_send sent;

	START();
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	sent = SEND(0, NULL, 0, 0);
	EXPECT_EQ(STATUS_DEVICE_NOT_CONNECTED, sent.status);
	EXPECT_EQ(0, RESULT(sent.cookie, NEVER).callbacks);
	EXPECT_EQ(STATUS_DEVICE_NOT_CONNECTED,
		  SEND(MIRACAST_TEST_FORGED_HANDLE, NULL, 0, 0).status);

	/* Nor does a new context answer to the old handle. */
	close(self->fd);
	self->fd = open_adapter(self->index);
	ASSERT_EQ(0, handshake(self->fd, 0));
	ASSERT_EQ(0, create_context(self->fd, 0, SLOTS, &self->info));
	EXPECT_EQ(STATUS_DEVICE_NOT_CONNECTED,
		  SEND(MIRACAST_TEST_FORGED_HANDLE, NULL, 0, 0).status);
	EXPECT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
}

/* Completion */

TEST_F(channel, s08_exactly_one_callback_however_it_ends)
{
	struct miracast_message messages[SLOTS];
	struct miracast_test_send sent[SLOTS];
	struct miracast_test_result result;
	int i;

	START();
	for (i = 0; i < SLOTS; i++) {
		sent[i] = SEND(0, NULL, 0, 0);
		ASSERT_EQ(STATUS_PENDING, sent[i].status);
	}
	ASSERT_EQ(4, fetch(self->fd, messages, 4, 0));
	ASSERT_EQ(0, complete(self->fd, messages[0].id, STATUS_SUCCESS, 0));
	EXPECT_EQ(-ENOENT, complete(self->fd, messages[0].id, STATUS_SUCCESS, 0));
	ASSERT_EQ(0, complete(self->fd, messages[1].id, STATUS_UNSUCCESSFUL, 0));
	/* Two are with the daemon, four queued: destroy ends them all. */
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	close(self->fd);
	self->fd = -1;
	sleep_ms(NEVER);
	for (i = 0; i < SLOTS; i++) {
		result = RESULT(sent[i].cookie, SOON);
		EXPECT_EQ(1, result.callbacks);
		EXPECT_EQ(i == 0   ? STATUS_SUCCESS
			  : i == 1 ? STATUS_UNSUCCESSFUL
				   : STATUS_CANCELLED,
			  result.status);
	}
}

TEST_F(channel, s09_a_refused_send_gets_no_callback)
{
	struct miracast_test_send sent[3];
	int i;

	START();
	sent[0] = SEND(MIRACAST_TEST_NULL_INPUT, NULL, 1, 0);
	EXPECT_EQ(STATUS_INVALID_PARAMETER, sent[0].status);
	sent[1] = SEND(0, NULL, 0, MAX_MESSAGE + 1);
	EXPECT_EQ(STATUS_INVALID_BUFFER_SIZE, sent[1].status);
	sent[2] = SEND(MIRACAST_TEST_FORGED_HANDLE, NULL, 0, 0);
	EXPECT_EQ(STATUS_DEVICE_NOT_CONNECTED, sent[2].status);
	close(self->fd);
	self->fd = -1;
	sleep_ms(NEVER);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, RESULT(sent[i].cookie, 0).callbacks);
}

TEST_F(channel, s10_the_callback_may_finish_before_send_returns)
{
	struct miracast_test_result result;
	struct miracast_test_send sent;
	struct server servers[2];
	bool seen = false;
	int i;

	/* Needs a second processor; how soon it happens is chance, that it does is not. */
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "one processor");
	START();
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, start_server(&servers[i], self->fd, 0));
	for (i = 0; i < 20000 && !seen; i++) {
		sent = SEND(0, NULL, 0, 0);
		ASSERT_EQ(STATUS_PENDING, sent.status);
		result = RESULT(sent.cookie, SOON);
		ASSERT_EQ(1, result.callbacks);
		seen = result.before_return;
	}
	EXPECT_TRUE(seen);
	for (i = 0; i < 2; i++)
		stop_server(&servers[i]);
}

TEST_F(channel, s11_callbacks_may_sleep_and_run_at_the_same_time)
{
	struct miracast_completion completion = {};
	struct miracast_exchange arg = {.size = sizeof(arg), .nr_completions = 1};
	struct miracast_message messages[2];
	struct miracast_test_result result;
	struct miracast_test_send sent[2];
	struct background background;

	START();
	sent[0] = SEND(MIRACAST_TEST_BLOCK, NULL, 0, 0);
	sent[1] = SEND(0, NULL, 0, 0);
	ASSERT_EQ(2, fetch(self->fd, messages, 2, SOON * MS));
	completion.id = messages[0].id;
	arg.completions = (uintptr_t)&completion;
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	sleep_ms(NEVER);
	EXPECT_EQ(0, RESULT(sent[0].cookie, 0).callbacks);
	/* The first sleeps in its callback; the second comes and goes. */
	ASSERT_EQ(0, complete(self->fd, messages[1].id, STATUS_SUCCESS, 0));
	result = RESULT(sent[1].cookie, SOON);
	EXPECT_EQ(1, result.callbacks);
	EXPECT_EQ(0, result.atomic);
	EXPECT_FALSE(background.done);
	ASSERT_EQ(0, release_callback(self->test_fd, sent[0].cookie));
	EXPECT_EQ(0, finish_call(&background));
	result = RESULT(sent[0].cookie, SOON);
	EXPECT_EQ(1, result.callbacks);
	EXPECT_EQ(0, result.atomic);
	EXPECT_EQ(2, result.order);
}

TEST_F(channel, s12_status_information_and_bytes_are_the_handlers)
{
	unsigned char output[64];
	struct miracast_test_result result;
	struct miracast_message message;
	struct miracast_test_send sent;
	uint32_t word = 0x12345678;

	START();
	sent = SEND(0, NULL, 0, sizeof(output));
	FETCH(&message);
	memcpy(self->arena + message.output_offset, &word, sizeof(word));
	memset(self->arena + message.output_offset + 4, 0x5a, 36);
	ASSERT_EQ(0, complete(self->fd, message.id, MIRACAST_NTSTATUS(0x40000001u), 40));
	result = result_of(self->test_fd, sent.cookie, SOON, output, sizeof(output));
	EXPECT_EQ(1, result.callbacks);
	EXPECT_EQ(0x40000001u, result.status);
	EXPECT_EQ(40, result.information);
	/* There before the callback began, and no more than what was said. */
	EXPECT_EQ(word, result.first_word);
	EXPECT_EQ(0, memcmp(output, &word, sizeof(word)));
	EXPECT_EQ(0x5a, output[39]);
	EXPECT_EQ(MIRACAST_TEST_POISON, output[40]);
	EXPECT_EQ(1, result.guard_ok);
}

TEST_F(channel, s13_never_more_bytes_than_the_output_buffer_has)
{
	unsigned char output[16];
	struct miracast_test_result result;
	struct miracast_message message;
	struct miracast_test_send sent;

	START();
	sent = SEND(0, NULL, 0, sizeof(output));
	FETCH(&message);
	memset(self->arena + message.output_offset, 0x5a, 64);
	EXPECT_EQ(-EMSGSIZE, complete(self->fd, message.id, STATUS_SUCCESS, sizeof(output) + 1));
	EXPECT_EQ(-EMSGSIZE, complete(self->fd, message.id, STATUS_SUCCESS, ~0ull));
	EXPECT_EQ(-EMSGSIZE, complete(self->fd, message.id, STATUS_SUCCESS, 1ull << 32));
	result = result_of(self->test_fd, sent.cookie, 0, output, sizeof(output));
	EXPECT_EQ(0, result.callbacks);
	EXPECT_EQ(MIRACAST_TEST_POISON, output[0]);
	/* Refused, not lost. */
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, sizeof(output)));
	result = result_of(self->test_fd, sent.cookie, SOON, output, sizeof(output));
	EXPECT_EQ(1, result.callbacks);
	EXPECT_EQ(sizeof(output), result.information);
	EXPECT_EQ(0x5a, output[15]);
	EXPECT_EQ(1, result.guard_ok);
}

TEST_F(channel, s14_a_cancelled_message_has_information_0_and_an_untouched_output)
{
	unsigned char output[16];
	struct miracast_test_result result;
	struct miracast_message message;
	struct miracast_test_send sent;

	START();
	sent = SEND(0, NULL, 0, sizeof(output));
	FETCH(&message);
	memset(self->arena + message.output_offset, 0x5a, sizeof(output));
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	result = result_of(self->test_fd, sent.cookie, SOON, output, sizeof(output));
	EXPECT_EQ(1, result.callbacks);
	EXPECT_EQ(STATUS_CANCELLED, result.status);
	EXPECT_EQ(0, result.information);
	EXPECT_EQ(MIRACAST_TEST_POISON, output[0]);
	EXPECT_EQ(MIRACAST_TEST_POISON, output[15]);
}

TEST_F(channel, s15_after_the_callback_the_buffers_are_left_alone)
{
	unsigned char output[16];
	struct miracast_test_result result;
	struct miracast_message message;
	struct miracast_test_send sent;

	START();
	sent = SEND(0, "1234", 4, sizeof(output));
	FETCH(&message);
	ASSERT_EQ(0, write_attr(self->index, "timeout_ms", "50"));
	EXPECT_ENDED(sent.cookie, STATUS_IO_TIMEOUT);
	/* The daemon does not know, writes its answer and completes. */
	memset(self->arena + message.output_offset, 0x5a, sizeof(output));
	EXPECT_EQ(1, complete(self->fd, message.id, STATUS_SUCCESS, sizeof(output)));
	sleep_ms(NEVER);
	result = result_of(self->test_fd, sent.cookie, 0, output, sizeof(output));
	EXPECT_EQ(1, result.callbacks);
	EXPECT_EQ(STATUS_IO_TIMEOUT, result.status);
	EXPECT_EQ(MIRACAST_TEST_POISON, output[0]);
}

TEST_F(channel, s16_a_callback_may_send)
{
	struct miracast_test_result result;
	struct miracast_message message;
	struct miracast_test_send sent;

	START();
	sent = SEND(MIRACAST_TEST_RESEND, NULL, 0, 0);
	FETCH(&message);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	result = RESULT(sent.cookie, SOON);
	EXPECT_EQ(1, result.callbacks);
	EXPECT_EQ(STATUS_PENDING, result.resend_status);
	FETCH(&message);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
}

TEST_F(channel, s16_a_cancelled_callback_may_send)
{
	struct miracast_test_result result;
	struct miracast_test_send sent;

	START();
	sent = SEND(MIRACAST_TEST_RESEND, NULL, 0, 0);
	STOP();
	result = RESULT(sent.cookie, SOON);
	EXPECT_EQ(1, result.callbacks);
	EXPECT_EQ(STATUS_CANCELLED, result.status);
	EXPECT_EQ(STATUS_PENDING, result.resend_status);
}

/* Session gating */

TEST_F(channel, s17_messages_before_start_are_held_and_delivered_after_it)
{
	struct miracast_message messages[4];
	struct miracast_test_send sent[3];
	int i;

	for (i = 0; i < 3; i++) {
		sent[i] = SEND(0, &i, sizeof(i), 0);
		ASSERT_EQ(STATUS_PENDING, sent[i].status);
	}
	EXPECT_EQ(3, get_state(self->fd).held);
	EXPECT_EQ(0, fetch(self->fd, messages, 4, NEVER * MS));
	START();
	EXPECT_EQ(3, get_state(self->fd).queued);
	ASSERT_EQ(3, fetch(self->fd, messages, 4, SOON * MS));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, memcmp(self->arena + messages[i].input_offset, &i, sizeof(i)));
		ASSERT_EQ(0, complete(self->fd, messages[i].id, STATUS_SUCCESS, 0));
		EXPECT_ENDED(sent[i].cookie, STATUS_SUCCESS);
	}
}

TEST_F(channel, s18_messages_during_start_are_held_until_it_has_finished)
{
	struct miracast_message messages[4];

	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS));
	ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	/* Also those that the driver sends for an io_control of the starting thread. */
	ASSERT_EQ(0, control(self->fd, MIRACAST_TEST_CTL_SEND, 2, NULL, 0, NULL));
	EXPECT_EQ(3, get_state(self->fd).held);
	EXPECT_EQ(0, fetch(self->fd, messages, 4, NEVER * MS));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_END, STATUS_SUCCESS));
	EXPECT_EQ(3, fetch(self->fd, messages, 4, SOON * MS));
}

TEST_F(channel, s19_no_message_is_handed_out_while_the_session_starts_or_stops)
{
	struct miracast_message messages[4];

	ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	EXPECT_EQ(0, fetch(self->fd, messages, 4, 0));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS));
	EXPECT_EQ(0, fetch(self->fd, messages, 4, 0));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_END, STATUS_SUCCESS));
	ASSERT_EQ(1, fetch(self->fd, messages, 4, 0));
	ASSERT_EQ(0, complete(self->fd, messages[0].id, STATUS_SUCCESS, 0));
	ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS));
	ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	EXPECT_EQ(0, fetch(self->fd, messages, 4, 0));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_END, STATUS_SUCCESS));
	EXPECT_EQ(0, fetch(self->fd, messages, 4, 0));
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	EXPECT_EQ(-ENODEV, fetch(self->fd, messages, 4, 0));
}

TEST_F(channel, s20_stop_waits_for_handlers_that_run)
{
	struct miracast_session stop = {
		.size = sizeof(stop),
		.op = MIRACAST_SESSION_STOP_BEGIN,
	};
	struct miracast_message message;
	struct miracast_test_send sent;
	struct background background;

	START();
	sent = SEND(0, NULL, 0, 0);
	FETCH(&message);
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_SESSION, &stop));
	sleep_ms(NEVER);
	EXPECT_FALSE(background.done);
	/* What a running handler says still counts. */
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_ENDED(sent.cookie, STATUS_SUCCESS);
}

TEST_F(channel, s21_messages_during_and_after_stop_are_cancelled)
{
	struct miracast_message message;
	struct miracast_test_send sent;

	START();
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS));
	sent = SEND(0, NULL, 0, 0);
	EXPECT_EQ(STATUS_PENDING, sent.status);
	EXPECT_ENDED(sent.cookie, STATUS_CANCELLED);
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_END, STATUS_SUCCESS));
	sent = SEND(0, NULL, 0, 0);
	EXPECT_EQ(STATUS_PENDING, sent.status);
	EXPECT_ENDED(sent.cookie, STATUS_CANCELLED);
	EXPECT_EQ(0, fetch(self->fd, &message, 1, 0));
}

TEST_F(channel, s22_queued_messages_are_cancelled_when_stop_begins)
{
	struct miracast_message message;
	struct miracast_test_send sent[2];

	START();
	sent[0] = SEND(0, NULL, 0, 0);
	sent[1] = SEND(0, NULL, 0, 0);
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS));
	EXPECT_ENDED(sent[0].cookie, STATUS_CANCELLED);
	EXPECT_ENDED(sent[1].cookie, STATUS_CANCELLED);
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_END, STATUS_SUCCESS));
	/* Nor does a second start bring them back. */
	START();
	EXPECT_EQ(0, fetch(self->fd, &message, 1, 0));
}

TEST_F(channel, s23_a_failed_start_cancels_the_held_messages)
{
	struct miracast_message message;
	struct miracast_test_send sent;

	sent = SEND(0, NULL, 0, 0);
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_END,
			     STATUS_DEVICE_INSUFFICIENT_RESOURCES));
	EXPECT_ENDED(sent.cookie, STATUS_CANCELLED);
	EXPECT_EQ(MIRACAST_STOPPED, get_state(self->fd).state);
	sent = SEND(0, NULL, 0, 0);
	EXPECT_ENDED(sent.cookie, STATUS_CANCELLED);
	START();
	EXPECT_EQ(0, fetch(self->fd, &message, 1, 0));
}

TEST_F(channel, s24_waiting_for_ones_own_callback_in_start_is_not_helped_but_bounded)
{
	struct miracast_message message;
	uint32_t status = 0;
	pid_t child;
	int wstatus;

	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS));
	ASSERT_EQ(0, control(self->fd, MIRACAST_TEST_CTL_SEND_SYNC, 200, &status, sizeof(status),
			     NULL));
	EXPECT_EQ(STATUS_IO_TIMEOUT, status);
	EXPECT_EQ(0, fetch(self->fd, &message, 1, 0));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_END, STATUS_SUCCESS));
	EXPECT_EQ(0, fetch(self->fd, &message, 1, 0));

	/* And killable, long before its time is up. */
	ASSERT_EQ(0, write_attr(self->index, "timeout_ms", "600000"));
	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		control(self->fd, MIRACAST_TEST_CTL_SEND_SYNC, 600000, &status, sizeof(status),
			NULL);
		_exit(0);
	}
	while (!get_state(self->fd).queued)
		sleep_ms(10);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &wstatus, 0));
	EXPECT_TRUE(WIFSIGNALED(wstatus));
	EXPECT_EQ(0, get_state(self->fd).queued);
}

/* Concurrency and order */

TEST_F(channel, s25_two_messages_may_be_handled_at_once)
{
	struct miracast_test_send sent[2];
	struct miracast_message a, b;

	START();
	sent[0] = SEND(0, NULL, 0, 0);
	sent[1] = SEND(0, NULL, 0, 0);
	FETCH(&a);
	/* A is not finished before B has been. */
	FETCH(&b);
	ASSERT_EQ(0, complete(self->fd, b.id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(sent[1].cookie, STATUS_SUCCESS);
	EXPECT_EQ(0, RESULT(sent[0].cookie, 0).callbacks);
	ASSERT_EQ(0, complete(self->fd, a.id, STATUS_SUCCESS, 0));
	EXPECT_ENDED(sent[0].cookie, STATUS_SUCCESS);
}

TEST_F(channel, s26_delivery_is_in_order_completion_in_any)
{
	struct miracast_message messages[SLOTS];
	struct miracast_test_send sent[SLOTS];
	int i;

	START();
	for (i = 0; i < SLOTS; i++)
		sent[i] = SEND(0, &i, sizeof(i), 0);
	/* In two pieces, as two threads would. */
	ASSERT_EQ(3, fetch(self->fd, messages, 3, 0));
	ASSERT_EQ(SLOTS - 3, fetch(self->fd, messages + 3, SLOTS, 0));
	for (i = 0; i < SLOTS; i++)
		EXPECT_EQ(0, memcmp(self->arena + messages[i].input_offset, &i, sizeof(i)));
	for (i = SLOTS - 1; i >= 0; i--) {
		ASSERT_EQ(0, complete(self->fd, messages[i].id, STATUS_SUCCESS, 0));
		EXPECT_EQ(SLOTS - i, RESULT(sent[i].cookie, SOON).order);
	}
}

TEST_F(channel, s27_lifecycle_steps_never_overlap)
{
	EXPECT_EQ(-EINVAL, session(self->fd, MIRACAST_SESSION_START_END, STATUS_SUCCESS));
	EXPECT_EQ(-EINVAL, session(self->fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS));
	EXPECT_EQ(-EINVAL, session(self->fd, MIRACAST_SESSION_STOP_END, STATUS_SUCCESS));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS));
	EXPECT_EQ(-EINVAL, session(self->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS));
	EXPECT_EQ(-EINVAL, session(self->fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS));
	EXPECT_EQ(-EINVAL, session(self->fd, MIRACAST_SESSION_STOP_END, STATUS_SUCCESS));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_END, STATUS_SUCCESS));
	EXPECT_EQ(-EINVAL, session(self->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS));
	EXPECT_EQ(-EINVAL, session(self->fd, MIRACAST_SESSION_START_END, STATUS_SUCCESS));
	EXPECT_EQ(-EINVAL, session(self->fd, MIRACAST_SESSION_STOP_END, STATUS_SUCCESS));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS));
	EXPECT_EQ(-EINVAL, session(self->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_END, STATUS_SUCCESS));
	EXPECT_EQ(-EINVAL, session(self->fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS));
	START();
}

TEST_F(channel, s27_start_and_stop_end_on_the_thread_they_began_on)
{
	struct miracast_session step = {
		.size = sizeof(step),
		.op = MIRACAST_SESSION_START_END,
	};
	struct background background;

	/* A busy machine may take long for two threads. */
	ASSERT_EQ(0, write_attr(self->index, "watchdog_ms", "30000"));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS));
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_SESSION, &step));
	EXPECT_EQ(-EPERM, finish_call(&background));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_END, STATUS_SUCCESS));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS));
	step.op = MIRACAST_SESSION_STOP_END;
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_SESSION, &step));
	EXPECT_EQ(-EPERM, finish_call(&background));
	step.op = MIRACAST_SESSION_STOP_BEGIN;
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_SESSION, &step));
	EXPECT_EQ(-EBUSY, finish_call(&background));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_END, STATUS_SUCCESS));
}

TEST_F(channel, s28_create_destroy_and_io_control_exclude_each_other_not_callbacks)
{
	struct miracast_test_control sleep = {.code = MIRACAST_TEST_CTL_SLEEP, .value = 300};
	struct miracast_io_control arg = {
		.size = sizeof(arg),
		.input = (uintptr_t)&sleep,
		.input_size = sizeof(sleep),
	};
	struct miracast_context_info info;
	struct miracast_message message;
	struct miracast_test_send sent;
	struct background background;
	int other;

	START();
	sent = SEND(0, NULL, 0, 0);
	FETCH(&message);
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_IO_CONTROL, &arg));
	while (counters_of(self->test_fd, self->index).io_controls < 1)
		sleep_ms(1);
	/* The callback overlaps the io_control ... */
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	EXPECT_EQ(1, RESULT(sent.cookie, 0).callbacks);
	EXPECT_FALSE(background.done);
	/* ... create, io_control and destroy of another context do not. */
	other = open_adapter(self->index);
	ASSERT_EQ(0, handshake(other, 0));
	ASSERT_EQ(0, create_context(other, 0, 1, &info));
	ASSERT_EQ(0, finish_call(&background));
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_IO_CONTROL, &arg));
	while (counters_of(self->test_fd, self->index).io_controls < 2)
		sleep_ms(1);
	close(other);
	ASSERT_EQ(0, finish_call(&background));
	EXPECT_EQ(0, counters_of(self->test_fd, self->index).overlaps);
	EXPECT_EQ(2, counters_of(self->test_fd, self->index).creates);
	EXPECT_EQ(1, counters_of(self->test_fd, self->index).destroys);
}

TEST_F(channel, s29_a_handler_in_io_control_cannot_stall_a_stop)
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
	/* While running it is served. */
	EXPECT_EQ(0, control(self->fd, MIRACAST_TEST_CTL_STATUS, 0, NULL, 0, NULL));
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_SESSION, &stop));
	while (get_state(self->fd).state != MIRACAST_STOP_PENDING)
		sleep_ms(1);
	/* While stopping it fails, it does not wait. */
	EXPECT_EQ(-ESHUTDOWN, control(self->fd, MIRACAST_TEST_CTL_STATUS, 0, NULL, 0, NULL));
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	EXPECT_EQ(0, finish_call(&background));
}

/* IoControl */

TEST_F(channel, s30_io_control_is_synchronous_in_the_callers_process)
{
	unsigned char input[32], output[40];
	struct miracast_test_control *request = (void *)input;
	struct miracast_io_control arg;
	uint32_t ids[2] = {};
	ntstatus_t status;
	unsigned int i;

	ASSERT_EQ(0, control(self->fd, MIRACAST_TEST_CTL_PID, 0, ids, sizeof(ids), &status));
	EXPECT_EQ(STATUS_SUCCESS, status);
	EXPECT_EQ(getpid(), (pid_t)ids[0]);
	EXPECT_EQ(gettid(), (pid_t)ids[1]);

	for (i = 0; i < sizeof(input); i++)
		input[i] = i * 3;
	*request = (struct miracast_test_control){.code = MIRACAST_TEST_CTL_ECHO};
	memset(output, 0xee, sizeof(output));
	ASSERT_EQ(0, io_control(self->fd, input, sizeof(input), output, sizeof(output), &arg));
	EXPECT_EQ(STATUS_SUCCESS, arg.status);
	EXPECT_EQ(sizeof(input), arg.bytes_returned);
	for (i = 0; i < sizeof(input); i++)
		EXPECT_EQ((unsigned char)~input[i], output[i]);
	EXPECT_EQ(0xee, output[sizeof(input)]);

	/* A driver's refusal travels as it is, without bytes. */
	memset(output, 0xee, sizeof(output));
	ASSERT_EQ(0, control(self->fd, MIRACAST_TEST_CTL_STATUS, 0xC0000022u, output, 8, &status));
	EXPECT_EQ(STATUS_ACCESS_DENIED, status);
	EXPECT_EQ(0xee, output[0]);
}

static int control_in_thread(struct __test_metadata *_metadata, int fd,
			     struct background *background)
{
	static struct miracast_test_control request = {.code = MIRACAST_TEST_CTL_STATUS};
	static struct miracast_io_control arg;

	arg = (struct miracast_io_control){
		.size = sizeof(arg),
		.input = (uintptr_t)&request,
		.input_size = sizeof(request),
	};
	return start_call(background, fd, MIRACAST_IOC_IO_CONTROL, &arg);
}

TEST_F(channel, s31_while_starting_only_the_starting_thread_is_served)
{
	ntstatus_t ends[] = {STATUS_UNSUCCESSFUL, STATUS_SUCCESS};
	struct background background;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS));
		EXPECT_EQ(0, control(self->fd, MIRACAST_TEST_CTL_STATUS, 0, NULL, 0, NULL));
		ASSERT_EQ(0, control_in_thread(_metadata, self->fd, &background));
		sleep_ms(NEVER);
		EXPECT_FALSE(background.done);
		ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_START_END, ends[i]));
		/* After a failed start there is nobody to serve but the stopping thread. */
		EXPECT_EQ(i ? 0 : -ESHUTDOWN, finish_call(&background));
	}
	EXPECT_EQ(3, counters_of(self->test_fd, self->index).io_controls);
}

TEST_F(channel, s32_while_stopping_only_the_stopping_thread_is_served)
{
	struct background background;

	START();
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS));
	EXPECT_EQ(0, control(self->fd, MIRACAST_TEST_CTL_STATUS, 0, NULL, 0, NULL));
	ASSERT_EQ(0, control_in_thread(_metadata, self->fd, &background));
	EXPECT_EQ(-ESHUTDOWN, finish_call(&background));
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_END, STATUS_SUCCESS));
	/* The same for what the driver's Destroy asks. */
	EXPECT_EQ(0, control(self->fd, MIRACAST_TEST_CTL_STATUS, 0, NULL, 0, NULL));
	ASSERT_EQ(0, control_in_thread(_metadata, self->fd, &background));
	EXPECT_EQ(-ESHUTDOWN, finish_call(&background));
	EXPECT_EQ(2, counters_of(self->test_fd, self->index).io_controls);
}

TEST_F(channel, s33_after_destroy_no_io_control_reaches_the_driver)
{
	ASSERT_EQ(0, control(self->fd, MIRACAST_TEST_CTL_STATUS, 0, NULL, 0, NULL));
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	EXPECT_EQ(-ENODEV, control(self->fd, MIRACAST_TEST_CTL_STATUS, 0, NULL, 0, NULL));
	EXPECT_EQ(1, counters_of(self->test_fd, self->index).io_controls);
}

TEST_F(channel, s34_bad_sizes_and_pointers_are_errors)
{
	struct miracast_test_control request = {.code = MIRACAST_TEST_CTL_ECHO};
	struct miracast_io_control arg;
	void *bad = (void *)8;
	char output[8];

	/* The driver's own checks. */
	EXPECT_EQ(0, io_control(self->fd, &request, 3, output, sizeof(output), &arg));
	EXPECT_EQ(STATUS_INVALID_PARAMETER, arg.status);
	EXPECT_EQ(0, io_control(self->fd, &request, sizeof(request), output, 7, &arg));
	EXPECT_EQ(STATUS_BUFFER_TOO_SMALL, arg.status);
	EXPECT_EQ(0, arg.bytes_returned);
	EXPECT_EQ(0, io_control(self->fd, NULL, 0, NULL, 0, &arg));
	EXPECT_EQ(STATUS_INVALID_PARAMETER, arg.status);
	/* A driver that claims more than there is room for. */
	request = (struct miracast_test_control){MIRACAST_TEST_CTL_CLAIM, 9};
	EXPECT_EQ(0, io_control(self->fd, &request, sizeof(request), output, 8, &arg));
	EXPECT_EQ(STATUS_INTERNAL_ERROR, arg.status);
	EXPECT_EQ(0, arg.bytes_returned);
	/* The channel's. */
	EXPECT_EQ(-EFAULT, io_control(self->fd, bad, sizeof(request), output, 8, &arg));
	request.code = MIRACAST_TEST_CTL_PID;
	EXPECT_EQ(-EFAULT, io_control(self->fd, &request, sizeof(request), bad, 8, &arg));
	EXPECT_EQ(-EMSGSIZE, io_control(self->fd, &request, 4097, output, 8, &arg));
	EXPECT_EQ(-EMSGSIZE, io_control(self->fd, &request, 8, output, 4097, &arg));
	EXPECT_EQ(-EMSGSIZE, io_control(self->fd, &request, ~0u, output, ~0u, &arg));
}

/* Teardown and faults */

TEST_F(channel, s35_a_slow_stop_lets_the_driver_destroy_its_context_early)
{
	struct miracast_message message;
	struct miracast_state state;
	struct miracast_test_send sent;

	ASSERT_EQ(0, write_attr(self->index, "watchdog_ms", "200"));
	START();
	sent = SEND(0, NULL, 0, 0);
	FETCH(&message);
	/* In order: no destroy before the stop is over. */
	EXPECT_EQ(0, counters_of(self->test_fd, self->index).destroys);
	EXPECT_EQ(-ETIMEDOUT, session(self->fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS));
	EXPECT_ENDED(sent.cookie, STATUS_CANCELLED);
	while (!counters_of(self->test_fd, self->index).destroys)
		sleep_ms(10);
	/* The daemon still runs, but nothing it asks reaches the driver. */
	EXPECT_EQ(-ENODEV, control(self->fd, MIRACAST_TEST_CTL_STATUS, 0, NULL, 0, NULL));
	EXPECT_EQ(-ENODEV, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	state = get_state(self->fd);
	EXPECT_EQ(MIRACAST_DESTROYED, state.state);
	EXPECT_TRUE(state.flags & MIRACAST_STATE_CUT_OFF);
}

TEST_F(channel, s35_a_slow_stop_call_is_cut_off_too)
{
	ASSERT_EQ(0, write_attr(self->index, "watchdog_ms", "200"));
	START();
	ASSERT_EQ(0, session(self->fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS));
	EXPECT_EQ(0, counters_of(self->test_fd, self->index).destroys);
	while (get_state(self->fd).state != MIRACAST_DESTROYED)
		sleep_ms(10);
	EXPECT_EQ(-ENODEV, session(self->fd, MIRACAST_SESSION_STOP_END, STATUS_SUCCESS));
	while (!counters_of(self->test_fd, self->index).destroys)
		sleep_ms(10);
}

/* Runs a daemon in a child up to a state, kills it, and looks at what became of all. */
static void kill_daemon(struct __test_metadata *_metadata, FIXTURE_DATA(channel) * self, int state)
{
	struct miracast_context_info info;
	struct miracast_test_send sent[4];
	struct miracast_message message;
	int pipe_fds[2], wstatus, i;
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(pipe_fds));
	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		int fd = open_adapter(self->index);

		if (handshake(fd, 0) || create_context(fd, 0, SLOTS, &info))
			_exit(1);
		if (state >= 1)
			session(fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS);
		if (state >= 2)
			session(fd, MIRACAST_SESSION_START_END, STATUS_SUCCESS);
		if (write(pipe_fds[1], "", 1) != 1)
			_exit(1);
		if (state >= 3)
			fetch(fd, &message, 1, MIRACAST_NO_TIMEOUT);
		if (state >= 3 && write(pipe_fds[1], "", 1) != 1)
			_exit(1);
		if (state == 4)
			session(fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS);
		for (;;)
			pause();
	}
	ASSERT_EQ(1, read(pipe_fds[0], &byte, 1));
	for (i = 0; i < 4; i++) {
		/* The child has the second context of the adapter. */
		sent[i] = do_send(self->test_fd, self->index, 1, 0, NULL, 0, 0);
		ASSERT_EQ(STATUS_PENDING, sent[i].status);
	}
	if (state >= 3)
		ASSERT_EQ(1, read(pipe_fds[0], &byte, 1));
	if (state == 4)
		EXPECT_ENDED(sent[3].cookie, STATUS_CANCELLED);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &wstatus, 0));
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	for (i = 0; i < (state == 4 ? 1 : 4); i++)
		EXPECT_ENDED(sent[i].cookie, STATUS_CONNECTION_DISCONNECTED);
	EXPECT_EQ(STATUS_DEVICE_NOT_CONNECTED,
		  do_send(self->test_fd, self->index, 1, 0, NULL, 0, 0).status);
	EXPECT_EQ(1, counters_of(self->test_fd, self->index).destroys);
}

TEST_F(channel, s36_daemon_killed_before_start)
{
	kill_daemon(_metadata, self, 0);
}

TEST_F(channel, s36_daemon_killed_while_starting)
{
	kill_daemon(_metadata, self, 1);
}

TEST_F(channel, s36_daemon_killed_while_started)
{
	kill_daemon(_metadata, self, 2);
}

TEST_F(channel, s36_daemon_killed_with_a_message_in_hand)
{
	kill_daemon(_metadata, self, 3);
}

TEST_F(channel, s36_daemon_killed_while_stopping)
{
	kill_daemon(_metadata, self, 4);
}

TEST_F(channel, s37_all_callbacks_have_returned_before_the_driver_context_goes)
{
	struct miracast_test_send sent;
	struct background background;

	START();
	sent = SEND(MIRACAST_TEST_BLOCK, NULL, 0, 0);
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	sleep_ms(NEVER);
	EXPECT_FALSE(background.done);
	EXPECT_EQ(0, counters_of(self->test_fd, self->index).destroys);
	ASSERT_EQ(0, release_callback(self->test_fd, sent.cookie));
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_EQ(1, counters_of(self->test_fd, self->index).destroys);
	EXPECT_ENDED(sent.cookie, STATUS_CANCELLED);
}

TEST_F(channel, s37_a_callback_on_another_thread_is_waited_for)
{
	struct miracast_completion completion = {};
	struct miracast_exchange arg = {
		.size = sizeof(arg),
		.completions = (uintptr_t)&completion,
		.nr_completions = 1,
	};
	struct background completer, destroyer;
	struct miracast_message message;
	struct miracast_test_send sent;

	START();
	sent = SEND(MIRACAST_TEST_BLOCK, NULL, 0, 0);
	FETCH(&message);
	completion.id = message.id;
	ASSERT_EQ(0, start_call(&completer, self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	while (get_state(self->fd).with_daemon)
		sleep_ms(1);
	ASSERT_EQ(0, start_call(&destroyer, self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	while (get_state(self->fd).state != MIRACAST_DESTROYED)
		sleep_ms(1);
	sleep_ms(NEVER);
	EXPECT_FALSE(destroyer.done);
	EXPECT_EQ(0, counters_of(self->test_fd, self->index).destroys);
	ASSERT_EQ(0, release_callback(self->test_fd, sent.cookie));
	EXPECT_EQ(0, finish_call(&completer));
	EXPECT_EQ(0, finish_call(&destroyer));
	EXPECT_EQ(1, counters_of(self->test_fd, self->index).destroys);
	EXPECT_ENDED(sent.cookie, STATUS_SUCCESS);
}

TEST_F(channel, s39_any_reported_status_asks_for_the_session_to_end)
{
	struct miracast_report_status arg = {.size = sizeof(arg)};
	uint32_t values[] = {0, 1, 2, 3, 4, 5, 0xffffffff};
	struct pollfd pollfd = {.fd = self->fd, .events = POLLPRI};
	struct miracast_state state;
	unsigned int i;

	for (i = 0; i < 7; i++) {
		START();
		EXPECT_EQ(0, get_state(self->fd).flags);
		EXPECT_EQ(0, poll(&pollfd, 1, 0));
		arg.miracast_status = values[i];
		arg.status = STATUS_SUCCESS;
		ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_REPORT_SESSION_STATUS, &arg));
		EXPECT_EQ(1, poll(&pollfd, 1, 0));
		EXPECT_TRUE(pollfd.revents & POLLPRI);
		state = get_state(self->fd);
		EXPECT_EQ(MIRACAST_STATE_STOP_REQUESTED, state.flags);
		EXPECT_EQ(i < 5 ? i + 1 : MIRACAST_STOP_UNKNOWN, state.stop_reason);
		STOP();
		get_state(self->fd);
	}
}

static struct miracast_test_chunk chunk_of(uint32_t index, uint64_t id, void *data, uint32_t size)
{
	return (struct miracast_test_chunk){
		.index = index,
		.private_data = (uintptr_t)data,
		.private_size = size,
		.hardirq = 1,
		.info =
			{
				.chunk_type = MIRACAST_CHUNK_TYPE_ENCODE_COMPLETE,
				.chunk_id = id,
				.processing_time = 1234,
				.encode_rate = 5678,
			},
	};
}

TEST_F(channel, s40_reports_change_nothing_and_take_no_private_data)
{
	struct miracast_report_statistic statistic = {.size = sizeof(statistic)};
	struct miracast_test_chunk chunk = chunk_of(self->index, 1, NULL, 0);
	struct miracast_state before, after;
	char data[4] = "abc";

	START();
	before = get_state(self->fd);
	statistic.data.statistic_type = MIRACAST_STATISTIC_TYPE_EVENT;
	statistic.data.protocol_event = MIRACAST_PROTOCOL_EVENT_IFRAME_RQ;
	EXPECT_EQ(0, call(self->fd, MIRACAST_IOC_REPORT_STATISTIC, &statistic));
	statistic.data.statistic_type = 3;
	EXPECT_EQ(-EINVAL, call(self->fd, MIRACAST_IOC_REPORT_STATISTIC, &statistic));
	chunk.report = 1;
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_CHUNK, &chunk));
	EXPECT_EQ(STATUS_SUCCESS, chunk.status);
	EXPECT_EQ(!interrupts_are_threads(), chunk.in_hardirq);
	chunk.private_data = (uintptr_t)data;
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_CHUNK, &chunk));
	EXPECT_EQ(STATUS_INVALID_PARAMETER, chunk.status);
	chunk.private_data = 0;
	chunk.private_size = 1;
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_CHUNK, &chunk));
	EXPECT_EQ(STATUS_INVALID_PARAMETER, chunk.status);
	after = get_state(self->fd);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
}

/* Chunk queue */

static struct miracast_get_chunks get_chunks(int fd, void *buffer, uint32_t size, uint64_t timeout)
{
	struct miracast_get_chunks arg = {
		.size = sizeof(arg),
		.buffer = (uintptr_t)buffer,
		.buffer_size = size,
		.timeout_ns = timeout,
	};

	if (call(fd, MIRACAST_IOC_GET_CHUNKS, &arg))
		arg.status = MIRACAST_NTSTATUS(0xdeadbeefu);
	return arg;
}

TEST_F(channel, s41_a_full_chunk_queue_loses_all_and_says_so_once)
{
	struct pollfd pollfd = {.fd = self->fd, .events = POLLRDBAND};
	struct miracast_test_chunk chunk;
	struct miracast_get_chunks got;
	unsigned char buffer[512];
	int i;

	START();
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	for (i = 0; i < MAX_CHUNKS; i++) {
		chunk = chunk_of(self->index, i, NULL, 0);
		ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_CHUNK, &chunk));
		ASSERT_EQ(STATUS_SUCCESS, chunk.status);
		ASSERT_EQ(!interrupts_are_threads(), chunk.in_hardirq);
	}
	EXPECT_EQ(MAX_CHUNKS, get_state(self->fd).chunks);
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	chunk = chunk_of(self->index, 99, NULL, 0);
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_CHUNK, &chunk));
	EXPECT_EQ(STATUS_NO_MEMORY, chunk.status);
	chunk = chunk_of(self->index, MIRACAST_CHUNK_ID(101, 1), NULL, 0);
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_CHUNK, &chunk));
	EXPECT_EQ(STATUS_SUCCESS, chunk.status);

	got = get_chunks(self->fd, buffer, sizeof(buffer), 0);
	EXPECT_EQ(STATUS_CONNECTION_RESET, got.status);
	EXPECT_EQ(0, got.buffer_size);
	/* The one after the reset. */
	EXPECT_EQ(1, got.outstanding);
	EXPECT_EQ(MIRACAST_CHUNK_DATA_HEADER_SIZE, got.required);
	got = get_chunks(self->fd, buffer, sizeof(buffer), 0);
	EXPECT_EQ(STATUS_SUCCESS, got.status);
	EXPECT_EQ(MIRACAST_CHUNK_DATA_HEADER_SIZE, got.buffer_size);
	EXPECT_EQ(0x10000000065ull, ((struct miracast_chunk_data *)buffer)->chunk_info.chunk_id);
	got = get_chunks(self->fd, buffer, sizeof(buffer), 0);
	EXPECT_EQ(STATUS_TIMEOUT, got.status);
}

TEST_F(channel, s42_too_much_private_data_is_an_invalid_parameter)
{
	unsigned char data[MAX_PRIVATE + 1] = {};
	struct miracast_test_chunk chunk;

	START();
	chunk = chunk_of(self->index, 1, data, MAX_PRIVATE);
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_CHUNK, &chunk));
	EXPECT_EQ(STATUS_SUCCESS, chunk.status);
	chunk = chunk_of(self->index, 2, data, MAX_PRIVATE + 1);
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_CHUNK, &chunk));
	EXPECT_EQ(STATUS_INVALID_PARAMETER, chunk.status);
	chunk = chunk_of(self->index, 2, NULL, 1);
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_CHUNK, &chunk));
	EXPECT_EQ(STATUS_INVALID_PARAMETER, chunk.status);
	/* As with every failure the outstanding chunk is lost. */
	EXPECT_EQ(STATUS_CONNECTION_RESET, get_chunks(self->fd, data, 1, 0).status);
	EXPECT_EQ(STATUS_TIMEOUT, get_chunks(self->fd, data, 1, 0).status);
}

TEST_F(channel, s43_packets_lie_back_to_back_and_a_small_buffer_loses_none)
{
	unsigned char data[MAX_PRIVATE], buffer[256];
	struct miracast_get_chunks got;
	struct miracast_test_chunk chunk;
	struct miracast_chunk_data packet;
	unsigned int offset = 0;
	int i;

	START();
	memset(data, 0x77, sizeof(data));
	for (i = 0; i < 3; i++) {
		data[0] = i;
		chunk = chunk_of(self->index, i, data, i * 5);
		ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_CHUNK, &chunk));
	}
	got = get_chunks(self->fd, buffer, 27, 0);
	EXPECT_EQ(STATUS_BUFFER_TOO_SMALL, got.status);
	EXPECT_EQ(28, got.required);
	EXPECT_EQ(3, got.outstanding);
	got = get_chunks(self->fd, (void *)8, 256, 0);
	EXPECT_EQ(0xdeadbeefu, got.status);
	EXPECT_EQ(3, get_state(self->fd).chunks);
	/* Room for the first two. */
	memset(buffer, 0xee, sizeof(buffer));
	got = get_chunks(self->fd, buffer, 28 + 33 + 37, 0);
	EXPECT_EQ(STATUS_SUCCESS, got.status);
	EXPECT_EQ(28 + 33, got.buffer_size);
	EXPECT_EQ(1, got.outstanding);
	for (i = 0; i < 2; i++) {
		memcpy(&packet, buffer + offset, MIRACAST_CHUNK_DATA_HEADER_SIZE);
		EXPECT_EQ(i, packet.chunk_info.chunk_id);
		EXPECT_EQ(1234, packet.chunk_info.processing_time);
		EXPECT_EQ(5678, packet.chunk_info.encode_rate);
		EXPECT_EQ(i * 5, packet.private_driver_data_size);
		if (i)
			EXPECT_EQ(i, buffer[offset + MIRACAST_CHUNK_DATA_HEADER_SIZE]);
		offset += MIRACAST_CHUNK_DATA_HEADER_SIZE + packet.private_driver_data_size;
	}
	EXPECT_EQ(0xee, buffer[offset]);
	got = get_chunks(self->fd, buffer, 256, 0);
	EXPECT_EQ(STATUS_SUCCESS, got.status);
	EXPECT_EQ(38, got.buffer_size);
	EXPECT_EQ(0, got.outstanding);
}

TEST_F(channel, s43_a_blocked_reader_hears_that_the_session_is_over)
{
	unsigned char buffer[64];
	struct miracast_get_chunks arg = {
		.size = sizeof(arg),
		.buffer = (uintptr_t)buffer,
		.buffer_size = sizeof(buffer),
		.timeout_ns = MIRACAST_NO_TIMEOUT,
	};
	struct background background;

	START();
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_GET_CHUNKS, &arg));
	/* One at a time: when this one is refused the other one is in. Or the reverse. */
	while (get_chunks(self->fd, buffer, 64, 0).status != 0xdeadbeefu) {
		if (background.done) {
			ASSERT_EQ(-EBUSY, finish_call(&background));
			ASSERT_EQ(0,
				  start_call(&background, self->fd, MIRACAST_IOC_GET_CHUNKS, &arg));
		}
		sleep_ms(10);
	}
	EXPECT_FALSE(background.done);
	STOP();
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_EQ(STATUS_INSTANCE_NOT_AVAILABLE, arg.status);
	EXPECT_EQ(0, arg.buffer_size);
}

/* Completes chunks as fast as it can, until it is told to end. */
struct completer {
	pthread_t thread;
	int test_fd;
	uint32_t index;
	volatile bool quit;
};

static void *complete_chunks(void *data)
{
	struct completer *completer = data;
	struct miracast_test_chunk chunk = chunk_of(completer->index, 1, NULL, 0);

	chunk.hardirq = 0;
	while (!completer->quit && !call(completer->test_fd, MIRACAST_TEST_CHUNK, &chunk))
		;
	return NULL;
}

TEST_F(channel, s43_a_reader_who_waits_without_end_hears_of_no_timeout)
{
	struct miracast_test_adapter adapter = default_adapter();
	struct completer completer = {.test_fd = self->test_fd};
	unsigned int i, full = 0, empty = 0, reset = 0;
	struct miracast_context_info info;
	unsigned char buffer[64];
	int fd;

	/* One more chunk than one is a reset. */
	adapter.max_chunks = 1;
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	fd = open_adapter(adapter.index);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, handshake(fd, MIRACAST_FEATURE_CHUNKS));
	ASSERT_EQ(0, create_context(fd, 0, SLOTS, &info));
	ASSERT_EQ(0, start_session(fd));
	completer.index = adapter.index;
	ASSERT_EQ(0, pthread_create(&completer.thread, NULL, complete_chunks, &completer));
	for (i = 0; i < 1000; i++) {
		ntstatus_t status =
			get_chunks(fd, buffer, sizeof(buffer), MIRACAST_NO_TIMEOUT).status;

		full += status == STATUS_SUCCESS;
		reset += status == STATUS_CONNECTION_RESET;
		empty += status == STATUS_TIMEOUT;
	}
	completer.quit = true;
	pthread_join(completer.thread, NULL);
	EXPECT_EQ(0, empty);
	EXPECT_EQ(i, full + reset);
	close(fd);
	EXPECT_EQ(0, remove_adapter(self->test_fd, adapter.index));
}

static void no_news(int signal)
{
}

TEST_F(channel, s43_a_signal_ends_a_read_that_waits)
{
	struct sigaction action = {.sa_handler = no_news, .sa_flags = SA_RESTART};
	char buffer[64];
	struct miracast_get_chunks arg = {
		.size = sizeof(arg),
		.buffer = (uintptr_t)buffer,
		.buffer_size = sizeof(buffer),
		.timeout_ns = SOON * MS,
	};
	struct background background;
	unsigned int i;

	START();
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_GET_CHUNKS, &arg));
	/* The first ones may come before it waits. */
	for (i = 0; i < 50 && !background.done; i++) {
		sleep_ms(20);
		ASSERT_EQ(0, pthread_kill(background.thread, SIGUSR1));
	}
	/* Begun again, it would wait for all of its time once more. */
	EXPECT_EQ(-EINTR, finish_call(&background));
}

TEST_F(channel, s43_the_end_of_the_session_wakes_who_polls_for_chunks)
{
	struct pollfd pollfd = {.fd = self->fd, .events = POLLRDBAND};

	START();
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	STOP();
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_EQ(POLLRDBAND, pollfd.revents);
}

TEST(s44_layouts_and_numbers_are_the_published_ones)
{
	EXPECT_EQ(8, sizeof(struct miracast_caps));
	EXPECT_EQ(24, sizeof(struct miracast_chunk_info));
	EXPECT_EQ(8, offsetof(struct miracast_chunk_info, chunk_id));
	EXPECT_EQ(16, offsetof(struct miracast_chunk_info, processing_time));
	EXPECT_EQ(20, offsetof(struct miracast_chunk_info, encode_rate));
	EXPECT_EQ(32, sizeof(struct miracast_chunk_data));
	EXPECT_EQ(24, offsetof(struct miracast_chunk_data, private_driver_data_size));
	EXPECT_EQ(28, offsetof(struct miracast_chunk_data, private_driver_data));
	EXPECT_EQ(32, sizeof(struct miracast_statistic_data));
	EXPECT_EQ(8, offsetof(struct miracast_statistic_data, chunk_sent));
	EXPECT_EQ(0x10000000065ull, MIRACAST_CHUNK_ID(101, 1));
	EXPECT_EQ(101, MIRACAST_CHUNK_ID_FRAME(0x10000000065ull));
	EXPECT_EQ(1, MIRACAST_CHUNK_ID_PART(0x10000000065ull));
	EXPECT_EQ(4, MIRACAST_CHUNK_TYPE_FRAME_DROPPED);
	EXPECT_EQ(5, MIRACAST_STATUS_COMPANION_DRIVER_DISCONNECT);
	EXPECT_EQ(3, MIRACAST_STATUS_INSUFFICIENT_BANDWIDTH);
	EXPECT_EQ(7, MIRACAST_STOP_POWER_DOWN_DEVICE);
	EXPECT_EQ(2, MIRACAST_STATISTIC_TYPE_EVENT);
	EXPECT_EQ(3, MIRACAST_PROTOCOL_EVENT_SINK_FAILED_PREFERRED_MODE_CHANGE);
	EXPECT_EQ(0x103u, STATUS_PENDING);
	EXPECT_EQ(0xC0000120u, STATUS_CANCELLED);
	EXPECT_EQ(0xC00000B5u, STATUS_IO_TIMEOUT);
	EXPECT_EQ(0xC000020Cu, STATUS_CONNECTION_DISCONNECTED);
	EXPECT_EQ(0xC00002B6u, STATUS_DEVICE_REMOVED);
	EXPECT_EQ(0xC0000703u, STATUS_REQUEST_CANCELED);
	EXPECT_EQ(0xC0000708u, STATUS_RESOURCE_IN_USE);
	/* Ours: what a 32-bit daemon and a 64-bit kernel must agree on. */
	EXPECT_EQ(96, sizeof(struct miracast_handshake));
	EXPECT_EQ(56, sizeof(struct miracast_context_info));
	EXPECT_EQ(24, sizeof(struct miracast_session));
	EXPECT_EQ(40, sizeof(struct miracast_state));
	EXPECT_EQ(32, sizeof(struct miracast_message));
	EXPECT_EQ(24, sizeof(struct miracast_completion));
	EXPECT_EQ(120, sizeof(struct miracast_exchange));
	EXPECT_EQ(40, sizeof(struct miracast_io_control));
	EXPECT_EQ(40, sizeof(struct miracast_get_chunks));
}

TEST_HARNESS_MAIN
