// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any bytes as a location of DWARF. What is accepted must keep what the header promises.

#include "source/location.h"

using namespace vitrine::core;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    for (const uint8_t address_bytes : { 4, 8 }) {
        const auto pieces = source::parse_location({ data, size }, address_bytes);
        if (!pieces) {
            ASSERT(pieces.error().offset && *pieces.error().offset <= size);
            continue;
        }
        ASSERT(!pieces->empty() && pieces->size() <= 1000);
        size_t operations = 0;
        for (const source::Piece& piece : *pieces) {
            operations += piece.operations.size();
            ASSERT(pieces->size() == 1 || piece.bit_size != 0);
            ASSERT(piece.bytes.size() <= size && (piece.bytes.empty() || piece.operations.empty()));
            for (const source::Operation& operation : piece.operations)
                ASSERT(source::to_text(operation.op).starts_with("DW_OP_"));
        }
        ASSERT(operations <= 1000);
    }
    return 0;
}
