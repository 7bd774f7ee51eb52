// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect-reasons.h"

#include "connect-words.h"

#include <glib/gi18n.h>
#include <stdlib.h>

#define SILENT \
	N_("The display did not answer in time: switch it off and on, and see that no firewall is between.")
#define REFUSED N_("The display refused to go on: see that it is free, or switch it off and on.")

static const struct {
	const char *word, *sentence;
} reasons[] = {
/* The service's; its texts are in the catalogues, too. */
#include "connect-sentences.h"
	/* The driver's own: daemon/wfd/wfd-reasons.c. It tells what happened in detail, in English. */
	{"stopped", N_("The connection was ended.")},
	{"sink-silent-m1", SILENT},
	{"sink-silent-m2", SILENT},
	{"sink-silent-m3", SILENT},
	{"sink-silent-m4", SILENT},
	{"sink-silent-m5", SILENT},
	{"sink-silent-m6", SILENT},
	{"sink-silent-m7", SILENT},
	{"silent-after-refusal",
	 N_("The display said nothing any more when something was refused to it: look for an update of it.")},
	{"sink-message-incomplete",
	 N_("The display began a message and did not end it: the connection is bad, or its software is at fault.")},
	{"sink-not-reading", N_("The display sends but does not read: switch it off and on.")},
	{"keepalive-missed",
	 N_("The display does not answer any more: it is out of reach or switched off.")},
	{"sink-closed",
	 N_("The display closed the connection: it was switched off, is busy with another device, or has failed.")},
	{"sink-teardown", N_("The display ended the connection.")},
	{"garbage",
	 N_("What was connected does not speak Wi-Fi Display: check that it is a wireless display.")},
	{"bad-content-length",
	 N_("The display sent a message whose length is wrong: look for an update of it.")},
	{"too-many-errors",
	 N_("The display sends one useless message after the other: switch it off and on.")},
	{"bad-capabilities",
	 N_("The display does not say properly what it can show: look for an update of it.")},
	{"no-common-format",
	 N_("There is no picture that this computer can send and the display can show: choose another one.")},
	{"unsupported-transport",
	 N_("The display takes pictures by TCP only, which is not supported: see if it can be set to UDP.")},
	{"foreign-session",
	 N_("The display asked for another connection than its own: switch it off and on.")},
	{"refused-m1", REFUSED},
	{"refused-m3", REFUSED},
	{"refused-m5", REFUSED},
	{"refused-format", N_("The display refused the picture: choose another one.")},
	{"refused-video-only",
	 N_("The display does not take a picture without sound: connect with sound.")},
	{"bad-option", N_("The connection cannot be as it was chosen to be.")},
	{"socket-failed", N_("No picture can be sent to the display over the network.")},
	{"out-of-memory", N_("This computer has too little memory left: close other programs.")},
	{"gstreamer-failed",
	 N_("GStreamer, which encodes the picture, does not work: reinstall it.")},
	{"link-too-slow",
	 N_("The connection is too slow for a picture: bring the display nearer.")},
	{"encoder-failed", N_("The video encoder has failed: connect again.")},
	{"stream-broken", N_("The picture cannot be sent any more: connect again.")},
	{"display-refused", N_("This computer's display driver refused the display.")},
};

static const char *find(const char *word)
{
	for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++)
		if (!strcmp(reasons[i].word, word))
			return reasons[i].sentence;
	return NULL;
}

gboolean connect_reasons_has(const char *word)
{
	return find(word) != NULL;
}

/* "SENTENCE (detail)", or all of it if it is another sentence; NULL: there is nothing more. */
static char *find_detail(const char *sentence, const char *message)
{
	const char *rest = message;

	if (g_str_has_prefix(message, sentence))
		rest += strlen(sentence);
	if (!*rest)
		return NULL;
	if (g_str_has_prefix(rest, " (") && g_str_has_suffix(rest, ")"))
		return g_strndup(rest + 2, strlen(rest) - 3);
	return g_strdup(rest);
}

/* Without what it says of further tries, which comes back translated. */
static char *take_tries(char **message)
{
	g_autoptr(GRegex)
		regex = g_regex_new("^(.*) It was tried again ([0-9]+) times; the last time: (.*)$",
				    G_REGEX_DOTALL, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_autofree char *first = NULL;
	g_autofree char *count = NULL;
	g_autofree char *last = NULL;
	g_autofree char *sentence = NULL;
	guint n;

	if (!g_regex_match(regex, *message, 0, &match))
		return NULL;
	first = g_match_info_fetch(match, 1);
	count = g_match_info_fetch(match, 2);
	last = g_match_info_fetch(match, 3);
	sentence = connect_words_sentence(last);
	n = (guint)strtoul(count, NULL, 10);
	g_free(*message);
	*message = g_steal_pointer(&first);
	return g_strdup_printf(ngettext("It was tried again %u time; the last time: %s",
					"It was tried again %u times; the last time: %s", n),
			       n, sentence);
}

char *connect_reasons_describe(const char *word, const char *message, char **detail)
{
	g_autofree char *said = g_strdup(message);
	g_autofree char *tries = take_tries(&said);
	const char *sentence = find(word);
	g_autofree char *text = sentence ? g_strdup(_(sentence)) : connect_words_sentence(said);

	if (detail)
		*detail = sentence ? find_detail(sentence, said) : NULL;
	return tries ? g_strdup_printf("%s %s", text, tries) : g_steal_pointer(&text);
}

char *connect_reasons_describe_all(const char *word, const char *message)
{
	g_autofree char *detail = NULL;
	g_autofree char *text = connect_reasons_describe(word, message, &detail);

	return detail ? g_strdup_printf("%s\n%s", text, detail) : g_steal_pointer(&text);
}

char *connect_reasons_shorten(const char *sentence)
{
	g_auto(GStrv) parts = g_regex_split_simple("\\h?: ", sentence, 0, 0);

	return parts[0] && parts[1] ? g_strconcat(parts[0], ".", NULL) : g_strdup(sentence);
}

char *connect_reasons_of_refusal(const char *name, const char *message)
{
	/* The service's words, and the same for people. */
	static const struct {
		const char *pattern, *text;
	} known[] = {
		{"polkit does not allow it (action %s)",
		 N_("This is not allowed, or the question for a password was not answered.")},
		{"only root may, because polkit is not there to ask who else may: install it (polkitd)",
		 N_("Only root may do this, because polkit is not there to ask who else may: install polkitd.")},
		{"polkit does not answer: see the log of polkit.service",
		 N_("polkit, which is asked who may do this, does not answer: see its log.")},
		{"an administrator has to allow it, and there was nobody to ask for a password: do it as root, or at the machine itself",
		 N_("An administrator has to allow this, and there was nobody to ask for a password: do it at this computer itself.")},
		{"it was called off before it was decided",
		 N_("It was called off before it was decided.")},
		{"miracastd is shutting down", N_("The service is being stopped.")},
		{"the session has ended already", N_("The connection has ended already.")},
		{"the sink is not there any more", N_("It is not in reach any more.")},
		{"there is a session with \"%s\": disconnect it first",
		 N_("It is connected already: disconnect it first.")},
		{"\"%s\" is not there%s%s: switch it on and look for it",
		 N_("It is not in reach any more.")},
	};
	static const struct {
		const char *name, *text;
	} kinds[] = {
		{"NotAuthorized", N_("This is not allowed.")},
		{"InvalidArgument", N_("The service does not take what it was asked for.")},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
		char *text = connect_words_match(known[i].pattern, _(known[i].text), message);

		if (text)
			return text;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (name && g_str_has_suffix(name, kinds[i].name))
			return g_strdup_printf("%s (%s)", _(kinds[i].text), message);
	return connect_words_sentence(message);
}
