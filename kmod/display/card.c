// SPDX-License-Identifier: GPL-2.0
/*
 * A connector's sound card, as that of an HDMI output: a PCM to play to, the
 * sink's ELD, and a jack that follows the session.
 *
 * The card has a clock instead of a device: CLOCK_MONOTONIC. Whoever asks for the
 * position, and a timer at the latest when a message's worth has come together,
 * hands on what has had its turn since. So what the position says has been played
 * is out of the application's buffer, and nobody else can hold it up.
 *
 * Life. The card's memory is ALSA's, which keeps it until the last file is closed;
 * that may be after the device has gone. Nothing of this module runs for it then
 * but what belongs to an open PCM, which holds the module.
 */
#include <linux/hrtimer.h>
#include <linux/math64.h>
#include <linux/module.h>

#include <sound/control.h>
#include <sound/core.h>
#include <sound/initval.h>
#include <sound/jack.h>
#include <sound/pcm.h>

#include <drm/drm_print.h>

#include "display.h"

#define MDISPLAY_CARD_NAME     "Wireless display"
#define MDISPLAY_CARD_BUFFER   (512 * 1024)
#define MDISPLAY_CARD_PERIOD   64 /* frames, the least */
#define MDISPLAY_CARD_STANDING (NSEC_PER_SEC) /* no clock stands so long but a stopped machine's */

/**
 * struct mdisplay_card - a sound card; ALSA's private data of it
 * @sound: where to with what is played
 * @card: the card
 * @eld: the control with the sink's ELD
 * @jack: whether there is a sink; NULL where ALSA has no jacks
 * @timer: runs while @running
 * @substream: of the PCM, while it is open
 * @running: it plays; guarded by the PCM's stream lock, as is all that follows. Only
 *	prepare() goes without: nothing else runs then
 * @base: when the first frame had its turn
 * @position: frames since then
 * @offset: where in the application's buffer, in frames
 * @period_left: frames until the period ends
 * @period_ended: one has, of which nobody has been told yet
 */
struct mdisplay_card {
	struct mdisplay_sound sound;
	struct snd_card *card;
	struct snd_kcontrol *eld;
	struct snd_jack *jack;
	struct hrtimer timer;
	struct snd_pcm_substream *substream;
	bool running;
	ktime_t base;
	u64 position;
	snd_pcm_uframes_t offset;
	snd_pcm_uframes_t period_left;
	bool period_ended;
};

static const struct snd_pcm_hardware mdisplay_card_hardware = {
	.info = SNDRV_PCM_INFO_INTERLEAVED | SNDRV_PCM_INFO_MMAP | SNDRV_PCM_INFO_MMAP_VALID |
		SNDRV_PCM_INFO_PAUSE | SNDRV_PCM_INFO_NO_PERIOD_WAKEUP,
	.formats = SNDRV_PCM_FMTBIT_S16_LE,
	.rates = SNDRV_PCM_RATE_44100 | SNDRV_PCM_RATE_48000,
	.rate_min = 44100,
	.rate_max = 48000,
	.channels_min = MDISPLAY_SOUND_CHANNELS,
	.channels_max = MDISPLAY_SOUND_CHANNELS,
	.buffer_bytes_max = MDISPLAY_CARD_BUFFER,
	.period_bytes_min = MDISPLAY_CARD_PERIOD * MDISPLAY_SOUND_FRAME,
	.period_bytes_max = MDISPLAY_CARD_BUFFER / 2,
	.periods_min = 2,
	.periods_max = MDISPLAY_CARD_BUFFER / MDISPLAY_CARD_PERIOD / MDISPLAY_SOUND_FRAME,
};

/*
 * What has had its turn is played. False: the clock stood for so long that nothing is left
 * to be played.
 */
static bool mdisplay_card_advance(struct mdisplay_card *card)
{
	const struct snd_pcm_runtime *runtime = card->substream->runtime;
	u64 elapsed = ktime_to_ns(ktime_sub(ktime_get(), card->base));
	u64 due = mul_u64_u32_div(elapsed, runtime->rate, NSEC_PER_SEC);

	if (due - card->position > MDISPLAY_CARD_STANDING / NSEC_PER_SEC * runtime->rate)
		return false;

	while (card->position < due) {
		u32 frames = min3((snd_pcm_uframes_t)(due - card->position),
				  runtime->buffer_size - card->offset, card->period_left);

		mdisplay_sound_write(&card->sound, card->position,
				     runtime->dma_area + card->offset * MDISPLAY_SOUND_FRAME,
				     frames);
		card->position += frames;
		card->offset = (card->offset + frames) % runtime->buffer_size;
		card->period_left -= frames;
		if (!card->period_left) {
			card->period_left = runtime->period_size;
			card->period_ended = true;
		}
	}

	return true;
}

/* When the next message's worth comes together, or the period ends. */
static ktime_t mdisplay_card_next_tick(const struct mdisplay_card *card)
{
	const struct snd_pcm_runtime *runtime = card->substream->runtime;
	u32 part;
	u64 next;

	div_u64_rem(card->position, MIRACAST_DISPLAY_MAX_SOUND_FRAMES, &part);
	next = MIRACAST_DISPLAY_MAX_SOUND_FRAMES - part;
	if (!runtime->no_period_wakeup)
		next = min_t(u64, next, card->period_left);
	/* Rounded up, so that the frame has had its turn. */
	next = mul_u64_u32_div(card->position + next, NSEC_PER_SEC, runtime->rate) + 1;

	return ktime_add_ns(card->base, next);
}

static enum hrtimer_restart mdisplay_card_tick(struct hrtimer *timer)
{
	struct mdisplay_card *card = container_of(timer, struct mdisplay_card, timer);
	struct snd_pcm_substream *substream = card->substream;
	bool running;
	unsigned long flags;

	snd_pcm_stream_lock_irqsave(substream, flags);
	/* Who asked for the position may have been there when the period ended. */
	if (card->running && (!mdisplay_card_advance(card) || card->period_ended)) {
		card->period_ended = false;
		/* It asks for the position, too, and may stop the PCM. */
		snd_pcm_period_elapsed_under_stream_lock(substream);
	}
	running = card->running;
	/* Stopped and started since it expired, it is queued anew. */
	if (running && !hrtimer_is_queued(timer))
		hrtimer_set_expires(timer, mdisplay_card_next_tick(card));
	snd_pcm_stream_unlock_irqrestore(substream, flags);

	return running ? HRTIMER_RESTART : HRTIMER_NORESTART;
}

static int mdisplay_card_open(struct snd_pcm_substream *substream)
{
	struct mdisplay_card *card = snd_pcm_substream_chip(substream);

	substream->runtime->hw = mdisplay_card_hardware;
	card->substream = substream;

	return snd_pcm_hw_constraint_integer(substream->runtime, SNDRV_PCM_HW_PARAM_PERIODS);
}

/* Nothing of the timer's is under way when this has returned. */
static int mdisplay_card_sync_stop(struct snd_pcm_substream *substream)
{
	struct mdisplay_card *card = snd_pcm_substream_chip(substream);

	hrtimer_cancel(&card->timer);

	return 0;
}

static int mdisplay_card_close(struct snd_pcm_substream *substream)
{
	struct mdisplay_card *card = snd_pcm_substream_chip(substream);

	hrtimer_cancel(&card->timer);
	card->substream = NULL;

	return 0;
}

static int mdisplay_card_prepare(struct snd_pcm_substream *substream)
{
	struct mdisplay_card *card = snd_pcm_substream_chip(substream);

	card->offset = 0;
	card->period_left = substream->runtime->period_size;
	card->period_ended = false;

	return 0;
}

static void mdisplay_card_start(struct mdisplay_card *card)
{
	card->base = ktime_get();
	card->position = 0;
	card->period_ended = false;
	card->running = true;
	mdisplay_sound_begin(&card->sound, card->substream->runtime->rate, card->base);
	hrtimer_start(&card->timer, mdisplay_card_next_tick(card), HRTIMER_MODE_ABS_SOFT);
}

static void mdisplay_card_stop(struct mdisplay_card *card)
{
	if (!card->running)
		return;

	mdisplay_card_advance(card);
	card->running = false;
	mdisplay_sound_end(&card->sound);
	/* Where it runs it finds that out; see sync_stop(). */
	hrtimer_try_to_cancel(&card->timer);
}

static int mdisplay_card_trigger(struct snd_pcm_substream *substream, int command)
{
	struct mdisplay_card *card = snd_pcm_substream_chip(substream);

	switch (command) {
	case SNDRV_PCM_TRIGGER_START:
	case SNDRV_PCM_TRIGGER_RESUME:
	case SNDRV_PCM_TRIGGER_PAUSE_RELEASE:
		mdisplay_card_start(card);
		return 0;
	case SNDRV_PCM_TRIGGER_STOP:
	case SNDRV_PCM_TRIGGER_SUSPEND:
	case SNDRV_PCM_TRIGGER_PAUSE_PUSH:
		mdisplay_card_stop(card);
		return 0;
	default:
		return -EINVAL;
	}
}

static snd_pcm_uframes_t mdisplay_card_pointer(struct snd_pcm_substream *substream)
{
	struct mdisplay_card *card = snd_pcm_substream_chip(substream);

	if (card->running && !mdisplay_card_advance(card))
		return SNDRV_PCM_POS_XRUN;

	return card->offset;
}

static const struct snd_pcm_ops mdisplay_card_ops = {
	.open = mdisplay_card_open,
	.close = mdisplay_card_close,
	.prepare = mdisplay_card_prepare,
	.trigger = mdisplay_card_trigger,
	.sync_stop = mdisplay_card_sync_stop,
	.pointer = mdisplay_card_pointer,
};

static int mdisplay_card_eld_info(struct snd_kcontrol *control, struct snd_ctl_elem_info *info)
{
	info->type = SNDRV_CTL_ELEM_TYPE_BYTES;
	info->count = MDISPLAY_ELD_SIZE;

	return 0;
}

static int mdisplay_card_eld_get(struct snd_kcontrol *control, struct snd_ctl_elem_value *value)
{
	struct mdisplay_sound *sound = snd_kcontrol_chip(control);

	spin_lock_irq(&sound->lock);
	memcpy(value->value.bytes.data, sound->eld, sizeof(sound->eld));
	spin_unlock_irq(&sound->lock);

	return 0;
}

static const struct snd_kcontrol_new mdisplay_card_eld = {
	.iface = SNDRV_CTL_ELEM_IFACE_PCM,
	.access = SNDRV_CTL_ELEM_ACCESS_READ | SNDRV_CTL_ELEM_ACCESS_VOLATILE,
	.name = "ELD",
	.info = mdisplay_card_eld_info,
	.get = mdisplay_card_eld_get,
};

/**
 * mdisplay_card_plug() - a sink takes sound now, or another one, or none does
 * @connector: the connector, which has a card
 * @eld: the sink's ELD, MDISPLAY_ELD_SIZE bytes; NULL: there is no sink
 */
void mdisplay_card_plug(struct mdisplay_connector *connector, const u8 *eld)
{
	struct mdisplay_card *card = container_of(connector->sound, struct mdisplay_card, sound);

	spin_lock_irq(&card->sound.lock);
	if (eld)
		memcpy(card->sound.eld, eld, sizeof(card->sound.eld));
	else
		memset(card->sound.eld, 0, sizeof(card->sound.eld));
	spin_unlock_irq(&card->sound.lock);

	/* Who sees the jack change reads the ELD. */
	snd_ctl_notify(card->card, SNDRV_CTL_EVENT_MASK_VALUE, &card->eld->id);
	if (card->jack)
		snd_jack_report(card->jack, eld ? SND_JACK_AVOUT : 0);
}

static int mdisplay_card_add_parts(struct mdisplay_card *card)
{
	struct snd_pcm *pcm;
	int ret;

	ret = snd_pcm_new(card->card, MDISPLAY_CARD_NAME, 0, 1, 0, &pcm);
	if (ret)
		return ret;
	pcm->private_data = card;
	strscpy(pcm->name, MDISPLAY_CARD_NAME, sizeof(pcm->name));
	snd_pcm_set_ops(pcm, SNDRV_PCM_STREAM_PLAYBACK, &mdisplay_card_ops);
	snd_pcm_set_managed_buffer_all(pcm, SNDRV_DMA_TYPE_VMALLOC, NULL, 0, 0);

	card->eld = snd_ctl_new1(&mdisplay_card_eld, &card->sound);
	ret = snd_ctl_add(card->card, card->eld);
	if (ret)
		return ret;

	/* By this name sound servers know what it belongs to. */
	return snd_jack_new(card->card, "HDMI/DP,pcm=0", SND_JACK_AVOUT, &card->jack, true, false);
}

/**
 * mdisplay_card_create() - give a connector its sound card
 * @connector: the connector
 *
 * One without sound is better than none, so that only the log has it when there is no card.
 */
void mdisplay_card_create(struct mdisplay_connector *connector)
{
	struct mdisplay_card *card;
	struct snd_card *base;
	int ret;

	ret = snd_card_new(connector->base.dev->dev, SNDRV_DEFAULT_IDX1, "Miracast", THIS_MODULE,
			   sizeof(*card), &base);
	if (ret)
		goto err;
	card = base->private_data;
	card->card = base;
	mdisplay_sound_init(&card->sound);
	hrtimer_setup(&card->timer, mdisplay_card_tick, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	strscpy(base->driver, "Miracast", sizeof(base->driver));
	snprintf(base->shortname, sizeof(base->shortname), MDISPLAY_CARD_NAME " %u",
		 mdisplay_connector_index(connector) + 1);
	snprintf(base->longname, sizeof(base->longname), "%s at %s", base->shortname,
		 connector->base.name);

	ret = mdisplay_card_add_parts(card);
	if (!ret)
		ret = snd_card_register(base);
	if (ret) {
		snd_card_free(base);
		goto err;
	}
	connector->sound = &card->sound;

	return;

err:
	drm_warn(connector->base.dev, "%s has no sound card: %d\n", connector->base.name, ret);
}

/**
 * mdisplay_card_remove() - take a connector's sound card away, if it has one
 * @connector: the connector; it has no context
 *
 * Who has the card open finds it disconnected, and keeps its memory.
 */
void mdisplay_card_remove(struct mdisplay_connector *connector)
{
	struct mdisplay_card *card;

	if (!connector->sound)
		return;

	card = container_of(connector->sound, struct mdisplay_card, sound);
	connector->sound = NULL;
	snd_card_disconnect(card->card);
	snd_card_free_when_closed(card->card);
}
