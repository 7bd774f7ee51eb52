// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is on the bus of what sessions work with. Nobody is started by the question. */
#include "ctl-bus.h"
#include "doctor.h"

#include <string.h>

#define ANSWER_MS  5000
#define PROPERTIES "org.freedesktop.DBus.Properties"

static GVariant *call(GDBusConnection *bus, const char *name, const char *path,
		      const char *interface, const char *method, GVariant *arguments,
		      const char *answer, GError **error)
{
	return g_dbus_connection_call_sync(bus, name, path, interface, method, arguments,
					   G_VARIANT_TYPE(answer), G_DBUS_CALL_FLAGS_NO_AUTO_START,
					   ANSWER_MS, NULL, error);
}

static GVariant *get_property(GDBusConnection *bus, const char *name, const char *path,
			      const char *interface, const char *property, GError **error)
{
	g_autoptr(GVariant) answer = call(bus, name, path, PROPERTIES, "Get",
					  g_variant_new("(ss)", interface, property), "(v)", error);
	GVariant *value = NULL;

	if (answer)
		g_variant_get(answer, "(v)", &value);
	return value;
}

static gboolean is_refused(const GError *error)
{
	return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED) ||
	       g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_AUTH_FAILED);
}

enum presence {
	NO_BUS,
	ABSENT,
	STARTABLE,
	RUNNING
};

static enum presence look_for(GDBusConnection *bus, const char *name)
{
	g_autoptr(GVariant) startable = NULL;
	g_autoptr(GVariant) owned = NULL;
	g_autofree const char **names = NULL;
	gboolean yes = FALSE;

	if (!bus)
		return NO_BUS;
	owned = call(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
		     "NameHasOwner", g_variant_new("(s)", name), "(b)", NULL);
	if (owned)
		g_variant_get(owned, "(b)", &yes);
	if (yes)
		return RUNNING;
	startable = call(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
			 "org.freedesktop.DBus", "ListActivatableNames", NULL, "(as)", NULL);
	if (startable)
		g_variant_get(startable, "(^a&s)", &names);
	return names && g_strv_contains(names, name) ? STARTABLE : ABSENT;
}

static void say_no_bus(CtlPatient *patient)
{
	ctl_patient_say(patient, CTL_HEALTH_UNKNOWN, "There is no way to the bus to ask.");
}

/* Who would make a group now, as the service has found out. */
static void say_maker(CtlPatient *patient, GDBusConnection *bus)
{
	g_autoptr(GVariant) makers =
		get_property(bus, CTL_BUS_NAME, CTL_MANAGER_PATH, CTL_MANAGER, "Makers", NULL);
	const char *maker, *name = "wpa_supplicant";

	if (makers && g_variant_is_of_type(makers, G_VARIANT_TYPE("a{ss}")) &&
	    g_variant_lookup(makers, "p2p", "&s", &maker)) {
		if (!strcmp(maker, "network-manager"))
			name = "NetworkManager";
		else if (!strcmp(maker, "iwd"))
			name = "iwd";
		ctl_patient_say(patient, CTL_HEALTH_OK,
				"It has its Wi-Fi Direct groups made by %s.", name);
	}
}

void ctl_look_at_service(CtlPatient *patient)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusConnection) bus = ctl_bus_open(patient->bus, &error);
	g_autoptr(GVariant) version = NULL;

	if (!bus) {
		ctl_patient_say(patient, CTL_HEALTH_FAILED, N_("There is no way to the bus: %s"),
				error->message);
		ctl_patient_advise(patient, CTL_COST_DOWNLOAD, NULL,
				   N_("apt install dbus, and systemctl start dbus"));
		return;
	}
	if (look_for(bus, CTL_BUS_NAME) != RUNNING) {
		ctl_patient_say(patient, CTL_HEALTH_FAILED, N_("It does not run."));
		ctl_patient_advise(patient, CTL_COST_PASSWORD, "enable-service",
				   "systemctl enable --now miracastd");
		return;
	}
	version = get_property(bus, CTL_BUS_NAME, CTL_MANAGER_PATH, CTL_MANAGER, "Version", &error);
	if (!version || !g_variant_is_of_type(version, G_VARIANT_TYPE_STRING)) {
		ctl_patient_say(patient, CTL_HEALTH_FAILED, N_("It does not answer: %s"),
				error ? error->message : "no version");
		ctl_patient_advise(patient, CTL_COST_SESSIONS, "restart-service",
				   "systemctl restart miracastd");
	} else if (strcmp(g_variant_get_string(version, NULL), VERSION)) {
		ctl_patient_say(patient, CTL_HEALTH_WARNING,
				N_("It runs, but its version is %s and this one %s."),
				g_variant_get_string(version, NULL), VERSION);
		ctl_patient_advise(patient, CTL_COST_SESSIONS, "restart-service",
				   "systemctl restart miracastd");
	} else {
		ctl_patient_say(patient, CTL_HEALTH_OK, "It runs, version " VERSION ".");
	}
	if (version)
		say_maker(patient, bus);
}

void ctl_look_at_polkit(CtlPatient *patient)
{
	g_autoptr(GDBusConnection) bus = ctl_bus_open(patient->bus, NULL);

	switch (look_for(bus, "org.freedesktop.PolicyKit1")) {
	case NO_BUS: say_no_bus(patient); break;
	case ABSENT:
		ctl_patient_say(patient, CTL_HEALTH_WARNING,
				N_("It is not there: only root can connect."));
		ctl_patient_advise(patient, CTL_COST_DOWNLOAD, NULL, "apt install polkitd");
		break;
	case STARTABLE:
		ctl_patient_say(patient, CTL_HEALTH_OK, "It is started when it is asked.");
		break;
	case RUNNING: ctl_patient_say(patient, CTL_HEALTH_OK, "It runs."); break;
	}
}

static gboolean has_word(GVariant *words, const char *word)
{
	g_autofree const char **all = NULL;

	if (!words || !g_variant_is_of_type(words, G_VARIANT_TYPE_STRING_ARRAY))
		return FALSE;
	all = g_variant_get_strv(words, NULL);
	return g_strv_contains(all, word);
}

static void ask_supplicant(CtlPatient *patient, GDBusConnection *bus)
{
	const char *name = "fi.w1.wpa_supplicant1", *path = "/fi/w1/wpa_supplicant1";
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		capabilities = get_property(bus, name, path, name, "Capabilities", &error);
	g_autoptr(GVariant) elements = NULL;

	if (is_refused(error)) {
		ctl_patient_say(patient, CTL_HEALTH_UNKNOWN,
				"It runs; this user may not ask what it can do.");
		ctl_patient_advise(patient, CTL_COST_PASSWORD, NULL, "miracastctl doctor, as root");
		return;
	}
	if (!capabilities) {
		ctl_patient_say(patient, CTL_HEALTH_WARNING, N_("It does not answer: %s"),
				error->message);
		ctl_patient_advise(patient, CTL_COST_WIFI, NULL,
				   "systemctl restart wpa_supplicant");
		return;
	}
	if (!has_word(capabilities, "p2p")) {
		ctl_patient_say(patient, CTL_HEALTH_WARNING,
				N_("It runs, and was built without Wi-Fi Direct."));
		ctl_patient_advise(patient, CTL_COST_DOWNLOAD, NULL,
				   N_("use your distribution's, which has it"));
		return;
	}
	elements = get_property(bus, name, path, name, "WFDIEs", NULL);
	if (elements) {
		ctl_patient_say(patient, CTL_HEALTH_OK,
				"It runs, with Wi-Fi Direct and Wi-Fi Display.");
	} else {
		ctl_patient_say(
			patient, CTL_HEALTH_WARNING,
			N_("It runs, and was built without Wi-Fi Display: sinks will not know "
			   "that this is a source."));
		ctl_patient_advise(patient, CTL_COST_DOWNLOAD, NULL,
				   N_("use your distribution's, which has it"));
	}
}

/* What it does for addresses it tells root and the group netdev only. */
static void ask_iwd(CtlPatient *patient, GDBusConnection *bus)
{
	g_autoptr(GVariant)
		answer = call(bus, "net.connman.iwd", "/net/connman/iwd", "net.connman.iwd.Daemon",
			      "GetInfo", NULL, "(a{sv})", NULL);
	g_autoptr(GVariant) info = answer ? g_variant_get_child_value(answer, 0) : NULL;
	gboolean configures = TRUE;

	if (info)
		g_variant_lookup(info, "NetworkConfigurationEnabled", "b", &configures);
	if (configures) {
		ctl_patient_say(patient, CTL_HEALTH_WARNING,
				N_("iwd runs in its place: it reaches only sinks that become "
				   "the group's owner."));
		ctl_patient_advise(patient, CTL_COST_DOWNLOAD, NULL, "apt install wpasupplicant");
	} else {
		ctl_patient_say(
			patient, CTL_HEALTH_WARNING,
			N_("iwd runs in its place and sets no addresses: no sink is reached by "
			   "Wi-Fi Direct, because it dies when a group ends."));
		ctl_patient_advise(patient, CTL_COST_WIFI, NULL,
				   N_("EnableNetworkConfiguration=true below [General] in "
				      "/etc/iwd/main.conf, and systemctl restart iwd"));
	}
}

void ctl_look_at_supplicant(CtlPatient *patient)
{
	g_autoptr(GDBusConnection) bus = ctl_bus_open(patient->bus, NULL);
	enum presence presence = look_for(bus, "fi.w1.wpa_supplicant1");

	if (presence != NO_BUS && presence != RUNNING &&
	    look_for(bus, "net.connman.iwd") == RUNNING) {
		ask_iwd(patient, bus);
		return;
	}
	switch (presence) {
	case NO_BUS: say_no_bus(patient); break;
	case ABSENT:
		ctl_patient_say(patient, CTL_HEALTH_WARNING,
				N_("It is not there: no sink is reached by Wi-Fi Direct."));
		ctl_patient_advise(patient, CTL_COST_DOWNLOAD, NULL, "apt install wpasupplicant");
		break;
	case STARTABLE:
		ctl_patient_say(patient, CTL_HEALTH_UNKNOWN,
				"It does not run, so it cannot be asked; it is started when it is "
				"needed.");
		ctl_patient_advise(patient, CTL_COST_PASSWORD, NULL,
				   "systemctl start wpa_supplicant");
		break;
	case RUNNING: ask_supplicant(patient, bus); break;
	}
}

/* NM_DEVICE_TYPE_WIFI and NM_DEVICE_TYPE_WIFI_P2P. */
#define NM_TYPE_WIFI	 2
#define NM_TYPE_WIFI_P2P 30

/* What it has addresses given by where it owns a group: a program that it starts, no service. */
static void say_of_dnsmasq(CtlPatient *patient)
{
	static const char *const places[] = {"/usr/sbin/dnsmasq", "/usr/bin/dnsmasq",
					     "/usr/local/sbin/dnsmasq", "/sbin/dnsmasq"};

	for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
		g_autofree char *path = ctl_patient_path(patient, places[i]);

		if (g_file_test(path, G_FILE_TEST_EXISTS))
			return;
	}
	ctl_patient_say(patient, CTL_HEALTH_WARNING,
			N_("It has no dnsmasq to give addresses with: only sinks that become the "
			   "group's owner are reached by Wi-Fi Direct."));
	ctl_patient_advise(patient, CTL_COST_DOWNLOAD, NULL, "apt install dnsmasq-base");
}

static void ask_network_manager(CtlPatient *patient, GDBusConnection *bus)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call(bus, "org.freedesktop.NetworkManager", "/org/freedesktop",
					  "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
					  NULL, "(a{oa{sa{sv}}})", &error);
	g_autoptr(GVariantIter) objects = NULL;
	g_autoptr(GString) managed = g_string_new(NULL);
	gboolean radios = FALSE, p2p = FALSE;
	GVariant *interfaces;

	if (!answer) {
		ctl_patient_say(patient, CTL_HEALTH_UNKNOWN, "It does not tell what it manages: %s",
				error->message);
		ctl_patient_advise(patient, CTL_COST_WIFI, NULL,
				   "systemctl restart NetworkManager");
		return;
	}
	g_variant_get(answer, "(a{oa{sa{sv}}})", &objects);
	while (g_variant_iter_next(objects, "{&o@a{sa{sv}}}", NULL, &interfaces)) {
		g_autoptr(GVariant) owned = interfaces;
		g_autoptr(GVariant) device =
			g_variant_lookup_value(interfaces, "org.freedesktop.NetworkManager.Device",
					       G_VARIANT_TYPE_VARDICT);
		const char *name = "";
		gboolean is_managed = FALSE;
		guint32 type = 0;

		if (!device)
			continue;
		g_variant_lookup(device, "DeviceType", "u", &type);
		g_variant_lookup(device, "Managed", "b", &is_managed);
		g_variant_lookup(device, "Interface", "&s", &name);
		p2p = p2p || (type == NM_TYPE_WIFI_P2P && is_managed);
		if (type != NM_TYPE_WIFI)
			continue;
		radios = TRUE;
		if (is_managed)
			g_string_append_printf(managed, "%s%s", managed->len ? ", " : "", name);
	}
	if (!radios) {
		ctl_patient_say(patient, CTL_HEALTH_OK, "It runs, and knows no Wi-Fi adapter.");
	} else if (!managed->len) {
		ctl_patient_say(
			patient, CTL_HEALTH_OK,
			"It runs, and leaves Wi-Fi alone: wpa_supplicant is asked directly.");
	} else if (p2p) {
		ctl_patient_say(patient, CTL_HEALTH_OK,
				"It manages %s, and makes the Wi-Fi Direct groups there: by push "
				"button, not by PIN.",
				managed->str);
	} else {
		ctl_patient_say(patient, CTL_HEALTH_WARNING,
				N_("It manages %s, and makes no Wi-Fi Direct groups there."),
				managed->str);
		ctl_patient_advise(
			patient, CTL_COST_ADAPTER, NULL,
			N_("use a second adapter that it does not manage, or wpa_supplicant "
			   "instead of iwd"));
	}
	if (managed->len && p2p)
		say_of_dnsmasq(patient);
}

void ctl_look_at_network_manager(CtlPatient *patient)
{
	g_autoptr(GDBusConnection) bus = ctl_bus_open(patient->bus, NULL);

	switch (look_for(bus, "org.freedesktop.NetworkManager")) {
	case NO_BUS: say_no_bus(patient); break;
	case ABSENT:
	case STARTABLE:
		ctl_patient_say(patient, CTL_HEALTH_OK,
				"It does not run: wpa_supplicant is asked directly.");
		break;
	case RUNNING: ask_network_manager(patient, bus); break;
	}
}

/* AVAHI_SERVER_RUNNING */
#define AVAHI_RUNNING 2

static void ask_avahi(CtlPatient *patient, GDBusConnection *bus)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = call(bus, "org.freedesktop.Avahi", "/", "org.freedesktop.Avahi.Server",
			      "GetState", NULL, "(i)", &error);
	gint32 state;

	if (!answer) {
		ctl_patient_say(patient, CTL_HEALTH_WARNING, N_("It does not answer: %s"),
				error->message);
		ctl_patient_advise(patient, CTL_COST_PASSWORD, NULL,
				   "systemctl restart avahi-daemon");
		return;
	}
	g_variant_get(answer, "(i)", &state);
	if (state == AVAHI_RUNNING) {
		ctl_patient_say(patient, CTL_HEALTH_OK, "It runs.");
	} else {
		ctl_patient_say(patient, CTL_HEALTH_WARNING,
				N_("It runs, and is not ready (state %d)."), state);
		ctl_patient_advise(patient, CTL_COST_PASSWORD, NULL, "journalctl -u avahi-daemon");
	}
}

void ctl_look_at_avahi(CtlPatient *patient)
{
	g_autoptr(GDBusConnection) bus = ctl_bus_open(patient->bus, NULL);

	switch (look_for(bus, "org.freedesktop.Avahi")) {
	case NO_BUS: say_no_bus(patient); break;
	case ABSENT:
		ctl_patient_say(patient, CTL_HEALTH_WARNING,
				N_("It is not there: sinks on the LAN are not found."));
		ctl_patient_advise(patient, CTL_COST_DOWNLOAD, NULL, "apt install avahi-daemon");
		break;
	case STARTABLE:
		/* miracastd does not start what somebody may have stopped. */
		ctl_patient_say(patient, CTL_HEALTH_WARNING,
				N_("It does not run: sinks on the LAN are not found."));
		ctl_patient_advise(patient, CTL_COST_PASSWORD, "enable-avahi",
				   "systemctl enable --now avahi-daemon");
		break;
	case RUNNING: ask_avahi(patient, bus); break;
	}
}

#define FIREWALLD "org.fedoraproject.FirewallD1"

static gboolean zone_has(GDBusConnection *bus, const char *method, GVariant *arguments,
			 gboolean *refused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call(bus, FIREWALLD, "/org/fedoraproject/FirewallD1",
					  FIREWALLD ".zone", method, arguments, "(b)", &error);
	gboolean yes = FALSE;

	if (answer)
		g_variant_get(answer, "(b)", &yes);
	*refused |= is_refused(error);
	return yes;
}

/* As a port, or as the service of that name. FALSE, and *@refused, if this user may not ask. */
static gboolean lets_in(GDBusConnection *bus, const char *zone, const char *port,
			const char *protocol, const char *service, gboolean *refused)
{
	return !strcmp(zone, "trusted") ||
	       zone_has(bus, "queryPort", g_variant_new("(sss)", zone, port, protocol), refused) ||
	       zone_has(bus, "queryService", g_variant_new("(ss)", zone, service), refused);
}

/* The zone that miracastd brings for Wi-Fi Direct groups. */
static void say_of_groups(CtlPatient *patient, GDBusConnection *bus)
{
	g_autoptr(GVariant) answer = call(bus, FIREWALLD, "/org/fedoraproject/FirewallD1",
					  FIREWALLD ".zone", "getZones", NULL, "(as)", NULL);
	g_autofree const char **zones = NULL;

	if (!answer)
		return;
	g_variant_get(answer, "(^a&s)", &zones);
	if (g_strv_contains(zones, "miracast")) {
		ctl_patient_say(patient, CTL_HEALTH_OK,
				"Its zone miracast lets sinks of Wi-Fi Direct groups in.");
	} else {
		ctl_patient_say(patient, CTL_HEALTH_WARNING,
				N_("It does not know the zone miracast: sinks of Wi-Fi Direct "
				   "groups may not be let in."));
		ctl_patient_advise(patient, CTL_COST_PASSWORD, "open-firewall",
				   N_("firewall-cmd --reload, if "
				      "/usr/lib/firewalld/zones/miracast.xml or "
				      "/etc/firewalld/zones/miracast.xml is there"));
	}
}

static void ask_firewalld(CtlPatient *patient, GDBusConnection *bus)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call(bus, FIREWALLD, "/org/fedoraproject/FirewallD1",
					  FIREWALLD, "getDefaultZone", NULL, "(s)", &error);
	gboolean refused = FALSE;
	const char *zone;

	if (!answer) {
		ctl_patient_say(patient, CTL_HEALTH_UNKNOWN,
				"firewalld runs, and does not answer: %s", error->message);
		return;
	}
	g_variant_get(answer, "(&s)", &zone);
	if (lets_in(bus, zone, "7236", "tcp", "miracast", &refused)) {
		ctl_patient_say(patient, CTL_HEALTH_OK,
				"firewalld runs, and its zone %s lets sinks connect.", zone);
	} else if (refused) {
		ctl_patient_say(patient, CTL_HEALTH_UNKNOWN,
				"firewalld runs; this user may not ask what it lets in.");
		ctl_patient_advise(patient, CTL_COST_PASSWORD, NULL,
				   "firewall-cmd --list-all, as root");
	} else {
		ctl_patient_say(
			patient, CTL_HEALTH_WARNING,
			N_("firewalld's zone %s, the default, does not let sinks connect to "
			   "port 7236."),
			zone);
		ctl_patient_advise(
			patient, CTL_COST_PASSWORD, "open-firewall",
			N_("firewall-cmd --add-port=7236/tcp, and with --permanent for good"));
	}
	/* Avahi hears sinks by it alone: what they say to all is no answer to firewalld. */
	if (lets_in(bus, zone, "5353", "udp", "mdns", &refused)) {
		ctl_patient_say(patient, CTL_HEALTH_OK,
				"Its zone %s lets in mDNS, by which sinks on the LAN are found.",
				zone);
	} else if (!refused) {
		ctl_patient_say(
			patient, CTL_HEALTH_WARNING,
			N_("firewalld's zone %s, the default, lets no mDNS in: sinks on the LAN "
			   "are not found."),
			zone);
		ctl_patient_advise(
			patient, CTL_COST_PASSWORD, "open-firewall",
			N_("firewall-cmd --add-service=mdns, and with --permanent for good"));
	}
}

/* Whether ufw is switched on. What it lets in only root may read. */
static gboolean ufw_is_on(const CtlPatient *patient)
{
	g_autofree char *text = ctl_patient_read(patient, "/etc/ufw/ufw.conf");
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (char **line = lines; *line; line++)
		if (!g_ascii_strcasecmp(g_strstrip(*line), "ENABLED=yes"))
			return TRUE;
	return FALSE;
}

void ctl_look_at_firewall(CtlPatient *patient)
{
	g_autoptr(GDBusConnection) bus = ctl_bus_open(patient->bus, NULL);
	g_autofree char *tables = ctl_patient_path(patient, "/sys/module/nf_tables");
	g_autofree char *rules = ctl_patient_path(patient, "/etc/nftables.conf");

	if (look_for(bus, FIREWALLD) == RUNNING) {
		ask_firewalld(patient, bus);
		say_of_groups(patient, bus);
		return;
	}
	if (ufw_is_on(patient)) {
		ctl_patient_say(
			patient, CTL_HEALTH_WARNING,
			N_("ufw is on; unless a rule lets them, sinks cannot connect to port "
			   "7236."));
		ctl_patient_advise(patient, CTL_COST_PASSWORD, NULL, "ufw allow 7236/tcp");
		return;
	}
	if (g_file_test(tables, G_FILE_TEST_EXISTS) && g_file_test(rules, G_FILE_TEST_EXISTS)) {
		ctl_patient_say(patient, CTL_HEALTH_UNKNOWN,
				"nftables is there; its rules were not looked at.");
		ctl_patient_advise(patient, CTL_COST_PASSWORD, NULL,
				   "nft list ruleset, as root; TCP port 7236 has to be open");
	} else {
		ctl_patient_say(patient, CTL_HEALTH_OK,
				"There is none that is known here: firewalld, ufw, nftables.");
	}
}
