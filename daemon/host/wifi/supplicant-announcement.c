// SPDX-License-Identifier: GPL-2.0-or-later
#include "supplicant-announcement.h"

#include "device-name.h"
#include "supplicant-bus.h"
#include "wfd-ie.h"

/* A desktop computer, if nothing else was said (WSC: category 1). */
static const guint8 computer_type[] = {0, 1, 0x00, 0x50, 0xf2, 0x04, 0, 1};

struct _HostSupplicantAnnouncement {
	GObject *owner;
	GDBusConnection *connection;
	HostSupplicantRadio *radio;
	HostUses *uses;
	void (*said)(GObject *owner);

	gboolean announcing; /* calls are under way */
	gboolean announced; /* what is said over the air is ours */
	guint16 port; /* of that */
	char *sayer; /* the radio when that was set: another one says nothing until it is set once more */
	GVariant *ours; /* what was set */
	GVariant *before; /* what others had set */
	gboolean named; /* the device's name and type are ours */
	GVariant *config_before; /* a{sv}: what they were */
};

static const char *get_p2p(HostSupplicantAnnouncement *self)
{
	return host_supplicant_radio_get_p2p(self->radio);
}

/* Keeps the owner until the answer, as each call with a callback does. */
static void get_elements(HostSupplicantAnnouncement *self, GAsyncReadyCallback callback)
{
	g_object_ref(self->owner);
	host_supplicant_bus_get(self->connection, HOST_SUPPLICANT_ROOT, HOST_SUPPLICANT_NAME,
				"WFDIEs", callback, self);
}

static void fail_announcing(HostSupplicantAnnouncement *self, const GError *error)
{
	self->announcing = FALSE;
	host_uses_fail(self->uses, HOST_REASON_SUPPLICANT_REFUSED, error->message);
	if (!self->uses->list)
		host_supplicant_announcement_settle(self);
}

static void on_named(GObject *object, GAsyncResult *result, gpointer data)
{
	HostSupplicantAnnouncement *self = data;
	g_autoptr(GObject) owner = self->owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = host_supplicant_bus_finish(object, result, &error);

	/* A sink that shows no name can be connected to, too. */
	if (!answer)
		g_debug("P2PDeviceConfig: %s", error->message);
}

/* A machine without a name asks the sink's person to let nobody in. */
static void on_config_read(GObject *object, GAsyncResult *result, gpointer data)
{
	HostSupplicantAnnouncement *self = data;
	g_autoptr(GObject) owner = self->owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = host_supplicant_bus_finish(object, result, &error);
	g_autoptr(GVariant) config = NULL;
	g_autoptr(GVariant) type = NULL;
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
	GVariantBuilder change = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	GVariantBuilder before = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	const char *name = "";

	if (answer)
		g_variant_get(answer, "(v)", &config);
	if (!config || !g_variant_is_of_type(config, G_VARIANT_TYPE_VARDICT) || self->named ||
	    !get_p2p(self)) {
		g_variant_builder_clear(&change);
		g_variant_builder_clear(&before);
		return;
	}
	g_variant_dict_clear(&dict);
	g_variant_dict_init(&dict, config);
	g_variant_dict_lookup(&dict, "DeviceName", "&s", &name);
	if (!*name) {
		/* It takes 32 bytes. */
		g_autofree char *host = host_device_name_cut(g_get_host_name(), 32);

		g_variant_builder_add(&change, "{sv}", "DeviceName", g_variant_new_string(host));
		g_variant_builder_add(&before, "{sv}", "DeviceName", g_variant_new_string(name));
	}
	type = g_variant_dict_lookup_value(&dict, "PrimaryDeviceType", G_VARIANT_TYPE_BYTESTRING);
	if (type && g_variant_n_children(type) == sizeof(computer_type)) {
		gsize n;
		const guint8 *bytes = g_variant_get_fixed_array(type, &n, 1);

		if (!bytes[0] && !bytes[1]) {
			g_variant_builder_add(&change, "{sv}", "PrimaryDeviceType",
					      g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE,
									computer_type,
									sizeof(computer_type), 1));
			g_variant_builder_add(&before, "{sv}", "PrimaryDeviceType", type);
		}
	}
	self->config_before = g_variant_ref_sink(g_variant_builder_end(&before));
	self->named = TRUE;
	g_object_ref(self->owner);
	host_supplicant_bus_set(self->connection, get_p2p(self), HOST_SUPPLICANT_P2P,
				"P2PDeviceConfig", g_variant_builder_end(&change), on_named, self);
}

static void read_config(HostSupplicantAnnouncement *self)
{
	g_object_ref(self->owner);
	host_supplicant_bus_get(self->connection, get_p2p(self), HOST_SUPPLICANT_P2P,
				"P2PDeviceConfig", on_config_read, self);
}

/* What it says now is compared, because it takes broken elements and forgets them. */
static void on_read_back(GObject *object, GAsyncResult *result, gpointer data)
{
	HostSupplicantAnnouncement *self = data;
	g_autoptr(GObject) owner = self->owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = host_supplicant_bus_finish(object, result, &error);
	g_autoptr(GVariant) now = NULL;

	if (!answer) {
		fail_announcing(self, error);
		return;
	}
	g_variant_get(answer, "(v)", &now);
	self->announcing = FALSE;
	if (!self->ours || !g_variant_is_of_type(now, G_VARIANT_TYPE_BYTESTRING) ||
	    !host_wfd_ie_equal(now, self->ours)) {
		host_uses_fail(self->uses, HOST_REASON_SUPPLICANT_REFUSED,
			       "WFDIEs did not keep what was set");
		if (!self->uses->list)
			host_supplicant_announcement_settle(self);
		return;
	}
	self->announced = TRUE;
	/* The radio may be gone by now. */
	if (get_p2p(self))
		read_config(self);
	self->said(self->owner);
	host_uses_tell(self->uses, NULL);
	/* In the meantime nobody may want it any more, or with another port. */
	host_supplicant_announcement_settle(self);
}

static void on_set(GObject *object, GAsyncResult *result, gpointer data)
{
	HostSupplicantAnnouncement *self = data;
	g_autoptr(GObject) owner = self->owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = host_supplicant_bus_finish(object, result, &error);

	if (!answer) {
		fail_announcing(self, error);
		return;
	}
	get_elements(self, on_read_back);
}

/* Who has come last has the say; (nullable) */
static const HostUse *find_latest(HostSupplicantAnnouncement *self)
{
	GList *last = g_list_last(self->uses->list);

	return last ? last->data : NULL;
}

static void set_ours(HostSupplicantAnnouncement *self)
{
	self->port = find_latest(self)->port;
	g_free(self->sayer);
	self->sayer = g_strdup(get_p2p(self));
	g_clear_pointer(&self->ours, g_variant_unref);
	self->ours = g_variant_ref_sink(host_wfd_ie_source(self->port));
	g_object_ref(self->owner);
	host_supplicant_bus_set(self->connection, HOST_SUPPLICANT_ROOT, HOST_SUPPLICANT_NAME,
				"WFDIEs", self->ours, on_set, self);
}

static void on_before_read(GObject *object, GAsyncResult *result, gpointer data)
{
	HostSupplicantAnnouncement *self = data;
	g_autoptr(GObject) owner = self->owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = host_supplicant_bus_finish(object, result, &error);

	if (!answer) {
		fail_announcing(self, error);
		return;
	}
	g_clear_pointer(&self->before, g_variant_unref);
	g_variant_get(answer, "(v)", &self->before);
	if (!self->uses->list) {
		self->announcing = FALSE;
		host_supplicant_announcement_settle(self);
		return;
	}
	set_ours(self);
}

static void on_put_back_read(GObject *object, GAsyncResult *result, gpointer data)
{
	HostSupplicantAnnouncement *self = data;
	g_autoptr(GObject) owner = self->owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = host_supplicant_bus_finish(object, result, &error);
	g_autoptr(GVariant) now = NULL;

	self->announcing = FALSE;
	if (answer)
		g_variant_get(answer, "(v)", &now);
	if (self->uses->list) {
		host_supplicant_announcement_settle(self);
		return;
	}
	/* Somebody else has set another one since: it is theirs. Without a radio it reads as empty. */
	if (now && self->ours && self->before &&
	    g_variant_is_of_type(now, G_VARIANT_TYPE_BYTESTRING) &&
	    (host_wfd_ie_equal(now, self->ours) || (!get_p2p(self) && !g_variant_n_children(now))))
		host_supplicant_bus_set(self->connection, HOST_SUPPLICANT_ROOT,
					HOST_SUPPLICANT_NAME, "WFDIEs", self->before, NULL, NULL);
	self->announced = FALSE;
	if (self->named && get_p2p(self))
		host_supplicant_bus_set(self->connection, get_p2p(self), HOST_SUPPLICANT_P2P,
					"P2PDeviceConfig", self->config_before, NULL, NULL);
	self->named = FALSE;
	g_clear_pointer(&self->config_before, g_variant_unref);
	host_supplicant_radio_take_back(self->radio);
}

void host_supplicant_announcement_settle(HostSupplicantAnnouncement *self)
{
	const HostUse *latest = find_latest(self);

	/* Without a radio it is only put back. */
	if (self->announcing || (latest && !get_p2p(self)))
		return;
	if (!latest && self->announced) {
		self->announcing = TRUE;
		get_elements(self, on_put_back_read);
	} else if (!latest) {
		host_supplicant_radio_take_back(self->radio);
	} else if (!self->announced) {
		self->announcing = TRUE;
		get_elements(self, on_before_read);
	} else if (self->port != latest->port || g_strcmp0(self->sayer, get_p2p(self))) {
		self->announcing = TRUE;
		set_ours(self);
	} else {
		host_uses_tell(self->uses, NULL);
	}
}

void host_supplicant_announcement_say_again(HostSupplicantAnnouncement *self)
{
	/* No user's. */
	self->port = 0;
	host_supplicant_announcement_settle(self);
}

void host_supplicant_announcement_forget(HostSupplicantAnnouncement *self)
{
	self->announced = FALSE;
	self->announcing = FALSE;
	self->named = FALSE;
	g_clear_pointer(&self->before, g_variant_unref);
	g_clear_pointer(&self->config_before, g_variant_unref);
}

gboolean host_supplicant_announcement_is_ours(HostSupplicantAnnouncement *self)
{
	return self->announced;
}

gboolean host_supplicant_announcement_is_changing(HostSupplicantAnnouncement *self)
{
	return self->announcing;
}

HostSupplicantAnnouncement *host_supplicant_announcement_new(GObject *owner,
							     GDBusConnection *connection,
							     HostSupplicantRadio *radio,
							     HostUses *uses,
							     void (*said)(GObject *owner))
{
	HostSupplicantAnnouncement *self = g_new0(HostSupplicantAnnouncement, 1);

	self->owner = owner;
	self->connection = g_object_ref(connection);
	self->radio = radio;
	self->uses = uses;
	self->said = said;
	return self;
}

void host_supplicant_announcement_free(HostSupplicantAnnouncement *self)
{
	g_free(self->sayer);
	g_clear_pointer(&self->ours, g_variant_unref);
	g_clear_pointer(&self->before, g_variant_unref);
	g_clear_pointer(&self->config_before, g_variant_unref);
	g_object_unref(self->connection);
	g_free(self);
}
