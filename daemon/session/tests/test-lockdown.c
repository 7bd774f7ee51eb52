// SPDX-License-Identifier: GPL-2.0-or-later
/* The attempts of a process that is in a sink's hands, before and after it was locked down. */
#include "attempts.h"
#include "lockdown.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
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

#define RENDER_NODE "/dev/dri/renderD128"
#define SYSFS	    "/sys/class/drm/renderD128/device/uevent"

/* Of Intel's driver: lockdown.c. */
#define SHARED_KEY ('D' << 24 | 'V' << 8 | 'X')

/* Exit statuses of the processes below; what is less is how many attempts worked. */
enum {
	CANNOT_MAKE_UP = 210,
	NO_LOCKDOWN,
	NODE_DOES_NOT_OPEN,
	NODES_ARE_NOT_LISTED,
	CLASSES_ARE_NOT_LISTED,
	SYSFS_IS_NOT_READ,
	OTHER_NODE_OPENS,
	NO_SHARED_PAGE,
	NO_SEMAPHORE,
	PAGE_OF_THE_HOSTS,
};

static bool can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool can_list(const char *path)
{
	DIR *dir = opendir(path);

	if (dir)
		closedir(dir);
	return dir;
}

/* What drivers do to open the encoder's device again; @sysfs: it is there */
static int find_encoder(bool sysfs)
{
	if (!can_open(RENDER_NODE, O_RDWR))
		return NODE_DOES_NOT_OPEN;
	if (!can_list("/dev/dri"))
		return NODES_ARE_NOT_LISTED;
	if (!can_list("/sys/bus") || !can_list("/sys/class") ||
	    (sysfs && !can_list("/sys/class/drm")))
		return CLASSES_ARE_NOT_LISTED;
	if (sysfs && !can_open(SYSFS, O_RDONLY))
		return SYSFS_IS_NOT_READ;
	return can_open("/dev/dri/card0", O_RDWR) ? OTHER_NODE_OPENS : 0;
}

static void test_the_encoders_device_opens(void)
{
	bool sysfs = !access(SYSFS, R_OK);
	pid_t child;
	int status;

	if (access(RENDER_NODE, R_OK | W_OK)) {
		g_test_skip("there is no render node");
		return;
	}
	child = fork();
	if (!child)
		_exit(session_lockdown(NULL) ? find_encoder(sysfs) : NO_LOCKDOWN);
	status = wait_for(child);
	g_assert_cmpint(status, ==, 0);
}

/* A /dev with what stands for a graphics card: nobody opens more of it than of a real one. */
static bool make_up_card(void)
{
	/* Private, so that nobody else sees what is mounted there. As /dev/null and /dev/zero. */
	return !unshare(CLONE_NEWNS) && !mount(NULL, "/dev", NULL, MS_PRIVATE, NULL) &&
	       !mount("dev", "/dev", "tmpfs", 0, NULL) && !mkdir("/dev/dri", 0755) &&
	       !mknod(RENDER_NODE, S_IFCHR | 0666, makedev(1, 3)) &&
	       !mknod("/dev/dri/card0", S_IFCHR | 0666, makedev(1, 5)) &&
	       can_open("/dev/dri/card0", O_RDWR);
}

/* As Intel's driver does it. */
static int share_page(void)
{
	int page = shmget(SHARED_KEY, 12, IPC_CREAT | 0666), semaphore;
	struct sembuf take = {.sem_op = 1, .sem_flg = SEM_UNDO};
	struct shmid_ds status;
	int *counters;

	if (page < 0)
		return NO_SHARED_PAGE;
	counters = shmat(page, NULL, 0);
	if (counters == (void *)-1 || shmctl(page, IPC_STAT, &status))
		return NO_SHARED_PAGE;
	++*counters;
	if (shmdt(counters))
		return NO_SHARED_PAGE;
	semaphore = semget(SHARED_KEY, 1, IPC_CREAT | IPC_EXCL | 0666);
	/* Twice: nobody is kept waiting. */
	if (semaphore < 0 || semop(semaphore, &take, 1) || semop(semaphore, &take, 1) ||
	    semctl(semaphore, 0, GETZCNT))
		return NO_SEMAPHORE;
	return 0;
}

static int try_beside_card(bool own_ipc)
{
	int result;

	if (!make_up_card() || (own_ipc && unshare(CLONE_NEWIPC)))
		return CANNOT_MAKE_UP;
	result = try_all(true, false);
	if (!result)
		result = find_encoder(!access(SYSFS, R_OK));
	if (result)
		return result;
	if (own_ipc)
		return share_page();
	return shmget(SHARED_KEY, 12, IPC_CREAT | 0666) < 0 ? 0 : PAGE_OF_THE_HOSTS;
}

static void check_beside_card(bool own_ipc)
{
	pid_t parent = fork(), child;
	int status;

	if (!parent) {
		child = fork();
		_exit(child ? wait_for(child) : try_beside_card(own_ipc));
	}
	status = wait_for(parent);
	if (status == CANNOT_MAKE_UP)
		g_test_skip("no file system of its own can be had: it takes root");
	else
		g_assert_cmpint(status, ==, 0);
}

/* It is found and opened again, and nothing else is. */
static void test_beside_a_card(void)
{
	check_beside_card(true);
}

/* As without the unit: what may be shared is then the desktop's. */
static void test_nothing_is_shared_with_the_host(void)
{
	check_beside_card(false);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lockdown/attempts-work-without", test_attempts_work_without);
	g_test_add_func("/lockdown/nothing-works", test_nothing_works);
	g_test_add_func("/lockdown/nothing-works-with-threads", test_nothing_works_with_threads);
	g_test_add_func("/lockdown/what-it-has-works", test_what_it_has_works);
	g_test_add_func("/lockdown/the-encoders-device-opens", test_the_encoders_device_opens);
	g_test_add_func("/lockdown/beside-a-card", test_beside_a_card);
	g_test_add_func("/lockdown/nothing-is-shared-with-the-host",
			test_nothing_is_shared_with_the_host);
	return g_test_run();
}
