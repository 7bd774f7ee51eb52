// SPDX-License-Identifier: GPL-2.0
/*
 * What is there to watch: the generic-netlink family, the attributes in sysfs, and the
 * tracepoints, whose field names are stable.
 */

#include <dirent.h>
#include <linux/miracast_netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <sys/stat.h>

#include "channel.h"

#define NAME	"miracast_test"
#define TRACING "/sys/kernel/tracing"
#define MANY	32

/* One message of the family: what command, and its attributes. */
struct news {
	int cmd;
	struct nlattr *attrs[MIRACAST_NL_CONTEXT_MAX + 1];
};

static uint32_t number(const struct news *news, int attr)
{
	return news->attrs[attr] ? nla_get_u32(news->attrs[attr]) : ~0u;
}

static uint64_t counter(const struct news *news, int attr)
{
	return news->attrs[attr] ? nla_get_u64(news->attrs[attr]) : ~0ull;
}

static void parse_news(struct nl_msg *msg, struct news *news)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);

	news->cmd = genlmsg_hdr(header)->cmd;
	genlmsg_parse(header, 0, news->attrs, MIRACAST_NL_CONTEXT_MAX, NULL);
}

/* A socket, and where its messages go. */
struct watch {
	struct nl_sock *socket;
	int family;
	void (*heard)(struct watch *watch, const struct news *news);
	uint32_t adapter;
	unsigned int n;
	uint32_t events[32];
	uint32_t states[32];
	uint32_t counts[32];
	unsigned int counters; /* how many the events had */
};

static int on_message(struct nl_msg *msg, void *data)
{
	struct watch *watch = data;
	struct news news = {};

	parse_news(msg, &news);
	watch->heard(watch, &news);
	return NL_OK;
}

static int open_watch(struct watch *watch,
		      void (*heard)(struct watch *watch, const struct news *news), uint32_t adapter)
{
	*watch = (struct watch){.socket = nl_socket_alloc(), .heard = heard, .adapter = adapter};
	if (genl_connect(watch->socket))
		return -1;
	watch->family = genl_ctrl_resolve(watch->socket, MIRACAST_NL_FAMILY_NAME);
	nl_socket_modify_cb(watch->socket, NL_CB_VALID, NL_CB_CUSTOM, on_message, watch);
	return watch->family;
}

static void close_watch(struct watch *watch)
{
	nl_socket_free(watch->socket);
}

static int dump(struct watch *watch, int cmd)
{
	int error = genl_send_simple(watch->socket, watch->family, cmd, MIRACAST_NL_FAMILY_VERSION,
				     NLM_F_DUMP);

	return error < 0 ? error : nl_recvmsgs_default(watch->socket);
}

/* Asks for a dump of the adapter that @fd is of; the attribute has @size bytes. */
static int ask_with_device(struct watch *watch, int cmd, int fd, int size)
{
	struct nl_msg *msg = nlmsg_alloc();
	uint64_t value = (uint32_t)fd;
	int error;

	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, watch->family, 0, NLM_F_DUMP, cmd,
		    MIRACAST_NL_FAMILY_VERSION);
	nla_put(msg,
		cmd == MIRACAST_NL_CMD_ADAPTER_GET ? MIRACAST_NL_ADAPTER_DEVICE
						   : MIRACAST_NL_CONTEXT_DEVICE,
		size, &value);
	error = nl_send_auto(watch->socket, msg);
	nlmsg_free(msg);
	return error;
}

static int dump_with_device(struct watch *watch, int cmd, int fd)
{
	int error = ask_with_device(watch, cmd, fd, sizeof(uint32_t));

	return error < 0 ? error : nl_recvmsgs_default(watch->socket);
}

TEST(netlink_numbers_are_for_ever)
{
	static const struct {
		int number;
		int must_be;
	} numbers[] = {
		{MIRACAST_NL_FAMILY_VERSION, 1},
		{MIRACAST_NL_CMD_ADAPTER_GET, 1},
		{MIRACAST_NL_CMD_CONTEXT_GET, 2},
		{MIRACAST_NL_CMD_ADAPTER_NTF, 3},
		{MIRACAST_NL_CMD_CONTEXT_NTF, 4},
		{MIRACAST_NL_EVENT_ADAPTER_ADDED, 1},
		{MIRACAST_NL_EVENT_ADAPTER_REMOVED, 2},
		{MIRACAST_NL_EVENT_CONTEXT_CREATED, 3},
		{MIRACAST_NL_EVENT_CONTEXT_DESTROYED, 4},
		{MIRACAST_NL_EVENT_SESSION, 5},
		{MIRACAST_NL_EVENT_TIMEOUT, 6},
		{MIRACAST_NL_EVENT_OVERFLOW, 7},
		{MIRACAST_NL_ADAPTER_PAD, 1},
		{MIRACAST_NL_ADAPTER_INDEX, 2},
		{MIRACAST_NL_ADAPTER_NAME, 3},
		{MIRACAST_NL_ADAPTER_CONTEXTS, 4},
		{MIRACAST_NL_ADAPTER_MAX_CONTEXTS, 5},
		{MIRACAST_NL_ADAPTER_MAX_SLOTS, 6},
		{MIRACAST_NL_ADAPTER_MAX_MESSAGE, 7},
		{MIRACAST_NL_ADAPTER_TIMEOUT_MS, 8},
		{MIRACAST_NL_ADAPTER_WATCHDOG_MS, 9},
		{MIRACAST_NL_ADAPTER_EVENT, 10},
		{MIRACAST_NL_ADAPTER_SENT, 11},
		{MIRACAST_NL_ADAPTER_CALLBACKS, 12},
		{MIRACAST_NL_CONTEXT_PAD, 1},
		{MIRACAST_NL_CONTEXT_ADAPTER, 2},
		{MIRACAST_NL_CONTEXT_ID, 3},
		{MIRACAST_NL_CONTEXT_TARGET, 4},
		{MIRACAST_NL_CONTEXT_STATE, 5},
		{MIRACAST_NL_CONTEXT_FLAGS, 6},
		{MIRACAST_NL_CONTEXT_STOP_REASON, 7},
		{MIRACAST_NL_CONTEXT_GENERATION, 8},
		{MIRACAST_NL_CONTEXT_SLOTS, 9},
		{MIRACAST_NL_CONTEXT_OPEN, 10},
		{MIRACAST_NL_CONTEXT_WITH_DAEMON, 11},
		{MIRACAST_NL_CONTEXT_EVENT, 12},
		{MIRACAST_NL_CONTEXT_COUNT, 13},
		{MIRACAST_NL_CONTEXT_SENT, 14},
		{MIRACAST_NL_CONTEXT_REFUSED, 15},
		{MIRACAST_NL_CONTEXT_OVERFLOWED, 16},
		{MIRACAST_NL_CONTEXT_DELIVERED, 17},
		{MIRACAST_NL_CONTEXT_COMPLETED, 18},
		{MIRACAST_NL_CONTEXT_CANCELLED, 19},
		{MIRACAST_NL_CONTEXT_TIMED_OUT, 20},
		{MIRACAST_NL_CONTEXT_DISCONNECTED, 21},
		{MIRACAST_NL_CONTEXT_REMOVED, 22},
		{MIRACAST_NL_CONTEXT_CALLBACKS, 23},
		{MIRACAST_NL_CONTEXT_STALE, 24},
		{MIRACAST_NL_CONTEXT_REDELIVERED, 25},
		{MIRACAST_NL_CONTEXT_CHUNKS, 26},
		{MIRACAST_NL_CONTEXT_CHUNK_RESETS, 27},
	};
	unsigned int i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		EXPECT_EQ(numbers[i].must_be, numbers[i].number);
	EXPECT_STREQ("miracast", MIRACAST_NL_FAMILY_NAME);
	EXPECT_STREQ("events", MIRACAST_NL_GROUP_EVENTS);
}

/* The figures are taken while the message is there. */
struct adapter_seen {
	struct watch watch;
	unsigned int seen;
	char name[MIRACAST_ADAPTER_NAME_SIZE];
	uint32_t contexts, max_contexts, max_slots, max_message, timeout_ms, watchdog_ms;
	uint64_t sent, callbacks;
};

static void see_adapter(struct watch *watch, const struct news *news)
{
	struct adapter_seen *seen = (struct adapter_seen *)watch;

	if (number(news, MIRACAST_NL_ADAPTER_INDEX) != watch->adapter)
		return;
	seen->seen++;
	if (news->attrs[MIRACAST_NL_ADAPTER_NAME])
		nla_strlcpy(seen->name, news->attrs[MIRACAST_NL_ADAPTER_NAME], sizeof(seen->name));
	seen->contexts = number(news, MIRACAST_NL_ADAPTER_CONTEXTS);
	seen->max_contexts = number(news, MIRACAST_NL_ADAPTER_MAX_CONTEXTS);
	seen->max_slots = number(news, MIRACAST_NL_ADAPTER_MAX_SLOTS);
	seen->max_message = number(news, MIRACAST_NL_ADAPTER_MAX_MESSAGE);
	seen->timeout_ms = number(news, MIRACAST_NL_ADAPTER_TIMEOUT_MS);
	seen->watchdog_ms = number(news, MIRACAST_NL_ADAPTER_WATCHDOG_MS);
	seen->sent = counter(news, MIRACAST_NL_ADAPTER_SENT);
	seen->callbacks = counter(news, MIRACAST_NL_ADAPTER_CALLBACKS);
}

TEST_F(channel, netlink_lists_adapters_with_limits_and_past_counters)
{
	struct adapter_seen seen = {};

	START();
	ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	ASSERT_LT(0, open_watch(&seen.watch, see_adapter, self->index));
	ASSERT_EQ(0, dump(&seen.watch, MIRACAST_NL_CMD_ADAPTER_GET));
	EXPECT_EQ(1, seen.seen);
	EXPECT_STREQ(NAME, seen.name);
	EXPECT_EQ(1, seen.contexts);
	EXPECT_EQ(2, seen.max_contexts);
	EXPECT_EQ(64, seen.max_slots);
	EXPECT_EQ(MAX_MESSAGE, seen.max_message);
	EXPECT_EQ(20000, seen.timeout_ms);
	EXPECT_EQ(3000, seen.watchdog_ms);
	EXPECT_EQ(1, seen.sent);
	EXPECT_EQ(0, seen.callbacks);

	/* What a context did is not forgotten with it. */
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	ASSERT_EQ(0, dump(&seen.watch, MIRACAST_NL_CMD_ADAPTER_GET));
	EXPECT_EQ(2, seen.seen);
	EXPECT_EQ(0, seen.contexts);
	EXPECT_EQ(1, seen.sent);
	EXPECT_EQ(1, seen.callbacks);
	close_watch(&seen.watch);
}

/* Every number of a context, by its attribute. */
struct context_seen {
	struct watch watch;
	unsigned int seen;
	uint32_t numbers[MIRACAST_NL_CONTEXT_MAX + 1];
	uint64_t counters[MIRACAST_NL_CONTEXT_MAX + 1];
	uint32_t ids[MANY];
};

static void see_context(struct watch *watch, const struct news *news)
{
	struct context_seen *seen = (struct context_seen *)watch;
	int attr;

	if (number(news, MIRACAST_NL_CONTEXT_ADAPTER) != watch->adapter)
		return;
	for (attr = MIRACAST_NL_CONTEXT_ADAPTER; attr <= MIRACAST_NL_CONTEXT_MAX; attr++) {
		if (attr < MIRACAST_NL_CONTEXT_SENT)
			seen->numbers[attr] = number(news, attr);
		else
			seen->counters[attr] = counter(news, attr);
	}
	if (seen->seen < MANY)
		seen->ids[seen->seen] = seen->numbers[MIRACAST_NL_CONTEXT_ID];
	seen->seen++;
}

TEST_F(channel, netlink_lists_contexts_with_their_counters)
{
	struct miracast_message messages[4];
	struct context_seen seen = {};
	int i;

	START();
	for (i = 0; i < 3; i++)
		ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	ASSERT_EQ(STATUS_INVALID_BUFFER_SIZE, SEND(0, NULL, 0, MAX_MESSAGE + 1).status);
	ASSERT_EQ(2, fetch(self->fd, messages, 2, 0));
	ASSERT_EQ(0, complete(self->fd, messages[0].id, STATUS_SUCCESS, 0));

	ASSERT_LT(0, open_watch(&seen.watch, see_context, self->index));
	ASSERT_EQ(0, dump(&seen.watch, MIRACAST_NL_CMD_CONTEXT_GET));
	EXPECT_EQ(1, seen.seen);
	EXPECT_EQ(self->info.context_id, seen.numbers[MIRACAST_NL_CONTEXT_ID]);
	EXPECT_EQ(self->info.target_id, seen.numbers[MIRACAST_NL_CONTEXT_TARGET]);
	EXPECT_EQ(MIRACAST_STARTED, seen.numbers[MIRACAST_NL_CONTEXT_STATE]);
	EXPECT_EQ(0, seen.numbers[MIRACAST_NL_CONTEXT_FLAGS]);
	EXPECT_EQ(1, seen.numbers[MIRACAST_NL_CONTEXT_GENERATION]);
	EXPECT_EQ(SLOTS, seen.numbers[MIRACAST_NL_CONTEXT_SLOTS]);
	EXPECT_EQ(2, seen.numbers[MIRACAST_NL_CONTEXT_OPEN]);
	EXPECT_EQ(1, seen.numbers[MIRACAST_NL_CONTEXT_WITH_DAEMON]);
	EXPECT_EQ(3, seen.counters[MIRACAST_NL_CONTEXT_SENT]);
	EXPECT_EQ(1, seen.counters[MIRACAST_NL_CONTEXT_REFUSED]);
	EXPECT_EQ(0, seen.counters[MIRACAST_NL_CONTEXT_OVERFLOWED]);
	EXPECT_EQ(2, seen.counters[MIRACAST_NL_CONTEXT_DELIVERED]);
	EXPECT_EQ(1, seen.counters[MIRACAST_NL_CONTEXT_COMPLETED]);
	EXPECT_EQ(0, seen.counters[MIRACAST_NL_CONTEXT_CANCELLED]);
	EXPECT_EQ(1, seen.counters[MIRACAST_NL_CONTEXT_CALLBACKS]);

	/* The queued one is cancelled; the late completion of the other is stale. */
	ASSERT_EQ(0, write_attr(self->index, "timeout_ms", "1"));
	while (counters_of(self->test_fd, self->index).timed_out < 2)
		sleep_ms(10);
	ASSERT_EQ(1, complete(self->fd, messages[1].id, STATUS_SUCCESS, 0));
	ASSERT_EQ(0, dump(&seen.watch, MIRACAST_NL_CMD_CONTEXT_GET));
	EXPECT_EQ(0, seen.numbers[MIRACAST_NL_CONTEXT_OPEN]);
	EXPECT_EQ(0, seen.numbers[MIRACAST_NL_CONTEXT_WITH_DAEMON]);
	EXPECT_EQ(2, seen.counters[MIRACAST_NL_CONTEXT_TIMED_OUT]);
	EXPECT_EQ(1, seen.counters[MIRACAST_NL_CONTEXT_STALE]);
	EXPECT_EQ(3, seen.counters[MIRACAST_NL_CONTEXT_CALLBACKS]);
	close_watch(&seen.watch);
}

TEST_F(channel, netlink_lists_each_of_many_contexts_once)
{
	struct miracast_test_adapter adapter = default_adapter();
	struct miracast_context_info infos[MANY];
	struct context_seen seen = {};
	int fds[MANY], i;

	adapter.max_contexts = MANY;
	adapter.max_message = 64;
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	for (i = 0; i < MANY; i++) {
		fds[i] = open_adapter(adapter.index);
		ASSERT_EQ(0, handshake(fds[i], 0));
		ASSERT_EQ(0, create_context(fds[i], 0, 1, &infos[i]));
	}
	/* More than one message of the kernel holds. */
	ASSERT_LT(0, open_watch(&seen.watch, see_context, adapter.index));
	ASSERT_EQ(0, dump(&seen.watch, MIRACAST_NL_CMD_CONTEXT_GET));
	ASSERT_EQ(MANY, seen.seen);
	for (i = 1; i < MANY; i++)
		EXPECT_LT(seen.ids[i - 1], seen.ids[i]);
	for (i = 0; i < MANY; i++)
		close(fds[i]);
	close_watch(&seen.watch);
}

static void note_event(struct watch *watch, const struct news *news)
{
	bool adapter = news->cmd == MIRACAST_NL_CMD_ADAPTER_NTF;
	int attr;

	if (watch->n == 32 || number(news, adapter ? MIRACAST_NL_ADAPTER_INDEX
						   : MIRACAST_NL_CONTEXT_ADAPTER) != watch->adapter)
		return;
	watch->events[watch->n] =
		number(news, adapter ? MIRACAST_NL_ADAPTER_EVENT : MIRACAST_NL_CONTEXT_EVENT);
	watch->states[watch->n] = adapter ? ~0u : number(news, MIRACAST_NL_CONTEXT_STATE);
	watch->counts[watch->n] = adapter ? ~0u : number(news, MIRACAST_NL_CONTEXT_COUNT);
	watch->n++;
	for (attr = adapter ? MIRACAST_NL_ADAPTER_SENT : MIRACAST_NL_CONTEXT_SENT;
	     attr <= MIRACAST_NL_CONTEXT_MAX; attr++)
		watch->counters += !!news->attrs[attr];
	if (!adapter)
		watch->counters += !!news->attrs[MIRACAST_NL_CONTEXT_OPEN] +
				   !!news->attrs[MIRACAST_NL_CONTEXT_WITH_DAEMON];
}

static int open_events(struct watch *watch, uint32_t adapter)
{
	int group;

	if (open_watch(watch, note_event, adapter) < 0)
		return -1;
	group = genl_ctrl_resolve_grp(watch->socket, MIRACAST_NL_FAMILY_NAME,
				      MIRACAST_NL_GROUP_EVENTS);
	nl_socket_disable_seq_check(watch->socket);
	if (group < 0 || nl_socket_add_membership(watch->socket, group) ||
	    nl_socket_set_nonblocking(watch->socket))
		return -1;
	return 0;
}

/* Until @n events have come, or none more does. */
static void hear(struct watch *watch, unsigned int n)
{
	struct pollfd pollfd = {.fd = nl_socket_get_fd(watch->socket), .events = POLLIN};

	while (watch->n < n && poll(&pollfd, 1, SOON) > 0)
		nl_recvmsgs_default(watch->socket);
	if (poll(&pollfd, 1, NEVER) > 0)
		nl_recvmsgs_default(watch->socket);
}

TEST_F(channel, netlink_tells_the_life_of_an_adapter_in_order)
{
	static const uint32_t events[] = {
		MIRACAST_NL_EVENT_ADAPTER_ADDED,     MIRACAST_NL_EVENT_CONTEXT_CREATED,
		MIRACAST_NL_EVENT_SESSION,	     MIRACAST_NL_EVENT_SESSION,
		MIRACAST_NL_EVENT_SESSION,	     MIRACAST_NL_EVENT_SESSION,
		MIRACAST_NL_EVENT_CONTEXT_DESTROYED, MIRACAST_NL_EVENT_ADAPTER_REMOVED,
	};
	static const uint32_t states[] = {
		~0u,
		MIRACAST_CREATED,
		MIRACAST_START_PENDING,
		MIRACAST_STARTED,
		MIRACAST_STOP_PENDING,
		MIRACAST_STOPPED,
		MIRACAST_DESTROYED,
		~0u,
	};
	struct miracast_test_adapter adapter = default_adapter();
	struct miracast_context_info info;
	struct watch watch;
	unsigned int i;
	int fd;

	/* Its number is known once it is there, and then the first event is over. */
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	ASSERT_EQ(0, remove_adapter(self->test_fd, adapter.index));
	ASSERT_EQ(0, open_events(&watch, adapter.index));
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	watch.adapter = adapter.index;
	fd = open_adapter(adapter.index);
	ASSERT_EQ(0, handshake(fd, 0));
	ASSERT_EQ(0, create_context(fd, 0, 1, &info));
	ASSERT_EQ(0, start_session(fd));
	ASSERT_EQ(0, stop_session(fd));
	close(fd);
	ASSERT_EQ(0, remove_adapter(self->test_fd, adapter.index));

	hear(&watch, 8);
	ASSERT_EQ(8, watch.n);
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(events[i], watch.events[i]);
		EXPECT_EQ(states[i], watch.states[i]);
	}
	/* Anybody may hear them. */
	EXPECT_EQ(0, watch.counters);
	close_watch(&watch);
}

TEST_F(channel, netlink_tells_of_recovery_and_not_of_what_was_refused)
{
	struct miracast_test_behaviour behaviour = {
		.index = self->index,
		.create_status = STATUS_NO_MEMORY,
	};
	struct miracast_context_info info;
	struct watch watch;
	int fd;

	ASSERT_EQ(0, open_events(&watch, self->index));
	fd = open_adapter(self->index);
	ASSERT_EQ(0, handshake(fd, MIRACAST_FEATURE_RECOVER));
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_BEHAVE, &behaviour));
	ASSERT_EQ(-ENOMEM, create_context(fd, 0, 1, &info));
	behaviour.create_status = STATUS_SUCCESS;
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_BEHAVE, &behaviour));
	ASSERT_EQ(0, create_context(fd, MIRACAST_CONTEXT_RECOVER, 1, &info));
	ASSERT_EQ(0, start_session(fd));
	info = (struct miracast_context_info){.size = sizeof(info)};
	ASSERT_EQ(0, call(fd, MIRACAST_IOC_RECOVER, &info));

	hear(&watch, 4);
	ASSERT_EQ(4, watch.n);
	EXPECT_EQ(MIRACAST_NL_EVENT_CONTEXT_CREATED, watch.events[0]);
	EXPECT_EQ(MIRACAST_STARTED, watch.states[2]);
	EXPECT_EQ(MIRACAST_NL_EVENT_SESSION, watch.events[3]);
	EXPECT_EQ(MIRACAST_CREATED, watch.states[3]);
	close(fd);
	close_watch(&watch);
}

static void ignore(struct watch *watch, const struct news *news)
{
}

TEST(netlink_refuses_what_it_does_not_know)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct watch watch;

	ASSERT_LT(0, open_watch(&watch, ignore, 0));
	/* There is nothing to choose by yet, and a filter that is ignored would lie. */
	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, watch.family, 0, NLM_F_DUMP,
		    MIRACAST_NL_CMD_CONTEXT_GET, MIRACAST_NL_FAMILY_VERSION);
	nla_put_u32(msg, MIRACAST_NL_CONTEXT_ADAPTER, 0);
	ASSERT_LE(0, nl_send_auto(watch.socket, msg));
	EXPECT_GT(0, nl_recvmsgs_default(watch.socket));
	nlmsg_free(msg);
	close_watch(&watch);
}

TEST_F(channel, netlink_tells_of_overflow_once_and_of_timeouts)
{
	struct miracast_message message;
	struct watch watch;
	uint32_t timed_out = 0;
	unsigned int i;

	START();
	ASSERT_EQ(0, open_events(&watch, self->index));
	for (i = 0; i < SLOTS; i++)
		ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	ASSERT_EQ(STATUS_INSUFFICIENT_RESOURCES, SEND(0, NULL, 0, 0).status);
	ASSERT_EQ(STATUS_INSUFFICIENT_RESOURCES, SEND(0, NULL, 0, 0).status);
	hear(&watch, 1);
	ASSERT_EQ(1, watch.n);
	EXPECT_EQ(MIRACAST_NL_EVENT_OVERFLOW, watch.events[0]);
	/* One was accepted since: the next overflow is another. */
	FETCH(&message);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 0));
	ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	ASSERT_EQ(STATUS_INSUFFICIENT_RESOURCES, SEND(0, NULL, 0, 0).status);
	hear(&watch, 2);
	ASSERT_EQ(2, watch.n);
	EXPECT_EQ(MIRACAST_NL_EVENT_OVERFLOW, watch.events[1]);

	ASSERT_EQ(0, write_attr(self->index, "timeout_ms", "1"));
	while (counters_of(self->test_fd, self->index).timed_out < SLOTS)
		sleep_ms(10);
	hear(&watch, 3);
	for (i = 2; i < watch.n; i++) {
		EXPECT_EQ(MIRACAST_NL_EVENT_TIMEOUT, watch.events[i]);
		timed_out += watch.counts[i];
	}
	EXPECT_EQ(SLOTS, timed_out);
	close_watch(&watch);
}

/* What a user without rights sees: a failed expectation is the child's exit status. */
static int watch_as_nobody(uint32_t index, uint32_t context_id)
{
	struct adapter_seen adapter = {};
	struct context_seen context = {};
	char value[64];
	uint32_t attr;

	if (setgid(65534) || setuid(65534))
		return 1;
	if (open_watch(&adapter.watch, see_adapter, index) <= 0 ||
	    dump(&adapter.watch, MIRACAST_NL_CMD_ADAPTER_GET) || adapter.seen != 1)
		return 2;
	if (strcmp(adapter.name, NAME) || adapter.contexts != 1)
		return 3;
	if (adapter.sent != ~0ull || adapter.callbacks != ~0ull)
		return 4;
	if (open_watch(&context.watch, see_context, index) <= 0 ||
	    dump(&context.watch, MIRACAST_NL_CMD_CONTEXT_GET) || context.seen != 1)
		return 5;
	if (context.numbers[MIRACAST_NL_CONTEXT_ID] != context_id ||
	    context.numbers[MIRACAST_NL_CONTEXT_STATE] != MIRACAST_STARTED)
		return 6;
	if (context.numbers[MIRACAST_NL_CONTEXT_OPEN] != ~0u ||
	    context.numbers[MIRACAST_NL_CONTEXT_WITH_DAEMON] != ~0u)
		return 7;
	for (attr = MIRACAST_NL_CONTEXT_SENT; attr <= MIRACAST_NL_CONTEXT_MAX; attr++)
		if (context.counters[attr] != ~0ull)
			return 8;
	if (read_attr(index, "name", value, sizeof(value)) || strcmp(value, NAME "\n"))
		return 9;
	return read_attr(index, "pending", value, sizeof(value)) == -EACCES ? 0 : 10;
}

TEST_F(channel, counters_are_not_for_everybody)
{
	int wstatus;
	pid_t child;

	START();
	ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	child = fork();
	ASSERT_GE(child, 0);
	if (!child)
		_exit(watch_as_nobody(self->index, self->info.context_id));
	ASSERT_EQ(child, waitpid(child, &wstatus, 0));
	EXPECT_TRUE(WIFEXITED(wstatus));
	EXPECT_EQ(0, WEXITSTATUS(wstatus));
}

static int watch_as_nobody_with_device(uint32_t index, int fd, uint32_t other)
{
	struct adapter_seen adapter = {};
	struct context_seen context = {};

	if (setgid(65534) || setuid(65534))
		return 1;
	if (open_watch(&adapter.watch, see_adapter, index) <= 0 ||
	    dump_with_device(&adapter.watch, MIRACAST_NL_CMD_ADAPTER_GET, fd) || adapter.seen != 1)
		return 2;
	if (strcmp(adapter.name, NAME) || adapter.contexts != 1 || adapter.sent != 1 ||
	    adapter.callbacks != 0)
		return 3;
	if (open_watch(&context.watch, see_context, index) <= 0 ||
	    dump_with_device(&context.watch, MIRACAST_NL_CMD_CONTEXT_GET, fd) || context.seen != 1)
		return 4;
	if (context.numbers[MIRACAST_NL_CONTEXT_OPEN] != 1 ||
	    context.counters[MIRACAST_NL_CONTEXT_SENT] != 1 ||
	    context.counters[MIRACAST_NL_CONTEXT_CHUNK_RESETS] != 0)
		return 5;
	/* Of others nothing at all. */
	adapter.watch.adapter = other;
	context.watch.adapter = other;
	if (dump_with_device(&adapter.watch, MIRACAST_NL_CMD_ADAPTER_GET, fd) ||
	    dump_with_device(&context.watch, MIRACAST_NL_CMD_CONTEXT_GET, fd))
		return 6;
	return adapter.seen == 1 && context.seen == 1 ? 0 : 7;
}

TEST_F(channel, counters_are_for_who_has_the_device_open)
{
	struct miracast_test_adapter other = default_adapter();
	struct miracast_context_info info;
	int fd, other_fd, wstatus;
	char path[32];
	pid_t child;

	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &other));
	other_fd = open_adapter(other.index);
	ASSERT_EQ(0, handshake(other_fd, 0));
	ASSERT_EQ(0, create_context(other_fd, 0, 1, &info));

	START();
	ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	/* Whoever may open it: to read is enough, and makes nobody a daemon. */
	snprintf(path, sizeof(path), "/dev/miracast%u", self->index);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	child = fork();
	ASSERT_GE(child, 0);
	if (!child)
		_exit(watch_as_nobody_with_device(self->index, fd, other.index));
	ASSERT_EQ(child, waitpid(child, &wstatus, 0));
	EXPECT_TRUE(WIFEXITED(wstatus));
	EXPECT_EQ(0, WEXITSTATUS(wstatus));
	close(fd);
	close(other_fd);
}

TEST_F(channel, netlink_refuses_a_descriptor_that_is_no_adapters)
{
	static const int cmds[] = {MIRACAST_NL_CMD_ADAPTER_GET, MIRACAST_NL_CMD_CONTEXT_GET};
	int null = open("/dev/null", O_RDWR), directory = open("/", O_PATH), pipes[2];
	struct miracast_test_adapter adapter = default_adapter();
	struct watch watch;
	unsigned int i;
	char path[32];
	int fd, path_fd;

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	fd = open_adapter(adapter.index);
	snprintf(path, sizeof(path), "/dev/miracast%u", self->index);
	path_fd = open(path, O_PATH);
	ASSERT_LE(0, path_fd);
	ASSERT_LT(0, open_watch(&watch, ignore, 0));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-NLE_BAD_SOCK, dump_with_device(&watch, cmds[i], -1));
		EXPECT_EQ(-NLE_BAD_SOCK, dump_with_device(&watch, cmds[i], directory));
		/* A place in the file system is nothing that was opened. */
		EXPECT_EQ(-NLE_BAD_SOCK, dump_with_device(&watch, cmds[i], path_fd));
		EXPECT_EQ(-NLE_NODEV, dump_with_device(&watch, cmds[i], null));
		EXPECT_EQ(-NLE_NODEV, dump_with_device(&watch, cmds[i], pipes[0]));
		EXPECT_EQ(-NLE_NODEV, dump_with_device(&watch, cmds[i], self->test_fd));
		ASSERT_LE(0, ask_with_device(&watch, cmds[i], fd, 3));
		EXPECT_GT(0, nl_recvmsgs_default(watch.socket));
		EXPECT_EQ(0, dump_with_device(&watch, cmds[i], fd));
	}
	/* What was opened is gone. */
	ASSERT_EQ(0, remove_adapter(self->test_fd, adapter.index));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(-NLE_NODEV, dump_with_device(&watch, cmds[i], fd));
	close_watch(&watch);
	close(fd);
	close(path_fd);
	close(directory);
	close(null);
	close(pipes[0]);
	close(pipes[1]);
}

/* A dump that nobody reads to its end holds the adapter no longer than its socket is there. */
TEST_F(channel, netlink_lets_go_of_a_device_with_the_dump)
{
	struct miracast_test_adapter adapter = default_adapter(), next;
	struct miracast_context_info info;
	int fds[MANY], fd, i;
	struct watch watch;
	char path[32];

	adapter.max_contexts = MANY;
	adapter.max_message = 64;
	next = adapter;
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &adapter));
	for (i = 0; i < MANY; i++) {
		fds[i] = open_adapter(adapter.index);
		ASSERT_EQ(0, handshake(fds[i], 0));
		ASSERT_EQ(0, create_context(fds[i], 0, 1, &info));
	}
	snprintf(path, sizeof(path), "/dev/miracast%u", adapter.index);
	fd = open(path, O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_LT(0, open_watch(&watch, ignore, 0));
	ASSERT_LE(0, ask_with_device(&watch, MIRACAST_NL_CMD_CONTEXT_GET, fd, sizeof(uint32_t)));
	close(fd);
	for (i = 0; i < MANY; i++)
		close(fds[i]);
	ASSERT_EQ(0, remove_adapter(self->test_fd, adapter.index));
	ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &next));
	EXPECT_NE(adapter.index, next.index);
	close_watch(&watch);
	/* Its number is free again: at once, or on a debug kernel in a while. */
	for (i = 0; i < 20 && next.index != adapter.index; i++) {
		sleep_ms(i ? SOON / 20 : 0);
		ASSERT_EQ(0, call(self->test_fd, MIRACAST_TEST_ADD, &next));
	}
	EXPECT_EQ(adapter.index, next.index);
}

/* Adapters are the machine's, and a container has a network of its own. */
TEST(netlink_is_not_in_other_network_namespaces)
{
	struct watch watch;
	int wstatus;
	pid_t child;

	ASSERT_LT(0, open_watch(&watch, ignore, 0));
	close_watch(&watch);
	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		if (unshare(CLONE_NEWNET))
			_exit(errno == EINVAL ? 2 : 1);
		_exit(open_watch(&watch, ignore, 0) != -NLE_OBJ_NOTFOUND);
	}
	ASSERT_EQ(child, waitpid(child, &wstatus, 0));
	ASSERT_TRUE(WIFEXITED(wstatus));
	if (WEXITSTATUS(wstatus) == 2)
		SKIP(return, "this kernel has no network namespaces");
	EXPECT_EQ(0, WEXITSTATUS(wstatus));
}

TEST_F(channel, sysfs_has_one_value_in_a_file)
{
	static const char *const names[] = {
		"name",	       "max_chunk_private_data",
		"hdcp",	       "contexts",
		"pending",     "timeout_ms",
		"watchdog_ms",
	};
	static const char *const values[] = {NAME "\n", "64\n",	   "0\n",   "1\n",
					     "0\n",	"20000\n", "3000\n"};
	char value[128];
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ASSERT_EQ(0, read_attr(self->index, names[i], value, sizeof(value)));
		EXPECT_STREQ(values[i], value);
	}
	ASSERT_EQ(STATUS_PENDING, SEND(0, NULL, 0, 0).status);
	ASSERT_EQ(0, read_attr(self->index, "pending", value, sizeof(value)));
	EXPECT_STREQ("1\n", value);
	ASSERT_EQ(0, call(self->fd, MIRACAST_IOC_DESTROY_CONTEXT, NULL));
	ASSERT_EQ(0, read_attr(self->index, "contexts", value, sizeof(value)));
	EXPECT_STREQ("0\n", value);
	EXPECT_EQ(-EINVAL, write_attr(self->index, "abort", "0"));
	EXPECT_EQ(-EINVAL, write_attr(self->index, "abort", "please"));
}

/* Every tracepoint, and its fields: who reads them relies on these names. */
static const struct {
	const char *name;
	const char *fields;
} tracepoints[] = {
	{"miracast_send", "context id input_size output_size has_callback status "},
	{"miracast_deliver", "context id flags "},
	{"miracast_complete", "context id status information "},
	{"miracast_end", "context id status information "},
	{"miracast_callback", "context id status information "},
	{"miracast_session", "context state flags reason "},
	{"miracast_io_control",
	 "context input_size output_size hardware_access status bytes_returned "},
	{"miracast_report_chunk_info",
	 "context chunk_type chunk_id processing_time encode_rate status "},
	{"miracast_complete_chunk",
	 "context chunk_type chunk_id processing_time encode_rate status "},
	{"miracast_report_session_status", "context miracast_status status "},
	{"miracast_report_statistic", "context statistic_type value "},
};

/* The fields that an event has beside those of all events. */
static void read_fields(const char *event, char *fields)
{
	char path[128], line[256], *end, *begin;
	FILE *file;

	*fields = '\0';
	snprintf(path, sizeof(path), TRACING "/events/miracast/%s/format", event);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		/* "	field:u64 id;	offset:16;	size:8;	signed:0;" */
		end = strstr(line, "field:") ? strchr(line, ';') : NULL;
		if (!end)
			continue;
		*end = '\0';
		begin = strrchr(line, ' ');
		if (begin && strncmp(begin + 1, "common_", 7))
			sprintf(fields + strlen(fields), "%s ", begin + 1);
	}
	if (file)
		fclose(file);
}

TEST(tracepoints_have_the_fields_that_they_had)
{
	struct dirent *entry;
	char fields[1024];
	unsigned int i, n = 0;
	DIR *directory;

	for (i = 0; i < sizeof(tracepoints) / sizeof(tracepoints[0]); i++) {
		read_fields(tracepoints[i].name, fields);
		EXPECT_STREQ(tracepoints[i].fields, fields)
		{
			TH_LOG("%s", tracepoints[i].name);
		}
	}
	directory = opendir(TRACING "/events/miracast");
	ASSERT_NE(NULL, directory);
	while ((entry = readdir(directory)))
		n += !strncmp(entry->d_name, "miracast_", 9);
	closedir(directory);
	EXPECT_EQ(i, n);
}

TEST_F(channel, the_trace_tells_the_life_of_a_message)
{
	static const char *const steps[] = {"send", "deliver", "complete", "callback"};
	const char *trace = TRACING "/instances/miracast-watch";
	struct miracast_message message;
	unsigned int step = 0;
	char path[128], line[512], want[64];
	FILE *file;

	START();
	rmdir(trace);
	ASSERT_EQ(0, mkdir(trace, 0700));
	snprintf(path, sizeof(path), "%s/events/miracast/enable", trace);
	ASSERT_EQ(0, write_file(path, "1"));
	ASSERT_EQ(STATUS_PENDING, SEND(0, "12", 2, 5).status);
	FETCH(&message);
	ASSERT_EQ(0, complete(self->fd, message.id, STATUS_SUCCESS, 3));
	ASSERT_EQ(0, write_file(path, "0"));

	snprintf(path, sizeof(path), "%s/trace", trace);
	file = fopen(path, "r");
	ASSERT_NE(NULL, file);
	snprintf(want, sizeof(want), " context=%u id=%llu ", self->info.context_id,
		 (unsigned long long)message.id);
	while (fgets(line, sizeof(line), file)) {
		if (!strstr(line, want))
			continue;
		ASSERT_LT(step, 4);
		snprintf(path, sizeof(path), "miracast_%s:", steps[step]);
		EXPECT_NE(NULL, strstr(line, path));
		EXPECT_NE(NULL, strstr(line, step == 0	 ? "input_size=2 output_size=5 callback=1 "
							   "status=0x00000103"
					     : step == 1 ? "flags=0x0"
							 : "status=0x00000000 information=3"));
		step++;
	}
	fclose(file);
	EXPECT_EQ(4, step);
	EXPECT_EQ(0, rmdir(trace));
}

TEST_HARNESS_MAIN
