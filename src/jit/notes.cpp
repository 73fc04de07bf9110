// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/notes.h"

#include "jit/bytecode.h"

#include <algorithm>

namespace vitrine::core::jit {

namespace {

void write(std::vector<uint8_t>& bytes, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        bytes.push_back(static_cast<uint8_t>(number | 0x80));
    bytes.push_back(static_cast<uint8_t>(number));
}

/// The kind and the register, or the kind alone.
constexpr uint32_t kind_bits = 3;

void write(std::vector<uint8_t>& bytes, const ValuePlace& place)
{
    write(bytes, place.reg_or_slot << kind_bits | static_cast<uint32_t>(place.kind));
    write(bytes, place.slot);
    if (place.kind == ValuePlace::Kind::Constant)
        write(bytes, place.constant);
}

ValuePlace read_place(const uint8_t*& at)
{
    using bytecode::read;
    const auto head = read<uint32_t>(at);
    ValuePlace place { static_cast<ValuePlace::Kind>(head & ((1u << kind_bits) - 1)), head >> kind_bits,
        read<uint32_t>(at) };
    if (place.kind == ValuePlace::Kind::Constant)
        place.constant = read<uint64_t>(at);
    return place;
}

} // namespace

void Notes::add(StopPoint point, const Note& note)
{
    const auto begin = static_cast<uint32_t>(bytes_.size());
    write(bytes_, note.is_entry);
    write(bytes_, note.offset);
    write(bytes_, note.entry);
    write(bytes_, note.end_slot);
    write(bytes_, note.places.size());
    for (const ValuePlace& place : note.places)
        write(bytes_, place);
    // The exits of one instruction often have the same note.
    if (std::ranges::equal(
            std::span(bytes_).subspan(begin), std::span(bytes_).subspan(last_note_, begin - last_note_)))
        bytes_.resize(begin);
    else
        last_note_ = begin;
    (point.kind == StopPoint::Kind::Exit ? exits_ : faults_).push_back({ point.code, last_note_ });
}

void Notes::shrink()
{
    exits_.shrink_to_fit();
    faults_.shrink_to_fit();
    bytes_.shrink_to_fit();
}

Notes::Place* Notes::find(StopPoint point)
{
    auto& places = point.kind == StopPoint::Kind::Exit ? exits_ : faults_;
    const auto after = std::ranges::upper_bound(places, point.code, {}, &Place::code);
    if (after == places.begin())
        return nullptr;
    return &after[-1];
}

void Notes::read(const Place& place, Note& note) const
{
    using bytecode::read;
    const uint8_t* at = bytes_.data() + place.note;
    note.is_entry = read<uint32_t>(at) != 0;
    note.offset = read<uint32_t>(at);
    note.entry = read<uint32_t>(at);
    note.end_slot = read<uint32_t>(at);
    note.places.resize(read<uint32_t>(at));
    for (ValuePlace& value : note.places)
        value = read_place(at);
}

} // namespace vitrine::core::jit
