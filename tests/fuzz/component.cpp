// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any bytes as a component: decodes and validates it, with all components and core modules in
// it. An error must have an offset inside the file. What is valid can be described.

#include "component/contents.h"
#include "component/decoder.h"
#include "component/exports.h"
#include "component/printer.h"
#include "component/validator.h"

using namespace vitrine::core;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const auto file = std::make_shared<const FileBytes>(std::vector<uint8_t>(data, data + size));
    TypeRegistry types;
    const auto loaded = component::load_component(file, file->bytes(), types, FeatureSet::all());
    if (!loaded) {
        ASSERT(!loaded.error().message.empty());
        ASSERT(loaded.error().offset && *loaded.error().offset <= size);
        return 0;
    }
    for (const auto& definition : (*loaded)->definitions)
        ASSERT(definition.offset < size);
    ASSERT(!component::wit_of(**loaded).empty());
    ASSERT(component::contents_of(**loaded).core_modules.size() <= (*loaded)->definitions.size());
    (void)component::find_exported_func(**loaded, "run");
    return 0;
}
