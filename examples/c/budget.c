// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs a plugin that is not trusted: `budget plugin.wasm spin` calls its function `spin`, which may take
// 200 ms and 4 MiB, and prints what it returned or why it was stopped.
#include <vitrine.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

enum { Milliseconds = 200, Bytes = 4 << 20 };

// What a plugin was refused.
typedef struct {
    uint64_t refused_bytes;
} Plugin;

static bool limit(void* env, vitrine_resource_t resource, uint64_t current, uint64_t desired)
{
    (void)current;
    if (resource != VITRINE_RESOURCE_MEMORY || desired <= Bytes)
        return true;
    ((Plugin*)env)->refused_bytes = desired;
    return false;
}

// Interrupters work in signal handlers.
static vitrine_interrupter_t* interrupter;
static void on_alarm(int number)
{
    (void)number;
    vitrine_interrupter_interrupt(interrupter);
}

// From now on until `milliseconds` is 0 there is a signal each time this time has passed.
static void set_alarm(int milliseconds)
{
    const struct timeval time = { milliseconds / 1000, milliseconds % 1000 * 1000 };
    const struct itimerval timer = { time, time };
    setitimer(ITIMER_REAL, &timer, NULL);
}

// Prints an error, behind the name of the function that trapped. Deletes it.
static void report(vitrine_error_t* error)
{
    wasm_byte_vec_t text;
    wasm_trap_t* const trap = vitrine_error_trap(error);
    wasm_frame_t* const frame = trap ? wasm_trap_origin(trap) : NULL;
    if (frame) {
        vitrine_frame_func_name(frame, &text);
        printf("%s: ", text.data);
        wasm_byte_vec_delete(&text);
    }
    vitrine_error_to_text(error, &text);
    printf("%s", text.data);
    wasm_byte_vec_delete(&text);
    if (trap && vitrine_trap_kind(trap) == VITRINE_TRAP_INTERRUPTED)
        printf(" after %d ms", Milliseconds);
    printf("\n");
    wasm_frame_delete(frame);
    wasm_trap_delete(trap);
    vitrine_error_delete(error);
}

// Calls a function of a plugin. Returns its result or an error.
static vitrine_error_t* run(wasm_store_t* store, const char* path, const char* name, int32_t* out)
{
    wasm_module_t* module = NULL;
    wasm_instance_t* instance = NULL;
    vitrine_error_t* error = vitrine_module_from_file(store, path, &module);
    if (!error)
        error = vitrine_instance_new(store, module, NULL, 0, &instance);
    wasm_module_delete(module);
    if (error)
        return error;
    wasm_func_t* const func = vitrine_instance_func(instance, name);
    wasm_instance_delete(instance);
    if (!func)
        return vitrine_error_new("the plugin has no such function");
    vitrine_val_t result;
    set_alarm(Milliseconds);
    error = vitrine_func_call(func, NULL, 0, &result, 1);
    set_alarm(0);
    wasm_func_delete(func);
    if (!error)
        *out = result.of.i32;
    return error;
}

int main(int argc, char* argv[])
{
    if (argc != 3) {
        fprintf(stderr, "usage: budget PLUGIN FUNCTION\n");
        return 2;
    }
    wasm_engine_t* const engine = wasm_engine_new();
    wasm_store_t* const store = wasm_store_new(engine);
    interrupter = vitrine_interrupter_new(store);
    signal(SIGALRM, on_alarm);

    Plugin plugin = { 0 };
    int32_t result = 0;
    vitrine_error_t* error = vitrine_store_limit_resources(store, limit, &plugin, NULL);
    if (!error)
        error = run(store, argv[1], argv[2], &result);
    const int status = error ? EXIT_FAILURE : EXIT_SUCCESS;
    if (error)
        report(error);
    else
        printf("%s returned %d\n", argv[2], result);
    if (plugin.refused_bytes)
        printf("refused: %llu bytes of memory\n", (unsigned long long)plugin.refused_bytes);

    wasm_store_delete(store);
    wasm_engine_delete(engine);
    vitrine_interrupter_delete(interrupter);
    return status;
}
