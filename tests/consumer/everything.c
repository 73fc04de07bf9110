// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Uses every part of the library from C: a WASI program that prints, and doors for debuggers on its
// session.

#include <vitrine.h>
#include <vitrine/debugger.h>
#include <vitrine/wasi.h>

#include <stdio.h>
#include <stdlib.h>

static const unsigned char binary[] = {
#include "module.inc"
};

static void check(vitrine_error_t* error)
{
    if (!error)
        return;
    wasm_byte_vec_t text;
    vitrine_error_to_text(error, &text);
    fprintf(stderr, "%s\n", text.data);
    exit(1);
}

static char printed[16];
static size_t printed_size;

static void print(void* env, const void* bytes, size_t size)
{
    (void)env;
    if (printed_size + size < sizeof printed)
        memcpy(printed + printed_size, bytes, size);
    printed_size += size;
}

int main(void)
{
    wasm_config_t* config = wasm_config_new();
    vitrine_config_guest_debug(config, true);
    wasm_engine_t* engine;
    check(vitrine_engine_new(config, &engine));
    wasm_store_t* store = wasm_store_new(engine);
    wasm_byte_vec_t bytes = { sizeof binary, (char*)binary };
    wasm_module_t* module = wasm_module_new(store, &bytes);
    if (!module)
        return 2;
    vitrine_linker_t* linker;
    check(vitrine_linker_new(store, &linker));
    vitrine_wasi_config_t* world = vitrine_wasi_config_new();
    vitrine_wasi_config_stdout_to(world, print, NULL, NULL);
    check(vitrine_linker_add_wasi(linker, world));
    wasm_instance_t* instance;
    check(vitrine_linker_instantiate(linker, module, &instance));

    vitrine_session_t* session;
    check(vitrine_session_new(store, &session));
    vitrine_gdb_server_t* server;
    check(vitrine_gdb_server_new(session, "127.0.0.1:0", VITRINE_GDB_SERVES_EMBEDDER, &server));
    vitrine_dap_server_t* editors;
    check(vitrine_dap_server_new(session, "127.0.0.1:0", NULL, &editors));
    wasm_func_t* start = vitrine_instance_debug_func_named(instance, "_start");
    vitrine_event_t event;
    check(vitrine_session_call(session, start, NULL, 0, false, &event));
    if (event.stopped || printed_size != 3 || memcmp(printed, "hi\n", 3) != 0)
        return 3;
    vitrine_event_delete(&event);
    vitrine_dap_server_delete(editors);
    vitrine_gdb_server_delete(server);
    vitrine_session_delete(session);
    wasm_func_delete(start);
    wasm_instance_delete(instance);
    vitrine_wasi_config_delete(world);
    vitrine_linker_delete(linker);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return strcmp(vitrine_version(), PACKAGE_VERSION) == 0 ? 0 : 4;
}
