// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any bytes as a message between a debugger and the reader of debug information, from both
// sides: what can be decoded must be the same after another way through bytes.

#include "source/codec.h"

#include "support/literal_symbols.h"

#include <cstdlib>

using namespace vitrine::core;

namespace {

template<class T> void decode(Bytes bytes)
{
    if (const auto answer = source::decode_answer<T>(bytes)) {
        const std::vector<uint8_t> again = source::encode_answer(*answer);
        const auto same = source::decode_answer<T>(again);
        if (!same || !(*same == *answer))
            std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const Bytes bytes(data, size);
    if (const auto request = source::decode_request(bytes)) {
        const std::vector<uint8_t> again = source::encode(*request);
        if (!source::decode_request(again))
            std::abort();
        test::LiteralSymbols symbols;
        (void)source::encoded_answer(symbols, *request);
    }
    decode<source::Summary>(bytes);
    decode<std::optional<std::string>>(bytes);
    decode<std::optional<source::Row>>(bytes);
    decode<std::vector<source::Row>>(bytes);
    decode<std::optional<source::Function>>(bytes);
    decode<std::vector<source::Function>>(bytes);
    decode<std::vector<source::Scope>>(bytes);
    decode<std::vector<source::Variable>>(bytes);
    decode<source::Type>(bytes);
    decode<std::optional<source::TypeId>>(bytes);
    decode<std::optional<source::Variable>>(bytes);
    return 0;
}
