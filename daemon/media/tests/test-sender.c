// SPDX-License-Identifier: GPL-2.0-or-later
/* Datagrams over the loopback interface: in clear and sealed, all there and in their order. */
#include "media-packetizer.h"
#include "media-sender.h"
#include "rtp-pair.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define MARK 0x17

typedef struct {
	MediaSender *sender;
	int sink;
	struct sockaddr_in reports; /* where the sender hears of the sink */
	guint n_sealed;
	guint refuse; /* the number of the datagram that cannot be sealed */
	gboolean uneven; /* what is sealed has a length of its own */
} SenderRig;

/* What send() says to more than one datagram at once; 0: what it is. */
static int refuse_segments;

ssize_t __real_send(int fd, const void *data, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t size, int flags);

ssize_t __wrap_send(int fd, const void *data, size_t size, int flags)
{
	if (!refuse_segments || size <= MEDIA_DATAGRAM)
		return __real_send(fd, data, size, flags);
	errno = refuse_segments;
	return -1;
}

static void rig_init(SenderRig *rig)
{
	int rtp, rtcp, sink_rtcp;
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	*rig = (SenderRig){0};
	rtp_pair_open(&rtp, &rtcp);
	rtp_pair_open(&rig->sink, &sink_rtcp);
	close(sink_rtcp);
	g_assert_no_errno(getsockname(rig->sink, (struct sockaddr *)&address, &size));
	rtp_pair_connect(rtp, ntohs(address.sin_port));
	size = sizeof(rig->reports);
	g_assert_no_errno(getsockname(rtcp, (struct sockaddr *)&rig->reports, &size));
	rig->sender = media_sender_new(rtp, rtcp, NULL);
	g_assert_nonnull(rig->sender);
}

static void rig_clear(SenderRig *rig)
{
	media_sender_free(rig->sender);
	close(rig->sink);
}

/* A mark in front and a tail behind, as a record has them. */
static gsize seal(const guint8 *datagram, gsize size, guint8 *out, gsize out_size,
		  gpointer user_data)
{
	SenderRig *rig = user_data;
	gsize more = 36 + (rig->uneven ? rig->n_sealed % 3 : 0);

	g_assert_cmpuint(out_size, >=, size + MEDIA_SEAL_OVERHEAD);
	if (++rig->n_sealed == rig->refuse)
		return 0;
	out[0] = MARK;
	memcpy(out + 1, datagram, size);
	memset(out + 1 + size, 0xaa, more);
	return 1 + size + more;
}

/* One whose first bytes are its number. */
static guint receive(SenderRig *rig, gboolean sealed, gsize *size)
{
	struct pollfd pollfd = {.fd = rig->sink, .events = POLLIN};
	guint8 bytes[2 * MEDIA_DATAGRAM];
	ssize_t got;
	guint number;

	if (poll(&pollfd, 1, 200) <= 0)
		return G_MAXUINT;
	got = recv(rig->sink, bytes, sizeof(bytes), 0);
	g_assert_cmpint(got, >, 5);
	if (sealed)
		g_assert_cmpint(bytes[0], ==, MARK);
	memcpy(&number, bytes + sealed, sizeof(number));
	*size = got;
	return number;
}

/* So many are sent at once, the last of them shorter, and come. */
static void send_and_receive(SenderRig *rig, guint n, gsize last, gboolean sealed)
{
	g_autofree guint8 *datagrams = g_malloc0((n - 1) * MEDIA_DATAGRAM + last);
	guint missing = rig->refuse ? 1 : 0;
	guint number;
	gsize size;

	for (guint i = 0; i < n; i++)
		memcpy(datagrams + i * MEDIA_DATAGRAM, &i, sizeof(i));
	rig->n_sealed = 0;
	g_assert_cmpuint(media_sender_send(rig->sender, datagrams, (n - 1) * MEDIA_DATAGRAM + last),
			 ==, n - missing);
	for (guint i = 0; i < n; i++) {
		if (i + 1 == rig->refuse)
			continue;
		number = receive(rig, sealed, &size);
		g_assert_cmpuint(number, ==, i);
		if (!rig->uneven)
			g_assert_cmpuint(size, ==,
					 (i == n - 1 ? last : MEDIA_DATAGRAM) + (sealed ? 37 : 0));
	}
	number = receive(rig, sealed, &size);
	g_assert_cmpuint(number, ==, G_MAXUINT);
}

static void test_clear(void)
{
	SenderRig rig;

	rig_init(&rig);
	send_and_receive(&rig, 1, 200, FALSE);
	send_and_receive(&rig, 60, MEDIA_DATAGRAM, FALSE);
	send_and_receive(&rig, 3, 200, FALSE);
	rig_clear(&rig);
}

/* Devices that cut nothing, and paths that take only less, which get what the kernel makes smaller. */
static void test_cannot_cut(void)
{
	static const int refusals[] = {EIO, EINVAL, EMSGSIZE};

	for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
		SenderRig rig;

		rig_init(&rig);
		refuse_segments = refusals[i];
		send_and_receive(&rig, 60, 200, FALSE);
		refuse_segments = 0;
		rig_clear(&rig);
	}
}

static void test_sealed(void)
{
	SenderRig rig;

	rig_init(&rig);
	media_sender_set_seal(rig.sender, seal, &rig);
	send_and_receive(&rig, 1, 200, TRUE);
	send_and_receive(&rig, 60, MEDIA_DATAGRAM, TRUE);
	send_and_receive(&rig, 60, 200, TRUE);
	send_and_receive(&rig, 2, 200, TRUE);
	rig_clear(&rig);
}

static void test_not_sealed(void)
{
	static const guint numbers[] = {1, 2, 5, 50};

	for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
		SenderRig rig;

		rig_init(&rig);
		media_sender_set_seal(rig.sender, seal, &rig);
		rig.refuse = numbers[i];
		send_and_receive(&rig, 50, 300, TRUE);
		rig_clear(&rig);
	}
}

static void test_uneven(void)
{
	SenderRig rig;

	rig_init(&rig);
	media_sender_set_seal(rig.sender, seal, &rig);
	rig.uneven = TRUE;
	send_and_receive(&rig, 50, 300, TRUE);
	rig.refuse = 7;
	send_and_receive(&rig, 50, 300, TRUE);
	rig_clear(&rig);
}

/* Each once, in their order, and nothing where there is none. */
static void test_reports(void)
{
	const guint8 report[64] = {0x81, 201};
	guint8 bytes[1500];
	SenderRig rig;

	rig_init(&rig);
	g_assert_cmpuint(media_sender_receive_report(rig.sender, bytes, sizeof(bytes)), ==, 0);
	for (guint n = 1; n <= 3; n++)
		g_assert_cmpint(sendto(rig.sink, report, 8 * n, 0, (struct sockaddr *)&rig.reports,
				       sizeof(rig.reports)),
				==, 8 * n);
	for (guint n = 1; n <= 3; n++) {
		gsize size = media_sender_receive_report(rig.sender, bytes, sizeof(bytes));

		g_assert_cmpmem(bytes, size, report, 8 * n);
	}
	g_assert_cmpuint(media_sender_receive_report(rig.sender, bytes, sizeof(bytes)), ==, 0);
	rig_clear(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/media/sender/reports", test_reports);
	g_test_add_func("/media/sender/clear", test_clear);
	g_test_add_func("/media/sender/cannot-cut", test_cannot_cut);
	g_test_add_func("/media/sender/sealed", test_sealed);
	g_test_add_func("/media/sender/not-sealed", test_not_sealed);
	g_test_add_func("/media/sender/uneven", test_uneven);
	return g_test_run();
}
