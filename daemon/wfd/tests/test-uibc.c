// SPDX-License-Identifier: GPL-2.0-or-later
/* wfd_uibc_capability as sinks write it, and what is asked of them. */
#include "wfd-uibc.h"

static void assert_chosen(const char *text, const char *expected)
{
	g_autofree char *written = NULL;
	WfdUibc sink, choice;

	wfd_uibc_parse(text, &sink);
	wfd_uibc_choose(&sink, &choice);
	written = wfd_uibc_to_string(&choice, 7239);
	g_assert_cmpstr(written, ==, expected);
	g_assert_cmpint(wfd_uibc_is_none(&choice), ==, !g_strcmp0(expected, "none"));
}

static void test_parse(void)
{
	assert_chosen("none", "none");
	assert_chosen("", "none");
	assert_chosen("451", "none");
	assert_chosen("input_category_list=GENERIC;generic_cap_list=Mouse, SingleTouch;"
		      "hidc_cap_list=none;port=none",
		      "input_category_list=GENERIC;generic_cap_list=Mouse, SingleTouch;"
		      "hidc_cap_list=none;port=7239");
	/* A Windows sink has no generic list. */
	assert_chosen("input_category_list=HIDC;hidc_cap_list=Keyboard/USB, Mouse/USB, "
		      "MultiTouch/USB;port=none",
		      "input_category_list=HIDC;generic_cap_list=none;"
		      "hidc_cap_list=Keyboard/USB, Mouse/USB, MultiTouch/USB;port=7239");
	/* Blanks, their absence, case. */
	assert_chosen("input_category_list = generic,HIDC; Generic_Cap_List =mouse,keyboard ; "
		      "hidc_cap_list= keyboard/usb;port = none",
		      "input_category_list=GENERIC, HIDC;generic_cap_list=Mouse;"
		      "hidc_cap_list=Keyboard/USB;port=7239");
	assert_chosen("generic_cap_list=Toaster, , /;hidc_cap_list=Mouse, Mouse/Floppy, /USB, "
		      "Camera/USB;;=;x",
		      "none");
}

static void test_each_once(void)
{
	assert_chosen("input_category_list=GENERIC, HIDC;"
		      "generic_cap_list=Keyboard, Mouse, SingleTouch, Camera;"
		      "hidc_cap_list=Keyboard/USB, Keyboard/BT, Mouse/USB, Camera/USB, "
		      "RemoteControl/Infrared;port=none",
		      "input_category_list=GENERIC, HIDC;generic_cap_list=Mouse, SingleTouch;"
		      "hidc_cap_list=Keyboard/USB, Keyboard/BT, RemoteControl/Infrared;port=7239");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/uibc-capability/parse", test_parse);
	g_test_add_func("/uibc-capability/each-type-once", test_each_once);
	return g_test_run();
}
