// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * flash COUNT
 *
 * A compositor and a player that turn from black to white and click at one instant, COUNT times. Each
 * time it says how late the picture was, as a machine may be slow. For demo/sound.
 */
#include <alsa/asoundlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compositor.h"

#define PCM    "hw:Miracast"
#define RATE   48000
#define EVERY  (RATE * 3 / 2) /* frames from one click to the next */
#define CLICK  (RATE / 200) /* frames */
#define WHITE  300000000 /* ns that it is shown */
#define BUFFER (RATE * 5 / 2) /* frames: nobody has to be in time to fill it */

enum {
	ON,
	OFF, /* is shown first */
	PICTURES
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);

	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void sleep_until(int64_t ns)
{
	const struct timespec then = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL);
}

/* The sound at frame @at: silence, but for clicks of 2 kHz, rectangular. */
static int16_t sample(int64_t at)
{
	if (at < EVERY || at % EVERY >= CLICK)
		return 0;

	return at % EVERY / 12 % 2 ? -24000 : 24000;
}

/* As much as there is room for, up to frame @end. */
static int fill(snd_pcm_t *pcm, int64_t *at, int64_t end)
{
	int16_t samples[2 * 1024];
	snd_pcm_sframes_t done = 0;

	while (*at < end && done >= 0) {
		int i, frames = end - *at < 1024 ? end - *at : 1024;

		for (i = 0; i < frames; i++)
			samples[2 * i] = samples[2 * i + 1] = sample(*at + i);
		done = snd_pcm_writei(pcm, samples, frames);
		if (done > 0)
			*at += done;
	}

	return done < 0 && done != -EAGAIN ? done : 0;
}

static int open_sound(snd_pcm_t **pcm)
{
	snd_pcm_sw_params_t *params;
	int ret;

	ret = snd_pcm_open(pcm, PCM, SND_PCM_STREAM_PLAYBACK, SND_PCM_NONBLOCK);
	if (!ret)
		ret = snd_pcm_set_params(*pcm, SND_PCM_FORMAT_S16_LE, SND_PCM_ACCESS_RW_INTERLEAVED,
					 2, RATE, 0, BUFFER * 1000000LL / RATE);
	/* It begins when it is told to. */
	snd_pcm_sw_params_alloca(&params);
	if (!ret)
		ret = snd_pcm_sw_params_current(*pcm, params);
	if (!ret)
		ret = snd_pcm_sw_params_set_start_threshold(*pcm, params, 2 * BUFFER);
	if (!ret)
		ret = snd_pcm_sw_params(*pcm, params);

	return ret;
}

static int show(struct compositor *compositor, struct picture *picture)
{
	struct flip flip;
	int ret = compositor_flip(compositor, &compositor->pipes[0], picture, NULL, 0, &flip);

	return ret ? ret : compositor_wait(compositor, &flip);
}

static int flash(struct compositor *compositor, struct picture *pictures, snd_pcm_t *pcm, int count)
{
	int64_t at = 0, end = (int64_t)EVERY * (count + 1), begin;
	int n, ret;

	ret = fill(pcm, &at, end);
	begin = now_ns();
	if (!ret)
		ret = snd_pcm_start(pcm);
	begin += (now_ns() - begin) / 2;
	for (n = 1; n <= count && !ret; n++) {
		int64_t due = begin + n * (int64_t)EVERY * 1000000000 / RATE;

		sleep_until(due);
		printf("flash %d is %lld us late\n", n, (long long)(now_ns() - due) / 1000);
		ret = show(compositor, &pictures[ON]);
		sleep_until(due + WHITE);
		if (!ret)
			ret = show(compositor, &pictures[OFF]);
		if (!ret)
			ret = fill(pcm, &at, end);
	}
	sleep_until(begin + end * 1000000000 / RATE);

	return ret;
}

static void paint_black(struct picture *picture)
{
	memset(picture->pixels, 0, picture->size);
}

int main(int argc, char **argv)
{
	struct picture pictures[PICTURES];
	struct compositor compositor;
	snd_pcm_t *pcm = NULL;
	int ret;

	if (argc != 2 || atoi(argv[1]) <= 0) {
		fprintf(stderr, "usage: flash COUNT\n");
		return 2;
	}
	if (compositor_start(&compositor, pictures, PICTURES, paint_black))
		return 1;
	memset(pictures[ON].pixels, 0xff, pictures[ON].size);
	ret = open_sound(&pcm);
	if (!ret)
		ret = flash(&compositor, pictures, pcm, atoi(argv[1]));
	if (ret)
		fprintf(stderr, "flash: %s\n", snd_strerror(ret));
	if (pcm)
		snd_pcm_close(pcm);

	return ret ? 1 : 0;
}
