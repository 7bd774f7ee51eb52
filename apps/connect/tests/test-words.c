// SPDX-License-Identifier: GPL-2.0-or-later
/* What the service says, as the window says it: each of its words in each language. */
#include "connect-reasons.h"
#include "connect-words.h"
#include "reason.h"
#include "wfd-reasons.h"

#include <libintl.h>
#include <locale.h>

extern int _nl_msg_cat_cntr; /* of libintl: what it has looked up is to be looked up anew */

static const char *const languages[] = {"de", "fr"};

static void speak(const char *language)
{
	g_setenv("LANGUAGE", language, TRUE);
	_nl_msg_cat_cntr++;
}

static void expect_translated(const char *word, const char *message)
{
	g_autofree char *english = NULL;

	speak("en");
	english = connect_reasons_describe(word, message, NULL);
	g_assert_cmpstr(english, !=, "");
	for (gsize i = 0; i < G_N_ELEMENTS(languages); i++) {
		g_autofree char *text = NULL;

		speak(languages[i]);
		text = connect_reasons_describe(word, message, NULL);
		if (!strcmp(text, english))
			g_error("%s: %s is not translated: %s", languages[i], word, english);
	}
}

static void test_reasons(void)
{
	for (int i = 0; i < HOST_N_REASONS; i++)
		expect_translated(host_reason_word(i), "something else");
	for (int i = WFD_REASON_NONE + 1; i < WFD_N_REASONS; i++)
		expect_translated(wfd_reason_name(i), "something else");
}

/* Of a word that is newer than the window its sentence is looked up. */
static void test_new_word(void)
{
	g_autofree char *message = host_reason_message(HOST_REASON_SINK_BUSY, "twice");

	expect_translated("a-new-word", message);
}

static void test_detail(void)
{
	const WfdReasonDetail silence = {.seconds = 6, .awaited = "SETUP (M6)"};
	g_autofree char *said = wfd_reason_sentence(WFD_REASON_SINK_SILENT_M6, &silence);
	g_autofree char *denied = host_reason_message(HOST_REASON_SINK_BUSY, "code 7");
	g_autofree char *plain = host_reason_message(HOST_REASON_SINK_BUSY, NULL);
	char *text, *detail;

	speak("de");
	text = connect_reasons_describe("sink-silent-m6", said, &detail);
	g_assert_true(g_str_has_prefix(text, "Der Bildschirm"));
	g_assert_nonnull(strstr(detail, "silent for 6 s when SETUP (M6) was due"));
	g_free(text);
	g_free(detail);
	text = connect_reasons_describe("sink-busy", denied, &detail);
	g_assert_true(g_str_has_prefix(text, "Der Bildschirm"));
	g_assert_cmpstr(detail, ==, "code 7");
	g_free(text);
	g_free(detail);
	text = connect_reasons_describe("sink-busy", plain, &detail);
	g_assert_null(detail);
	g_free(text);
	text = connect_reasons_describe_all("sink-silent-m6", said);
	g_assert_nonnull(strstr(text, "\nthe sink was silent"));
	g_free(text);
}

static void test_tried_again(void)
{
	g_autofree char *last = host_reason_message(HOST_REASON_SINK_NOT_FOUND, NULL);
	g_autofree char *said =
		g_strdup_printf("the link to the sink broke (12): bring it nearer It was tried "
				"again 3 times; the last time: %s",
				last);
	g_autofree char *text = NULL;
	g_autofree char *detail = NULL;

	speak("de");
	text = connect_reasons_describe("link-lost", said, &detail);
	g_assert_null(strstr(text, "tried"));
	g_assert_nonnull(strstr(text, "3 weitere Versuche"));
	g_assert_nonnull(strstr(text, "nicht mehr in Reichweite"));
	g_assert_cmpstr(detail, ==, "the link to the sink broke (12): bring it nearer");
}

/* The strings of a C source that follow @head, joined. Transfer full. */
static GPtrArray *read_strings(const char *file, const char *head)
{
	g_autofree char *path = g_build_filename(SOURCES, file, NULL);
	g_autofree char *expression =
		g_strdup_printf("%s((?:\\s*\"(?:[^\"\\\\]|\\\\.)*\")+)", head);
	g_autoptr(GRegex) regex = g_regex_new(expression, 0, 0, NULL);
	g_autoptr(GRegex) joint = g_regex_new("^\\s*\"|\"\\s*\"|\"$", 0, 0, NULL);
	GPtrArray *strings = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GMatchInfo) match = NULL;
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	g_file_get_contents(path, &text, NULL, &error);
	g_assert_no_error(error);
	for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match);
	     g_match_info_next(match, NULL)) {
		g_autofree char *found = g_match_info_fetch(match, 1);
		g_autofree char *joined = g_regex_replace_literal(joint, found, -1, 0, "", 0, NULL);

		g_ptr_array_add(strings, g_strcompress(joined));
	}
	g_assert_cmpuint(strings->len, >, 0);
	return strings;
}

/* What the files of @folder tell of as steps, each with the word of its kind. */
static void check_steps(const char *folder)
{
	g_autofree char *path = g_build_filename(SOURCES, folder, NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(folder, name, NULL);
		g_autofree char *full = g_build_filename(SOURCES, file, NULL);
		g_autoptr(GPtrArray) words = NULL;
		g_autofree char *text = NULL;

		if (!g_str_has_suffix(name, ".c") ||
		    !g_file_get_contents(full, &text, NULL, NULL) ||
		    !g_regex_match_simple("step\\([^\";{]*,\\s*\"", text, 0, 0))
			continue;
		words = read_strings(file, "step\\([^\";{]*,");
		for (guint i = 0; i < words->len; i++) {
			/* The message, too, is matched where the word comes from elsewhere. */
			const char *word = words->pdata[i], *own;
			g_autofree char *english = NULL;

			if (!g_regex_match_simple("^[a-z0-9-]+$", word, 0, 0) ||
			    g_str_has_suffix(word, "-failed"))
				continue;
			speak("en");
			own = connect_words_step(word, NULL);
			if (!own)
				g_error("%s: the window has no text for the step %s", file, word);
			english = g_strdup(own);
			for (gsize j = 0; j < G_N_ELEMENTS(languages); j++) {
				speak(languages[j]);
				g_assert_cmpstr(connect_words_step(word, NULL), !=, english);
			}
		}
	}
}

static void test_steps(void)
{
	check_steps("daemon/host");
	check_steps("daemon/host/discovery");
	check_steps("daemon/host/links");
}

static void test_refusals(void)
{
	static const struct {
		const char *file, *head;
	} places[] = {
		{"daemon/host/authority.c", "refuse\\(check,"},
		{"daemon/host/manager.c", "refuse\\(invocation, \"[A-Za-z]+\","},
		{"daemon/host/manager.c", "message =\\s*g_strdup_printf\\("},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
		g_autoptr(GPtrArray) said = read_strings(places[i].file, places[i].head);

		for (guint j = 0; j < said->len; j++) {
			g_autofree char *text = NULL;

			speak("de");
			text = connect_reasons_of_refusal(
				"io.github.linux_miracast.Error.NotAuthorized", said->pdata[j]);
			if (!strcmp(text, said->pdata[j]))
				g_error("not translated: %s", text);
			/* What is put in there is known nowhere. */
			if (strchr(text, '(') && !strstr(said->pdata[j], ": %s"))
				g_error("not known: %s", text);
		}
	}
}

static void test_short(void)
{
	g_autofree char *french =
		connect_reasons_shorten("Le récepteur est occupé\u00a0: reconnectez-vous.");
	g_autofree char *english = connect_reasons_shorten("The sink is busy: connect again.");
	g_autofree char *whole = connect_reasons_shorten("The PIN was wrong.");

	g_assert_cmpstr(french, ==, "Le récepteur est occupé.");
	g_assert_cmpstr(english, ==, "The sink is busy.");
	g_assert_cmpstr(whole, ==, "The PIN was wrong.");
}

/* A remedy with what is of this machine in it. */
static void test_filled(void)
{
	g_autofree char *remedy = NULL;

	speak("de");
	remedy = connect_words_filled(
		"dkms autoinstall -k %s, and read the log that it names",
		"dkms autoinstall -k 6.1.0-56, and read the log that it names");
	g_assert_cmpstr(remedy, ==,
			"dkms autoinstall -k 6.1.0-56, und lesen Sie das Protokoll, das es nennt");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	setlocale(LC_ALL, "C.UTF-8");
	bindtextdomain(GETTEXT_PACKAGE, LOCALEDIR);
	bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
	textdomain(GETTEXT_PACKAGE);
	g_test_add_func("/words/reasons", test_reasons);
	g_test_add_func("/words/new-word", test_new_word);
	g_test_add_func("/words/detail", test_detail);
	g_test_add_func("/words/tried-again", test_tried_again);
	g_test_add_func("/words/steps", test_steps);
	g_test_add_func("/words/refusals", test_refusals);
	g_test_add_func("/words/short", test_short);
	g_test_add_func("/words/filled", test_filled);
	return g_test_run();
}
