// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules: all ways to load one, errors with offsets, descriptions; instances and their exports.
#include "capi_test.h"

static int finalized;
static void finalize(void* env) { finalized += *(int*)env; }

static void test_errors(wasm_store_t* store, const char* folder, wasm_byte_vec_t bytes)
{
    wasm_module_t* module = NULL;
    vitrine_error_t* error = vitrine_module_new(store, "\0asm\2\0\0\0", 8, &module);
    uint64_t offset = 0;
    CHECK(vitrine_error_offset(error, &offset) && offset == 4 && vitrine_error_offset(error, NULL));
    CHECK(fails_with(error, "unknown binary version (at offset 0x4)"));
    // In a file, offsets count from its start.
    static int info = 1;
    CHECK(fails_with(vitrine_module_from_memory(store, bytes.data, 9, 1000, &info, finalize, &module),
        "unexpected end of section or function (at offset 0x3f1)"));
    CHECK(finalized == 1);
    CHECK(fails_with(vitrine_module_deserialize(store, bytes.data, bytes.size, &module),
        "not a serialized module (at offset 0x0)"));
    char path[4096];
    snprintf(path, sizeof path, "%s/none.wasm", folder);
    char message[4200];
    snprintf(message, sizeof message, "cannot read %s: No such file or directory", path);
    CHECK(fails_with(vitrine_module_from_file(store, path, &module), message));
    CHECK(fails_with(vitrine_module_from_part_of_file(store, path, 0, 1, &module), message));
    CHECK(!module);
}

static void test_loading(wasm_store_t* store, const char* folder, wasm_byte_vec_t bytes)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/described.wasm", folder);
    wasm_module_t* module = NULL;
    CHECK(succeeds(vitrine_module_from_file(store, path, &module)));
    CHECK(vitrine_module_file_offset(module) == 0);
    wasm_byte_vec_t serialized;
    wasm_module_serialize(module, &serialized);
    wasm_module_delete(module);
    CHECK(succeeds(vitrine_module_deserialize(store, serialized.data, serialized.size, &module)));
    wasm_module_delete(module);
    wasm_byte_vec_delete(&serialized);

    snprintf(path, sizeof path, "%s/archive", folder);
    FILE* file = fopen(path, "wb");
    CHECK(file && fwrite("1234", 1, 4, file) == 4 && fwrite(bytes.data, 1, bytes.size, file) == bytes.size);
    fclose(file);
    CHECK(succeeds(vitrine_module_from_part_of_file(store, path, 4, UINT64_MAX, &module)));
    CHECK(vitrine_module_file_offset(module) == 4);
    wasm_module_delete(module);
    CHECK(succeeds(vitrine_module_from_part_of_file(store, path, 4, bytes.size, &module)));
    wasm_module_delete(module);

    static int info = 10;
    finalized = 0;
    CHECK(succeeds(vitrine_module_from_memory(store, bytes.data, bytes.size, 77, &info, finalize, &module)));
    CHECK(vitrine_module_file_offset(module) == 77 && finalized == 0);
    wasm_module_delete(module);
    CHECK(finalized == 10);
}

static vitrine_entity_t entity_of(const wasm_module_t* module, wasm_externkind_t kind, uint32_t index)
{
    vitrine_entity_t entity = { .size = sizeof entity };
    CHECK(succeeds(vitrine_module_entity(module, kind, index, &entity)));
    CHECK(entity.index == index && entity.size == sizeof entity);
    return entity;
}

static void test_functions(const wasm_module_t* module)
{
    CHECK(vitrine_module_count(module, WASM_EXTERN_FUNC) == 3);
    vitrine_entity_t log = entity_of(module, WASM_EXTERN_FUNC, 0);
    CHECK(is_text(&log.name, "log") && log.is_imported && log.exports.size == 0);
    CHECK(is_text(&log.import_module, "host") && is_text(&log.import_name, "log"));
    CHECK(is_text(&log.type, "(param i32)") && log.offset == 0 && log.end == 0);
    vitrine_entity_delete(&log);
    vitrine_entity_t add = entity_of(module, WASM_EXTERN_FUNC, 1);
    CHECK(is_text(&add.name, "add") && !add.is_imported && add.exports.size == 2);
    CHECK(is_text(&add.exports.data[0], "add") && is_text(&add.exports.data[1], "plus"));
    CHECK(is_text(&add.type, "(param i32 i64) (result i64)") && add.offset > 0 && add.end > add.offset);
    vitrine_entity_t found = { .size = sizeof found };
    CHECK(succeeds(vitrine_module_func_at(module, add.offset, &found)));
    CHECK(found.index == 1);
    vitrine_entity_delete(&found);
    CHECK(fails_with(vitrine_module_func_at(module, 0, &found), "there is no function at this offset"));
    vitrine_entity_delete(&add);
    vitrine_entity_t unnamed = entity_of(module, WASM_EXTERN_FUNC, 2);
    CHECK(unnamed.name.size == 0 && unnamed.name.data[0] == 0);
    vitrine_entity_delete(&unnamed);
    vitrine_entity_delete(NULL);
}

static void test_others(const wasm_module_t* module)
{
    CHECK(vitrine_module_count(module, WASM_EXTERN_MEMORY) == 2);
    vitrine_entity_t shared = entity_of(module, WASM_EXTERN_MEMORY, 0);
    CHECK(shared.is_imported && shared.limits.is_shared && !shared.limits.is_64 && shared.type.size == 0);
    CHECK(shared.limits.min == 1 && shared.limits.has_max && shared.limits.max == 2);
    vitrine_entity_delete(&shared);
    vitrine_entity_t wide = entity_of(module, WASM_EXTERN_MEMORY, 1);
    CHECK(wide.limits.is_64 && !wide.limits.is_shared && wide.limits.min == 3 && !wide.limits.has_max);
    vitrine_entity_delete(&wide);
    CHECK(vitrine_module_count(module, WASM_EXTERN_TABLE) == 1);
    vitrine_entity_t names = entity_of(module, WASM_EXTERN_TABLE, 0);
    CHECK(is_text(&names.type, "(ref null $point)") && names.limits.min == 4 && names.limits.max == 8);
    vitrine_entity_delete(&names);
    CHECK(vitrine_module_count(module, WASM_EXTERN_GLOBAL) == 1);
    vitrine_entity_t last = entity_of(module, WASM_EXTERN_GLOBAL, 0);
    CHECK(is_text(&last.type, "(ref null $point)") && last.is_mutable
        && is_text(&last.exports.data[0], "last"));
    vitrine_entity_delete(&last);
    CHECK(vitrine_module_count(module, VITRINE_EXTERN_TAG) == 1);
    vitrine_entity_t oops = entity_of(module, VITRINE_EXTERN_TAG, 0);
    CHECK(is_text(&oops.name, "oops") && is_text(&oops.type, "(param f64)"));
    vitrine_entity_delete(&oops);

    CHECK(vitrine_module_count(module, 77) == 0);
    uint32_t index = 99;
    CHECK(vitrine_module_find(module, WASM_EXTERN_FUNC, "plus", &index) && index == 1);
    CHECK(vitrine_module_find(module, WASM_EXTERN_MEMORY, "wide", &index) && index == 1);
    CHECK(vitrine_module_find(module, WASM_EXTERN_MEMORY, "m", &index) && index == 0);
    CHECK(!vitrine_module_find(module, WASM_EXTERN_MEMORY, "plus", &index) && index == 0);
    vitrine_entity_t none = { .size = sizeof none };
    CHECK(fails_with(vitrine_module_entity(module, 77, 0, &none), "there is no such kind of entities"));
    CHECK(fails_with(vitrine_module_entity(module, WASM_EXTERN_FUNC, 3, &none), "there is no such function"));
    CHECK(fails_with(vitrine_module_entity(module, WASM_EXTERN_TABLE, 1, &none), "there is no such table"));
    none.size = 0;
    CHECK(fails_with(
        vitrine_module_entity(module, WASM_EXTERN_FUNC, 0, &none), "the size of the description is not set"));
}

static void test_bytecode(const char* folder)
{
    wasm_config_t* config = wasm_config_new();
    vitrine_config_guest_debug(config, true);
    wasm_engine_t* engine = wasm_engine_new_with_config(config);
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = load(store, folder, "described");
    wasm_byte_vec_t bytes = read_module(folder, "described");
    size_t size = 0;
    const void* code = vitrine_module_bytecode(module, &size);
    CHECK(size == bytes.size && memcmp(code, bytes.data, size) == 0);
    wasm_byte_vec_delete(&bytes);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
}

// wasm-tools writes the names into a custom section.
static void test_custom_sections(const wasm_module_t* module, const wasm_byte_vec_t* bytes)
{
    vitrine_custom_section_vec_t sections;
    CHECK(succeeds(vitrine_module_custom_sections(module, &sections)));
    CHECK(sections.size >= 1);
    bool has_names = false, has_others = false;
    for (size_t i = 0; i < sections.size; ++i) {
        const vitrine_custom_section_t* section = &sections.data[i];
        CHECK(section->offset + section->size <= bytes->size);
        CHECK(memcmp(section->bytes, bytes->data + section->offset, section->size) == 0);
        if (is_text(&section->name, "name"))
            // Begins with the name of the module.
            has_names = section->size > 12 && memcmp(section->bytes, "\0\012\011described", 12) == 0;
        else
            has_others = has_others
                || (is_text(&section->name, "notes") && section->size == 5
                    && memcmp(section->bytes, "hello", 5) == 0);
    }
    CHECK(has_names && has_others);
    vitrine_custom_section_vec_delete(&sections);
    CHECK(sections.size == 0 && !sections.data);
}

static void test_instances(wasm_store_t* store, const char* folder)
{
    wasm_module_t* module = load(store, folder, "limits");
    wasm_instance_t *first = NULL, *second = NULL;
    CHECK(succeeds(vitrine_instance_new(store, module, NULL, 0, &first)));
    CHECK(succeeds(vitrine_instance_new(store, module, NULL, 0, &second)));
    CHECK(vitrine_instance_number(second) == vitrine_instance_number(first) + 1);
    wasm_name_t name;
    wasm_name_new_from_string(&name, "table");
    wasm_extern_t* table = vitrine_instance_export(first, &name);
    CHECK(wasm_extern_kind(table) == WASM_EXTERN_TABLE);
    wasm_extern_delete(table);
    CHECK(!vitrine_instance_func(first, "table") && !vitrine_instance_memory(first, "table"));
    wasm_name_delete(&name);
    wasm_name_new_from_string(&name, "tabl");
    CHECK(!vitrine_instance_export(first, &name));
    wasm_name_delete(&name);
    wasm_memory_t* memory = vitrine_instance_memory(first, "memory");
    CHECK(wasm_memory_size(memory) == 1);
    wasm_memory_delete(memory);

    wasm_module_t* same = vitrine_instance_module(second);
    wasm_func_t* forever = vitrine_instance_func(second, "forever");
    wasm_trap_t* trap = wasm_func_call(forever, NULL, NULL);
    wasm_frame_t* frame = wasm_trap_origin(trap);
    CHECK(vitrine_module_owns(module, frame) && vitrine_module_owns(same, frame));
    wasm_module_t* other = load(store, folder, "start");
    CHECK(!vitrine_module_owns(other, frame));
    wasm_instance_t* none = NULL;
    vitrine_error_t* error = vitrine_instance_new(store, other, NULL, 0, &none);
    wasm_trap_t* start = vitrine_error_trap(error);
    CHECK(vitrine_trap_kind(start) == VITRINE_TRAP_UNREACHABLE && !none);
    wasm_trap_delete(start);
    CHECK(fails_with(error, "unreachable"));
    wasm_module_delete(other);
    wasm_frame_delete(frame);
    wasm_trap_delete(trap);
    wasm_func_delete(forever);
    wasm_module_delete(same);
    wasm_module_delete(module);
    wasm_instance_delete(first);
    wasm_instance_delete(second);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_byte_vec_t bytes = read_module(argv[1], "described");
    test_errors(store, argv[1], bytes);
    test_loading(store, argv[1], bytes);
    wasm_module_t* module = NULL;
    CHECK(succeeds(vitrine_module_new(store, bytes.data, bytes.size, &module)));
    test_custom_sections(module, &bytes);
    wasm_byte_vec_delete(&bytes);
    wasm_name_t name;
    vitrine_module_name(module, &name);
    CHECK(is_own_text(&name, "described"));
    CHECK(!vitrine_module_bytecode(module, NULL));
    test_functions(module);
    test_others(module);
    // The import that is missing.
    wasm_instance_t* instance = NULL;
    CHECK(fails_with(vitrine_instance_new(store, module, NULL, 0, &instance), "expected 2 imports, got 0"));
    wasm_module_delete(module);
    test_bytecode(argv[1]);
    test_instances(store, argv[1]);
    vitrine_name_vec_t none = { 0, NULL };
    vitrine_name_vec_delete(&none);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
