// SPDX-License-Identifier: GPL-2.0
/*
 * LD_PRELOAD=libcover.so: any program's threads and children write down what code of
 * miracast.ko they reached (see cover.h). What a killed process reached is lost.
 */

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>

#include "cover.h"

static __thread struct cover cover;
static pthread_key_t at_thread_end;

static void finish(void)
{
	struct cover mine = cover;
	uint64_t n;

	if (!mine.words)
		return;
	cover.words = NULL;
	ioctl(mine.fd, KCOV_DISABLE, 0);
	n = __atomic_load_n(&mine.words[0], __ATOMIC_RELAXED);
	cover_save(mine.words + 1, n < COVER_WORDS ? n : COVER_WORDS - 1);
	munmap(mine.words, COVER_WORDS * sizeof(uint64_t));
	close(mine.fd);
}

static void finish_thread(void *unused)
{
	(void)unused;
	finish();
}

/* The parent's buffer came along, but its tracing did not. */
static void begin_child(void)
{
	if (cover.words) {
		munmap(cover.words, COVER_WORDS * sizeof(uint64_t));
		close(cover.fd);
	}
	cover_begin(&cover);
}

__attribute__((constructor)) static void begin(void)
{
	if (!getenv("MIRACAST_COVER"))
		return;
	pthread_key_create(&at_thread_end, finish_thread);
	pthread_atfork(NULL, NULL, begin_child);
	cover_begin(&cover);
}

__attribute__((destructor)) static void end(void)
{
	finish();
}

/* _exit() runs no destructors, and the kselftest harness ends its tests with it. */
void _exit(int status)
{
	finish();
	syscall(SYS_exit_group, status);
	__builtin_unreachable();
}

/* The buffer is looked after where most of it comes from. */
int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;
	int result;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	result = syscall(SYS_ioctl, fd, request, argument);
	if (cover.words && __atomic_load_n(&cover.words[0], __ATOMIC_RELAXED) > COVER_WORDS / 2) {
		int saved = errno;

		cover_compact(&cover);
		errno = saved;
	}
	return result;
}

struct start {
	void *(*function)(void *);
	void *argument;
};

static void *start_thread(void *data)
{
	struct start start = *(struct start *)data;

	free(data);
	if (getenv("MIRACAST_COVER")) {
		cover_begin(&cover);
		pthread_setspecific(at_thread_end, &cover);
	}
	return start.function(start.argument);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *),
		   void *argument)
{
	int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
		dlsym(RTLD_NEXT, "pthread_create");
	struct start *start = malloc(sizeof(*start));

	if (!start)
		return EAGAIN;
	*start = (struct start){function, argument};
	return next(thread, attributes, start_thread, start);
}
