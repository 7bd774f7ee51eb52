// SPDX-License-Identifier: GPL-2.0-or-later
#include "lockdown.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <glob.h>
#include <linux/landlock.h>
#include <linux/miracast.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Hardware encoders: render nodes, and what 70-miracast.rules knows of video4linux. */
static const char *const devices[] = {"/dev/dri/renderD*", "/dev/miracast-encoder"};

/* What a driver of a render node loads when it is opened again. */
static const char *const libraries[] = {"/usr/lib",	     "/usr/lib64",
					"/usr/local/lib",    "/usr/share/drirc.d",
					"/usr/share/libdrm", "/etc/ld.so.cache"};

/* Without conditions. What is not here fails with EPERM. */
static const char *const calls[] = {
	/* memory */
	"brk",
	"madvise",
	"membarrier",
	"mmap",
	"mprotect",
	"mremap",
	"munmap",
	/* threads */
	"exit",
	"exit_group",
	"futex",
	"futex_waitv",
	"get_robust_list",
	"getcpu",
	"getpid",
	"gettid",
	"restart_syscall",
	"rseq",
	"sched_get_priority_max",
	"sched_get_priority_min",
	"sched_getaffinity",
	"sched_getattr",
	"sched_getparam",
	"sched_getscheduler",
	"sched_yield",
	"set_robust_list",
	/* signals, to itself */
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigaltstack",
	/* time */
	"clock_getres",
	"clock_gettime",
	"clock_nanosleep",
	"getrusage",
	"gettimeofday",
	"nanosleep",
	/* files and sockets that are open */
	"close",
	"dup",
	"epoll_create1",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_wait",
	"eventfd2",
	"fstat",
	"fstatfs",
	"getpeername",
	"getsockname",
	"getsockopt",
	"lseek",
	"pipe",
	"pipe2",
	"poll",
	"ppoll",
	"pread64",
	"pselect6",
	"read",
	"readv",
	"recvfrom",
	"recvmsg",
	"select",
	"shutdown",
	"write",
	"writev",
	/* who and where it is */
	"getegid",
	"geteuid",
	"getgid",
	"getppid",
	"getrandom",
	"getuid",
	"sysinfo",
	"uname",
};

/* Of fcntl(), beside F_SETFL: none that has signals sent. */
static const int commands[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_GET_SEALS};

/* Of setsockopt(): none that has the host wait. A filter sees 64 bits of what the kernel takes 32 of. */
static const struct {
	int level, name;
} socket_options[] = {
	{IPPROTO_TCP, TCP_NODELAY},
	{IPPROTO_UDP, UDP_SEGMENT},
	{IPPROTO_IP, IP_TOS},
	{IPPROTO_IPV6, IPV6_TCLASS},
};

/* What takes a path: Landlock says which. */
static const char *const path_calls[] = {
	"access", "faccessat", "faccessat2", "getdents64", "memfd_create", "newfstatat",
	"open",	  "openat",    "readlink",   "readlinkat", "stat",	   "statx",
};

/* _IOC_TYPE() of requests: the channel, dma-buf, DRM, video4linux. */
static const unsigned int ioctl_types[] = {MIRACAST_IOC_MAGIC, 'b', 'd', 'V'};

static gboolean fail(GError **error, const char *what, int errnum)
{
	g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errnum), "%s: %s", what,
		    g_strerror(errnum));
	return FALSE;
}

static bool has_one_thread(void)
{
	g_autoptr(GDir) threads = g_dir_open("/proc/self/task", 0, NULL);
	guint n = 0;

	while (threads && g_dir_read_name(threads))
		n++;
	return n == 1;
}

static void allow_path(int ruleset, const char *path, guint64 access)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = access};

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return;
	/* A rule that is not taken leaves the path closed. */
	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
}

/* What libdrm asks sysfs of a render node. */
static void allow_sysfs_of(int ruleset, const char *node)
{
	g_autofree char *name = g_path_get_basename(node);
	g_autofree char *link = g_strdup_printf("/sys/class/drm/%s/device", name);
	char *folder = realpath(link, NULL);

	if (folder)
		allow_path(ruleset, folder,
			   LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
	free(folder);
}

/* The number of devices that may be opened; 0: nothing can be, and no path is of use. */
static guint allow_devices(int ruleset)
{
	glob_t found = {0};
	guint n;

	for (guint i = 0; i < G_N_ELEMENTS(devices); i++)
		glob(devices[i], i ? GLOB_APPEND : 0, NULL, &found);
	n = found.gl_pathc;
	for (guint i = 0; i < n; i++) {
		allow_path(ruleset, found.gl_pathv[i],
			   LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
		allow_sysfs_of(ruleset, found.gl_pathv[i]);
	}
	globfree(&found);
	for (guint i = 0; n && i < G_N_ELEMENTS(libraries); i++) {
		bool is_folder = g_file_test(libraries[i], G_FILE_TEST_IS_DIR);

		allow_path(ruleset, libraries[i],
			   LANDLOCK_ACCESS_FS_READ_FILE |
				   (is_folder ? LANDLOCK_ACCESS_FS_READ_DIR : 0));
	}
	return n;
}

/*
 * Whether paths may be opened at all: Landlock holds those that are not meant. It binds this thread
 * and those that it makes, so all of the process only if there is no other.
 */
static bool restrict_paths(void)
{
	struct landlock_ruleset_attr attr = {
		/* All that the first version knows; what later ones add takes a call that seccomp
		 * refuses, or a file that can be opened. */
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	bool holds;
	int ruleset;

	if (!has_one_thread())
		return false;
	ruleset = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return false;
	holds = allow_devices(ruleset) && !syscall(SYS_landlock_restrict_self, ruleset, 0);
	close(ruleset);
	return holds;
}

/* Names that an architecture does not have are passed over. */
static int allow_calls(scmp_filter_ctx filter, const char *const *names, size_t n)
{
	int result = 0;

	for (size_t i = 0; i < n && !result; i++) {
		int call = seccomp_syscall_resolve_name(names[i]);

		if (call != __NR_SCMP_ERROR && call >= 0)
			result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
	}
	return result;
}

static int allow_ioctls(scmp_filter_ctx filter)
{
	int result = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(ioctl_types) && !result; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
					  SCMP_A1(SCMP_CMP_MASKED_EQ, 0xff00, ioctl_types[i] << 8));
	return result;
}

/*
 * Files are shared with the host: whoever has one send signals sends them to the host, and one that waits,
 * or lingers, has the host wait. The host does not count on the last: see close_sockets().
 */
static int allow_settings(scmp_filter_ctx filter)
{
	const scmp_datum_t flags = O_NONBLOCK | O_ASYNC;
	int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 2,
				      SCMP_A1(SCMP_CMP_EQ, F_SETFL),
				      SCMP_A2(SCMP_CMP_MASKED_EQ, flags, O_NONBLOCK));

	for (size_t i = 0; i < G_N_ELEMENTS(commands) && !result; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
					  SCMP_A1(SCMP_CMP_EQ, commands[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(socket_options) && !result; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
					  SCMP_A1(SCMP_CMP_EQ, socket_options[i].level),
					  SCMP_A2(SCMP_CMP_EQ, socket_options[i].name));
	return result;
}

static int allow_with_conditions(scmp_filter_ctx filter)
{
	/* Threads, and no processes. */
	int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				      SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));

	/* Its flags are in memory: without it, libraries use clone(). */
	if (!result)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	/* GLib has threads of a pool scheduled as the one that made it, which all are already; without
	 * leave they would not run. It takes any process, such as the host, which would not run then. */
	if (!result)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(0), SCMP_SYS(sched_setattr), 0);
	/* To where the socket is connected. sendmsg() and sendmmsg() could name an address. */
	if (!result)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1,
					  SCMP_A4(SCMP_CMP_EQ, 0));
	/* GStreamer's way to wake itself: a pair is connected to nobody else. */
	if (!result)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1,
					  SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	if (!result)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
					  SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	if (!result)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
					  SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	if (!result)
		result = allow_settings(filter);
	return result ? result : allow_ioctls(filter);
}

static gboolean restrict_calls(bool paths, GError **error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result;

	if (!filter)
		return fail(error, "seccomp", ENOMEM);
	/* All threads that there are. */
	result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!result)
		result = allow_calls(filter, calls, G_N_ELEMENTS(calls));
	if (!result && paths)
		result = allow_calls(filter, path_calls, G_N_ELEMENTS(path_calls));
	if (!result)
		result = allow_with_conditions(filter);
	if (!result)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result ? fail(error, "seccomp", -result) : TRUE;
}

gboolean session_lockdown(GError **error)
{
	const struct rlimit no_core = {0};

	setrlimit(RLIMIT_CORE, &no_core);
	if (prctl(PR_SET_DUMPABLE, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return fail(error, "prctl", errno);
	return restrict_calls(restrict_paths(), error);
}
