// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/md5.h"

#include <bit>
#include <cstring>

namespace vitrine::core::source {

namespace {

constexpr size_t block_bytes = 64;
using State = std::array<uint32_t, 4>;

constexpr uint8_t shifts[4][4] = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 },
    { 6, 10, 15, 21 } };

/// The integer parts of 2^32 * |sin(i + 1)|.
constexpr uint32_t sines[64] = { 0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a,
    0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
    0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453,
    0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
    0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9,
    0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5,
    0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
    0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235,
    0x2ad7d2bb, 0xeb86d391 };

/// The function of a round, and the word that it takes in step `i`.
struct Round {
    uint32_t mixed;
    uint32_t word;
};

Round round_of(uint32_t i, uint32_t b, uint32_t c, uint32_t d)
{
    switch (i / 16) {
    case 0: return { (b & c) | (~b & d), i };
    case 1: return { (d & b) | (~d & c), (5 * i + 1) % 16 };
    case 2: return { b ^ c ^ d, (3 * i + 5) % 16 };
    default: return { c ^ (b | ~d), 7 * i % 16 };
    }
}

void add_block(State& state, const uint8_t* block)
{
    auto [a, b, c, d] = state;
    for (uint32_t i = 0; i < 64; ++i) {
        const auto [mixed, word] = round_of(i, b, c, d);
        const uint32_t sum = a + mixed + sines[i] + load<uint32_t>(block + 4 * word);
        a = d;
        d = c;
        c = b;
        b += std::rotl(sum, shifts[i / 16][i % 4]);
    }
    state = { state[0] + a, state[1] + b, state[2] + c, state[3] + d };
}

} // namespace

std::array<uint8_t, 16> md5_of(Bytes bytes)
{
    State state { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
    const size_t whole = bytes.size() / block_bytes * block_bytes;
    for (size_t at = 0; at < whole; at += block_bytes)
        add_block(state, bytes.data() + at);
    // The rest, a bit, zeros, and the length in bits.
    uint8_t rest[2 * block_bytes] {};
    const size_t size = bytes.size() - whole;
    std::memcpy(rest, bytes.data() + whole, size);
    rest[size] = 0x80;
    const size_t padded = size + 1 + sizeof(uint64_t) <= block_bytes ? block_bytes : 2 * block_bytes;
    const uint64_t bits = uint64_t { bytes.size() } * 8;
    std::memcpy(rest + padded - sizeof bits, &bits, sizeof bits);
    for (size_t at = 0; at < padded; at += block_bytes)
        add_block(state, rest + at);
    std::array<uint8_t, 16> digest;
    std::memcpy(digest.data(), state.data(), digest.size());
    return digest;
}

} // namespace vitrine::core::source
