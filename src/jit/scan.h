// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "jit/registers.h"
#include "wasm/module.h"

#include <array>
#include <span>
#include <vector>

namespace vitrine::core::jit {

/// The type of a value as far as the compiler is concerned: which registers it fits in.
enum class Type : uint8_t { I32, I64, Ref, F32, F64, V128 };

constexpr bool is_vector(Type type) { return type >= Type::F32; }
constexpr uint32_t slots_of(Type type) { return type == Type::V128 ? 2 : 1; }
Type type_of(ValueType type);

/// What a first look at a body finds out about a block, with the blocks inside it.
struct ScannedBlock {
    /// The pins whose locals it sets, and those that it uses in any way.
    uint32_t sets = 0;
    uint32_t uses = 0;
    bool has_call = false;
    bool has_else = false;
};

/// What a first look at a body finds out: which locals get a register, and what each block does to
/// them.
struct Scan {
    static constexpr uint32_t no_local = UINT32_MAX;

    /// The local of each pin, or `no_local`.
    std::array<uint32_t, pin_count> locals {};
    /// In the order in which they are opened. The first is the body.
    std::vector<ScannedBlock> blocks;
    uint32_t instructions = 0;

    /// Reads the body whose instructions are in `code`. The memory of earlier scans is reused.
    void run(std::span<const uint8_t> code, std::span<const Type> local_types);

private:
    /// A use of a local, or the beginning or end of a block.
    struct Event {
        enum class Kind : uint8_t { Get, Set, Open, Close };
        uint32_t word;

        Event(Kind kind, uint32_t local = 0) : word(local << 2 | static_cast<uint32_t>(kind)) {}
        Kind kind() const { return static_cast<Kind>(word & 3); }
        uint32_t local() const { return word >> 2; }
    };

    void choose_pins(std::span<const Type> local_types);
    void find_masks();

    std::vector<Event> events_;
    std::vector<uint32_t> weights_;
    std::vector<uint32_t> order_;
    std::vector<uint32_t> open_;
    std::vector<int8_t> pin_of_;
};

} // namespace vitrine::core::jit
