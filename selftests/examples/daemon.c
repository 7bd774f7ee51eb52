// SPDX-License-Identifier: GPL-2.0-or-later
/* The smallest daemon: from open to exchange. docs/user-api.md explains it. */
#include <err.h>
#include <fcntl.h>
#include <linux/miracast.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

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

/* Asks the display driver for one more message; returns how many it saw answered. */
static uint32_t ask_for_message(int fd)
{
	uint32_t answered = 0;
	struct miracast_io_control control = {
		.size = sizeof(control),
		.output = (uintptr_t)&answered,
		.output_size = sizeof(answered),
	};

	request(fd, MIRACAST_IOC_IO_CONTROL, &control);
	if (control.status != STATUS_SUCCESS)
		errx(1, "the display driver said 0x%08x", control.status);
	return answered;
}

/* A handler: reads the input where the kernel put it, writes the output beside it. */
static uint32_t handle(unsigned char *arena, const struct miracast_message *message)
{
	static const char answer[] = "hello";

	if (message->input_size != 2 || arena[message->input_offset] != 0xaa ||
	    arena[message->input_offset + 1] != 0x55 || message->output_size < sizeof(answer))
		errx(1, "not the message that was asked for");
	memcpy(arena + message->output_offset, answer, sizeof(answer));
	return sizeof(answer);
}

int main(int argc, char **argv)
{
	struct miracast_handshake hello = {.size = sizeof(hello)};
	struct miracast_context_info context = {.size = sizeof(context), .slots = 4};
	struct miracast_completion done;
	struct miracast_message message;
	struct miracast_exchange exchange = {
		.size = sizeof(exchange),
		.completions = (uintptr_t)&done,
		.messages = (uintptr_t)&message,
		.timeout_ns = MIRACAST_NO_TIMEOUT,
	};
	unsigned char *arena;
	uint32_t answered = 0;
	int fd;

	if (argc != 2)
		errx(2, "usage: %s /dev/miracastN", argv[0]);
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", argv[1]);
	request(fd, MIRACAST_IOC_HANDSHAKE, &hello);
	request(fd, MIRACAST_IOC_CREATE_CONTEXT, &context);
	arena = mmap(NULL, context.arena_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (arena == MAP_FAILED)
		err(1, "mmap");
	session_step(fd, MIRACAST_SESSION_START_BEGIN);
	session_step(fd, MIRACAST_SESSION_START_END);

	while (answered < 10) {
		answered = ask_for_message(fd);
		/* One call: hand in what is done, wait for what is next. */
		exchange.nr_messages = 1;
		request(fd, MIRACAST_IOC_EXCHANGE, &exchange);
		exchange.nr_completions = exchange.nr_messages;
		done = (struct miracast_completion){
			.id = message.id,
			.status = STATUS_SUCCESS,
			.information = handle(arena, &message),
		};
	}
	printf("%u messages answered on %s\n", answered, hello.name);

	/* The last message is still in hand: hand it in before the session stops. */
	exchange.nr_messages = 0;
	request(fd, MIRACAST_IOC_EXCHANGE, &exchange);
	session_step(fd, MIRACAST_SESSION_STOP_BEGIN);
	session_step(fd, MIRACAST_SESSION_STOP_END);
	request(fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL);
	return 0;
}
