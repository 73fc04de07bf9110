// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/branch_hints.h"

#include "wasm/instruction.h"

namespace vitrine::core {

namespace {

std::unexpected<Error> wrong(const char* what, uint64_t offset)
{
    return failure("@metadata.code.branch_hint annotation: " + std::string(what), offset);
}

/// Checks the hints of one function, which must be sorted by offset.
Result<void> check_function(const Module& module, const FuncMeta& body, ByteReader& in)
{
    CodeOffset at = body.code_offset;
    const uint32_t hints = TRY(in.length());
    uint32_t before = 0;
    for (uint32_t i = 0; i < hints; ++i) {
        const uint64_t start = in.offset();
        const auto place = TRY(in.leb<uint32_t>());
        const auto size = TRY(in.leb<uint32_t>());
        const uint8_t hint = TRY(in.byte());
        if (size != 1 || hint > 1)
            return wrong("invalid hint", start);
        if (i > 0 && place <= before)
            return wrong("duplicate annotation", start);
        before = place;
        const uint64_t target = uint64_t { body.body_offset } + place;
        while (at < target && at < body.end_offset)
            at = next_instruction(module.bytes(), at);
        const bool is_there = at == target && at < body.end_offset;
        const uint8_t opcode = is_there ? module.bytes()[at] : 0;
        if (opcode != info(Op::If).code && opcode != info(Op::BrIf).code)
            return wrong("invalid target", start);
    }
    return {};
}

} // namespace

Result<void> check_branch_hints(const Module& module)
{
    for (const CustomSection& section : module.customs) {
        if (section.name != "metadata.code.branch_hint")
            continue;
        ByteReader in(section.bytes, section.offset);
        const uint32_t functions = TRY(in.length());
        for (uint32_t i = 0; i < functions; ++i) {
            const uint64_t start = in.offset();
            const FuncIndex function { TRY(in.leb<uint32_t>()) };
            if (!module.functions.contains(function) || module.is_imported(function))
                return wrong("not in a function", start);
            CHECK(check_function(module, module.meta(function), in));
        }
    }
    return {};
}

} // namespace vitrine::core
