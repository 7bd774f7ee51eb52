// SPDX-License-Identifier: GPL-2.0-or-later
/* A window that covers a compositor's only monitor: shared memory, two buffers, frame callbacks. */
#include "monitors.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wayland-client.h>

#include "xdg-shell.h"

#define PITCH (WIDTH * 4)

static struct {
	struct wl_display *display;
	struct wl_compositor *compositor;
	struct wl_shm *shm;
	struct xdg_wm_base *shell;
	struct wl_surface *surface;
	struct wl_buffer *buffers[2];
	char *pixels[2];
	bool configured;
	bool shown;
} window;

static void dispatch(void)
{
	if (wl_display_dispatch(window.display) < 0)
		die("the compositor");
}

static void ping(void *data, struct xdg_wm_base *shell, uint32_t serial)
{
	xdg_wm_base_pong(shell, serial);
}

static const struct xdg_wm_base_listener shell_listener = {.ping = ping};

static void found(void *data, struct wl_registry *registry, uint32_t name, const char *interface,
		  uint32_t version)
{
	if (!strcmp(interface, wl_compositor_interface.name))
		window.compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 4);
	else if (!strcmp(interface, wl_shm_interface.name))
		window.shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
	else if (!strcmp(interface, xdg_wm_base_interface.name))
		window.shell = wl_registry_bind(registry, name, &xdg_wm_base_interface, 1);
}

static void gone(void *data, struct wl_registry *registry, uint32_t name)
{
}

static const struct wl_registry_listener registry_listener = {found, gone};

static void configure(void *data, struct xdg_surface *surface, uint32_t serial)
{
	xdg_surface_ack_configure(surface, serial);
	window.configured = true;
}

static const struct xdg_surface_listener surface_listener = {configure};

static void sized(void *data, struct xdg_toplevel *toplevel, int32_t width, int32_t height,
		  struct wl_array *states)
{
	if ((width && width != WIDTH) || (height && height != HEIGHT))
		die("the monitor's size is another");
}

static void closed(void *data, struct xdg_toplevel *toplevel)
{
	die("the window was closed");
}

static const struct xdg_toplevel_listener toplevel_listener = {.configure = sized, .close = closed};

static void frame(void *data, struct wl_callback *callback, uint32_t time)
{
	wl_callback_destroy(callback);
	window.shown = true;
}

static const struct wl_callback_listener frame_listener = {frame};

static void create_buffers(const struct album *album)
{
	const size_t size = (size_t)PITCH * HEIGHT;
	int fd = memfd_create("pictures", MFD_CLOEXEC);
	struct wl_shm_pool *pool;

	if (fd < 0 || ftruncate(fd, 2 * size))
		die("memfd");
	pool = wl_shm_create_pool(window.shm, fd, 2 * size);
	for (int i = 0; i < 2; i++) {
		window.pixels[i] =
			mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, i * size);
		if (window.pixels[i] == MAP_FAILED)
			die("mmap");
		memset(window.pixels[i], album->part ? 0 : 0x55 << i, size);
		window.buffers[i] = wl_shm_pool_create_buffer(pool, i * size, WIDTH, HEIGHT, PITCH,
							      WL_SHM_FORMAT_XRGB8888);
	}
	wl_shm_pool_destroy(pool);
	close(fd);
}

static void window_open(struct album *album, const char *driver)
{
	struct xdg_surface *surface;
	struct xdg_toplevel *toplevel;

	for (int tries = 0; tries < 3000 && !window.display; tries++) {
		window.display = wl_display_connect(NULL);
		usleep(10000);
	}
	if (!window.display)
		die("no compositor");
	wl_registry_add_listener(wl_display_get_registry(window.display), &registry_listener, NULL);
	wl_display_roundtrip(window.display);
	if (!window.compositor || !window.shm || !window.shell)
		die("the compositor lacks something");
	xdg_wm_base_add_listener(window.shell, &shell_listener, NULL);
	create_buffers(album);
	window.surface = wl_compositor_create_surface(window.compositor);
	surface = xdg_wm_base_get_xdg_surface(window.shell, window.surface);
	xdg_surface_add_listener(surface, &surface_listener, NULL);
	toplevel = xdg_surface_get_toplevel(surface);
	xdg_toplevel_add_listener(toplevel, &toplevel_listener, NULL);
	xdg_toplevel_set_fullscreen(toplevel, NULL);
	wl_surface_commit(window.surface);
	while (!window.configured)
		dispatch();
}

static void window_show(struct album *album, unsigned int number)
{
	draw(album, window.pixels[number % 2], PITCH, number);
	window.shown = false;
	album->shown[number] = now();
	wl_surface_attach(window.surface, window.buffers[number % 2], 0, 0);
	if (album->part)
		wl_surface_damage_buffer(window.surface, PART_X, PART_Y, PART, PART);
	else
		wl_surface_damage_buffer(window.surface, 0, 0, WIDTH, HEIGHT);
	wl_callback_add_listener(wl_surface_frame(window.surface), &frame_listener, NULL);
	wl_surface_commit(window.surface);
	if (wl_display_flush(window.display) < 0)
		die("the compositor");
}

static void window_wait(void)
{
	while (!window.shown)
		dispatch();
}

const struct sender sender_window = {window_open, window_show, window_wait};
