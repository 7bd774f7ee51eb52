// SPDX-License-Identifier: GPL-2.0-or-later
/* What miracastd and a session's process say to each other, and what neither takes. */
#include "control.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
	int host, session;
} Pair;

static void pair_open(Pair *pair, gconstpointer unused)
{
	int ends[2];

	g_assert_no_errno(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends));
	pair->host = ends[0];
	pair->session = ends[1];
}

static void pair_close(Pair *pair, gconstpointer unused)
{
	close(pair->host);
	if (pair->session >= 0)
		close(pair->session);
}

static void test_a_message_arrives(Pair *pair, gconstpointer unused)
{
	g_auto(SessionMessage) message = {0};
	g_autoptr(GError) error = NULL;
	guint32 seconds;

	g_assert_true(session_control_send(pair->host, SESSION_START,
					   g_variant_new("(uqbu)", 30, 0, FALSE, 0), &pair->host, 1,
					   &error));
	g_assert_no_error(error);
	g_assert_true(session_control_receive(pair->session, TRUE, &message, &error));
	g_assert_cmpint(message.kind, ==, SESSION_START);
	g_variant_get_child(message.body, 0, "u", &seconds);
	g_assert_cmpuint(seconds, ==, 30);
	g_assert_cmpuint(message.n_files, ==, 1);
	g_assert_cmpint(fcntl(message.files[0], F_GETFD), ==, FD_CLOEXEC);
}

static void assert_refused(Pair *pair, gboolean by_session, int code)
{
	g_auto(SessionMessage) message = {0};
	g_autoptr(GError) error = NULL;

	g_assert_false(session_control_receive(by_session ? pair->session : pair->host, by_session,
					       &message, &error));
	g_assert_error(error, G_IO_ERROR, code);
}

static void send_raw(Pair *pair, GVariant *variant)
{
	g_autoptr(GVariant) owned = g_variant_ref_sink(variant);

	g_assert_cmpint(
		send(pair->session, g_variant_get_data(owned), g_variant_get_size(owned), 0), >, 0);
}

static void test_nonsense_is_refused(Pair *pair, gconstpointer unused)
{
	static const char zeros[100000];
	/* The socket's own bound is larger. */
	int room = 4 * sizeof(zeros);

	assert_refused(pair, FALSE, G_IO_ERROR_WOULD_BLOCK);
	g_assert_cmpint(send(pair->session, "nonsense", 8, 0), ==, 8);
	assert_refused(pair, FALSE, G_IO_ERROR_INVALID_DATA);
	g_assert_cmpint(send(pair->session, zeros, 1, 0), ==, 1);
	assert_refused(pair, FALSE, G_IO_ERROR_INVALID_DATA);
	setsockopt(pair->session, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	g_assert_cmpint(send(pair->session, zeros, sizeof(zeros), 0), ==, sizeof(zeros));
	assert_refused(pair, FALSE, G_IO_ERROR_INVALID_DATA);

	send_raw(pair, g_variant_new("(uv)", SESSION_N_MESSAGES, g_variant_new("()")));
	assert_refused(pair, FALSE, G_IO_ERROR_INVALID_DATA);
	/* One of the host's. */
	send_raw(pair, g_variant_new("(uv)", SESSION_DESTROY, g_variant_new("()")));
	assert_refused(pair, FALSE, G_IO_ERROR_INVALID_DATA);
	send_raw(pair, g_variant_new("(uv)", SESSION_STREAMING, g_variant_new("(s)", "yes")));
	assert_refused(pair, FALSE, G_IO_ERROR_INVALID_DATA);

	close(pair->session);
	pair->session = -1;
	assert_refused(pair, FALSE, G_IO_ERROR_CLOSED);
}

/* A session's process could fill the host's table of descriptors. */
static void test_files_of_the_session_do_not_arrive(Pair *pair, gconstpointer unused)
{
	g_auto(SessionMessage) message = {0};
	int next = dup(pair->host);

	close(next);
	g_assert_true(
		session_control_send(pair->session, SESSION_STOPPED, NULL, &pair->host, 1, NULL));
	g_assert_true(session_control_receive(pair->host, FALSE, &message, NULL));
	g_assert_cmpint(message.kind, ==, SESSION_STOPPED);
	g_assert_cmpuint(message.n_files, ==, 0);
	g_assert_cmpint(fcntl(next, F_GETFD), ==, -1);
}

static GVariant *check(const char *text)
{
	g_autoptr(GVariant) values = g_variant_ref_sink(g_variant_new_parsed(text));

	return session_control_check_values(values);
}

static void test_values(void)
{
	g_autoptr(GVariant) good = check("{'mode': <'1280x720\\u001b[2J'>, 'frames': <uint64 3>}");
	GVariantBuilder many = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	g_autoptr(GVariant) too_many = NULL;
	g_autofree char *text = g_variant_print(good, TRUE);

	g_assert_cmpstr(text, ==, "{'mode': <'1280x720?[2J'>, 'frames': <uint64 3>}");
	g_assert_null(check("{'Mode': <'x'>}"));
	g_assert_null(check("{'': <'x'>}"));
	g_assert_null(check("{'mode': <true>}"));
	g_assert_null(check("{'mode': <<'x'>>}"));
	for (guint i = 0; i < 1000; i++) {
		g_autofree char *name = g_strdup_printf("n%u", i);

		g_variant_builder_add(&many, "{sv}", name, g_variant_new_uint64(i));
	}
	too_many = g_variant_ref_sink(g_variant_builder_end(&many));
	g_assert_null(session_control_check_values(too_many));
}

static void test_words(void)
{
	g_assert_true(session_control_is_word("sink-silent-m3"));
	g_assert_false(session_control_is_word(""));
	g_assert_false(session_control_is_word("Sink silent"));
	g_assert_false(session_control_is_word("a-word-that-is-longer-than-any-reason-there-is"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, Pair, NULL, pair_open, function, pair_close)
	ADD("/control/a-message-arrives", test_a_message_arrives);
	ADD("/control/nonsense-is-refused", test_nonsense_is_refused);
	ADD("/control/files-of-the-session-do-not-arrive", test_files_of_the_session_do_not_arrive);
	g_test_add_func("/control/values", test_values);
	g_test_add_func("/control/words", test_words);
	return g_test_run();
}
