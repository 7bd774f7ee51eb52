// SPDX-License-Identifier: GPL-2.0
/* Adapters: registration, the device and its sysfs attributes, suspend. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/suspend.h>
#include <linux/sysfs.h>
#include "channel.h"
#include "netlink.h"
#include "slots.h"

#define MAX_PRIVATE_DATA 16384
#define MAX_STRUCT	 4096 /* of a driver's */

static dev_t first_devt;
static DEFINE_IDA(indexes);

static struct miracast_adapter *to_adapter(struct device *dev)
{
	return container_of(dev, struct miracast_adapter, dev);
}

static ssize_t name_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_adapter(dev)->name);
}
static DEVICE_ATTR_RO(name);

static ssize_t max_chunk_private_data_show(struct device *dev, struct device_attribute *attr,
					   char *buf)
{
	return sysfs_emit(buf, "%u\n", to_adapter(dev)->caps.max_chunk_private_driver_data_size);
}
static DEVICE_ATTR_RO(max_chunk_private_data);

static ssize_t hdcp_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n",
			  !!(to_adapter(dev)->caps.flags & MIRACAST_CAPS_HDCP_SUPPORT));
}
static DEVICE_ATTR_RO(hdcp);

static ssize_t contexts_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_adapter(dev)->nr_contexts));
}
static DEVICE_ATTR_RO(contexts);

static ssize_t pending_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct miracast_context *context = NULL;
	unsigned int pending = 0;

	while ((context = miracast_context_next(to_adapter(dev), context)))
		pending += READ_ONCE(context->nr_open);
	return sysfs_emit(buf, "%u\n", pending);
}
static DEVICE_ATTR_ADMIN_RO(pending); /* it tells when the screen changes */

static int parse_timeout(const char *buf, u32 *value)
{
	u32 parsed;
	int error;

	error = kstrtou32(buf, 0, &parsed);
	if (error)
		return error;
	if (!parsed || parsed > MIRACAST_MAX_TIMEOUT_MS)
		return -EINVAL;
	WRITE_ONCE(*value, parsed);
	return 0;
}

static ssize_t timeout_ms_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_adapter(dev)->timeout_ms));
}

static ssize_t timeout_ms_store(struct device *dev, struct device_attribute *attr, const char *buf,
				size_t count)
{
	struct miracast_adapter *adapter = to_adapter(dev);
	struct miracast_context *context = NULL;
	int error = parse_timeout(buf, &adapter->timeout_ms);

	if (error)
		return error;
	/* Open messages are held to the new one. */
	while ((context = miracast_context_next(adapter, context)))
		miracast_messages_limit_changed(context);
	return count;
}
static DEVICE_ATTR_RW(timeout_ms);

static ssize_t watchdog_ms_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_adapter(dev)->watchdog_ms));
}

static ssize_t watchdog_ms_store(struct device *dev, struct device_attribute *attr, const char *buf,
				 size_t count)
{
	return parse_timeout(buf, &to_adapter(dev)->watchdog_ms) ?: count;
}
static DEVICE_ATTR_RW(watchdog_ms);

static void destroy_contexts(struct miracast_adapter *adapter, ntstatus_t status)
{
	struct miracast_context *context = NULL;

	/* All messages first: an io_control of one context may wait for its own. */
	while ((context = miracast_context_next(adapter, context)))
		miracast_context_end(context, status);
	while ((context = miracast_context_next(adapter, context)))
		miracast_context_destroy(context, status);
}

static ssize_t abort_store(struct device *dev, struct device_attribute *attr, const char *buf,
			   size_t count)
{
	bool yes;
	int error;

	error = kstrtobool(buf, &yes);
	if (error)
		return error;
	if (!yes)
		return -EINVAL;
	destroy_contexts(to_adapter(dev), STATUS_CANCELLED);
	return count;
}
static DEVICE_ATTR_WO(abort);

/* clang-format off */
static struct attribute *adapter_attrs[] = {
	&dev_attr_name.attr,
	&dev_attr_max_chunk_private_data.attr,
	&dev_attr_hdcp.attr,
	&dev_attr_contexts.attr,
	&dev_attr_pending.attr,
	&dev_attr_timeout_ms.attr,
	&dev_attr_watchdog_ms.attr,
	&dev_attr_abort.attr,
	NULL,
};
ATTRIBUTE_GROUPS(adapter);
/* clang-format on */

static struct class miracast_class = {
	.name = "miracast",
	.dev_groups = adapter_groups,
};

static void adapter_release(struct device *dev)
{
	struct miracast_adapter *adapter = to_adapter(dev);

	ida_free(&indexes, adapter->index);
	kfree(adapter);
}

/* A longer struct has its new members right behind these: no padding, which nobody zeroes. */
static_assert(sizeof(struct miracast_adapter_desc) ==
	      offsetofend(struct miracast_adapter_desc, timeout_ms));
static_assert(sizeof(struct miracast_display_ops) ==
	      offsetofend(struct miracast_display_ops, session_state));

/*
 * Copies a driver's struct, which begins with its size and may be longer or shorter than ours:
 * what it lacks is zero. Returns what is wrong with it, or NULL.
 */
static const char *copy_sized(void *ours, size_t size, const void *theirs)
{
	size_t their_size = *(const u32 *)theirs;

	if (their_size < sizeof(u32) || their_size > MAX_STRUCT)
		return "size is not its sizeof";
	memset(ours, 0, size);
	memcpy(ours, theirs, min(size, their_size));
	if (their_size > size && memchr_inv(theirs + size, 0, their_size - size))
		return "a member that this kernel does not know is not zero";
	return NULL;
}

/* The first member of @desc that is not as it should be, and why; NULL: none. */
static const char *desc_fault(const struct miracast_adapter_desc *desc)
{
	if (!desc->name)
		return "name is NULL";
	if (!desc->ops)
		return "ops is NULL";
	if (!desc->max_contexts || desc->max_contexts > MIRACAST_MAX_CONTEXTS)
		return "max_contexts is not 1 to 32";
	if (!desc->max_slots || desc->max_slots > MIRACAST_MAX_SLOTS)
		return "max_slots is not 1 to 1024";
	if (!desc->max_message || desc->max_message > MIRACAST_MAX_BYTES)
		return "max_message is not 1 to 1048576";
	if (2ul * desc->max_slots * ALIGN(desc->max_message, 64) > MIRACAST_MAX_ARENA)
		return "max_slots times max_message is more than 128 MiB";
	if (desc->max_io_control > MIRACAST_MAX_BYTES)
		return "max_io_control is more than 1048576";
	if (desc->max_chunks > MIRACAST_MAX_CHUNKS)
		return "max_chunks is more than 4096";
	if (desc->timeout_ms > MIRACAST_MAX_TIMEOUT_MS)
		return "timeout_ms is more than a day";
	return NULL;
}

/* The first op that is not as it should be, and why; NULL: none. */
static const char *ops_fault(const struct miracast_display_ops *ops)
{
	if (!ops->query_caps)
		return "query_caps is NULL";
	if (!ops->create_context)
		return "create_context is NULL";
	if (!ops->destroy_context)
		return "destroy_context is NULL";
	return NULL;
}

/* Takes over what the driver says, or says in the log what is wrong with it. */
static int take_desc(struct miracast_adapter *adapter, const struct miracast_adapter_desc *desc)
{
	const char *fault, *what = "";

	fault = copy_sized(&adapter->desc, sizeof(adapter->desc), desc)
			?: desc_fault(&adapter->desc);
	if (!fault) {
		what = "ops: ";
		fault = copy_sized(&adapter->ops, sizeof(adapter->ops), adapter->desc.ops)
				?: ops_fault(&adapter->ops);
	}
	if (fault) {
		pr_err("adapter %s: %s%s\n", adapter->desc.name ?: "(null)", what, fault);
		return -EINVAL;
	}
	strscpy(adapter->name, adapter->desc.name, sizeof(adapter->name));
	adapter->timeout_ms = adapter->desc.timeout_ms ?: MIRACAST_DEFAULT_TIMEOUT_MS;
	adapter->watchdog_ms = MIRACAST_DEFAULT_WATCHDOG_MS;
	return 0;
}

static struct miracast_adapter *adapter_alloc(const struct miracast_adapter_desc *desc)
{
	struct miracast_adapter *adapter;
	int index;

	adapter = kzalloc(sizeof(*adapter), GFP_KERNEL);
	if (!adapter)
		return ERR_PTR(-ENOMEM);
	index = take_desc(adapter, desc)
			?: ida_alloc_max(&indexes, MIRACAST_MAX_ADAPTERS - 1, GFP_KERNEL);
	if (index < 0) {
		kfree(adapter);
		return ERR_PTR(index);
	}
	adapter->index = index;
	mutex_init(&adapter->ddi_lock);
	spin_lock_init(&adapter->lock);
	INIT_LIST_HEAD(&adapter->contexts);
	init_waitqueue_head(&adapter->wait);

	device_initialize(&adapter->dev);
	adapter->dev.class = &miracast_class;
	adapter->dev.parent = adapter->desc.parent;
	adapter->dev.devt = first_devt + index;
	adapter->dev.release = adapter_release;
	cdev_init(&adapter->cdev, &miracast_fops);
	adapter->cdev.owner = THIS_MODULE;
	return adapter;
}

struct miracast_adapter *miracast_register_adapter(const struct miracast_adapter_desc *desc)
{
	struct miracast_adapter *adapter = adapter_alloc(desc);
	ntstatus_t status;
	int error;

	if (IS_ERR(adapter))
		return adapter;
	error = dev_set_name(&adapter->dev, "miracast%d", adapter->index);
	if (error)
		goto put;
	status = adapter->ops.query_caps(adapter->desc.driver_context, sizeof(adapter->caps),
					 &adapter->caps);
	error = miracast_status_to_errno(status);
	if (error)
		goto put;
	if (adapter->caps.max_chunk_private_driver_data_size > MAX_PRIVATE_DATA ||
	    adapter->caps.flags & ~MIRACAST_CAPS_HDCP_SUPPORT) {
		pr_err("adapter %s: caps: more than %u bytes or an unknown flag\n", adapter->name,
		       MAX_PRIVATE_DATA);
		error = -EINVAL;
		goto put;
	}

	/* No context is made before the adapter is known. */
	mutex_lock(&adapter->ddi_lock);
	error = cdev_device_add(&adapter->cdev, &adapter->dev);
	if (!error) {
		miracast_adapter_publish(adapter);
		miracast_nl_adapter_event(MIRACAST_NL_EVENT_ADAPTER_ADDED, adapter);
	}
	mutex_unlock(&adapter->ddi_lock);
	if (error)
		goto put;
	return adapter;

put:
	put_device(&adapter->dev);
	return ERR_PTR(error);
}
EXPORT_SYMBOL_GPL(miracast_register_adapter);

/* Whether one of the adapter's ops or callbacks called this. */
static bool called_by_driver(struct miracast_adapter *adapter)
{
	bool found = READ_ONCE(adapter->ddi_task) == current;
	struct miracast_context *context;
	struct miracast_caller *caller;

	spin_lock(&adapter->lock);
	list_for_each_entry(context, &adapter->contexts, node) {
		spin_lock(&context->lock);
		hlist_for_each_entry(caller, &context->callers, node)
			found |= caller->task == current;
		spin_unlock(&context->lock);
	}
	spin_unlock(&adapter->lock);
	return found;
}

void miracast_unregister_adapter(struct miracast_adapter *adapter)
{
	if (!adapter)
		return;
	if (called_by_driver(adapter)) {
		pr_warn_once("adapter %s: its own op or callback cannot unregister it\n",
			     adapter->name);
		return;
	}
	miracast_adapter_retract(adapter);
	cdev_device_del(&adapter->cdev, &adapter->dev);

	spin_lock(&adapter->lock);
	WRITE_ONCE(adapter->removed, true);
	spin_unlock(&adapter->lock);
	destroy_contexts(adapter, STATUS_DEVICE_REMOVED);
	/* A context being made right now was published before, or not at all. */
	mutex_lock(&adapter->ddi_lock);
	mutex_unlock(&adapter->ddi_lock);

	wake_up_all(&adapter->wait);
	miracast_nl_adapter_event(MIRACAST_NL_EVENT_ADAPTER_REMOVED, adapter);
	put_device(&adapter->dev);
}
EXPORT_SYMBOL_GPL(miracast_unregister_adapter);

int miracast_adapter_index(const struct miracast_adapter *adapter)
{
	return adapter->index;
}
EXPORT_SYMBOL_GPL(miracast_adapter_index);

/*
 * Asks every running session to stop and waits for them all at once: for each up to
 * its adapter's watchdog time.
 */
static void stop_sessions(void)
{
	struct miracast_adapter *adapter = NULL;
	struct miracast_context *context;
	u64 begin = get_jiffies_64();

	while ((adapter = miracast_adapter_next(adapter))) {
		context = NULL;
		while ((context = miracast_context_next(adapter, context)))
			if (miracast_context_is_active(context))
				miracast_context_request_stop(context, MIRACAST_STOP_SUSPEND);
	}
	while ((adapter = miracast_adapter_next(adapter))) {
		u64 limit = begin + msecs_to_jiffies(READ_ONCE(adapter->watchdog_ms));

		context = NULL;
		while ((context = miracast_context_next(adapter, context))) {
			u64 now = get_jiffies_64();

			wait_event_killable_timeout(context->wait,
						    !miracast_context_is_active(context),
						    limit > now ? limit - now : 0);
			miracast_context_force_stop(context);
		}
	}
}

static void wake_sessions(void)
{
	struct miracast_adapter *adapter = NULL;
	struct miracast_context *context;

	while ((adapter = miracast_adapter_next(adapter))) {
		context = NULL;
		while ((context = miracast_context_next(adapter, context)))
			miracast_context_awake(context);
	}
}

static int pm_event(struct notifier_block *block, unsigned long event, void *data)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
		miracast_context_sleep(true);
		stop_sessions();
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
		miracast_context_sleep(false);
		wake_sessions();
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block pm_block = {
	.notifier_call = pm_event,
};

static int __init miracast_init(void)
{
	int error;

	miracast_wq = alloc_workqueue("miracast", WQ_UNBOUND, 0);
	if (!miracast_wq)
		return -ENOMEM;
	error = class_register(&miracast_class);
	if (error)
		goto destroy_wq;
	error = alloc_chrdev_region(&first_devt, 0, MIRACAST_MAX_ADAPTERS, "miracast");
	if (error)
		goto unregister_class;
	error = miracast_nl_init();
	if (error)
		goto unregister_region;
	error = register_pm_notifier(&pm_block);
	if (error)
		goto nl_exit;
	return 0;

nl_exit:
	miracast_nl_exit();
unregister_region:
	unregister_chrdev_region(first_devt, MIRACAST_MAX_ADAPTERS);
unregister_class:
	class_unregister(&miracast_class);
destroy_wq:
	destroy_workqueue(miracast_wq);
	return error;
}

static void __exit miracast_exit(void)
{
	unregister_pm_notifier(&pm_block);
	miracast_nl_exit();
	unregister_chrdev_region(first_devt, MIRACAST_MAX_ADAPTERS);
	class_unregister(&miracast_class);
	destroy_workqueue(miracast_wq);
}

module_init(miracast_init);
module_exit(miracast_exit);

MODULE_DESCRIPTION("Miracast message channel between display drivers and user space");
MODULE_LICENSE("GPL");
