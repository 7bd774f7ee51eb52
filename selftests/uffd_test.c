// SPDX-License-Identifier: GPL-2.0
/*
 * A daemon that stalls its own page faults with userfaultfd: whatever is ended under it
 * ends, and nobody waits for it.
 */

#include <linux/userfaultfd.h>
#include <sys/syscall.h>

#include "channel.h"

/* A page on which the kernel is made to wait. */
struct stall {
	int uffd;
	void *page;
	long size;
	bool write_protected;
};

static int begin_stall(struct stall *stall, bool write_protected)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register reg = {};
	struct uffdio_writeprotect protect = {.mode = UFFDIO_WRITEPROTECT_MODE_WP};

	stall->write_protected = write_protected;
	stall->size = sysconf(_SC_PAGESIZE);
	stall->page =
		mmap(NULL, stall->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stall->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (stall->page == MAP_FAILED || stall->uffd < 0)
		return -errno;
	reg.range.start = protect.range.start = (uintptr_t)stall->page;
	reg.range.len = protect.range.len = stall->size;
	reg.mode = UFFDIO_REGISTER_MODE_MISSING;
	if (write_protected) {
		*(volatile char *)stall->page = 0;
		reg.mode = UFFDIO_REGISTER_MODE_WP;
		api.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP;
	}
	if (ioctl(stall->uffd, UFFDIO_API, &api) || ioctl(stall->uffd, UFFDIO_REGISTER, &reg))
		return -errno;
	return 0;
}

/* Read it, but do not write: for structs that go in and out. */
static int protect_stall(struct stall *stall)
{
	struct uffdio_writeprotect protect = {
		.range = {(uintptr_t)stall->page, stall->size},
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	return ioctl(stall->uffd, UFFDIO_WRITEPROTECT, &protect) ? -errno : 0;
}

/* True when somebody waits for the page. */
static bool stalled(struct stall *stall)
{
	struct pollfd pollfd = {.fd = stall->uffd, .events = POLLIN};
	struct uffd_msg msg;

	return poll(&pollfd, 1, SOON) == 1 && read(stall->uffd, &msg, sizeof(msg)) == sizeof(msg) &&
	       msg.event == UFFD_EVENT_PAGEFAULT;
}

/* Lets them go on; the page begins with these bytes. */
static void end_stall(struct stall *stall, const void *data, size_t size)
{
	struct uffdio_writeprotect protect = {
		.range = {(uintptr_t)stall->page, stall->size},
	};
	struct uffdio_copy copy = {
		.dst = (uintptr_t)stall->page,
		.len = stall->size,
	};
	void *source;

	if (stall->write_protected) {
		ioctl(stall->uffd, UFFDIO_WRITEPROTECT, &protect);
		return;
	}
	source =
		mmap(NULL, stall->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (size)
		memcpy(source, data, size);
	copy.src = (uintptr_t)source;
	ioctl(stall->uffd, UFFDIO_COPY, &copy);
	munmap(source, stall->size);
}

static void forget_stall(struct stall *stall)
{
	munmap(stall->page, stall->size);
	close(stall->uffd);
}

/* Each way in which a message is ended from outside, and what its sender then hears. */
FIXTURE(uffd)
{
	int test_fd;
	int fd;
	uint32_t index;
	struct miracast_context_info info;
	struct stall stall;
};

FIXTURE_VARIANT(uffd)
{
	ntstatus_t status;
	bool destroyed;
};

FIXTURE_VARIANT_ADD(uffd, timeout){
	.status = STATUS_IO_TIMEOUT,
};

FIXTURE_VARIANT_ADD(uffd, abort){
	.status = STATUS_CANCELLED,
	.destroyed = true,
};

FIXTURE_VARIANT_ADD(uffd, removal){
	.status = STATUS_DEVICE_REMOVED,
	.destroyed = true,
};

FIXTURE_SETUP(uffd)
{
	struct miracast_test_adapter adapter = default_adapter();

	self->test_fd = open("/dev/miracast_test", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->test_fd, 0);
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	self->index = adapter.index;
	self->fd = open_adapter(self->index);
	ASSERT_EQ(0, handshake(self->fd, MIRACAST_FEATURE_CHUNKS));
	ASSERT_EQ(0, create_context(self->fd, 0, SLOTS, &self->info));
	ASSERT_EQ(0, start_session(self->fd));
	ASSERT_EQ(0, begin_stall(&self->stall, false));
}

FIXTURE_TEARDOWN(uffd)
{
	struct miracast_test_counters counters;

	forget_stall(&self->stall);
	close(self->fd);
	counters = counters_of(self->test_fd, self->index);
	EXPECT_EQ(0, counters.overlaps);
	EXPECT_EQ(0, counters.callbacks_after_destroy);
	EXPECT_EQ(counters.accepted, counters.callbacks);
	EXPECT_EQ(counters.creates, counters.destroys);
	close(self->test_fd);
}

/* Returns when the message has ended, by what the variant is about. */
static void end_message(struct __test_metadata *_metadata, const FIXTURE_DATA(uffd) * self,
			const FIXTURE_VARIANT(uffd) * variant, uint64_t cookie)
{
	int error;

	if (variant->status == STATUS_IO_TIMEOUT)
		error = write_attr(self->index, "timeout_ms", "50");
	else if (variant->status == STATUS_CANCELLED)
		error = write_attr(self->index, "abort", "1");
	else
		error = remove_adapter(self->test_fd, self->index);
	ASSERT_EQ(0, error);
	EXPECT_ENDED(cookie, variant->status);
}

TEST_F(uffd, stalled_where_records_are_written)
{
	struct miracast_exchange arg = {
		.size = sizeof(arg),
		.messages = (uintptr_t)self->stall.page,
		.nr_messages = 1,
	};
	struct background background;
	struct miracast_test_send sent;

	sent = SEND(0, "abcd", 4, 4);
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	ASSERT_TRUE(stalled(&self->stall));
	end_message(_metadata, self, variant, sent.cookie);
	EXPECT_FALSE(background.done);
	end_stall(&self->stall, "", 0);
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_EQ(1, arg.nr_messages);
	/* It was told of the message, and now that it came too late. */
	EXPECT_EQ(variant->destroyed ? -ENODEV : 1,
		  complete(self->fd, ((struct miracast_message *)self->stall.page)->id,
			   STATUS_SUCCESS, 4));
}

TEST_F(uffd, stalled_where_completions_are_read)
{
	struct miracast_exchange arg = {
		.size = sizeof(arg),
		.completions = (uintptr_t)self->stall.page,
		.nr_completions = 1,
	};
	struct miracast_completion completion = {};
	struct background background;
	struct miracast_message message;
	struct miracast_test_send sent;

	sent = SEND(0, NULL, 0, 4);
	FETCH(&message);
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	ASSERT_TRUE(stalled(&self->stall));
	end_message(_metadata, self, variant, sent.cookie);
	EXPECT_FALSE(background.done);
	completion.id = message.id;
	completion.information = 4;
	end_stall(&self->stall, &completion, sizeof(completion));
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_EQ(1, arg.nr_completions);
	EXPECT_EQ(1, arg.nr_stale);
	EXPECT_EQ(1, RESULT(sent.cookie, 0).callbacks);
}

TEST_F(uffd, stalled_where_an_io_controls_input_is_read)
{
	struct miracast_test_control request = {.code = MIRACAST_TEST_CTL_STATUS};
	struct miracast_io_control arg = {
		.size = sizeof(arg),
		.input = (uintptr_t)self->stall.page,
		.input_size = sizeof(request),
	};
	struct background background;
	struct miracast_test_send sent;

	sent = SEND(0, NULL, 0, 0);
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_IO_CONTROL, &arg));
	ASSERT_TRUE(stalled(&self->stall));
	/* Neither another's io_control nor the end of anything waits. */
	EXPECT_EQ(0, control(self->fd, MIRACAST_TEST_CTL_STATUS, 0, NULL, 0, NULL));
	end_message(_metadata, self, variant, sent.cookie);
	if (!variant->destroyed)
		EXPECT_EQ(0, stop_session(self->fd));
	EXPECT_FALSE(background.done);
	end_stall(&self->stall, &request, sizeof(request));
	EXPECT_EQ(variant->destroyed ? -ENODEV : -ESHUTDOWN, finish_call(&background));
	EXPECT_EQ(1, counters_of(self->test_fd, self->index).io_controls);
}

TEST_F(uffd, stalled_where_an_io_controls_output_is_written)
{
	struct miracast_test_control request = {.code = MIRACAST_TEST_CTL_ECHO};
	struct miracast_io_control arg = {
		.size = sizeof(arg),
		.input = (uintptr_t)&request,
		.input_size = sizeof(request),
		.output = (uintptr_t)self->stall.page,
		.output_size = sizeof(request),
	};
	struct background background;
	struct miracast_test_send sent;

	sent = SEND(0, NULL, 0, 0);
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_IO_CONTROL, &arg));
	ASSERT_TRUE(stalled(&self->stall));
	EXPECT_EQ(0, control(self->fd, MIRACAST_TEST_CTL_STATUS, 0, NULL, 0, NULL));
	end_message(_metadata, self, variant, sent.cookie);
	if (!variant->destroyed)
		EXPECT_EQ(0, stop_session(self->fd));
	EXPECT_FALSE(background.done);
	end_stall(&self->stall, "", 0);
	/* It had been served before. */
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_EQ(sizeof(request), arg.bytes_returned);
	EXPECT_EQ(0xfe, *(unsigned char *)self->stall.page);
}

TEST_F(uffd, stalled_where_chunks_are_written)
{
	struct miracast_get_chunks arg =
					   {
						   .size = sizeof(arg),
						   .buffer = (uintptr_t)self->stall.page,
						   .buffer_size = 256,
					   },
				   other = arg;
	struct miracast_test_chunk chunk = {.index = self->index, .hardirq = 1};
	struct background background;
	struct miracast_test_send sent;

	sent = SEND(0, NULL, 0, 0);
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_CHUNK, &chunk));
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_GET_CHUNKS, &arg));
	ASSERT_TRUE(stalled(&self->stall));
	EXPECT_EQ(-EBUSY, call(self->fd, MIRACAST_IOC_GET_CHUNKS, &other));
	/* Interrupts go on, too: the queue's lock is not held. */
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_CHUNK, &chunk));
	EXPECT_EQ(STATUS_SUCCESS, chunk.status);
	end_message(_metadata, self, variant, sent.cookie);
	EXPECT_FALSE(background.done);
	end_stall(&self->stall, "", 0);
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_EQ(STATUS_SUCCESS, arg.status);
	EXPECT_EQ(MIRACAST_CHUNK_DATA_HEADER_SIZE, arg.buffer_size);
}

TEST_F(uffd, stalled_where_a_struct_is_written)
{
	static const unsigned long cmds[] = {
		MIRACAST_IOC_EXCHANGE,
		MIRACAST_IOC_GET_STATE,
		MIRACAST_IOC_HANDSHAKE,
	};
	struct background background[3];
	struct miracast_test_send sent;
	struct stall stalls[3];
	int i;

	sent = SEND(0, NULL, 0, 0);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, begin_stall(&stalls[i], true));
		*(uint32_t *)stalls[i].page = _IOC_SIZE(cmds[i]);
		ASSERT_EQ(0, protect_stall(&stalls[i]));
		/* A handshake after the context was made is refused before it writes. */
		ASSERT_EQ(0, start_call(&background[i], self->fd, cmds[i], stalls[i].page));
		if (cmds[i] == MIRACAST_IOC_HANDSHAKE) {
			EXPECT_EQ(-EBUSY, finish_call(&background[i]));
		} else {
			ASSERT_TRUE(stalled(&stalls[i]));
		}
	}
	end_message(_metadata, self, variant, sent.cookie);
	for (i = 0; i < 3; i++) {
		end_stall(&stalls[i], NULL, 0);
		if (cmds[i] != MIRACAST_IOC_HANDSHAKE)
			EXPECT_EQ(0, finish_call(&background[i]));
		forget_stall(&stalls[i]);
	}
}

TEST_F(uffd, stalled_where_a_new_context_is_told)
{
	struct background background;
	struct miracast_context_info *info;
	struct miracast_test_send sent;
	struct stall stall;
	int fd;

	sent = SEND(0, NULL, 0, 0);
	fd = open_adapter(self->index);
	ASSERT_EQ(0, handshake(fd, 0));
	ASSERT_EQ(0, begin_stall(&stall, true));
	info = stall.page;
	info->size = sizeof(*info);
	info->slots = 1;
	ASSERT_EQ(0, protect_stall(&stall));
	ASSERT_EQ(0, start_call(&background, fd, MIRACAST_IOC_CREATE_CONTEXT, info));
	ASSERT_TRUE(stalled(&stall));
	/* Neither those who share the file nor the end of the context wait for it. */
	EXPECT_EQ(-EBUSY, handshake(fd, 0));
	end_message(_metadata, self, variant, sent.cookie);
	if (!variant->destroyed)
		EXPECT_EQ(0, call(fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	EXPECT_EQ(MIRACAST_DESTROYED, get_state(fd).state);
	EXPECT_FALSE(background.done);
	end_stall(&stall, NULL, 0);
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_EQ(STATUS_SUCCESS, info->status);
	forget_stall(&stall);
	close(fd);
}

TEST_F(uffd, killed_while_it_stalls)
{
	struct miracast_exchange arg = {.size = sizeof(arg), .nr_messages = 1};
	struct miracast_test_send sent[2];
	struct miracast_context_info info;
	int pipe_fds[2], wstatus;
	struct stall stall;
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(pipe_fds));
	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		int fd = open_adapter(self->index);
		struct background background;

		if (handshake(fd, 0) || create_context(fd, 0, SLOTS, &info) || start_session(fd) ||
		    begin_stall(&stall, false) || write(pipe_fds[1], "", 1) != 1)
			_exit(1);
		arg.messages = (uintptr_t)stall.page;
		arg.timeout_ns = MIRACAST_NO_TIMEOUT;
		start_call(&background, fd, MIRACAST_IOC_EXCHANGE, &arg);
		if (!stalled(&stall) || write(pipe_fds[1], "", 1) != 1)
			_exit(2);
		pause();
		_exit(3);
	}
	ASSERT_EQ(1, read(pipe_fds[0], &byte, 1));
	sent[0] = do_send(self->test_fd, self->index, 1, 0, NULL, 0, 0);
	ASSERT_EQ(1, read(pipe_fds[0], &byte, 1));
	sent[1] = SEND(0, NULL, 0, 0);
	end_message(_metadata, self, variant, sent[1].cookie);
	EXPECT_ENDED(sent[0].cookie, variant->status);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &wstatus, 0));
	EXPECT_TRUE(WIFSIGNALED(wstatus));
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

TEST_F(channel, a_guessed_id_completed_while_its_record_is_written)
{
	struct miracast_exchange arg = {.size = sizeof(arg), .nr_messages = 1};
	struct miracast_exchange guess = {.size = sizeof(guess), .nr_completions = 1};
	struct miracast_completion completion = {};
	struct background background, guesser;
	struct miracast_message message;
	struct miracast_test_send sent;
	struct stall stall;

	START();
	ASSERT_EQ(0, begin_stall(&stall, false));
	arg.messages = (uintptr_t)stall.page;
	/* To know what its successor's id will be. */
	sent = SEND(0, NULL, 0, 0);
	FETCH(&message);
	sent = SEND(MIRACAST_TEST_BLOCK, NULL, 0, 0);
	completion.id = message.id + 1024 + 1;
	guess.completions = (uintptr_t)&completion;
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	ASSERT_TRUE(stalled(&stall));
	ASSERT_EQ(0, start_call(&guesser, self->fd, MIRACAST_IOC_EXCHANGE, &guess));
	while (get_state(self->fd).with_daemon != 1)
		sleep_ms(1);
	/* The callback runs when the record turns out to be unwritable. */
	forget_stall(&stall);
	EXPECT_EQ(-EFAULT, finish_call(&background));
	ASSERT_EQ(0, release_callback(self->test_fd, sent.cookie));
	EXPECT_EQ(0, finish_call(&guesser));
	EXPECT_EQ(0, guess.nr_stale);
	EXPECT_ENDED(sent.cookie, STATUS_SUCCESS);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	STOP();
}

TEST_HARNESS_MAIN
