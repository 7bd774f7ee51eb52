// SPDX-License-Identifier: GPL-2.0
/* A display driver that sends what it learns in an interrupt: docs/driver-api.md. */
#include <linux/irq_work.h>
#include <linux/miracast.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

struct example_message {
	u8 input[2];
	u8 output[64];
};

static struct miracast_adapter *adapter;
static struct miracast_display_callbacks callbacks;
static u32 answered;

static void example_callback(void *callback_context, const struct miracast_io_status *io_status)
{
	if (NT_SUCCESS(io_status->status))
		WRITE_ONCE(answered, answered + 1);
	kfree(callback_context);
}

/* In process context: here it may sleep, so here it sends. */
static void example_send(struct work_struct *work)
{
	struct example_message *message = kzalloc(sizeof(*message), GFP_KERNEL);

	if (!message)
		return;
	message->input[0] = 0xaa;
	message->input[1] = 0x55;
	if (callbacks.send_message(callbacks.miracast_handle, sizeof(message->input),
				   message->input, sizeof(message->output), message->output,
				   example_callback, message) != STATUS_PENDING)
		kfree(message);
}

static DECLARE_WORK(send_work, example_send);

/* Stands for the interrupt handler of the hardware. */
static void example_interrupt(struct irq_work *irq_work)
{
	queue_work(system_highpri_wq, &send_work);
}

static struct irq_work interrupt = IRQ_WORK_INIT_HARD(example_interrupt);

static ntstatus_t example_query_caps(void *driver, u32 size, struct miracast_caps *caps)
{
	return STATUS_SUCCESS;
}

static ntstatus_t example_create(void *driver, const struct miracast_display_callbacks *cb,
				 void **miracast_context, u32 *target_id)
{
	callbacks = *cb;
	return STATUS_SUCCESS;
}

static ntstatus_t example_io_control(void *driver, void *miracast_context, u32 input_size,
				     const void *input, u32 output_size, void *output, u32 *bytes)
{
	if (output_size < sizeof(answered))
		return STATUS_BUFFER_TOO_SMALL;
	irq_work_queue(&interrupt);
	*(u32 *)output = READ_ONCE(answered);
	*bytes = sizeof(answered);
	return STATUS_SUCCESS;
}

/* First no more interrupts, then no work: after this nobody uses the handle. */
static void example_destroy(void *driver, void *miracast_context)
{
	irq_work_sync(&interrupt);
	cancel_work_sync(&send_work);
}

static const struct miracast_display_ops example_ops = {
	.size = sizeof(struct miracast_display_ops),
	.query_caps = example_query_caps,
	.create_context = example_create,
	.io_control = example_io_control,
	.destroy_context = example_destroy,
};

static int __init example_init(void)
{
	const struct miracast_adapter_desc desc = {
		.size = sizeof(struct miracast_adapter_desc),
		.name = "miracast_example_irq",
		.ops = &example_ops,
		.max_contexts = 1,
		.max_slots = 16,
		.max_message = 64,
		.max_io_control = 64,
	};

	adapter = miracast_register_adapter(&desc);
	return PTR_ERR_OR_ZERO(adapter);
}
module_init(example_init);

static void __exit example_exit(void)
{
	miracast_unregister_adapter(adapter);
}
module_exit(example_exit);

MODULE_DESCRIPTION("User of the Miracast message channel that sends from an interrupt");
MODULE_LICENSE("GPL");
