// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any bytes as a module: decodes, disassembles and validates it. An error must have an
// offset, and a valid module must decode instruction by instruction.

#include "support/both_ways.h"
#include "wasm/decoder.h"
#include "wasm/instruction.h"
#include "wasm/printer.h"
#include "wasm/validator.h"

using namespace vitrine::core;

namespace {

void check_error(const Error& error, size_t size)
{
    ASSERT(!error.message.empty());
    ASSERT(error.offset && *error.offset <= size);
}

void check_bodies(const Module& module)
{
    for (const FuncMeta& body : module.bodies) {
        CodeOffset at = body.code_offset;
        while (at < body.end_offset)
            at = next_instruction(module.bytes(), at);
        ASSERT(at == body.end_offset);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    auto module = decode_module({ data, data + size }, FeatureSet::all());
    if (!module) {
        check_error(module.error(), size);
        return 0;
    }
    ASSERT(!disassemble(**module).empty());
    TypeRegistry types;
    if (const auto valid = test::validate_both_ways({ data, data + size }, types, FeatureSet::all()); !valid)
        check_error(valid.error(), size);
    else
        check_bodies(**valid);
    return 0;
}
