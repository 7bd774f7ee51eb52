/* SPDX-License-Identifier: GPL-2.0 */
/* As compat.h, for what uses no more than memory management. */
#ifndef _MIRACAST_COMPAT_MM_H
#define _MIRACAST_COMPAT_MM_H

#include <linux/mm.h>

#ifndef MIRACAST_HAVE_VM_FLAGS_MOD
static inline void vm_flags_mod(struct vm_area_struct *vma, unsigned long set, unsigned long clear)
{
	vma->vm_flags |= set;
	vma->vm_flags &= ~clear;
}
#endif

#endif /* _MIRACAST_COMPAT_MM_H */
