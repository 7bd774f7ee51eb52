// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sound card of miracast_display.ko between an application, which uses ALSA, and
 * a user-mode driver. Wants to be the only one that uses the display and its cards.
 */
#include <alsa/asoundlib.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "../fault.h"
#include "driver.h"

#define RATE	48000u
#define CHANNEL 2
#define FRAME	4 /* bytes */
#define PERIOD	1024u
#define BUFFER	(16 * PERIOD) /* a third of a second */
#define SHORT	(4 * PERIOD) /* less than the kernel keeps */
#define JACK	"HDMI/DP,pcm=0 Jack"

/* A machine that emulates another may be slow. */
#define LIMIT 120

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void sleep_ms(unsigned int ms)
{
	const struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&ts, NULL);
}

/* The card of the connector that the first context gets, or -ENODEV. */
static int card_find(void)
{
	int card = -1, found = -ENODEV;
	char *name;

	while (!snd_card_next(&card) && card >= 0) {
		if (snd_card_get_name(card, &name))
			continue;
		if (!strcmp(name, "Wireless display 1"))
			found = card;
		free(name);
	}

	return found;
}

/* A card's devices appear a moment after it. */
static int card_wait(void)
{
	char path[32];
	int i, card = -ENODEV;

	for (i = 0; i < 2000; i++) {
		card = card_find();
		snprintf(path, sizeof(path), "/dev/snd/controlC%d", card);
		if (card >= 0 && !access(path, R_OK))
			return card;
		sleep_ms(10);
	}

	return card;
}

static snd_ctl_t *control_open(int card)
{
	snd_ctl_t *ctl = NULL;
	char name[16];

	snprintf(name, sizeof(name), "hw:%d", card);

	return snd_ctl_open(&ctl, name, SND_CTL_NONBLOCK | SND_CTL_READONLY) ? NULL : ctl;
}

static void jack_id(snd_ctl_elem_id_t *id)
{
	snd_ctl_elem_id_set_interface(id, SND_CTL_ELEM_IFACE_CARD);
	snd_ctl_elem_id_set_name(id, JACK);
}

/* 1: something is plugged in, 0: nothing is. */
static int jack(snd_ctl_t *ctl)
{
	snd_ctl_elem_value_t *value;
	snd_ctl_elem_id_t *id;
	int ret;

	snd_ctl_elem_id_alloca(&id);
	snd_ctl_elem_value_alloca(&value);
	jack_id(id);
	snd_ctl_elem_value_set_id(value, id);
	ret = snd_ctl_elem_read(ctl, value);

	return ret ? ret : snd_ctl_elem_value_get_boolean(value, 0);
}

static int eld(snd_ctl_t *ctl, uint8_t bytes[128])
{
	snd_ctl_elem_value_t *value;
	snd_ctl_elem_id_t *id;
	int ret;

	snd_ctl_elem_id_alloca(&id);
	snd_ctl_elem_value_alloca(&value);
	snd_ctl_elem_id_set_interface(id, SND_CTL_ELEM_IFACE_PCM);
	snd_ctl_elem_id_set_name(id, "ELD");
	snd_ctl_elem_value_set_id(value, id);
	ret = snd_ctl_elem_read(ctl, value);
	if (!ret)
		memcpy(bytes, snd_ctl_elem_value_get_bytes(value), 128);

	return ret;
}

/* How often the jack's control has said that it changed. */
static int jack_events(snd_ctl_t *ctl)
{
	snd_ctl_event_t *event;
	int n = 0;

	snd_ctl_event_alloca(&event);
	while (snd_ctl_read(ctl, event) > 0)
		n += snd_ctl_event_get_type(event) == SND_CTL_EVENT_ELEM &&
		     !strcmp(snd_ctl_event_elem_get_name(event), JACK);

	return n;
}

/* An application that plays; all of its fields but the first are what it asked for. */
struct player {
	snd_pcm_t *pcm;
	unsigned int rate;
	bool mmap;
	bool wakeups; /* wants to hear of each period */
	bool recovers; /* from an underrun, as on a machine that is busy */
	unsigned int periods; /* how many periods of 1024 are one */
};

static int player_open(struct player *player, int card)
{
	snd_pcm_uframes_t period = player->periods ? player->periods * PERIOD : PERIOD;
	snd_pcm_uframes_t buffer = BUFFER;
	snd_pcm_hw_params_t *params;
	char name[16];
	int ret;

	snprintf(name, sizeof(name), "hw:%d,0", card);
	ret = snd_pcm_open(&player->pcm, name, SND_PCM_STREAM_PLAYBACK,
			   player->wakeups ? 0 : SND_PCM_NONBLOCK);
	if (ret)
		return ret;
	snd_pcm_hw_params_alloca(&params);
	snd_pcm_hw_params_any(player->pcm, params);
	ret = snd_pcm_hw_params_set_access(player->pcm, params,
					   player->mmap ? SND_PCM_ACCESS_MMAP_INTERLEAVED
							: SND_PCM_ACCESS_RW_INTERLEAVED);
	if (!ret)
		ret = snd_pcm_hw_params_set_format(player->pcm, params, SND_PCM_FORMAT_S16_LE);
	if (!ret)
		ret = snd_pcm_hw_params_set_channels(player->pcm, params, CHANNEL);
	if (!ret)
		ret = snd_pcm_hw_params_set_rate(player->pcm, params, player->rate, 0);
	if (!ret)
		ret = snd_pcm_hw_params_set_period_size_near(player->pcm, params, &period, NULL);
	if (!ret)
		ret = snd_pcm_hw_params_set_buffer_size_near(player->pcm, params, &buffer);
	if (!ret && !player->wakeups)
		ret = snd_pcm_hw_params_set_period_wakeup(player->pcm, params, 0);
	if (!ret)
		ret = snd_pcm_hw_params(player->pcm, params);

	return ret;
}

static int player_open_default(struct player *player, int card)
{
	*player = (struct player){.rate = RATE, .wakeups = true, .recovers = true};

	return player_open(player, card);
}

/* It plays once its buffer is full: a machine that is slow at the start has no underrun. */
static int player_start_full(struct player *player)
{
	snd_pcm_sw_params_t *params;
	int ret;

	snd_pcm_sw_params_alloca(&params);
	ret = snd_pcm_sw_params_current(player->pcm, params);
	if (!ret)
		ret = snd_pcm_sw_params_set_start_threshold(player->pcm, params, BUFFER);
	if (!ret)
		ret = snd_pcm_sw_params(player->pcm, params);

	return ret;
}

/* Frame n is n to the left and its opposite to the right. */
static void player_frames(int16_t *samples, uint32_t first, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		samples[2 * i] = first + i;
		samples[2 * i + 1] = ~(first + i);
	}
}

/* Plays so many frames; 0, or what ALSA says. */
static int player_play(struct player *player, uint32_t first, uint32_t count)
{
	while (count) {
		uint32_t part = count < PERIOD ? count : PERIOD;
		int16_t samples[2 * PERIOD];
		snd_pcm_sframes_t done;

		player_frames(samples, first, part);
		done = player->mmap ? snd_pcm_mmap_writei(player->pcm, samples, part)
				    : snd_pcm_writei(player->pcm, samples, part);
		/* One that wants no wake-ups has to look by itself. */
		if (done == -EAGAIN && !player->wakeups) {
			sleep_ms(5);
			continue;
		}
		if (done == -EPIPE && player->recovers) {
			snd_pcm_prepare(player->pcm);
			continue;
		}
		if (done < 0)
			return done;
		first += done;
		count -= done;
	}

	return 0;
}

/* Until all has been played. */
static int player_drain(struct player *player)
{
	snd_pcm_sframes_t free = 0;

	if (player->wakeups)
		return snd_pcm_drain(player->pcm);
	while (free >= 0 && free < BUFFER) {
		free = snd_pcm_avail(player->pcm);
		sleep_ms(5);
	}

	return free == -EPIPE ? 0 : free < 0 ? free : snd_pcm_drop(player->pcm);
}

/* The card's device and its session, as user space finds them. */
FIXTURE(sound)
{
	struct driver driver;
	snd_ctl_t *ctl;
	int card;
};

FIXTURE_SETUP(sound)
{
	self->driver.fd = -1;
	self->card = card_wait();
	if (self->card < 0 && access("/proc/asound", F_OK))
		SKIP(return, "a kernel without ALSA");
	ASSERT_GE(self->card, 0) TH_LOG("is miracast_display loaded?");
	self->ctl = control_open(self->card);
	ASSERT_NE(self->ctl, NULL);
	ASSERT_EQ(driver_open(&self->driver), 0);
}

FIXTURE_TEARDOWN(sound)
{
	driver_close(&self->driver);
	if (self->ctl)
		snd_ctl_close(self->ctl);
}

static int session(struct driver *driver)
{
	int ret = driver_create_context(driver, 16);

	if (!ret)
		ret = driver_start(driver);
	if (!ret && driver_sink_arrived(driver, 640, 480, 60000, NULL, 0) != STATUS_SUCCESS)
		ret = -EIO;
	if (!ret && driver_sound(driver, NULL) != STATUS_SUCCESS)
		ret = -EPROTO;

	return ret;
}

/*
 * The statistics of the connector that the first context gets. Its number is anything:
 * a display that has just gone may have its own still. The card knows it.
 */
static FILE *statistics_open(void)
{
	char pattern[96];
	char *name = NULL;
	FILE *file = NULL;
	unsigned int number;
	glob_t found;

	if (snd_card_get_longname(card_find(), &name))
		return NULL;
	if (sscanf(name, "Wireless display 1 at Virtual-%u", &number) == 1) {
		snprintf(pattern, sizeof(pattern), "/sys/kernel/debug/dri/*/Virtual-%u/miracast",
			 number);
		if (!glob(pattern, 0, NULL, &found)) {
			file = fopen(found.gl_pathv[0], "r");
			globfree(&found);
		}
	}
	free(name);

	return file;
}

/* One of them, or -1. */
static int64_t counter(const char *key)
{
	FILE *file = statistics_open();
	char line[128], name[64];
	int64_t value = -1, n;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %" SCNd64, name, &n) == 2 && !strcmp(name, key))
			value = n;
	if (file)
		fclose(file);

	return value;
}

/*
 * What a user-mode driver has heard, each message answered as it came: on a thread
 * that ends when a stream has, or when it is told to.
 */
struct listener {
	struct driver *driver;
	pthread_t thread;
	atomic_bool end;
	int error; /* the first thing that was not as it should be, a negative errno */
	uint32_t stream;
	uint32_t rate;
	unsigned int starts;
	unsigned int stops;
	uint64_t frames;
	uint64_t lost; /* in gaps */
	uint64_t wrong; /* frames that are not what player_frames() makes of their number */
	uint64_t expected; /* that number */
	uint64_t begin_ns;
	int64_t late_ns; /* of a message's time, most, from what its position says */
};

static int listener_data(struct listener *listener, const struct driver_message *message)
{
	const struct miracast_display_sound_data *data = &message->sound_data;
	const int16_t *samples = (const int16_t *)data->samples;
	int64_t off;
	uint32_t i;

	if (data->stream != listener->stream || !data->frames ||
	    data->frames > MIRACAST_DISPLAY_MAX_SOUND_FRAMES ||
	    data->header.size != sizeof(*data) + data->frames * FRAME ||
	    data->position < listener->frames + listener->lost)
		return -EBADMSG;
	if (!data->position)
		listener->begin_ns = data->time_ns;
	off = data->time_ns - listener->begin_ns - data->position * 1000000000 / listener->rate;
	if (llabs(off) > listener->late_ns)
		listener->late_ns = llabs(off);
	listener->lost = data->position - listener->frames;
	for (i = 0; i < data->frames; i++) {
		uint32_t n = data->position + i;

		/* What the buffer held before goes on being played after the end. */
		if (n < listener->expected)
			listener->wrong += samples[2 * i] != (int16_t)n ||
					   samples[2 * i + 1] != (int16_t)~n;
	}
	listener->frames += data->frames;

	return 0;
}

static int listener_message(struct listener *listener, const struct driver_message *message)
{
	const struct miracast_display_sound_start *start = &message->sound_start;

	switch (message->header.code) {
	case MIRACAST_DISPLAY_MSG_SOUND_START:
		if (listener->starts != listener->stops || start->channels != CHANNEL ||
		    start->format != MIRACAST_DISPLAY_SOUND_S16LE || !start->stream ||
		    start->stream == listener->stream)
			return -EPROTO;
		listener->starts++;
		listener->stream = start->stream;
		listener->rate = start->rate;
		listener->frames = 0;
		listener->lost = 0;
		return 0;
	case MIRACAST_DISPLAY_MSG_SOUND_DATA:
		if (listener->starts == listener->stops)
			return -EPROTO;
		return listener_data(listener, message);
	case MIRACAST_DISPLAY_MSG_SOUND_STOP:
		if (message->sound_stop.stream != listener->stream ||
		    listener->starts == listener->stops)
			return -EPROTO;
		listener->stops++;
		return 0;
	default: return -EOPNOTSUPP;
	}
}

static void *listen(void *data)
{
	struct listener *listener = data;
	struct driver_message message;

	while (!listener->error && !listener->end) {
		int ret = driver_fetch(listener->driver, &message, 20);

		if (ret == -ETIMEDOUT)
			continue;
		if (!ret)
			ret = listener_message(listener, &message);
		if (!ret)
			ret = driver_complete(listener->driver, message.id, STATUS_SUCCESS, 0);
		listener->error = ret;
	}

	return NULL;
}

static void listener_begin(struct listener *listener, struct driver *driver)
{
	memset(listener, 0, sizeof(*listener));
	listener->driver = driver;
	listener->expected = UINT64_MAX;
	pthread_create(&listener->thread, NULL, listen, listener);
}

static void listener_end(struct listener *listener)
{
	listener->end = true;
	pthread_join(listener->thread, NULL);
}

/* Until so many streams have ended, or for a long time. */
static void listener_wait(struct listener *listener, unsigned int stops)
{
	int i;

	for (i = 0; i < GUARD_MS / 10 && !listener->error && listener->stops < stops; i++)
		sleep_ms(10);
	listener_end(listener);
}

TEST_F_TIMEOUT(sound, jack_follows_session, LIMIT)
{
	ASSERT_EQ(snd_ctl_subscribe_events(self->ctl, 1), 0);
	EXPECT_EQ(jack(self->ctl), 0);
	ASSERT_EQ(driver_create_context(&self->driver, 16), 0);
	EXPECT_EQ(driver_sound(&self->driver, NULL), STATUS_INVALID_DEVICE_STATE);
	ASSERT_EQ(driver_sink_arrived(&self->driver, 640, 480, 60000, NULL, 0), STATUS_SUCCESS);
	EXPECT_EQ(jack(self->ctl), 0);
	EXPECT_EQ(jack_events(self->ctl), 0);

	EXPECT_EQ(driver_sound(&self->driver, NULL), STATUS_SUCCESS);
	EXPECT_EQ(jack(self->ctl), 1);
	EXPECT_EQ(jack_events(self->ctl), 1);
	/* Another mode is no other sink. */
	ASSERT_EQ(driver_sink_arrived(&self->driver, 800, 600, 60000, NULL, 0), STATUS_SUCCESS);
	EXPECT_EQ(jack(self->ctl), 1);
	EXPECT_EQ(driver_sink_departed(&self->driver), STATUS_SUCCESS);
	EXPECT_EQ(jack(self->ctl), 0);
	EXPECT_EQ(jack_events(self->ctl), 1);
	EXPECT_EQ(driver_sound(&self->driver, NULL), STATUS_INVALID_DEVICE_STATE);

	ASSERT_EQ(driver_sink_arrived(&self->driver, 640, 480, 60000, NULL, 0), STATUS_SUCCESS);
	EXPECT_EQ(jack(self->ctl), 0);
	EXPECT_EQ(driver_sound(&self->driver, NULL), STATUS_SUCCESS);
	EXPECT_EQ(jack(self->ctl), 1);
	driver_close(&self->driver);
	EXPECT_EQ(jack(self->ctl), 0);
}

/* An EDID's base block, with a name and a product. */
static void edid_make(uint8_t edid[128], const char *name)
{
	static const uint8_t head[] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff,
				       0xff, 0x00, 0x35, 0xb7, 0x34, 0x12};
	uint8_t sum = 0;
	int i;

	memset(edid, 0, 128);
	memcpy(edid, head, sizeof(head));
	edid[18] = 1;
	edid[19] = 4;
	edid[20] = 0x80;
	edid[54 + 3] = 0x10;
	edid[72 + 3] = 0x10;
	edid[90 + 3] = 0xfc;
	memset(edid + 95, ' ', 13);
	memcpy(edid + 95, name, strlen(name));
	if (strlen(name) < 13)
		edid[95 + strlen(name)] = '\n';
	edid[108 + 3] = 0x10;
	for (i = 0; i < 127; i++)
		sum += edid[i];
	edid[127] = -sum;
}

TEST_F_TIMEOUT(sound, eld_names_sink, LIMIT)
{
	static const uint8_t zeroes[128], lpcm[] = {0x09, 0x06, 0x01};
	static const struct {
		const char *edid, *name, *expected;
	} sinks[] = {
		{"Test sink", NULL, "Test sink"},
		{"Thirteen char", NULL, "Thirteen char"},
		{"Bad\x01name", NULL, "Bad"},
		{"Test sink", "Living room", "Living room"},
		{"Test sink", "Sixteen letters.", "Sixteen letters."},
		{NULL, "K\303\274che  ", "K\303\274che"},
		{NULL, NULL, ""},
		{"", NULL, ""},
	};
	uint8_t edid[128], bytes[128];
	size_t i, length;

	ASSERT_EQ(eld(self->ctl, bytes), 0);
	EXPECT_EQ(memcmp(bytes, zeroes, sizeof(bytes)), 0);
	ASSERT_EQ(driver_create_context(&self->driver, 16), 0);
	for (i = 0; i < sizeof(sinks) / sizeof(*sinks); i++) {
		length = strlen(sinks[i].expected);
		if (sinks[i].edid)
			edid_make(edid, sinks[i].edid);
		ASSERT_EQ(driver_sink_arrived(&self->driver, 640, 480, 60000, edid,
					      sinks[i].edid ? sizeof(edid) : 0),
			  STATUS_SUCCESS);
		ASSERT_EQ(driver_sound(&self->driver, sinks[i].name), STATUS_SUCCESS);
		ASSERT_EQ(eld(self->ctl, bytes), 0);
		EXPECT_EQ(bytes[0], 2 << 3);
		EXPECT_GE(bytes[2] * 4, 16 + length + 3);
		EXPECT_LE(bytes[2] * 4, 16 + length + 3 + 3);
		EXPECT_EQ(bytes[4], 3 << 5 | length);
		EXPECT_EQ(bytes[5], 1 << 4);
		EXPECT_EQ(bytes[7], 1);
		EXPECT_EQ(memcmp(bytes + 16, sinks[i].edid ? edid + 8 : zeroes, 4), 0);
		EXPECT_EQ(memcmp(bytes + 20, sinks[i].expected, length), 0);
		EXPECT_EQ(memcmp(bytes + 20 + length, lpcm, sizeof(lpcm)), 0);
		EXPECT_EQ(memcmp(bytes + 23 + length, zeroes, 128 - 23 - length), 0);
	}
	EXPECT_EQ(driver_sink_departed(&self->driver), STATUS_SUCCESS);
	ASSERT_EQ(eld(self->ctl, bytes), 0);
	EXPECT_EQ(memcmp(bytes, zeroes, sizeof(bytes)), 0);
}

TEST_F_TIMEOUT(sound, bad_requests, LIMIT)
{
	struct miracast_display_sound sound = {
		.header.code = MIRACAST_DISPLAY_CTL_SOUND,
		.header.size = sizeof(sound) - 8,
	};

	ASSERT_EQ(driver_create_context(&self->driver, 16), 0);
	ASSERT_EQ(driver_sink_arrived(&self->driver, 640, 480, 60000, NULL, 0), STATUS_SUCCESS);
	EXPECT_EQ(driver_io_control(&self->driver, &sound, sizeof(sound) - 8, NULL, 0, NULL),
		  STATUS_INVALID_PARAMETER);
	EXPECT_EQ(driver_io_control(&self->driver, &sound, sizeof(sound), NULL, 0, NULL),
		  STATUS_INVALID_PARAMETER);
	sound.header.size = sizeof(sound);
	sound.reserved = 1;
	EXPECT_EQ(driver_io_control(&self->driver, &sound, sizeof(sound), NULL, 0, NULL),
		  STATUS_INVALID_PARAMETER);
	EXPECT_EQ(jack(self->ctl), 0);
}

TEST_F_TIMEOUT(sound, what_it_takes, LIMIT)
{
	static const unsigned int rates[] = {8000, 32000, 44100, 45000, 48000, 96000};
	static const snd_pcm_format_t formats[] = {SND_PCM_FORMAT_U8, SND_PCM_FORMAT_S16_BE,
						   SND_PCM_FORMAT_S16_LE, SND_PCM_FORMAT_S32_LE};
	snd_pcm_hw_params_t *params;
	snd_pcm_t *pcm;
	char name[16];
	size_t i;

	snprintf(name, sizeof(name), "hw:%d,0", self->card);
	ASSERT_EQ(snd_pcm_open(&pcm, name, SND_PCM_STREAM_PLAYBACK, 0), 0);
	snd_pcm_hw_params_alloca(&params);
	ASSERT_GE(snd_pcm_hw_params_any(pcm, params), 0);
	for (i = 0; i < sizeof(rates) / sizeof(*rates); i++)
		EXPECT_EQ(!snd_pcm_hw_params_test_rate(pcm, params, rates[i], 0),
			  rates[i] == 44100 || rates[i] == 48000);
	for (i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		EXPECT_EQ(!snd_pcm_hw_params_test_format(pcm, params, formats[i]),
			  formats[i] == SND_PCM_FORMAT_S16_LE);
	for (i = 1; i < 9; i++)
		EXPECT_EQ(!snd_pcm_hw_params_test_channels(pcm, params, i), i == 2);
	snd_pcm_close(pcm);
	EXPECT_EQ(snd_pcm_open(&pcm, name, SND_PCM_STREAM_CAPTURE, 0), -ENOENT);
}

FIXTURE(playing)
{
	struct driver driver;
	struct player player;
	struct listener listener;
	int card;
};

FIXTURE_VARIANT(playing)
{
	unsigned int rate;
	bool mmap;
	bool wakeups;
};

FIXTURE_VARIANT_ADD(playing, at_48000){
	.rate = 48000,
	.wakeups = true,
};

FIXTURE_VARIANT_ADD(playing, at_44100){
	.rate = 44100,
	.wakeups = true,
};

FIXTURE_VARIANT_ADD(playing, mapped_without_wakeups){
	.rate = 48000,
	.mmap = true,
};

FIXTURE_SETUP(playing)
{
	self->driver.fd = -1;
	self->card = card_wait();
	if (self->card < 0 && access("/proc/asound", F_OK))
		SKIP(return, "a kernel without ALSA");
	self->player.rate = variant->rate;
	self->player.mmap = variant->mmap;
	self->player.wakeups = variant->wakeups;
	ASSERT_EQ(player_open(&self->player, self->card), 0);
	ASSERT_EQ(player_start_full(&self->player), 0);
	ASSERT_EQ(driver_open(&self->driver), 0);
	ASSERT_EQ(session(&self->driver), 0);
}

FIXTURE_TEARDOWN(playing)
{
	if (self->player.pcm)
		snd_pcm_close(self->player.pcm);
	driver_close(&self->driver);
}

TEST_F_TIMEOUT(playing, arrives_whole_and_in_time, LIMIT)
{
	const uint32_t frames = 40 * PERIOD;
	uint64_t begin = now_ns(), end;

	listener_begin(&self->listener, &self->driver);
	self->listener.expected = frames;
	ASSERT_EQ(player_play(&self->player, 0, frames), 0);
	ASSERT_EQ(player_drain(&self->player), 0);
	end = now_ns();
	listener_wait(&self->listener, 1);

	EXPECT_EQ(self->listener.error, 0);
	EXPECT_EQ(self->listener.starts, 1);
	EXPECT_EQ(self->listener.stops, 1);
	EXPECT_EQ(self->listener.rate, variant->rate);
	EXPECT_GE(self->listener.frames, frames);
	EXPECT_EQ(self->listener.lost, 0);
	EXPECT_EQ(self->listener.wrong, 0);
	/* Rounded down twice. */
	EXPECT_LE(self->listener.late_ns, 1);
	EXPECT_GE(self->listener.begin_ns, begin);
	EXPECT_GE(end - begin, frames * 1000000000ull / variant->rate);
}

/* The rest is one application's and one session's, at 48 kHz. */

static int play_begin(struct player *player, int card, uint32_t frames)
{
	int ret = player_open_default(player, card);

	return ret ? ret : player_play(player, 0, frames);
}

TEST_F_TIMEOUT(sound, one_message_at_a_time_in_order, LIMIT)
{
	struct driver_message message;
	struct player player;
	int16_t samples[2 * SHORT] = {0};
	uint64_t position = 0;
	uint32_t stream;

	ASSERT_EQ(session(&self->driver), 0);
	/* At once, so that it cannot run dry. */
	ASSERT_EQ(player_open_default(&player, self->card), 0);
	ASSERT_EQ(snd_pcm_writei(player.pcm, samples, SHORT), SHORT);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_SOUND_START);
	stream = message.sound_start.stream;
	/* All of it is played, and waits. */
	ASSERT_EQ(snd_pcm_drain(player.pcm), 0);
	snd_pcm_close(player.pcm);
	EXPECT_EQ(driver_fetch(&self->driver, &(struct driver_message){}, 50), -ETIMEDOUT);

	while (position < SHORT) {
		ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
		ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
		ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_SOUND_DATA);
		EXPECT_EQ(message.sound_data.stream, stream);
		EXPECT_EQ(message.sound_data.position, position);
		position += message.sound_data.frames;
		EXPECT_EQ(driver_fetch(&self->driver, &(struct driver_message){}, 5), -ETIMEDOUT);
	}
	for (;;) {
		ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
		ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
		if (message.header.code == MIRACAST_DISPLAY_MSG_SOUND_STOP)
			break;
		ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_SOUND_DATA);
	}
	EXPECT_EQ(message.sound_stop.stream, stream);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
}

/* A START that nobody understood is said again before anything else is. */
TEST_F_TIMEOUT(sound, failed_start_comes_again, LIMIT)
{
	struct driver_message message;
	struct player player;
	int i;

	ASSERT_EQ(session(&self->driver), 0);
	ASSERT_EQ(play_begin(&player, self->card, BUFFER), 0);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
		ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_SOUND_START);
		ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_UNSUCCESSFUL, 0), 0);
		ASSERT_EQ(player_play(&player, 0, PERIOD), 0);
	}
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_SOUND_START);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	EXPECT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_SOUND_DATA);
	EXPECT_EQ(message.sound_data.position, 0);
	snd_pcm_close(player.pcm);
}

/* Nothing more is played, and what follows data whose handling failed comes all the same. */
TEST_F_TIMEOUT(sound, failed_data_holds_up_nothing, LIMIT)
{
	struct driver_message message;
	struct player player;
	int16_t samples[2 * SHORT] = {0};
	uint64_t frames = 0;
	int64_t failed;

	ASSERT_EQ(session(&self->driver), 0);
	failed = counter("sound_frames_failed");
	ASSERT_EQ(player_open_default(&player, self->card), 0);
	ASSERT_EQ(snd_pcm_writei(player.pcm, samples, SHORT), SHORT);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_SOUND_START);
	ASSERT_EQ(snd_pcm_drain(player.pcm), 0);
	snd_pcm_close(player.pcm);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
	for (;;) {
		ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
		if (message.header.code != MIRACAST_DISPLAY_MSG_SOUND_DATA)
			break;
		frames += message.sound_data.frames;
		ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_UNSUCCESSFUL, 0), 0);
	}
	EXPECT_GE(frames, SHORT);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_SOUND_STOP);
	EXPECT_EQ(counter("sound_frames_failed"), failed + (int64_t)frames);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
}

/* An application plays while nobody wants it, and while the one who does reads nothing. */
TEST_F_TIMEOUT(sound, time_goes_on_without_listener, LIMIT)
{
	int64_t unheard = counter("sound_frames_unheard"), dropped, handled;
	struct driver_message message;
	uint64_t begin, position = 0;
	struct player player;
	int i;

	ASSERT_GE(unheard, 0);
	/* A user-mode driver that did not ask is sent nothing. */
	ASSERT_EQ(driver_create_context(&self->driver, 16), 0);
	ASSERT_EQ(driver_start(&self->driver), 0);
	ASSERT_EQ(driver_sink_arrived(&self->driver, 640, 480, 60000, NULL, 0), STATUS_SUCCESS);
	ASSERT_EQ(player_open_default(&player, self->card), 0);
	ASSERT_EQ(player_start_full(&player), 0);
	begin = now_ns();
	ASSERT_EQ(player_play(&player, 0, RATE / 2), 0);
	ASSERT_EQ(snd_pcm_drain(player.pcm), 0);
	EXPECT_GE(now_ns() - begin, 500000000);
	EXPECT_LT(now_ns() - begin, 5000000000);
	EXPECT_GE(counter("sound_frames_unheard") - unheard, RATE / 2);
	EXPECT_EQ(driver_fetch(&self->driver, &message, 0), -ETIMEDOUT);

	ASSERT_EQ(driver_sound(&self->driver, NULL), STATUS_SUCCESS);
	dropped = counter("sound_frames_dropped");
	handled = counter("sound_frames_handled");
	ASSERT_EQ(snd_pcm_prepare(player.pcm), 0);
	begin = now_ns();
	ASSERT_EQ(player_play(&player, 0, RATE), 0);
	ASSERT_EQ(snd_pcm_drain(player.pcm), 0);
	EXPECT_GE(now_ns() - begin, 1000000000);
	EXPECT_LT(now_ns() - begin, 5000000000);
	snd_pcm_close(player.pcm);

	/* The first third of a second was kept, the rest is lost and counted. */
	EXPECT_GE(counter("sound_frames_dropped") - dropped, RATE - 33 * 480);
	for (i = 0; i < 40; i++) {
		ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
		ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
		if (message.header.code == MIRACAST_DISPLAY_MSG_SOUND_STOP)
			break;
		if (message.header.code == MIRACAST_DISPLAY_MSG_SOUND_DATA) {
			EXPECT_EQ(message.sound_data.position, position);
			position += message.sound_data.frames;
		}
	}
	EXPECT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_SOUND_STOP);
	EXPECT_GE(position, 31 * 480);
	EXPECT_EQ(counter("sound_frames_handled") - handled, position);
}

/* A daemon: a process with a session, which listens. */
static pid_t daemon_begin(int *heard)
{
	int pipe_fds[2];
	pid_t pid;

	if (pipe(pipe_fds))
		return -1;
	pid = fork();
	if (!pid) {
		struct listener listener = {.expected = UINT64_MAX};
		struct driver driver;
		uint64_t total = 0;

		close(pipe_fds[0]);
		listener.driver = &driver;
		if (driver_open(&driver) || session(&driver))
			_exit(1);
		for (;;) {
			struct driver_message message;
			int ret = driver_fetch(&driver, &message, GUARD_MS);

			/* Stopped, and continued. */
			if (ret == -EINTR)
				continue;
			if (!ret)
				ret = listener_message(&listener, &message);
			if (!ret)
				ret = driver_complete(&driver, message.id, STATUS_SUCCESS, 0);
			if (ret)
				_exit(2);
			if (message.header.code != MIRACAST_DISPLAY_MSG_SOUND_DATA)
				continue;
			total = listener.lost << 32 | listener.frames;
			if (write(pipe_fds[1], &total, sizeof(total)) != sizeof(total))
				_exit(3);
		}
	}
	close(pipe_fds[1]);
	*heard = pipe_fds[0];

	return pid;
}

TEST_F_TIMEOUT(sound, stopped_and_killed_daemon, LIMIT)
{
	uint64_t begin, heard, lost = 0;
	struct player player;
	int fd, status, i;
	pid_t pid;

	driver_close(&self->driver);
	pid = daemon_begin(&fd);
	ASSERT_GT(pid, 0);
	for (i = 0; i < 1000 && jack(self->ctl) != 1; i++)
		sleep_ms(10);
	ASSERT_EQ(jack(self->ctl), 1);

	ASSERT_EQ(player_open_default(&player, self->card), 0);
	ASSERT_EQ(player_play(&player, 0, RATE / 4), 0);
	ASSERT_EQ(read(fd, &heard, sizeof(heard)), sizeof(heard));
	ASSERT_EQ(kill(pid, SIGSTOP), 0);
	begin = now_ns();
	ASSERT_EQ(player_play(&player, RATE / 4, RATE), 0);
	/* All but what the buffer holds has been played. */
	EXPECT_GE(now_ns() - begin, 1000000000ull * (RATE - BUFFER) / RATE);
	EXPECT_LT(now_ns() - begin, 5000000000);
	EXPECT_EQ(jack(self->ctl), 1);
	ASSERT_EQ(kill(pid, SIGCONT), 0);
	ASSERT_EQ(player_play(&player, RATE / 4 + RATE, RATE / 2), 0);
	while (!lost) {
		ASSERT_EQ(read(fd, &heard, sizeof(heard)), sizeof(heard));
		lost = heard >> 32;
	}
	EXPECT_GE(lost, RATE / 2);

	ASSERT_EQ(kill(pid, SIGKILL), 0);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(player_play(&player, 0, RATE / 4), 0);
	for (i = 0; i < 1000 && jack(self->ctl) != 0; i++)
		sleep_ms(10);
	EXPECT_EQ(jack(self->ctl), 0);
	ASSERT_EQ(snd_pcm_drain(player.pcm), 0);
	snd_pcm_close(player.pcm);
	close(fd);
}

/* The timer of a card's PCM, which ticks with its periods. */
static int period_timer_start(snd_timer_t **timer, int card)
{
	snd_timer_params_t *params;
	char name[64];
	int ret;

	snprintf(name, sizeof(name), "hw:CLASS=%d,SCLASS=0,CARD=%d,DEV=0,SUBDEV=0",
		 SND_TIMER_CLASS_PCM, card);
	ret = snd_timer_open(timer, name, SND_TIMER_OPEN_NONBLOCK);
	if (ret)
		return ret;
	snd_timer_params_alloca(&params);
	snd_timer_params_set_auto_start(params, 1);
	snd_timer_params_set_ticks(params, 1);
	snd_timer_params_set_queue_size(params, 256);
	ret = snd_timer_params(*timer, params);

	return ret ? ret : snd_timer_start(*timer);
}

static unsigned int period_timer_ticks(snd_timer_t *timer)
{
	snd_timer_read_t tick;
	unsigned int ticks = 0;

	while (snd_timer_read(timer, &tick, sizeof(tick)) == sizeof(tick))
		ticks += tick.ticks;

	return ticks;
}

/* Asks for the position until all has been played. */
static void *ask_for_position(void *pcm)
{
	while (!snd_pcm_hwsync(pcm))
		;

	return NULL;
}

/* Whoever asks for the position sees a period's end before the card's own timer does. */
TEST_F_TIMEOUT(sound, each_period_is_told_whoever_asks_for_the_position, LIMIT)
{
	/* Long ones: a machine that is slow tells of two at once. */
	struct player player = {.rate = RATE, .wakeups = true, .periods = 4};
	unsigned int ticks = 0;
	snd_timer_t *timer;
	pthread_t thread;
	int i, ret;

	for (i = 0; i < 8; i++) {
		ASSERT_EQ(player_open(&player, self->card), 0);
		ASSERT_EQ(player_start_full(&player), 0);
		ret = period_timer_start(&timer, self->card);
		if (ret == -ENOENT)
			SKIP(return, "a kernel without ALSA's timers");
		ASSERT_EQ(ret, 0);
		ASSERT_EQ(player_play(&player, 0, BUFFER), 0);
		ASSERT_EQ(pthread_create(&thread, NULL, ask_for_position, player.pcm), 0);
		ask_for_position(player.pcm);
		pthread_join(thread, NULL);
		ticks += period_timer_ticks(timer);
		snd_timer_close(timer);
		snd_pcm_close(player.pcm);
	}
	/* The last end of each four is an underrun's. */
	EXPECT_GE(ticks, 22);
	EXPECT_LE(ticks, 32);
}

TEST_F_TIMEOUT(sound, pause_is_another_stream, LIMIT)
{
	struct listener listener;
	struct player player;
	uint32_t first;
	int i;

	ASSERT_EQ(session(&self->driver), 0);
	listener_begin(&listener, &self->driver);
	ASSERT_EQ(play_begin(&player, self->card, BUFFER), 0);
	ASSERT_EQ(player_play(&player, BUFFER, BUFFER), 0);
	ASSERT_EQ(snd_pcm_pause(player.pcm, 1), 0);
	for (i = 0; i < 1000 && listener.stops < 1; i++)
		sleep_ms(10);
	ASSERT_EQ(listener.stops, 1);
	first = listener.stream;
	ASSERT_EQ(snd_pcm_pause(player.pcm, 0), 0);
	ASSERT_EQ(snd_pcm_drain(player.pcm), 0);
	snd_pcm_close(player.pcm);
	listener_wait(&listener, 2);
	EXPECT_EQ(listener.error, 0);
	EXPECT_EQ(listener.starts, 2);
	EXPECT_EQ(listener.stops, 2);
	EXPECT_NE(listener.stream, first);
	EXPECT_EQ(listener.lost, 0);
}

/* One session ends and another begins, and a third, while an application plays. */
TEST_F_TIMEOUT(sound, sessions_come_and_go_while_playing, LIMIT)
{
	struct driver_message message;
	struct player player;
	int i, ret;

	ASSERT_EQ(play_begin(&player, self->card, BUFFER), 0);
	for (i = 0; i < 6; i++) {
		uint32_t stream = 0;

		ASSERT_EQ(session(&self->driver), 0);
		while (stream == 0 || message.header.code != MIRACAST_DISPLAY_MSG_SOUND_DATA) {
			ASSERT_EQ(player_play(&player, 0, PERIOD), 0);
			ret = driver_fetch(&self->driver, &message, 0);
			if (ret == -ETIMEDOUT)
				continue;
			ASSERT_EQ(ret, 0);
			if (message.header.code == MIRACAST_DISPLAY_MSG_SOUND_START) {
				stream = message.sound_start.stream;
				ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS,
							  0),
					  0);
			}
		}
		EXPECT_EQ(message.sound_data.stream, stream);
		EXPECT_EQ(message.sound_data.position, 0);
		/* In three ways; in two of them with the message in hand. */
		if (i % 3 == 0) {
			EXPECT_EQ(driver_sink_departed(&self->driver), STATUS_SUCCESS);
		} else if (i % 3 == 1) {
			EXPECT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
			EXPECT_EQ(driver_stop(&self->driver), 0);
		}
		EXPECT_EQ(player_play(&player, 0, PERIOD), 0);
		driver_close(&self->driver);
		EXPECT_EQ(jack(self->ctl), 0);
		ASSERT_EQ(driver_open(&self->driver), 0);
	}
	ASSERT_EQ(snd_pcm_drain(player.pcm), 0);
	snd_pcm_close(player.pcm);
}

/* Asked for once more in the midst of it: told anew, under another number. */
TEST_F_TIMEOUT(sound, asked_for_again, LIMIT)
{
	struct driver_message message;
	struct player player;
	uint32_t stream;

	ASSERT_EQ(session(&self->driver), 0);
	ASSERT_EQ(play_begin(&player, self->card, BUFFER), 0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	ASSERT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_SOUND_START);
	stream = message.sound_start.stream;
	ASSERT_EQ(driver_sound(&self->driver, NULL), STATUS_SUCCESS);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_UNSUCCESSFUL, 0), 0);
	ASSERT_EQ(player_play(&player, BUFFER, PERIOD), 0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	EXPECT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_SOUND_START);
	EXPECT_NE(message.sound_start.stream, stream);
	ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	EXPECT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_SOUND_DATA);
	EXPECT_EQ(message.sound_data.position, 0);
	snd_pcm_close(player.pcm);
}

TEST_F_TIMEOUT(sound, underrun, LIMIT)
{
	struct listener listener;
	struct player player;

	ASSERT_EQ(session(&self->driver), 0);
	listener_begin(&listener, &self->driver);
	ASSERT_EQ(play_begin(&player, self->card, BUFFER), 0);
	player.recovers = false;
	sleep_ms(2 * 1000 * BUFFER / RATE);
	EXPECT_EQ(snd_pcm_state(player.pcm), SND_PCM_STATE_XRUN);
	EXPECT_EQ(player_play(&player, BUFFER, PERIOD), -EPIPE);
	ASSERT_EQ(snd_pcm_prepare(player.pcm), 0);
	ASSERT_EQ(player_play(&player, 0, BUFFER), 0);
	ASSERT_EQ(snd_pcm_drain(player.pcm), 0);
	snd_pcm_close(player.pcm);
	listener_wait(&listener, 2);
	EXPECT_EQ(listener.error, 0);
	EXPECT_EQ(listener.stops, 2);
}

/*
 * Frames that were played and have not had their end, which those that waited when a
 * session ended never have.
 */
static int64_t frames_on_their_way(void)
{
	static const char played[] = "sound_frames_played";
	FILE *file = statistics_open();
	char line[128], name[64];
	int64_t left = 0, n;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %" SCNd64, name, &n) == 2 &&
		    !strncmp(name, "sound_frames_", 13))
			left += strcmp(name, played) ? -n : n;
	if (file)
		fclose(file);

	return left;
}

/* Streams of no length to speak of, as fast as they can be made. */
TEST_F_TIMEOUT(sound, storm_of_streams, LIMIT)
{
	struct listener listener;
	struct player player;
	int64_t before;
	int i;

	ASSERT_EQ(session(&self->driver), 0);
	before = frames_on_their_way();
	listener_begin(&listener, &self->driver);
	ASSERT_EQ(player_open_default(&player, self->card), 0);
	for (i = 0; i < 300; i++) {
		ASSERT_EQ(snd_pcm_prepare(player.pcm), 0);
		ASSERT_EQ(player_play(&player, 0, PERIOD), 0);
		if (i % 3)
			sleep_ms(i % 3);
		ASSERT_EQ(snd_pcm_drop(player.pcm), 0);
	}
	snd_pcm_close(player.pcm);
	/* Starts and stops may be as many in the midst of it, too. */
	for (i = 0; i < 1000 && frames_on_their_way() != before; i++)
		sleep_ms(10);
	for (i = 0; i < 1000 && listener.starts != listener.stops; i++)
		sleep_ms(10);
	EXPECT_EQ(frames_on_their_way(), before);
	listener_end(&listener);
	EXPECT_EQ(listener.error, 0);
	EXPECT_GT(listener.starts, 0);
	EXPECT_EQ(listener.starts, listener.stops);
}

static void *play_on(void *data)
{
	struct player *player = data;
	int ret = 0;

	while (!ret)
		ret = player_play(player, 0, PERIOD);

	return (void *)(long)ret;
}

TEST_F_TIMEOUT(sound, unplugged_while_playing, LIMIT)
{
	struct driver_message message;
	struct player player;
	pthread_t thread;
	void *ret;

	ASSERT_EQ(session(&self->driver), 0);
	ASSERT_EQ(play_begin(&player, self->card, BUFFER), 0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	/* What is in use does not go. */
	EXPECT_EQ(syscall(SYS_delete_module, "miracast_display", O_NONBLOCK), -1);
	EXPECT_EQ(errno, EWOULDBLOCK);
	pthread_create(&thread, NULL, play_on, &player);
	sleep_ms(50);

	ASSERT_EQ(sysfs_write("unbind"), 0);

	pthread_join(thread, &ret);
	EXPECT_EQ((long)ret, -ENODEV);
	EXPECT_EQ(snd_pcm_state(player.pcm), SND_PCM_STATE_DISCONNECTED);
	EXPECT_EQ(jack(self->ctl), -ENODEV);
	EXPECT_NE(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
	driver_close(&self->driver);

	/* Another card comes while somebody still holds on to this one. */
	ASSERT_EQ(sysfs_write("bind"), 0);
	self->card = card_wait();
	ASSERT_GE(self->card, 0);
	snd_pcm_close(player.pcm);
	snd_ctl_close(self->ctl);
	self->ctl = control_open(self->card);
	ASSERT_NE(self->ctl, NULL);
	ASSERT_EQ(driver_open(&self->driver), 0);
	ASSERT_EQ(session(&self->driver), 0);
	EXPECT_EQ(jack(self->ctl), 1);
	ASSERT_EQ(play_begin(&player, self->card, BUFFER), 0);
	ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
	EXPECT_EQ(message.header.code, MIRACAST_DISPLAY_MSG_SOUND_START);
	snd_pcm_close(player.pcm);
}

/* Tasks are frozen, and thawed after a second; no device goes to sleep. */
static bool sleep_a_while(void)
{
	static const char *const writes[][2] = {
		{"/sys/power/pm_test", "freezer"},
		{"/sys/module/suspend/parameters/pm_test_delay", "1"},
		{"/sys/power/state", "freeze"},
	};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		const char *text = writes[i][1];
		int fd = open(writes[i][0], O_WRONLY | O_CLOEXEC);
		bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

		if (fd >= 0)
			close(fd);
		if (!written)
			return false;
	}

	return true;
}

/* Time goes on while the machine sleeps, and with it what is played; its session is stopped. */
TEST_F_TIMEOUT(sound, asleep_while_playing, LIMIT)
{
	struct driver_message message = {};
	struct player player;
	uint64_t frames = 0;
	uint32_t stream = 0;

	ASSERT_EQ(session(&self->driver), 0);
	ASSERT_EQ(play_begin(&player, self->card, BUFFER), 0);
	if (!sleep_a_while())
		SKIP(return, "no suspend");
	EXPECT_EQ(snd_pcm_state(player.pcm), SND_PCM_STATE_XRUN);
	EXPECT_EQ(jack(self->ctl), 1);
	ASSERT_EQ(driver_start(&self->driver), 0);
	ASSERT_EQ(player_play(&player, 0, BUFFER), 0);
	ASSERT_EQ(snd_pcm_drain(player.pcm), 0);
	snd_pcm_close(player.pcm);

	/* What was left of the stream before, and then what was kept of this one. */
	while (message.header.code != MIRACAST_DISPLAY_MSG_SOUND_STOP || frames < SHORT) {
		ASSERT_EQ(driver_fetch(&self->driver, &message, GUARD_MS), 0);
		if (message.header.code == MIRACAST_DISPLAY_MSG_SOUND_START) {
			EXPECT_NE(message.sound_start.stream, stream);
			stream = message.sound_start.stream;
			frames = 0;
		} else if (message.header.code == MIRACAST_DISPLAY_MSG_SOUND_DATA && stream) {
			EXPECT_EQ(message.sound_data.stream, stream);
			frames += message.sound_data.frames;
		}
		ASSERT_EQ(driver_complete(&self->driver, message.id, STATUS_SUCCESS, 0), 0);
	}
}

/* One session with sound, whose @which step fails at its @nth chance; false: it had no such. */
static bool play_with_fault(struct __test_metadata *_metadata, FIXTURE_DATA(sound) * self,
			    int which, int nth)
{
	static const char *const names[] = {"SOUND", "open and hw_params", "play"};
	struct player player = {};
	bool struck = false;
	int i, fd, ret;

	fd = fault_open();
	ASSERT_GE(fd, 0);
	ASSERT_EQ(driver_open(&self->driver), 0);
	ASSERT_EQ(session(&self->driver), 0);
	for (i = 0; i < 3; i++) {
		int tries;

		for (tries = 0; tries < 2; tries++) {
			if (i == which && !tries)
				fault_arm(fd, nth);
			if (i == 0)
				ret = driver_sound(&self->driver, "TV") == STATUS_SUCCESS ? 0
											  : -EIO;
			else if (i == 1)
				ret = player_open_default(&player, self->card);
			else
				ret = player_play(&player, 0, PERIOD);
			if (i == which && !tries)
				struck = fault_disarm(fd);
			if (!ret)
				break;
			/* What was opened before the fault. */
			if (i == 1 && player.pcm) {
				snd_pcm_close(player.pcm);
				player.pcm = NULL;
			}
			EXPECT_TRUE(struck && i == which && !tries)
			{
				TH_LOG("%s, %d: %d", names[i], nth, ret);
			}
		}
	}
	EXPECT_EQ(jack(self->ctl), 1);
	if (player.pcm)
		snd_pcm_close(player.pcm);
	driver_close(&self->driver);
	EXPECT_EQ(jack(self->ctl), 0);
	close(fd);

	return struck;
}

/* Each allocation, and each access to user memory, fails once: whoever asked hears of it and can ask again. */
TEST_F_TIMEOUT(sound, each_failure_is_reported_and_survived, 36000)
{
	int which, nth, total = 0;

	if (!fault_prepare())
		SKIP(return, "this kernel cannot inject failures");
	driver_close(&self->driver);
	play_with_fault(_metadata, self, -1, 0);
	for (which = 0; which < 3; which++)
		for (nth = 1; play_with_fault(_metadata, self, which, nth); nth++)
			total++;
	TH_LOG("%d failures", total);
	EXPECT_GT(total, 10);
	/* As the fixture made it. */
	ASSERT_EQ(driver_open(&self->driver), 0);
}

TEST_HARNESS_MAIN
