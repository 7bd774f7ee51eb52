// SPDX-License-Identifier: GPL-2.0-or-later
/* The sink's reading of what wpa_supplicant says, and of a source's Wi-Fi Display element. */
#include "sink-element.h"

#include <gio/gio.h>

static void test_element(void)
{
	/* WFD 2.1, 5.1.2; values as sources and sinks in the field have them. */
	static const struct {
		const char *hex;
		SinkElement element;
	} good[] = {
		{"00000600101c440032", {SINK_DEVICE_SOURCE, TRUE, FALSE, 7236, 50}},
		{"00000600901c4400c8", {SINK_DEVICE_SOURCE, TRUE, FALSE, 7236, 200}},
		{"00000601110000012C", {SINK_DEVICE_PRIMARY_SINK, TRUE, TRUE, 0, 300}},
		{"00000600131c440028", {SINK_DEVICE_DUAL, TRUE, FALSE, 7236, 40}},
		{"00000600001c440032", {SINK_DEVICE_SOURCE, FALSE, FALSE, 7236, 50}},
		{"00000600021c440032", {SINK_DEVICE_SECONDARY_SINK, FALSE, FALSE, 7236, 50}},
		/* Others before and behind it, one that nobody knows, one without a body. */
		{"010006020000000000f7000000000600101c4400320b00020000",
		 {SINK_DEVICE_SOURCE, TRUE, FALSE, 7236, 50}},
		/* Longer than it must be; the first of two counts. */
		{"00000700101c440032ff"
		 "00000600111c440032",
		 {SINK_DEVICE_SOURCE, TRUE, FALSE, 7236, 50}},
	};
	static const char *const bad[] = {
		"",
		"0",
		"00",
		"0000",
		"000006",
		"00000600101c4400",
		"00000600101c44003",
		"00000600101c44003g",
		"0b00020000",
		"00000500101c4400",
		"00000600101c4400320b",
		"00000600101c4400320bffff00",
		"00 0006 0010 1c44 0032",
	};

	for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(GError) error = NULL;
		SinkElement e;

		g_assert_true(sink_element_parse(good[i].hex, &e, &error));
		g_assert_no_error(error);
		g_assert_cmpint(e.type, ==, good[i].element.type);
		g_assert_cmpint(e.available, ==, good[i].element.available);
		g_assert_cmpint(e.content_protection, ==, good[i].element.content_protection);
		g_assert_cmpuint(e.port, ==, good[i].element.port);
		g_assert_cmpuint(e.throughput, ==, good[i].element.throughput);
	}
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		SinkElement e;

		g_assert_false(sink_element_parse(bad[i], &e, &error));
		g_assert_nonnull(error);
	}
}

static void test_event(void)
{
	g_auto(SinkEventLine) line = {0};

	g_assert_true(sink_event_line_parse(
		"<3>P2P-GROUP-STARTED p2p-wlan1-0 client ssid=\"DIRECT-x a freq=1 \\\" b\" freq=2412 "
		"psk=0123 go_dev_addr=42:00:00:00:00:00 ip_addr=192.168.42.2",
		&line));
	g_assert_null(line.interface);
	g_assert_cmpstr(line.name, ==, "P2P-GROUP-STARTED");
	g_assert_cmpstr(sink_event_line_word(&line, 0), ==, "p2p-wlan1-0");
	g_assert_cmpstr(sink_event_line_word(&line, 1), ==, "client");
	g_assert_cmpstr(sink_event_line_word(&line, 2), ==, "");
	g_assert_cmpstr(sink_event_line_word(&line, 20), ==, "");
	g_assert_cmpstr(sink_event_line_get(&line, "freq"), ==, "2412");
	g_assert_cmpstr(sink_event_line_get(&line, "ip_addr"), ==, "192.168.42.2");
	g_assert_null(sink_event_line_get(&line, "addr"));
	g_assert_null(sink_event_line_get(&line, "ip"));
	sink_event_line_clear(&line);

	g_assert_true(sink_event_line_parse(
		"IFNAME=p2p-wlan1-0 <3>AP-STA-CONNECTED 42:00:00:00:00:00  p2p_dev_addr=42:01",
		&line));
	g_assert_cmpstr(line.interface, ==, "p2p-wlan1-0");
	g_assert_cmpstr(line.name, ==, "AP-STA-CONNECTED");
	g_assert_cmpstr(sink_event_line_word(&line, 0), ==, "42:00:00:00:00:00");
	g_assert_cmpstr(sink_event_line_get(&line, "p2p_dev_addr"), ==, "42:01");
	sink_event_line_clear(&line);

	/* A quote that nobody closes, and a backslash at the end. */
	g_assert_true(sink_event_line_parse("<4>P2P-DEVICE-FOUND a name=\"x y", &line));
	g_assert_cmpstr(sink_event_line_get(&line, "name"), ==, "\"x y");
	sink_event_line_clear(&line);
	g_assert_true(sink_event_line_parse("<4>P2P-DEVICE-FOUND a\\", &line));
}

static void test_no_event(void)
{
	static const char *const texts[] = {
		"",    "OK",	   "PONG",	  "<",		"<3",
		"<3>", "<3>   ",   "<x>NAME",	  "IFNAME=",	"IFNAME=wlan1",
		"3>A", "<33>NAME", "IFNAME=w OK", "IFNAME= <3>"};

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_auto(SinkEventLine) line = {0};

		g_assert_false(sink_event_line_parse(texts[i], &line));
		g_assert_null(line.name);
	}
}

static void test_answer(void)
{
	static const char answer[] = "02:00:00:00:00:00\ndevice_name=a=b\nwfd_subelems=0000\nlast=";
	g_autofree char *name = sink_answer_get(answer, "device_name");
	g_autofree char *subelements = sink_answer_get(answer, "wfd_subelems");
	g_autofree char *last = sink_answer_get(answer, "last");
	g_autofree char *none = sink_answer_get(answer, "name");

	g_assert_cmpstr(name, ==, "a=b");
	g_assert_cmpstr(subelements, ==, "0000");
	g_assert_cmpstr(last, ==, "");
	g_assert_null(none);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sink/element/subelements", test_element);
	g_test_add_func("/sink/element/event", test_event);
	g_test_add_func("/sink/element/no-event", test_no_event);
	g_test_add_func("/sink/element/answer", test_answer);
	return g_test_run();
}
