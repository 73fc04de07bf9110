// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memories, tables and globals: 64-bit addresses, shared memories, all kinds of values, errors.
#include "capi_test.h"

static own wasm_extern_t* find(const wasm_instance_t* instance, const char* text)
{
    wasm_name_t name;
    wasm_name_new_from_string(&name, text);
    wasm_extern_t* item = vitrine_instance_export(instance, &name);
    wasm_name_delete(&name);
    CHECK(item);
    return item;
}

static void test_access(const wasm_memory_t* memory)
{
    uint64_t size = 0;
    CHECK(succeeds(vitrine_memory_size(memory, &size)));
    CHECK(size == 65536);
    CHECK(succeeds(vitrine_memory_write(memory, 65530, "abcdef", 6)));
    char text[7] = { 0 };
    CHECK(succeeds(vitrine_memory_read(memory, 65531, text, 4)));
    CHECK(strcmp(text, "bcde") == 0);
    CHECK(succeeds(vitrine_memory_read(memory, 65536, NULL, 0)));
    CHECK(fails_with(vitrine_memory_write(memory, 65531, "abcdef", 6),
        "a write of 6 bytes at 65531 leaves the memory of 65536 bytes"));
    CHECK(fails_with(vitrine_memory_read(memory, UINT64_MAX, text, 4),
        "a read of 4 bytes at 18446744073709551615 leaves the memory of 65536 bytes"));
    CHECK(strcmp(text, "bcde") == 0);
    CHECK(succeeds(vitrine_memory_fill(memory, 10000, 9000, 'x')));
    CHECK(succeeds(vitrine_memory_read(memory, 18998, text, 4)));
    CHECK(memcmp(text, "xx\0\0", 4) == 0);
    CHECK(fails_with(vitrine_memory_fill(memory, 65536, 1, 'x'),
        "a fill of 1 byte at 65536 leaves the memory of 65536 bytes"));
}

static void test_growth(const wasm_memory_t* memory)
{
    uint64_t old = 77, size = 0;
    CHECK(succeeds(vitrine_memory_grow(memory, 1, &old)));
    CHECK(old == 1 && succeeds(vitrine_memory_grow(memory, 1, NULL)));
    CHECK(fails_with(vitrine_memory_grow(memory, 2, &old), "the memory of 3 pages cannot grow by 2"));
    CHECK(old == 1 && succeeds(vitrine_memory_size(memory, &size)));
    CHECK(size == 3 * 65536);
}

static void test_search(const wasm_memory_t* memory, const wasm_memory_t* shared)
{
    bool found = false;
    uint64_t address = 0;
    CHECK(succeeds(vitrine_memory_find(memory, "cde", 3, 0, &found, &address)));
    CHECK(found && address == 65532);
    CHECK(succeeds(vitrine_memory_find(memory, "cde", 3, 65533, &found, &address)));
    CHECK(!found && address == 65532);
    CHECK(fails_with(
        vitrine_memory_find(shared, "cde", 3, 0, &found, &address), "a shared memory cannot be searched"));
}

static void test_shared(wasm_engine_t* engine, wasm_store_t* store, const wasm_memory_t* wide)
{
    vitrine_limits_t limits = { .min = 1, .is_shared = true };
    wasm_memory_t *memory = NULL, *obtained = NULL;
    CHECK(fails_with(vitrine_memory_new(store, &limits, &memory), "shared memory must have maximum"));
    limits.has_max = true;
    limits.max = 4;
    CHECK(succeeds(vitrine_memory_new(store, &limits, &memory)));
    vitrine_limits_t same = { 0 };
    vitrine_memory_limits(memory, &same);
    CHECK(same.is_shared && same.min == 1 && same.has_max && same.max == 4 && !same.is_64);
    test_access(memory);

    wasm_store_t* other = wasm_store_new(engine);
    CHECK(succeeds(vitrine_memory_obtain(other, memory, &obtained)));
    CHECK(fails_with(vitrine_memory_obtain(other, wide, &obtained), "the memory is not shared"));
    CHECK(wasm_memory_same(memory, obtained));
    test_growth(obtained);
    test_search(wide, obtained);
    wasm_memory_delete(obtained);
    wasm_store_delete(other);

    wasm_engine_t* second = wasm_engine_new();
    other = wasm_store_new(second);
    CHECK(fails_with(vitrine_memory_obtain(other, memory, &obtained),
        "the memory and the store belong to different engines"));
    wasm_store_delete(other);
    wasm_engine_delete(second);
    wasm_memory_delete(memory);
}

static void test_elements(wasm_store_t* store, const wasm_table_t* table)
{
    vitrine_limits_t limits = { 0 };
    vitrine_table_limits(table, &limits);
    CHECK(limits.is_64 && limits.min == 2 && limits.has_max && limits.max == 6);
    uint64_t size = 0, old = 0;
    CHECK(succeeds(vitrine_table_size(table, &size)));
    CHECK(size == 2);
    vitrine_val_t number = vitrine_val_ref(VITRINE_ANYREF, vitrine_i31_new(store, 5)), element;
    CHECK(succeeds(vitrine_table_set(table, 1, &number)));
    CHECK(succeeds(vitrine_table_grow(table, 3, &number, &old)));
    CHECK(old == 2 && succeeds(vitrine_table_grow(table, 1, &number, NULL)));
    vitrine_error_t* error = vitrine_table_grow(table, 1, &number, &old);
    CHECK(error && old == 2);
    vitrine_error_delete(error);
    CHECK(succeeds(vitrine_table_get(table, 5, &element)));
    int32_t value = 0;
    CHECK(element.kind == VITRINE_ANYREF && vitrine_i31_value(element.of.ref, &value) && value == 5);
    vitrine_val_delete(&element);
    CHECK(succeeds(vitrine_table_get(table, 0, &element)));
    CHECK(element.kind == VITRINE_ANYREF && !element.of.ref);
    error = vitrine_table_get(table, 6, &element);
    CHECK(error);
    vitrine_error_delete(error);
    number.kind = WASM_EXTERNREF;
    CHECK(fails_with(vitrine_table_set(table, 1, &number), "expected a value of kind anyref, got externref"));
    number.kind = VITRINE_ANYREF;
    vitrine_val_delete(&number);
}

static void test_new_table(wasm_store_t* store, const wasm_func_t* func)
{
    const wasm_limits_t limits = { 2, 3 };
    wasm_tabletype_t* type = wasm_tabletype_new(wasm_valtype_new_funcref(), &limits);
    vitrine_val_t val = vitrine_val_ref(WASM_FUNCREF, wasm_ref_copy(wasm_func_as_ref_const(func))), element;
    wasm_table_t* table = NULL;
    CHECK(succeeds(vitrine_table_new(store, type, &val, &table)));
    CHECK(succeeds(vitrine_table_get(table, 1, &element)));
    CHECK(wasm_ref_same(element.of.ref, val.of.ref));
    vitrine_val_delete(&element);
    wasm_table_delete(table);
    val.kind = WASM_EXTERNREF;
    CHECK(fails_with(
        vitrine_table_new(store, type, &val, &table), "expected a value of kind funcref, got externref"));
    vitrine_val_delete(&val);
    wasm_tabletype_delete(type);
}

static void test_globals(wasm_store_t* store, const wasm_global_t* bits, const wasm_global_t* constant)
{
    vitrine_val_t val;
    CHECK(succeeds(vitrine_global_get(bits, &val)));
    CHECK(val.kind == VITRINE_V128 && val.of.v128[8] == 3);
    val.of.v128[8] = 30;
    CHECK(succeeds(vitrine_global_set(bits, &val)));
    val.of.v128[8] = 0;
    CHECK(succeeds(vitrine_global_get(bits, &val)));
    CHECK(val.of.v128[8] == 30);
    const vitrine_val_t number = vitrine_val_i32(1);
    CHECK(fails_with(vitrine_global_set(bits, &number), "expected a value of kind v128, got i32"));
    CHECK(fails_with(vitrine_global_set(constant, &number), "the global is immutable"));

    wasm_globaltype_t* type = wasm_globaltype_new(wasm_valtype_new(VITRINE_V128), WASM_VAR);
    wasm_global_t* global = NULL;
    CHECK(succeeds(vitrine_global_new(store, type, &val, &global)));
    vitrine_val_t copy;
    CHECK(succeeds(vitrine_global_get(global, &copy)));
    CHECK(memcmp(copy.of.v128, val.of.v128, 16) == 0);
    CHECK(fails_with(
        vitrine_global_new(store, type, &number, &global), "expected a value of kind v128, got i32"));
    wasm_global_delete(global);
    wasm_globaltype_delete(type);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = load(store, argv[1], "memories");
    wasm_instance_t* instance = instantiate(store, module, NULL, 0);
    wasm_extern_t* wide = find(instance, "wide");
    wasm_extern_t* elements = find(instance, "elements");
    wasm_extern_t* bits = find(instance, "bits");
    wasm_extern_t* constant = find(instance, "constant");
    wasm_func_t* func = vitrine_instance_func(instance, "f");
    wasm_memory_t* memory = wasm_extern_as_memory(wide);
    vitrine_limits_t limits = { 0 };
    vitrine_memory_limits(memory, &limits);
    CHECK(limits.is_64 && limits.min == 1 && limits.max == 4 && !limits.is_shared);
    test_access(memory);
    test_shared(engine, store, memory);
    test_growth(memory);
    test_elements(store, wasm_extern_as_table(elements));
    test_new_table(store, func);
    test_globals(store, wasm_extern_as_global(bits), wasm_extern_as_global(constant));

    wasm_memory_t* own_memory = NULL;
    limits = (vitrine_limits_t) { .min = 5, .is_64 = true };
    CHECK(succeeds(vitrine_memory_new(store, &limits, &own_memory)));
    CHECK(vitrine_memory_can_move(own_memory));
    wasm_memory_delete(own_memory);
    // With addresses of 32 bits, it lies in reserved address space.
    limits = (vitrine_limits_t) { .min = 1 };
    CHECK(succeeds(vitrine_memory_new(store, &limits, &own_memory)));
    const byte_t* data = wasm_memory_data(own_memory);
    CHECK(!vitrine_memory_can_move(own_memory) && wasm_memory_grow(own_memory, 1000));
    CHECK(wasm_memory_data(own_memory) == data && wasm_memory_data_size(own_memory) == 1001 << 16);
    wasm_memory_delete(own_memory);
    limits = (vitrine_limits_t) { .min = 1, .max = 2, .has_max = true, .is_shared = true };
    CHECK(succeeds(vitrine_memory_new(store, &limits, &own_memory)));
    CHECK(!vitrine_memory_can_move(own_memory));
    wasm_memory_delete(own_memory);
    limits = (vitrine_limits_t) { .min = 5, .max = 4, .has_max = true };
    CHECK(fails_with(
        vitrine_memory_new(store, &limits, &own_memory), "size minimum must not be greater than maximum"));

    wasm_func_delete(func);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);

    // After the end of the store.
    uint64_t size = 0;
    vitrine_val_t val = vitrine_val_i32(0);
    CHECK(fails_with(vitrine_memory_size(memory, &size), "the store is gone"));
    CHECK(vitrine_memory_can_move(memory));
    CHECK(fails_with(vitrine_memory_grow(memory, 1, &size), "the store is gone"));
    CHECK(fails_with(vitrine_table_get(wasm_extern_as_table(elements), 0, &val), "the store is gone"));
    CHECK(fails_with(vitrine_table_set(wasm_extern_as_table(elements), 0, &val), "the store is gone"));
    CHECK(fails_with(vitrine_global_get(wasm_extern_as_global(bits), &val), "the store is gone"));
    CHECK(fails_with(vitrine_global_set(wasm_extern_as_global(bits), &val), "the store is gone"));
    wasm_extern_delete(wide);
    wasm_extern_delete(elements);
    wasm_extern_delete(bits);
    wasm_extern_delete(constant);
    return 0;
}
