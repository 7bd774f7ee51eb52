// SPDX-License-Identifier: GPL-2.0
/*
 * The structs of <uapi/linux/miracast.h> on their way in and out, where the caller's may be
 * longer or shorter than ours, and their layout, which never changes.
 */

#include <linux/stddef.h>
#include <linux/uaccess.h>
#include "channel.h"
#include "layout.h"

/**
 * miracast_argument_get() - copy an ioctl's argument from user space
 * @argument: where to; @size bytes are written
 * @size: bytes of the struct as we know it; 0: the command has no argument
 * @user: where from
 * @user_size: bytes of the struct as the caller knows it
 *
 * What the caller's struct lacks is zero.
 *
 * Return: 0; -EINVAL if the size in the struct is another; -E2BIG if a byte that we do not
 * know is not zero; -EFAULT.
 */
int miracast_argument_get(void *argument, size_t size, const void __user *user, size_t user_size)
{
	int error;

	if (size && user_size < sizeof(u32))
		return -EINVAL;
	error = copy_struct_from_user(argument, size, user, user_size);
	if (error)
		return error;
	return size && *(u32 *)argument != user_size ? -EINVAL : 0;
}

/**
 * miracast_records_get() - copy records from an array in user space
 * @records: where to, an array of our records
 * @size: bytes of one of ours
 * @user: where from
 * @user_size: bytes of one of the caller's
 * @n: how many; set to how many have come, which may be fewer on failure
 *
 * Return: 0; -E2BIG if the record after the last one that came has a byte that we do not know
 * and that is not zero; -EFAULT.
 */
int miracast_records_get(void *records, size_t size, const void __user *user, size_t user_size,
			 unsigned int *n)
{
	unsigned int wanted = *n;
	int error;

	if (likely(user_size == size)) {
		if (!copy_from_user(records, user, size * wanted))
			return 0;
		*n = 0;
		return -EFAULT;
	}
	for (*n = 0; *n < wanted; ++*n) {
		error = copy_struct_from_user(records + *n * size, size, user + *n * user_size,
					      user_size);
		if (error)
			return error;
	}
	return 0;
}

/**
 * miracast_records_put() - copy records to an array in user space
 * @user: where to
 * @user_size: bytes of one of the caller's records
 * @records: where from, an array of our records
 * @size: bytes of one of ours
 * @n: how many
 *
 * What the caller's records have beyond ours is zeroed.
 *
 * Return: 0 or -EFAULT.
 */
int miracast_records_put(void __user *user, size_t user_size, const void *records, size_t size,
			 unsigned int n)
{
	size_t both = min(size, user_size);

	if (likely(user_size == size))
		return copy_to_user(user, records, size * n) ? -EFAULT : 0;
	for (; n; n--, user += user_size, records += size)
		if (copy_to_user(user, records, both) || clear_user(user + both, user_size - both))
			return -EFAULT;
	return 0;
}
