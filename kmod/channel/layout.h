/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The layout of <uapi/linux/miracast.h>, the same on 32 and 64 bit: programs in use were built
 * with it. Members are added at the end of a struct; no line here changes but a struct's SIZE.
 * Checked wherever it is compiled: in the module, in abi_test, and by meson for i386.
 */
#ifndef MIRACAST_LAYOUT_H
#define MIRACAST_LAYOUT_H

#define OFFSET(type, member, offset) \
	static_assert(offsetof(struct type, member) == (offset), "the layout changed")
#define SIZE(type, size) static_assert(sizeof(struct type) == (size), "the layout changed")

OFFSET(miracast_caps, max_chunk_private_driver_data_size, 0);
OFFSET(miracast_caps, flags, 4);
SIZE(miracast_caps, 8);

OFFSET(miracast_chunk_info, chunk_type, 0);
OFFSET(miracast_chunk_info, reserved, 4);
OFFSET(miracast_chunk_info, chunk_id, 8);
OFFSET(miracast_chunk_info, processing_time, 16);
OFFSET(miracast_chunk_info, encode_rate, 20);
SIZE(miracast_chunk_info, 24);

OFFSET(miracast_chunk_data, chunk_info, 0);
OFFSET(miracast_chunk_data, private_driver_data_size, 24);
OFFSET(miracast_chunk_data, private_driver_data, 28);
SIZE(miracast_chunk_data, 32);

OFFSET(miracast_statistic_data, statistic_type, 0);
OFFSET(miracast_statistic_data, reserved, 4);
OFFSET(miracast_statistic_data, encode_complete, 8);
OFFSET(miracast_statistic_data, chunk_sent, 8);
OFFSET(miracast_statistic_data, protocol_event, 8);
SIZE(miracast_statistic_data, 32);

OFFSET(miracast_handshake, size, 0);
OFFSET(miracast_handshake, reserved, 4);
OFFSET(miracast_handshake, features, 8);
OFFSET(miracast_handshake, supported_features, 16);
OFFSET(miracast_handshake, ioctls, 24);
OFFSET(miracast_handshake, adapter, 32);
OFFSET(miracast_handshake, max_contexts, 36);
OFFSET(miracast_handshake, max_slots, 40);
OFFSET(miracast_handshake, max_message, 44);
OFFSET(miracast_handshake, max_io_control, 48);
OFFSET(miracast_handshake, max_chunks, 52);
OFFSET(miracast_handshake, caps, 56);
OFFSET(miracast_handshake, name, 64);
SIZE(miracast_handshake, 96);

OFFSET(miracast_context_info, size, 0);
OFFSET(miracast_context_info, flags, 4);
OFFSET(miracast_context_info, slots, 8);
OFFSET(miracast_context_info, status, 12);
OFFSET(miracast_context_info, context_id, 16);
OFFSET(miracast_context_info, target_id, 20);
OFFSET(miracast_context_info, generation, 24);
OFFSET(miracast_context_info, state, 28);
OFFSET(miracast_context_info, arena_size, 32);
OFFSET(miracast_context_info, reserved, 40);
SIZE(miracast_context_info, 56);

OFFSET(miracast_session, size, 0);
OFFSET(miracast_session, op, 4);
OFFSET(miracast_session, status, 8);
OFFSET(miracast_session, reason, 12);
OFFSET(miracast_session, state, 16);
OFFSET(miracast_session, reserved, 20);
SIZE(miracast_session, 24);

OFFSET(miracast_state, size, 0);
OFFSET(miracast_state, state, 4);
OFFSET(miracast_state, flags, 8);
OFFSET(miracast_state, stop_reason, 12);
OFFSET(miracast_state, generation, 16);
OFFSET(miracast_state, held, 20);
OFFSET(miracast_state, queued, 24);
OFFSET(miracast_state, with_daemon, 28);
OFFSET(miracast_state, chunks, 32);
OFFSET(miracast_state, reserved, 36);
SIZE(miracast_state, 40);

OFFSET(miracast_message, id, 0);
OFFSET(miracast_message, input_size, 8);
OFFSET(miracast_message, output_size, 12);
OFFSET(miracast_message, input_offset, 16);
OFFSET(miracast_message, output_offset, 20);
OFFSET(miracast_message, flags, 24);
OFFSET(miracast_message, generation, 28);
SIZE(miracast_message, 32);

OFFSET(miracast_completion, id, 0);
OFFSET(miracast_completion, status, 8);
OFFSET(miracast_completion, reserved, 12);
OFFSET(miracast_completion, information, 16);
SIZE(miracast_completion, 24);

OFFSET(miracast_exchange, size, 0);
OFFSET(miracast_exchange, events, 4);
OFFSET(miracast_exchange, completions, 8);
OFFSET(miracast_exchange, messages, 16);
OFFSET(miracast_exchange, nr_completions, 24);
OFFSET(miracast_exchange, nr_messages, 28);
OFFSET(miracast_exchange, nr_stale, 32);
OFFSET(miracast_exchange, state, 36);
OFFSET(miracast_exchange, timeout_ns, 40);
OFFSET(miracast_exchange, completion_size, 48);
OFFSET(miracast_exchange, message_size, 52);
OFFSET(miracast_exchange, completion, 56);
OFFSET(miracast_exchange, message, 80);
OFFSET(miracast_exchange, flags, 112);
OFFSET(miracast_exchange, reserved, 116);
SIZE(miracast_exchange, 120);

OFFSET(miracast_io_control, size, 0);
OFFSET(miracast_io_control, flags, 4);
OFFSET(miracast_io_control, input, 8);
OFFSET(miracast_io_control, output, 16);
OFFSET(miracast_io_control, input_size, 24);
OFFSET(miracast_io_control, output_size, 28);
OFFSET(miracast_io_control, bytes_returned, 32);
OFFSET(miracast_io_control, status, 36);
SIZE(miracast_io_control, 40);

OFFSET(miracast_get_chunks, size, 0);
OFFSET(miracast_get_chunks, buffer_size, 4);
OFFSET(miracast_get_chunks, buffer, 8);
OFFSET(miracast_get_chunks, timeout_ns, 16);
OFFSET(miracast_get_chunks, outstanding, 24);
OFFSET(miracast_get_chunks, status, 28);
OFFSET(miracast_get_chunks, required, 32);
OFFSET(miracast_get_chunks, reserved, 36);
SIZE(miracast_get_chunks, 40);

OFFSET(miracast_report_status, size, 0);
OFFSET(miracast_report_status, miracast_status, 4);
OFFSET(miracast_report_status, status, 8);
OFFSET(miracast_report_status, reserved, 12);
SIZE(miracast_report_status, 16);

OFFSET(miracast_report_statistic, size, 0);
OFFSET(miracast_report_statistic, reserved, 4);
OFFSET(miracast_report_statistic, data, 8);
SIZE(miracast_report_statistic, 40);

#undef OFFSET
#undef SIZE

#endif /* MIRACAST_LAYOUT_H */
