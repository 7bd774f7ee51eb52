// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-misbehaviour.h"

#include <string.h>

/* An id that is digits loses its leading zeros; of any other id the digits in front are left. */
static void id_as_number(GString *id)
{
	guint64 number = g_ascii_strtoull(id->str, NULL, 10);

	g_string_printf(id, "%" G_GUINT64_FORMAT, number);
}

static void id_quoted(GString *id)
{
	g_string_prepend_c(id, '"');
	g_string_append_c(id, '"');
}

static void id_spaced(GString *id)
{
	g_string_prepend(id, "  ");
	g_string_append(id, "  ;  timeout = 30");
}

static void id_foreign(GString *id)
{
	g_string_assign(id, "7777777");
}

/* The line break at the end stays. */
static void params_joined(GString *text)
{
	gsize size = text->len;

	if (!g_str_has_suffix(text->str, "\r\n"))
		return;
	g_string_truncate(text, size - 2);
	g_string_replace(text, "\r\n", "; ", 0);
	g_string_append(text, "\r\n");
}

/* "AAC" and "AC3" are hexadecimal too, but no field has three digits. */
static gboolean is_hex_field(const char *word)
{
	gsize digits = strspn(word, "0123456789abcdefABCDEF");

	return digits && digits % 2 == 0 && (!word[digits] || !strcmp(word + digits, ","));
}

static void params_0x(GString *text)
{
	g_auto(GStrv) lines = g_strsplit(text->str, "\r\n", -1);

	g_string_truncate(text, 0);
	for (guint i = 0; lines[i]; i++) {
		gboolean codecs = g_str_has_prefix(lines[i], "wfd_video_formats:") ||
				  g_str_has_prefix(lines[i], "wfd_audio_codecs:");
		g_auto(GStrv) words = g_strsplit(lines[i], " ", -1);

		if (i)
			g_string_append(text, "\r\n");
		for (guint n = 0; words[n]; n++)
			g_string_append_printf(text, "%s%s%s", n ? " " : "",
					       codecs && is_hex_field(words[n]) ? "0x" : "",
					       words[n]);
	}
}

static void params_space_before_colon(GString *text)
{
	g_string_replace(text, ": ", " : ", 0);
}

/* The head alone: the body has its length already. */
static void head_space_before_colon(GString *text)
{
	const char *end = strstr(text->str, "\r\n\r\n");
	g_autoptr(GString) head = g_string_new_len(text->str, end - text->str);

	g_string_replace(head, ": ", " : ", 0);
	g_string_erase(text, 0, end - text->str);
	g_string_prepend_len(text, head->str, head->len);
}

static void message_and_nul(GString *text)
{
	g_string_append_c(text, '\0');
}

static const SinkEdidFault edid_bad_sum = {
	.count = "0002", .n_claimed = 1, .n_sent = 1, .bad_sum = TRUE};
static const SinkEdidFault edid_missing = {.count = "0002", .n_claimed = 1};
static const SinkEdidFault edid_all_ff = {
	.count = "0002", .n_claimed = 1, .n_sent = 1, .all_ff = TRUE};
static const SinkEdidFault edid_six_blocks = {.count = "0006", .n_claimed = 5, .n_sent = 5};
static const SinkEdidFault edid_48_extensions = {.count = "0031", .n_claimed = 48, .n_sent = 1};
static const SinkEdidFault edid_count_small = {.count = "0001", .n_claimed = 1, .n_sent = 1};
static const SinkEdidFault edid_count_odd = {.count = "0003", .n_claimed = 1, .n_sent = 1};
static const SinkEdidFault edid_count_zero = {.count = "0000", .n_claimed = 1, .n_sent = 1};
static const SinkEdidFault edid_count_bytes = {.count = "0100", .n_claimed = 1, .n_sent = 1};
static const SinkEdidFault edid_count_decimal = {.count = "0256", .n_claimed = 1, .n_sent = 1};
static const SinkEdidFault edid_half_byte = {
	.count = "0002", .n_claimed = 1, .n_sent = 1, .half_byte = TRUE};

static const SinkMisbehaviour table[] = {
	{"silent-m1", "never answer M1", .fault = SINK_FAULT_SILENT, .m = 1},
	{"silent-m3", "never answer M3", .fault = SINK_FAULT_SILENT, .m = 3},
	{"garbage", "answer M3 with a megabyte of random bytes", .fault = SINK_FAULT_GARBAGE},
	{"bad-content-length", "the M3 answer's Content-Length is 64 more than its body",
	 .fault = SINK_FAULT_BAD_CONTENT_LENGTH},
	{"huge-content-length", "the M3 answer's Content-Length is 4294967295",
	 .fault = SINK_FAULT_HUGE_CONTENT_LENGTH},
	{"wrong-cseq", "the M3 answer's CSeq is 1000 more than asked",
	 .fault = SINK_FAULT_WRONG_CSEQ},
	{"refuse-m3", "answer 303 to an M3 that asks for optional parameters",
	 .fault = SINK_FAULT_REFUSE_OPTIONAL, .status = 303},
	{"m3-not-understood", "answer 451 to an M3 that asks for optional parameters",
	 .fault = SINK_FAULT_REFUSE_OPTIONAL, .status = 451},
	{"errors-in-m3", "answer M3 with the number 451 as the value of each optional parameter",
	 .fault = SINK_FAULT_ERRORS_IN_M3},
	{"refuse-m4", "answer M4 with 303, wfd_video_formats: 415", .fault = SINK_FAULT_REFUSE,
	 .m = 4, .status = 303, .body = "wfd_video_formats: 415\r\n"},
	{"refuse-m4-once", "as refuse-m4, the first time only", .fault = SINK_FAULT_REFUSE, .m = 4,
	 .times = 1, .status = 303, .body = "wfd_video_formats: 415\r\n"},
	{"refuse-video-only", "answer M4 with 303, wfd_audio_codecs: 415",
	 .fault = SINK_FAULT_REFUSE, .m = 4, .status = 303, .body = "wfd_audio_codecs: 415\r\n"},
	{"close-after-m4", "answer M4, then close the connection",
	 .fault = SINK_FAULT_CLOSE_AFTER_M4},
	{"no-m6", "answer the trigger SETUP, but never send SETUP", .fault = SINK_FAULT_NO_M6},
	{"tcp-only", "ask for RTP over TCP, and close the connection if that is refused",
	 .fault = SINK_FAULT_TCP_ONLY, .param = "wfd_client_rtp_ports",
	 .value = "RTP/AVP/TCP;unicast PORT 0 mode=play"},
	{"teardown-now", "send TEARDOWN as soon as PLAY is answered",
	 .fault = SINK_FAULT_TEARDOWN_NOW},
	{"close-in-play", "close the connection as soon as PLAY is answered",
	 .fault = SINK_FAULT_CLOSE_IN_PLAY},
	{"silent-in-play", "say nothing any more, from the second M16 on",
	 .fault = SINK_FAULT_SILENT_IN_PLAY},
	{"ignore-m16", "never answer M16", .fault = SINK_FAULT_SILENT, .m = 16},
	{"unknown-method", "send the unknown method FROBNICATE once PLAY is answered",
	 .fault = SINK_FAULT_UNKNOWN_METHOD},
	{"flood-idr", "send 1000 keyframe requests at once when PLAY is answered",
	 .fault = SINK_FAULT_FLOOD_IDR},
	{"frequent-idr", "send a keyframe request every 50 ms", .fault = SINK_FAULT_FREQUENT_IDR},
	{"refuse-session", "answer M16 with 454", .fault = SINK_FAULT_REFUSE, .m = 16,
	 .status = 454},
	{"broken-request", "send a request line without a version before M2",
	 .fault = SINK_FAULT_BROKEN_REQUEST},
	{"strange-require", "require an unknown feature in M2, and say no more if that is refused",
	 .fault = SINK_FAULT_STRANGE_REQUIRE},
	{"split-messages", "send every message byte by byte", .fault = SINK_FAULT_SPLIT_MESSAGES},
	{"coalesced-messages", "send messages that follow each other as one piece",
	 .fault = SINK_FAULT_COALESCED_MESSAGES},
	{"read-once", "take one message out of what one read brings, and drop the rest",
	 .fault = SINK_FAULT_READ_ONCE},
	{"reconnect", "close the first connection at once, and connect again",
	 .fault = SINK_FAULT_RECONNECT},
	{"connect-once", "try to connect once, and never again if that fails",
	 .fault = SINK_FAULT_CONNECT_ONCE},
	{"number-session-id", "echo the session's id as a decimal number, without leading zeros",
	 .session_id = id_as_number},
	{"quoted-session-id", "echo the session's id in quotes", .session_id = id_quoted},
	{"spaced-session-id", "echo the session's id with spaces and its timeout",
	 .session_id = id_spaced},
	{"foreign-session-id", "send another session's id", .session_id = id_foreign},
	{"joined-params", "join the parameters of a body by \"; \"", .params = params_joined},
	{"hex-prefix", "write 0x before the numbers of video formats and audio codecs",
	 .params = params_0x},
	{"space-before-colon", "write a space before every colon that ends a name",
	 .params = params_space_before_colon, .message = head_space_before_colon},
	{"nul-after-message", "send a NUL byte after every message", .message = message_and_nul},
	{"spaced-ports", "write wfd_client_rtp_ports with more spaces than it should have",
	 .param = "wfd_client_rtp_ports", .value = "RTP/AVP/UDP; unicast  PORT  0  mode = play"},
	{"port-range", "write a port of wfd_client_rtp_ports as a range",
	 .param = "wfd_client_rtp_ports", .value = "RTP/AVP/UDP;unicast PORT-NEXT 0 mode=play"},
	{"no-audio", "offer no audio codec", .param = "wfd_audio_codecs", .value = "none"},
	{"edid-bad-sum", "the EDID's extension block has a wrong sum", .edid = &edid_bad_sum},
	{"edid-missing", "the EDID's extension block is missing", .edid = &edid_missing},
	{"edid-all-ff", "the EDID's extension block is all FF", .edid = &edid_all_ff},
	{"edid-six-blocks", "the EDID has six blocks", .edid = &edid_six_blocks},
	{"edid-48-extensions", "the EDID claims 48 extension blocks and has one",
	 .edid = &edid_48_extensions},
	{"edid-count-small", "wfd_display_edid counts one of two blocks",
	 .edid = &edid_count_small},
	{"edid-count-odd", "wfd_display_edid counts three of two blocks", .edid = &edid_count_odd},
	{"edid-count-zero", "wfd_display_edid counts no block of two", .edid = &edid_count_zero},
	{"edid-count-bytes", "wfd_display_edid counts bytes", .edid = &edid_count_bytes},
	{"edid-count-decimal", "wfd_display_edid counts bytes, in decimal",
	 .edid = &edid_count_decimal},
	{"edid-half-byte", "the EDID ends with half a byte", .edid = &edid_half_byte},
	{"mice-split", "send every message on port 7250 byte by byte",
	 .fault = SINK_FAULT_MICE_SPLIT},
	{"mice-merged",
	 "send each record of a handshake as a message, and all of them as one piece",
	 .fault = SINK_FAULT_MICE_MERGED},
	{"mice-cut-tokens", "cut a handshake into messages in the middle of its records",
	 .fault = SINK_FAULT_MICE_CUT_TOKENS},
	{"mice-cookie", "ask for a cookie in the handshake", .fault = SINK_FAULT_MICE_COOKIE},
	{"mice-echo-hash", "accept a PIN with the hash that the source sent",
	 .fault = SINK_FAULT_MICE_ECHO_HASH},
	{"mice-false-hash", "accept a PIN with a hash of something else",
	 .fault = SINK_FAULT_MICE_FALSE_HASH},
	{"mice-refuse-pin", "refuse the right PIN", .fault = SINK_FAULT_MICE_REFUSE_PIN},
	{"mice-garbage", "send what is no message when port 7250 is connected",
	 .fault = SINK_FAULT_MICE_GARBAGE},
	{"mice-oversized", "send the head of a message of 65535 bytes",
	 .fault = SINK_FAULT_MICE_OVERSIZED},
	{"mice-broken", "send a message with a field that is longer than the message",
	 .fault = SINK_FAULT_MICE_BROKEN},
	{"mice-unknown", "send a message of an unknown kind", .fault = SINK_FAULT_MICE_UNKNOWN},
	{"mice-dtls-garbage", "answer the handshake with random bytes",
	 .fault = SINK_FAULT_MICE_DTLS_GARBAGE},
	{"mice-silent", "never connect to a source that is ready", .fault = SINK_FAULT_MICE_SILENT},
	{"mice-silent-handshake", "never answer the handshake",
	 .fault = SINK_FAULT_MICE_SILENT_HANDSHAKE},
	{"mice-silent-pin", "never answer a PIN", .fault = SINK_FAULT_MICE_SILENT_PIN},
	{"mice-stop-at-ready", "stop the projection when the source is ready",
	 .fault = SINK_FAULT_MICE_STOP_AT_READY},
	{"mice-stop-in-play", "stop the projection as soon as PLAY is answered",
	 .fault = SINK_FAULT_MICE_STOP_IN_PLAY},
	{"mice-close-at-once", "close port 7250 when it is connected",
	 .fault = SINK_FAULT_MICE_CLOSE_AT_ONCE},
	{"mice-close-in-handshake", "close port 7250 when the handshake begins",
	 .fault = SINK_FAULT_MICE_CLOSE_IN_HANDSHAKE},
	{"mice-close-at-pin", "close port 7250 when the PIN comes",
	 .fault = SINK_FAULT_MICE_CLOSE_AT_PIN},
	{"mice-close-at-ready", "close port 7250 when the source is ready",
	 .fault = SINK_FAULT_MICE_CLOSE_AT_READY},
	{"mice-close-in-play", "close port 7250, and nothing else, as soon as PLAY is answered",
	 .fault = SINK_FAULT_MICE_CLOSE_IN_PLAY},
	{"p2p-decline", "decline every source that asks", .fault = SINK_FAULT_P2P_DECLINE},
	{"p2p-never-accept", "leave every source that asks without an answer",
	 .fault = SINK_FAULT_P2P_NEVER_ACCEPT},
	{"p2p-wrong-pin", "use another PIN than the one that is shown or typed",
	 .fault = SINK_FAULT_P2P_WRONG_PIN},
	{"p2p-no-address", "neither give addresses nor ask for one",
	 .fault = SINK_FAULT_P2P_NO_ADDRESS},
	{"p2p-no-connect", "never connect, once there are addresses",
	 .fault = SINK_FAULT_P2P_NO_CONNECT},
	{"p2p-connect-owner", "connect in groups of its own only",
	 .fault = SINK_FAULT_P2P_CONNECT_OWNER},
	{"p2p-connect-client", "connect in groups of the source's only",
	 .fault = SINK_FAULT_P2P_CONNECT_CLIENT},
	{"p2p-vanish-asked", "fall silent for good when a source asks",
	 .fault = SINK_FAULT_P2P_VANISH, .step = "asked"},
	{"p2p-vanish-negotiated", "fall silent for good when the group is agreed upon",
	 .fault = SINK_FAULT_P2P_VANISH, .step = "negotiated"},
	{"p2p-vanish-started", "fall silent for good when the group is there",
	 .fault = SINK_FAULT_P2P_VANISH, .step = "started"},
	{"p2p-vanish-addressed", "fall silent for good when the group has addresses",
	 .fault = SINK_FAULT_P2P_VANISH, .step = "addressed"},
	{"p2p-vanish-connected", "fall silent for good when RTSP is connected",
	 .fault = SINK_FAULT_P2P_VANISH, .step = "connected"},
	{"p2p-vanish-playing", "fall silent for good when PLAY is answered",
	 .fault = SINK_FAULT_P2P_VANISH, .step = "playing"},
};

gboolean sink_misbehaves(const SinkMisbehaviour *misbehaviour, SinkFault fault)
{
	return misbehaviour && misbehaviour->fault == fault;
}

const SinkMisbehaviour *sink_misbehaviour_find(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(table); i++)
		if (!strcmp(name, table[i].name))
			return &table[i];
	return NULL;
}

const SinkMisbehaviour *sink_misbehaviour_table(guint *n)
{
	*n = G_N_ELEMENTS(table);
	return table;
}

static void set_sum(guint8 *block)
{
	guint8 sum = 0;

	for (guint i = 0; i < SINK_EDID_BLOCK - 1; i++)
		sum += block[i];
	block[SINK_EDID_BLOCK - 1] = -sum;
}

static void set_edid(SinkCaps *caps, const SinkEdidFault *fault)
{
	/* A CTA-861 block, revision 3, with nothing in it. */
	static const guint8 extension[] = {0x02, 0x03, 0x04};
	guint8 edid[(1 + SINK_EDID_MAX_EXTENSIONS) * SINK_EDID_BLOCK] = {0};
	guint8 *last = edid + fault->n_sent * SINK_EDID_BLOCK;
	g_autoptr(GString) value = g_string_new(fault->count);

	sink_edid_default(edid);
	edid[126] = fault->n_claimed;
	set_sum(edid);
	for (guint i = 1; i <= fault->n_sent; i++) {
		memcpy(edid + i * SINK_EDID_BLOCK, extension, sizeof(extension));
		set_sum(edid + i * SINK_EDID_BLOCK);
	}
	if (fault->bad_sum)
		last[SINK_EDID_BLOCK - 1]++;
	if (fault->all_ff)
		memset(last, 0xff, SINK_EDID_BLOCK);
	g_string_append_c(value, ' ');
	for (guint8 *byte = edid; byte < last + SINK_EDID_BLOCK; byte++)
		g_string_append_printf(value, "%02x", *byte);
	if (fault->half_byte)
		g_string_append_c(value, '0');
	sink_caps_set(caps, "wfd_display_edid", value->str);
}

void sink_misbehaviour_set_caps(const SinkMisbehaviour *misbehaviour, SinkCaps *caps, guint16 port)
{
	if (misbehaviour->param) {
		g_autoptr(GString) value = g_string_new(misbehaviour->value);
		g_autofree char *first = g_strdup_printf("%u", port);
		g_autofree char *next = g_strdup_printf("%u", port + 1u);

		g_string_replace(value, "PORT", first, 0);
		g_string_replace(value, "NEXT", next, 0);
		sink_caps_set(caps, misbehaviour->param, value->str);
	}
	if (misbehaviour->edid)
		set_edid(caps, misbehaviour->edid);
}
