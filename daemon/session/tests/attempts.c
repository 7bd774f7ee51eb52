// SPDX-License-Identifier: GPL-2.0-or-later
#include "attempts.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/vt.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int done(long result)
{
	return result < 0 ? errno : 0;
}

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	int error = done(fd);

	if (fd >= 0)
		close(fd);
	return error;
}

static int try_socket(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);
	int error = done(fd);

	if (fd >= 0)
		close(fd);
	return error;
}

static int open_bus(void)
{
	struct sockaddr_un bus = {.sun_family = AF_UNIX, .sun_path = "/run/dbus/system_bus_socket"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return errno;
	error = done(connect(fd, (struct sockaddr *)&bus, sizeof(bus)));
	close(fd);
	return error;
}

static int open_file(void)
{
	return try_open("/etc/passwd", O_RDONLY);
}

static int make_file(void)
{
	int error = try_open("/tmp/taken-over", O_WRONLY | O_CREAT);

	if (!error)
		unlink("/tmp/taken-over");
	return error;
}

static int open_memory(void)
{
	return try_open("/proc/self/mem", O_RDWR);
}

static int open_library_for_writing(void)
{
	return try_open("/lib/x86_64-linux-gnu/libc.so.6", O_RDWR);
}

static int open_card(void)
{
	return try_open("/dev/dri/card0", O_RDWR);
}

static int open_camera(void)
{
	return try_open("/dev/video0", O_RDWR);
}

static int open_adapter(void)
{
	return try_open("/dev/miracast0", O_RDWR);
}

static int list(const char *path)
{
	DIR *dir = opendir(path);

	if (!dir)
		return errno;
	closedir(dir);
	return 0;
}

static int list_devices(void)
{
	return list("/dev");
}

static int list_processes(void)
{
	return list("/proc");
}

static int list_settings(void)
{
	return list("/etc");
}

/* A driver may see its name. */
static int read_network_device(void)
{
	return try_open("/sys/class/net/lo/address", O_RDONLY);
}

static int make_shared_memory(int key, size_t size, int flags)
{
	int id = shmget(key, size, flags);

	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	return done(id);
}

/* Of others, such as a desktop's windows. */
static int make_other_shared_memory(void)
{
	return make_shared_memory(IPC_PRIVATE, 4096, 0600);
}

/* What a driver may have, but so large that it would be missed when this process has gone. */
static int make_much_shared_memory(void)
{
	return make_shared_memory('D' << 24 | 'V' << 8 | 'X', 1 << 20, IPC_CREAT | 0666);
}

/* What counts is whether there is one then: the calls may say so all the same. */
static int make_semaphore(void)
{
	int id = semget(IPC_PRIVATE, 1, 0600);
	int error = done(id);

	if (error)
		return error;
	if (semctl(id, 0, SETVAL, 1) || semctl(id, 0, GETVAL) != 1)
		error = EPERM;
	semctl(id, 0, IPC_RMID);
	return error;
}

static int make_message_queue(void)
{
	int id = msgget(IPC_PRIVATE, 0600);

	if (id >= 0)
		msgctl(id, IPC_RMID, NULL);
	return done(id);
}

static int make_udp_socket(void)
{
	return try_socket(AF_INET, SOCK_DGRAM, 0);
}

static int make_tcp_socket(void)
{
	return try_socket(AF_INET6, SOCK_STREAM, 0);
}

static int make_netlink_socket(void)
{
	return try_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

/* A UDP socket that is handed in, in the test with the driver; any socket number serves. */
static int find_socket(void)
{
	int type;
	socklen_t size = sizeof(type);

	for (int fd = 3; fd < 64; fd++)
		if (!getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) && type == SOCK_DGRAM)
			return fd;
	return -1;
}

static const struct sockaddr_in elsewhere = {.sin_family = AF_INET};

static int connect_elsewhere(void)
{
	struct sockaddr_in address = elsewhere;

	address.sin_port = htons(53);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return done(connect(find_socket(), (struct sockaddr *)&address, sizeof(address)));
}

static int send_elsewhere(void)
{
	struct sockaddr_in address = elsewhere;

	address.sin_port = htons(53);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return done(sendto(find_socket(), "", 1, MSG_DONTWAIT | MSG_NOSIGNAL,
			   (struct sockaddr *)&address, sizeof(address)));
}

static int send_message_elsewhere(void)
{
	struct sockaddr_in address = elsewhere;
	struct msghdr message = {.msg_name = &address, .msg_namelen = sizeof(address)};

	address.sin_port = htons(53);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return done(sendmsg(find_socket(), &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static int listen_on_socket(void)
{
	return done(listen(find_socket(), 1));
}

static int run_program(void)
{
	char *const arguments[] = {(char *)"/bin/true", NULL};

	execve(arguments[0], arguments, arguments + 1);
	return errno;
}

static int make_process(void)
{
	pid_t child = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (!child)
		_exit(0);
	if (child > 0)
		waitpid(child, NULL, 0);
	return done(child);
}

static int signal_parent(void)
{
	return done(kill(getppid(), 0));
}

/* By a socket that is its own, or handed in: SIGIO goes where F_SETOWN says. */
static int have_parent_signalled(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return errno;
	return done(fcntl(pair[0], F_SETOWN, getppid())) & done(fcntl(pair[0], F_SETSIG, SIGURG)) &
	       done(fcntl(pair[0], F_SETFL, O_ASYNC | O_NONBLOCK));
}

static int have_socket_wait(void)
{
	int fd = find_socket();

	return done(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK));
}

static int have_socket_linger(void)
{
	const struct linger linger = {1, 3600};

	return done(setsockopt(find_socket(), SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
}

/* The kernel takes 32 bits of what a filter sees 64 of. */
static int have_socket_linger_by_more_bits(void)
{
	const struct linger linger = {1, 3600};

	return done(syscall(SYS_setsockopt, find_socket(), SOL_SOCKET | 1L << 32, SO_LINGER,
			    &linger, sizeof(linger)));
}

/* What the call says does not count, but how the parent is scheduled then. */
static int slow_parent(void)
{
	int before = sched_getscheduler(getppid());
	struct {
		unsigned int size, policy;
		unsigned long long flags;
		int nice;
		unsigned int priority;
		unsigned long long runtime, deadline, period;
	} attr = {.size = sizeof(attr), .policy = SCHED_IDLE};
	int error = done(syscall(SYS_sched_setattr, getppid(), &attr, 0));

	if (error)
		return error;
	return sched_getscheduler(getppid()) != before ? 0 : EPERM;
}

static int slow_parent_by_other_call(void)
{
	const struct sched_param param = {0};

	return done(sched_setscheduler(getppid(), SCHED_IDLE, &param));
}

static int be_nicer_for_parent(void)
{
	return done(setpriority(PRIO_PROCESS, getppid(), 19));
}

static int bind_parent(void)
{
	cpu_set_t processors;

	if (sched_getaffinity(getppid(), sizeof(processors), &processors))
		return errno;
	return done(sched_setaffinity(getppid(), sizeof(processors), &processors));
}

static int idle_parents_io(void)
{
	return done(syscall(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, getppid(),
			    3 << 13 /* IOPRIO_CLASS_IDLE */));
}

static int limit_parent(void)
{
	const struct rlimit none = {0};

	return done(prlimit(getppid(), RLIMIT_CORE, &none, NULL));
}

static int hold_parent(void)
{
	int fd = syscall(SYS_pidfd_open, getppid(), 0);
	int error = done(fd);

	if (fd >= 0)
		close(fd);
	return error;
}

static int trace_parent(void)
{
	return done(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL));
}

static int read_parent(void)
{
	char byte;
	struct iovec local = {&byte, 1}, remote = {&byte, 1};

	return done(process_vm_readv(getppid(), &local, 1, &remote, 1, 0));
}

static int take_name_space(void)
{
	return done(unshare(CLONE_NEWUSER));
}

static int make_ring(void)
{
	char parameters[120] = {0};
	int fd = syscall(SYS_io_uring_setup, 1, parameters);
	int error = done(fd);

	if (fd >= 0)
		close(fd);
	return error;
}

static int load_program(void)
{
	return done(syscall(SYS_bpf, 0, NULL, 0));
}

static int open_by_other_call(void)
{
	unsigned long long how[3] = {O_RDONLY};

	return done(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof(how)));
}

static int type_into_terminal(void)
{
	return done(syscall(SYS_ioctl, 2, 0x5412 /* TIOCSTI */, ""));
}

/* There is no terminal 0. Whatever else is behind the number says another error than the filter. */
static int switch_terminal(void)
{
	return done(ioctl(2, VT_ACTIVATE, 0)) == EPERM ? EPERM : 0;
}

const Attempt attempts[] = {
	{"open the bus", open_bus},
	{"open a file", open_file},
	{"open a file by openat2()", open_by_other_call},
	{"make a file", make_file},
	{"open its memory as a file", open_memory},
	{"open a library for writing", open_library_for_writing},
	{"open the card", open_card},
	{"open the camera", open_camera},
	{"open the adapter once more", open_adapter},
	{"list the devices", list_devices},
	{"list the processes", list_processes},
	{"list the settings", list_settings},
	{"read of a network device", read_network_device},
	{"make shared memory", make_other_shared_memory},
	{"make much shared memory", make_much_shared_memory},
	{"make a semaphore", make_semaphore},
	{"make a message queue", make_message_queue},
	{"make a UDP socket", make_udp_socket},
	{"make a TCP socket", make_tcp_socket},
	{"make a netlink socket", make_netlink_socket},
	{"connect its socket elsewhere", connect_elsewhere},
	{"send elsewhere", send_elsewhere},
	{"send elsewhere by sendmsg()", send_message_elsewhere},
	{"listen", listen_on_socket},
	{"run a program", run_program},
	{"make a process", make_process},
	{"signal its parent", signal_parent},
	{"have its parent signalled", have_parent_signalled},
	{"have a shared socket wait", have_socket_wait},
	{"have a shared socket linger", have_socket_linger},
	{"have a shared socket linger by more bits", have_socket_linger_by_more_bits},
	{"slow its parent down", slow_parent},
	{"slow its parent down by sched_setscheduler()", slow_parent_by_other_call},
	{"make its parent nice", be_nicer_for_parent},
	{"bind its parent to processors", bind_parent},
	{"make its parent's I/O idle", idle_parents_io},
	{"limit its parent", limit_parent},
	{"hold its parent by a pidfd", hold_parent},
	{"trace its parent", trace_parent},
	{"read its parent's memory", read_parent},
	{"take a name space", take_name_space},
	{"make an io_uring", make_ring},
	{"load a BPF program", load_program},
	{"type into its terminal", type_into_terminal},
	{"switch terminals", switch_terminal},
};

const size_t n_attempts = sizeof(attempts) / sizeof(attempts[0]);
