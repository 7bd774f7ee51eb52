/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sink for tests of wfd-source.h: bytes, and a clock that goes when it is told. Every case runs with the
 * sink's bytes fed one by one, in sevens, and as they come.
 */
#ifndef SINK_PEER_H
#define SINK_PEER_H

#include "wfd-source.h"

#define CAPS                                                                                      \
	"wfd_video_formats: 40 00 02 04 0001FFFF 1FFFFFFF 00000FFF 00 0000 0000 00 none none\r\n" \
	"wfd_audio_codecs: LPCM 00000003 00\r\n"                                                  \
	"wfd_client_rtp_ports: RTP/AVP/UDP;unicast 1028 0 mode=play\r\n"                          \
	"wfd_display_edid: none\r\n"
#define STANDBY "wfd_standby_resume_capability: supported\r\n"
#define LATENCY "microsoft_latency_management_capability: supported\r\n"
#define M2	"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nRequire: org.wfa.wfd1.0\r\n\r\n"
#define M6                                                                \
	"SETUP rtsp://10.0.0.1/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: 2\r\n" \
	"Transport: RTP/AVP/UDP;unicast;client_port=19000-19001\r\n\r\n"
#define M7                                                               \
	"PLAY rtsp://10.0.0.1/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: 3\r\n" \
	"Session: 10048879;timeout=30\r\n\r\n"
#define M8 "TEARDOWN rtsp://10.0.0.1/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: 9\r\n\r\n"
#define M9 "PAUSE rtsp://10.0.0.1/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: 8\r\n\r\n"

typedef struct {
	WfdSource *source;
	gsize step; /* bytes a feed */
	gint64 now;
	GString *sent; /* what the source has written and nothing has looked at */
	char *sentence;
	gboolean ended;
	GString *events; /* letters: Capabilities, coNfigured, plaY, Pause, Idr, Uibc, Ended */
} WfdPeer;

WfdPeer *peer_start(gconstpointer step);
WfdPeer *peer_new(gconstpointer step, const WfdPolicy *policy);
WfdPeer *peer_new_with_input(gconstpointer step, const WfdPolicy *policy, guint16 uibc_port);
WfdPeer *peer_new_with_id(gconstpointer step, guint32 id);
void peer_free(WfdPeer *p);

/* Takes what the source has to say, and its events. */
void drain(WfdPeer *p);
void feed(WfdPeer *p, const char *text);
/* Answers the request of ours with number @cseq. */
void answer(WfdPeer *p, guint cseq, guint code, const char *body);
/* A SET_PARAMETER of the sink's. Transfer full. */
char *set_parameter(guint cseq, const char *body);
/* Lets time pass up to the next deadline, which must be @seconds away, but for pauses that are over. */
void wait_for(WfdPeer *p, guint seconds);

/* The next thing sent must begin with @start and contain @part; takes it all. */
void expect(WfdPeer *p, const char *start, const char *part);
void expect_nothing(WfdPeer *p);
void expect_events(WfdPeer *p, const char *events);
void expect_end(WfdPeer *p, const char *reason);

/* A request that comes by itself, a pause after the latest answer. */
void wait_for_request(WfdPeer *p);
/* The monitor goes off or on, a pause after whatever was said last. */
void set_standby(WfdPeer *p, gboolean standby);
/* From the beginning: until that is asked, M6 is awaited, the sink plays. @caps: its answer to M3. */
void to_m3(WfdPeer *p);
void to_m4(WfdPeer *p, const char *caps);
void to_m6(WfdPeer *p, const char *caps);
void to_play(WfdPeer *p, const char *caps);

typedef struct {
	const char *name;
	GTestDataFunc func; /* of the bytes a feed */
} WfdPeerCase;

/* Runs all of them; for main(). */
int peer_run(int argc, char **argv, const WfdPeerCase *cases, guint n_cases);

#endif /* SINK_PEER_H */
