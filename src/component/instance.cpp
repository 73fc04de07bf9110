// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/instance.h"

namespace vitrine::core::component {

const Func* Instance::find_func(std::string_view name) const
{
    const auto found = exports->items.find(name);
    const auto* const func =
        found == exports->items.end() ? nullptr : std::get_if<const Func*>(&found->second);
    return func ? *func : nullptr;
}

const Func* Instance::find_func(std::string_view interface, std::string_view name) const
{
    const auto found = exports->items.find(interface);
    if (found == exports->items.end())
        return nullptr;
    const auto* const items = std::get_if<std::shared_ptr<const ItemMap>>(&found->second);
    if (!items)
        return nullptr;
    const auto inner = (*items)->items.find(name);
    const auto* const func =
        inner == (*items)->items.end() ? nullptr : std::get_if<const Func*>(&inner->second);
    return func ? *func : nullptr;
}

} // namespace vitrine::core::component
