// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * miracast_display.ko between a compositor and a user-mode driver, both of
 * which are this program. Wants to be the only one that uses the display.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/netlink.h>
#include <linux/udmabuf.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <drm_fourcc.h>

#include "kselftest_harness.h"

#include "../../kmod/test/miracast_test.h"
#include "compositor.h"
#include "driver.h"
#include "vgem.h"

#define WIDTH	640
#define HEIGHT	480
#define REFRESH 60000

/* VESA E-EDID 1.4, 3.10.2: a detailed timing descriptor. */
static void edid_timing(uint8_t *d, uint32_t clock_10khz, uint32_t width, uint32_t hblank,
			uint32_t height, uint32_t vblank)
{
	d[0] = clock_10khz & 0xff;
	d[1] = clock_10khz >> 8;
	d[2] = width & 0xff;
	d[3] = hblank & 0xff;
	d[4] = (width >> 8) << 4 | hblank >> 8;
	d[5] = height & 0xff;
	d[6] = vblank & 0xff;
	d[7] = (height >> 8) << 4 | vblank >> 8;
	d[8] = 16;
	d[9] = 32;
	d[10] = 3 << 4 | 5;
	d[17] = 0x1e;
}

static void edid_sum(uint8_t *block)
{
	uint8_t sum = 0;
	int i;

	for (i = 0; i < 127; i++)
		sum += block[i];
	block[127] = -sum;
}

/*
 * A television: prefers 1920x1080, knows 1280x720, in its CEA block 1080p60,
 * 720p60, 720p50, 1080i60, 480p; established 640x480, 800x600, 1024x768.
 */
static void edid_make(uint8_t edid[256])
{
	static const uint8_t head[] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x35, 0xb7};
	static const uint8_t video[] = {16, 4, 19, 5, 3};
	int i;

	memset(edid, 0, 256);
	memcpy(edid, head, sizeof(head));
	edid[18] = 1;
	edid[19] = 4;
	edid[20] = 0x80;
	edid[21] = 100;
	edid[22] = 60;
	edid[24] = 0x06;
	edid[35] = 0x21;
	edid[36] = 0x08;
	for (i = 38; i < 54; i++)
		edid[i] = 0x01;
	edid_timing(edid + 54, 14850, 1920, 280, 1080, 45);
	edid_timing(edid + 72, 7425, 1280, 370, 720, 30);
	memcpy(edid + 90, "\0\0\0\xfc\0Test sink\n   ", 18);
	memcpy(edid + 108, "\0\0\0\x10\0", 5);
	edid[126] = 1;
	edid_sum(edid);

	edid[128] = 0x02;
	edid[129] = 0x03;
	edid[130] = 4 + 1 + sizeof(video);
	edid[132] = 2 << 5 | sizeof(video);
	memcpy(edid + 133, video, sizeof(video));
	edid_sum(edid + 128);
}

/* An extension that says nothing: the block tag of a display's own use, and a sum. */
static void edid_extension(uint8_t *block)
{
	memset(block, 0, 128);
	block[0] = 0xf0;
	block[1] = 0x5a;
	edid_sum(block);
}

static void edid_claim(uint8_t *edid, uint8_t extensions)
{
	edid[126] = extensions;
	edid_sum(edid);
}

static void edid_damage_sum(uint8_t *edid)
{
	edid_claim(edid, 2);
	edid_extension(edid + 256);
	edid[256 + 5] ^= 1;
}

static void edid_damage_cta_sum(uint8_t *edid)
{
	edid[128 + 127] ^= 1;
}

static void edid_damage_missing(uint8_t *edid)
{
	edid_claim(edid, 1);
}

static void edid_damage_ff(uint8_t *edid)
{
	memset(edid + 128, 0xff, 128);
}

static void edid_damage_zeroes(uint8_t *edid)
{
	memset(edid + 128, 0, 128);
}

static void edid_damage_six(uint8_t *edid)
{
	int i;

	edid_claim(edid, 5);
	for (i = 2; i < 6; i++)
		edid_extension(edid + i * 128);
}

static void edid_damage_48(uint8_t *edid)
{
	edid_claim(edid, 48);
}

static void edid_damage_255(uint8_t *edid)
{
	edid_claim(edid, 255);
}

static void edid_damage_none(uint8_t *edid)
{
	edid_claim(edid, 0);
}

static void edid_damage_256(uint8_t *edid)
{
	int i;

	edid_claim(edid, 255);
	for (i = 2; i < 256; i++)
		edid_extension(edid + i * 128);
}

/* HDMI 2.1, 10.3.6: no damage, but the number in the base block is not the real one. */
static void edid_eeodb(uint8_t *edid, uint8_t extensions)
{
	const uint8_t eeodb[] = {7 << 5 | 2, 0x78, extensions};

	memmove(edid + 132 + sizeof(eeodb), edid + 132, 6);
	memcpy(edid + 132, eeodb, sizeof(eeodb));
	edid[130] += sizeof(eeodb);
	edid_sum(edid + 128);
}

static void edid_damage_eeodb(uint8_t *edid)
{
	edid_extension(edid + 256);
	edid_extension(edid + 384);
	edid_eeodb(edid, 3);
}

static void edid_damage_eeodb_fewer(uint8_t *edid)
{
	edid_claim(edid, 255);
	edid_eeodb(edid, 1);
}

/* In millihertz. */
static uint32_t mode_refresh(const drmModeModeInfo *mode)
{
	return (uint64_t)mode->clock * 1000000 / ((uint64_t)mode->htotal * mode->vtotal);
}

FIXTURE(display)
{
	struct compositor compositor;
	struct driver driver;
	struct pipe *pipe;
	drmModeModeInfo mode;
	struct picture a;
	struct picture b;
	uint32_t id; /* what messages call @a, once it is streamed */
};

FIXTURE_SETUP(display)
{
	self->driver.fd = -1;
	ASSERT_EQ(compositor_open(&self->compositor), 0) TH_LOG("is miracast_display loaded?");
	self->pipe = &self->compositor.pipes[0];
	ASSERT_EQ(driver_open(&self->driver), 0);
	ASSERT_EQ(picture_create(&self->compositor, &self->a, WIDTH, HEIGHT), 0);
	ASSERT_EQ(picture_create(&self->compositor, &self->b, WIDTH, HEIGHT), 0);
	picture_fill(&self->a, 1);
	picture_fill(&self->b, 2);
}

FIXTURE_TEARDOWN(display)
{
	const struct colors none = {};

	driver_close(&self->driver);
	/* They would stay with the CRTC. */
	compositor_set_colors(&self->compositor, self->pipe, &none, NULL, NULL, NULL);
	picture_destroy(&self->compositor, &self->a);
	picture_destroy(&self->compositor, &self->b);
	EXPECT_EQ(compositor_counter_soon(&self->compositor, self->pipe, "framebuffers", 0), 0);
	EXPECT_EQ(compositor_counter(&self->compositor, self->pipe, "frames_in_flight"), 0);
	EXPECT_EQ(compositor_counter(&self->compositor, self->pipe, "frames_pending"), 0);
	compositor_close(&self->compositor);
}

#define COUNTER(key) compositor_counter(&self->compositor, self->pipe, key)
#define EXPECT_COUNTER_SOON(key, wanted) \
	EXPECT_EQ(compositor_counter_soon(&self->compositor, self->pipe, key, wanted), wanted)

/* The mode that the connector prefers. */
static int preferred_mode(struct compositor *compositor, struct pipe *pipe, drmModeModeInfo *mode)
{
	drmModeConnector *connector = compositor_connector(compositor, pipe);
	int i, found = 0;

	for (i = 0; connector && i < connector->count_modes; i++) {
		if (!(connector->modes[i].type & DRM_MODE_TYPE_PREFERRED))
			continue;
		*mode = connector->modes[i];
		found++;
	}
	drmModeFreeConnector(connector);

	return found == 1 ? 0 : -ENOENT;
}

/* A session with a sink that has no EDID. */
static int session(struct driver *driver)
{
	int ret = driver_create_context(driver, 16);

	if (!ret)
		ret = driver_start(driver);
	if (!ret && driver_sink_arrived(driver, WIDTH, HEIGHT, REFRESH, NULL, 0) != STATUS_SUCCESS)
		ret = -EIO;

	return ret;
}

/* A session, and a lit up connector whose first frame is done. */
static int stream(struct compositor *compositor, struct pipe *pipe, struct driver *driver,
		  drmModeModeInfo *mode, struct picture *picture, uint32_t *id)
{
	struct driver_message message = {};
	struct flip flip;
	int ret;

	ret = session(driver);
	if (!ret)
		ret = preferred_mode(compositor, pipe, mode);
	if (!ret)
		ret = compositor_modeset(compositor, pipe, mode, picture, 0, &flip);
	if (!ret)
		ret = driver_fetch_frame(driver, &message);
	*id = message.frame.framebuffer_id;
	if (!ret)
		ret = driver_complete_frame(driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);

	return ret ? ret : compositor_wait(compositor, &flip);
}

#define STREAM()                                                                              \
	ASSERT_EQ(stream(&self->compositor, self->pipe, &self->driver, &self->mode, &self->a, \
			 &self->id),                                                          \
		  0)

TEST_F(display, connector_follows_sink)
{
	EXPECT_EQ(compositor_status(&self->compositor, self->pipe), DRM_MODE_DISCONNECTED);

	ASSERT_EQ(driver_create_context(&self->driver, 16), 0);
	EXPECT_EQ(self->driver.info.target_id, 0);
	EXPECT_EQ(compositor_status(&self->compositor, self->pipe), DRM_MODE_DISCONNECTED);
	EXPECT_EQ(driver_sink_departed(&self->driver), STATUS_INVALID_DEVICE_STATE);

	EXPECT_EQ(driver_sink_arrived(&self->driver, WIDTH, HEIGHT, REFRESH, NULL, 0),
		  STATUS_SUCCESS);
	EXPECT_EQ(compositor_status(&self->compositor, self->pipe), DRM_MODE_CONNECTED);
	EXPECT_EQ(driver_sink_departed(&self->driver), STATUS_SUCCESS);
	EXPECT_EQ(compositor_status(&self->compositor, self->pipe), DRM_MODE_DISCONNECTED);
	EXPECT_EQ(driver_sink_arrived(&self->driver, WIDTH, HEIGHT, REFRESH, NULL, 0),
		  STATUS_SUCCESS);
	EXPECT_EQ(compositor_status(&self->compositor, self->pipe), DRM_MODE_CONNECTED);

	driver_close(&self->driver);
	EXPECT_EQ(compositor_status(&self->compositor, self->pipe), DRM_MODE_DISCONNECTED);
}

TEST_F(display, edid_is_unmodified)
{
	drmModePropertyBlobRes *blob;
	uint8_t edid[256];

	edid_make(edid);
	ASSERT_EQ(driver_create_context(&self->driver, 16), 0);
	ASSERT_EQ(driver_sink_arrived(&self->driver, 1920, 1080, 60000, edid, sizeof(edid)),
		  STATUS_SUCCESS);
	ASSERT_EQ(compositor_status(&self->compositor, self->pipe), DRM_MODE_CONNECTED);

	blob = compositor_edid(&self->compositor, self->pipe);
	ASSERT_NE(blob, NULL);
	EXPECT_EQ(blob->length, sizeof(edid));
	EXPECT_EQ(memcmp(blob->data, edid, sizeof(edid)), 0);
	drmModeFreePropertyBlob(blob);

	/* Another sink in its place has none. */
	ASSERT_EQ(driver_sink_arrived(&self->driver, WIDTH, HEIGHT, REFRESH, NULL, 0),
		  STATUS_SUCCESS);
	ASSERT_EQ(compositor_status(&self->compositor, self->pipe), DRM_MODE_CONNECTED);
	EXPECT_EQ(compositor_edid(&self->compositor, self->pipe), NULL);
}

TEST_F(display, edid_override_is_honoured)
{
	drmModePropertyBlobRes *blob;
	uint8_t theirs[256], ours[256];
	int round;

	edid_make(theirs);
	memcpy(ours, theirs, sizeof(ours));
	ours[9] ^= 1;
	ours[127] ^= 1;
	edid_sum(ours);
	ASSERT_EQ(driver_create_context(&self->driver, 16), 0);
	for (round = 0; round < 3; round++) {
		const uint8_t *wanted = round == 1 ? ours : theirs;

		ASSERT_EQ(driver_sink_arrived(&self->driver, 1920, 1080, 60000, theirs,
					      sizeof(theirs)),
			  STATUS_SUCCESS);
		ASSERT_EQ(compositor_status(&self->compositor, self->pipe), DRM_MODE_CONNECTED);
		blob = compositor_edid(&self->compositor, self->pipe);
		ASSERT_NE(blob, NULL);
		EXPECT_EQ(blob->length, sizeof(theirs));
		EXPECT_EQ(memcmp(blob->data, wanted, sizeof(theirs)), 0);
		drmModeFreePropertyBlob(blob);
		ASSERT_EQ(compositor_override_edid(&self->compositor, self->pipe,
						   round ? NULL : ours, sizeof(ours)),
			  0);
	}
}

/* The EDIDs that sinks send. @blocks and @left: of 128 bytes each. */
static const struct {
	const char *what;
	int blocks;
	int left;
	void (*damage)(uint8_t *edid);
} edids[] = {
	{"sound", 2, 2, NULL},
	{"base block alone", 1, 1, NULL},
	{"bad sum of an extension", 3, 2, edid_damage_sum},
	{"bad sum of a CTA extension, which DRM forgives", 2, 2, edid_damage_cta_sum},
	{"extension missing", 1, 1, edid_damage_missing},
	{"extension all FF", 2, 1, edid_damage_ff},
	{"extension all zeroes", 2, 1, edid_damage_zeroes},
	{"six blocks", 6, 6, edid_damage_six},
	{"48 extensions claimed", 2, 2, edid_damage_48},
	{"255 extensions claimed", 1, 1, edid_damage_255},
	{"no extension claimed", 2, 1, edid_damage_none},
	{"256 blocks", 256, 256, edid_damage_256},
	{"extensions claimed by HF-EEODB", 4, 4, edid_damage_eeodb},
	{"fewer claimed by HF-EEODB", 2, 2, edid_damage_eeodb_fewer},
};

TEST_F(display, damaged_extension_costs_itself_only)
{
	const size_t size = MIRACAST_DISPLAY_MAX_EDID;
	uint8_t *edid = malloc(size);
	unsigned int n;

	ASSERT_NE(edid, NULL);
	ASSERT_EQ(driver_create_context(&self->driver, 16), 0);
	for (n = 0; n < sizeof(edids) / sizeof(edids[0]); n++) {
		drmModeConnector *connector;
		drmModePropertyBlobRes *blob;
		uint8_t *left, sum = 0;
		int i;

		memset(edid, 0, size);
		edid_make(edid);
		if (edids[n].blocks == 1) {
			edid[126] = 0;
			edid_sum(edid);
		}
		if (edids[n].damage)
			edids[n].damage(edid);
		EXPECT_EQ(driver_sink_arrived(&self->driver, 1920, 1080, 60000, edid,
					      edids[n].blocks * 128),
			  STATUS_SUCCESS)
		{
			TH_LOG("%s", edids[n].what);
		}
		connector = compositor_connector(&self->compositor, self->pipe);
		ASSERT_NE(connector, NULL);
		EXPECT_EQ(connector->connection, DRM_MODE_CONNECTED);
		/* 100 by 60 cm, or exactly so by the first timing, which says nothing of it. */
		EXPECT_EQ(connector->mmWidth, 1000);
		EXPECT_EQ(connector->mmHeight, 600);
		EXPECT_GT(connector->count_modes, 3);
		drmModeFreeConnector(connector);

		blob = compositor_edid(&self->compositor, self->pipe);
		ASSERT_NE(blob, NULL)
		{
			TH_LOG("%s", edids[n].what);
		}
		EXPECT_EQ(blob->length, edids[n].left * 128)
		{
			TH_LOG("%s", edids[n].what);
		}
		/* The base block is sound, and with its name. */
		left = blob->data;
		for (i = 0; i < 128; i++)
			sum += left[i];
		EXPECT_EQ(sum, 0);
		EXPECT_EQ(memcmp(left, edid, 126), 0);
		EXPECT_EQ(memcmp(left + 90, "\0\0\0\xfc\0Test sink\n   ", 18), 0);
		if (edids[n].damage != edid_damage_eeodb)
			EXPECT_EQ(left[126], edids[n].left - 1);
		drmModeFreePropertyBlob(blob);
		/* Both look at all that it claims: DRM, which compares, and what the card says. */
		connector = compositor_connector(&self->compositor, self->pipe);
		EXPECT_NE(connector, NULL);
		drmModeFreeConnector(connector);
		driver_sound(&self->driver, NULL);
	}
	free(edid);
}

TEST_F(display, modes_are_within_limits)
{
	static const struct {
		uint32_t width, height, refresh;
		bool in_edid;
	} sinks[] = {
		{1920, 1080, 60000, true}, {1280, 720, 60000, true},  {1280, 720, 50000, true},
		{640, 480, 60000, true},   {1366, 768, 60000, false}, {1280, 720, 30000, false},
	};
	uint8_t edid[256];
	unsigned int n;

	edid_make(edid);
	ASSERT_EQ(driver_create_context(&self->driver, 16), 0);
	for (n = 0; n < sizeof(sinks) / sizeof(sinks[0]); n++) {
		drmModeConnector *connector;
		int i, preferred = 0;

		ASSERT_EQ(driver_sink_arrived(&self->driver, sinks[n].width, sinks[n].height,
					      sinks[n].refresh, edid, sizeof(edid)),
			  STATUS_SUCCESS);
		connector = compositor_connector(&self->compositor, self->pipe);
		ASSERT_NE(connector, NULL);
		EXPECT_GT(connector->count_modes, 0);
		for (i = 0; i < connector->count_modes; i++) {
			drmModeModeInfo *mode = &connector->modes[i];

			EXPECT_LE(mode->hdisplay, sinks[n].width);
			EXPECT_LE(mode->vdisplay, sinks[n].height);
			EXPECT_LE(mode_refresh(mode), 60000 + 60000 / 500);
			EXPECT_EQ(mode->flags & DRM_MODE_FLAG_INTERLACE, 0);
			if (!(mode->type & DRM_MODE_TYPE_PREFERRED))
				continue;
			preferred++;
			EXPECT_EQ(mode->hdisplay, sinks[n].width);
			EXPECT_EQ(mode->vdisplay, sinks[n].height);
			EXPECT_LE(mode_refresh(mode), sinks[n].refresh + 1);
			EXPECT_GE(mode_refresh(mode), sinks[n].refresh - sinks[n].refresh / 500);
		}
		EXPECT_EQ(preferred, 1);
		drmModeFreeConnector(connector);
	}
}

static bool find_mode(const drmModeConnector *connector, uint32_t width, uint32_t height,
		      drmModeModeInfo *mode)
{
	int i;

	for (i = 0; i < connector->count_modes; i++) {
		*mode = connector->modes[i];
		if (mode->hdisplay == width && mode->vdisplay == height)
			return true;
	}

	return false;
}

/* A compositor has a choice, also where the encoder manages 30 pictures a second of a monitor of 60 Hz. */
TEST_F(display, there_is_a_choice_of_modes)
{
	drmModeConnector *connector;
	drmModeModeInfo mode;
	unsigned int n;
	uint8_t edid[256];

	edid_make(edid);
	ASSERT_EQ(driver_create_context(&self->driver, 16), 0);
	ASSERT_EQ(driver_start(&self->driver), 0);
	for (n = 0; n < 2; n++) {
		struct driver_message message;
		struct picture small;
		struct flip flip;

		ASSERT_EQ(driver_sink_arrived(&self->driver, 1280, 720, 30000, edid,
					      n ? 0 : sizeof(edid)),
			  STATUS_SUCCESS);
		connector = compositor_connector(&self->compositor, self->pipe);
		ASSERT_NE(connector, NULL);
		EXPECT_GE(connector->count_modes, 4);
		EXPECT_TRUE(find_mode(connector, 800, 600, &mode));
		EXPECT_TRUE(find_mode(connector, 640, 480, &mode));
		EXPECT_GT(mode_refresh(&mode), 59000);
		drmModeFreeConnector(connector);

		ASSERT_EQ(picture_create(&self->compositor, &small, 640, 480), 0);
		ASSERT_EQ(compositor_modeset(&self->compositor, self->pipe, &mode, &small, 0,
					     &flip),
			  0);
		ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
		EXPECT_EQ(message.frame.width, 640);
		EXPECT_EQ(message.frame.height, 480);
		ASSERT_EQ(driver_complete_frame(&self->driver, &message,
						MIRACAST_DISPLAY_FRAME_ENCODED),
			  0);
		EXPECT_EQ(compositor_wait(&self->compositor, &flip), 0);
		picture_destroy(&self->compositor, &small);

		ASSERT_EQ(preferred_mode(&self->compositor, self->pipe, &mode), 0);
		EXPECT_EQ(mode.hdisplay, 1280);
		EXPECT_EQ(mode.vdisplay, 720);
		EXPECT_LT(mode_refresh(&mode), 30100);
	}
}

/* A driver may name a limit of its own; the negotiated mode is always there. */
TEST_F(display, modes_are_within_the_drivers_clock)
{
	drmModeConnector *connector;
	drmModeModeInfo mode;
	int i, preferred = 0;

	ASSERT_EQ(driver_create_context(&self->driver, 16), 0);
	self->driver.max_pixel_clock = 30000;
	ASSERT_EQ(driver_sink_arrived(&self->driver, 1280, 720, 60000, NULL, 0), STATUS_SUCCESS);
	connector = compositor_connector(&self->compositor, self->pipe);
	ASSERT_NE(connector, NULL);
	EXPECT_TRUE(find_mode(connector, 640, 480, &mode));
	EXPECT_TRUE(find_mode(connector, 1280, 720, &mode));
	for (i = 0; i < connector->count_modes; i++) {
		preferred += !!(connector->modes[i].type & DRM_MODE_TYPE_PREFERRED);
		/* With other blanking, too. */
		if (connector->modes[i].hdisplay < 1280)
			EXPECT_LE(connector->modes[i].clock, 30000);
	}
	EXPECT_EQ(preferred, 1);
	drmModeFreeConnector(connector);
}

/* A mode's clock is in kHz, which is coarse for few pixels. */
TEST_F(display, smallest_sinks_have_their_mode)
{
	static const uint32_t rates[] = {20000, 30000, 60000};
	unsigned int n, i;

	ASSERT_EQ(driver_create_context(&self->driver, 16), 0);
	for (n = 0; n < sizeof(rates) / sizeof(rates[0]); n++) {
		uint32_t least = 1;

		while (least < WIDTH && driver_sink_arrived(&self->driver, least, least, rates[n],
							    NULL, 0) != STATUS_SUCCESS)
			least++;
		for (i = 0; i < 100; i += 9) {
			const uint32_t sizes[][2] = {
				{least + i, least + i}, {least, least + i}, {least + i, least}};
			drmModeModeInfo mode = {};
			unsigned int k;

			for (k = 0; k < 3; k++) {
				uint32_t width = sizes[k][0], height = sizes[k][1];

				ASSERT_EQ(driver_sink_arrived(&self->driver, width, height,
							      rates[n], NULL, 0),
					  STATUS_SUCCESS);
				ASSERT_EQ(preferred_mode(&self->compositor, self->pipe, &mode), 0)
				TH_LOG("%ux%u at %u mHz", width, height, rates[n]);
				EXPECT_EQ(mode.hdisplay, width);
				EXPECT_EQ(mode.vdisplay, height);
			}
		}
	}
}

TEST_F(display, mode_of_the_compositor_is_within_limits)
{
	struct picture large;
	drmModeModeInfo mode;

	ASSERT_EQ(session(&self->driver), 0);
	ASSERT_EQ(preferred_mode(&self->compositor, self->pipe, &mode), 0);
	EXPECT_EQ(compositor_modeset(&self->compositor, self->pipe, &mode, &self->a,
				     DRM_MODE_ATOMIC_TEST_ONLY, NULL),
		  0);

	/* Twice as often, then wider. */
	mode.clock *= 2;
	EXPECT_EQ(compositor_modeset(&self->compositor, self->pipe, &mode, &self->a,
				     DRM_MODE_ATOMIC_TEST_ONLY, NULL),
		  -EINVAL);
	mode.clock /= 2;
	mode.hdisplay += 16;
	ASSERT_EQ(picture_create(&self->compositor, &large, WIDTH + 16, HEIGHT), 0);
	EXPECT_EQ(compositor_modeset(&self->compositor, self->pipe, &mode, &large,
				     DRM_MODE_ATOMIC_TEST_ONLY, NULL),
		  -EINVAL);
	picture_destroy(&self->compositor, &large);

	/* A timer of a microsecond is nobody's display. */
	driver_close(&self->driver);
	ASSERT_EQ(preferred_mode(&self->compositor, self->pipe, &mode), -ENOENT);
	memset(&mode, 0, sizeof(mode));
	mode.hdisplay = WIDTH;
	mode.hsync_start = mode.hsync_end = mode.htotal = WIDTH + 1;
	mode.vdisplay = HEIGHT;
	mode.vsync_start = mode.vsync_end = mode.vtotal = HEIGHT + 1;
	mode.clock = 2000000000;
	EXPECT_EQ(compositor_modeset(&self->compositor, self->pipe, &mode, &self->a,
				     DRM_MODE_ATOMIC_TEST_ONLY, NULL),
		  -EINVAL);
}

TEST_F(display, frame_says_what_was_committed)
{
	struct driver_message message;
	struct flip flip;

	ASSERT_EQ(session(&self->driver), 0);
	ASSERT_EQ(preferred_mode(&self->compositor, self->pipe, &self->mode), 0);
	ASSERT_EQ(compositor_modeset(&self->compositor, self->pipe, &self->mode, &self->a, 0,
				     &flip),
		  0);

	/* First of all the monitor is on. */
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_POWER);
	EXPECT_EQ(message.header.size, sizeof(struct miracast_display_power));
	EXPECT_EQ(message.power.on, 1);
	EXPECT_EQ(message.power.reserved, 0);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);

	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_FRAME);
	EXPECT_EQ(message.header.size, sizeof(struct miracast_display_frame));
	EXPECT_GT(message.frame.sequence, 0);
	EXPECT_GT(message.frame.time_ns, 0);
	EXPECT_GT(message.frame.framebuffer_id, 0);
	EXPECT_EQ(message.frame.format, DRM_FORMAT_XRGB8888);
	EXPECT_EQ(message.frame.x, 0);
	EXPECT_EQ(message.frame.y, 0);
	EXPECT_EQ(message.frame.width, WIDTH);
	EXPECT_EQ(message.frame.height, HEIGHT);
	EXPECT_EQ(message.frame.refresh, REFRESH);
	EXPECT_EQ(message.frame.nr_damage, 0);
	ASSERT_EQ(driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED),
		  0);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
}

TEST_F(display, pixels_are_those_of_the_compositor)
{
	struct miracast_display_framebuffer framebuffer;
	struct driver_message message;
	struct flip flip;
	uint32_t x, y, wrong;
	uint8_t *memory;
	int round;

	STREAM();
	for (round = 0; round < 2; round++) {
		struct picture *picture = round ? &self->a : &self->b;

		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, picture, NULL, 0, &flip),
			  0);
		ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
		ASSERT_EQ(driver_export(&self->driver, message.frame.framebuffer_id, &framebuffer),
			  STATUS_SUCCESS);
		EXPECT_EQ(framebuffer.framebuffer_id, message.frame.framebuffer_id);
		EXPECT_EQ(framebuffer.width, WIDTH);
		EXPECT_EQ(framebuffer.height, HEIGHT);
		EXPECT_EQ(framebuffer.pitch, picture->pitch);
		EXPECT_EQ(framebuffer.format, DRM_FORMAT_XRGB8888);
		EXPECT_EQ(framebuffer.offset, 0);
		EXPECT_EQ(framebuffer.buffer_size, picture->size);
		EXPECT_EQ(lseek(framebuffer.fd, 0, SEEK_END), (off_t)picture->size);

		/* To read, and for this process only. */
		EXPECT_EQ(fcntl(framebuffer.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
		EXPECT_EQ(fcntl(framebuffer.fd, F_GETFD), FD_CLOEXEC);
		EXPECT_EQ(mmap(NULL, framebuffer.buffer_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			       framebuffer.fd, 0),
			  MAP_FAILED);
		memory = mmap(NULL, framebuffer.buffer_size, PROT_READ, MAP_SHARED, framebuffer.fd,
			      0);
		ASSERT_NE(memory, MAP_FAILED);
		EXPECT_EQ(mprotect(memory, framebuffer.buffer_size, PROT_READ | PROT_WRITE), -1);

		for (wrong = 0, y = 0; y < HEIGHT; y++)
			for (x = 0; x < WIDTH; x++)
				wrong += *(uint32_t *)(memory + y * framebuffer.pitch + 4 * x) !=
					 picture_pixel(round ? 1 : 2, x, y);
		EXPECT_EQ(wrong, 0);
		munmap(memory, framebuffer.buffer_size);
		close(framebuffer.fd);

		ASSERT_EQ(driver_complete_frame(&self->driver, &message,
						MIRACAST_DISPLAY_FRAME_ENCODED),
			  0);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	}
}

TEST_F(display, exported_memory_outlives_everything)
{
	struct miracast_display_framebuffer framebuffer;
	uint32_t *memory;

	STREAM();
	ASSERT_EQ(driver_export(&self->driver, self->id, &framebuffer), STATUS_SUCCESS);
	memory = mmap(NULL, framebuffer.buffer_size, PROT_READ, MAP_SHARED, framebuffer.fd, 0);
	ASSERT_NE(memory, MAP_FAILED);
	close(framebuffer.fd);

	driver_close(&self->driver);
	picture_destroy(&self->compositor, &self->a);
	EXPECT_EQ(memory[5 * WIDTH + 7], picture_pixel(1, 7, 5));
	munmap(memory, framebuffer.buffer_size);
}

/* The flip has not ended, unless this machine is so slow that its limit has passed. */
#define EXPECT_FLIP_WAITS(flip, late)                                 \
	do {                                                          \
		compositor_poll(&self->compositor, 40);               \
		if ((flip).ended)                                     \
			EXPECT_EQ(COUNTER("flips_late"), (late) + 1); \
	} while (0)

TEST_F(display, flip_ends_when_the_framebuffer_before_is_free)
{
	struct driver_message before, message;
	struct flip flip;
	int64_t late;
	int i;

	STREAM();
	late = COUNTER("flips_late");
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->b, NULL, 0, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &before), 0);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	EXPECT_EQ(COUNTER("flips_late"), late);
	EXPECT_EQ(COUNTER("frames_in_flight"), 1);

	for (i = 0; i < 5; i++) {
		late = COUNTER("flips_late");
		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe,
					  i % 2 ? &self->b : &self->a, NULL, 0, &flip),
			  0);
		/* Beside the one before. */
		ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
		EXPECT_FLIP_WAITS(flip, late);
		ASSERT_EQ(driver_complete_frame(&self->driver, &before,
						MIRACAST_DISPLAY_FRAME_ENCODED),
			  0);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
		before = message;
	}
	driver_complete_frame(&self->driver, &before, MIRACAST_DISPLAY_FRAME_ENCODED);
	EXPECT_EQ(COUNTER("frames_bad_result"), 0);
}

TEST_F(display, flip_waits_for_the_older_of_two_frames)
{
	struct driver_message before, message;
	struct flip flip;
	int64_t late;

	STREAM();
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->b, NULL, 0, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &before), 0);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	late = COUNTER("flips_late");
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->a, NULL, 0, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	EXPECT_FLIP_WAITS(flip, late);
	driver_complete_frame(&self->driver, &before, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
}

TEST_F(display, flip_to_the_same_framebuffer_ends_with_the_callback)
{
	struct driver_message message;
	struct flip flip;
	int64_t late;
	int i;

	STREAM();
	for (i = 0; i < 3; i++) {
		late = COUNTER("flips_late");
		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->a, NULL, 0, &flip),
			  0);
		ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
		EXPECT_FLIP_WAITS(flip, late);
		ASSERT_EQ(driver_complete_frame(&self->driver, &message,
						MIRACAST_DISPLAY_FRAME_ENCODED),
			  0);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	}
}

TEST_F(display, framebuffer_that_shows_nothing_new_is_what_is_shown)
{
	/* All of what changed is outside the picture. */
	const struct drm_mode_rect outside = {WIDTH + 10, 0, WIDTH + 20, 10};
	struct driver_message before, message;
	struct flip flip;
	int64_t late;
	uint32_t id;
	int i;

	STREAM();
	/* In place of itself, which the compositor may draw into then; and of another one. */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, i ? &self->a : &self->b,
					  NULL, 0, &flip),
			  0);
		ASSERT_EQ(driver_fetch_frame(&self->driver, &before), 0);
		if (i == 0)
			id = before.frame.framebuffer_id;
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
		late = COUNTER("flips_late");
		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->b, &outside, 1,
					  &flip),
			  0);
		EXPECT_EQ(driver_fetch(&self->driver, &message, 0), -ETIMEDOUT);
		EXPECT_FLIP_WAITS(flip, late);
		driver_complete_frame(&self->driver, &before, MIRACAST_DISPLAY_FRAME_ENCODED);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	}

	/* Another sink is told of it. */
	ASSERT_EQ(driver_sink_departed(&self->driver), STATUS_SUCCESS);
	ASSERT_EQ(driver_sink_arrived(&self->driver, WIDTH, HEIGHT, REFRESH, NULL, 0),
		  STATUS_SUCCESS);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	EXPECT_EQ(message.frame.framebuffer_id, id);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
}

TEST_F(display, silent_daemon_does_not_stop_the_compositor)
{
	struct driver_message held, message;
	struct picture c;
	struct flip flip;
	int64_t late;

	STREAM();
	late = COUNTER("flips_late");
	ASSERT_EQ(picture_create(&self->compositor, &c, WIDTH, HEIGHT), 0);
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &c, NULL, 0, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &held), 0);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->b, NULL, 0, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	EXPECT_EQ(COUNTER("flips_late"), late + 1);
	EXPECT_EQ(COUNTER("frames_in_flight"), 2);

	/* Nobody shows it any more, but it stays until the callback. */
	ASSERT_EQ(driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_DROPPED),
		  0);
	picture_destroy(&self->compositor, &c);
	EXPECT_COUNTER_SOON("frames_in_flight", 1);
	EXPECT_EQ(COUNTER("framebuffers"), 3);
	EXPECT_EQ(driver_fetch(&self->driver, &message, 0), -ETIMEDOUT);

	ASSERT_EQ(driver_complete_frame(&self->driver, &held, MIRACAST_DISPLAY_FRAME_ENCODED), 0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	EXPECT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE);
	EXPECT_EQ(message.framebuffer.framebuffer_id, held.frame.framebuffer_id);
	EXPECT_COUNTER_SOON("framebuffers", 2);
	EXPECT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
}

TEST_F(display, unsent_frames_are_replaced)
{
	static const struct drm_mode_rect rects[] = {
		{10, 10, 20, 20}, {30, 30, 40, 40},   {50, 50, 60, 60},
		{70, 70, 80, 80}, {90, 90, 100, 100},
	};
	struct driver_message first, second, third;
	int64_t replaced;
	struct flip flip;
	unsigned int i;

	STREAM();
	replaced = COUNTER("frames_replaced");
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe,
					  i % 2 ? &self->a : &self->b, &rects[i], 1, &flip),
			  0);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
		EXPECT_COUNTER_SOON("frames_in_flight", i ? 2 : 1);
	}
	EXPECT_EQ(COUNTER("frames_pending"), 1);
	EXPECT_EQ(COUNTER("frames_replaced"), replaced + 2);

	ASSERT_EQ(driver_fetch_frame(&self->driver, &first), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &second), 0);
	EXPECT_EQ(driver_fetch(&self->driver, &third, 0), -ETIMEDOUT);
	ASSERT_EQ(driver_complete_frame(&self->driver, &first, MIRACAST_DISPLAY_FRAME_ENCODED), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &third), 0);
	EXPECT_EQ(second.frame.sequence, first.frame.sequence + 1);
	EXPECT_EQ(third.frame.sequence, first.frame.sequence + 4);

	/* It has the damage of those that it replaced. */
	ASSERT_EQ(third.frame.nr_damage, 3);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(memcmp(&third.frame.damage[i], &rects[i + 2], sizeof(rects[0])), 0);
	ASSERT_EQ(driver_complete_frame(&self->driver, &second, MIRACAST_DISPLAY_FRAME_ENCODED), 0);
	ASSERT_EQ(driver_complete_frame(&self->driver, &third, MIRACAST_DISPLAY_FRAME_ENCODED), 0);
	EXPECT_EQ(COUNTER("frames_in_flight"), 0);
}

/* Whoever lets a framebuffer go last must take no lock that others hold while they allocate. */
TEST_F(display, framebuffer_of_a_frame_that_is_never_sent_goes_with_it)
{
	const struct drm_mode_rect outside = {WIDTH + 10, 0, WIDTH + 20, 10};
	struct driver_message message;
	struct flip flip;
	int dark;

	STREAM();
	for (dark = 0; dark < 2; dark++) {
		struct picture c;
		/* Two are out, and one waits that neither compositor nor plane has any more. */
		struct {
			struct picture *picture;
			const struct drm_mode_rect *damage;
		} flips[] = {{&self->b, NULL}, {&self->a, NULL}, {&c, NULL}, {&self->b, &outside}};
		unsigned int i;

		ASSERT_EQ(picture_create(&self->compositor, &c, WIDTH, HEIGHT), 0);
		for (i = 0; i < 4; i++) {
			ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, flips[i].picture,
						  flips[i].damage, !!flips[i].damage, &flip),
				  0);
			ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
			EXPECT_COUNTER_SOON("frames_in_flight", i ? 2 : 1);
		}
		EXPECT_EQ(COUNTER("frames_pending"), 1);
		picture_destroy(&self->compositor, &c);
		EXPECT_EQ(COUNTER("framebuffers"), 3);

		if (dark) {
			ASSERT_EQ(compositor_power(&self->compositor, self->pipe, false), 0);
		} else {
			ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->a, NULL, 0,
						  &flip),
				  0);
			ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
		}
		EXPECT_COUNTER_SOON("framebuffers", 2);
		for (i = 0; i < 3 - dark; i++) {
			ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
			driver_complete_frame(&self->driver, &message,
					      MIRACAST_DISPLAY_FRAME_ENCODED);
		}
	}
}

TEST_F(display, damage_arrives)
{
	static const struct drm_mode_rect two[] = {{1, 2, 3, 4}, {100, 200, 300, 400}};
	struct drm_mode_rect many[40];
	struct driver_message message;
	struct flip flip;
	unsigned int i, n;

	STREAM();
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->b, two, 2, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	ASSERT_EQ(message.frame.nr_damage, 2);
	EXPECT_EQ(memcmp(message.frame.damage, two, sizeof(two)), 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);

	/* More than a message holds are fewer and larger ones. */
	for (i = 0; i < 40; i++)
		many[i] = (struct drm_mode_rect){10 * i, 5 * i, 10 * i + 5, 5 * i + 3};
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->a, many, 40, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	ASSERT_GT(message.frame.nr_damage, 0);
	ASSERT_LE(message.frame.nr_damage, MIRACAST_DISPLAY_MAX_DAMAGE);
	for (i = 0; i < 40; i++) {
		bool covered = false;

		for (n = 0; n < message.frame.nr_damage; n++) {
			struct miracast_display_rect *rect = &message.frame.damage[n];

			covered |= (int)rect->x1 <= many[i].x1 && (int)rect->y1 <= many[i].y1 &&
				   (int)rect->x2 >= many[i].x2 && (int)rect->y2 >= many[i].y2;
		}
		EXPECT_TRUE(covered);
	}
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);

	/* None at all, and damage beyond the picture. */
	const struct drm_mode_rect beyond = {600, 400, 2000, 2000};

	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->b, &beyond, 1, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	ASSERT_EQ(message.frame.nr_damage, 1);
	EXPECT_EQ(message.frame.damage[0].x1, 600);
	EXPECT_EQ(message.frame.damage[0].y1, 400);
	EXPECT_EQ(message.frame.damage[0].x2, WIDTH);
	EXPECT_EQ(message.frame.damage[0].y2, HEIGHT);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
}

TEST_F(display, dirty_framebuffer_is_a_frame)
{
	drmModeClip clip = {.x1 = 8, .y1 = 16, .x2 = 24, .y2 = 32};
	struct driver_message message;

	STREAM();
	ASSERT_EQ(drmModeDirtyFB(self->compositor.fd, self->a.fb, &clip, 1), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	EXPECT_EQ(message.frame.framebuffer_id, self->id);
	ASSERT_EQ(message.frame.nr_damage, 1);
	EXPECT_EQ(message.frame.damage[0].x1, 8);
	EXPECT_EQ(message.frame.damage[0].y2, 32);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
}

/* Xorg draws into a framebuffer that no plane shows, and copies it for an output that is rotated. */
TEST_F(display, dirty_framebuffer_that_no_plane_shows_is_a_whole_frame)
{
	drmModeClip clip = {.x1 = 8, .y1 = 16, .x2 = 24, .y2 = 32};
	struct driver_message message;

	STREAM();
	ASSERT_EQ(drmModeDirtyFB(self->compositor.fd, self->b.fb, &clip, 1), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	EXPECT_EQ(message.frame.framebuffer_id, self->id);
	EXPECT_EQ(message.frame.nr_damage, 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);

	/* What is shown has been called dirty itself: then it says itself what changes in it. */
	ASSERT_EQ(drmModeDirtyFB(self->compositor.fd, self->a.fb, &clip, 1), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	EXPECT_EQ(message.frame.nr_damage, 1);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(drmModeDirtyFB(self->compositor.fd, self->b.fb, &clip, 1), 0);
	EXPECT_EQ(driver_fetch(&self->driver, &message, 0), -ETIMEDOUT);
}

TEST_F(display, dirty_framebuffer_of_one_output_is_a_whole_frame_of_another)
{
	drmModeClip clip = {.x1 = 8, .y1 = 16, .x2 = 24, .y2 = 32};
	struct driver other = {.fd = -1};
	struct driver_message message;
	drmModeModeInfo mode;
	uint32_t id;

	if (self->compositor.count < 2)
		SKIP(return, "needs two connectors");
	STREAM();
	ASSERT_EQ(driver_open(&other), 0);
	ASSERT_EQ(stream(&self->compositor, &self->compositor.pipes[1], &other, &mode, &self->b,
			 &id),
		  0);
	ASSERT_EQ(drmModeDirtyFB(self->compositor.fd, self->a.fb, &clip, 1), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	EXPECT_EQ(message.frame.nr_damage, 1);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(driver_fetch_frame(&other, &message), 0);
	EXPECT_EQ(message.frame.framebuffer_id, id);
	EXPECT_EQ(message.frame.nr_damage, 0);
	driver_complete_frame(&other, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	driver_close(&other);
}

/* A server that rotates several outputs is held up by their daemons once, not by one after the other. */
TEST_F(display, dirty_framebuffer_waits_once_for_all_outputs)
{
	struct driver others[2] = {{.fd = -1}, {.fd = -1}};
	struct driver_message message;
	struct picture c, drawn;
	drmModeModeInfo mode;
	unsigned int i;
	uint64_t first;
	uint32_t id;

	if (self->compositor.count < 3)
		SKIP(return, "needs three connectors");
	ASSERT_EQ(picture_create(&self->compositor, &c, WIDTH, HEIGHT), 0);
	ASSERT_EQ(picture_create(&self->compositor, &drawn, WIDTH, HEIGHT), 0);
	STREAM();
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(driver_open(&others[i]), 0);
		ASSERT_EQ(stream(&self->compositor, &self->compositor.pipes[i + 1], &others[i],
				 &mode, i ? &c : &self->b, &id),
			  0);
	}
	ASSERT_EQ(drmModeDirtyFB(self->compositor.fd, drawn.fb, NULL, 0), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	first = message.frame.time_ns;
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(driver_fetch_frame(&others[i], &message), 0);
		EXPECT_EQ(message.frame.nr_damage, 0);
		/* No flip before it has ended, which takes 80 ms at least. */
		EXPECT_LT(message.frame.time_ns - first, 50000000);
		driver_complete_frame(&others[i], &message, MIRACAST_DISPLAY_FRAME_ENCODED);
		driver_close(&others[i]);
	}
	picture_destroy(&self->compositor, &c);
	picture_destroy(&self->compositor, &drawn);
}

/* What others show is not a lessee's, whatever it calls dirty. */
TEST_F(display, dirty_framebuffer_of_a_lessee_is_no_frame_of_others)
{
	struct pipe *leased = &self->compositor.pipes[1];
	uint32_t objects[] = {leased->connector, leased->crtc, leased->plane}, lessee;
	struct drm_mode_create_dumb dumb = {.width = WIDTH, .height = HEIGHT, .bpp = 32};
	struct driver_message message;
	uint32_t fb;
	int fd;

	if (self->compositor.count < 2)
		SKIP(return, "needs two connectors");
	STREAM();
	fd = drmModeCreateLease(self->compositor.fd, objects, 3, O_CLOEXEC, &lessee);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	ASSERT_EQ(drmModeAddFB(fd, WIDTH, HEIGHT, 24, 32, dumb.pitch, dumb.handle, &fb), 0);
	EXPECT_EQ(drmModeDirtyFB(fd, fb, NULL, 0), 0);
	EXPECT_EQ(driver_fetch(&self->driver, &message, 0), -ETIMEDOUT);
	close(fd);
}

TEST_F(display, power_is_told)
{
	struct driver_message message;
	drmModeModeInfo slower;
	struct flip flip;

	STREAM();

	/* A mode set is no change of power. */
	slower = self->mode;
	slower.clock /= 2;
	ASSERT_EQ(compositor_modeset(&self->compositor, self->pipe, &slower, &self->b, 0, &flip),
		  0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_FRAME);
	EXPECT_EQ(message.frame.refresh, REFRESH / 2);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);

	ASSERT_EQ(compositor_power(&self->compositor, self->pipe, false), 0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_POWER);
	EXPECT_EQ(message.power.on, 0);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
	EXPECT_EQ(compositor_status(&self->compositor, self->pipe), DRM_MODE_CONNECTED);

	/* On again: that is told, and then the picture. */
	ASSERT_EQ(compositor_power(&self->compositor, self->pipe, true), 0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_POWER);
	EXPECT_EQ(message.power.on, 1);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_FRAME);
	EXPECT_EQ(message.frame.nr_damage, 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);

	ASSERT_EQ(compositor_disable(&self->compositor, self->pipe), 0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_POWER);
	EXPECT_EQ(message.power.on, 0);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
}

TEST_F(display, power_that_was_not_heard_is_told_again)
{
	struct driver_message message;
	struct picture c;
	struct flip flip;
	unsigned int told = 0;

	STREAM();
	ASSERT_EQ(picture_create(&self->compositor, &c, WIDTH, HEIGHT), 0);
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &c, NULL, 0, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);

	ASSERT_EQ(compositor_power(&self->compositor, self->pipe, false), 0);
	/* Once more where another thing of the same commit was noted meanwhile, but not for ever. */
	while (told < 4 && !driver_fetch(&self->driver, &message, told ? 100 : GUARD_MS)) {
		ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_POWER);
		EXPECT_EQ(message.power.on, 0);
		ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_UNSUCCESSFUL, 0), 0);
		told++;
	}
	EXPECT_GE(told, 1);
	EXPECT_LE(told, 2);

	/* With the next thing that happens. */
	ASSERT_EQ(compositor_disable(&self->compositor, self->pipe), 0);
	picture_destroy(&self->compositor, &c);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_POWER);
	EXPECT_EQ(message.power.on, 0);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	EXPECT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
}

TEST_F(display, framebuffer_that_goes_is_told)
{
	struct miracast_display_framebuffer framebuffer;
	struct driver_message message;
	struct flip flip;
	uint32_t last;
	int i;

	STREAM();
	last = self->id;
	for (i = 0; i < 3; i++) {
		struct picture c;

		ASSERT_EQ(picture_create(&self->compositor, &c, WIDTH, HEIGHT), 0);
		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &c, NULL, 0, &flip), 0);
		ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
		/* An id is new each time. */
		EXPECT_GT(message.frame.framebuffer_id, last);
		last = message.frame.framebuffer_id;
		driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);

		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->a, NULL, 0, &flip),
			  0);
		ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
		EXPECT_EQ(message.frame.framebuffer_id, self->id);
		driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);

		picture_destroy(&self->compositor, &c);
		ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
		EXPECT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE);
		EXPECT_EQ(message.framebuffer.framebuffer_id, last);
		EXPECT_EQ(driver_export(&self->driver, last, &framebuffer), STATUS_NOT_FOUND);
		driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0);
	}
}

TEST_F(display, framebuffer_that_nobody_knows_goes_quietly)
{
	struct driver_message messages[3], message;
	struct picture unsent;
	struct flip flip;
	int i;

	STREAM();
	ASSERT_EQ(picture_create(&self->compositor, &unsent, WIDTH, HEIGHT), 0);
	for (i = 0; i < 4; i++) {
		/* Two are out, the third waits, and the fourth takes its place. */
		struct picture *picture = i == 2 ? &unsent : i % 2 ? &self->a : &self->b;

		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, picture, NULL, 0, &flip),
			  0);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
		EXPECT_COUNTER_SOON("frames_in_flight", i ? 2 : 1);
	}
	picture_destroy(&self->compositor, &unsent);
	EXPECT_COUNTER_SOON("framebuffers", 2);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(driver_fetch(&self->driver, &messages[i], GUARD_MS), 0);
		ASSERT_EQ(messages[i].header.code, MIRACAST_DISPLAY_MSG_FRAME);
		driver_complete_frame(&self->driver, &messages[i], MIRACAST_DISPLAY_FRAME_ENCODED);
	}
	EXPECT_EQ(messages[2].frame.sequence, messages[0].frame.sequence + 3);
	EXPECT_EQ(driver_fetch(&self->driver, &message, 0), -ETIMEDOUT);
}

/* How long the channel waits for an answer: to all messages from now on. */
static int answer_timeout(const char *ms)
{
	int fd = open("/sys/class/miracast/miracast0/timeout_ms", O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, ms, strlen(ms)) > 0 ? 0 : -errno;
	close(fd);

	return ret;
}

TEST_F_TIMEOUT(display, driver_that_hears_of_no_framebuffer_gathers_few, 300)
{
	struct driver_message gone, message;
	struct picture pictures[2] = {};
	struct flip flip;
	int i, told = 0;

	/* The first is answered last, and a machine that watches itself is slow. */
	ASSERT_EQ(answer_timeout("300000"), 0);
	STREAM();
	gone.id = 0;
	for (i = 0; i < 300; i++) {
		struct picture *picture = &pictures[i % 2];

		/* The one before the last: nobody shows it any more. */
		if (i > 1)
			picture_destroy(&self->compositor, picture);
		if (i > 1 && !gone.id) {
			ASSERT_EQ(driver_fetch(&self->driver, &gone, GUARD_MS), 0);
			ASSERT_EQ(gone.header.code, MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE);
		}
		ASSERT_EQ(picture_create(&self->compositor, picture, WIDTH, HEIGHT), 0);
		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, picture, NULL, 0, &flip),
			  0);
		ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
		driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	}

	ASSERT_EQ(driver_complete(&self->driver, gone.id, STATUS_SUCCESS, 0), 0);
	while (!driver_fetch(&self->driver, &gone, told < 256 ? GUARD_MS : 200)) {
		ASSERT_EQ(gone.header.code, MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE);
		ASSERT_EQ(driver_complete(&self->driver, gone.id, STATUS_SUCCESS, 0), 0);
		told++;
	}
	EXPECT_EQ(told, 256);
	ASSERT_EQ(answer_timeout("30000"), 0);
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->a, NULL, 0, &flip), 0);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	picture_destroy(&self->compositor, &pictures[0]);
	picture_destroy(&self->compositor, &pictures[1]);
}

TEST_F(display, arriving_sink_gets_what_is_shown)
{
	struct driver_message message;

	STREAM();
	driver_close(&self->driver);

	/* The compositor has not noticed yet, and a new daemon is there. */
	ASSERT_EQ(driver_open(&self->driver), 0);
	ASSERT_EQ(session(&self->driver), 0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_POWER);
	EXPECT_EQ(message.power.on, 1);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_FRAME);
	EXPECT_EQ(message.frame.framebuffer_id, self->id);
	EXPECT_EQ(message.frame.nr_damage, 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_NOT_STREAMING);
}

TEST_F(display, cancelled_frame_makes_the_next_one_whole)
{
	static const struct drm_mode_rect corner = {0, 0, 8, 8};
	struct driver_message message;
	struct flip flip;
	int64_t failed;

	STREAM();
	failed = COUNTER("frames_failed");
	ASSERT_EQ(driver_stop(&self->driver), 0);
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->b, &corner, 1, &flip), 0);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	EXPECT_COUNTER_SOON("frames_failed", failed + 1);

	ASSERT_EQ(driver_start(&self->driver), 0);
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->a, &corner, 1, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	EXPECT_EQ(message.frame.nr_damage, 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);

	/* One handled with an error is as lost. */
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->b, &corner, 1, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	EXPECT_EQ(message.frame.nr_damage, 1);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_UNSUCCESSFUL, 0), 0);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->a, &corner, 1, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	EXPECT_EQ(message.frame.nr_damage, 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
}

TEST_F(display, full_queue_is_tried_again)
{
	struct driver_message first, message;
	struct flip flip;
	int64_t refused;

	/* One slot: the power message has it, the frame must wait. */
	ASSERT_EQ(driver_create_context(&self->driver, 1), 0);
	ASSERT_EQ(driver_start(&self->driver), 0);
	ASSERT_EQ(driver_sink_arrived(&self->driver, WIDTH, HEIGHT, REFRESH, NULL, 0),
		  STATUS_SUCCESS);
	ASSERT_EQ(preferred_mode(&self->compositor, self->pipe, &self->mode), 0);
	refused = COUNTER("messages_refused");
	ASSERT_EQ(compositor_modeset(&self->compositor, self->pipe, &self->mode, &self->a, 0,
				     &flip),
		  0);
	ASSERT_EQ(driver_fetch(&self->driver, &first, GUARD_MS), 0);
	EXPECT_EQ(first.header.code, MIRACAST_DISPLAY_MSG_POWER);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	EXPECT_COUNTER_SOON("frames_pending", 1);
	EXPECT_GT(COUNTER("messages_refused"), refused);

	ASSERT_EQ(driver_complete(&self->driver, first.id, STATUS_SUCCESS, 0), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	EXPECT_EQ(message.frame.nr_damage, 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
}

TEST_F(display, frames_without_sink_go_nowhere)
{
	struct driver_message message;
	struct flip flip;
	int64_t skipped;

	STREAM();
	skipped = COUNTER("frames_skipped");
	ASSERT_EQ(driver_sink_departed(&self->driver), STATUS_SUCCESS);
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->b, NULL, 0, &flip), 0);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	EXPECT_EQ(COUNTER("frames_skipped"), skipped + 1);
	EXPECT_EQ(driver_fetch(&self->driver, &message, 0), -ETIMEDOUT);
}

TEST_F(display, vblanks_are_a_clock)
{
	uint64_t period_ns, first_us = 0, first = 0;
	struct driver_message message;
	struct flip flip;
	int i;

	STREAM();
	period_ns = (uint64_t)self->mode.htotal * self->mode.vtotal * 1000000 / self->mode.clock;
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe,
					  i % 2 ? &self->a : &self->b, NULL, 0, &flip),
			  0);
		ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
		driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
		if (!i) {
			first = flip.sequence;
			first_us = flip.time_us;
			continue;
		}
		/* Each on a vblank of its own, and each vblank in its place. */
		EXPECT_GE(flip.sequence, first + i);
		EXPECT_LE(llabs((int64_t)(flip.time_us - first_us) -
				(int64_t)((flip.sequence - first) * period_ns / 1000)),
			  2);
	}
}

static ntstatus_t raw_control(struct driver *driver, uint32_t code, uint32_t claimed, void *input,
			      uint32_t size)
{
	struct miracast_display_header *header = input;

	header->code = code;
	header->size = claimed;

	return driver_io_control(driver, input, size, NULL, 0, NULL);
}

TEST_F(display, bad_io_controls_are_refused)
{
	struct {
		struct miracast_display_sink sink;
		uint8_t edid[256];
	} arrived;
	const uint32_t code = MIRACAST_DISPLAY_CTL_SINK_ARRIVED;
	const uint32_t bare = sizeof(struct miracast_display_sink);
	struct miracast_display_framebuffer framebuffer, output;
	struct miracast_display_header header;
	struct driver *driver = &self->driver;
	uint32_t returned, i;
	void *large;

	ASSERT_EQ(driver_create_context(driver, 16), 0);

	EXPECT_EQ(driver_io_control(driver, NULL, 0, NULL, 0, NULL), STATUS_INVALID_PARAMETER);
	EXPECT_EQ(driver_io_control(driver, &header, 4, NULL, 0, NULL), STATUS_INVALID_PARAMETER);
	for (i = MIRACAST_DISPLAY_CTL_SOUND + 1; i < 9; i++)
		EXPECT_EQ(raw_control(driver, i, sizeof(header), &header, sizeof(header)),
			  STATUS_NOT_SUPPORTED);
	EXPECT_EQ(raw_control(driver, 0, sizeof(header), &header, sizeof(header)),
		  STATUS_NOT_SUPPORTED);
	EXPECT_EQ(raw_control(driver, MIRACAST_DISPLAY_CTL_SINK_DEPARTED, 9, &header, 8),
		  STATUS_INVALID_PARAMETER);

	/* Sinks that are none. Each begins as a good one. */
#define BAD_SINK(change, size)                                             \
	do {                                                               \
		memset(&arrived, 0, sizeof(arrived));                      \
		arrived.sink.width = WIDTH;                                \
		arrived.sink.height = HEIGHT;                              \
		arrived.sink.refresh = REFRESH;                            \
		edid_make(arrived.edid);                                   \
		change;                                                    \
		EXPECT_EQ(raw_control(driver, code, size, &arrived, size), \
			  STATUS_INVALID_PARAMETER);                       \
	} while (0)
	BAD_SINK(, bare - 1);
	BAD_SINK(, bare + 128);
	BAD_SINK(arrived.sink.width = 0, bare);
	BAD_SINK(arrived.sink.width = 95, bare);
	BAD_SINK(arrived.sink.width = 8193, bare);
	BAD_SINK(arrived.sink.height = 0, bare);
	BAD_SINK(arrived.sink.height = ~0u, bare);
	BAD_SINK(arrived.sink.refresh = 0, bare);
	BAD_SINK(arrived.sink.refresh = ~0u, bare);
	BAD_SINK(arrived.sink.flags = 4, bare);
	BAD_SINK(arrived.sink.flags = 1u << 31, bare);
	BAD_SINK(arrived.sink.edid_size = 128, bare);
	BAD_SINK(arrived.sink.edid_size = 100, bare + 100);
	BAD_SINK(arrived.sink.edid_size = 0xffffff80, bare);
	BAD_SINK((arrived.sink.edid_size = 256, arrived.edid[1] ^= 1), bare + 256);
	BAD_SINK((arrived.sink.edid_size = 256, arrived.edid[40] ^= 1), bare + 256);
	EXPECT_EQ(compositor_status(&self->compositor, self->pipe), DRM_MODE_DISCONNECTED);

	/* Larger than any: the channel does not even ask. */
	large = calloc(1, bare + MIRACAST_DISPLAY_MAX_EDID + 128);
	ASSERT_NE(large, NULL);
	EXPECT_EQ(raw_control(driver, code, bare + MIRACAST_DISPLAY_MAX_EDID + 128, large,
			      bare + MIRACAST_DISPLAY_MAX_EDID + 128),
		  STATUS_INTERNAL_ERROR);
	free(large);

	memset(&framebuffer, 0, sizeof(framebuffer));
	framebuffer.header.code = MIRACAST_DISPLAY_CTL_EXPORT_FRAMEBUFFER;
	framebuffer.header.size = sizeof(framebuffer);
	memset(&output, 0x55, sizeof(output));
	EXPECT_EQ(driver_io_control(driver, &framebuffer, sizeof(framebuffer), &output,
				    sizeof(output), &returned),
		  STATUS_NOT_FOUND);
	EXPECT_EQ(returned, 0);
	framebuffer.framebuffer_id = 1;
	EXPECT_EQ(driver_io_control(driver, &framebuffer, sizeof(framebuffer), &output,
				    sizeof(output) - 1, &returned),
		  STATUS_BUFFER_TOO_SMALL);
	framebuffer.pitch = 1;
	EXPECT_EQ(driver_io_control(driver, &framebuffer, sizeof(framebuffer), &output,
				    sizeof(output), &returned),
		  STATUS_INVALID_PARAMETER);
	for (i = 0; i < sizeof(output); i++)
		EXPECT_EQ(((uint8_t *)&output)[i], 0x55);

	/* After all that it works. */
	EXPECT_EQ(driver_sink_arrived(driver, WIDTH, HEIGHT, REFRESH, NULL, 0), STATUS_SUCCESS);
	EXPECT_EQ(compositor_status(&self->compositor, self->pipe), DRM_MODE_CONNECTED);
}

/* The first has another life than those that come later: it was there before the device was. */
TEST_F(display, connectors_are_made_as_sinks_come)
{
	int i, n = self->compositor.count;
	struct driver drivers[8];
	drmModeModeInfo mode;
	struct picture picture;
	struct pipe *pipe;
	struct flip flip;

	driver_close(&self->driver);
	ASSERT_LE(n, 7) TH_LOG("all have been made before");
	for (i = 0; i <= n; i++) {
		ASSERT_EQ(driver_open(&drivers[i]), 0);
		ASSERT_EQ(session(&drivers[i]), 0);
		EXPECT_EQ(drivers[i].info.target_id, i);
		ASSERT_EQ(compositor_look(&self->compositor), 0);
		EXPECT_EQ(self->compositor.count, i < n ? n : n + 1);
	}
	pipe = &self->compositor.pipes[n];
	ASSERT_EQ(compositor_status(&self->compositor, pipe), DRM_MODE_CONNECTED);
	EXPECT_EQ(compositor_counter(&self->compositor, pipe, "frames_committed"), 0);

	/* Its sink goes while it is shown; it stays, and is the next one's. */
	ASSERT_EQ(preferred_mode(&self->compositor, pipe, &mode), 0);
	ASSERT_EQ(picture_create(&self->compositor, &picture, mode.hdisplay, mode.vdisplay), 0);
	ASSERT_EQ(compositor_modeset(&self->compositor, pipe, &mode, &picture, 0, &flip), 0);
	driver_close(&drivers[n]);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	EXPECT_EQ(compositor_status(&self->compositor, pipe), DRM_MODE_DISCONNECTED);
	ASSERT_EQ(driver_open(&drivers[n]), 0);
	ASSERT_EQ(session(&drivers[n]), 0);
	EXPECT_EQ(drivers[n].info.target_id, n);
	ASSERT_EQ(compositor_look(&self->compositor), 0);
	EXPECT_EQ(self->compositor.count, n + 1);
	EXPECT_EQ(compositor_status(&self->compositor, pipe), DRM_MODE_CONNECTED);
	ASSERT_EQ(compositor_disable(&self->compositor, pipe), 0);
	picture_destroy(&self->compositor, &picture);
	for (i = 0; i <= n; i++)
		driver_close(&drivers[i]);
}

TEST_F(display, connectors_are_one_context_each)
{
	struct miracast_display_framebuffer framebuffer;
	struct driver drivers[8], another;
	struct driver_message message;
	drmModeModeInfo mode;
	struct flip flip;
	int i, n = 8;

	driver_close(&self->driver);
	for (i = 0; i < n; i++) {
		ASSERT_EQ(driver_open(&drivers[i]), 0);
		ASSERT_EQ(session(&drivers[i]), 0);
		EXPECT_EQ(drivers[i].info.target_id, i);
		ASSERT_EQ(compositor_look(&self->compositor), 0);
		ASSERT_GT(self->compositor.count, i);
		EXPECT_EQ(compositor_status(&self->compositor, &self->compositor.pipes[i]),
			  DRM_MODE_CONNECTED);
	}
	ASSERT_EQ(driver_open(&another), 0);
	EXPECT_EQ(driver_create_context(&another, 16), -EBUSY);
	driver_close(&another);

	/* All show one picture, which has one name. */
	for (i = 0; i < n; i++) {
		struct pipe *pipe = &self->compositor.pipes[i];

		ASSERT_EQ(preferred_mode(&self->compositor, pipe, &mode), 0);
		ASSERT_EQ(compositor_modeset(&self->compositor, pipe, &mode, &self->b, 0, &flip),
			  0);
		ASSERT_EQ(driver_fetch_frame(&drivers[i], &message), 0);
		self->id = i ? self->id : message.frame.framebuffer_id;
		EXPECT_EQ(message.frame.framebuffer_id, self->id);
		driver_complete_frame(&drivers[i], &message, MIRACAST_DISPLAY_FRAME_ENCODED);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	}
	for (i = 0; i < n; i++)
		EXPECT_EQ(driver_fetch(&drivers[i], &message, 0), -ETIMEDOUT);

	/* Only the first has the second picture. */
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->a, NULL, 0, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&drivers[0], &message), 0);
	EXPECT_NE(message.frame.framebuffer_id, self->id);
	EXPECT_EQ(driver_export(&drivers[0], message.frame.framebuffer_id, &framebuffer),
		  STATUS_SUCCESS);
	close(framebuffer.fd);
	/* The others were not told of it, and do not get it if they guess. */
	for (i = 1; i < n; i++)
		EXPECT_EQ(driver_export(&drivers[i], message.frame.framebuffer_id, &framebuffer),
			  STATUS_NOT_FOUND);
	driver_complete_frame(&drivers[0], &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);

	/* One that goes leaves the others alone, and its connector is the next one's. */
	driver_close(&drivers[0]);
	EXPECT_EQ(compositor_status(&self->compositor, self->pipe), DRM_MODE_DISCONNECTED);
	for (i = 1; i < n; i++)
		EXPECT_EQ(compositor_status(&self->compositor, &self->compositor.pipes[i]),
			  DRM_MODE_CONNECTED);
	ASSERT_EQ(driver_open(&drivers[0]), 0);
	ASSERT_EQ(driver_create_context(&drivers[0], 16), 0);
	EXPECT_EQ(drivers[0].info.target_id, 0);
	for (i = 0; i < n; i++)
		driver_close(&drivers[i]);
}

/* A daemon of its own that takes one frame and keeps it, and says so. */
static int daemon_that_hangs(int ready)
{
	struct driver_message message;
	struct driver driver;

	if (driver_open(&driver) || session(&driver) || write(ready, "s", 1) != 1 ||
	    driver_fetch_frame(&driver, &message) || write(ready, "f", 1) != 1)
		return 1;
	pause();

	return 0;
}

TEST_F_TIMEOUT(display, killed_daemon_takes_nothing_with_it, 120)
{
	int round, ready[2], status;
	struct flip flip;
	char step;
	pid_t pid;

	driver_close(&self->driver);
	ASSERT_EQ(pipe(ready), 0);
	for (round = 0; round < 5; round++) {
		int64_t ended = COUNTER("callbacks_disconnected");

		pid = fork();
		ASSERT_GE(pid, 0);
		if (!pid)
			_exit(daemon_that_hangs(ready[1]));
		ASSERT_EQ(read(ready[0], &step, 1), 1);
		ASSERT_EQ(preferred_mode(&self->compositor, self->pipe, &self->mode), 0);
		ASSERT_EQ(compositor_modeset(&self->compositor, self->pipe, &self->mode,
					     round % 2 ? &self->a : &self->b, 0, &flip),
			  0);
		ASSERT_EQ(read(ready[0], &step, 1), 1);

		/* Another frame on its way, and one waiting. */
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->a, NULL, 0, &flip),
			  0);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
		EXPECT_COUNTER_SOON("frames_in_flight", 2);
		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->b, NULL, 0, &flip),
			  0);
		ASSERT_EQ(kill(pid, SIGKILL), 0);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);

		EXPECT_EQ(compositor_status(&self->compositor, self->pipe), DRM_MODE_DISCONNECTED);
		EXPECT_GE(COUNTER("callbacks_disconnected"), ended + 2);
		EXPECT_EQ(COUNTER("frames_in_flight"), 0);
		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->a, NULL, 0, &flip),
			  0);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
		ASSERT_EQ(compositor_disable(&self->compositor, self->pipe), 0);
	}
	EXPECT_EQ(COUNTER("messages_sent"),
		  COUNTER("callbacks_success") + COUNTER("callbacks_cancelled") +
			  COUNTER("callbacks_disconnected") + COUNTER("callbacks_timeout") +
			  COUNTER("callbacks_removed") + COUNTER("callbacks_other"));
	close(ready[0]);
	close(ready[1]);
}

TEST_F(display, killed_compositor_frees_its_framebuffers)
{
	struct driver_message message;
	int ready[2], status;
	char step;
	pid_t pid;

	/* The other one becomes the card's master. */
	picture_destroy(&self->compositor, &self->a);
	picture_destroy(&self->compositor, &self->b);
	drmDropMaster(self->compositor.fd);
	ASSERT_EQ(session(&self->driver), 0);
	ASSERT_EQ(pipe(ready), 0);

	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		struct compositor other;
		struct picture picture;
		drmModeModeInfo mode;
		struct flip flip;

		if (compositor_open(&other) || picture_create(&other, &picture, WIDTH, HEIGHT) ||
		    preferred_mode(&other, &other.pipes[0], &mode) ||
		    compositor_modeset(&other, &other.pipes[0], &mode, &picture, 0, &flip) ||
		    write(ready[1], "c", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	ASSERT_EQ(read(ready[0], &step, 1), 1);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	ASSERT_EQ(kill(pid, SIGKILL), 0);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);

	/* The frame still holds its framebuffer. */
	EXPECT_EQ(COUNTER("framebuffers"), 1);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	EXPECT_COUNTER_SOON("framebuffers", 0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	EXPECT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_POWER);
	EXPECT_EQ(message.power.on, 0);
	driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	EXPECT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE);
	driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0);
	close(ready[0]);
	close(ready[1]);
}

/* Serves frames until the context is gone; some never, some with errors. */
static void *serve(void *data)
{
	struct driver *driver = data;
	struct driver_message message;
	unsigned int n = 0;

	while (!driver_fetch(driver, &message, GUARD_MS)) {
		if (message.header.code != MIRACAST_DISPLAY_MSG_FRAME)
			driver_complete(driver, message.id, STATUS_SUCCESS, 0);
		else if (++n % 13 == 0)
			driver_complete(driver, message.id, STATUS_UNSUCCESSFUL, 0);
		else
			driver_complete_frame(driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	}

	return NULL;
}

TEST_F_TIMEOUT(display, many_frames_with_several_handlers, 120)
{
	pthread_t threads[3];
	struct flip flip;
	int64_t sent;
	int i;

	STREAM();
	sent = COUNTER("frames_sent");
	for (i = 0; i < 3; i++)
		ASSERT_EQ(pthread_create(&threads[i], NULL, serve, &self->driver), 0);
	for (i = 0; i < 120; i++) {
		struct picture c;

		/* Every tenth framebuffer is a passing one. */
		if (i % 10 == 0) {
			ASSERT_EQ(picture_create(&self->compositor, &c, WIDTH, HEIGHT), 0);
			ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &c, NULL, 0,
						  &flip),
				  0);
			ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
		}
		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe,
					  i % 2 ? &self->a : &self->b, NULL, 0, &flip),
			  0);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
		if (i % 10 == 0)
			picture_destroy(&self->compositor, &c);
		if (i % 40 == 39) {
			ASSERT_EQ(compositor_power(&self->compositor, self->pipe, false), 0);
			ASSERT_EQ(compositor_power(&self->compositor, self->pipe, true), 0);
		}
	}
	EXPECT_GT(COUNTER("frames_sent"), sent);
	EXPECT_EQ(COUNTER("frames_bad_result"), 0);

	/* The handlers find the context gone. */
	ASSERT_EQ(ioctl(self->driver.fd, MIRACAST_IOC_DESTROY_CONTEXT), 0);
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

#define NEED_VGEM(vgem)                                   \
	do {                                              \
		int ret = vgem_open(vgem, WIDTH, HEIGHT); \
                                                          \
		if (ret == -ENOENT)                       \
			SKIP(return, "needs vgem");       \
		ASSERT_EQ(ret, 0);                        \
	} while (0)

/* What the daemon is given can be read, and written by nobody. */
static void expect_read_only(struct __test_metadata *_metadata,
			     const struct miracast_display_framebuffer *framebuffer, uint32_t pixel)
{
	const size_t size = framebuffer->buffer_size;
	uint32_t *memory;

	EXPECT_EQ(fcntl(framebuffer->fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	EXPECT_EQ(fcntl(framebuffer->fd, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(lseek(framebuffer->fd, 0, SEEK_END), (off_t)size);
	EXPECT_EQ(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, framebuffer->fd, 0),
		  MAP_FAILED);
	EXPECT_EQ(mmap(NULL, size, PROT_WRITE, MAP_PRIVATE, framebuffer->fd, 0), MAP_FAILED);
	memory = mmap(NULL, size, PROT_READ, MAP_SHARED, framebuffer->fd, 0);
	ASSERT_NE(memory, MAP_FAILED);
	EXPECT_EQ(memory[12345], pixel);
	EXPECT_EQ(mprotect(memory, size, PROT_READ | PROT_WRITE), -1);
	munmap(memory, size);
}

TEST_F(display, export_of_an_imported_buffer_is_shown_and_read_only)
{
	struct miracast_display_framebuffer framebuffer;
	struct dma_buf_sync sync = {.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ};
	struct driver_message message;
	struct picture imported;
	struct vgem vgem;
	struct flip flip;
	uint32_t handle;

	NEED_VGEM(&vgem);
	STREAM();
	vgem.pixels[12345] = 0x00c0ffee;
	ASSERT_EQ(vgem_import(&vgem, &self->compositor, &imported), 0);
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &imported, NULL, 0, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	ASSERT_EQ(driver_export(&self->driver, message.frame.framebuffer_id, &framebuffer),
		  STATUS_SUCCESS);
	expect_read_only(_metadata, &framebuffer, 0x00c0ffee);
	EXPECT_EQ(ioctl(framebuffer.fd, DMA_BUF_IOCTL_SYNC, &sync), 0);
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ;
	EXPECT_EQ(ioctl(framebuffer.fd, DMA_BUF_IOCTL_SYNC, &sync), 0);

	/* It is not the buffer itself, neither there nor here. */
	EXPECT_NE(drmPrimeFDToHandle(vgem.fd, framebuffer.fd, &handle), 0);
	EXPECT_NE(drmPrimeFDToHandle(self->compositor.fd, framebuffer.fd, &handle), 0);

	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	picture_destroy(&self->compositor, &imported);
	vgem_close(&vgem);
	/* It keeps the memory. */
	expect_read_only(_metadata, &framebuffer, 0x00c0ffee);
	close(framebuffer.fd);
}

TEST_F(display, export_is_read_only_for_another_card)
{
	struct miracast_display_framebuffer framebuffer;
	struct vgem vgem;
	uint64_t offset;
	uint32_t handle;

	NEED_VGEM(&vgem);
	STREAM();
	ASSERT_EQ(driver_export(&self->driver, self->id, &framebuffer), STATUS_SUCCESS);
	expect_read_only(_metadata, &framebuffer, self->a.pixels[12345]);
	/* A card that maps it later only gets nothing to write, either. */
	if (!drmPrimeFDToHandle(vgem.fd, framebuffer.fd, &handle) &&
	    !drmModeMapDumbBuffer(vgem.fd, handle, &offset))
		EXPECT_EQ(mmap(NULL, framebuffer.buffer_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			       vgem.fd, offset),
			  MAP_FAILED);
	close(framebuffer.fd);
	vgem_close(&vgem);
}

/* A flip whose frame is encoded at once. Returns the framebuffer's id, or 0. */
static uint32_t show(struct compositor *compositor, struct pipe *pipe, struct driver *driver,
		     struct picture *picture)
{
	struct driver_message message;
	struct flip flip;

	if (compositor_flip(compositor, pipe, picture, NULL, 0, &flip) ||
	    driver_fetch_frame(driver, &message) ||
	    driver_complete_frame(driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED) ||
	    compositor_wait(compositor, &flip))
		return 0;

	return message.frame.framebuffer_id;
}

#define SHOW(picture) show(&self->compositor, self->pipe, &self->driver, picture)

/* A dma-buf of the test module's exporter, or a negative errno. */
static int exporter_dma_buf(uint32_t kind, uint32_t size)
{
	struct miracast_test_dma_buf argument = {.kind = kind, .size = size};
	int fd = open("/dev/miracast_test_exporter", O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = ioctl(fd, MIRACAST_TEST_DMA_BUF, &argument);
	close(fd);

	return ret < 0 ? -errno : ret;
}

/* Shows it, and reads it as a daemon does: @pixel is the first one. */
static void expect_shown(struct __test_metadata *_metadata, FIXTURE_DATA(display) * self,
			 struct picture *picture, uint32_t pixel)
{
	struct miracast_display_framebuffer framebuffer;
	struct driver_message message;
	struct flip flip;
	uint32_t *memory;

	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, picture, NULL, 0, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	ASSERT_EQ(driver_export(&self->driver, message.frame.framebuffer_id, &framebuffer),
		  STATUS_SUCCESS);
	memory = mmap(NULL, framebuffer.buffer_size, PROT_READ, MAP_SHARED, framebuffer.fd, 0);
	ASSERT_NE(memory, MAP_FAILED);
	EXPECT_EQ(memory[0], pixel);
	munmap(memory, framebuffer.buffer_size);
	close(framebuffer.fd);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
}

TEST_F(display, memory_that_a_processor_cannot_read_is_no_framebuffer)
{
	static const uint32_t refused[] = {
		MIRACAST_TEST_DMA_BUF_NO_MMAP,
		MIRACAST_TEST_DMA_BUF_MMAP_REFUSED,
		MIRACAST_TEST_DMA_BUF_OUT_OF_REACH,
		MIRACAST_TEST_DMA_BUF_SLOW,
	};
	const uint32_t pitch = WIDTH * 4, size = pitch * HEIGHT;
	const int64_t before = COUNTER("framebuffers_refused");
	struct picture imported;
	unsigned int i;
	uint32_t *memory;
	int dma_buf;

	STREAM();
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		dma_buf = exporter_dma_buf(refused[i], size);
		ASSERT_GE(dma_buf, 0);
		EXPECT_EQ(picture_import(&self->compositor, &imported, dma_buf, WIDTH, HEIGHT,
					 pitch),
			  -EINVAL)
		{
			TH_LOG("kind %u", refused[i]);
		}
		close(dma_buf);
	}
	EXPECT_COUNTER_SOON("framebuffers", 2);
	EXPECT_EQ(COUNTER("framebuffers_refused"), before + i);

	/* Its last page has no map of its own. */
	dma_buf = exporter_dma_buf(MIRACAST_TEST_DMA_BUF_READABLE, size + 100);
	ASSERT_GE(dma_buf, 0);
	EXPECT_EQ(picture_import(&self->compositor, &imported, dma_buf, WIDTH, HEIGHT, pitch),
		  -EINVAL);
	close(dma_buf);

	dma_buf = exporter_dma_buf(MIRACAST_TEST_DMA_BUF_READABLE, size);
	ASSERT_GE(dma_buf, 0);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dma_buf, 0);
	ASSERT_NE(memory, MAP_FAILED);
	memory[0] = 0x00c0ffee;
	munmap(memory, size);
	ASSERT_EQ(picture_import(&self->compositor, &imported, dma_buf, WIDTH, HEIGHT, pitch), 0);
	expect_shown(_metadata, self, &imported, 0x00c0ffee);
	ASSERT_NE(SHOW(&self->a), 0);
	picture_destroy(&self->compositor, &imported);
	close(dma_buf);
}

/* However busy the machine is: another process takes its time from the one that is measured. */
TEST_F_TIMEOUT(display, memory_that_is_fast_to_read_is_never_refused, 300)
{
	const int64_t before = COUNTER("framebuffers_imported");
	const uint32_t side = 128, pitch = side * 4, size = pitch * side;
	struct picture imported;
	cpu_set_t one = {};
	unsigned int i;
	pid_t child;
	int dma_buf;

	/* They share one. If this process fails, the other one must not keep the card. */
	CPU_SET(0, &one);
	ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(300);
		for (;;)
			;
	}
	for (i = 0; i < 500; i++) {
		dma_buf = exporter_dma_buf(MIRACAST_TEST_DMA_BUF_READABLE, size);
		ASSERT_GE(dma_buf, 0);
		ASSERT_EQ(picture_import(&self->compositor, &imported, dma_buf, side, side, pitch),
			  0);
		picture_destroy(&self->compositor, &imported);
		close(dma_buf);
	}
	EXPECT_EQ(COUNTER("framebuffers_imported"), before + i);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/*
 * A process that has all of its memory locked, and has locked as much as it may, is told something that
 * libdrm does not ask again for: not EAGAIN.
 */
TEST_F(display, memory_is_refused_to_who_may_not_lock_more)
{
	const uint32_t side = 128, pitch = side * 4, size = pitch * side;
	const struct rlimit less = {size + size / 2, size + size / 2};
	struct picture imported;
	struct rlimit before;
	int dma_buf, ret;

	/* Of all kinds this one's map is counted. */
	dma_buf = exporter_dma_buf(MIRACAST_TEST_DMA_BUF_SLOW, size);
	ASSERT_GE(dma_buf, 0);
	ASSERT_EQ(getrlimit(RLIMIT_MEMLOCK, &before), 0);
	ASSERT_EQ(setrlimit(RLIMIT_MEMLOCK, &less), 0);
	/* Root may always. */
	ASSERT_EQ(seteuid(65534), 0);
	ASSERT_EQ(mlockall(MCL_FUTURE), 0);
	ret = picture_import(&self->compositor, &imported, dma_buf, side, side, pitch);
	munlockall();
	ASSERT_EQ(seteuid(0), 0);
	ASSERT_EQ(setrlimit(RLIMIT_MEMLOCK, &before), 0);
	EXPECT_EQ(ret, -EINVAL);
	close(dma_buf);
}

TEST_F(display, memory_of_a_process_is_shown)
{
	const uint32_t pitch = WIDTH * 4, size = pitch * HEIGHT;
	struct udmabuf_create create = {.flags = UDMABUF_FLAGS_CLOEXEC, .size = size};
	int udmabuf = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	struct picture imported;
	uint32_t *memory;
	int dma_buf;

	if (udmabuf < 0)
		SKIP(return, "needs udmabuf");
	STREAM();
	create.memfd = memfd_create("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ASSERT_GE(create.memfd, 0);
	ASSERT_EQ(ftruncate(create.memfd, size), 0);
	ASSERT_EQ(fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, create.memfd, 0);
	ASSERT_NE(memory, MAP_FAILED);
	memory[0] = 0x00c0ffee;
	munmap(memory, size);
	dma_buf = ioctl(udmabuf, UDMABUF_CREATE, &create);
	ASSERT_GE(dma_buf, 0);
	ASSERT_EQ(picture_import(&self->compositor, &imported, dma_buf, WIDTH, HEIGHT, pitch), 0);
	expect_shown(_metadata, self, &imported, 0x00c0ffee);
	ASSERT_NE(SHOW(&self->a), 0);
	picture_destroy(&self->compositor, &imported);
	close(dma_buf);
	close(create.memfd);
	close(udmabuf);
}

/* What the daemon could not make sense of. */
TEST_F(display, other_layouts_are_no_framebuffers)
{
	uint32_t handles[4] = {self->a.handle}, pitches[4] = {self->a.pitch}, offsets[4] = {};
	uint64_t modifiers[4] = {DRM_FORMAT_MOD_LINEAR};
	uint32_t fb;

	ASSERT_EQ(drmModeAddFB2WithModifiers(self->compositor.fd, WIDTH, HEIGHT,
					     DRM_FORMAT_XRGB8888, handles, pitches, offsets,
					     modifiers, &fb, DRM_MODE_FB_MODIFIERS),
		  0);
	ASSERT_EQ(drmModeRmFB(self->compositor.fd, fb), 0);
	modifiers[0] = I915_FORMAT_MOD_X_TILED;
	EXPECT_EQ(drmModeAddFB2WithModifiers(self->compositor.fd, WIDTH, HEIGHT,
					     DRM_FORMAT_XRGB8888, handles, pitches, offsets,
					     modifiers, &fb, DRM_MODE_FB_MODIFIERS),
		  -EINVAL);
	EXPECT_EQ(drmModeAddFB2(self->compositor.fd, WIDTH, HEIGHT, DRM_FORMAT_XBGR8888, handles,
				pitches, offsets, &fb, 0),
		  -EINVAL);
}

static bool signalled(int sync_file)
{
	struct pollfd poll_fd = {.fd = sync_file, .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1;
}

TEST_F(display, fence_of_the_daemon_holds_up_no_flip)
{
	struct dma_buf_import_sync_file import = {.flags = DMA_BUF_SYNC_WRITE};
	struct miracast_display_framebuffer framebuffer;
	struct picture imported, *pictures[2] = {&self->a, &imported};
	struct vgem vgem, fences;
	uint32_t fence, ids[2];
	struct flip flip;
	int i;

	NEED_VGEM(&vgem);
	ASSERT_EQ(vgem_open(&fences, WIDTH, HEIGHT), 0);
	ASSERT_EQ(vgem_import(&vgem, &self->compositor, &imported), 0);
	STREAM();
	ids[0] = self->id;
	ids[1] = SHOW(&imported);
	ASSERT_NE(ids[1], 0);
	ASSERT_NE(SHOW(&self->b), 0);
	ASSERT_EQ(vgem_fence(&fences, &fence), 0);
	import.fd = vgem_sync_file(&fences);
	ASSERT_GE(import.fd, 0);

	/* In memory of our own, then in the compositor's. */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(driver_export(&self->driver, ids[i], &framebuffer), STATUS_SUCCESS);
		ASSERT_EQ(ioctl(framebuffer.fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &import), 0);
		close(framebuffer.fd);
		ASSERT_EQ(SHOW(pictures[i]), ids[i]);
		EXPECT_FALSE(signalled(import.fd));
	}
	ASSERT_EQ(vgem_fence_signal(&fences, fence), 0);
	EXPECT_TRUE(signalled(import.fd));

	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->b, NULL, 0, &flip), 0);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	close(import.fd);
	picture_destroy(&self->compositor, &imported);
	vgem_close(&fences);
	vgem_close(&vgem);
}

TEST_F(display, frame_is_sent_when_the_compositors_fences_are_done)
{
	struct driver_message message;
	struct picture imported;
	uint32_t fence, explicit;
	struct vgem vgem, fences;
	struct flip flip;
	int sync_file;

	NEED_VGEM(&vgem);
	ASSERT_EQ(vgem_open(&fences, WIDTH, HEIGHT), 0);
	ASSERT_EQ(vgem_import(&vgem, &self->compositor, &imported), 0);
	STREAM();

	/* One in the buffer itself, then one that the commit names. */
	ASSERT_EQ(vgem_fence(&vgem, &fence), 0);
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &imported, NULL, 0, &flip), 0);
	EXPECT_EQ(driver_fetch(&self->driver, &message, 300), -ETIMEDOUT);
	EXPECT_FALSE(flip.ended);
	ASSERT_EQ(vgem_fence_signal(&vgem, fence), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);

	ASSERT_EQ(vgem_fence(&fences, &explicit), 0);
	sync_file = vgem_sync_file(&fences);
	ASSERT_GE(sync_file, 0);
	ASSERT_EQ(compositor_flip_after(&self->compositor, self->pipe, &self->a, sync_file, &flip),
		  0);
	EXPECT_EQ(driver_fetch(&self->driver, &message, 300), -ETIMEDOUT);
	ASSERT_EQ(vgem_fence_signal(&fences, explicit), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	EXPECT_EQ(message.frame.framebuffer_id, self->id);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);

	close(sync_file);
	picture_destroy(&self->compositor, &imported);
	vgem_close(&fences);
	vgem_close(&vgem);
}

/* Writes a setting of a kernel that can inject failures. */
static void inject_setting(const char *where, const char *name, const char *value)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", where, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, value, strlen(value));
	close(fd);
}

/* This thread's nth allocation from now on fails; 0: none. */
static void inject(int fail_nth, int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", nth);

	/* What is armed already may strike this very call. */
	while (pwrite(fail_nth, text, n, 0) != n)
		;
}

static bool injected(int fail_nth)
{
	char text[16] = "";
	bool struck = pread(fail_nth, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	inject(fail_nth, 0);

	return struck;
}

static bool shown(struct compositor *compositor, struct pipe *pipe, struct picture *picture)
{
	drmModePlane *plane = drmModeGetPlane(compositor->fd, pipe->plane);
	bool found = plane && plane->fb_id == picture->fb;

	drmModeFreePlane(plane);

	return found;
}

TEST_F_TIMEOUT(display, commit_without_memory_says_so_or_is_sent, 600)
{
	int fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	int nth, ret, failures = 0;
	int64_t skipped = COUNTER("frames_skipped");
	bool struck = true;

	if (fail_nth < 0 || access("/sys/kernel/debug/failslab", X_OK))
		SKIP(return, "this kernel cannot inject failures");
	inject_setting("failslab", "ignore-gfp-wait", "N");
	inject_setting("fail_page_alloc", "ignore-gfp-wait", "N");
	inject_setting("fail_page_alloc", "ignore-gfp-highmem", "N");
	inject_setting("fail_page_alloc", "min-order", "0");
	inject_setting("failslab", "verbose", "0");
	inject_setting("fail_page_alloc", "verbose", "0");

	STREAM();
	for (nth = 1; struck; nth++) {
		struct driver_message message;
		struct picture c;

		/* One that the daemon has never heard of, in a commit that blocks. */
		ASSERT_EQ(picture_create(&self->compositor, &c, WIDTH, HEIGHT), 0);
		inject(fail_nth, nth);
		ret = compositor_flip(&self->compositor, self->pipe, &c, NULL, 0, NULL);
		struck = injected(fail_nth);
		if (ret) {
			/* For want of memory, or of a page of the caller's. */
			EXPECT_TRUE(struck && (ret == -ENOMEM || ret == -EFAULT))
			{
				TH_LOG("allocation %d: %s%s", nth, strerror(-ret),
				       struck ? "" : ", though none failed");
			}
			failures++;
		}
		/* What fails last is to tell the caller, when it has been done already. */
		if (!ret || shown(&self->compositor, self->pipe, &c)) {
			ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0)
			{
				TH_LOG("the frame was lost when allocation %d failed", nth);
			}
			driver_complete_frame(&self->driver, &message,
					      MIRACAST_DISPLAY_FRAME_ENCODED);
			ASSERT_NE(SHOW(&self->a), 0);
		}
		picture_destroy(&self->compositor, &c);
	}
	printf("# %d of %d failures made the commit fail\n", failures, nth - 2);
	EXPECT_GT(failures, 0);
	EXPECT_EQ(COUNTER("frames_skipped"), skipped);
	close(fail_nth);
}

/* Messages of the kernel about devices. */
static int uevents_open(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
	int size = 1 << 20;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
			bind(fd, (struct sockaddr *)&address, sizeof(address)))) {
		close(fd);
		fd = -1;
	}

	return fd;
}

/* How many hotplug events come until none has for @silence_ms. */
static int uevents_hotplug(int fd, int silence_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char text[4096];
	int count = 0;

	while (poll(&poll_fd, 1, silence_ms) > 0) {
		ssize_t n = recv(fd, text, sizeof(text), 0);

		if (n > 0 && memmem(text, n, "HOTPLUG=1", 9))
			count++;
	}

	return count;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);

	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#define CURSOR 64

/* As STREAM(), by a user-mode driver that draws pointers, and a pointer to be shown. */
#define STREAM_WITH_CURSOR(cursor)                                                              \
	do {                                                                                    \
		self->driver.sink_flags = MIRACAST_DISPLAY_SINK_CURSOR;                         \
		STREAM();                                                                       \
		ASSERT_EQ(picture_create_cursor(&self->compositor, cursor, CURSOR, CURSOR), 0); \
		picture_fill(cursor, 3);                                                        \
		/* The kernel keeps the place where the last one was. */                        \
		MOVE_CURSOR(0, 0);                                                              \
	} while (0)

#define SET_CURSOR(cursor) \
	ASSERT_EQ(compositor_set_cursor(&self->compositor, self->pipe, cursor), 0)
#define MOVE_CURSOR(x, y) ASSERT_EQ(compositor_move_cursor(&self->compositor, self->pipe, x, y), 0)

/* Completes messages of framebuffers that are gone until another one comes. */
static int fetch_other(struct driver *driver, struct driver_message *message)
{
	int ret;

	while (!(ret = driver_fetch(driver, message, GUARD_MS)) &&
	       message->header.code == MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE)
		driver_complete(driver, message->id, STATUS_SUCCESS, 0);

	return ret;
}

/* Whether no other message comes for a moment. */
static bool silent(struct driver *driver)
{
	struct driver_message message;
	int ret;

	while (!(ret = driver_fetch(driver, &message, 50)) &&
	       message.header.code == MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE)
		driver_complete(driver, message.id, STATUS_SUCCESS, 0);

	return ret == -ETIMEDOUT;
}

#define EXPECT_NO_MESSAGE() EXPECT_TRUE(silent(&self->driver))

/* The next message is of a pointer, and is handled. */
#define FETCH_CURSOR(message)                                                                   \
	do {                                                                                    \
		ASSERT_EQ(fetch_other(&self->driver, message), 0);                              \
		ASSERT_EQ((message)->header.code, MIRACAST_DISPLAY_MSG_CURSOR);                 \
		ASSERT_EQ((message)->header.size, sizeof(struct miracast_display_cursor));      \
		ASSERT_EQ(driver_complete(&self->driver, (message)->id, STATUS_SUCCESS, 0), 0); \
	} while (0)

#define FETCH_POWER(value)                                                                 \
	do {                                                                               \
		struct driver_message power;                                               \
                                                                                           \
		ASSERT_EQ(fetch_other(&self->driver, &power), 0);                          \
		ASSERT_EQ(power.header.code, MIRACAST_DISPLAY_MSG_POWER);                  \
		EXPECT_EQ(power.power.on, value);                                          \
		ASSERT_EQ(driver_complete(&self->driver, power.id, STATUS_SUCCESS, 0), 0); \
	} while (0)

static void expect_place(struct __test_metadata *_metadata, const struct driver_message *message,
			 uint32_t source_x, uint32_t source_y, uint32_t x, uint32_t y,
			 uint32_t width, uint32_t height)
{
	EXPECT_NE(message->cursor.framebuffer_id, 0);
	EXPECT_EQ(message->cursor.source_x, source_x);
	EXPECT_EQ(message->cursor.source_y, source_y);
	EXPECT_EQ(message->cursor.x, x);
	EXPECT_EQ(message->cursor.y, y);
	EXPECT_EQ(message->cursor.width, width);
	EXPECT_EQ(message->cursor.height, height);
}

static void expect_none(struct __test_metadata *_metadata, const struct driver_message *message)
{
	EXPECT_EQ(message->cursor.framebuffer_id, 0);
	EXPECT_EQ(message->cursor.image, 0);
	EXPECT_EQ(message->cursor.width, 0);
	EXPECT_EQ(message->cursor.height, 0);
}

TEST_F(display, cursor_is_a_message_and_no_frame)
{
	struct miracast_display_framebuffer framebuffer;
	int64_t frames, committed;
	struct driver_message message;
	uint32_t x, y, image, wrong = 0;
	struct picture cursor;
	uint8_t *memory;

	STREAM_WITH_CURSOR(&cursor);
	/* That there is none is no news. */
	EXPECT_NO_MESSAGE();
	frames = COUNTER("frames_sent");
	SET_CURSOR(&cursor);
	FETCH_CURSOR(&message);
	expect_place(_metadata, &message, 0, 0, 0, 0, CURSOR, CURSOR);
	EXPECT_GT(message.cursor.time_ns, 0);
	image = message.cursor.image;

	ASSERT_EQ(driver_export(&self->driver, message.cursor.framebuffer_id, &framebuffer),
		  STATUS_SUCCESS);
	EXPECT_EQ(framebuffer.width, CURSOR);
	EXPECT_EQ(framebuffer.height, CURSOR);
	EXPECT_EQ(framebuffer.format, DRM_FORMAT_ARGB8888);
	memory = mmap(NULL, framebuffer.buffer_size, PROT_READ, MAP_SHARED, framebuffer.fd, 0);
	ASSERT_NE(memory, MAP_FAILED);
	for (y = 0; y < CURSOR; y++)
		for (x = 0; x < CURSOR; x++)
			wrong += *(uint32_t *)(memory + y * framebuffer.pitch + 4 * x) !=
				 picture_pixel(3, x, y);
	EXPECT_EQ(wrong, 0);
	munmap(memory, framebuffer.buffer_size);
	close(framebuffer.fd);

	MOVE_CURSOR(100, 50);
	FETCH_CURSOR(&message);
	expect_place(_metadata, &message, 0, 0, 100, 50, CURSOR, CURSOR);
	EXPECT_EQ(message.cursor.image, image);

	/* To where it is already: no news. */
	committed = COUNTER("cursors_committed");
	MOVE_CURSOR(100, 50);
	EXPECT_EQ(COUNTER("cursors_committed"), committed + 1);
	EXPECT_NO_MESSAGE();

	SET_CURSOR(NULL);
	FETCH_CURSOR(&message);
	expect_none(_metadata, &message);
	EXPECT_EQ(COUNTER("frames_sent"), frames);
	picture_destroy(&self->compositor, &cursor);
}

TEST_F(display, cursor_may_be_partly_off_the_picture)
{
	struct driver_message message;
	struct picture cursor;

	STREAM_WITH_CURSOR(&cursor);
	SET_CURSOR(&cursor);
	FETCH_CURSOR(&message);
	MOVE_CURSOR(-10, -20);
	FETCH_CURSOR(&message);
	expect_place(_metadata, &message, 10, 20, 0, 0, CURSOR - 10, CURSOR - 20);
	MOVE_CURSOR(WIDTH - 5, HEIGHT - 7);
	FETCH_CURSOR(&message);
	expect_place(_metadata, &message, 0, 0, WIDTH - 5, HEIGHT - 7, 5, 7);
	MOVE_CURSOR(-CURSOR, 9);
	FETCH_CURSOR(&message);
	expect_none(_metadata, &message);
	MOVE_CURSOR(10, 2 * HEIGHT);
	EXPECT_NO_MESSAGE();
	MOVE_CURSOR(10, HEIGHT - 1);
	FETCH_CURSOR(&message);
	expect_place(_metadata, &message, 0, 0, 10, HEIGHT - 1, CURSOR, 1);
	MOVE_CURSOR(100000, -100000);
	FETCH_CURSOR(&message);
	expect_none(_metadata, &message);
	SET_CURSOR(NULL);
	picture_destroy(&self->compositor, &cursor);
}

TEST_F(display, cursor_moves_wait_for_nobody_and_only_the_last_is_told)
{
	struct driver_message held, frame, message;
	struct picture cursor;
	struct flip flip;
	int64_t sent, late;
	int i;

	STREAM_WITH_CURSOR(&cursor);
	sent = COUNTER("cursors_sent");
	SET_CURSOR(&cursor);
	FETCH_CURSOR(&held);
	late = COUNTER("flips_late");
	MOVE_CURSOR(1, 1);
	ASSERT_EQ(driver_fetch(&self->driver, &held, GUARD_MS), 0);
	ASSERT_EQ(held.header.code, MIRACAST_DISPLAY_MSG_CURSOR);

	/* A daemon that hangs, with a flip under way, too. */
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->b, NULL, 0, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &frame), 0);
	for (i = 0; i < 500; i++)
		MOVE_CURSOR(i, i / 2);
	EXPECT_COUNTER_SOON("cursors_sent", sent + 2);
	EXPECT_NO_MESSAGE();
	driver_complete_frame(&self->driver, &frame, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);

	/* Nor does the flip of a commit that has nothing but a pointer wait for it. */
	ASSERT_EQ(compositor_flip_cursor(&self->compositor, self->pipe, &cursor, 77, 66, NULL, NULL,
					 &flip),
		  0);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	EXPECT_EQ(COUNTER("flips_late"), late);

	ASSERT_EQ(driver_complete(&self->driver, held.id, STATUS_SUCCESS, 0), 0);
	FETCH_CURSOR(&message);
	expect_place(_metadata, &message, 0, 0, 77, 66, CURSOR, CURSOR);
	EXPECT_COUNTER_SOON("cursors_sent", sent + 3);
	EXPECT_NO_MESSAGE();
	SET_CURSOR(NULL);
	picture_destroy(&self->compositor, &cursor);
}

TEST_F(display, cursor_of_other_looks_has_another_number)
{
	static const struct drm_mode_rect all = {0, 0, CURSOR, CURSOR};
	drmModeClip clip = {.x1 = 8, .y1 = 16, .x2 = 24, .y2 = 32};
	struct driver_message message;
	struct picture cursor, other;
	uint32_t first, id;

	STREAM_WITH_CURSOR(&cursor);
	ASSERT_EQ(picture_create_cursor(&self->compositor, &other, 32, 16), 0);
	ASSERT_EQ(compositor_flip_cursor(&self->compositor, self->pipe, &cursor, 5, 5, NULL, NULL,
					 NULL),
		  0);
	FETCH_CURSOR(&message);
	first = message.cursor.image;
	id = message.cursor.framebuffer_id;

	/* Drawn anew where it is, as the clips say. */
	ASSERT_EQ(compositor_flip_cursor(&self->compositor, self->pipe, &cursor, 5, 5, &all, NULL,
					 NULL),
		  0);
	FETCH_CURSOR(&message);
	EXPECT_EQ(message.cursor.framebuffer_id, id);
	EXPECT_EQ(message.cursor.image, first + 1);
	/* As the old ioctl says, which has no clips for all of it. No picture changes by that. */
	ASSERT_EQ(drmModeDirtyFB(self->compositor.fd, cursor.fb, NULL, 0), 0);
	FETCH_CURSOR(&message);
	EXPECT_EQ(message.cursor.framebuffer_id, id);
	EXPECT_EQ(message.cursor.image, first + 2);
	EXPECT_NO_MESSAGE();
	ASSERT_EQ(drmModeDirtyFB(self->compositor.fd, cursor.fb, &clip, 1), 0);
	FETCH_CURSOR(&message);
	EXPECT_EQ(message.cursor.image, first + 3);
	EXPECT_NO_MESSAGE();
	/* In the dark. */
	ASSERT_EQ(compositor_power(&self->compositor, self->pipe, false), 0);
	FETCH_POWER(0);
	ASSERT_EQ(compositor_flip_cursor(&self->compositor, self->pipe, &cursor, 5, 5, &all, NULL,
					 NULL),
		  0);
	EXPECT_NO_MESSAGE();
	ASSERT_EQ(compositor_power(&self->compositor, self->pipe, true), 0);
	FETCH_POWER(1);
	FETCH_CURSOR(&message);
	EXPECT_EQ(message.cursor.framebuffer_id, id);
	EXPECT_EQ(message.cursor.image, first + 4);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);

	/* Another one; what was before goes, and that is told. */
	ASSERT_EQ(compositor_flip_cursor(&self->compositor, self->pipe, &other, 5, 5, NULL, NULL,
					 NULL),
		  0);
	FETCH_CURSOR(&message);
	expect_place(_metadata, &message, 0, 0, 5, 5, 32, 16);
	EXPECT_NE(message.cursor.framebuffer_id, id);
	EXPECT_EQ(message.cursor.image, first + 5);
	picture_destroy(&self->compositor, &cursor);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE);
	EXPECT_EQ(message.framebuffer.framebuffer_id, id);
	driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0);
	SET_CURSOR(NULL);
	picture_destroy(&self->compositor, &other);
}

TEST_F(display, cursor_and_frame_of_one_commit_come_together)
{
	struct driver_message message;
	struct picture cursor;
	struct flip flip;
	int i;

	STREAM_WITH_CURSOR(&cursor);
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(compositor_flip_cursor(&self->compositor, self->pipe, &cursor, i, 5, NULL,
						 i % 2 ? &self->a : &self->b, &flip),
			  0);
		FETCH_CURSOR(&message);
		EXPECT_EQ(message.cursor.x, i);
		ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
		ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_FRAME);
		driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	}
	SET_CURSOR(NULL);
	picture_destroy(&self->compositor, &cursor);
}

TEST_F(display, cursor_outlives_power_and_mode)
{
	struct driver_message message;
	drmModeModeInfo slower;
	struct picture cursor;
	struct flip flip;
	uint32_t image;

	STREAM_WITH_CURSOR(&cursor);
	SET_CURSOR(&cursor);
	FETCH_CURSOR(&message);
	image = message.cursor.image;
	slower = self->mode;
	slower.clock /= 2;
	ASSERT_EQ(compositor_modeset(&self->compositor, self->pipe, &slower, &self->b, 0, &flip),
		  0);
	/* It is where it was. DRM does not say whether it has been drawn anew. */
	FETCH_CURSOR(&message);
	expect_place(_metadata, &message, 0, 0, 0, 0, CURSOR, CURSOR);
	EXPECT_EQ(message.cursor.image, image + 1);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_FRAME);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	EXPECT_NO_MESSAGE();

	ASSERT_EQ(compositor_power(&self->compositor, self->pipe, false), 0);
	FETCH_POWER(0);
	/* Moved in the dark. */
	MOVE_CURSOR(30, 40);
	EXPECT_NO_MESSAGE();
	ASSERT_EQ(compositor_power(&self->compositor, self->pipe, true), 0);
	FETCH_POWER(1);
	FETCH_CURSOR(&message);
	expect_place(_metadata, &message, 0, 0, 30, 40, CURSOR, CURSOR);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);

	/* Taken away in the dark. */
	ASSERT_EQ(compositor_power(&self->compositor, self->pipe, false), 0);
	FETCH_POWER(0);
	SET_CURSOR(NULL);
	ASSERT_EQ(compositor_power(&self->compositor, self->pipe, true), 0);
	FETCH_POWER(1);
	FETCH_CURSOR(&message);
	expect_none(_metadata, &message);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	picture_destroy(&self->compositor, &cursor);
}

TEST_F(display, arriving_sink_gets_the_cursor_that_is_shown)
{
	struct driver_message message;
	struct picture cursor;

	STREAM_WITH_CURSOR(&cursor);
	SET_CURSOR(&cursor);
	FETCH_CURSOR(&message);
	MOVE_CURSOR(20, 10);
	/* One is with a daemon that dies. */
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	driver_close(&self->driver);

	ASSERT_EQ(driver_open(&self->driver), 0);
	self->driver.sink_flags = MIRACAST_DISPLAY_SINK_CURSOR;
	ASSERT_EQ(session(&self->driver), 0);
	FETCH_POWER(1);
	FETCH_CURSOR(&message);
	expect_place(_metadata, &message, 0, 0, 20, 10, CURSOR, CURSOR);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);

	/* The same one again, with the same daemon. */
	ASSERT_EQ(driver_sink_arrived(&self->driver, WIDTH, HEIGHT, REFRESH, NULL, 0),
		  STATUS_SUCCESS);
	FETCH_POWER(1);
	FETCH_CURSOR(&message);
	expect_place(_metadata, &message, 0, 0, 20, 10, CURSOR, CURSOR);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	SET_CURSOR(NULL);
	picture_destroy(&self->compositor, &cursor);
}

TEST_F(display, cursor_that_was_not_heard_is_told_again)
{
	struct driver_message message;
	struct picture cursor;
	struct flip flip;

	STREAM_WITH_CURSOR(&cursor);
	SET_CURSOR(&cursor);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_CURSOR);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_UNSUCCESSFUL, 0), 0);
	/* Not by itself: it would fail again. */
	EXPECT_NO_MESSAGE();
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->b, NULL, 0, &flip), 0);
	FETCH_CURSOR(&message);
	expect_place(_metadata, &message, 0, 0, 0, 0, CURSOR, CURSOR);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	SET_CURSOR(NULL);
	FETCH_CURSOR(&message);
	picture_destroy(&self->compositor, &cursor);
}

TEST_F(display, cursor_that_moves_while_a_message_fails_is_told)
{
	struct driver_message message;
	struct picture cursor;

	STREAM_WITH_CURSOR(&cursor);
	SET_CURSOR(&cursor);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_CURSOR);
	MOVE_CURSOR(30, 40);
	EXPECT_NO_MESSAGE();
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_UNSUCCESSFUL, 0), 0);
	/* Nothing else happens. */
	FETCH_CURSOR(&message);
	expect_place(_metadata, &message, 0, 0, 30, 40, CURSOR, CURSOR);
	SET_CURSOR(NULL);
	picture_destroy(&self->compositor, &cursor);
}

TEST_F(display, driver_that_draws_no_cursor_is_sent_none)
{
	struct driver_message message;
	struct picture cursor, large;
	drmModeModeInfo slower;
	struct flip flip;

	STREAM();
	ASSERT_EQ(picture_create_cursor(&self->compositor, &cursor, CURSOR, CURSOR), 0);
	/* By this the compositor knows that it has to draw it. */
	EXPECT_EQ(compositor_set_cursor(&self->compositor, self->pipe, &cursor), -EINVAL);
	EXPECT_EQ(compositor_flip_cursor(&self->compositor, self->pipe, &cursor, 0, 0, NULL, NULL,
					 NULL),
		  -EINVAL);
	EXPECT_NO_MESSAGE();

	/* One that was there before holds up no other commit. */
	ASSERT_EQ(driver_sink_departed(&self->driver), STATUS_SUCCESS);
	SET_CURSOR(&cursor);
	ASSERT_EQ(driver_sink_arrived(&self->driver, WIDTH, HEIGHT, REFRESH, NULL, 0),
		  STATUS_SUCCESS);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	MOVE_CURSOR(9, 9);
	slower = self->mode;
	slower.clock /= 2;
	ASSERT_EQ(compositor_modeset(&self->compositor, self->pipe, &slower, &self->b, 0, &flip),
		  0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	EXPECT_NO_MESSAGE();
	SET_CURSOR(NULL);
	picture_destroy(&self->compositor, &cursor);

	/* Nor is there one that is too large for anybody. */
	self->driver.sink_flags = MIRACAST_DISPLAY_SINK_CURSOR;
	ASSERT_EQ(driver_sink_arrived(&self->driver, WIDTH, HEIGHT, REFRESH, NULL, 0),
		  STATUS_SUCCESS);
	ASSERT_EQ(picture_create_cursor(&self->compositor, &large, MIRACAST_DISPLAY_MAX_CURSOR + 1,
					CURSOR),
		  0);
	EXPECT_EQ(compositor_flip_cursor(&self->compositor, self->pipe, &large, 0, 0, NULL, NULL,
					 NULL),
		  -EINVAL);
	picture_destroy(&self->compositor, &large);
}

TEST_F(display, each_output_has_a_cursor_of_its_own)
{
	struct driver other = {.fd = -1};
	struct driver_message message;
	struct picture cursor;
	drmModeModeInfo mode;
	struct pipe *second;
	uint32_t id;

	if (self->compositor.count < 2)
		SKIP(return, "needs two connectors");
	second = &self->compositor.pipes[1];
	STREAM_WITH_CURSOR(&cursor);
	ASSERT_EQ(driver_open(&other), 0);
	other.sink_flags = MIRACAST_DISPLAY_SINK_CURSOR;
	ASSERT_EQ(stream(&self->compositor, second, &other, &mode, &self->b, &id), 0);

	SET_CURSOR(&cursor);
	FETCH_CURSOR(&message);
	EXPECT_EQ(driver_fetch(&other, &message, 50), -ETIMEDOUT);
	ASSERT_EQ(compositor_set_cursor(&self->compositor, second, &cursor), 0);
	ASSERT_EQ(compositor_move_cursor(&self->compositor, second, 200, 100), 0);
	EXPECT_NO_MESSAGE();
	do {
		ASSERT_EQ(driver_fetch(&other, &message, GUARD_MS), 0);
		ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_CURSOR);
		driver_complete(&other, message.id, STATUS_SUCCESS, 0);
	} while (message.cursor.x != 200);

	/* From one to the other. */
	SET_CURSOR(NULL);
	FETCH_CURSOR(&message);
	expect_none(_metadata, &message);
	EXPECT_EQ(driver_fetch(&other, &message, 50), -ETIMEDOUT);
	ASSERT_EQ(compositor_set_cursor(&self->compositor, second, NULL), 0);
	driver_close(&other);
	picture_destroy(&self->compositor, &cursor);
}

struct mover {
	struct compositor *compositor;
	struct pipe *pipe;
	struct picture *cursors;
	bool end;
	int moves;
};

/* Moves a pointer as fast as it can, which now and then looks different or is away. */
static void *move(void *data)
{
	struct mover *mover = data;

	while (!__atomic_load_n(&mover->end, __ATOMIC_RELAXED)) {
		int n = mover->moves++;

		if (n % 50 == 0)
			compositor_set_cursor(mover->compositor, mover->pipe,
					      n % 150 ? &mover->cursors[n / 50 % 2] : NULL);
		compositor_move_cursor(mover->compositor, mover->pipe, n % (2 * WIDTH) - 100,
				       n % 70 - 30);
	}

	return NULL;
}

TEST_F_TIMEOUT(display, cursor_moves_while_all_else_changes, 120)
{
	struct mover mover = {.compositor = &self->compositor, .pipe = self->pipe};
	pthread_t threads[3], thread;
	struct picture cursors[2];
	struct flip flip;
	int i;

	STREAM_WITH_CURSOR(&cursors[0]);
	ASSERT_EQ(picture_create_cursor(&self->compositor, &cursors[1], 32, 32), 0);
	mover.cursors = cursors;
	for (i = 0; i < 3; i++)
		ASSERT_EQ(pthread_create(&threads[i], NULL, serve, &self->driver), 0);
	ASSERT_EQ(pthread_create(&thread, NULL, move, &mover), 0);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe,
					  i % 2 ? &self->a : &self->b, NULL, 0, &flip),
			  0);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
		if (i % 20 == 19) {
			ASSERT_EQ(compositor_power(&self->compositor, self->pipe, false), 0);
			ASSERT_EQ(compositor_power(&self->compositor, self->pipe, true), 0);
		}
		if (i % 30 == 29) {
			ASSERT_EQ(driver_sink_departed(&self->driver), STATUS_SUCCESS);
			ASSERT_EQ(driver_sink_arrived(&self->driver, WIDTH, HEIGHT, REFRESH, NULL,
						      0),
				  STATUS_SUCCESS);
		}
	}
	__atomic_store_n(&mover.end, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	printf("# %d moves, %lld of them told\n", mover.moves, (long long)COUNTER("cursors_sent"));
	fflush(stdout);
	ASSERT_EQ(ioctl(self->driver.fd, MIRACAST_IOC_DESTROY_CONTEXT), 0);
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	SET_CURSOR(NULL);
	picture_destroy(&self->compositor, &cursors[0]);
	picture_destroy(&self->compositor, &cursors[1]);
}

static int64_t cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);

	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL +
	       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

#define MOVES 500

/* What a pointer costs a compositor and a driver that has nothing else to do with a message. */
TEST_F_TIMEOUT(display, moves_of_a_cursor_are_no_frames, 120)
{
	int64_t messages, frames, cpu;
	struct picture cursor;
	pthread_t thread;
	struct flip flip;
	int i;

	STREAM_WITH_CURSOR(&cursor);
	ASSERT_EQ(pthread_create(&thread, NULL, serve, &self->driver), 0);
	SET_CURSOR(&cursor);
	messages = COUNTER("messages_sent");
	frames = COUNTER("frames_sent");
	cpu = cpu_us();
	for (i = 0; i < MOVES; i++) {
		MOVE_CURSOR(i, i / 2);
		usleep(1000);
	}
	cpu = cpu_us() - cpu;
	EXPECT_EQ(COUNTER("frames_sent"), frames);
	EXPECT_LE(COUNTER("messages_sent"), messages + MOVES + 1);
	printf("# %d moves, cursor plane: %lld messages, no frame, %lld us CPU each\n", MOVES,
	       (long long)(COUNTER("messages_sent") - messages), (long long)cpu / MOVES);

	messages = COUNTER("messages_sent");
	frames = COUNTER("frames_sent");
	cpu = cpu_us();
	for (i = 0; i < MOVES; i++) {
		ASSERT_EQ(compositor_flip(&self->compositor, self->pipe,
					  i % 2 ? &self->a : &self->b, NULL, 0, &flip),
			  0);
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	}
	cpu = cpu_us() - cpu;
	printf("# %d moves, drawn by the compositor: %lld messages, %lld frames, %lld us CPU each\n",
	       MOVES, (long long)(COUNTER("messages_sent") - messages),
	       (long long)(COUNTER("frames_sent") - frames), (long long)cpu / MOVES);
	fflush(stdout);
	ASSERT_EQ(ioctl(self->driver.fd, MIRACAST_IOC_DESTROY_CONTEXT), 0);
	pthread_join(thread, NULL);
	SET_CURSOR(NULL);
	picture_destroy(&self->compositor, &cursor);
}

TEST_F(display, hotplug_events_of_a_daemon_in_a_loop_are_few)
{
	int64_t begin;
	int i, events, fd = uevents_open();

	ASSERT_GE(fd, 0);
	ASSERT_EQ(session(&self->driver), 0);
	/* That there is a sink is told at once, and once. */
	EXPECT_EQ(uevents_hotplug(fd, 500), 1);

	begin = now_ms();
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(driver_sink_departed(&self->driver), STATUS_SUCCESS);
		/* Give each its chance to be told. */
		usleep(2000);
		ASSERT_EQ(driver_sink_arrived(&self->driver, WIDTH, HEIGHT, REFRESH, NULL, 0),
			  STATUS_SUCCESS);
		usleep(2000);
	}
	/* The last state comes, too, after the events of the loop. */
	ASSERT_EQ(driver_sink_departed(&self->driver), STATUS_SUCCESS);
	events = uevents_hotplug(fd, 500);
	EXPECT_GE(events, 2);
	/* The wait for the last one is some room for a machine that tells late. */
	EXPECT_LE(events, (now_ms() - begin) / 250 + 1);
	close(fd);
}

TEST_F(display, exported_buffer_is_not_imported_again)
{
	struct miracast_display_framebuffer first, second;
	uint32_t handle;
	int dma_buf;

	STREAM();
	ASSERT_EQ(driver_export(&self->driver, self->id, &first), STATUS_SUCCESS);
	ASSERT_EQ(driver_export(&self->driver, self->id, &second), STATUS_SUCCESS);
	/* It would be writable there. */
	errno = 0;
	EXPECT_NE(drmPrimeFDToHandle(self->compositor.fd, first.fd, &handle), 0);
	EXPECT_EQ(errno, EPERM);
	errno = 0;
	EXPECT_NE(drmPrimeFDToHandle(self->compositor.fd, second.fd, &handle), 0);
	EXPECT_EQ(errno, EPERM);

	/* What the compositor exports itself comes back as itself. */
	ASSERT_EQ(drmPrimeHandleToFD(self->compositor.fd, self->a.handle, DRM_CLOEXEC, &dma_buf),
		  0);
	ASSERT_EQ(drmPrimeFDToHandle(self->compositor.fd, dma_buf, &handle), 0);
	EXPECT_EQ(handle, self->a.handle);
	close(dma_buf);
	close(first.fd);
	close(second.fd);
}

#define ENTRIES MIRACAST_DISPLAY_LUT_SIZE

/* As STREAM(), by a user-mode driver that changes colours. */
#define STREAM_IN_COLOR()                                              \
	do {                                                           \
		self->driver.sink_flags = MIRACAST_DISPLAY_SINK_COLOR; \
		STREAM();                                              \
	} while (0)

#define SET_COLORS(colors, shown, damage, flip)                                               \
	ASSERT_EQ(compositor_set_colors(&self->compositor, self->pipe, colors, shown, damage, \
					flip),                                                \
		  0)

/* The next message is of colours; it is not handled yet. */
#define FETCH_COLOR(message)                                                              \
	do {                                                                              \
		ASSERT_EQ(fetch_other(&self->driver, message), 0);                        \
		ASSERT_EQ((message)->header.code, MIRACAST_DISPLAY_MSG_COLOR);            \
		ASSERT_EQ((message)->header.size, sizeof(struct miracast_display_color)); \
	} while (0)

#define HANDLED(message) \
	ASSERT_EQ(driver_complete(&self->driver, (message)->id, STATUS_SUCCESS, 0), 0)

/* The next message is a frame, all of which has changed, and is handled. */
#define FETCH_WHOLE_FRAME(message, fb)                                           \
	do {                                                                     \
		ASSERT_EQ(fetch_other(&self->driver, message), 0);               \
		ASSERT_EQ((message)->header.code, MIRACAST_DISPLAY_MSG_FRAME);   \
		EXPECT_EQ((message)->frame.nr_damage, 0);                        \
		if (fb)                                                          \
			EXPECT_EQ((message)->frame.framebuffer_id, fb);          \
		ASSERT_EQ(driver_complete_frame(&self->driver, message,          \
						MIRACAST_DISPLAY_FRAME_ENCODED), \
			  0);                                                    \
	} while (0)

/* A table in which no two channels and no two @seeds are the same. */
static const struct drm_color_lut *table(struct drm_color_lut *lut, unsigned int seed)
{
	unsigned int i;

	for (i = 0; i < ENTRIES; i++)
		lut[i] = (struct drm_color_lut){i * 100 + seed, i * 200 + seed, i * 256 + seed, 7};

	return lut;
}

static void expect_table(struct __test_metadata *_metadata, uint16_t (*told)[ENTRIES],
			 const struct drm_color_lut *lut)
{
	unsigned int i, different = 0;

	for (i = 0; i < ENTRIES; i++)
		different += told[0][i] != (lut ? lut[i].red : 0) ||
			     told[1][i] != (lut ? lut[i].green : 0) ||
			     told[2][i] != (lut ? lut[i].blue : 0);
	EXPECT_EQ(different, 0);
}

static void expect_colors(struct __test_metadata *_metadata, struct driver_message *message,
			  const struct colors *colors)
{
	unsigned int i;

	EXPECT_EQ(message->color.steps, (colors->degamma ? MIRACAST_DISPLAY_COLOR_DEGAMMA : 0) |
						(colors->ctm ? MIRACAST_DISPLAY_COLOR_CTM : 0) |
						(colors->gamma ? MIRACAST_DISPLAY_COLOR_GAMMA : 0));
	EXPECT_EQ(message->color.reserved, 0);
	expect_table(_metadata, message->color.degamma, colors->degamma);
	expect_table(_metadata, message->color.gamma, colors->gamma);
	for (i = 0; i < 9; i++)
		EXPECT_EQ(message->color.ctm[i], colors->ctm ? colors->ctm->matrix[i] : 0);
}

TEST_F(display, colors_are_told_before_the_frame_that_has_them)
{
	const struct drm_color_ctm ctm = {{1, 2, 3, 1ull << 63 | 4, 5, 6, 7, 8, ~0ull}};
	struct drm_color_lut one[ENTRIES], other[ENTRIES];
	const struct colors all = {table(one, 1), &ctm, table(other, 2), ENTRIES};
	const struct colors some = {.gamma = one, .entries = ENTRIES}, none = {};
	const struct colors *const each[] = {&all, &some, &none};
	struct driver_message message;
	struct flip flip;
	unsigned int i;

	STREAM_IN_COLOR();
	for (i = 0; i < 3; i++) {
		SET_COLORS(each[i], NULL, NULL, &flip);
		/* No daemon holds it up. */
		ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
		FETCH_COLOR(&message);
		expect_colors(_metadata, &message, each[i]);
		/* A frame would have the colours before. */
		EXPECT_NO_MESSAGE();
		EXPECT_EQ(COUNTER("frames_pending"), 1);
		HANDLED(&message);
		FETCH_WHOLE_FRAME(&message, self->id);
		EXPECT_NO_MESSAGE();

		/* The same once more is no news. */
		SET_COLORS(each[i], NULL, NULL, NULL);
		EXPECT_NO_MESSAGE();
	}
}

TEST_F(display, colors_and_frame_of_one_commit_come_together)
{
	static const struct drm_mode_rect corner = {0, 0, 8, 8};
	struct drm_color_lut lut[ENTRIES];
	const struct colors colors = {.gamma = table(lut, 1), .entries = ENTRIES};
	struct driver_message held, message;
	struct flip flip;
	int64_t sent;

	STREAM_IN_COLOR();
	sent = COUNTER("frames_sent");
	SET_COLORS(&colors, &self->b, &corner, &flip);
	FETCH_COLOR(&message);
	HANDLED(&message);
	/* One frame, all of it changed. */
	FETCH_WHOLE_FRAME(&message, 0);
	EXPECT_NE(message.frame.framebuffer_id, self->id);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	EXPECT_NO_MESSAGE();
	EXPECT_EQ(COUNTER("frames_sent"), sent + 1);

	/* A flip still ends when the frame before is handled, whatever colours do meanwhile. */
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->a, &corner, 1, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &held), 0);
	EXPECT_EQ(held.frame.nr_damage, 1);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	table(lut, 2);
	SET_COLORS(&colors, &self->b, &corner, &flip);
	FETCH_COLOR(&message);
	HANDLED(&message);
	EXPECT_FALSE(flip.ended);
	driver_complete_frame(&self->driver, &held, MIRACAST_DISPLAY_FRAME_ENCODED);
	FETCH_WHOLE_FRAME(&message, 0);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
}

TEST_F(display, colors_of_other_sizes_are_refused)
{
	static const unsigned int sizes[] = {1, 2, 255, 257, 512, 4096};
	static struct drm_color_lut lut[4096];
	struct drm_color_lut small[ENTRIES];
	struct colors colors = {};
	unsigned int i;

	STREAM_IN_COLOR();
	EXPECT_EQ(compositor_crtc_figure(&self->compositor, self->pipe, "GAMMA_LUT_SIZE"), ENTRIES);
	EXPECT_EQ(compositor_crtc_figure(&self->compositor, self->pipe, "DEGAMMA_LUT_SIZE"),
		  ENTRIES);
	for (i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		colors = (struct colors){.entries = sizes[i / 2]};
		if (i % 2)
			colors.gamma = lut;
		else
			colors.degamma = lut;
		EXPECT_EQ(compositor_set_colors(&self->compositor, self->pipe, &colors, NULL, NULL,
						NULL),
			  -EINVAL);
	}
	/* One that is right does not make up for the other. */
	colors = (struct colors){.degamma = table(small, 1), .entries = ENTRIES};
	SET_COLORS(&colors, NULL, NULL, NULL);
	colors = (struct colors){.gamma = lut, .entries = ENTRIES + 1};
	EXPECT_EQ(compositor_set_colors(&self->compositor, self->pipe, &colors, NULL, NULL, NULL),
		  -EINVAL);
}

TEST_F(display, gamma_of_the_old_ioctl_is_told)
{
	uint16_t red[ENTRIES], green[ENTRIES], blue[ENTRIES], back[3][ENTRIES];
	struct drm_color_lut lut[ENTRIES];
	const struct colors colors = {.gamma = table(lut, 3), .entries = ENTRIES};
	struct driver_message message;
	unsigned int i;

	STREAM_IN_COLOR();
	for (i = 0; i < ENTRIES; i++) {
		red[i] = lut[i].red;
		green[i] = lut[i].green;
		blue[i] = lut[i].blue;
	}
	ASSERT_EQ(drmModeCrtcSetGamma(self->compositor.fd, self->pipe->crtc, ENTRIES, red, green,
				      blue),
		  0);
	FETCH_COLOR(&message);
	expect_colors(_metadata, &message, &colors);
	HANDLED(&message);
	FETCH_WHOLE_FRAME(&message, self->id);
	ASSERT_EQ(drmModeCrtcGetGamma(self->compositor.fd, self->pipe->crtc, ENTRIES, back[0],
				      back[1], back[2]),
		  0);
	EXPECT_EQ(memcmp(back[2], blue, sizeof(blue)), 0);
	EXPECT_NE(drmModeCrtcSetGamma(self->compositor.fd, self->pipe->crtc, ENTRIES / 2, red,
				      green, blue),
		  0);
	EXPECT_NO_MESSAGE();
}

TEST_F(display, only_the_last_colors_are_told)
{
	struct drm_color_lut lut[ENTRIES];
	const struct colors colors = {.gamma = table(lut, 0), .entries = ENTRIES};
	struct driver_message held, message;
	int64_t colors_sent, frames_sent;
	int i;

	STREAM_IN_COLOR();
	colors_sent = COUNTER("colors_sent");
	frames_sent = COUNTER("frames_sent");
	SET_COLORS(&colors, NULL, NULL, NULL);
	FETCH_COLOR(&held);
	expect_colors(_metadata, &held, &colors);
	for (i = 1; i < 30; i++) {
		table(lut, i);
		SET_COLORS(&colors, NULL, NULL, NULL);
	}
	EXPECT_NO_MESSAGE();
	HANDLED(&held);
	FETCH_COLOR(&message);
	expect_colors(_metadata, &message, &colors);
	HANDLED(&message);
	FETCH_WHOLE_FRAME(&message, self->id);
	EXPECT_NO_MESSAGE();
	EXPECT_EQ(COUNTER("colors_sent"), colors_sent + 2);
	EXPECT_EQ(COUNTER("frames_sent"), frames_sent + 1);
}

TEST_F(display, arriving_sink_gets_the_colors)
{
	struct drm_color_lut lut[ENTRIES];
	const struct colors colors = {.gamma = table(lut, 1), .entries = ENTRIES}, none = {};
	struct driver_message message;
	int i;

	STREAM_IN_COLOR();
	/* What is nothing for the compositor is nothing to be told of. */
	EXPECT_NO_MESSAGE();
	SET_COLORS(&colors, NULL, NULL, NULL);
	/* It is with a daemon that dies. */
	FETCH_COLOR(&message);
	driver_close(&self->driver);

	ASSERT_EQ(driver_open(&self->driver), 0);
	self->driver.sink_flags = MIRACAST_DISPLAY_SINK_COLOR;
	ASSERT_EQ(session(&self->driver), 0);
	/* And once more with the same daemon. */
	for (i = 0; i < 2; i++) {
		FETCH_POWER(1);
		FETCH_COLOR(&message);
		expect_colors(_metadata, &message, &colors);
		HANDLED(&message);
		FETCH_WHOLE_FRAME(&message, self->id);
		ASSERT_EQ(driver_sink_arrived(&self->driver, WIDTH, HEIGHT, REFRESH, NULL, 0),
			  STATUS_SUCCESS);
	}
	FETCH_POWER(1);
	FETCH_COLOR(&message);
	/* Told of others, it has to be told that there are none any more, though a sink has come. */
	SET_COLORS(&none, NULL, NULL, NULL);
	ASSERT_EQ(driver_sink_arrived(&self->driver, WIDTH, HEIGHT, REFRESH, NULL, 0),
		  STATUS_SUCCESS);
	HANDLED(&message);
	FETCH_POWER(1);
	FETCH_COLOR(&message);
	expect_colors(_metadata, &message, &none);
	HANDLED(&message);
	FETCH_WHOLE_FRAME(&message, self->id);
	EXPECT_NO_MESSAGE();
}

TEST_F(display, driver_that_knows_no_colors_is_told_of_none)
{
	struct drm_color_lut lut[ENTRIES];
	const struct colors colors = {.gamma = table(lut, 1), .entries = ENTRIES};
	struct driver_message message;
	struct flip flip;

	STREAM();
	SET_COLORS(&colors, NULL, NULL, NULL);
	EXPECT_NO_MESSAGE();
	SET_COLORS(&colors, &self->b, NULL, &flip);
	ASSERT_EQ(fetch_other(&self->driver, &message), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_FRAME);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	EXPECT_NO_MESSAGE();
}

TEST_F(display, colors_that_were_not_heard_are_told_again)
{
	struct drm_color_lut lut[ENTRIES];
	const struct colors colors = {.gamma = table(lut, 1), .entries = ENTRIES};
	static const struct drm_mode_rect corner = {0, 0, 8, 8};
	struct driver_message message;
	struct picture cursor;
	struct flip flip;
	int64_t cancelled, sent;

	self->driver.sink_flags = MIRACAST_DISPLAY_SINK_COLOR | MIRACAST_DISPLAY_SINK_CURSOR;
	STREAM();
	SET_COLORS(&colors, NULL, NULL, NULL);
	FETCH_COLOR(&message);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_UNSUCCESSFUL, 0), 0);
	/* The frame does not suffer for it, and the colours are not told by themselves: they would fail again. */
	FETCH_WHOLE_FRAME(&message, self->id);
	EXPECT_NO_MESSAGE();
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->b, &corner, 1, &flip), 0);
	FETCH_COLOR(&message);
	expect_colors(_metadata, &message, &colors);
	HANDLED(&message);
	FETCH_WHOLE_FRAME(&message, 0);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);

	/* The session stops before anybody has fetched them, and goes on. */
	table(lut, 2);
	cancelled = COUNTER("callbacks_cancelled");
	sent = COUNTER("colors_sent");
	SET_COLORS(&colors, NULL, NULL, NULL);
	EXPECT_COUNTER_SOON("colors_sent", sent + 1);
	ASSERT_EQ(driver_stop(&self->driver), 0);
	/* And the frame that had waited for them. */
	EXPECT_COUNTER_SOON("callbacks_cancelled", cancelled + 2);
	EXPECT_EQ(COUNTER("colors_sent"), sent + 1);
	ASSERT_EQ(driver_start(&self->driver), 0);
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->a, NULL, 0, &flip), 0);
	FETCH_COLOR(&message);
	expect_colors(_metadata, &message, &colors);
	HANDLED(&message);
	FETCH_WHOLE_FRAME(&message, self->id);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);

	/* A commit that has no picture makes up for it, too. */
	table(lut, 3);
	SET_COLORS(&colors, NULL, NULL, NULL);
	FETCH_COLOR(&message);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_UNSUCCESSFUL, 0), 0);
	FETCH_WHOLE_FRAME(&message, self->id);
	ASSERT_EQ(picture_create_cursor(&self->compositor, &cursor, CURSOR, CURSOR), 0);
	ASSERT_EQ(compositor_flip_cursor(&self->compositor, self->pipe, &cursor, 5, 5, NULL, NULL,
					 NULL),
		  0);
	FETCH_COLOR(&message);
	expect_colors(_metadata, &message, &colors);
	HANDLED(&message);
	FETCH_CURSOR(&message);
	FETCH_WHOLE_FRAME(&message, self->id);
	EXPECT_NO_MESSAGE();
	SET_CURSOR(NULL);
	picture_destroy(&self->compositor, &cursor);
}

TEST_F(display, colors_of_a_monitor_that_was_off_are_told_when_it_is_on)
{
	struct drm_color_lut lut[ENTRIES];
	const struct colors colors = {.degamma = table(lut, 1), .entries = ENTRIES};
	struct driver_message message;

	STREAM_IN_COLOR();
	ASSERT_EQ(compositor_power(&self->compositor, self->pipe, false), 0);
	FETCH_POWER(0);
	SET_COLORS(&colors, NULL, NULL, NULL);
	EXPECT_NO_MESSAGE();
	ASSERT_EQ(compositor_power(&self->compositor, self->pipe, true), 0);
	FETCH_POWER(1);
	FETCH_COLOR(&message);
	expect_colors(_metadata, &message, &colors);
	HANDLED(&message);
	FETCH_WHOLE_FRAME(&message, self->id);
	EXPECT_NO_MESSAGE();
}

/* A blocking commit, on a thread. */
struct blocking_flip {
	struct compositor *compositor;
	struct pipe *pipe;
	struct picture *picture;
	int ret;
};

static void *blocking_flip(void *data)
{
	struct blocking_flip *flip = data;

	flip->ret = compositor_flip(flip->compositor, flip->pipe, flip->picture, NULL, 0, NULL);

	return NULL;
}

/* DRM tells fences when the next vblank is, which there is none of before a CRTC's first light. */
TEST_F(display, commit_waits_for_the_first_light)
{
	struct blocking_flip blocking = {.compositor = &self->compositor, .picture = &self->b};
	struct driver_message message;
	struct vgem fences;
	pthread_t thread;
	struct flip flip;
	uint32_t fence;
	int sync_file;

	NEED_VGEM(&fences);
	ASSERT_EQ(vgem_fence(&fences, &fence), 0);
	sync_file = vgem_sync_file(&fences);
	ASSERT_GE(sync_file, 0);

	driver_close(&self->driver);
	picture_destroy(&self->compositor, &self->a);
	picture_destroy(&self->compositor, &self->b);
	compositor_close(&self->compositor);
	ASSERT_EQ(sysfs_write("unbind"), 0);
	ASSERT_EQ(sysfs_write("bind"), 0);
	ASSERT_EQ(compositor_open(&self->compositor), 0);
	self->pipe = &self->compositor.pipes[0];
	ASSERT_EQ(driver_open(&self->driver), 0);
	ASSERT_EQ(picture_create(&self->compositor, &self->a, WIDTH, HEIGHT), 0);
	ASSERT_EQ(picture_create(&self->compositor, &self->b, WIDTH, HEIGHT), 0);

	ASSERT_EQ(session(&self->driver), 0);
	ASSERT_EQ(preferred_mode(&self->compositor, self->pipe, &self->mode), 0);
	ASSERT_EQ(compositor_modeset_dark(&self->compositor, self->pipe, &self->mode, &self->a), 0);
	ASSERT_EQ(compositor_light_after(&self->compositor, self->pipe, sync_file, &flip), 0);
	blocking.pipe = self->pipe;
	ASSERT_EQ(pthread_create(&thread, NULL, blocking_flip, &blocking), 0);
	EXPECT_EQ(driver_fetch(&self->driver, &message, 300), -ETIMEDOUT);
	ASSERT_EQ(vgem_fence_signal(&fences, fence), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);
	driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED);
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	pthread_join(thread, NULL);
	EXPECT_EQ(blocking.ret, 0);

	close(sync_file);
	vgem_close(&fences);
}

TEST_F(display, unplugged_with_everything_in_flight)
{
	struct miracast_display_framebuffer framebuffer;
	struct driver_message message;
	uint32_t *memory;
	struct flip flip;

	STREAM();
	ASSERT_EQ(driver_export(&self->driver, self->id, &framebuffer), STATUS_SUCCESS);
	memory = mmap(NULL, framebuffer.buffer_size, PROT_READ, MAP_SHARED, framebuffer.fd, 0);
	ASSERT_NE(memory, MAP_FAILED);
	close(framebuffer.fd);
	ASSERT_EQ(compositor_flip(&self->compositor, self->pipe, &self->b, NULL, 0, &flip), 0);
	ASSERT_EQ(driver_fetch_frame(&self->driver, &message), 0);

	ASSERT_EQ(sysfs_write("unbind"), 0);

	/* The flip has ended; nothing else works, and nothing hangs. */
	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	EXPECT_EQ(compositor_flip(&self->compositor, self->pipe, &self->a, NULL, 0, &flip),
		  -ENODEV);
	EXPECT_NE(driver_complete_frame(&self->driver, &message, MIRACAST_DISPLAY_FRAME_ENCODED),
		  0);
	EXPECT_EQ(driver_sink_departed(&self->driver), STATUS_INTERNAL_ERROR);
	EXPECT_EQ(memory[5 * WIDTH + 7], picture_pixel(1, 7, 5));
	munmap(memory, framebuffer.buffer_size);
	driver_close(&self->driver);
	picture_destroy(&self->compositor, &self->a);
	picture_destroy(&self->compositor, &self->b);
	compositor_close(&self->compositor);

	ASSERT_EQ(sysfs_write("bind"), 0);
	ASSERT_EQ(compositor_open(&self->compositor), 0);
	self->pipe = &self->compositor.pipes[0];
	ASSERT_EQ(driver_open(&self->driver), 0);
	EXPECT_EQ(driver_create_context(&self->driver, 16), 0);
}

TEST_F(display, unplugged_while_colors_are_told)
{
	struct drm_color_lut lut[ENTRIES];
	const struct colors colors = {.gamma = table(lut, 1), .entries = ENTRIES};
	struct driver_message message;
	struct flip flip;

	STREAM_IN_COLOR();
	SET_COLORS(&colors, &self->b, NULL, &flip);
	FETCH_COLOR(&message);

	ASSERT_EQ(sysfs_write("unbind"), 0);

	ASSERT_EQ(compositor_wait(&self->compositor, &flip), 0);
	EXPECT_NE(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
	EXPECT_EQ(compositor_set_colors(&self->compositor, self->pipe, &colors, NULL, NULL, NULL),
		  -ENODEV);
	driver_close(&self->driver);
	picture_destroy(&self->compositor, &self->a);
	picture_destroy(&self->compositor, &self->b);
	compositor_close(&self->compositor);

	ASSERT_EQ(sysfs_write("bind"), 0);
	ASSERT_EQ(compositor_open(&self->compositor), 0);
	self->pipe = &self->compositor.pipes[0];
	ASSERT_EQ(driver_open(&self->driver), 0);
	EXPECT_EQ(driver_create_context(&self->driver, 16), 0);
}

TEST_HARNESS_MAIN
