// SPDX-License-Identifier: GPL-2.0
/*
 * The channel under load and at its limits: daemons killed at random moments,
 * everything that ends a message raced against everything else, and N-1, N, N+1.
 *
 * MIRACAST_STRESS=N makes the long ones N times as long; MIRACAST_MESSAGES=N sends that
 * many to daemons that are killed; MIRACAST_SEED=S repeats a run's choices (not its
 * scheduling).
 */

#include <sys/epoll.h>

#include "channel.h"

#define STRESS_SLOTS 256
#define HOURS	     36000 /* seconds: the runner has its own guard against hangs */

static unsigned int scaled(unsigned int count)
{
	const char *factor = getenv("MIRACAST_STRESS");

	return count * (factor ? strtoul(factor, NULL, 0) : 1);
}

static uint64_t new_seed(void)
{
	const char *given = getenv("MIRACAST_SEED");
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15ull | 1;
}

static struct miracast_test_adapter stress_adapter(void)
{
	struct miracast_test_adapter adapter = default_adapter();

	adapter.max_slots = STRESS_SLOTS;
	adapter.max_message = 64;
	return adapter;
}

static void add_counters(struct miracast_test_counters *sum, const struct miracast_test_counters *c)
{
	sum->overlaps += c->overlaps;
	sum->callbacks_after_destroy += c->callbacks_after_destroy;
	sum->io_controls_after_destroy += c->io_controls_after_destroy;
	sum->creates += c->creates;
	sum->destroys += c->destroys;
	sum->accepted += c->accepted;
	sum->refused += c->refused;
	sum->callbacks += c->callbacks;
	sum->success += c->success;
	sum->cancelled += c->cancelled;
	sum->timed_out += c->timed_out;
	sum->disconnected += c->disconnected;
	sum->removed += c->removed;
	sum->replaced += c->replaced;
	sum->other += c->other;
	sum->doubled += c->doubled;
	sum->corrupt += c->corrupt;
}

static void print_counters(const char *what, const struct miracast_test_counters *c)
{
	printf("# %s: %llu accepted, %llu callbacks, %llu refused, %u contexts\n", what,
	       c->accepted, c->callbacks, c->refused, c->creates);
	printf("#   %-26s %10llu\n", "STATUS_SUCCESS", c->success);
	printf("#   %-26s %10llu\n", "CANCELLED", c->cancelled);
	printf("#   %-26s %10llu\n", "IO_TIMEOUT", c->timed_out);
	printf("#   %-26s %10llu\n", "CONNECTION_DISCONNECTED", c->disconnected);
	printf("#   %-26s %10llu\n", "DEVICE_REMOVED", c->removed);
	printf("#   %-26s %10llu\n", "REQUEST_CANCELED", c->replaced);
	printf("#   %-26s %10llu\n", "other", c->other);
	fflush(stdout);
}

/* What has to hold for an adapter whose contexts are all gone. */
static void expect_sound(struct __test_metadata *_metadata, const struct miracast_test_counters *c)
{
	EXPECT_EQ(c->accepted, c->callbacks);
	EXPECT_EQ(0, c->doubled);
	EXPECT_EQ(0, c->corrupt);
	EXPECT_EQ(0, c->overlaps);
	EXPECT_EQ(0, c->callbacks_after_destroy);
	EXPECT_EQ(0, c->io_controls_after_destroy);
	EXPECT_EQ(c->creates, c->destroys);
}

static int burst(int test_fd, uint32_t index, uint32_t count, uint32_t latest,
		 struct miracast_test_burst *arg)
{
	*arg = (struct miracast_test_burst){.index = index, .count = count, .latest = latest};
	return call(test_fd, MIRACAST_TEST_BURST, arg);
}

/*
 * A daemon's thread: answers with the input inverted, but now and then answers
 * twice, or keeps a message until its session stops, when it may have timed out.
 */
struct handler {
	pthread_t thread;
	int fd;
	unsigned char *arena;
	uint64_t random;
	volatile bool *quit;
	struct miracast_completion completions[64];
	unsigned int nr_completions;
	struct miracast_completion kept[16];
	unsigned int nr_kept;
};

static void answer(struct handler *handler, const struct miracast_message *message)
{
	struct miracast_completion completion = {
		.id = message->id,
		.information = message->output_size,
	};
	unsigned int i;

	for (i = 0; i < message->input_size; i++)
		handler->arena[message->output_offset + i] =
			~handler->arena[message->input_offset + i];
	if (next_random(&handler->random) % 64 == 0 && handler->nr_kept < 16) {
		handler->kept[handler->nr_kept++] = completion;
		return;
	}
	handler->completions[handler->nr_completions++] = completion;
	if (next_random(&handler->random) % 64 == 0)
		handler->completions[handler->nr_completions++] = completion;
}

static void *handle(void *data)
{
	struct miracast_message messages[16];
	struct miracast_exchange arg = {.state = MIRACAST_STARTED};
	struct handler *handler = data;
	unsigned int i;

	while (!*handler->quit && arg.state != MIRACAST_DESTROYED) {
		arg = (struct miracast_exchange){
			.size = sizeof(arg),
			.completions = (uintptr_t)handler->completions,
			.nr_completions = handler->nr_completions,
			.messages = (uintptr_t)messages,
			.nr_messages = 1 + next_random(&handler->random) % 16,
			.timeout_ns = next_random(&handler->random) % 4 * MS,
		};
		if (ioctl(handler->fd, MIRACAST_IOC_EXCHANGE, &arg)) {
			if (errno != ENOENT && errno != EINTR)
				break;
			/* The bad one is left out, the others behind it come again. */
			arg.nr_completions += errno == ENOENT;
		}
		handler->nr_completions -= arg.nr_completions;
		memmove(handler->completions, handler->completions + arg.nr_completions,
			handler->nr_completions * sizeof(handler->completions[0]));
		if (handler->nr_completions)
			continue;
		for (i = 0; i < arg.nr_messages; i++)
			answer(handler, &messages[i]);
		if (arg.state != MIRACAST_STARTED || next_random(&handler->random) % 16 == 0)
			while (handler->nr_kept)
				handler->completions[handler->nr_completions++] =
					handler->kept[--handler->nr_kept];
		if (next_random(&handler->random) % 32 == 0)
			sleep_ms(next_random(&handler->random) % 3);
		else if (arg.state != MIRACAST_STARTED)
			sleep_ms(1);
	}
	return NULL;
}

static int start_handler(struct handler *handler, int fd, void *arena, uint64_t random,
			 volatile bool *quit)
{
	*handler = (struct handler){.fd = fd, .arena = arena, .random = random, .quit = quit};
	return pthread_create(&handler->thread, NULL, handle, handler);
}

/* A daemon in a process of its own; ends by being killed. */
static void run_daemon(uint32_t index, int inherited, uint64_t random, int ready)
{
	struct miracast_context_info info = {.size = sizeof(info)};
	static volatile bool quit;
	struct handler handlers[2];
	int fd = inherited, i;
	void *arena;

	if (fd < 0) {
		fd = open_adapter(index);
		if (handshake(fd, 0) || create_context(fd, 0, STRESS_SLOTS, &info))
			_exit(1);
	} else if (call(fd, MIRACAST_IOC_RECOVER, &info)) {
		_exit(2);
	}
	arena = mmap(NULL, info.arena_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (arena == MAP_FAILED)
		_exit(3);
	/* Held for a moment, so that some daemons are killed in that state. */
	sleep_ms(next_random(&random) % 3);
	start_session(fd);
	for (i = 0; i < 2; i++)
		start_handler(&handlers[i], fd, arena, random + i, &quit);
	(void)!write(ready, "", 1);
	for (;;) {
		sleep_ms(next_random(&random) % 30);
		if (next_random(&random) % 3)
			continue;
		stop_session(fd);
		sleep_ms(next_random(&random) % 2);
		start_session(fd);
	}
}

struct sender {
	pthread_t thread;
	int test_fd;
	volatile uint32_t index;
	volatile bool quit;
};

static void *send_all(void *data)
{
	struct sender *sender = data;
	struct miracast_test_burst arg;

	uint64_t random = 1;

	while (!sender->quit) {
		burst(sender->test_fd, sender->index, 1 + next_random(&random) % 32,
		      next_random(&random) % 4 == 0, &arg);
		sleep_ms(next_random(&random) % 4);
	}
	return NULL;
}

FIXTURE(stress)
{
	int test_fd;
	uint64_t random;
	struct miracast_test_counters sum;
};

FIXTURE_SETUP(stress)
{
	memset(self, 0, sizeof(*self));
	self->test_fd = open("/dev/miracast_test", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->test_fd, 0);
	self->random = new_seed();
	printf("# MIRACAST_SEED=%llu\n", (unsigned long long)self->random);
}

FIXTURE_TEARDOWN(stress)
{
	close(self->test_fd);
}

static uint32_t add_adapter(struct __test_metadata *_metadata, int test_fd)
{
	struct miracast_test_adapter adapter = stress_adapter();
	int fd;

	EXPECT_EQ(0, call(test_fd, MIRACAST_TEST_ADD, &adapter));
	fd = open_adapter(adapter.index);
	EXPECT_GE(fd, 0);
	close(fd);
	return adapter.index;
}

/* The adapter's contexts are gone: its figures are final. Takes it away if it is there. */
static void retire_adapter(struct __test_metadata *_metadata, int test_fd, uint32_t index,
			   struct miracast_test_counters *sum)
{
	struct miracast_test_counters counters;

	remove_adapter(test_fd, index);
	counters = counters_of(test_fd, index);
	expect_sound(_metadata, &counters);
	add_counters(sum, &counters);
}

TEST_F_TIMEOUT(stress, daemons_killed_at_random_moments, HOURS)
{
	struct miracast_context_info info;
	struct sender sender = {.test_fd = self->test_fd};
	struct miracast_test_counters c = {};
	const char *messages = getenv("MIRACAST_MESSAGES");
	unsigned int wanted = messages ? strtoul(messages, NULL, 0) : scaled(4000);
	unsigned int lives = 0, left = 0;
	int fd = -1, wstatus, ready[2];
	struct pollfd pollfd = {.events = POLLIN};
	char text[16];
	pid_t child;

	ASSERT_EQ(0, pipe2(ready, O_CLOEXEC | O_NONBLOCK));
	sender.index = add_adapter(_metadata, self->test_fd);
	ASSERT_EQ(0, pthread_create(&sender.thread, NULL, send_all, &sender));
	while (self->sum.accepted + c.accepted < wanted) {
		if (!left) {
			if (fd >= 0)
				close(fd);
			fd = -1;
			left = 1 + next_random(&self->random) % 4;
			if (next_random(&self->random) % 2) {
				fd = open_adapter(sender.index);
				ASSERT_EQ(0, handshake(fd, MIRACAST_FEATURE_RECOVER));
				ASSERT_EQ(0, create_context(fd, MIRACAST_CONTEXT_RECOVER,
							    STRESS_SLOTS, &info));
			}
		}
		left--;
		snprintf(text, sizeof(text), "%u", 5 + next_random(&self->random) % 300);
		ASSERT_EQ(0, write_attr(sender.index, "timeout_ms", text));

		child = fork();
		ASSERT_GE(child, 0);
		if (!child)
			run_daemon(sender.index, fd, next_random(&self->random) | 1, ready[1]);
		/* Most are killed at work, the others on their way there. */
		pollfd.fd = ready[0];
		if (next_random(&self->random) % 4 && poll(&pollfd, 1, SOON) == 1)
			(void)!read(ready[0], text, sizeof(text));
		sleep_ms(next_random(&self->random) % 80);
		switch (next_random(&self->random) % 16) {
		case 0:
			ASSERT_EQ(0, write_attr(sender.index, "abort", "1"));
			left = 0;
			break;
		case 1:
			retire_adapter(_metadata, self->test_fd, sender.index, &self->sum);
			sender.index = add_adapter(_metadata, self->test_fd);
			left = 0;
			break;
		}
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &wstatus, 0));
		c = counters_of(self->test_fd, sender.index);
		lives++;
	}
	sender.quit = true;
	pthread_join(sender.thread, NULL);
	if (fd >= 0)
		close(fd);
	retire_adapter(_metadata, self->test_fd, sender.index, &self->sum);
	print_counters("daemons killed", &self->sum);
	printf("#   %u daemons\n", lives);
	EXPECT_NE(0, self->sum.success);
	EXPECT_NE(0, self->sum.replaced);
}

/* What one context goes through in a round of the next test. */
struct round {
	int test_fd;
	int fd;
	uint32_t index;
	uint32_t flags;
	uint64_t random;
	volatile bool quit;
	unsigned int lies; /* answers that cannot be */
};

static uint32_t own_random(struct round *round, void *salt, uint64_t *state)
{
	if (!*state)
		*state = (round->random ^ (uintptr_t)salt << 7) | 1;
	return next_random(state);
}

static void *race_sessions(void *data)
{
	struct round *round = data;
	uint64_t state = 0;

	while (!round->quit) {
		session(round->fd, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS);
		session(round->fd, MIRACAST_SESSION_START_END,
			own_random(round, race_sessions, &state) % 8 ? STATUS_SUCCESS
								     : STATUS_UNSUCCESSFUL);
		sleep_ms(own_random(round, race_sessions, &state) % 8);
		session(round->fd, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS);
		if (own_random(round, race_sessions, &state) % 2)
			sleep_ms(1);
		session(round->fd, MIRACAST_SESSION_STOP_END, STATUS_SUCCESS);
	}
	return NULL;
}

static void *race_io_control(void *data)
{
	static const uint32_t codes[] = {
		MIRACAST_TEST_CTL_ECHO, MIRACAST_TEST_CTL_SLEEP, MIRACAST_TEST_CTL_SEND_SYNC,
		MIRACAST_TEST_CTL_SEND, MIRACAST_TEST_CTL_CLAIM,
	};
	struct round *round = data;
	uint64_t state = 0;
	char output[64];

	while (!round->quit) {
		/* Who has to wait for a start waits. */
		if (control(round->fd, codes[own_random(round, race_io_control, &state) % 5],
			    1 + own_random(round, race_io_control, &state) % 3, output,
			    own_random(round, race_io_control, &state) % sizeof(output),
			    NULL) == -EAGAIN)
			round->lies++;
		if (own_random(round, race_io_control, &state) % 8 == 0)
			sleep_ms(1);
	}
	return NULL;
}

static void *race_sends(void *data)
{
	struct round *round = data;
	struct miracast_test_send sync;
	struct miracast_test_burst arg;
	uint64_t state = 0;

	while (!round->quit) {
		if (burst(round->test_fd, round->index, 32,
			  own_random(round, race_sends, &state) % 4 == 0, &arg) ||
		    arg.accepted < 32)
			sleep_ms(1);
		sync = (struct miracast_test_send){
			.index = round->index,
			.timeout_ms = 1 + own_random(round, race_sends, &state) % 5,
		};
		call(round->test_fd, MIRACAST_TEST_SEND, &sync);
		do_send(round->test_fd, round->index, 0, MIRACAST_TEST_NO_CALLBACK, "abc", 3, 3);
		do_send(round->test_fd, round->index, 0, MIRACAST_TEST_RESEND, "abc", 3, 3);
	}
	return NULL;
}

static void *race_watchers(void *data)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLPRI | EPOLLRDBAND | EPOLLET};
	struct miracast_report_status report = {.size = sizeof(report)};
	struct round *round = data;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct pollfd pollfd = {.fd = round->fd, .events = POLLIN | POLLPRI};
	uint64_t state = 0;
	char text[512];

	epoll_ctl(epoll, EPOLL_CTL_ADD, round->fd, &event);
	while (!round->quit) {
		epoll_wait(epoll, &event, 1, 1);
		poll(&pollfd, 1, 1);
		get_state(round->fd);
		read_attr(round->index, "contexts", text, sizeof(text));
		read_attr(round->index, "pending", text, sizeof(text));
		read_attr(round->index, "hdcp", text, sizeof(text));
		read_attr(round->index, "name", text, sizeof(text));
		snprintf(text, sizeof(text), "%u",
			 1 + own_random(round, race_watchers, &state) % 20);
		write_attr(round->index, "timeout_ms", text);
		if (own_random(round, race_watchers, &state) % 16 == 0)
			call(round->fd, MIRACAST_IOC_REPORT_SESSION_STATUS, &report);
	}
	close(epoll);
	return NULL;
}

static void *race_chunks(void *data)
{
	struct miracast_test_chunk chunk;
	struct round *round = data;
	struct miracast_get_chunks arg;
	char buffer[256] = "";
	uint64_t state = 0;
	unsigned int i, size;

	while (!round->quit) {
		for (i = own_random(round, race_chunks, &state) % (MAX_CHUNKS + 2); i; i--) {
			chunk = (struct miracast_test_chunk){
				.index = round->index,
				.hardirq = own_random(round, race_chunks, &state) % 2,
				.report = own_random(round, race_chunks, &state) % 8 == 0,
			};
			call(round->test_fd, MIRACAST_TEST_CHUNK, &chunk);
		}
		size = own_random(round, race_chunks, &state) % sizeof(buffer);
		arg = (struct miracast_get_chunks){
			.size = sizeof(arg),
			.buffer = (uintptr_t)buffer,
			.buffer_size = size,
			.timeout_ns = size % 2 * MS,
		};
		/* The buffer is too small for a chunk only if it is. */
		if (!call(round->fd, MIRACAST_IOC_GET_CHUNKS, &arg) &&
		    arg.status == STATUS_BUFFER_TOO_SMALL &&
		    size >= MIRACAST_CHUNK_DATA_HEADER_SIZE)
			round->lies++;
	}
	return NULL;
}

static void *race_recover(void *data)
{
	struct miracast_context_info info;
	struct round *round = data;
	uint64_t state = 0;

	while (!round->quit && (round->flags & MIRACAST_CONTEXT_RECOVER)) {
		info = (struct miracast_context_info){.size = sizeof(info)};
		call(round->fd, MIRACAST_IOC_RECOVER, &info);
		sleep_ms(own_random(round, race_recover, &state) % 10);
	}
	return NULL;
}

static void *end_by_destroy(void *data)
{
	struct round *round = data;

	call(round->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL);
	return NULL;
}

static void *end_by_abort(void *data)
{
	struct round *round = data;

	write_attr(round->index, "abort", "1");
	return NULL;
}

static void *end_by_removal(void *data)
{
	struct round *round = data;

	remove_adapter(round->test_fd, round->index);
	return NULL;
}

TEST_F_TIMEOUT(stress, everything_at_once, HOURS)
{
	void *(*const racers[])(void *) = {
		race_sessions, race_io_control, race_io_control, race_sends,   race_watchers,
		race_chunks,   race_chunks,	race_recover,	 race_recover,
	};
	void *(*const enders[])(void *) = {end_by_destroy, end_by_abort, end_by_removal};
	struct round round = {.test_fd = self->test_fd};
	unsigned int i, n, rounds = scaled(40);
	pthread_t threads[16], ending[3];
	struct miracast_context_info info;
	struct handler handlers[2];
	unsigned char *arena;

	for (n = 0; n < rounds; n++) {
		round.quit = false;
		round.random = next_random(&self->random) + 1ull;
		round.flags = next_random(&self->random) % 2 ? MIRACAST_CONTEXT_RECOVER : 0;
		round.index = add_adapter(_metadata, self->test_fd);
		round.fd = open_adapter(round.index);
		ASSERT_EQ(0, write_attr(round.index, "watchdog_ms", "100"));
		ASSERT_EQ(0, handshake(round.fd, MIRACAST_FEATURE_RECOVER));
		ASSERT_EQ(0, create_context(round.fd, round.flags, STRESS_SLOTS, &info));
		arena = mmap(NULL, info.arena_size, PROT_READ | PROT_WRITE, MAP_SHARED, round.fd,
			     0);
		ASSERT_NE(MAP_FAILED, (void *)arena);
		for (i = 0; i < 2; i++)
			ASSERT_EQ(0, start_handler(&handlers[i], round.fd, arena, round.random + i,
						   &round.quit));
		for (i = 0; i < sizeof(racers) / sizeof(racers[0]); i++)
			ASSERT_EQ(0, pthread_create(&threads[i], NULL, racers[i], &round));

		sleep_ms(next_random(&self->random) % 100);
		for (i = 0; i < 3; i++) {
			ending[i] = 0;
			if (next_random(&self->random) % 2)
				ASSERT_EQ(0, pthread_create(&ending[i], NULL, enders[i], &round));
		}
		sleep_ms(next_random(&self->random) % 10);
		round.quit = true;
		for (i = 0; i < 3; i++)
			if (ending[i])
				pthread_join(ending[i], NULL);
		for (i = 0; i < sizeof(racers) / sizeof(racers[0]); i++)
			pthread_join(threads[i], NULL);
		for (i = 0; i < 2; i++)
			pthread_join(handlers[i].thread, NULL);
		munmap(arena, info.arena_size);
		close(round.fd);
		retire_adapter(_metadata, self->test_fd, round.index, &self->sum);
	}
	EXPECT_EQ(0, round.lies);
	print_counters("raced", &self->sum);
	EXPECT_EQ(rounds, self->sum.creates);
	EXPECT_NE(0, self->sum.accepted);
	EXPECT_NE(0, self->sum.success);
}

struct opener {
	pthread_t thread;
	uint32_t index;
	uint64_t random;
	unsigned int left;
	unsigned int created;
	unsigned int busy; /* in a row */
	int bad;
};

/* In a row; each is a wait of 1 ms at least. */
#define MOST_BUSY 10000

static void *open_and_close(void *data)
{
	struct miracast_context_info info;
	struct opener *opener = data;
	void *arena = MAP_FAILED;
	int fd, error;

	while (opener->left && opener->busy < MOST_BUSY) {
		opener->left--;
		fd = open_adapter(opener->index);
		if (next_random(&opener->random) % 8 && !handshake(fd, MIRACAST_FEATURE_RECOVER)) {
			error = create_context(fd, next_random(&opener->random) % 2,
					       1 + next_random(&opener->random) % STRESS_SLOTS,
					       &info);
			if (error && error != -EBUSY)
				opener->bad = error;
			/* The others have the one context: this was no try. */
			if (error == -EBUSY) {
				close(fd);
				opener->left++;
				opener->busy++;
				sleep_ms(1);
				continue;
			}
			opener->busy = 0;
			opener->created += !error;
			if (!error)
				arena = mmap(NULL, info.arena_size, PROT_READ, MAP_SHARED, fd, 0);
			if (next_random(&opener->random) % 2)
				start_session(fd);
		}
		close(fd);
		/* The mapping is what holds the context now. */
		if (arena != MAP_FAILED) {
			munmap(arena, info.arena_size);
			arena = MAP_FAILED;
		}
	}
	return NULL;
}

TEST_F_TIMEOUT(stress, open_and_close, HOURS)
{
	struct sender sender = {.test_fd = self->test_fd};
	struct opener openers[4] = {};
	char text[64];
	int i;

	sender.index = add_adapter(_metadata, self->test_fd);
	ASSERT_EQ(0, pthread_create(&sender.thread, NULL, send_all, &sender));
	for (i = 0; i < 4; i++) {
		openers[i] = (struct opener){
			.index = sender.index,
			.random = next_random(&self->random) + 1ull,
			.left = scaled(100),
		};
		ASSERT_EQ(0, pthread_create(&openers[i].thread, NULL, open_and_close, &openers[i]));
	}
	for (i = 0; i < 4; i++) {
		pthread_join(openers[i].thread, NULL);
		EXPECT_EQ(0, openers[i].bad);
		EXPECT_EQ(0, openers[i].left);
		EXPECT_NE(0, openers[i].created);
	}
	sender.quit = true;
	pthread_join(sender.thread, NULL);
	EXPECT_EQ(0, read_attr(sender.index, "contexts", text, sizeof(text)));
	EXPECT_STREQ("0\n", text);
	EXPECT_EQ(0, read_attr(sender.index, "pending", text, sizeof(text)));
	EXPECT_STREQ("0\n", text);
	retire_adapter(_metadata, self->test_fd, sender.index, &self->sum);
	print_counters("opened and closed", &self->sum);
	EXPECT_NE(0, self->sum.accepted);
}

/* Races that were lost once, or could be. */

TEST_F(channel, one_message_completed_twice_in_one_call)
{
	struct miracast_completion completions[2] = {};
	struct miracast_exchange arg = {
		.size = sizeof(arg),
		.completions = (uintptr_t)completions,
		.nr_completions = 2,
	};
	struct miracast_message message;
	struct miracast_test_send sent;

	START();
	sent = SEND(0, NULL, 0, 0);
	FETCH(&message);
	completions[0].id = message.id;
	completions[1].id = message.id;
	EXPECT_EQ(-ENOENT, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	EXPECT_EQ(1, arg.nr_completions);
	EXPECT_EQ(0, arg.nr_stale);
	EXPECT_ENDED(sent.cookie, STATUS_SUCCESS);
	/* Nothing is with the daemon, and the stop sees that. */
	STOP();
}

TEST_F(channel, one_message_completed_again_during_its_callback)
{
	struct miracast_completion completion = {};
	struct miracast_exchange arg = {
		.size = sizeof(arg),
		.completions = (uintptr_t)&completion,
		.nr_completions = 1,
	};
	struct background background;
	struct miracast_message message;
	struct miracast_test_send sent;

	START();
	sent = SEND(MIRACAST_TEST_BLOCK, NULL, 0, 0);
	FETCH(&message);
	completion.id = message.id;
	ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_EXCHANGE, &arg));
	while (get_state(self->fd).with_daemon)
		sleep_ms(1);
	EXPECT_EQ(-ENOENT, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	ASSERT_EQ(0, release_callback(self->test_fd, sent.cookie));
	EXPECT_EQ(0, finish_call(&background));
	EXPECT_ENDED(sent.cookie, STATUS_SUCCESS);
	STOP();
}

TEST_F(channel, a_message_that_could_not_be_handed_out_wakes_the_next_waiter)
{
	struct miracast_message message;
	struct miracast_exchange bad = {
		.size = sizeof(bad),
		.messages = 8,
		.nr_messages = 1,
		.timeout_ns = MIRACAST_NO_TIMEOUT,
	};
	struct miracast_exchange good = {
		.size = sizeof(good),
		.messages = (uintptr_t)&message,
		.nr_messages = 1,
		.timeout_ns = SOON * MS,
	};
	struct background first, second;

	START();
	/* The one that came last is woken first. */
	ASSERT_EQ(0, start_call(&second, self->fd, MIRACAST_IOC_EXCHANGE, &good));
	sleep_ms(NEVER);
	ASSERT_EQ(0, start_call(&first, self->fd, MIRACAST_IOC_EXCHANGE, &bad));
	sleep_ms(NEVER);
	ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	EXPECT_EQ(-EFAULT, finish_call(&first));
	EXPECT_EQ(0, finish_call(&second));
	EXPECT_EQ(1, good.nr_messages);
	/* Sooner than by giving up. */
	EXPECT_EQ(0, fetch(self->fd, &message, 1, 0));
}

FIXTURE(recover)
{
	int test_fd;
	int fd;
	uint32_t index;
	struct miracast_context_info info;
};

FIXTURE_SETUP(recover)
{
	struct miracast_test_adapter adapter = default_adapter();

	adapter.max_message = 1 << 20;
	self->test_fd = open("/dev/miracast_test", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->test_fd, 0);
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	self->index = adapter.index;
	self->fd = open_adapter(self->index);
	ASSERT_EQ(0, handshake(self->fd, MIRACAST_FEATURE_RECOVER));
	ASSERT_EQ(0, create_context(self->fd, MIRACAST_CONTEXT_RECOVER, SLOTS, &self->info));
}

FIXTURE_TEARDOWN(recover)
{
	struct miracast_test_counters counters;

	close(self->fd);
	counters = counters_of(self->test_fd, self->index);
	expect_sound(_metadata, &counters);
	close(self->test_fd);
}

TEST_F(recover, a_redelivered_message_can_still_be_cancelled)
{
	struct miracast_context_info info = {.size = sizeof(info)};
	struct miracast_test_send sync = {.index = self->index, .timeout_ms = 500};
	struct miracast_message message;
	struct background background;

	/* The adapter's own timeout must not be what ends it. */
	ASSERT_EQ(0, write_attr(self->index, "timeout_ms", "600000"));
	START();
	ASSERT_EQ(0, start_call(&background, self->test_fd, MIRACAST_TEST_SEND, &sync));
	FETCH(&message);
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_RECOVER, &info));
	ASSERT_EQ(0, finish_call(&background));
	EXPECT_EQ(STATUS_IO_TIMEOUT, sync.status);
	EXPECT_EQ(STATUS_IO_TIMEOUT, sync.sync_status);
}

TEST_F_TIMEOUT(recover, what_is_being_handed_out_comes_back, HOURS)
{
	struct miracast_context_info info;
	struct miracast_message messages[SLOTS];
	struct miracast_exchange arg;
	struct background background;
	struct miracast_state state;
	unsigned int i, word, n, rounds = 40;
	char *input = calloc(1, 1 << 20);
	unsigned char *arena;

	arena = mmap(NULL, self->info.arena_size, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)arena);
	for (n = 0; n < rounds; n++) {
		START();
		for (i = 0; i < SLOTS; i++) {
			memcpy(input, &i, sizeof(i));
			ASSERT_EQ(STATUS_PENDING, SEND(0, input, 1 << 20, 0).status);
		}
		/* One is with the old daemon already, the others on their way to it. */
		FETCH(&messages[0]);
		arg = (struct miracast_exchange){
			.size = sizeof(arg),
			.messages = (uintptr_t)messages,
			.nr_messages = SLOTS,
		};
		ASSERT_EQ(0, start_call(&background, self->fd, MIRACAST_IOC_EXCHANGE, &arg));
		while (!background.done && get_state(self->fd).with_daemon < 2)
			;
		info = (struct miracast_context_info){.size = sizeof(info)};
		ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_RECOVER, &info));
		finish_call(&background);
		/* Whether the old thread got them or not: the new daemon will. */
		state = get_state(self->fd);
		EXPECT_EQ(SLOTS, state.held);
		EXPECT_EQ(0, state.with_daemon);
		START();
		for (i = 0; i < SLOTS; i++) {
			FETCH(&messages[i]);
			/* In the order they were sent in. */
			memcpy(&word, arena + messages[i].input_offset, sizeof(word));
			EXPECT_EQ(i, word);
			ASSERT_EQ(0, complete(self->fd, messages[i].id, STATUS_SUCCESS, 0));
		}
		STOP();
	}
	munmap(arena, self->info.arena_size);
	free(input);
}

/* Limits: one less, as many, one more. */

TEST_F(channel, limit_of_slots)
{
	static const struct {
		uint32_t slots;
		int error;
	} cases[] = {
		{0, -EINVAL}, {1, 0}, {63, 0}, {64, 0}, {65, -EINVAL}, {~0u, -EINVAL},
	};
	struct miracast_context_info info;
	unsigned int i;
	int fd;

	for (i = 0; i < 6; i++) {
		fd = open_adapter(self->index);
		ASSERT_EQ(0, handshake(fd, 0));
		EXPECT_EQ(cases[i].error, create_context(fd, 0, cases[i].slots, &info));
		if (!cases[i].error)
			EXPECT_EQ(cases[i].slots, info.slots);
		close(fd);
	}
}

TEST_F(channel, limit_of_exchanges_arrays)
{
	static struct miracast_completion completions[MIRACAST_EXCHANGE_MAX + 1];
	static struct miracast_message messages[MIRACAST_EXCHANGE_MAX + 1];
	struct miracast_exchange arg;
	static const struct {
		uint32_t completions, messages;
		int error;
	} cases[] = {
		{0, MIRACAST_EXCHANGE_MAX, 0},
		{0, MIRACAST_EXCHANGE_MAX + 1, -EINVAL},
		{0, ~0u, -EINVAL},
		{MIRACAST_EXCHANGE_MAX, 0, -ENOENT},
		{MIRACAST_EXCHANGE_MAX + 1, 0, -EINVAL},
		{~0u, 0, -EINVAL},
	};
	unsigned int i;

	START();
	for (i = 0; i < 6; i++) {
		arg = (struct miracast_exchange){
			.size = sizeof(arg),
			.completions = (uintptr_t)completions,
			.messages = (uintptr_t)messages,
			.nr_completions = cases[i].completions,
			.nr_messages = cases[i].messages,
			.events = ~0u,
		};
		EXPECT_EQ(cases[i].error, call(self->fd, MIRACAST_IOC_EXCHANGE, &arg));
		EXPECT_EQ(MIRACAST_STARTED, arg.state);
		EXPECT_NE(~0u, arg.events);
		EXPECT_EQ(0, arg.nr_completions);
		EXPECT_EQ(0, arg.nr_messages);
	}
}

TEST_F(channel, limit_of_contexts)
{
	struct miracast_context_info info;
	int fds[2], i;

	/* The fixture has the first of two. */
	for (i = 0; i < 2; i++) {
		fds[i] = open_adapter(self->index);
		ASSERT_EQ(0, handshake(fds[i], 0));
	}
	EXPECT_EQ(0, create_context(fds[0], 0, 1, &info));
	EXPECT_EQ(-EBUSY, create_context(fds[1], 0, 1, &info));
	/* A file that was refused may try again. */
	close(fds[0]);
	EXPECT_EQ(0, create_context(fds[1], 0, 1, &info));
	EXPECT_EQ(-EBUSY, create_context(fds[1], 0, 1, &info));
	close(fds[1]);
}

TEST_F(channel, limit_of_io_controls_buffers)
{
	struct miracast_test_control request = {.code = MIRACAST_TEST_CTL_ECHO};
	static char input[4097], output[4097];
	struct miracast_io_control arg;

	memcpy(input, &request, sizeof(request));
	EXPECT_EQ(0, io_control(self->fd, input, 4095, output, 4095, &arg));
	EXPECT_EQ(4095, arg.bytes_returned);
	EXPECT_EQ(0, io_control(self->fd, input, 4096, output, 4096, &arg));
	EXPECT_EQ(4096, arg.bytes_returned);
	EXPECT_EQ(-EMSGSIZE, io_control(self->fd, input, 4097, output, 4096, &arg));
	EXPECT_EQ(-EMSGSIZE, io_control(self->fd, input, 4096, output, 4097, &arg));
}

TEST_F(channel, limit_of_timeouts)
{
	static const char *const names[] = {"timeout_ms", "watchdog_ms"};
	char text[32];
	int i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-EINVAL, write_attr(self->index, names[i], "0"));
		EXPECT_EQ(-EINVAL, write_attr(self->index, names[i], "86400001"));
		EXPECT_EQ(-EINVAL, write_attr(self->index, names[i], "soon"));
		EXPECT_EQ(-ERANGE, write_attr(self->index, names[i], "4294967296"));
		EXPECT_EQ(0, write_attr(self->index, names[i], "86400000"));
		EXPECT_EQ(0, read_attr(self->index, names[i], text, sizeof(text)));
		EXPECT_STREQ("86400000\n", text);
		EXPECT_EQ(0, write_attr(self->index, names[i], "1"));
	}
}

TEST_F(stress, limit_of_what_an_adapter_asks_for)
{
	static const struct {
		size_t offset;
		uint32_t value;
		int error;
	} cases[] = {
#define CASE(member, value, error) {offsetof(struct miracast_test_adapter, member), value, error}
		CASE(max_contexts, 0, -EINVAL),
		CASE(max_contexts, 1, 0),
		CASE(max_contexts, 32, 0),
		CASE(max_contexts, 33, -EINVAL),
		CASE(max_slots, 0, -EINVAL),
		CASE(max_slots, 1, 0),
		CASE(max_slots, 1024, 0),
		CASE(max_slots, 1025, -EINVAL),
		CASE(max_message, 0, -EINVAL),
		CASE(max_message, 1, 0),
		CASE(max_message, 1 << 20, 0),
		CASE(max_message, (1 << 20) + 1, -EINVAL),
		CASE(max_io_control, 0, 0),
		CASE(max_io_control, 1 << 20, 0),
		CASE(max_io_control, (1 << 20) + 1, -EINVAL),
		CASE(max_chunks, 0, 0),
		CASE(max_chunks, 4096, 0),
		CASE(max_chunks, 4097, -EINVAL),
		CASE(timeout_ms, 86400000, 0),
		CASE(timeout_ms, 86400001, -EINVAL),
		CASE(max_private, 16384, 0),
		CASE(max_private, 16385, -EINVAL),
		CASE(caps_flags, MIRACAST_CAPS_HDCP_SUPPORT, 0),
		CASE(caps_flags, 2, -EINVAL),
		CASE(query_caps_status, 0xC0000001, -EIO),
		CASE(query_caps_status, 0xC0000017, -ENOMEM),
		CASE(query_caps_status, 0xC00000BB, -EOPNOTSUPP),
	};
	struct miracast_test_adapter adapter;
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		adapter = default_adapter();
		memcpy((char *)&adapter + cases[i].offset, &cases[i].value, 4);
		EXPECT_EQ(cases[i].error, call(self->test_fd, MIRACAST_TEST_ADD, &adapter))
		{
			TH_LOG("case %u", i);
		}
		if (!cases[i].error)
			EXPECT_EQ(0, remove_adapter(self->test_fd, adapter.index));
	}
	/* The arena: 2 * 1024 * 128 KiB is as much as it may be. */
	adapter = default_adapter();
	adapter.max_slots = 1024;
	adapter.max_message = 1 << 17;
	EXPECT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	adapter.max_message++;
	EXPECT_EQ(-EINVAL, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
}

TEST_F(stress, limit_of_adapters)
{
	struct miracast_test_adapter adapter;
	int n, error = 0;

	for (n = 0; n < 65 && !error; n++) {
		adapter = default_adapter();
		error = call(self->test_fd, MIRACAST_TEST_ADD, &adapter);
	}
	/* Others may have some, so at most 64 are ours. */
	EXPECT_EQ(-ENOSPC, error);
	EXPECT_GT(n, 32);
	EXPECT_EQ(0, remove_adapter(self->test_fd, 63));
	/* Debug kernels release a device, and its number, seconds later. */
	for (n = 0; n < SOON / 10 && error == -ENOSPC; n++) {
		adapter = default_adapter();
		error = call(self->test_fd, MIRACAST_TEST_ADD, &adapter);
		sleep_ms(10);
	}
	EXPECT_EQ(0, error);
	EXPECT_EQ(63, adapter.index);
}

TEST_HARNESS_MAIN
