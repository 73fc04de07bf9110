// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Measures calls of a guest function of type (i32, i32) -> i32 from the host: through the C++ API,
// and through the `wasm_func_call` of each shared library that is named on the command line, ours
// or another runtime's. Then calls of (u32, u32) -> u32 by one component to another, compiled and
// interpreted. The rounds of all are interleaved. `./dev bench calls` runs it.
#include "support/wat.h"

#include <vitrine/component.hpp>
#include <vitrine/vitrine.hpp>
#include <wasm.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <dlfcn.h>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr auto guest_text = R"((module
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))))";

// `run` calls the other component's `add` as often as its argument says.
constexpr auto component_text = R"((component
    (component $adder
        (core module $code
            (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
        (core instance $core (instantiate $code))
        (func (export "add") (param "a" u32) (param "b" u32) (result u32)
            (canon lift (core func $core "add"))))
    (component $caller
        (import "add" (func $add (param "a" u32) (param "b" u32) (result u32)))
        (core func $lowered (canon lower (func $add)))
        (core module $code
            (func $add (import "" "add") (param i32 i32) (result i32))
            (func (export "run") (param $count i32) (result i32) (local $sum i32)
                (loop $next
                    (local.set $sum (call $add (local.get $sum) (i32.const 1)))
                    (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
                (local.get $sum)))
        (core instance $core (instantiate $code
            (with "" (instance (export "add" (func $lowered))))))
        (func (export "run") (param "count" u32) (result u32) (canon lift (core func $core "run"))))
    (instance $a (instantiate $adder))
    (instance $b (instantiate $caller (with "add" (func $a "add"))))
    (export "run" (func $b "run"))))";

double cpu_seconds()
{
    timespec time {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

[[noreturn]] void fail(const std::string& text)
{
    std::fprintf(stderr, "call_bench: %s\n", text.c_str());
    std::exit(1);
}

using Add = std::function<void(int)>;

/// Makes the given number of calls through the C++ API.
Add typed_call(const std::vector<std::uint8_t>& bytes)
{
    const vitrine::Engine engine;
    const auto store = std::make_shared<vitrine::Store>(engine);
    const auto module = vitrine::Module::from_bytes(engine, std::as_bytes(std::span(bytes)));
    const auto instance = vitrine::Instance::create(*store, *module, {});
    const auto add = instance->func("add")->typed<std::int32_t(std::int32_t, std::int32_t)>();
    return [store, add = *add](int count) {
        for (int i = 0; i < count; ++i)
            if (const auto sum = add(i, 1); *sum != i + 1)
                fail("a wrong sum");
    };
}

template<class F> F* symbol(void* library, F*, const char* name)
{
    auto* const found = reinterpret_cast<F*>(dlsym(library, name));
    if (!found)
        fail(std::string(name) + ": " + dlerror());
    return found;
}
#define SYMBOL(name) auto* const name##_of = symbol(library, &name, #name)

/// The same through the standard C API of a library.
Add standard_call(const char* path, const std::vector<std::uint8_t>& bytes)
{
    void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        fail(dlerror());
    SYMBOL(wasm_engine_new);
    SYMBOL(wasm_store_new);
    SYMBOL(wasm_byte_vec_new);
    SYMBOL(wasm_module_new);
    SYMBOL(wasm_instance_new);
    SYMBOL(wasm_instance_exports);
    SYMBOL(wasm_extern_as_func);
    SYMBOL(wasm_func_call);
    // All of it lives until the process ends.
    wasm_store_t* const store = wasm_store_new_of(wasm_engine_new_of());
    wasm_byte_vec_t binary;
    wasm_byte_vec_new_of(&binary, bytes.size(), reinterpret_cast<const char*>(bytes.data()));
    const wasm_extern_vec_t imports = WASM_EMPTY_VEC;
    wasm_module_t* const module = wasm_module_new_of(store, &binary);
    wasm_extern_vec_t exports;
    wasm_instance_exports_of(wasm_instance_new_of(store, module, &imports, nullptr), &exports);
    return [call = wasm_func_call_of, func = wasm_extern_as_func_of(exports.data[0])](int count) {
        for (int i = 0; i < count; ++i) {
            std::array<wasm_val_t, 2> values { wasm_val_t WASM_I32_VAL(i), wasm_val_t WASM_I32_VAL(1) };
            std::array<wasm_val_t, 1> sum { wasm_val_t WASM_INIT_VAL };
            const wasm_val_vec_t arguments { values.size(), values.data() };
            wasm_val_vec_t results { sum.size(), sum.data() };
            if (call(func, &arguments, &results) || sum[0].of.i32 != i + 1)
                fail("a wrong sum");
        }
    };
}

/// Lets one component call another.
Add component_call(const std::vector<std::uint8_t>& bytes, vitrine::TierPolicy tier)
{
    const vitrine::Engine engine(vitrine::Config().tier(tier));
    const auto component = vitrine::Component::from_bytes(engine, std::as_bytes(std::span(bytes)));
    if (!component)
        fail(component.error().to_text());
    const auto store = std::make_shared<vitrine::Store>(engine);
    const auto instance = vitrine::ComponentLinker(engine).instantiate(*store, *component);
    if (!instance)
        fail(instance.error().to_text());
    const auto run = instance->typed<std::uint32_t(std::uint32_t)>("run");
    return [store, instance = *instance, run = *run](int count) {
        if (const auto sum = run(static_cast<std::uint32_t>(count));
            *sum != static_cast<std::uint32_t>(count))
            fail("a wrong sum");
    };
}

struct Row {
    std::string name;
    Add calls;
    double nanoseconds = 1e9;
};

} // namespace

int main(int argc, char** argv)
{
    const auto bytes = vitrine::core::test::wasm_of(guest_text);
    std::vector<Row> rows { { "C++ API", typed_call(bytes) } };
    for (int i = 1; i < argc; ++i)
        rows.push_back({ std::string("wasm_func_call of ") + argv[i], standard_call(argv[i], bytes) });
    const auto component = vitrine::core::test::wasm_of(component_text);
    rows.push_back({ "between components", component_call(component, vitrine::TierPolicy::Auto) });
    rows.push_back(
        { "between components, interpreted", component_call(component, vitrine::TierPolicy::Interpreter) });
    constexpr int rounds = 10, count = 500'000;
    for (int round = 0; round < rounds; ++round)
        for (Row& row : rows) {
            const double begin = cpu_seconds();
            row.calls(count);
            row.nanoseconds = std::min(row.nanoseconds, (cpu_seconds() - begin) / count * 1e9);
        }
    for (const Row& row : rows)
        std::printf("%7.1f ns  %4.2fx  %s\n", row.nanoseconds, row.nanoseconds / rows[0].nanoseconds,
            row.name.c_str());
    return 0;
}
