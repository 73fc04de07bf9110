// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/spectest.h"

namespace vitrine::cli {

using core::Value;
using core::ValueType;

Spectest::Spectest(core::Store& store)
{
    const auto add_print = [&](const char* name, std::vector<ValueType> params) {
        items_.emplace_back(name,
            std::make_shared<const core::HostFunction>(
                core::HostFunction { "spectest", name, { std::move(params), {} },
                    [](core::HostCall&) -> core::HostOutcome { return core::Returned {}; } }));
    };
    const auto add = [&](const char* name, const core::Extern& item) {
        items_.emplace_back(name, core::definition_of(store, item));
    };

    add_print("print", {});
    add_print("print_i32", { ValueType::i32 });
    add_print("print_i64", { ValueType::i64 });
    add_print("print_f32", { ValueType::f32 });
    add_print("print_f64", { ValueType::f64 });
    add_print("print_i32_f32", { ValueType::i32, ValueType::f32 });
    add_print("print_f64_f64", { ValueType::f64, ValueType::f64 });

    add("global_i32", store.add_global({ ValueType::i32 }, Value::i32(666)));
    add("global_i64", store.add_global({ ValueType::i64 }, Value::i64(666)));
    add("global_f32", store.add_global({ ValueType::f32 }, Value::f32(666.6F)));
    add("global_f64", store.add_global({ ValueType::f64 }, Value::f64(666.6)));

    for (const bool is_64 : { false, true })
        if (const auto table = store.add_table(
                { ValueType::funcref, { .min = 10, .max = 20, .is_64 = is_64, .is_shared = false } }, {}))
            add(is_64 ? "table64" : "table", *table);
    for (const bool is_shared : { false, true })
        if (const auto memory =
                store.add_memory({ { .min = 1, .max = 2, .is_64 = false, .is_shared = is_shared } }))
            add(is_shared ? "shared_memory" : "memory", *memory);
}

void Spectest::define_in(core::Linker& linker) const
{
    for (const auto& [name, definition] : items_)
        ASSERT(linker.define("spectest", name, definition));
}

} // namespace vitrine::cli
