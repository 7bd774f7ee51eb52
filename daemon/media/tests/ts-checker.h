/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads RTP datagrams as ISO/IEC 13818-1 and Wi-Fi Display say, by a reading of its own, and
 * asserts what demultiplexers do not look at: continuity, PIDs, lengths. Intervals and the lead are
 * measured: on a busy machine they are no faults of the program.
 */
#ifndef TS_CHECKER_H
#define TS_CHECKER_H

#include <glib.h>

typedef struct {
	guint8 counters[0x2000]; /* 0x80 | the last one */
	guint32 ssrc;
	guint16 sequence; /* the last one */
	gboolean begun;

	gint64 pcr; /* the last one, 27 MHz; -1: none yet */
	gint64 table_pcr; /* the PCR when the last PAT came */
	gint64 longest_pcr, longest_table; /* between two, 27 MHz */
	gint64 least_lead, most_lead; /* of PTS before PCR, 27 MHz */
	guint pats, pmts, pcrs, pictures, fillers, markers;
	GByteArray *pmt; /* the last one, without its CRC */

	GByteArray *pes; /* so far */
	GByteArray *picture; /* the last that was complete: its access unit */
	gint64 pts; /* its, 1/90000 s */
	gboolean random_access; /* it was marked as one to begin with */
	gboolean complete; /* nothing that came waits for a further packet */

	GByteArray *sound_pes; /* so far */
	GByteArray *sound; /* of the last unit of sound that was complete: what it carries */
	gint64 sound_pts; /* its, 1/90000 s */
	gint64 least_sound_lead; /* of its PTS before PCR, 27 MHz */
	guint sounds;
	guint lpcm_rate; /* of the last unit, if it was LPCM; 0: it was AAC */
} TsChecker;

TsChecker *ts_checker_new(void);
void ts_checker_free(TsChecker *checker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TsChecker, ts_checker_free)

void ts_checker_datagram(TsChecker *checker, const guint8 *datagram, gsize size);

#endif
