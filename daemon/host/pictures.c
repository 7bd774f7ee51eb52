// SPDX-License-Identifier: GPL-2.0-or-later
#include "pictures.h"

#include "root.h"

#include <gio/gunixfdlist.h>
#include <stdbool.h>

/* Making one takes the time of several pictures that are sent. */
#define INTERVAL    (G_USEC_PER_SEC)
#define MAX_WAITING 8

typedef struct {
	GDBusMethodInvocation *invocation; /* NULL: answered */
	guint max_width;
} PicturesRequest;

struct _HostPictures {
	BusSession1 *bus;
	HostProcess *process; /* NULL: nothing is sent */
	GQueue waiting; /* PicturesRequest, the oldest first */
	bool asking; /* the process */
	bool freed; /* once it has answered, this goes */
	gint64 asked_at; /* monotonic us; 0: never */
	guint turn_source;
};

static void refuse(PicturesRequest *request, const char *message)
{
	g_dbus_method_invocation_return_dbus_error(g_steal_pointer(&request->invocation),
						   HOST_BUS_ERROR "NotAvailable", message);
	g_free(request);
}

static void refuse_all(HostPictures *self)
{
	PicturesRequest *request;

	g_clear_handle_id(&self->turn_source, g_source_remove);
	while ((request = g_queue_pop_head(&self->waiting)))
		refuse(request, "no picture is being sent");
}

typedef struct {
	HostPictures *pictures;
	PicturesRequest *request;
} PicturesTurn;

static void next_turn(HostPictures *self);

static void answer(HostPictures *self, PicturesRequest *request, int file, guint width,
		   guint height)
{
	g_autoptr(GUnixFDList) files = g_unix_fd_list_new_from_array(&file, 1);

	bus_session1_complete_get_picture(self->bus, g_steal_pointer(&request->invocation), files,
					  g_variant_new_handle(0), width, height);
	g_free(request);
}

static void on_picture(GObject *process, GAsyncResult *result, gpointer data)
{
	g_autofree PicturesTurn *turn = data;
	HostPictures *self = turn->pictures;
	g_autoptr(GError) error = NULL;
	guint width, height;
	int file = host_process_take_picture_finish(HOST_PROCESS(process), result, &width, &height,
						    &error);

	if (file >= 0)
		answer(self, turn->request, file, width, height);
	else
		refuse(turn->request, error->message);
	self->asking = false;
	if (self->freed)
		host_pictures_free(self);
	else
		next_turn(self);
}

static void ask(HostPictures *self)
{
	PicturesTurn *turn = g_new(PicturesTurn, 1);

	turn->pictures = self;
	turn->request = g_queue_pop_head(&self->waiting);
	self->asking = true;
	self->asked_at = g_get_monotonic_time();
	host_process_take_picture_async(self->process, turn->request->max_width, on_picture, turn);
}

static gboolean on_turn(gpointer data)
{
	HostPictures *self = data;

	self->turn_source = 0;
	ask(self);
	return G_SOURCE_REMOVE;
}

static void next_turn(HostPictures *self)
{
	gint64 wait;

	if (self->asking || self->turn_source || !self->waiting.length)
		return;
	wait = self->asked_at ? self->asked_at + INTERVAL - g_get_monotonic_time() : 0;
	if (wait > 0)
		self->turn_source = g_timeout_add((wait + 999) / 1000, on_turn, self);
	else
		ask(self);
}

void host_pictures_ask(HostPictures *self, GDBusMethodInvocation *invocation, guint max_width)
{
	PicturesRequest *request = g_new(PicturesRequest, 1);

	*request = (PicturesRequest){invocation, max_width};
	if (!self->process) {
		refuse(request, "no picture is being sent");
		return;
	}
	if (self->waiting.length >= MAX_WAITING) {
		refuse(request, "too many wait for a picture of this session");
		return;
	}
	g_queue_push_tail(&self->waiting, request);
	next_turn(self);
}

void host_pictures_set_process(HostPictures *self, HostProcess *process)
{
	g_set_object(&self->process, process);
	if (!process)
		refuse_all(self);
}

HostPictures *host_pictures_new(BusSession1 *bus)
{
	HostPictures *self = g_new0(HostPictures, 1);

	self->bus = g_object_ref(bus);
	return self;
}

void host_pictures_free(HostPictures *self)
{
	host_pictures_set_process(self, NULL);
	self->freed = true;
	if (self->asking)
		return;
	g_object_unref(self->bus);
	g_free(self);
}
