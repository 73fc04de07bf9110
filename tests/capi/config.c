// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Configurations: what each setting does, and errors of invalid ones.
#include "capi_test.h"

static own wasm_store_t* store_of(own wasm_config_t* config)
{
    wasm_engine_t* engine = NULL;
    CHECK(succeeds(vitrine_engine_new(config, &engine)));
    wasm_store_t* store = wasm_store_new(engine);
    wasm_engine_delete(engine);
    CHECK(store);
    return store;
}

static bool refuses(own wasm_config_t* config, const char* message)
{
    wasm_engine_t* engine = NULL;
    const bool is_refused = fails_with(vitrine_engine_new(config, &engine), message);
    return is_refused && !engine;
}

static void test_invalid(void)
{
    wasm_config_t* config = wasm_config_new();
    vitrine_config_feature(config, "telepathy", true);
    CHECK(refuses(config, "there is no feature 'telepathy'"));
    config = wasm_config_new();
    vitrine_config_max_stack_bytes(config, 1);
    CHECK(refuses(config, "max_stack_bytes must be between 64 KiB and 1 GiB"));
    config = wasm_config_new();
    vitrine_config_tier_threshold(config, 0);
    CHECK(refuses(config, "tier_threshold must be between 1 and 1,000,000 percent"));
    config = wasm_config_new();
    vitrine_config_max_code_bytes(config, UINT64_MAX);
    CHECK(refuses(config, "max_code_bytes must be at most 64 GiB"));
}

// A module with `(func (result v128) ...)` needs simd.
static void test_features(const char* folder)
{
    wasm_config_t* config = wasm_config_new();
    vitrine_config_feature(config, "simd", false);
    wasm_store_t* store = store_of(config);
    wasm_byte_vec_t bytes = read_module(folder, "functions");
    wasm_module_t* module = NULL;
    CHECK(fails_with(vitrine_module_new(store, bytes.data, bytes.size, &module),
        "simd is disabled: v128 (at offset 0x3b)"));
    CHECK(!module);
    wasm_store_delete(store);
    store = store_of(NULL);
    CHECK(succeeds(vitrine_module_new(store, bytes.data, bytes.size, &module)));
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_byte_vec_delete(&bytes);
}

static void test_lists(const char* folder)
{
    wasm_engine_t* engine = NULL;
    CHECK(succeeds(vitrine_engine_new(NULL, &engine)));
    size_t count = 0;
    for (;; ++count) {
        bool is_default = false;
        const char* name = vitrine_feature(count, &is_default);
        if (!name)
            break;
        CHECK(vitrine_engine_has_feature(engine, name) == is_default);
        CHECK(vitrine_feature(count, NULL) == name);
        if (strcmp(name, "simd") == 0)
            CHECK(is_default);
        if (strcmp(name, "wide-arithmetic") == 0)
            CHECK(!is_default);
    }
    CHECK(count > 20 && !vitrine_feature(SIZE_MAX, NULL));
    CHECK(!vitrine_engine_has_feature(engine, "telepathy"));
    wasm_engine_delete(engine);

    wasm_config_t* config = wasm_config_new();
    vitrine_config_features(config, "all,-simd,-gc");
    CHECK(succeeds(vitrine_engine_new(config, &engine)));
    CHECK(vitrine_engine_has_feature(engine, "wide-arithmetic") && !vitrine_engine_has_feature(engine, "gc"));
    wasm_store_t* store = wasm_store_new(engine);
    wasm_byte_vec_t bytes = read_module(folder, "functions");
    CHECK(!wasm_module_validate(store, &bytes));
    wasm_byte_vec_delete(&bytes);
    wasm_store_delete(store);
    wasm_engine_delete(engine);

    config = wasm_config_new();
    vitrine_config_features(config, "-telepathy");
    vitrine_error_t* error = vitrine_engine_new(config, &engine);
    wasm_byte_vec_t text;
    vitrine_error_message(error, &text);
    CHECK(strstr(text.data, "unknown feature \"telepathy\"; expected all, mvp, "));
    wasm_byte_vec_delete(&text);
    vitrine_error_delete(error);
}

static size_t depth_with(const char* folder, uint64_t stack_bytes, vitrine_tier_t tier)
{
    wasm_config_t* config = wasm_config_new();
    vitrine_config_max_stack_bytes(config, stack_bytes);
    vitrine_config_tier(config, tier);
    vitrine_config_tier_threshold(config, 50);
    vitrine_config_max_code_bytes(config, 1 << 20);
    vitrine_config_signal_handlers(config, false);
    wasm_store_t* store = store_of(config);
    wasm_module_t* module = load(store, folder, "limits");
    wasm_instance_t* instance = instantiate(store, module, NULL, 0);
    wasm_func_t* func = vitrine_instance_func(instance, "forever");
    wasm_trap_t* trap = wasm_func_call(func, NULL, NULL);
    CHECK(vitrine_trap_kind(trap) == VITRINE_TRAP_STACK_OVERFLOW);
    wasm_trap_delete(trap);
    wasm_func_delete(func);

    func = vitrine_instance_func(instance, "depth");
    wasm_val_t results[1] = { WASM_INIT_VAL };
    wasm_val_vec_t result_vec = WASM_ARRAY_VEC(results);
    CHECK(!wasm_func_call(func, NULL, &result_vec));
    wasm_func_delete(func);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_store_delete(store);
    return (size_t)results[0].of.i32;
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    char version[64];
    snprintf(version, sizeof version, "%d.%d.%d", VITRINE_VERSION_MAJOR, VITRINE_VERSION_MINOR,
        VITRINE_VERSION_PATCH);
    CHECK(strcmp(vitrine_version(), version) == 0);
    test_lists(argv[1]);
    test_invalid();
    test_features(argv[1]);

    for (vitrine_tier_t tier = VITRINE_TIER_AUTO; tier <= VITRINE_TIER_MIXED; ++tier) {
        const size_t small = depth_with(argv[1], 1 << 16, tier);
        CHECK(small > 100);
        CHECK(depth_with(argv[1], 1 << 20, tier) > 8 * small);
    }

    wasm_engine_t* engine = wasm_engine_new();
    CHECK(!vitrine_engine_guest_debug(engine));
    wasm_engine_delete(engine);
    wasm_config_t* config = wasm_config_new();
    vitrine_config_guest_debug(config, true);
    CHECK(succeeds(vitrine_engine_new(config, &engine)));
    CHECK(vitrine_engine_guest_debug(engine));
    wasm_engine_delete(engine);
    return 0;
}
