// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/component_names.h"

#include <algorithm>
#include <optional>

namespace vitrine::core::component {

namespace {

std::optional<Sort> core_sort(uint8_t byte)
{
    switch (byte) {
    case 0x00: return Sort::CoreFunc;
    case 0x01: return Sort::CoreTable;
    case 0x02: return Sort::CoreMemory;
    case 0x03: return Sort::CoreGlobal;
    case 0x04: return Sort::CoreTag;
    case 0x10: return Sort::CoreType;
    case 0x11: return Sort::CoreModule;
    case 0x12: return Sort::CoreInstance;
    default: return std::nullopt;
    }
}

std::optional<Sort> component_sort(uint8_t byte)
{
    switch (byte) {
    case 0x01: return Sort::Func;
    case 0x02: return Sort::Value;
    case 0x03: return Sort::Type;
    case 0x04: return Sort::Component;
    case 0x05: return Sort::Instance;
    default: return std::nullopt;
    }
}

Result<void> decode_sort_names(ByteReader& in, ComponentNames& names)
{
    const uint8_t first = TRY(in.byte());
    const auto sort = first == 0 ? core_sort(TRY(in.byte())) : component_sort(first);
    // Later versions may have more sorts.
    if (sort)
        names.by_sort[static_cast<size_t>(*sort)] = TRY(decode_name_map(in));
    return {};
}

Result<void> decode_subsection(uint8_t id, ByteReader& in, ComponentNames& names)
{
    if (id == 0)
        names.component = TRY(in.name());
    if (id == 1)
        CHECK(decode_sort_names(in, names));
    return {};
}

/// An error within a subsection does not affect the others.
Result<void> decode_subsections(ByteReader& in, ComponentNames& names)
{
    while (!in.at_end()) {
        const uint8_t id = TRY(in.byte());
        ByteReader subsection = TRY(in.sub_reader(TRY(in.length())));
        (void)decode_subsection(id, subsection, names);
    }
    return {};
}

} // namespace

ComponentNames decode_component_names(const Component& component)
{
    ComponentNames names;
    const auto section = std::ranges::find(component.customs, "component-name", &CustomSection::name);
    if (section != component.customs.end()) {
        ByteReader in(section->bytes);
        (void)decode_subsections(in, names);
    }
    return names;
}

} // namespace vitrine::core::component
