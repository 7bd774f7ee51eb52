// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel says of its Miracast channel, over generic netlink; no daemon is needed. */
#include "commands.h"

#include <fcntl.h>
#include <linux/miracast.h>
#include <linux/miracast_netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define WATCH_INTERVAL_S 1

typedef struct nl_sock NlSocket;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NlSocket, nl_socket_free)

typedef struct nl_msg NlMsg;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NlMsg, nlmsg_free)

typedef enum {
	KIND_NUMBER, /* u32 */
	KIND_COUNT, /* u64 */
	KIND_STRING,
	KIND_STATE,
	KIND_EVENT,
} CtlAttributeKind;

typedef struct {
	int type;
	CtlAttributeKind kind;
	const char *name;
} CtlAttribute;

static const CtlAttribute adapter_attributes[] = {
	{MIRACAST_NL_ADAPTER_EVENT, KIND_EVENT, "event"},
	{MIRACAST_NL_ADAPTER_INDEX, KIND_NUMBER, "adapter"},
	{MIRACAST_NL_ADAPTER_NAME, KIND_STRING, "name"},
	{MIRACAST_NL_ADAPTER_CONTEXTS, KIND_NUMBER, "contexts"},
	{MIRACAST_NL_ADAPTER_MAX_CONTEXTS, KIND_NUMBER, "max-contexts"},
	{MIRACAST_NL_ADAPTER_MAX_SLOTS, KIND_NUMBER, "max-slots"},
	{MIRACAST_NL_ADAPTER_MAX_MESSAGE, KIND_NUMBER, "max-message"},
	{MIRACAST_NL_ADAPTER_TIMEOUT_MS, KIND_NUMBER, "timeout-ms"},
	{MIRACAST_NL_ADAPTER_WATCHDOG_MS, KIND_NUMBER, "watchdog-ms"},
	{MIRACAST_NL_ADAPTER_SENT, KIND_COUNT, "sent"},
	{MIRACAST_NL_ADAPTER_CALLBACKS, KIND_COUNT, "callbacks"},
};

static const CtlAttribute context_attributes[] = {
	{MIRACAST_NL_CONTEXT_EVENT, KIND_EVENT, "event"},
	{MIRACAST_NL_CONTEXT_COUNT, KIND_NUMBER, "count"},
	{MIRACAST_NL_CONTEXT_ADAPTER, KIND_NUMBER, "adapter"},
	{MIRACAST_NL_CONTEXT_ID, KIND_NUMBER, "context"},
	{MIRACAST_NL_CONTEXT_TARGET, KIND_NUMBER, "target"},
	{MIRACAST_NL_CONTEXT_STATE, KIND_STATE, "state"},
	{MIRACAST_NL_CONTEXT_FLAGS, KIND_NUMBER, "flags"},
	{MIRACAST_NL_CONTEXT_STOP_REASON, KIND_NUMBER, "stop-reason"},
	{MIRACAST_NL_CONTEXT_GENERATION, KIND_NUMBER, "generation"},
	{MIRACAST_NL_CONTEXT_SLOTS, KIND_NUMBER, "slots"},
	{MIRACAST_NL_CONTEXT_OPEN, KIND_NUMBER, "open"},
	{MIRACAST_NL_CONTEXT_WITH_DAEMON, KIND_NUMBER, "with-daemon"},
	{MIRACAST_NL_CONTEXT_SENT, KIND_COUNT, "sent"},
	{MIRACAST_NL_CONTEXT_DELIVERED, KIND_COUNT, "delivered"},
	{MIRACAST_NL_CONTEXT_COMPLETED, KIND_COUNT, "completed"},
	{MIRACAST_NL_CONTEXT_CANCELLED, KIND_COUNT, "cancelled"},
	{MIRACAST_NL_CONTEXT_TIMED_OUT, KIND_COUNT, "timed-out"},
	{MIRACAST_NL_CONTEXT_DISCONNECTED, KIND_COUNT, "disconnected"},
	{MIRACAST_NL_CONTEXT_REMOVED, KIND_COUNT, "removed"},
	{MIRACAST_NL_CONTEXT_CALLBACKS, KIND_COUNT, "callbacks"},
	{MIRACAST_NL_CONTEXT_REFUSED, KIND_COUNT, "refused"},
	{MIRACAST_NL_CONTEXT_OVERFLOWED, KIND_COUNT, "overflowed"},
	{MIRACAST_NL_CONTEXT_STALE, KIND_COUNT, "stale"},
	{MIRACAST_NL_CONTEXT_REDELIVERED, KIND_COUNT, "redelivered"},
	{MIRACAST_NL_CONTEXT_CHUNKS, KIND_COUNT, "chunks"},
	{MIRACAST_NL_CONTEXT_CHUNK_RESETS, KIND_COUNT, "chunk-resets"},
};

static const char *state_name(guint32 state)
{
	static const char *const names[] = {
		[MIRACAST_STOPPED] = "stopped", [MIRACAST_START_PENDING] = "start-pending",
		[MIRACAST_STARTED] = "started", [MIRACAST_STOP_PENDING] = "stop-pending",
		[MIRACAST_CREATED] = "created", [MIRACAST_DESTROYED] = "destroyed",
	};

	return state < G_N_ELEMENTS(names) ? names[state] : "unknown";
}

static const char *event_name(guint32 event)
{
	static const char *const names[] = {
		[MIRACAST_NL_EVENT_ADAPTER_ADDED] = "adapter-added",
		[MIRACAST_NL_EVENT_ADAPTER_REMOVED] = "adapter-removed",
		[MIRACAST_NL_EVENT_CONTEXT_CREATED] = "context-created",
		[MIRACAST_NL_EVENT_CONTEXT_DESTROYED] = "context-destroyed",
		[MIRACAST_NL_EVENT_SESSION] = "session",
		[MIRACAST_NL_EVENT_TIMEOUT] = "timeout",
		[MIRACAST_NL_EVENT_OVERFLOW] = "overflow",
	};

	return event < G_N_ELEMENTS(names) && names[event] ? names[event] : "unknown";
}

static GVariant *get_value(const CtlAttribute *attribute, struct nlattr *nla)
{
	switch (attribute->kind) {
	case KIND_NUMBER: return g_variant_new_uint32(nla_get_u32(nla));
	case KIND_COUNT: return g_variant_new_uint64(nla_get_u64(nla));
	case KIND_STRING: return g_variant_new_string(nla_get_string(nla));
	case KIND_STATE: return g_variant_new_string(state_name(nla_get_u32(nla)));
	case KIND_EVENT: return g_variant_new_string(event_name(nla_get_u32(nla)));
	}
	g_assert_not_reached();
}

/* A message of the family: a{sv} in the order of the tables; transfer full. */
static GVariant *parse(struct nl_msg *message)
{
	struct genlmsghdr *header = genlmsg_hdr(nlmsg_hdr(message));
	bool context = header->cmd == MIRACAST_NL_CMD_CONTEXT_GET ||
		       header->cmd == MIRACAST_NL_CMD_CONTEXT_NTF;
	const CtlAttribute *attributes = context ? context_attributes : adapter_attributes;
	size_t n = context ? G_N_ELEMENTS(context_attributes) : G_N_ELEMENTS(adapter_attributes);
	g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);

	for (size_t i = 0; i < n; i++) {
		struct nlattr *nla = nla_find(genlmsg_attrdata(header, 0),
					      genlmsg_attrlen(header, 0), attributes[i].type);

		if (nla)
			g_variant_builder_add(&builder, "{sv}", attributes[i].name,
					      get_value(&attributes[i], nla));
	}
	return g_variant_ref_sink(g_variant_builder_end(&builder));
}

/* NULL after having complained. */
static NlSocket *connect_to_channel(int *family, CtlStatus *status)
{
	g_autoptr(NlSocket) sock = nl_socket_alloc();
	int error = genl_connect(sock);

	if (error) {
		ctl_complain("generic netlink: %s", nl_geterror(error));
		*status = CTL_FAILED;
		return NULL;
	}
	*family = genl_ctrl_resolve(sock, MIRACAST_NL_FAMILY_NAME);
	if (*family < 0) {
		ctl_complain("the kernel has no Miracast channel: load it with 'modprobe "
			     "miracast_display'");
		*status = CTL_NO_CHANNEL;
		return NULL;
	}
	return g_steal_pointer(&sock);
}

static int add_parsed(struct nl_msg *message, void *data)
{
	g_ptr_array_add(data, parse(message));
	return NL_OK;
}

static guint64 get_count(GVariant *dict, const char *name)
{
	guint64 count = 0;
	guint32 number = 0;

	if (g_variant_lookup(dict, name, "u", &number))
		return number;
	g_variant_lookup(dict, name, "t", &count);
	return count;
}

/*
 * One request; of one adapter alone if @device, a descriptor of its node, is not -1.
 *
 * Returns: (element-type GVariant): NULL after having set @error to one of libnl's
 */
static GPtrArray *dump_once(NlSocket *sock, int family, enum miracast_nl_cmd command, int device,
			    int *error)
{
	int attribute = command == MIRACAST_NL_CMD_ADAPTER_GET ? MIRACAST_NL_ADAPTER_DEVICE
							       : MIRACAST_NL_CONTEXT_DEVICE;
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
	g_autoptr(NlMsg) request = nlmsg_alloc();

	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, add_parsed, all);
	genlmsg_put(request, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, NLM_F_DUMP, command,
		    MIRACAST_NL_FAMILY_VERSION);
	if (device >= 0)
		nla_put_u32(request, attribute, device);
	*error = nl_send_auto(sock, request);
	if (*error >= 0)
		*error = nl_recvmsgs_default(sock);
	return *error < 0 ? NULL : g_steal_pointer(&all);
}

/* With the counters of an adapter; NULL when the caller may not open its node. */
static GPtrArray *dump_counted(NlSocket *sock, int family, enum miracast_nl_cmd command,
			       guint64 adapter)
{
	g_autofree char *node = g_strdup_printf("/dev/miracast%" G_GUINT64_FORMAT, adapter);
	g_autoptr(GPtrArray) all = NULL;
	int device, error;

	device = open(node, O_RDONLY | O_CLOEXEC);
	if (device < 0)
		return NULL;
	all = dump_once(sock, family, command, device, &error);
	close(device);
	return g_steal_pointer(&all);
}

/*
 * Counters are shown to CAP_NET_ADMIN, and to who has the node open.
 *
 * Returns: (element-type GVariant): NULL after having complained
 */
static GPtrArray *dump(NlSocket *sock, int family, enum miracast_nl_cmd command)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
	g_autoptr(GPtrArray) plain = NULL;
	guint64 done = G_MAXUINT64;
	int error;

	plain = dump_once(sock, family, command, -1, &error);
	if (!plain) {
		ctl_complain("generic netlink: %s", nl_geterror(error));
		return NULL;
	}
	for (guint i = 0; i < plain->len; i++) {
		guint64 adapter = get_count(plain->pdata[i], "adapter");
		GPtrArray *counted = NULL;

		if (adapter == done)
			continue;
		if (!g_variant_lookup(plain->pdata[i], "sent", "t", NULL))
			counted = dump_counted(sock, family, command, adapter);
		if (counted) {
			g_ptr_array_extend_and_steal(all, counted);
			done = adapter;
		} else {
			g_ptr_array_add(all, g_variant_ref(plain->pdata[i]));
		}
	}
	return g_steal_pointer(&all);
}

static void print_json_list(GPtrArray *all)
{
	g_autoptr(GVariant) list = g_variant_ref_sink(g_variant_new_array(
		G_VARIANT_TYPE_VARDICT, (GVariant *const *)all->pdata, all->len));

	ctl_print_json(list);
}

/* What the kernel does not show to everybody is "-" for the others. */
static char *format_count(GVariant *dict, const char *name)
{
	g_autoptr(GVariant) value = g_variant_lookup_value(dict, name, NULL);

	if (!value)
		return g_strdup("-");
	return g_strdup_printf("%" G_GUINT64_FORMAT, get_count(dict, name));
}

static CtlStatus show_adapters(const Ctl *ctl, int argc, char **argv)
{
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(NlSocket) sock = NULL;
	g_autoptr(GPtrArray) all = NULL;
	CtlStatus status = CTL_OK;
	int family;

	if (!ctl_parse(ctl, entries, NULL, 0, 0, &argc, &argv))
		return CTL_USAGE;
	sock = connect_to_channel(&family, &status);
	if (!sock)
		return status;
	all = dump(sock, family, MIRACAST_NL_CMD_ADAPTER_GET);
	if (!all)
		return CTL_FAILED;
	if (json) {
		print_json_list(all);
		return CTL_OK;
	}
	printf("%-16s %-24s %9s %12s %12s\n", "NODE", "NAME", "CONTEXTS", "SENT", "CALLBACKS");
	for (guint i = 0; i < all->len; i++) {
		g_autofree char *node = NULL;
		g_autofree char *contexts = NULL;
		g_autofree char *sent = NULL;
		g_autofree char *callbacks = NULL;
		const char *name = "";

		g_variant_lookup(all->pdata[i], "name", "&s", &name);
		node = g_strdup_printf("/dev/miracast%" G_GUINT64_FORMAT,
				       get_count(all->pdata[i], "adapter"));
		contexts = g_strdup_printf("%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
					   get_count(all->pdata[i], "contexts"),
					   get_count(all->pdata[i], "max-contexts"));
		sent = format_count(all->pdata[i], "sent");
		callbacks = format_count(all->pdata[i], "callbacks");
		printf("%-16s %-24s %9s %12s %12s\n", node, name, contexts, sent, callbacks);
	}
	return CTL_OK;
}

static void print_stats(GPtrArray *all, GHashTable *before)
{
	static const char *const columns[] = {
		"open",		"sent",	   "completed", "cancelled", "timed-out",
		"disconnected", "removed", "callbacks", "refused",   "overflowed",
	};

	printf("%-8s %-8s %-14s", "ADAPTER", "CONTEXT", "STATE");
	for (size_t i = 0; i < G_N_ELEMENTS(columns); i++)
		printf(" %12s", columns[i]);
	if (before)
		printf(" %9s", "sent/s");
	putchar('\n');
	for (guint n = 0; n < all->len; n++) {
		GVariant *context = all->pdata[n];
		guint64 id = get_count(context, "context");
		guint64 sent = get_count(context, "sent");
		const char *state = "";

		g_variant_lookup(context, "state", "&s", &state);
		printf("%-8" G_GUINT64_FORMAT " %-8" G_GUINT64_FORMAT " %-14s",
		       get_count(context, "adapter"), id, state);
		for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
			g_autofree char *count = format_count(context, columns[i]);

			printf(" %12s", count);
		}
		if (before) {
			guint64 *last = g_hash_table_lookup(before, &id);

			/* Fewer than before: another context with the number of one that is gone. */
			printf(" %9" G_GUINT64_FORMAT,
			       last && *last <= sent ? (sent - *last) / WATCH_INTERVAL_S : 0);
			g_hash_table_replace(before, g_memdup2(&id, sizeof(id)),
					     g_memdup2(&sent, sizeof(sent)));
		}
		putchar('\n');
	}
	fflush(stdout);
}

static CtlStatus show_stats(const Ctl *ctl, int argc, char **argv)
{
	gboolean json = FALSE, watch = FALSE;
	const GOptionEntry entries[] = {
		{"watch", 0, 0, G_OPTION_ARG_NONE, &watch, "Print again each second", NULL},
		{"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GHashTable) before = NULL;
	g_autoptr(NlSocket) sock = NULL;
	CtlStatus status = CTL_OK;
	int family;

	if (!ctl_parse(ctl, entries, NULL, 0, 0, &argc, &argv))
		return CTL_USAGE;
	sock = connect_to_channel(&family, &status);
	if (!sock)
		return status;
	if (watch)
		before = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	do {
		g_autoptr(GPtrArray) all = dump(sock, family, MIRACAST_NL_CMD_CONTEXT_GET);

		if (!all)
			return CTL_FAILED;
		if (json)
			print_json_list(all);
		else
			print_stats(all, before);
		if (watch)
			g_usleep(WATCH_INTERVAL_S * G_USEC_PER_SEC);
	} while (watch);
	return CTL_OK;
}

static int print_event(struct nl_msg *message, void *data)
{
	const gboolean *json = data;
	g_autoptr(GVariant) event = parse(message);
	const char *name = "";
	GVariantIter iter;
	const char *key;
	GVariant *value;

	if (*json) {
		ctl_print_json(event);
		return NL_OK;
	}
	g_variant_lookup(event, "event", "&s", &name);
	printf("%s", name);
	g_variant_iter_init(&iter, event);
	while (g_variant_iter_loop(&iter, "{&sv}", &key, &value)) {
		g_autofree char *text = NULL;

		if (!strcmp(key, "event"))
			continue;
		text = g_variant_is_of_type(value, G_VARIANT_TYPE_STRING)
			       ? g_variant_dup_string(value, NULL)
			       : g_variant_print(value, FALSE);
		printf(" %s=%s", key, text);
	}
	putchar('\n');
	fflush(stdout);
	return NL_OK;
}

static CtlStatus monitor(const Ctl *ctl, int argc, char **argv)
{
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON, an event a line", NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(NlSocket) sock = NULL;
	CtlStatus status = CTL_OK;
	int family, error;

	if (!ctl_parse(ctl, entries, NULL, 0, 0, &argc, &argv))
		return CTL_USAGE;
	sock = connect_to_channel(&family, &status);
	if (!sock)
		return status;
	nl_socket_disable_seq_check(sock);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, print_event, &json);
	error = genl_ctrl_resolve_grp(sock, MIRACAST_NL_FAMILY_NAME, MIRACAST_NL_GROUP_EVENTS);
	if (error >= 0)
		error = nl_socket_add_membership(sock, error);
	while (error >= 0) {
		error = nl_recvmsgs_default(sock);
		/* The socket's buffer overran: some events are lost, later ones will come. */
		if (error == -NLE_NOMEM) {
			ctl_complain("events were lost: they came faster than they were printed");
			error = 0;
		}
	}
	ctl_complain("generic netlink: %s", nl_geterror(error));
	return CTL_FAILED;
}

static const CtlCommand commands[] = {
	{"adapters", "[--json]", "display adapters of this machine", show_adapters},
	{"stats", "[--watch] [--json]", "messages of each context, by what became of them",
	 show_stats},
	{"monitor", "[--json]", "events of the channel, as they come", monitor},
};

CtlStatus ctl_channel(const Ctl *ctl, int argc, char **argv)
{
	const GOptionEntry entries[] = {G_OPTION_ENTRY_NULL};

	if (!ctl_parse_group(entries, commands, G_N_ELEMENTS(commands), ctl->name, &argc, &argv))
		return CTL_USAGE;
	return ctl_run(commands, G_N_ELEMENTS(commands), ctl, argc, argv);
}
