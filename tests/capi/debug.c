// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every kind of private entity is found, read and written, and there is none without guest_debug.
#include "debug_test.h"

static wasm_store_t* store;
static wasm_module_t* module;
static wasm_instance_t* instance;
static int printed;

static own wasm_trap_t* print(const wasm_val_vec_t* args, own wasm_val_vec_t* results)
{
    (void)results;
    printed += args->data[0].of.i32;
    return NULL;
}

static own wasm_instance_t* make_instance(wasm_store_t* owner, const wasm_module_t* code)
{
    wasm_functype_t* functype = wasm_functype_new_1_0(wasm_valtype_new_i32());
    wasm_globaltype_t* globaltype = wasm_globaltype_new(wasm_valtype_new_i32(), WASM_CONST);
    const wasm_val_t five = WASM_I32_VAL(5);
    wasm_extern_t* imports[] = { wasm_func_as_extern(wasm_func_new(owner, functype, print)),
        wasm_global_as_extern(wasm_global_new(owner, globaltype, &five)) };
    wasm_instance_t* made = instantiate(owner, code, imports, 2);
    wasm_extern_delete(imports[0]);
    wasm_extern_delete(imports[1]);
    wasm_functype_delete(functype);
    wasm_globaltype_delete(globaltype);
    return made;
}

static int32_t call(const wasm_func_t* func, int32_t a, int32_t b)
{
    wasm_val_t args[2] = { WASM_I32_VAL(a), WASM_I32_VAL(b) };
    wasm_val_t result = WASM_I32_VAL(0);
    const wasm_val_vec_t arg_vec = { wasm_func_param_arity(func), args };
    wasm_val_vec_t result_vec = { wasm_func_result_arity(func), &result };
    CHECK(!wasm_func_call(func, &arg_vec, &result_vec));
    return result.of.i32;
}

static void test_names(void)
{
    uint32_t index = 99;
    CHECK(!vitrine_module_find(module, WASM_EXTERN_GLOBAL, "nothing", &index) && index == 99);
    // Two have this name.
    CHECK(!vitrine_module_find(module, WASM_EXTERN_GLOBAL, "same", &index) && index == 99);
    CHECK(!vitrine_module_find(module, 77, "add", &index) && index == 99);
    CHECK(index_of(module, WASM_EXTERN_GLOBAL, "base") == 0);
    CHECK(index_of(module, WASM_EXTERN_GLOBAL, "counter") == 1);
    CHECK(index_of(module, WASM_EXTERN_FUNC, "print") == 0);
    CHECK(index_of(module, WASM_EXTERN_FUNC, "add") == 2);
    // By the name of an export.
    CHECK(index_of(module, WASM_EXTERN_FUNC, "plus") == 2);
    CHECK(index_of(module, WASM_EXTERN_FUNC, "unnamed") == 3);
    CHECK(index_of(module, WASM_EXTERN_MEMORY, "common") == 1);
    CHECK(index_of(module, WASM_EXTERN_TABLE, "ops") == 0);
    CHECK(index_of(module, VITRINE_EXTERN_TAG, "failed") == 0);
}

static void test_functions(void)
{
    wasm_func_t* twice = vitrine_instance_debug_func_named(instance, "twice");
    CHECK(twice && call(twice, 21, 0) == 42);
    // The same reference as the one from an export.
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    wasm_func_t* add = vitrine_instance_debug_func(instance, 2);
    CHECK(wasm_func_same(add, wasm_extern_as_func(exports.data[0])));
    CHECK(!wasm_func_same(add, twice));
    wasm_func_t* imported = vitrine_instance_debug_func(instance, 0);
    call(imported, 4, 0);
    CHECK(printed == 4);
    CHECK(!vitrine_instance_debug_func(instance, 5));
    CHECK(!vitrine_instance_debug_func(instance, UINT32_MAX));
    CHECK(!vitrine_instance_debug_func_named(instance, "nothing"));
    wasm_extern_vec_delete(&exports);
    wasm_func_delete(twice);
    wasm_func_delete(add);
    wasm_func_delete(imported);
}

static void test_globals(void)
{
    wasm_global_t* counter = vitrine_instance_debug_global(instance, 1);
    wasm_global_t* named = vitrine_instance_debug_global_named(instance, "counter");
    CHECK(wasm_global_same(counter, named));
    wasm_val_t val;
    wasm_global_get(counter, &val);
    CHECK(val.kind == WASM_I32 && val.of.i32 == 3);
    val.of.i32 = 10;
    wasm_global_set(counter, &val);
    // The guest sees it at once, and the other way round.
    wasm_func_t* add = vitrine_instance_debug_func_named(instance, "add");
    CHECK(call(add, 2, 3) == 5);
    wasm_global_get(named, &val);
    CHECK(val.of.i32 == 11);
    wasm_global_delete(named);

    // An immutable one, if that is what is wanted.
    wasm_global_t* limit = vitrine_instance_debug_global_named(instance, "limit");
    vitrine_val_t seven = vitrine_val_i64(7);
    CHECK(succeeds(vitrine_global_debug_set(limit, &seven)));
    wasm_global_get(limit, &val);
    CHECK(val.kind == WASM_I64 && val.of.i64 == 7);
    const vitrine_val_t wrong = vitrine_val_f32(1);
    CHECK(fails_with(vitrine_global_debug_set(limit, &wrong), "expected a value of type i64, got f32"));
    seven.kind = 77;
    CHECK(fails_with(vitrine_global_debug_set(limit, &seven), "there is no kind 77"));

    CHECK(!vitrine_instance_debug_global(instance, 9));
    CHECK(!vitrine_instance_debug_global_named(instance, "same"));
    wasm_global_delete(counter);
    wasm_global_delete(limit);
    wasm_func_delete(add);
}

// What wasm_val_t has no room for, and objects of the heap.
static void test_other_values(void)
{
    const uint8_t bits[16] = { 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4 };
    vitrine_val_t wide;
    CHECK(succeeds(vitrine_instance_debug_evaluate(instance, "$wide", &wide)));
    CHECK(wide.kind == VITRINE_V128 && memcmp(wide.of.v128, bits, sizeof bits) == 0);
    wide.of.v128[0] = 9;
    wasm_global_t* global = vitrine_instance_debug_global_named(instance, "wide");
    CHECK(succeeds(vitrine_global_debug_set(global, &wide)));
    memset(&wide, 0, sizeof wide);
    CHECK(succeeds(vitrine_instance_debug_evaluate(instance, "$wide", &wide)));
    CHECK(wide.of.v128[0] == 9 && wide.of.v128[4] == 2);
    wasm_global_delete(global);

    vitrine_val_t origin;
    CHECK(succeeds(vitrine_instance_debug_evaluate(instance, "$origin", &origin)));
    CHECK(origin.kind == VITRINE_ANYREF && origin.of.ref);
    CHECK(succeeds(vitrine_instance_debug_assign(instance, "$origin.x = 8")));
    wasm_byte_vec_t text;
    CHECK(succeeds(vitrine_val_to_text(&origin, &text)));
    CHECK(is_own_text(&text, "struct {8, 2}"));
    // The same object goes back, and a null.
    global = vitrine_instance_debug_global_named(instance, "origin");
    const vitrine_val_t none = vitrine_val_ref(VITRINE_ANYREF, NULL);
    CHECK(succeeds(vitrine_global_debug_set(global, &none)));
    CHECK(succeeds(vitrine_instance_debug_text_of(instance, "is_null($origin)", &text)));
    CHECK(is_own_text(&text, "1"));
    CHECK(succeeds(vitrine_global_debug_set(global, &origin)));
    CHECK(succeeds(vitrine_instance_debug_text_of(instance, "$origin.y", &text)));
    CHECK(is_own_text(&text, "2"));
    wasm_global_delete(global);
    vitrine_val_delete(&origin);
}

static void test_memories(void)
{
    wasm_memory_t* data = vitrine_instance_debug_memory(instance, 0);
    CHECK(wasm_memory_data_size(data) == 65536);
    CHECK(memcmp(wasm_memory_data(data) + 1024, "amber and jade..", 16) == 0);
    wasm_memory_data(data)[1024] = 'A';
    wasm_byte_vec_t text;
    CHECK(succeeds(vitrine_instance_debug_text_of(instance, "cstr[1024]", &text)));
    CHECK(is_own_text(&text, "Amber and jade.."));
    wasm_memory_t* named = vitrine_instance_debug_memory_named(instance, "data");
    CHECK(wasm_memory_same(data, named));
    // Shared memories are apart.
    CHECK(!vitrine_instance_debug_memory(instance, 1));
    CHECK(!vitrine_instance_debug_memory_named(instance, "common"));
    CHECK(!vitrine_instance_debug_shared_memory(instance, 0));
    wasm_memory_t* common = vitrine_instance_debug_shared_memory(instance, 1);
    wasm_memory_t* also = vitrine_instance_debug_shared_memory_named(instance, "common");
    CHECK(wasm_memory_same(common, also) && !wasm_memory_same(common, data));
    CHECK(wasm_memory_data_size(common) == 65536);
    CHECK(!vitrine_instance_debug_memory(instance, 2) && !vitrine_instance_debug_shared_memory(instance, 2));
    wasm_memory_delete(data);
    wasm_memory_delete(named);
    wasm_memory_delete(common);
    wasm_memory_delete(also);
}

static void test_tables_and_tags(void)
{
    wasm_table_t* ops = vitrine_instance_debug_table(instance, 0);
    wasm_table_t* named = vitrine_instance_debug_table_named(instance, "ops");
    CHECK(wasm_table_same(ops, named) && wasm_table_size(ops) == 4);
    wasm_ref_t* twice = wasm_table_get(ops, 3);
    CHECK(twice && wasm_ref_as_func(twice) && !wasm_table_get(ops, 0));
    CHECK(wasm_table_set(ops, 0, twice));
    wasm_byte_vec_t text;
    CHECK(succeeds(vitrine_instance_debug_text_of(instance, "table[0]", &text)));
    CHECK(is_own_text(&text, "func twice"));
    CHECK(!vitrine_instance_debug_table(instance, 1));
    wasm_extern_t* tag = vitrine_instance_debug_tag(instance, 0);
    wasm_extern_t* failed = vitrine_instance_debug_tag_named(instance, "failed");
    CHECK(wasm_extern_same(tag, failed) && wasm_extern_kind(tag) == VITRINE_EXTERN_TAG);
    CHECK(!vitrine_instance_debug_tag(instance, 1));
    wasm_ref_delete(twice);
    wasm_table_delete(ops);
    wasm_table_delete(named);
    wasm_extern_delete(tag);
    wasm_extern_delete(failed);
}

static void test_kinds(void)
{
    const wasm_externkind_t kinds[] = { WASM_EXTERN_FUNC, WASM_EXTERN_GLOBAL, WASM_EXTERN_TABLE,
        WASM_EXTERN_MEMORY, VITRINE_EXTERN_TAG };
    const uint32_t counts[] = { 5, 9, 1, 2, 1 };
    for (size_t i = 0; i < 5; ++i) {
        for (uint32_t index = 0; index < counts[i]; ++index) {
            wasm_extern_t* item = vitrine_instance_debug_extern(instance, kinds[i], index);
            CHECK(item && wasm_extern_kind(item) == kinds[i]);
            wasm_extern_delete(item);
        }
        CHECK(!vitrine_instance_debug_extern(instance, kinds[i], counts[i]));
    }
    CHECK(!vitrine_instance_debug_extern(instance, 77, 0));
}

static void test_expressions(void)
{
    CHECK(fails_with(
        vitrine_instance_debug_assign(instance, "$limit = 1"), "the global is immutable (at position 0)"));
    vitrine_val_t val = vitrine_val_i32(1);
    vitrine_error_t* error = vitrine_instance_debug_evaluate(instance, "1 + $nothing", &val);
    uint64_t offset = 0;
    CHECK(error && vitrine_error_offset(error, &offset) && offset == 4);
    CHECK(val.kind == WASM_I32 && val.of.i32 == 1);
    vitrine_error_delete(error);
    CHECK(succeeds(vitrine_instance_debug_assign(instance, "$counter = $counter * 2")));
    CHECK(succeeds(vitrine_instance_debug_evaluate(instance, "$counter + 0L", &val)));
    CHECK(val.kind == WASM_I64 && val.of.i64 == 22);
}

static void test_places(void)
{
    wasm_memory_t* data = vitrine_instance_debug_memory(instance, 0);
    wasm_global_t* counter = vitrine_instance_debug_global_named(instance, "counter");
    wasm_table_t* ops = vitrine_instance_debug_table(instance, 0);
    vitrine_place_t* places[6] = { vitrine_place_new_memory(data, 1024, 4), vitrine_place_new_global(counter),
        vitrine_place_new_table(ops, 2) };
    CHECK(succeeds(vitrine_instance_debug_place(instance, "i32[1024]", &places[3])));
    CHECK(succeeds(vitrine_instance_debug_place(instance, "$counter", &places[4])));
    CHECK(succeeds(vitrine_instance_debug_place(instance, "table[2]", &places[5])));
    const wasm_ref_t* entities[3] = { wasm_memory_as_ref(data), wasm_global_as_ref(counter),
        wasm_table_as_ref(ops) };
    const uint64_t indices[3] = { 1024, 0, 2 }, sizes[3] = { 4, 0, 0 };
    for (size_t i = 0; i < 6; ++i) {
        CHECK(vitrine_place_kind(places[i]) == VITRINE_PLACE_MEMORY + i % 3);
        wasm_extern_t* item = vitrine_place_extern(places[i]);
        CHECK(wasm_ref_same(wasm_extern_as_ref(item), entities[i % 3]));
        CHECK(vitrine_place_index(places[i]) == indices[i % 3]
            && vitrine_place_size(places[i]) == sizes[i % 3]);
        wasm_extern_delete(item);
        vitrine_place_delete(places[i]);
    }
    vitrine_place_t* none = NULL;
    vitrine_error_t* error = vitrine_instance_debug_place(instance, "1 + 1", &none);
    CHECK(error && !none);
    vitrine_error_delete(error);
    vitrine_place_delete(NULL);
    wasm_memory_delete(data);
    wasm_global_delete(counter);
    wasm_table_delete(ops);
}

static void test_instances(void)
{
    wasm_instance_t* second = make_instance(store, module);
    vitrine_instance_vec_t all;
    CHECK(succeeds(vitrine_store_debug_instances(store, &all)));
    CHECK(all.size == 2 && wasm_instance_same(all.data[0], instance)
        && wasm_instance_same(all.data[1], second));
    wasm_memory_t* data = vitrine_instance_debug_memory(instance, 0);
    wasm_memory_t* other = vitrine_instance_debug_memory(second, 0);
    CHECK(!wasm_memory_same(data, other));
    // The module of an instance is the one that it was made of.
    wasm_module_t* code = vitrine_instance_module(all.data[1]);
    CHECK(wasm_module_same(code, module));
    wasm_module_set_host_info(module, &printed);
    CHECK(wasm_module_get_host_info(code) == &printed);
    wasm_module_delete(code);
    wasm_memory_delete(data);
    wasm_memory_delete(other);
    vitrine_instance_vec_delete(&all);
    vitrine_instance_vec_delete(&all);
    wasm_instance_delete(second);
}

// Locals have types that say more than a kind.
static void test_exact_types(void)
{
    vitrine_session_t* session;
    CHECK(succeeds(vitrine_session_new(store, &session)));
    wasm_func_t* shift = vitrine_instance_debug_func_named(instance, "shift");
    vitrine_val_t args[2] = { vitrine_val_i32(0), vitrine_val_i32(60) };
    CHECK(succeeds(vitrine_instance_debug_evaluate(instance, "$origin", &args[0])));
    vitrine_event_t event;
    CHECK(succeeds(vitrine_session_call(session, shift, args, 2, true, &event)));
    vitrine_debug_frame_t* frame = frame_at(event.stopped, 0);
    vitrine_slot_vec_t locals;
    CHECK(succeeds(vitrine_debug_frame_locals(frame, &locals)));
    CHECK(locals.size == 3);
    const vitrine_valtype_t* type = vitrine_slot_type(locals.data[0]);
    uint32_t index = 77;
    CHECK(vitrine_valtype_kind(type) == VITRINE_ANYREF && vitrine_valtype_heap(type) == VITRINE_HEAP_DEFINED);
    CHECK(vitrine_valtype_index(type, &index) && index == 0);
    CHECK(is_text(vitrine_valtype_name(type), "point") && vitrine_valtype_is_nullable(type));
    CHECK(is_text(vitrine_valtype_text(type), "(ref null $point)"));
    CHECK(is_text(vitrine_slot_text(locals.data[0]), "struct {8, 2}"));
    CHECK(wasm_ref_same(vitrine_slot_value(locals.data[0])->of.ref, args[0].of.ref));
    type = vitrine_slot_type(locals.data[2]);
    index = 77;
    CHECK(vitrine_valtype_kind(type) == WASM_FUNCREF && vitrine_valtype_heap(type) == VITRINE_HEAP_FUNC);
    CHECK(!vitrine_valtype_index(type, &index) && index == 77 && !vitrine_valtype_is_nullable(type));
    CHECK(is_text(vitrine_valtype_name(type), "") && is_text(vitrine_valtype_text(type), "(ref func)"));
    vitrine_slot_vec_delete(&locals);

    // A reference goes into a local.
    const vitrine_val_t none = vitrine_val_ref(VITRINE_ANYREF, NULL);
    CHECK(succeeds(vitrine_debug_frame_set_local(frame, 0, &none)));
    CHECK(is_value(&event, "$at", "null"));
    CHECK(succeeds(vitrine_debug_frame_set_local(frame, 0, &args[0])));
    NEXT(event, vitrine_session_resume(session, stop, &event));
    CHECK(!event.stopped);
    wasm_byte_vec_t text;
    CHECK(succeeds(vitrine_val_to_text(&args[0], &text)));
    CHECK(is_own_text(&text, "struct {60, 2}"));
    vitrine_debug_frame_delete(frame);
    vitrine_val_delete(&args[0]);
    wasm_func_delete(shift);
    vitrine_session_delete(session);
}

// Debugging is privileged: without guest_debug, everything is as if it did not exist.
static void test_without_guest_debug(const char* folder)
{
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* plain = wasm_store_new(engine);
    wasm_module_t* code = load(plain, folder, "private");
    wasm_instance_t* made = make_instance(plain, code);
    CHECK(!vitrine_instance_debug_func(made, 2) && !vitrine_instance_debug_func_named(made, "add"));
    CHECK(!vitrine_instance_debug_global(made, 1) && !vitrine_instance_debug_global_named(made, "counter"));
    CHECK(!vitrine_instance_debug_memory(made, 0) && !vitrine_instance_debug_memory_named(made, "data"));
    CHECK(!vitrine_instance_debug_shared_memory(made, 1));
    CHECK(!vitrine_instance_debug_table(made, 0) && !vitrine_instance_debug_tag(made, 0));
    CHECK(!vitrine_instance_debug_extern(made, WASM_EXTERN_GLOBAL, 1));
    vitrine_instance_vec_t all;
    CHECK(succeeds(vitrine_store_debug_instances(plain, &all)) && all.size == 0);
    vitrine_val_t val;
    CHECK(fails_with(
        vitrine_instance_debug_evaluate(made, "1", &val), "the engine is not configured with guest_debug"));
    vitrine_session_t* session = NULL;
    CHECK(fails_with(vitrine_session_new(plain, &session), "the engine is not configured with guest_debug")
        && !session);
    wasm_instance_delete(made);
    wasm_module_delete(code);
    wasm_store_delete(plain);
    wasm_engine_delete(engine);
}

// After the end of its store, an instance has nothing.
static void test_end_of_store(wasm_engine_t* engine, const char* folder)
{
    wasm_store_t* other = wasm_store_new(engine);
    wasm_module_t* code = load(other, folder, "private");
    wasm_instance_t* made = make_instance(other, code);
    wasm_global_t* limit = vitrine_instance_debug_global_named(made, "limit");
    wasm_store_delete(other);
    CHECK(!vitrine_instance_debug_global(made, 1) && !vitrine_instance_debug_memory(made, 0));
    vitrine_val_t val = vitrine_val_i64(1);
    CHECK(fails_with(vitrine_global_debug_set(limit, &val), "the store is gone"));
    CHECK(fails_with(vitrine_instance_debug_evaluate(made, "$counter", &val), "the store is gone"));
    wasm_global_delete(limit);
    wasm_instance_delete(made);
    wasm_module_delete(code);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    wasm_engine_t* engine = debug_engine();
    store = wasm_store_new(engine);
    module = load(store, argv[1], "private");
    instance = make_instance(store, module);
    test_names();
    test_functions();
    test_globals();
    test_other_values();
    test_memories();
    test_tables_and_tags();
    test_kinds();
    test_expressions();
    test_places();
    test_exact_types();
    test_instances();
    test_without_guest_debug(argv[1]);
    test_end_of_store(engine, argv[1]);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
