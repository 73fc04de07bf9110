// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "jit/version.h"

#include <cstdint>
#include <vector>

namespace vitrine::core::jit {

/// Notes for places in the code of one version, packed: most versions never need any, but a large
/// one can have a million.
class Notes {
public:
    struct Place {
        /// The number of an exit, or the offset at which an instruction that may fault begins.
        uint32_t code;
        /// Where its note begins in `bytes_`.
        uint32_t note;
        /// How often code was left here. For the owner.
        uint64_t count = 0;
    };

    /// Adds the note of a place. Those of one kind must be added in ascending order.
    void add(StopPoint point, const Note& note);
    /// The place of a stop, or null. A fault belongs to the last place before it.
    Place* find(StopPoint point);
    Note read(const Place& place) const
    {
        Note note;
        read(place, note);
        return note;
    }
    /// The same, reusing the memory of a note.
    void read(const Place& place, Note& note) const;

    const std::vector<Place>& exits() const { return exits_; }
    const std::vector<Place>& faults() const { return faults_; }
    void shrink();
    /// The memory that they take.
    uint64_t size() const
    {
        return (exits_.capacity() + faults_.capacity()) * sizeof(Place) + bytes_.capacity();
    }

private:
    std::vector<Place> exits_, faults_;
    /// The notes, as numbers in LEB128.
    std::vector<uint8_t> bytes_;
    uint32_t last_note_ = 0;
};

} // namespace vitrine::core::jit
