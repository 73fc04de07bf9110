// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// WASI: what each setting gives the guest.
#include <vitrine/wasi.h>

#include "capi_test.h"

#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

static wasm_engine_t* engine;
static wasm_module_t* module;
static wasm_store_t* module_store;
static const char* folder;

typedef struct {
    char text[256];
    size_t size;
    bool is_alone;
    int finalized;
} Env;

static void sink(void* data, const void* bytes, size_t size)
{
    Env* env = data;
    CHECK(env->size + size < sizeof env->text);
    if (size != 0)
        memcpy(env->text + env->size, bytes, size);
    env->size += size;
}
static bool is_alone(void* env) { return ((Env*)env)->is_alone; }
static void finalize(void* env) { ++((Env*)env)->finalized; }

static bool has_output(Env* env, const char* text, size_t size)
{
    const bool is_same = env->size == size && memcmp(env->text, text, size) == 0;
    env->size = 0;
    return is_same;
}

// A store with an instance of the guest. The configuration is deleted.
typedef struct {
    wasm_store_t* store;
    wasm_instance_t* instance;
} Guest;

static Guest start(own vitrine_wasi_config_t* config)
{
    Guest guest = { wasm_store_new(engine), NULL };
    vitrine_linker_t* linker = NULL;
    CHECK(succeeds(vitrine_linker_new(guest.store, &linker)));
    CHECK(succeeds(vitrine_linker_add_wasi(linker, config)));
    vitrine_wasi_config_delete(config);
    CHECK(succeeds(vitrine_linker_instantiate(linker, module, &guest.instance)));
    vitrine_linker_delete(linker);
    return guest;
}

static void end(Guest guest)
{
    wasm_instance_delete(guest.instance);
    wasm_store_delete(guest.store);
}

static own vitrine_error_t* try_call(Guest guest, const char* name, int32_t argument, int64_t* out)
{
    wasm_func_t* func = vitrine_instance_func(guest.instance, name);
    CHECK(func);
    const vitrine_val_t arg = vitrine_val_i32(argument);
    vitrine_val_t result = vitrine_val_i32(0);
    vitrine_error_t* error =
        vitrine_func_call(func, &arg, wasm_func_param_arity(func), &result, wasm_func_result_arity(func));
    wasm_func_delete(func);
    *out = result.kind == WASM_I64 ? result.of.i64 : result.of.i32;
    return error;
}

static int64_t call(Guest guest, const char* name, int32_t argument)
{
    int64_t result = 0;
    CHECK(succeeds(try_call(guest, name, argument, &result)));
    return result;
}

static void test_strings(void)
{
    Env env = { .size = 0 };
    vitrine_wasi_config_t* config = vitrine_wasi_config_new();
    const char* const args[2] = { "prog", "-v" };
    vitrine_wasi_config_args(config, args, 2);
    vitrine_wasi_config_env(config, "A", "1");
    vitrine_wasi_config_env(config, "B", "2");
    vitrine_wasi_config_env(config, "A", "3");
    vitrine_wasi_config_stdout_to(config, sink, &env, finalize);
    Guest guest = start(config);
    CHECK(call(guest, "args", 0) == 0 && has_output(&env, "prog\0-v", 8));
    CHECK(call(guest, "environ", 0) == 0 && has_output(&env, "B=2\0A=3", 8));
    CHECK(env.finalized == 0);
    end(guest);
    CHECK(env.finalized == 1);

    setenv("VITRINE_CAPI_TEST", "inherited", 1);
    config = vitrine_wasi_config_new();
    vitrine_wasi_config_args(config, NULL, 0);
    vitrine_wasi_config_inherit_env(config);
    guest = start(config);
    end(guest);

    // A string that cannot be passed.
    wasm_store_t* store = wasm_store_new(engine);
    vitrine_linker_t* linker = NULL;
    CHECK(succeeds(vitrine_linker_new(store, &linker)));
    config = vitrine_wasi_config_new();
    vitrine_wasi_config_preopen(config, "/none/such", "/", VITRINE_WASI_READ_ONLY);
    vitrine_error_t* error = vitrine_linker_add_wasi(linker, config);
    wasm_byte_vec_t message;
    vitrine_error_message(error, &message);
    CHECK(strstr(message.data, "/none/such"));
    wasm_byte_vec_delete(&message);
    vitrine_error_delete(error);
    vitrine_wasi_config_delete(config);
    vitrine_wasi_config_delete(NULL);
    wasm_store_delete(store);
    config = vitrine_wasi_config_new();
    CHECK(fails_with(vitrine_linker_add_wasi(linker, config), "the store is gone"));
    vitrine_wasi_config_delete(config);
    vitrine_linker_delete(linker);
}

static size_t give(void* data, void* to, size_t size)
{
    Env* env = data;
    CHECK(size >= 5);
    memcpy(to, "given", 5);
    return env->is_alone ? 0 : 5;
}

static void test_input(void)
{
    Env env = { .size = 0 };
    vitrine_wasi_config_t* config = vitrine_wasi_config_new();
    vitrine_wasi_config_stdin_bytes(config, "a\0b", 3);
    vitrine_wasi_config_stderr_to(config, sink, &env, NULL);
    Guest guest = start(config);
    CHECK(call(guest, "copy", 2) == 0 && has_output(&env, "a\0b", 3));
    CHECK(call(guest, "copy", 2) == 0 && has_output(&env, "", 0));
    end(guest);

    char path[4096];
    snprintf(path, sizeof path, "%s/input", folder);
    FILE* file = fopen(path, "w");
    CHECK(file && fputs("from a file", file) >= 0 && fclose(file) == 0);
    config = vitrine_wasi_config_new();
    vitrine_wasi_config_stdin_file(config, path);
    vitrine_wasi_config_stdout_to(config, sink, &env, NULL);
    guest = start(config);
    CHECK(call(guest, "copy", 1) == 0 && has_output(&env, "from a file", 11));
    end(guest);

    config = vitrine_wasi_config_new();
    vitrine_wasi_config_stdin_from(config, give, &env, finalize);
    vitrine_wasi_config_stdout_to(config, sink, &env, NULL);
    guest = start(config);
    CHECK(call(guest, "copy", 1) == 0 && has_output(&env, "given", 5));
    end(guest);
    CHECK(env.finalized == 1);
}

static void test_output(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    Env env = { .is_alone = true };
    for (int fd = 1; fd <= 2; ++fd) {
        vitrine_wasi_config_t* config = vitrine_wasi_config_new();
        vitrine_wasi_config_stdin_bytes(config, "xyz", 3);
        (fd == 1 ? vitrine_wasi_config_stdout_descriptor : vitrine_wasi_config_stderr_descriptor)(
            config, ends[1]);
        Guest guest = start(config);
        CHECK(call(guest, "copy", fd) == 0);
        end(guest);
        char text[8] = { 0 };
        CHECK(read(ends[0], text, sizeof text) == 3 && strcmp(text, "xyz") == 0);

        // To the sink and the stream, or to the sink alone. The stream is empty output here.
        config = vitrine_wasi_config_new();
        vitrine_wasi_config_stdin_bytes(config, "copied", 6);
        (fd == 1 ? vitrine_wasi_config_stdout_copy : vitrine_wasi_config_stderr_copy)(
            config, sink, is_alone, &env, finalize);
        guest = start(config);
        CHECK(call(guest, "copy", fd) == 0 && has_output(&env, "copied", 6));
        end(guest);
    }
    CHECK(env.finalized == 2);
    // What was written to one end is read at the other.
    CHECK(write(ends[1], "piped", 5) == 5);
    close(ends[1]);
    vitrine_wasi_config_t* config = vitrine_wasi_config_new();
    vitrine_wasi_config_stdin_descriptor(config, ends[0]);
    vitrine_wasi_config_stdout_to(config, sink, &env, NULL);
    Guest guest = start(config);
    CHECK(call(guest, "copy", 1) == 0 && has_output(&env, "piped", 5));
    end(guest);
    close(ends[0]);
}

static uint64_t tell(void* env, vitrine_wasi_clock_t clock) { return *(const uint64_t*)env + clock; }
static void fill(void* env, void* to, size_t size) { memset(to, *(const char*)env, size); }

static void test_sources(void)
{
    static uint64_t time = 5000;
    static char byte = 7;
    vitrine_wasi_config_t* config = vitrine_wasi_config_new();
    vitrine_wasi_config_clock(config, tell, &time, NULL);
    vitrine_wasi_config_random(config, fill, &byte, NULL);
    vitrine_wasi_config_paths_by_component(config, true);
    Guest guest = start(config);
    CHECK(call(guest, "time", VITRINE_WASI_REALTIME) == 5000);
    CHECK(call(guest, "time", VITRINE_WASI_MONOTONIC) == 5001);
    CHECK(call(guest, "random", 0) == 0x07070707);
    int64_t none = 0;
    vitrine_error_t* error = try_call(guest, "exit", 3, &none);
    int status = 0;
    CHECK(vitrine_error_exit_status(error, &status) && status == 3);
    wasm_trap_t* trap = vitrine_error_trap(error);
    CHECK(vitrine_trap_kind(trap) == VITRINE_TRAP_EXIT);
    wasm_trap_delete(trap);
    vitrine_error_delete(error);
    end(guest);
}

static void test_descriptors(void)
{
    vitrine_wasi_listener_t* listener = NULL;
    CHECK(fails(vitrine_wasi_listener_bind("nowhere:x", &listener)) && !listener);
    CHECK(succeeds(vitrine_wasi_listener_bind("127.0.0.1:0", &listener)));
    wasm_byte_vec_t address;
    vitrine_wasi_listener_address(listener, &address);
    CHECK(memcmp(address.data, "127.0.0.1:", 10) == 0 && strcmp(address.data, "127.0.0.1:0") != 0);
    wasm_byte_vec_delete(&address);

    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    vitrine_wasi_config_t* config = vitrine_wasi_config_new();
    vitrine_wasi_config_preopen(config, folder, "/", VITRINE_WASI_READ_ONLY);
    vitrine_wasi_config_preopen(config, folder, "/work", VITRINE_WASI_READ_WRITE);
    vitrine_wasi_config_listener(config, listener);
    vitrine_wasi_config_socket(config, ends[0]);
    vitrine_wasi_listener_delete(listener);
    vitrine_wasi_listener_delete(NULL);
    Guest guest = start(config);
    CHECK(call(guest, "type", 3) == 3 && call(guest, "type", 4) == 3 && call(guest, "type", 5) == 6);
    CHECK(call(guest, "type", 6) == 6 && call(guest, "type", 7) == -1);
    CHECK(call(guest, "create", 0) == 69);
    end(guest);
    close(ends[0]);
    close(ends[1]);

    CHECK(succeeds(vitrine_wasi_listener_bind("0", &listener)));
    config = vitrine_wasi_config_new();
    vitrine_wasi_config_preopen(config, folder, "/", VITRINE_WASI_READ_WRITE);
    guest = start(config);
    CHECK(call(guest, "create", 0) == 0);
    end(guest);
    vitrine_wasi_listener_delete(listener);
}

static atomic_int counted;

static own vitrine_error_t* count(void* env, vitrine_caller_t* caller, const vitrine_val_t args[],
    size_t arg_count, own vitrine_val_t results[], size_t result_count)
{
    (void)env;
    (void)caller;
    (void)results;
    CHECK(arg_count == 1 && result_count == 0);
    atomic_fetch_add(&counted, args[0].of.i32);
    return NULL;
}

static void test_threads(void)
{
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* threads = load(store, folder, "spawn");
    vitrine_linker_t* linker = NULL;
    CHECK(succeeds(vitrine_linker_new(store, &linker)));
    wasm_functype_t* type = wasm_functype_new_1_0(wasm_valtype_new_i32());
    CHECK(succeeds(vitrine_linker_define_func(linker, "env", "count", type, count, NULL, NULL)));
    wasm_functype_delete(type);
    vitrine_wasi_config_t* config = vitrine_wasi_config_new();
    CHECK(succeeds(vitrine_linker_add_wasi(linker, config)));
    vitrine_wasi_config_delete(config);
    CHECK(succeeds(vitrine_linker_add_wasi_threads(linker, threads)));
    Guest guest = { store, NULL };
    CHECK(succeeds(vitrine_linker_instantiate(linker, threads, &guest.instance)));
    vitrine_linker_delete(linker);
    wasm_module_delete(threads);
    CHECK(call(guest, "run", 41) == 0);
    CHECK(atomic_load(&counted) == 41);
    vitrine_store_end_wasi_threads(store);
    end(guest);
}

// WASI 0.2: a component exits.
static void test_component(void)
{
    wasm_byte_vec_t bytes = read_module(folder, "leaving");
    vitrine_component_t* component = NULL;
    CHECK(succeeds(vitrine_component_new(engine, bytes.data, bytes.size, &component)));
    wasm_byte_vec_delete(&bytes);
    vitrine_component_linker_t* linker = NULL;
    CHECK(succeeds(vitrine_component_linker_new(engine, &linker)));
    CHECK(succeeds(vitrine_component_linker_add_wasi(linker)));
    wasm_store_t* store = wasm_store_new(engine);
    vitrine_wasi_config_t* config = vitrine_wasi_config_new();
    CHECK(succeeds(vitrine_store_set_wasi(store, config)));
    vitrine_wasi_config_delete(config);
    vitrine_component_instance_t* instance = NULL;
    CHECK(succeeds(vitrine_component_linker_instantiate(linker, store, component, &instance)));
    vitrine_component_func_t* leave = vitrine_component_instance_func(instance, NULL, "leave");
    vitrine_component_type_t* type = NULL;
    CHECK(vitrine_component_func_param(leave, 0, NULL, &type));
    vitrine_component_val_t* failed = NULL;
    CHECK(succeeds(vitrine_component_val_parse(type, "true", &failed)));
    vitrine_component_type_delete(type);
    const vitrine_component_val_t* const args[1] = { failed };
    vitrine_error_t* error = vitrine_component_func_call(leave, args, 1, NULL);
    int status = 0;
    CHECK(vitrine_error_exit_status(error, &status) && status == 1);
    vitrine_error_delete(error);
    vitrine_component_val_delete(failed);
    vitrine_component_func_delete(leave);
    vitrine_component_instance_delete(instance);
    vitrine_component_linker_delete(linker);
    vitrine_component_delete(component);
    wasm_store_delete(store);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    folder = argv[1];
    engine = wasm_engine_new();
    module_store = wasm_store_new(engine);
    module = load(module_store, folder, "wasi");
    test_strings();
    test_input();
    test_output();
    test_sources();
    test_descriptors();
    test_threads();
    test_component();
    wasm_module_delete(module);
    wasm_store_delete(module_store);
    wasm_engine_delete(engine);
    return 0;
}
