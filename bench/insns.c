// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plugin for QEMU's -plugin: counts how often each instruction of the guest is
 * executed and writes "address count" lines to out=FILE at the end.
 *
 * The functions of <qemu-plugin.h> that it needs are declared here, for Debian does not
 * package that header.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t qemu_plugin_id_t;

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*cb)(qemu_plugin_id_t id,
						      struct qemu_plugin_tb *tb));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op, void *ptr,
						uint64_t value);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
				    void (*cb)(qemu_plugin_id_t id, void *data), void *data);

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);
extern int qemu_plugin_version;

#define INLINE_ADD_U64 0
#define TABLE_BITS     22
#define TABLE_SIZE     (1u << TABLE_BITS)

EXPORT int qemu_plugin_version = 1;

/* An open hash table by address; the guest has far fewer instructions than entries. */
static struct {
	uint64_t address;
	uint64_t count;
} table[TABLE_SIZE];

static uint64_t *counter(uint64_t address)
{
	uint32_t i = (address * 0x9e3779b97f4a7c15ull) >> (64 - TABLE_BITS);

	while (table[i].address && table[i].address != address)
		i = (i + 1) % TABLE_SIZE;
	table[i].address = address;
	return &table[i].count;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb), i;
	struct qemu_plugin_insn *insn;

	for (i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		qemu_plugin_register_vcpu_insn_exec_inline(
			insn, INLINE_ADD_U64, counter(qemu_plugin_insn_vaddr(insn)), 1);
	}
}

static void finish(qemu_plugin_id_t id, void *data)
{
	FILE *file = data;
	uint32_t i;

	for (i = 0; i < TABLE_SIZE; i++)
		if (table[i].count)
			fprintf(file, "%llx %llu\n", (unsigned long long)table[i].address,
				(unsigned long long)table[i].count);
	fclose(file);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	FILE *file;

	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return -1;
	file = fopen(argv[0] + 4, "w");
	if (!file)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, finish, file);
	return 0;
}
