// SPDX-License-Identifier: GPL-2.0-or-later
/* The sink's input: what of M4, M14 and M15 agrees upon it. */
#include "sink-peer.h"

#include <string.h>

#define UIBC                                                                                       \
	"wfd_uibc_capability: input_category_list=GENERIC, HIDC;generic_cap_list=Mouse, Keyboard;" \
	"hidc_cap_list=Keyboard/USB;port=none\r\n"
#define UIBC_CHOSEN                                                                      \
	"wfd_uibc_capability: input_category_list=GENERIC, HIDC;generic_cap_list=Mouse;" \
	"hidc_cap_list=Keyboard/USB;port=7239\r\n"

/* Agreed upon in M4, switched on by M15 when the sink plays, off and on again by the sink. */
static void test_input(gconstpointer step)
{
	WfdPeer *p = peer_new_with_input(step, &(WfdPolicy){0}, 7239);
	g_autofree char *off = set_parameter(4, "wfd_uibc_setting: disable\r\n");
	g_autofree char *on = set_parameter(5, "wfd_uibc_setting: enable\r\n");
	g_autofree char *other = set_parameter(
		6, "wfd_uibc_capability: input_category_list=GENERIC;generic_cap_list=SingleTouch;"
		   "hidc_cap_list=none;port=none\r\n");
	g_autofree char *none = set_parameter(7, "wfd_uibc_capability: none\r\n");

	to_m3(p);
	answer(p, 2, 200, CAPS UIBC);
	expect(p, "SET_PARAMETER ", UIBC_CHOSEN);
	g_assert_null(wfd_source_uibc(p->source));
	answer(p, 3, 200, "");
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: SETUP\r\n");
	expect_events(p, "CNU");
	g_assert_cmphex(wfd_source_uibc(p->source)->generic, ==, 1 << WFD_UIBC_MOUSE);
	answer(p, 4, 200, "");
	feed(p, M6);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 2\r\n");
	feed(p, M7);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 3\r\n");
	expect_events(p, "Y");
	wait_for_request(p);
	expect(p, "SET_PARAMETER ", "\r\n\r\nwfd_uibc_setting: enable\r\n");
	answer(p, 5, 200, "");
	expect_nothing(p);

	feed(p, off);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 4\r\n");
	expect_events(p, "U");
	g_assert_null(wfd_source_uibc(p->source));
	feed(p, off);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 4\r\n");
	expect_events(p, "");
	feed(p, on);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 5\r\n");
	expect_events(p, "U");
	feed(p, other);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 6\r\n");
	expect_events(p, "U");
	g_assert_cmphex(wfd_source_uibc(p->source)->generic, ==, 1 << WFD_UIBC_SINGLE_TOUCH);
	g_assert_cmphex(wfd_source_uibc(p->source)->hidc[WFD_UIBC_KEYBOARD], ==, 0);
	feed(p, none);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 7\r\n");
	expect_events(p, "U");
	g_assert_null(wfd_source_uibc(p->source));
	feed(p, other);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 6\r\n");
	expect_events(p, "U");
	g_assert_nonnull(wfd_source_uibc(p->source));
	peer_free(p);
}

/* Without leave nothing is said of it, and what the sink says of it is of no effect. */
static void test_input_not_wanted(gconstpointer step)
{
	WfdPeer *p = peer_start(step);
	g_autofree char *on = set_parameter(4, "wfd_uibc_setting: enable\r\n");
	g_autofree char *capability = set_parameter(5, UIBC);

	to_m3(p);
	answer(p, 2, 200, CAPS UIBC);
	g_assert_null(strstr(p->sent->str, "uibc"));
	expect(p, "SET_PARAMETER ", "wfd_video_formats");
	expect_events(p, "C");
	answer(p, 3, 200, "");
	answer(p, 4, 200, "");
	feed(p, M6);
	feed(p, M7);
	g_string_truncate(p->sent, 0);
	expect_events(p, "NY");
	feed(p, on);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 4\r\n");
	feed(p, capability);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 5\r\n");
	expect_events(p, "");
	g_assert_null(wfd_source_uibc(p->source));
	peer_free(p);
}

/* A sink that refuses M4 for it gets the same mode without. */
static void test_input_refused(gconstpointer step)
{
	WfdPeer *p = peer_new_with_input(step, &(WfdPolicy){0}, 7239);
	WfdMode mode;

	to_m3(p);
	answer(p, 2, 200, CAPS UIBC);
	expect(p, "SET_PARAMETER ", UIBC_CHOSEN);
	mode = wfd_source_choice(p->source)->mode;
	answer(p, 3, 303, "wfd_uibc_capability: 451\r\n");
	g_assert_null(strstr(p->sent->str, "uibc"));
	expect(p, "SET_PARAMETER ", "wfd_video_formats");
	g_assert_cmpuint(wfd_source_choice(p->source)->mode.width, ==, mode.width);
	answer(p, 4, 200, "");
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: SETUP\r\n");
	expect_events(p, "CN");
	g_assert_null(wfd_source_uibc(p->source));
	peer_free(p);
}

/* A sink whose keyboard is plugged in while it plays: its M14, and then ours with the port. */
static void test_input_later(gconstpointer step)
{
	WfdPeer *p = peer_new_with_input(step, &(WfdPolicy){0}, 7239);
	g_autofree char *capability = set_parameter(4, UIBC);

	to_play(p, CAPS "wfd_uibc_capability: none\r\n");
	feed(p, capability);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 4\r\n");
	wait_for_request(p);
	expect(p, "SET_PARAMETER ", UIBC_CHOSEN);
	expect_events(p, "");
	answer(p, 5, 200, "");
	expect(p, "SET_PARAMETER ", "wfd_uibc_setting: enable\r\n");
	expect_events(p, "U");
	answer(p, 6, 406, "");
	expect_nothing(p);
	g_assert_nonnull(wfd_source_uibc(p->source));
	peer_free(p);
}

/* And pulled out again before ours can be sent: there is nothing to be said of it. */
static void test_input_withdrawn(gconstpointer step)
{
	WfdPeer *p = peer_new_with_input(step, &(WfdPolicy){0}, 7239);
	g_autofree char *capability = set_parameter(4, UIBC);
	g_autofree char *none = set_parameter(5, "wfd_uibc_capability: none\r\n");

	to_play(p, CAPS STANDBY "wfd_uibc_capability: none\r\n");
	wait_for(p, 25);
	expect(p, "GET_PARAMETER ", "CSeq: 5\r\n");
	feed(p, capability);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 4\r\n");
	feed(p, none);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 5\r\n");
	answer(p, 5, 200, "");
	expect_nothing(p);
	expect_events(p, "");
	peer_free(p);
}

int main(int argc, char **argv)
{
	static const WfdPeerCase cases[] = {
		{"input", test_input},
		{"input-not-wanted", test_input_not_wanted},
		{"input-refused", test_input_refused},
		{"input-later", test_input_later},
		{"input-withdrawn", test_input_withdrawn},
	};

	return peer_run(argc, argv, cases, G_N_ELEMENTS(cases));
}
