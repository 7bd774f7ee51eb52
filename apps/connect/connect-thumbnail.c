// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect-thumbnail.h"

#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>
#include <stdbool.h>
#include <unistd.h>

#define WIDTH 320 /* most, pixels */
#define BYTES 3 /* of a pixel */

struct _ConnectThumbnail {
	AdwBin parent_instance;

	GtkWidget *clamp; /* around the picture */
	GtkPicture *picture;
	GCancellable *asking; /* NULL: no answer is awaited */
	char *refused_by; /* the session that gives none, or NULL */
	bool is_drawn; /* what was shown last, or nothing is shown */
};

G_DEFINE_FINAL_TYPE(ConnectThumbnail, connect_thumbnail, ADW_TYPE_BIN)

static void show(ConnectThumbnail *self, GdkTexture *texture)
{
	self->is_drawn = !texture;
	/* By itself it would shrink to nothing. */
	if (texture)
		gtk_widget_set_size_request(GTK_WIDGET(self->picture), -1,
					    MIN(gdk_texture_get_height(texture) * (gint64)WIDTH /
							gdk_texture_get_width(texture),
						WIDTH));
	gtk_picture_set_paintable(self->picture, GDK_PAINTABLE(texture));
	gtk_widget_set_visible(self->clamp, texture != NULL);
}

/* Of the file that an answer has; NULL if it is not what was promised. */
static GdkTexture *make_texture(GUnixFDList *files, gint32 handle, guint width, guint height)
{
	g_autoptr(GMappedFile) map = NULL;
	g_autoptr(GBytes) pixels = NULL;
	int file = files && handle >= 0 && handle < g_unix_fd_list_get_length(files)
			   ? g_unix_fd_list_get(files, handle, NULL)
			   : -1;

	if (file < 0)
		return NULL;
	map = g_mapped_file_new_from_fd(file, FALSE, NULL);
	close(file);
	if (!map || !width || !height || width > G_MAXINT || height > G_MAXINT ||
	    g_mapped_file_get_length(map) / BYTES / width < height)
		return NULL;
	pixels = g_mapped_file_get_bytes(map);
	return gdk_memory_texture_new(width, height, GDK_MEMORY_R8G8B8, pixels,
				      (gsize)width * BYTES);
}

/* There may be one in a second, unless it is not for this person to see, or the service knows of none. */
static bool is_for_now(const GError *error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);

	return !g_strcmp0(name, "io.github.linux_miracast.Error.NotAvailable");
}

static void on_picture(GObject *proxy, GAsyncResult *result, gpointer data)
{
	g_autoptr(GUnixFDList) files = NULL;
	g_autoptr(GVariant) picture = NULL;
	g_autoptr(GdkTexture) texture = NULL;
	g_autoptr(GError) error = NULL;
	ConnectThumbnail *self = data;
	guint width, height;

	if (bus_session1_call_get_picture_finish(BUS_SESSION1(proxy), &picture, &width, &height,
						 &files, result, &error)) {
		texture = make_texture(files, g_variant_get_handle(picture), width, height);
	} else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
		return;
	} else if (!is_for_now(error)) {
		g_free(self->refused_by);
		self->refused_by = g_strdup(g_dbus_proxy_get_object_path(G_DBUS_PROXY(proxy)));
	}
	g_clear_object(&self->asking);
	show(self, texture);
}

void connect_thumbnail_update(ConnectThumbnail *self, BusSession1 *session)
{
	guint width = WIDTH * gtk_widget_get_scale_factor(GTK_WIDGET(self));

	if (self->asking || !self->is_drawn ||
	    !g_strcmp0(self->refused_by, g_dbus_proxy_get_object_path(G_DBUS_PROXY(session))))
		return;
	self->asking = g_cancellable_new();
	bus_session1_call_get_picture(session, width, NULL, self->asking, on_picture, self);
}

void connect_thumbnail_clear(ConnectThumbnail *self)
{
	if (self->asking)
		g_cancellable_cancel(self->asking);
	g_clear_object(&self->asking);
	g_clear_pointer(&self->refused_by, g_free);
	show(self, NULL);
}

static void connect_thumbnail_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
	CONNECT_THUMBNAIL(widget)->is_drawn = true;
	GTK_WIDGET_CLASS(connect_thumbnail_parent_class)->snapshot(widget, snapshot);
}

static void connect_thumbnail_dispose(GObject *object)
{
	ConnectThumbnail *self = CONNECT_THUMBNAIL(object);

	if (self->asking)
		g_cancellable_cancel(self->asking);
	g_clear_object(&self->asking);
	G_OBJECT_CLASS(connect_thumbnail_parent_class)->dispose(object);
}

static void connect_thumbnail_finalize(GObject *object)
{
	g_free(CONNECT_THUMBNAIL(object)->refused_by);
	G_OBJECT_CLASS(connect_thumbnail_parent_class)->finalize(object);
}

static void connect_thumbnail_class_init(ConnectThumbnailClass *class)
{
	G_OBJECT_CLASS(class)->dispose = connect_thumbnail_dispose;
	G_OBJECT_CLASS(class)->finalize = connect_thumbnail_finalize;
	GTK_WIDGET_CLASS(class)->snapshot = connect_thumbnail_snapshot;
}

static void connect_thumbnail_init(ConnectThumbnail *self)
{
	GtkWidget *picture = gtk_picture_new();

	self->picture = GTK_PICTURE(picture);
	gtk_accessible_update_property(GTK_ACCESSIBLE(picture), GTK_ACCESSIBLE_PROPERTY_LABEL,
				       _("The picture that is being sent"), -1);
	gtk_widget_add_css_class(picture, "card");
	gtk_widget_set_overflow(picture, GTK_OVERFLOW_HIDDEN);
	self->clamp = adw_clamp_new();
	adw_clamp_set_maximum_size(ADW_CLAMP(self->clamp), WIDTH);
	adw_clamp_set_child(ADW_CLAMP(self->clamp), picture);
	adw_bin_set_child(ADW_BIN(self), self->clamp);
	show(self, NULL);
}
