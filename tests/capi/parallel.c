// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ten threads, each with stores of its own, that share an engine, modules and an interrupter.
#include "capi_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { THREADS = 10, ROUNDS = 20, SUMMANDS = 300 };

typedef struct {
    wasm_engine_t* engine;
    const char* folder;
    const wasm_shared_module_t* shared;
    atomic_int finalized;
    // What a thread has compiled, for another one.
    pthread_mutex_t mutex;
    wasm_shared_module_t* passed_on;
    // The store with the endless loop.
    vitrine_interrupter_t* interrupter;
    atomic_int interrupted;
} World;

typedef struct {
    World* world;
    int number;
    pthread_t thread;
} Worker;

// What belongs to one store. The host adds `bias` to each sum.
typedef struct {
    World* world;
    int32_t bias;
    int calls;
} Host;

static own wasm_trap_t* add(void* env, const wasm_val_vec_t* args, wasm_val_vec_t* results)
{
    Host* host = env;
    ++host->calls;
    results->data[0].kind = WASM_I32;
    results->data[0].of.i32 = args->data[0].of.i32 + args->data[1].of.i32 + host->bias;
    return NULL;
}

static void finalize(void* env)
{
    Host* host = env;
    atomic_fetch_add(&host->world->finalized, 1);
    free(host);
}

static own wasm_trap_t* call(
    const wasm_instance_t* instance, const char* name, int32_t argument, int32_t* result)
{
    wasm_func_t* func = vitrine_instance_func(instance, name);
    CHECK(func);
    wasm_val_t args[1] = { WASM_I32_VAL(argument) }, results[1] = { WASM_INIT_VAL };
    const wasm_val_vec_t arg_vec = WASM_ARRAY_VEC(args);
    wasm_val_vec_t result_vec = WASM_ARRAY_VEC(results);
    wasm_trap_t* trap = wasm_func_call(func, &arg_vec, &result_vec);
    *result = results[0].of.i32;
    wasm_func_delete(func);
    return trap;
}

static own wasm_instance_t* make_instance(wasm_store_t* store, const wasm_module_t* module, Host* host)
{
    wasm_functype_t* type =
        wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasm_func_t* func = wasm_func_new_with_env(store, type, add, host, finalize);
    wasm_functype_delete(type);
    wasm_extern_t* import = wasm_func_as_extern(func);
    wasm_instance_t* instance = instantiate(store, module, &import, 1);
    wasm_func_delete(func);
    return instance;
}

// Everything that a store is for.
static void use_store(const Worker* worker, wasm_store_t* store, const wasm_module_t* module, int round)
{
    Host* host = malloc(sizeof *host);
    CHECK(host);
    *host = (Host) { worker->world, worker->number, 0 };
    wasm_instance_t* instance = make_instance(store, module, host);
    int32_t result = 0, expected = 0;
    for (int i = 0; i < SUMMANDS; ++i)
        expected += i + worker->number;
    CHECK(!call(instance, "sum", SUMMANDS, &result));
    CHECK(result == expected && host->calls == SUMMANDS);

    CHECK(!call(instance, "grow", round + 1, &result) && result == 1);
    CHECK(!call(instance, "load", (round + 2) * 65536 - 4, &result) && result == 0);
    CHECK(!call(instance, "grow", 64, &result) && result == -1);
    CHECK(has_message(call(instance, "divide", 0, &result), "integer divide by zero"));
    wasm_trap_t* trap = call(instance, "load", (round + 2) * 65536 - 3, &result);
    CHECK(vitrine_trap_kind(trap) == VITRINE_TRAP_MEMORY_OUT_OF_BOUNDS);
    wasm_frame_t* frame = wasm_trap_origin(trap);
    CHECK(frame && wasm_frame_func_index(frame) == 4);
    wasm_frame_delete(frame);
    wasm_trap_delete(trap);

    wasm_global_t* rounds = vitrine_instance_debug_global(instance, 0);
    wasm_val_t value = WASM_INIT_VAL;
    wasm_global_get(rounds, &value);
    CHECK(value.of.i32 == 1);
    wasm_global_delete(rounds);
    wasm_instance_delete(instance);
}

// Passes on a module that this thread has compiled, and returns the one that another has passed on.
static own wasm_shared_module_t* exchange(World* world, own wasm_shared_module_t* shared)
{
    CHECK(pthread_mutex_lock(&world->mutex) == 0);
    wasm_shared_module_t* other = world->passed_on;
    world->passed_on = shared;
    CHECK(pthread_mutex_unlock(&world->mutex) == 0);
    return other;
}

static void* work(void* argument)
{
    const Worker* worker = argument;
    World* world = worker->world;
    for (int round = 0; round < ROUNDS; ++round) {
        wasm_store_t* store = wasm_store_new(world->engine);
        wasm_module_t* module = wasm_module_obtain(store, world->shared);
        CHECK(store && module);
        use_store(worker, store, module, round);
        wasm_module_delete(module);

        wasm_module_t* compiled = load(store, world->folder, "parallel");
        wasm_shared_module_t* other = exchange(world, wasm_module_share(compiled));
        use_store(worker, store, compiled, round);
        wasm_module_delete(compiled);
        wasm_store_delete(store);
        if (!other)
            continue;
        // The thread that compiled it may have deleted it.
        store = wasm_store_new(world->engine);
        module = wasm_module_obtain(store, other);
        wasm_shared_module_delete(other);
        use_store(worker, store, module, round);
        wasm_store_delete(store);
        wasm_module_delete(module);
    }
    return NULL;
}

static void test_stores(World* world)
{
    Worker workers[THREADS];
    for (int i = 0; i < THREADS; ++i) {
        workers[i] = (Worker) { .world = world, .number = i };
        CHECK(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
    }
    for (int i = 0; i < THREADS; ++i)
        CHECK(pthread_join(workers[i].thread, NULL) == 0);
    // The first to pass on a module has received none.
    CHECK(atomic_load(&world->finalized) == 3 * THREADS * ROUNDS - 1);
    wasm_shared_module_delete(world->passed_on);
}

static void* spin(void* argument)
{
    World* world = argument;
    wasm_store_t* store = wasm_store_new(world->engine);
    wasm_module_t* module = wasm_module_obtain(store, world->shared);
    Host* host = malloc(sizeof *host);
    CHECK(host);
    *host = (Host) { .world = world };
    wasm_instance_t* instance = make_instance(store, module, host);
    vitrine_interrupter_t* interrupter = vitrine_interrupter_new(store);
    CHECK(interrupter);
    CHECK(pthread_mutex_lock(&world->mutex) == 0);
    world->interrupter = interrupter;
    CHECK(pthread_mutex_unlock(&world->mutex) == 0);
    for (int i = 0; i < ROUNDS; ++i) {
        int32_t result = 0;
        wasm_trap_t* trap = call(instance, "spin", 0, &result);
        CHECK(trap && vitrine_trap_kind(trap) == VITRINE_TRAP_INTERRUPTED);
        wasm_trap_delete(trap);
        atomic_fetch_add(&world->interrupted, 1);
    }
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_store_delete(store);
    return NULL;
}

static void* interrupt(void* argument)
{
    World* world = argument;
    const struct timespec moment = { 0, 100000 };
    while (atomic_load(&world->interrupted) < ROUNDS) {
        CHECK(pthread_mutex_lock(&world->mutex) == 0);
        const vitrine_interrupter_t* interrupter = world->interrupter;
        CHECK(pthread_mutex_unlock(&world->mutex) == 0);
        if (interrupter)
            vitrine_interrupter_interrupt(interrupter);
        nanosleep(&moment, NULL);
    }
    return NULL;
}

// One thread is in endless loops; all others interrupt it, also when its store is gone.
static void test_interrupts(World* world)
{
    pthread_t threads[THREADS];
    CHECK(pthread_create(&threads[0], NULL, spin, world) == 0);
    for (int i = 1; i < THREADS; ++i)
        CHECK(pthread_create(&threads[i], NULL, interrupt, world) == 0);
    for (int i = 0; i < THREADS; ++i)
        CHECK(pthread_join(threads[i], NULL) == 0);
    vitrine_interrupter_delete(world->interrupter);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    World world = { .folder = argv[1], .mutex = PTHREAD_MUTEX_INITIALIZER };
    wasm_config_t* config = wasm_config_new();
    vitrine_config_guest_debug(config, true);
    CHECK(succeeds(vitrine_engine_new(config, &world.engine)));
    wasm_store_t* store = wasm_store_new(world.engine);
    wasm_module_t* module = load(store, argv[1], "parallel");
    wasm_shared_module_t* shared = wasm_module_share(module);
    wasm_module_delete(module);
    wasm_store_delete(store);
    world.shared = shared;
    test_stores(&world);
    test_interrupts(&world);
    wasm_shared_module_delete(shared);
    wasm_engine_delete(world.engine);
    return 0;
}
