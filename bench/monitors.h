/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who shows pictures, and who is to have them, when virtual monitors are measured: monitors.c.
 * Each picture has its number in one pixel, by which a receiver knows it.
 */
#ifndef MONITORS_H
#define MONITORS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIDTH	   1280
#define HEIGHT	   720
#define PART	   64 /* pixels, wide and high, of the part that changes */
#define PART_X	   640 /* where it is; its first pixel has the number */
#define PART_Y	   320
#define MAX_NUMBER 1000u

/* What sender and receiver, two processes, share. */
struct album {
	unsigned int refresh; /* of the monitor, Hz */
	bool part; /* a part of the picture changes, not all of it */
	atomic_bool hold; /* the receiver is to stand still once, for a second */
	int handover[2]; /* a pipe: what a compositor has to hand to the receiver itself */
	int sender; /* a pidfd of that process */
	uint64_t shown[MAX_NUMBER];
	uint64_t received[MAX_NUMBER];
};

/* A picture that is written by a card, and its fence; descriptors of the sender's. */
struct handover {
	int fence;
	int index;
	int dma_buf;
};

uint64_t now(void);
/* errno's if @what is "": nothing is known of why. */
void die(const char *what) __attribute__((noreturn));

/* A picture is there: here the receiver stands still if it is to. */
void told(struct album *album);
/* The receiver has these pixels. */
void have(struct album *album, const void *pixels, size_t pitch);
/* Draws what changes in picture @number; @pixels are those of the one before the last. */
void draw(const struct album *album, void *pixels, size_t pitch, unsigned int number);

/* Receivers, processes of their own: they write a byte to @ready, and never return. */
void receive_ours(struct album *album, int ready) __attribute__((noreturn));
void receive_vkms(struct album *album, int ready) __attribute__((noreturn));
void receive_evdi(struct album *album, int ready) __attribute__((noreturn));
void receive_pipewire(struct album *album, int ready) __attribute__((noreturn));

/* Senders: open() once, then a picture and the wait until the next may be drawn. */
struct sender {
	void (*open)(struct album *album, const char *driver);
	void (*show)(struct album *album, unsigned int number);
	void (*wait)(void);
};
extern const struct sender sender_card, sender_window;

#endif /* MONITORS_H */
