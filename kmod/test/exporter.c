// SPDX-License-Identifier: GPL-2.0
/*
 * Dma-bufs for the display's tests, as other cards may export them: some can be
 * read by a processor, some cannot. See MIRACAST_TEST_DMA_BUF.
 */
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "miracast_test.h"

#define MAX_SIZE (16u << 20)

struct test_buffer {
	unsigned int count;
	struct page *pages[];
};

static struct sg_table *exporter_map(struct dma_buf_attachment *attach,
				     enum dma_data_direction direction)
{
	struct test_buffer *buffer = attach->dmabuf->priv;
	struct sg_table *table;
	int ret;

	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table_from_pages(table, buffer->pages, buffer->count, 0,
					(size_t)buffer->count << PAGE_SHIFT, GFP_KERNEL);
	if (ret)
		goto err_free;
	ret = dma_map_sgtable(attach->dev, table, direction, 0);
	if (ret)
		goto err_table;

	return table;

err_table:
	sg_free_table(table);
err_free:
	kfree(table);

	return ERR_PTR(ret);
}

static void exporter_unmap(struct dma_buf_attachment *attach, struct sg_table *table,
			   enum dma_data_direction direction)
{
	dma_unmap_sgtable(attach->dev, table, direction, 0);
	sg_free_table(table);
	kfree(table);
}

static void test_buffer_free(struct test_buffer *buffer)
{
	unsigned int i;

	for (i = 0; i < buffer->count && buffer->pages[i]; i++)
		__free_page(buffer->pages[i]);
	kvfree(buffer);
}

static void exporter_release(struct dma_buf *dma_buf)
{
	test_buffer_free(dma_buf->priv);
}

static int exporter_mmap(struct dma_buf *dma_buf, struct vm_area_struct *vma)
{
	struct test_buffer *buffer = dma_buf->priv;

	return vm_map_pages(vma, buffer->pages, buffer->count);
}

static int exporter_mmap_refused(struct dma_buf *dma_buf, struct vm_area_struct *vma)
{
	return -ENODEV;
}

static vm_fault_t exporter_fault(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct exporter_out_of_reach = {
	.fault = exporter_fault,
};

static int exporter_mmap_out_of_reach(struct dma_buf *dma_buf, struct vm_area_struct *vma)
{
	vma->vm_ops = &exporter_out_of_reach;

	return 0;
}

/* One page at a time can be read, and it takes a fault to get there. */
static vm_fault_t exporter_fault_slowly(struct vm_fault *vmf)
{
	struct test_buffer *buffer = vmf->vma->vm_private_data;

	if (vmf->pgoff >= buffer->count)
		return VM_FAULT_SIGBUS;

	unmap_mapping_range(vmf->vma->vm_file->f_mapping, 0, 0, 1);
	usleep_range(1000, 1100);
	vmf->page = buffer->pages[vmf->pgoff];
	get_page(vmf->page);

	return 0;
}

static const struct vm_operations_struct exporter_slow = {
	.fault = exporter_fault_slowly,
};

static int exporter_mmap_slow(struct dma_buf *dma_buf, struct vm_area_struct *vma)
{
	vma->vm_ops = &exporter_slow;
	vma->vm_private_data = dma_buf->priv;

	return 0;
}

#define EXPORTER_OPS \
	.map_dma_buf = exporter_map, .unmap_dma_buf = exporter_unmap, .release = exporter_release

static const struct dma_buf_ops exporter_ops[] = {
	[MIRACAST_TEST_DMA_BUF_READABLE] = { EXPORTER_OPS, .mmap = exporter_mmap },
	[MIRACAST_TEST_DMA_BUF_NO_MMAP] = { EXPORTER_OPS },
	[MIRACAST_TEST_DMA_BUF_MMAP_REFUSED] = { EXPORTER_OPS, .mmap = exporter_mmap_refused },
	[MIRACAST_TEST_DMA_BUF_OUT_OF_REACH] = { EXPORTER_OPS, .mmap = exporter_mmap_out_of_reach },
	[MIRACAST_TEST_DMA_BUF_SLOW] = { EXPORTER_OPS, .mmap = exporter_mmap_slow },
};

static struct test_buffer *test_buffer_alloc(u32 size)
{
	unsigned int count = PAGE_ALIGN(size) >> PAGE_SHIFT;
	struct test_buffer *buffer;
	unsigned int i;

	buffer = kvzalloc(struct_size(buffer, pages, count), GFP_KERNEL);
	if (!buffer)
		return NULL;
	buffer->count = count;
	for (i = 0; i < count; i++) {
		buffer->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!buffer->pages[i]) {
			test_buffer_free(buffer);
			return NULL;
		}
	}

	return buffer;
}

static long exporter_ioctl(struct file *filp, unsigned int cmd, unsigned long address)
{
	struct miracast_test_dma_buf argument;
	DEFINE_DMA_BUF_EXPORT_INFO(export);
	struct dma_buf *dma_buf;

	if (cmd != MIRACAST_TEST_DMA_BUF)
		return -ENOTTY;
	if (copy_from_user(&argument, (void __user *)address, sizeof(argument)))
		return -EFAULT;
	if (argument.kind >= ARRAY_SIZE(exporter_ops) || !argument.size || argument.size > MAX_SIZE)
		return -EINVAL;

	export.ops = &exporter_ops[argument.kind];
	export.size = argument.size;
	export.flags = O_RDWR | O_CLOEXEC;
	export.priv = test_buffer_alloc(argument.size);
	if (!export.priv)
		return -ENOMEM;
	dma_buf = dma_buf_export(&export);
	if (IS_ERR(dma_buf)) {
		test_buffer_free(export.priv);
		return PTR_ERR(dma_buf);
	}

	return dma_buf_fd(dma_buf, O_CLOEXEC);
}

static const struct file_operations exporter_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = exporter_ioctl,
};

static struct miscdevice exporter_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "miracast_test_exporter",
	.fops = &exporter_fops,
	.mode = 0600,
};
module_misc_device(exporter_device);

MODULE_DESCRIPTION("Dma-bufs for the tests of the wireless display");
MODULE_LICENSE("GPL");
/* MODULE_IMPORT_NS() takes a name without quotes on older kernels, and with on newer ones. */
MODULE_INFO(import_ns, "DMA_BUF");
