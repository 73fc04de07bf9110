// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/component.h"
#include "component/component_names.h"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace vitrine::core::component {

/// The core modules and components that a component defines, and the core instances that it makes,
/// each with its index and name. Not those of components nested in it. Views point into the
/// component's bytes.
struct Contents {
    struct CoreModule {
        uint32_t index;
        /// From the component's name section, else from the module's own. Can be empty.
        std::string_view name;
        std::shared_ptr<const core::Module> module;
    };
    struct CoreInstance {
        uint32_t index;
        /// From the component's name section, else that of its core module. Can be empty.
        std::string_view name;
        /// The index of the core module that it is made of. Empty if it is made of exports.
        std::optional<uint32_t> module;
    };
    struct Nested {
        uint32_t index;
        /// From the component's name section, else from the nested component's own. Can be empty.
        std::string_view name;
        std::shared_ptr<const Component> component;
    };

    std::string_view name;
    std::vector<CoreModule> core_modules;
    std::vector<CoreInstance> core_instances;
    std::vector<Nested> components;
};
/// The component does not need to be valid.
Contents contents_of(const Component& component);

} // namespace vitrine::core::component
