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
    vitrine::ComponentCaller& caller;
    wasm_store_t store;
};

/// Each resource refers to it.
struct vitrine_component_resource_type_t {
    struct Body {
        void (*destructor)(void*, void*);
        vitrine::capi::HostInfo env;
        vitrine::HostResourceType type;
    };
    std::shared_ptr<const Body> body;
};

namespace vitrine::capi {

/// The values of an array that a C program passes. It may be null if it is empty.
std::vector<ComponentVal> component_vals_of(
    const vitrine_component_val_t* const vals[], std::size_t count, const char* function);

/// Null for none.
inline vitrine_component_type_t* make_component_type(const std::optional<ComponentType>& type)
{
    return type ? new vitrine_component_type_t { *type } : nullptr;
}

} // namespace vitrine::capi
