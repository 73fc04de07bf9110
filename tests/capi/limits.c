// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Limits of a store and of an engine, and interrupts from another thread.
#include "capi_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

typedef struct {
    uint64_t most[6];
    int calls[6];
    vitrine_resource_t last;
    uint64_t current, desired;
    int finalized;
} Limits;

static bool limit(void* env, vitrine_resource_t resource, uint64_t current, uint64_t desired)
{
    Limits* limits = env;
    ++limits->calls[resource];
    limits->last = resource;
    limits->current = current;
    limits->desired = desired;
    return desired <= limits->most[resource];
}

static void finalize(void* env) { ++((Limits*)env)->finalized; }

static own wasm_trap_t* call(
    const wasm_instance_t* instance, const char* name, int32_t argument, int32_t* result)
{
    wasm_func_t* func = vitrine_instance_func(instance, name);
    CHECK(func);
    wasm_val_t args[1] = { WASM_I32_VAL(argument) }, results[1] = { WASM_INIT_VAL };
    const wasm_val_vec_t arg_vec = { wasm_func_param_arity(func), args };
    wasm_val_vec_t result_vec = WASM_ARRAY_VEC(results);
    wasm_trap_t* trap = wasm_func_call(func, &arg_vec, &result_vec);
    *result = results[0].of.i32;
    wasm_func_delete(func);
    return trap;
}

static void test_limiter(wasm_store_t* store, const wasm_module_t* module)
{
    Limits limits = { .most = { 3 * 65536, 10, 8192, 1, 1, 2 } };
    CHECK(succeeds(vitrine_store_limit_resources(store, limit, &limits, finalize)));
    wasm_instance_t* instance = NULL;
    CHECK(succeeds(vitrine_instance_new(store, module, NULL, 0, &instance)));
    CHECK(limits.calls[VITRINE_RESOURCE_MEMORIES] == 1 && limits.calls[VITRINE_RESOURCE_TABLES] == 1);
    CHECK(limits.calls[VITRINE_RESOURCE_INSTANCES] == 1);

    int32_t result = 0;
    CHECK(!call(instance, "grow", 1, &result));
    CHECK(result == 1 && limits.last == VITRINE_RESOURCE_MEMORY);
    CHECK(limits.current == 65536 && limits.desired == 2 * 65536);
    CHECK(!call(instance, "grow", 2, &result));
    CHECK(result == -1);
    CHECK(!call(instance, "grow table", 9, &result));
    CHECK(result == 1 && limits.last == VITRINE_RESOURCE_TABLE && limits.desired == 10);
    CHECK(!call(instance, "grow table", 1, &result));
    CHECK(result == -1);
    wasm_trap_t* trap = call(instance, "allocate", 4096, &result);
    CHECK(limits.last == VITRINE_RESOURCE_HEAP && limits.desired >= 8 * 4096);
    CHECK(vitrine_trap_kind(trap) == VITRINE_TRAP_OUT_OF_MEMORY);
    wasm_trap_delete(trap);

    wasm_instance_t* second = NULL;
    CHECK(fails(vitrine_instance_new(store, module, NULL, 0, &second)) && !second);

    // Without the limiter, the rest fits.
    CHECK(limits.finalized == 0);
    CHECK(succeeds(vitrine_store_limit_resources(store, NULL, NULL, NULL)));
    CHECK(limits.finalized == 1);
    CHECK(!call(instance, "grow", 2, &result));
    CHECK(result == 2);
    // The finalizer is called without a limiter, too.
    CHECK(succeeds(vitrine_store_limit_resources(store, NULL, &limits, finalize)));
    CHECK(limits.finalized == 2);
    CHECK(succeeds(vitrine_store_limit_resources(store, limit, &limits, finalize)));
    wasm_instance_delete(instance);
    wasm_store_delete(store);
    CHECK(limits.finalized == 3);
}

static atomic_bool is_done;

// Interrupts until the guest has ended: the first time may be too early.
static void* interrupt(void* interrupter)
{
    const struct timespec wait = { 0, 1000000 };
    while (!atomic_load(&is_done)) {
        vitrine_interrupter_interrupt(interrupter);
        nanosleep(&wait, NULL);
    }
    return NULL;
}

static void test_interrupt(wasm_store_t* store, const wasm_module_t* module)
{
    wasm_instance_t* instance = instantiate(store, module, NULL, 0);
    vitrine_interrupter_t* interrupter = vitrine_interrupter_new(store);
    CHECK(interrupter);
    // Does nothing while no guest runs.
    vitrine_interrupter_interrupt(interrupter);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, interrupt, interrupter) == 0);
    int32_t result = 0;
    wasm_trap_t* trap = call(instance, "spin", 0, &result);
    CHECK(vitrine_trap_kind(trap) == VITRINE_TRAP_INTERRUPTED);
    atomic_store(&is_done, true);
    pthread_join(thread, NULL);
    CHECK(has_message(trap, "interrupted"));
    CHECK(!call(instance, "depth", 0, &result));
    wasm_instance_delete(instance);
    wasm_store_delete(store);
    vitrine_interrupter_interrupt(interrupter);
    vitrine_interrupter_delete(interrupter);
    vitrine_interrupter_delete(NULL);
}

// The limits of an engine hold for each store.
static int freed;
static void count_freed(void* data) { freed += *(int*)data; }

static void test_data(wasm_engine_t* engine)
{
    int one = 1, ten = 10;
    wasm_store_t* store = wasm_store_new(engine);
    CHECK(!vitrine_store_data(store));
    vitrine_store_set_data(store, &one, count_freed);
    CHECK(vitrine_store_data(store) == &one && freed == 0);
    vitrine_store_set_data(store, &ten, count_freed);
    CHECK(vitrine_store_data(store) == &ten && freed == 1);
    wasm_store_delete(store);
    CHECK(freed == 11);
    store = wasm_store_new(engine);
    vitrine_store_set_data(store, &one, NULL);
    CHECK(vitrine_store_data(store) == &one);
    wasm_store_delete(store);
    CHECK(freed == 11);
}

static void test_config(const char* folder)
{
    wasm_config_t* config = wasm_config_new();
    vitrine_config_max_memory_pages(config, 2);
    vitrine_config_max_heap_bytes(config, 1 << 16);
    vitrine_config_stress_collector(config, true);
    wasm_engine_t* engine = NULL;
    CHECK(succeeds(vitrine_engine_new(config, &engine)));
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = load(store, folder, "limits");
    wasm_instance_t* instance = instantiate(store, module, NULL, 0);
    int32_t result = 0;
    CHECK(!call(instance, "grow", 2, &result));
    CHECK(result == -1);
    CHECK(!call(instance, "allocate", 100, &result));
    wasm_trap_t* trap = call(instance, "allocate", 1 << 14, &result);
    CHECK(vitrine_trap_kind(trap) == VITRINE_TRAP_OUT_OF_MEMORY);
    wasm_trap_delete(trap);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = load(store, argv[1], "limits");
    test_limiter(store, module);
    wasm_module_delete(module);
    store = wasm_store_new(engine);
    module = load(store, argv[1], "limits");
    test_interrupt(store, module);
    wasm_module_delete(module);
    test_data(engine);
    wasm_engine_delete(engine);
    test_config(argv[1]);
    return 0;
}
