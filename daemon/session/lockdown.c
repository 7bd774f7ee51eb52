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
#include <string.h>
#include <sys/prctl.h>
#include <sys/ipc.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Hardware encoders: render nodes, and what 70-miracast.rules knows of video4linux. */
#define RENDER_NODES  "/dev/dri/renderD*"
#define VIDEO_ENCODER "/dev/miracast-encoder"

/* Where drivers look for the render node that they were given: libdrm in the first, libudev, by which
 * GStreamer's older VA plugin finds it, in the others. Names are all that can be read there. */
static const char *const listed[] = {"/dev/dri", "/sys/bus", "/sys/class"};

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

/*
 * Intel's driver keeps counters for all processes that encode, where the chip has two units for that, in
 * a page with this key and these flags, and fails where it gets none. The page is shared with other
 * sessions' processes, and tells which unit each takes.
 */
#define SHARED_KEY   ('D' << 24 | 'V' << 8 | 'X')
#define SHARED_FLAGS (IPC_CREAT | 0666)
#define SHARED_BYTES 4096

/* A semaphore guards it. Another session's process that holds it could have this one wait for ever, so
 * there is none: all that these calls do is to say that it went well. */
static const char *const semaphore_calls[] = {"semctl", "semget", "semop", "semtimedop"};

#define TYPE(type)	(scmp_datum_t)((type) << _IOC_TYPESHIFT)
#define TYPE_MASK	TYPE(_IOC_TYPEMASK)
#define DIRECTION(bits) (scmp_datum_t)((bits) << _IOC_DIRSHIFT)

/* Requests of ioctl(): to the channel, dma-buf, DRM, video4linux. */
static const struct {
	scmp_datum_t mask, value;
} requests[] = {
	{TYPE_MASK, TYPE(MIRACAST_IOC_MAGIC)},
	{TYPE_MASK, TYPE('b')},
	{TYPE_MASK, TYPE('d')},
	/* Consoles have the type, too, without a direction: VT_ACTIVATE. */
	{TYPE_MASK | DIRECTION(_IOC_WRITE), TYPE('V') | DIRECTION(_IOC_WRITE)},
	{TYPE_MASK | DIRECTION(_IOC_READ), TYPE('V') | DIRECTION(_IOC_READ)},
};

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

/* The number of devices that may be opened. */
static guint allow_nodes(int ruleset, const char *pattern)
{
	glob_t found = {0};
	guint n;

	glob(pattern, 0, NULL, &found);
	n = found.gl_pathc;
	for (guint i = 0; i < n; i++) {
		allow_path(ruleset, found.gl_pathv[i],
			   LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
		allow_sysfs_of(ruleset, found.gl_pathv[i]);
	}
	globfree(&found);
	return n;
}

/* FALSE: no device can be opened, and no path is of use. */
static bool allow_devices(int ruleset, bool *has_render_node)
{
	*has_render_node = allow_nodes(ruleset, RENDER_NODES) > 0;
	for (guint i = 0; *has_render_node && i < G_N_ELEMENTS(listed); i++)
		allow_path(ruleset, listed[i], LANDLOCK_ACCESS_FS_READ_DIR);
	if (!allow_nodes(ruleset, VIDEO_ENCODER) && !*has_render_node)
		return false;
	for (guint i = 0; i < G_N_ELEMENTS(libraries); i++) {
		bool is_folder = g_file_test(libraries[i], G_FILE_TEST_IS_DIR);

		allow_path(ruleset, libraries[i],
			   LANDLOCK_ACCESS_FS_READ_FILE |
				   (is_folder ? LANDLOCK_ACCESS_FS_READ_DIR : 0));
	}
	return true;
}

/*
 * Whether paths may be opened at all: Landlock holds those that are not meant. It binds this thread
 * and those that it makes, so all of the process only if there is no other.
 */
static bool restrict_paths(bool *has_render_node)
{
	struct landlock_ruleset_attr attr = {
		/* All that the first version knows; what later ones add takes a call that seccomp
		 * refuses, or a file that can be opened. */
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	bool holds;
	int ruleset;

	*has_render_node = false;
	if (!has_one_thread()) {
		g_info("No device can be opened: there is more than one thread already");
		return false;
	}
	ruleset = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return false;
	holds = allow_devices(ruleset, has_render_node) &&
		!syscall(SYS_landlock_restrict_self, ruleset, 0);
	close(ruleset);
	return holds;
}

/* What the host's desktop shares, such as windows' pictures, is nothing for a session's process. */
static bool has_ipc_of_its_own(void)
{
	/* The first one's number is fixed: the kernel's PROC_IPC_INIT_INO. */
	static const char hosts[] = "ipc:[4026531839]";
	g_autofree char *name_space = g_file_read_link("/proc/self/ns/ipc", NULL);

	return name_space && strcmp(name_space, hosts);
}

/* Names that an architecture does not have are passed over. */
static int add_calls(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t n)
{
	int result = 0;

	for (size_t i = 0; i < n && !result; i++) {
		int call = seccomp_syscall_resolve_name(names[i]);

		if (call != __NR_SCMP_ERROR && call >= 0)
			result = seccomp_rule_add(filter, action, call, 0);
	}
	return result;
}

static int allow_shared_memory(scmp_filter_ctx filter)
{
	static const char *const of_what_is_there[] = {"shmat", "shmdt"};
	int result = add_calls(filter, SCMP_ACT_ERRNO(0), semaphore_calls,
			       G_N_ELEMENTS(semaphore_calls));

	if (!result)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(shmget), 3,
					  SCMP_A0(SCMP_CMP_EQ, SHARED_KEY),
					  SCMP_A1(SCMP_CMP_LE, SHARED_BYTES),
					  SCMP_A2(SCMP_CMP_EQ, SHARED_FLAGS));
	if (!result)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(shmctl), 1,
					  SCMP_A1(SCMP_CMP_EQ, IPC_STAT));
	return result ? result
		      : add_calls(filter, SCMP_ACT_ALLOW, of_what_is_there,
				  G_N_ELEMENTS(of_what_is_there));
}

static int allow_ioctls(scmp_filter_ctx filter)
{
	int result = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(requests) && !result; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
					  SCMP_A1(SCMP_CMP_MASKED_EQ, requests[i].mask,
						  requests[i].value));
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

static gboolean restrict_calls(bool paths, bool shared_memory, GError **error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result;

	if (!filter)
		return fail(error, "seccomp", ENOMEM);
	/* All threads that there are. */
	result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!result)
		result = add_calls(filter, SCMP_ACT_ALLOW, calls, G_N_ELEMENTS(calls));
	if (!result && paths)
		result = add_calls(filter, SCMP_ACT_ALLOW, path_calls, G_N_ELEMENTS(path_calls));
	if (!result && shared_memory)
		result = allow_shared_memory(filter);
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
	bool paths, has_render_node;

	setrlimit(RLIMIT_CORE, &no_core);
	if (prctl(PR_SET_DUMPABLE, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return fail(error, "prctl", errno);
	paths = restrict_paths(&has_render_node);
	return restrict_calls(paths, paths && has_render_node && has_ipc_of_its_own(), error);
}
