/* SPDX-License-Identifier: GPL-2.0 */
/*
 * miracast_display: a DRM device whose connectors are wireless displays.
 *
 * Objects. A struct mdisplay is the device. Each struct mdisplay_connector is
 * a whole pipe: primary plane, CRTC, encoder and connector, and may have one
 * struct mdisplay_context, the channel's context of the session that streams
 * it. The pipes are there from the start, their connectors are made when a sink
 * comes and finds none free, and stay. A struct mdisplay_framebuffer is a DRM
 * framebuffer; it gets the id that messages name it by when it is made.
 *
 * A frame's way. The compositor commits; plane.c makes a picture of the plane's
 * state and its damage; frame.c puts it into the context's pending frame. The
 * pump sends the pending frame while fewer than MDISPLAY_FRAMES_IN_FLIGHT are
 * out; one that is still pending when the next is committed takes over its
 * picture and keeps the damage of both. The frame holds its framebuffer until
 * the message's callback. A frame is released by its callback, by a refusal, or
 * by being replaced or dropped; all are when the sink departs.
 *
 * A flip's end tells the compositor that it may draw into what was shown before.
 * So the flip waits in flip.c until all frames before its own are released, and
 * its own is under way meanwhile; but for its own, too, if it shows the same
 * buffer again, which the compositor draws into while it is shown. Every vblank
 * looks whether the flip may end, so flips are at least a vblank apart, and the
 * one that would be the last within MDISPLAY_FLIP_LIMIT ends it in any case. So
 * no commit depends for longer than that on what a daemon does.
 *
 * The pump. Whoever changes something (a commit, a callback, an io control, a
 * framebuffer that goes) notes it in frame.c, which queues the connector's pump:
 * a work, so it never runs twice at once. The pump looks at what was noted and
 * sends what is due; it drops the connector's lock to send, and looks again at
 * everything after it. A callback may thus come from inside send, or on another
 * thread before send has returned, and needs nothing that the pump has. Only a
 * refused message stops the pump; it runs again with the next change, or after
 * MDISPLAY_RETRY.
 *
 * A cursor's way. The cursor plane's state is noted in cursor.c, and told when the
 * commit that it belongs to is whole; or at once, when nothing but the cursor moves,
 * which takes no vblank. The pump sends one CURSOR message at a time, of what is
 * newest then. No flip waits for it.
 *
 * Colours. What the CRTC makes of colours is noted in color.c when its commit is
 * whole. The pump sends one COLOR message at a time, of what is newest, no frame before
 * its callback, and after it all of the picture once more: so no frame is shown in the
 * colours before.
 *
 * A message whose callback brings an error is not sent again (a stopped session
 * would cancel it again), but what it said is not taken for known: the next
 * frame is damaged all over, and the power state and the colours are told again.
 * Only what a FRAMEBUFFER_GONE said is not told again.
 *
 * Sound. A connector's sound card hands what it has played to sound.c, which cuts
 * it into pieces of up to MIRACAST_DISPLAY_MAX_SOUND_FRAMES in the context's queue,
 * or drops it if there is none or it is full. The pump sends a piece at a time, and
 * before the first and after the last piece of a stream a START and a STOP. What was
 * not sent in time is lost, and the card's time goes on.
 *
 * Fences. A flip's end may be a fence that others wait for, those who free
 * memory among them. So between the check of a commit and the end of its flip
 * nothing allocates memory or waits for one who does. What a frame needs is
 * allocated with its framebuffer and its context, and it is sent by the pump. Who
 * puts the last reference to a framebuffer takes a lock of DRM's that others hold
 * while they allocate: that of a frame that a commit replaces or drops is put outside
 * of that part of it, and what a framebuffer consists of is freed by a work.
 *
 * Files, each calling only those before it: damage.c and edid.c (pure), flip.c
 * (vblanks and the end of flips), frame.c (what was noted), cursor.c, color.c, sound.c
 * (what was played), pump.c (messages and their callbacks), export.c (memory for the daemon),
 * framebuffer.c, card.c (the sound card, where the kernel has ALSA), plane.c,
 * crtc.c, connector.c, adapter.c (the channel's side), drv.c.
 *
 * Locks, outermost first:
 *
 *	DRM's modeset locks
 *	mdisplay_connector.sink_lock (mutex)	@sink, @told
 *	mdisplay_connector.lock (spinlock, process context)
 *		@context, @contexts, @picture, @cursor, @cursor_id, @cursor_image, @color,
 *		@committing, @let_go, @powered, @sequence, @stats, the context without its
 *		messages that are out, mdisplay_framebuffer.told
 *	mdisplay.framebuffers (its own spinlock)
 *	drm_device.event_lock (spinlock, hard irq)	struct mdisplay_flip
 *	DRM's vblank locks
 *	mdisplay_vblank.lock (spinlock, hard irq)
 *
 *	ALSA's stream lock of a PCM, or mdisplay_connector.lock
 *	mdisplay_sound.lock (spinlock, interrupts off)
 *		struct mdisplay_sound, struct mdisplay_sound_queue
 *
 * None of ours is held over a call into the channel or over a hotplug event; both
 * are made from works without locks. "Hard irq" is where the vblank's timer runs;
 * with PREEMPT_RT that is a thread, and these spinlocks sleep.
 *
 * Life. The channel calls create_context, io_control and destroy_context one at
 * a time, and destroy_context when all callbacks have returned; it waits for the
 * pump. Connectors live as long as the DRM device, which every file, exported
 * buffer and framebuffer on its way out keeps. The frames that hold framebuffers
 * end when the adapter goes.
 */
#ifndef _MIRACAST_DISPLAY_DISPLAY_H
#define _MIRACAST_DISPLAY_DISPLAY_H

#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/miracast.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <drm/drm_connector.h>
#include <drm/drm_crtc.h>
#include <drm/drm_device.h>
#include <drm/drm_encoder.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_plane.h>
#include <drm/drm_rect.h>

#include <kmod/compat.h>
#include <uapi/linux/miracast_display.h>

#define MDISPLAY_MAX_CONNECTORS	  8
#define MDISPLAY_FRAMES_IN_FLIGHT 2
#define MDISPLAY_FLIP_LIMIT	  (100 * NSEC_PER_MSEC)
#define MDISPLAY_MAX_GONE	  256
#define MDISPLAY_RETRY		  msecs_to_jiffies(100)
#define MDISPLAY_HOTPLUG_INTERVAL msecs_to_jiffies(250)
#define MDISPLAY_SOUND_PIECES	  32 /* a third of a second */
#define MDISPLAY_SOUND_CHANNELS	  2
#define MDISPLAY_SOUND_FRAME	  4 /* bytes */
#define MDISPLAY_ELD_SIZE	  128

/* Bounds of any mode: pixels, and millihertz. A flip limit holds two vblanks. */
#define MDISPLAY_MIN_SIZE    16
#define MDISPLAY_MAX_SIZE    8192
#define MDISPLAY_MIN_REFRESH 20000
#define MDISPLAY_MAX_REFRESH 240000

/* Millihertz: no sink is too slow for a mode of so much. */
#define MDISPLAY_USUAL_REFRESH 60000

/* A mode's clock is in kHz: of a smaller sink's mode it would be too coarse for its refresh. */
#define MDISPLAY_MIN_SINK 96

/**
 * struct mdisplay_damage - what changed in a picture
 * @full: all of it
 * @count: entries of @rects; with !@full, 0 is nothing
 * @rects: relative to the picture
 */
struct mdisplay_damage {
	bool full;
	unsigned int count;
	struct drm_rect rects[MIRACAST_DISPLAY_MAX_DAMAGE];
};

/**
 * struct mdisplay_picture - what a connector shows
 * @fb: the framebuffer, referenced; NULL: nothing
 * @x: left edge of the picture in it
 * @y: top edge of the picture in it
 * @width: of the picture
 * @height: of the picture
 * @refresh: of the mode, in millihertz
 */
struct mdisplay_picture {
	struct drm_framebuffer *fb;
	u32 x;
	u32 y;
	u32 width;
	u32 height;
	u32 refresh;
};

/**
 * struct mdisplay_cursor - what is seen of the pointer that a connector shows
 * @fb: the framebuffer, referenced; NULL: nothing
 * @source_x: left edge in it
 * @source_y: top edge in it
 * @x: left edge in the picture
 * @y: top edge in the picture
 * @width: in both
 * @height: in both
 */
struct mdisplay_cursor {
	struct drm_framebuffer *fb;
	u32 source_x;
	u32 source_y;
	u32 x;
	u32 y;
	u32 width;
	u32 height;
};

/**
 * struct mdisplay_sink - a sink that is ready to show pictures
 * @edid: its EDID, or NULL
 * @width: of the negotiated mode, and of any
 * @height: of the negotiated mode, and of any
 * @refresh: of the negotiated mode, in millihertz
 * @max_clock: of any other mode, in kHz; 0: no limit
 */
struct mdisplay_sink {
	const struct drm_edid *edid;
	u32 width;
	u32 height;
	u32 refresh;
	u32 max_clock;
};

/**
 * struct mdisplay_frame - a FRAME message
 * @node: in the context's list of free frames
 * @context: whose it is
 * @fb: referenced until the callback; NULL: nobody uses this frame
 * @refused: the channel refused it: no flip waits for it now
 * @damage: what changed since the frame before
 * @sent: when it was sent
 * @message: the message's input
 * @result: the message's output
 */
struct mdisplay_frame {
	struct list_head node;
	struct mdisplay_context *context;
	struct drm_framebuffer *fb;
	bool refused;
	struct mdisplay_damage damage;
	ktime_t sent;
	struct miracast_display_frame message;
	struct miracast_display_frame_result result;
};

/**
 * struct mdisplay_sound_piece - a SOUND_DATA message
 * @node: in one of the queue's lists
 * @rate: of its stream
 * @message: struct miracast_display_sound_data
 */
struct mdisplay_sound_piece {
	struct list_head node;
	u32 rate;
	u8 message[sizeof(struct miracast_display_sound_data) +
		   MIRACAST_DISPLAY_MAX_SOUND_FRAMES * MDISPLAY_SOUND_FRAME] __aligned(8);
};

/**
 * struct mdisplay_sound_queue - what was played and not sent yet
 * @context: whose it is
 * @free: pieces that nobody uses
 * @ready: pieces to be sent, the first one first
 * @filling: what is played goes there, or NULL
 * @out: the piece that is out, or NULL
 * @busy: a message is out
 * @told: the stream that the user-mode driver knows of; 0: none
 * @told_before: what @told was before the message that is out
 * @attached: how often a session has asked for sound
 * @attached_before: what @attached was when the message that is out was taken
 * @start_message: a SOUND_START
 * @stop_message: a SOUND_STOP
 * @pieces: all of them
 */
struct mdisplay_sound_queue {
	struct mdisplay_context *context;
	struct list_head free;
	struct list_head ready;
	struct mdisplay_sound_piece *filling;
	struct mdisplay_sound_piece *out;
	bool busy;
	u32 told;
	u32 told_before;
	u32 attached;
	u32 attached_before;
	struct miracast_display_sound_start start_message;
	struct miracast_display_sound_stop stop_message;
	struct mdisplay_sound_piece pieces[MDISPLAY_SOUND_PIECES];
};

/**
 * struct mdisplay_sound_stats - counters, in frames, since the card was made
 * @played: that had their turn
 * @unheard: of these: no session wanted them
 * @dropped: of these: the queue was full
 * @handled: that the user-mode driver handled
 * @failed: whose message ended in an error
 */
struct mdisplay_sound_stats {
	u64 played;
	u64 unheard;
	u64 dropped;
	u64 handled;
	u64 failed;
};

/**
 * struct mdisplay_sound - what a connector's sound card plays
 * @lock: see the top of this file
 * @queue: of the session that wants it, or NULL
 * @stream: the number of what is played, or was last
 * @begins: nothing of the stream has been played yet
 * @rate: frames a second of what is played; 0: nothing is
 * @base: when the card began to play, which it counts its frames from
 * @origin: the stream's first frame, as the card counts
 * @eld: what the card says of the sink; zeroes: there is none
 * @stats: counters
 */
struct mdisplay_sound {
	spinlock_t lock; /* see the top of this file */
	struct mdisplay_sound_queue *queue;
	u32 stream;
	bool begins;
	u32 rate;
	ktime_t base;
	u64 origin;
	u8 eld[MDISPLAY_ELD_SIZE];
	struct mdisplay_sound_stats stats;
};

/* What the user-mode driver was last told of the monitor's power. */
enum mdisplay_power {
	MDISPLAY_POWER_UNKNOWN,
	MDISPLAY_POWER_OFF,
	MDISPLAY_POWER_ON,
};

/**
 * struct mdisplay_context - a session's context
 * @connector: the connector that it streams
 * @handle: the channel's name for it
 * @number: of all contexts that the connector has had, from 1
 * @live: there is a sink: frames are sent
 * @damage_lost: a frame was not handled: the next one changes all
 * @cursor_wanted: the user-mode driver draws cursors
 * @cursor_due: the cursor may be another one than that of @cursor_message
 * @cursor_told: @cursor_message was not lost
 * @color_wanted: the user-mode driver changes colours
 * @color_due: the colours may be others than those of @color_message
 * @color_told: @color_message was not lost
 * @power_busy: @power_message is out
 * @gone_busy: @gone_message is out
 * @cursor_busy: @cursor_message is out
 * @color_busy: @color_message is out
 * @cursor_fb: its framebuffer, referenced; NULL: it has none, or is not out
 * @power_told: what the last POWER message said
 * @power_before: what @power_told was before @power_message
 * @in_flight: frames that are out
 * @gone_first: where in @gone the first id is
 * @gone_count: ids in @gone
 * @gone: a ring of framebuffers that are gone, by id, and that have to be told
 * @pending: committed and not sent, or NULL
 * @free: frames that nobody uses
 * @power_message: input of the POWER message
 * @gone_message: input of the FRAMEBUFFER_GONE message
 * @cursor_message: input of the last CURSOR message; zeroes: there was none
 * @color_message: input of the last COLOR message; zeroes: there was none
 * @frames: one more than may be out, for @pending
 * @sound: once the session has asked for sound
 */
struct mdisplay_context {
	struct mdisplay_connector *connector;
	struct miracast_handle handle;
	u64 number;
	bool live;
	bool damage_lost;
	bool cursor_wanted;
	bool cursor_due;
	bool cursor_told;
	bool color_wanted;
	bool color_due;
	bool color_told;
	bool power_busy;
	bool gone_busy;
	bool cursor_busy;
	bool color_busy;
	struct drm_framebuffer *cursor_fb;
	enum mdisplay_power power_told;
	enum mdisplay_power power_before;
	unsigned int in_flight;
	unsigned int gone_first;
	unsigned int gone_count;
	u32 gone[MDISPLAY_MAX_GONE];
	struct mdisplay_frame *pending;
	struct list_head free;
	struct miracast_display_power power_message;
	struct miracast_display_framebuffer gone_message;
	struct miracast_display_cursor cursor_message;
	struct miracast_display_color color_message;
	struct mdisplay_frame frames[MDISPLAY_FRAMES_IN_FLIGHT + 1];
	struct mdisplay_sound_queue *sound;
};

/* Which of &mdisplay_stats.callbacks a status counts in. */
enum mdisplay_callback {
	MDISPLAY_CALLBACK_SUCCESS,
	MDISPLAY_CALLBACK_CANCELLED,
	MDISPLAY_CALLBACK_DISCONNECTED,
	MDISPLAY_CALLBACK_TIMEOUT,
	MDISPLAY_CALLBACK_REMOVED,
	MDISPLAY_CALLBACK_OTHER,
	MDISPLAY_CALLBACKS
};

/**
 * struct mdisplay_stats - counters, since the device was bound
 * @committed: pictures that a compositor committed
 * @repeated: pictures sent once more because a sink arrived or colours changed
 * @skipped: frames for which there was no sink
 * @replaced: frames that a newer one replaced before they were sent
 * @dropped: frames that were not sent because monitor or context went off
 * @sent: frames that the channel accepted
 * @refused: times that the channel refused a message
 * @completed: frames whose callback brought success
 * @failed: frames whose callback brought an error
 * @encoded: completed frames that went to the encoder
 * @skipped_by_encoder: completed frames that the encoder skipped
 * @not_streaming: completed frames while the sink did not play
 * @bad_result: completed frames without a proper result
 * @cursors_committed: places and images of the pointer that a compositor committed
 * @cursors_sent: CURSOR messages that the channel accepted
 * @colors_committed: times that a compositor has changed colours
 * @colors_sent: COLOR messages that the channel accepted
 * @messages: messages of any kind that the channel accepted
 * @callbacks: callbacks of any message, by status
 * @round_trip_sum: from send to callback, over @completed, in nanoseconds
 * @round_trip_max: the longest of these
 * @encode_sum: what the results say, over @encoded, in nanoseconds
 */
struct mdisplay_stats {
	u64 committed;
	u64 repeated;
	u64 skipped;
	u64 replaced;
	u64 dropped;
	u64 sent;
	u64 refused;
	u64 completed;
	u64 failed;
	u64 encoded;
	u64 skipped_by_encoder;
	u64 not_streaming;
	u64 bad_result;
	u64 cursors_committed;
	u64 cursors_sent;
	u64 colors_committed;
	u64 colors_sent;
	u64 messages;
	u64 callbacks[MDISPLAY_CALLBACKS];
	u64 round_trip_sum;
	u64 round_trip_max;
	u64 encode_sum;
};

/**
 * struct mdisplay_flip - the commit whose completion event is due
 * @event: the event, or NULL; with it goes a reference to the vblank
 * @sequence: the newest frame that has to be released; 0: none
 * @deadline: when it ends nevertheless
 * @released: the newest frame of those that are released, with all before them
 * @ended: flips that ended
 * @late: flips that were ended by @deadline
 */
struct mdisplay_flip {
	struct drm_pending_vblank_event *event;
	u64 sequence;
	ktime_t deadline;
	u64 released;
	u64 ended;
	u64 late;
};

/**
 * struct mdisplay_vblank - a clock that ticks once a frame
 * @lock: guards the rest, but the timer's function reads a @period that stays as it is
 * @timer: ticks while @running
 * @base: a tick, and all others are multiples of @period from it
 * @period: of the mode, in nanoseconds; 0: the clock has never begun
 * @enabled: somebody wants vblanks
 * @running: @timer is queued, or its function has not decided yet
 */
struct mdisplay_vblank {
	spinlock_t lock; /* see the top of this file */
	struct hrtimer timer;
	ktime_t base;
	u32 period;
	bool enabled;
	bool running;
};

/**
 * struct mdisplay_connector - a pipe, from planes to connector
 * @base: the DRM connector
 * @encoder: the encoder
 * @crtc: the CRTC
 * @plane: the primary plane
 * @cursor_plane: the plane for the pointer
 * @vblank: the CRTC's vblanks
 * @flip: the flip that waits for its end
 * @commit_sequence: what the flip of the commit that runs will wait for; the
 *	commit's own
 * @hotplug: tells user space that the connector changed
 * @pump: sends what is due
 * @sound: what its sound card plays; NULL: it has none
 * @sink_lock: guards @sink and @told
 * @sink: the sink, or NULL: disconnected
 * @told: when user space was last told that the connector changed, in jiffies
 * @lock: see the top of this file
 * @context: the session's context, or NULL
 * @contexts: how many there have been
 * @picture: what the CRTC shows
 * @cursor: what is over it
 * @cursor_id: the framebuffer of the cursor committed last; 0: there was none
 * @cursor_image: number of its pixels
 * @color: what the CRTC makes of colours, as a message; zeroes: nothing
 * @committing: @picture, @cursor and @color are being changed: none is sent
 * @let_go: of a frame that a commit has replaced or dropped, to be put; or NULL
 * @powered: the CRTC is active
 * @sequence: the last frame's number
 * @stats: counters
 */
struct mdisplay_connector {
	struct drm_connector base;
	struct drm_encoder encoder;
	struct drm_crtc crtc;
	struct drm_plane plane;
	struct drm_plane cursor_plane;
	struct mdisplay_vblank vblank;
	struct mdisplay_flip flip;
	u64 commit_sequence;
	struct delayed_work hotplug;
	struct delayed_work pump;
	struct mdisplay_sound *sound;

	struct mutex sink_lock; /* see the top of this file */
	struct mdisplay_sink *sink;
	u64 told;

	spinlock_t lock; /* see the top of this file */
	struct mdisplay_context *context;
	u64 contexts;
	struct mdisplay_picture picture;
	struct mdisplay_cursor cursor;
	u32 cursor_id;
	u32 cursor_image;
	struct miracast_display_color color;
	bool committing;
	struct drm_framebuffer *let_go;
	bool powered;
	u64 sequence;
	struct mdisplay_stats stats;
};

/**
 * struct mdisplay - the device
 * @drm: the DRM device
 * @adapter: the channel's adapter
 * @framebuffers: id to struct mdisplay_framebuffer
 * @next_framebuffer: the id to be given out next
 * @framebuffer_count: framebuffers that are not freed yet
 * @imported_count: framebuffers of other cards' memory that were made
 * @refused_count: framebuffers that were not, because the memory cannot be read
 * @count: entries of @connectors that have a connector
 * @connectors: the pipes; each has all but the connector from the start
 */
struct mdisplay {
	struct drm_device drm;
	struct miracast_adapter *adapter;
	struct xarray framebuffers;
	u32 next_framebuffer;
	atomic_t framebuffer_count;
	atomic_t imported_count;
	atomic_t refused_count;
	unsigned int count;
	struct mdisplay_connector connectors[MDISPLAY_MAX_CONNECTORS];
};

/**
 * struct mdisplay_framebuffer - a framebuffer
 * @base: the DRM framebuffer
 * @id: what messages call it
 * @dirtied: user space has called it dirty
 * @told: the number of each connector's last context that a message named the id to,
 *	as a frame's or a cursor's; an entry is guarded by its connector's lock
 * @free: frees it
 */
struct mdisplay_framebuffer {
	struct drm_framebuffer base;
	u32 id;
	bool dirtied;
	u64 told[MDISPLAY_MAX_CONNECTORS];
	struct work_struct free;
};

static inline struct mdisplay *to_mdisplay(struct drm_device *drm)
{
	return container_of(drm, struct mdisplay, drm);
}

static inline struct mdisplay_framebuffer *to_mdisplay_framebuffer(struct drm_framebuffer *fb)
{
	return container_of(fb, struct mdisplay_framebuffer, base);
}

static inline unsigned int mdisplay_connector_index(const struct mdisplay_connector *connector)
{
	return drm_crtc_index(&connector->crtc);
}

/* damage.c */
void mdisplay_damage_add(struct mdisplay_damage *damage, const struct drm_rect *rect);
void mdisplay_damage_merge(struct mdisplay_damage *damage, const struct mdisplay_damage *other);

/* edid.c */
u32 mdisplay_edid_repair(u8 *edid, u32 size);
void mdisplay_eld_make(u8 *eld, const u8 *edid, const u8 *name);

/* flip.c */
void mdisplay_flip_init(struct mdisplay_connector *connector);
void mdisplay_flip_arm(struct mdisplay_connector *connector,
		       struct drm_pending_vblank_event *event);
void mdisplay_flip_release(struct mdisplay_connector *connector, u64 sequence);
void mdisplay_flip_cancel(struct mdisplay_connector *connector);
void mdisplay_vblank_start(struct mdisplay_connector *connector, u32 period);
void mdisplay_vblank_stop(struct mdisplay_connector *connector);
void mdisplay_vblank_enable(struct mdisplay_connector *connector);
void mdisplay_vblank_disable(struct mdisplay_connector *connector);
bool mdisplay_vblank_last(struct mdisplay_connector *connector, ktime_t *time);

/* frame.c */
extern struct workqueue_struct *mdisplay_wq;

void mdisplay_let_go(struct mdisplay_connector *connector);
void mdisplay_commit_begin(struct mdisplay_connector *connector);
void mdisplay_commit_end(struct mdisplay_connector *connector);
u64 mdisplay_frame_commit(struct mdisplay_connector *connector,
			  const struct mdisplay_picture *picture,
			  const struct mdisplay_damage *damage);
void mdisplay_frame_again(struct mdisplay_connector *connector);
void mdisplay_frame_blank(struct mdisplay_connector *connector);
void mdisplay_frame_settle(struct mdisplay_context *context);
struct drm_framebuffer *mdisplay_frame_free(struct mdisplay_frame *frame);
void mdisplay_frame_gone(struct mdisplay_connector *connector,
			 const struct mdisplay_framebuffer *framebuffer);
void mdisplay_frame_sink_arrived(struct mdisplay_context *context, u32 flags);
void mdisplay_frame_sink_departed(struct mdisplay_context *context);
void mdisplay_power(struct mdisplay_connector *connector, bool on);
void mdisplay_note(struct mdisplay_connector *connector);

/* cursor.c */
void mdisplay_cursor_set(struct mdisplay_connector *connector, const struct mdisplay_cursor *cursor,
			 bool redrawn);
void mdisplay_cursor_blank(struct mdisplay_connector *connector);
bool mdisplay_cursor_accepted(struct mdisplay_connector *connector);
void mdisplay_cursor_note(struct mdisplay_connector *connector);
int mdisplay_cursor_dirty(struct drm_framebuffer *fb, struct drm_file *file, unsigned int flags,
			  unsigned int color, struct drm_clip_rect *clips, unsigned int num_clips);
const struct miracast_display_cursor *mdisplay_cursor_take(struct mdisplay_context *context);
struct drm_framebuffer *mdisplay_cursor_done(struct mdisplay_context *context, bool handled);

/* color.c */
int mdisplay_color_check(const struct drm_crtc_state *state);
void mdisplay_color_set(struct mdisplay_connector *connector, const struct drm_crtc_state *state);
const struct miracast_display_color *mdisplay_color_take(struct mdisplay_context *context);
void mdisplay_color_done(struct mdisplay_context *context, bool handled);

/* sound.c */
void mdisplay_sound_init(struct mdisplay_sound *sound);
void mdisplay_sound_begin(struct mdisplay_sound *sound, u32 rate, ktime_t base);
void mdisplay_sound_write(struct mdisplay_sound *sound, u64 position, const u8 *samples,
			  u32 frames);
void mdisplay_sound_end(struct mdisplay_sound *sound);
ntstatus_t mdisplay_sound_attach(struct mdisplay_context *context);
void mdisplay_sound_detach(struct mdisplay_context *context);
const struct miracast_display_header *mdisplay_sound_take(struct mdisplay_context *context);
void mdisplay_sound_give_back(struct mdisplay_context *context);
bool mdisplay_sound_done(struct mdisplay_context *context, bool handled);

/* pump.c */
void mdisplay_pump_init(struct mdisplay_connector *connector);

/* export.c */
int mdisplay_export_check(struct drm_gem_object *obj, size_t first, size_t last);
ntstatus_t mdisplay_export(struct mdisplay_context *context, struct drm_gem_object *obj,
			   struct miracast_display_framebuffer *info);

/* framebuffer.c */
extern const struct drm_mode_config_funcs mdisplay_mode_config_funcs;
struct drm_gem_object *mdisplay_framebuffer_find(struct mdisplay_context *context,
						 struct miracast_display_framebuffer *info);

/* card.c */
#if IS_ENABLED(CONFIG_MIRACAST_DISPLAY_SOUND)
void mdisplay_card_create(struct mdisplay_connector *connector);
void mdisplay_card_remove(struct mdisplay_connector *connector);
void mdisplay_card_plug(struct mdisplay_connector *connector, const u8 *eld);
#else
static inline void mdisplay_card_create(struct mdisplay_connector *connector)
{
}

static inline void mdisplay_card_remove(struct mdisplay_connector *connector)
{
}

static inline void mdisplay_card_plug(struct mdisplay_connector *connector, const u8 *eld)
{
}
#endif

/* plane.c */
int mdisplay_planes_init(struct mdisplay_connector *connector, struct mdisplay *display);

/* crtc.c */
int mdisplay_crtc_init(struct mdisplay_connector *connector, struct mdisplay *display);

/* connector.c */
int mdisplay_encoder_init(struct mdisplay_connector *connector, struct mdisplay *display);
int mdisplay_connector_add(struct mdisplay *display);
void mdisplay_connector_set_sink(struct mdisplay_connector *connector, struct mdisplay_sink *sink);
ntstatus_t mdisplay_sink_create(const struct miracast_display_sink *message, u32 size,
				struct mdisplay_sink **sink);
u32 mdisplay_mode_refresh(const struct drm_display_mode *mode);

/* adapter.c */
int mdisplay_adapter_register(struct mdisplay *display);

#endif /* _MIRACAST_DISPLAY_DISPLAY_H */
