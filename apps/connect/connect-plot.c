// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect-plot.h"

#define N_VALUES 120
#define HEIGHT	 48

struct _ConnectPlot {
	GtkWidget parent_instance;

	GtkWidget *title, *value, *area;
	double values[N_VALUES]; /* the oldest first */
	guint n_values;
};

G_DEFINE_FINAL_TYPE(ConnectPlot, connect_plot, GTK_TYPE_WIDGET)

enum {
	PROP_TITLE = 1
};

static double find_most(ConnectPlot *self)
{
	double most = 0;

	for (guint i = 0; i < self->n_values; i++)
		most = MAX(most, self->values[i]);
	return most;
}

static void draw(GtkDrawingArea *area, cairo_t *cairo, int width, int height, gpointer data)
{
	ConnectPlot *self = data;
	double most = find_most(self), step = (double)width / (N_VALUES - 1);
	double x = width - (self->n_values - 1) * step;
	GdkRGBA colour;

	gtk_style_context_get_color(gtk_widget_get_style_context(GTK_WIDGET(area)), &colour);
	cairo_set_source_rgba(cairo, colour.red, colour.green, colour.blue, 0.25);
	cairo_rectangle(cairo, 0, height - 1, width, 1);
	cairo_fill(cairo);
	if (!self->n_values)
		return;
	/* The newest at the right; the line keeps its width within the widget. */
	for (guint i = 0; i < self->n_values; i++)
		cairo_line_to(cairo, x + i * step,
			      height - 1 - (most > 0 ? self->values[i] / most * (height - 3) : 0));
	gdk_cairo_set_source_rgba(cairo, &colour);
	cairo_set_line_width(cairo, 2);
	cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
	cairo_stroke_preserve(cairo);
	cairo_line_to(cairo, width, height);
	cairo_line_to(cairo, x, height);
	cairo_set_source_rgba(cairo, colour.red, colour.green, colour.blue, 0.15);
	cairo_fill(cairo);
}

static void show(ConnectPlot *self, const char *text)
{
	g_autofree char *label =
		g_strdup_printf("%s: %s", gtk_label_get_text(GTK_LABEL(self->title)), text);

	gtk_label_set_text(GTK_LABEL(self->value), text);
	gtk_accessible_update_property(GTK_ACCESSIBLE(self->area), GTK_ACCESSIBLE_PROPERTY_LABEL,
				       label, -1);
	gtk_widget_queue_draw(self->area);
}

void connect_plot_add(ConnectPlot *self, double value, const char *text)
{
	if (self->n_values == N_VALUES)
		memmove(self->values, self->values + 1, --self->n_values * sizeof(*self->values));
	self->values[self->n_values++] = value;
	show(self, text);
}

void connect_plot_clear(ConnectPlot *self)
{
	self->n_values = 0;
	show(self, "–");
}

static void connect_plot_init(ConnectPlot *self)
{
	GtkWidget *head = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);

	self->title = gtk_label_new(NULL);
	gtk_label_set_xalign(GTK_LABEL(self->title), 0);
	gtk_label_set_wrap(GTK_LABEL(self->title), TRUE);
	gtk_widget_set_hexpand(self->title, TRUE);
	self->value = gtk_label_new(NULL);
	gtk_widget_add_css_class(self->value, "numeric");
	gtk_widget_add_css_class(self->value, "dim-label");
	gtk_box_append(GTK_BOX(head), self->title);
	gtk_box_append(GTK_BOX(head), self->value);
	self->area = g_object_new(GTK_TYPE_DRAWING_AREA, "accessible-role", GTK_ACCESSIBLE_ROLE_IMG,
				  "content-height", HEIGHT, NULL);
	gtk_widget_add_css_class(self->area, "accent");
	gtk_drawing_area_set_draw_func(GTK_DRAWING_AREA(self->area), draw, self, NULL);
	gtk_widget_set_parent(head, GTK_WIDGET(self));
	gtk_widget_set_parent(self->area, GTK_WIDGET(self));
	gtk_orientable_set_orientation(
		GTK_ORIENTABLE(gtk_widget_get_layout_manager(GTK_WIDGET(self))),
		GTK_ORIENTATION_VERTICAL);
}

static void connect_plot_set_property(GObject *object, guint id, const GValue *value,
				      GParamSpec *spec)
{
	ConnectPlot *self = CONNECT_PLOT(object);

	gtk_label_set_text(GTK_LABEL(self->title), g_value_get_string(value));
	connect_plot_clear(self);
}

static void connect_plot_dispose(GObject *object)
{
	GtkWidget *child;

	while ((child = gtk_widget_get_first_child(GTK_WIDGET(object))))
		gtk_widget_unparent(child);
	G_OBJECT_CLASS(connect_plot_parent_class)->dispose(object);
}

static void connect_plot_class_init(ConnectPlotClass *class)
{
	G_OBJECT_CLASS(class)->set_property = connect_plot_set_property;
	G_OBJECT_CLASS(class)->dispose = connect_plot_dispose;
	gtk_widget_class_set_layout_manager_type(GTK_WIDGET_CLASS(class), GTK_TYPE_BOX_LAYOUT);
	g_object_class_install_property(G_OBJECT_CLASS(class), PROP_TITLE,
					g_param_spec_string("title", NULL, NULL, "",
							    G_PARAM_WRITABLE |
								    G_PARAM_STATIC_STRINGS));
}
