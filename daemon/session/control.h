/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What miracastd and a session's process say to each other: messages of known types over a
 * SOCK_SEQPACKET pair. Either side checks what comes before it is looked at: a session's process
 * reads what a sink sends, and may be in the sink's hands.
 *
 * The host asks; one request is answered before the next one is sent, except HANG_UP,
 * GET_STATISTICS, RTP_CONNECTED, SEAL, TAKE_PICTURE and DATA_RATE, which come at any time:
 *
 *	CREATE		-> CREATED or FAILED
 *	START		-> STARTED or FAILED
 *	STOP		-> STOPPED or FAILED
 *	DESTROY		-> the process ends
 *	GET_STATISTICS	-> STATISTICS, which also comes unasked before STOPPED and FAILED
 *	SEAL		-> SEALED, in the order of the requests
 *	TAKE_PICTURE	-> PICTURE
 *
 * The session reports by itself: STOP_REQUESTED, STREAMING, DETAILS, CONNECT_RTP.
 */
#ifndef SESSION_CONTROL_H
#define SESSION_CONTROL_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* The descriptor at which the session's process finds its end. */
#define SESSION_CONTROL_FD 3

typedef enum {
	/* From the host. */
	SESSION_CREATE, /* adapter's name or "", driver's path, its options, paths; files: nodes */
	/*
	 * Seconds, port for input or 0, whether DATA_RATE follows, Mbit/s that the sink says it takes or 0;
	 * files: RTSP, RTP, RTCP, with a port: for input
	 */
	SESSION_START,
	SESSION_HANG_UP,
	SESSION_STOP, /* enum miracast_stop_reason */
	SESSION_DESTROY,
	SESSION_GET_STATISTICS,
	SESSION_RTP_CONNECTED, /* whether it worked */
	SESSION_SEAL, /* SessionSealTask, bytes */
	SESSION_TAKE_PICTURE, /* its width at most, or 0; files: where to write it */
	SESSION_DATA_RATE, /* whether any more is known, and what: struct miracast_datarate_stats */

	/* From the session. */
	SESSION_CREATED, /* adapter's path, context_id, target_id */
	SESSION_STARTED, /* MIRACAST_SESSION_* bits, options that the driver does not know */
	SESSION_STOPPED,
	SESSION_FAILED, /* MiracastError, its message, the driver's reason and sentence, or "" */
	SESSION_STOP_REQUESTED, /* enum miracast_stop_reason, the driver's reason and sentence */
	SESSION_STREAMING, /* whether */
	SESSION_DETAILS, /* all of them */
	SESSION_STATISTICS, /* all of them */
	SESSION_CONNECT_RTP, /* the sink's ports, RTCP's or 0: the host connects the sockets */
	SESSION_SEALED, /* whether it worked, bytes, whether the handshake is over, an error's message */
	SESSION_PICTURE, /* width and height of what was written; 0, 0: there is no picture */

	SESSION_N_MESSAGES,
} SessionMessageKind;

/* What is to be done with the DTLS of a link; once its handshake is over, the next START seals. */
typedef enum {
	SESSION_SEAL_HANDSHAKE, /* bytes of the sink's; none: begin anew */
	SESSION_SEAL_SEAL,
	SESSION_SEAL_UNSEAL,
	SESSION_SEAL_FORGET,
} SessionSealTask;

/* Bytes of one SESSION_SEAL or SESSION_SEALED. */
#define SESSION_MAX_SEAL 32768

/*
 * A picture: red, green and blue, three bytes a pixel, rows without gaps, from the file's beginning;
 * it cannot grow. The session's process writes it: with a map of it, it could not be sealed.
 */
#define SESSION_PICTURE_PIXEL	   3u
#define SESSION_MAX_PICTURE_WIDTH  4096u
#define SESSION_MAX_PICTURE_HEIGHT 2304u

#define SESSION_MAX_FILES 32

typedef struct {
	SessionMessageKind kind;
	GVariant *body; /* of the kind's type */
	int files[SESSION_MAX_FILES];
	guint n_files;
} SessionMessage;

/* Closes the files that are still there. */
void session_message_clear(SessionMessage *message);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SessionMessage, session_message_clear)

/**
 * session_control_send:
 * @body: (nullable): consumed if floating; NULL: empty
 * @files: (nullable): duplicated for the other side
 *
 * Does not wait for room unless the socket is a blocking one. The session's process sends no
 * files, and so needs no sendmsg().
 */
gboolean session_control_send(int fd, SessionMessageKind kind, GVariant *body, const int *files,
			      guint n_files, GError **error);

/**
 * session_control_receive:
 * @from_host: whether this is the session's side: only there files are taken
 *
 * Errors: G_IO_ERROR_WOULD_BLOCK, _CLOSED (the other side is gone), _INVALID_DATA (what came is no
 * message of the other side's), others of recvmsg().
 */
gboolean session_control_receive(int fd, gboolean from_host, SessionMessage *message,
				 GError **error);

/* A copy of an a{sv}, fit to be shown: names of [a-z0-9-], texts and uint64, none too long or too
 * many, no control characters. Transfer full, not floating; NULL if it is none such.
 */
GVariant *session_control_check_values(GVariant *values);

/* The same for one text: what should not be printed is replaced. Transfer full. */
char *session_control_clean_text(const char *text);

/* Whether it may be the word of a reason or the name of a value. */
gboolean session_control_is_word(const char *text);

G_END_DECLS

#endif /* SESSION_CONTROL_H */
