/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What miracast_display.ko and its user-mode driver say to each other over the
 * message channel of <linux/miracast.h>.
 *
 * Kernel to user: messages. Each input begins with struct
 * miracast_display_header whose code is MIRACAST_DISPLAY_MSG_*. User to
 * kernel: io controls. Each input begins with the same header whose code is
 * MIRACAST_DISPLAY_CTL_*. The header's size is that of the whole struct, any
 * variable tail included; reserved words are zero.
 *
 * One context drives one connector; its target id is the connector's index.
 */
#ifndef _UAPI_LINUX_MIRACAST_DISPLAY_H
#define _UAPI_LINUX_MIRACAST_DISPLAY_H

#include <linux/types.h>

/* The adapter's name in MIRACAST_IOC_HANDSHAKE. */
#define MIRACAST_DISPLAY_ADAPTER_NAME "miracast_display"

/**
 * struct miracast_display_header - begins every message and io control
 * @code: MIRACAST_DISPLAY_MSG_* or MIRACAST_DISPLAY_CTL_*
 * @size: bytes of the whole input
 */
struct miracast_display_header {
	__u32 code;
	__u32 size;
};

/* Messages, display driver to user-mode driver. */
#define MIRACAST_DISPLAY_MSG_FRAME	      1u /* struct miracast_display_frame */
#define MIRACAST_DISPLAY_MSG_POWER	      2u /* struct miracast_display_power */
#define MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE 3u /* struct miracast_display_framebuffer */
/* Only after MIRACAST_DISPLAY_CTL_SOUND. */
#define MIRACAST_DISPLAY_MSG_SOUND_START 4u /* struct miracast_display_sound_start */
#define MIRACAST_DISPLAY_MSG_SOUND_DATA	 5u /* struct miracast_display_sound_data */
#define MIRACAST_DISPLAY_MSG_SOUND_STOP	 6u /* struct miracast_display_sound_stop */
/* Only after a SINK_ARRIVED with MIRACAST_DISPLAY_SINK_CURSOR. */
#define MIRACAST_DISPLAY_MSG_CURSOR 7u /* struct miracast_display_cursor */
/* Only after a SINK_ARRIVED with MIRACAST_DISPLAY_SINK_COLOR. */
#define MIRACAST_DISPLAY_MSG_COLOR 8u /* struct miracast_display_color */

/* Io controls, user-mode driver to display driver. */
#define MIRACAST_DISPLAY_CTL_SINK_ARRIVED  1u /* struct miracast_display_sink */
#define MIRACAST_DISPLAY_CTL_SINK_DEPARTED 2u /* struct miracast_display_header */
#define MIRACAST_DISPLAY_CTL_EXPORT_FRAMEBUFFER \
	3u /* both ways: struct miracast_display_framebuffer */
#define MIRACAST_DISPLAY_CTL_SOUND 4u /* struct miracast_display_sound */

/**
 * struct miracast_display_rect - a rectangle in pixels, half open
 * @x1: left edge
 * @y1: top edge
 * @x2: one past the right edge
 * @y2: one past the bottom edge
 */
struct miracast_display_rect {
	__u32 x1;
	__u32 y1;
	__u32 x2;
	__u32 y2;
};

#define MIRACAST_DISPLAY_MAX_DAMAGE 16

/**
 * struct miracast_display_frame - a picture was committed
 * @header: MIRACAST_DISPLAY_MSG_FRAME
 * @sequence: the frame's number on this connector, from 1; gaps are frames that
 *	were not sent: newer ones replaced them, or the monitor went off first
 * @time_ns: CLOCK_MONOTONIC of the commit, in nanoseconds
 * @framebuffer_id: names the framebuffer for EXPORT_FRAMEBUFFER; not used again
 *	for another one before all other numbers have been
 * @format: DRM fourcc (DRM_FORMAT_XRGB8888)
 * @x: left edge of the picture in the framebuffer, in pixels
 * @y: top edge of the picture in the framebuffer, in pixels
 * @width: of the picture, in pixels
 * @height: of the picture, in pixels
 * @refresh: of the connector's mode, in millihertz
 * @nr_damage: entries of @damage; 0: all of the picture changed
 * @damage: what changed since the last frame, relative to the picture
 *
 * The pixels stay as they are until the message is completed: the flip after
 * which the compositor may draw into the framebuffer, one to another framebuffer
 * or once more to this one, does not end before. But no flip takes more than 100
 * ms (up to the last vblank within them: at 20 Hz that may be 50), and none waits
 * when SINK_DEPARTED has come. The output is struct
 * miracast_display_frame_result.
 */
struct miracast_display_frame {
	struct miracast_display_header header;
	__u64 sequence;
	__u64 time_ns;
	__u32 framebuffer_id;
	__u32 format;
	__u32 x;
	__u32 y;
	__u32 width;
	__u32 height;
	__u32 refresh;
	__u32 nr_damage;
	struct miracast_display_rect damage[MIRACAST_DISPLAY_MAX_DAMAGE];
};

/**
 * enum miracast_display_frame_outcome - what became of a frame
 * @MIRACAST_DISPLAY_FRAME_ENCODED: it went to the encoder
 * @MIRACAST_DISPLAY_FRAME_DROPPED: it was skipped: the encoder is behind
 * @MIRACAST_DISPLAY_FRAME_NOT_STREAMING: the sink does not play (standby, pause)
 */
enum miracast_display_frame_outcome {
	MIRACAST_DISPLAY_FRAME_ENCODED = 0,
	MIRACAST_DISPLAY_FRAME_DROPPED = 1,
	MIRACAST_DISPLAY_FRAME_NOT_STREAMING = 2,
};

/**
 * struct miracast_display_frame_result - output of a FRAME message
 * @sequence: the frame's
 * @outcome: enum miracast_display_frame_outcome
 * @reserved: zero
 * @encode_ns: how long the frame was with the encoder, in nanoseconds
 */
struct miracast_display_frame_result {
	__u64 sequence;
	__u32 outcome;
	__u32 reserved;
	__u64 encode_ns;
};

/**
 * struct miracast_display_power - the monitor is switched on or off
 * @header: MIRACAST_DISPLAY_MSG_POWER
 * @on: 1: on, 0: off, the sink should go to standby
 * @reserved: zero
 *
 * DDI: the documented use of DxgkCbMiracastSendMessage. No output.
 */
struct miracast_display_power {
	struct miracast_display_header header;
	__u32 on;
	__u32 reserved;
};

/**
 * struct miracast_display_framebuffer - a framebuffer's memory
 * @header: MIRACAST_DISPLAY_CTL_EXPORT_FRAMEBUFFER, or
 *	MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE
 * @framebuffer_id: in: which
 * @fd: out: a dma-buf, close-on-exec; zero on input
 * @width: out: of the framebuffer, in pixels; zero on input
 * @height: out: of the framebuffer, in pixels; zero on input
 * @pitch: out: bytes from one line to the next; zero on input
 * @format: out: DRM fourcc; zero on input
 * @offset: out: of the first pixel in the dma-buf, in bytes; zero on input
 * @buffer_size: out: bytes of the dma-buf; zero on input
 *
 * The dma-buf can be read and not written: it is opened to read, a map of it
 * cannot be made writable, and a device that imports it has to map it to read
 * only (EACCES). It cannot be imported into the display's own card (EPERM), nor
 * into any if the compositor imported the memory itself (EOPNOTSUPP). Fences that
 * are put into it (DMA_BUF_IOCTL_IMPORT_SYNC_FILE) hold up nobody else.
 *
 * FRAMEBUFFER_GONE says that the compositor has dropped the framebuffer: the
 * user-mode driver unmaps it. Only @framebuffer_id is set there. It is sent once: not
 * again if it ends in an error, as when it was cancelled or not answered in time. One
 * that leaves a FRAMEBUFFER_GONE unanswered is not told of more than the next 256.
 */
struct miracast_display_framebuffer {
	struct miracast_display_header header;
	__u32 framebuffer_id;
	__s32 fd;
	__u32 width;
	__u32 height;
	__u32 pitch;
	__u32 format;
	__u64 offset;
	__u64 buffer_size;
};

/* The largest framebuffer of a cursor: pixels, wide and high. */
#define MIRACAST_DISPLAY_MAX_CURSOR 256

/**
 * struct miracast_display_cursor - the pointer has moved, or changed its looks
 * @header: MIRACAST_DISPLAY_MSG_CURSOR
 * @time_ns: CLOCK_MONOTONIC of the message, in nanoseconds
 * @framebuffer_id: names the framebuffer for EXPORT_FRAMEBUFFER: DRM_FORMAT_ARGB8888,
 *	its colours multiplied by alpha; 0: there is no pointer, and the rest is 0
 * @image: another one than in the last message: the pixels may be others
 * @source_x: left edge of what is seen of it in the framebuffer, in pixels
 * @source_y: top edge of what is seen of it in the framebuffer, in pixels
 * @x: left edge of what is seen of it in the picture, in pixels
 * @y: top edge of what is seen of it in the picture, in pixels
 * @width: of what is seen of it, in pixels
 * @height: of what is seen of it, in pixels
 *
 * The pointer is drawn over the pictures of FRAME, which are without it. One CURSOR
 * message at a time is out, and it says all there is to say: where the pointer has
 * been while one was out is not told. The framebuffer's pixels are to be read, where
 * @image says that they may be others, before the message is completed; no flip waits
 * for it. A message that failed is made up for by the next one. No output.
 */
struct miracast_display_cursor {
	struct miracast_display_header header;
	__u64 time_ns;
	__u32 framebuffer_id;
	__u32 image;
	__u32 source_x;
	__u32 source_y;
	__u32 x;
	__u32 y;
	__u32 width;
	__u32 height;
};

/* Entries of a table of struct miracast_display_color. */
#define MIRACAST_DISPLAY_LUT_SIZE 256

/* Steps of struct miracast_display_color, in their order. */
#define MIRACAST_DISPLAY_COLOR_DEGAMMA 0x1u
#define MIRACAST_DISPLAY_COLOR_CTM     0x2u
#define MIRACAST_DISPLAY_COLOR_GAMMA   0x4u

/**
 * struct miracast_display_color - colours are to be shown as others from now on
 * @header: MIRACAST_DISPLAY_MSG_COLOR
 * @steps: MIRACAST_DISPLAY_COLOR_* that are to be done, one after the other; what
 *	belongs to another step is 0; 0: colours are shown as they are
 * @reserved: zero
 * @ctm: a matrix by rows, of S31.32 whose sign is the highest bit and whose rest is the
 *	amount: what red, green and blue become of red, green and blue
 * @degamma: for red, for green and for blue: what values become, 0 to 65535; value n of
 *	a pixel's 255 is entry n
 * @gamma: the same, of what came out before; what lies between two entries becomes
 *	what lies between theirs
 *
 * DRM: the CRTC's DEGAMMA_LUT, CTM and GAMMA_LUT. A value below black or above white
 * is black or white, also between two steps. The pixels of FRAME and CURSOR are as the
 * compositor has drawn them: the user-mode driver does this to each FRAME that comes
 * after the message, and to the pointer over it. One COLOR message at a time is out, of
 * what is newest, and no FRAME is sent until it is completed; then one that is damaged
 * all over comes. A user-mode driver begins with colours as they are, and is told of
 * others before the first FRAME. A message that failed holds up no FRAME and is made up
 * for by the next commit. No output.
 */
struct miracast_display_color {
	struct miracast_display_header header;
	__u32 steps;
	__u32 reserved;
	__u64 ctm[9];
	__u16 degamma[3][MIRACAST_DISPLAY_LUT_SIZE];
	__u16 gamma[3][MIRACAST_DISPLAY_LUT_SIZE];
};

/* 256 blocks. */
#define MIRACAST_DISPLAY_MAX_EDID 32768

/* The user-mode driver draws cursors: see struct miracast_display_cursor. */
#define MIRACAST_DISPLAY_SINK_CURSOR 0x1u
/* It changes colours: see struct miracast_display_color. */
#define MIRACAST_DISPLAY_SINK_COLOR 0x2u

/**
 * struct miracast_display_sink - a sink is ready to show pictures
 * @header: MIRACAST_DISPLAY_CTL_SINK_ARRIVED; its size covers the EDID's bytes
 * @width: of the negotiated mode, in pixels: offered as the preferred mode; 96 to 8192
 * @height: of the negotiated mode, in pixels; 96 to 8192
 * @refresh: of the negotiated mode, in millihertz; 20000 to 240000
 * @max_pixel_clock: of any mode offered but the negotiated one, in kHz; 0: no limit
 * @edid_size: bytes of @edid: 0 or a multiple of 128, at most
 *	MIRACAST_DISPLAY_MAX_EDID
 * @flags: MIRACAST_DISPLAY_SINK_*; others are refused (STATUS_INVALID_PARAMETER), as
 *	each is by a display driver of before it was there
 * @edid: the sink's EDID, unmodified
 *
 * An extension block of the EDID that is damaged, missing, or more than the EDID
 * says it has, is left out, and the base block corrected. If the base block is
 * damaged, the sink is refused (STATUS_INVALID_PARAMETER).
 *
 * Without MIRACAST_DISPLAY_SINK_CURSOR a compositor cannot have the display draw its
 * pointer, and does it itself. Without MIRACAST_DISPLAY_SINK_COLOR the sink shows
 * colours as they are, whatever the compositor wants.
 *
 * Besides the negotiated mode those of the EDID and other usual ones are offered, so that
 * there is a choice: none that is wider or higher than @width and @height, or has a
 * refresh of more than @refresh and 60000. The user-mode driver scales a smaller picture,
 * and of a faster mode leaves out pictures: it completes a FRAME when it takes it, and
 * the compositor draws no more than one ahead. Sent again, it replaces the sink; its
 * sound stays as it is. No output.
 */
struct miracast_display_sink {
	struct miracast_display_header header;
	__u32 width;
	__u32 height;
	__u32 refresh;
	__u32 max_pixel_clock;
	__u32 edid_size;
	__u32 flags;
	__u8 edid[];
};

#define MIRACAST_DISPLAY_MAX_SINK_NAME 16

/**
 * struct miracast_display_sound - the sink takes sound, too
 * @header: MIRACAST_DISPLAY_CTL_SOUND
 * @name: what sound settings call the sink, UTF-8, zeros after its end; empty: as
 *	its EDID does
 * @reserved: zero
 *
 * After SINK_ARRIVED (before it: STATUS_INVALID_DEVICE_STATE). The connector's
 * sound card has something plugged in from now on, and what is played there comes
 * as SOUND messages, until SINK_DEPARTED. A user-mode driver that does not ask gets
 * none. Sent again, it changes the name, and what is being played begins anew with a
 * SOUND_START. STATUS_NOT_SUPPORTED: there is no sound card. No output.
 */
struct miracast_display_sound {
	struct miracast_display_header header;
	__u8 name[MIRACAST_DISPLAY_MAX_SINK_NAME];
	__u64 reserved;
};

/* Samples: of 16 bits, signed, little endian; the channels of a frame left, right. */
#define MIRACAST_DISPLAY_SOUND_S16LE 1u

/**
 * struct miracast_display_sound_start - an application begins to play
 * @header: MIRACAST_DISPLAY_MSG_SOUND_START
 * @stream: a number; this connector's streams have others, until all have been used
 * @rate: frames a second: 44100 or 48000
 * @channels: 2
 * @format: MIRACAST_DISPLAY_SOUND_S16LE
 *
 * A pause ends a stream, and what goes on after it is another one.
 *
 * One SOUND message at a time is out, so they come in their order, however many
 * threads handle messages: each stream's START, its DATA, its STOP. One that is not
 * answered holds up nobody but the next: what is played meanwhile is kept for a
 * third of a second and then lost. A START or a STOP whose handling failed is sent
 * again when there is more to send. No output.
 */
struct miracast_display_sound_start {
	struct miracast_display_header header;
	__u32 stream;
	__u32 rate;
	__u32 channels;
	__u32 format;
};

/* Frames of a SOUND_DATA message: 10 ms at 48 kHz. */
#define MIRACAST_DISPLAY_MAX_SOUND_FRAMES 480

/**
 * struct miracast_display_sound_data - what was played
 * @header: MIRACAST_DISPLAY_MSG_SOUND_DATA; its size covers the samples
 * @stream: the last SOUND_START's
 * @frames: how many, 1 to MIRACAST_DISPLAY_MAX_SOUND_FRAMES
 * @position: the first one's number in the stream, from 0; gaps are lost frames
 * @time_ns: CLOCK_MONOTONIC of the first one's turn, in nanoseconds
 * @samples: @frames times a sample of each channel
 *
 * The card's clock is CLOCK_MONOTONIC: frame n has its turn n / rate after the
 * first. The picture that was committed at that time belongs to it. No output.
 */
struct miracast_display_sound_data {
	struct miracast_display_header header;
	__u32 stream;
	__u32 frames;
	__u64 position;
	__u64 time_ns;
	__u8 samples[];
};

/**
 * struct miracast_display_sound_stop - nothing is played any more
 * @header: MIRACAST_DISPLAY_MSG_SOUND_STOP
 * @stream: the last SOUND_START's
 * @reserved: zero
 *
 * No output.
 */
struct miracast_display_sound_stop {
	struct miracast_display_header header;
	__u32 stream;
	__u32 reserved;
};

#endif /* _UAPI_LINUX_MIRACAST_DISPLAY_H */
