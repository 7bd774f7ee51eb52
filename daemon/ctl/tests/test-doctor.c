// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * miracastctl doctor on machines that are made up: files below a root of their own, and a bus with
 * the services that a case names. What the kernel says of radios is looked at in the VM: demo/doctor.
 */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#define RELEASE "6.1.0-test"

/* A machine: its files, and who is on its bus. */
struct machine {
	char *root;
	GTestDBus *bus;
	GDBusConnection *connection;
	GMainContext *context; /* of the services' thread */
	GMainLoop *loop;
	GThread *thread;
	/* What doctor said. */
	int status;
	char *output;
};

static void set_up(struct machine *machine, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	machine->root = g_dir_make_tmp("doctor-XXXXXX", &error);
	g_assert_no_error(error);
	machine->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(machine->bus);
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);

		remove_tree(child);
	}
	g_remove(path);
}

static gpointer serve(gpointer data)
{
	struct machine *machine = data;

	g_main_context_push_thread_default(machine->context);
	g_main_loop_run(machine->loop);
	g_main_context_pop_thread_default(machine->context);
	return NULL;
}

static void tear_down(struct machine *machine, gconstpointer unused)
{
	if (machine->thread) {
		g_main_loop_quit(machine->loop);
		g_thread_join(machine->thread);
		g_dbus_connection_close_sync(machine->connection, NULL, NULL);
		g_object_unref(machine->connection);
		g_main_loop_unref(machine->loop);
		g_main_context_unref(machine->context);
	}
	g_test_dbus_down(machine->bus);
	g_object_unref(machine->bus);
	remove_tree(machine->root);
	g_free(machine->root);
	g_free(machine->output);
}

static void put_bytes(struct machine *machine, const char *path, const char *bytes, gssize size)
{
	g_autofree char *full = g_strconcat(machine->root, path, NULL);
	g_autofree char *dir = g_path_get_dirname(full);
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(g_mkdir_with_parents(dir, 0755), ==, 0);
	g_file_set_contents(full, bytes, size, &error);
	g_assert_no_error(error);
}

static void put(struct machine *machine, const char *path, const char *text)
{
	put_bytes(machine, path, text, -1);
}

static void put_directory(struct machine *machine, const char *path)
{
	g_autofree char *full = g_strconcat(machine->root, path, NULL);

	g_assert_cmpint(g_mkdir_with_parents(full, 0755), ==, 0);
}

/* What is amiss has a remedy that says what it takes, and nobody has to log in anew. */
static void check_costs(const struct machine *machine)
{
	static const char *const anew[] = {"log out", "log in",	 "login",
					   "usermod", "adduser", "newgrp"};
	g_auto(GStrv) findings = g_strsplit(machine->output, "{", -1);

	for (char **finding = findings; *finding; finding++)
		if (strstr(*finding, "\"remedy\":"))
			g_assert_nonnull(strstr(*finding, "\"cost\":\"It "));
	for (gsize i = 0; i < G_N_ELEMENTS(anew); i++)
		g_assert_null(strstr(machine->output, anew[i]));
}

static void run(struct machine *machine, const char *bus)
{
	g_autoptr(GSubprocess) process = NULL;
	g_autoptr(GError) error = NULL;

	g_clear_pointer(&machine->output, g_free);
	process = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, MIRACASTCTL, "--bus",
				   bus ? bus : g_test_dbus_get_bus_address(machine->bus), "doctor",
				   "--root", machine->root, "--json", NULL);
	g_assert_no_error(error);
	g_assert_true(
		g_subprocess_communicate_utf8(process, NULL, NULL, &machine->output, NULL, &error));
	g_assert_no_error(error);
	machine->status = g_subprocess_get_exit_status(process);
	check_costs(machine);
}

/* That one of the findings has this check, this state, and these words in it. */
static void expect(struct machine *machine, const char *check, const char *state, const char *words)
{
	g_autofree char *head = g_strdup_printf("\"check\":\"%s\"", check);
	g_autofree char *health = g_strdup_printf("\"state\":\"%s\"", state);
	g_auto(GStrv) findings = g_strsplit(machine->output, "{", -1);

	for (char **finding = findings; *finding; finding++)
		if (strstr(*finding, head) && strstr(*finding, health) && strstr(*finding, words))
			return;
	g_error("no %s of %s with \"%s\" in %s", state, check, words, machine->output);
}

static void run_kernel(struct machine *machine)
{
	put(machine, "/proc/sys/kernel/osrelease", RELEASE "\n");
}

static void test_modules(struct machine *machine, gconstpointer unused)
{
	run_kernel(machine);
	run(machine, NULL);
	g_assert_cmpint(machine->status, ==, 1);
	g_assert_nonnull(strstr(machine->output, "\"works\":false"));
	expect(machine, "kernel-modules", "failed",
	       "apt install ./miracast-dkms_*.deb, or from source make install");

	put_directory(machine, "/var/lib/dkms/miracast");
	run(machine, NULL);
	expect(machine, "kernel-modules", "failed", "apt install linux-headers-" RELEASE);
	expect(machine, "kernel-modules", "failed",
	       "\"remedy-pattern\":\"apt install linux-headers-%s\"");

	put_directory(machine, "/lib/modules/" RELEASE "/build");
	run(machine, NULL);
	expect(machine, "kernel-modules", "failed", "dkms autoinstall -k " RELEASE);

	/* Another module's name is not it. */
	put(machine, "/lib/modules/" RELEASE "/modules.dep",
	    "kernel/not_miracast_display.ko.xz:\nupdates/dkms/miracast.ko:\n");
	run(machine, NULL);
	expect(machine, "kernel-modules", "failed", "is not built");
	put(machine, "/lib/modules/" RELEASE "/modules.dep",
	    "updates/dkms/miracast_display.ko: updates/dkms/miracast.ko\n");
	run(machine, NULL);
	expect(machine, "kernel-modules", "ok", "is built for this kernel");

	put(machine, "/proc/sys/kernel/modules_disabled", "1\n");
	run(machine, NULL);
	expect(machine, "kernel-modules", "failed", "loads no more modules");

	put_directory(machine, "/sys/module/miracast_display");
	run(machine, NULL);
	expect(machine, "kernel-modules", "failed", "no display adapter");

	put_directory(machine, "/sys/class/miracast/miracast0");
	run(machine, NULL);
	expect(machine, "kernel-modules", "ok", "miracast0");
}

#define EFIVARS "/sys/firmware/efi/efivars/"
#define SB	EFIVARS "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define MOK	EFIVARS "MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23"

static void test_secure_boot(struct machine *machine, gconstpointer unused)
{
	static const char key[] = "\x30\x82\x00\x01\x00the key\x00of DKMS";
	g_autoptr(GByteArray) list = g_byte_array_new();

	run(machine, NULL);
	expect(machine, "secure-boot", "ok", "no UEFI");
	put_bytes(machine, SB, "\6\0\0\0\0", 5);
	run(machine, NULL);
	expect(machine, "secure-boot", "ok", "It is off");

	put_bytes(machine, SB, "\6\0\0\0\1", 5);
	run(machine, NULL);
	expect(machine, "secure-boot", "failed", "is not there");

	put_bytes(machine, "/var/lib/dkms/mok.pub", key, sizeof(key));
	run(machine, NULL);
	expect(machine, "secure-boot", "failed", "mokutil --import /var/lib/dkms/mok.pub");
	expect(machine, "secure-boot", "failed", "a restart of this computer");

	g_byte_array_append(list, (const guint8 *)"\6\0\0\0another's key", 17);
	put_bytes(machine, MOK, (const char *)list->data, list->len);
	run(machine, NULL);
	expect(machine, "secure-boot", "failed", "is not enrolled");

	g_byte_array_append(list, (const guint8 *)key, sizeof(key));
	put_bytes(machine, MOK, (const char *)list->data, list->len);
	run(machine, NULL);
	expect(machine, "secure-boot", "ok", "is enrolled");

	g_byte_array_set_size(list, 4);
	put_bytes(machine, MOK, (const char *)list->data, list->len);
	put_directory(machine, "/sys/module/miracast");
	run(machine, NULL);
	expect(machine, "secure-boot", "ok", "has taken the modules");
}

static void test_rfkill(struct machine *machine, gconstpointer unused)
{
	put(machine, "/sys/class/rfkill/rfkill0/type", "bluetooth\n");
	put(machine, "/sys/class/rfkill/rfkill0/soft", "1\n");
	put(machine, "/sys/class/rfkill/rfkill1/type", "wlan\n");
	put(machine, "/sys/class/rfkill/rfkill1/soft", "1\n");
	put(machine, "/sys/class/rfkill/rfkill1/hard", "0\n");
	put(machine, "/sys/class/rfkill/rfkill2/type", "wlan\n");
	put(machine, "/sys/class/rfkill/rfkill2/soft", "0\n");
	put(machine, "/sys/class/rfkill/rfkill2/hard", "1\n");
	run(machine, NULL);
	expect(machine, "wifi", "warning", "rfkill unblock wlan");
	expect(machine, "wifi", "warning", "rfkill2: a switch");
	g_assert_null(strstr(machine->output, "rfkill0"));
}

static void test_no_services(struct machine *machine, gconstpointer unused)
{
	run(machine, NULL);
	expect(machine, "service", "failed", "systemctl enable --now miracastd");
	expect(machine, "service", "failed", "\"fix\":\"enable-service\"");
	expect(machine, "polkit", "warning", "apt install polkitd");
	expect(machine, "supplicant", "warning", "apt install wpasupplicant");
	expect(machine, "network-manager", "ok", "asked directly");
	expect(machine, "avahi", "warning", "apt install avahi-daemon");
	expect(machine, "avahi", "warning", "administrator's password and a download");
	g_assert_null(strstr(machine->output, "enable-avahi"));
	expect(machine, "firewall", "ok", "none");
	put(machine, "/etc/ufw/ufw.conf", "# comment\nENABLED=yes\nLOGLEVEL=low\n");
	run(machine, NULL);
	expect(machine, "firewall", "warning", "ufw allow 7236/tcp");
	g_assert_null(strstr(machine->output, "open-firewall"));
	put(machine, "/etc/ufw/ufw.conf", "ENABLED=no\n");
	put(machine, "/etc/nftables.conf", "");
	put_directory(machine, "/sys/module/nf_tables");
	run(machine, NULL);
	expect(machine, "firewall", "unknown", "nft list ruleset");
	g_assert_null(strstr(machine->output, "ufw"));
}

/* Avahi would be started by whoever asks, which miracastd does not. */
static void test_avahi_is_stopped(struct machine *machine, gconstpointer unused)
{
	g_autofree char *services = g_strconcat(machine->root, "/services", NULL);

	put(machine, "/services/org.freedesktop.Avahi.service",
	    "[D-BUS Service]\nName=org.freedesktop.Avahi\nExec=/bin/false\n");
	g_test_dbus_down(machine->bus);
	g_test_dbus_add_service_dir(machine->bus, services);
	g_test_dbus_up(machine->bus);
	run(machine, NULL);
	expect(machine, "avahi", "warning", "systemctl enable --now avahi-daemon");
	expect(machine, "avahi", "warning", "\"fix\":\"enable-avahi\"");
}

/* To start what does not run takes no network away. */
static void test_supplicant_is_stopped(struct machine *machine, gconstpointer unused)
{
	g_autofree char *services = g_strconcat(machine->root, "/services", NULL);

	put(machine, "/services/fi.w1.wpa_supplicant1.service",
	    "[D-BUS Service]\nName=fi.w1.wpa_supplicant1\nExec=/bin/false\n");
	g_test_dbus_down(machine->bus);
	g_test_dbus_add_service_dir(machine->bus, services);
	g_test_dbus_up(machine->bus);
	run(machine, NULL);
	expect(machine, "supplicant", "unknown", "systemctl start wpa_supplicant");
	g_assert_null(strstr(machine->output, "gone for some seconds"));
}

static void test_no_bus(struct machine *machine, gconstpointer unused)
{
	run(machine, "unix:path=/nonexistent/bus");
	g_assert_cmpint(machine->status, ==, 1);
	expect(machine, "service", "failed", "no way to the bus");
	expect(machine, "supplicant", "unknown", "no way to the bus");
}

/* --- Services: each answers what the text says, and nothing to what it does not say */

struct service {
	const char *name, *path, *interface;
	const char *answers; /* a{sv}: of methods a tuple, of properties the value */
	enum {
		ANSWERS,
		REFUSES,
		IS_SILENT
	} mood;
};

static void on_method(GDBusConnection *connection, const char *sender, const char *path,
		      const char *interface, const char *method, GVariant *arguments,
		      GDBusMethodInvocation *invocation, gpointer data)
{
	const struct service *service = data;
	g_autoptr(GVariant) answers = NULL;
	g_autoptr(GVariant) answer = NULL;
	const char *property = method;

	if (service->mood == IS_SILENT) {
		g_object_unref(invocation);
		return;
	}
	if (service->mood == REFUSES) {
		g_dbus_method_invocation_return_dbus_error(
			invocation, "org.freedesktop.DBus.Error.AccessDenied", "Not for you");
		return;
	}
	answers = g_variant_ref_sink(g_variant_new_parsed(service->answers));
	if (!strcmp(method, "Get"))
		g_variant_get_child(arguments, 1, "&s", &property);
	answer = g_variant_lookup_value(answers, property, NULL);
	if (!answer)
		g_dbus_method_invocation_return_dbus_error(
			invocation, "org.freedesktop.DBus.Error.InvalidArgs", "No such thing");
	else if (!strcmp(method, "Get"))
		g_dbus_method_invocation_return_value(invocation, g_variant_new("(v)", answer));
	else
		g_dbus_method_invocation_return_value(invocation, answer);
}

/* In the thread that serves: so that doctor is answered while this program waits for it. */
static void start(struct machine *machine, const struct service *services, gsize n)
{
	/* Of every method that doctor calls, with the arguments that it has. */
	static const char methods[] =
		"<node><interface name='%s'>"
		"<method name='Get'><arg type='s' direction='in'/><arg type='s' direction='in'/>"
		"<arg type='v' direction='out'/></method>"
		"<method name='GetManagedObjects'>"
		"<arg type='a{oa{sa{sv}}}' direction='out'/></method>"
		"<method name='GetState'><arg type='i' direction='out'/></method>"
		"<method name='GetInfo'><arg type='a{sv}' direction='out'/></method>"
		"<method name='getDefaultZone'><arg type='s' direction='out'/></method>"
		"<method name='getZones'><arg type='as' direction='out'/></method>"
		"<method name='queryPort'><arg type='s' direction='in'/>"
		"<arg type='s' direction='in'/><arg type='s' direction='in'/>"
		"<arg type='b' direction='out'/></method>"
		"<method name='queryService'><arg type='s' direction='in'/>"
		"<arg type='s' direction='in'/><arg type='b' direction='out'/></method>"
		"</interface></node>";
	static const GDBusInterfaceVTable vtable = {.method_call = on_method};
	g_autoptr(GError) error = NULL;

	machine->context = g_main_context_new();
	machine->loop = g_main_loop_new(machine->context, FALSE);
	g_main_context_push_thread_default(machine->context);
	machine->connection = g_dbus_connection_new_for_address_sync(
		g_test_dbus_get_bus_address(machine->bus),
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, &error);
	g_assert_no_error(error);
	for (gsize i = 0; i < n; i++) {
		g_autofree char *xml = g_strdup_printf(methods, services[i].interface);
		g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(xml, &error);
		g_autoptr(GVariant) answer = NULL;

		g_assert_no_error(error);
		g_dbus_connection_register_object(machine->connection, services[i].path,
						  node->interfaces[0], &vtable,
						  (gpointer)&services[i], NULL, &error);
		g_assert_no_error(error);
		answer = g_dbus_connection_call_sync(machine->connection, "org.freedesktop.DBus",
						     "/org/freedesktop/DBus",
						     "org.freedesktop.DBus", "RequestName",
						     g_variant_new("(su)", services[i].name, 4),
						     NULL, 0, -1, NULL, &error);
		g_assert_no_error(error);
	}
	g_main_context_pop_thread_default(machine->context);
	machine->thread = g_thread_new("services", serve, machine);
}

#define START(...)                                                      \
	do {                                                            \
		static const struct service services[] = {__VA_ARGS__}; \
		start(machine, services, G_N_ELEMENTS(services));       \
	} while (0)

#define GET "org.freedesktop.DBus.Properties"

static void test_all_is_well(struct machine *machine, gconstpointer unused)
{
	START({"io.github.linux_miracast", "/io/github/linux_miracast/manager", GET,
	       "{'Version': <'" VERSION "'>, 'Makers': <{'p2p': 'network-manager'}>}", ANSWERS},
	      {"fi.w1.wpa_supplicant1", "/fi/w1/wpa_supplicant1", GET,
	       "{'Capabilities': <['ap', 'p2p']>, 'WFDIEs': <@ay []>}", ANSWERS},
	      {"org.freedesktop.PolicyKit1", "/", GET, "@a{sv} {}", ANSWERS},
	      {"org.freedesktop.Avahi", "/", "org.freedesktop.Avahi.Server", "{'GetState': <(2,)>}",
	       ANSWERS},
	      {"org.freedesktop.NetworkManager", "/org/freedesktop",
	       "org.freedesktop.DBus.ObjectManager",
	       "{'GetManagedObjects': <({objectpath '/d/1': "
	       "{'org.freedesktop.NetworkManager.Device': {'DeviceType': <uint32 2>, "
	       "'Managed': <true>, 'Interface': <'wlan0'>}}, '/d/2': "
	       "{'org.freedesktop.NetworkManager.Device': {'DeviceType': <uint32 30>, "
	       "'Managed': <true>, 'Interface': <'p2p-dev-wlan0'>}}},)>}",
	       ANSWERS},
	      {"org.fedoraproject.FirewallD1", "/org/fedoraproject/FirewallD1",
	       "org.fedoraproject.FirewallD1", "{'getDefaultZone': <('public',)>}", ANSWERS},
	      {"org.fedoraproject.FirewallD1", "/org/fedoraproject/FirewallD1",
	       "org.fedoraproject.FirewallD1.zone",
	       "{'queryPort': <(false,)>, 'queryService': <(true,)>, 'getZones': <(['public', "
	       "'miracast'],)>}",
	       ANSWERS});
	run_kernel(machine);
	put_directory(machine, "/sys/class/miracast/miracast0");
	put(machine, "/var/cache/miracast/encoders",
	    "[x264enc]\npixels-per-second=138240000\nversion=1\n");
	run(machine, NULL);
	expect(machine, "network-manager", "warning", "no dnsmasq to give addresses");
	put(machine, "/usr/sbin/dnsmasq", "");
	run(machine, NULL);
	g_assert_null(strstr(machine->output, "dnsmasq"));
	expect(machine, "service", "ok", "It runs");
	expect(machine, "service", "ok", "made by NetworkManager");
	expect(machine, "polkit", "ok", "It runs");
	expect(machine, "supplicant", "ok", "Wi-Fi Display");
	expect(machine, "network-manager", "ok", "It manages wlan0");
	expect(machine, "avahi", "ok", "It runs");
	expect(machine, "firewall", "ok", "public lets sinks connect");
	expect(machine, "firewall", "ok", "public lets in mDNS");
	expect(machine, "firewall", "ok", "zone miracast");
	expect(machine, "encoders", "ok", "encoders of H.264: x264enc");
	expect(machine, "encoders", "ok",
	       "x264enc is good for 40 pictures a second of 1920x1080, or 90 of 1280x720");
	g_assert_nonnull(strstr(machine->output, "\"works\":true"));
	g_assert_cmpint(machine->status, ==, 0);
}

/* The test's GStreamer has software's encoders only. */
static void test_cards(struct machine *machine, gconstpointer unused)
{
	put(machine, "/sys/class/drm/card0/device/vendor", "0x8086\n");
	run(machine, NULL);
	g_assert_null(strstr(machine->output, "va-driver-all"));

	/* NVIDIA's cannot be helped. */
	put(machine, "/sys/class/drm/renderD128/device/vendor", "0x10de\n");
	put(machine, "/dev/dri/renderD128", "");
	run(machine, NULL);
	expect(machine, "encoders", "ok", "/dev/dri/renderD128 is NVIDIA's");
	g_assert_null(strstr(machine->output, "va-driver-all"));

	put(machine, "/sys/class/drm/renderD129/device/vendor", "0x1002\n");
	put(machine, "/dev/dri/renderD129", "");
	run(machine, NULL);
	expect(machine, "encoders", "warning", "va-driver-all");
	expect(machine, "encoders", "warning", "/dev/dri/renderD129: the processor encodes");

	/* The service has found one, which this user does not see. */
	put(machine, "/var/cache/miracast/encoders",
	    "[vaapih264enc]\npixels-per-second=1382400000\nversion=1\n");
	run(machine, NULL);
	expect(machine, "encoders", "ok", "vaapih264enc is good for 400");
	g_assert_null(strstr(machine->output, "va-driver-all"));

	put(machine, "/var/cache/miracast/encoders",
	    "[vaapih264enc]\npixels-per-second=0\nversion=1\n");
	run(machine, NULL);
	expect(machine, "encoders", "warning", "vaapih264enc hung or crashed");
}

static void test_half_is_well(struct machine *machine, gconstpointer unused)
{
	START({"io.github.linux_miracast", "/io/github/linux_miracast/manager", GET,
	       "{'Version': <'0'>}", ANSWERS},
	      {"fi.w1.wpa_supplicant1", "/fi/w1/wpa_supplicant1", GET,
	       "{'Capabilities': <['ap', 'p2p']>}", ANSWERS},
	      {"org.freedesktop.Avahi", "/", "org.freedesktop.Avahi.Server", "{'GetState': <(3,)>}",
	       ANSWERS},
	      {"org.freedesktop.NetworkManager", "/org/freedesktop",
	       "org.freedesktop.DBus.ObjectManager",
	       "{'GetManagedObjects': <({objectpath '/d/1': "
	       "{'org.freedesktop.NetworkManager.Device': {'DeviceType': <uint32 2>, "
	       "'Managed': <true>, 'Interface': <'wlan0'>}}},)>}",
	       ANSWERS},
	      {"org.fedoraproject.FirewallD1", "/org/fedoraproject/FirewallD1",
	       "org.fedoraproject.FirewallD1", "{'getDefaultZone': <('public',)>}", ANSWERS},
	      {"org.fedoraproject.FirewallD1", "/org/fedoraproject/FirewallD1",
	       "org.fedoraproject.FirewallD1.zone",
	       "{'queryPort': <(false,)>, 'queryService': <(false,)>, 'getZones': <(['public'],)>}",
	       ANSWERS});
	run(machine, NULL);
	expect(machine, "service", "warning", "its version is 0");
	expect(machine, "supplicant", "warning", "without Wi-Fi Display");
	expect(machine, "avahi", "warning", "state 3");
	expect(machine, "network-manager", "warning", "makes no Wi-Fi Direct groups");
	expect(machine, "firewall", "warning", "firewall-cmd --add-port=7236/tcp");
	expect(machine, "firewall", "warning", "firewall-cmd --add-service=mdns");
	expect(machine, "firewall", "warning", "does not know the zone miracast");
}

/* Where wpa_supplicant does not run. */
static void test_iwd(struct machine *machine, gconstpointer unused)
{
	START({"io.github.linux_miracast", "/io/github/linux_miracast/manager", GET,
	       "{'Version': <'" VERSION "'>, 'Makers': <{'p2p': 'iwd'}>}", ANSWERS},
	      {"net.connman.iwd", "/net/connman/iwd", "net.connman.iwd.Daemon",
	       "{'GetInfo': <({'NetworkConfigurationEnabled': <true>},)>}", ANSWERS});
	run(machine, NULL);
	expect(machine, "service", "ok", "made by iwd");
	expect(machine, "supplicant", "warning", "become the group's owner");
}

static void test_iwd_sets_no_addresses(struct machine *machine, gconstpointer unused)
{
	START({"net.connman.iwd", "/net/connman/iwd", "net.connman.iwd.Daemon",
	       "{'GetInfo': <({'NetworkConfigurationEnabled': <false>},)>}", ANSWERS});
	run(machine, NULL);
	expect(machine, "supplicant", "warning", "EnableNetworkConfiguration=true");
	expect(machine, "supplicant", "warning", "sets no addresses");
}

static void test_refused(struct machine *machine, gconstpointer unused)
{
	START({"fi.w1.wpa_supplicant1", "/fi/w1/wpa_supplicant1", GET, NULL, REFUSES},
	      {"org.freedesktop.NetworkManager", "/org/freedesktop",
	       "org.freedesktop.DBus.ObjectManager", NULL, REFUSES},
	      {"org.fedoraproject.FirewallD1", "/org/fedoraproject/FirewallD1",
	       "org.fedoraproject.FirewallD1", "{'getDefaultZone': <('public',)>}", ANSWERS},
	      {"org.fedoraproject.FirewallD1", "/org/fedoraproject/FirewallD1",
	       "org.fedoraproject.FirewallD1.zone", NULL, REFUSES});
	run(machine, NULL);
	expect(machine, "firewall", "unknown", "this user may not ask");
	g_assert_null(strstr(machine->output, "mDNS"));
	expect(machine, "supplicant", "unknown", "this user may not ask");
	expect(machine, "network-manager", "unknown", "Not for you");
}

static void test_silent(struct machine *machine, gconstpointer unused)
{
	gint64 begin = g_get_monotonic_time();

	START({"io.github.linux_miracast", "/io/github/linux_miracast/manager", GET, NULL,
	       IS_SILENT},
	      {"org.freedesktop.Avahi", "/", "org.freedesktop.Avahi.Server", NULL, IS_SILENT});
	run(machine, NULL);
	expect(machine, "service", "failed", "does not answer");
	expect(machine, "avahi", "warning", "does not answer");
	g_assert_cmpint(g_get_monotonic_time() - begin, <, 30 * G_TIME_SPAN_SECOND);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, struct machine, NULL, set_up, function, tear_down)
	ADD("/doctor/modules", test_modules);
	ADD("/doctor/secure-boot", test_secure_boot);
	ADD("/doctor/rfkill", test_rfkill);
	ADD("/doctor/no-services", test_no_services);
	ADD("/doctor/avahi-is-stopped", test_avahi_is_stopped);
	ADD("/doctor/supplicant-is-stopped", test_supplicant_is_stopped);
	ADD("/doctor/no-bus", test_no_bus);
	ADD("/doctor/all-is-well", test_all_is_well);
	ADD("/doctor/cards", test_cards);
	ADD("/doctor/half-is-well", test_half_is_well);
	ADD("/doctor/iwd", test_iwd);
	ADD("/doctor/iwd-sets-no-addresses", test_iwd_sets_no_addresses);
	ADD("/doctor/refused", test_refused);
	ADD("/doctor/silent", test_silent);
	return g_test_run();
}
