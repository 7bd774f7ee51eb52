// SPDX-License-Identifier: GPL-2.0-or-later
/* The table chosen-modes against what is chosen. */
#include "wfd-choose.h"

#include <string.h>

#define COLUMNS	    4
#define SOFTWARE    (1280 * 720 * 30) /* pixels a second */
#define LEAST_SINKS 45
#define NOTHING	    "none"

static char *choose(const char *text, guint64 max_pixel_rate)
{
	const WfdPolicy policy = {.max_pixel_rate = max_pixel_rate};
	g_autofree char *answer =
		g_strconcat(strchr(text, ':') ? "" : "wfd_video_formats: ", text, NULL);
	WfdSinkCaps sink;
	WfdChoice choice;
	gboolean chosen;

	chosen = wfd_sink_caps_parse(answer, strlen(answer), &sink, NULL) &&
		 wfd_choose_format(&sink.video, &policy, &choice, NULL);
	wfd_sink_caps_clear(&sink);
	if (!chosen)
		return g_strdup(NOTHING);
	return g_strdup_printf("%ux%u@%u %s %s%s", choice.mode.width, choice.mode.height,
			       choice.mode.fps, choice.profile == WFD_H264_CBP ? "CBP" : "CHP",
			       wfd_level_name(choice.level),
			       choice.fps < choice.mode.fps ? ", fewer pictures" : "");
}

static gboolean check_line(const char *line)
{
	g_auto(GStrv) cells = g_strsplit(line, " | ", COLUMNS);
	g_autofree char *expected = NULL;
	g_autofree char *any = NULL;
	g_autofree char *software = NULL;

	g_assert_cmpuint(g_strv_length(cells), >=, 2);
	g_strdelimit(cells[1], "|", ' ');
	g_strstrip(cells[1]);
	any = choose(cells[1], 0);
	software = choose(cells[1], SOFTWARE);
	expected = g_strdup_printf("%s | %s | %s | %s", cells[0], cells[1], any, software);
	if (!strcmp(line, expected))
		return TRUE;
	g_print("# %s\n", expected);
	return FALSE;
}

static void test_chosen(gconstpointer path)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	guint n = 0, wrong = 0;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		if (!*lines[i] || *lines[i] == '#')
			continue;
		n++;
		wrong += !check_line(lines[i]);
	}
	g_assert_cmpuint(n, >=, LEAST_SINKS);
	g_assert_cmpuint(wrong, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(argc, ==, 2);
	g_test_add_data_func("/wfd/chosen", argv[1], test_chosen);
	return g_test_run();
}
