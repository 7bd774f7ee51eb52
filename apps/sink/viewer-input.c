// SPDX-License-Identifier: GPL-2.0-or-later
#include "viewer-input.h"

#include <math.h>
#include <stdbool.h>

struct _ViewerInput {
	GtkPicture *picture;
	ViewerSink *sink;
	bool is_enabled;
	bool is_down; /* the button */
	double scrolled; /* notches that were not sent yet */
	GHashTable *pressed; /* hardware's keycode to the character that was sent */
};

G_GNUC_PRINTF(2, 3)
static void tell(ViewerInput *self, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	viewer_sink_do(self->sink, text);
}

/*
 * Where that is in the picture, which is as large as it can be in the middle of its widget; the nearest
 * place, and FALSE, if it is beside it.
 */
static bool find_place(ViewerInput *self, double x, double y, int *picture_x, int *picture_y)
{
	GdkPaintable *paintable = gtk_picture_get_paintable(self->picture);
	double width = gtk_widget_get_width(GTK_WIDGET(self->picture));
	double height = gtk_widget_get_height(GTK_WIDGET(self->picture));
	int w = paintable ? gdk_paintable_get_intrinsic_width(paintable) : 0;
	int h = paintable ? gdk_paintable_get_intrinsic_height(paintable) : 0;
	double scale;
	bool is_inside;

	if (!self->is_enabled || w < 1 || h < 1 || width < 1 || height < 1)
		return false;
	scale = MIN(width / w, height / h);
	*picture_x = floor((x - (width - w * scale) / 2) / scale);
	*picture_y = floor((y - (height - h * scale) / 2) / scale);
	is_inside = *picture_x >= 0 && *picture_x < w && *picture_y >= 0 && *picture_y < h;
	*picture_x = CLAMP(*picture_x, 0, w - 1);
	*picture_y = CLAMP(*picture_y, 0, h - 1);
	return is_inside;
}

static void on_motion(GtkEventController *controller, double x, double y, ViewerInput *self)
{
	int px, py;

	if (find_place(self, x, y, &px, &py))
		tell(self, "move 0 %d %d", px, py);
}

static void on_pressed(GtkGestureClick *gesture, int n, double x, double y, ViewerInput *self)
{
	int px, py;

	gtk_widget_grab_focus(GTK_WIDGET(self->picture));
	if (!find_place(self, x, y, &px, &py))
		return;
	tell(self, "down 0 %d %d", px, py);
	self->is_down = true;
}

/* Outside of the picture, too: what is down goes up. */
static void on_released(GtkGestureClick *gesture, int n, double x, double y, ViewerInput *self)
{
	int px = 0, py = 0;

	find_place(self, x, y, &px, &py);
	if (self->is_down)
		tell(self, "up 0 %d %d", px, py);
	self->is_down = false;
}

static gboolean on_scroll(GtkEventController *controller, double dx, double dy, ViewerInput *self)
{
	int notches;

	if (!self->is_enabled)
		return GDK_EVENT_PROPAGATE;
	self->scrolled -= dy; /* up is positive */
	notches = trunc(self->scrolled);
	self->scrolled -= notches;
	if (notches)
		tell(self, "scroll %d", notches);
	return GDK_EVENT_STOP;
}

/* The ASCII that generic input has; 0: none. */
static guint to_character(guint key)
{
	guint character = gdk_keyval_to_unicode(key);

	switch (key) {
	case GDK_KEY_Return:
	case GDK_KEY_KP_Enter: return '\r';
	case GDK_KEY_BackSpace: return '\b';
	case GDK_KEY_Tab:
	case GDK_KEY_ISO_Left_Tab: return '\t';
	case GDK_KEY_Escape: return 27;
	case GDK_KEY_Delete: return 127;
	default: return character >= ' ' && character < 127 ? character : 0;
	}
}

static gboolean on_key(GtkEventController *controller, guint key, guint code, GdkModifierType state,
		       ViewerInput *self)
{
	guint character = to_character(key);

	/* The window's own. */
	if (!self->is_enabled || !character || state & (GDK_CONTROL_MASK | GDK_ALT_MASK))
		return GDK_EVENT_PROPAGATE;
	g_hash_table_insert(self->pressed, GUINT_TO_POINTER(code), GUINT_TO_POINTER(character));
	tell(self, "key-down %#x", character);
	return GDK_EVENT_STOP;
}

static void on_key_released(GtkEventController *controller, guint key, guint code,
			    GdkModifierType state, ViewerInput *self)
{
	gpointer character;

	/* With Shift let go of in between it would be another character. */
	if (g_hash_table_steal_extended(self->pressed, GUINT_TO_POINTER(code), NULL, &character))
		tell(self, "key-up %#x", GPOINTER_TO_UINT(character));
}

static void let_go(ViewerInput *self)
{
	GHashTableIter iter;
	gpointer character;

	g_hash_table_iter_init(&iter, self->pressed);
	while (g_hash_table_iter_next(&iter, NULL, &character)) {
		tell(self, "key-up %#x", GPOINTER_TO_UINT(character));
		g_hash_table_iter_remove(&iter);
	}
}

void viewer_input_set_enabled(ViewerInput *self, gboolean enabled)
{
	let_go(self);
	self->is_enabled = enabled;
	self->is_down = false;
	self->scrolled = 0;
}

gboolean viewer_input_get_enabled(ViewerInput *self)
{
	return self->is_enabled;
}

ViewerInput *viewer_input_new(GtkPicture *picture, ViewerSink *sink)
{
	ViewerInput *self = g_new0(ViewerInput, 1);
	GtkWidget *widget = GTK_WIDGET(picture);
	GtkEventController *motion = gtk_event_controller_motion_new();
	GtkEventController *scroll =
		gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
	GtkEventController *keys = gtk_event_controller_key_new();
	GtkEventController *focus = gtk_event_controller_focus_new();
	GtkGesture *click = gtk_gesture_click_new();

	self->picture = picture;
	self->sink = g_object_ref(sink);
	self->pressed = g_hash_table_new(NULL, NULL);
	gtk_widget_set_focusable(widget, TRUE);
	g_signal_connect(motion, "motion", G_CALLBACK(on_motion), self);
	g_signal_connect(click, "pressed", G_CALLBACK(on_pressed), self);
	g_signal_connect(click, "released", G_CALLBACK(on_released), self);
	g_signal_connect(scroll, "scroll", G_CALLBACK(on_scroll), self);
	g_signal_connect(keys, "key-pressed", G_CALLBACK(on_key), self);
	g_signal_connect(keys, "key-released", G_CALLBACK(on_key_released), self);
	g_signal_connect_swapped(focus, "leave", G_CALLBACK(let_go), self);
	gtk_widget_add_controller(widget, motion);
	gtk_widget_add_controller(widget, scroll);
	gtk_widget_add_controller(widget, keys);
	gtk_widget_add_controller(widget, focus);
	gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(click));
	return self;
}

void viewer_input_free(ViewerInput *self)
{
	g_hash_table_unref(self->pressed);
	g_object_unref(self->sink);
	g_free(self);
}
