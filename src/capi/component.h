// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "capi/capi.h"

// What the handles for components are.

struct vitrine_component_t {
    vitrine::Component component;
};

struct vitrine_prepared_component_t {
    vitrine::PreparedComponent component;
};

struct vitrine_component_type_t {
    vitrine::ComponentType type;
};

struct vitrine_component_val_t {
    vitrine::ComponentVal val;
};

struct vitrine_component_instance_t {
    std::shared_ptr<vitrine::capi::StoreBody> store;
    vitrine::ComponentInstance instance;
};

struct vitrine_component_func_t {
    std::shared_ptr<vitrine::capi::StoreBody> store;
    vitrine::ComponentFunc func;
};

struct vitrine_component_caller_t {
    const vitrine::ComponentCaller& caller;
};

namespace vitrine::capi {

/// Null for none.
inline vitrine_component_type_t* make_component_type(const std::optional<ComponentType>& type)
{
    return type ? new vitrine_component_type_t { *type } : nullptr;
}

} // namespace vitrine::capi
