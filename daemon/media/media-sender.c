// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-sender.h"

#include "media-packetizer.h"

#include <errno.h>
#include <gio/gio.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DSCP		   40 /* CS5: video, where Wi-Fi has queues of different haste (RFC 8325) */
#define TOS		   (DSCP << 2)
#define UDP_MOST	   65507 /* bytes that one call can send */
#define CONGESTION_WAIT_MS 100

struct _MediaSender {
	int rtp;
	int rtcp;
	guint16 port;
	gsize segment; /* bytes that the kernel cuts after; 0: it cuts nothing */
	gboolean cannot_cut; /* this kernel, or this network device */
	gboolean congested; /* the socket's buffer did not empty in time */
	guint lowest, latest; /* see media_sender_take_queue() */
	MediaSeal seal; /* NULL: what is sent is as the packetiser made it */
	gpointer seal_data;
};

/* The kernel cuts what one call sends into datagrams, where it can. */
static void set_segment(MediaSender *s, gsize segment)
{
	int size = s->cannot_cut ? 0 : segment;

	if (s->segment == (gsize)size)
		return;
	if (setsockopt(s->rtp, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size))) {
		s->cannot_cut = TRUE;
		size = 0;
	}
	s->segment = size;
}

/**
 * media_sender_new() - takes the sockets of a stream
 * @rtp: of datagrams, bound; connected to the sink before media_sender_send()
 * @rtcp: bound to the port above, and connected as well
 * @error: G_IO_ERROR
 *
 * Both are the sender's from now on, also if this fails.
 */
MediaSender *media_sender_new(int rtp, int rtcp, GError **error)
{
	g_autoptr(MediaSender) s = g_new0(MediaSender, 1);
	struct sockaddr_in6 address = {};
	socklen_t size = sizeof(address);
	int tos = TOS;

	s->rtp = rtp;
	s->rtcp = rtcp;
	s->lowest = G_MAXUINT;
	if (getsockname(rtp, (struct sockaddr *)&address, &size) < 0) {
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
			    "no socket for the stream: %s", g_strerror(errno));
		return NULL;
	}
	/* At the same place in an address of IPv4. */
	s->port = ntohs(address.sin6_port);
	/* A link that cannot tell them apart carries the packets all the same. */
	if (address.sin6_family == AF_INET6)
		setsockopt(rtp, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
	else
		setsockopt(rtp, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	return g_steal_pointer(&s);
}

void media_sender_free(MediaSender *s)
{
	close(s->rtp);
	close(s->rtcp);
	g_free(s);
}

/* Before the first media_sender_send(). */
void media_sender_set_seal(MediaSender *s, MediaSeal seal, gpointer user_data)
{
	s->seal = seal;
	s->seal_data = user_data;
}

/* Of RTP; RTCP's is the one above. */
guint16 media_sender_port(const MediaSender *s)
{
	return s->port;
}

/* A report that is lost is followed by the next. */
void media_sender_send_report(MediaSender *s, const guint8 *report, gsize size)
{
	if (send(s->rtcp, report, size, MSG_DONTWAIT) < 0)
		g_debug("a report was not sent: %s", g_strerror(errno));
}

/* Return: bytes of a datagram of the sink's; 0: none is there. */
gsize media_sender_receive_report(MediaSender *s, guint8 *report, gsize size)
{
	gssize received = recv(s->rtcp, report, size, MSG_DONTWAIT);

	return MAX(received, 0);
}

/* A keyframe may be larger than the socket's buffer: it is sent while the buffer empties. */
static gboolean wait_for_room(MediaSender *s)
{
	struct pollfd pollfd = {.fd = s->rtp, .events = POLLOUT};

	if (!s->congested)
		s->congested = poll(&pollfd, 1, CONGESTION_WAIT_MS) <= 0;
	return !s->congested;
}

/* @datagrams: one behind the other, all of @each bytes but the last. How many the network took. */
static guint transmit(MediaSender *s, const guint8 *datagrams, gsize size, gsize each)
{
	gboolean again = FALSE;
	guint taken = 0;

	set_segment(s, each);
	while (size) {
		gsize part = MIN(size, s->segment ? UDP_MOST / each * each : each);
		gboolean sent = send(s->rtp, datagrams, part, MSG_DONTWAIT) >= 0;

		if (sent) {
			s->congested = FALSE;
			taken += (part + each - 1) / each;
		} else if (errno == EAGAIN) {
			if (!wait_for_room(s))
				break;
			continue;
		} else if (errno == EINTR) {
			continue;
		} else if (s->segment && (errno == EIO || errno == EINVAL || errno == EMSGSIZE)) {
			/* This network device cannot, or the path takes only less. */
			s->cannot_cut = TRUE;
			set_segment(s, 0);
			continue;
		} else if (!again) {
			/* In general the error is of an earlier datagram: the sink's port is closed. */
			again = TRUE;
			continue;
		}
		again = FALSE;
		datagrams += part;
		size -= part;
	}
	return taken;
}

/* The same, each sealed; what cannot be is not sent. Those of one size go together. */
static guint transmit_sealed(MediaSender *s, const guint8 *datagrams, gsize size)
{
	guint8 sealed[UDP_MOST];
	gsize filled = 0, each = 0;
	guint taken = 0;

	while (size) {
		gsize part = MIN(size, MEDIA_DATAGRAM);
		gsize result;

		if (filled + MEDIA_DATAGRAM + MEDIA_SEAL_OVERHEAD > sizeof(sealed)) {
			taken += transmit(s, sealed, filled, each);
			filled = 0;
		}
		result = s->seal(datagrams, part, sealed + filled, sizeof(sealed) - filled,
				 s->seal_data);
		if (filled && result > each) {
			taken += transmit(s, sealed, filled, each);
			memmove(sealed, sealed + filled, result);
			filled = 0;
		}
		if (!filled)
			each = result;
		filled += result;
		if (filled && result < each) {
			taken += transmit(s, sealed, filled, each);
			filled = 0;
		}
		datagrams += part;
		size -= part;
	}
	return filled ? taken + transmit(s, sealed, filled, each) : taken;
}

/* What has not left yet: with the network's queue, or a radio's. */
static void look_at_queue(MediaSender *s)
{
	guint32 memory[SK_MEMINFO_VARS] = {0};
	socklen_t size = sizeof(memory);

	if (getsockopt(s->rtp, SOL_SOCKET, SO_MEMINFO, memory, &size))
		return;
	s->latest = memory[SK_MEMINFO_WMEM_ALLOC];
	s->lowest = MIN(s->lowest, s->latest);
}

/**
 * media_sender_take_queue() - what waited in this machine before something was sent
 * @s: the sender
 * @lowest: the least since this was called before; 0: nothing waited once, or nothing was sent. Bytes
 * of memory, which is more than those of the packets
 * @latest: the last
 */
void media_sender_take_queue(MediaSender *s, guint *lowest, guint *latest)
{
	*latest = s->latest;
	*lowest = s->lowest == G_MAXUINT ? 0 : s->lowest;
	s->lowest = G_MAXUINT;
}

/**
 * media_sender_send() - sends what a packetiser made, at once
 * @s: the sender
 * @datagrams: one behind the other, all of MEDIA_DATAGRAM bytes but the last
 * @size: of all, bytes
 *
 * A network that takes nothing for CONGESTION_WAIT_MS loses what is sent until it does: nothing
 * waits for it twice.
 *
 * Return: how many datagrams the network took.
 */
guint media_sender_send(MediaSender *s, const guint8 *datagrams, gsize size)
{
	look_at_queue(s);
	return s->seal ? transmit_sealed(s, datagrams, size)
		       : transmit(s, datagrams, size, MEDIA_DATAGRAM);
}
