// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/instance_layout.h"

#include "runtime/instance.h"

namespace vitrine::core {

InstanceLayout::InstanceLayout(const Module& module)
{
    static_assert(alignof(Instance) <= alignof(void*) * 2 && alignof(Function) == alignof(void*)
        && sizeof(Instance) % alignof(void*) == 0);
    size = sizeof(Instance);
    const auto place = [&](size_t count, size_t item_bytes) {
        const size_t at = size;
        size += count * item_bytes;
        return at;
    };
    globals = place(module.globals.size(), sizeof(Global*));
    tables = place(module.tables.size(), sizeof(Table*));
    memories = place(module.memories.size(), sizeof(Memory*));
    tags = place(module.tags.size(), sizeof(Tag*));
    functions = place(module.functions.size(), sizeof(Function*));
    own_functions = place(module.bodies.size(), sizeof(Function));
}

} // namespace vitrine::core
