// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/component.h"
#include "wasm/names.h"

#include <array>
#include <string_view>

namespace vitrine::core::component {

/// The contents of a `component-name` section. Views point into the component's bytes.
/// [component model: Binary, name section]
struct ComponentNames {
    /// The name of the component itself.
    std::string_view component;

    /// The name of an item of an index space. Empty if it has none.
    std::string_view find(Sort sort, uint32_t index) const
    {
        return by_sort[static_cast<size_t>(sort)].find(index);
    }

    std::array<NameMap, static_cast<size_t>(Sort::Instance) + 1> by_sort;
};

/// Decodes the names of what this component defines, but not of what components nested in it
/// define. Ignores malformed subsections: they never make a component invalid.
ComponentNames decode_component_names(const Component& component);

} // namespace vitrine::core::component
