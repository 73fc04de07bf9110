// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/position.h"

#include "exec/code.h"
#include "exec/frame.h"
#include "wasm/opcode.h"

namespace vitrine::core {

Position position_of(const Thread& thread)
{
    Position position { .tick = thread.tick(), .depth = record_count(thread) };
    const Function* const function = thread.state.function;
    if (!function)
        return position;
    const uint32_t offset = thread.host ? thread.host_call_offset : thread.state.offset;
    position.offset = function->meta->body_offset + offset;
    if (!thread.host && original_code(*function)[offset] == info(Op::Loop).code)
        ++position.tick;
    return position;
}

} // namespace vitrine::core
