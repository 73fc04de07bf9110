// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A hundred thousand instances with private state each: in one store, in many, and in a store each.
// Checks how much memory each takes, and that all of it comes back. Prints memory and time.
#include "capi_test.h"

#include <malloc.h>
#include <time.h>

enum { TOTAL, CALLS };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#  define HAS_SANITIZER
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#    define HAS_SANITIZER
#  endif
#endif

#ifdef HAS_SANITIZER
enum { COUNT = 10000 };
size_t __sanitizer_get_current_allocated_bytes(void);
#else
enum { COUNT = 100000 };
#endif

// The bytes that are allocated, with what the allocator adds to each block.
static size_t allocated(void)
{
#ifdef HAS_SANITIZER
    return __sanitizer_get_current_allocated_bytes();
#else
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#endif
}

// The bytes of memory that the process uses, whether allocated or mapped. What was freed is given back
// first.
static size_t resident(void)
{
#ifndef HAS_SANITIZER
    malloc_trim(0);
#endif
    FILE* file = fopen("/proc/self/statm", "r");
    CHECK(file);
    size_t pages = 0;
    CHECK(fscanf(file, "%*u %zu", &pages) == 1);
    fclose(file);
    return pages * 4096;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// Calls the guest, and reads what it does not export.
static void use(const wasm_instance_t* instance, int64_t number)
{
    wasm_func_t* func = vitrine_instance_func(instance, "go");
    wasm_val_t args[1] = { WASM_I64_VAL(number) }, results[1] = { WASM_INIT_VAL };
    const wasm_val_vec_t arg_vec = WASM_ARRAY_VEC(args);
    wasm_val_vec_t result_vec = WASM_ARRAY_VEC(results);
    CHECK(!wasm_func_call(func, &arg_vec, &result_vec));
    CHECK(results[0].of.i64 == 5 + number);
    wasm_func_delete(func);

    wasm_global_t* total = vitrine_instance_debug_global(instance, TOTAL);
    wasm_global_t* calls = vitrine_instance_debug_global(instance, CALLS);
    wasm_val_t value = WASM_INIT_VAL;
    wasm_global_get(total, &value);
    CHECK(value.of.i64 == 5 + number);
    wasm_global_get(calls, &value);
    CHECK(value.of.i32 == 1);
    wasm_global_delete(total);
    wasm_global_delete(calls);
}

// Whether an instance that was used before has its own state still.
static void look(const wasm_instance_t* instance, int64_t number)
{
    wasm_global_t* total = vitrine_instance_debug_global(instance, TOTAL);
    wasm_val_t value = WASM_INIT_VAL;
    wasm_global_get(total, &value);
    CHECK(value.of.i64 == 5 + number);
    wasm_global_delete(total);
}

static wasm_store_t* stores[COUNT];
static wasm_instance_t* instances[COUNT];

typedef struct {
    size_t allocated, resident;
    double seconds;
} Usage;

static Usage usage(void) { return (Usage) { allocated(), resident(), seconds() }; }

static double microseconds_each(const Usage* from, const Usage* to)
{
    return 1e6 * (to->seconds - from->seconds) / COUNT;
}

// Spreads the instances over so many stores. Each may take `most` bytes, with its share of a store.
static void test(wasm_engine_t* engine, const wasm_shared_module_t* shared, int store_count, size_t most)
{
    const Usage before = usage();
    for (int i = 0; i < store_count; ++i) {
        stores[i] = wasm_store_new(engine);
        CHECK(stores[i]);
    }
    for (int i = 0; i < COUNT; ++i) {
        wasm_store_t* store = stores[i % store_count];
        wasm_module_t* module = wasm_module_obtain(store, shared);
        CHECK(module);
        instances[i] = instantiate(store, module, NULL, 0);
        wasm_module_delete(module);
    }
    const Usage made = usage();
    for (int i = 0; i < COUNT; ++i)
        use(instances[i], i);
    // Nobody else has changed them.
    for (int i = 0; i < COUNT; ++i)
        look(instances[i], i);
    const Usage used = usage();
    for (int i = 0; i < COUNT; ++i)
        wasm_instance_delete(instances[i]);
    for (int i = 0; i < store_count; ++i)
        wasm_store_delete(stores[i]);
    const Usage after = usage();

    const size_t all = made.allocated - before.allocated;
    const size_t each = all / COUNT;
    printf("%d instances in %d stores: %zu bytes each, %.2f us to make, %.2f us to use, %.2f us to delete\n",
        COUNT, store_count, each, microseconds_each(&before, &made), microseconds_each(&made, &used),
        microseconds_each(&used, &after));
    CHECK(each > 500);
    // The allocator keeps some blocks for itself, and pages in which there are any.
    CHECK(after.allocated < before.allocated + all / 100);
#ifndef HAS_SANITIZER
    CHECK(each < most);
    CHECK(made.resident - before.resident < (size_t)COUNT * most);
    CHECK(after.resident < before.resident + all / 4);
#else
    (void)most;
#endif
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    wasm_config_t* config = wasm_config_new();
    vitrine_config_guest_debug(config, true);
    wasm_engine_t* engine = NULL;
    CHECK(succeeds(vitrine_engine_new(config, &engine)));
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = load(store, argv[1], "many");
    wasm_shared_module_t* shared = wasm_module_share(module);
    // An instance has about 240 bytes, a function 72 and a global 24, a table 56 and 8 for each element,
    // a memory 144, and the program's reference 72: for this module, 850 bytes in 15 blocks, to each of
    // which the allocator adds 8 to 16. A store has about 1600 bytes, and lists that begin with 576.
    test(engine, shared, 1, 1200);
    test(engine, shared, COUNT / 100, 1300);
    test(engine, shared, COUNT, 7000);
    wasm_shared_module_delete(shared);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
