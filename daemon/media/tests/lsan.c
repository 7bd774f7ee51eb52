// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For tests that run GStreamer under LeakSanitizer. GLib lets go of its first table of quarks when
 * that grows past 2048, and cannot free it, since readers take no lock. It is allocated by a
 * constructor, so the dynamic linker is on its stack, which only the slow unwinder sees.
 */
const char *__asan_default_options(void);
const char *__lsan_default_suppressions(void);

const char *__asan_default_options(void)
{
	return "fast_unwind_on_malloc=0";
}

const char *__lsan_default_suppressions(void)
{
	return "leak:ld-linux";
}
