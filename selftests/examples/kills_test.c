// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A display driver and a daemon as a new author would write them (kmod/test/example_busy.c and
 * busy.c), and the daemon is killed again and again, at random moments, while messages flow.
 * The driver counts what must not be.
 *
 * MIRACAST_SEED=S repeats a run's choices. MIRACAST_MODULES is where the driver lies.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"

#define KILLS  200
#define MODULE "miracast_example_busy"
#define HOURS  36000 /* seconds: the runner has its own guard against hangs */
/* Long enough for what must come, even on a debug kernel under emulation. */
#define TRIES 2000
#define TRY   10 /* ms */

static void sleep_ms(unsigned int ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000l};

	nanosleep(&t, NULL);
}

static uint32_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 32;
}

static uint64_t new_seed(void)
{
	const char *given = getenv("MIRACAST_SEED");
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15ull | 1;
}

static bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = -1;

	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* A counter of the driver's; ~0 if there is none. */
static unsigned long count_of(const char *name)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), "/sys/module/" MODULE "/parameters/%s", name);
	return read_text(path, text, sizeof(text)) ? strtoul(text, NULL, 10) : ~0ul;
}

static bool load_driver(void)
{
	const char *modules = getenv("MIRACAST_MODULES");
	struct utsname system;
	char path[512];
	int fd, error;

	uname(&system);
	if (modules)
		snprintf(path, sizeof(path), "%s/" MODULE ".ko", modules);
	else
		snprintf(path, sizeof(path), "build/kmod/%s/kmod/test/" MODULE ".ko",
			 system.release);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return false;
	error = syscall(SYS_finit_module, fd, "", 0);
	close(fd);
	return !error;
}

/* The driver's device node; false if it has none. */
static bool find_adapter(char *device, size_t size)
{
	DIR *class = opendir("/sys/class/miracast");
	struct dirent *entry;
	bool found = false;

	while (class && !found && (entry = readdir(class))) {
		char path[512], name[64];

		snprintf(path, sizeof(path), "/sys/class/miracast/%s/name", entry->d_name);
		found = read_text(path, name, sizeof(name)) && !strcmp(name, MODULE "\n");
		snprintf(device, size, "/dev/%s", entry->d_name);
	}
	if (class)
		closedir(class);
	return found;
}

/* A slow machine must not look like a daemon that does not stop. */
static bool wait_long_for_stop(const char *device)
{
	char path[128];
	bool written;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/miracast/%s/watchdog_ms",
		 strrchr(device, '/') + 1);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return false;
	written = write(fd, "60000", 5) == 5;
	close(fd);
	return written;
}

FIXTURE(examples)
{
	char daemon[512];
	char device[300];
	uint64_t random;
	bool loaded;
	pid_t pid; /* a daemon that lives */
};

FIXTURE_SETUP(examples)
{
	ssize_t n;
	int tries;

	memset(self, 0, sizeof(*self));
	self->random = new_seed();
	printf("# MIRACAST_SEED=%llu\n", (unsigned long long)self->random);
	fflush(stdout);
	n = readlink("/proc/self/exe", self->daemon, sizeof(self->daemon) - 1);
	ASSERT_GT(n, 0);
	strcpy(strrchr(self->daemon, '/') + 1, "busy_daemon");
	self->loaded = load_driver();
	ASSERT_TRUE(self->loaded);
	ASSERT_TRUE(find_adapter(self->device, sizeof(self->device)));
	ASSERT_TRUE(wait_long_for_stop(self->device));
	/* devtmpfs is a thread of its own. */
	for (tries = 0; access(self->device, F_OK) && tries < TRIES; tries++)
		sleep_ms(TRY);
}

FIXTURE_TEARDOWN(examples)
{
	if (self->pid > 0) {
		kill(self->pid, SIGKILL);
		waitpid(self->pid, NULL, 0);
	}
	if (self->loaded)
		EXPECT_EQ(0, syscall(SYS_delete_module, MODULE, O_NONBLOCK));
}

/* Starts a daemon; returns the pipe on which it says that it serves. */
static int start_daemon(struct __test_metadata *_metadata, FIXTURE_DATA(examples) * self)
{
	int ready[2];

	EXPECT_EQ(0, pipe2(ready, O_CLOEXEC));
	self->pid = fork();
	if (!self->pid) {
		dup2(ready[1], STDOUT_FILENO);
		execl(self->daemon, self->daemon, self->device, NULL);
		_exit(127);
	}
	close(ready[1]);
	return ready[0];
}

static bool serves(int ready)
{
	char byte;

	return read(ready, &byte, 1) == 1;
}

static int end_daemon(FIXTURE_DATA(examples) * self, int signal)
{
	int status = -1;

	kill(self->pid, signal);
	waitpid(self->pid, &status, 0);
	self->pid = 0;
	return status;
}

/* Whether every message of contexts that are gone has had its callback. */
static bool all_answered(void)
{
	int tries;

	/* A sender counts its refusal when the call has returned. */
	for (tries = 0; tries < TRIES; tries++) {
		if (!count_of("contexts") && count_of("accepted") == count_of("callbacks"))
			return true;
		sleep_ms(TRY);
	}
	return false;
}

TEST_F_TIMEOUT(examples, daemons_are_killed_and_no_buffer_is_touched, HOURS)
{
	unsigned int served = 0, i;
	int ready, status, tries;
	unsigned long answered;

	for (i = 0; i < KILLS; i++) {
		ready = start_daemon(_metadata, self);
		ASSERT_GT(self->pid, 0);
		/* One in four may be killed before it has a context, or a session. */
		if (next_random(&self->random) % 4)
			served += serves(ready);
		sleep_ms(next_random(&self->random) % 40);
		status = end_daemon(self, SIGKILL);
		close(ready);
		/* It ended by that, and not by what it thought wrong. */
		ASSERT_TRUE(WIFSIGNALED(status));
		ASSERT_EQ(SIGKILL, WTERMSIG(status));
		ASSERT_TRUE(all_answered());
		ASSERT_EQ(0, count_of("second_callbacks"));
		ASSERT_EQ(0, count_of("broken"));
		ASSERT_EQ(0, count_of("touched"));
	}
	EXPECT_GT(served, KILLS / 2);

	/* And after all that one is served, and ends as it should. */
	answered = count_of("answered");
	EXPECT_GT(answered, 0);
	ready = start_daemon(_metadata, self);
	ASSERT_GT(self->pid, 0);
	EXPECT_TRUE(serves(ready));
	for (tries = 0; count_of("answered") == answered && tries < TRIES; tries++)
		sleep_ms(TRY);
	EXPECT_LT(answered, count_of("answered"));
	EXPECT_EQ(0, end_daemon(self, SIGTERM));
	close(ready);
	EXPECT_TRUE(all_answered());
	EXPECT_EQ(0, count_of("second_callbacks"));
	EXPECT_EQ(0, count_of("broken"));
	EXPECT_EQ(0, count_of("touched"));
	printf("# %u daemons killed, %u of them served: %lu messages accepted, %lu callbacks, %lu answered, %lu refused\n",
	       KILLS, served, count_of("accepted"), count_of("callbacks"), count_of("answered"),
	       count_of("refused"));
	fflush(stdout);
}

TEST_HARNESS_MAIN
