// SPDX-License-Identifier: GPL-2.0
/*
 * What is left of an EDID that is damaged: its base block, which has the sink's
 * name and size, and each extension that is sound, as DRM has it for a monitor
 * that it reads itself. And what a sound card says of a sink, its ELD.
 */
#include <linux/string.h>

#include <drm/drm_edid.h>

#include "display.h"

#define MDISPLAY_EDID_CTA 0x02

static u8 mdisplay_edid_sum(const u8 *block)
{
	u8 sum = 0;
	int i;

	for (i = 0; i < EDID_LENGTH; i++)
		sum += block[i];

	return sum;
}

/* As DRM: some devices change a CTA block on its way and forget its sum. */
static bool mdisplay_edid_extension_valid(const u8 *block)
{
	/* Blocks of zeroes have a sum that is right. */
	return memchr_inv(block, 0, EDID_LENGTH) &&
	       (block[0] == MDISPLAY_EDID_CTA || !mdisplay_edid_sum(block));
}

/*
 * How many extensions the EDID says it has. The base block's number may be one
 * for the sake of old readers, and the first extension, a CTA block, have the
 * real one: in its first data block, HDMI Forum's EEODB (HDMI 2.1, 10.3.6).
 */
static u32 mdisplay_edid_extensions(const u8 *edid, u32 blocks)
{
	const u8 *cta = edid + EDID_LENGTH;
	u32 extensions = ((const struct edid *)edid)->extensions;

	if (extensions && blocks > 1 && cta[0] == MDISPLAY_EDID_CTA && cta[1] >= 3 &&
	    cta[2] >= 4 + 3 && cta[2] <= 127 && cta[4] == 0xe2 && cta[5] == 0x78 && cta[6])
		return cta[6];

	return extensions;
}

/**
 * mdisplay_edid_repair() - leave out what is damaged
 * @edid: the EDID; without what is damaged when done, the count and the sum of
 *	its base block corrected
 * @size: its bytes, a multiple of EDID_LENGTH
 *
 * Return: bytes of what is left; 0: nothing, the base block is damaged.
 */
u32 mdisplay_edid_repair(u8 *edid, u32 size)
{
	static const u8 header[] = { 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00 };
	struct edid *base = (struct edid *)edid;
	u32 extensions, blocks = size / EDID_LENGTH;
	u32 i, left = 1;

	if (!blocks || memcmp(edid, header, sizeof(header)) || mdisplay_edid_sum(edid))
		return 0;

	extensions = mdisplay_edid_extensions(edid, blocks);
	for (i = 1; i < min(blocks, extensions + 1); i++) {
		if (mdisplay_edid_extension_valid(edid + i * EDID_LENGTH))
			memmove(edid + left++ * EDID_LENGTH, edid + i * EDID_LENGTH, EDID_LENGTH);
	}

	/* DRM believes the base block here and there, where HF-EEODB may say less. */
	if (left != extensions + 1 || base->extensions >= left) {
		base->extensions = left - 1;
		base->checksum -= mdisplay_edid_sum(edid);
	}

	return left * EDID_LENGTH;
}

/* VESA E-EDID 1.4, 3.10.3: a display descriptor with the monitor's name. */
static const u8 *mdisplay_edid_name(const u8 *edid)
{
	static const u8 head[] = { 0x00, 0x00, 0x00, 0xfc, 0x00 };
	int i;

	for (i = 0; edid && i < 4; i++) {
		const u8 *descriptor = edid + 54 + 18 * i;

		if (!memcmp(descriptor, head, sizeof(head)))
			return descriptor + sizeof(head);
	}

	return NULL;
}

/* At most @size bytes, as far as it is text. */
static u32 mdisplay_eld_name(u8 *to, const u8 *name, u32 size)
{
	u32 length = 0;

	while (length < size && name[length] >= ' ' && name[length] != 0x7f) {
		to[length] = name[length];
		length++;
	}
	while (length && to[length - 1] == ' ')
		to[--length] = 0;

	return length;
}

/**
 * mdisplay_eld_make() - what a sound card says of a sink
 * @eld: MDISPLAY_ELD_SIZE bytes: filled
 * @edid: the sink's EDID, or NULL
 * @name: MIRACAST_DISPLAY_MAX_SINK_NAME bytes; empty: as @edid says
 *
 * Intel's High Definition Audio Specification, 7.3.3.34.1, version 2: what the card
 * takes, whatever the EDID says of sound.
 */
void mdisplay_eld_make(u8 *eld, const u8 *edid, const u8 *name)
{
	/* LPCM; two channels; 44.1 and 48 kHz; 16 bits */
	static const u8 lpcm[] = { 1 << 3 | (MDISPLAY_SOUND_CHANNELS - 1), BIT(1) | BIT(2),
				   BIT(0) };
	const u8 *edid_name = mdisplay_edid_name(edid);
	u32 length = 0;

	memset(eld, 0, MDISPLAY_ELD_SIZE);
	if (name[0])
		length = mdisplay_eld_name(eld + 20, name, MIRACAST_DISPLAY_MAX_SINK_NAME);
	else if (edid_name)
		length = mdisplay_eld_name(eld + 20, edid_name, 13);
	eld[0] = 2 << 3; /* the version */
	eld[2] = DIV_ROUND_UP(16 + length + sizeof(lpcm), 4); /* what follows, in 4 bytes */
	eld[4] = 3 << 5 | length; /* of CTA-861 */
	eld[5] = 1 << 4; /* one kind of sound; as over HDMI */
	eld[7] = 1; /* speakers: front left and right */
	if (edid)
		memcpy(eld + 16, edid + 8, 4); /* manufacturer and product */
	memcpy(eld + 20 + length, lpcm, sizeof(lpcm));
}
