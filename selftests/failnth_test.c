// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation, and every access to user memory, of a whole session fails once, one
 * after the other: whatever step it is, it says so, can be repeated, and the session goes
 * on. Needs a kernel with fault injection.
 */

#include "channel.h"
#include "fault.h"

#define HOURS 36000 /* seconds: the runner has its own guard against hangs */

/* One session, and which of its calls is to be disturbed. */
struct session_state {
	int fail_nth; /* this thread's file of that name */
	int test_fd;
	int fd;
	uint32_t index;
	struct miracast_context_info info;
	unsigned char *arena;
	struct miracast_message message;
	uint64_t cookie;
};

static int add(struct session_state *s)
{
	struct miracast_test_adapter adapter = default_adapter();
	int error = call(s->test_fd, MIRACAST_TEST_ADD, &adapter);

	s->index = adapter.index;
	return error;
}

static int open_device(struct session_state *s)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/miracast%u", s->index);
	s->fd = open(path, O_RDWR | O_CLOEXEC);
	return s->fd < 0 ? -errno : 0;
}

static int shake_hands(struct session_state *s)
{
	return handshake(s->fd, MIRACAST_FEATURE_RECOVER | MIRACAST_FEATURE_CHUNKS);
}

static int create(struct session_state *s)
{
	int error = create_context(s->fd, MIRACAST_CONTEXT_RECOVER, SLOTS, &s->info);

	if (error != -EBUSY)
		return error;
	/* It was made, but could not be told of. */
	s->info = (struct miracast_context_info){.size = sizeof(s->info)};
	return call(s->fd, MIRACAST_IOC_RECOVER, &s->info);
}

static int map(struct session_state *s)
{
	s->arena = mmap(NULL, s->info.arena_size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	return s->arena == MAP_FAILED ? -errno : 0;
}

static int touch(struct session_state *s)
{
	s->arena[0] = 1;
	s->arena[s->info.arena_size - 1] = 1;
	return 0;
}

/* A step that was made but not reported cannot be made again. */
static int step(struct session_state *s, uint32_t op, uint32_t reached)
{
	int error = session(s->fd, op, STATUS_SUCCESS);

	return error == -EINVAL && get_state(s->fd).state == reached ? 0 : error;
}

static int begin_start(struct session_state *s)
{
	return step(s, MIRACAST_SESSION_START_BEGIN, MIRACAST_START_PENDING);
}

static int end_start(struct session_state *s)
{
	return step(s, MIRACAST_SESSION_START_END, MIRACAST_STARTED);
}

static int send_without_callback(struct session_state *s)
{
	struct miracast_test_send arg = {
		.index = s->index,
		.flags = MIRACAST_TEST_NO_CALLBACK,
		.input = (uintptr_t) "abcd",
		.input_size = 4,
	};

	return call(s->test_fd, MIRACAST_TEST_SEND, &arg);
}

static int send_message(struct session_state *s)
{
	struct miracast_test_send arg = {
		.index = s->index,
		.input = (uintptr_t) "abcd",
		.input_size = 4,
		.output_size = 4,
	};
	int error = call(s->test_fd, MIRACAST_TEST_SEND, &arg);

	s->cookie = arg.cookie;
	return error ?: arg.status == STATUS_PENDING ? 0 : -EIO;
}

static int fetch_message(struct session_state *s)
{
	int n;

	/* Handed out, but the call could not say so. */
	if (s->message.id)
		return 0;
	n = fetch(s->fd, &s->message, 1, 0);
	return n < 0 ? n : n == 1 ? 0 : -EIO;
}

static int complete_message(struct session_state *s)
{
	int error = complete(s->fd, s->message.id, STATUS_SUCCESS, 0);

	/* Taken, but the call could not say so. */
	return error == -ENOENT ? 0 : error;
}

static int ask_driver(struct session_state *s)
{
	struct miracast_test_control request = {.code = MIRACAST_TEST_CTL_ECHO};
	struct miracast_io_control arg;
	char output[8];

	return io_control(s->fd, &request, sizeof(request), output, sizeof(output), &arg);
}

static int complete_chunk(struct session_state *s)
{
	struct miracast_test_chunk arg = {.index = s->index};

	return call(s->test_fd, MIRACAST_TEST_CHUNK, &arg);
}

static int read_chunks(struct session_state *s)
{
	char buffer[256];
	struct miracast_get_chunks arg = {
		.size = sizeof(arg),
		.buffer = (uintptr_t)buffer,
		.buffer_size = sizeof(buffer),
	};

	return call(s->fd, MIRACAST_IOC_GET_CHUNKS, &arg);
}

static int report(struct session_state *s)
{
	struct miracast_report_status arg = {.size = sizeof(arg)};

	return call(s->fd, MIRACAST_IOC_REPORT_SESSION_STATUS, &arg);
}

static int look(struct session_state *s)
{
	struct miracast_state arg = {.size = sizeof(arg)};
	char text[256];
	int error = call(s->fd, MIRACAST_IOC_GET_STATE, &arg);

	error = error ?: read_attr(s->index, "contexts", text, sizeof(text));
	return error ?: write_attr(s->index, "timeout_ms", "20000");
}

static int take_over(struct session_state *s)
{
	s->info = (struct miracast_context_info){.size = sizeof(s->info)};
	return call(s->fd, MIRACAST_IOC_RECOVER, &s->info);
}

static int begin_stop(struct session_state *s)
{
	return step(s, MIRACAST_SESSION_STOP_BEGIN, MIRACAST_STOP_PENDING);
}

static int end_stop(struct session_state *s)
{
	return step(s, MIRACAST_SESSION_STOP_END, MIRACAST_STOPPED);
}

static int destroy(struct session_state *s)
{
	return call(s->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL);
}

static int close_device(struct session_state *s)
{
	munmap(s->arena, s->info.arena_size);
	s->arena = MAP_FAILED;
	return close(s->fd) ? -errno : 0;
}

static int take_adapter_away(struct session_state *s)
{
	return remove_adapter(s->test_fd, s->index);
}

static const struct {
	const char *name;
	int (*call)(struct session_state *s);
} steps[] = {
#define STEP(function)              \
	{                           \
#function, function \
	}
	STEP(add),
	STEP(open_device),
	STEP(shake_hands),
	STEP(create),
	STEP(map),
	STEP(touch),
	STEP(send_without_callback),
	STEP(begin_start),
	STEP(end_start),
	STEP(fetch_message),
	STEP(complete_message),
	STEP(send_message),
	STEP(fetch_message),
	STEP(take_over),
	STEP(begin_start),
	STEP(end_start),
	STEP(fetch_message),
	STEP(complete_message),
	STEP(ask_driver),
	STEP(complete_chunk),
	STEP(read_chunks),
	STEP(report),
	STEP(look),
	STEP(send_message),
	STEP(begin_stop),
	STEP(end_stop),
	STEP(destroy),
	STEP(close_device),
	STEP(take_adapter_away),
};

#define N_STEPS ((int)(sizeof(steps) / sizeof(steps[0])))

/* A session whose @which step meets a failure at its @nth chance; false: it had no such. */
static bool run_session(struct __test_metadata *_metadata, int which, int nth)
{
	struct session_state s = {.fd = -1, .arena = MAP_FAILED};
	struct miracast_test_counters counters;
	bool struck = false;
	int i, error, fd;

	s.fail_nth = fault_open();
	s.test_fd = open("/dev/miracast_test", O_RDWR | O_CLOEXEC);
	ASSERT_GE(s.fail_nth, 0);
	ASSERT_GE(s.test_fd, 0);
	for (i = 0; i < N_STEPS; i++) {
		if (steps[i].call == open_device) {
			/* devtmpfs is a thread of its own */
			fd = open_adapter(s.index);
			close(fd);
		}
		if (steps[i].call == fetch_message)
			s.message.id = 0;
		if (i == which) {
			fault_arm(s.fail_nth, nth);
			error = steps[i].call(&s);
			struck = fault_disarm(s.fail_nth);
			if (!error)
				continue;
			/* It may have failed for want of memory, or of a page; not otherwise. */
			EXPECT_TRUE(struck && (error == -ENOMEM || error == -EFAULT ||
					       error == -EAGAIN || error == -EIO))
			{
				TH_LOG("%s, %d: %s", steps[i].name, nth, strerror(-error));
			}
		}
		error = steps[i].call(&s);
		EXPECT_EQ(0, error)
		{
			TH_LOG("%s, after %s had failed at %d: %s", steps[i].name,
			       which < 0 ? "nothing" : steps[which].name, nth, strerror(-error));
		}
		if (error)
			break;
	}
	if (s.arena != MAP_FAILED)
		munmap(s.arena, s.info.arena_size);
	counters = counters_of(s.test_fd, s.index);
	EXPECT_EQ(counters.accepted, counters.callbacks);
	EXPECT_EQ(counters.creates, counters.destroys);
	EXPECT_EQ(0, counters.callbacks_after_destroy);
	EXPECT_EQ(0, counters.overlaps);
	close(s.test_fd);
	close(s.fail_nth);
	return struck;
}

FIXTURE(failnth)
{};

FIXTURE_SETUP(failnth)
{
}

FIXTURE_TEARDOWN(failnth)
{
}

TEST_F_TIMEOUT(failnth, each_failure_is_reported_and_survived, HOURS)
{
	int i, nth, total = 0;

	if (!fault_prepare())
		SKIP(return, "this kernel cannot inject failures");
	run_session(_metadata, -1, 0);
	for (i = 0; i < N_STEPS; i++) {
		for (nth = 1; run_session(_metadata, i, nth); nth++)
			total++;
		printf("# %-24s %3d failures\n", steps[i].name, nth - 1);
		fflush(stdout);
	}
	printf("# %d failures in %d steps\n", total, N_STEPS);
	EXPECT_GT(total, 50);
}

TEST_HARNESS_MAIN
