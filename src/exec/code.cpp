// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/code.h"

#include <cstring>

namespace vitrine::core {

namespace {

size_t size_of(const Function& function) { return function.meta->end_offset - function.meta->body_offset; }

} // namespace

void mark(Function& function, CodeOffset offset)
{
    ASSERT(!function.is_host() && offset >= function.meta->code_offset && offset < function.meta->end_offset);
    if (!function.private_code) {
        function.private_code = std::make_unique_for_overwrite<uint8_t[]>(size_of(function));
        std::memcpy(function.private_code.get(), original_code(function), size_of(function));
        function.code = function.private_code.get();
    }
    function.private_code[offset - function.meta->body_offset] = mark_opcode;
}

void unmark(Function& function, CodeOffset offset)
{
    if (!is_marked(function, offset))
        return;
    const uint32_t at = offset - function.meta->body_offset;
    function.private_code[at] = original_code(function)[at];
    if (std::memcmp(function.private_code.get(), original_code(function), size_of(function)) == 0) {
        function.code = original_code(function);
        function.private_code.reset();
    }
}

bool is_marked(const Function& function, CodeOffset offset)
{
    return function.private_code && function.meta->contains(offset)
        && function.private_code[offset - function.meta->body_offset] == mark_opcode
        && original_code(function)[offset - function.meta->body_offset] != mark_opcode;
}

} // namespace vitrine::core
