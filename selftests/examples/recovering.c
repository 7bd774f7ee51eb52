// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A daemon whose context outlives it, with libmiracast and systemd's descriptor store:
 * docs/user-api.md. It crashes over its first message and answers it in its second life.
 */
#include <fcntl.h>
#include <miracast-channel.h>
#include <signal.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

/* A new context, whose file the service manager keeps for the life after this one. */
static MiracastChannel *begin(const char *path, GError **error)
{
	g_autoptr(MiracastChannel)
		channel = miracast_channel_open(path, MIRACAST_FEATURE_RECOVER, error);
	int fd;

	if (!channel ||
	    !miracast_channel_create_context(channel, 4, MIRACAST_CONTEXT_RECOVER, error))
		return NULL;
	fd = miracast_channel_get_fd(channel);
	sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=context", &fd, 1);
	return g_steal_pointer(&channel);
}

/* The session has to be started anew: the display driver sees no difference. */
static gboolean start(MiracastChannel *channel, GError **error)
{
	return miracast_channel_session_step(channel, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS,
					     0, error) &&
	       miracast_channel_session_step(channel, MIRACAST_SESSION_START_END, STATUS_SUCCESS, 0,
					     error);
}

/* Asks the example's display driver for a message; returns how many it saw answered. */
static uint32_t ask_for_message(MiracastChannel *channel)
{
	uint32_t answered = 0;

	miracast_channel_io_control(channel, 0, 0, NULL, sizeof(answered), &answered, NULL);
	return answered;
}

static gboolean serve(MiracastChannel *channel, GError **error)
{
	struct miracast_message message = {0};
	struct miracast_completion done = {.status = STATUS_SUCCESS};
	struct miracast_exchange fetch = {
		.messages = (uintptr_t)&message,
		.timeout_ns = MIRACAST_NO_TIMEOUT,
	};
	struct miracast_exchange complete = {.completions = (uintptr_t)&done, .nr_completions = 1};

	/* Nothing comes also when the session's state changes. */
	while (!fetch.nr_messages) {
		fetch.nr_messages = 1;
		if (!miracast_channel_exchange(channel, &fetch, error))
			return FALSE;
	}
	if (!(message.flags & MIRACAST_MESSAGE_REDELIVERED))
		raise(SIGKILL);
	done.id = message.id;
	if (!miracast_channel_exchange(channel, &complete, error))
		return FALSE;
	printf("generation %u answered what its predecessor had read; the driver saw %u answered\n",
	       message.generation, ask_for_message(channel));
	return miracast_channel_destroy_context(channel, error);
}

int main(int argc, char **argv)
{
	g_autoptr(MiracastChannel) channel = NULL;
	g_autoptr(GError) error = NULL;
	bool recovered = sd_listen_fds(1) > 0;

	if (argc != 2) {
		fprintf(stderr, "usage: %s /dev/miracastN\n", argv[0]);
		return 2;
	}
	channel = recovered ? miracast_channel_recover(SD_LISTEN_FDS_START, &error)
			    : begin(argv[1], &error);
	if (!channel || !start(channel, &error))
		goto fail;
	sd_notify(0, "READY=1");
	if (!recovered)
		ask_for_message(channel);
	if (serve(channel, &error))
		return 0;
fail:
	fprintf(stderr, "%s\n", error->message);
	return 1;
}
