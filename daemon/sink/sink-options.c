// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-options.h"

#include "sink-uibc.h"

#include "mice-message.h"
#include "mice-pin.h"

#include <string.h>
#include <sys/socket.h>

#define MAX_S		  86400 /* a day */
#define NOT_GIVEN_S	  (-G_MAXDOUBLE)
#define DEFAULT_CONNECT_S 10
#define P2P_CONNECT_S	  90 /* WFD 2.1, 6.5.2: from the keys to the connection */
#define RESPONSE_S	  6 /* WFD 2.1, 6.5 */
#define DEFAULT_PAIRING	  "button,show,type"

/* What GOption takes as text, and is a value of another kind then. */
typedef struct {
	char **sources;
	char *security;
	char *pairing;
	char *misbehave;
} Words;

static void words_clear(Words *words)
{
	g_strfreev(words->sources);
	g_free(words->security);
	g_free(words->pairing);
	g_free(words->misbehave);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Words, words_clear)

/* Returns: FALSE */
static G_GNUC_PRINTF(2, 3) gboolean refuse(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_propagate_error(error, g_error_new_valist(G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
						    format, args));
	va_end(args);
	return FALSE;
}

/*
 * What there is.
 */

static void add_ways(GOptionGroup *group, SinkOptions *o, Words *words)
{
	const GOptionEntry entries[] = {
		{"mice", 0, 0, G_OPTION_ARG_NONE, &o->mice,
		 "Wait for a source that comes over the network (Miracast over Infrastructure)",
		 NULL},
		{"p2p", 0, 0, G_OPTION_ARG_STRING, &o->p2p.interface,
		 "Wait for a source that comes by Wi-Fi Direct to this Wi-Fi device", "INTERFACE"},
		{"name", 0, 0, G_OPTION_ARG_STRING, &o->name,
		 "With either: show this name (default: the host's)", "NAME"},
		{"pin", 0, 0, G_OPTION_ARG_STRING, &o->pin,
		 "With either: the PIN to show (default: by chance) or to type (default: from "
		 "standard input)",
		 "PIN"},
		{"no-announce", 0, 0, G_OPTION_ARG_NONE, &o->no_announce,
		 "With --mice: do not announce the sink on the network", NULL},
		{"mice-port", 0, 0, G_OPTION_ARG_INT, &o->mice_port,
		 "With --mice: listen on this TCP port (default 7250)", "PORT"},
		{"security", 0, 0, G_OPTION_ARG_STRING, &words->security,
		 "With --mice: what sources may and must: none, offered (default), encrypted, pin",
		 "HOW"},
		{"pairing", 0, 0, G_OPTION_ARG_STRING, &words->pairing,
		 "With --p2p: how to let it in, of button (say yes), show (a PIN), type (its PIN) "
		 "(default: as it likes)",
		 "HOW[,HOW]"},
		{"intent", 0, 0, G_OPTION_ARG_INT, &o->p2p.intent,
		 "With --p2p: how much to own the group: 0 (default) to 15", "N"},
		{"autonomous", 0, 0, G_OPTION_ARG_NONE, &o->p2p.autonomous,
		 "With --p2p: own a group from the start, which sources join", NULL},
		{"give-addresses", 0, 0, G_OPTION_ARG_NONE, &o->p2p.gives_addresses,
		 "With --p2p: as owner, give the address with the keys, beside DHCP", NULL},
		{"store", 0, 0, G_OPTION_ARG_FILENAME, &o->p2p.store,
		 "With --p2p: remember groups there, so that a source comes back without asking",
		 "FILE"},
		{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words->sources, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};

	g_option_group_add_entries(group, entries);
}

static void add_run(GOptionGroup *group, SinkOptions *o)
{
	const GOptionEntry entries[] = {
		{"frames", 'n', 0, G_OPTION_ARG_INT64, &o->frames, "Succeed after N decoded frames",
		 "N"},
		{"timeout", 't', 0, G_OPTION_ARG_DOUBLE, &o->timeout,
		 "End after S seconds; a failure if --frames are not reached (default: never)",
		 "S"},
		{"connect-timeout", 0, 0, G_OPTION_ARG_DOUBLE, &o->connect_timeout,
		 "Try to connect for S seconds (default 10, with --p2p 90); with --mice, wait for "
		 "a session (default: for ever)",
		 "S"},
		{"png", 0, 0, G_OPTION_ARG_FILENAME, &o->png,
		 "Write the last picture there at the end, and at SIGUSR1", "FILE"},
		{"json", 0, 0, G_OPTION_ARG_FILENAME, &o->json,
		 "Write one line of statistics there at the end; - is standard output", "FILE"},
		{"viewer", 0, 0, G_OPTION_ARG_INT, &o->viewer,
		 "Give pictures to the program at the other end of this socket", "FD"},
		{"rtp-port", 0, 0, G_OPTION_ARG_INT, &o->rtp_port,
		 "Receive RTP on this UDP port, and RTCP on the next (default: free ones)", "PORT"},
		{"version", 0, 0, G_OPTION_ARG_NONE, &o->version, "Print the version", NULL},
		G_OPTION_ENTRY_NULL,
	};

	g_option_group_add_entries(group, entries);
}

static void add_tests(GOptionGroup *group, SinkOptions *o, Words *words)
{
	const GOptionEntry entries[] = {
		{"caps", 0, 0, G_OPTION_ARG_FILENAME, &o->caps,
		 "Capabilities: lines 'wfd_parameter: value', as M3 shall answer them", "FILE"},
		{"video-formats", 0, 0, G_OPTION_ARG_STRING, &o->video_formats,
		 "The value of wfd_video_formats, unchecked", "VALUE"},
		{"audio-codecs", 0, 0, G_OPTION_ARG_STRING, &o->audio_codecs,
		 "The value of wfd_audio_codecs, unchecked", "VALUE"},
		{"edid", 0, 0, G_OPTION_ARG_FILENAME, &o->edid, "The EDID to show", "FILE"},
		{"no-standby", 0, 0, G_OPTION_ARG_NONE, &o->no_standby,
		 "Do not offer standby and resume", NULL},
		{"wfd-element", 0, 0, G_OPTION_ARG_STRING, &o->p2p.element,
		 "With --p2p: the subelements to show, in hexadecimal", "HEX"},
		{"accept-after", 0, 0, G_OPTION_ARG_DOUBLE, &o->p2p.accept_after,
		 "With --p2p: say yes after S seconds (default 0)", "S"},
		{"response-timeout", 0, 0, G_OPTION_ARG_DOUBLE, &o->response_timeout,
		 "Wait S seconds for an answer of the source (default 6)", "S"},
		{"session-timeout", 0, 0, G_OPTION_ARG_DOUBLE, &o->session_timeout,
		 "Bear S seconds of silence (default: as long as the source says, 60 before it does)",
		 "S"},
		{"idr-every", 0, 0, G_OPTION_ARG_INT64, &o->idr_every,
		 "Ask for a keyframe (M13) every N decoded frames", "N"},
		{"pause-after", 0, 0, G_OPTION_ARG_INT64, &o->pause_after,
		 "Pause (M9) for a second after N decoded frames", "N"},
		{"flashes", 0, 0, G_OPTION_ARG_NONE, &o->flashes,
		 "The source turns black to white and clicks at one instant: see how far apart "
		 "they are",
		 NULL},
		{"uibc", 0, 0, G_OPTION_ARG_FILENAME, &o->uibc,
		 "Offer input (UIBC), and send what this script says", "FILE"},
		{"samples", 0, 0, G_OPTION_ARG_FILENAME, &o->samples,
		 "Write a line of what has come so far there ten times a second", "FILE"},
		{"supplicant-log", 0, 0, G_OPTION_ARG_FILENAME, &o->p2p.log,
		 "With --p2p: write what wpa_supplicant does there", "FILE"},
		{"misbehave", 0, 0, G_OPTION_ARG_STRING, &words->misbehave,
		 "Show the source one of the faults above", "FAULT"},
		G_OPTION_ENTRY_NULL,
	};

	g_option_group_add_entries(group, entries);
}

static char *faults_help(void)
{
	guint n;
	const SinkMisbehaviour *table = sink_misbehaviour_table(&n);
	GString *text = g_string_new("Faults for --misbehave, to see how a source takes them:\n");

	for (guint i = 0; i < n; i++)
		g_string_append_printf(text, "  %-24s %s\n", table[i].name, table[i].description);
	g_string_append(text, "\nTest Options:");
	return g_string_free(text, FALSE);
}

static gboolean parse_words(SinkOptions *o, Words *words, int argc, char **argv, GError **error)
{
	g_autofree char *faults = faults_help();
	g_autoptr(GOptionContext)
		context = g_option_context_new("SOURCE[:PORT] | --mice | --p2p INTERFACE");
	GOptionGroup *main_group = g_option_group_new(NULL, NULL, NULL, NULL, NULL);
	GOptionGroup *tests = g_option_group_new(
		"tests", faults, "Show what is there to test sources with", NULL, NULL);

	add_ways(main_group, o, words);
	add_run(main_group, o);
	add_tests(tests, o, words);
	g_option_context_set_main_group(context, main_group);
	g_option_context_add_group(context, tests);
	g_option_context_set_summary(context,
				     "A headless Wi-Fi Display (Miracast) sink: connects to "
				     "a source, receives, decodes, counts.");
	return g_option_context_parse(context, &argc, &argv, error);
}

/*
 * What goes together.
 */

/* Where the source is, or how it comes. */
static gboolean check_way(SinkOptions *o, char **sources, GError **error)
{
	guint n_sources = sources ? g_strv_length(sources) : 0;

	if (o->mice && o->p2p.interface)
		return refuse(error, "--mice and --p2p exclude each other");
	if (o->mice || o->p2p.interface)
		return !n_sources || refuse(error, "with --mice and --p2p the source comes by "
						   "itself: name none");
	if (n_sources != 1)
		return refuse(error, "name one source, as ADDRESS or ADDRESS:PORT; or --mice, or "
				     "--p2p");
	o->source = g_strdup(sources[0]);
	return TRUE;
}

static gboolean check_security(SinkOptions *o, const char *security, GError **error)
{
	static const char *const names[] = {
		[SINK_SECURITY_NONE] = "none",
		[SINK_SECURITY_OFFERED] = "offered",
		[SINK_SECURITY_ENCRYPTED] = "encrypted",
		[SINK_SECURITY_PIN] = "pin",
	};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		if (!strcmp(security, names[i])) {
			o->security = i;
			return TRUE;
		}
	}
	return refuse(error,
		      "--security does not know \"%s\", but none, offered, encrypted and pin",
		      security);
}

/* What makes sense with --mice only, and without it. */
static gboolean check_mice(SinkOptions *o, const char *security, GError **error)
{
	g_autofree char *pin = o->pin ? mice_pin_clean(o->pin) : NULL;

	if (!o->mice) {
		if (o->mice_port || o->no_announce || security)
			return refuse(error, "--mice-port, --no-announce and --security go with "
					     "--mice");
		return o->p2p.interface || (!o->name && !o->pin) ||
		       refuse(error, "--name and --pin go with --mice or --p2p");
	}
	if (o->pin && !pin)
		return refuse(error, "--pin takes %d digits", MICE_PIN_DIGITS);
	if (o->mice_port < 0 || o->mice_port > G_MAXUINT16)
		return refuse(error, "--mice-port takes a TCP port");
	if (!o->mice_port)
		o->mice_port = MICE_PORT;
	if (!o->name)
		o->name = g_strdup(g_get_host_name());
	return check_security(o, security ? security : "offered", error);
}

/* What fits into the name of a Wi-Fi Direct device, whole characters only. */
static char *name_of_host(void)
{
	g_autofree char *name = g_utf8_make_valid(g_get_host_name(), -1);

	if (strlen(name) > SINK_P2P_MAX_NAME)
		*g_utf8_find_prev_char(name, name + SINK_P2P_MAX_NAME + 1) = '\0';
	return g_steal_pointer(&name);
}

/* What makes sense with --p2p only, and without it. */
static gboolean check_p2p(SinkOptions *o, const char *pairing, GError **error)
{
	if (!o->p2p.interface) {
		if (pairing || o->p2p.intent || o->p2p.autonomous || o->p2p.gives_addresses ||
		    o->p2p.store || o->p2p.element || o->p2p.accept_after != 0 || o->p2p.log)
			return refuse(error, "--pairing, --intent, --autonomous, --give-addresses, "
					     "--store, --wfd-element, --accept-after and "
					     "--supplicant-log go with --p2p");
		return TRUE;
	}
	if (!o->name)
		o->name = name_of_host();
	o->p2p.name = o->name;
	o->p2p.pin = o->pin;
	o->p2p.is_told_pin = o->viewer >= 0;
	o->p2p.offered = sink_pairing_parse(pairing ? pairing : DEFAULT_PAIRING, error);
	return o->p2p.offered && sink_p2p_config_check(&o->p2p, error);
}

static gboolean check_viewer(const SinkOptions *o, GError **error)
{
	socklen_t size = sizeof(int);
	int type;

	return o->viewer < 0 ||
	       (!getsockopt(o->viewer, SOL_SOCKET, SO_TYPE, &type, &size) &&
		type == SOCK_SEQPACKET) ||
	       refuse(error, "--viewer takes a SOCK_SEQPACKET socket, and %d is none", o->viewer);
}

static gboolean check_numbers(SinkOptions *o, GError **error)
{
	const struct {
		const char *name;
		double value;
	} seconds[] = {{"--timeout", o->timeout},
		       {"--connect-timeout", o->connect_timeout},
		       {"--response-timeout", o->response_timeout},
		       {"--session-timeout", o->session_timeout},
		       {"--accept-after", o->p2p.accept_after}};
	const struct {
		const char *name;
		gint64 value;
	} counts[] = {{"--frames", o->frames},
		      {"--idr-every", o->idr_every},
		      {"--pause-after", o->pause_after}};

	for (guint i = 0; i < G_N_ELEMENTS(seconds); i++)
		if (!(seconds[i].value >= 0 && seconds[i].value <= MAX_S))
			return refuse(error, "%s takes seconds from 0 to %d", seconds[i].name,
				      MAX_S);
	for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
		if (counts[i].value < 0)
			return refuse(error, "%s takes a number that is not negative",
				      counts[i].name);
	return (o->rtp_port >= 0 && o->rtp_port < G_MAXUINT16) ||
	       refuse(error, "--rtp-port takes a UDP port below 65535, or 0 for any");
}

static gboolean check_misbehave(SinkOptions *o, const char *fault, GError **error)
{
	if (!fault)
		return TRUE;
	o->misbehaviour = sink_misbehaviour_find(fault);
	o->p2p.misbehaviour = o->misbehaviour;
	return o->misbehaviour ||
	       refuse(error, "--misbehave does not know \"%s\"; --help-tests lists what it knows",
		      fault);
}

gboolean sink_options_parse(SinkOptions *o, int argc, char **argv, GError **error)
{
	g_auto(Words) words = {0};

	*o = (SinkOptions){
		.connect_timeout = NOT_GIVEN_S, .response_timeout = RESPONSE_S, .viewer = -1};
	if (!parse_words(o, &words, argc, argv, error))
		return FALSE;
	if (o->version)
		return TRUE;
	if (o->connect_timeout == NOT_GIVEN_S)
		o->connect_timeout = o->mice		? 0
				     : o->p2p.interface ? P2P_CONNECT_S
							: DEFAULT_CONNECT_S;
	return check_way(o, words.sources, error) && check_mice(o, words.security, error) &&
	       check_p2p(o, words.pairing, error) && check_viewer(o, error) &&
	       check_numbers(o, error) && check_misbehave(o, words.misbehave, error);
}

void sink_options_clear(SinkOptions *o)
{
	g_free(o->source);
	g_free((char *)o->p2p.interface);
	g_free((char *)o->p2p.store);
	g_free((char *)o->p2p.element);
	g_free((char *)o->p2p.log);
	g_free(o->png);
	g_free(o->json);
	g_free(o->samples);
	g_free(o->name);
	g_free(o->pin);
	g_free(o->caps);
	g_free(o->video_formats);
	g_free(o->audio_codecs);
	g_free(o->edid);
	g_free(o->uibc);
}

/*
 * Capabilities: the later line has the last word.
 */

static gboolean set_edid(SinkCaps *caps, const char *file, GError **error)
{
	g_autofree char *edid = NULL;
	gsize size;

	if (g_file_get_contents(file, &edid, &size, error) &&
	    sink_caps_set_edid(caps, (const guint8 *)edid, size, error))
		return TRUE;
	g_prefix_error(error, "--edid %s: ", file);
	return FALSE;
}

static gboolean load(SinkCaps *caps, const char *file, GError **error)
{
	g_autofree char *text = NULL;
	gsize size;

	if (g_file_get_contents(file, &text, &size, error) &&
	    sink_caps_load(caps, text, size, error))
		return TRUE;
	g_prefix_error(error, "--caps %s: ", file);
	return FALSE;
}

SinkCaps *sink_options_make_caps(const SinkOptions *o, guint16 rtp_port, GError **error)
{
	g_autoptr(SinkCaps) caps = sink_caps_new(rtp_port);

	if (o->no_standby)
		sink_caps_set(caps, "wfd_standby_resume_capability", "none");
	if (o->viewer >= 0)
		sink_caps_set(caps, "wfd_uibc_capability", SINK_UIBC_PERSON_CAPABILITY);
	if (o->uibc)
		sink_caps_set(caps, "wfd_uibc_capability", SINK_UIBC_CAPABILITY);
	if (o->misbehaviour)
		sink_misbehaviour_set_caps(o->misbehaviour, caps, rtp_port);
	if (o->edid && !set_edid(caps, o->edid, error))
		return NULL;
	if (o->caps && !load(caps, o->caps, error))
		return NULL;
	if (o->video_formats)
		sink_caps_set(caps, "wfd_video_formats", o->video_formats);
	if (o->audio_codecs)
		sink_caps_set(caps, "wfd_audio_codecs", o->audio_codecs);
	return g_steal_pointer(&caps);
}
