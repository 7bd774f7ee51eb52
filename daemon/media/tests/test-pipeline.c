// SPDX-License-Identifier: GPL-2.0-or-later
/* Which encoder is chosen, and what becomes of one that fails. */
#include "card-encoder.h"
#include "media-pipeline.h"
#include "media-rig.h"

#include <string.h>

static void test_encoder_unknown(void)
{
	MediaConfig config = {
		.encoder = "nonesuch",
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Media) media = media_unconnected();
	MediaFrame frame = {.pixels = ""};
	guint64 encode_ns;

	g_assert_false(media_start(media, &config, NULL, rig_on_error, NULL, &error));
	g_assert_error(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN);
	g_assert_null(media_encoder(media));
	g_assert_cmpint(media_push(media, &frame, &encode_ns), ==, MEDIA_NOT_STREAMING);
}

static void test_choice(void)
{
	MediaConfig config = {
		.format = {.width = 1920, .height = 1080, .fps = 60, .level = "4.2"},
		.kbit = 10000,
	};
	guint64 software = 1280 * 720 * 30, card_rate = 1920 * 1080 * 30;
	g_autoptr(Media) media = media_unconnected();
	g_autoptr(GError) error = NULL;
	guint major, minor, micro, nano;

	/* What is installed but does not work has no say. */
	card.broken = TRUE;
	g_assert_cmpuint(media_pipeline_pixel_rate(NULL), ==, software);
	g_assert_cmpuint(media_pipeline_pixel_rate("vah264enc"), ==, software);
	g_assert_cmpuint(media_pipeline_pixel_rate("x264enc"), ==, software);
	/* Nobody asked for a mode that is too much for what there is. */
	g_assert_false(media_start(media, &config, NULL, rig_on_error, NULL, &error));
	g_assert_error(error, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE);
	g_clear_error(&error);
	config.encoder = "vaapih264enc";
	g_assert_false(media_start(media, &config, NULL, rig_on_error, NULL, &error));
	g_assert_nonnull(strstr(error->message, "vaapih264enc is not installed"));

	card.broken = FALSE;
	gst_version(&major, &minor, &micro, &nano);
	g_assert_cmpuint(media_pipeline_pixel_rate("vah264enc"), ==, 0);
	g_assert_cmpuint(media_pipeline_pixel_rate("v4l2h264enc"), ==, card_rate);
	g_assert_cmpuint(media_pipeline_pixel_rate(NULL), ==, minor >= 24 ? 0 : card_rate);
	config.encoder = NULL;
	config.mode_asked = TRUE;
	g_clear_error(&error);
	card.broken = TRUE;
	g_assert_true(media_start(media, &config, NULL, rig_on_error, NULL, &error));
	g_assert_cmpstr(media_encoder(media), ==, "x264enc");
}

/* A card's driver that opens its device and can do no more: the next encoder takes over. */
static void test_next_encoder(void)
{
	static const CardFault faults[] = {CARD_DOES_NOT_PLAY, CARD_FAILS_AT_PICTURE};
	MediaConfig config = {
		.format = {.width = 1920, .height = 1080, .fps = 30, .level = "4.0"},
		.kbit = 10000,
	};

	card.broken = FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Media) too_slow = media_unconnected();
		g_autoptr(Media) asked = media_unconnected();
		MediaRig *rig;

		card.fault = faults[i];
		/* So that the mode is one for what does work. */
		g_assert_cmpuint(media_pipeline_pixel_rate(NULL), ==, 1280 * 720 * 30);
		rig = rig_new(640, 480, &rig_vga);
		g_assert_cmpstr(media_encoder(rig->media), ==, "x264enc");
		media_set_playing(rig->media, TRUE);
		rig_draw(rig, 0);
		g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
		rig_free(rig);

		/* With no time to agree on another mode. */
		config.encoder = NULL;
		g_assert_true(media_start(too_slow, &config, NULL, rig_on_error, NULL, &error));
		g_assert_no_error(error);
		g_assert_cmpstr(media_encoder(too_slow), ==, "x264enc");

		config.encoder = "v4l2h264enc";
		g_assert_false(media_start(asked, &config, NULL, rig_on_error, NULL, &error));
		g_assert_nonnull(strstr(error->message, "it gives no picture"));
	}
	card.fault = CARD_WORKS;
	card.broken = TRUE;
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	gst_init(NULL, NULL);
	card_encoder_register();
	g_test_add_func("/media/choice", test_choice);
	g_test_add_func("/media/next-encoder", test_next_encoder);
	g_test_add_func("/media/encoder-unknown", test_encoder_unknown);
	return g_test_run();
}
