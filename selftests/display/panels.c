// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * panels
 *
 * A compositor that gives each monitor that comes a picture of its own: the connector's colour,
 * a row of eight fields that are a number in binary, and a square that jumps to and fro. The number
 * is another one each time that a mode is set on any of them. Says "CONNECTOR WIDTHxHEIGHT NUMBER"
 * then, and takes lines: "mode CONNECTOR N" for the Nth of its modes, "power CONNECTOR", off and on.
 * Goes when its input ends. For demo/four.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compositor.h"

#define PICTURES 2
#define FIELDS	 8
#define TICK_MS	 250
#define SHOW	 2 /* ticks */
#define PROBE	 4 /* ticks */

/* demo/four knows them, too. None is black, which are the borders of a scaled picture. */
static const uint32_t colours[] = {0xc03030, 0x30a040, 0x3050c0, 0xa0a030,
				   0xa040a0, 0x30a0a0, 0xd07030, 0x707070};

/**
 * struct panel - what one monitor shows
 * @pipe: its pipe
 * @colour: its colour
 * @lit: it shows something
 * @mode: its mode while it is lit
 * @pictures: shown in turns
 * @shown: which of them
 * @flip: the last one
 * @flipping: @flip was committed
 */
struct panel {
	struct pipe *pipe;
	uint32_t colour;
	bool lit;
	drmModeModeInfo mode;
	struct picture pictures[PICTURES];
	int shown;
	struct flip flip;
	bool flipping;
};

struct panels {
	struct compositor compositor;
	struct panel panel[8];
	unsigned int number;
};

static void fill(struct picture *picture, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
		 uint32_t colour)
{
	uint32_t row, column;

	for (row = y; row < y + height; row++)
		for (column = x; column < x + width; column++)
			picture->pixels[row * picture->pitch / 4 + column] = colour;
}

static void draw(struct picture *picture, uint32_t colour, unsigned int number, int place)
{
	uint32_t width = picture->width / FIELDS, height = picture->height / 4;
	uint32_t i;

	fill(picture, 0, 0, picture->width, picture->height, colour);
	for (i = 0; i < FIELDS; i++)
		fill(picture, i * width, height, width, height,
		     number >> (FIELDS - 1 - i) & 1 ? 0xf0f0f0 : 0x505050);
	fill(picture, (1 + 4 * place) * width, picture->height * 5 / 8, width, height / 2,
	     0xffffff ^ colour);
}

/* The flip that is on its way, if there is one. */
static int settle(struct panels *panels, struct panel *panel)
{
	int ret = panel->flipping ? compositor_wait(&panels->compositor, &panel->flip) : 0;

	panel->flipping = false;

	return ret;
}

static void darken(struct panels *panels, struct panel *panel)
{
	int i;

	for (i = 0; i < PICTURES; i++)
		if (panel->pictures[i].handle)
			picture_destroy(&panels->compositor, &panel->pictures[i]);
	panel->lit = false;
}

/* The mode is not valid any more if another sink is there by now: then it is tried again later. */
static int light(struct panels *panels, struct panel *panel, const drmModeModeInfo *mode)
{
	struct compositor *compositor = &panels->compositor;
	struct picture pictures[PICTURES];
	int i, ret = settle(panels, panel);

	panels->number++;
	for (i = 0; i < PICTURES && !ret; i++) {
		ret = picture_create(compositor, &pictures[i], mode->hdisplay, mode->vdisplay);
		if (!ret)
			draw(&pictures[i], panel->colour, panels->number, i);
	}
	if (ret)
		return ret;
	ret = compositor_modeset(compositor, panel->pipe, mode, &pictures[0], 0, NULL);
	if (ret) {
		for (i = 0; i < PICTURES; i++)
			picture_destroy(compositor, &pictures[i]);
		return ret == -EINVAL ? 0 : ret;
	}

	darken(panels, panel);
	memcpy(panel->pictures, pictures, sizeof(pictures));
	panel->lit = true;
	panel->mode = *mode;
	panel->shown = 0;
	printf("%d %ux%u %u\n", (int)(panel - panels->panel), mode->hdisplay, mode->vdisplay,
	       panels->number % (1 << FIELDS));
	fflush(stdout);

	return 0;
}

static bool same_mode(const drmModeModeInfo *one, const drmModeModeInfo *other)
{
	return one->hdisplay == other->hdisplay && one->vdisplay == other->vdisplay &&
	       one->clock == other->clock && one->htotal == other->htotal &&
	       one->vtotal == other->vtotal;
}

/* A monitor that has come, has gone, or is another one. */
static int probe(struct panels *panels, struct panel *panel)
{
	drmModeConnector *connector = compositor_connector(&panels->compositor, panel->pipe);
	int i, ret = 0;

	if (!connector)
		return -errno;
	for (i = 0; i < connector->count_modes; i++)
		if (panel->lit && same_mode(&connector->modes[i], &panel->mode))
			break;
	if (panel->lit && connector->connection != DRM_MODE_CONNECTED) {
		ret = settle(panels, panel);
		if (!ret)
			ret = compositor_disable(&panels->compositor, panel->pipe);
		darken(panels, panel);
	} else if (connector->count_modes && i == connector->count_modes) {
		ret = light(panels, panel, &connector->modes[0]);
	}
	drmModeFreeConnector(connector);

	return ret;
}

static int show_next(struct panels *panels, struct panel *panel)
{
	int ret;

	if (!panel->lit || (panel->flipping && !panel->flip.ended))
		return 0;
	panel->shown = (panel->shown + 1) % PICTURES;
	ret = compositor_flip(&panels->compositor, panel->pipe, &panel->pictures[panel->shown],
			      NULL, 0, &panel->flip);
	panel->flipping = !ret;

	return ret;
}

static int set_mode(struct panels *panels, struct panel *panel, unsigned int number)
{
	drmModeConnector *connector = compositor_connector(&panels->compositor, panel->pipe);
	int ret = 0;

	if (!connector)
		return -errno;
	if (connector->count_modes)
		ret = light(panels, panel, &connector->modes[number % connector->count_modes]);
	drmModeFreeConnector(connector);

	return ret;
}

static int power(struct panels *panels, struct panel *panel)
{
	int ret = settle(panels, panel);

	if (ret || !panel->lit)
		return ret;
	ret = compositor_power(&panels->compositor, panel->pipe, false);
	if (!ret)
		ret = compositor_power(&panels->compositor, panel->pipe, true);

	return ret;
}

static int obey(struct panels *panels, const char *line)
{
	unsigned int i, number = 0;

	if (sscanf(line, "mode %u %u", &i, &number) == 2 && i < 8 && panels->panel[i].pipe)
		return set_mode(panels, &panels->panel[i], number);
	if (sscanf(line, "power %u", &i) == 1 && i < 8 && panels->panel[i].pipe)
		return power(panels, &panels->panel[i]);

	return -EINVAL;
}

/* The number of bytes, or 0 at the end: by read(), since poll() does not see what stdio holds. */
static ssize_t read_lines(char *text, size_t size, int timeout_ms)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	ssize_t length;

	*text = '\0';
	if (poll(&input, 1, timeout_ms) <= 0)
		return 1;
	length = read(STDIN_FILENO, text, size - 1);
	text[length > 0 ? length : 0] = '\0';

	return length;
}

/* Connectors are made as sinks come. */
static int find(struct panels *panels)
{
	int i, ret = compositor_look(&panels->compositor);

	for (i = 0; i < panels->compositor.count; i++) {
		panels->panel[i].pipe = &panels->compositor.pipes[i];
		panels->panel[i].colour = colours[i];
	}

	return ret;
}

static int run(struct panels *panels)
{
	char text[512], *line, *rest;
	int i, tick, ret = 0;

	for (tick = 0; !ret; tick++) {
		if (read_lines(text, sizeof(text), TICK_MS) <= 0)
			return 0;
		rest = text;
		while (!ret && (line = strsep(&rest, "\n")))
			if (*line)
				ret = obey(panels, line);
		if (!ret)
			ret = compositor_poll(&panels->compositor, 0);
		if (ret == -ETIMEDOUT)
			ret = 0;
		if (!ret && tick % PROBE == 0)
			ret = find(panels);
		for (i = 0; i < panels->compositor.count && !ret; i++) {
			if (tick % PROBE == 0)
				ret = probe(panels, &panels->panel[i]);
			if (!ret && tick % SHOW == 0)
				ret = show_next(panels, &panels->panel[i]);
		}
	}

	return ret;
}

int main(void)
{
	struct panels panels = {};
	int ret = compositor_open(&panels.compositor);

	if (ret) {
		fprintf(stderr, "panels: no card of the display: %s\n", strerror(-ret));
		return 1;
	}
	ret = run(&panels);
	if (ret)
		fprintf(stderr, "panels: %s\n", strerror(-ret));

	return ret ? 1 : 0;
}
