// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls an exported function of a module that calls back: `hello hello.wasm` prints `hello 42`.
#include <wasm.h>

#include <stdio.h>
#include <stdlib.h>

static wasm_trap_t* print(const wasm_val_vec_t* args, wasm_val_vec_t* results)
{
    (void)results;
    printf("hello %d\n", args->data[0].of.i32);
    return NULL;
}

static wasm_byte_vec_t read_file(const char* path)
{
    wasm_byte_vec_t bytes = WASM_EMPTY_VEC;
    FILE* const file = fopen(path, "rb");
    if (!file)
        return bytes;
    fseek(file, 0, SEEK_END);
    wasm_byte_vec_new_uninitialized(&bytes, (size_t)ftell(file));
    rewind(file);
    bytes.size = fread(bytes.data, 1, bytes.size, file);
    fclose(file);
    return bytes;
}

// Prints why a call has failed. Returns the program's exit status.
static int report(wasm_trap_t* trap)
{
    if (!trap)
        return EXIT_SUCCESS;
    wasm_message_t message;
    wasm_trap_message(trap, &message);
    fprintf(stderr, "%s\n", message.data);
    wasm_name_delete(&message);
    wasm_trap_delete(trap);
    return EXIT_FAILURE;
}

int main(int argc, char* argv[])
{
    wasm_engine_t* const engine = wasm_engine_new();
    wasm_store_t* const store = wasm_store_new(engine);
    wasm_byte_vec_t bytes = read_file(argc > 1 ? argv[1] : "hello.wasm");
    wasm_module_t* const module = wasm_module_new(store, &bytes);
    wasm_byte_vec_delete(&bytes);
    if (!module) {
        fprintf(stderr, "not a valid module\n");
        return EXIT_FAILURE;
    }

    // The module imports one function, and exports one.
    wasm_functype_t* const type = wasm_functype_new_1_0(wasm_valtype_new_i32());
    wasm_func_t* const function = wasm_func_new(store, type, print);
    wasm_functype_delete(type);
    wasm_extern_t* externs[] = { wasm_func_as_extern(function) };
    const wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs);
    wasm_trap_t* trap = NULL;
    wasm_instance_t* const instance = wasm_instance_new(store, module, &imports, &trap);
    if (instance) {
        wasm_extern_vec_t exports;
        wasm_instance_exports(instance, &exports);
        wasm_val_t values[] = { WASM_I32_VAL(21) };
        const wasm_val_vec_t args = WASM_ARRAY_VEC(values);
        wasm_val_vec_t results = WASM_EMPTY_VEC;
        trap = wasm_func_call(wasm_extern_as_func(exports.data[0]), &args, &results);
        wasm_extern_vec_delete(&exports);
    }
    const int status = report(trap);

    wasm_instance_delete(instance);
    wasm_func_delete(function);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return status;
}
