// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect-words.h"

#include <glib/gi18n.h>

typedef struct {
	const char *word, *text;
} Word;

/* NULL: it is none of them. */
static const char *look_up(const Word *words, gsize n_words, const char *word)
{
	for (gsize i = 0; i < n_words; i++)
		if (!g_strcmp0(words[i].word, word))
			return _(words[i].text);
	return NULL;
}

const char *connect_words_kind(const char *kind)
{
	static const Word kinds[] = {
		{"tv", N_("Television")},
		{"monitor", N_("Monitor")},
		{"projector", N_("Projector")},
		{"computer", N_("Computer")},
	};
	const char *text = look_up(kinds, G_N_ELEMENTS(kinds), kind);

	return text ? text : _("Display");
}

const char *connect_words_kind_icon(const char *kind)
{
	if (!g_strcmp0(kind, "tv"))
		return "tv-symbolic";
	if (!g_strcmp0(kind, "computer"))
		return "computer-symbolic";
	return "video-display-symbolic";
}

const char *connect_words_way(const char *way)
{
	static const Word ways[] = {
		{"mice", N_("Local network")},
		{"p2p", N_("Wi-Fi Direct")},
		{"address", N_("By address")},
	};
	const char *text = look_up(ways, G_N_ELEMENTS(ways), way);

	return text ? text : way;
}

char *connect_words_sink(BusSink1 *sink)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	const char *const *ways = bus_sink1_get_ways(sink);
	const char *obstacle = bus_sink1_get_obstacle(sink);
	g_auto(GStrv) words = NULL;

	g_strv_builder_add(builder, connect_words_kind(bus_sink1_get_kind(sink)));
	for (; ways && *ways; ways++)
		g_strv_builder_add(builder, connect_words_way(*ways));
	if (ways && bus_sink1_get_ways(sink)[0] && !bus_sink1_get_available(sink))
		g_strv_builder_add(builder, _("busy"));
	else if (obstacle && *obstacle)
		g_strv_builder_add(builder, _("cannot be connected now"));
	else if (bus_sink1_get_needs_pin(sink) && !bus_sink1_get_known(sink))
		g_strv_builder_add(builder, _("asks for a PIN"));
	words = g_strv_builder_end(builder);
	return g_strjoinv(" · ", words);
}

const char *connect_words_signal(int strength)
{
	if (strength < 0)
		return NULL;
	if (strength >= 75)
		return _("Signal: excellent");
	if (strength >= 50)
		return _("Signal: good");
	return strength >= 25 ? _("Signal: fair") : _("Signal: weak");
}

const char *connect_words_signal_icon(int strength)
{
	if (strength >= 75)
		return "network-wireless-signal-excellent-symbolic";
	if (strength >= 50)
		return "network-wireless-signal-good-symbolic";
	return strength >= 25 ? "network-wireless-signal-ok-symbolic"
			      : "network-wireless-signal-weak-symbolic";
}

const char *connect_words_state(const char *state)
{
	static const Word states[] = {
		{"preparing", N_("Connecting …")},
		{"waiting", N_("Connecting …")},
		{"starting", N_("Connecting …")},
		{"started", N_("Paused")},
		{"streaming", N_("Connected")},
		{"reconnecting", N_("Connection lost, trying again …")},
		{"stopping", N_("Disconnecting …")},
		{"ended", N_("Not connected")},
	};
	const char *text = look_up(states, G_N_ELEMENTS(states), state);

	return text ? text : state;
}

const char *connect_words_step(const char *word, const char *message)
{
	static const Word steps[] = {
		{"mice", N_("Trying the local network")},
		{"p2p", N_("Trying Wi-Fi Direct")},
		{"address", N_("Seeing to the address")},
		{"searching", N_("Looking for the display")},
		{"pairing", N_("Pairing; the display may have to be told to accept")},
		{"asking-again", N_("Nobody has accepted yet; the display is asked again")},
		{"turning-round",
		 N_("The display does not connect; it is asked anew, in another way")},
		{"pin", N_("A PIN is needed")},
		{"wrong-pin", N_("The PIN was wrong")},
		{"inviting", N_("Calling the display that is known from before")},
		{"joining", N_("The display has accepted")},
		{"connecting", N_("Calling the display over the network")},
		{"securing", N_("Agreeing upon encryption")},
		{"more-security", N_("The display hung up; trying with encryption")},
		{"waiting", N_("Waiting for the display to connect back")},
		{"firewall", N_("A firewall does not let the display in")},
		{"starting", N_("Asking the display what it can show")},
		{"started", N_("Starting the picture")},
		{"streaming", N_("The picture is on its way")},
	};
	const char *text = look_up(steps, G_N_ELEMENTS(steps), word);

	return text ? text : message;
}

const char *connect_words_question(const char *word, const char *message)
{
	static const Word questions[] = {
		{"station-goes-away",
		 N_("This computer cannot be on its Wi-Fi network and reach the display at once: it "
		    "will leave the network.")},
	};
	const char *text = look_up(questions, G_N_ELEMENTS(questions), word);

	return text ? text : message;
}

char *connect_words_sentence(const char *sentence)
{
	const char *text = sentence, *detail = sentence;

	/* gettext("") is the catalogue's header. */
	if (!*sentence)
		return g_strdup("");
	text = _(sentence);
	/* A sentence may have parentheses of its own. */
	while (text == sentence && (detail = strstr(detail, " ("))) {
		g_autofree char *head = g_strndup(sentence, detail - sentence);
		const char *translated = _(head);

		if (translated != head)
			return g_strconcat(translated, detail, NULL);
		detail++;
	}
	return g_strdup(text);
}

/* The texts between "%s" and "%d". */
static char **split_pattern(const char *pattern)
{
	return g_regex_split_simple("%[sd]", pattern, 0, 0);
}

char *connect_words_match(const char *pattern, const char *text, const char *sentence)
{
	g_auto(GStrv) before = split_pattern(pattern);
	g_auto(GStrv) after = split_pattern(text);
	g_autoptr(GString) expression = g_string_new("^");
	g_autoptr(GString) filled = g_string_new(NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_autoptr(GRegex) regex = NULL;

	for (guint i = 0; before[i]; i++) {
		g_autofree char *escaped = g_regex_escape_string(before[i], -1);

		g_string_append_printf(expression, "%s%s", i ? "(.*)" : "", escaped);
	}
	g_string_append_c(expression, '$');
	regex = g_regex_new(expression->str, G_REGEX_DOTALL, 0, NULL);
	if (!regex || !g_regex_match(regex, sentence, 0, &match) ||
	    g_strv_length(before) < g_strv_length(after))
		return NULL;
	for (guint i = 0; after[i]; i++) {
		g_autofree char *word = i ? g_match_info_fetch(match, (int)i) : NULL;

		if (word && *word)
			g_string_append(filled, _(word));
		g_string_append(filled, after[i]);
	}
	return g_string_free(g_steal_pointer(&filled), FALSE);
}

char *connect_words_filled(const char *pattern, const char *sentence)
{
	char *text = *pattern ? connect_words_match(pattern, _(pattern), sentence) : NULL;

	return text ? text : g_strdup(sentence);
}

char *connect_words_mode(const char *mode)
{
	g_auto(GStrv) parts = g_strsplit_set(mode, "x@", -1);

	if (g_strv_length(parts) == 3)
		/* Translators: width, height, and pictures a second */
		return g_strdup_printf(_("%s × %s, %s Hz"), parts[0], parts[1], parts[2]);
	return g_strdup(mode);
}
