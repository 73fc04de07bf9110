// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the tests of the C API share. Each is a program of its own, in C11, that ends with 0 if all
// of its checks hold. Modules are in binary; the text that they were made from is beside them.
#pragma once

#include <vitrine.h>

#include <stdio.h>
#include <stdlib.h>

#define own

#define CHECK(condition)   \
    ((condition) ? (void)0 \
                 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), exit(EXIT_FAILURE)))

// The bytes of a file that the test was given the folder of.
static inline wasm_byte_vec_t read_module(const char* folder, const char* name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.wasm", folder, name);
    FILE* file = fopen(path, "rb");
    CHECK(file);
    fseek(file, 0, SEEK_END);
    const long size = ftell(file);
    CHECK(size > 0);
    rewind(file);
    wasm_byte_vec_t bytes;
    wasm_byte_vec_new_uninitialized(&bytes, (size_t)size);
    CHECK(fread(bytes.data, 1, bytes.size, file) == bytes.size);
    fclose(file);
    return bytes;
}

static inline own wasm_module_t* load(wasm_store_t* store, const char* folder, const char* name)
{
    wasm_byte_vec_t bytes = read_module(folder, name);
    CHECK(wasm_module_validate(store, &bytes));
    wasm_module_t* module = wasm_module_new(store, &bytes);
    CHECK(module);
    wasm_byte_vec_delete(&bytes);
    return module;
}

static inline own wasm_instance_t* instantiate(
    wasm_store_t* store, const wasm_module_t* module, wasm_extern_t* const imports[], size_t count)
{
    const wasm_extern_vec_t vec = { count, (wasm_extern_t**)imports };
    wasm_trap_t* trap = NULL;
    wasm_instance_t* instance = wasm_instance_new(store, module, &vec, &trap);
    CHECK(instance);
    CHECK(!trap);
    return instance;
}

// Whether the message of a trap is this text. Deletes the trap.
static inline bool has_message(own wasm_trap_t* trap, const char* text)
{
    CHECK(trap);
    wasm_message_t message;
    wasm_trap_message(trap, &message);
    const bool is_same = message.size == strlen(text) + 1 && strcmp(message.data, text) == 0;
    if (!is_same)
        fprintf(stderr, "the message is: %s\n", message.data);
    wasm_name_delete(&message);
    wasm_trap_delete(trap);
    return is_same;
}

static inline bool is_text(const wasm_name_t* name, const char* text)
{
    return name->size == strlen(text) && memcmp(name->data, text, name->size) == 0;
}

// The same for a text with a zero behind it, which is deleted.
static inline bool is_own_text(own wasm_byte_vec_t* text, const char* expected)
{
    const bool is_same = is_text(text, expected) && text->data[text->size] == 0;
    if (!is_same)
        fprintf(stderr, "the text is: %s\n", text->data);
    wasm_byte_vec_delete(text);
    return is_same;
}

// Whether the text of an error, with its offset, is this. Deletes the error.
static inline bool fails_with(own vitrine_error_t* error, const char* expected)
{
    CHECK(error);
    wasm_byte_vec_t text;
    vitrine_error_to_text(error, &text);
    vitrine_error_delete(error);
    return is_own_text(&text, expected);
}

// Whether there is an error. Deletes it.
static inline bool fails(own vitrine_error_t* error)
{
    const bool has_failed = error != NULL;
    vitrine_error_delete(error);
    return has_failed;
}

// Prints an error. Deletes it.
static inline bool succeeds(own vitrine_error_t* error)
{
    if (!error)
        return true;
    wasm_byte_vec_t text;
    vitrine_error_to_text(error, &text);
    fprintf(stderr, "the error is: %s\n", text.data);
    wasm_byte_vec_delete(&text);
    vitrine_error_delete(error);
    return false;
}
