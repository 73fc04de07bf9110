// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The programs of tests/api in C: a module is embedded, its private state is read and changed, and it is
// stopped and stepped.
#include "debug_test.h"

static int calls, sum;

static own vitrine_error_t* print(void* env, vitrine_caller_t* caller, const vitrine_val_t args[],
    size_t arg_count, own vitrine_val_t results[], size_t result_count)
{
    (void)env;
    (void)caller;
    (void)results;
    CHECK(arg_count == 1 && result_count == 0);
    ++calls;
    sum += args[0].of.i32;
    return NULL;
}

typedef struct {
    wasm_engine_t* engine;
    wasm_store_t* store;
    wasm_module_t* module;
    vitrine_linker_t* linker;
    wasm_instance_t* instance;
} Bank;

static Bank open_bank(own wasm_engine_t* engine, const char* folder)
{
    Bank bank = { .engine = engine, .store = wasm_store_new(engine) };
    bank.module = load(bank.store, folder, "bank");
    CHECK(succeeds(vitrine_linker_new(bank.store, &bank.linker)));
    wasm_functype_t* type = wasm_functype_new_1_0(wasm_valtype_new_i32());
    CHECK(succeeds(vitrine_linker_define_func(bank.linker, "host", "print", type, print, NULL, NULL)));
    wasm_functype_delete(type);
    CHECK(succeeds(vitrine_linker_instantiate(bank.linker, bank.module, &bank.instance)));
    calls = sum = 0;
    return bank;
}

static void close_bank(Bank* bank)
{
    wasm_instance_delete(bank->instance);
    vitrine_linker_delete(bank->linker);
    wasm_module_delete(bank->module);
    wasm_store_delete(bank->store);
    wasm_engine_delete(bank->engine);
}

static int32_t call(own wasm_func_t* func, int32_t a, int32_t b)
{
    const vitrine_val_t args[2] = { vitrine_val_i32(a), vitrine_val_i32(b) };
    vitrine_val_t result;
    CHECK(succeeds(vitrine_func_call(func, args, wasm_func_param_arity(func), &result, 1)));
    wasm_func_delete(func);
    return result.of.i32;
}

static void test_embedding(const char* folder)
{
    Bank bank = open_bank(wasm_engine_new(), folder);
    CHECK(call(vitrine_instance_func(bank.instance, "add"), 2, 3) == 5);
    CHECK(call(vitrine_instance_func(bank.instance, "run"), 4, 0) == 8 && sum == 10);
    CHECK(!vitrine_instance_func(bank.instance, "nowhere"));
    CHECK(
        !vitrine_instance_debug_global(bank.instance, 0) && !vitrine_instance_debug_memory(bank.instance, 0));
    CHECK(!vitrine_instance_debug_table(bank.instance, 0) && !vitrine_instance_debug_func(bank.instance, 0));
    wasm_module_t* missing = NULL;
    vitrine_error_t* error = vitrine_module_from_file(bank.store, "no-such-file.wasm", &missing);
    CHECK(error && !missing);
    vitrine_error_delete(error);
    close_bank(&bank);
}

static void test_private_state(const char* folder)
{
    Bank bank = open_bank(debug_engine(), folder);
    wasm_global_t* total = vitrine_instance_debug_global(bank.instance, 1);
    vitrine_val_t val;
    CHECK(succeeds(vitrine_global_get(total, &val)) && val.of.i64 == 1200);
    val = vitrine_val_i64(7);
    CHECK(succeeds(vitrine_global_set(total, &val)));
    CHECK(succeeds(vitrine_global_get(total, &val)) && val.of.i64 == 7);
    wasm_global_t* limit = vitrine_instance_debug_global(bank.instance, 2);
    val = vitrine_val_i32(1);
    CHECK(fails_with(vitrine_global_set(limit, &val), "the global is immutable"));

    wasm_memory_t* vault = vitrine_instance_debug_memory(bank.instance, 0);
    char bytes[16];
    CHECK(succeeds(vitrine_memory_read(vault, 1024, bytes, sizeof bytes)));
    CHECK(memcmp(bytes, "amber and jade..", sizeof bytes) == 0);
    vitrine_error_t* error = vitrine_memory_read(vault, 65530, bytes, sizeof bytes);
    CHECK(error);
    vitrine_error_delete(error);

    wasm_table_t* ops = vitrine_instance_debug_table(bank.instance, 0);
    CHECK(succeeds(vitrine_table_get(ops, 3, &val)));
    wasm_func_t* twice = vitrine_instance_debug_func(bank.instance, 1);
    CHECK(wasm_ref_same(val.of.ref, wasm_func_as_ref(twice)));
    vitrine_val_delete(&val);
    error = vitrine_table_get(ops, 4, &val);
    CHECK(error);
    vitrine_error_delete(error);
    CHECK(call(twice, 21, 0) == 42);

    CHECK(!vitrine_instance_debug_global(bank.instance, 3)
        && !vitrine_instance_debug_global(bank.instance, UINT32_MAX));
    CHECK(!vitrine_instance_debug_tag(bank.instance, 0)
        && !vitrine_instance_debug_shared_memory(bank.instance, 0));
    wasm_instance_t* second;
    CHECK(succeeds(vitrine_linker_instantiate(bank.linker, bank.module, &second)));
    wasm_memory_t* same = vitrine_instance_debug_memory(bank.instance, 0);
    wasm_memory_t* other = vitrine_instance_debug_memory(second, 0);
    CHECK(wasm_memory_same(vault, same) && !wasm_memory_same(vault, other));
    wasm_func_t* add = vitrine_instance_debug_func(bank.instance, 2);
    wasm_func_t* exported = vitrine_instance_func(bank.instance, "add");
    CHECK(wasm_func_same(add, exported));
    CHECK(index_of(bank.module, WASM_EXTERN_GLOBAL, "total") == 1);
    wasm_func_delete(add);
    wasm_func_delete(exported);
    wasm_memory_delete(vault);
    wasm_memory_delete(same);
    wasm_memory_delete(other);
    wasm_table_delete(ops);
    wasm_global_delete(total);
    wasm_global_delete(limit);
    wasm_instance_delete(second);
    close_bank(&bank);
}

static void test_stops(const char* folder)
{
    Bank bank = open_bank(debug_engine(), folder);
    vitrine_session_t* session;
    CHECK(succeeds(vitrine_session_new(bank.store, &session)));
    CHECK(succeeds(
        vitrine_session_add_breakpoint(session, bank.module, offset_of(bank.module, "twice"), NULL, NULL)));
    wasm_func_t* run = vitrine_instance_func(bank.instance, "run");
    const vitrine_val_t three = vitrine_val_i32(3), fifty = vitrine_val_i32(50);
    vitrine_event_t event;
    CHECK(succeeds(vitrine_session_call(session, run, &three, 1, false, &event)));
    int stops = 0;
    while (event.stopped) {
        if (stops++ == 0) {
            vitrine_debug_frame_vec_t frames;
            CHECK(succeeds(vitrine_stopped_frames(event.stopped, &frames)));
            CHECK(frames.size == 2 && calls == 3);
            vitrine_slot_vec_t locals;
            CHECK(succeeds(vitrine_debug_frame_locals(frames.data[0], &locals)));
            CHECK(vitrine_slot_value(locals.data[0])->of.i32 == 3);
            CHECK(succeeds(vitrine_debug_frame_set_local(frames.data[0], 0, &fifty)));
            CHECK(fails_with(
                vitrine_debug_frame_set_local(frames.data[0], 9, &fifty), "no local 9: the frame has 1"));
            vitrine_slot_vec_delete(&locals);
            vitrine_debug_frame_vec_delete(&frames);
        }
        if (stops < 3)
            NEXT(event, vitrine_session_step(session, stop, 0, &event));
        else
            NEXT(event, vitrine_session_resume(session, stop, &event));
    }
    CHECK(is_result(&event, 100) && stops >= 3);
    wasm_func_delete(run);
    vitrine_session_delete(session);
    close_bank(&bank);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    test_embedding(argv[1]);
    test_private_state(argv[1]);
    test_stops(argv[1]);
    return 0;
}
