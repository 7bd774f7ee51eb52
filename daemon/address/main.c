// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * miracast-address: addresses on one Wi-Fi Direct group, for as long as its client's connection
 * lasts. Started by miracast-address.socket, one process for each connection.
 *
 * The client says one line:
 *
 *	serve INTERFACE		we own the group: an address for us, and DHCP for the sink
 *	ask INTERFACE		the sink owns it: DHCP gives us an address
 *	set INTERFACE LOCAL PEER	the sink gave addresses while it let us in
 *	remove INTERFACE	what a dead supplicant has left behind goes away
 *
 * and hears:
 *
 *	address LOCAL PEER	LOCAL is set, PEER is the sink's
 *	leased			the sink has taken its address
 *	failed WORD TEXT	and that was the end
 *
 * When it closes the connection, DHCP ends and the address goes; so does the group's interface, if
 * it has not gone by itself some seconds later. An interface that is no Wi-Fi Direct group's is
 * never touched.
 *
 * busybox has both sides of DHCP. What it finds out comes back through this program, which it
 * calls as its script: see tell_of_hook().
 */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/capability.h>

/* The client has its line ready. */
#define LINE_MS 5000
/* From the end of the connection: so long the supplicant has to remove the interface. */
#define REMOVE_MS 5000
/* What a child has to end by itself. */
#define CHILD_MS 2000

/* Its value is the descriptor that the hook writes to. */
#define HOOK_VARIABLE "MIRACAST_ADDRESS_HOOK"

typedef enum {
	VERB_SERVE,
	VERB_ASK,
	VERB_SET,
	VERB_REMOVE,
	N_VERBS,
} Verb;

static const char *const verbs[] = {
	[VERB_SERVE] = "serve",
	[VERB_ASK] = "ask",
	[VERB_SET] = "set",
	[VERB_REMOVE] = "remove",
};

typedef struct {
	Net *net;
	NetInterface interface;
	NetAddress address; /* that was set; none: local.s_addr is 0 */
	char directory[64]; /* of the server's files; empty: none */
	pid_t child;
	int from_child; /* lines of the hook */
	bool leased;
} Job;

static void __attribute__((format(printf, 1, 2))) tell(const char *format, ...)
{
	char line[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	n = n < (int)sizeof(line) - 1 ? n : (int)sizeof(line) - 2;
	line[n++] = '\n';
	/* A client that has gone shows at the next poll. */
	if (write(STDOUT_FILENO, line, n) < 0)
		return;
}

/* Of addresses, for tell(); each call has a buffer of its own for a while. */
static const char *text(struct in_addr address)
{
	static char buffers[4][INET_ADDRSTRLEN];
	static unsigned int next;
	char *buffer = buffers[next++ % 4];

	inet_ntop(AF_INET, &address, buffer, INET_ADDRSTRLEN);
	return buffer;
}

static long now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000L + time.tv_nsec / 1000000;
}

/*
 * The hook.
 *
 * udhcpc calls it with "bound" or "renew" and variables; udhcpd with the file of its leases once
 * one was given.
 */
static int tell_of_hook(int fd, const char *word)
{
	const char *ip = getenv("ip"), *server = getenv("serverid"), *router = getenv("router");

	if (word[0] == '/') {
		dprintf(fd, "leased\n");
	} else if ((!strcmp(word, "bound") || !strcmp(word, "renew")) && ip) {
		/* The owner answers itself; of several routers the first counts. */
		if (!server)
			server = router ? router : "";
		dprintf(fd, "bound %.15s %.*s\n", ip, (int)strcspn(server, " "), server);
	}
	return EXIT_SUCCESS;
}

/*
 * The DHCP program: it may open its sockets, and change no interface.
 */
static bool start_child(Job *job, char *const *arguments)
{
	char variable[32];
	int pipe_fds[2];

	if (pipe2(pipe_fds, O_CLOEXEC))
		return false;
	job->child = fork();
	if (job->child < 0)
		return false;
	if (!job->child) {
		int null = open("/dev/null", O_RDWR);
		int fd = dup(pipe_fds[1]);

		snprintf(variable, sizeof(variable), "%d", fd);
		if (null < 0 || fd < 0 || setenv(HOOK_VARIABLE, variable, 1) ||
		    dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ||
		    prctl(PR_SET_PDEATHSIG, SIGKILL))
			_exit(127);
		/* Both fail where the capability is not there, which is as good. */
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_NET_ADMIN, 0, 0);
		prctl(PR_CAPBSET_DROP, CAP_NET_ADMIN, 0, 0, 0);
		execvp("busybox", arguments);
		/* With some distributions it is among root's programs, which not every PATH has. */
		execv("/usr/sbin/busybox", arguments);
		execv("/sbin/busybox", arguments);
		_exit(127);
	}
	close(pipe_fds[1]);
	job->from_child = pipe_fds[0];
	return true;
}

static void stop_child(Job *job)
{
	if (job->child <= 0)
		return;
	kill(job->child, SIGTERM);
	for (long end = now_ms() + CHILD_MS; !waitpid(job->child, NULL, WNOHANG);) {
		if (now_ms() > end) {
			kill(job->child, SIGKILL);
			waitpid(job->child, NULL, 0);
			break;
		}
		poll(NULL, 0, 20);
	}
	job->child = 0;
}

static bool write_file(const char *path, const char *content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n = strlen(content);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, content, n) == n;
	close(fd);
	return written;
}

static bool set_address(Job *job, NetAddress address)
{
	char problem[128];

	if (!net_add_address(job->net, &job->interface, &address, problem, sizeof(problem))) {
		tell("failed failed %s", problem);
		return false;
	}
	job->address = address;
	return true;
}

static bool serve(Job *job, const char *self)
{
	char config[64], leases[64], content[768];
	char *arguments[] = {"busybox", "udhcpd", "-f", "-a", "100", config, NULL};
	NetAddress address;
	int n;

	if (!net_find_free(job->net, &address)) {
		tell("failed conflict all networks of 192.168.0.0/16 are in use");
		return false;
	}
	if (!set_address(job, address))
		return false;
	strcpy(job->directory, "/tmp/miracast-address.XXXXXX");
	if (!mkdtemp(job->directory)) {
		*job->directory = '\0';
		tell("failed failed /tmp: %s", strerror(errno));
		return false;
	}
	snprintf(config, sizeof(config), "%s/config", job->directory);
	snprintf(leases, sizeof(leases), "%s/leases", job->directory);
	/* One address only: so it is known beforehand whom the sink will be. */
	n = snprintf(content, sizeof(content),
		     "interface %s\nstart %s\nend %s\nmax_leases 1\nlease_file %s\n"
		     "pidfile %s/pid\nnotify_file %s\nconflict_time 10\ndecline_time 10\n"
		     "opt subnet 255.255.255.0\nopt router %s\nopt lease 3600\n",
		     job->interface.name, text(address.peer), text(address.peer), leases,
		     job->directory, self, text(address.local));
	if (n >= (int)sizeof(content) || !write_file(config, content) || !write_file(leases, "") ||
	    !start_child(job, arguments)) {
		tell("failed failed the DHCP server: %s", strerror(errno));
		return false;
	}
	tell("address %s %s", text(address.local), text(address.peer));
	return true;
}

static bool ask(Job *job, const char *self)
{
	/* It asks until the client has enough of it. */
	char *arguments[] = {"busybox", "udhcpc",     "-f", "-i", job->interface.name,
			     "-s",	(char *)self, "-t", "4",  "-T",
			     "1",	"-A",	      "1",  NULL};

	if (!start_child(job, arguments)) {
		tell("failed failed the DHCP client: %s", strerror(errno));
		return false;
	}
	return true;
}

/* An address that the sink gave, in one way or the other. */
static bool take(Job *job, const char *local, const char *peer)
{
	NetAddress address = {.prefix = 32};
	char problem[128];

	if (inet_pton(AF_INET, local, &address.local) != 1 ||
	    inet_pton(AF_INET, peer, &address.peer) != 1) {
		tell("failed conflict the sink gave no addresses: \"%.40s\", \"%.40s\"", local,
		     peer);
		return false;
	}
	if (address.local.s_addr == job->address.local.s_addr &&
	    address.peer.s_addr == job->address.peer.s_addr)
		return true; /* renewed */
	if (job->address.local.s_addr) {
		tell("failed failed the sink has changed this machine's address");
		return false;
	}
	if (!net_may_take(job->net, &job->interface, &address, problem, sizeof(problem))) {
		tell("failed conflict %s", problem);
		return false;
	}
	if (!set_address(job, address))
		return false;
	tell("address %s %s", text(address.local), text(address.peer));
	return true;
}

static bool read_child(Job *job)
{
	char line[128], word[16] = "", local[INET_ADDRSTRLEN] = "", peer[INET_ADDRSTRLEN] = "";
	/* Each write of the hook is one line, and they come seldom. */
	ssize_t n = read(job->from_child, line, sizeof(line) - 1);

	if (n <= 0) {
		tell("failed failed busybox has no DHCP, or it has ended");
		return false;
	}
	line[n] = '\0';
	if (sscanf(line, "%15s %15s %15s", word, local, peer) < 1)
		return true;
	if (!strcmp(word, "bound"))
		return take(job, local, peer);
	if (!job->leased)
		tell("leased");
	job->leased = true;
	return true;
}

/* FALSE: the client has gone, or is to go. */
static bool read_client(char *line, size_t size, int limit_ms)
{
	struct pollfd client = {.fd = STDIN_FILENO, .events = POLLIN};
	long end = now_ms() + limit_ms;
	size_t n = 0;

	while (n < size - 1) {
		long left = end - now_ms();

		if (left <= 0 || poll(&client, 1, left) <= 0 ||
		    read(STDIN_FILENO, line + n, 1) != 1)
			return false;
		if (line[n] == '\n') {
			line[n] = '\0';
			return true;
		}
		n++;
	}
	return false;
}

static void hold(Job *job)
{
	struct pollfd polls[] = {
		{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = job->child > 0 ? job->from_child : -1, .events = POLLIN},
	};

	while (poll(polls, 2, -1) > 0 || errno == EINTR) {
		/* It has nothing more to say, so this is the end of the connection. */
		if (polls[0].revents)
			return;
		if (polls[1].revents && !read_child(job))
			return;
	}
}

static void put_back(Job *job)
{
	char path[96];
	static const char *const files[] = {"config", "leases", "pid"};

	stop_child(job);
	if (job->address.local.s_addr)
		net_remove_address(job->net, &job->interface, &job->address);
	if (*job->directory) {
		for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
			snprintf(path, sizeof(path), "%s/%s", job->directory, files[i]);
			unlink(path);
		}
		rmdir(job->directory);
	}
	for (long end = now_ms() + REMOVE_MS; now_ms() < end; poll(NULL, 0, 50))
		if (!net_is_there(&job->interface))
			return;
	net_remove_interface(job->net, &job->interface);
}

int main(int argc, char **argv)
{
	const char *hook = getenv(HOOK_VARIABLE);
	char line[128], verb[16] = "", interface[IFNAMSIZ] = "";
	char local[INET_ADDRSTRLEN] = "", peer[INET_ADDRSTRLEN] = "", problem[128];
	char self[256];
	Job job = {.from_child = -1};
	ssize_t n;
	bool ok = false;
	int i, words;

	if (hook && argc > 1)
		return tell_of_hook(atoi(hook), argv[1]);

	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return EXIT_FAILURE;
	self[n] = '\0';
	signal(SIGPIPE, SIG_IGN);
	if (!read_client(line, sizeof(line), LINE_MS))
		return EXIT_FAILURE;
	words = sscanf(line, "%15s %15s %15s %15s", verb, interface, local, peer);
	for (i = 0; i < N_VERBS && strcmp(verb, verbs[i]); i++)
		;
	if (i == N_VERBS || words != (i == VERB_SET ? 4 : 2)) {
		tell("failed failed what is \"%.40s\"?", line);
		return EXIT_FAILURE;
	}
	job.net = net_new();
	if (!job.net ||
	    !net_find_group(job.net, interface, &job.interface, problem, sizeof(problem))) {
		tell("failed no-group %s", job.net ? problem : "netlink cannot be used");
		return EXIT_FAILURE;
	}

	switch ((Verb)i) {
	case VERB_SERVE: ok = serve(&job, self); break;
	case VERB_ASK: ok = ask(&job, self); break;
	case VERB_SET: ok = take(&job, local, peer); break;
	case VERB_REMOVE: break;
	case N_VERBS: break;
	}
	if (ok)
		hold(&job);
	put_back(&job);
	net_free(job.net);
	return EXIT_SUCCESS;
}
