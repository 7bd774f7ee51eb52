/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: one for each step of a message, a session and a chunk. The
 * names are those of the ETW events of Microsoft-Windows-DxgKrnl in snake
 * case, shortened; the field names are stable.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM miracast

#if !defined(MIRACAST_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MIRACAST_TRACE_H

#include <linux/tracepoint.h>
#include "channel.h"

/* clang-format off */

TRACE_DEFINE_ENUM(MIRACAST_STOPPED);
TRACE_DEFINE_ENUM(MIRACAST_START_PENDING);
TRACE_DEFINE_ENUM(MIRACAST_STARTED);
TRACE_DEFINE_ENUM(MIRACAST_STOP_PENDING);
TRACE_DEFINE_ENUM(MIRACAST_CREATED);
TRACE_DEFINE_ENUM(MIRACAST_DESTROYED);

/* ETW: DxgkCbSendUserModeMessage */
TRACE_EVENT(miracast_send,
	    TP_PROTO(u64 token, u64 id, u32 input_size, u32 output_size, bool has_callback,
		     ntstatus_t status),
	    TP_ARGS(token, id, input_size, output_size, has_callback, status),
	    TP_STRUCT__entry(__field(u32, context)
			     __field(u64, id)
			     __field(u32, input_size)
			     __field(u32, output_size)
			     __field(bool, has_callback)
			     __field(u32, status)),
	    TP_fast_assign(__entry->context = (u32)token;
			   __entry->id = id;
			   __entry->input_size = input_size;
			   __entry->output_size = output_size;
			   __entry->has_callback = has_callback;
			   __entry->status = MIRACAST_NTSTATUS_VALUE(status);),
	    TP_printk("context=%u id=%llu input_size=%u output_size=%u callback=%d status=0x%08x",
		      __entry->context, __entry->id, __entry->input_size, __entry->output_size,
		      __entry->has_callback, __entry->status));

/* ETW: MiracastUmdDriverHandleKernelModeMessage, start */
TRACE_EVENT(miracast_deliver,
	    TP_PROTO(const struct miracast_context *context, u64 id, u32 flags),
	    TP_ARGS(context, id, flags),
	    TP_STRUCT__entry(__field(u32, context)
			     __field(u64, id)
			     __field(u32, flags)),
	    TP_fast_assign(__entry->context = context->id;
			   __entry->id = id;
			   __entry->flags = flags;),
	    TP_printk("context=%u id=%llu flags=0x%x", __entry->context, __entry->id,
		      __entry->flags));

DECLARE_EVENT_CLASS(miracast_message_end,
		    TP_PROTO(const struct miracast_context *context, u64 id, ntstatus_t status,
			     u64 information),
		    TP_ARGS(context, id, status, information),
		    TP_STRUCT__entry(__field(u32, context)
				     __field(u64, id)
				     __field(u32, status)
				     __field(u64, information)),
		    TP_fast_assign(__entry->context = context->id;
				   __entry->id = id;
				   __entry->status = MIRACAST_NTSTATUS_VALUE(status);
				   __entry->information = information;),
		    TP_printk("context=%u id=%llu status=0x%08x information=%llu", __entry->context,
			      __entry->id, __entry->status, __entry->information));

/* ETW: MiracastUmdDriverHandleKernelModeMessage, stop */
DEFINE_EVENT(miracast_message_end, miracast_complete,
	     TP_PROTO(const struct miracast_context *context, u64 id, ntstatus_t status,
		      u64 information),
	     TP_ARGS(context, id, status, information));

/* A message ended without a handler's word: stop, timeout, death, removal. */
DEFINE_EVENT(miracast_message_end, miracast_end,
	     TP_PROTO(const struct miracast_context *context, u64 id, ntstatus_t status,
		      u64 information),
	     TP_ARGS(context, id, status, information));

/* The sender's callback has returned. */
DEFINE_EVENT(miracast_message_end, miracast_callback,
	     TP_PROTO(const struct miracast_context *context, u64 id, ntstatus_t status,
		      u64 information),
	     TP_ARGS(context, id, status, information));

/* ETW: event 1017, device state */
TRACE_EVENT(miracast_session,
	    TP_PROTO(const struct miracast_context *context, u32 state, u32 flags, u32 reason),
	    TP_ARGS(context, state, flags, reason),
	    TP_STRUCT__entry(__field(u32, context)
			     __field(u32, state)
			     __field(u32, flags)
			     __field(u32, reason)),
	    TP_fast_assign(__entry->context = context->id;
			   __entry->state = state;
			   __entry->flags = flags;
			   __entry->reason = reason;),
	    TP_printk("context=%u state=%s flags=0x%x reason=0x%x", __entry->context,
		      __print_symbolic(__entry->state,
				       { MIRACAST_STOPPED, "stopped" },
				       { MIRACAST_START_PENDING, "start-pending" },
				       { MIRACAST_STARTED, "started" },
				       { MIRACAST_STOP_PENDING, "stop-pending" },
				       { MIRACAST_CREATED, "created" },
				       { MIRACAST_DESTROYED, "destroyed" }),
		      __entry->flags, __entry->reason));

/* ETW: DxgkDdiMiracastIoControl */
TRACE_EVENT(miracast_io_control,
	    TP_PROTO(const struct miracast_context *context, u32 input_size, u32 output_size,
		     bool hardware_access, ntstatus_t status, u32 bytes_returned),
	    TP_ARGS(context, input_size, output_size, hardware_access, status, bytes_returned),
	    TP_STRUCT__entry(__field(u32, context)
			     __field(u32, input_size)
			     __field(u32, output_size)
			     __field(bool, hardware_access)
			     __field(u32, status)
			     __field(u32, bytes_returned)),
	    TP_fast_assign(__entry->context = context->id;
			   __entry->input_size = input_size;
			   __entry->output_size = output_size;
			   __entry->hardware_access = hardware_access;
			   __entry->status = MIRACAST_NTSTATUS_VALUE(status);
			   __entry->bytes_returned = bytes_returned;),
	    TP_printk("context=%u input_size=%u output_size=%u hardware_access=%d status=0x%08x bytes_returned=%u",
		      __entry->context, __entry->input_size, __entry->output_size,
		      __entry->hardware_access, __entry->status, __entry->bytes_returned));

DECLARE_EVENT_CLASS(miracast_chunk,
		    TP_PROTO(u64 token, const struct miracast_chunk_info *info, ntstatus_t status),
		    TP_ARGS(token, info, status),
		    TP_STRUCT__entry(__field(u32, context)
				     __field(u32, chunk_type)
				     __field(u64, chunk_id)
				     __field(u32, processing_time)
				     __field(u32, encode_rate)
				     __field(u32, status)),
		    TP_fast_assign(__entry->context = (u32)token;
				   __entry->chunk_type = info->chunk_type;
				   __entry->chunk_id = info->chunk_id;
				   __entry->processing_time = info->processing_time;
				   __entry->encode_rate = info->encode_rate;
				   __entry->status = MIRACAST_NTSTATUS_VALUE(status);),
		    TP_printk("context=%u type=%u frame=%llu part=%u us=%u kbps=%u status=0x%08x",
			      __entry->context, __entry->chunk_type,
			      MIRACAST_CHUNK_ID_FRAME(__entry->chunk_id),
			      MIRACAST_CHUNK_ID_PART(__entry->chunk_id), __entry->processing_time,
			      __entry->encode_rate, __entry->status));

/* ETW: event 1040, DxgkCbReportChunkInfo */
DEFINE_EVENT(miracast_chunk, miracast_report_chunk_info,
	     TP_PROTO(u64 token, const struct miracast_chunk_info *info, ntstatus_t status),
	     TP_ARGS(token, info, status));

/* ETW: MiracastInterrupt */
DEFINE_EVENT(miracast_chunk, miracast_complete_chunk,
	     TP_PROTO(u64 token, const struct miracast_chunk_info *info, ntstatus_t status),
	     TP_ARGS(token, info, status));

/* DDI: ReportSessionStatus */
TRACE_EVENT(miracast_report_session_status,
	    TP_PROTO(const struct miracast_context *context, u32 miracast_status,
		     ntstatus_t status),
	    TP_ARGS(context, miracast_status, status),
	    TP_STRUCT__entry(__field(u32, context)
			     __field(u32, miracast_status)
			     __field(u32, status)),
	    TP_fast_assign(__entry->context = context->id;
			   __entry->miracast_status = miracast_status;
			   __entry->status = MIRACAST_NTSTATUS_VALUE(status);),
	    TP_printk("context=%u miracast_status=%u status=0x%08x", __entry->context,
		      __entry->miracast_status, __entry->status));

/* DDI: ReportStatistic. The value is the event, or the id of the chunk. */
TRACE_EVENT(miracast_report_statistic,
	    TP_PROTO(const struct miracast_context *context, u32 statistic_type, u64 value),
	    TP_ARGS(context, statistic_type, value),
	    TP_STRUCT__entry(__field(u32, context)
			     __field(u32, statistic_type)
			     __field(u64, value)),
	    TP_fast_assign(__entry->context = context->id;
			   __entry->statistic_type = statistic_type;
			   __entry->value = value;),
	    TP_printk("context=%u statistic_type=%u value=0x%llx", __entry->context,
		      __entry->statistic_type, __entry->value));

#endif /* MIRACAST_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
