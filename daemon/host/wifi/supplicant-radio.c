// SPDX-License-Identifier: GPL-2.0-or-later
#include "supplicant-radio.h"

#include "free-radio.h"
#include "radio.h"
#include "supplicant-bus.h"

/* Changes come in bursts, and some before their effect. */
#define LOOK_MS 200

struct _HostSupplicantRadio {
	GObject *owner;
	GDBusConnection *connection;
	const HostUses *uses;
	HostSupplicantRadioFunc changed;

	HostRadioWatch *radios;
	HostFreeRadio *free_radio;
	gboolean is_there;
	guint reading; /* the latest look at it; older answers do not count */
	guint look_source;
	gboolean has_wfd; /* was built with Wi-Fi Display */
	gboolean has_devices; /* has an interface, of whatever abilities */
	GPtrArray *devices; /* their names */
	char *p2p;
	char *interface;
	char *added; /* an interface that we had it add: it is removed with the last use */
	char *given; /* the radio of that */
	gboolean checking; /* whether somebody else manages it by now */
	gboolean choosing; /* a radio for that */
	gboolean none_free; /* the last time */
	gboolean all_in_use; /* then */
	gboolean adding;
	gboolean add_failed;
};

/*
 * A radio that it is given.
 */

static void look(HostSupplicantRadio *self);

static void on_interface_added(GObject *object, GAsyncResult *result, gpointer data)
{
	HostSupplicantRadio *self = data;
	g_autoptr(GObject) owner = self->owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = host_supplicant_bus_finish(object, result, &error);

	self->adding = FALSE;
	if (answer) {
		g_free(self->added);
		g_variant_get(answer, "(o)", &self->added);
	} else {
		self->add_failed = TRUE;
		g_debug("CreateInterface: %s", error->message);
	}
	look(self);
}

static void add_interface(HostSupplicantRadio *self, const char *name)
{
	GVariantBuilder options;

	self->adding = TRUE;
	g_free(self->given);
	self->given = g_strdup(name);
	g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&options, "{sv}", "Ifname", g_variant_new_string(name));
	g_variant_builder_add(&options, "{sv}", "Driver", g_variant_new_string("nl80211"));
	g_object_ref(self->owner);
	host_supplicant_bus_call(self->connection, HOST_SUPPLICANT_ROOT, HOST_SUPPLICANT_NAME,
				 "CreateInterface",
				 g_variant_new("(@a{sv})", g_variant_builder_end(&options)), "(o)",
				 on_interface_added, self);
}

/* What somebody else manages by now is not ours to remove. */
static void end_check(HostSupplicantRadio *self, gboolean is_free)
{
	g_autoptr(GObject) owner = self->owner;

	self->checking = FALSE;
	if (self->uses->list) {
		/* Of somebody who has come meanwhile. */
		host_supplicant_radio_look_soon(self);
		return;
	}
	if (self->added && is_free)
		host_supplicant_bus_call(self->connection, HOST_SUPPLICANT_ROOT,
					 HOST_SUPPLICANT_NAME, "RemoveInterface",
					 g_variant_new("(o)", self->added), NULL, NULL, NULL);
	g_clear_pointer(&self->added, g_free);
}

static void on_free_radio(const char *name, gpointer data)
{
	HostSupplicantRadio *self = data;

	if (self->checking) {
		end_check(self, name != NULL);
		return;
	}
	self->choosing = FALSE;
	self->none_free = !name;
	/* It may be wanted no more, or by a supplicant that has gone. */
	if (name && self->uses->list && self->is_there && !self->added)
		add_interface(self, name);
	self->changed(self->owner, FALSE);
}

/*
 * One that it does not have, to be had as ours. Where it has Wi-Fi Direct already, another radio would not
 * help: it does that with one radio only, whichever object it is asked at.
 */
static void choose_radio(HostSupplicantRadio *self)
{
	g_autoptr(GPtrArray) candidates = g_ptr_array_new();
	g_auto(GStrv) names = NULL;

	if (self->p2p || self->choosing || self->checking || self->adding || self->added ||
	    self->add_failed)
		return;
	names = host_radio_list();
	self->all_in_use = *names != NULL;
	for (char **name = names; *name; name++) {
		gboolean in_use = host_radio_is_in_use(*name);

		self->all_in_use &= in_use;
		if (!in_use && !host_radio_is_blocked(*name) &&
		    !g_ptr_array_find_with_equal_func(self->devices, *name, g_str_equal, NULL))
			g_ptr_array_add(candidates, *name);
	}
	g_ptr_array_add(candidates, NULL);
	self->choosing = TRUE;
	host_free_radio_find(self->free_radio, (const char *const *)candidates->pdata,
			     !self->has_devices);
}

void host_supplicant_radio_take_back(HostSupplicantRadio *self)
{
	if (!self->added || self->checking)
		return;
	self->checking = TRUE;
	g_object_ref(self->owner);
	host_free_radio_check(self->free_radio, self->given);
}

/*
 * What it has.
 */

static gboolean has_p2p(GVariantDict *properties)
{
	g_autoptr(GVariant) capabilities =
		g_variant_dict_lookup_value(properties, "Capabilities", G_VARIANT_TYPE_VARDICT);
	g_autofree const char **modes = NULL;

	return capabilities && g_variant_lookup(capabilities, "Modes", "^a&s", &modes) &&
	       g_strv_contains(modes, "p2p");
}

/* All was looked at. */
static void end_look(HostSupplicantRadio *self)
{
	if (self->uses->list)
		choose_radio(self);
	self->changed(self->owner, TRUE);
}

static void take_p2p(HostSupplicantRadio *self, const char *path, const char *interface)
{
	g_free(self->p2p);
	self->p2p = g_strdup(path);
	g_free(self->interface);
	self->interface = g_strdup(interface);
}

static void forget_p2p(HostSupplicantRadio *self)
{
	g_clear_pointer(&self->p2p, g_free);
	g_clear_pointer(&self->interface, g_free);
}

typedef struct {
	HostSupplicantRadio *self;
	guint reading;
	guint left;
	int best; /* place in the list of the one that was taken; -1: none */
} LookAll;

typedef struct {
	LookAll *all;
	char *path;
	int place;
} LookOne;

static void on_interface_read(GObject *object, GAsyncResult *result, gpointer data)
{
	LookOne *one = data;
	LookAll *all = one->all;
	HostSupplicantRadio *self = all->self;
	g_autoptr(GObject) owner = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = host_supplicant_bus_finish(object, result, &error);

	all->left--;
	if (answer && all->reading == self->reading) {
		g_autoptr(GVariant) properties = g_variant_get_child_value(answer, 0);
		g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(properties);
		const char *interface;

		if (g_variant_dict_lookup(&dict, "Ifname", "&s", &interface) &&
		    !g_str_has_prefix(interface, "p2p-")) {
			self->has_devices = TRUE;
			g_ptr_array_add(self->devices, g_strdup(interface));
			/* The newest comes first in the list, and the oldest does Wi-Fi Direct for all. */
			if (one->place > all->best && has_p2p(&dict)) {
				all->best = one->place;
				take_p2p(self, one->path, interface);
			}
		}
	}
	g_free(one->path);
	g_free(one);
	if (all->left)
		return;
	owner = self->owner;
	if (all->reading == self->reading) {
		if (all->best < 0)
			forget_p2p(self);
		end_look(self);
	}
	g_free(all);
}

static void on_root_read(GObject *object, GAsyncResult *result, gpointer data)
{
	LookAll *all = data;
	HostSupplicantRadio *self = all->self;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = host_supplicant_bus_finish(object, result, &error);
	g_autoptr(GVariant) properties = NULL;
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
	g_autofree const char **paths = NULL;
	g_autoptr(GVariant) elements = NULL;

	if (!answer || all->reading != self->reading) {
		g_object_unref(self->owner);
		g_free(all);
		return;
	}
	properties = g_variant_get_child_value(answer, 0);
	g_variant_dict_clear(&dict);
	g_variant_dict_init(&dict, properties);
	elements = g_variant_dict_lookup_value(&dict, "WFDIEs", G_VARIANT_TYPE_BYTESTRING);
	self->has_wfd = !!elements;
	self->has_devices = FALSE;
	g_ptr_array_set_size(self->devices, 0);
	g_variant_dict_lookup(&dict, "Interfaces", "^a&o", &paths);
	if (self->added && !(paths && g_strv_contains(paths, self->added))) {
		/* Somebody has removed it: the next use may have it added again. */
		g_clear_pointer(&self->added, g_free);
		self->add_failed = TRUE;
	}
	for (guint i = 0; paths && paths[i]; i++) {
		LookOne *one = g_new0(LookOne, 1);

		one->all = all;
		one->place = i;
		one->path = g_strdup(paths[i]);
		all->left++;
		host_supplicant_bus_get_all(self->connection, paths[i], HOST_SUPPLICANT_INTERFACE,
					    on_interface_read, one);
	}
	if (all->left)
		return;
	forget_p2p(self);
	end_look(self);
	g_object_unref(self->owner);
	g_free(all);
}

static void look(HostSupplicantRadio *self)
{
	LookAll *all = g_new0(LookAll, 1);

	g_object_ref(self->owner);
	all->self = self;
	all->best = -1;
	all->reading = ++self->reading;
	host_supplicant_bus_get_all(self->connection, HOST_SUPPLICANT_ROOT, HOST_SUPPLICANT_NAME,
				    on_root_read, all);
}

static gboolean on_look(gpointer data)
{
	HostSupplicantRadio *self = data;

	self->look_source = 0;
	if (self->is_there)
		look(self);
	else
		self->changed(self->owner, FALSE);
	return G_SOURCE_REMOVE;
}

void host_supplicant_radio_look_soon(HostSupplicantRadio *self)
{
	if (!self->look_source)
		self->look_source = g_timeout_add(LOOK_MS, on_look, self);
}

void host_supplicant_radio_look_again(HostSupplicantRadio *self)
{
	self->add_failed = FALSE;
	self->none_free = FALSE;
	self->all_in_use = FALSE;
	if (self->is_there)
		look(self);
}

void host_supplicant_radio_appear(HostSupplicantRadio *self)
{
	self->is_there = TRUE;
	look(self);
}

void host_supplicant_radio_vanish(HostSupplicantRadio *self)
{
	self->is_there = FALSE;
	self->reading++;
	self->has_devices = FALSE;
	forget_p2p(self);
	g_clear_pointer(&self->added, g_free);
}

gboolean host_supplicant_radio_is_there(HostSupplicantRadio *self)
{
	return self->is_there;
}

gboolean host_supplicant_radio_is_looking(HostSupplicantRadio *self)
{
	return self->choosing || self->checking || self->adding || self->look_source;
}

gboolean host_supplicant_radio_is_given(HostSupplicantRadio *self)
{
	return self->adding || self->added;
}

HostReason host_supplicant_radio_get_problem(HostSupplicantRadio *self, const char **detail)
{
	g_auto(GStrv) names = NULL;
	gboolean blocked = FALSE;

	*detail = NULL;
	if (self->interface) {
		blocked = host_radio_is_blocked(self->interface);
	} else {
		names = host_radio_list();
		if (!*names)
			return HOST_REASON_NO_WIFI_DEVICE;
		blocked = host_radio_is_blocked(*names);
	}
	if (blocked)
		return HOST_REASON_RADIO_BLOCKED;
	if (!self->is_there)
		return HOST_REASON_SUPPLICANT_AWAY;
	if (!self->has_wfd) {
		*detail = "wpa_supplicant was built without Wi-Fi Display";
		return HOST_REASON_NO_P2P;
	}
	if (!self->p2p && self->uses->list && self->all_in_use && !self->has_devices)
		return HOST_REASON_RADIO_TAKEN;
	/* Until somebody uses it, an interface that it may be given is not there. */
	if (!self->p2p &&
	    (self->has_devices || (self->uses->list && (self->none_free || self->add_failed))))
		return HOST_REASON_NO_P2P;
	return HOST_N_REASONS;
}

const char *host_supplicant_radio_get_p2p(HostSupplicantRadio *self)
{
	return self->p2p;
}

const char *host_supplicant_radio_get_interface(HostSupplicantRadio *self)
{
	return self->interface;
}

static void on_radios_changed(gpointer data)
{
	host_supplicant_radio_look_soon(data);
}

HostSupplicantRadio *host_supplicant_radio_new(GObject *owner, GDBusConnection *connection,
					       const HostUses *uses,
					       HostSupplicantRadioFunc changed)
{
	HostSupplicantRadio *self = g_new0(HostSupplicantRadio, 1);

	self->owner = owner;
	self->connection = g_object_ref(connection);
	self->uses = uses;
	self->changed = changed;
	self->devices = g_ptr_array_new_with_free_func(g_free);
	self->radios = host_radio_watch_new(on_radios_changed, self);
	self->free_radio = host_free_radio_new(connection, on_free_radio, self);
	return self;
}

void host_supplicant_radio_free(HostSupplicantRadio *self)
{
	g_clear_handle_id(&self->look_source, g_source_remove);
	host_radio_watch_free(self->radios);
	host_free_radio_free(self->free_radio);
	g_ptr_array_unref(self->devices);
	g_free(self->p2p);
	g_free(self->interface);
	g_free(self->added);
	g_free(self->given);
	g_object_unref(self->connection);
	g_free(self);
}
