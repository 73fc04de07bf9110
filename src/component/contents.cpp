// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/contents.h"

namespace vitrine::core::component {

namespace {

/// Walks over the definitions and counts the index spaces.
class Walk {
public:
    explicit Walk(const Component& component) : names_(decode_component_names(component))
    {
        contents.name = names_.component;
        for (const Definition& definition : component.definitions)
            std::visit([&](const auto& def) { add(def); }, definition.def);
    }

    Contents contents;

private:
    void add(const CoreModuleDef& def)
    {
        const auto index = static_cast<uint32_t>(modules_.size());
        modules_.push_back(def.module.get());
        std::string_view name = names_.find(Sort::CoreModule, index);
        if (name.empty())
            name = def.module->names().module;
        contents.core_modules.push_back({ index, name, def.module });
    }

    void add(const CoreInstanceDef& def)
    {
        const auto index = static_cast<uint32_t>(contents.core_instances.size());
        std::string_view name = names_.find(Sort::CoreInstance, index);
        const bool is_known = def.module && *def.module < modules_.size();
        if (const auto* module = is_known ? modules_[*def.module] : nullptr; module && name.empty())
            name = module->names().module;
        contents.core_instances.push_back({ index, name, def.module });
    }

    void add(const NestedComponentDef& def)
    {
        const uint32_t index = components_++;
        std::string_view name = names_.find(Sort::Component, index);
        if (name.empty())
            name = decode_component_names(*def.component).component;
        contents.components.push_back({ index, name, def.component });
    }

    void add(const AliasDef& def) { add_other(def.sort, nullptr); }
    void add(const ImportDef& def) { add_other(def.type.sort, nullptr); }
    /// An export is also a new item of its index space.
    void add(const ExportDef& def)
    {
        if (!def.item)
            return;
        const bool is_known = def.item->sort == Sort::CoreModule && def.item->index < modules_.size();
        add_other(def.item->sort, is_known ? modules_[def.item->index] : nullptr);
    }
    void add(const auto&) {}

    void add_other(Sort sort, const core::Module* module)
    {
        if (sort == Sort::CoreModule)
            modules_.push_back(module);
        if (sort == Sort::Component)
            ++components_;
    }

    const ComponentNames names_;
    /// The index space of core modules. Null for those that are defined elsewhere.
    std::vector<const core::Module*> modules_;
    uint32_t components_ = 0;
};

} // namespace

Contents contents_of(const Component& component) { return Walk(component).contents; }

} // namespace vitrine::core::component
