// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/instance.h"

#include "component/names.h"

namespace vitrine::core::component {

const Func* Instance::find_func(std::string_view name) const
{
    const auto found = exports->items.find(name);
    const auto* const func =
        found == exports->items.end() ? nullptr : std::get_if<const Func*>(&found->second);
    return func ? *func : nullptr;
}

const Item* Instance::find_instance(std::string_view interface) const
{
    for (const auto& [exported, item] : exports->items)
        if (std::holds_alternative<std::shared_ptr<const ItemMap>>(item)
            && names_interface(interface, exported))
            return &item;
    return nullptr;
}

const Func* Instance::find_func(std::string_view interface, std::string_view name) const
{
    for (const auto& [exported, item] : exports->items) {
        const auto* const items = std::get_if<std::shared_ptr<const ItemMap>>(&item);
        if (!items || !names_interface(interface, exported))
            continue;
        const auto found = (*items)->items.find(name);
        if (found == (*items)->items.end())
            continue;
        if (const auto* const func = std::get_if<const Func*>(&found->second))
            return *func;
    }
    return nullptr;
}

} // namespace vitrine::core::component
