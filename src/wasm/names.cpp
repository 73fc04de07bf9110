// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/names.h"

#include <algorithm>

namespace vitrine::core {

Result<NameMap> decode_name_map(ByteReader& in)
{
    NameMap map;
    for (uint32_t left = TRY(in.length()); left > 0; --left) {
        const auto index = TRY(in.leb<uint32_t>());
        map.add(index, TRY(in.name()));
    }
    map.sort();
    return map;
}

namespace {

using IndirectNames = std::vector<std::pair<uint32_t, NameMap>>;

Result<void> decode_indirect(ByteReader& in, IndirectNames& names)
{
    for (uint32_t left = TRY(in.length()); left > 0; --left) {
        const auto owner = TRY(in.leb<uint32_t>());
        names.emplace_back(owner, TRY(decode_name_map(in)));
    }
    return {};
}

const NameMap* find_map(const IndirectNames& names, uint32_t owner)
{
    const auto found = std::ranges::lower_bound(names, owner, {}, &std::pair<uint32_t, NameMap>::first);
    return found != names.end() && found->first == owner ? &found->second : nullptr;
}

/// [spec: appendix/custom, subsections]
Result<void> decode_subsection(uint8_t id, ByteReader& in, Names& names)
{
    switch (id) {
    case 0: names.module = TRY(in.name()); return {};
    case 1: names.functions = TRY(decode_name_map(in)); return {};
    case 2: return decode_indirect(in, names.locals);
    case 4: names.types = TRY(decode_name_map(in)); return {};
    case 5: names.tables = TRY(decode_name_map(in)); return {};
    case 6: names.memories = TRY(decode_name_map(in)); return {};
    case 7: names.globals = TRY(decode_name_map(in)); return {};
    case 8: names.elems = TRY(decode_name_map(in)); return {};
    case 9: names.datas = TRY(decode_name_map(in)); return {};
    case 10: return decode_indirect(in, names.fields);
    case 11: names.tags = TRY(decode_name_map(in)); return {};
    default: return {}; // labels and later extensions
    }
}

/// Decodes the subsections. An error within one does not affect the others.
Result<void> decode_subsections(ByteReader& in, Names& names)
{
    while (!in.at_end()) {
        const uint8_t id = TRY(in.byte());
        ByteReader subsection = TRY(in.sub_reader(TRY(in.length())));
        (void)decode_subsection(id, subsection, names);
    }
    return {};
}

} // namespace

std::string_view NameMap::find(uint32_t index) const
{
    const auto found =
        std::ranges::lower_bound(names_, index, {}, &std::pair<uint32_t, std::string_view>::first);
    return found != names_.end() && found->first == index ? found->second : std::string_view();
}

void NameMap::sort()
{
    std::ranges::sort(names_, {}, [](const auto& item) { return std::pair(item.first, item.second.data()); });
}

const NameMap& Names::of(ExternKind kind) const
{
    const NameMap* const maps[] = { &functions, &tables, &memories, &globals, &tags };
    return *maps[static_cast<size_t>(kind)];
}

const NameMap* Names::find_locals(uint32_t function) const { return find_map(locals, function); }

std::string_view Names::local(uint32_t function, uint32_t local) const
{
    const NameMap* map = find_locals(function);
    return map ? map->find(local) : std::string_view();
}

const NameMap* Names::find_fields(uint32_t type) const { return find_map(fields, type); }

std::string_view Names::field(uint32_t type, uint32_t field) const
{
    const NameMap* map = find_fields(type);
    return map ? map->find(field) : std::string_view();
}

Names decode_names(Bytes section)
{
    Names names;
    ByteReader in(section);
    (void)decode_subsections(in, names);
    std::ranges::sort(names.locals, {}, &std::pair<uint32_t, NameMap>::first);
    std::ranges::sort(names.fields, {}, &std::pair<uint32_t, NameMap>::first);
    return names;
}

} // namespace vitrine::core
