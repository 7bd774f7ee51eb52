// SPDX-License-Identifier: GPL-2.0
/*
 * A fuzzer that knows the ioctls.
 *
 * A program is a string of bytes; run_program() reads it as a sequence of calls, mostly
 * valid, some with a field or a pointer that is not. Three in four programs run in one
 * thread, the others in three that share everything. Workers are processes: each makes an
 * adapter, runs a few dozen programs, and looks whether the channel's books balance.
 * With KCOV a program that reached new code of miracast.ko is kept and mutated further.
 *
 *	fuzz_test [--seed S] [--seconds N] [--program HEX]
 *
 * --seed repeats a run's choices, as far as coverage and scheduling do not decide;
 * --program runs one program, as printed with a failure, over and over.
 */

#include <getopt.h>
#include <linux/genetlink.h>
#include <linux/miracast_netlink.h>
#include <linux/netlink.h>
#include <setjmp.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "../channel.h"
#include "../cover/cover.h"

#define PROGRAM_MAX 384
#define CORPUS_MAX  1024
#define BATCH	    48
#define FILES	    4
#define MAPS	    4
#define IDS	    16
#define PC_HASH	    65536
#define HUNG	    60 /* seconds after which a worker is said to hang */
#define CRASHED	    4 /* exit status of a worker that a program has damaged */
#define NO_SYMBOL   127 /* the dynamic linker's, when it finds a function no more */

struct program {
	unsigned int size;
	uint8_t bytes[PROGRAM_MAX];
};

/* What workers and the parent share. */
struct shared {
	uint8_t seen[PC_HASH];
	uint64_t calls;
	uint64_t programs;
	uint64_t balanced; /* workers that lived to look after their adapter */
	uint64_t end; /* milliseconds() when it is over */
	uint32_t corpus_size;
	struct program corpus[CORPUS_MAX];
	struct program current;
	struct miracast_test_counters counters;
	char complaint[256];
};

static struct shared *shared;

/* A worker's: all its threads use them at the same time. */
static int test_fd, netlink_fd = -1, files[FILES] = {-1, -1, -1, -1};
static uint32_t adapter_index;
/* Of the newest context: what most calls are about. */
static volatile uint32_t target;
static volatile int target_fd;
static char device[32];
static struct map {
	unsigned char *address;
	size_t size;
} maps[MAPS];
static uint64_t ids[IDS];
static volatile unsigned int newest_id;
static unsigned char *hole; /* two pages: the second is not there */
static unsigned char *read_only;
static unsigned char scratch[65536]; /* as much as any call may write */
static int first_fd; /* of those that programs open */
static volatile bool removed; /* the adapter: the worker's last program */

static struct cover main_cover;
static struct cover_sections sections;
static uint64_t reached[PC_HASH];

static __thread sigjmp_buf on_fault;
static __thread volatile bool may_fault;

/* The program as a source of decisions; ends with zeros. */
struct reader {
	const uint8_t *bytes;
	unsigned int left;
};

static uint32_t take(struct reader *reader, uint32_t below)
{
	uint32_t value = 0;

	if (reader->left) {
		value = *reader->bytes++;
		reader->left--;
	}
	return below > 256 ? value * 257u % below : value % below;
}

static uint32_t take_word(struct reader *reader)
{
	static const uint32_t edges[] = {
		0, 1, 2, 0xff, 0xfff, 0x1000, 0x1001, 0x7fffffff, 0x80000000, 0xfffffffe, ~0u,
	};
	uint32_t kind = take(reader, 4);

	if (kind)
		return edges[take(reader, 11)];
	return take(reader, 256) | take(reader, 256) << 8 | take(reader, 256) << 16;
}

static int file_of(struct reader *reader)
{
	return take(reader, 4) && target_fd >= 0 ? target_fd : files[take(reader, FILES)];
}

/* Of a message that was fetched, mostly; each is used once, mostly. */
static uint64_t id_of(struct reader *reader)
{
	uint64_t *id = &ids[(newest_id - take(reader, 2)) % IDS], value = *id;

	switch (take(reader, 12)) {
	case 0: return value + 1025;
	case 1: return value ^ 1;
	case 2: return take_word(reader);
	case 3: return value;
	default:
		*id = 0;
		newest_id--;
		return value;
	}
}

/* Mostly @good. */
static void *pointer(struct reader *reader, void *good)
{
	switch (take(reader, 64)) {
	case 0: return NULL;
	case 1: return hole + 4096 - take(reader, 64);
	case 2: return read_only;
	case 3: return (void *)0xffff888000000000ul;
	case 4: return maps[0].address ?: good;
	default: return good;
	}
}

/* The call that everything is about: mostly with the struct as it is. */
static int struct_call(struct reader *reader, int fd, unsigned long cmd, void *arg)
{
	unsigned int size = _IOC_SIZE(cmd), n;
	void *where = pointer(reader, arg);

	if (size && take(reader, 8) == 0)
		for (n = 1 + take(reader, 3); n; n--)
			((uint8_t *)arg)[take(reader, size)] = take(reader, 256);
	if (where == read_only && take(reader, 2)) {
		/* Readable, but the answer cannot be written. */
		mprotect(read_only, 4096, PROT_READ | PROT_WRITE);
		memcpy(read_only, arg, size);
		mprotect(read_only, 4096, PROT_READ);
	}
	return ioctl(fd, cmd, where) ? -errno : 0;
}

/* A context that has to be good. */
static int setup_file(int fd, uint32_t flags)
{
	struct miracast_context_info info;
	int error = handshake(fd, MIRACAST_FEATURE_RECOVER | MIRACAST_FEATURE_CHUNKS);

	error = error ?: create_context(fd, flags, SLOTS, &info);
	if (!error) {
		target = info.target_id;
		target_fd = fd;
	}
	return error;
}

static void do_open(struct reader *reader)
{
	int slot = take(reader, FILES), old = files[slot];

	files[slot] = open(device, (take(reader, 4) ? O_RDWR : O_RDONLY) | O_CLOEXEC |
					   (take(reader, 2) ? O_NONBLOCK : 0));
	if (take(reader, 4) && !setup_file(files[slot], take(reader, 2)) && take(reader, 4))
		start_session(files[slot]);
	if (old >= 0 && take(reader, 8))
		close(old);
}

static void do_close(struct reader *reader)
{
	int slot = take(reader, FILES), fd = files[slot];

	/* Not too often that with which something goes on. */
	if (fd == target_fd && take(reader, 4))
		return;
	files[slot] = -1;
	if (take(reader, 8) == 0)
		files[slot] = dup(fd);
	if (fd >= 0)
		close(fd);
}

static void do_handshake(struct reader *reader)
{
	struct miracast_handshake arg = {.size = sizeof(arg), .features = take(reader, 5)};

	struct_call(reader, file_of(reader), MIRACAST_IOC_HANDSHAKE, &arg);
}

static void do_create(struct reader *reader)
{
	struct miracast_context_info arg = {
		.size = sizeof(arg),
		.flags = take(reader, 3),
		.slots = take(reader, 67),
	};

	int fd = take(reader, 2) ? files[take(reader, FILES)] : file_of(reader);

	if (struct_call(reader, fd, MIRACAST_IOC_CREATE_CONTEXT, &arg))
		return;
	target = arg.target_id % 32;
	target_fd = fd;
}

static void do_destroy(struct reader *reader)
{
	if (take(reader, 4) == 0)
		struct_call(reader, file_of(reader), MIRACAST_IOC_DESTROY_CONTEXT, NULL);
}

static void do_recover(struct reader *reader)
{
	struct miracast_context_info arg = {.size = sizeof(arg)};

	struct_call(reader, file_of(reader), MIRACAST_IOC_RECOVER, &arg);
}

static void do_session(struct reader *reader)
{
	static const uint32_t statuses[] = {0, 0, 0, 0xC0000001, 0x80000005, 0x103};
	struct miracast_session arg = {.size = sizeof(arg), .op = take(reader, 5)};
	int fd = file_of(reader);

	if (take(reader, 4)) {
		/* A whole step, so that something runs at all. */
		arg.op &= 2;
		struct_call(reader, fd, MIRACAST_IOC_SESSION, &arg);
		arg.op |= 1;
	}
	if (arg.op == MIRACAST_SESSION_START_END)
		arg.status = MIRACAST_NTSTATUS(statuses[take(reader, 6)]);
	if (arg.op == MIRACAST_SESSION_STOP_BEGIN)
		arg.reason = take(reader, 256);
	struct_call(reader, fd, MIRACAST_IOC_SESSION, &arg);
}

static void do_get_state(struct reader *reader)
{
	struct miracast_state arg = {.size = sizeof(arg)};

	struct_call(reader, file_of(reader), MIRACAST_IOC_GET_STATE, &arg);
}

static void do_exchange(struct reader *reader)
{
	struct miracast_completion completions[20] = {};
	/* A page ends behind it: a call that was given more room finds none. */
	struct miracast_message *messages = (void *)(hole + 4096 - 20 * sizeof(*messages));
	struct miracast_exchange arg = {
		.size = sizeof(arg),
		.nr_completions = take(reader, 2) * take(reader, 4),
		.nr_messages = take(reader, 5),
		.timeout_ns = take(reader, 3) * MS,
	};
	static const uint32_t statuses[] = {0, 0, 0, 0, 0x103, 0xC0000001, 0x80000005, 0x40000000};
	unsigned int i;

	if (take(reader, 16) == 0)
		arg.nr_messages = take_word(reader);
	if (take(reader, 16) == 0)
		arg.nr_completions = 20;
	for (i = 0; i < arg.nr_completions && i < 20; i++) {
		completions[i].id = id_of(reader);
		completions[i].status = MIRACAST_NTSTATUS(statuses[take(reader, 8)]);
		completions[i].information = take(reader, 8) ? take(reader, 4) * 8
							     : take_word(reader);
		completions[i].reserved = take(reader, 32) == 31;
	}
	arg.completions = (uintptr_t)pointer(reader, completions);
	arg.messages = (uintptr_t)pointer(reader, messages);
	memset(messages, 0, 20 * sizeof(*messages));
	struct_call(reader, file_of(reader), MIRACAST_IOC_EXCHANGE, &arg);
	for (i = 0; i < 20; i++)
		if (messages[i].id)
			ids[++newest_id % IDS] = messages[i].id;
}

static void do_io_control(struct reader *reader)
{
	struct miracast_test_control request[4] = {
		{.code = take(reader, 9), .value = take(reader, 4)},
	};
	struct miracast_io_control arg = {
		.size = sizeof(arg),
		.flags = take(reader, 16) == 0 ? take_word(reader) : take(reader, 2),
		.input_size = take(reader, 8) ? sizeof(request[0]) : take(reader, 33),
		.output_size = take(reader, 65),
	};

	arg.input = (uintptr_t)pointer(reader, request);
	arg.output = (uintptr_t)pointer(reader, scratch);
	struct_call(reader, file_of(reader), MIRACAST_IOC_IO_CONTROL, &arg);
}

static void do_get_chunks(struct reader *reader)
{
	struct miracast_get_chunks arg = {
		.size = sizeof(arg),
		.buffer_size = take(reader, 256),
		.timeout_ns = take(reader, 3) * MS,
	};

	arg.buffer = (uintptr_t)pointer(reader, scratch);
	struct_call(reader, file_of(reader), MIRACAST_IOC_GET_CHUNKS, &arg);
}

static void do_reports(struct reader *reader)
{
	struct miracast_report_status status = {
		.size = sizeof(status),
		.miracast_status = take(reader, 8),
	};
	struct miracast_report_statistic statistic = {
		.size = sizeof(statistic),
		.data = {.statistic_type = take(reader, 5)},
	};

	if (take(reader, 4) == 0)
		struct_call(reader, file_of(reader), MIRACAST_IOC_REPORT_SESSION_STATUS, &status);
	else
		struct_call(reader, file_of(reader), MIRACAST_IOC_REPORT_STATISTIC, &statistic);
}

static void do_raw_ioctl(struct reader *reader)
{
	unsigned long cmd = _IOC(take(reader, 4), take(reader, 8) ? MIRACAST_IOC_MAGIC : 0xBD,
				 take(reader, 14), take(reader, 2) ? 40 : take(reader, 128));
	uint8_t buffer[256];
	unsigned int i;

	/* A command of the test driver's number is not for this device. */
	for (i = 0; i < 64; i++)
		buffer[i] = take(reader, 256);
	*(uint32_t *)buffer = take(reader, 2) ? _IOC_SIZE(cmd) : take_word(reader);
	struct_call(reader, file_of(reader), cmd, buffer);
}

static void do_mmap(struct reader *reader)
{
	struct map *map = &maps[take(reader, MAPS)];
	size_t size = (1 + take(reader, 18)) * 4096;
	void *address;

	if (map->address)
		munmap(map->address, map->size);
	map->address = NULL;
	address = mmap(NULL, size, take(reader, 8) ? PROT_READ | PROT_WRITE : take(reader, 8),
		       (take(reader, 8) ? MAP_SHARED : MAP_PRIVATE) |
			       (take(reader, 16) ? 0 : MAP_POPULATE),
		       file_of(reader), take(reader, 4) ? 0 : take(reader, 64) * 4096l);
	if (address == MAP_FAILED)
		return;
	map->size = size;
	map->address = address;
}

static void do_map_games(struct reader *reader)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_FREE,   MADV_DONTFORK, MADV_DOFORK,	 MADV_MERGEABLE,
		MADV_HUGEPAGE, MADV_REMOVE, MADV_COLD,	   MADV_PAGEOUT, MADV_WILLNEED,
	};
	struct map *map = &maps[take(reader, MAPS)];
	unsigned char *address = map->address;
	size_t size = map->size, other;

	if (!address)
		return;
	switch (take(reader, 6)) {
	case 0:
		other = (1 + take(reader, 40)) * 4096;
		address = mremap(address, size, other, take(reader, 4) ? MREMAP_MAYMOVE : 0);
		if (address != MAP_FAILED) {
			map->size = other;
			map->address = address;
		}
		break;
	case 1:
		munmap(address + take(reader, 4) * 4096 % size, 4096);
		/* Something else may be mapped there soon, so it is forgotten. */
		map->address = NULL;
		break;
	case 2: mprotect(address, size, take(reader, 8)); break;
	case 3: madvise(address, size, advices[take(reader, 10)]); break;
	case 4: mlock(address, size); break;
	case 5:
		/* The old one becomes a duplicate of the new one. */
		mremap(address, 0, size, MREMAP_MAYMOVE);
		break;
	}
}

static void do_touch(struct reader *reader)
{
	struct map *map = &maps[take(reader, MAPS)];
	size_t offset = take_word(reader) % (map->size ?: 1);

	if (!map->address)
		return;
	if (!sigsetjmp(on_fault, 1)) {
		may_fault = true;
		if (take(reader, 2))
			*(volatile unsigned char *)(map->address + offset) = 0xaa;
		else
			(void)*(volatile unsigned char *)(map->address + offset);
	}
	may_fault = false;
}

static void do_fork(struct reader *reader)
{
	int wstatus, how = take(reader, 3);
	pid_t child;

	child = fork();
	if (child < 0)
		return;
	if (!child) {
		struct miracast_exchange arg = {
			.size = sizeof(arg),
			.timeout_ns = 20 * MS,
			.nr_messages = 1,
			.messages = (uintptr_t)hole,
		};

		if (how == 0)
			_exit(0);
		ioctl(files[0], MIRACAST_IOC_EXCHANGE, &arg);
		if (maps[0].address)
			munmap(maps[0].address, maps[0].size);
		_exit(0);
	}
	if (how == 2)
		kill(child, SIGKILL);
	while (waitpid(child, &wstatus, 0) < 0 && errno == EINTR)
		;
}

/* A file on its way through a socket: received, or lost with the socket. */
static void do_pass(struct reader *reader)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&msg);
	int pair[2], slot = take(reader, FILES), fd = files[slot];

	if (fd < 0 || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair))
		return;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	if (sendmsg(pair[0], &msg, 0) == 1) {
		files[slot] = -1;
		close(fd);
		if (take(reader, 4) && recvmsg(pair[1], &msg, MSG_CMSG_CLOEXEC) == 1 &&
		    msg.msg_controllen)
			memcpy(&files[slot], CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
		if (fd == target_fd)
			target_fd = files[slot];
	}
	close(pair[0]);
	close(pair[1]);
}

static void do_poll(struct reader *reader)
{
	struct epoll_event event = {.events = take_word(reader)};
	struct pollfd pollfd = {.fd = file_of(reader), .events = take_word(reader)};
	int epoll;

	poll(&pollfd, 1, take(reader, 2));
	epoll = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(epoll, EPOLL_CTL_ADD, file_of(reader), &event);
	epoll_wait(epoll, &event, 1, take(reader, 2));
	close(epoll);
}

static void do_driver_send(struct reader *reader)
{
	static const uint32_t flags[] = {
		0,
		0,
		0,
		MIRACAST_TEST_NO_CALLBACK,
		MIRACAST_TEST_NULL_INPUT,
		MIRACAST_TEST_NULL_OUTPUT,
		MIRACAST_TEST_RESEND,
		MIRACAST_TEST_FORGED_HANDLE,
		MIRACAST_TEST_NO_CALLBACK | MIRACAST_TEST_SCRIBBLE,
	};
	uint8_t input[64] = {};
	struct miracast_test_send arg = {
		.index = adapter_index,
		.target = (target + (take(reader, 16) == 0)) % 32,
		.flags = flags[take(reader, 9)],
		.input = (uintptr_t)input,
		.input_size = take(reader, 65),
		.output_size = take(reader, 65),
	};

	if (take(reader, 4) == 0) {
		arg.timeout_ms = 1 + take(reader, 3);
		arg.flags = 0;
	}
	if (take(reader, 16) == 0) {
		arg.output_size = take_word(reader);
		arg.flags |= MIRACAST_TEST_NULL_OUTPUT;
	}
	call(test_fd, MIRACAST_TEST_SEND, &arg);
}

static void do_driver_burst(struct reader *reader)
{
	struct miracast_test_burst arg = {
		.index = adapter_index,
		.target = (target + (take(reader, 16) == 0)) % 32,
		.count = 1 + take(reader, 6),
		.latest = take(reader, 4) == 0,
	};

	call(test_fd, MIRACAST_TEST_BURST, &arg);
}

static void do_driver_chunk(struct reader *reader)
{
	uint8_t data[128] = {};
	struct miracast_test_chunk arg = {
		.index = adapter_index,
		.target = (target + (take(reader, 16) == 0)) % 32,
		.report = take(reader, 4) == 0,
		.hardirq = take(reader, 2),
		.private_size = take(reader, 70),
		.private_data = (uintptr_t)(take(reader, 2) ? data : NULL),
		.info = {.chunk_type = take_word(reader), .reserved = take_word(reader)},
	};

	call(test_fd, MIRACAST_TEST_CHUNK, &arg);
}

static void do_driver_behave(struct reader *reader)
{
	static const uint32_t statuses[] = {0, 0, 0, 0xC0000001, 0xC0000708, 0x80000005, 0x103};
	struct miracast_test_behaviour arg = {
		.index = adapter_index,
		.create_status = MIRACAST_NTSTATUS(statuses[take(reader, 7)]),
		.create_sends = take(reader, 4),
		.destroy_sends = take(reader, 4),
	};

	call(test_fd, MIRACAST_TEST_BEHAVE, &arg);
}

static void do_sysfs(struct reader *reader)
{
	static const char *const names[] = {
		"timeout_ms", "watchdog_ms", "abort", "contexts", "pending", "hdcp", "name",
	};
	static const char *const values[] = {
		"1", "2", "5", "50", "0", "x", "", "86400001", "-1", "y",
	};
	const char *name = names[take(reader, 7)];
	char text[4096];

	if (strcmp(name, "abort") == 0 && take(reader, 4))
		return;
	if (take(reader, 2))
		write_attr(adapter_index, name, values[take(reader, 10)]);
	else
		read_attr(adapter_index, name, text, sizeof(text));
}

static void do_remove(struct reader *reader)
{
	if (take(reader, 16) == 0 && !remove_adapter(test_fd, adapter_index))
		removed = true;
}

static void do_file_games(struct reader *reader)
{
	int fd = file_of(reader), pipe_fds[2];
	struct iovec iov = {.iov_len = 4096};
	uint8_t buffer[64] = {};

	switch (take(reader, 6)) {
	case 0: (void)!read(fd, buffer, sizeof(buffer)); break;
	case 1: (void)!write(fd, buffer, sizeof(buffer)); break;
	case 2: lseek(fd, take_word(reader), SEEK_SET); break;
	case 3: flock(fd, LOCK_EX | LOCK_NB); break;
	case 4: fcntl(fd, F_SETFL, take(reader, 2) ? O_NONBLOCK : O_ASYNC); break;
	case 5:
		/* Pages of the arena held by a pipe, perhaps longer than the arena lives. */
		iov.iov_base = maps[0].address;
		if (!iov.iov_base || pipe2(pipe_fds, O_NONBLOCK | O_CLOEXEC))
			break;
		(void)!vmsplice(pipe_fds[1], &iov, 1, SPLICE_F_NONBLOCK);
		do_destroy(reader);
		do_close(reader);
		(void)!read(pipe_fds[0], buffer, sizeof(buffer));
		close(pipe_fds[0]);
		close(pipe_fds[1]);
		break;
	}
}

/* Asks the generic-netlink family for all it knows; without libnl, for it is to be odd. */
static void do_netlink(struct reader *reader)
{
	struct {
		struct nlmsghdr header;
		struct genlmsghdr genl;
		uint8_t attributes[32];
	} request = {
		.header =
			{
				.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			},
	};
	static int family;
	uint8_t answer[16384];
	unsigned int i;
	ssize_t n;

	if (netlink_fd < 0)
		return;
	if (!family) {
		struct nlattr *attr = (void *)request.attributes;

		attr->nla_type = CTRL_ATTR_FAMILY_NAME;
		attr->nla_len = NLA_HDRLEN + sizeof(MIRACAST_NL_FAMILY_NAME);
		memcpy(attr + 1, MIRACAST_NL_FAMILY_NAME, sizeof(MIRACAST_NL_FAMILY_NAME));
		request.header.nlmsg_type = GENL_ID_CTRL;
		request.header.nlmsg_flags = NLM_F_REQUEST;
		request.header.nlmsg_len += NLA_ALIGN(attr->nla_len);
		request.genl.cmd = CTRL_CMD_GETFAMILY;
		(void)!send(netlink_fd, &request, request.header.nlmsg_len, MSG_DONTWAIT);
		n = recv(netlink_fd, answer, sizeof(answer), MSG_DONTWAIT);
		for (i = NLMSG_LENGTH(GENL_HDRLEN); n > 0 && i + 4 < n;
		     i += NLA_ALIGN(((struct nlattr *)(answer + i))->nla_len ?: 4)) {
			attr = (void *)(answer + i);
			if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
				family = *(uint16_t *)(attr + 1);
			/* Its one group follows, and its number is not worth a parser. */
		}
		return;
	}
	request.header.nlmsg_type = family;
	request.genl.cmd = take(reader, 8) ? 1 + take(reader, 2) : take(reader, 16);
	if (take(reader, 8) == 0) {
		request.header.nlmsg_len += take(reader, 33);
		for (i = 0; i < sizeof(request.attributes); i++)
			request.attributes[i] = take(reader, 256);
	} else if (take(reader, 4) == 0) {
		struct nlattr *attr = (void *)request.attributes;

		attr->nla_type = request.genl.cmd == MIRACAST_NL_CMD_ADAPTER_GET
					 ? MIRACAST_NL_ADAPTER_DEVICE
					 : MIRACAST_NL_CONTEXT_DEVICE;
		attr->nla_len = NLA_HDRLEN + sizeof(uint32_t);
		*(uint32_t *)(attr + 1) = take(reader, 2) ? files[take(reader, FILES)]
							  : take(reader, 64);
		request.header.nlmsg_len += attr->nla_len;
	}
	(void)!send(netlink_fd, &request, request.header.nlmsg_len, MSG_DONTWAIT);
	while (recv(netlink_fd, answer, take(reader, 4) ? sizeof(answer) : 512, MSG_DONTWAIT) > 0)
		;
	/* Sixteen groups of all families: events of ours have a listener then. */
	if (take(reader, 8) == 0)
		for (i = 1; i < 17; i++)
			setsockopt(netlink_fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &i, sizeof(i));
}

/* As often as they are to be called. */
static void (*const calls[])(struct reader *) = {
	do_exchange,	 do_exchange,	  do_exchange,	   do_exchange,	     do_exchange,
	do_exchange,	 do_driver_send,  do_driver_burst, do_exchange,	     do_exchange,
	do_exchange,	 do_exchange,	  do_session,	   do_session,	     do_io_control,
	do_io_control,	 do_get_chunks,	  do_driver_send,  do_driver_send,   do_driver_burst,
	do_driver_burst, do_driver_chunk, do_driver_chunk, do_open,	     do_close,
	do_handshake,	 do_create,	  do_destroy,	   do_recover,	     do_get_state,
	do_reports,	 do_raw_ioctl,	  do_mmap,	   do_map_games,     do_touch,
	do_fork,	 do_pass,	  do_poll,	   do_driver_behave, do_sysfs,
	do_remove,	 do_file_games,	  do_netlink,
};

#define N_CALLS (sizeof(calls) / sizeof(calls[0]))

static void run_calls(struct reader *reader)
{
	while (reader->left) {
		calls[take(reader, N_CALLS)](reader);
		__atomic_fetch_add(&shared->calls, 1, __ATOMIC_RELAXED);
	}
}

/* Waits that nothing else ends are ended by a signal. */
static void start_timer(timer_t *timer)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM};
	struct itimerspec spec = {
		.it_interval.tv_nsec = 30000000,
		.it_value.tv_nsec = 30000000,
	};

	event._sigev_un._tid = gettid();
	timer_create(CLOCK_MONOTONIC, &event, timer);
	timer_settime(*timer, 0, &spec, NULL);
}

/* Takes what a thread has reached, and begins anew. */
static void note_coverage(struct cover *cover, bool *news)
{
	uint64_t n, i, pc;
	uint32_t hash;

	if (!cover->words)
		return;
	n = __atomic_load_n(&cover->words[0], __ATOMIC_RELAXED);
	for (i = 1; i <= n && i < COVER_WORDS; i++) {
		pc = cover->words[i];
		hash = (pc * 0x9e3779b97f4a7c15ull) >> 48;
		if (reached[hash] == pc || cover_section_of(&sections, pc) < 0)
			continue;
		reached[hash] = pc;
		if (!shared->seen[hash]) {
			shared->seen[hash] = 1;
			*news = true;
		}
	}
	__atomic_store_n(&cover->words[0], 0, __ATOMIC_RELAXED);
}

static void save_coverage(void)
{
	unsigned int n = 0, i;

	for (i = 0; i < PC_HASH; i++)
		if (reached[i])
			reached[n++] = reached[i];
	cover_save(reached, n);
}

struct worker_thread {
	pthread_t thread;
	struct reader reader;
	bool news;
};

static void *run_thread(void *data)
{
	struct worker_thread *thread = data;
	struct cover cover;
	timer_t timer;

	start_timer(&timer);
	cover_begin(&cover);
	run_calls(&thread->reader);
	note_coverage(&cover, &thread->news);
	cover_end(&cover);
	timer_delete(timer);
	return NULL;
}

/* Returns whether it reached new code. */
static bool run_program(const struct program *program)
{
	struct worker_thread threads[3] = {};
	struct reader reader = {program->bytes, program->size};
	unsigned int n = take(&reader, 4) ? 1 : 3, i;
	struct miracast_test_behaviour behaviour = {.index = adapter_index};
	bool news = false;

	call(test_fd, MIRACAST_TEST_BEHAVE, &behaviour);
	/* Most begin with a session that runs. */
	if (take(&reader, 8)) {
		files[0] = open(device, O_RDWR | O_CLOEXEC);
		if (files[0] >= 0 && !setup_file(files[0], take(&reader, 2)) && take(&reader, 4))
			start_session(files[0]);
	}
	if (n == 1)
		run_calls(&reader);
	note_coverage(&main_cover, &news);
	for (i = 0; i < n && n > 1; i++) {
		threads[i].reader = (struct reader){
			reader.bytes + reader.left / n * i,
			reader.left / n,
		};
		if (pthread_create(&threads[i].thread, NULL, run_thread, &threads[i]))
			_exit(3);
	}
	for (i = 0; i < n && n > 1; i++) {
		pthread_join(threads[i].thread, NULL);
		news |= threads[i].news;
	}
	/* Every file, also those that got lost; mappings only if they are known. */
	for (i = 0; i < MAPS; i++) {
		if (maps[i].address)
			munmap(maps[i].address, maps[i].size);
		maps[i].address = NULL;
	}
	close_range(first_fd, ~0u, 0);
	memset(files, 0xff, sizeof(files));
	target_fd = -1;
	memset(ids, 0, sizeof(ids));
	return news;
}

static void new_program(struct program *program, uint64_t *random)
{
	const struct program *parent, *other;
	unsigned int n, at;

	if (!shared->corpus_size || next_random(random) % 4 == 0) {
		program->size = 16 + next_random(random) % (PROGRAM_MAX - 16);
		for (n = 0; n < program->size; n++)
			program->bytes[n] = next_random(random);
		return;
	}
	parent = &shared->corpus[next_random(random) % shared->corpus_size];
	other = &shared->corpus[next_random(random) % shared->corpus_size];
	*program = *parent;
	for (n = 1 + next_random(random) % 8; n; n--) {
		at = next_random(random) % program->size;
		switch (next_random(random) % 4) {
		case 0:
		case 1: program->bytes[at] = next_random(random); break;
		case 2:
			/* The begin of one, the end of the other. */
			if (at < other->size) {
				memcpy(program->bytes + at, other->bytes + at, other->size - at);
				program->size = other->size;
			}
			break;
		case 3:
			if (program->size < PROGRAM_MAX - 16) {
				memmove(program->bytes + at + 8, program->bytes + at,
					program->size - at);
				program->size += 8;
			}
			break;
		}
	}
}

static uint64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

static void on_signal(int signal)
{
	if (signal == SIGALRM)
		return;
	if (may_fault)
		siglongjmp(on_fault, 1);
	_exit(CRASHED);
}

static void add_counter(uint64_t *to, uint64_t value)
{
	__atomic_fetch_add(to, value, __ATOMIC_RELAXED);
}

static void complain(const char *what)
{
	snprintf(shared->complaint, sizeof(shared->complaint), "%s", what);
	_exit(1);
}

static void look_after_adapter(void)
{
	struct miracast_test_counters c;

	remove_adapter(test_fd, adapter_index);
	c = counters_of(test_fd, adapter_index);
	if (c.accepted != c.callbacks)
		complain("accepted messages and callbacks differ");
	if (c.doubled)
		complain("a callback came twice");
	if (c.overlaps || c.callbacks_after_destroy || c.io_controls_after_destroy)
		complain("the driver was called when it must not be");
	if (c.destroys > c.creates)
		complain("more contexts destroyed than created");
	shared->balanced++;
	add_counter((uint64_t *)&shared->counters.accepted, c.accepted);
	add_counter((uint64_t *)&shared->counters.callbacks, c.callbacks);
	add_counter((uint64_t *)&shared->counters.success, c.success);
	add_counter((uint64_t *)&shared->counters.cancelled, c.cancelled);
	add_counter((uint64_t *)&shared->counters.timed_out, c.timed_out);
	add_counter((uint64_t *)&shared->counters.disconnected, c.disconnected);
	add_counter((uint64_t *)&shared->counters.removed, c.removed);
}

/* Runs a batch of programs in a process of its own; @one: this one alone. */
static void work(uint64_t random, const struct program *one)
{
	struct miracast_test_adapter adapter = default_adapter();
	struct sigaction action = {.sa_handler = on_signal};
	unsigned int n;
	timer_t timer;
	bool news;

	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	signal(SIGIO, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	hole = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(hole + 4096, 4096, PROT_NONE);
	read_only = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	netlink_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	test_fd = open("/dev/miracast_test", O_RDWR | O_CLOEXEC);
	adapter.max_contexts = 32;
	adapter.timeout_ms = 2000;
	adapter.max_message = 64;
	if (call(test_fd, MIRACAST_TEST_ADD, &adapter))
		complain("cannot make an adapter");
	adapter_index = adapter.index;
	close(open_adapter(adapter_index));
	snprintf(device, sizeof(device), "/dev/miracast%u", adapter_index);
	write_attr(adapter_index, "watchdog_ms", "20");
	cover_find_sections(&sections);
	cover_begin(&main_cover);
	start_timer(&timer);
	first_fd = dup(test_fd);
	close(first_fd);

	for (n = 0; n < BATCH && !removed && milliseconds() < shared->end; n++) {
		if (one)
			shared->current = *one;
		else
			new_program(&shared->current, &random);
		news = run_program(&shared->current);
		shared->programs++;
		if (news && shared->corpus_size < CORPUS_MAX)
			shared->corpus[shared->corpus_size++] = shared->current;
	}
	look_after_adapter();
	save_coverage();
	_exit(0);
}

static void print_stacks(pid_t pid)
{
	char command[96];

	snprintf(command, sizeof(command), "grep -H . /proc/%d/task/*/stack | sed 's/^/# /'", pid);
	(void)!system(command);
}

/* Waits for a worker; returns what is wrong, or NULL. */
static const char *wait_for(pid_t worker)
{
	unsigned int tries;
	int wstatus;

	for (tries = 0; tries < HUNG * 100; tries++) {
		if (waitpid(worker, &wstatus, WNOHANG) == worker) {
			if (WIFEXITED(wstatus) && !WEXITSTATUS(wstatus))
				return NULL;
			if (shared->complaint[0])
				return shared->complaint;
			/* Programs may unmap or overwrite what the worker stands on. */
			if (WIFSIGNALED(wstatus) || WEXITSTATUS(wstatus) == CRASHED ||
			    WEXITSTATUS(wstatus) == NO_SYMBOL)
				return NULL;
			return "a worker failed";
		}
		sleep_ms(10);
	}
	print_stacks(worker);
	kill(worker, SIGKILL);
	return "a worker hangs";
}

static int parse_program(struct program *program, const char *hex)
{
	unsigned int byte;

	for (program->size = 0; program->size < PROGRAM_MAX && sscanf(hex, "%2x", &byte) == 1;
	     hex += 2)
		program->bytes[program->size++] = byte;
	return *hex ? -1 : 0;
}

static unsigned int count_seen(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < PC_HASH; i++)
		n += shared->seen[i];
	return n;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"seed", required_argument, NULL, 's'},
		{"seconds", required_argument, NULL, 'n'},
		{"program", required_argument, NULL, 'p'},
		{},
	};
	const char *seconds = getenv("MIRACAST_FUZZ_SECONDS"), *wrong = NULL;
	uint64_t seed = 0, random, elapsed = 0, start, limit = strtoull(seconds ?: "5", NULL, 0);
	struct timespec now;

	struct program one = {};
	unsigned int i, n;
	pid_t worker;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 's': seed = strtoull(optarg, NULL, 0); break;
		case 'n': limit = strtoull(optarg, NULL, 0); break;
		case 'p':
			if (!parse_program(&one, optarg))
				break;
			/* fall through */
		default:
			fprintf(stderr, "usage: %s [--seed S] [--seconds N] [--program HEX]\n",
				argv[0]);
			return 2;
		}
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return 1;
	start = milliseconds();
	shared->end = start + limit * 1000;
	while (!seed) {
		clock_gettime(CLOCK_REALTIME, &now);
		seed = (now.tv_sec ^ now.tv_nsec) * 0x9e3779b97f4a7c15ull;
	}
	random = seed;
	printf("TAP version 13\n1..1\n# fuzz_test --seed %llu --seconds %llu\n",
	       (unsigned long long)seed, (unsigned long long)limit);
	fflush(stdout);

	for (n = 0; !wrong && elapsed < limit * 1000; n++) {
		random += 0x9e3779b97f4a7c15ull;
		worker = fork();
		if (!worker)
			work(random ?: 1, one.size ? &one : NULL);
		wrong = worker < 0 ? "cannot fork" : wait_for(worker);
		elapsed = milliseconds() - start;
	}
	/* One program alone need not send. */
	if (!wrong && !one.size && (!shared->balanced || !shared->counters.accepted))
		wrong = "no worker came to its end, or none sent a message";
	printf("# %llu calls, %llu a second; %llu programs, %u workers, %llu of them crashed\n",
	       (unsigned long long)shared->calls,
	       (unsigned long long)(shared->calls * 1000 / (elapsed ?: 1)),
	       (unsigned long long)shared->programs, n, (unsigned long long)(n - shared->balanced));
	if (count_seen())
		printf("# %u places of miracast.ko reached, %u programs kept\n", count_seen(),
		       shared->corpus_size);
	else
		printf("# no KCOV, or modules without it: not guided\n");
	printf("# %llu messages accepted, %llu callbacks: %llu success, %llu cancelled, "
	       "%llu timed out, %llu disconnected, %llu removed\n",
	       shared->counters.accepted, shared->counters.callbacks, shared->counters.success,
	       shared->counters.cancelled, shared->counters.timed_out,
	       shared->counters.disconnected, shared->counters.removed);
	if (wrong) {
		printf("# %s\n# the last program: fuzz_test --program ", wrong);
		for (i = 0; i < shared->current.size; i++)
			printf("%02x", shared->current.bytes[i]);
		printf("\n");
	}
	printf("%sok 1 the channel survives\n", wrong ? "not " : "");
	return !!wrong;
}
