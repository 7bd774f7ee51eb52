// SPDX-License-Identifier: GPL-2.0-or-later
/* The attempts of a process that is in a sink's hands, before and after it was locked down. */
#include "attempts.h"
#include "lockdown.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static gpointer sleep_for_ever(gpointer unused)
{
	pause();
	return NULL;
}

static guint try_all(bool locked, bool with_thread)
{
	guint n = 0;

	/* A session has one, too. */
	if (socket(AF_INET, SOCK_DGRAM, 0) < 0)
		return 201;
	if (with_thread)
		g_thread_unref(g_thread_new("other", sleep_for_ever, NULL));
	if (locked && !session_lockdown(NULL))
		return 200;
	for (size_t i = 0; i < n_attempts; i++) {
		int error;

		/* It would replace this process. */
		if (!locked && !strcmp(attempts[i].what, "run a program"))
			continue;
		error = attempts[i].make();
		g_printerr("# %s: %s\n", attempts[i].what, error ? g_strerror(error) : "it worked");
		n += !error;
	}
	return n;
}

static int wait_for(pid_t child)
{
	int status;

	g_assert_cmpint(child, >=, 0);
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* In a process of its own, whose status it is, with a parent of its own, which may be made slow. */
static guint count_worked(bool locked, bool with_thread)
{
	pid_t parent = fork(), child;

	if (parent)
		return wait_for(parent);
	child = fork();
	_exit(child ? wait_for(child) : (int)try_all(locked, with_thread));
}

/* Otherwise the others would prove nothing. */
static void test_attempts_work_without(void)
{
	g_assert_cmpuint(count_worked(false, false), >=, 5);
}

static void test_nothing_works(void)
{
	g_assert_cmpuint(count_worked(true, false), ==, 0);
}

/* Landlock would not bind the other one: seccomp has to do. */
static void test_nothing_works_with_threads(void)
{
	g_assert_cmpuint(count_worked(true, true), ==, 0);
}

static gpointer add_one(gpointer number)
{
	++*(int *)number;
	return NULL;
}

/* What a driver goes on doing. */
static void test_what_it_has_works(void)
{
	int ends[2], number = 0, status;
	pid_t child;

	g_assert_no_errno(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	child = fork();
	g_assert_cmpint(child, >=, 0);
	if (!child) {
		if (!session_lockdown(NULL))
			_exit(1);
		g_thread_join(g_thread_new("later", add_one, &number));
		_exit(number != 1 || send(ends[1], "2", 1, MSG_NOSIGNAL) != 1);
	}
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_cmpint(status, ==, 0);
	g_assert_cmpint(read(ends[0], &(char){0}, 1), ==, 1);
	close(ends[0]);
	close(ends[1]);
}

/* Where there is one, Landlock names it. */
static void test_the_encoders_device_opens(void)
{
	static const char device[] = "/dev/dri/renderD128";
	int status;
	pid_t child;

	if (access(device, R_OK | W_OK)) {
		g_test_skip("there is no render node");
		return;
	}
	child = fork();
	g_assert_cmpint(child, >=, 0);
	if (!child)
		_exit(!session_lockdown(NULL) || open(device, O_RDWR | O_CLOEXEC) < 0);
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_cmpint(status, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lockdown/attempts-work-without", test_attempts_work_without);
	g_test_add_func("/lockdown/nothing-works", test_nothing_works);
	g_test_add_func("/lockdown/nothing-works-with-threads", test_nothing_works_with_threads);
	g_test_add_func("/lockdown/what-it-has-works", test_what_it_has_works);
	g_test_add_func("/lockdown/the-encoders-device-opens", test_the_encoders_device_opens);
	return g_test_run();
}
