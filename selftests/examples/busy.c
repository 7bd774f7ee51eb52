// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A daemon with several threads, for kmod/test/example_busy.c, written from docs/user-api.md
 * and the header alone. It says with one byte that it serves, stops and starts its session now
 * and then, and serves until SIGTERM; kills_test.c does not wait for that.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/miracast.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define THREADS 3
#define BATCH	8
#define SLOTS	32

struct daemon {
	int fd;
	unsigned char *arena;
	volatile bool quit;
};

static void request(int fd, unsigned long command, void *argument)
{
	if (ioctl(fd, command, argument))
		err(1, "ioctl %lu", command & 0xff);
}

static void session_step(int fd, uint32_t op)
{
	struct miracast_session step = {.size = sizeof(step), .op = op};

	request(fd, MIRACAST_IOC_SESSION, &step);
}

static void start(int fd)
{
	session_step(fd, MIRACAST_SESSION_START_BEGIN);
	session_step(fd, MIRACAST_SESSION_START_END);
}

static void stop(int fd)
{
	session_step(fd, MIRACAST_SESSION_STOP_BEGIN);
	session_step(fd, MIRACAST_SESSION_STOP_END);
}

static void pause_ms(unsigned int ms)
{
	struct timespec t = {.tv_nsec = ms * 1000000l};

	nanosleep(&t, NULL);
}

/* The answer is the input with some bits turned, as far as there is room; one in eight is an error. */
static struct miracast_completion answer(unsigned char *arena,
					 const struct miracast_message *message)
{
	const unsigned char *input = arena + message->input_offset;
	unsigned char *output = arena + message->output_offset;
	struct miracast_completion done = {.id = message->id, .status = STATUS_SUCCESS};
	uint32_t i;

	for (i = 1; i < message->input_size; i++)
		if (input[i] != (unsigned char)(input[0] + i * 7))
			errx(1, "byte %u of message %llu is not what was sent", i,
			     (unsigned long long)message->id);
	for (i = 0; i < message->input_size && i < message->output_size; i++)
		output[i] = input[i] ^ 0x5a;
	done.information = i;
	if (message->id % 8 == 0)
		done.status = STATUS_UNSUCCESSFUL;
	return done;
}

static void *serve(void *data)
{
	struct daemon *daemon = data;
	struct miracast_completion done[BATCH];
	struct miracast_message messages[BATCH];
	struct miracast_exchange exchange = {
		.size = sizeof(exchange),
		.completions = (uintptr_t)done,
		.messages = (uintptr_t)messages,
		.timeout_ns = MIRACAST_NO_TIMEOUT,
	};
	uint32_t got = 0, i;

	while (!daemon->quit || got) {
		exchange.nr_completions = got;
		exchange.nr_messages = BATCH;
		request(daemon->fd, MIRACAST_IOC_EXCHANGE, &exchange);
		got = exchange.nr_messages;
		/* The last that came is the first that is done. */
		for (i = 0; i < got; i++)
			done[got - 1 - i] = answer(daemon->arena, &messages[i]);
		/* With no session it does not wait. */
		if (!got && exchange.state != MIRACAST_STARTED)
			pause_ms(1);
	}
	return NULL;
}

/* Requests to the display driver, which sends a message in each. */
static void *ask(void *data)
{
	struct daemon *daemon = data;
	uint64_t answered;
	struct miracast_io_control control = {
		.size = sizeof(control),
		.output = (uintptr_t)&answered,
		.output_size = sizeof(answered),
	};

	while (!daemon->quit) {
		/* While the session stops, only the thread that stops it is served. */
		if (ioctl(daemon->fd, MIRACAST_IOC_IO_CONTROL, &control) && errno != ESHUTDOWN)
			err(1, "io_control");
		pause_ms(1);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct miracast_handshake hello = {.size = sizeof(hello)};
	struct miracast_context_info context = {.size = sizeof(context), .slots = SLOTS};
	const struct timespec awhile = {.tv_nsec = 10000000};
	struct daemon daemon = {.quit = false};
	pthread_t threads[THREADS + 1];
	sigset_t term;
	int i;

	if (argc != 2)
		errx(2, "usage: %s /dev/miracastN", argv[0]);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	daemon.fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (daemon.fd < 0)
		err(1, "%s", argv[1]);
	request(daemon.fd, MIRACAST_IOC_HANDSHAKE, &hello);
	request(daemon.fd, MIRACAST_IOC_CREATE_CONTEXT, &context);
	daemon.arena =
		mmap(NULL, context.arena_size, PROT_READ | PROT_WRITE, MAP_SHARED, daemon.fd, 0);
	if (daemon.arena == MAP_FAILED)
		err(1, "mmap");
	start(daemon.fd);
	for (i = 0; i <= THREADS; i++)
		if (pthread_create(&threads[i], NULL, i < THREADS ? serve : ask, &daemon))
			errx(1, "no thread");
	if (write(STDOUT_FILENO, "", 1) != 1)
		err(1, "nobody to tell");

	while (sigtimedwait(&term, NULL, &awhile) < 0) {
		stop(daemon.fd);
		start(daemon.fd);
	}
	/* The threads complete what they have, else the session could not stop. */
	stop(daemon.fd);
	daemon.quit = true;
	for (i = 0; i <= THREADS; i++)
		pthread_join(threads[i], NULL);
	request(daemon.fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL);
	return 0;
}
