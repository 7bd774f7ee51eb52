// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The driver as a host sees it: a host, a display driver and a sink that are this file. The sink
 * is a thread with a TCP socket that speaks from a script; framebuffers are memory files. Time
 * limits are guards against hanging, not measures.
 */
#include "miracast-driver.h"
#include "rtp-pair.h"
#include "uibc-packet.h"

#include <drm_fourcc.h>
#include <gio/gio.h>
#include <linux/input.h>
#include <linux/miracast_display.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define GUARD  (30 * G_TIME_SPAN_SECOND)
#define WIDTH  640
#define HEIGHT 480

#define ALL_FLAGS (MIRACAST_DISPLAY_SINK_CURSOR | MIRACAST_DISPLAY_SINK_COLOR)

struct _MiracastDevice {
	GMutex lock;
	GCond cond;
	GHashTable *options;
	GHashTable *values; /* details and statistics, as text */
	miracast_datarate_notification notify;
	void *notify_context;
	gboolean streaming, streamed; /* now; ever */
	miracast_take_picture take_picture;
	void *take_picture_data;
	int rtp; /* the driver's */
	guint16 sink_rtcp_port; /* that it was to be connected to */
	gboolean seals;
	int input; /* the driver's end; 0: the sink may send none */
	char *reason;
	gint status_reports;
	enum miracast_status status;
	guint sinks; /* SINK_ARRIVED so far */
	ntstatus_t refusal; /* of every sink */
	gboolean refuse_edid; /* the sink's */
	guint8 edid[128]; /* of the last sink */
	guint32 refused_flags; /* the kernel's driver is older than they are */
	struct miracast_display_sink sink;
	guint sounds; /* SOUND so far */
	struct miracast_display_sound sound;
	guint exports;
	guint idr_requests;
	guint arrivals, departures; /* of the monitor */
	guint chunks_sent;
};

/* What libmiracast gives to drivers. */

const char *miracast_device_get_option(MiracastDevice *device, const char *name)
{
	return g_hash_table_lookup(device->options, name);
}

void miracast_device_set_reason(MiracastDevice *device, const char *reason, const char *message)
{
	g_assert_nonnull(message);
	g_mutex_lock(&device->lock);
	if (!device->reason)
		device->reason = g_strdup(reason);
	g_mutex_unlock(&device->lock);
}

static void set_value(MiracastDevice *device, const char *name, char *value)
{
	g_mutex_lock(&device->lock);
	g_hash_table_insert(device->values, g_strdup(name), value);
	g_cond_broadcast(&device->cond);
	g_mutex_unlock(&device->lock);
}

void miracast_device_set_detail(MiracastDevice *device, const char *name, const char *text)
{
	set_value(device, name, g_strdup(text));
}

void miracast_device_set_detail_number(MiracastDevice *device, const char *name, uint64_t number)
{
	set_value(device, name, g_strdup_printf("%" G_GUINT64_FORMAT, number));
}

void miracast_device_set_statistic(MiracastDevice *device, const char *name, uint64_t number)
{
	set_value(device, name, g_strdup_printf("%" G_GUINT64_FORMAT, number));
}

void miracast_device_set_statistic_text(MiracastDevice *device, const char *name, const char *text)
{
	set_value(device, name, g_strdup(text));
}

bool miracast_device_take_input(MiracastDevice *device, int *socket, uint16_t *port)
{
	*socket = device->input;
	*port = 7239;
	return device->input;
}

bool miracast_device_take_rtp_sockets(MiracastDevice *device, int *rtp, int *rtcp)
{
	rtp_pair_open(rtp, rtcp);
	device->rtp = *rtp;
	return true;
}

bool miracast_device_seals(MiracastDevice *device)
{
	return device->seals;
}

#define SEAL "seal"

size_t miracast_device_seal(MiracastDevice *device, const void *datagram, size_t size, void *out,
			    size_t out_size)
{
	g_assert_cmpuint(out_size, >=, size + MIRACAST_SEAL_OVERHEAD);
	memcpy(out, SEAL, strlen(SEAL));
	memcpy((char *)out + strlen(SEAL), datagram, size);
	return size + strlen(SEAL);
}

bool miracast_device_connect_rtp(MiracastDevice *device, uint16_t port, uint16_t rtcp_port)
{
	device->sink_rtcp_port = rtcp_port;
	rtp_pair_connect(device->rtp, port);
	return true;
}

void miracast_device_set_streaming(MiracastDevice *device, bool streaming)
{
	g_mutex_lock(&device->lock);
	g_assert_true(!streaming || g_hash_table_contains(device->values, "encoder-kbit"));
	device->streaming = streaming;
	device->streamed |= streaming;
	g_cond_broadcast(&device->cond);
	g_mutex_unlock(&device->lock);
}

void miracast_device_set_take_picture(MiracastDevice *device, miracast_take_picture take,
				      void *user_data)
{
	device->take_picture = take;
	device->take_picture_data = user_data;
}

/* The host's callbacks. */

static void report_session_status(MiracastDevice *device, enum miracast_status miracast_status,
				  ntstatus_t status)
{
	g_mutex_lock(&device->lock);
	device->status_reports++;
	device->status = miracast_status;
	g_cond_broadcast(&device->cond);
	g_mutex_unlock(&device->lock);
}

static ntstatus_t export_framebuffer(MiracastDevice *device,
				     const struct miracast_display_framebuffer *in,
				     struct miracast_display_framebuffer *out)
{
	gsize size = WIDTH * HEIGHT * 4;

	/* Framebuffer 2 is one that was never there, 3 and 4 say what cannot be. */
	if (in->framebuffer_id == 2)
		return STATUS_NOT_FOUND;
	*out = *in;
	out->fd = memfd_create("framebuffer", MFD_CLOEXEC);
	g_assert_cmpint(ftruncate(out->fd, size), ==, 0);
	out->width = WIDTH;
	out->height = HEIGHT;
	out->pitch = WIDTH * 4;
	/* 100 and above are pointers, which nobody has drawn; the last is too large. */
	if (in->framebuffer_id >= 100) {
		out->format = DRM_FORMAT_ARGB8888;
		out->width = out->height = in->framebuffer_id == 199 ? 257 : 64;
	} else {
		out->format = DRM_FORMAT_XRGB8888;
	}
	out->buffer_size = size;
	if (in->framebuffer_id == 3)
		out->height++;
	if (in->framebuffer_id == 4)
		out->pitch = 0;
	device->exports++;
	return STATUS_SUCCESS;
}

/* Whether the EDID of the last sink is one that was made for it. */
static gboolean has_name(const MiracastDevice *device, const char *name)
{
	return !memcmp(device->edid + 77, name, 13);
}

static ntstatus_t io_control(MiracastDevice *device, bool hardware_access, uint32_t input_size,
			     const void *input, uint32_t output_size, void *output,
			     uint32_t *bytes_returned)
{
	const struct miracast_display_header *header = input;
	ntstatus_t status = STATUS_SUCCESS;

	g_assert_cmpuint(input_size, >=, sizeof(*header));
	g_assert_cmpuint(header->size, ==, input_size);
	g_mutex_lock(&device->lock);
	if (header->code == MIRACAST_DISPLAY_CTL_SINK_ARRIVED) {
		memcpy(&device->sink, input, sizeof(device->sink));
		g_assert_cmpuint(input_size, ==, sizeof(device->sink) + device->sink.edid_size);
		g_assert_cmpuint(device->sink.edid_size, ==, sizeof(device->edid));
		memcpy(device->edid, ((const struct miracast_display_sink *)input)->edid,
		       sizeof(device->edid));
		if (device->refusal)
			status = device->refusal;
		else if ((device->refuse_edid && !has_name(device, "Kino\n        ")) ||
			 device->refused_flags & device->sink.flags)
			status = STATUS_INVALID_PARAMETER;
		else
			device->sinks++;
		g_cond_broadcast(&device->cond);
	} else if (header->code == MIRACAST_DISPLAY_CTL_SOUND) {
		g_assert_cmpuint(input_size, ==, sizeof(device->sound));
		memcpy(&device->sound, input, sizeof(device->sound));
		device->sounds++;
		g_cond_broadcast(&device->cond);
	} else {
		g_assert_cmpuint(header->code, ==, MIRACAST_DISPLAY_CTL_EXPORT_FRAMEBUFFER);
		g_assert_cmpuint(output_size, ==, sizeof(struct miracast_display_framebuffer));
		status = export_framebuffer(device, input, output);
		*bytes_returned = NT_SUCCESS(status) ? output_size : 0;
	}
	g_mutex_unlock(&device->lock);
	return status;
}

static void report_statistic(MiracastDevice *device, const struct miracast_statistic_data *data)
{
	g_mutex_lock(&device->lock);
	if (data->statistic_type == MIRACAST_STATISTIC_TYPE_EVENT &&
	    data->protocol_event == MIRACAST_PROTOCOL_EVENT_IFRAME_RQ)
		device->idr_requests++;
	if (data->statistic_type == MIRACAST_STATISTIC_TYPE_EVENT) {
		device->arrivals += data->protocol_event == MIRACAST_PROTOCOL_EVENT_MONITOR_ARRIVE;
		device->departures += data->protocol_event ==
				      MIRACAST_PROTOCOL_EVENT_MONITOR_DEPART;
	}
	if (data->statistic_type == MIRACAST_STATISTIC_TYPE_CHUNK_SENT)
		device->chunks_sent++;
	g_cond_broadcast(&device->cond);
	g_mutex_unlock(&device->lock);
}

static ntstatus_t register_for_data_rate_notifications(MiracastDevice *device, void *context,
						       miracast_datarate_notification notify)
{
	device->notify = notify;
	device->notify_context = context;
	return STATUS_SUCCESS;
}

static const struct miracast_host_callbacks callbacks = {
	.report_session_status = report_session_status,
	.miracast_io_control = io_control,
	.report_statistic = report_statistic,
	.register_for_data_rate_notifications = register_for_data_rate_notifications,
};

/* Waits until *@counter is at least @least. */
static void wait_until(MiracastDevice *device, const guint *counter, guint least)
{
	gint64 end = g_get_monotonic_time() + GUARD;

	g_mutex_lock(&device->lock);
	while (*counter < least)
		g_assert_true(g_cond_wait_until(&device->cond, &device->lock, end));
	g_mutex_unlock(&device->lock);
}

/* The sink: TCP, what it has read so far, and what it was told to do. */
typedef struct {
	int listener;
	int fd; /* the sink's end */
	int rtp; /* UDP */
	guint rtp_port;
	guint frame_rate_control; /* in its answer to M3 */
	const char *more_caps; /* in its answer to M3; NULL: none */
	const char *seal; /* what each datagram begins with; NULL: they come in clear */
	const char *names; /* its lines of M3 that say what it is called */
	const char *sound; /* its line of M3 that says what sound it takes; "": none */
	GString *read;
	guint cseq;
	gboolean no_edid;
} WfdTestSink;

static WfdTestSink *sink_new(int *source_fd)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	WfdTestSink *sink = g_new0(WfdTestSink, 1);

	sink->read = g_string_new(NULL);
	sink->names = "intel_friendly_name: Kino\r\nintel_sink_model_name: K1\r\n";
	sink->sound = "";
	sink->rtp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(sink->rtp, (struct sockaddr *)&address, len), ==, 0);
	g_assert_cmpint(getsockname(sink->rtp, (struct sockaddr *)&address, &len), ==, 0);
	sink->rtp_port = ntohs(address.sin_port);
	sink->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_port = 0;
	g_assert_cmpint(bind(sink->listener, (struct sockaddr *)&address, len), ==, 0);
	g_assert_cmpint(listen(sink->listener, 1), ==, 0);
	g_assert_cmpint(getsockname(sink->listener, (struct sockaddr *)&address, &len), ==, 0);
	*source_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(connect(*source_fd, (struct sockaddr *)&address, len), ==, 0);
	sink->fd = accept4(sink->listener, NULL, NULL, SOCK_CLOEXEC);
	g_assert_cmpint(sink->fd, >=, 0);
	return sink;
}

static void sink_free(WfdTestSink *sink)
{
	close(sink->fd);
	close(sink->rtp);
	close(sink->listener);
	g_string_free(sink->read, TRUE);
	g_free(sink);
}

static void sink_send(WfdTestSink *sink, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void sink_send(WfdTestSink *sink, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_assert_cmpint(send(sink->fd, text, strlen(text), MSG_NOSIGNAL), ==, strlen(text));
}

/* Reads until @text has come; forgets everything up to its end. */
static void sink_expect(WfdTestSink *sink, const char *text)
{
	char *found;

	while (!(found = strstr(sink->read->str, text))) {
		struct pollfd pollfd = {.fd = sink->fd, .events = POLLIN};
		char buffer[1024];
		ssize_t n;

		g_assert_cmpint(poll(&pollfd, 1, GUARD / 1000), ==, 1);
		n = recv(sink->fd, buffer, sizeof(buffer), 0);
		if (n <= 0)
			g_error("the source closed before \"%s\"; read: %s", text, sink->read->str);
		g_string_append_len(sink->read, buffer, n);
	}
	g_string_erase(sink->read, 0, found - sink->read->str + strlen(text));
}

static void sink_answer(WfdTestSink *sink, const char *body)
{
	sink_send(sink, "RTSP/1.0 200 OK\r\nCSeq: %u\r\nContent-Length: %zu\r\n\r\n%s",
		  ++sink->cseq, strlen(body), body);
}

/* Up to the source's M4, which waits for its answer. */
static void sink_reach_m4(WfdTestSink *sink)
{
	g_autofree char *caps =
		g_strdup_printf("wfd_video_formats: 00 00 01 01 00000001 00000000 00000000 00 0000 "
				"0000 %02x none none\r\n"
				"wfd_client_rtp_ports: RTP/AVP/UDP;unicast %u 0 mode=play\r\n"
				"wfd_display_edid: 0001 00ffffffffffff00%0240d\r\n"
				"wfd_standby_resume_capability: supported\r\n"
				"%s%s"
				"microsoft_max_bitrate: 2000000\r\n%s",
				sink->frame_rate_control, sink->rtp_port, 0, sink->names,
				sink->sound, sink->more_caps ?: "");
	char *sum = strstr(caps, "edid: 0001 ") + 11 + 254;

	/* 6 * 255 + 0x06 = 0 modulo 256. */
	memcpy(sum, "06", 2);
	if (sink->no_edid)
		memcpy(strstr(caps, "0001 00ffff"), "none\r\nx: y", 10);
	sink_expect(sink, "org.wfa.wfd1.0\r\n\r\n");
	sink_answer(sink, "");
	sink_send(sink, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nRequire: org.wfa.wfd1.0\r\n\r\n");
	sink_expect(sink, "microsoft_max_bitrate\r\n");
	sink_answer(sink, caps);
	sink_expect(sink, "mode=play\r\n");
}

static gpointer sink_until_m4(gpointer user_data)
{
	WfdTestSink *sink = user_data;

	sink_reach_m4(sink);
	sink_answer(sink, "");
	return NULL;
}

#define SETUP                                                 \
	"SETUP rtsp://x/wfd1.0/streamid=0 RTSP/1.0\r\n"       \
	"CSeq: 2\r\n"                                         \
	"Transport: RTP/AVP/UDP;unicast;client_port=%u-7\r\n" \
	"\r\n"
#define PLAY "PLAY rtsp://x/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: 3\r\n\r\n"

/* The answer to M4, M6 and M7 in one piece. */
static gpointer sink_until_m7_in_a_hurry(gpointer user_data)
{
	WfdTestSink *sink = user_data;

	sink_reach_m4(sink);
	sink_send(sink, "RTSP/1.0 200 OK\r\nCSeq: %u\r\n\r\n" SETUP PLAY, ++sink->cseq,
		  sink->rtp_port);
	return NULL;
}

static void sink_play(WfdTestSink *sink)
{
	sink_expect(sink, "wfd_trigger_method: SETUP\r\n");
	sink_answer(sink, "");
	sink_send(sink, SETUP, sink->rtp_port);
	sink_expect(sink, "\r\n\r\n");
	sink_send(sink, PLAY);
	sink_expect(sink, "\r\n\r\n");
}

/* At least one RTP packet of MPEG-TS has come. */
static void sink_expect_rtp(WfdTestSink *sink)
{
	struct pollfd pollfd = {.fd = sink->rtp, .events = POLLIN};
	gsize seal = sink->seal ? strlen(sink->seal) : 0;
	guint8 packet[2048];

	g_assert_cmpint(poll(&pollfd, 1, GUARD / 1000), ==, 1);
	g_assert_cmpint(recv(sink->rtp, packet, sizeof(packet), 0), >, seal + 12);
	g_assert_cmpmem(packet, seal, sink->seal, seal);
	g_assert_cmpuint(packet[seal + 1] & 0x7f, ==, 33);
	g_assert_cmphex(packet[seal + 12], ==, 0x47);
}

typedef struct {
	MiracastDevice device;
	struct miracast_driver_interface driver;
	void *context;
	WfdTestSink *sink;
	int fd;
} WfdRig;

static WfdRig *rig_new(void)
{
	WfdRig *rig = g_new0(WfdRig, 1);

	g_mutex_init(&rig->device.lock);
	g_cond_init(&rig->device.cond);
	rig->device.options = g_hash_table_new(g_str_hash, g_str_equal);
	rig->device.values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_assert_cmpuint(miracast_query_driver_interface(MIRACAST_DRIVER_INTERFACE_VERSION_1,
							 sizeof(rig->driver), &rig->driver),
			 ==, STATUS_SUCCESS);
	g_assert_cmpuint(rig->driver.create_miracast_context(&rig->device, &callbacks,
							     &rig->context),
			 ==, STATUS_SUCCESS);
	rig->sink = sink_new(&rig->fd);
	return rig;
}

static ntstatus_t rig_start(WfdRig *rig)
{
	struct miracast_wfd_connection_stats stats = {0};
	struct miracast_session_info info = {0};
	ntstatus_t status;

	status = rig->driver.start_miracast_session(rig->context, rig->fd, &stats, &info);
	if (NT_SUCCESS(status))
		g_assert_cmpuint(info.value, ==, MIRACAST_SESSION_MONITOR_CONNECTED);
	return status;
}

static void rig_play(WfdRig *rig)
{
	GThread *thread = g_thread_new("sink", sink_until_m4, rig->sink);

	g_assert_cmpuint(rig_start(rig), ==, STATUS_SUCCESS);
	g_thread_join(thread);
	/* Not before start has returned: the kernel's messages are held until then. */
	g_assert_cmpuint(rig->device.sinks, ==, 0);
	sink_play(rig->sink);
	wait_until(&rig->device, &rig->device.sinks, 1);
}

static void rig_free(WfdRig *rig)
{
	rig->driver.destroy_miracast_context(rig->context);
	/* The kernel keeps it from one session of the context to the next. */
	g_assert_cmpuint(rig->device.departures, ==, rig->device.arrivals > 0);
	/* Still open: it is the host's. */
	g_assert_cmpint(close(rig->fd), ==, 0);
	sink_free(rig->sink);
	g_hash_table_unref(rig->device.options);
	g_hash_table_unref(rig->device.values);
	g_free(rig->device.reason);
	g_mutex_clear(&rig->device.lock);
	g_cond_clear(&rig->device.cond);
	g_free(rig);
}

static struct miracast_display_frame frame_message(guint64 sequence, guint32 framebuffer)
{
	return (struct miracast_display_frame){
		.header = {MIRACAST_DISPLAY_MSG_FRAME, sizeof(struct miracast_display_frame)},
		.sequence = sequence,
		.time_ns = g_get_monotonic_time() * 1000,
		.framebuffer_id = framebuffer,
		.format = DRM_FORMAT_XRGB8888,
		.width = WIDTH,
		.height = HEIGHT,
		.refresh = 60000,
	};
}

static ntstatus_t send_frame(WfdRig *rig, guint64 sequence, guint32 framebuffer,
			     struct miracast_display_frame_result *result)
{
	struct miracast_display_frame frame = frame_message(sequence, framebuffer);
	uint32_t returned = 77;
	ntstatus_t status;

	memset(result, 0xaa, sizeof(*result));
	status = rig->driver.handle_kernel_mode_message(rig->context, sizeof(frame), &frame,
							sizeof(*result), result, &returned);
	g_assert_cmpuint(returned, ==, NT_SUCCESS(status) ? sizeof(*result) : 0);
	return status;
}

static void send_power(WfdRig *rig, guint32 on)
{
	struct miracast_display_power power = {
		.header = {MIRACAST_DISPLAY_MSG_POWER, sizeof(power)},
		.on = on,
	};
	uint32_t returned = 77;

	g_assert_cmpuint(rig->driver.handle_kernel_mode_message(rig->context, sizeof(power), &power,
								0, NULL, &returned),
			 ==, STATUS_SUCCESS);
	g_assert_cmpuint(returned, ==, 0);
}

static void test_interface(void)
{
	struct miracast_driver_interface driver;

	memset(&driver, 0xaa, sizeof(driver));
	g_assert_cmpuint(miracast_query_driver_interface(2, sizeof(driver), &driver), ==,
			 STATUS_REVISION_MISMATCH);
	g_assert_cmpuint(miracast_query_driver_interface(1, sizeof(driver) - 1, &driver), ==,
			 STATUS_BUFFER_TOO_SMALL);
	g_assert_cmphex(driver.size, ==, 0xaaaaaaaa);
	g_assert_cmpuint(miracast_query_driver_interface(1, sizeof(driver), &driver), ==,
			 STATUS_SUCCESS);
	g_assert_cmpuint(driver.size, ==, sizeof(driver));
}

/* Of the picture that is shown; its pixels are the host's. */
static void take_picture(WfdRig *rig)
{
	MiracastDevice *device = &rig->device;
	struct miracast_picture picture;

	g_assert_true(device->take_picture(device->take_picture_data, 320, &picture));
	g_assert_cmpuint(picture.width, ==, 320);
	g_assert_cmpuint(picture.height, ==, 240);
	free(picture.pixels);
}

static void test_session(void)
{
	WfdRig *rig = rig_new();
	struct miracast_display_frame_result result;

	rig_play(rig);
	g_assert_cmpuint(rig->device.sink.width, ==, 640);
	g_assert_cmpuint(rig->device.sink.height, ==, 480);
	g_assert_cmpuint(rig->device.sink.refresh, ==, 60000);
	g_assert_cmpuint(rig->device.sink.edid_size, ==, 128);
	g_assert_cmpuint(rig->device.sink_rtcp_port, ==, 7);
	for (guint i = 1; i <= 10; i++) {
		g_assert_cmpuint(send_frame(rig, i, 1, &result), ==, STATUS_SUCCESS);
		g_assert_cmpuint(result.sequence, ==, i);
		g_assert_cmpuint(result.outcome, ==, MIRACAST_DISPLAY_FRAME_ENCODED);
		g_assert_cmpuint(result.reserved, ==, 0);
		g_assert_cmpuint(result.encode_ns, >, 0);
	}
	sink_expect_rtp(rig->sink);
	take_picture(rig);
	g_assert_cmpuint(rig->device.exports, ==, 1);
	g_assert_cmpuint(rig->device.chunks_sent, ==, 10);
	sink_send(rig->sink,
		  "SET_PARAMETER rtsp://x RTSP/1.0\r\nCSeq: 4\r\nContent-Length: 17\r\n\r\n"
		  "wfd_idr_request\r\n");
	wait_until(&rig->device, &rig->device.idr_requests, 1);
	rig->driver.stop_miracast_session(rig->context);
	sink_expect(rig->sink, "wfd_trigger_method: TEARDOWN\r\n");
	g_assert_null(rig->device.take_picture);
	g_assert_cmpint(rig->device.status_reports, ==, 0);
	g_assert_cmpstr(g_hash_table_lookup(rig->device.values, "mode"), ==, "640x480@60");
	g_assert_cmpstr(g_hash_table_lookup(rig->device.values, "frames-encoded"), ==, "10");
	g_assert_nonnull(strstr(g_hash_table_lookup(rig->device.values, "rtsp-exchange"),
				"> M3 GET_PARAMETER"));
	rig_free(rig);
}

/* Of a picture that stands still for three seconds: how often it was sent again. */
static guint repeats_of_still(guint frame_rate_control)
{
	WfdRig *rig = rig_new();
	struct miracast_display_frame_result result;
	guint repeats;

	rig->sink->frame_rate_control = frame_rate_control;
	rig_play(rig);
	g_assert_cmpuint(send_frame(rig, 1, 1, &result), ==, STATUS_SUCCESS);
	g_usleep(3 * G_USEC_PER_SEC);
	rig->driver.stop_miracast_session(rig->context);
	repeats = g_ascii_strtoull(g_hash_table_lookup(rig->device.values, "frames-repeated"), NULL,
				   10);
	rig_free(rig);
	return repeats;
}

/* A sink that says that pictures may be left out has fewer of what stands still. */
static void test_skipping(void)
{
	guint repeats = repeats_of_still(0x11), tries = 0;

	g_assert_cmpuint(repeats, <, 15);
	/* A machine that is busy encodes few. */
	while (repeats_of_still(0x10) < 18)
		g_assert_cmpuint(tries++, <, 10);
}

/* Start, stop, and start again on a fresh link. */
static void wait_for_value(MiracastDevice *device, const char *name, const char *expected)
{
	gint64 end = g_get_monotonic_time() + GUARD;

	g_mutex_lock(&device->lock);
	while (g_strcmp0(g_hash_table_lookup(device->values, name), expected))
		g_assert_true(g_cond_wait_until(&device->cond, &device->lock, end));
	g_mutex_unlock(&device->lock);
}

/* What a radio says is shown, and the encoder keeps to it. */
static void test_air(void)
{
	const struct miracast_datarate_stats stats = {
		.encoder_bit_rate = 1200000,
		.current_max_tx_data_rate = 6500000,
		.transmitted_frame_count = 100,
		.retried_frame_count = 150,
		.failed_frame_count = 3,
	};
	WfdRig *rig = rig_new();

	rig_play(rig);
	rig->device.notify(rig->device.notify_context, &stats);
	rig->device.notify(rig->device.notify_context, &stats);
	wait_for_value(&rig->device, "air-kbit", "6500");
	wait_for_value(&rig->device, "air-retries", "300");
	wait_for_value(&rig->device, "air-failed", "6");
	wait_for_value(&rig->device, "encoder-kbit", "1200");
	rig->device.notify(rig->device.notify_context, NULL);
	rig->driver.stop_miracast_session(rig->context);
	g_assert_null(rig->device.notify);
	rig_free(rig);
}

/* What a frame says has changed is converted, and all if it says nothing, or more than it may. */
static void test_damage(void)
{
	static const guint32 numbers[] = {0, 1, MIRACAST_DISPLAY_MAX_DAMAGE + 1, G_MAXUINT32, 1};
	const guint64 picture = WIDTH * HEIGHT * 4, part = 18 * 16 * 4;
	struct miracast_display_frame_result result;
	WfdRig *rig = rig_new();
	guint64 converted;
	uint32_t returned;

	rig_play(rig);
	for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
		struct miracast_display_frame frame = frame_message(i + 1, 1);

		frame.nr_damage = numbers[i];
		frame.damage[0] = (struct miracast_display_rect){16, 16, 32, 32};
		g_assert_cmpuint(rig->driver.handle_kernel_mode_message(rig->context, sizeof(frame),
									&frame, sizeof(result),
									&result, &returned),
				 ==, STATUS_SUCCESS);
		g_assert_cmpuint(result.outcome, ==, MIRACAST_DISPLAY_FRAME_ENCODED);
	}
	rig->driver.stop_miracast_session(rig->context);
	converted = g_ascii_strtoull(g_hash_table_lookup(rig->device.values, "converted-bytes"),
				     NULL, 10);
	/* Black may have come before. */
	g_assert_cmpuint(converted % picture, ==, 2 * part);
	g_assert_cmpuint(converted / picture, >=, 3);
	rig_free(rig);
}

static void test_again(void)
{
	WfdRig *rig = rig_new();
	struct miracast_display_frame_result result;

	for (guint round = 0; round < 3; round++) {
		rig_play(rig);
		g_assert_cmpuint(send_frame(rig, 1, 1, &result), ==, STATUS_SUCCESS);
		g_assert_cmpuint(result.outcome, ==, MIRACAST_DISPLAY_FRAME_ENCODED);
		rig->driver.stop_miracast_session(rig->context);
		sink_free(rig->sink);
		close(rig->fd);
		rig->sink = sink_new(&rig->fd);
		rig->device.sinks = 0;
	}
	g_assert_cmpuint(rig->device.exports, ==, 3);
	rig_free(rig);
}

static void test_bad_messages(void)
{
	WfdRig *rig = rig_new();
	struct miracast_display_frame_result result;
	struct miracast_display_frame frame;
	uint32_t returned;

	rig_play(rig);
	for (guint32 id = 2; id <= 4; id++)
		g_assert_cmpuint(send_frame(rig, 1, id, &result), ==, STATUS_UNSUCCESSFUL);
	g_assert_nonnull(strstr(g_hash_table_lookup(rig->device.values, "framebuffer-error"),
				"framebuffer 4: a layout that cannot be"));
	frame = frame_message(1, 1);
	for (guint32 size = 0; size < sizeof(frame); size++) {
		frame.header.size = size;
		g_assert_cmpuint(rig->driver.handle_kernel_mode_message(rig->context, size, &frame,
									sizeof(result), &result,
									&returned),
				 ==, STATUS_INVALID_BUFFER_SIZE);
		g_assert_cmpuint(returned, ==, 0);
	}
	frame = frame_message(1, 1);
	g_assert_cmpuint(rig->driver.handle_kernel_mode_message(rig->context, sizeof(frame) - 1,
								&frame, sizeof(result), &result,
								&returned),
			 ==, STATUS_INVALID_BUFFER_SIZE);
	g_assert_cmpuint(rig->driver.handle_kernel_mode_message(rig->context, sizeof(frame), &frame,
								sizeof(result) - 1, &result,
								&returned),
			 ==, STATUS_BUFFER_TOO_SMALL);
	frame.x = 1;
	g_assert_cmpuint(rig->driver.handle_kernel_mode_message(rig->context, sizeof(frame), &frame,
								sizeof(result), &result, &returned),
			 ==, STATUS_INVALID_PARAMETER);
	frame.x = 0;
	frame.height = 0;
	g_assert_cmpuint(rig->driver.handle_kernel_mode_message(rig->context, sizeof(frame), &frame,
								sizeof(result), &result, &returned),
			 ==, STATUS_INVALID_PARAMETER);
	frame.header.code = 77;
	g_assert_cmpuint(rig->driver.handle_kernel_mode_message(rig->context, sizeof(frame), &frame,
								sizeof(result), &result, &returned),
			 ==, STATUS_NOT_SUPPORTED);
	/* None of that has hurt. */
	g_assert_cmpuint(send_frame(rig, 2, 1, &result), ==, STATUS_SUCCESS);
	g_assert_cmpuint(result.outcome, ==, MIRACAST_DISPLAY_FRAME_ENCODED);
	rig_free(rig);
}

static void test_framebuffer_gone(void)
{
	WfdRig *rig = rig_new();
	struct miracast_display_framebuffer gone = {
		.header = {MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE, sizeof(gone)},
		.framebuffer_id = 1,
	};
	struct miracast_display_frame_result result;
	uint32_t returned;

	rig_play(rig);
	g_assert_cmpuint(send_frame(rig, 1, 1, &result), ==, STATUS_SUCCESS);
	for (guint i = 0; i < 2; i++)
		g_assert_cmpuint(rig->driver.handle_kernel_mode_message(rig->context, sizeof(gone),
									&gone, 0, NULL, &returned),
				 ==, STATUS_SUCCESS);
	g_assert_cmpuint(send_frame(rig, 2, 1, &result), ==, STATUS_SUCCESS);
	g_assert_cmpuint(rig->device.exports, ==, 2);
	rig_free(rig);
}

static void test_power(void)
{
	WfdRig *rig = rig_new();
	struct miracast_display_frame_result result;

	rig_play(rig);
	send_power(rig, 0);
	sink_expect(rig->sink, "\r\n\r\nwfd_standby\r\n");
	sink_answer(rig->sink, "");
	send_power(rig, 1);
	sink_expect(rig->sink, "wfd_trigger_method: PLAY\r\n");
	g_assert_cmpuint(send_frame(rig, 1, 1, &result), ==, STATUS_SUCCESS);
	g_assert_cmpuint(result.outcome, ==, MIRACAST_DISPLAY_FRAME_NOT_STREAMING);
	sink_answer(rig->sink, "");
	sink_send(rig->sink, "PLAY rtsp://x/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: 9\r\n\r\n");
	sink_expect(rig->sink, "CSeq: 9\r\n");
	/* The picture that came during standby is the first one sent. */
	sink_expect_rtp(rig->sink);
	g_assert_cmpuint(rig->device.sinks, ==, 1);
	g_assert_cmpint(rig->device.status_reports, ==, 0);
	rig_free(rig);
}

static void test_sealed(void)
{
	WfdRig *rig = rig_new();
	struct miracast_display_frame_result result;

	rig->device.seals = TRUE;
	rig->sink->seal = SEAL;
	rig_play(rig);
	for (guint i = 1; i < 5; i++) {
		g_assert_cmpuint(send_frame(rig, i, 1, &result), ==, STATUS_SUCCESS);
		sink_expect_rtp(rig->sink);
	}
	rig_free(rig);
}

static void test_edid_refused(void)
{
	WfdRig *rig = rig_new();

	rig->device.refuse_edid = TRUE;
	rig_play(rig);
	g_assert_true(has_name(&rig->device, "Kino\n        "));
	g_assert_cmpuint(rig->device.sink.flags, ==, ALL_FLAGS);
	g_assert_cmpint(rig->device.status_reports, ==, 0);
	rig_free(rig);
}

/* Nobody may believe that it streams before there is a monitor. */
static void test_display_refused(void)
{
	WfdRig *rig = rig_new();
	GThread *thread = g_thread_new("sink", sink_until_m4, rig->sink);

	rig->device.refusal = STATUS_NO_MEMORY;
	g_assert_cmpuint(rig_start(rig), ==, STATUS_SUCCESS);
	g_thread_join(thread);
	sink_play(rig->sink);
	wait_until(&rig->device, (guint *)&rig->device.status_reports, 1);
	g_assert_cmpstr(rig->device.reason, ==, "display-refused");
	g_assert_false(rig->device.streamed);
	rig_free(rig);
}

/* What a host says, with a file. */
static void answer_input(int host, const struct miracast_input_message *message, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS}};
	struct iovec data = {.iov_base = (void *)message, .iov_len = sizeof(*message)};
	const struct msghdr header = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	g_assert_cmpint(sendmsg(host, &header, 0), ==, sizeof(*message));
	close(fd);
}

/* The sink's pointer goes to @x, @y, of the mode; where it is then in the picture. */
static void point(int sink, int device, guint16 x, guint16 y, gint32 expected_x, gint32 expected_y)
{
	const UibcGeneric move = {
		.type = UIBC_MOVE, .n_pointers = 1, .pointers = {{.x = x, .y = y}}};
	g_autoptr(GByteArray) packet = g_byte_array_new();
	struct input_event events[3];

	uibc_generic_append(packet, &move);
	g_assert_cmpint(send(sink, packet->data, packet->len, 0), ==, packet->len);
	for (guint i = 0; i < G_N_ELEMENTS(events); i++)
		g_assert_cmpint(read(device, &events[i], sizeof(events[i])), ==, sizeof(events[i]));
	g_assert_cmpint(events[0].code, ==, ABS_X);
	g_assert_cmpint(events[0].value, ==, expected_x);
	g_assert_cmpint(events[1].code, ==, ABS_Y);
	g_assert_cmpint(events[1].value, ==, expected_y);
}

/* A sink points at the mode's pixels; the compositor's picture may be a part of them. */
static void test_input(void)
{
	const struct miracast_input_message connection = {.kind = MIRACAST_INPUT_CONNECTION};
	struct miracast_input_message asked;
	WfdRig *rig = rig_new();
	struct miracast_display_frame_result result;
	struct miracast_display_frame frame;
	int host[2], sink[2], device[2];
	uint32_t returned;

	g_assert_no_errno(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, host));
	g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM, 0, sink));
	g_assert_no_errno(pipe(device));
	rig->device.input = host[1];
	rig->sink->more_caps = "wfd_uibc_capability: input_category_list=GENERIC;"
			       "generic_cap_list=Mouse;hidc_cap_list=none;port=none\r\n";
	rig_play(rig);
	g_assert_cmpint(recv(host[0], &asked, sizeof(asked), 0), ==, sizeof(asked));
	g_assert_cmpuint(asked.kind, ==, MIRACAST_INPUT_POINTER);
	answer_input(host[0], &asked, device[1]);
	answer_input(host[0], &connection, sink[1]);
	point(sink[0], device[0], 0, 0, 0, 0);
	point(sink[0], device[0], 639, 479, 65535, 65535);
	frame = frame_message(1, 1);
	frame.height = 360;
	g_assert_cmpuint(rig->driver.handle_kernel_mode_message(rig->context, sizeof(frame), &frame,
								sizeof(result), &result, &returned),
			 ==, STATUS_SUCCESS);
	point(sink[0], device[0], 0, 60, 0, 0);
	point(sink[0], device[0], 639, 419, 65535, 65535);
	point(sink[0], device[0], 639, 479, 65535, 65535);
	rig_free(rig);
	close(host[0]);
	close(sink[0]);
	close(device[0]);
}

/* A sink that has told none is called by its name, too. */
static void test_edid_missing(void)
{
	WfdRig *rig = rig_new();

	rig->sink->no_edid = TRUE;
	rig_play(rig);
	g_assert_true(has_name(&rig->device, "Kino\n        "));
	g_assert_cmpint(rig->device.status_reports, ==, 0);
	rig_free(rig);
}

/* What sound settings call it: sixteen bytes, zeros after the end. */
static void test_sound_name(void)
{
	static const struct {
		const char *lines, name[MIRACAST_DISPLAY_MAX_SINK_NAME + 1];
	} sinks[] = {
		{"intel_friendly_name: Kino\r\nintel_sink_model_name: K1\r\n", "Kino"},
		{"intel_sink_manufacturer_name: Maker\r\nintel_sink_model_name: K1\r\n",
		 "Maker K1"},
		{"intel_friendly_name: Sixteen letters.\r\n", "Sixteen letters."},
		{"intel_friendly_name: Seventeen letters\r\n", "Seventeen letter"},
		/* The sixth has room for one byte of its two. */
		{"intel_friendly_name: Oma K\303\274\303\274\303\274\303\274\303\274\303\274\r\n",
		 "Oma K\303\274\303\274\303\274\303\274\303\274"},
		{"", ""},
	};

	for (guint i = 0; i < G_N_ELEMENTS(sinks); i++) {
		WfdRig *rig = rig_new();

		rig->sink->names = sinks[i].lines;
		rig->sink->sound = "wfd_audio_codecs: LPCM 00000002 00\r\n";
		rig_play(rig);
		wait_until(&rig->device, &rig->device.sounds, 1);
		g_assert_cmpmem(rig->device.sound.name, sizeof(rig->device.sound.name),
				sinks[i].name, MIRACAST_DISPLAY_MAX_SINK_NAME);
		rig_free(rig);
	}
}

static ntstatus_t send_cursor(WfdRig *rig, guint32 framebuffer, guint32 image, guint32 x)
{
	struct miracast_display_cursor cursor = {
		.header = {MIRACAST_DISPLAY_MSG_CURSOR, sizeof(cursor)},
		.framebuffer_id = framebuffer,
		.image = image,
		.x = x,
		.width = framebuffer ? 64 : 0,
		.height = framebuffer ? 64 : 0,
	};
	uint32_t returned = 77;
	ntstatus_t status;

	status = rig->driver.handle_kernel_mode_message(rig->context, sizeof(cursor), &cursor, 0,
							NULL, &returned);
	g_assert_cmpuint(returned, ==, 0);
	return status;
}

static void test_cursor(void)
{
	WfdRig *rig = rig_new();
	struct miracast_display_frame_result result;
	struct miracast_display_cursor cursor = {.header = {MIRACAST_DISPLAY_MSG_CURSOR, 0}};
	uint32_t returned;

	rig_play(rig);
	g_assert_cmpuint(rig->device.sink.flags, ==, ALL_FLAGS);
	/* Before there is a picture, and then over one: its pixels are read once. */
	g_assert_cmpuint(send_cursor(rig, 100, 7, 0), ==, STATUS_SUCCESS);
	g_assert_cmpuint(send_frame(rig, 1, 1, &result), ==, STATUS_SUCCESS);
	for (guint i = 0; i < 5; i++)
		g_assert_cmpuint(send_cursor(rig, 100, 7, 20 * i), ==, STATUS_SUCCESS);
	g_assert_cmpuint(rig->device.exports, ==, 2);
	/* Other pixels in the same memory, other memory, none, all of it beside the picture. */
	g_assert_cmpuint(send_cursor(rig, 100, 8, 0), ==, STATUS_SUCCESS);
	g_assert_cmpuint(rig->device.exports, ==, 2);
	g_assert_cmpuint(send_cursor(rig, 101, 9, 0), ==, STATUS_SUCCESS);
	g_assert_cmpuint(rig->device.exports, ==, 3);
	g_assert_cmpuint(send_cursor(rig, 0, 0, 0), ==, STATUS_SUCCESS);
	g_assert_cmpuint(send_cursor(rig, 101, 9, G_MAXUINT32), ==, STATUS_SUCCESS);
	/* What is none. */
	g_assert_cmpuint(send_cursor(rig, 2, 10, 0), ==, STATUS_UNSUCCESSFUL);
	g_assert_cmpuint(send_cursor(rig, 5, 11, 0), ==, STATUS_UNSUCCESSFUL);
	g_assert_cmpuint(send_cursor(rig, 199, 12, 0), ==, STATUS_UNSUCCESSFUL);
	g_assert_nonnull(strstr(g_hash_table_lookup(rig->device.values, "framebuffer-error"),
				"a pointer of 257x257"));
	for (guint32 size = sizeof(cursor.header); size < sizeof(cursor); size++) {
		cursor.header.size = size;
		g_assert_cmpuint(rig->driver.handle_kernel_mode_message(rig->context, size, &cursor,
									0, NULL, &returned),
				 ==, STATUS_INVALID_BUFFER_SIZE);
	}
	g_assert_cmpuint(send_cursor(rig, 101, 9, 3), ==, STATUS_SUCCESS);
	g_assert_cmpuint(send_frame(rig, 2, 1, &result), ==, STATUS_SUCCESS);
	g_assert_cmpuint(result.outcome, ==, MIRACAST_DISPLAY_FRAME_ENCODED);
	rig_free(rig);
}

/* A kernel that knows no colours, or no cursors either, gets a monitor all the same, and its EDID. */
static void test_flags_refused(void)
{
	static const guint32 refused[] = {MIRACAST_DISPLAY_SINK_COLOR, ALL_FLAGS};

	for (guint i = 0; i < 2 * G_N_ELEMENTS(refused); i++) {
		guint32 flags = refused[i / 2];
		WfdRig *rig = rig_new();

		rig->device.refused_flags = flags;
		rig->device.refuse_edid = i % 2;
		rig_play(rig);
		g_assert_cmpuint(rig->device.sink.flags, ==, ALL_FLAGS & ~flags);
		g_assert_cmpuint(has_name(&rig->device, "Kino\n        "), ==, i % 2);
		g_assert_cmpint(rig->device.status_reports, ==, 0);
		rig_free(rig);
	}
}

static ntstatus_t send_color(WfdRig *rig, const struct miracast_display_color *color, guint32 size)
{
	uint32_t returned = 77;
	ntstatus_t status;

	status = rig->driver.handle_kernel_mode_message(rig->context, size, color, 0, NULL,
							&returned);
	g_assert_cmpuint(returned, ==, 0);
	return status;
}

/* A frame's first pixel, as it is sent: red, green, blue. GStreamer's way from YUV is not exact. */
static guint32 sent_colour(WfdRig *rig)
{
	MiracastDevice *device = &rig->device;
	struct miracast_display_frame_result result;
	struct miracast_picture picture;
	const guint8 *pixel;
	guint32 colour;

	g_assert_cmpuint(send_frame(rig, 1, 1, &result), ==, STATUS_SUCCESS);
	g_assert_cmpuint(result.outcome, ==, MIRACAST_DISPLAY_FRAME_ENCODED);
	g_assert_true(device->take_picture(device->take_picture_data, 0, &picture));
	pixel = picture.pixels;
	colour = pixel[0] << 16 | pixel[1] << 8 | pixel[2];
	free(picture.pixels);
	return colour;
}

static void assert_near(guint32 colour, guint32 wanted)
{
	for (guint shift = 0; shift < 24; shift += 8)
		g_assert_cmpint(
			ABS((gint)(colour >> shift & 0xff) - (gint)(wanted >> shift & 0xff)), <=,
			6);
}

/* Each step by itself, for framebuffers are black: the tables make light of it, the matrix turns that. */
static void test_color(void)
{
	struct miracast_display_color *color = g_new0(struct miracast_display_color, 1);
	guint32 size = sizeof(*color);
	WfdRig *rig = rig_new();

	rig_play(rig);
	assert_near(sent_colour(rig), 0);
	color->header = (struct miracast_display_header){MIRACAST_DISPLAY_MSG_COLOR, size};
	color->ctm[2] = color->ctm[3] = color->ctm[7] = G_GUINT64_CONSTANT(1) << 32;
	color->degamma[0][0] = 0xe0 * 257;
	color->degamma[1][0] = 0x80 * 257;
	color->degamma[2][0] = 0x20 * 257;
	for (guint c = 0; c < 3; c++)
		for (guint i = 0; i < MIRACAST_DISPLAY_LUT_SIZE; i++)
			color->gamma[c][i] = (255 - i) * 257;
	/* What no step is asked for by does nothing. */
	g_assert_cmpuint(send_color(rig, color, size), ==, STATUS_SUCCESS);
	assert_near(sent_colour(rig), 0);
	color->steps = MIRACAST_DISPLAY_COLOR_DEGAMMA;
	g_assert_cmpuint(send_color(rig, color, size), ==, STATUS_SUCCESS);
	assert_near(sent_colour(rig), 0xe08020);
	color->steps |= MIRACAST_DISPLAY_COLOR_CTM;
	g_assert_cmpuint(send_color(rig, color, size), ==, STATUS_SUCCESS);
	assert_near(sent_colour(rig), 0x20e080);
	color->steps |= MIRACAST_DISPLAY_COLOR_GAMMA;
	g_assert_cmpuint(send_color(rig, color, size), ==, STATUS_SUCCESS);
	assert_near(sent_colour(rig), 0xdf1f7f);
	/* One that is too short changes nothing. */
	for (guint32 i = sizeof(color->header); i < size; i += 61) {
		color->header.size = i;
		g_assert_cmpuint(send_color(rig, color, i), ==, STATUS_INVALID_BUFFER_SIZE);
	}
	assert_near(sent_colour(rig), 0xdf1f7f);

	/* The next session begins with colours as they are. */
	rig->driver.stop_miracast_session(rig->context);
	sink_free(rig->sink);
	close(rig->fd);
	rig->sink = sink_new(&rig->fd);
	rig->device.sinks = 0;
	rig_play(rig);
	assert_near(sent_colour(rig), 0);
	rig_free(rig);
	g_free(color);
}

static void test_sink_leaves(void)
{
	WfdRig *rig = rig_new();
	struct miracast_display_frame_result result;

	rig_play(rig);
	sink_send(rig->sink, "TEARDOWN rtsp://x RTSP/1.0\r\nCSeq: 9\r\n\r\n");
	sink_expect(rig->sink, "CSeq: 9\r\n");
	wait_until(&rig->device, (guint *)&rig->device.status_reports, 1);
	g_assert_cmpint(rig->device.status, ==, MIRACAST_STATUS_SINK_DISCONNECT_REQUEST);
	g_assert_cmpstr(rig->device.reason, ==, "sink-teardown");
	g_assert_cmpuint(send_frame(rig, 1, 1, &result), ==, STATUS_SUCCESS);
	g_assert_cmpuint(result.outcome, ==, MIRACAST_DISPLAY_FRAME_NOT_STREAMING);
	send_power(rig, 0);
	rig_free(rig);
}

static void test_sink_closes_in_start(void)
{
	WfdRig *rig = rig_new();

	shutdown(rig->sink->fd, SHUT_RDWR);
	g_assert_cmpuint(rig_start(rig), ==, STATUS_CONNECTION_DISCONNECTED);
	g_assert_cmpstr(rig->device.reason, ==, "sink-closed");
	g_assert_cmpint(rig->device.status_reports, ==, 0);
	rig_free(rig);
}

static void test_sink_in_a_hurry(void)
{
	WfdRig *rig = rig_new();
	struct tcp_info info;
	socklen_t len = sizeof(info);
	GThread *thread = g_thread_new("sink", sink_until_m7_in_a_hurry, rig->sink);

	g_assert_cmpuint(rig_start(rig), ==, STATUS_SUCCESS);
	g_thread_join(thread);
	wait_until(&rig->device, &rig->device.sinks, 1);
	/* M1, M3 to M5 and three answers, each in a segment of its own for sinks that read once. */
	g_assert_cmpint(getsockopt(rig->fd, IPPROTO_TCP, TCP_INFO, &info, &len), ==, 0);
	g_assert_cmpuint(info.tcpi_data_segs_out, >=, 7);
	rig_free(rig);
}

/* It connects and is gone, with a reset, before anything was said. */
static void test_sink_resets_before_start(void)
{
	const struct linger linger = {.l_onoff = 1};
	WfdRig *rig = rig_new();
	struct pollfd pollfd = {.fd = rig->fd, .events = POLLIN};

	setsockopt(rig->sink->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(rig->sink->fd);
	rig->sink->fd = -1;
	g_assert_cmpint(poll(&pollfd, 1, GUARD / 1000), ==, 1);
	g_assert_cmpuint(rig_start(rig), ==, STATUS_CONNECTION_DISCONNECTED);
	g_assert_cmpstr(rig->device.reason, ==, "sink-closed");
	rig_free(rig);
}

static void test_garbage_in_start(void)
{
	WfdRig *rig = rig_new();

	sink_send(rig->sink, "SSH-2.0-OpenSSH_9.2\r\n");
	g_assert_cmpuint(rig_start(rig), ==, STATUS_UNSUCCESSFUL);
	g_assert_cmpstr(rig->device.reason, ==, "garbage");
	rig_free(rig);
}

static void test_options(void)
{
	static const struct {
		const char *key, *value;
	} bad[] = {
		{"mode", "big"},       {"mode", "1280x720@"}, {"mode", "1280x720@60Hz"},
		{"mode", "1280"},      {"bitrate", "99"},     {"bitrate", "50001"},
		{"bitrate", "2 Mbit"},
	};
	GThread *thread;
	WfdRig *rig;

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		rig = rig_new();
		g_hash_table_insert(rig->device.options, (char *)bad[i].key, (char *)bad[i].value);
		g_assert_cmpuint(rig_start(rig), ==, STATUS_INVALID_PARAMETER);
		g_assert_cmpstr(rig->device.reason, ==, "bad-option");
		rig_free(rig);
	}
	rig = rig_new();
	g_hash_table_insert(rig->device.options, "mode", "640x480@60");
	g_hash_table_insert(rig->device.options, "bitrate", "1500");
	rig_play(rig);
	g_assert_cmpstr(g_hash_table_lookup(rig->device.values, "bitrate-kbit"), ==, "1500");
	g_assert_cmpstr(g_hash_table_lookup(rig->device.values, "sink-name"), ==, "Kino");
	g_assert_cmpstr(g_hash_table_lookup(rig->device.values, "sink-model"), ==, "K1");
	g_assert_cmpstr(g_hash_table_lookup(rig->device.values, "sink-max-kbit"), ==, "2000");
	rig_free(rig);
	/* More than the sink takes is not sent, whoever wants it. */
	rig = rig_new();
	g_hash_table_insert(rig->device.options, "bitrate", "3000");
	rig_play(rig);
	g_assert_cmpstr(g_hash_table_lookup(rig->device.values, "bitrate-kbit"), ==, "2000");
	rig_free(rig);
	/* An encoder that is not there shows when the sink plays. */
	rig = rig_new();
	g_hash_table_insert(rig->device.options, "encoder", "nonesuch");
	thread = g_thread_new("sink", sink_until_m4, rig->sink);
	g_assert_cmpuint(rig_start(rig), ==, STATUS_SUCCESS);
	g_thread_join(thread);
	sink_play(rig->sink);
	wait_until(&rig->device, (guint *)&rig->device.status_reports, 1);
	g_assert_cmpstr(rig->device.reason, ==, "encoder-failed");
	rig_free(rig);
}

/* The first M4 asks for a mode that was not offered. */
static gpointer sink_refuse_m4_once(gpointer user_data)
{
	WfdTestSink *sink = user_data;

	sink_reach_m4(sink);
	sink_send(sink, "RTSP/1.0 303 See Other\r\nCSeq: %u\r\n\r\n", ++sink->cseq);
	sink_expect(sink, "mode=play\r\n");
	sink_answer(sink, "");
	return NULL;
}

static void test_unoffered_mode(void)
{
	static const struct {
		GThreadFunc sink;
		const char *mode, *note;
	} cases[] = {
		{sink_until_m4, "800x600@30", "it was asked for, and the sink does not offer it"},
		{sink_refuse_m4_once, "640x480@60",
		 "800x600@30 was asked for, which the sink does not offer and has refused"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		WfdRig *rig = rig_new();
		GThread *thread;

		g_hash_table_insert(rig->device.options, "mode", "800x600@30");
		thread = g_thread_new("sink", cases[i].sink, rig->sink);
		g_assert_cmpuint(rig_start(rig), ==, STATUS_SUCCESS);
		g_thread_join(thread);
		g_assert_cmpstr(g_hash_table_lookup(rig->device.values, "mode"), ==, cases[i].mode);
		g_assert_cmpstr(g_hash_table_lookup(rig->device.values, "mode-note"), ==,
				cases[i].note);
		rig->driver.stop_miracast_session(rig->context);
		rig_free(rig);
	}
}

static void test_slow_link(void)
{
	struct miracast_wfd_connection_stats stats = {.current_bit_rate = 500000};
	struct miracast_session_info info = {0};
	WfdRig *rig = rig_new();
	GThread *thread = g_thread_new("sink", sink_until_m4, rig->sink);

	g_assert_cmpuint(rig->driver.start_miracast_session(rig->context, rig->fd, &stats, &info),
			 ==, STATUS_DEVICE_INSUFFICIENT_RESOURCES);
	g_thread_join(thread);
	g_assert_cmpstr(rig->device.reason, ==, "link-too-slow");
	rig_free(rig);
}

/* What the sink says over the air that it takes, if that can be meant; by RTSP it says 2000. */
static void test_throughput(void)
{
	static const struct {
		guint64 said; /* bit/s */
		const char *kbit;
	} cases[] = {{0, "2000"}, {999000, "2000"}, {1000000, "1000"}, {40000000, "2000"}};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct miracast_wfd_connection_stats stats = {.remote_max_bit_rate = cases[i].said};
		struct miracast_session_info info = {0};
		WfdRig *rig = rig_new();
		GThread *thread = g_thread_new("sink", sink_until_m4, rig->sink);

		g_assert_cmpuint(rig->driver.start_miracast_session(rig->context, rig->fd, &stats,
								    &info),
				 ==, STATUS_SUCCESS);
		g_thread_join(thread);
		g_assert_cmpstr(g_hash_table_lookup(rig->device.values, "bitrate-kbit"), ==,
				cases[i].kbit);
		rig->driver.stop_miracast_session(rig->context);
		rig_free(rig);
	}
}

static gpointer many_messages(gpointer user_data)
{
	WfdRig *rig = user_data;

	for (guint i = 0; i < 40; i++) {
		struct miracast_display_frame_result result;
		struct miracast_display_framebuffer gone = {
			.header = {MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE, sizeof(gone)},
			.framebuffer_id = 10 + i % 3,
		};
		uint32_t returned;

		g_assert_cmpuint(send_frame(rig, i, 10 + i % 3, &result), ==, STATUS_SUCCESS);
		if (i % 5 == 0)
			rig->driver.handle_kernel_mode_message(rig->context, sizeof(gone), &gone, 0,
							       NULL, &returned);
		if (i % 10 == 0)
			send_power(rig, i % 20 == 0);
	}
	return NULL;
}

/* The handler is entered by several threads, with all kinds of messages. */
static void test_reentrant(void)
{
	WfdRig *rig = rig_new();
	GThread *threads[4];

	rig_play(rig);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("handler", many_messages, rig);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	rig_free(rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wfd/driver/interface", test_interface);
	g_test_add_func("/wfd/driver/session", test_session);
	g_test_add_func("/wfd/driver/skipping", test_skipping);
	g_test_add_func("/wfd/driver/air", test_air);
	g_test_add_func("/wfd/driver/damage", test_damage);
	g_test_add_func("/wfd/driver/again", test_again);
	g_test_add_func("/wfd/driver/bad-messages", test_bad_messages);
	g_test_add_func("/wfd/driver/framebuffer-gone", test_framebuffer_gone);
	g_test_add_func("/wfd/driver/power", test_power);
	g_test_add_func("/wfd/driver/sealed", test_sealed);
	g_test_add_func("/wfd/driver/edid-refused", test_edid_refused);
	g_test_add_func("/wfd/driver/display-refused", test_display_refused);
	g_test_add_func("/wfd/driver/input", test_input);
	g_test_add_func("/wfd/driver/edid-missing", test_edid_missing);
	g_test_add_func("/wfd/driver/sound-name", test_sound_name);
	g_test_add_func("/wfd/driver/cursor", test_cursor);
	g_test_add_func("/wfd/driver/color", test_color);
	g_test_add_func("/wfd/driver/flags-refused", test_flags_refused);
	g_test_add_func("/wfd/driver/sink-leaves", test_sink_leaves);
	g_test_add_func("/wfd/driver/sink-closes-in-start", test_sink_closes_in_start);
	g_test_add_func("/wfd/driver/sink-in-a-hurry", test_sink_in_a_hurry);
	g_test_add_func("/wfd/driver/sink-resets-before-start", test_sink_resets_before_start);
	g_test_add_func("/wfd/driver/garbage-in-start", test_garbage_in_start);
	g_test_add_func("/wfd/driver/options", test_options);
	g_test_add_func("/wfd/driver/unoffered-mode", test_unoffered_mode);
	g_test_add_func("/wfd/driver/slow-link", test_slow_link);
	g_test_add_func("/wfd/driver/throughput", test_throughput);
	g_test_add_func("/wfd/driver/reentrant", test_reentrant);
	return g_test_run();
}
