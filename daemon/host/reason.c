// SPDX-License-Identifier: GPL-2.0-or-later
#include "reason.h"

#include "miracast-status.h"

/* Who shows them to people translates them: apps/connect/po. */
#define N_(sentence) sentence

G_DEFINE_QUARK(host_error, host_error)

static const struct {
	const char *word;
	const char *sentence;
} reasons[HOST_N_REASONS] = {
	[HOST_REASON_STOPPED_BY_USER] = {"stopped-by-user",
					 N_("The session was ended on request.")},
	[HOST_REASON_DAEMON_SHUTDOWN] = {"daemon-shutdown",
					 N_("miracastd was stopped: start it and connect again.")},
	[HOST_REASON_DECLINED_BY_USER] =
		{"declined-by-user", N_("The question about the connection was answered with no.")},
	[HOST_REASON_OWNER_LEFT] =
		{"owner-left", N_("The person who had connected has logged out, or another one "
				  "is at this machine now: connect again.")},

	[HOST_REASON_NO_LOCAL_ADDRESS] =
		{"no-local-address", N_("The local address is not one of this machine's: choose "
					"one that 'ip address' shows.")},
	[HOST_REASON_NO_ROUTE] = {"no-route",
				  N_("There is no way to the sink's address: check the address and "
				     "the network.")},
	[HOST_REASON_ADDRESS_IN_USE] = {"address-in-use",
					N_("Another program listens on the RTSP port: find it with "
					   "'ss -ltnp' and end it, or choose another port.")},
	[HOST_REASON_LISTEN_FAILED] = {"listen-failed", N_("The RTSP port cannot be opened.")},
	[HOST_REASON_SINK_DID_NOT_CONNECT] =
		{"sink-did-not-connect", N_("The sink did not connect in time: check that it is "
					    "on, that it knows this address and port, and that "
					    "no firewall is between.")},
	[HOST_REASON_WRONG_PEER] =
		{"wrong-peer", N_("The sink did not connect in time, but another machine did and "
				  "was refused: check the sink's address.")},
	[HOST_REASON_LINK_LOST] = {"link-lost",
				   N_("The network link to the sink is gone: bring it back and "
				      "connect again.")},

	[HOST_REASON_NO_WIFI_DEVICE] =
		{"no-wifi-device",
		 N_("There is no Wi-Fi device: plug one in, or use a sink on the local network.")},
	[HOST_REASON_RADIO_BLOCKED] =
		{"radio-blocked",
		 N_("The Wi-Fi radio is switched off: switch it on, or run 'rfkill unblock wifi'.")},
	[HOST_REASON_NO_P2P] =
		{"no-p2p",
		 N_("The Wi-Fi device or its driver cannot do Wi-Fi Direct: use another one, or a sink on the local network.")},
	[HOST_REASON_SUPPLICANT_AWAY] =
		{"supplicant-away",
		 N_("wpa_supplicant is not there: install it, or start it with 'systemctl start wpa_supplicant'.")},
	[HOST_REASON_SUPPLICANT_REFUSED] =
		{"supplicant-refused",
		 N_("wpa_supplicant refused what it was asked for: see its log and miracastd's.")},
	[HOST_REASON_SINK_NOT_FOUND] =
		{"sink-not-found",
		 N_("The sink is not in reach any more: switch it on and open its screen mirroring.")},
	[HOST_REASON_SINK_NOT_ANSWERING] =
		{"sink-not-answering",
		 N_("The sink does not answer over the air: switch it off and on, or move closer.")},
	[HOST_REASON_NOT_ACCEPTED] =
		{"not-accepted",
		 N_("Nobody accepted the connection at the sink: connect again and accept it there.")},
	[HOST_REASON_DECLINED] = {"declined", N_("The connection was declined at the sink.")},
	[HOST_REASON_SINK_BUSY] = {"sink-busy",
				   N_("The sink is busy: end what it shows and connect again.")},
	[HOST_REASON_SINK_FULL] =
		{"sink-full",
		 N_("The sink has all the connections that it can have: end one there and connect again.")},
	[HOST_REASON_P2P_INCOMPATIBLE] =
		{"incompatible-parameters",
		 N_("The sink cannot be connected to in this way: choose another way of pairing, and check that it is in its receiving mode.")},
	[HOST_REASON_P2P_INVALID] =
		{"invalid-parameters",
		 N_("The sink found this machine's request wrong: switch the sink off and on, and report it as a bug if it stays so.")},
	[HOST_REASON_P2P_DISRUPTED] =
		{"disruptive-behaviour",
		 N_("The sink refuses this machine after an earlier failure: switch the sink off and on.")},
	[HOST_REASON_NO_COMMON_CHANNEL] =
		{"no-common-channel",
		 N_("This machine and the sink have no channel in common: check the regulatory domain ('iw reg get') and the sink's band.")},
	[HOST_REASON_CHANNEL_CONFLICT] =
		{"channel-conflict",
		 N_("The radio cannot be on the sink's channel and on that of the Wi-Fi"
		    " network at once: disconnect from the network, or have it by cable"
		    " or by another Wi-Fi device.")},
	[HOST_REASON_UNKNOWN_GROUP] =
		{"unknown-group",
		 N_("The sink does not know the group from an earlier time any more: connect again.")},
	[HOST_REASON_BOTH_WANT_TO_OWN] =
		{"both-want-to-own",
		 N_("Both sides insist on owning the group: connect with another intent.")},
	[HOST_REASON_PAIRING_UNSUPPORTED] =
		{"pairing-unsupported",
		 N_("The sink does not take this way of pairing: connect with a PIN, or without one.")},
	[HOST_REASON_PAIRING_FAILED] =
		{"pairing-failed",
		 N_("Pairing with the sink failed: switch the sink off and on and connect again.")},
	[HOST_REASON_WRONG_PIN] = {"wrong-pin",
				   N_("The PIN was wrong: connect again, and type what is shown.")},
	[HOST_REASON_BAD_PIN] =
		{"bad-pin",
		 N_("That is not a PIN: it has four digits, or eight of which the last is a checksum.")},
	[HOST_REASON_NO_PIN] =
		{"no-pin",
		 N_("The sink wants a PIN and none was given: connect again and type it, or name it with the request.")},
	[HOST_REASON_GROUP_FAILED] =
		{"group-failed",
		 N_("No Wi-Fi Direct group came about: switch the sink off and on and connect again.")},
	[HOST_REASON_JOIN_NOT_CONFIRMED] =
		{"join-not-confirmed",
		 N_("The sink did not let this machine into its group: connect again and accept it there.")},
	[HOST_REASON_GROUP_REMOVED] = {"group-removed", N_("The Wi-Fi Direct group was removed.")},
	[HOST_REASON_GROUP_REMOVED_BY_NM] =
		{"group-removed-by-network-manager",
		 N_("NetworkManager removed the group, because it manages this radio: "
		    "connect through it, or let it leave the radio alone for the time "
		    "('nmcli device set INTERFACE managed no').")},
	[HOST_REASON_NM_AWAY] =
		{"network-manager-away",
		 N_("NetworkManager, which made the group, was ended or restarted: connect again.")},
	[HOST_REASON_NM_ABSENT] =
		{"network-manager-absent",
		 N_("NetworkManager does not manage this radio, or has not told yet: let it ('nmcli device set INTERFACE managed yes'), or leave the choice of the maker to miracastd.")},
	[HOST_REASON_NM_REFUSED] =
		{"network-manager-refused",
		 N_("NetworkManager refused to make the group: see its log, and whether miracastd is allowed to (polkit: network-control).")},
	[HOST_REASON_NM_UNABLE] =
		{"network-manager-unable",
		 N_("NetworkManager manages this radio and cannot connect in this way: "
		    "let it leave the radio alone for the time ('nmcli device set "
		    "INTERFACE managed no'), and have the network by cable or by "
		    "another Wi-Fi device meanwhile.")},
	[HOST_REASON_NM_OWNS] =
		{"network-manager-owns",
		 N_("The sink has an address in the group and did not connect: if no "
		    "firewall is between, it may want to own the group itself, which "
		    "NetworkManager does not let it. Let NetworkManager leave the radio alone "
		    "for the time ('nmcli device set INTERFACE managed no').")},
	[HOST_REASON_IWD_AWAY] =
		{"iwd-away",
		 N_("iwd, which makes the group, was ended or restarted: connect again.")},
	[HOST_REASON_IWD_ABSENT] =
		{"iwd-absent",
		 N_("iwd does not manage a Wi-Fi Direct radio here, or wpa_supplicant has one, too: leave the choice of the maker to miracastd.")},
	[HOST_REASON_IWD_REFUSED] =
		{"iwd-refused",
		 N_("iwd refused what it was asked for: see its log, and whether miracastd is allowed to ask it (its D-Bus policy).")},
	[HOST_REASON_IWD_UNABLE] =
		{"iwd-unable",
		 N_("iwd manages this radio and cannot connect in this way: use a second Wi-Fi device that wpa_supplicant manages, or wpa_supplicant instead of iwd.")},
	[HOST_REASON_STATION_KEPT] =
		{"station-kept",
		 N_("The radio cannot be on a Wi-Fi network and reach the sink at once,"
		    " and the network was kept: disconnect from it, or have it by cable"
		    " or by another Wi-Fi device.")},
	[HOST_REASON_RADIO_IN_USE] =
		{"radio-in-use",
		 N_("Sinks are not looked for by Wi-Fi Direct while a session's pictures go over the same radio: end that session first.")},
	[HOST_REASON_RADIO_TAKEN] =
		{"radio-taken",
		 N_("Another program is on a network with the Wi-Fi device, or has made it an"
		    " access point: end that for the time, or use a sink on the local"
		    " network.")},
	[HOST_REASON_ADDRESS_SERVICE_AWAY] =
		{"address-service-away",
		 N_("The service that sets addresses is not there: run 'systemctl start miracast-address.socket'.")},
	[HOST_REASON_NO_ADDRESS] =
		{"no-address",
		 N_("There is no address on the group: switch the sink off and on and connect again.")},
	[HOST_REASON_ADDRESS_CONFLICT] =
		{"address-conflict",
		 N_("The sink's addresses are those of another network of this machine: disconnect from that one first.")},
	[HOST_REASON_SINK_TOOK_NO_ADDRESS] =
		{"sink-took-no-address",
		 N_("The sink joined the group but asked for no address: check that no firewall drops DHCP (67/udp) on its interface, and switch the sink off and on.")},

	[HOST_REASON_AVAHI_AWAY] =
		{"avahi-away",
		 N_("Avahi is not there, so no sink on the local network is found: install avahi-daemon, or start it with 'systemctl start avahi-daemon'.")},
	[HOST_REASON_AVAHI_FAILED] =
		{"avahi-failed",
		 N_("Avahi does not look for sinks on the local network: see its log.")},
	[HOST_REASON_SINK_UNREACHABLE] =
		{"sink-unreachable", N_("The sink was found on the network but cannot be "
					"connected: check that it is on, and that no firewall is "
					"between.")},
	[HOST_REASON_SINK_HUNG_UP] =
		{"sink-hung-up", N_("The sink hung up before it showed anything: accept the "
				    "connection there, end its session with another device, or "
				    "look at what it asks for.")},
	[HOST_REASON_CONTROL_SILENT] = {"control-silent",
					N_("The sink stopped answering before it showed anything: "
					   "switch it off and on and connect again.")},
	[HOST_REASON_SINK_STOPPED] = {"sink-stopped", N_("The sink stopped the projection.")},
	[HOST_REASON_CONTROL_LOST] =
		{"control-lost", N_("The sink closed the connection that the session depends on: "
				    "check that it is still on, and connect again.")},
	[HOST_REASON_CONTROL_INVALID] =
		{"control-invalid", N_("The sink said what makes no sense: look for an update of "
				       "it, or connect by Wi-Fi Direct.")},
	[HOST_REASON_ENCRYPTION_FAILED] =
		{"encryption-failed", N_("No encryption could be agreed upon with the sink: look "
					 "for an update of it, or connect without encryption.")},
	[HOST_REASON_PIN_NOT_PROVEN] =
		{"pin-not-proven", N_("The sink took the PIN but does not know it itself: it may "
				      "be another device than the one that shows the PIN.")},

	[HOST_REASON_NO_ADAPTER] = {"no-adapter",
				    N_("There is no Miracast display adapter: load one with "
				       "'modprobe miracast_display'.")},
	[HOST_REASON_UNKNOWN_ADAPTER] =
		{"unknown-adapter", N_("There is no display adapter of that name: 'miracastctl "
				       "channel adapters' lists those that there are.")},
	[HOST_REASON_ADAPTER_BUSY] = {"adapter-busy",
				      N_("All connectors of the display adapter are in use: "
					 "disconnect another session first.")},
	[HOST_REASON_ADAPTER_ACCESS] = {"adapter-access-denied",
					N_("miracastd may not open the display adapter: run it as "
					   "root or as a member of the node's group.")},
	[HOST_REASON_ADAPTER_UNSUPPORTED] =
		{"adapter-unsupported", N_("This is not a Miracast display adapter, or one whose "
					   "module is too old: check the path and the version.")},
	[HOST_REASON_ADAPTER_FAILED] =
		{"adapter-failed", N_("The display adapter cannot be used: see the kernel's log.")},
	[HOST_REASON_ADAPTER_GONE] =
		{"adapter-gone", N_("The display adapter was removed or the session was aborted "
				    "there: load its module and connect again.")},
	[HOST_REASON_CONTEXT_REFUSED] =
		{"context-refused", N_("The display driver refused the session: see the kernel's "
				       "log.")},

	[HOST_REASON_DRIVER_LOAD_FAILED] = {"driver-load-failed",
					    N_("The user-mode driver cannot be loaded: check the "
					       "installation, or name one with --driver.")},
	[HOST_REASON_DRIVER_FAILED] = {"driver-failed",
				       N_("The user-mode driver failed: see miracastd's log.")},
	[HOST_REASON_DRIVER_HUNG] =
		{"driver-hung", N_("The user-mode driver did not answer and was cut off: restart "
				   "miracastd and report it as a bug.")},
	[HOST_REASON_SESSION_DIED] = {"session-died",
				      N_("The session's process died: see miracastd's log, connect "
					 "again, and report it as a bug.")},
	[HOST_REASON_START_TIMEOUT] =
		{"start-timeout", N_("The session did not start in time: switch the sink off and "
				     "on and connect again.")},

	[HOST_REASON_SINK_SILENT] =
		{"sink-silent", N_("The sink does not answer any more: check that it is on and "
				   "in reach, and connect again.")},
	[HOST_REASON_SINK_DISCONNECTED] = {"sink-disconnected", N_("The sink ended the session.")},
	[HOST_REASON_INSUFFICIENT_BANDWIDTH] =
		{"insufficient-bandwidth", N_("The link is too slow for a picture: move closer "
					      "or choose a smaller mode.")},
	[HOST_REASON_MODE_REFUSED] = {"mode-refused",
				      N_("The sink refused the display mode: choose another one.")},
	[HOST_REASON_SUSPENDED] = {"suspended", N_("The machine went to sleep: connect again.")},
	[HOST_REASON_KERNEL_STOP] = {"kernel-stop",
				     N_("The kernel asked for the session's end: see its log.")},
};

const char *host_reason_word(HostReason reason)
{
	return reasons[reason].word;
}

char *host_reason_message(HostReason reason, const char *detail)
{
	const char *sentence = reasons[reason].sentence;

	return detail ? g_strdup_printf("%s (%s)", sentence, detail) : g_strdup(sentence);
}

GError *host_reason_error(HostReason reason, const char *detail)
{
	g_autofree char *message = host_reason_message(reason, detail);

	return g_error_new_literal(HOST_ERROR, (int)reason, message);
}

HostReason host_reason_from_error(const GError *error)
{
	if (error->domain == HOST_ERROR)
		return error->code;
	if (error->domain != MIRACAST_ERROR)
		return HOST_REASON_DRIVER_FAILED;
	switch ((MiracastError)error->code) {
	case MIRACAST_ERROR_NO_ADAPTER: return HOST_REASON_NO_ADAPTER;
	case MIRACAST_ERROR_UNKNOWN_ADAPTER: return HOST_REASON_UNKNOWN_ADAPTER;
	case MIRACAST_ERROR_ACCESS: return HOST_REASON_ADAPTER_ACCESS;
	case MIRACAST_ERROR_UNSUPPORTED: return HOST_REASON_ADAPTER_UNSUPPORTED;
	case MIRACAST_ERROR_BUSY: return HOST_REASON_ADAPTER_BUSY;
	case MIRACAST_ERROR_REFUSED: return HOST_REASON_CONTEXT_REFUSED;
	case MIRACAST_ERROR_GONE: return HOST_REASON_ADAPTER_GONE;
	case MIRACAST_ERROR_TIMED_OUT: return HOST_REASON_START_TIMEOUT;
	case MIRACAST_ERROR_DRIVER_LOAD: return HOST_REASON_DRIVER_LOAD_FAILED;
	case MIRACAST_ERROR_DRIVER_FAILED: return HOST_REASON_DRIVER_FAILED;
	case MIRACAST_ERROR_DRIVER_HUNG: return HOST_REASON_DRIVER_HUNG;
	case MIRACAST_ERROR_STOPPING: return HOST_REASON_SUSPENDED;
	case MIRACAST_ERROR_FAILED:
	case MIRACAST_ERROR_INVALID: break;
	}
	return HOST_REASON_ADAPTER_FAILED;
}

static const struct {
	enum miracast_stop_reason stop_reason;
	HostReason reason;
} stop_reasons[] = {
	{MIRACAST_STOP_CRITICAL_ERROR, HOST_REASON_DRIVER_FAILED},
	{MIRACAST_STOP_MISSING_KEEPALIVE, HOST_REASON_SINK_SILENT},
	{MIRACAST_STOP_SINK_DISCONNECT, HOST_REASON_SINK_DISCONNECTED},
	{MIRACAST_STOP_INSUFFICIENT_BANDWIDTH, HOST_REASON_INSUFFICIENT_BANDWIDTH},
	{MIRACAST_STOP_FAILED_STANDARD_MODE_CHANGE, HOST_REASON_MODE_REFUSED},
	{MIRACAST_STOP_L2_DISCONNECTED, HOST_REASON_LINK_LOST},
	{MIRACAST_STOP_L2_DISCONNECTED, HOST_REASON_CONTROL_LOST},
	{MIRACAST_STOP_L2_DISCONNECTED, HOST_REASON_GROUP_REMOVED},
	{MIRACAST_STOP_L2_DISCONNECTED, HOST_REASON_GROUP_REMOVED_BY_NM},
	{MIRACAST_STOP_L2_DISCONNECTED, HOST_REASON_SUPPLICANT_AWAY},
	{MIRACAST_STOP_L2_DISCONNECTED, HOST_REASON_NM_AWAY},
	{MIRACAST_STOP_L2_DISCONNECTED, HOST_REASON_IWD_AWAY},
	{MIRACAST_STOP_L2_DISCONNECTED, HOST_REASON_NO_ADDRESS},
	{MIRACAST_STOP_SINK_DISCONNECT, HOST_REASON_SINK_STOPPED},
	{MIRACAST_STOP_USER_REQUEST, HOST_REASON_STOPPED_BY_USER},
	{MIRACAST_STOP_USER_REQUEST, HOST_REASON_DAEMON_SHUTDOWN},
	{MIRACAST_STOP_USER_REQUEST, HOST_REASON_OWNER_LEFT},
	{MIRACAST_STOP_REMOVE_DEVICE, HOST_REASON_ADAPTER_GONE},
	{MIRACAST_STOP_SUSPEND, HOST_REASON_SUSPENDED},
};

HostReason host_reason_from_stop(enum miracast_stop_reason stop_reason)
{
	for (size_t i = 0; i < G_N_ELEMENTS(stop_reasons); i++)
		if (stop_reasons[i].stop_reason == stop_reason)
			return stop_reasons[i].reason;
	return HOST_REASON_KERNEL_STOP;
}

enum miracast_stop_reason host_reason_to_stop(HostReason reason)
{
	for (size_t i = 0; i < G_N_ELEMENTS(stop_reasons); i++)
		if (stop_reasons[i].reason == reason)
			return stop_reasons[i].stop_reason;
	return MIRACAST_STOP_UNKNOWN;
}
